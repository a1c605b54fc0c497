//! `countersign alerts`: the queue of alerts, decided by two people.

mod facts;

use crate::edge;
use crate::files;
use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use countersign_core::time::Clock;
use countersign_screen::batch::AlertsHead;
use countersign_screen::queue::journal::{Brought, Journal};
use countersign_screen::queue::recognition::{self, Recognition};
use countersign_screen::queue::{Case, Disposition, Event, Finding, Lane, Origin, Stage, vendor};
use countersign_screen::read::Fault;
use countersign_screen::screen::Alert;
use std::fs::File;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};

pub(crate) const EXAMPLE: &str = "Examples:
  countersign alerts add alerts.jsonl
  countersign alerts list
  countersign alerts list --people
  countersign alerts show 7
  countersign alerts propose 7 false-positive --by 'Mara Quill' --reason 'born thirty years later'
  countersign alerts agree 7 --by 'Olen Varga' --reason 'passport seen'
  countersign alerts facts --clients clients.csv --run alerts.jsonl --out facts.csv
  countersign alerts import oldwatch export.csv --places reference=AlertId,client=Customer,entity=ListId,caption=Name,score=Score";

/// Where the queue is kept, below the custodian's folder.
const FOLDER: &str = "alerts";
/// Most faults that are printed.
const MOST_FAULTS: usize = 20;
/// Alerts that are brought in at once.
const STEP: usize = 10_000;

#[derive(Args)]
pub(crate) struct Alerts {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Bring the alerts of a run of `countersign screen` into the queue.
    Add {
        /// What `countersign screen --out` wrote.
        file: PathBuf,
    },
    /// Bring alerts of another screening program into the queue.
    Import(Import),
    /// What is waiting, the likeliest first.
    List(List),
    /// One alert with everything that is known and was said.
    Show {
        /// Its number.
        number: u64,
    },
    /// Say what an alert is. Somebody else has to agree.
    Propose {
        /// Its number.
        number: u64,
        /// What it is.
        disposition: Said,
        #[command(flatten)]
        who: Who,
    },
    /// Agree, as the second person.
    Agree(Act),
    /// Disagree: the alert is open again.
    Disagree(Act),
    /// Take an alert out that is void: the client or the listing is gone.
    Withdraw(Act),
    /// Write what two people confirmed as facts that `countersign restrict` reads.
    Facts(facts::Facts),
    /// Print the policy that says whose listings are recognised.
    Policy,
}

#[derive(Clone, Copy, ValueEnum)]
enum Said {
    /// The client is the listed one.
    Confirmed,
    /// The client is somebody else.
    FalsePositive,
}

#[derive(Args)]
struct Who {
    /// Who says so.
    #[arg(long)]
    by: String,
    /// Why.
    #[arg(long)]
    reason: String,
}

#[derive(Args)]
struct Act {
    /// Its number.
    number: u64,
    #[command(flatten)]
    who: Who,
}

#[derive(Args)]
struct Import {
    /// What the other program is called here: small letters, digits and `-`.
    vendor: String,
    /// A table (`.csv`), or what a webhook sent (JSON, JSON lines).
    file: PathBuf,
    /// Where what stands: `reference=A,client=B,entity=C,caption=D,score=E`, columns of a table or JSON Pointers.
    #[arg(long)]
    places: String,
}

#[derive(Args)]
struct List {
    /// The queue of what only people may judge: counter-sanctions, notices, issuers that are not recognised.
    #[arg(long)]
    people: bool,
    /// How many are shown.
    #[arg(long, default_value_t = 50)]
    most: usize,
    /// Print them as JSON lines.
    #[arg(long)]
    json: bool,
}

pub(crate) fn journal(dir: &Path) -> Result<Journal> {
    Ok(Journal::open(&dir.join(FOLDER).join("journal.jsonl"))?)
}

