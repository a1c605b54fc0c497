//! `countersign screen bench`: figures of quality, time and memory.

use super::{MAX_TABLE_BYTES, processors};
use crate::commands::lists::{in_effect, in_folder};
use crate::edge::{self, Stopwatch};
use crate::files;
use anyhow::{Context, Result, ensure};
use clap::Args;
use countersign_screen::batch::Workers;
use countersign_screen::entity::{Entity, Kind};
use countersign_screen::index::Index;
use countersign_screen::index::differential::compare_both_ways;
use countersign_screen::index::screener::Screener;
use countersign_screen::quality::alter::Alteration;
use countersign_screen::quality::data::Data;
use countersign_screen::quality::pairs::{LabelledPair, name_scores};
use countersign_screen::quality::peers;
use countersign_screen::quality::report::{
    HEAD, Stated, Variant, altered, altered_queries, clean_people, clean_queries, pair_figures, read_people, variants,
    without,
};
use countersign_screen::screen::{DEFAULT_THRESHOLD, Query};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Clean people of a quick run.
const QUICK: usize = 5_000;
/// Names in the index of the differential comparison.
const DIFFERENTIAL_NAMES: usize = 2_500;

#[derive(Args)]
pub(super) struct Bench {
    /// Measure on the lists, people and pairs of this folder, as docs/screening.md lays it out, instead of the lists in effect.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["clean", "pairs", "differential", "source"])]
    data: Option<PathBuf>,
    /// Ask about the first 5,000 clean people only: a rough picture in a few seconds.
    #[arg(long)]
    quick: bool,
    /// People who are on no list: CSV with full_name, gender, date_of_birth, nationality.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["differential", "data"])]
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

/// What is measured on.
struct Material {
    entities: Vec<Entity>,
    clean: Vec<Query>,
    pairs: Vec<LabelledPair>,
}

impl Bench {
    pub(super) fn run(self, dir: &Path) -> Result<()> {
        if let Some(pairs) = self.differential {
            return differential(pairs, self.seed);
        }
        let mut material = match &self.data {
            Some(folder) => from_folder(folder)?,
            None => self.lists_in_effect(dir)?,
        };
        if self.quick {
            material.clean.truncate(QUICK);
        }
        ensure!(!material.clean.is_empty(), "nobody is named who is on no list");
        let stopwatch = Stopwatch::start();
        let index = Index::new(material.entities.clone());
        let built = stopwatch.millis();
        println!(
            "{} entities, {} names, {} words; prepared in {built} ms",
            material.entities.len(),
            index.names(),
            index.words()
        );
        let start = format!("{}-", self.source);
        let people: Vec<&Entity> = material
            .entities
            .iter()
            .filter(|entity| entity.kind == Kind::Person && entity.id.starts_with(&start))
            .collect();
        ensure!(!people.is_empty(), "no person of source `{}` is listed", self.source);
        if let Some(path) = &self.peers {
            return self.write_peers(path, &index, &people, &material);
        }
        throughput(&index, &material.clean)?;
        memory(&index);
        self.quality(&index, &people, &material);
        Ok(())
    }

    fn lists_in_effect(&self, dir: &Path) -> Result<Material> {
        let clean_file = self.clean.as_deref().context("say --data, --clean or --differential")?;
        let table = |path: &Path| files::read(path, MAX_TABLE_BYTES);
        let told = |path: &Path, fault: String| anyhow::anyhow!("{}: {fault}", path.display());
        let (index, _) = in_effect(&in_folder(dir))?;
        let pairs = match &self.pairs {
            Some(path) => LabelledPair::read_all(&table(path)?).map_err(|fault| told(path, fault))?,
            None => Vec::new(),
        };
        let clean = read_people(&table(clean_file)?).map_err(|fault| told(clean_file, fault))?;
        Ok(Material { entities: index.entities().to_vec(), clean, pairs })
    }

