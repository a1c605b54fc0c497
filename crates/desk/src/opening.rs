//! Openings: the disclosures of earlier leaves, published in daily batches.
//!
//! Every sealed leaf of a case is opened with its case. The day is drawn, by the case and a secret of the custodian, between the day
//! on which it may be opened ([`LAG`] after the case and its delay order are over) and its deadline, so that days tell nothing. What
//! belongs to no case is opened when no delay order that stood while it was made can stand any more. Dummies are opened only to fill a
//! batch to a power of two.
//!
//! A batch is one transaction: its opening leaves, and which sealed leaves they open. What is opened is never opened again, so a process
//! that dies at any point has opened a batch or has not, and the next run goes on.

mod pack;
mod window;

use crate::desk::{Desk, keyed_digest};
use crate::documents::Intake;
use crate::error::{DeskError, Result};
use crate::overdue::intent_of_incident;
use countersign_core::case::{Event, EventRecord};
use countersign_core::id::{CaseId, Digest};
use countersign_core::json::{Document, Exact};
use countersign_core::leaf::LeafKind;
use countersign_core::order::{Kind, Order};
use countersign_core::time::{Seconds, Timestamp};
use countersign_store::{ClosedLeaf, DeskStore, LeafKey, SealedLeaf as StoredLeaf};
use countersign_tlog::leaf::{Disclosure, SealedLeaf, TICK_SECONDS};
use countersign_verify::wire::DelayOrder;
use pack::{Shown, pack};
use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, SeedableRng};
use std::collections::BTreeMap;
use window::Window;
pub use window::{CONTACT_RESTS, LAG, SPREAD};
pub(crate) use window::{latest_opening, latest_opening_of_leaf};

/// Most real leaves in one batch: what one transaction writes.
const MOST_AT_ONCE: usize = 4_096;

/// Of the closed dummies a batch opens at most one in so many: whatever stays closed must go on being mostly dummies.
const SPARE: usize = 4;

/// Leaves read at once.
const PAGE: u32 = 1_000;

/// What was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenedLeaves {
    /// Cases of which something was opened.
    pub cases: usize,
    /// Leaves opened that are no dummies.
    pub leaves: usize,
    /// Of those, the ones opened after their deadline.
    pub late: usize,
    /// Dummies opened.
    pub dummies: usize,
    /// Opening leaves made.
    pub openings: usize,
}

impl Desk {
    /// Opens every leaf whose day has come. Batches go out `hour` seconds after midnight (UTC); the call may come later.
    ///
    /// # Errors
    /// [`DeskError::Store`]; [`DeskError::Internal`] when a leaf and its disclosures do not fit together. What was accepted before stays.
    pub async fn open_due(&self, hour: Seconds) -> Result<OpenedLeaves> {
        let key = &self.custodian.matter_key;
        let mut rng = ChaCha20Rng::from_rng(&mut *self.rng());
        let opener = Opener { store: self.store.as_ref(), key, now: self.now(), hour, most: MOST_AT_ONCE };
        opener.open_all(&mut rng).await
    }
}

/// What is opened together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    Case(CaseId),
    /// A reading, by the digest of its order: its leaf, and its trustees' receipts.
    Reading(Digest),
    /// A leaf that belongs to no case.
    Itself(LeafKey),
}

/// Leaves whose day has come.
struct Due {
    batch: Timestamp,
    late: bool,
    owner: Owner,
    leaves: Vec<LeafKey>,
}

struct Opener<'s> {
    store: &'s dyn DeskStore,
    key: &'s [u8; 32],
    now: Timestamp,
    hour: Seconds,
    /// Most real leaves in one batch, unless a single case has more.
    most: usize,
}

