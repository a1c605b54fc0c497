//! `countersign policy`.

mod derive;
mod diff;
mod explain;
mod golden;
mod property;

use crate::files;
use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use countersign_policy::{Bundle, File};
use std::path::{Path, PathBuf};
use std::process::{Command as Program, ExitCode, Stdio};

pub(crate) const EXAMPLE: &str = "Examples:
  countersign policy check packs/policy/eea-custodian
  countersign policy golden packs/policy/eea-custodian
  countersign policy explain packs/policy/eea-custodian --case home-court-privilege
  countersign policy diff our-pack our-next-pack
  countersign policy derive packs/policy/eea-custodian packs/policy/max-protection
  countersign policy bundle packs/policy/eea-custodian --out next-policy.json
  countersign policy prove packs/policy/eea-custodian
  countersign policy prove our-next-pack --against our-pack

  A bundle is what `countersign change propose policy` takes. Proofs need the program `countersign-prove` (cargo build --release -p countersign-prove)
  beside this one or on the PATH, and the solver cvc5 (Debian: apt install cvc5).";

/// The pack that ships, seen from the repository.
const DEFAULT_PACK: &str = "packs/policy/eea-custodian";
/// The program that proves; it is apart because it builds the policy engine with features that the product does without.
const PROVER: &str = "countersign-prove";
/// Exit code when nothing could be proved.
const NOT_PROVED: u8 = 4;
/// Longest document or file that is read.
const MAX_BUNDLE: usize = 8 * 1024 * 1024;
const FILES: [&str; 3] = ["pack.json", "policies.cedar", "schema.cedarschema"];