    fn quality(&self, index: &Index, people: &[&Entity], material: &Material) {
        let (pairs, clean, threads) = (&material.pairs, &material.clean, processors());
        if !pairs.is_empty() {
            let held_out = pairs.iter().filter(|pair| pair.is_held_out()).count();
            println!(
                "\n{} labelled pairs, {held_out} of them held out by hash: {}",
                pairs.len(),
                pair_figures(pairs, material.entities.clone())
            );
        }
        for (title, what) in
            [("name, birth date, nationality", Stated::DateAndTerritory), ("name only", Stated::NameOnly)]
        {
            println!("\n{title}; {} clean people\n\n{HEAD}", clean.len());
            let base = clean_people(index, clean, what, threads);
            for alteration in Alteration::ALL {
                println!("{}", altered(index, people, alteration, what, &base, self.seed, threads));
            }
        }
        println!("\nname only, in a spelling that was taken out of the lists; {} clean people\n\n{HEAD}", clean.len());
        let everyone: Vec<&Entity> = material.entities.iter().filter(|entity| entity.kind == Kind::Person).collect();
        for variant in [Variant::Cyrillic, Variant::Arabic, Variant::Latin] {
            let index = Index::new(without(&material.entities, variant));
            let base = clean_people(&index, clean, Stated::NameOnly, threads);
            println!("{}", variants(&index, &everyone, variant, &base, threads));
        }
    }

    /// Everything that is measured with birth date and nationality, for other matchers.
    fn write_peers(&self, path: &Path, index: &Index, people: &[&Entity], material: &Material) -> Result<()> {
        let mut out = BufWriter::new(File::create(path).with_context(|| format!("cannot create {}", path.display()))?);
        if !material.pairs.is_empty() {
            peers::write_pairs(&mut out, &material.pairs, &name_scores(&material.pairs, material.entities.clone()))?;
        }
        let what = Stated::DateAndTerritory;
        peers::write(&mut out, index, "clean", &clean_queries(&material.clean, what), true)?;
        for alteration in Alteration::ALL {
            let queries = altered_queries(people, alteration, what, self.seed);
            peers::write(&mut out, index, alteration.label(), &queries, false)?;
        }
        out.flush()?;
        println!("written: score it with bench/peers/screen.py");
        Ok(())
    }
}

fn from_folder(folder: &Path) -> Result<Material> {
    let data = Data::read(folder)?;
    for list in &data.lists {
        println!("{}: {} entities, {} rows rejected", list.source, list.entities, list.rejected);
    }
    Ok(Material { entities: data.entities, clean: data.clean, pairs: data.pairs })
}

/// Screens the clean people with birth date and nationality, on one core and on all of them.
fn throughput(index: &Index, clean: &[Query]) -> Result<()> {
    let queries = clean_queries(clean, Stated::DateAndTerritory);
    let (wall, spent) = (Stopwatch::start(), edge::thread_time());
    let mut screener = Screener::new(index);
    let alerts: usize = queries.iter().map(|query| screener.screen_with_states(query, DEFAULT_THRESHOLD).len()).sum();
    let wall = wall.seconds();
    let spent = edge::thread_time().zip(spent).map(|(now, before)| now.saturating_sub(before).as_secs_f64());
    let rate = |seconds: f64| (queries.len() as f64 / seconds, seconds / queries.len() as f64 * 1e6);
    let (a_second, each) = rate(spent.unwrap_or(wall));
    let of = if spent.is_some() { "processor time" } else { "time on the wall" };
    println!(
        "\n{} clients on one core: {a_second:.0} a second, {each:.1} us each ({of}; {wall:.2} s on the wall), {alerts} alerts",
        queries.len()
    );
    let (threads, all) = (processors(), Stopwatch::start());
    Workers::new(index, threads).screen(&queries, DEFAULT_THRESHOLD).context("a thread failed")?;
    let (a_second, each) = rate(all.seconds());
    println!("on {threads} cores: {a_second:.0} a second, {each:.1} us each (time on the wall)");
    Ok(())
}

/// What the prepared lists hold, structure by structure.
fn memory(index: &Index) {
    let (held, entities) = (index.memory(), index.entities().len().max(1));
    let megabytes = |bytes: usize| bytes as f64 / 1e6;
    println!();
    for held in &held {
        println!("{:<28} {:>8.2} MB in {} pieces", held.what, megabytes(held.bytes), held.pieces);
    }
    let all: usize = held.iter().map(|held| held.bytes).sum();
    println!(
        "{:<28} {:>8.2} MB, {:.0} MB for 50,000 entities",
        "together",
        megabytes(all),
        megabytes(all) / entities as f64 * 5e4
    );
    match edge::peak_memory() {
        Some(bytes) => {
            println!("{:<28} {:>8.2} MB, with the files that were read", "memory at most so far", bytes as f64 / 1e6)
        }
        None => println!("memory at most: this system does not tell"),
    }
}

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
