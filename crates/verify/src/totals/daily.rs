//! The figures of daily totals.

use super::Totals;
use super::said::SaidOrder;
use countersign_core::id::Digest;
use countersign_core::time::Timestamp;
use countersign_core::totals::{ClosedUntil, Figures};
use std::collections::BTreeMap;

/// One order of the journal, as its leaf gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedOrder {
    /// Index of its leaf.
    pub index: u64,
    /// Its digest.
    pub order: Digest,
    /// Its subjects.
    pub people: u64,
    /// Its subjects times its classes.
    pub cells: u64,
    /// Last second of the quarter of its latest opening.
    pub until: Timestamp,
    /// Index of the opening with which the last of its fields was published; `None` while a field is closed.
    pub opened: Option<u64>,
}

impl CountedOrder {
    pub(super) fn new(index: u64, said: &SaidOrder, opened: Option<u64>) -> Self {
        let SaidOrder { order, kind: _, people, cells, until } = *said;
        Self { index, order, people, cells, until, opened }
    }
}

/// What the orders among the first `size` leaves add up to. An order that was opened by a later leaf is still closed.
pub fn figures<'o>(orders: impl IntoIterator<Item = &'o CountedOrder>, size: u64) -> Figures {
    let mut figures = Figures::default();
    let mut closed: BTreeMap<Timestamp, (u64, u64)> = BTreeMap::new();
    for order in orders.into_iter().filter(|order| order.index < size) {
        figures.orders += 1;
        figures.people = figures.people.saturating_add(order.people);
        figures.cells = figures.cells.saturating_add(order.cells);
        if order.opened.is_none_or(|opening| opening >= size) {
            let (orders, people) = closed.entry(order.until).or_default();
            *orders += 1;
            *people = people.saturating_add(order.people);
        }
    }
    figures.closed =
        closed.into_iter().map(|(until, (orders, people))| ClosedUntil { until, orders, people }).collect();
    figures
}

/// Daily totals cannot be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} sealed leaves are not disclosed in full")]
pub struct Undisclosed(
    /// Sealed leaves of which disclosures are missing or wrong.
    pub u64,
);

impl Totals {
    /// The figures that daily totals up to the size of this journal must have.
    ///
    /// # Errors
    /// [`Undisclosed`] unless every sealed leaf is disclosed in full and without a fault.
    pub fn figures(&self) -> Result<Figures, Undisclosed> {
        // A leaf with a fault is never counted as disclosed.
        if self.inside.undisclosed > 0 {
            return Err(Undisclosed(self.inside.undisclosed));
        }
        let orders = &self.inside.orders;
        let closed = orders.closed.iter();
        let closed = closed.map(|(until, one)| ClosedUntil { until: *until, orders: one.orders, people: one.people });
        Ok(Figures {
            orders: orders.by_kind.values().sum(),
            people: orders.people,
            cells: orders.cells,
            closed: closed.collect(),
            kept_closed: Vec::new(),
        })
    }
}
