//! Digests of content (RFC 9530): `Content-Digest` with SHA-256, SHA-512 or both.

use super::fields::{Bare, Member, dictionary};
use sha2::{Digest as _, Sha256, Sha512};

/// Checks a `Content-Digest` against the content. Every digest it has must be right, and there must be one.
///
/// # Errors
/// A text for people: malformed, an unknown or weak algorithm, another content.
pub fn check(field: &str, content: &[u8]) -> Result<(), String> {
    for entry in dictionary(field)? {
        let expected = match entry.key.as_str() {
            "sha-256" => Sha256::digest(content).to_vec(),
            "sha-512" => Sha512::digest(content).to_vec(),
            other => return Err(format!("`{other}` is not a digest that is taken: send sha-256 or sha-512")),
        };
        if entry.member != Member::Item(Bare::Bytes(expected), Vec::new()) {
            return Err(format!("{} is not the digest of the content that came", entry.key));
        }
    }
    Ok(())
}
