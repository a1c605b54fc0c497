//! A list of byte strings, each behind its length (u32 little endian): the form of this crate's own files.

use zeroize::Zeroizing;

/// Writes the parts; they may be secret.
pub(crate) fn write(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    // Reserved at once: a buffer that grows leaves copies of secrets behind.
    let mut out = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum()));
    for part in parts {
        out.extend_from_slice(&(part.len() as u32).to_le_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// Reads the parts; `None` unless `bytes` is exactly such a list.
pub(crate) fn read(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut parts = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let (part, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        parts.push(part);
        bytes = rest;
    }
    bytes.is_empty().then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_parts_are_read() {
        let parts: [&[u8]; 4] = [b"", b"a", &[0; 300], b""];
        let written = write(&parts);
        assert_eq!(read(&written).unwrap(), parts);
        assert_eq!(read(b"").unwrap(), Vec::<&[u8]>::new());
        let whole: Vec<usize> = (0..=written.len()).filter(|end| read(&written[..*end]).is_some()).collect();
        assert_eq!(whole, [0, 4, 9, 313, 317]);
        assert!(read(&[255, 255, 255, 255, 1]).is_none());
    }
}
