//! Who decides what a loss of power leaves: chance, or every possibility in turn.

use super::crash::Tear;
use crate::random::below;
use rand_chacha::ChaCha20Rng;

/// Decides the fate of unsynced changes, one after the other.
pub trait Choices {
    /// One of the numbers below `options`, which is at least 1.
    fn pick(&mut self, options: usize) -> usize;

    /// Whether a change, or a sector, is kept.
    fn keep(&mut self) -> bool {
        self.pick(2) == 1
    }

    /// What becomes of a write.
    fn tear(&mut self) -> Tear {
        [Tear::Dropped, Tear::Kept, Tear::Cut, Tear::Sectors][self.pick(4)]
    }
}

/// Nothing unsynced is kept: a disk that waits as long as it may.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nothing;

impl Choices for Nothing {
    fn pick(&mut self, _: usize) -> usize {
        0
    }
}

/// Everything is kept: a disk that writes at once. The same as killing the program.
#[derive(Debug, Clone, Copy, Default)]
pub struct Everything;

impl Choices for Everything {
    fn pick(&mut self, options: usize) -> usize {
        options.min(2) - 1
    }
}

/// Chance, with a leaning: some disks write early, some late, and the interesting states lie near the ends.
#[derive(Debug, Clone)]
pub struct Random {
    rng: ChaCha20Rng,
    /// Of a hundred changes so many are kept.
    kept: u64,
    /// Of a hundred writes so many are torn.
    torn: u64,
}

impl Random {
    /// A leaning drawn from the generator, which then decides.
    pub fn new(mut rng: ChaCha20Rng) -> Self {
        let kept = [2, 20, 50, 80, 98][below(&mut rng, 5) as usize];
        let torn = [0, 10, 40][below(&mut rng, 3) as usize];
        Self { rng, kept, torn }
    }
}

impl Choices for Random {
    fn pick(&mut self, options: usize) -> usize {
        below(&mut self.rng, options as u64) as usize
    }

    fn keep(&mut self) -> bool {
        below(&mut self.rng, 100) < self.kept
    }

    fn tear(&mut self) -> Tear {
        if below(&mut self.rng, 100) < self.torn {
            return if self.keep() { Tear::Sectors } else { Tear::Cut };
        }
        if self.keep() { Tear::Kept } else { Tear::Dropped }
    }
}

/// Every combination in turn, for few changes: after each crash [`Exhaustive::advance`] goes to the next.
#[derive(Debug, Clone, Default)]
pub struct Exhaustive {
    /// What was picked, and of how many.
    picked: Vec<(usize, usize)>,
    next: usize,
}

/// Of more options than these, an even selection with the first and the last is tried.
const MOST_OPTIONS: usize = 6;

impl Exhaustive {
    /// Begins with the combination that keeps nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes to the next combination; `false` after the last.
    pub fn advance(&mut self) -> bool {
        self.picked.truncate(self.next);
        self.next = 0;
        while let Some((picked, options)) = self.picked.pop() {
            if picked + 1 < options {
                self.picked.push((picked + 1, options));
                return true;
            }
        }
        false
    }
}

impl Choices for Exhaustive {
    fn pick(&mut self, options: usize) -> usize {
        let tried = options.min(MOST_OPTIONS);
        if self.next == self.picked.len() {
            self.picked.push((0, tried));
        }
        let (picked, _) = self.picked[self.next];
        self.next += 1;
        if tried < 2 { 0 } else { picked * (options - 1) / (tried - 1) }
    }
}
