//! What had to be opened and is not, as far as daily totals and openings tell.

use crate::finding::{Code, Finding};
use crate::ticks;
use countersign_core::time::{DAY, HOUR, Seconds, Timestamp};
use countersign_verify::state::ControlState;
use countersign_verify::totals::{Published, Totals};

/// Daily totals older than this are stale: a day, and half a day for the trustees to sign.
const TOTALS_AGE: Seconds = 36 * HOUR;

/// Checks the daily totals of a journal. Without trustees there is nobody to sign any.
pub(crate) fn check(totals: &Totals, control: &ControlState, now: Timestamp) -> Vec<Finding> {
    if control.genesis().value().trustees.is_none() {
        return Vec::new();
    }
    let Some(last) = totals.published.last() else {
        let created = control.genesis().value().created;
        if now.since(created) <= TOTALS_AGE {
            return Vec::new();
        }
        return vec![Finding::new(
            Code::TotalsMissing,
            format_args!("the journal was founded {created} and no daily totals stand in it"),
        )];
    };
    let mut findings = Vec::new();
    let published = published_at(last, totals);
    let age = now.since(published);
    let (number, day) = (last.totals.number, last.totals.day);
    if age > TOTALS_AGE {
        findings.push(Finding::new(
            Code::TotalsStale,
            format_args!(
                "the last daily totals, number {number} of {day}, are {} h old, {} h are allowed",
                age / HOUR,
                TOTALS_AGE / HOUR
            ),
        ));
    }
    let figures = &last.totals.figures;
    // Totals of a later day count what was still closed when the quarter was over.
    for closed in figures.closed.iter().filter(|closed| closed.until < day.start()) {
        findings.push(Finding::new(
            Code::Overdue,
            format_args!(
                "{} orders for {} people had to be opened by {} and are closed in the totals of {day}",
                closed.orders, closed.people, closed.until
            ),
        ));
    }
    let closed: u64 =
        figures.closed.iter().map(|one| one.orders).chain(figures.kept_closed.iter().map(|one| one.orders)).sum();
    let counted_as_opened = figures.orders.saturating_sub(closed);
    // Nothing is held here, so every order known is one that openings have published in full.
    let opened: u64 = totals.inside.orders.by_kind.values().sum();
    if counted_as_opened > opened {
        findings.push(Finding::new(
            Code::TotalsContradicted,
            format_args!(
                "totals {number} of {day} count {counted_as_opened} orders as opened, the journal's openings show {opened}"
            ),
        ));
    }
    findings
}

/// When they were published: by the tick of their leaf, and never later than their day.
fn published_at(last: &Published, totals: &Totals) -> Timestamp {
    let end = last.totals.day.start().plus(DAY - 1);
    let entry = totals.outside.control.iter().find(|entry| entry.index == last.index);
    entry.map_or(end, |entry| ticks::shown(entry.tick).min(end))
}
