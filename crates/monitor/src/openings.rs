//! Openings that came too late: the opened leaf itself says by which quarter it had to be opened.

use crate::finding::{Code, Finding};
use crate::ticks;
use countersign_core::time::Timestamp;
use countersign_tlog::leaf::OpeningLeaf;

/// The field of an order's leaf that says when it is opened at the latest.
const LATEST: &str = "latest_opening";

/// Checks openings. `before` is size and witnessed time of the tree verified before: a leaf that is not in it came later, whatever
/// tick the custodian wrote.
pub(crate) fn late(openings: &[(u64, OpeningLeaf)], before: Option<(u64, Timestamp)>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, opening) in openings {
        let tick = ticks::shown(opening.tick());
        let opened = before.filter(|(size, _)| index >= size).map_or(tick, |(_, witnessed)| tick.max(witnessed));
        for one in opening.openings() {
            let latest = one.disclosures.iter().filter(|disclosure| disclosure.name() == LATEST);
            let latest = latest.filter_map(|disclosure| Timestamp::parse(disclosure.value().as_str()?).ok()).max();
            if let Some(end) = latest.map(Timestamp::quarter_end).filter(|end| *end < opened) {
                findings.push(Finding::of_leaf(
                    Code::OpenedLate,
                    one.index,
                    format_args!("opened by leaf {index} not before {opened}, its quarter ended {end}"),
                ));
            }
        }
    }
    findings
}
