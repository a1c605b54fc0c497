//! Reading the length-prefixed binary form of the SSH protocol (RFC 4251, section 5) from foreign bytes.

/// A position in SSH wire bytes. Every method gives `None` when the bytes end too early.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(crate) fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u32()?).ok()?;
        self.take(length)
    }

    /// A positive integer of at most 32 bytes, left-padded with zeros; only the shortest spelling.
    pub(crate) fn scalar(&mut self) -> Option<[u8; 32]> {
        let digits = match self.string()? {
            [0, rest @ ..] if rest.first().is_some_and(|byte| *byte >= 0x80) => rest,
            digits if digits.first().is_some_and(|byte| (1..0x80).contains(byte)) => digits,
            _ => return None,
        };
        let mut out = [0; 32];
        out.get_mut(32usize.checked_sub(digits.len())?..)?.copy_from_slice(digits);
        Some(out)
    }

    pub(crate) fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

/// Appends `bytes` as an SSH string.
///
/// Lengths above `u32::MAX` cannot occur: every caller's input is bounded by a format limit far below.
pub(crate) fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(bytes: &[u8]) -> Option<[u8; 32]> {
        let mut wire = Vec::new();
        put_string(&mut wire, bytes);
        Reader::new(&wire).scalar()
    }

    #[test]
    fn integers_have_one_spelling() {
        assert_eq!(scalar(&[5]).unwrap()[31], 5);
        assert_eq!(scalar(&[0, 0x80]).unwrap()[31], 0x80);
        assert!(scalar(&[0x7f; 32]).is_some());
        let full = [&[0][..], &[0xff; 32]].concat();
        assert!(scalar(&full).is_some());
        let long = [&[1][..], &[0xff; 32]].concat();
        for bad in [&[][..], &[0], &[0, 1], &[0x80], &[0, 0, 0x80], &long] {
            assert_eq!(scalar(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_length_beyond_the_end_is_refused() {
        assert!(Reader::new(&[0, 0, 0, 2, 1]).string().is_none());
        assert!(Reader::new(&[0xff, 0xff, 0xff, 0xff]).string().is_none());
        assert!(Reader::new(&[0, 0, 0]).u32().is_none());
    }
}
