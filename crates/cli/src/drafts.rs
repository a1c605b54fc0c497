//! Changes of the control state on their way to the journal: one folder each under `custodian/changes/`, with the signatures
//! collected so far. A draft is worth nothing until its leaf stands; then the folder goes.

use crate::files;
use crate::place::Place;
use anyhow::{Context, Result, bail, ensure};
use countersign_core::control::Change;
use countersign_core::json::{Document, Exact};
use countersign_tlog::leaf::ControlSignature;
use std::fs;
use std::path::{Path, PathBuf};

/// One draft.
pub(crate) struct Draft {
    folder: PathBuf,
    pub(crate) change: Exact<Change>,
    pub(crate) signatures: Vec<ControlSignature>,
}

const CHANGE: &str = "change.json";
const SIGNATURES: &str = "signatures";

impl Draft {
    /// Keeps a new draft. The same change again is the same draft.
    pub(crate) fn keep(place: &Place, change: Exact<Change>) -> Result<Self> {
        let digest = change.digest().to_hex();
        let folder = place.changes().join(format!("{:06}-{}", change.value().number, &digest[..16]));
        files::write(&folder.join(CHANGE), change.bytes())?;
        Self::read(folder)
    }

    /// Every draft, by number.
    pub(crate) fn all(place: &Place) -> Result<Vec<Self>> {
        let folder = place.changes();
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        // A draft that was being made or removed when the program died has no change in it.
        paths.retain(|path| path.join(CHANGE).exists());
        paths.sort();
        paths.into_iter().map(Self::read).collect()
    }

    /// The draft whose digest begins like this.
    pub(crate) fn find(place: &Place, prefix: &str) -> Result<Self> {
        ensure!(
            !prefix.is_empty(),
            "name a draft by the beginning of its digest: `countersign change list` shows them"
        );
        let mut found: Vec<Self> = Self::all(place)?;
        found.retain(|draft| draft.change.digest().to_hex().starts_with(prefix));
        match found.len() {
            1 => Ok(found.remove(0)),
            0 => bail!("there is no draft `{prefix}`: `countersign change list` shows them"),
            _ => bail!("several drafts begin with `{prefix}`: write more of the digest"),
        }
    }

    fn read(folder: PathBuf) -> Result<Self> {
        let path = folder.join(CHANGE);
        let change = Exact::parse(&files::read(&path, Change::MAX_LEN)?).with_context(|| path.display().to_string())?;
        let mut draft = Self { folder, change, signatures: Vec::new() };
        let signatures = draft.folder.join(SIGNATURES);
        if signatures.exists() {
            let mut paths = fs::read_dir(&signatures)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
            // What an interrupted write left is not a signature.
            paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
            paths.sort();
            for path in paths {
                draft.signatures.push(read_signature(&path)?);
            }
        }
        Ok(draft)
    }

    /// Where the exact bytes lie that everybody signs.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join(CHANGE)
    }

    /// Keeps a signature that was checked. A second one of the same party takes the place of the first.
    pub(crate) fn add(&mut self, signature: ControlSignature) -> Result<()> {
        let name = format!("{}.json", signature.by.replace(':', "-"));
        files::write(&self.folder.join(SIGNATURES).join(name), signature.to_text().as_bytes())?;
        self.signatures.retain(|kept| kept.by != signature.by);
        self.signatures.push(signature);
        Ok(())
    }

    /// The draft with one signature more, to be checked before it is kept.
    pub(crate) fn with(&self, signature: &ControlSignature) -> Vec<ControlSignature> {
        let others = self.signatures.iter().filter(|kept| kept.by != signature.by);
        others.cloned().chain(std::iter::once(signature.clone())).collect()
    }

    /// Removes the draft. Its first file goes first: without it the rest is no draft.
    pub(crate) fn remove(self) -> Result<()> {
        let gone = || -> std::io::Result<()> {
            fs::remove_file(self.folder.join(CHANGE))?;
            fs::remove_dir_all(&self.folder)
        };
        gone().with_context(|| format!("cannot remove {}", self.folder.display()))
    }
}

/// Reads a signature as `countersign trustee acknowledge` writes it.
pub(crate) fn read_signature(path: &Path) -> Result<ControlSignature> {
    let bytes = files::read(path, ControlSignature::MAX_LEN)?;
    ControlSignature::parse(&bytes).with_context(|| path.display().to_string())
}
