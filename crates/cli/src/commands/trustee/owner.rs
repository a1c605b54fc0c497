//! `countersign trustee pause | resume | lift | audit | entries | log-key`: what the owner of a trustee does beside the service, while it runs or not.

use super::{Unlock, source};
use crate::edge;
use anyhow::{Result, bail};
use clap::{ArgGroup, Args, Subcommand};
use countersign_core::time::Timestamp;
use countersign_trustee::OwnEntry;
use countersign_verify::ledger::{CounterKey, Lift};
use countersign_verify::trustee_log::Reason;
use serde_json::json;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(super) enum OwnerCommand {
    /// Stop all answers at once; the act is an entry of the trustee's own log.
    Pause {
        /// The trustee's folder.
        folder: PathBuf,
        #[command(flatten)]
        unlock: Unlock,
        /// Why, in one line.
        #[arg(long)]
        reason: String,
    },
    /// Let the trustee answer again.
    Resume {
        /// The trustee's folder.
        folder: PathBuf,
        #[command(flatten)]
        unlock: Unlock,
        /// Why, in one line.
        #[arg(long)]
        reason: String,
    },
    /// Raise one hard stop by some people for some time.
    Lift(LiftCommand),
    /// Compare the answers kept, the trustee's own log and the receipts in the custodian's journal; exit code 1 when something does not fit.
    Audit {
        /// The trustee's folder.
        folder: PathBuf,
        #[command(flatten)]
        unlock: Unlock,
        /// The custodian's journal: a folder, or an address.
        #[arg(long)]
        log: String,
    },
    /// Print every entry of the trustee's own log with the disclosures that open it, one JSON object a line.
    Entries {
        /// The trustee's folder.
        folder: PathBuf,
        #[command(flatten)]
        unlock: Unlock,
        /// Index of the first entry.
        #[arg(long, default_value_t = 0)]
        from: u64,
    },
    /// Print the key of the trustee's own log, signed by its identity.
    LogKey {
        /// The trustee's folder.
        folder: PathBuf,
        #[command(flatten)]
        unlock: Unlock,
    },
}

#[derive(Args)]
#[command(group(ArgGroup::new("stop").required(true)))]
pub(super) struct LiftCommand {
    /// The trustee's folder.
    folder: PathBuf,
    #[command(flatten)]
    unlock: Unlock,
    /// The stop of one authority, by its id.
    #[arg(long, group = "stop", value_name = "ID")]
    authority: Option<String>,
    /// The stop of one matter, by its digest.
    #[arg(long, group = "stop", value_name = "DIGEST")]
    matter: Option<String>,
    /// The stop of one traced address, by its digest.
    #[arg(long, group = "stop", value_name = "DIGEST")]
    address: Option<String>,
    /// The stop of all people of one day.
    #[arg(long, group = "stop")]
    day: bool,
    /// By how many people.
    #[arg(long)]
    people: u32,
    /// Until when, like 2026-11-22T12:00:00Z; at most 31 days.
    #[arg(long)]
    until: Timestamp,
    /// Why, in one line.
    #[arg(long)]
    reason: String,
}

impl OwnerCommand {
    pub(super) async fn run(self) -> Result<()> {
        let now = edge::clock().now();
        match self {
            Self::Pause { folder, unlock, reason } => {
                unlock.open(&folder)?.pause(&Reason::parse(&reason)?, now).await?;
                println!(
                    "paused: the trustee in {} answers nothing until `countersign trustee resume`",
                    folder.display()
                );
            }
            Self::Resume { folder, unlock, reason } => {
                unlock.open(&folder)?.resume(&Reason::parse(&reason)?, now).await?;
                println!("resumed: the trustee in {} answers again", folder.display());
            }
            Self::Lift(command) => {
                let lift = Lift::new(command.key()?, command.people, now, command.until)?;
                command.unlock.open(&command.folder)?.lift(&lift, &Reason::parse(&command.reason)?).await?;
                let (by, of) = lift.key().names();
                println!("lifted: the stop of {by} {of} by {} people until {}", lift.people(), lift.until());
            }
            Self::Audit { folder, unlock, log } => {
                let (trustee, source) = (unlock.open(&folder)?, source(&log)?);
                trustee.tail(source.as_ref(), now).await?;
                let audit = trustee.audit(source.as_ref(), now).await?;
                let compared = &audit.compared;
                println!(
                    "{} answers, {} entries of the own log ({} public), {} receipts in the journal of {} leaves, {} awaited",
                    compared.answers,
                    compared.entries,
                    audit.published,
                    compared.in_journal,
                    audit.journal_size,
                    compared.awaited
                );
                let mismatches = compared.mismatches.iter().map(ToString::to_string);
                for fault in audit.faults.iter().cloned().chain(mismatches) {
                    println!("{fault}");
                }
                if !audit.is_sound() {
                    bail!("answers, own log and journal do not fit together");
                }
                println!("sound");
            }
            Self::Entries { folder, unlock, mut from } => {
                let trustee = unlock.open(&folder)?;
                loop {
                    let entries = trustee.own_entries(from).await?;
                    let Some(last) = entries.last() else { break };
                    from = last.index + 1;
                    for OwnEntry { index, leaf, disclosures, entry } in entries {
                        let (leaf, kind) = (String::from_utf8(leaf)?, entry.kind().as_str());
                        let line = json!({"index": index, "kind": kind, "leaf": leaf, "disclosures": disclosures});
                        println!("{line}");
                    }
                }
            }
            Self::LogKey { folder, unlock } => println!("{}", unlock.open(&folder)?.log_key()?.text()),
        }
        Ok(())
    }
}

impl LiftCommand {
    fn key(&self) -> Result<CounterKey> {
        let named = [("authority", &self.authority), ("matter", &self.matter), ("address", &self.address)];
        for (by, of) in named {
            if let Some(of) = of {
                return Ok(CounterKey::parse(by, of)?);
            }
        }
        Ok(CounterKey::All)
    }
}
