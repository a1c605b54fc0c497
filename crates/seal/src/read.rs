//! A cursor over foreign binary bytes that never panics and never allocates by a length it was told.

/// Bytes ended before the field did, or were left over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// A field goes beyond the end.
    #[error("the bytes end inside {0}")]
    Short(&'static str),
    /// Bytes behind the last field.
    #[error("{0} bytes behind the end")]
    Trailing(usize),
}

/// The unread rest of the bytes.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next `length` bytes.
    pub(crate) fn slice(&mut self, length: usize, field: &'static str) -> Result<&'a [u8], LayoutError> {
        let (head, rest) = self.0.split_at_checked(length).ok_or(LayoutError::Short(field))?;
        self.0 = rest;
        Ok(head)
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], LayoutError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(LayoutError::Short(field))?;
        self.0 = rest;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, LayoutError> {
        self.array::<1>(field).map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, LayoutError> {
        self.array(field).map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, LayoutError> {
        self.array(field).map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self, field: &'static str) -> Result<u64, LayoutError> {
        self.array(field).map(u64::from_le_bytes)
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Result<(), LayoutError> {
        if self.0.is_empty() { Ok(()) } else { Err(LayoutError::Trailing(self.0.len())) }
    }
}
