//! `countersign policy diff`.

use super::golden::{corpus, in_words};
use super::{NOT_PROVED, Proved, prover, read};
use anyhow::Result;
use clap::Args;
use countersign_review::{Difference, Names, Turned, compare};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// Decisions of generated cases that are printed; all are counted.
const SHOWN: usize = 10;

#[derive(Args)]
pub(crate) struct Diff {
    /// Folder of the pack in force.
    old: PathBuf,
    /// Folder of the pack that is to follow.
    new: PathBuf,
    /// Generated cases to compare beside the worked requests of the old pack.
    #[arg(long, default_value_t = 2_000, value_name = "NUMBER")]
    cases: u32,
    /// Seed of the generated cases.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Found {
    old: String,
    new: String,
    widening: &'static str,
    #[serde(flatten)]
    difference: Difference,
}

impl Diff {
    pub(super) fn run(self) -> Result<ExitCode> {
        let (old, new) = (read(&self.old)?, read(&self.new)?);
        let mut corpora = vec![corpus(&self.old)?];
        if self.new.join("golden").is_dir() {
            corpora.push(corpus(&self.new)?);
        }
        let corpora: Vec<_> = corpora.iter().collect();
        let difference = compare(&old, &new, &corpora, self.cases, self.seed);
        let proved = if difference.schema.is_empty() {
            prover(&self.new, Some(&self.old), !self.json)?
        } else {
            Proved::Nothing("the schemas differ, so that nothing of the two can be proved".into())
        };
        let (widening, code) = match (&proved, difference.widens()) {
            (Proved::Refuted, _) => ("proved", ExitCode::FAILURE),
            (_, true) => ("found", ExitCode::FAILURE),
            (Proved::All, false) => ("proved not", ExitCode::SUCCESS),
            (Proved::Nothing(_) | Proved::Failed(_), false) => ("tested not", ExitCode::from(NOT_PROVED)),
        };
        let name = |bundle: &countersign_policy::Bundle| format!("{} {}", bundle.name(), bundle.digest());
        let found = Found { old: name(&old), new: name(&new), widening, difference };
        if self.json {
            println!("{}", serde_json::to_string_pretty(&found)?);
        } else {
            found.print(&proved);
        }
        Ok(code)
    }
}

impl Found {
    fn print(&self, proved: &Proved) {
        let Difference { policies, sources, schema, caps, lanes, kinds, reasons, .. } = &self.difference;
        println!("old {}\nnew {}", self.old, self.new);
        for (title, names) in [
            ("schema", schema),
            ("caps", caps),
            ("lanes and quorums", lanes),
            ("classes of kinds", kinds),
            ("reasons", reasons),
            ("policies", policies),
            ("sources and flags", sources),
        ] {
            print_names(title, names);
        }
        let Difference { golden, golden_decisions, generated, generated_decisions, seed, .. } = &self.difference;
        println!("\nworked requests: {} of {golden_decisions} decisions change", golden.len());
        golden.iter().for_each(print_turned);
        let wider = generated.iter().filter(|turned| turned.widens());
        let narrower = generated.iter().filter(|turned| turned.old.allowed && !turned.new.allowed).count();
        println!(
            "\ngenerated from seed {seed}: {} of {generated_decisions} decisions change, {} of them newly permitted, \
             {narrower} no longer permitted",
            generated.len(),
            wider.clone().count()
        );
        wider.take(SHOWN).for_each(print_turned);
        let sentence = match (self.widening, proved) {
            ("proved" | "found", _) => "WIDENS: the new pack allows what the old one does not".to_owned(),
            ("proved not", _) => "does not widen: proved for every request there can be".to_owned(),
            (_, Proved::Nothing(why)) => format!("found nothing wider: tested, not proved ({why})"),
            (_, Proved::Failed(code)) => {
                format!("found nothing wider: tested, not proved (the prover gave up, exit code {code})")
            }
            _ => "found nothing wider: tested, not proved".to_owned(),
        };
        println!("\n{sentence}");
    }
}

fn print_names(title: &str, names: &Names) {
    if names.is_empty() {
        return;
    }
    println!("\n{title}");
    names.added.iter().for_each(|name| println!("  added    {name}"));
    names.removed.iter().for_each(|name| println!("  removed  {name}"));
    for changed in &names.changed {
        println!("  changed  {}", changed.name);
        for (sign, text) in [("-", &changed.old), ("+", &changed.new)] {
            text.lines()
                .filter(|line| !changed_in_neither(line, changed))
                .for_each(|line| println!("    {sign} {line}"));
        }
    }
}

/// A line that both texts have.
fn changed_in_neither(line: &str, changed: &countersign_review::Changed) -> bool {
    changed.old.lines().any(|other| other == line) && changed.new.lines().any(|other| other == line)
}

fn print_turned(turned: &Turned) {
    println!("  {}{}", turned.name, if turned.widens() { "  WIDER" } else { "" });
    println!("    - {}", in_words(&turned.old));
    println!("    + {}", in_words(&turned.new));
}
