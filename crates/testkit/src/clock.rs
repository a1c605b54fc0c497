//! Clocks for tests: one stands still, one moves by a fixed step with every look.

use std::sync::atomic::{AtomicI64, Ordering};

use countersign_core::time::{Clock, Seconds, Timestamp};

/// A clock that always shows the same time.
#[derive(Clone, Copy, Debug)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// A clock that moves on by a fixed step after every look, and further when told.
#[derive(Debug)]
pub struct StepClock {
    start: Timestamp,
    elapsed: AtomicI64,
    step: Seconds,
}

impl StepClock {
    /// Shows `start` at the first look and `step` seconds more at each following one.
    #[must_use]
    pub fn new(start: Timestamp, step: Seconds) -> Self {
        Self { start, elapsed: AtomicI64::new(0), step }
    }

    /// Moves on by so many seconds (back, when negative).
    pub fn advance(&self, seconds: Seconds) {
        self.elapsed.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for StepClock {
    fn now(&self) -> Timestamp {
        self.start.plus(self.elapsed.fetch_add(self.step, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stands_still_and_one_moves() {
        let noon = Timestamp::parse("2026-11-20T12:00:00Z").unwrap();
        let (fixed, step) = (FixedClock(noon), StepClock::new(noon, 5));
        assert_eq!((fixed.now(), fixed.now()), (noon, noon));
        assert_eq!((step.now(), step.now()), (noon, noon.plus(5)));
        step.advance(-10);
        assert_eq!(step.now(), noon);
    }
}
