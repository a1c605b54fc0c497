//! `countersign-open`: `countersign open` as a program of its own, for machines that run nothing else.

use clap::Parser;
use countersign_open::{EXAMPLE, Open};
use std::process::ExitCode;

/// Open a package of a custodian, as the authority that received it: verifies first, offline.
#[derive(Parser)]
#[command(name = "countersign-open", version, max_term_width = 110, after_help = EXAMPLE)]
struct Arguments {
    #[command(flatten)]
    open: Open,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match seed().and_then(|seed| arguments.open.run(&seed)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("countersign-open: {error:#}");
            ExitCode::from(1)
        }
    }
}

/// 32 bytes of the operating system.
fn seed() -> anyhow::Result<[u8; 32]> {
    let mut seed = [0; 32];
    #[expect(clippy::disallowed_methods, reason = "the binary's edge: this is where randomness enters")]
    getrandom::fill(&mut seed).map_err(|error| anyhow::anyhow!("the operating system gives no randomness: {error}"))?;
    Ok(seed)
}
