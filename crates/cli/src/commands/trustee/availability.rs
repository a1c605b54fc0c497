//! `countersign trustee availability`.

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use countersign_trustee::availability::{Availability as Trustee, Model, WEEK};
use std::collections::BTreeSet;

pub(super) const EXAMPLE: &str = "Examples:
  countersign trustee availability --trustee xb=0.999 --trustee xc=0.99 --trustee xd=0.99 --trustee xe=0.97 --trustee xf=0.95
  countersign trustee availability --trustee xb=0.99+host --trustee xc=0.99+host --trustee xd=0.97@mon-fri:07-19 --outage host=0.002

  NAME=CHANCE[@DAYS:FROM-TO][+OUTAGE...]: the chance of answering within the clock; hours (UTC) in which a person is on call,
  without them always; common outages that stop this trustee. docs/trustee/availability.md says what the figures mean.";

const DAY: u32 = 24 * 60;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

#[derive(Args)]
pub(crate) struct Availability {
    /// A trustee, as `NAME=CHANCE[@DAYS:FROM-TO][+OUTAGE...]`; repeat for each.
    #[arg(long, required = true, value_name = "TRUSTEE")]
    trustee: Vec<String>,
    /// A common outage: NAME=CHANCE that it lasts for the whole clock; repeat for several.
    #[arg(long, value_name = "OUTAGE")]
    outage: Vec<String>,
    /// Length of the clock in hours.
    #[arg(long, default_value_t = 24, value_name = "HOURS")]
    clock: u32,
}

impl Availability {
    pub(super) fn run(&self) -> Result<()> {
        let model = self.model()?;
        let answers = model.answers()?;
        let n = model.trustees.len();
        println!("chance that fewer than t of {n} trustees answer within {} hours", self.clock);
        println!("   t   on average   clock starts at its worst");
        for t in 1..=n {
            println!("{t:4}   {:10.3e}   {:10.3e}", answers.fewer_than(t), answers.worst_fewer_than(t));
        }
        Ok(())
    }

    fn model(&self) -> Result<Model> {
        let mut names: Vec<&str> = Vec::new();
        let mut outages = Vec::new();
        for text in &self.outage {
            let (name, chance) = named_chance(text)?;
            ensure!(!names.contains(&name), "the outage `{name}` stands twice");
            names.push(name);
            outages.push(chance);
        }
        let trustees = self.trustee.iter().map(|text| trustee(text, &names)).collect::<Result<_>>()?;
        let clock = self.clock.checked_mul(60).context("the clock is too long")?;
        Ok(Model { trustees, outages, clock })
    }
}

fn named_chance(text: &str) -> Result<(&str, f64)> {
    let (name, chance) =
        text.split_once('=').with_context(|| format!("`{text}` is not NAME=CHANCE, for example xb=0.99"))?;
    let chance = chance.parse().with_context(|| format!("`{chance}` in `{text}` is not a number"))?;
    Ok((name, chance))
}

fn trustee(text: &str, names: &[&str]) -> Result<Trustee> {
    let mut parts = text.split('+');
    let own = parts.next().unwrap_or_default();
    let outages = parts.map(|name| {
        let place = names.iter().position(|known| *known == name);
        place.with_context(|| format!("`{name}` in `{text}` is not one of the outages: add --outage {name}=CHANCE"))
    });
    let outages = outages.collect::<Result<BTreeSet<usize>>>()?;
    let (own, hours) = own.split_once('@').map_or((own, None), |(own, hours)| (own, Some(hours)));
    let on_call = hours.map(duties).transpose().with_context(|| format!("in `{text}`"))?.unwrap_or_default();
    Ok(Trustee { answers: named_chance(own)?.1, on_call, outages })
}

/// `mon-fri:07-19`, `sat:00-24`, `mon-sun:22-06` as minutes of the week.
fn duties(text: &str) -> Result<Vec<(u32, u32)>> {
    let unreadable = || format!("`{text}` is not DAYS:FROM-TO, for example mon-fri:07-19");
    let (days, hours) = text.split_once(':').with_context(unreadable)?;
    let day = |name: &str| DAYS.iter().position(|day| *day == name).with_context(unreadable);
    let (first, last) = match days.split_once('-') {
        Some((first, last)) => (day(first)?, day(last)?),
        None => (day(days)?, day(days)?),
    };
    let (from, to) = hours.split_once('-').with_context(unreadable)?;
    let hour = |text: &str| text.parse::<u32>().ok().filter(|hour| *hour <= 24).with_context(unreadable);
    let (from, to) = (hour(from)?, hour(to)?);
    if from == to || from == 24 {
        bail!("`{text}` has no hour: write 00-24 for a whole day");
    }
    let mut duties = Vec::new();
    let mut today = first;
    loop {
        let begin = u32::try_from(today)? * DAY + from * 60;
        let end = u32::try_from(today)? * DAY + to * 60 + if to < from { DAY } else { 0 };
        duties.push((begin, end.min(WEEK)));
        if end > WEEK {
            duties.push((0, end - WEEK));
        }
        if today == last {
            return Ok(duties);
        }
        today = (today + 1) % DAYS.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_minutes_of_the_week() {
        assert_eq!(duties("mon:00-24").unwrap(), [(0, 1_440)]);
        assert_eq!(duties("tue-wed:07-19").unwrap(), [(1_440 + 420, 1_440 + 1_140), (2_880 + 420, 2_880 + 1_140)]);
        assert_eq!(duties("sun:22-06").unwrap(), [(6 * 1_440 + 1_320, WEEK), (0, 360)]);
        assert_eq!(duties("sat-mon:00-24").unwrap().len(), 3);
        for bad in
            ["", "mon", "mon:", "mon:7", "mon:19-19", "mon:24-06", "mon:00-25", "day:00-24", "mon-fri", "mon-:1-2"]
        {
            assert!(duties(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_misspelt_is_refused_with_the_word() {
        let model = |trustee: &str, outage: &str| {
            let one = Availability { trustee: vec![trustee.into()], outage: vec![outage.into()], clock: 24 };
            one.model().map_err(|error| format!("{error:#}"))
        };
        let good = model("xb=0.9@mon-fri:07-19+host", "host=0.01").unwrap();
        assert_eq!((good.trustees[0].answers, good.trustees[0].on_call.len(), good.outages[0]), (0.9, 5, 0.01));
        for (trustee, outage, word) in [
            ("xb", "host=0.01", "NAME=CHANCE"),
            ("xb=often", "host=0.01", "often"),
            ("xb=0.9+other", "host=0.01", "--outage other=CHANCE"),
            ("xb=0.9@noon", "host=0.01", "DAYS:FROM-TO"),
            ("xb=0.9", "host", "NAME=CHANCE"),
        ] {
            let error = model(trustee, outage).unwrap_err();
            assert!(error.contains(word), "{error}");
        }
        assert!(model("xb=1.5", "host=0.01").unwrap().answers().is_err());
    }
}
