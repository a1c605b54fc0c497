//! `countersign clock`.

use crate::deadlines;
use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use countersign_core::country::Country;
use countersign_core::time::Timestamp;
use countersign_deadlines::{Calendar, Pause, due};
use std::path::PathBuf;

pub(crate) const EXAMPLE: &str = "Examples:
  countersign clock list
  countersign clock due epoc --state AT --start 2026-12-15T12:00:00Z
  countersign clock due epoc --state AT --start 2026-12-15T12:00:00Z --pause 2026-12-17T10:00:00Z/2026-12-20T09:00:00Z
  countersign clock days IE 2030
  countersign clock days XA 2027 --calendar ours.json

  A custodian's own clocks and calendar are custodian/clocks.json and custodian/calendar.json; docs/formats/calendar.md has the format.";

#[derive(Args)]
pub(crate) struct Clock {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The clocks: what starts each, how long it runs, by which law.
    List {
        /// Another set than the one built in.
        #[arg(long, value_name = "FILE")]
        clocks: Option<PathBuf>,
    },
    /// When something is due, with every step of the count.
    Due(DueArgs),
    /// The holidays of a state in a year.
    Days {
        /// The state.
        state: Country,
        /// The year.
        year: i16,
        /// Another calendar than the one built in.
        #[arg(long, value_name = "FILE")]
        calendar: Option<PathBuf>,
    },
}

#[derive(Args)]
struct DueArgs {
    /// The clock.
    clock: String,
    /// The state whose holidays and time of day count.
    #[arg(long)]
    state: Country,
    /// What started the clock, and when: a time like 2026-12-15T12:00:00Z.
    #[arg(long, value_name = "TIME")]
    start: Timestamp,
    /// A time in which it stood still, as FROM/TO; repeat for several.
    #[arg(long, value_name = "FROM/TO")]
    pause: Vec<String>,
    /// Another calendar than the one built in.
    #[arg(long, value_name = "FILE")]
    calendar: Option<PathBuf>,
    /// Another set than the one built in.
    #[arg(long, value_name = "FILE")]
    clocks: Option<PathBuf>,
}

impl Clock {
    pub(crate) fn run(self) -> Result<()> {
        match self.command {
            Command::List { clocks } => {
                for clock in deadlines::clocks(clocks.as_deref())?.clocks {
                    println!("{:20} {} {} from {}: {}", clock.id, clock.length, clock.unit, clock.start, clock.title);
                    println!("{:20} {}{}", "", clock.source, unverified(clock.verified));
                }
                Ok(())
            }
            Command::Due(asked) => asked.run(),
            Command::Days { state, year, calendar } => days(&calendar_of(state, calendar)?, year),
        }
    }
}

impl DueArgs {
    fn run(self) -> Result<()> {
        let calendar = calendar_of(self.state, self.calendar)?;
        let clocks = deadlines::clocks(self.clocks.as_deref())?;
        let clock = clocks
            .get(&self.clock)
            .with_context(|| format!("there is no clock `{}`: `countersign clock list` shows all", self.clock))?;
        let pauses = self.pause.iter().map(|text| pause(text)).collect::<Result<Vec<_>>>()?;
        let found = due(clock, &calendar, self.start, &pauses)?;
        for step in &found.steps {
            println!("{step}");
        }
        println!("due {}, a person is told {}; then: {}", found.at, found.warn, clock.lapse);
        println!("{}{}", clock.source, unverified(clock.verified));
        println!("{} ({}){}", calendar.title(), calendar.source(), unverified(calendar.verified()));
        Ok(())
    }
}

fn calendar_of(state: Country, file: Option<PathBuf>) -> Result<Calendar> {
    let Some(file) = file else { return Ok(Calendar::of(state)?) };
    let calendar = deadlines::calendar_file(&file)?;
    ensure!(calendar.state() == state, "{} is the calendar of {}, not of {state}", file.display(), calendar.state());
    Ok(calendar)
}

fn days(calendar: &Calendar, year: i16) -> Result<()> {
    println!("{}{}", calendar.title(), unverified(calendar.verified()));
    for (day, name) in calendar.holidays(year)? {
        println!("{day} {:?} {name}", day.weekday());
    }
    Ok(())
}

fn pause(text: &str) -> Result<Pause> {
    let ends = || format!("`{text}` is not FROM/TO, for example 2026-12-17T10:00:00Z/2026-12-20T09:00:00Z");
    let (from, to) = text.split_once('/').with_context(ends)?;
    Ok(Pause { from: from.parse().with_context(ends)?, to: to.parse().with_context(ends)? })
}

fn unverified(verified: bool) -> &'static str {
    if verified { "" } else { " [not compared with the law]" }
}
