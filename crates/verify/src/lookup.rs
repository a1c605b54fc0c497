//! "May these blinded values be evaluated?": what a trustee checks before it works for the blind index, as one pure
//! function over bytes.
//!
//! A trustee sees blinded elements only; it cannot know what is looked up. It makes sure that the lookup is public, that
//! an officer in force has signed it, and that nobody asks more than the budgets allow; the leaf commits to the value, so
//! that approvers can recompute what was asked. An enrolment needs a sealed record for each value. Bytes and rules:
//! `docs/formats/lookup.md`.

use crate::ledger::{CounterKey, Ledger, hard_stop};
use crate::order_leaf::check_fields;
use crate::refusal::{Code, Refusal};
use crate::request::publicity::{Publicity, SKEW, check_evidence};
use crate::request::{addressed, check_pause, check_receipts, check_times, check_trustee, open_from_desk};
use crate::state::{ControlState, InForce, JournalView};
use crate::wire::{LookupRequest, SealedHeader, Signed};
use countersign_approve::verify_approval;
use countersign_core::approval::{Approval, SignerRole, Verdict};
use countersign_core::digest;
use countersign_core::id::{Digest, OrderId, PersonId, RecordId};
use countersign_core::json::{Document, Exact};
use countersign_core::leaf::{KIND_FIELD, LeafKind};
use countersign_core::lookup::{Lookup, Purpose, blinded_digest, records_digest};
use countersign_core::time::Timestamp;
use countersign_policy::Bundle;
use countersign_seal::group::Element;
use countersign_seal::header::{Capsule, Header, check_batch};
use countersign_seal::kind::{Attribute, Index};
use countersign_seal::label::Label;
use countersign_seal::ring::{ConfirmedRing, VerifyingShares};
use serde_json::Value;
use std::collections::BTreeSet;

/// Window of the budget of one case.
pub const CASE_DAYS: u16 = 90;

/// Everything a trustee knows by itself. Nothing of it comes from the request.
#[derive(Clone, Copy)]
pub struct LookupView<'v> {
    /// The trustee's index.
    pub trustee: u16,
    /// Control state folded from the journal.
    pub control: &'v ControlState,
    /// The journal it was folded from.
    pub journal: &'v JournalView,
    /// The policy bundle held here; its budgets count.
    pub bundle: &'v Bundle,
    /// The sealing ring, under which the headers of an enrolment are checked.
    pub sealing: &'v ConfirmedRing,
    /// The index ring.
    pub index: &'v ConfirmedRing<Index>,
    /// The verifying shares of the trustee's share epoch of the index ring.
    pub shares: &'v VerifyingShares<Index>,
    /// What this trustee remembers.
    pub ledger: &'v Ledger,
}

/// What a trustee that accepts a lookup does: exactly this.
pub struct LookupPlan {
    /// The lookup.
    pub lookup: Exact<Lookup>,
    /// The attribute under whose key it evaluates.
    pub attribute: Attribute,
    /// The elements to evaluate.
    pub blinded: Vec<Element>,
    /// The records of an enrolment: refused when one of them entered the index under this attribute before.
    pub records: Vec<RecordId>,
    /// Share epoch to evaluate under.
    pub share_epoch: u32,
    /// Digest of the control state in force.
    pub state: Digest,
    /// Counters to raise by the number of elements, unless this is a replay.
    pub counters: Vec<CounterKey>,
    /// The same lookup was answered before under this share epoch: give the same answer and count nothing.
    pub replay: bool,
    /// The lookup's place in the journal.
    pub publicity: Publicity,
}

impl LookupPlan {
    /// What the trustee must remember together with its answer.
    pub fn remember(&self, ledger: &mut Ledger, now: Timestamp) {
        let lookup = self.lookup.value();
        let answered = (lookup.id, self.lookup.digest(), self.share_epoch);
        ledger.remember(answered, &self.counters, lookup.count, self.replay, now);
    }
}

/// What can be told about a request before it is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedLookup {
    /// Digest of the lookup's text.
    pub lookup: Digest,
    /// The lookup's id, when the text is a lookup.
    pub id: Option<OrderId>,
}