impl Opener<'_> {
    async fn open_all(&self, rng: &mut ChaCha20Rng) -> Result<OpenedLeaves> {
        let mut all = OpenedLeaves::default();
        // Ends: every batch opens at least one leaf.
        loop {
            let batch = self.open_batch(rng).await?;
            if batch.leaves == 0 {
                return Ok(all);
            }
            all.cases += batch.cases;
            all.leaves += batch.leaves;
            all.late += batch.late;
            all.dummies += batch.dummies;
            all.openings += batch.openings;
        }
    }

    async fn open_batch(&self, rng: &mut ChaCha20Rng) -> Result<OpenedLeaves> {
        let mut batch = OpenedLeaves::default();
        let mut keys = Vec::new();
        let (due, closed_dummies) = self.due().await?;
        for due in due {
            if !keys.is_empty() && keys.len() + due.leaves.len() > self.most {
                break;
            }
            batch.cases += usize::from(matches!(due.owner, Owner::Case(_)));
            batch.late += if due.late { due.leaves.len() } else { 0 };
            keys.extend(due.leaves);
        }
        if keys.is_empty() {
            return Ok(batch);
        }
        batch.leaves = keys.len();
        let wanted = keys.len().next_power_of_two() - keys.len();
        keys.extend(self.dummies(wanted.min(closed_dummies / SPARE), rng).await?);
        batch.dummies = keys.len() - batch.leaves;
        let mut shown = Vec::with_capacity(keys.len());
        for key in keys {
            shown.push(Shown::of(self.sealed(&key).await?)?);
        }
        let openings = pack(shown, self.now, rng)?;
        batch.openings = openings.len();
        self.store.append_openings(openings).await?;
        Ok(batch)
    }

    /// What is due now, the longest due first; and how many dummies are closed.
    async fn due(&self) -> Result<(Vec<Due>, usize)> {
        let mut owners: BTreeMap<Owner, Vec<LeafKey>> = BTreeMap::new();
        let (mut dummies, mut next) = (0, 0);
        loop {
            let page = self.store.closed_leaves(next, PAGE).await?;
            let Some(last) = page.last() else { break };
            next = last.index + 1;
            for leaf in &page {
                if leaf.kind == LeafKind::Dummy.as_str() {
                    dummies += 1;
                    continue;
                }
                owners.entry(self.owner(leaf).await?).or_default().push(leaf.key);
            }
        }
        let mut due = Vec::new();
        for (owner, leaves) in owners {
            let Some(window) = self.window(&owner).await? else { continue };
            let batch = window.batch(self.hour, self.draw(&owner)?);
            if batch <= self.now {
                due.push(Due { batch, late: self.now > window.deadline, owner, leaves });
            }
        }
        due.sort_by_key(|due| (due.batch, due.owner));
        Ok((due, dummies))
    }

    /// Which of the days inside the window: equally likely, known to the custodian only, the same at every look.
    fn draw(&self, owner: &Owner) -> Result<u64> {
        let part = match owner {
            Owner::Case(case) => case.as_bytes().as_slice(),
            Owner::Reading(order) => order.as_bytes().as_slice(),
            Owner::Itself(leaf) => leaf.as_slice(),
        };
        let digest = keyed_digest(self.key, "countersign/opening-day/v1", &[part])?;
        let first = digest.as_bytes().first_chunk().copied().unwrap_or_default();
        Ok(u64::from_le_bytes(first))
    }

    async fn owner(&self, leaf: &ClosedLeaf) -> Result<Owner> {
        if let Some(case) = leaf.case {
            return Ok(Owner::Case(case));
        }
        let mut about = leaf.key;
        if leaf.kind == LeafKind::Incident.as_str()
            && let Some(document) = named_digest(&self.sealed(&leaf.key).await?, "document")?
            && let Some(intent) = intent_of_incident(self.store, &document).await?
        {
            about = intent;
        }
        let sealed = self.sealed(&about).await?;
        let kind = LeafKind::parse(&sealed.disclosures.kind).ok();
        if let Some(LeafKind::Lookup | LeafKind::LookupReceipt | LeafKind::LookupOutcome) = kind {
            // An enrolment belongs to no case.
            let lookup = match named_digest(&sealed, "lookup")? {
                Some(lookup) => self.store.lookup(&lookup).await?,
                None => None,
            };
            return Ok(lookup.map_or(Owner::Itself(leaf.key), |lookup| Owner::Case(lookup.case)));
        }
        let field = match kind {
            Some(LeafKind::Intent) => "subject",
            Some(LeafKind::Receipt | LeafKind::Release | LeafKind::Order) => "order",
            _ => return Ok(Owner::Itself(leaf.key)),
        };
        let Some(order) = named_digest(&sealed, field)? else { return Ok(Owner::Itself(leaf.key)) };
        if let Some(entry) = self.store.order(&order).await? {
            return Ok(Owner::Case(entry.case));
        }
        let reading = self.store.document(&order).await?.is_some_and(|stored| {
            Exact::<Order>::parse(&stored.bytes).is_ok_and(|order| order.value().kind == Kind::Read)
        });
        Ok(if reading { Owner::Reading(order) } else { Owner::Itself(leaf.key) })
    }

    async fn window(&self, owner: &Owner) -> Result<Option<Window>> {
        let case = match owner {
            Owner::Case(case) => case,
            Owner::Reading(order) => {
                let order = self.read::<Order>(order).await?;
                return Ok(Some(Window::of_reading(order.value())));
            }
            Owner::Itself(key) => {
                let leaf = self.sealed(key).await?;
                let tick = SealedLeaf::parse(&leaf.leaf).map_err(DeskError::internal)?.tick();
                let seconds = Seconds::try_from(tick.saturating_mul(TICK_SECONDS)).unwrap_or(Seconds::MAX);
                return Ok(Some(Window::of_leaf(Timestamp::MIN.plus(seconds))));
            }
        };
        let events = self.store.case(case).await?.ok_or_else(|| DeskError::not_found("case", case))?;
        let approved = events.iter().rev().find_map(|record| match &record.value().event {
            Event::Approved { order } => Some(*order),
            _ => None,
        });
        let order = match approved {
            Some(order) => Some(self.read::<Order>(&order).await?),
            None => None,
        };
        let order = order.as_ref().map(Exact::value);
        // A delay that the policy did not accept does not stand in the order, and the persons concerned are told.
        let delay = match order {
            Some(order) if order.delay.is_none() => None,
            _ => self.delay_until(&events).await?,
        };
        Ok(Window::of_case(&events, order, delay))
    }

    /// Until when a delay order on file forbids telling, whatever came of the request.
    async fn delay_until(&self, events: &[Exact<EventRecord>]) -> Result<Option<Timestamp>> {
        let request = events.iter().rev().find_map(|record| match &record.value().event {
            Event::Request { document, .. } | Event::Completed { document } => Some(*document),
            _ => None,
        });
        let Some(request) = request else { return Ok(None) };
        let intake = self.read::<Intake>(&request).await?;
        let Some(text) = &intake.value().delay else { return Ok(None) };
        // The signature was checked when the request was filed; the authority's key may have changed since.
        let (_, body) =
            text.split_once('\n').ok_or_else(|| DeskError::internal("a delay order without a signature"))?;
        Ok(Some(Exact::<DelayOrder>::parse(body.as_bytes())?.value().until))
    }

    /// So many dummies, each closed one equally likely.
    async fn dummies(&self, wanted: usize, rng: &mut impl CryptoRng) -> Result<Vec<LeafKey>> {
        let mut drawn: Vec<LeafKey> = Vec::with_capacity(wanted);
        let (mut seen, mut next) = (0_u64, 0);
        loop {
            let page = self.store.closed_leaves(next, PAGE).await?;
            let Some(last) = page.last() else { break };
            next = last.index + 1;
            for leaf in page.iter().filter(|leaf| leaf.kind == LeafKind::Dummy.as_str()) {
                // Reservoir sampling: after every leaf each one seen is drawn with the same probability.
                seen += 1;
                if drawn.len() < wanted {
                    drawn.push(leaf.key);
                } else if let Ok(place) = usize::try_from(rng.next_u64() % seen)
                    && let Some(replaced) = drawn.get_mut(place)
                {
                    *replaced = leaf.key;
                }
            }
        }
        Ok(drawn)
    }

    async fn sealed(&self, key: &LeafKey) -> Result<StoredLeaf> {
        let found = self.store.sealed_leaf(key).await?;
        found.ok_or_else(|| DeskError::internal("a sealed leaf without disclosures"))
    }

    async fn read<T: Document>(&self, digest: &Digest) -> Result<Exact<T>> {
        let stored = self.store.document(digest).await?.ok_or_else(|| DeskError::not_found("document", digest))?;
        Ok(Exact::parse(&stored.bytes)?)
    }
}

/// A field of a leaf that is a digest; `None` when it is none or not there.
fn named_digest(leaf: &StoredLeaf, name: &str) -> Result<Option<Digest>> {
    for text in &leaf.disclosures.list {
        let disclosure = Disclosure::parse(text).map_err(DeskError::internal)?;
        if disclosure.name() == name {
            return Ok(disclosure.value().as_str().and_then(|text| Digest::parse(text).ok()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
