//! Randomness that repeats: ChaCha20 streams named by a text or numbered.

use countersign_core::digest;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The 32 bytes that belong to a name, for interfaces that take a seed.
#[must_use]
pub fn seed(name: &str) -> [u8; 32] {
    digest::parts("countersign/testkit/seed", &[name.as_bytes()]).0
}

/// The generator that belongs to a name, such as `trustee 3`.
#[must_use]
pub fn named(name: &str) -> ChaCha20Rng {
    ChaCha20Rng::from_seed(seed(name))
}

/// A whole number below `bound`, which must not be zero. The bias of the remainder (below 2^-32 for small bounds) does not matter here.
pub fn below(rng: &mut impl Rng, bound: u64) -> u64 {
    rng.next_u64() % bound
}

/// One of the elements of a list that is not empty.
pub fn pick<'a, T: ?Sized>(rng: &mut impl Rng, list: &[&'a T]) -> &'a T {
    list[below(rng, list.len() as u64) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gives_the_same_stream_everywhere() {
        assert_eq!(named("a").next_u64(), named("a").next_u64());
        assert_ne!(seed("a"), seed("b"));
        assert_eq!(seed("")[..4], [0xd8, 0xfa, 0x52, 0x2d]);
    }
}
