//! "May this be released?": the fourteen checks of a trustee, in the order of `release.md`, as one pure function over bytes.
//!
//! [`verify_opened`] names the checks that every order passes, once; what differs by the kind of order is its `road`: the
//! facts document, the recipient and where its key is in force, who has to sign, how long it waits, what is counted.

mod case;
pub(crate) mod decision;
pub(crate) mod duty;
mod memory;
pub(crate) mod obliged;
pub(crate) mod publicity;
mod reading;
mod road;
pub(crate) mod scope;

pub use decision::release_decision;
pub use duty::{Place, standing_quorum};
pub use memory::RECEIPT_PATIENCE;
pub(crate) use memory::{check_pause, check_receipts};
pub use publicity::{FRESHNESS, Publicity, SKEW};
pub use scope::PlannedRecord;

use self::road::{Asked, Road};
use crate::ledger::{CounterKey, Ledger};
use crate::refusal::{Code, Refusal};
use crate::state::{ControlState, InForce, JournalView};
use crate::wire::{ReleaseRequest, Signed, SignedError};
use countersign_core::class::ClassSet;
use countersign_core::directory::Directory;
use countersign_core::id::{CustodianId, Digest, OrderId};
use countersign_core::json::{Document, Exact};
use countersign_core::order::Order;
use countersign_core::time::Timestamp;
use countersign_policy::Bundle;
use countersign_seal::ring::{ConfirmedRing, VerifyingShares};

/// Everything a trustee knows by itself. Nothing of it comes from the request.
#[derive(Clone, Copy)]
pub struct View<'v> {
    /// The trustee's index.
    pub trustee: u16,
    /// Control state folded from the journal.
    pub control: &'v ControlState,
    /// The journal it was folded from.
    pub journal: &'v JournalView,
    /// The policy bundle held here.
    pub bundle: &'v Bundle,
    /// The directory held here.
    pub directory: &'v Exact<Directory>,
    /// The ring that the request names, where it is read; otherwise the one in force.
    pub ring: &'v ConfirmedRing,
    /// The verifying shares of the trustee's share epoch.
    pub shares: &'v VerifyingShares,
    /// What this trustee remembers.
    pub ledger: &'v Ledger,
}

/// What a trustee that accepts a request does: exactly this.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The order.
    pub order: Exact<Order>,
    /// Records to answer for, in the order of the manifest.
    pub records: Vec<PlannedRecord>,
    /// Union of the classes.
    pub classes: ClassSet,
    /// The recipient's X-Wing public key, base64: the road of the kind has checked it.
    pub recipient_key: String,
    /// Digest of that key.
    pub recipient: Digest,
    /// Digest of the worker's binding that brought the key, where the order names a worker.
    pub bound: Option<Digest>,
    /// Of a run of a duty: its place among the runs of its standing order.
    pub run: Option<Place>,
    /// Share epoch to answer under.
    pub share_epoch: u32,
    /// Digest of the control state in force.
    pub state: Digest,
    /// Counters to raise by `order.scope.subjects`, unless this is a replay.
    pub counters: Vec<CounterKey>,
    /// The same order was answered before under this share epoch: give the same answer and count nothing.
    pub replay: bool,
    /// The order's place in the journal.
    pub publicity: Publicity,
}

impl Plan {
    /// What the trustee must remember together with its answer.
    pub fn remember(&self, ledger: &mut Ledger, now: Timestamp) {
        let order = self.order.value();
        let answered = (order.id, self.order.digest(), self.share_epoch);
        ledger.remember(answered, &self.counters, order.scope.subjects, self.replay, now);
        ledger.bound.extend(self.bound.map(|binding| (self.order.digest(), binding)));
        ledger.runs.extend(self.run.map(|run| (run.standing, (run.number, self.order.digest()))));
    }
}

/// What can be told about a request before it is believed, so that a refusal can name the order it refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Digest of the order's text.
    pub order: Digest,
    /// The order's id, when the text is an order.
    pub id: Option<OrderId>,
}

/// Opens the signed request: checks 1 and 2 as far as they concern the sender. Whoever fails here is told only "refused".
///
/// # Errors
/// [`Refusal`] with [`Code::Malformed`], [`Code::DeskSignature`] or [`Code::WrongAddressee`].
pub fn open(view: &View<'_>, bytes: &[u8]) -> Result<(Signed<ReleaseRequest>, Claimed), Refusal> {
    let signed = open_from_desk::<ReleaseRequest>(view.control, bytes)?;
    let request = signed.value();
    addressed(view.control, view.trustee, (request.custodian, request.trustee))?;
    let order = Exact::<Order>::parse(request.order.as_bytes());
    let claimed = Claimed {
        order: order.as_ref().map_or_else(
            |_| countersign_core::digest::document(Order::DOMAIN, request.order.as_bytes()),
            Exact::digest,
        ),
        id: order.ok().map(|order| order.value().id),
    };
    Ok((signed, claimed))
}

/// What only the desk of this custodian can have signed.
pub(crate) fn open_from_desk<D: Document>(control: &ControlState, bytes: &[u8]) -> Result<Signed<D>, Refusal> {
    Signed::<D>::open(bytes, &control.genesis().value().desk_key).map_err(|error| {
        let code = match error {
            SignedError::WrongSignature { .. } => Code::DeskSignature,
            SignedError::NoSignature { .. } | SignedError::Document(_) => Code::Malformed,
        };
        Refusal::new(code, error)
    })
}

/// Whether a message for trustee `to.1` of custodian `to.0` is for this one.
pub(crate) fn addressed(control: &ControlState, trustee: u16, to: (CustodianId, u16)) -> Result<(), Refusal> {
    if to == (control.genesis().value().custodian.id, trustee) {
        return Ok(());
    }
    Err(Refusal::new(Code::WrongAddressee, format!("for trustee {} of custodian {}", to.1, to.0)))
}

