//! AES-256-GCM: aws-lc-rs natively, `aes-gcm` on wasm32, one shape and the same vectors.

#[cfg(not(target_arch = "wasm32"))]
use native as backend;
#[cfg(target_arch = "wasm32")]
use portable as backend;

/// Length of the tag behind every ciphertext.
pub(crate) const TAG: usize = 16;

/// The ciphertext was not made under this key, nonce and context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Forged;

/// A key made ready. Callers use every (key, nonce) once, for at most one segment (64 KiB).
pub(crate) struct Cipher(backend::Key);

impl Cipher {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(backend::key(key))
    }

    /// Encrypts `buffer` from `start` on in place and appends the tag: no second copy of the plaintext is left behind.
    pub(crate) fn seal_tail(&self, nonce: [u8; 12], aad: &[u8], buffer: &mut Vec<u8>, start: usize) {
        let data = buffer.get_mut(start..).unwrap_or_default();
        #[expect(clippy::expect_used, reason = "fails only above 64 GiB of plaintext; callers pass at most 64 KiB")]
        let tag = backend::seal(&self.0, nonce, aad, data).expect("plaintext within the cipher's limit");
        buffer.extend_from_slice(&tag);
    }

    /// Decrypts ciphertext and tag in `buffer` from `start` on in place and removes the tag.
    pub(crate) fn open_tail(
        &self,
        nonce: [u8; 12],
        aad: &[u8],
        buffer: &mut Vec<u8>,
        start: usize,
    ) -> Result<(), Forged> {
        let length = buffer.len().checked_sub(TAG).filter(|length| *length >= start).ok_or(Forged)?;
        backend::open(&self.0, nonce, aad, buffer.get_mut(start..).ok_or(Forged)?)?;
        buffer.truncate(length);
        Ok(())
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use super::{Forged, TAG};
    use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

    pub(super) type Key = LessSafeKey;

    pub(super) fn key(key: &[u8; 32]) -> Key {
        #[expect(clippy::expect_used, reason = "fails only for a key of another length than 32 bytes")]
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("a key of 32 bytes"))
    }

    pub(super) fn seal(key: &Key, nonce: [u8; 12], aad: &[u8], data: &mut [u8]) -> Result<[u8; TAG], Forged> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), data).map_err(|_| Forged)?;
        tag.as_ref().try_into().map_err(|_| Forged)
    }

    pub(super) fn open(key: &Key, nonce: [u8; 12], aad: &[u8], data: &mut [u8]) -> Result<(), Forged> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        key.open_in_place(nonce, Aad::from(aad), data).map(|_| ()).map_err(|_| Forged)
    }
}

#[cfg(any(target_arch = "wasm32", test))]
mod portable {
    use super::{Forged, TAG};
    use aes_gcm::aead::{AeadInOut, KeyInit};
    use aes_gcm::{Aes256Gcm, Tag};

    pub(super) type Key = Aes256Gcm;

    pub(super) fn key(key: &[u8; 32]) -> Key {
        Aes256Gcm::new(key.into())
    }

    pub(super) fn seal(key: &Key, nonce: [u8; 12], aad: &[u8], data: &mut [u8]) -> Result<[u8; TAG], Forged> {
        key.encrypt_inout_detached(&nonce.into(), aad, data.into()).map(Into::into).map_err(|_| Forged)
    }

    pub(super) fn open(key: &Key, nonce: [u8; 12], aad: &[u8], data: &mut [u8]) -> Result<(), Forged> {
        let length = data.len().checked_sub(TAG).ok_or(Forged)?;
        let (body, tag) = data.split_at_mut(length);
        let tag: [u8; TAG] = (&*tag).try_into().map_err(|_| Forged)?;
        key.decrypt_inout_detached(&nonce.into(), aad, body.into(), &Tag::from(tag)).map_err(|_| Forged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ciphers_make_the_same_bytes() {
        let (ours, other) = (Cipher::new(&[7; 32]), portable::key(&[7; 32]));
        for length in [0, 1, 15, 16, 17, 64, 1000, 65_536] {
            let plain: Vec<u8> = (0..length).map(|i| (i * 7) as u8).collect();
            let mut sealed = [b"before", &plain[..]].concat();
            ours.seal_tail([3; 12], b"aad", &mut sealed, 6);
            let mut theirs = plain.clone();
            let tag = portable::seal(&other, [3; 12], b"aad", &mut theirs).unwrap();
            theirs.extend_from_slice(&tag);
            assert_eq!(sealed[6..], theirs);
            for (nonce, aad) in [([3; 12], &b"aae"[..]), ([4; 12], b"aad")] {
                assert_eq!(ours.open_tail(nonce, aad, &mut theirs.clone(), 0), Err(Forged));
                assert_eq!(portable::open(&other, nonce, aad, &mut theirs.clone()), Err(Forged));
            }
            ours.open_tail([3; 12], b"aad", &mut sealed, 6).unwrap();
            assert_eq!(sealed[6..], plain);
            portable::open(&other, [3; 12], b"aad", &mut theirs).unwrap();
            assert_eq!(theirs[..length], plain);
        }
        assert_eq!(ours.open_tail([3; 12], b"", &mut b"short".to_vec(), 0), Err(Forged));
    }
}
