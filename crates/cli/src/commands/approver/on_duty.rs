//! `countersign approver on-duty`, `countersign approver availability`: who is there when, and whether that is enough for the clocks.

use crate::custody::Custody;
use crate::deadlines;
use crate::files;
use anyhow::{Context, Result, bail};
use clap::Args;
use countersign_core::country::Country;
use countersign_core::id::PersonId;
use countersign_core::order::Kind;
use countersign_core::time::{DAY, HOUR, MINUTE, Seconds, Timestamp};
use countersign_deadlines::clock::{End, Unit};
use countersign_deadlines::on_duty::{OnDuty as Hours, Span, on_duty_at, without};
use countersign_deadlines::{Calendar, Clock};
use countersign_desk::listing::Rota;
use countersign_desk::staffing::Needed;

/// Regular hours of duty, beside the configuration.
const ON_DUTY: &str = "on-duty.json";
/// Absences, beside the configuration.
const ROTA: &str = "rota.json";

#[derive(Args)]
pub(super) struct OnDuty {
    /// Another time than now.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

#[derive(Args)]
pub(super) struct Availability {
    /// Lane of the policy: court, home, bloc, weak, compelled, emergency.
    #[arg(long)]
    lane: String,
    /// Kind of order.
    #[arg(long, default_value = "disclosure")]
    kind: Kind,
    /// State of the authority that asks.
    #[arg(long)]
    requester: Country,
    /// Who would be the legal author.
    #[arg(long, value_name = "PERSON")]
    author: PersonId,
    /// Clocks of urgent requests too; those of emergencies are always counted for the kind `emergency`.
    #[arg(long)]
    urgent: bool,
    /// How many days are looked at, from now on.
    #[arg(long, default_value_t = 28, value_parser = clap::value_parser!(u16).range(1..=366))]
    days: u16,
}

impl OnDuty {
    pub(super) fn run(self, custody: &Custody) -> Result<()> {
        let at = self.at.unwrap_or(custody.desk.now());
        let spans = spans(custody, at, at.plus(14 * DAY))?;
        let there = on_duty_at(&spans, at);
        if there.is_empty() {
            println!("nobody is on duty at {at}");
        }
        for person in there {
            let until = spans.iter().filter(|span| span.person == *person && (span.from..span.until).contains(&at));
            let until = until.map(|span| span.until).max().unwrap_or(at);
            println!("{person} is on duty until {until}");
        }
        if let Some(next) = spans.iter().find(|span| span.from > at) {
            println!("next: {} at {}", next.person, next.from);
        }
        Ok(())
    }
}

impl Availability {
    pub(super) fn run(self, custody: &Custody) -> Result<()> {
        let (desk, kind) = (&custody.desk, self.kind);
        let (from, horizon) = (desk.now(), Seconds::from(self.days) * DAY);
        let until = from.plus(horizon);
        // Whoever asks at the end waits too: as long again is looked at.
        let spans = spans(custody, from, until.plus(horizon.max(14 * DAY)))?;
        let quorum = desk.custodian().bundle.requirement(&self.lane, kind);
        let quorum = quorum.with_context(|| format!("the policy in force has no lane `{}` for `{kind}`", self.lane))?;
        let control = desk.control();
        let (state, counting) = (control.at(from), control.counting_at(from));
        let names: Vec<&PersonId> = state
            .members()
            .iter()
            .filter(|member| state.trustee(member.index).is_some())
            .map(|member| &member.name)
            .collect();
        let needed = Needed {
            quorum,
            requester: self.requester,
            author: &self.author,
            people: counting.people().values().collect(),
            trustees: state.trustees().map(|(threshold, _)| (names, usize::from(threshold))),
        };
        let longest = needed.longest(&spans, from, until);
        println!(
            "longest way of a `{kind}` in the lane `{}` for {} that comes in the next {} days:",
            self.lane, self.requester, self.days
        );
        println!("  asked at {}", longest.start);
        let (Some(quorum), Some(end), Some(wait)) = (longest.quorum, longest.trustees, longest.wait()) else {
            bail!(
                "the people in {ON_DUTY} never come to a quorum that t trustees answer: name more hours or more people"
            );
        };
        println!("  the quorum has been on duty by {quorum}, t trustees after it by {end}: {}", in_hours(wait));
        let (clocks, _) = deadlines::of_custodian(&custody.place, desk.custodian().genesis.value().custodian.seat)?;
        let mut missed = Vec::new();
        for clock in clocks.clocks.iter().filter(|clock| clock.end == End::Answered) {
            if clock.urgent && !self.urgent && kind != Kind::Emergency {
                continue;
            }
            let (least, id) = (least(clock), &clock.id);
            if wait < least {
                println!(
                    "  {id} ({} at least): met with {} left for the work itself",
                    in_hours(least),
                    in_hours(least - wait)
                );
            } else {
                println!("  {id} ({} at least): MISSED", in_hours(least));
                missed.push(id.as_str());
            }
        }
        if missed.is_empty() {
            return Ok(());
        }
        bail!("the people on duty and the trustees cannot meet {}", missed.join(", "))
    }
}

/// The shortest time that a clock can run, wherever its start falls: days count whole and without the first.
fn least(clock: &Clock) -> Seconds {
    let unit = match clock.unit {
        Unit::Minutes => MINUTE,
        Unit::Hours => HOUR,
        Unit::CalendarDays | Unit::WorkingDays => DAY,
        Unit::Months => 28 * DAY,
    };
    Seconds::from(clock.length) * unit
}

/// Every span of duty without the absences of the rota.
fn spans(custody: &Custody, from: Timestamp, until: Timestamp) -> Result<Vec<Span>> {
    let folder = custody.place.custodian();
    let file = folder.join(ON_DUTY);
    if !file.exists() {
        bail!("{} does not exist: write who is on duty when (docs/operations/people.md)", file.display());
    }
    let hours = Hours::parse(&files::read(&file, Hours::MAX_LEN)?).with_context(|| file.display().to_string())?;
    let seat = custody.desk.custodian().genesis.value().custodian.seat;
    let (_, own) = deadlines::of_custodian(&custody.place, seat)?;
    let calendar = |state| if state == seat { Ok(own.clone()) } else { Calendar::of(state) };
    let mut spans = hours.spans(calendar, from, until).with_context(|| file.display().to_string())?;
    let rota = folder.join(ROTA);
    if rota.exists() {
        let rota = Rota::parse(&files::read(&rota, Rota::MAX_LEN)?).with_context(|| rota.display().to_string())?;
        for (person, from, until) in rota.absences() {
            spans = without(spans, person, (from, until));
        }
    }
    Ok(spans)
}

fn in_hours(seconds: Seconds) -> String {
    format!("{} h {} min", seconds / HOUR, seconds % HOUR / MINUTE)
}
