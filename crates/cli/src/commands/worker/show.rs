use super::place::{WorkerPlace, program};
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct Show {
    /// The worker's folder.
    folder: PathBuf,
}

impl Show {
    pub(super) fn run(self) -> Result<()> {
        print(&WorkerPlace::open(&self.folder)?)
    }
}

pub(super) fn print(place: &WorkerPlace) -> Result<()> {
    let worker = place.worker.value();
    println!("worker {} in {}", worker.name, worker.state);
    println!("digest that orders name: {}", place.worker.digest());
    println!("signs with ed25519 {}", worker.identity);
    println!("genesis {}", place.genesis);
    match program()? {
        running if running == worker.code => println!("program sha256 {running}, which runs now"),
        running => println!("program sha256 {}; the one that runs now is {running}: register it anew", worker.code),
    }
    match &worker.attestation {
        Some(digest) => println!("attestation sha256 {digest}"),
        None => println!("no attestation: nothing but its owner's word says which program the machine runs"),
    }
    Ok(())
}
