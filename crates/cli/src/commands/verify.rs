//! `countersign verify`: offline checks for anybody.

use crate::ceremony::ring_of_log;
use crate::commands::trace;
use crate::files;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use countersign_core::exposure::Verdict;
use countersign_core::id::Digest;
use countersign_monitor::{DETAILS_FILE, REPORT_FILE, TOTALS_FILE};
use countersign_open::MAX_PACKAGE;
use countersign_tlog::note::{MAX_NOTE_BYTES, VerifierKey};
use countersign_verify::evidence::{Evidence, verify_evidence};
use countersign_verify::exposure::{MAX_EXPOSURE_OPENING, check_exposure, is_exposure_opening};
use countersign_verify::monitor_report::MonitorReport;
use countersign_verify::query::{MAX_OPENING, check_query};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Largest file beside a report: totals grow by every five minutes.
const MAX_REPORTED: usize = 1024 * 1024 * 1024;

pub(crate) const EXAMPLE: &str = "Examples:
  countersign verify evidence custodian/evidence/ORDER --genesis DIGEST
  countersign verify log custodian/log --genesis DIGEST
  countersign verify ring https://log.custodian.example/ceremony --ring ID
  countersign verify demo countersign-demo
  countersign verify monitor-report watched/mill --monitor 'monitor.example/m1+d45db627+Ae1J...'";

#[derive(Args)]
pub(crate) struct Verify {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The evidence of one release: order, approvals, journal, policy, trustees' receipts.
    Evidence {
        /// The folder.
        folder: PathBuf,
        /// Digest of genesis known from elsewhere.
        #[arg(long)]
        genesis: Option<Digest>,
    },
    /// A log from its files: recompute the root from the tiles, fold the control leaves, count what can be counted.
    Log {
        /// The folder with checkpoint and tile/.
        folder: PathBuf,
        /// Digest of genesis known from elsewhere.
        #[arg(long)]
        genesis: Option<Digest>,
    },
    /// The key ring of a founding ceremony from the ceremony's log: recompute ring and verifying shares from the broadcasts.
    Ring {
        /// The log's folder, or its address.
        log: String,
        /// Ring id known from elsewhere, as genesis names it.
        #[arg(long)]
        ring: Option<Digest>,
        /// Id of the index ring known from elsewhere.
        #[arg(long)]
        index_ring: Option<Digest>,
    },
    /// What a monitor has signed about a log, with the files beside it.
    MonitorReport {
        /// The monitor's folder for the log.
        folder: PathBuf,
        /// Public key of the monitor, from elsewhere than the folder.
        #[arg(long, value_name = "VKEY")]
        monitor: String,
    },
    /// The opening of a leaf: what was asked of the chain for a request or about own deposits, and what was answered.
    Query {
        /// The opening (docs/formats/query.md, docs/formats/exposure.md).
        file: PathBuf,
    },
    /// A path of payments, as `countersign trace verify` checks it.
    Path {
        /// The path (docs/formats/payment-path.md).
        file: PathBuf,
    },
    /// Everything a demo claims, derived again from its folder.
    Demo {
        /// The demo's folder.
        folder: PathBuf,
    },
}

