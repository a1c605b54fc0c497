use super::{Unlock, warn_of_plain};
use crate::edge;
use crate::files;
use anyhow::{Context, Result, bail};
use clap::Args;
use countersign_core::country::Country;
use countersign_core::id::PersonId;
use countersign_trustee::{Passphrase, Trustee, TrusteeError};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct Init {
    /// Folder to make.
    folder: PathBuf,
    /// Index of its shares, from 1: agreed with the custodian and the other trustees.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=255))]
    index: u16,
    /// Short name: a-z, 0-9 and hyphens.
    #[arg(long)]
    name: PersonId,
    /// State whose law binds the trustee.
    #[arg(long)]
    state: Country,
    /// Its own law obliges it to answer financial intelligence units.
    #[arg(long)]
    obliged_entity: bool,
    #[command(flatten)]
    unlock: Unlock,
    /// Leave every secret unencrypted, in files that only their permissions protect.
    #[arg(long, conflicts_with = "passphrase_file")]
    no_passphrase: bool,
}

/// Fewest characters of a new passphrase.
const SHORTEST: usize = 12;

/// Where a trustee's signed identity lies in its folder.
pub(crate) fn identity_file(folder: &Path) -> PathBuf {
    folder.join("identity")
}

impl Init {
    pub(super) fn run(self) -> Result<()> {
        let file = identity_file(&self.folder);
        if file.exists() {
            bail!("{} holds a trustee already: name a folder that does not exist", self.folder.display());
        }
        let mut rng = edge::rng()?;
        let passphrase = self.unlock.passphrase()?;
        let made = match &passphrase {
            Some(text) if text.chars().count() < SHORTEST => {
                bail!("the passphrase has fewer than {SHORTEST} characters: whoever copies the files could guess it")
            }
            Some(text) => {
                Trustee::create_encrypted(&self.folder, self.index, Passphrase::new(text.to_string())?, &mut rng)
            }
            None if self.no_passphrase => Trustee::create(&self.folder, self.index, &mut rng),
            None => bail!(
                "give --passphrase-file FILE, or say --no-passphrase if everybody who reads the disk or a backup may have the share"
            ),
        };
        match made {
            // Keys without an identity: an earlier `init` was killed in between.
            Ok(_) | Err(TrusteeError::Exists(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let trustee = self.unlock.open_with(&self.folder, passphrase.as_deref())?;
        warn_of_plain(&trustee, &self.folder);
        if trustee.index() != self.index {
            bail!("the keys in {} were made for index {}", self.folder.display(), trustee.index());
        }
        let identity = trustee.introduce(self.name, self.state, self.obliged_entity)?;
        files::write(&file, identity.text().as_bytes()).context("the identity")?;
        super::show::print(&self.folder, &identity);
        println!("give {} to the custodian, and read it the identity key over the telephone", file.display());
        Ok(())
    }
}
