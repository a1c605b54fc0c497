//! `countersign client index`: values of imported files into the blind index.

use super::{Csv, open};
use crate::custody::Custody;
use anyhow::{Context, Result, ensure};
use clap::Args;
use countersign_desk::index::DEFAULT_ATTRIBUTES;
use countersign_desk::index::enrol::Enrolled;
use countersign_desk::register::CsvOptions;
use countersign_seal::kind::Attribute;
use countersign_store::BlindIndex as _;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct Index {
    /// The file that was imported, with the same `--map` and `--ignore`; without it, say what is missing.
    file: Option<PathBuf>,
    #[command(flatten)]
    csv: Csv,
}

impl Index {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        let attributes = attributes(custody)?;
        ensure!(
            !attributes.is_empty(),
            "no client is enrolled here: there is no index ring, or no attribute is configured"
        );
        if let Some(file) = &self.file {
            let enrolled = enrol(custody, file, &self.csv.options()?, &attributes).await;
            report(&enrolled.with_context(|| format!("{}", file.display()))?);
        }
        let counts = custody.store.index_counts().await?;
        println!("{} values in {} lists, {} enrolments open", counts.values, counts.lists, counts.open);
        for pending in custody.desk.pending(&attributes).await? {
            let missing: Vec<String> = pending.attributes.iter().map(ToString::to_string).collect();
            println!(
                "not wholly in the index: {} records imported at {} (file sha256 {}), under {}",
                pending.stored,
                pending.at,
                &pending.import.to_hex()[..16],
                missing.join(", ")
            );
        }
        Ok(())
    }
}

/// The attributes under which clients are enrolled: those configured, or what is sensible and has a key.
pub(crate) fn attributes(custody: &Custody) -> Result<Vec<Attribute>> {
    let Some(index) = &custody.desk.custodian().index else { return Ok(Vec::new()) };
    let Some(configured) = &custody.config.index else {
        return Ok(DEFAULT_ATTRIBUTES.into_iter().filter(|attribute| index.ring.has(*attribute)).collect());
    };
    for attribute in &configured.attributes {
        ensure!(
            index.ring.has(*attribute),
            "custodian/config.json: `{attribute}` under `index` has no key in the index ring"
        );
    }
    Ok(configured.attributes.clone())
}

/// Brings the values of an imported file into the index.
pub(crate) async fn enrol(
    custody: &Custody,
    file: &Path,
    options: &CsvOptions,
    attributes: &[Attribute],
) -> Result<Vec<Enrolled>> {
    Ok(custody.desk.enrol_clients(open(file)?, options, attributes).await?)
}

/// After an import: what was sealed stays sealed whatever comes of the index.
pub(super) async fn after_import(custody: &Custody, file: &Path, options: &CsvOptions) -> Result<()> {
    let attributes = attributes(custody)?;
    if attributes.is_empty() {
        return Ok(());
    }
    match enrol(custody, file, options, &attributes).await {
        Ok(enrolled) => report(&enrolled),
        Err(error) => {
            eprintln!("countersign: the records are sealed, and the index is not complete: {error:#}");
            eprintln!(
                "countersign: nobody is found by what is missing; keep the file and say `countersign client index {}`",
                file.display()
            );
        }
    }
    Ok(())
}

fn report(enrolled: &[Enrolled]) {
    for one in enrolled {
        let before = if one.before { " (before)" } else { "" };
        println!("{}: {} values in the index{before}, {} left out", one.attribute, one.values, one.left_out.count);
        for bad in &one.left_out.first {
            println!("  {bad}");
        }
    }
}