impl Verify {
    pub(crate) async fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::Evidence { folder, genesis } => {
                let evidence = evidence(&folder, genesis.as_ref())?;
                let order = evidence.order.value();
                println!("holds: order {} for {}", order.id, order.authority);
                println!("signed by {}", evidence.signers.join(", "));
                println!("leaf {} of {} in the witnessed journal", evidence.included.index, evidence.included.size);
                println!("{} trustees answered", evidence.receipts.len());
                println!(
                    "{}",
                    if evidence.policy_rerun {
                        "the policy, run again, allows it"
                    } else {
                        "no facts here: the policy was run by the trustees"
                    }
                );
                println!(
                    "genesis {}{}",
                    evidence.genesis,
                    if genesis.is_some() { " as pinned" } else { ": compare it with the one you know" }
                );
            }
            Command::Log { folder, genesis } => {
                let totals = crate::demo::totals::of_log(&folder, genesis.as_ref(), &Default::default())?;
                println!("{}", serde_json::to_string_pretty(&totals)?);
            }
            Command::Ring { log, ring, index_ring } => recomputed_rings(&log, ring, index_ring).await?,
            Command::MonitorReport { folder, monitor } => monitor_report(&folder, &monitor)?,
            Command::Query { file } => query(&file)?,
            Command::Path { file } => trace::verify(&file)?,
            Command::Demo { folder } => return crate::demo::recheck::run(&folder),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn query(file: &Path) -> Result<()> {
    let bytes = files::read(file, MAX_OPENING.max(MAX_EXPOSURE_OPENING))?;
    if is_exposure_opening(&bytes) {
        return exposure(file, &bytes);
    }
    let facts = check_query(&bytes).with_context(|| file.display().to_string())?;
    let bands: Vec<String> = facts.clients.iter().map(ToString::to_string).collect();
    println!("holds: question {} under tracing order {}", facts.query, facts.order);
    println!("payments {}; clients by payments, most under any rule: {}", facts.payments, bands.join("; "));
    println!("it was asked if the journal has the leaf with the digest {}", facts.leaf);
    Ok(())
}

fn exposure(file: &Path, bytes: &[u8]) -> Result<()> {
    let facts = check_exposure(bytes).with_context(|| file.display().to_string())?;
    let verdicts = Verdict::ALL.iter().zip(&facts.verdicts).map(|(verdict, band)| format!("{verdict} {band}"));
    println!("holds: run {} ({}) over own deposits under standing order {}", facts.number, facts.run, facts.order);
    println!("deposits {}; {}", facts.deposits, verdicts.collect::<Vec<_>>().join("; "));
    println!("it was asked if the journal has the leaf with the digest {}", facts.leaf);
    Ok(())
}

/// Verifies an evidence folder.
pub(crate) fn evidence(folder: &Path, genesis: Option<&Digest>) -> Result<Evidence> {
    let files = files::read_folder(folder, MAX_PACKAGE)?;
    verify_evidence(&files, genesis).with_context(|| format!("{} does not hold", folder.display()))
}

/// Recomputes the rings from the log of their ceremony. A ring id names the terms and the broadcasts, so one digest pins all of them.
async fn recomputed_rings(log: &str, pinned: Option<Digest>, pinned_index: Option<Digest>) -> Result<()> {
    let recomputed = ring_of_log(log).await.with_context(|| format!("the ceremony log at {log} does not hold"))?;
    let rings = [
        ("key ring", Some(&recomputed.outcomes.sealing), pinned),
        ("index ring", recomputed.outcomes.index.as_ref(), pinned_index),
    ];
    // Nothing is said to hold before everything pinned was compared.
    for (what, outcome, pinned) in &rings {
        match (outcome.map(|outcome| outcome.ring.value().id()), pinned) {
            (Some(id), Some(pinned)) if id != *pinned => {
                bail!("the log at {log} leads to {what} {id}, not to {pinned}")
            }
            (None, Some(pinned)) => bail!("the ceremony at {log} made no {what}, and {pinned} is pinned"),
            _ => {}
        }
    }
    for (what, outcome, pinned) in &rings {
        let Some(outcome) = outcome else { continue };
        let told = if pinned.is_some() { " as pinned" } else { ": compare it with genesis" };
        println!("holds: {what} {}{told}", outcome.ring.value().id());
        println!("verifying shares {}", outcome.shares.digest());
    }
    let terms = recomputed.founding.terms();
    println!("terms {} of {:?}", terms.digest(), terms.value().custodian.name);
    for member in recomputed.founding.members() {
        println!("trustee {}: {} in {}, identity key {}", member.index, member.name, member.state, member.identity);
    }
    let classes: Vec<String> = terms.value().classes.iter().map(ToString::to_string).collect();
    println!("any {} of {} open: {}", terms.value().threshold, recomputed.founding.trustees(), classes.join(", "));
    if let Some(index) = &terms.value().index {
        let attributes: Vec<String> = index.attributes.iter().map(ToString::to_string).collect();
        println!("as many look up: {}", attributes.join(", "));
    }
    let cosigners: Vec<&str> = recomputed.cosigners.iter().map(String::as_str).collect();
    println!("cosigned by {}", cosigners.join(", "));
    Ok(())
}

/// Reads a report and the files it names. What was found is for the reader to judge; only what does not hold is an error.
fn monitor_report(folder: &Path, monitor: &str) -> Result<()> {
    let monitor = VerifierKey::parse(monitor).context("--monitor")?;
    let path = folder.join(REPORT_FILE);
    let report = MonitorReport::open(&files::read(&path, MAX_NOTE_BYTES)?, &monitor)
        .with_context(|| format!("{} does not hold", path.display()))?;
    for (name, check) in [
        (DETAILS_FILE, MonitorReport::check_details as fn(&MonitorReport, &[u8]) -> _),
        (TOTALS_FILE, MonitorReport::check_totals),
    ] {
        let file = folder.join(name);
        if file.exists() {
            check(&report, &files::read(&file, MAX_REPORTED)?)
                .with_context(|| format!("{} does not hold (a report may be under way: try again)", file.display()))?;
            println!("{name} is the one that was signed");
        } else {
            println!("{name} is not here");
        }
    }
    println!("holds: {} of {} at {}", monitor.name(), report.origin, report.time);
    match report.checkpoint {
        Some(checkpoint) => {
            println!("{} leaves, root {}, witnessed {}", checkpoint.size, checkpoint.root, checkpoint.witnessed);
        }
        None => println!("no checkpoint was verified"),
    }
    for finding in &report.findings {
        println!("finding {finding}");
    }
    Ok(())
}
