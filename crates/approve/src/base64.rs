//! Base64 with one spelling per byte string: RFC 4648 with padding, and its URL alphabet without.

use base64ct::{Base64, Base64UrlUnpadded, Encoding};

/// Reads base64 with padding; other spellings of the same bytes give `None`.
pub(crate) fn padded(text: &str) -> Option<Vec<u8>> {
    canonical::<Base64>(text)
}

/// Reads base64url without padding; other spellings of the same bytes give `None`.
pub(crate) fn url(text: &str) -> Option<Vec<u8>> {
    canonical::<Base64UrlUnpadded>(text)
}

/// Writes base64 with padding.
pub(crate) fn write_padded(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// Writes base64url without padding.
pub(crate) fn write_url(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

fn canonical<E: Encoding>(text: &str) -> Option<Vec<u8>> {
    // INVARIANT: equality with the re-spelling refuses set padding bits whatever the decoder tolerates.
    E::decode_vec(text).ok().filter(|bytes| E::encode_string(bytes) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_per_byte_string() {
        assert_eq!(padded("AA=="), Some(vec![0]));
        assert_eq!(url("AA"), Some(vec![0]));
        for bad in ["AB==", "AA", "AA=", "AA== ", "A A==", "AA==\n", "-_==", "A", "===="] {
            assert_eq!(padded(bad), None, "{bad:?}");
        }
        for bad in ["AB", "AA==", "A", "+/8", "AA\n"] {
            assert_eq!(url(bad), None, "{bad:?}");
        }
    }
}
