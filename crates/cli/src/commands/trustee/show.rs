use super::identity_file;
use crate::files;
use anyhow::{Context, Result};
use clap::Args;
use countersign_verify::founding::read_identity;
use countersign_verify::wire::{Signed, TrusteeIdentity};
use std::path::{Path, PathBuf};

/// Longest identity with its signature line.
const LONGEST: usize = 4 * 1024;

#[derive(Args)]
pub(super) struct Show {
    /// The trustee's folder.
    folder: PathBuf,
}

impl Show {
    pub(super) fn run(self) -> Result<()> {
        let file = identity_file(&self.folder);
        let text = files::read_text(&file, LONGEST).with_context(|| {
            format!("{} is not a folder of a trustee: make one with `countersign trustee init`", self.folder.display())
        })?;
        let identity = read_identity(&text).with_context(|| format!("{} is damaged", file.display()))?;
        print(&self.folder, &identity);
        let pinned = self.folder.join("documents/genesis");
        match pinned.exists() {
            true => println!("genesis {} installed", files::read_text(&pinned, 100)?.trim_end()),
            false => println!("no genesis installed yet"),
        }
        Ok(())
    }
}

/// What everybody may know of a trustee.
pub(super) fn print(folder: &Path, identity: &Signed<TrusteeIdentity>) {
    let value = identity.value();
    println!("trustee {} in {}: {} in {}", value.index, folder.display(), value.name, value.state);
    println!("identity key {}", value.identity);
    println!("digest of the identity {}", identity.document().digest());
}
