//! `countersign restrict appeal`: what the client sends in, and who decides.

use super::plan::By;
use super::webhook::Settings;
use crate::custody::Custody;
use crate::deadlines;
use crate::files;
use crate::signer::Signer;
use anyhow::{Result, ensure};
use clap::{ArgGroup, Args, Subcommand};
use countersign_core::approval::{SignerRole, Verdict};
use countersign_core::id::PersonId;
use countersign_core::json::Exact;
use countersign_core::restriction::{AppealOutcome, Record};
use countersign_deadlines::clock::{Clock, Counting, End, Lapse, Start, Unit};
use countersign_deadlines::due;
use countersign_desk::intake::MAX_RAW;
use countersign_desk::restrictions::NewAppeal;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(super) enum Appeal {
    /// Take an appeal in, with what the client sent.
    Open(Open),
    /// Appeals that wait for a decision, the one that is due first first.
    List,
    /// Decide an appeal, as an approver who had no part in the restriction.
    Decide(Decide),
}

#[derive(Args)]
pub(super) struct Open {
    /// The account.
    account: String,
    /// The version of the rule, such as `eu.5b.2/v1`.
    rule: String,
    /// What the client sent in; it is encrypted to the case officers.
    #[arg(long, value_name = "FILE")]
    document: PathBuf,
    /// What the client says, in one line.
    #[arg(long)]
    why: String,
    /// Who takes it in.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
}

#[derive(Args)]
#[command(group(ArgGroup::new("outcome").required(true).args(["uphold", "reverse"])))]
pub(super) struct Decide {
    /// The account.
    account: String,
    /// The version of the rule.
    rule: String,
    /// The restriction stays.
    #[arg(long)]
    uphold: bool,
    /// The restriction is taken off.
    #[arg(long)]
    reverse: bool,
    /// Why, in one line; the client is told.
    #[arg(long)]
    why: String,
    #[command(flatten)]
    by: By,
}

impl Appeal {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        match self {
            Self::Open(open) => open.run(custody).await,
            Self::List => list(custody).await,
            Self::Decide(decide) => decide.run(custody).await,
        }
    }
}

impl Open {
    async fn run(self, custody: &Custody) -> Result<()> {
        let days = Settings::load(&custody.place)?.appeal_days;
        let seat = custody.desk.custodian().genesis.value().custodian.seat;
        let (_, calendar) = deadlines::of_custodian(&custody.place, seat)?;
        let due = due(&clock(days), &calendar, custody.desk.now(), &[])?;
        let paper = files::read(&self.document, MAX_RAW)?;
        let appeal = NewAppeal { account: self.account, rule: self.rule, paper, why: self.why, due: due.at };
        let record = custody.desk.appeal_restriction(appeal, &self.by).await?;
        println!("appeal {} taken in; to be decided until {}", record.digest(), due.at);
        Ok(())
    }
}

/// The firm's own rule: so many days, ending on a working day.
fn clock(days: u16) -> Clock {
    Clock {
        id: "appeal".into(),
        title: "an appeal against a restriction is decided".into(),
        instruments: Vec::new(),
        urgent: false,
        start: Start::Received,
        end: End::Answered,
        length: days,
        unit: Unit::CalendarDays,
        counting: Counting::Eu1182,
        stops: Vec::new(),
        warn_hours: 72,
        lapse: Lapse::Escalate,
        source: "the firm's own rule".into(),
        verified: false,
        date: "2026-11-22".into(),
    }
}

async fn list(custody: &Custody) -> Result<()> {
    let (open, now) = (custody.desk.open_appeals().await?, custody.desk.now());
    for record in open.iter().map(Exact::value) {
        let Record { account, rule, due, why, .. } = record;
        let Some(due) = due else { continue };
        let standing = if *due < now { "OVERDUE" } else { "open" };
        println!("{due}  {standing:7}  `{account}`  {rule}  {why}");
    }
    let overdue = open.iter().filter(|record| record.value().due.is_some_and(|due| due < now)).count();
    println!("{} appeals are open", open.len());
    ensure!(overdue == 0, "{overdue} appeals were not decided in time: decide them, or take the restrictions off");
    Ok(())
}

impl Decide {
    async fn run(self, custody: &Custody) -> Result<()> {
        let signer = Signer::load(&self.by.key)?;
        let outcome = if self.reverse { AppealOutcome::Reverse } else { AppealOutcome::Uphold };
        let (desk, person) = (&custody.desk, &self.by.by);
        let decision = desk.draft_appeal_decision(&self.account, &self.rule, outcome, self.why, person).await?;
        let digest = decision.digest();
        let approval = signer.approve(&digest, person, SignerRole::Approver, Verdict::Approve, desk.now())?;
        let record = desk.decide_appeal(&self.account, &self.rule, &decision, &approval).await?;
        println!("`{}` {}: {} ({})", self.account, self.rule, record.value().act, record.value().why);
        if self.reverse {
            println!("the exchange core is told by `countersign restrict deliver`");
        }
        Ok(())
    }
}