/// Every field of a lookup's leaf, `kind` first, in the order of the table.
pub fn lookup_leaf_fields(lookup: &Exact<Lookup>) -> Vec<(&'static str, Value)> {
    let value = lookup.value();
    let hex = |digest: &Digest| Value::from(digest.to_hex());
    let (purpose, case, officer, committed, records) = match &value.purpose {
        Purpose::Enrol { records } => ("enrol", Value::Null, Value::Null, Value::Null, hex(records)),
        Purpose::Find { case, officer, value } => {
            ("find", hex(case), Value::from(officer.as_str()), hex(value), Value::Null)
        }
    };
    vec![
        (KIND_FIELD, Value::from(LeafKind::Lookup.as_str())),
        ("lookup", hex(&lookup.digest())),
        ("purpose", Value::from(purpose)),
        ("attribute", Value::from(value.attribute.as_str())),
        ("case", case),
        ("officer", officer),
        ("value", committed),
        ("records", records),
        ("count", Value::from(value.count)),
        ("blinded", hex(&value.blinded)),
        ("ring", hex(&value.ring)),
        ("not_before", Value::from(value.not_before.to_string())),
        ("expires", Value::from(value.expires.to_string())),
    ]
}

/// Opens the signed request: the checks that concern the sender. Whoever fails here is told only "refused".
///
/// # Errors
/// [`Refusal`] with [`Code::Malformed`], [`Code::DeskSignature`] or [`Code::WrongAddressee`].
pub fn open_lookup(view: &LookupView<'_>, bytes: &[u8]) -> Result<(Signed<LookupRequest>, ClaimedLookup), Refusal> {
    let signed = open_from_desk::<LookupRequest>(view.control, bytes)?;
    let request = signed.value();
    addressed(view.control, view.trustee, (request.custodian, request.trustee))?;
    let text = request.lookup.as_bytes();
    let claimed = match Exact::<Lookup>::parse(text) {
        Ok(lookup) => ClaimedLookup { lookup: lookup.digest(), id: Some(lookup.value().id) },
        Err(_) => ClaimedLookup { lookup: digest::document(Lookup::DOMAIN, text), id: None },
    };
    Ok((signed, claimed))
}

/// May these values be evaluated? `seed` are 32 fresh bytes for the weights of the headers' batch check.
///
/// What this function cannot see: whether a record of an enrolment entered the index under this attribute before. The
/// trustee refuses that itself, with [`Code::EnrolledBefore`].
///
/// # Errors
/// [`Refusal`] with the code of the first check that fails.
pub fn verify_lookup(
    view: &LookupView<'_>,
    now: Timestamp,
    seed: [u8; 32],
    bytes: &[u8],
) -> Result<LookupPlan, Refusal> {
    let (signed, _) = open_lookup(view, bytes)?;
    let request = signed.value();
    let lookup =
        Exact::<Lookup>::parse(request.lookup.as_bytes()).map_err(|error| Refusal::new(Code::Malformed, error))?;
    let value = lookup.value();
    if value.custodian != request.custodian {
        return Err(Refusal::new(Code::WrongAddressee, "the lookup is of another custodian"));
    }
    check_times(view.ledger, now, value.not_before, value.expires)?;
    let state = view.control.at(now);
    let attribute = keys(view, &state, request, value)?;
    let blinded = blinded(request, value)?;
    check_fields(lookup_leaf_fields(&lookup), request.leaf.leaf.as_bytes(), &request.leaf.disclosures)
        .map_err(|error| Refusal::new(Code::LeafDiffers, error))?;
    let publicity = check_evidence(view.journal, &state, now, &request.leaf)?;
    if view.bundle.digest() != state.policy() {
        let detail = format!("in force {}, held here {}", state.policy(), view.bundle.digest());
        return Err(Refusal::new(Code::PolicyNotInForce, detail));
    }
    check_officer(&view.control.counting_at(now), now.min(publicity.since), request.approval.as_deref(), &lookup)?;
    let replay = is_replay(view, &state, &lookup)?;
    check_pause(view.ledger)?;
    let counters = counters(&value.purpose);
    if !replay {
        check_budgets(view, &state, &counters, value.count, now)?;
    }
    check_receipts(view.ledger, now)?;
    let records = match &value.purpose {
        Purpose::Find { .. } if request.records.is_empty() => Vec::new(),
        Purpose::Find { .. } => return Err(Refusal::new(Code::BlindedDiffers, "a lookup that brings records")),
        Purpose::Enrol { records } => check_records(view, &request.records, value, records, seed)?,
    };
    let (share_epoch, state) = (view.shares.epoch(), state.digest());
    Ok(LookupPlan { attribute, blinded, records, share_epoch, state, counters, replay, publicity, lookup })
}

