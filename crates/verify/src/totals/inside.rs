//! What disclosures tell about sealed leaves.

use super::daily::{CountedOrder, figures};
use super::said::{self, Said};
use countersign_core::approval::Verdict;
use countersign_core::id::Digest;
use countersign_core::leaf::{CheckOutcome, LeafKind};
use countersign_core::order::Kind;
use countersign_core::time::Timestamp;
use countersign_core::totals::Figures;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Counts over the sealed leaves whose disclosures are known and hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Inside {
    /// Sealed leaves about which nothing is known.
    pub undisclosed: u64,
    /// Sealed leaves that openings have published in full, of those counted.
    pub opened: u64,
    /// Leaves by true kind, dummies included.
    pub kinds: BTreeMap<LeafKind, u64>,
    /// Orders.
    pub orders: Orders,
    /// Approvals in favour.
    pub approvals: u64,
    /// Approvals against.
    pub approvals_refused: u64,
    /// Receipts of trustees.
    pub receipts: Receipts,
    /// Refusals sent to authorities.
    pub refusals: Refusals,
    /// Packages handed over.
    pub releases: Releases,
    /// People about whom requests asked.
    pub people_asked: u64,
    /// Checks of senders.
    pub senders: Senders,
    /// Incidents by code.
    pub incidents: BTreeMap<String, u64>,
}

/// Orders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Orders {
    /// By kind.
    pub by_kind: BTreeMap<Kind, u64>,
    /// People: the sum of the subjects of all orders.
    pub people: u64,
    /// Cells: the sum of subjects times classes of all orders.
    pub cells: u64,
    /// Orders not yet opened, by the last second of the quarter in which they are opened at the latest.
    pub closed: BTreeMap<Timestamp, ClosedOrders>,
}

/// Orders not yet opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ClosedOrders {
    /// How many.
    pub orders: u64,
    /// For how many people in all.
    pub people: u64,
}

/// Receipts of trustees.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Receipts {
    /// Answers.
    pub answered: u64,
    /// Answers to an order whose leaf is not among the disclosed ones: none, for whoever holds every disclosure.
    pub answered_without_order: u64,
    /// Refusals by code.
    pub refused: BTreeMap<String, u64>,
}

/// Refusals sent to authorities.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Refusals {
    /// How many.
    pub count: u64,
    /// By reason; one refusal may have several.
    pub reasons: BTreeMap<String, u64>,
    /// People about whom they would have told.
    pub people: u64,
    /// Cells they would have given.
    pub cells: u64,
}

/// Packages handed over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Releases {
    /// How many.
    pub count: u64,
    /// People in all.
    pub people: u64,
    /// Cells in all.
    pub cells: u64,
    /// By the kind of their order: answers under compulsion and in emergencies show here.
    pub by_kind: BTreeMap<Kind, u64>,
    /// Of an order whose leaf is not among the disclosed ones: none, for whoever holds every disclosure.
    pub without_order: u64,
}

/// Checks of senders. Emergencies count in both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Senders {
    /// Confirmed.
    pub confirmed: u64,
    /// Not who they claimed to be.
    pub fake: u64,
    /// Of requests that claimed a threat to life: confirmed.
    pub emergencies_confirmed: u64,
    /// Of requests that claimed a threat to life: not who they claimed to be.
    pub emergencies_fake: u64,
}

impl Senders {
    fn count(&mut self, outcome: CheckOutcome) {
        match outcome {
            CheckOutcome::Verified => self.confirmed += 1,
            CheckOutcome::Fake => self.fake += 1,
            CheckOutcome::EmergencyVerified => {
                self.confirmed += 1;
                self.emergencies_confirmed += 1;
            }
            CheckOutcome::EmergencyFake => {
                self.fake += 1;
                self.emergencies_fake += 1;
            }
        }
    }
}

/// The count under way.
pub(super) struct Counting {
    sealed: u64,
    /// Leaves counted, ascending.
    known: Vec<u64>,
    inside: Inside,
    orders: BTreeMap<Digest, Kind>,
    counted: Vec<CountedOrder>,
    answered: Vec<Digest>,
    released: Vec<Digest>,
}

/// What is disclosed of one leaf.
#[derive(Default)]
pub(super) struct Told<'t> {
    /// By whoever holds it.
    pub(super) held: &'t [String],
    /// By openings, with the index of each, in the order of the journal.
    pub(super) opened: &'t [(u64, String)],
}

