//! A package: decrypted, verified, combined.

use crate::files;
use anyhow::{Context, Result};
use countersign_core::encoding::unhex;
use countersign_core::id::Digest;
use countersign_seal::transport::TransportSecret;
use countersign_verify::evidence::{Files, Opening, open_package};
use std::path::Path;
use zeroize::Zeroizing;

/// Largest package in bytes.
pub const MAX_PACKAGE: usize = 1024 * 1024 * 1024;

/// Name of an authority's X-Wing seed.
pub const RECIPIENT_KEY: &str = "recipient.key";

/// Name of an authority's age identity.
pub const AGE_KEY: &str = "package.agekey";

/// A package that was opened, with its evidence folder.
pub struct Opened {
    /// What was verified and opened.
    pub opening: Opening,
    /// Paths begin with `evidence/`.
    pub evidence: Files,
}

/// Decrypts, verifies and combines a package. `keys` is the authority's folder with [`AGE_KEY`] and [`RECIPIENT_KEY`]; `seed` are 32
/// fresh bytes for the batch check of headers.
///
/// # Errors
/// A text for people that names the first thing that does not hold; nothing is opened then.
pub fn open(package: &Path, keys: &Path, genesis: Option<&Digest>, seed: &[u8; 32]) -> Result<Opened> {
    let files = unpack(package, keys)?;
    let secret = recipient_key(keys)?;
    open_files(files, &secret, genesis, seed).with_context(|| format!("{}", package.display()))
}

/// Decrypts a package into its files, which are not verified yet.
///
/// # Errors
/// A text for people when the key does not open the file, or what it holds is no archive of plain files.
pub fn unpack(package: &Path, keys: &Path) -> Result<Files> {
    let sealed = files::read(package, MAX_PACKAGE)?;
    let tar = Zeroizing::new(decrypt(&keys.join(AGE_KEY), &sealed).with_context(|| format!("{}", package.display()))?);
    files::untar(&tar, MAX_PACKAGE).with_context(|| format!("{}", package.display()))
}

/// The authority's X-Wing key.
///
/// # Errors
/// A text for people when the file is missing or holds no key.
pub fn recipient_key(keys: &Path) -> Result<TransportSecret> {
    let secret = Zeroizing::new(files::read_text(&keys.join(RECIPIENT_KEY), 1024)?);
    let seed = unhex(secret.trim_end()).with_context(|| format!("{}/{RECIPIENT_KEY} is not a key", keys.display()))?;
    Ok(TransportSecret::from_seed(seed))
}

/// Verifies and combines the files of a package.
///
/// # Errors
/// A text for people that names the first file that does not hold.
pub fn open_files(
    mut files: Files,
    secret: &TransportSecret,
    genesis: Option<&Digest>,
    seed: &[u8; 32],
) -> Result<Opened> {
    let opening = open_package(&files, secret, genesis, seed)?;
    files.retain(|path, _| path.starts_with("evidence/"));
    Ok(Opened { opening, evidence: files })
}

/// Decrypts an age file with an identity file.
///
/// # Errors
/// A text for people when the key file holds no age identity, or not the one that opens.
pub fn decrypt(key: &Path, sealed: &[u8]) -> Result<Vec<u8>> {
    let text = Zeroizing::new(files::read_text(key, 64 * 1024)?);
    let line = text.lines().find(|line| line.starts_with("AGE-SECRET-KEY-1"));
    let identity: age::x25519::Identity = line
        .and_then(|line| line.trim().parse().ok())
        .with_context(|| format!("{} holds no age identity (AGE-SECRET-KEY-1...)", key.display()))?;
    age::decrypt(&identity, sealed).with_context(|| format!("{} does not open this file", key.display()))
}
