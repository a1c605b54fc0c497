//! A ring from the log of its ceremony, by anybody who reads that log.

use crate::parties::client;
use anyhow::{Context, Result, ensure};
use countersign_core::json::Exact;
use countersign_log::{FolderSource, HttpSource, LogSource};
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::merkle::Frontier;
use countersign_tlog::note::MAX_NOTE_BYTES;
use countersign_tlog::policy::TimeWindow;
use countersign_tlog::tile::{MAX_BUNDLE_BYTES, decode_bundle};
use countersign_verify::founding::{Founding, Outcomes};
use countersign_verify::wire::CeremonyTerms;
use std::path::PathBuf;

/// What the log of a ceremony comes to.
pub(crate) struct Recomputed {
    pub(crate) founding: Founding,
    pub(crate) outcomes: Outcomes,
    /// Names of the witnesses that cosigned, as their keys spell them.
    pub(crate) cosigners: Vec<String>,
}

/// Entries of one bundle: no ceremony has more.
const BUNDLE: u64 = 256;

/// Reads the log in a folder or at an address. Log key and witnesses are those of the terms, to which the ring id is bound.
pub(crate) async fn ring_of_log(log: &str) -> Result<Recomputed> {
    let source: Box<dyn LogSource> = match log.starts_with("http://") || log.starts_with("https://") {
        true => Box::new(HttpSource::new(log, client()?)),
        false => Box::new(FolderSource(PathBuf::from(log))),
    };
    let get = async |path: &str, most: usize| {
        let bytes = source.get(path, most).await.map_err(anyhow::Error::msg).with_context(|| path.to_owned())?;
        bytes.with_context(|| format!("there is no `{path}`"))
    };
    let signed = SignedCheckpoint::parse(&get("checkpoint", MAX_NOTE_BYTES).await?).context("checkpoint")?;
    let checkpoint = signed.checkpoint();
    ensure!((1..=BUNDLE).contains(&checkpoint.size), "{} leaves: not the log of a ceremony", checkpoint.size);
    let (path, width) = match checkpoint.size {
        BUNDLE => ("tile/entries/000".to_owned(), BUNDLE as u16),
        size => (format!("tile/entries/000.p/{size}"), size as u16),
    };
    let entries: Vec<Vec<u8>> = decode_bundle(&get(&path, MAX_BUNDLE_BYTES).await?, width)
        .with_context(|| path.clone())?
        .into_iter()
        .map(|entry| entry.to_vec())
        .collect();
    let mut frontier = Frontier::new();
    for entry in &entries {
        frontier.push_leaf(entry)?;
    }
    ensure!(frontier.root() == checkpoint.root, "{path} does not hold the leaves that the checkpoint was signed over");
    let terms = entries.first().context("the log is empty")?;
    let founding = Founding::new(Exact::<CeremonyTerms>::parse(terms).context("leaf 0")?)?;
    let witnessed = founding.policy().check(&signed, TimeWindow::ANY)?;
    let keys = founding.policy().witnesses();
    let named = |name: &String| keys.iter().find(|witness| witness.name == *name);
    let cosigners =
        witnessed.cosigners.iter().filter_map(|one| Some(named(&one.name)?.key.name().to_string())).collect();
    let outcomes = founding.recompute(&entries)?;
    Ok(Recomputed { founding, outcomes, cosigners })
}
