//! When a case may be opened, and by when it must be.

use countersign_core::case::{Event, EventRecord};
use countersign_core::json::Exact;
use countersign_core::order::Order;
use countersign_core::time::{DAY, Seconds, Timestamp};

/// The lag common to everybody: nothing is opened sooner after it is over.
pub const LAG: Seconds = 14 * DAY;

/// Over at least so many days the openings of what ends at one time are spread.
pub const SPREAD: Seconds = 14 * DAY;

/// An approach after which no request came for so long is over.
pub const CONTACT_RESTS: Seconds = 90 * DAY;

/// A delay order lasts at most so long (`countersign_verify::wire::DelayOrder`).
const LONGEST_DELAY: Seconds = 366 * DAY;

/// Between when something may be opened, and when it is opened at the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: Timestamp,
    pub(crate) deadline: Timestamp,
}

/// The latest opening of what may be over as late as `over`: the end of a quarter that leaves room for the lag and the spread.
pub(crate) fn latest_opening(over: Timestamp) -> Timestamp {
    over.plus(LAG + SPREAD).quarter_end()
}

/// Deadline of the leaf of an order that belongs to no case and is over at `over`: leaves of no case are opened when no delay
/// order that stood while they were made can still stand.
pub(crate) fn latest_opening_of_leaf(over: Timestamp) -> Timestamp {
    latest_opening(over.plus(LONGEST_DELAY))
}

impl Window {
    /// Of a case, with its approved order and the end of the delay order that holds for it. `None` while it is not over.
    pub(crate) fn of_case(
        events: &[Exact<EventRecord>],
        order: Option<&Order>,
        delay: Option<Timestamp>,
    ) -> Option<Self> {
        let over = over(events, order)?;
        let over = delay.map_or(over, |until| over.max(until));
        let deadline = order.map_or_else(|| latest_opening(over), |order| order.latest_opening);
        Some(Self { from: over.plus(LAG), deadline })
    }

    /// Of a reading: nobody can delay its notice, so it is opened after the common lag.
    pub(crate) fn of_reading(order: &Order) -> Self {
        Self { from: order.expires.plus(LAG), deadline: order.latest_opening }
    }

    /// Of a leaf that belongs to no case: when no delay order that stood while it was made can still stand.
    pub(crate) fn of_leaf(made: Timestamp) -> Self {
        let over = made.plus(LONGEST_DELAY);
        Self { from: over.plus(LAG), deadline: latest_opening(over) }
    }

    /// The batch in which it is opened. Batches go out every day, `hour` seconds after midnight; `draw` chooses among those inside.
    /// Where none is inside, the first after the beginning: a delay order is never broken.
    pub(crate) fn batch(self, hour: Seconds, draw: u64) -> Timestamp {
        let of_day = |time: Timestamp| time.plus(hour - time.unix() % DAY);
        let (first, last) = (of_day(self.from), of_day(self.deadline));
        let first = if first < self.from { first.plus(DAY) } else { first };
        let last = if last > self.deadline { last.plus(-DAY) } else { last };
        let batches = u64::try_from(last.since(first) / DAY + 1).unwrap_or(0).max(1);
        first.plus(DAY * Seconds::try_from(draw % batches).unwrap_or(0))
    }
}

/// When nothing can happen any more that anybody could be warned of.
fn over(events: &[Exact<EventRecord>], order: Option<&Order>) -> Option<Timestamp> {
    let at = |found: fn(&Event) -> bool| {
        let mut records = events.iter().map(Exact::value);
        records.find(|record| found(&record.event)).map(|record| record.at)
    };
    if let Some(order) = order {
        // Trustees answer nothing after its end, delivered or not.
        return Some(at(|event| matches!(event, Event::Delivered { .. })).unwrap_or(order.expires));
    }
    let ended = at(|event| {
        matches!(
            event,
            Event::Fake { .. }
                | Event::Refused { .. }
                | Event::Withdrawn { .. }
                | Event::Expired { .. }
                | Event::Closed
        )
    });
    let asked = at(|event| matches!(event, Event::Request { .. }));
    let approached = at(|event| matches!(event, Event::Contact { .. }));
    ended.or_else(|| if asked.is_none() { approached.map(|at| at.plus(CONTACT_RESTS)) } else { None })
}
