//! Lists of cases.

use super::{asker, review};
use crate::custody::Custody;
use crate::deadlines;
use crate::files;
use anyhow::{Context, Result};
use clap::Args;
use countersign_core::id::{CaseId, PersonId};
use countersign_core::time::Timestamp;
use countersign_desk::listing::Rota;
use countersign_store::{Cases as _, DuePlace};
use std::str::FromStr;

/// Who stands in for whom, beside the configuration.
const ROTA: &str = "rota.json";

#[derive(Args)]
pub(super) struct List {
    /// Open cases by deadline, the nearest first.
    #[arg(long)]
    due: bool,
    /// Cases drawn for a second review, and what was found.
    #[arg(long, conflicts_with = "due")]
    review: bool,
    /// Only the cases of this person, and of those for whom the person stands in.
    #[arg(long = "for", value_name = "PERSON", requires = "due")]
    holder: Option<PersonId>,
    /// How many.
    #[arg(long, value_name = "N", default_value_t = 50, requires = "due", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Go on after this place, as the page before named it.
    #[arg(long, value_name = "PLACE", requires = "due")]
    after: Option<Place>,
}

/// A place in the list: `TIME/CASE`.
#[derive(Clone, Copy)]
struct Place(DuePlace);

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (at, case) = text.split_once('/').ok_or("a place is written TIME/CASE, as the page before named it")?;
        let at = Timestamp::parse(at).map_err(|error| error.to_string())?;
        let case = CaseId::parse(case).map_err(|error| error.to_string())?;
        Ok(Self(DuePlace { at, case }))
    }
}

impl List {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        match (self.due, self.review) {
            (true, _) => self.by_deadline(custody).await,
            (_, true) => review::list(custody).await,
            _ => by_last_move(custody).await,
        }
    }

    async fn by_deadline(self, custody: &Custody) -> Result<()> {
        let desk = &custody.desk;
        let now = desk.now();
        let seat = desk.custodian().genesis.value().custodian.seat;
        let (clocks, calendar) = deadlines::of_custodian(&custody.place, seat)?;
        desk.place_cases(&clocks, &calendar).await?;
        let holders = match &self.holder {
            Some(person) => Some(rota(custody)?.holders_for(person, now)),
            None => None,
        };
        let page = desk.cases_due(holders.as_deref(), self.after.map(|place| place.0), self.limit).await?;
        for standing in &page {
            let due = match &standing.due {
                Some(due) => {
                    let late = if due.at < now { "  OVER" } else { "" };
                    let paused = if due.paused { " or later" } else { "" };
                    format!("{}{paused}  {}{late}", due.at, due.clock)
                }
                None => "no clock runs".to_owned(),
            };
            println!("{}  {:14} {:12} {due}", standing.case, standing.stage, standing.holder.to_string());
        }
        if let Some(last) = page.last().filter(|_| u32::try_from(page.len()) == Ok(self.limit)) {
            let place = last.place();
            println!("next: --after {}/{}", place.at, place.case);
        }
        Ok(())
    }
}

fn rota(custody: &Custody) -> Result<Rota> {
    let path = custody.place.custodian().join(ROTA);
    if !path.exists() {
        return Ok(Rota::default());
    }
    let bytes = files::read(&path, Rota::MAX_LEN)?;
    Rota::parse(&bytes).with_context(|| path.display().to_string())
}

async fn by_last_move(custody: &Custody) -> Result<()> {
    for summary in custody.store.cases().await? {
        let file = custody.desk.case(&summary.case).await?;
        let flag = match file.second_review() {
            Some(review) if review.is_objected() => "  OBJECTED in the second review",
            Some(review) if review.found.is_none() => "  second review to be done",
            _ => "",
        };
        println!("{}  {:14} {}  {}{flag}", summary.case, file.stage.name(), summary.last_at, asker(&file));
    }
    Ok(())
}
