/// Largest entry in bytes: its length is written in 16 bits.
pub const MAX_ENTRY_BYTES: usize = 65_535;

/// Entries that cannot be bundled, or a bundle that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// An entry is longer than 65,535 bytes.
    #[error("entry of {0} bytes is longer than 65,535")]
    EntryTooLong(usize),
    /// The bundle ends within an entry.
    #[error("bundle ends within entry {0}")]
    Truncated(usize),
    /// The bundle holds another number of entries than its path says.
    #[error("bundle holds {found} entries, expected {expected}")]
    Count {
        /// Entries found (at least, when there is more to come).
        found: usize,
        /// Entries its path promises.
        expected: usize,
    },
}

/// Entries one after the other, each behind its length as u16 big endian.
///
/// # Errors
/// [`BundleError::EntryTooLong`].
pub fn encode_bundle<T: AsRef<[u8]>>(entries: impl IntoIterator<Item = T>) -> Result<Vec<u8>, BundleError> {
    let mut bytes = Vec::new();
    for entry in entries {
        append(&mut bytes, entry.as_ref())?;
    }
    Ok(bytes)
}

pub(super) fn append(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), BundleError> {
    let length = u16::try_from(entry.len()).map_err(|_| BundleError::EntryTooLong(entry.len()))?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// The `width` entries of a bundle.
///
/// # Errors
/// [`BundleError::Truncated`], [`BundleError::Count`].
pub fn decode_bundle(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, BundleError> {
    let expected = usize::from(width);
    let mut entries = Vec::with_capacity(expected.min(256));
    let mut rest = bytes;
    while !rest.is_empty() {
        let found = entries.len();
        if found == expected {
            return Err(BundleError::Count { found: found + 1, expected });
        }
        let (length, after) = rest.split_first_chunk::<2>().ok_or(BundleError::Truncated(found))?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or(BundleError::Truncated(found))?;
        entries.push(entry);
        rest = after;
    }
    if entries.len() == expected { Ok(entries) } else { Err(BundleError::Count { found: entries.len(), expected }) }
}
