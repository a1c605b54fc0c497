//! How many entries an hour shows: never how many answers were given.

use countersign_core::time::Timestamp;
use countersign_tlog::leaf::tick_of;
use std::collections::BTreeMap;

/// Five-minute ticks of an hour. Entries bear the first tick of their hour.
pub const HOUR_TICKS: u64 = 12;

/// Fewest entries of an hour in which the trustee was at work.
pub const FLOOR: u64 = 8;

/// The tick that every entry of this hour bears.
pub fn hour_of(now: Timestamp) -> u64 {
    let tick = tick_of(u64::try_from(now.unix()).unwrap_or(0));
    tick - tick % HOUR_TICKS
}

/// To how many entries an hour with so many is filled up: [`FLOOR`] times a power of two.
pub fn filled(entries: u64) -> u64 {
    FLOOR.saturating_mul(entries.div_ceil(FLOOR).max(1).checked_next_power_of_two().unwrap_or(u64::MAX))
}

/// Why the ticks of a published log are not those of a trustee that keeps the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HourError {
    /// A tick that is not the first one of an hour.
    #[error("entry {index} bears tick {tick}, which does not begin an hour")]
    WithinHour {
        /// Index of the entry.
        index: u64,
        /// Its tick.
        tick: u64,
    },
    /// A tick before that of an earlier entry.
    #[error("entry {index} bears tick {tick} after an entry of a later hour")]
    Backwards {
        /// Index of the entry.
        index: u64,
        /// Its tick.
        tick: u64,
    },
    /// An hour that is not filled up.
    #[error("the hour of tick {tick} has {entries} entries, which is not {FLOOR} times a power of two")]
    NotFilled {
        /// First tick of the hour.
        tick: u64,
        /// Its entries.
        entries: u64,
    },
}

/// Checks the ticks of all entries of a published log, in order.
///
/// # Errors
/// [`HourError`].
pub fn check_hours(ticks: impl IntoIterator<Item = u64>) -> Result<(), HourError> {
    let mut hours: BTreeMap<u64, u64> = BTreeMap::new();
    for (index, tick) in (0..).zip(ticks) {
        if !tick.is_multiple_of(HOUR_TICKS) {
            return Err(HourError::WithinHour { index, tick });
        }
        if hours.last_key_value().is_some_and(|(last, _)| *last > tick) {
            return Err(HourError::Backwards { index, tick });
        }
        *hours.entry(tick).or_default() += 1;
    }
    match hours.into_iter().find(|(_, entries)| filled(*entries) != *entries) {
        Some((tick, entries)) => Err(HourError::NotFilled { tick, entries }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_hour_shows_powers_of_two_from_the_floor_on() {
        assert_eq!([0, 1, 8, 9, 16, 17, 33].map(filled), [8, 8, 8, 16, 16, 32, 64]);
        let at = |text| hour_of(Timestamp::parse(text).unwrap());
        assert_eq!(at("2026-11-20T13:00:00Z"), at("2026-11-20T13:59:59Z"));
        assert_eq!(at("2026-11-20T13:59:59Z") + HOUR_TICKS, at("2026-11-20T14:00:00Z"));
    }

    #[test]
    fn hours_out_of_order_or_not_filled_are_noticed() {
        let hour = |tick, entries| std::iter::repeat_n(tick, entries);
        assert_eq!(check_hours(hour(12, 8).chain(hour(36, 16))), Ok(()));
        assert_eq!(check_hours([]), Ok(()));
        assert_eq!(check_hours(hour(12, 7)), Err(HourError::NotFilled { tick: 12, entries: 7 }));
        assert_eq!(check_hours(hour(12, 24)), Err(HourError::NotFilled { tick: 12, entries: 24 }));
        assert_eq!(check_hours(hour(13, 8)), Err(HourError::WithinHour { index: 0, tick: 13 }));
        let back = hour(24, 8).chain(hour(12, 8));
        assert_eq!(check_hours(back), Err(HourError::Backwards { index: 8, tick: 12 }));
    }

    proptest! {
        #[test]
        fn filling_up_is_stable_and_never_takes_away(entries: u64) {
            let full = filled(entries);
            prop_assert!(full >= entries.min(1 << 63));
            prop_assert_eq!(filled(full), full);
            prop_assert!(full.is_multiple_of(FLOOR) || full == u64::MAX);
        }
    }
}
