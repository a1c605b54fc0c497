//! Randomness that repeats: SHA-256 over a seed and a counter.

use countersign_core::digest;

pub(super) struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, thrown: 0 }
    }

    /// A number below `bound`; zero when that is zero. The bias of the remainder does not matter here.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.thrown += 1;
        let parts = [&self.seed.to_le_bytes()[..], &self.thrown.to_le_bytes()];
        let thrown = digest::parts("countersign/trace/economy/v1", &parts).0;
        let number = thrown.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        number.checked_rem(bound).unwrap_or(0)
    }

    /// A number from `low` up to, without, `high`.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low))
    }

    /// True so many times in a hundred.
    pub(super) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}
