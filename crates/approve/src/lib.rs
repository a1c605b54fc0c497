//! Check one signature of a person or trustee: is this approval what its bytes claim?
//!
//! In scope: public keys in the spellings of a roster, SSHSIG (OpenSSH `PROTOCOL.sshsig`, version 1), plain Ed25519
//! (RFC 8032), passkey assertions (W3C Web Authentication, Level 2, section 7.2), and the rules that tie a signature to
//! one order and one person of the roster. Not in scope: how many approvals are enough and whose count (crate `policy`),
//! private keys, registration of passkeys. Bytes: `docs/formats/approval.md`.
//!
//! A [`VerifiedApproval`] has no public constructor: holding one is the proof that [`verify_approval`] succeeded.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable)
)]

mod approval;
mod base64;
mod consent;
mod key;
mod passkey;
mod signature;
mod sshsig;
mod wire;

pub use approval::{ApprovalError, VerifiedApproval, verify_approval};
pub use consent::{ConsentError, verify_consent};
pub use key::{KeyError, PublicKey};
pub use passkey::Assertion;
pub use signature::{MAX_SIGNATURE_LEN, SignatureError, verify_control_signature, verify_signature};
pub use sshsig::{ArmorError, from_armor};
