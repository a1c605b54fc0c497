//! Base58Check: 21 bytes and four bytes of their double SHA-256.

use crate::wire::sha256d;

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const LEN: usize = 25;
/// 58^35 is above 256^25, so no address is longer.
const MAX_TEXT: usize = 35;

pub(super) fn encode(prefix: u8, body: &[u8]) -> String {
    let check = sha256d(&[&[prefix], body]);
    let mut number: Vec<u8> =
        std::iter::once(prefix).chain(body.iter().copied()).chain(check.into_iter().take(4)).collect();
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let mut digits = Vec::new();
    while number.iter().any(|byte| *byte != 0) {
        let mut rest = 0u32;
        for byte in &mut number {
            let value = rest << 8 | u32::from(*byte);
            *byte = u8::try_from(value / 58).unwrap_or_default();
            rest = value % 58;
        }
        digits.extend(ALPHABET.get(rest as usize));
    }
    digits.extend(std::iter::repeat_n(b'1', zeros));
    digits.reverse();
    digits.into_iter().map(char::from).collect()
}

/// Prefix and body, when the text is 21 bytes in Base58Check.
pub(super) fn decode(text: &str) -> Option<(u8, [u8; 20])> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let mut number = [0u8; LEN];
    for character in text.bytes() {
        let mut carry = u32::try_from(ALPHABET.iter().position(|digit| *digit == character)?).ok()?;
        for byte in number.iter_mut().rev() {
            let value = u32::from(*byte) * 58 + carry;
            *byte = (value & 0xff) as u8;
            carry = value >> 8;
        }
        if carry != 0 {
            return None;
        }
    }
    let (payload, check) = number.split_at(21);
    if !sha256d(&[payload]).starts_with(check) {
        return None;
    }
    let (prefix, body) = payload.split_first()?;
    let body: [u8; 20] = body.try_into().ok()?;
    // One spelling only: as many leading ones as leading zero bytes.
    (encode(*prefix, &body) == text).then_some((*prefix, body))
}