/// The index ring is the one in force, and has the attribute. A sealing ring can never stand here: it has another type.
fn keys(
    view: &LookupView<'_>,
    state: &InForce,
    request: &LookupRequest,
    lookup: &Lookup,
) -> Result<Attribute, Refusal> {
    let in_force = state.index_ring().ok_or_else(|| Refusal::new(Code::WrongRing, "no index ring is in force"))?;
    if lookup.ring != in_force.id || view.index.id() != in_force.id {
        let detail = format!("lookup {}, in force {}, held here {}", lookup.ring, in_force.id, view.index.id());
        return Err(Refusal::new(Code::WrongRing, detail));
    }
    check_trustee(state, view.trustee, view.shares.trustees())?;
    let epochs = (in_force.share_epoch, in_force.shares);
    if request.share_epoch != in_force.share_epoch || (view.shares.epoch(), view.shares.digest()) != epochs {
        let held = view.shares.epoch();
        let detail = format!("request {}, in force {}, held here {held}", request.share_epoch, in_force.share_epoch);
        return Err(Refusal::new(Code::WrongShareEpoch, detail));
    }
    let attribute = Attribute::parse(&lookup.attribute).ok().filter(|attribute| view.index.has(*attribute));
    attribute.ok_or_else(|| Refusal::new(Code::UnknownAttribute, format!("no key for `{}`", lookup.attribute)))
}

/// The elements are those of the lookup, and each can be evaluated.
fn blinded(request: &LookupRequest, lookup: &Lookup) -> Result<Vec<Element>, Refusal> {
    let refuse = |detail: &dyn std::fmt::Display| Refusal::new(Code::BlindedDiffers, detail);
    let encoded: Vec<[u8; 32]> = request
        .blinded
        .iter()
        .map(|bytes| bytes.0.as_slice().try_into().map_err(|_| refuse(&"an element has 32 bytes")))
        .collect::<Result<_, _>>()?;
    if encoded.len() != lookup.count as usize || blinded_digest(&encoded) != lookup.blinded {
        return Err(refuse(&"the elements are not those that the lookup names"));
    }
    encoded.iter().map(|bytes| Element::decode(bytes).map_err(|error| refuse(&error))).collect()
}

/// A lookup is signed by its officer, who is in force; an enrolment by nobody: its records stand for it.
fn check_officer(
    state: &InForce,
    latest: Timestamp,
    approval: Option<&str>,
    lookup: &Exact<Lookup>,
) -> Result<(), Refusal> {
    let invalid = |detail: &dyn std::fmt::Display| Refusal::new(Code::ApprovalInvalid, detail);
    let (officer, text) = match (&lookup.value().purpose, approval) {
        (Purpose::Enrol { .. }, None) => return Ok(()),
        (Purpose::Enrol { .. }, Some(_)) => return Err(invalid(&"an enrolment is signed by nobody")),
        (Purpose::Find { .. }, None) => return Err(invalid(&"the officer has not signed")),
        (Purpose::Find { officer, .. }, Some(text)) => (officer, text),
    };
    let approval = Exact::<Approval>::parse(text.as_bytes()).map_err(|error| invalid(&error))?;
    let value = approval.value();
    if (&value.approver, value.role, value.verdict) != (officer, SignerRole::Author, Verdict::Approve) {
        return Err(invalid(&"not the officer's own word that the lookup be made"));
    }
    let person = state.people().get(officer).ok_or_else(|| not_in_force(officer))?;
    verify_approval(value, &lookup.digest(), person).map_err(|error| invalid(&error))?;
    let earliest = lookup.value().not_before.plus(-SKEW);
    if (earliest..=latest.plus(SKEW)).contains(&value.at) {
        return Ok(());
    }
    let detail = format!("`{officer}` signed at {}, possible from {earliest} to {latest}", value.at);
    Err(Refusal::new(Code::ApprovalAge, detail))
}

