use super::key_file;
use crate::edge;
use crate::files;
use anyhow::{Context, Result, bail};
use clap::Args;
use countersign_tlog::note::{KeyKind, KeyName, SigningKey};
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct Init {
    /// Folder to make.
    folder: PathBuf,
    /// Name of the key: an address without scheme that identifies the witness, for example witness.example/w1.
    #[arg(long)]
    name: String,
}

impl Init {
    pub(super) fn run(self) -> Result<()> {
        let name = KeyName::new(&self.name)?;
        if key_file(&self.folder).exists() {
            bail!("{} holds a witness already: name a folder that does not exist", self.folder.display());
        }
        if fs::read_dir(&self.folder).is_ok_and(|mut entries| entries.next().is_some()) {
            bail!("{} is not empty: name a folder that does not exist", self.folder.display());
        }
        let key = SigningKey::generate(name, KeyKind::CosignatureV1, &mut edge::rng()?)?;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .with_context(|| format!("cannot make {}", self.folder.display()))?;
        files::write_secret(&key_file(&self.folder), format!("{}\n", *key.to_secret_text()).as_bytes())?;
        println!("{}", key.verifier());
        Ok(())
    }
}
