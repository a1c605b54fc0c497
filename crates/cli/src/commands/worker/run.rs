use super::place::{WorkerPlace, program};
use crate::edge;
use crate::files;
use anyhow::{Context, Result};
use clap::Args;
use countersign_core::json::Exact;
use countersign_core::order::Order;
use countersign_open::MAX_PACKAGE;
use countersign_worker::{Job, List, work};
use std::path::PathBuf;
use zeroize::Zeroizing;

#[derive(Args)]
pub(super) struct Run {
    /// The worker's folder.
    pub(super) folder: PathBuf,
    /// The archive for the worker, as the custodian wrote it.
    pub(super) job: PathBuf,
    /// The package to write.
    #[arg(long)]
    pub(super) out: PathBuf,
    /// The list of a screening: lines of id, name, birth date, with tabulators between.
    #[arg(long)]
    pub(super) list: Option<PathBuf>,
}

impl Run {
    pub(super) fn run(self) -> Result<()> {
        let place = WorkerPlace::open(&self.folder)?;
        let archive = Zeroizing::new(files::read(&self.job, MAX_PACKAGE)?);
        let job = files::untar(&archive, MAX_PACKAGE).with_context(|| self.job.display().to_string())?;
        let list = self.list.map(|file| files::read(&file, List::MAX_BYTES)).transpose()?;
        let order = job.get("evidence/order.json").context("the archive has no order")?;
        let order = Exact::<Order>::parse(order)?;
        let secret = place.secret(&order.digest())?;
        let product = work(
            &Job {
                files: &job,
                secret: &secret,
                worker: place.worker.value(),
                identity: &place.signing_key()?,
                program: &program()?,
                genesis: &place.genesis,
                list: list.as_deref(),
            },
            &edge::seed()?,
            &mut edge::rng()?,
        )?;
        files::write(&self.out, &product.file)?;
        place.forget(&product.order)?;
        println!("order {} for {}", order.value().id, product.authority);
        println!(
            "{} cells opened; data of {} people in the package, {} rows outside the window left out",
            product.cells, product.people, product.left_out
        );
        for liar in &product.liars {
            println!("warning: the reply of trustee {liar} was wrong; the others sufficed");
        }
        println!("package {}; the key for this order is gone", self.out.display());
        Ok(())
    }
}
