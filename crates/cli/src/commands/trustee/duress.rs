//! `countersign trustee duress`: letters of approvers, and what follows a call for help.

use super::Unlock;
use crate::edge;
use crate::files;
use anyhow::Result;
use clap::Subcommand;
use countersign_core::id::Digest;
use countersign_seal::letter::LETTER_LEN;
use countersign_trustee::Accepted;
use std::path::PathBuf;

pub(super) const EXAMPLE: &str = "Example:
  countersign trustee duress accept trustee letter-1
  countersign trustee duress pager trustee /usr/local/bin/page-the-others
  countersign trustee duress list trustee";

#[derive(Subcommand)]
pub(super) enum DuressCommand {
    /// Take in an approver's letter.
    Accept {
        /// The trustee's folder.
        folder: PathBuf,
        /// The letter.
        letter: PathBuf,
        #[command(flatten)]
        unlock: Unlock,
    },
    /// Name the program that tells people outside; it is run with `duress` and the case's commitment until it ends with 0.
    Pager {
        /// The trustee's folder.
        folder: PathBuf,
        /// The program, by its full path.
        program: PathBuf,
        #[command(flatten)]
        unlock: Unlock,
    },
    /// Which approvers this trustee would understand, and which cases are locked because one called for help.
    List {
        /// The trustee's folder.
        folder: PathBuf,
        #[command(flatten)]
        unlock: Unlock,
    },
    /// Unlock a case, once the approver is safe. A signature that called for help still does: the case needs a new order.
    End {
        /// The trustee's folder.
        folder: PathBuf,
        /// The case's commitment.
        case: Digest,
        #[command(flatten)]
        unlock: Unlock,
    },
}

impl DuressCommand {
    pub(super) async fn run(self) -> Result<()> {
        let now = edge::clock().now();
        match self {
            Self::Accept { folder, letter, unlock } => {
                let sealed = files::read(&letter, LETTER_LEN + 1)?;
                match unlock.open(&folder)?.accept_duress_letter(&sealed, now).await? {
                    (person, Accepted::New) => {
                        println!("accepted: this trustee understands when `{person}` calls for help")
                    }
                    (person, Accepted::Before) => {
                        println!("the letter of `{person}` was accepted before: nothing changes")
                    }
                }
            }
            Self::Pager { folder, program, unlock } => {
                let program = std::path::absolute(program)?;
                unlock.open(&folder)?.set_pager(&program)?;
                println!("{} tells people outside", program.display());
            }
            Self::List { folder, unlock } => {
                let trustee = unlock.open(&folder)?;
                for told in trustee.told_of_duress(now).await? {
                    let says = match (told.two_keys, told.letter) {
                        (_, true) => "would be understood",
                        (true, false) => "has not sent a letter",
                        (false, _) => "does not have two keys in the roster",
                    };
                    println!("`{}` {says}", told.person);
                }
                if trustee.pager()?.is_none() {
                    println!("no pager is named: nobody would be told");
                }
                for call in trustee.calls().await? {
                    let told = if call.told { "people outside were told" } else { "NOBODY OUTSIDE WAS TOLD YET" };
                    println!("case {} is locked: somebody called for help; {told}", call.case);
                }
            }
            Self::End { folder, case, unlock } => {
                unlock.open(&folder)?.end_pending(&case).await?;
                println!("case {case} is not locked any more");
            }
        }
        Ok(())
    }
}
