//! Lower-case hexadecimal, the only spelling of fixed-length bytes in our JSON documents.

/// Lower-case hexadecimal of `bytes`.
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            out.push(char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }));
        }
    }
    out
}

/// Reads exactly `N` bytes of lower-case hexadecimal; upper case, other lengths and other characters give `None`.
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let raw = text.as_bytes();
    if raw.len() != N * 2 {
        return None;
    }
    let mut out = [0u8; N];
    for (slot, pair) in out.iter_mut().zip(raw.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *slot = (nibble(*high)? << 4) | nibble(*low)?;
    }
    Some(out)
}

fn nibble(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lower_case_of_the_exact_length() {
        assert_eq!(unhex::<2>("00ff"), Some([0, 255]));
        for bad in ["00FF", "00f", "00ff0", "0x00", "zz00", ""] {
            assert_eq!(unhex::<2>(bad), None, "{bad}");
        }
        assert_eq!(hex(&[0, 255, 16]), "00ff10");
    }
}
