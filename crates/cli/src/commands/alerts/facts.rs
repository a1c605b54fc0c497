//! `countersign alerts facts`: what two people confirmed, as the fact `listed` of a population for restrictions.
//!
//! `none` says that somebody looked and there is nothing. So it is written only for clients of a finished run against the lists in effect, all
//! of whose alerts are in the queue and were decided. Whatever is open, or is for people to judge, leaves the fact unknown.

use super::journal;
use crate::commands::lists::in_folder;
use crate::edge;
use crate::files;
use anyhow::{Context, Result, ensure};
use clap::Args;
use countersign_core::digest;
use countersign_core::time::{Clock, Date};
use countersign_screen::clients::Clients;
use countersign_screen::entity::Kind;
use countersign_screen::queue::recognition::Recognition;
use countersign_screen::queue::{Arrival, Case, Disposition, Finding, Lane, Queue, Stage};
use countersign_screen::screen::{ALGORITHM, Alert, DEFAULT_THRESHOLD};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

/// Issuers as the packs of restrictions name them.
const ISSUERS: [(&str, &str); 3] = [("zz_unsc", "un"), ("eu_council", "eu"), ("us_ofac", "ofac")];
/// Largest file of clients.
const MAX_BYTES: usize = 4 << 30;
/// Most clients whose fact stays unknown that are named.
const MOST_NAMED: usize = 20;

#[derive(Args)]
pub(super) struct Facts {
    /// The clients that were screened.
    #[arg(long, value_name = "FILE")]
    clients: PathBuf,
    /// What `countersign screen --out` wrote about them.
    #[arg(long, value_name = "FILE")]
    run: PathBuf,
    /// Where the facts go: CSV with account, person, listed, as_of.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// What is known of one client.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Listed {
    /// Since when, by issuer.
    Confirmed(BTreeMap<&'static str, Date>),
    /// Why nothing can be said.
    Unknown(String),
}

impl Facts {
    pub(super) fn run(self, dir: &Path) -> Result<()> {
        let clients = files::read(&self.clients, MAX_BYTES)?;
        let recognition = Recognition::parse(&super::policy_text(dir)?)?;
        let journal = journal(dir)?;
        let pairs = self.pairs_of_run(dir, &clients, journal.queue(), &recognition)?;
        let mut known: BTreeMap<&str, Listed> = BTreeMap::new();
        for case in journal.queue().latest() {
            let finding = &case.finding;
            let found = pairs.contains(&(finding.client.clone(), finding.entity.clone()));
            if let Some(listed) = of_case(case, found, &recognition) {
                let all = match known.remove(finding.client.as_str()) {
                    Some(before) => before.and(listed),
                    None => listed,
                };
                known.insert(&finding.client, all);
            }
        }
        self.write(&clients, &known)?;
        let unknown: Vec<String> = known
            .iter()
            .filter_map(|(client, listed)| match listed {
                Listed::Unknown(why) => Some(format!("{client}: {why}")),
                Listed::Confirmed(_) => None,
            })
            .collect();
        for line in unknown.iter().take(MOST_NAMED) {
            println!("  unknown of {line}");
        }
        if unknown.len() > MOST_NAMED {
            println!("  and {} more", unknown.len() - MOST_NAMED);
        }
        Ok(())
    }

    /// Client and entity of every alert of the run, which must be about these clients and the lists in effect, and wholly in the queue.
    fn pairs_of_run(
        &self,
        dir: &Path,
        clients: &[u8],
        queue: &Queue,
        recognition: &Recognition,
    ) -> Result<HashSet<(String, String)>> {
        let shown = self.run.display();
        let (head, lines) = super::open_run(&self.run)?;
        ensure!(
            head.clients == digest::plain(clients).to_string(),
            "{shown} is about other clients than {}: screen these",
            self.clients.display()
        );
        ensure!(
            head.lists == in_folder(dir).digests()?,
            "{shown} is about other lists than those in effect: screen the clients again"
        );
        ensure!(
            head.algorithm == ALGORITHM && head.threshold() <= DEFAULT_THRESHOLD,
            "{shown} was made by another program or with a threshold above {DEFAULT_THRESHOLD}: that it finds nobody says too little"
        );
        let mut pairs = HashSet::new();
        for (number, line) in (2..).zip(lines) {
            let alert: Alert =
                serde_json::from_str(&line?).with_context(|| format!("{shown} line {number} is no alert"))?;
            let pair = (alert.client.clone(), alert.entity.clone());
            let finding = Finding::of_alert(&alert, recognition)
                .with_context(|| format!("{shown} line {number} does not say what either side stated"))?;
            ensure!(
                !matches!(queue.arrive(finding), Arrival::New(_)),
                "{shown} line {number} is not in the queue: say `countersign alerts add {shown}` first"
            );
            pairs.insert(pair);
        }
        Ok(pairs)
    }

