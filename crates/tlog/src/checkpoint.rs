//! Checkpoints: the signed head of a log. C2SP tlog-checkpoint, v1.0.0.
//!
//! Stricter than the specification: no extension lines, and the origin is the log's key name.

use std::fmt;

use crate::encoding;
use crate::hash::{Hash, empty_root};
use crate::merkle::MAX_TREE_SIZE;
use crate::note::{KeyKind, KeyName, Note, NoteError, SignatureLine, SigningKey, VerifierKey};

/// The three lines of a checkpoint: origin, tree size, root hash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    /// Which log: its key name.
    pub origin: KeyName,
    /// Number of leaves, at most 2^63 - 1.
    pub size: u64,
    /// Root of the tree of that size.
    pub root: Hash,
}

/// A checkpoint with its signatures, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

/// A checkpoint that cannot be read or is not the log's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note around it is wrong.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not exactly origin, size, root.
    #[error("checkpoint text is not exactly origin, size and root hash")]
    Form,
    /// The size is above 2^63 - 1.
    #[error("checkpoint size {0} is above 2^63 - 1")]
    TooLarge(u64),
    /// The tree is empty and the root is not that of the empty tree.
    #[error("checkpoint of size 0 has another root than the empty tree")]
    EmptyRoot,
    /// Another log's checkpoint.
    #[error("checkpoint is of `{found}`, expected `{expected}`")]
    Origin {
        /// Origin in the text.
        found: KeyName,
        /// Key name it had to be.
        expected: KeyName,
    },
}

impl Checkpoint {
    /// Parses the note text.
    ///
    /// # Errors
    /// [`CheckpointError::Form`], [`CheckpointError::TooLarge`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Form)?.split('\n');
        let (Some(origin), Some(size), Some(root), None) = (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Form);
        };
        let origin = KeyName::new(origin).map_err(|_| CheckpointError::Form)?;
        let size = encoding::decimal(size).ok_or(CheckpointError::Form)?;
        if size > MAX_TREE_SIZE {
            return Err(CheckpointError::TooLarge(size));
        }
        let root = Hash::from_base64(root).ok_or(CheckpointError::Form)?;
        Ok(Self { origin, size, root })
    }

    /// Refuses a checkpoint of size 0 with a root other than the empty tree's.
    ///
    /// # Errors
    /// [`CheckpointError::EmptyRoot`].
    pub fn check_empty(&self) -> Result<(), CheckpointError> {
        if self.size == 0 && self.root != empty_root() { Err(CheckpointError::EmptyRoot) } else { Ok(()) }
    }

    /// Signs with the log's key.
    ///
    /// # Errors
    /// [`CheckpointError::Origin`] when the key has another name, [`CheckpointError::Note`] when it is of another
    /// kind, [`CheckpointError::TooLarge`], [`CheckpointError::EmptyRoot`].
    pub fn sign(&self, key: &SigningKey) -> Result<SignedCheckpoint, CheckpointError> {
        let expected = key.verifier().name();
        if &self.origin != expected {
            return Err(CheckpointError::Origin { found: self.origin.clone(), expected: expected.clone() });
        }
        if self.size > MAX_TREE_SIZE {
            return Err(CheckpointError::TooLarge(self.size));
        }
        self.check_empty()?;
        let note = Note::sign(&self.to_string(), &[key])?;
        Ok(SignedCheckpoint { checkpoint: self.clone(), note })
    }
}

/// The note text.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root)
    }
}

impl SignedCheckpoint {
    /// Parses a checkpoint as served by a log.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let note = Note::parse(bytes)?;
        Ok(Self { checkpoint: Checkpoint::parse(note.text())?, note })
    }

    /// The three lines. Unverified until [`SignedCheckpoint::verify_log`] or a policy has accepted them.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Adds a signature line, for example a witness's cosignature.
    ///
    /// # Errors
    /// [`CheckpointError::Note`] when the note is full.
    pub fn add(&mut self, line: SignatureLine) -> Result<(), CheckpointError> {
        Ok(self.note.add(line)?)
    }

    /// Drops the signature lines for which `keep` does not hold.
    pub fn retain(&mut self, keep: impl FnMut(&SignatureLine) -> bool) {
        self.note.retain(keep);
    }

    /// Checks that the log with this key has signed, under its own name, and that an empty tree has the empty root.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn verify_log(&self, log: &VerifierKey) -> Result<&Checkpoint, CheckpointError> {
        if &self.checkpoint.origin != log.name() {
            let found = self.checkpoint.origin.clone();
            return Err(CheckpointError::Origin { found, expected: log.name().clone() });
        }
        if log.kind() != KeyKind::Ed25519 {
            return Err(NoteError::Unsigned.into());
        }
        self.note.verify([log])?;
        self.checkpoint.check_empty()?;
        Ok(&self.checkpoint)
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.note, f)
    }
}
