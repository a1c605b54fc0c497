//! How much one key may send: so many requests in a minute, so many bytes in a day, so many at once.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_core::time::{DAY, MINUTE, Seconds, Timestamp};

/// Most requests of one key in a minute of the clock, questions included.
pub const MOST_IN_A_MINUTE: u32 = 60;
/// Most bytes of content of one key in a day of the clock (UTC).
pub const MOST_BYTES_IN_A_DAY: u64 = 1024 * 1024 * 1024;
/// Most requests of one key at once.
pub const MOST_AT_ONCE: u32 = 2;

/// What each key has used. Only keys of the directory come here, so there are never more entries than keys.
#[derive(Default)]
pub(super) struct Windows(Mutex<HashMap<String, Used>>);

#[derive(Default)]
struct Used {
    minute: i64,
    requests: u32,
    day: i64,
    bytes: u64,
    open: u32,
}

/// A place that is free again when this is dropped.
pub(super) struct Ticket<'w> {
    windows: &'w Windows,
    key: String,
}

/// A window is full.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full {
    /// When to come again.
    pub(super) seconds: Seconds,
}

impl Windows {
    pub(super) fn enter(&self, key: &str, bytes: usize, now: Timestamp) -> Result<Ticket<'_>, Full> {
        let mut all = self.lock();
        let used = all.entry(key.to_owned()).or_default();
        let (minute, day) = (now.unix().div_euclid(MINUTE), now.unix().div_euclid(DAY));
        if used.minute != minute {
            (used.minute, used.requests) = (minute, 0);
        }
        if used.day != day {
            (used.day, used.bytes) = (day, 0);
        }
        let bytes = used.bytes.saturating_add(bytes as u64);
        let wait = |window: Seconds| Err(Full { seconds: window - now.unix().rem_euclid(window) });
        if used.open >= MOST_AT_ONCE {
            return Err(Full { seconds: 1 });
        }
        if used.requests >= MOST_IN_A_MINUTE {
            return wait(MINUTE);
        }
        if bytes > MOST_BYTES_IN_A_DAY {
            return wait(DAY);
        }
        used.requests += 1;
        used.bytes = bytes;
        used.open += 1;
        Ok(Ticket { windows: self, key: key.to_owned() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Used>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let Some(used) = self.windows.lock().get_mut(&self.key) {
            used.open = used.open.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_795_132_800 + seconds).unwrap()
    }

    #[test]
    fn one_key_fills_its_own_windows_only() {
        let windows = Windows::default();
        for _ in 0..MOST_IN_A_MINUTE {
            drop(windows.enter("a", 0, at(30)).unwrap());
        }
        assert_eq!(windows.enter("a", 0, at(30)).err(), Some(Full { seconds: 30 }));
        assert!(windows.enter("b", 0, at(30)).is_ok());
        assert!(windows.enter("a", 0, at(60)).is_ok());
    }

    #[test]
    fn bytes_count_for_a_day_whether_they_came_or_not() {
        let windows = Windows::default();
        let half = usize::try_from(MOST_BYTES_IN_A_DAY / 2).unwrap();
        for _ in 0..2 {
            drop(windows.enter("a", half, at(0)).unwrap());
        }
        assert_eq!(windows.enter("a", 1, at(3_600)).err(), Some(Full { seconds: 82_800 }));
        assert!(windows.enter("a", 0, at(3_600)).is_ok(), "a question has no bytes");
        assert!(windows.enter("a", half, at(86_400)).is_ok());
    }

    #[test]
    fn few_at_once_and_a_dropped_one_makes_room() {
        let windows = Windows::default();
        let mut open: Vec<Ticket<'_>> = (0..MOST_AT_ONCE).map(|_| windows.enter("a", 0, at(0)).unwrap()).collect();
        assert_eq!(windows.enter("a", 0, at(0)).err(), Some(Full { seconds: 1 }));
        open.pop();
        assert!(windows.enter("a", 0, at(0)).is_ok());
    }
}
