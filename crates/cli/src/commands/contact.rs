//! `countersign contact`.

use crate::custody::Custody;
use crate::files;
use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use countersign_core::country::Country;
use countersign_core::id::{AuthorityId, PersonId};
use countersign_core::time::{DAY, Timestamp};
use countersign_desk::documents::{Contact as Record, ContactV1, Fact};
use serde::Deserialize;
use std::path::{Path, PathBuf};

pub(crate) const EXAMPLE: &str = "Examples:
  countersign contact register meeting.json --as lena-ohm
  countersign contact timeline xr-monitoring-service

  meeting.json: {\"authority\":\"xr-monitoring-service\",\"approached\":[\"roman-karel\"],
    \"met\":{\"said\":\"a meeting in their office\",\"source\":\"roman-karel\",\"at\":\"2026-11-19T09:00:00Z\"},
    \"asked\":{...},\"promised\":{...},\"delivered\":null}";

#[derive(Args)]
pub(crate) struct Contact {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Register an informal approach: what was met, asked, promised, delivered are four separate facts.
    Register {
        /// The record as JSON.
        file: PathBuf,
        /// Who registers it.
        #[arg(long = "as", value_name = "PERSON")]
        by: PersonId,
    },
    /// Contacts, listings, requests and disclosures of one authority side by side, the oldest first.
    Timeline {
        /// The authority.
        authority: AuthorityId,
    },
}

/// A contact as people write it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactEntry {
    pub(crate) authority: AuthorityId,
    pub(crate) approached: Vec<PersonId>,
    pub(crate) met: Option<Fact>,
    pub(crate) asked: Option<Fact>,
    pub(crate) promised: Option<Fact>,
    pub(crate) delivered: Option<Fact>,
}

impl ContactEntry {
    pub(crate) fn into_record(self, custody: &Custody, by: &PersonId) -> Result<Record> {
        let state: Country = custody.desk.authority(&self.authority)?.state;
        Ok(Record {
            v: ContactV1,
            authority: self.authority,
            state,
            approached: self.approached,
            met: self.met,
            asked: self.asked,
            promised: self.promised,
            delivered: self.delivered,
            at: custody.desk.now(),
            by: by.clone(),
        })
    }
}

impl Contact {
    pub(crate) async fn run(self, dir: &Path) -> Result<()> {
        match self.command {
            Command::Register { file, by } => register(dir, &file, &by).await,
            Command::Timeline { authority } => {
                Custody::during(dir, async |custody| timeline(custody, &authority).await).await
            }
        }
    }
}

/// Lines with more than a week between them have an empty line between them: a promise and a licence of one week stand together.
async fn timeline(custody: &Custody, authority: &AuthorityId) -> Result<()> {
    let lines = custody.desk.timeline(authority).await?;
    println!("{:20}  {:11}  {:8}  what (source)", "when", "column", "case");
    let mut before: Option<Timestamp> = None;
    for line in lines {
        if before.is_some_and(|before| line.at.since(before) > 7 * DAY) {
            println!();
        }
        let (at, column, case) = (line.at.to_string(), line.column.as_str(), &line.case.to_hex()[..8]);
        println!("{at:20}  {column:11}  {case}  {} ({})", line.what, line.source);
        before = Some(line.at);
    }
    Ok(())
}

async fn register(dir: &Path, file: &Path, by: &PersonId) -> Result<()> {
    let bytes = files::read(file, 1024 * 1024)?;
    // The parser would take the items of a list for members in the order of the record.
    ensure!(bytes.trim_ascii_start().first() == Some(&b'{'), "{} is not a contact record", file.display());
    let entry: ContactEntry =
        serde_json::from_slice(&bytes).with_context(|| format!("{} is not a contact record", file.display()))?;
    let custody = Custody::open(dir).await?;
    let record = entry.into_record(&custody, by).with_context(|| format!("{}", file.display()))?;
    let registered = custody.desk.register_contact(record, by).await;
    let (case, in_time) = registered.with_context(|| format!("{}", file.display()))?;
    println!("case {case} opened: CONTACT");
    if !in_time {
        println!("warning: registered later than 24 hours after the approach; the report will say so");
    }
    custody.close().await
}
