//! Domain-separated SHA-256.

use crate::id::Digest;
use sha2::{Digest as _, Sha256};

/// SHA-256(domain || bytes): the digest of one document kept as exact bytes.
///
/// The domain is a constant ending in a version, so no domain is a prefix of another followed by document bytes:
/// every document starts with `{`.
pub fn document(domain: &str, bytes: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    hash.update(domain.as_bytes());
    hash.update(bytes);
    Digest(hash.finalize().into())
}

/// SHA-256(len(domain) || domain || (len(x) || x)*), lengths u64 LE: the digest of a list of parts.
pub fn parts(domain: &str, parts: &[&[u8]]) -> Digest {
    let mut hash = Sha256::new();
    for part in std::iter::once(&domain.as_bytes()).chain(parts) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    Digest(hash.finalize().into())
}

/// Plain SHA-256, for foreign bytes whose digest outsiders recompute with standard tools.
pub fn plain(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_bound() {
        assert_ne!(parts("d", &[b"ab", b"c"]), parts("d", &[b"a", b"bc"]));
        assert_ne!(parts("d", &[b"ab"]), parts("da", &[b"b"]));
        assert_eq!(plain(b"").to_hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(document("", b"").to_hex(), plain(b"").to_hex());
    }
}
