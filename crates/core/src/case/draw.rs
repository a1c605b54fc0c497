//! The draw of second reviews: which cases are read once more by somebody who had no part in them. Format: `docs/formats/second-review.md`.
//!
//! A trustee's receipt of an answer holds 32 random bytes of that trustee's own generator, and the draw is a function of the receipt's
//! digest alone: nobody at the custodian can know it before the answer, and whoever has the disclosed leaf of the receipt can recompute
//! it. One receipt that draws is enough, so another answer, of whichever trustee, only adds to the chance and never takes a draw back.

use crate::digest;
use crate::id::Digest;
use crate::time::{DAY, Seconds};

/// About one released case in so many is drawn, when as many trustees answer as are needed.
///
/// Fixed here and not in a file: whoever could edit the share could choose what nobody reads.
pub const ONE_IN: u64 = 10;

/// How long a second review may take, from the receipt that draws it.
pub const WITHIN: Seconds = 14 * DAY;

/// Whether the receipt of an answer with this digest draws its case, of a custodian with this threshold of trustees.
///
/// The first eight bytes of parts("countersign/second-review/v1", receipt), read as a big-endian number, are a multiple of
/// [`ONE_IN`] x threshold. With exactly `threshold` answers a case is drawn with a chance just under one in [`ONE_IN`]; each further
/// answer adds its own. A threshold of 0 counts as 1.
pub fn draws(receipt: &Digest, threshold: u16) -> bool {
    let drawn = digest::parts("countersign/second-review/v1", &[receipt.as_bytes()]);
    let first = drawn.as_bytes().first_chunk::<8>().copied().unwrap_or_default();
    u64::from_be_bytes(first).is_multiple_of(ONE_IN.saturating_mul(u64::from(threshold.max(1))))
}

#[cfg(test)]
mod tests;
