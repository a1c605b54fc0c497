use super::place::{WorkerPlace, program};
use crate::edge;
use crate::files;
use anyhow::Result;
use clap::Args;
use countersign_core::country::Country;
use countersign_core::digest;
use countersign_core::id::{Digest, PersonId};
use countersign_core::worker::{Worker, WorkerV1};
use ed25519_dalek::SigningKey;
use std::path::PathBuf;
use zeroize::Zeroizing;

#[derive(Args)]
pub(super) struct Init {
    /// Folder to make.
    pub(super) folder: PathBuf,
    /// Short name: a-z, 0-9 and hyphens.
    #[arg(long)]
    pub(super) name: PersonId,
    /// State whose law binds whoever runs the machine.
    #[arg(long)]
    pub(super) state: Country,
    /// Digest of the custodian's genesis, known from elsewhere: the worker follows no other journal.
    #[arg(long)]
    pub(super) genesis: Digest,
    /// The machine's attestation of this program, where it can attest; only its SHA-256 is kept.
    #[arg(long, value_name = "FILE")]
    pub(super) attestation: Option<PathBuf>,
}

impl Init {
    pub(super) fn run(self) -> Result<()> {
        let attestation = self.attestation.map(|file| files::read(&file, 16 * 1024 * 1024)).transpose()?;
        let key = SigningKey::from_bytes(&Zeroizing::new(edge::seed()?));
        let worker = Worker {
            v: WorkerV1,
            name: self.name,
            state: self.state,
            identity: Digest(key.verifying_key().to_bytes()),
            code: program()?,
            attestation: attestation.map(|bytes| digest::plain(&bytes)),
        };
        let place = WorkerPlace::create(&self.folder, worker, &key, &self.genesis)?;
        super::show::print(&place)?;
        println!(
            "next: give {} to the custodian: countersign change propose add-worker",
            place.identity_file().display()
        );
        Ok(())
    }
}
