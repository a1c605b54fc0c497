//! The steady rate: every five-minute tick must hold as many sealed leaves as the custodian has promised.

use crate::config::Floor;
use crate::finding::{Code, Finding};
use countersign_core::time::Timestamp;
use countersign_tlog::leaf::TICK_SECONDS;
use countersign_verify::totals::ClearKinds;
use std::collections::BTreeMap;

/// Ticks before the checkpoint that may still be filling: the one under way, and the one whose last leaves are being witnessed.
const UNDER_WAY: u64 = 2;

/// Gaps named in the line.
const NAMED: usize = 3;

/// Checks the ticks of a log whose checkpoint was witnessed at `witnessed`.
pub(crate) fn check(ticks: &BTreeMap<u64, ClearKinds>, floor: Option<&Floor>, witnessed: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    let now = tick_of(witnessed);
    // One tick of grace for clocks that differ.
    if let Some((tick, _)) = ticks.last_key_value().filter(|(tick, _)| **tick > now.saturating_add(1)) {
        findings.push(Finding::new(
            Code::TickAhead,
            format_args!("a leaf says {}, the checkpoint that holds it was witnessed at {witnessed}", shown(*tick)),
        ));
    }
    let Some(floor) = floor else { return findings };
    // Nothing is promised for the time before the log began.
    let first = ticks.keys().next().map_or(now, |first| tick_of(floor.from).max(first.saturating_add(1)));
    let short = (first..now.saturating_sub(UNDER_WAY - 1))
        .filter(|tick| ticks.get(tick).map_or(0, |kinds| kinds.sealed) < floor.sealed_per_tick);
    let (mut count, mut named) = (0_u64, Vec::new());
    for tick in short {
        count += 1;
        if named.len() < NAMED {
            named.push(format!("{} ({})", shown(tick), ticks.get(&tick).map_or(0, |kinds| kinds.sealed)));
        }
    }
    if count > 0 {
        findings.push(Finding::new(
            Code::TickGap,
            format_args!(
                "{count} five-minute ticks since {} have fewer than {} sealed leaves, first {}",
                floor.from,
                floor.sealed_per_tick,
                named.join(", ")
            ),
        ));
    }
    findings
}

fn tick_of(time: Timestamp) -> u64 {
    u64::try_from(time.unix()).unwrap_or(0) / TICK_SECONDS
}

/// The beginning of a tick; a tick beyond the calendar shows as its last second.
pub(crate) fn shown(tick: u64) -> Timestamp {
    let seconds = tick.saturating_mul(TICK_SECONDS);
    i64::try_from(seconds).ok().and_then(Timestamp::from_unix).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 6_000_000;

    fn found(sealed: &[(u64, u64)], floor: u64, now: u64) -> Vec<String> {
        let kinds = |sealed| ClearKinds { sealed, control: 0, opening: 0 };
        let ticks = sealed.iter().map(|(tick, sealed)| (START + tick, kinds(*sealed))).collect();
        let floor = Floor { sealed_per_tick: floor, from: shown(START) };
        let found = check(&ticks, Some(&floor), shown(START + now));
        found.into_iter().map(|finding| format!("{} {}", finding.code, finding.line)).collect()
    }

    #[test]
    fn ticks_below_the_floor_are_counted_and_named() {
        assert_eq!(found(&[(0, 0), (1, 2), (2, 2), (3, 3)], 2, 5), Vec::<String>::new());
        let gaps = found(&[(0, 9), (2, 2), (3, 1), (4, 0), (7, 2)], 2, 9);
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        assert!(gaps[0].starts_with("tick-gap 5 five-minute ticks since "), "{gaps:?}");
        let first = format!("first {} (0), {} (1), {} (0)", shown(START + 1), shown(START + 3), shown(START + 4));
        assert!(gaps[0].ends_with(&first), "{gaps:?}");
    }

    #[test]
    fn a_log_that_stopped_writing_is_a_gap_and_the_tick_under_way_is_none() {
        assert!(found(&[(0, 1), (1, 1), (2, 1)], 1, 4).is_empty());
        assert_eq!(found(&[(0, 1), (1, 1), (2, 1)], 1, 5).len(), 1);
        assert!(found(&[], 1, 5).is_empty(), "an empty log has promised nothing yet");
    }

    #[test]
    fn a_leaf_from_the_future_is_found_with_and_without_a_floor() {
        assert!(found(&[(0, 1), (1, 1), (3, 1)], 1, 2).is_empty());
        let ahead = found(&[(0, 1), (1, 1), (4, 1)], 1, 2);
        assert!(ahead.len() == 1 && ahead[0].starts_with("tick-ahead a leaf says "), "{ahead:?}");
        let endless = BTreeMap::from([(u64::MAX, ClearKinds::default())]);
        assert_eq!(check(&endless, None, shown(START))[0].code, Code::TickAhead);
        let floor = Floor { sealed_per_tick: 1, from: Timestamp::MIN };
        assert_eq!(check(&endless, Some(&floor), shown(START)).len(), 1);
    }
}
