//! Base58Check as in bitcoin addresses: one version byte, 20 bytes, four bytes of checksum.

use sha2::{Digest as _, Sha256};

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The version byte of a well-formed address. Its characters are then the only spelling of these 25 bytes.
pub(super) fn version(address: &str) -> Option<u8> {
    let mut bytes = [0u8; 25];
    for character in address.bytes() {
        let mut carry = ALPHABET.iter().position(|known| *known == character)?;
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        if carry != 0 {
            return None;
        }
    }
    let ones = address.bytes().take_while(|character| *character == b'1').count();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let (body, checksum) = bytes.split_last_chunk::<4>()?;
    let hash = Sha256::digest(Sha256::digest(body));
    (ones == zeros && hash.first_chunk() == Some(checksum)).then(|| body.first().copied())?
}