/// The custodian's own policy, or the one that comes with the program.
pub(crate) fn policy_text(dir: &Path) -> Result<String> {
    let own = dir.join(FOLDER).join("recognition.cedar");
    if !own.exists() {
        return Ok(recognition::DEFAULT.to_owned());
    }
    let bytes = files::read(&own, recognition::MAX_BYTES)?;
    String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8", own.display()))
}

impl Alerts {
    pub(crate) fn run(self, dir: &Path) -> Result<()> {
        let now = edge::SystemClock.now();
        let act = |who: Who, event: fn(u64, String) -> Event, number: u64| -> Result<()> {
            journal(dir)?.act(now, &who.by, event(number, who.reason))?;
            Ok(())
        };
        match self.command {
            Command::Add { file } => add(dir, &file),
            Command::Import(command) => command.run(dir),
            Command::List(command) => command.run(dir),
            Command::Show { number } => show(dir, number),
            Command::Propose { number, disposition, who } => {
                let disposition = match disposition {
                    Said::Confirmed => Disposition::Confirmed,
                    Said::FalsePositive => Disposition::FalsePositive,
                };
                journal(dir)?.act(now, &who.by, Event::Proposed { number, disposition, reason: who.reason })?;
                Ok(())
            }
            Command::Agree(Act { number, who }) => act(who, |number, reason| Event::Agreed { number, reason }, number),
            Command::Disagree(Act { number, who }) => {
                act(who, |number, reason| Event::Disagreed { number, reason }, number)
            }
            Command::Withdraw(Act { number, who }) => {
                act(who, |number, reason| Event::Withdrawn { number, reason }, number)
            }
            Command::Facts(command) => command.run(dir),
            Command::Policy => {
                let text = policy_text(dir)?;
                println!("// SHA-256 {}\n{text}", Recognition::parse(&text)?.digest());
                Ok(())
            }
        }
    }
}

/// The head of a finished run of `countersign screen`, and its alerts as lines.
fn open_run(path: &Path) -> Result<(AlertsHead, Lines<BufReader<File>>)> {
    let shown = path.display();
    let mut lines = BufReader::new(File::open(path).with_context(|| format!("cannot read {shown}"))?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let head: AlertsHead = serde_json::from_str(&first)
        .with_context(|| format!("{shown} is no file of alerts: its first line says nothing of a run"))?;
    ensure!(
        head.format == "countersign-alerts/1",
        "{shown} is of format `{}`, which this program does not read",
        head.format
    );
    let mut progress = path.as_os_str().to_owned();
    progress.push(".progress");
    ensure!(!Path::new(&progress).exists(), "{shown} is not finished: go on with `countersign screen --resume`");
    Ok((head, lines))
}

fn add(dir: &Path, path: &Path) -> Result<()> {
    let shown = path.display();
    let recognition = Recognition::parse(&policy_text(dir)?)?;
    let (_, lines) = open_run(path)?;
    let mut journal = journal(dir)?;
    let now = edge::SystemClock.now();
    let mut all = Brought::default();
    let mut step = Vec::with_capacity(STEP);
    for (number, line) in (2..).zip(lines) {
        let alert: Alert =
            serde_json::from_str(&line?).with_context(|| format!("{shown} line {number} is no alert"))?;
        let Some(finding) = Finding::of_alert(&alert, &recognition) else {
            bail!("{shown} line {number} does not say what either side stated: screen again with this version");
        };
        step.push(finding);
        if step.len() == STEP {
            total(&mut all, journal.bring(now, step.drain(..))?);
        }
    }
    total(&mut all, journal.bring(now, step)?);
    print_brought(&all);
    Ok(())
}

pub(crate) fn total(all: &mut Brought, more: Brought) {
    all.raised += more.raised;
    all.again += more.again;
    all.known += more.known;
    all.suppressed += more.suppressed;
}

pub(crate) fn print_brought(all: &Brought) {
    println!(
        "{} new ({} because a side changed), {} waiting or confirmed already, {} suppressed",
        all.raised, all.again, all.known, all.suppressed
    );
}

impl Import {
    fn run(self, dir: &Path) -> Result<()> {
        let sound = (1..=32).contains(&self.vendor.len())
            && self.vendor.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        ensure!(sound, "`{}` is no name of a program: small letters, digits and `-`", self.vendor);
        let places = vendor::Places::parse(&self.places).map_err(|fault| anyhow::anyhow!("--places: {fault}"))?;
        let bytes = files::read(&self.file, vendor::MAX_BYTES)?;
        let name = self.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let read = if self.file.extension().is_some_and(|end| end == "csv") {
            vendor::read_table(&self.vendor, &name, &bytes, &places)
        } else {
            vendor::read_json(&self.vendor, &name, &bytes, &places)
        };
        let read = read.map_err(anyhow::Error::msg)?;
        print_brought(&journal(dir)?.bring(edge::SystemClock.now(), read.findings)?);
        print_faults(&read.faults);
        Ok(())
    }
}

fn print_faults(faults: &[Fault]) {
    for fault in faults.iter().take(MOST_FAULTS) {
        println!("  {fault}");
    }
    if faults.len() > MOST_FAULTS {
        println!("  and {} more", faults.len() - MOST_FAULTS);
    }
}

impl List {
    fn run(self, dir: &Path) -> Result<()> {
        let journal = journal(dir)?;
        let (lane, other) =
            if self.people { (Lane::People, Lane::Recognised) } else { (Lane::Recognised, Lane::People) };
        let waiting = journal.queue().waiting(lane);
        for case in waiting.iter().take(self.most) {
            if self.json { println!("{}", serde_json::to_string(&json(case))?) } else { print_line(case) }
        }
        if !self.json {
            let elsewhere = journal.queue().waiting(other).len();
            println!("{} waiting here, {elsewhere} in the other queue", waiting.len());
        }
        Ok(())
    }
}

fn print_line(case: &Case) {
    let finding = &case.finding;
    let proposed = match &case.stage {
        Stage::Proposed { by, disposition, .. } => format!("; {by} says {}", said(*disposition)),
        _ => String::new(),
    };
    println!("{:>6}  {}  {}  {}{proposed}", case.number, finding.client, finding.entity, finding.caption);
}

fn said(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Confirmed => "confirmed",
        Disposition::FalsePositive => "false positive",
    }
}

