//! Double SHA-256, and the two kinds of names made of it.

use countersign_core::encoding::{hex, unhex};
use countersign_core::id::InvalidId;
use sha2::block_api::compress256;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Bytes that SHA-256 takes at a time.
const BLOCK: usize = 64;
/// Bytes of its last block before the length.
const BEFORE_LENGTH: usize = BLOCK - 8;
/// What SHA-256 begins with (FIPS 180-4, section 5.3.3).
const BEGIN: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// SHA-256 of the SHA-256 of the parts one after the other.
pub fn sha256d(parts: &[&[u8]]) -> [u8; 32] {
    match parts {
        [whole] => sha256(&sha256(whole)),
        parts => {
            let mut inner = Sha256::new();
            for part in parts {
                inner.update(part);
            }
            sha256(&inner.finalize())
        }
    }
}

/// SHA-256 of two hashes one after the other, twice: a node of a Merkle tree.
pub(super) fn sha256d_pair(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    sha256(&sha256([*left, *right].as_flattened()))
}

/// SHA-256 of bytes that lie in one piece: what `Sha256` computes, without a buffer in between, which costs as much as a block or two.
fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut state = BEGIN;
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    compress256(&mut state, blocks);
    // Padding (section 5.1.1): a one, zeros, and the number of bits at the end of the last block.
    let mut tail = [[0; BLOCK]; 2];
    if let Some((text, padding)) = tail.as_flattened_mut().split_at_mut_checked(rest.len()) {
        text.copy_from_slice(rest);
        padding.iter_mut().take(1).for_each(|one| *one = 0x80);
    }
    let [first, second] = &mut tail;
    let fits = rest.len() < BEFORE_LENGTH;
    let last = if fits { &mut *first } else { second };
    if let Some(length) = last.last_chunk_mut() {
        *length = (bytes.len() as u64).wrapping_mul(8).to_be_bytes();
    }
    compress256(&mut state, if fits { std::slice::from_ref(first) } else { &tail });
    let mut out = [0; 32];
    out.as_chunks_mut().0.iter_mut().zip(state).for_each(|(slot, word)| *slot = word.to_be_bytes());
    out
}

macro_rules! reversed_id {
    ($(#[$meta:meta])* $name:ident, $what:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut bytes = self.0;
                bytes.reverse();
                f.write_str(&hex(&bytes))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let mut bytes: [u8; 32] = unhex(text).ok_or_else(|| InvalidId::not($what, text))?;
                bytes.reverse();
                Ok(Self(bytes))
            }
        }

        countersign_core::text_serde!($name);
    };
}

reversed_id!(
    /// A transaction's id: double SHA-256 without witnesses, held as hashed and written in reverse, as everywhere in the field.
    Txid, "a transaction id (64 lower-case hexadecimal digits)"
);
reversed_id!(
    /// A block's id: double SHA-256 of its header, held as hashed and written in reverse.
    BlockHash, "a block hash (64 lower-case hexadecimal digits)"
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(bytes: &[u8]) -> [u8; 32] {
        Sha256::digest(Sha256::digest(bytes)).into()
    }

    #[test]
    fn every_padding_is_that_of_the_crate() {
        let bytes: Vec<u8> = (0..400u16).map(|n| n as u8 ^ 0x5a).collect();
        for length in 0..bytes.len() {
            assert_eq!(sha256d(&[&bytes[..length]]), plain(&bytes[..length]), "{length}");
        }
    }

    proptest! {
        #[test]
        fn parts_are_one_piece(bytes in prop::collection::vec(any::<u8>(), 64..3_000), cuts: [prop::sample::Index; 2]) {
            let mut cuts = cuts.map(|cut| cut.index(bytes.len() + 1));
            cuts.sort_unstable();
            let parts = [&bytes[..cuts[0]], &bytes[cuts[0]..cuts[1]], &bytes[cuts[1]..]];
            prop_assert_eq!(sha256d(&parts), plain(&bytes));
            prop_assert_eq!(sha256d(&[&bytes]), plain(&bytes));
            let (left, right) = (bytes[..32].try_into().unwrap(), bytes[32..64].try_into().unwrap());
            prop_assert_eq!(sha256d_pair(&left, &right), plain(&bytes[..64]));
        }
    }
}
