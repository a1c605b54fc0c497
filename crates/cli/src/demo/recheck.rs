//! `countersign verify demo`: everything a demo claims, derived again from its folder alone.

use super::STEPS;
use super::report::{Progress, Report, summary};
use super::totals::{auditor_file, describe, of_log};
use crate::commands::open::open;
use crate::commands::verify::evidence;
use crate::files;
use crate::place::Place;
use anyhow::{Context, Result, ensure};
use countersign_core::control::Genesis;
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_verify::totals::Held;
use serde_json::Value;
use std::path::Path;
use std::process::ExitCode;

/// Prints one JSON object per step and exits with 1 when one does not hold.
pub(crate) fn run(folder: &Path) -> Result<ExitCode> {
    let progress = Progress::read(folder)?;
    let mut reports = Vec::new();
    for recorded in progress.steps() {
        let mut report = recorded.clone();
        if let Err(error) = recheck(folder, &progress, &mut report) {
            report.ok = false;
            report.set("error", format!("{error:#}"));
        }
        report.print(true);
        reports.push(report);
    }
    let all = summary(&reports, STEPS.len());
    all.print(true);
    Ok(if all.ok { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn recheck(folder: &Path, progress: &Progress, report: &mut Report) -> Result<()> {
    let place = Place::new(folder);
    let genesis = pinned(progress)?;
    match report.name.as_str() {
        "genesis" => {
            let bytes = files::read(&place.document("genesis.json"), 64 * 1024)?;
            let found = Exact::<Genesis>::parse(&bytes)?.digest();
            ensure!(found == genesis, "custodian/documents/genesis.json is not the genesis of the report");
            of_log(&place.log(), Some(&genesis), &Held::new()).map(|_| ())
        }
        "lawful_order" | "fiu" => release(&place, report, &genesis),
        "totals" => {
            let held = files::read(&auditor_file(folder), 256 * 1024 * 1024)?;
            let held: Held = serde_json::from_slice(&held).context("auditor/disclosures.json")?;
            let totals = of_log(&place.log(), Some(&genesis), &held)?;
            let mut again = report.clone();
            describe(&totals, &mut again);
            ensure!(again.ok, "{}", again.evidence.get("faults").map(Value::to_string).unwrap_or_default());
            ensure!(again == *report, "the totals recomputed from the tiles are not those of the report");
            Ok(())
        }
        _ => Ok(()),
    }
}

fn pinned(progress: &Progress) -> Result<Digest> {
    let text = progress.steps().iter().find_map(|report| report.evidence.get("genesis")?.as_str());
    Ok(Digest::parse(text.context("demo.json names no genesis")?)?)
}

/// The evidence folder holds, is of the order of the report, and the authority opens the package again.
fn release(place: &Place, report: &Report, genesis: &Digest) -> Result<()> {
    let text = |name: &str| report.evidence.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    for entry in std::fs::read_dir(place.evidence())? {
        let folder = entry?.path();
        let found = evidence(&folder, Some(genesis))?;
        if found.order.digest().to_hex() != text("order") {
            continue;
        }
        ensure!(
            report.evidence.get("order_leaf").and_then(Value::as_u64) == Some(found.included.index),
            "another leaf"
        );
        let order = found.order.value();
        let package = place.outbox().join(format!("{}.age", order.id));
        let digest = countersign_core::digest::plain(&files::read(&package, 1 << 30)?);
        ensure!(digest.to_hex() == text("package"), "{} was changed", package.display());
        open(&package, &place.authority(&order.authority), Some(genesis))?;
        return Ok(());
    }
    anyhow::bail!("custodian/evidence has no folder for the order {}", text("order"))
}