fn json(case: &Case) -> serde_json::Value {
    let (stage, by) = match &case.stage {
        Stage::Proposed { by, .. } => ("proposed", vec![by.clone()]),
        Stage::Decided { by, .. } => ("decided", by.to_vec()),
        Stage::Open => ("open", Vec::new()),
        Stage::Withdrawn { .. } => ("withdrawn", Vec::new()),
    };
    serde_json::json!({ "number": case.number, "stage": stage, "by": by, "again": case.again, "finding": case.finding })
}

fn show(dir: &Path, number: u64) -> Result<()> {
    let journal = journal(dir)?;
    let case = journal.queue().case(number).with_context(|| format!("there is no alert {number}"))?;
    let finding = &case.finding;
    println!("alert {number} of {}: {}", case.raised_at, case.stage.label());
    println!("client {}, entity {} ({})", finding.client, finding.entity, finding.caption);
    println!("queue: {:?}, {}", finding.lane, finding.lane_reason);
    match &finding.origin {
        Origin::Screening { algorithm } => println!("from our screening, {algorithm}"),
        Origin::Vendor { vendor, reference } => println!("from {vendor}, its number {reference}"),
    }
    if let Some(again) = &case.again {
        println!("raised again: {again}");
    }
    match &case.stage {
        Stage::Open => {}
        Stage::Proposed { by, disposition, reason } => println!("{by} says {}: {reason}", said(*disposition)),
        Stage::Decided { by, disposition, reasons, at } => {
            println!("{} on {at}", said(*disposition));
            for (person, reason) in by.iter().zip(reasons) {
                println!("  {person}: {reason}");
            }
        }
        Stage::Withdrawn { reason } => println!("withdrawn: {reason}"),
    }
    println!("{}", serde_json::to_string_pretty(&finding.record)?);
    Ok(())
}
