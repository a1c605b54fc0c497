//! Second reviews of cases that the receipts of trustees have drawn.

use crate::custody::Custody;
use crate::files;
use anyhow::{Context, Result};
use clap::Args;
use countersign_core::id::PersonId;
use countersign_core::time::Timestamp;
use countersign_desk::intake::MAX_RAW;
use countersign_desk::second_review::SecondReview;
use countersign_desk::step::StepEntry;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct Review {
    /// The case.
    case: String,
    /// It was decided rightly.
    #[arg(long, required_unless_present = "objection", conflicts_with = "objection")]
    confirmed: bool,
    /// It should not have been decided so.
    #[arg(long)]
    objection: bool,
    /// What was read, and why the reviewer finds so.
    #[arg(long)]
    why: String,
    /// A paper that belongs to it; it is sealed to the case officers.
    #[arg(long, value_name = "FILE")]
    paper: Option<PathBuf>,
    /// Who has reviewed: somebody who had no part in the case.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
}

impl Review {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        let desk = &custody.desk;
        let case = desk.find_case(&self.case).await?;
        let paper = self.paper.as_ref().map(|path| files::read(path, MAX_RAW)).transpose()?;
        let entry = StepEntry { why: self.why, until: None, paper };
        let taken = desk.review_again(&case, self.objection, entry, &self.by).await;
        let taken = taken.with_context(|| format!("case {}", self.case))?;
        let file = desk.case(&case).await?;
        println!("{} noted, digest {}: {}", taken.value().step, taken.digest(), file.stage.name());
        if self.objection {
            println!("nothing that was released comes back: `case list --review` shows the objection from now on");
        }
        println!("next: {}", file.stage.next_step());
        Ok(())
    }
}

/// Every drawn case, the one drawn first first, and what they add up to.
pub(super) async fn list(custody: &Custody) -> Result<()> {
    let now = custody.desk.now();
    let reviews = custody.desk.second_reviews().await?;
    for review in &reviews {
        println!("{}  {:14} {}", review.case, review.stage, line(review, now));
    }
    let objected = reviews.iter().filter(|review| review.is_objected()).count();
    let open = reviews.iter().filter(|review| review.found.is_none()).count();
    let confirmed = reviews.len() - objected - open;
    println!("{} cases drawn: {confirmed} confirmed, {objected} objected, {open} not reviewed", reviews.len());
    Ok(())
}

/// How the second review of a case stands, for people.
pub(super) fn line(review: &SecondReview, now: Timestamp) -> String {
    let drawn = format!("drawn for a second review by trustee {} at {}", review.drawn.trustee, review.drawn.at);
    let Some(found) = review.found.as_ref().map(|found| found.value()) else {
        let late = if review.drawn.due() < now { " OVER" } else { "" };
        return format!("{drawn}: due {}{late}", review.drawn.due());
    };
    let word = if review.is_objected() { "OBJECTED" } else { "confirmed" };
    format!("{drawn}: {word} by {} at {}: {}", found.by, found.at, found.why.trim().replace('\n', " / "))
}
