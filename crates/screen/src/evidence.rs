//! What speaks for or against a match beside the name: dates, territories, gender, identifiers. Each piece adds to the log-odds.

use serde::{Deserialize, Serialize};

use crate::date::StatedDate;
use crate::entity::{Entity, Kind};
use crate::screen::Query;

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was compared.
    pub about: About,
    /// What came of it, in words.
    pub finding: String,
    /// What it adds to the log-odds of a match; negative speaks against it.
    pub log_odds: f32,
}

/// What a piece of evidence is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Birth date, or day of founding.
    Date,
    /// Nationality and other territories.
    Territory,
    /// Gender.
    Gender,
    /// A number or wallet.
    Identifier,
}

/// Everything that both sides state.
pub(crate) fn weigh(query: &Query, entity: &Entity) -> Vec<Evidence> {
    let mut found = Vec::new();
    found.extend(dates(&query.dates, &entity.dates, entity.kind));
    found.extend(territories(query, entity));
    if let (Some(ours), Some(theirs)) = (query.gender, entity.gender) {
        let (finding, log_odds) = if ours == theirs { ("the same", 0.1) } else { ("different", -2.5) };
        found.push(Evidence { about: About::Gender, finding: finding.to_owned(), log_odds });
    }
    for ours in &query.identifiers {
        if let Some(theirs) = entity.identifiers.iter().find(|theirs| ours.same_as(theirs)) {
            let log_odds = if theirs.is_checked() || ours.kind == theirs.kind { 9.0 } else { 6.0 };
            found.push(Evidence {
                about: About::Identifier,
                finding: format!("`{}` stands on both sides", ours.value),
                log_odds,
            });
        }
    }
    found
}

/// The best agreement among all pairs of dates.
fn dates(ours: &[StatedDate], theirs: &[StatedDate], kind: Kind) -> Option<Evidence> {
    let scale = if kind == Kind::Person { 1.0 } else { 0.5 };
    ours.iter()
        .flat_map(|one| theirs.iter().map(move |other| (one, other)))
        .map(|(one, other)| {
            let (log_odds, word) = agreement(one, other);
            Evidence {
                about: About::Date,
                finding: format!("`{one}` and listed `{other}`: {word}"),
                log_odds: log_odds * scale,
            }
        })
        .max_by(|one, other| one.log_odds.total_cmp(&other.log_odds))
}

fn agreement(one: &StatedDate, other: &StatedDate) -> (f32, &'static str) {
    let ((first, last), (other_first, other_last)) = (one.years(), other.years());
    let (a, b) = (one.date, other.date);
    let single = one.to_year.is_none() && other.to_year.is_none();
    match (a.month().zip(a.day()), b.month().zip(b.day())) {
        _ if !single => {
            if first <= other_last && other_first <= last {
                (1.2, "the years overlap")
            } else {
                years_apart(first.saturating_sub(other_last).max(other_first.saturating_sub(last)))
            }
        }
        (Some(day), Some(other_day)) if a.year() == b.year() => {
            if day == other_day {
                (4.5, "the same day")
            } else if day == (other_day.1, other_day.0) {
                (3.0, "day and month exchanged")
            } else if day == (1, 1) || other_day == (1, 1) {
                (1.2, "the same year; 1 January often stands for an unknown day")
            } else if day.0 == other_day.0 || day.1 == other_day.1 {
                (1.0, "the same year and the same month or day")
            } else {
                (-0.8, "the same year, another day")
            }
        }
        (Some(day), Some(other_day)) if day == other_day && day != (1, 1) && a.year().abs_diff(b.year()) <= 10 => {
            (1.0, "the same day of another year")
        }
        _ if a.year() == b.year() => match (a.month(), b.month()) {
            (Some(month), Some(other)) if month == other => (2.6, "the same month"),
            (Some(_), Some(_)) => (0.0, "the same year, another month"),
            _ => (1.8, "the same year"),
        },
        _ if first <= other_last && other_first <= last => (0.8, "the years may be the same"),
        _ => years_apart(first.saturating_sub(other_last).max(other_first.saturating_sub(last))),
    }
}

fn years_apart(years: u16) -> (f32, &'static str) {
    match years {
        0 | 1 => (-0.3, "one year apart"),
        2 => (-1.3, "two years apart"),
        3..=5 => (-2.4, "three to five years apart"),
        6..=15 => (-3.6, "six to fifteen years apart"),
        _ => (-4.6, "more than fifteen years apart"),
    }
}

fn territories(query: &Query, entity: &Entity) -> Option<Evidence> {
    if query.territories.is_empty() || entity.territories.is_empty() {
        return None;
    }
    let shared = query.territories.iter().find(|territory| entity.territories.contains(territory));
    Some(match shared {
        Some(territory) => {
            Evidence { about: About::Territory, finding: format!("{territory} on both sides"), log_odds: 1.2 }
        }
        None => Evidence {
            about: About::Territory,
            finding: "none in common".to_owned(),
            log_odds: if entity.kind == Kind::Person { -1.3 } else { -0.6 },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::date::read_dates;

    fn log_odds(ours: &str, theirs: &str) -> f32 {
        dates(&read_dates(ours).0, &read_dates(theirs).0, Kind::Person).map_or(0.0, |evidence| evidence.log_odds)
    }

    #[test]
    fn dates_order_from_the_same_day_to_another_generation() {
        let falling = [
            log_odds("1960-03-04", "4 March 1960"),
            log_odds("1960-03-04", "1960-04-03"),
            log_odds("1960-03-04", "1960"),
            log_odds("1960-03-04", "circa 1961"),
            log_odds("1960-03-04", "1961"),
            log_odds("1960-03-04", "1960-07-21"),
            log_odds("1960-03-04", "1964-05-06"),
            log_odds("1960-03-04", "1990"),
        ];
        assert!(falling.is_sorted_by(|one, other| one > other), "{falling:?}");
        assert_eq!(log_odds("1960", ""), 0.0);
    }
}
