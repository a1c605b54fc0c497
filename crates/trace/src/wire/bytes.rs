//! A reader over bytes that knows where it stands.

/// Bytes that are not what they should be, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {offset}")]
pub struct Malformed {
    /// Offset from the start of the bytes that were read.
    pub offset: u64,
    /// What is wrong there.
    pub what: &'static str,
}

/// Reads little-endian fields one after the other; every read is checked against what is left.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    whole: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    pub fn new(whole: &'a [u8]) -> Self {
        Self { whole, at: 0 }
    }

    /// How many bytes were read.
    pub fn position(&self) -> usize {
        self.at
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.whole.len().saturating_sub(self.at)
    }

    /// The bytes from an earlier position to here.
    pub fn since(&self, start: usize) -> &'a [u8] {
        self.whole.get(start..self.at).unwrap_or_default()
    }

    /// An error at the current position.
    pub fn wrong(&self, what: &'static str) -> Malformed {
        Malformed { offset: self.at as u64, what }
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// [`Malformed`] when fewer are left.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.whole.len());
        let Some(end) = end else { return Err(self.wrong("ends too early")) };
        let found = self.whole.get(self.at..end).unwrap_or_default();
        self.at = end;
        Ok(found)
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`Malformed`] when fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let start = self.at;
        let found = self.take(N)?;
        found.try_into().map_err(|_| Malformed { offset: start as u64, what: "ends too early" })
    }

    /// One byte.
    ///
    /// # Errors
    /// [`Malformed`] at the end.
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Four bytes, little endian.
    ///
    /// # Errors
    /// [`Malformed`] when fewer are left.
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes, little endian.
    ///
    /// # Errors
    /// [`Malformed`] when fewer are left.
    pub fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    /// A CompactSize number in its shortest form, as the network demands.
    ///
    /// # Errors
    /// [`Malformed`] when it is cut off or longer than needed.
    pub fn compact(&mut self) -> Result<u64, Malformed> {
        let start = self.at;
        let (value, least) = match self.byte()? {
            0xfd => (u64::from(u16::from_le_bytes(self.array()?)), 0xfd),
            0xfe => (u64::from(self.u32()?), 0x1_0000),
            0xff => (self.u64()?, 0x1_0000_0000),
            short => (u64::from(short), 0),
        };
        if value < least {
            return Err(Malformed { offset: start as u64, what: "a count is not in its shortest form" });
        }
        Ok(value)
    }

    /// A CompactSize count of things that have at least `least` bytes each; a count that cannot fit into what is left is refused
    /// before anything is allocated for it.
    ///
    /// # Errors
    /// [`Malformed`] also for absurd counts.
    pub fn count(&mut self, least: usize) -> Result<usize, Malformed> {
        let start = self.at;
        let value = self.compact()?;
        let most = (self.left() / least.max(1)) as u64;
        usize::try_from(value)
            .ok()
            .filter(|_| value <= most)
            .ok_or(Malformed { offset: start as u64, what: "a count is larger than what is left could hold" })
    }

    /// Bytes after their CompactSize length.
    ///
    /// # Errors
    /// [`Malformed`] when fewer are left.
    pub fn prefixed(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.count(1)?;
        self.take(length)
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// [`Malformed`] at the first byte too many.
    pub fn end(&self) -> Result<(), Malformed> {
        if self.left() == 0 { Ok(()) } else { Err(self.wrong("bytes are left over")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_shortest_and_fit() {
        for (bytes, value) in [(&[0xfc][..], 0xfc), (&[0xfd, 0xfd, 0], 0xfd), (&[0xfe, 0, 0, 1, 0], 0x1_0000)] {
            assert_eq!(Reader::new(bytes).compact(), Ok(value));
        }
        for bad in [&[0xfd, 0xfc, 0][..], &[0xfe, 0xff, 0xff, 0, 0], &[0xff, 0, 0, 0, 0, 0, 0, 0, 0], &[0xfd, 1], &[]] {
            assert!(Reader::new(bad).compact().is_err(), "{bad:?}");
        }
        let absurd = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        let error = Reader::new(&absurd).count(1).unwrap_err();
        assert_eq!(error.to_string(), "a count is larger than what is left could hold at byte 0");
        assert_eq!(Reader::new(&[2, 7]).prefixed().unwrap_err().offset, 0);
    }
}
