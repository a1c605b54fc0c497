//! `countersign restrict webhook`, `deliver`, `dead-letters`, `reconcile`: the exchange core is told, and asked.

use super::open;
use super::webhook::{self, Answer, Settings};
use crate::custody::Custody;
use crate::edge;
use anyhow::{Context, Result};
use clap::Args;
use countersign_core::id::Salt;
use countersign_core::json::Exact;
use countersign_core::restriction::Effect;
use countersign_core::time::Timestamp;
use countersign_restrict::reconcile::{Difference, reconcile};
use countersign_store::{NoticeCounts, Restrictions as _, Sent};
use rand_core::Rng;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

/// Notices taken out of the queue at once.
const BATCH: u32 = 100;
/// Attempts in a row that nobody answered, after which the run ends: the exchange core is not there.
const MOST_SILENCES: u32 = 3;
/// Records read at once.
const PAGE: u32 = 1_000;
/// Most lines printed of each sort.
const MOST_SHOWN: usize = 100;

#[derive(Args)]
pub(super) struct Webhook {
    /// Where notices go.
    #[arg(long)]
    url: String,
    /// Days in which an appeal is decided.
    #[arg(long, default_value_t = 30)]
    appeal_days: u16,
}

impl Webhook {
    pub(super) fn run(self, custody: &Custody) -> Result<()> {
        let settings = Settings::new(&self.url, self.appeal_days)?;
        let key = webhook::signing_key(&custody.place)?;
        settings.save(&custody.place)?;
        println!("notices go to {}", settings.url);
        println!("signed by {}", webhook::public(&key));
        Ok(())
    }
}

#[derive(Args)]
pub(super) struct Deliver {
    /// Also send what waits for a later attempt.
    #[arg(long)]
    now: bool,
}

impl Deliver {
    pub(super) async fn run(self, custody: &Custody) -> Result<ExitCode> {
        let settings = Settings::load(&custody.place)?;
        let key = webhook::signing_key(&custody.place)?;
        let client = webhook::client()?;
        let (mut sent, mut failed, mut silences) = (0_u64, 0_u64, 0);
        let begun = custody.desk.now();
        'run: loop {
            // What fails in this run is due after its beginning, so it does not come again in this run.
            let until = if self.now && failed == 0 { Timestamp::MAX } else { begun };
            let due = custody.desk.notices_to_send(until, BATCH).await?;
            if due.is_empty() {
                break;
            }
            for queued in due {
                let id = queued.notice.value().id;
                let mut nonce = [0; 16];
                edge::rng()?.fill_bytes(&mut nonce);
                let fields = webhook::sign(&key, &settings.url, &queued.notice, custody.desk.now(), nonce)?;
                let answer = webhook::send(&client, &settings.url, fields, &queued.notice).await;
                silences = if matches!(answer, Answer::Silence(_)) { silences + 1 } else { 0 };
                let (again, said) = match answer {
                    Answer::Has(outcome) => {
                        custody.desk.notice_taken(&queued, outcome.as_str()).await?;
                        sent += 1;
                        continue;
                    }
                    Answer::Later(said) | Answer::Silence(said) => (true, said),
                    Answer::Refused(said) => (false, said),
                };
                failed += 1;
                match custody.desk.notice_failed(&queued, again, &said).await? {
                    Sent::Again(at) => println!("notice {id}: {said}; again at {at}"),
                    Sent::GivenUp | Sent::Delivered => println!("notice {id}: {said}; given up, a dead letter"),
                }
                if silences == MOST_SILENCES {
                    println!("the exchange core does not answer: this run ends, the rest waits");
                    break 'run;
                }
            }
        }
        let NoticeCounts { waiting, dead, .. } = custody.store_notices().await?;
        println!("{sent} delivered, {failed} failed; {waiting} wait, {dead} were given up");
        Ok(if failed == 0 && dead == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

#[derive(Args)]
pub(super) struct DeadLetters {
    /// Send this one again from the first attempt on.
    #[arg(long, value_name = "NOTICE")]
    revive: Option<Salt>,
}

impl DeadLetters {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        if let Some(id) = self.revive {
            custody.desk.revive_notice(&id).await?;
            println!("notice {id} waits for `countersign restrict deliver`");
            return Ok(());
        }
        let dead = custody.store.dead_notices().await?;
        for letter in &dead {
            let notice = letter.notice.value();
            println!("{}  `{}`  {} attempts  {}", notice.id, notice.account, letter.attempts, letter.said);
        }
        println!("{} dead letters", dead.len());
        Ok(())
    }
}

#[derive(Args)]
pub(super) struct Reconcile {
    /// The exchange core's own export: CSV `account,effect`.
    export: PathBuf,
    /// Tell the exchange core again about every account that is missing or different.
    #[arg(long)]
    resend: bool,
}

impl Reconcile {
    pub(super) async fn run(self, custody: &Custody) -> Result<ExitCode> {
        let found = reconcile(custody.standing().await?, open(&self.export)?)
            .with_context(|| self.export.display().to_string())?;
        let mut resent = 0_u64;
        for (place, (account, difference)) in found.differences.iter().enumerate() {
            let on_its_way = custody.store.is_notice_open(account).await?;
            let way = if on_its_way { "; a notice waits or is a dead letter" } else { "" };
            if place < MOST_SHOWN {
                match difference {
                    Difference::Missing { ours } => println!("missing    `{account}`: {ours} here, nothing there{way}"),
                    Difference::Different { ours, theirs } => {
                        println!("different  `{account}`: {ours} here, {theirs} there{way}");
                    }
                }
            }
            if self.resend && !on_its_way {
                custody.desk.tell_again(account).await?;
                resent += 1;
            }
        }
        found.extra.first.iter().for_each(|text| println!("extra      {text}"));
        found.bad.first.iter().for_each(|text| println!("unusable   {text}"));
        println!(
            "{} rows: {} restricted accounts alike, {} missing or different, {} extra, {} unusable",
            found.rows,
            found.alike,
            found.differences.len(),
            found.extra.count,
            found.bad.count
        );
        if self.resend {
            println!("{resent} accounts are told again by `countersign restrict deliver`; nothing else was changed");
        }
        Ok(if found.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Custody {
    /// Notices by state.
    pub(super) async fn store_notices(&self) -> Result<NoticeCounts> {
        Ok(self.store.notice_counts(None).await?)
    }

    /// The strongest effect that stands on each restricted account.
    pub(super) async fn standing(&self) -> Result<BTreeMap<String, Effect>> {
        let mut standing: BTreeMap<String, Effect> = BTreeMap::new();
        let mut after: Option<(String, String)> = None;
        loop {
            let page = self.store.restriction_heads(after.take(), PAGE).await?;
            let Some(last) = page.last().map(Exact::value) else { return Ok(standing) };
            after = Some((last.account.clone(), last.rule.clone()));
            for head in page.iter().map(Exact::value).filter(|head| head.stands()) {
                let strongest = standing.entry(head.account.clone()).or_insert(head.effect);
                *strongest = (*strongest).max(head.effect);
            }
        }
    }
}
