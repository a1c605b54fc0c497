//! `countersign verify demo`: everything a demo claims, derived again from its folder alone.

use super::STEPS;
use super::origin::{BLAST_RADIUS, described, question_file};
use super::report::{Progress, Report, summary};
use super::totals::{auditor_file, describe, of_log};
use crate::commands::verify::evidence;
use crate::edge;
use crate::files;
use crate::place::Place;
use anyhow::{Context, Result, ensure};
use countersign_core::control::Genesis;
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::query::Query;
use countersign_open::open;
use countersign_verify::query::{MAX_OPENING, QueryOpening, check_query};
use countersign_verify::totals::{Held, Totals};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Prints one JSON object per step and exits with 1 when one does not hold.
pub(crate) fn run(folder: &Path) -> Result<ExitCode> {
    let progress = Progress::read(folder)?;
    let mut reports = Vec::new();
    for (place, recorded) in progress.steps().iter().enumerate() {
        let mut report = recorded.clone();
        // Names decide what is checked, so they are not taken from the report.
        let told = (usize::from(report.step), report.name.as_str(), report.means.as_str());
        if STEPS.get(place).map(|(name, means)| (place + 1, *name, *means)) != Some(told) {
            report.ok = false;
            report.set("error", format!("demo.json names this as step {} of the story, which it is not", place + 1));
        }
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
            founded(Exact::<Genesis>::parse(&bytes)?.value(), report)?;
            of_log(&place.log(), Some(&genesis), &Held::new()).map(|_| ())
        }
        "lawful_order" | "fiu" => release(&place, report, &genesis),
        "origin_case" => {
            question(folder, report)?;
            every_release(&place, &genesis)
        }
        "totals" => {
            let held = files::read(&auditor_file(folder), 256 * 1024 * 1024)?;
            let held: Held = serde_json::from_slice(&held).context("auditor/disclosures.json")?;
            let totals = of_log(&place.log(), Some(&genesis), &held)?;
            let mut again = report.clone();
            describe(&totals, &mut again);
            ensure!(again.ok, "{}", again.evidence.get("faults").map(Value::to_string).unwrap_or_default());
            ensure!(again == *report, "the totals recomputed from the tiles are not those of the report");
            claims(progress, &totals)
        }
        _ => Ok(()),
    }
}

/// What the first step says of genesis.
fn founded(genesis: &Genesis, report: &Report) -> Result<()> {
    let ring = genesis.ring.as_ref().map(|ring| ring.id.to_hex());
    let trustees = genesis.trustees.as_ref().context("genesis names no trustees")?;
    let index = genesis.index_ring.as_ref().map(|ring| ring.id.to_hex());
    same(report, "ring", ring)?;
    same(report, "index_ring", index)?;
    same(report, "trustees", trustees.members.len())?;
    same(report, "threshold", trustees.threshold)?;
    same(report, "people", genesis.people.len())
}

/// A figure of a report is what was derived.
fn same(report: &Report, name: &str, derived: impl Into<Value>) -> Result<()> {
    let derived = derived.into();
    ensure!(report.evidence.get(name) == Some(&derived), "`{name}` of the report is not {derived}");
    Ok(())
}

/// What earlier steps say of refusals and releases stands in the journal. The journal may hold more: a step that was interrupted
/// was played again.
fn claims(progress: &Progress, totals: &Totals) -> Result<()> {
    let inside = &totals.inside;
    let sum = |name: &str| progress.steps().iter().map(|report| report.number(name)).sum::<u64>();
    let refused: u64 = inside.receipts.refused.values().sum();
    ensure!(
        sum("partials_refused") <= refused,
        "`partials_refused` is more than the {refused} refusals of the journal"
    );
    let cells = inside.releases.cells;
    ensure!(sum("cells_granted") <= cells, "`cells_granted` is more than the {cells} cells released by the journal");
    let forged = progress.steps().iter().any(|report| report.name == "forged_emergency");
    ensure!(!forged || inside.senders.emergencies_fake > 0, "the forged emergency is no fake one of the journal");
    let logged = |code: &str| {
        inside.receipts.refused.keys().any(|known| *known == *code)
            || inside.refusals.reasons.keys().any(|known| *known == *code)
    };
    for report in progress.steps() {
        let told = match report.name.as_str() {
            "origin_case" => {
                report.evidence.get("refusal_codes").and_then(Value::as_array).cloned().unwrap_or_default()
            }
            "adversary_drill" => {
                ATTACKS.iter().map(|name| report.evidence.get(*name).cloned().unwrap_or_default()).collect()
            }
            _ => continue,
        };
        for code in told {
            let code = code.as_str().unwrap_or_default().to_owned();
            ensure!(logged(&code), "`{code}` of step {} is no refusal of the journal", report.step);
        }
    }
    Ok(())
}

/// Attacks of the drill that trustees refused, by the name of the evidence.
const ATTACKS: [&str; 6] = [
    "puppet_approver",
    "weaker_policy",
    "replayed_order",
    "relabelled_capsule",
    "one_weight_for_two_equations",
    "private_log",
];

fn pinned(progress: &Progress) -> Result<Digest> {
    let text = progress.steps().iter().find_map(|report| report.evidence.get("genesis")?.as_str());
    Ok(Digest::parse(text.context("demo.json names no genesis")?)?)
}

/// The blast radius of the report is what the leaf of its question says.
fn question(folder: &Path, report: &Report) -> Result<()> {
    let bytes = files::read(&question_file(folder), MAX_OPENING)?;
    check_query(&bytes).context("auditor/question.json")?;
    let query = Exact::<Query>::parse(Exact::<QueryOpening>::parse(&bytes)?.value().query.as_bytes())?;
    ensure!(
        report.evidence.get(BLAST_RADIUS) == Some(&described(&query)),
        "`{BLAST_RADIUS}` of the report is not what auditor/question.json opens"
    );
    Ok(())
}

/// Every release holds and opens, also that of a slice before the caps.
fn every_release(place: &Place, genesis: &Digest) -> Result<()> {
    for folder in evidence_folders(place)? {
        let order = evidence(&folder, Some(genesis))?.order.value().clone();
        let package = place.outbox().join(format!("{}.age", order.id));
        open(&package, &place.authority(&order.authority), Some(genesis), &edge::seed()?)?;
    }
    Ok(())
}

fn evidence_folders(place: &Place) -> Result<Vec<PathBuf>> {
    let root = place.evidence();
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(&root).with_context(|| format!("cannot read {}", root.display()))? {
        let folder = entry?.path();
        // With an extension it is left over from an interrupted write; never taken for evidence.
        if folder.extension().is_none() {
            folders.push(folder);
        }
    }
    folders.sort();
    Ok(folders)
}

/// The evidence folder holds, is of the order of the report, and the authority opens the package again.
fn release(place: &Place, report: &Report, genesis: &Digest) -> Result<()> {
    let text = |name: &str| report.evidence.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    for folder in evidence_folders(place)? {
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
        let opened = open(&package, &place.authority(&order.authority), Some(genesis), &edge::seed()?)?;
        same(report, "cells_granted", opened.opening.cells.len())?;
        same(report, "trustees_answered", found.receipts.len())?;
        return Ok(());
    }
    anyhow::bail!("custodian/evidence has no folder for the order {}", text("order"))
}
