//! Leaves of the journal: they commit to their content and tell nothing until opened.
//!
//! One line of UTF-8 JSON without a newline, padded to one of two sizes by a last member `pad` of ASCII zeroes.
//! Three clear kinds: `sealed` (1,024 bytes; sixteen digests), `control` and `opening` (16,384 bytes; public by
//! nature). The form is canonical: the value decides every byte. Disclosures are those of RFC 9901 (SD-JWT).

mod control;
mod disclosure;
mod frame;
mod json;
mod opening;
mod sealed;

pub use control::{ControlLeaf, ControlSignature};
pub use disclosure::{Disclosure, DisclosureError};
pub use frame::{Leaf, LeafError, LeafId, LeafKind, MAX_TICK, TICK_SECONDS, tick_of};
pub use json::{MAX_JSON_DEPTH, MAX_SAFE_INTEGER};
pub use opening::{Opened, OpeningLeaf};
pub use sealed::{SealedLeaf, check_disclosures, holds_disclosure, seal_disclosures, seal_dummy, seal_fields};

/// Bytes of a sealed leaf.
pub const SEALED_LEAF_BYTES: usize = 1024;

/// Bytes of a control or opening leaf.
pub const LARGE_LEAF_BYTES: usize = 16_384;

/// Digests in every sealed leaf: disclosures and decoys together.
pub const DIGESTS_PER_LEAF: usize = 16;

/// Largest disclosure in characters, so that each fits into an opening leaf.
pub const MAX_DISCLOSURE_CHARS: usize = 16_000;
