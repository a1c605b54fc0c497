//! Posting lists of the blind index: the handles behind one token, padded and encrypted under a key that only the token gives.
//!
//! Layout: version 1 || salt (32) || AES-256-GCM of count (u16 LE) || handles ascending || zeroes up to the bucket, nonce 0, the
//! key derived from the list's key and the salt, so that every version of a list has a key of its own. Byte by byte:
//! `docs/formats/blind-index.md`. Whoever writes the store can put back an older version of a list or take it away: the
//! encryption hides, it does not count.

use crate::aead::{Cipher, TAG};
use crate::hash::{Salt, domain};
use crate::oprf::Token;
use countersign_core::id::Handle;
use std::collections::BTreeSet;
use zeroize::Zeroizing;

/// Room for this many handles: the size of a list tells which of these, no more.
pub const BUCKETS: [usize; 5] = [4, 16, 64, 256, 1024];

const VERSION: u8 = 1;
const HEAD: usize = 1 + 32;
const COUNT: usize = 2;

/// Why a list cannot be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PostingError {
    /// No handle, or more than the largest bucket holds.
    #[error("a posting list of {0} handles; it has 1 to 1024")]
    Handles(usize),
    /// Not the layout.
    #[error("not a posting list: its version or its length is wrong")]
    Layout,
    /// Another key, another name, or changed.
    #[error("the posting list does not open under this token: it is another's, or it was changed")]
    Forged,
    /// Opens, and is not what a writer of this version makes.
    #[error("the posting list opens but is not in the one form that a writer makes")]
    Content,
}

/// Name and key of one list. Wiped when dropped; has no `Debug`.
pub struct List {
    name: [u8; 16],
    key: Zeroizing<[u8; 32]>,
}

impl List {
    /// The list that a token names.
    pub fn of(token: &Token) -> Self {
        Self::new(token.name(), token.posting_key())
    }

    /// A list by its name and key.
    pub fn new(name: [u8; 16], key: Zeroizing<[u8; 32]>) -> Self {
        Self { name, key }
    }

    /// The name under which the list is stored.
    pub fn name(&self) -> [u8; 16] {
        self.name
    }

    /// Encrypts the handles. `salt` are 32 fresh random bytes for every version of a list.
    ///
    /// # Errors
    /// [`PostingError::Handles`].
    pub fn seal(&self, handles: &BTreeSet<Handle>, salt: &[u8; 32]) -> Result<Vec<u8>, PostingError> {
        let count = handles.len();
        let bucket = bucket_of(count).ok_or(PostingError::Handles(count))?;
        let length = HEAD + COUNT + 32 * bucket;
        let mut out = Vec::with_capacity(length + TAG);
        out.push(VERSION);
        out.extend_from_slice(salt);
        out.extend_from_slice(&(count as u16).to_le_bytes());
        handles.iter().for_each(|handle| out.extend_from_slice(handle.as_bytes()));
        out.resize(length, 0);
        self.cipher(salt).seal_tail([0; 12], &self.context(), &mut out, HEAD);
        Ok(out)
    }

    /// Decrypts a list.
    ///
    /// # Errors
    /// [`PostingError`] for whatever [`seal`](Self::seal) has not made under the same name and key.
    pub fn open(&self, sealed: &[u8]) -> Result<BTreeSet<Handle>, PostingError> {
        let bucket =
            sealed.len().checked_sub(HEAD + COUNT + TAG).filter(|length| length % 32 == 0).map(|length| length / 32);
        let bucket = bucket.filter(|bucket| BUCKETS.contains(bucket)).ok_or(PostingError::Layout)?;
        let (version, rest) = sealed.split_first().ok_or(PostingError::Layout)?;
        let (salt, sealed) = rest.split_first_chunk::<32>().ok_or(PostingError::Layout)?;
        if *version != VERSION {
            return Err(PostingError::Layout);
        }
        let mut plain = sealed.to_vec();
        self.cipher(salt).open_tail([0; 12], &self.context(), &mut plain, 0).map_err(|_| PostingError::Forged)?;
        let (count, rest) = plain.split_first_chunk::<COUNT>().ok_or(PostingError::Layout)?;
        let count = usize::from(u16::from_le_bytes(*count));
        let (listed, padding) = rest.split_at_checked(32 * count).ok_or(PostingError::Content)?;
        let handles: Vec<Handle> = listed.as_chunks::<32>().0.iter().map(|bytes| Handle(*bytes)).collect();
        let one_form = bucket_of(count) == Some(bucket)
            && handles.is_sorted_by(|left, right| left < right)
            && padding.iter().all(|byte| *byte == 0);
        if one_form { Ok(handles.into_iter().collect()) } else { Err(PostingError::Content) }
    }

    fn cipher(&self, salt: &[u8; 32]) -> Cipher {
        let key =
            Salt::new(salt).extract(&[self.key.as_slice()]).expand::<32>(domain!("posting-cipher"), &[&self.name]);
        Cipher::new(&key)
    }

    fn context(&self) -> [u8; 17] {
        let mut context = [VERSION; 17];
        context.iter_mut().skip(1).zip(self.name).for_each(|(slot, byte)| *slot = byte);
        context
    }
}

/// The smallest bucket that holds `count` handles.
fn bucket_of(count: usize) -> Option<usize> {
    BUCKETS.into_iter().find(|bucket| (1..=*bucket).contains(&count))
}