#[derive(Args)]
pub(crate) struct Policy {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Read a pack strictly: its digest, lanes, caps, and the rules that nobody has compared with their source.
    Check {
        /// Folder of a pack, or a bundle.
        pack: PathBuf,
    },
    /// Decide the worked requests of a pack again: what passed, false refusals, wrong releases, laws of the corpus.
    Golden {
        /// Folder of the pack.
        #[arg(default_value = DEFAULT_PACK)]
        pack: PathBuf,
        /// Print one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Say what a decision rests on: policies, reasons, sources, and which answer would make it another.
    Explain(explain::Explain),
    /// Say what changes between two packs, in what is written and in what is decided, and whether the new one allows more.
    Diff(diff::Diff),
    /// Write the files of a pack that is made from another one by its list of edits, `derivation.json`.
    Derive {
        /// Folder of the pack that it is made from.
        from: PathBuf,
        /// Folder of the pack that is made.
        pack: PathBuf,
    },
    /// Write a pack as one document, as control changes and trustees take it.
    Bundle {
        /// Folder of the pack.
        pack: PathBuf,
        /// Where to write the bundle.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Prove the invariants of a pack, or that it allows nothing that another did not; without a solver test them.
    Prove {
        /// Folder of the pack.
        pack: PathBuf,
        /// Folder of the pack that it is compared with.
        #[arg(long, value_name = "PACK")]
        against: Option<PathBuf>,
        /// Cases to test the invariants on when nothing can be proved.
        #[arg(long, default_value_t = 1_000_000, value_name = "NUMBER", conflicts_with = "against")]
        cases: u64,
        /// Seed of these cases.
        #[arg(long, default_value_t = 1, value_name = "NUMBER", conflicts_with = "against")]
        seed: u64,
    },
}

impl Policy {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::Check { pack } => check(&read(&pack)?),
            Command::Golden { pack, json } => return golden::golden(&pack, json),
            Command::Explain(command) => command.run()?,
            Command::Diff(command) => return command.run(),
            Command::Derive { from, pack } => derive::derive(&from, &pack)?,
            Command::Bundle { pack, out } => {
                let bundle = read(&pack)?;
                files::write(&out, bundle.to_document()?.as_bytes())?;
                println!("wrote {}: policy {}", out.display(), bundle.digest());
            }
            Command::Prove { pack, against, cases, seed } => return prove(&pack, against.as_deref(), cases, seed),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn read(pack: &Path) -> Result<Bundle> {
    if pack.is_file() {
        let document = files::read(pack, MAX_BUNDLE)?;
        return Bundle::from_document(&document).with_context(|| format!("{} is no policy bundle", pack.display()));
    }
    ensure!(
        pack.is_dir(),
        "there is no pack at {}: name a pack's folder, such as `{DEFAULT_PACK}` of a checkout, or a bundle",
        pack.display()
    );
    let file = |name: &str| {
        let text = files::read_text(&pack.join(name), MAX_BUNDLE)?;
        anyhow::Ok(File { name: name.to_owned(), text })
    };
    let files = FILES.iter().map(|name| file(name)).collect::<Result<Vec<_>>>()?;
    Bundle::parse(files).with_context(|| format!("{} is no policy pack", pack.display()))
}

fn check(bundle: &Bundle) {
    println!("{} {}: {}", bundle.name(), bundle.version(), bundle.title());
    println!("policy {}", bundle.digest());
    let caps = bundle.caps();
    println!(
        "caps: {} named people, {} under a court's instrument, {} asked about at all",
        caps.named, caps.court, caps.absolute
    );
    for cap in &caps.cumulative {
        println!("caps: {} people per {} in {} days", cap.subjects, cap.per, cap.days);
    }
    for lane in bundle.lanes() {
        println!("lane {}: {}", lane.name, lane.title);
    }
    let unverified: Vec<&str> =
        bundle.rules().iter().filter(|rule| !rule.verified).map(|rule| rule.policy.as_str()).collect();
    println!("{} rules, {} of them not compared with their source", bundle.rules().len(), unverified.len());
    for rule in unverified {
        println!("  {rule}");
    }
}

/// Proves, or says why nothing is proved and tests instead.
fn prove(pack: &Path, against: Option<&Path>, cases: u64, seed: u64) -> Result<ExitCode> {
    match prover(pack, against, true)? {
        Proved::All => Ok(ExitCode::SUCCESS),
        Proved::Refuted => Ok(ExitCode::FAILURE),
        Proved::Failed(code) => Ok(ExitCode::from(code)),
        Proved::Nothing(why) => {
            eprintln!("countersign: nothing is proved: {why}");
            if against.is_some() {
                eprintln!("`countersign policy diff` compares what the two packs decide");
                return Ok(ExitCode::from(NOT_PROVED));
            }
            property::test(pack, cases, seed)
        }
    }
}

/// What came of asking for a proof.
pub(crate) enum Proved {
    /// Everything asked for holds.
    All,
    /// Something does not.
    Refuted,
    /// There is nothing to prove with, and why.
    Nothing(String),
    /// The prover could not read the pack, or does not know; its exit code.
    Failed(u8),
}

/// Runs the prover; `print` lets it speak.
fn prover(pack: &Path, against: Option<&Path>, print: bool) -> Result<Proved> {
    let beside = std::env::current_exe().ok().and_then(|own| Some(own.parent()?.join(PROVER)));
    let program = beside.filter(|path| path.is_file()).unwrap_or_else(|| PROVER.into());
    let mut command = Program::new(&program);
    command.arg(pack);
    if let Some(old) = against {
        command.arg("--against").arg(old);
    }
    if !print {
        command.stdout(Stdio::null()).stderr(Stdio::null());
    }
    match command.status() {
        Ok(status) => Ok(match status.code().map(u8::try_from) {
            Some(Ok(0)) => Proved::All,
            Some(Ok(1)) => Proved::Refuted,
            Some(Ok(NOT_PROVED)) => Proved::Nothing("there is no solver; Debian's package `cvc5` holds one".to_owned()),
            Some(Ok(code)) => Proved::Failed(code),
            _ => bail!("{} was ended by a signal", program.display()),
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Proved::Nothing(format!(
            "there is no `{PROVER}` beside this program or on the PATH; `cargo build --release -p countersign-prove` makes it"
        ))),
        Err(error) => bail!("cannot start {}: {error}", program.display()),
    }
}