fn not_in_force(officer: &PersonId) -> Refusal {
    Refusal::new(Code::ApproverNotInForce, format!("`{officer}` is not in the roster in force"))
}

fn is_replay(view: &LookupView<'_>, state: &InForce, lookup: &Exact<Lookup>) -> Result<bool, Refusal> {
    let id = lookup.value().id;
    if state.is_held(&id) {
        return Err(Refusal::new(Code::OrderHeld, format!("lookup {id} is held by a control leaf")));
    }
    match view.ledger.replay.get(&id) {
        None => Ok(false),
        Some((digest, epoch)) if *digest == lookup.digest() => Ok(*epoch == view.shares.epoch()),
        Some((digest, _)) => Err(Refusal::new(
            Code::OrderIdReused,
            format!("id {id} was used for {digest}, now for {}", lookup.digest()),
        )),
    }
}

fn counters(purpose: &Purpose) -> Vec<CounterKey> {
    match purpose {
        Purpose::Enrol { .. } => vec![CounterKey::Enrolments],
        Purpose::Find { case, officer, .. } => {
            vec![CounterKey::Lookups, CounterKey::LookupsOf(officer.clone()), CounterKey::LookupsFor(*case)]
        }
    }
}

/// Refuses when an answer would pass a budget. "Not found" counts like "found": the trustee cannot tell them apart.
fn check_budgets(
    view: &LookupView<'_>,
    state: &InForce,
    keys: &[CounterKey],
    count: u32,
    now: Timestamp,
) -> Result<(), Refusal> {
    let Some((threshold, members)) = state.trustees() else {
        return Err(Refusal::new(Code::WrongRing, "genesis names no trustees"));
    };
    let caps = view.bundle.caps().lookups();
    for key in keys {
        let (code, cap, days) = match key {
            CounterKey::Lookups => (Code::CapLookups, caps.day, 1),
            CounterKey::LookupsOf(_) => (Code::CapOfficer, caps.officer, 1),
            CounterKey::LookupsFor(_) => (Code::CapCase, caps.case, CASE_DAYS),
            CounterKey::Enrolments => (Code::CapEnrolments, caps.enrolments, 1),
            _ => continue,
        };
        let already = view.ledger.people(key, days, now);
        let stop = hard_stop(cap, threshold, members, already);
        if already.saturating_add(u64::from(count)) > stop {
            let detail = format!("{already} counted here in {days} days, {count} more asked, hard stop {stop}");
            return Err(Refusal::new(code, detail));
        }
    }
    Ok(())
}

/// One record of this custodian for each element, no two the same, each sealed under the sealing ring in force.
fn check_records(
    view: &LookupView<'_>,
    given: &[SealedHeader],
    lookup: &Lookup,
    named: &Digest,
    seed: [u8; 32],
) -> Result<Vec<RecordId>, Refusal> {
    let mut capsules = Vec::with_capacity(given.len());
    let mut ids = Vec::with_capacity(given.len());
    for record in given {
        let label = Label::decode(&record.label.0).map_err(|error| Refusal::new(Code::LabelDiffers, error))?;
        if label.head().custodian != lookup.custodian {
            return Err(Refusal::new(Code::LabelDiffers, "a label of another custodian"));
        }
        let bytes: &[u8; Header::LEN] = record
            .header
            .0
            .as_slice()
            .try_into()
            .map_err(|_| Refusal::new(Code::HeaderInvalid, "a header has 160 bytes"))?;
        let header = Header::decode(bytes).map_err(|error| Refusal::new(Code::HeaderInvalid, error))?;
        ids.push(label.record_id(header.u().bytes()));
        capsules.push(Capsule { label, header });
    }
    let distinct: BTreeSet<&RecordId> = ids.iter().collect();
    let same = ids.len() == lookup.count as usize && records_digest(ids.iter().map(RecordId::as_bytes)) == *named;
    if !same || distinct.len() != ids.len() {
        return Err(Refusal::new(
            Code::BlindedDiffers,
            "not one record of its own for each element, as the lookup names",
        ));
    }
    check_batch(view.sealing.id(), capsules, &seed)
        .map_err(|bad| Refusal::new(Code::HeaderInvalid, format!("no valid proof for {} records", bad.0.len())))?;
    Ok(ids)
}
