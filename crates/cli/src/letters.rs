//! Letters of an exchange between trustees: files in a folder that the owners bring to one another in any way. Each is signed by its
//! author and checked by whoever reads it; the folder is trusted in nothing.

use crate::files;
use anyhow::{Result, anyhow};
use countersign_core::id::Digest;
use countersign_core::json::{Document, Exact};
use std::path::{Path, PathBuf};

/// Longest letter: a broadcast of every class at the highest threshold, or a share epoch.
const LONGEST: usize = 512 * 1024;

/// The letters of one exchange.
pub(crate) struct Letters {
    folder: PathBuf,
}

impl Letters {
    pub(crate) fn new(folder: &Path, exchange: &Digest) -> Self {
        Self { folder: folder.join(&exchange.to_hex()[..16]) }
    }

    /// Where they lie.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A letter; `None` when it has not come.
    pub(crate) fn get(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.folder.join(name);
        if path.exists() { files::read(&path, LONGEST).map(Some) } else { Ok(None) }
    }

    /// The letters of these authors, in their order; who has not written is named instead.
    pub(crate) fn of(&self, authors: &[u16], name: impl Fn(u16) -> String) -> Result<Result<Vec<Vec<u8>>, Vec<u16>>> {
        let (mut all, mut missing) = (Vec::new(), Vec::new());
        for author in authors {
            match self.get(&name(*author))? {
                Some(letter) => all.push(letter),
                None => missing.push(*author),
            }
        }
        Ok(if missing.is_empty() { Ok(all) } else { Err(missing) })
    }

    /// Everybody's confirmations, in their order; who has not confirmed is named instead.
    pub(crate) fn confirmations<T: Document>(&self, everybody: &[u16]) -> Result<Result<Vec<Exact<T>>, Vec<u16>>> {
        let letters = match self.of(everybody, |author| format!("confirmation-{author}.json"))? {
            Ok(letters) => letters,
            Err(missing) => return Ok(Err(missing)),
        };
        let read = |(author, bytes): (&u16, &Vec<u8>)| {
            Exact::parse(bytes).map_err(|_| anyhow!("the confirmation of trustee {author} is none"))
        };
        everybody.iter().zip(&letters).map(read).collect::<Result<_>>().map(Ok)
    }

    /// Leaves a letter. The same again changes nothing.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> Result<()> {
        if self.get(name)?.as_deref() == Some(bytes) { Ok(()) } else { files::write(&self.folder.join(name), bytes) }
    }
}

/// What an exchange waits for.
pub(crate) fn waits(what: &str, from: &[u16]) -> String {
    let names: Vec<String> = from.iter().map(u16::to_string).collect();
    format!("waiting for {what} of trustee {}: bring the letters, then say this again", names.join(", "))
}
