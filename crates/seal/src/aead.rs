//! AES-256-GCM: aws-lc-rs natively, `aes-gcm` on wasm32, one shape and the same vectors.

use zeroize::Zeroizing;

/// Length of the tag behind every ciphertext.
pub(crate) const TAG: usize = 16;

/// The ciphertext was not made under this key, nonce and context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Forged;

/// Encrypts; the result is the ciphertext followed by the tag. The caller uses every (key, nonce) once.
///
/// Plaintexts are at most one segment (64 KiB), far below the limit of the cipher.
pub(crate) fn seal(key: &[u8; 32], nonce: [u8; 12], aad: &[u8], mut plaintext: Zeroizing<Vec<u8>>) -> Vec<u8> {
    plaintext.reserve_exact(TAG);
    // INVARIANT: encryption happens in place, so no second copy of the plaintext is left behind.
    let mut buffer = std::mem::take(&mut *plaintext);
    #[expect(clippy::expect_used, reason = "fails only above 64 GiB of plaintext; callers pass at most 64 KiB")]
    let tag = cipher::seal_in_place(key, nonce, aad, &mut buffer).expect("plaintext within the cipher's limit");
    buffer.extend_from_slice(&tag);
    buffer
}

/// Decrypts ciphertext followed by tag.
pub(crate) fn open(key: &[u8; 32], nonce: [u8; 12], aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Forged> {
    let mut buffer = Zeroizing::new(sealed.to_vec());
    let length = sealed.len().checked_sub(TAG).ok_or(Forged)?;
    cipher::open_in_place(key, nonce, aad, &mut buffer).map_err(|_| Forged)?;
    buffer.truncate(length);
    Ok(buffer)
}

#[cfg(not(target_arch = "wasm32"))]
mod cipher {
    use super::{Forged, TAG};
    use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

    fn key(key: &[u8; 32]) -> Result<LessSafeKey, Forged> {
        UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| Forged)
    }

    pub(super) fn seal_in_place(
        k: &[u8; 32],
        nonce: [u8; 12],
        aad: &[u8],
        data: &mut [u8],
    ) -> Result<[u8; TAG], Forged> {
        let tag = key(k)?
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), data)
            .map_err(|_| Forged)?;
        tag.as_ref().try_into().map_err(|_| Forged)
    }

    pub(super) fn open_in_place(k: &[u8; 32], nonce: [u8; 12], aad: &[u8], data: &mut [u8]) -> Result<(), Forged> {
        key(k)?.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(aad), data).map(|_| ()).map_err(|_| Forged)
    }
}

#[cfg(target_arch = "wasm32")]
use portable as cipher;

#[cfg(any(target_arch = "wasm32", test))]
mod portable {
    use super::{Forged, TAG};
    use aes_gcm::aead::{AeadInOut, KeyInit};
    use aes_gcm::{Aes256Gcm, Tag};

    pub(super) fn seal_in_place(
        key: &[u8; 32],
        nonce: [u8; 12],
        aad: &[u8],
        data: &mut [u8],
    ) -> Result<[u8; TAG], Forged> {
        let cipher = Aes256Gcm::new(key.into());
        let tag = cipher.encrypt_inout_detached(&nonce.into(), aad, data.into()).map_err(|_| Forged)?;
        Ok(tag.into())
    }

    pub(super) fn open_in_place(key: &[u8; 32], nonce: [u8; 12], aad: &[u8], data: &mut [u8]) -> Result<(), Forged> {
        let length = data.len().checked_sub(TAG).ok_or(Forged)?;
        let (body, tag) = data.split_at_mut(length);
        let tag: [u8; TAG] = (&*tag).try_into().map_err(|_| Forged)?;
        Aes256Gcm::new(key.into())
            .decrypt_inout_detached(&nonce.into(), aad, body.into(), &Tag::from(tag))
            .map_err(|_| Forged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ciphers_make_the_same_bytes() {
        for length in [0, 1, 15, 16, 17, 64, 1000, 65_536] {
            let plain: Vec<u8> = (0..length).map(|i| (i * 7) as u8).collect();
            let sealed = seal(&[7; 32], [3; 12], b"aad", Zeroizing::new(plain.clone()));
            let mut other = plain.clone();
            let tag = portable::seal_in_place(&[7; 32], [3; 12], b"aad", &mut other).unwrap();
            other.extend_from_slice(&tag);
            assert_eq!(sealed, other);
            assert_eq!(*open(&[7; 32], [3; 12], b"aad", &sealed).unwrap(), plain);
            portable::open_in_place(&[7; 32], [3; 12], b"aad", &mut other).unwrap();
            assert_eq!(other[..length], plain);
            assert_eq!(open(&[7; 32], [3; 12], b"aae", &sealed), Err(Forged));
            assert_eq!(open(&[7; 32], [4; 12], b"aad", &sealed), Err(Forged));
        }
        assert_eq!(open(&[7; 32], [3; 12], b"", b"short"), Err(Forged));
    }
}
