//! `.tlog-proof` files: that a leaf stands in a witnessed log, checked offline. C2SP tlog-proof, v1.

use std::fmt;

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::encoding;
use crate::hash::{Hash, leaf_hash};
use crate::merkle::{MAX_PROOF_HASHES, MerkleError, verify_inclusion};
use crate::note::{KeyName, MAX_NOTE_BYTES};
use crate::policy::{Policy, PolicyFailure, TimeWindow, Witnessed};

/// Largest decoded `extra` field in bytes.
pub const MAX_EXTRA_BYTES: usize = 64 * 1024;

/// Largest proof file in bytes.
pub const MAX_PROOF_BYTES: usize = MAX_NOTE_BYTES + MAX_EXTRA_BYTES * 4 / 3 + MAX_PROOF_HASHES * 45 + 256;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A parsed proof. It says nothing before [`LogProof::verify`] has succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogProof {
    /// Data beside the proof that nobody has signed.
    pub extra: Option<Vec<u8>>,
    /// Zero-based index of the leaf.
    pub index: u64,
    /// Inclusion proof, from the leaf's sibling up.
    pub hashes: Vec<Hash>,
    /// Checkpoint with the log's signature and the cosignatures.
    pub checkpoint: SignedCheckpoint,
}

/// What a verified proof establishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Included {
    /// Which log.
    pub origin: KeyName,
    /// Zero-based index of the leaf.
    pub index: u64,
    /// Size of the tree it was shown to be in.
    pub size: u64,
    /// Root of that tree.
    pub root: Hash,
    /// The witnesses whose cosignatures were accepted, with their times.
    pub witnessed: Witnessed,
}

/// A proof that cannot be read or does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Over [`MAX_PROOF_BYTES`], [`MAX_EXTRA_BYTES`] or 63 hashes.
    #[error("proof is too large")]
    TooLarge,
    /// A line is missing or malformed.
    #[error("proof is malformed: {0}")]
    Form(&'static str),
    /// The checkpoint cannot be read.
    #[error("checkpoint of the proof: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The log or its witnesses do not satisfy the policy.
    #[error(transparent)]
    Policy(#[from] PolicyFailure),
    /// The leaf is not at that index of that tree.
    #[error("leaf is not in the log: {0}")]
    Merkle(#[from] MerkleError),
}

impl LogProof {
    /// Parses a proof file.
    ///
    /// # Errors
    /// [`ProofError::TooLarge`], [`ProofError::Form`], [`ProofError::Checkpoint`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofError> {
        if bytes.len() > MAX_PROOF_BYTES {
            return Err(ProofError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ProofError::Form("not utf-8"))?;
        let (head, note) = text.split_once("\n\n").ok_or(ProofError::Form("no blank line before the checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(ProofError::Form("first line is not c2sp.org/tlog-proof@v1"));
        }
        let extra = match lines.next_if(|line| line.starts_with("extra ")).and_then(|line| line.strip_prefix("extra "))
        {
            None => None,
            Some(extra) => Some(encoding::base64_decode(extra).ok_or(ProofError::Form("extra is not base64"))?),
        };
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .and_then(encoding::decimal)
            .ok_or(ProofError::Form("no line `index <number>`"))?;
        let hashes = lines
            .map(Hash::from_base64)
            .collect::<Option<Vec<_>>>()
            .ok_or(ProofError::Form("a hash line is not base64 of 32 bytes"))?;
        if hashes.len() > MAX_PROOF_HASHES || extra.as_ref().is_some_and(|extra| extra.len() > MAX_EXTRA_BYTES) {
            return Err(ProofError::TooLarge);
        }
        let checkpoint = SignedCheckpoint::parse(note.as_bytes())?;
        Ok(Self { extra, index, hashes, checkpoint })
    }

    /// Checks that `leaf` (its bytes) stands at [`LogProof::index`], that a log of the policy has signed, and that the
    /// policy's quorum has cosigned with times in `window`.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn verify(&self, leaf: &[u8], policy: &Policy, window: TimeWindow) -> Result<Included, ProofError> {
        let checkpoint = self.checkpoint.checkpoint();
        // The cheap check first: most wrong proofs fail here, before any signature.
        verify_inclusion(leaf_hash(leaf), self.index, checkpoint.size, checkpoint.root, &self.hashes)?;
        let witnessed = policy.check(&self.checkpoint, window)?;
        Ok(Included {
            origin: checkpoint.origin.clone(),
            index: self.index,
            size: checkpoint.size,
            root: checkpoint.root,
            witnessed,
        })
    }
}

/// Parses and checks a `.tlog-proof` for the leaf bytes; see [`LogProof::verify`].
///
/// # Errors
/// [`ProofError`].
pub fn verify_proof(leaf: &[u8], proof: &[u8], policy: &Policy, window: TimeWindow) -> Result<Included, ProofError> {
    LogProof::parse(proof)?.verify(leaf, policy, window)
}

/// The file.
impl fmt::Display for LogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", encoding::base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
