//! `countersign screen`: clients against the lists in effect.

mod bench;
mod delta;
mod serve;

use crate::commands::lists::{in_effect, in_folder};
use crate::edge::Stopwatch;
use crate::files;
use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use countersign_core::digest;
use countersign_screen::batch::{self, AlertsHead};
use countersign_screen::clients::{COLUMNS, Clients};
use countersign_screen::date::read_dates;
use countersign_screen::entity::Kind;
use countersign_screen::read::Fault;
use countersign_screen::screen::{Alert, Query};
use countersign_screen::territory::Territory;
use countersign_screen::text::clean_name;
use std::fs::File;
use std::io::{BufReader, IsTerminal};
use std::path::{Path, PathBuf};

pub(crate) const EXAMPLE: &str = "Examples:
  countersign screen --clients clients.csv --out alerts.jsonl
  countersign screen --clients clients.csv --out alerts.jsonl --resume
  countersign screen explain 'Ilya Zemlinov' --birth-date 1960-08-11 --nationality Libya
  countersign screen serve --listen 127.0.0.1:8744
  countersign screen delta --source un --clients clients.csv --out new-alerts.jsonl
  countersign screen bench --data ../shared/data/screen
  countersign screen bench --clean people.csv --pairs pairs.csv
  countersign screen bench --differential";

/// Most faults that are printed.
const MOST_FAULTS: usize = 20;
/// Longest table that a figure is measured with.
const MAX_TABLE_BYTES: usize = 256 << 20;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Screen {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Option<Run>,
}

#[derive(Subcommand)]
enum Command {
    /// Ask about one name, and show why each entity is reported.
    Explain(Explain),
    /// Measure recall, false alerts, agreement with labelled pairs, time and memory.
    Bench(bench::Bench),
    /// Compare all clients with what an update of a list added or changed.
    Delta(delta::Delta),
    /// Answer over HTTP on a loopback address, with the fields of yente.
    Serve(serve::Serve),
    /// List the columns of a file of clients.
    Columns,
}

#[derive(Args)]
struct Run {
    /// The clients: CSV with a header line, or JSON lines (`.jsonl`).
    #[arg(long, value_name = "FILE", required = true)]
    clients: PathBuf,
    /// Where the alerts go, one JSON document per line.
    #[arg(long, value_name = "FILE", required = true)]
    out: PathBuf,
    /// Score from which a match is reported, in thousandths.
    #[arg(long, value_name = "0..1000", default_value_t = 700, value_parser = clap::value_parser!(u32).range(1..1000))]
    threshold: u32,
    /// Go on with a run that was stopped.
    #[arg(long)]
    resume: bool,
    /// How many threads [default: one for each processor].
    #[arg(long)]
    threads: Option<usize>,
}

#[derive(Args)]
struct Explain {
    /// The name.
    name: String,
    /// person, organisation, vessel or unknown.
    #[arg(long, default_value = "person")]
    kind: String,
    /// Birth date, such as 1960-08-11 or 1960.
    #[arg(long, value_name = "DATE")]
    birth_date: Option<String>,
    /// Nationality, as a code or a word.
    #[arg(long)]
    nationality: Option<String>,
    /// How many are shown.
    #[arg(long, default_value_t = 5)]
    most: usize,
    /// Print the alerts as JSON lines.
    #[arg(long)]
    json: bool,
}

