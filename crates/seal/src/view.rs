//! Masked views at rest: what a support desk sees of a client without a release, kept beside the sealed record.
//!
//! Layout: version 1 || salt (32) || AES-256-GCM of length (u16 LE) || view || zeroes up to [`ROOM`], nonce 0, the key derived from the
//! custodian's key, the client's sigma, the handle and the salt. A copy of the database alone does not open a view, and a client
//! whose sigma is deleted has none any more, here or in a backup. The custodian can read every view: that is what it is for. Byte by
//! byte: `docs/formats/view.md`.

use crate::aead::{Cipher, TAG};
use crate::hash::{Salt, domain};
use crate::sigma::Sigma;
use countersign_core::id::Handle;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Longest view in bytes. Every sealed view has the same length.
pub const ROOM: usize = 256;

const VERSION: u8 = 1;
const HEAD: usize = 1 + 32;
const COUNT: usize = 2;

/// Why a view cannot be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// More bytes than a view holds.
    #[error("a view of {0} bytes; it has at most 256")]
    TooLong(usize),
    /// Not the layout.
    #[error("not a sealed view: its version or its length is wrong")]
    Layout,
    /// Another key, another client, or changed.
    #[error("the view does not open: it is another client's, or it was changed")]
    Forged,
    /// Opens, and is not what a writer of this version makes.
    #[error("the view opens but is not in the one form that a writer makes")]
    Content,
}

/// The custodian's key of views. Wiped when dropped; has no `Debug`.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct ViewKey([u8; 32]);

impl ViewKey {
    /// Takes 32 secret bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Encrypts a client's view. `salt` are 32 fresh random bytes for every version of a view.
    ///
    /// # Errors
    /// [`ViewError::TooLong`].
    pub fn seal(&self, handle: &Handle, sigma: &Sigma, salt: &[u8; 32], view: &[u8]) -> Result<Vec<u8>, ViewError> {
        let length = u16::try_from(view.len()).ok().filter(|length| usize::from(*length) <= ROOM);
        let length = length.ok_or(ViewError::TooLong(view.len()))?;
        let mut out = Vec::with_capacity(HEAD + COUNT + ROOM + TAG);
        out.push(VERSION);
        out.extend_from_slice(salt);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(view);
        out.resize(HEAD + COUNT + ROOM, 0);
        self.cipher(handle, sigma, salt).seal_tail([0; 12], &[VERSION], &mut out, HEAD);
        Ok(out)
    }

    /// Decrypts a client's view.
    ///
    /// # Errors
    /// [`ViewError`] for whatever [`seal`](Self::seal) has not made for this client under this key.
    pub fn open(&self, handle: &Handle, sigma: &Sigma, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, ViewError> {
        if sealed.len() != HEAD + COUNT + ROOM + TAG {
            return Err(ViewError::Layout);
        }
        let (version, rest) = sealed.split_first().ok_or(ViewError::Layout)?;
        let (salt, sealed) = rest.split_first_chunk::<32>().ok_or(ViewError::Layout)?;
        if *version != VERSION {
            return Err(ViewError::Layout);
        }
        let mut plain = Zeroizing::new(sealed.to_vec());
        let cipher = self.cipher(handle, sigma, salt);
        cipher.open_tail([0; 12], &[VERSION], &mut plain, 0).map_err(|_| ViewError::Forged)?;
        let (length, rest) = plain.split_first_chunk::<COUNT>().ok_or(ViewError::Layout)?;
        let length = usize::from(u16::from_le_bytes(*length));
        let (view, padding) = rest.split_at_checked(length).ok_or(ViewError::Content)?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(ViewError::Content);
        }
        Ok(Zeroizing::new(view.to_vec()))
    }

    fn cipher(&self, handle: &Handle, sigma: &Sigma, salt: &[u8; 32]) -> Cipher {
        let extracted = Salt::new(&self.0).extract(&[sigma.expose()]);
        Cipher::new(&extracted.expand::<32>(domain!("view"), &[handle.as_bytes(), salt]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANDLE: Handle = Handle([2; 32]);

    fn key() -> ViewKey {
        ViewKey::from_bytes([1; 32])
    }

    fn sigma(byte: u8) -> Sigma {
        Sigma::from_bytes([byte; 32])
    }

    #[test]
    fn a_view_opens_for_its_client_only_and_tells_nothing_by_its_length() {
        let sealed = key().seal(&HANDLE, &sigma(3), &[4; 32], b"a view").unwrap();
        assert_eq!(key().open(&HANDLE, &sigma(3), &sealed).unwrap().as_slice(), b"a view");
        assert_eq!(key().open(&Handle([9; 32]), &sigma(3), &sealed), Err(ViewError::Forged));
        assert_eq!(key().open(&HANDLE, &sigma(9), &sealed), Err(ViewError::Forged));
        assert_eq!(ViewKey::from_bytes([9; 32]).open(&HANDLE, &sigma(3), &sealed), Err(ViewError::Forged));
        for view in [&b""[..], &[7; ROOM]] {
            let other = key().seal(&HANDLE, &sigma(3), &[5; 32], view).unwrap();
            assert_eq!(other.len(), sealed.len());
            assert_eq!(key().open(&HANDLE, &sigma(3), &other).unwrap().as_slice(), view);
        }
        assert_eq!(key().seal(&HANDLE, &sigma(3), &[4; 32], &[7; ROOM + 1]), Err(ViewError::TooLong(257)));
    }

    #[test]
    fn whatever_is_changed_in_a_sealed_view_is_noticed() {
        let sealed = key().seal(&HANDLE, &sigma(3), &[4; 32], b"a view").unwrap();
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            let expected = if place == 0 { ViewError::Layout } else { ViewError::Forged };
            assert_eq!(key().open(&HANDLE, &sigma(3), &changed), Err(expected), "byte {place}");
        }
        for length in [0, 1, 33, sealed.len() - 1] {
            assert_eq!(key().open(&HANDLE, &sigma(3), &sealed[..length]), Err(ViewError::Layout));
        }
        assert_eq!(key().open(&HANDLE, &sigma(3), &[sealed, vec![0]].concat()), Err(ViewError::Layout));
    }

    #[test]
    fn a_length_or_padding_that_no_writer_makes_is_refused() {
        let sealed = |length: u16, filler: u8| {
            let mut out = [vec![VERSION], vec![4; 32], length.to_le_bytes().to_vec(), vec![filler; ROOM]].concat();
            key().cipher(&HANDLE, &sigma(3), &[4; 32]).seal_tail([0; 12], &[VERSION], &mut out, HEAD);
            key().open(&HANDLE, &sigma(3), &out)
        };
        assert_eq!(sealed(0, 0).unwrap().as_slice(), b"");
        assert_eq!(sealed(ROOM as u16, 1).unwrap().as_slice(), [1; ROOM]);
        for (length, filler) in [(ROOM as u16 + 1, 0), (u16::MAX, 0), (ROOM as u16 - 1, 1), (0, 1)] {
            assert_eq!(sealed(length, filler), Err(ViewError::Content), "{length} {filler}");
        }
    }
}
