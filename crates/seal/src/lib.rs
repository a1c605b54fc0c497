//! Threshold sealing of client records: what the custodian can write but not read.
//!
//! In scope: suite 1 (TDH2 of Shoup and Gennaro with one encapsulation per record and one threshold key per field
//! class, on ristretto255; HKDF-SHA-512; AES-256-GCM), key rings and their confirmation, the key generation ceremony,
//! the life of shares after it, partial decryptions and their proofs, encrypted replies, the blind index (normal forms,
//! threshold OPRF, posting lists), masked views at rest. Not in scope: who may open what (crate `verify`), storage, transport, clocks,
//! generators. Formats: `docs/formats/{seal,label,ring,blind-index,view}.md`.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable)
)]

mod aead;
mod cell;
mod hash;
mod lagrange;
mod polynomial;
mod read;

pub mod ceremony;
pub mod combine;
pub mod dealer;
pub mod dkg;
pub mod group;
pub mod header;
pub mod identity;
pub mod kind;
pub mod label;
pub mod letter;
pub mod life;
pub mod normal;
pub mod oprf;
pub mod partial;
pub mod posting;
pub mod record;
pub mod reply;
pub mod reseal;
pub mod ring;
pub mod sealer;
pub mod share;
pub mod sigma;
pub mod transport;
pub mod view;

pub use cell::{Content, MAX_BLOB, MAX_INLINE};
pub use group::SUITE;
pub use read::LayoutError;
