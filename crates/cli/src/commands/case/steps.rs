//! Steps of a case that neither answer a question nor sign anything.

use crate::custody::Custody;
use crate::deadlines;
use crate::files;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use countersign_core::case::step::Step;
use countersign_core::id::PersonId;
use countersign_core::time::Timestamp;
use countersign_desk::intake::MAX_RAW;
use countersign_desk::step::StepEntry;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(super) enum Steps {
    /// Note that the authority was told that its request arrived: the check of the sender begins.
    Acknowledge(Said),
    /// Ask the authority to complete its request, one question in a line; clocks that allow it stand still. Its letter:
    /// `countersign letter clarification`.
    Ask(Said),
    /// Give an order back to its author, who may propose another one.
    Return(Said),
    /// Let a public order wait until a time.
    Hold(Until),
    /// Keep the data of the clients asked about until a time, whatever becomes of the request.
    Preserve(Until),
    /// End a preservation before its time.
    EndPreservation(Said),
    /// Challenge the request before its court, and wait for the ruling.
    Challenge(OnPaper),
    /// Put the ruling of the court on file: review goes on.
    DecideChallenge(OnPaper),
    /// Put a challenge on file that suspends nothing: the order is given under protest.
    Protest(OnPaper),
    /// Put the authority's withdrawal on file.
    Withdraw(OnPaper),
    /// End a case whose clock has run out.
    Expire(Said),
    /// Lock a case: duress, or silence of the region's staff. Nothing is done in it any more.
    Lock(Said),
}

#[derive(Args)]
pub(super) struct Said {
    /// The case.
    case: String,
    /// Why, or what was said.
    #[arg(long)]
    why: String,
    /// A paper that belongs to it; it is sealed to the case officers.
    #[arg(long, value_name = "FILE")]
    paper: Option<PathBuf>,
    /// Who takes the step.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
}

#[derive(Args)]
pub(super) struct Until {
    /// Until when.
    #[arg(long, value_name = "TIME")]
    until: Timestamp,
    #[command(flatten)]
    said: Said,
}

#[derive(Args)]
pub(super) struct OnPaper {
    /// The case.
    case: String,
    /// Why, or what was said.
    #[arg(long)]
    why: String,
    /// The paper, exactly as it is; it is sealed to the case officers.
    #[arg(long, value_name = "FILE")]
    paper: PathBuf,
    /// Who takes the step.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
}

impl From<OnPaper> for Said {
    fn from(OnPaper { case, why, paper, by }: OnPaper) -> Self {
        Self { case, why, paper: Some(paper), by }
    }
}

impl Steps {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        let (step, said, until) = match self {
            Steps::Acknowledge(said) => (Step::Acknowledge, said, None),
            Steps::Ask(said) => (Step::Ask, said, None),
            Steps::Return(said) => (Step::Return, said, None),
            Steps::Hold(hold) => (Step::Hold, hold.said, Some(hold.until)),
            Steps::Preserve(preserve) => (Step::Preserve, preserve.said, Some(preserve.until)),
            Steps::EndPreservation(said) => (Step::EndPreservation, said, None),
            Steps::Challenge(paper) => (Step::Challenge, paper.into(), None),
            Steps::DecideChallenge(paper) => (Step::DecideChallenge, paper.into(), None),
            Steps::Protest(paper) => (Step::Protest, paper.into(), None),
            Steps::Withdraw(paper) => (Step::Withdraw, paper.into(), None),
            Steps::Expire(said) => (Step::Expire, said, None),
            Steps::Lock(said) => (Step::Lock, said, None),
        };
        let paper = said.paper.as_ref().map(|path| files::read(path, MAX_RAW)).transpose()?;
        let entry = StepEntry { why: said.why, until, paper };
        let desk = &custody.desk;
        let case = desk.find_case(&said.case).await?;
        let taken = if step == Step::Expire {
            let seat = desk.custodian().genesis.value().custodian.seat;
            let (clocks, calendar) = deadlines::of_custodian(&custody.place, seat)?;
            desk.expire(&case, &clocks, &calendar, entry, &said.by).await
        } else {
            desk.take_step(&case, step, entry, &said.by).await
        };
        let taken = taken.with_context(|| format!("case {}", said.case))?;
        let file = desk.case(&case).await?;
        println!("{} noted, digest {}: {}", step, taken.digest(), file.stage.name());
        println!("next: {}", file.stage.next_step());
        Ok(())
    }
}