impl<'t> Told<'t> {
    fn all(&self) -> BTreeSet<&'t str> {
        let opened = self.opened.iter().map(|(_, text)| text.as_str());
        self.held.iter().map(String::as_str).chain(opened).collect()
    }

    /// The opening with which all `fields` were published; a leaf of which a field is withheld is not opened.
    fn opened_by(&self, fields: usize) -> Option<u64> {
        let mut seen = BTreeSet::new();
        self.opened.iter().find_map(|(index, text)| {
            seen.insert(text);
            (seen.len() == fields).then_some(*index)
        })
    }
}

impl Counting {
    pub(super) fn new(sealed: u64) -> Self {
        let (inside, orders) = (Inside::default(), BTreeMap::new());
        let (counted, answered, released) = (Vec::new(), Vec::new(), Vec::new());
        Self { sealed, known: Vec::new(), inside, orders, counted, answered, released }
    }

    /// Counts the leaf at `index` by its disclosures, which must be exactly the fields of its kind. A leaf with a fault counts
    /// nothing. `opened` is the index of the leaf with which openings had published all of them. Indices come ascending.
    pub(super) fn leaf(&mut self, index: u64, entry: &[u8], told: &Told<'_>) -> Result<(), String> {
        let texts: Vec<&str> = told.all().into_iter().collect();
        let (kind, said) = said::read(entry, &texts)?;
        let opened = told.opened_by(texts.len());
        if let Said::Order(order) = &said {
            if self.orders.insert(order.order, order.kind).is_some() {
                return Err(format!("order {} stands in the journal twice", order.order));
            }
            self.counted.push(CountedOrder::new(index, order, opened));
        }
        self.known.push(index);
        self.inside.opened += u64::from(opened.is_some());
        *self.inside.kinds.entry(kind).or_default() += 1;
        self.count(said, opened.is_some());
        Ok(())
    }

    fn count(&mut self, said: Said, opened: bool) {
        let inside = &mut self.inside;
        match said {
            Said::Order(order) => {
                *inside.orders.by_kind.entry(order.kind).or_default() += 1;
                add(&mut inside.orders.people, order.people);
                add(&mut inside.orders.cells, order.cells);
                if !opened {
                    let closed = inside.orders.closed.entry(order.until).or_default();
                    closed.orders += 1;
                    add(&mut closed.people, order.people);
                }
            }
            Said::Approval(Verdict::Approve) => inside.approvals += 1,
            Said::Approval(Verdict::Refuse) => inside.approvals_refused += 1,
            Said::Answered(order) => {
                inside.receipts.answered += 1;
                self.answered.push(order);
            }
            Said::TrusteeRefused(code) => *inside.receipts.refused.entry(code).or_default() += 1,
            Said::Refused { reasons, people, cells } => {
                inside.refusals.count += 1;
                for reason in reasons {
                    *inside.refusals.reasons.entry(reason).or_default() += 1;
                }
                add(&mut inside.refusals.people, people);
                add(&mut inside.refusals.cells, cells);
            }
            Said::Released { order, people, cells } => {
                inside.releases.count += 1;
                self.released.push(order);
                add(&mut inside.releases.people, people);
                add(&mut inside.releases.cells, cells);
            }
            Said::Asked(people) => add(&mut inside.people_asked, people),
            Said::Checked(outcome) => inside.senders.count(outcome),
            Said::Incident(code) => *inside.incidents.entry(code).or_default() += 1,
            Said::Other => {}
        }
    }

    /// The figures of the first `size` leaves, `sealed` of them sealed ones: none unless every one of these was counted.
    pub(super) fn figures(&self, size: u64, sealed: u64) -> Option<Figures> {
        let known = self.known.partition_point(|index| *index < size) as u64;
        (known == sealed).then(|| figures(&self.counted, size))
    }

    pub(super) fn done(mut self) -> Inside {
        self.inside.undisclosed = self.sealed.saturating_sub(self.known.len() as u64);
        let without = self.answered.iter().filter(|order| !self.orders.contains_key(*order)).count();
        self.inside.receipts.answered_without_order = without as u64;
        let releases = &mut self.inside.releases;
        for order in &self.released {
            match self.orders.get(order) {
                Some(kind) => *releases.by_kind.entry(*kind).or_default() += 1,
                None => releases.without_order += 1,
            }
        }
        self.inside
    }
}

fn add(sum: &mut u64, number: u64) {
    *sum = sum.saturating_add(number);
}
