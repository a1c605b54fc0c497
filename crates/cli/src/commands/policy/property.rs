//! What `countersign policy prove` does without a solver: it tests the invariants, and says that this is no proof.

use super::golden::corpus;
use super::{MAX_BUNDLE, NOT_PROVED, read};
use crate::files;
use anyhow::{Context, Result};
use countersign_review::{parse_invariants, test_invariants};
use std::path::Path;
use std::process::ExitCode;

/// Tests the invariants of a pack on generated cases; never a success, since nothing is proved.
pub(super) fn test(pack: &Path, cases: u64, seed: u64) -> Result<ExitCode> {
    let bundle = read(pack)?;
    let corpus = corpus(pack)?;
    let place = pack.join("invariants.json");
    let invariants = parse_invariants(&files::read_text(&place, MAX_BUNDLE)?);
    let invariants = invariants.with_context(|| place.display().to_string())?;
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    eprintln!("testing {cases} generated cases on {threads} threads, seed {seed}");
    let found = test_invariants(&bundle, &corpus, &invariants, cases, seed, threads)
        .with_context(|| format!("the invariants of {} cannot be asked", pack.display()))?;
    match &found.error {
        None => println!("tested   never-errs: no policy erred on any of {} cases", found.cases),
        Some(case) => println!("REFUTED  never-errs\n         {case}"),
    }
    for (invariant, tested) in invariants.iter().zip(&found.invariants) {
        match &tested.broken {
            Some(case) => println!("REFUTED  {}: {}\n         {case}", invariant.id, invariant.says),
            None if tested.held == 0 => {
                println!("UNTRIED  {}: no case that the pack allows is one of it; more cases may meet it", invariant.id)
            }
            None => println!("tested   {}: {} (held in {} cases)", invariant.id, invariant.says, tested.held),
        }
    }
    println!(
        "tested, not proved: {} invariants on {} cases, {} of them to be released; {} invariants untried; seed {seed}, {threads} threads",
        invariants.len(),
        found.cases,
        found.released,
        found.untried()
    );
    Ok(if found.nothing_broken() { ExitCode::from(NOT_PROVED) } else { ExitCode::FAILURE })
}
