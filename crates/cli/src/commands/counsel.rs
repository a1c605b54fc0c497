//! `countersign counsel`: the privileged workspace, apart from cases, log and desk.

use crate::ceremony::secret_line;
use crate::edge;
use crate::files;
use crate::place::Place;
use crate::signer::Signer;
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use countersign_core::case::note::CounselNote;
use countersign_core::id::{CaseId, PersonId};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

pub(crate) const EXAMPLE: &str =
    "Examples (CASE is the whole id; the notes lie in the folder `counsel` beside `custodian`, or in --workspace):
  countersign counsel key --out counsel.agekey
  countersign counsel note CASE --text note.txt --as eva-stone --key signing.key
  countersign counsel list
  countersign counsel read CASE --key counsel.agekey";

#[derive(Args)]
pub(crate) struct Counsel {
    /// The folder of the workspace [default: `counsel` beside `custodian`].
    #[arg(long, value_name = "FOLDER")]
    workspace: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a key that opens notes; counsel keeps it, and nobody at the custodian has it.
    Key {
        /// Where the key goes.
        #[arg(long)]
        out: PathBuf,
    },
    /// Seal a note about a case to those in `recipients.txt`. It is in no event, leaf, export or total.
    Note {
        /// The case, the whole id.
        case: CaseId,
        /// The note; `-` reads it from standard input.
        #[arg(long, value_name = "FILE")]
        text: PathBuf,
        /// Who writes it.
        #[arg(long = "as", value_name = "PERSON")]
        by: PersonId,
        /// The author's signing key: a key file, or an SSH private key.
        #[arg(long)]
        key: PathBuf,
    },
    /// The cases with notes, and how many each has.
    List,
    /// Read the notes about a case with a key of counsel; every signature and the chain are checked.
    Read {
        /// The case, the whole id.
        case: CaseId,
        /// The age identity that `counsel key` made.
        #[arg(long)]
        key: PathBuf,
        /// Accept notes of these signing keys only, in the spelling of the roster. Repeat for several.
        #[arg(long, value_name = "KEY")]
        author: Vec<String>,
    },
}

impl Counsel {
    pub(crate) fn run(self, dir: &Path) -> Result<()> {
        let folder = self.workspace.unwrap_or_else(|| Place::new(dir).counsel());
        let workspace = Workspace::new(folder);
        match self.command {
            Command::Key { out } => make_key(&out),
            Command::Note { case, text, by, key } => {
                let text = note_text(&text)?;
                let readers = workspace.recipients()?.len();
                let number = workspace.add(case, &text, &by, &Signer::load(&key)?, edge::clock().now())?;
                println!("note {number} about case {case} sealed to {readers} keys of counsel");
                println!("a conclusion becomes a finding by `countersign case find`; the reasoning stays here");
                Ok(())
            }
            Command::List => {
                for (case, notes) in workspace.cases()? {
                    println!("{case} {notes} notes");
                }
                Ok(())
            }
            Command::Read { case, key, author } => read(&workspace, &case, &key, &author),
        }
    }
}

fn make_key(out: &Path) -> Result<()> {
    ensure!(!out.exists(), "{} is there already: a key is never written over", out.display());
    let identity = age::x25519::Identity::generate();
    files::write_secret(out, secret_line(&identity).as_bytes())?;
    println!("wrote {}", out.display());
    println!("{}", identity.to_public());
    println!("write this line into recipients.txt of the workspace: notes are sealed to it from then on");
    Ok(())
}

fn note_text(path: &Path) -> Result<Zeroizing<String>> {
    if path != Path::new("-") {
        return files::read_text(path, CounselNote::MAX_TEXT).map(Zeroizing::new);
    }
    let mut text = Zeroizing::new(String::new());
    std::io::stdin().take(CounselNote::MAX_TEXT as u64 + 1).read_to_string(&mut text).context("standard input")?;
    Ok(text)
}

fn read(workspace: &Workspace, case: &CaseId, key: &Path, authors: &[String]) -> Result<()> {
    let text = files::read_secret(key, 64 * 1024)?;
    let line = text.lines().find(|line| line.starts_with("AGE-SECRET-KEY-1"));
    let identity = line.and_then(|line| line.trim().parse().ok());
    let identity =
        identity.with_context(|| format!("{} holds no age identity (AGE-SECRET-KEY-1...)", key.display()))?;
    let notes = workspace.read(case, &identity)?;
    ensure!(!notes.is_empty(), "there is no note about case {case}");
    for opened in &notes {
        let note = opened.note.value();
        ensure!(
            authors.is_empty() || authors.contains(&note.key),
            "note {} is signed by `{}`, which is none of the keys that are accepted",
            note.number,
            note.key
        );
    }
    for opened in &notes {
        let note = opened.note.value();
        println!("note {} by {} at {}, signed by {}", note.number, note.by, note.at, note.key);
        for line in note.text.lines() {
            println!("  {line}");
        }
    }
    Ok(())
}