/// May this be released? All fourteen checks, from bytes, the trustee's own view and clock.
///
/// `seed` are 32 fresh bytes of the trustee's own generator: they feed the independent weights of the batch check of the
/// headers, after the data are fixed.
///
/// # Errors
/// [`Refusal`] with the code of the first check that fails.
pub fn verify_request(view: &View<'_>, now: Timestamp, seed: [u8; 32], bytes: &[u8]) -> Result<Plan, Refusal> {
    let (signed, _) = open(view, bytes)?;
    verify_opened(view, now, seed, &signed)
}

/// As [`verify_request`], for a request that [`open`] has opened under the same view: the largest ones take longer to parse than to
/// check.
///
/// # Errors
/// [`Refusal`] with the code of the first check that fails.
pub fn verify_opened(
    view: &View<'_>,
    now: Timestamp,
    seed: [u8; 32],
    signed: &Signed<ReleaseRequest>,
) -> Result<Plan, Refusal> {
    let request = signed.value();
    let order =
        Exact::<Order>::parse(request.order.as_bytes()).map_err(|error| Refusal::new(Code::Malformed, error))?;
    let value = order.value();
    if value.custodian != request.custodian {
        return Err(Refusal::new(Code::WrongAddressee, "the order is of another custodian"));
    }
    check_times(view.ledger, now, value.not_before, value.expires)?;
    let state = view.control.at(now);
    keys(view, &state, request, value)?;
    let road = Road::of(value)?;
    let fitting = scope::check(request, value)?;
    let facts = road.facts(request, value)?;
    let publicity = publicity::check(view, &state, now, request, &order)?;
    decision::pinned_policy(view, &state, value)?;
    // Whoever has fallen silent signs nothing, as if removed; what receipts name is what the journal shows to everybody.
    let counting = view.control.counting_at(now);
    let asked = Asked { view, state: &counting, now, request, order: &order, fitting: &fitting, publicity: &publicity };
    let granted = facts.check(&asked)?;
    let replay = memory::check_replay(view, &state, &order, view.shares.epoch())?;
    let bound = granted.reader.bound.as_ref().map(|bound| bound.digest);
    memory::check_bound(view.ledger, &order.digest(), bound)?;
    memory::check_run(view.ledger, &order.digest(), granted.run.as_ref())?;
    memory::check_pause(view.ledger)?;
    if !replay {
        memory::check_caps(view, &state, &granted.caps, value.scope.subjects, now)?;
    }
    memory::check_receipts(view.ledger, now)?;
    let records = scope::check_headers(view, request, &fitting, seed)?;
    Ok(Plan {
        classes: value.scope.classes.clone(),
        records,
        recipient_key: granted.reader.text,
        recipient: granted.reader.key,
        bound,
        run: granted.run,
        share_epoch: view.shares.epoch(),
        state: state.digest(),
        counters: granted.counters,
        replay,
        publicity,
        order,
    })
}

/// Check 2: the trustee's own clock, never going back, within the lifetime of what is asked.
pub(crate) fn check_times(
    ledger: &Ledger,
    now: Timestamp,
    not_before: Timestamp,
    expires: Timestamp,
) -> Result<(), Refusal> {
    if let Some(latest) = ledger.latest.filter(|latest| now.plus(SKEW) < *latest) {
        return Err(Refusal::new(Code::ClockWentBack, format!("now {now}, acted before at {latest}")));
    }
    if now.plus(SKEW) < not_before {
        return Err(Refusal::new(Code::NotYetValid, format!("valid from {not_before}")));
    }
    if now >= expires {
        return Err(Refusal::new(Code::Expired, format!("expired at {expires}")));
    }
    Ok(())
}

/// The trustee is in force itself, and the shares that it goes by are held by as many as are members.
pub(crate) fn check_trustee(state: &InForce, trustee: u16, holders: u16) -> Result<(), Refusal> {
    if state.trustee(trustee).is_none() {
        return Err(Refusal::new(Code::WrongAddressee, format!("trustee {trustee} is not in force")));
    }
    let members = state.members().len();
    if usize::from(holders) == members {
        return Ok(());
    }
    let detail = format!("the shares held here are for {holders} trustees, in force are {members}");
    Err(Refusal::new(Code::WrongShareEpoch, detail))
}

/// Check 3: ring, share epoch, classes.
fn keys(view: &View<'_>, state: &InForce, request: &ReleaseRequest, order: &Order) -> Result<(), Refusal> {
    let in_force = state.read_under(&view.ring.id()).filter(|read| order.ring == read.id && request.ring == read.id);
    let in_force = in_force.ok_or_else(|| {
        let read: Vec<String> =
            state.ring().into_iter().chain(state.former_ring()).map(|ring| ring.id.to_hex()).collect();
        let detail =
            format!("order names {}, read are [{}], held here {}", order.ring, read.join(", "), view.ring.id());
        Refusal::new(Code::WrongRing, detail)
    })?;
    check_trustee(state, view.trustee, view.shares.trustees())?;
    let epochs = (in_force.share_epoch, in_force.shares);
    if request.share_epoch != in_force.share_epoch || (view.shares.epoch(), view.shares.digest()) != epochs {
        let detail = format!(
            "request {}, in force {}, held here {}",
            request.share_epoch,
            in_force.share_epoch,
            view.shares.epoch()
        );
        return Err(Refusal::new(Code::WrongShareEpoch, detail));
    }
    match order.scope.classes.iter().find(|class| !view.ring.has(*class)) {
        None => Ok(()),
        Some(class) => Err(Refusal::new(Code::UnknownClass, format!("the ring has no key for `{class}`"))),
    }
}
