//! `countersign policy`.

mod golden;

use crate::files;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use countersign_policy::{Bundle, File};
use std::path::{Path, PathBuf};
use std::process::{Command as Program, ExitCode};

pub(crate) const EXAMPLE: &str = "Examples:
  countersign policy check packs/policy/eea-custodian
  countersign policy golden packs/policy/eea-custodian
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
    /// Write a pack as one document, as control changes and trustees take it.
    Bundle {
        /// Folder of the pack.
        pack: PathBuf,
        /// Where to write the bundle.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Prove the invariants of a pack, or that it allows nothing that another did not.
    Prove {
        /// Folder of the pack.
        pack: PathBuf,
        /// Folder of the pack that it is compared with.
        #[arg(long, value_name = "PACK")]
        against: Option<PathBuf>,
    },
}

impl Policy {
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::Check { pack } => check(&read(&pack)?),
            Command::Golden { pack, json } => return golden::golden(&pack, json),
            Command::Bundle { pack, out } => {
                let bundle = read(&pack)?;
                files::write(&out, bundle.to_document()?.as_bytes())?;
                println!("wrote {}: policy {}", out.display(), bundle.digest());
            }
            Command::Prove { pack, against } => return prove(&pack, against.as_deref()),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn read(pack: &Path) -> Result<Bundle> {
    if pack.is_file() {
        let document = files::read(pack, MAX_BUNDLE)?;
        return Bundle::from_document(&document).with_context(|| format!("{} is no policy bundle", pack.display()));
    }
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

fn prove(pack: &Path, against: Option<&Path>) -> Result<ExitCode> {
    let beside = std::env::current_exe().ok().and_then(|own| Some(own.parent()?.join(PROVER)));
    let program = beside.filter(|path| path.is_file()).unwrap_or_else(|| PROVER.into());
    let mut command = Program::new(&program);
    command.arg(pack);
    if let Some(old) = against {
        command.arg("--against").arg(old);
    }
    match command.status() {
        Ok(status) => {
            Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!(
                "countersign: nothing is proved: there is no `{PROVER}` beside this program or on the PATH; \
                 `cargo build --release -p countersign-prove` makes it"
            );
            Ok(ExitCode::from(NOT_PROVED))
        }
        Err(error) => bail!("cannot start {}: {error}", program.display()),
    }
}