    fn write(&self, clients: &[u8], known: &BTreeMap<&str, Listed>) -> Result<()> {
        let name = self.clients.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let json = self.clients.extension().is_some_and(|end| end == "jsonl" || end == "ndjson");
        let mut rows = if json { Clients::json(&name, clients) } else { Clients::csv(&name, clients)? };
        let today = edge::SystemClock.now().date();
        let mut table = "account,person,listed,as_of\n".to_owned();
        let (mut none, mut confirmed, mut unknown, mut rejected) = (0_u64, 0_u64, 0_u64, 0_u64);
        while let Some(row) = rows.next_row()? {
            let Some(query) = row.query else {
                rejected += 1;
                continue;
            };
            let (count, listed) = match known.get(query.id.as_str()) {
                None => (&mut none, "none".to_owned()),
                Some(Listed::Confirmed(since)) => {
                    let since: Vec<String> = since.iter().map(|(issuer, day)| format!("{issuer}@{day}")).collect();
                    (&mut confirmed, since.join(" "))
                }
                Some(Listed::Unknown(_)) => (&mut unknown, String::new()),
            };
            *count += 1;
            let person = match query.kind {
                Kind::Person => "natural",
                Kind::Organisation => "legal",
                Kind::Vessel | Kind::Aircraft | Kind::Asset | Kind::Unknown => "",
            };
            // Accounts are foreign text; the other cells are ours and need no quotation marks.
            table.push_str(&format!("\"{}\",{person},{listed},{today}\n", query.id.replace('"', "\"\"")));
        }
        files::write(&self.out, table.as_bytes())?;
        println!(
            "{confirmed} clients confirmed, {none} with nothing, {unknown} unknown; {rejected} rows were not screened and are not here"
        );
        Ok(())
    }
}

impl Listed {
    /// Both together: unknown wins, and of one issuer the earlier day.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Confirmed(mut all), Self::Confirmed(more)) => {
                for (issuer, day) in more {
                    all.entry(issuer).and_modify(|known| *known = day.min(*known)).or_insert(day);
                }
                Self::Confirmed(all)
            }
            (unknown @ Self::Unknown(_), _) | (_, unknown) => unknown,
        }
    }
}

/// What the latest alert about a pair says of its client; `None` for nothing. `found` is whether the run has found it again.
fn of_case(case: &Case, found: bool, recognition: &Recognition) -> Option<Listed> {
    let number = case.number;
    let unknown = |why: String| Some(Listed::Unknown(why));
    match (&case.stage, case.finding.lane) {
        (Stage::Open | Stage::Proposed { .. }, _) => unknown(format!("alert {number} is not decided")),
        (Stage::Withdrawn { .. } | Stage::Decided { disposition: Disposition::FalsePositive, .. }, _) => None,
        (Stage::Decided { .. }, _) if !found => {
            unknown(format!("alert {number} was confirmed, and this run does not find it: is the listing gone?"))
        }
        (Stage::Decided { .. }, Lane::People) => {
            unknown(format!("alert {number} was confirmed, and only people may judge what follows"))
        }
        (Stage::Decided { .. }, Lane::Recognised) => {
            let since = since(case, recognition);
            if since.is_empty() {
                return unknown(format!(
                    "alert {number} was confirmed, and no recognised listing of {} with a day is stated",
                    ISSUERS.map(|(_, name)| name).join(", ")
                ));
            }
            Some(Listed::Confirmed(since))
        }
    }
}

/// Since when recognised issuers that packs can name list the entity.
fn since(case: &Case, recognition: &Recognition) -> BTreeMap<&'static str, Date> {
    let alert: Option<Alert> = serde_json::from_value(case.finding.record.clone()).ok();
    let territories = alert.and_then(|alert| alert.states).map(|states| states.territories).unwrap_or_default();
    let mut since: BTreeMap<&'static str, Date> = BTreeMap::new();
    for listing in recognition.binding(&case.finding.listings, &territories) {
        let issuer = ISSUERS.iter().find(|(key, _)| *key == listing.issuer).map(|(_, name)| *name);
        let day = listing.listed_on.as_deref().and_then(|day| Date::parse(day).ok());
        if let (Some(issuer), Some(day)) = (issuer, day) {
            since.entry(issuer).and_modify(|known| *known = day.min(*known)).or_insert(day);
        }
    }
    since
}
