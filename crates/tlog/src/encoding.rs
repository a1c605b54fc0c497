//! Strict text encodings shared by the formats: one spelling per value, everything else is refused.

use base64ct::{Base64, Base64UrlUnpadded, Encoding};

/// Decimal without sign, spaces or leading zeroes (`0` itself excepted).
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let canonical = match bytes {
        [] => false,
        [b'0'] => true,
        [b'0', ..] => false,
        _ => bytes.len() <= 20 && bytes.iter().all(u8::is_ascii_digit),
    };
    if canonical { text.parse().ok() } else { None }
}

/// RFC 4648 section 4, padded, no non-zero trailing bits.
pub(crate) fn base64(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

pub(crate) fn base64_decode(text: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(text).ok()
}

/// Exactly 32 bytes in padded base64.
pub(crate) fn base64_hash(text: &str) -> Option<[u8; 32]> {
    if text.len() != 44 {
        return None;
    }
    let mut out = [0_u8; 32];
    match Base64::decode(text, &mut out) {
        Ok(bytes) if bytes.len() == 32 => Some(out),
        _ => None,
    }
}

/// RFC 4648 section 5, unpadded, no non-zero trailing bits.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

pub(crate) fn base64url_decode(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text).ok()
}

/// Whether the text is 32 bytes as [`base64url`] writes them.
pub(crate) fn is_base64url_hash(text: &str) -> bool {
    let bytes = text.as_bytes();
    // No early end: so the compiler looks at many characters at once.
    let alphabet =
        bytes.iter().fold(true, |good, byte| good & (byte.is_ascii_alphanumeric() | (*byte == b'-') | (*byte == b'_')));
    // 43 characters hold 258 bits; the last two must be zero.
    alphabet && bytes.len() == 43 && bytes.last().is_some_and(|last| b"AEIMQUYcgkosw048".contains(last))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Exactly `N` bytes in lower-case hexadecimal.
pub(crate) fn hex_decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 {
        return None;
    }
    let mut out = [0_u8; N];
    for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = pair.iter().try_fold(0_u8, |value, digit| {
            let digit = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                _ => return None,
            };
            Some(value << 4 | digit)
        })?;
    }
    Some(out)
}

/// A piece of foreign input, shortened so that it can stand in an error message.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = text.chars().take(LONGEST).flat_map(char::escape_default).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_has_one_spelling() {
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("18446744073709551615"), Some(u64::MAX));
        for bad in ["", "00", "01", "+1", "-1", " 1", "1 ", "1_0", "18446744073709551616", "٣", "1e3"] {
            assert_eq!(decimal(bad), None, "{bad}");
        }
    }

    #[test]
    fn base64_refuses_other_spellings() {
        assert_eq!(base64_decode("AA=="), Some(vec![0]));
        for bad in ["AB==", "AA", "AA=", "AA==\n", "A-==", "=AA="] {
            assert_eq!(base64_decode(bad), None, "{bad}");
        }
        assert_eq!(base64url_decode("AA"), Some(vec![0]));
        for bad in ["AB", "AA==", "A", "A+"] {
            assert_eq!(base64url_decode(bad), None, "{bad}");
        }
    }

    #[test]
    fn hashes_in_base64url_have_one_spelling() {
        for byte in 0..=255 {
            let good = base64url(&[byte; 32]);
            assert!(is_base64url_hash(&good));
            for last in 0..=255_u8 {
                let text = [&good.as_bytes()[..42], &[last]].concat();
                let Ok(text) = str::from_utf8(&text) else { continue };
                assert_eq!(
                    is_base64url_hash(text),
                    base64url_decode(text).is_some_and(|hash| hash.len() == 32),
                    "{text}"
                );
            }
        }
        for bad in [String::new(), base64url(&[0; 31]), base64url(&[0; 33]), format!("+{}", &base64url(&[0; 32])[1..])]
        {
            assert!(!is_base64url_hash(&bad), "{bad}");
        }
    }

    #[test]
    fn hex_is_lower_case_only() {
        assert_eq!(hex_decode::<2>("00ff"), Some([0, 255]));
        for bad in ["00FF", "00f", "00fff", "0x00", "00 f"] {
            assert_eq!(hex_decode::<2>(bad), None, "{bad}");
        }
    }
}
