use super::place::WorkerPlace;
use crate::edge;
use crate::files;
use anyhow::{Context, Result};
use clap::Args;
use countersign_core::time::Timestamp;
use countersign_seal::transport::TransportSecret;
use countersign_verify::evidence::public_order;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct Bind {
    /// The worker's folder.
    pub(super) folder: PathBuf,
    /// The folder with the public order, as the custodian wrote it.
    pub(super) job: PathBuf,
    /// The binding to write.
    #[arg(long)]
    pub(super) out: PathBuf,
}

/// Largest folder with a public order: control leaves and their proofs.
const MAX_JOB: usize = 64 * 1024 * 1024;

impl Bind {
    pub(super) fn run(self) -> Result<()> {
        self.run_at(edge::clock().now())
    }

    pub(super) fn run_at(self, now: Timestamp) -> Result<()> {
        let place = WorkerPlace::open(&self.folder)?;
        let files = files::read_folder(&self.job, MAX_JOB)?;
        let public = public_order(&files, Some(&place.genesis), now).with_context(|| self.job.display().to_string())?;
        let order = public.order.digest();
        // Again after a crash: trustees serve the first binding they see, so there must never be a second one.
        let binding = match place.binding(&order)? {
            Some(binding) => binding,
            None => {
                let secret = TransportSecret::from_seed(edge::seed()?);
                let signed =
                    countersign_worker::bind(place.worker.value(), &place.signing_key()?, &public, &secret, now)?;
                place.keep(&order, &secret, signed.text())?;
                signed.text().to_owned()
            }
        };
        files::write(&self.out, binding.as_bytes())?;
        println!("order {order} stands in leaf {} of the journal", public.included.index);
        println!("binding {}", self.out.display());
        Ok(())
    }
}