impl Screen {
    pub(crate) async fn run(self, dir: &Path) -> Result<()> {
        match (self.command, self.run) {
            (Some(Command::Serve(command)), _) => command.run(dir).await,
            (Some(Command::Delta(command)), _) => command.run(dir),
            (Some(Command::Explain(command)), _) => command.run(dir),
            (Some(Command::Bench(command)), _) => command.run(dir),
            (Some(Command::Columns), _) => {
                println!("{}", COLUMNS.join("\n"));
                Ok(())
            }
            (None, Some(command)) => command.run(dir),
            (None, None) => bail!("say --clients and --out, or one of explain, delta, serve, bench, columns"),
        }
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl Run {
    fn run(self, dir: &Path) -> Result<()> {
        let (index, lists) = in_effect(&in_folder(dir))?;
        let name = self.clients.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = files::read(&self.clients, MAX_TABLE_BYTES * 16)?;
        let head = AlertsHead::new(lists, self.threshold, digest::plain(&bytes).to_string());
        let reader = BufReader::new(
            File::open(&self.clients).with_context(|| format!("cannot read {}", self.clients.display()))?,
        );
        let json = self.clients.extension().is_some_and(|end| end == "jsonl" || end == "ndjson");
        let rows = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        drop(bytes);
        let stopwatch = Stopwatch::start();
        let show = std::io::stderr().is_terminal();
        let mut told = 0;
        let report = |progress: &batch::Progress, faults: &[Fault]| {
            for fault in faults.iter().take(MOST_FAULTS.saturating_sub(told)) {
                eprintln!("{fault}");
            }
            told += faults.len();
            if show {
                eprint!("\r{} of about {rows} clients, {} alerts", progress.rows, progress.alerts);
            }
        };
        let threads = self.threads.unwrap_or_else(processors);
        let done = if json {
            batch::run(&index, &head, Clients::json(&name, reader), &self.out, self.resume, threads, report)?
        } else {
            batch::run(&index, &head, Clients::csv(&name, reader)?, &self.out, self.resume, threads, report)?
        };
        if show {
            eprintln!();
        }
        if told > MOST_FAULTS {
            eprintln!("and {} more faults", told - MOST_FAULTS);
        }
        println!(
            "{} clients ({} rows rejected), {} alerts about {} of them, {} ms",
            done.rows,
            done.rejected,
            done.alerts,
            done.clients_with_alerts,
            stopwatch.millis()
        );
        Ok(())
    }
}

impl Explain {
    fn run(self, dir: &Path) -> Result<()> {
        let kind = match self.kind.as_str() {
            "person" => Kind::Person,
            "organisation" => Kind::Organisation,
            "vessel" => Kind::Vessel,
            "unknown" => Kind::Unknown,
            other => bail!("`{other}` is none of person, organisation, vessel, unknown"),
        };
        let name = clean_name(&self.name).map_err(|fault| anyhow::anyhow!("the name {fault}"))?;
        let (dates, unread) = read_dates(self.birth_date.as_deref().unwrap_or_default());
        ensure!(unread.is_empty(), "birth date `{}` is no date: write 1960-08-11 or 1960", unread.join(" "));
        let territories = Territory::read_all(self.nationality.as_deref().unwrap_or_default());
        if let Some(text) = self.nationality.filter(|_| territories.is_empty()) {
            bail!("nationality `{text}` is no territory we know");
        }
        let (index, lists) = in_effect(&in_folder(dir))?;
        let query = Query { dates, territories, ..Query::by_name("asked", kind, &name) };
        let alerts = index.screen(&query, 0.0);
        for alert in alerts.iter().take(self.most) {
            if self.json { println!("{}", serde_json::to_string(alert)?) } else { print_alert(alert) }
        }
        if alerts.is_empty() && !self.json {
            println!("nobody is listed under a name like this");
        }
        if !self.json {
            let digests: Vec<String> = lists
                .iter()
                .map(|(source, digest)| format!("{source} {}", digest.get(..12).unwrap_or(digest)))
                .collect();
            println!("lists: {}", digests.join(", "));
        }
        Ok(())
    }
}

fn print_alert(alert: &Alert) {
    println!("{:.3}  {}  {}", alert.score, alert.entity, alert.caption);
    if let Some(name) = &alert.name {
        println!("       name {:.2} (`{}`, {:?}), rarity {:.1}", name.score, name.listed, name.quality, name.rarity);
        for word in &name.words {
            println!("         {} = {} ({:?}, {:.2})", word.asked, word.listed, word.kind, word.likeness);
        }
        for (side, words) in [("only asked", &name.only_asked), ("only listed", &name.only_listed)] {
            if !words.is_empty() {
                println!("         {side}: {}", words.join(" "));
            }
        }
    }
    for piece in &alert.evidence {
        println!("       {:?}: {} ({:+.1})", piece.about, piece.finding, piece.log_odds);
    }
    for listing in &alert.listings {
        let since = listing.listed_on.as_deref().unwrap_or("an unstated day");
        let carried = listing.transposes.as_ref().map_or(String::new(), |root| format!(", carries out {root}"));
        println!(
            "       {} {} {} since {since}{carried}",
            listing.issuer,
            listing.programme,
            listing.act.as_deref().unwrap_or("")
        );
    }
}
