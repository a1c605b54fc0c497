//! `countersign screen`: clients against the lists in effect.

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
use countersign_screen::entity::{Entity, Kind};
use countersign_screen::index::Index;
use countersign_screen::index::differential::compare_both_ways;
use countersign_screen::quality::alter::Alteration;
use countersign_screen::quality::pairs::{LabelledPair, name_scores};
use countersign_screen::quality::peers;
use countersign_screen::quality::report::{
    HEAD, Stated, Variant, altered, altered_queries, clean_people, clean_queries, pair_figures, read_people, variants,
    without,
};
use countersign_screen::read::Fault;
use countersign_screen::screen::{Alert, Query};
use countersign_screen::territory::Territory;
use countersign_screen::text::clean_name;
use std::fs::File;
use std::io::{BufReader, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

pub(crate) const EXAMPLE: &str = "Examples:
  countersign screen --clients clients.csv --out alerts.jsonl
  countersign screen --clients clients.csv --out alerts.jsonl --resume
  countersign screen explain 'Ilya Zemlinov' --birth-date 1960-08-11 --nationality Libya
  countersign screen serve --listen 127.0.0.1:8744
  countersign screen delta --source un --clients clients.csv --out new-alerts.jsonl
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
    /// Measure recall, false alerts and agreement with labelled pairs on the lists in effect.
    Bench(Bench),
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

#[derive(Args)]
struct Bench {
    /// People who are on no list: CSV with full_name, gender, date_of_birth, nationality.
    #[arg(long, value_name = "FILE", required_unless_present = "differential")]
    clean: Option<PathBuf>,
    /// Compare this many pairs of names with and without the index instead, and fail unless nothing is lost.
    #[arg(long, value_name = "PAIRS", num_args = 0..=1, default_missing_value = "10000000", conflicts_with = "clean")]
    differential: Option<u64>,
    /// Labelled pairs of names: CSV with schema, name1, name2, is_match.
    #[arg(long, value_name = "FILE")]
    pairs: Option<PathBuf>,
    /// Seed of the altered names.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write what is asked and whom the index finds to this file, for bench/peers/screen.py.
    #[arg(long, value_name = "FILE")]
    peers: Option<PathBuf>,
    /// Source whose people are altered.
    #[arg(long, default_value = "un")]
    source: String,
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

impl Bench {
    /// Everything that is measured with birth date and nationality, for other matchers.
    fn write_peers(&self, path: &Path, index: &Index, people: &[&Entity], clean: &[Query]) -> Result<()> {
        let mut out = BufWriter::new(File::create(path).with_context(|| format!("cannot create {}", path.display()))?);
        if let Some(path) = &self.pairs {
            let bytes = files::read(path, MAX_TABLE_BYTES)?;
            let pairs =
                LabelledPair::read_all(&bytes).map_err(|fault| anyhow::anyhow!("{}: {fault}", path.display()))?;
            peers::write_pairs(&mut out, &pairs, &name_scores(&pairs, index.entities().to_vec()))?;
        }
        let what = Stated::DateAndTerritory;
        peers::write(&mut out, index, "clean", &clean_queries(clean, what), true)?;
        for alteration in Alteration::ALL {
            let queries = altered_queries(people, alteration, what, self.seed);
            peers::write(&mut out, index, alteration.label(), &queries, false)?;
        }
        out.flush()?;
        println!("written: score it with bench/peers/screen.py");
        Ok(())
    }
}

/// Names in the index of the differential comparison.
const DIFFERENTIAL_NAMES: usize = 2_500;

/// Compares so many pairs both ways.
fn differential(pairs: u64, seed: u64) -> Result<()> {
    let asked = usize::try_from(pairs)?.div_ceil(2 * DIFFERENTIAL_NAMES);
    let stopwatch = Stopwatch::start();
    let found = compare_both_ways(DIFFERENTIAL_NAMES, asked, seed, processors());
    println!(
        "{} pairs, {} accepted as candidates, {} above the threshold of alerts, {} lost by the index, {} compared differently, {} ms",
        found.pairs,
        found.accepted,
        found.above,
        found.lost.len(),
        found.unequal.len(),
        stopwatch.millis()
    );
    for pair in found.lost.iter().chain(&found.unequal) {
        println!("  {pair}");
    }
    ensure!(found.lost.is_empty() && found.unequal.is_empty(), "the index and the comparison of every pair differ");
    ensure!(
        found.above * 100 >= found.pairs,
        "fewer than one pair in a hundred reaches the threshold: this says little"
    );
    Ok(())
}

impl Bench {
    fn run(self, dir: &Path) -> Result<()> {
        if let Some(pairs) = self.differential {
            return differential(pairs, self.seed);
        }
        let clean_file = self.clean.as_deref().context("say --clean, or --differential")?;
        let (index, _) = in_effect(&in_folder(dir))?;
        let table = |path: &Path| files::read(path, MAX_TABLE_BYTES);
        let told = |path: &Path, fault: String| anyhow::anyhow!("{}: {fault}", path.display());
        let entities = index.entities().to_vec();
        println!("{} entities, {} names, {} words", entities.len(), index.names(), index.words());
        if let Some(path) = &self.pairs {
            let pairs = LabelledPair::read_all(&table(path)?).map_err(|fault| told(path, fault))?;
            println!("{} pairs: {}", pairs.len(), pair_figures(&pairs, entities.clone()));
        }
        let clean = read_people(&table(clean_file)?).map_err(|fault| told(clean_file, fault))?;
        let start = format!("{}-", self.source);
        let everyone: Vec<&Entity> = entities.iter().filter(|entity| entity.kind == Kind::Person).collect();
        let people: Vec<&Entity> = everyone.iter().copied().filter(|entity| entity.id.starts_with(&start)).collect();
        ensure!(!people.is_empty(), "no person of source `{}` is listed", self.source);
        if let Some(path) = &self.peers {
            return self.write_peers(path, &index, &people, &clean);
        }
        let threads = processors();
        for (title, what) in
            [("name, birth date, nationality", Stated::DateAndTerritory), ("name only", Stated::NameOnly)]
        {
            println!("\n{title}; {} clean people\n\n{HEAD}", clean.len());
            let base = clean_people(&index, &clean, what, threads);
            for alteration in Alteration::ALL {
                println!("{}", altered(&index, &people, alteration, what, &base, self.seed, threads));
            }
        }
        println!("\nname only, in a spelling that was taken out of the lists\n\n{HEAD}");
        for variant in [Variant::Cyrillic, Variant::Arabic, Variant::Latin] {
            let index = Index::new(without(&entities, variant));
            let base = clean_people(&index, &clean, Stated::NameOnly, threads);
            println!("{}", variants(&index, &everyone, variant, &base, threads));
        }
        Ok(())
    }
}
