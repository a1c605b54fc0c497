//! The figures of quality for given lists, clean people and labelled pairs, printed as tables.

use std::fmt;

use crate::date::read_dates;
use crate::entity::{Entity, Gender, Kind};
use crate::index::Index;
use crate::index::screener::Screener;
use crate::quality::alter::{Alteration, Seeded, alter};
use crate::quality::pairs::{Agreement, LabelledPair, agreement, name_scores};
use crate::quality::recall::{AtBudget, Measured};
use crate::screen::{DEFAULT_THRESHOLD, Query};
use crate::territory::Territory;
use crate::text::clean_name;

/// What the client's side states beside the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stated {
    /// Nothing.
    NameOnly,
    /// Birth date and nationality.
    DateAndTerritory,
}

/// Scripts in which a listed person is asked about while the list itself lacks the name in that script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// Cyrillic letters; the list keeps names in other scripts.
    Cyrillic,
    /// Arabic letters; the list keeps names in other scripts.
    Arabic,
    /// Another Latin spelling; the list keeps the primary name only.
    Latin,
}

/// One measured line.
#[derive(Clone, Debug)]
pub struct Line {
    /// What was asked.
    pub what: String,
    /// How many listed people were asked about.
    pub asked: usize,
    /// Recall at budgets.
    pub budgets: Vec<AtBudget>,
    /// Recall and alerts per clean person at the default threshold.
    pub at_default: (f32, f32),
    /// Alerts read until the right one.
    pub reviews: f32,
    /// Share of equal scores.
    pub ties: f32,
}

/// Agreement with labelled pairs at one threshold chosen on the part for tuning.
#[derive(Clone, Copy, Debug)]
pub struct PairFigures {
    /// The threshold with the best F1 on the part for tuning.
    pub threshold: f32,
    /// Counts on the part for tuning.
    pub tuned: Agreement,
    /// Counts on the part held out.
    pub held_out: Agreement,
}

/// Clean people from a table with the columns `full_name`, `gender`, `date_of_birth`, `nationality`.
///
/// # Errors
/// What is missing, and in which line.
pub fn read_people(bytes: &[u8]) -> Result<Vec<Query>, String> {
    let mut reader = csv::Reader::from_reader(bytes);
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| {
        header.iter().position(|column| column == name).ok_or_else(|| format!("the table has no column `{name}`"))
    };
    let [name, gender, date, nationality] =
        [column("full_name")?, column("gender")?, column("date_of_birth")?, column("nationality")?];
    let mut people = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |at: usize| record.get(at).unwrap_or_default();
        let text = clean_name(cell(name)).map_err(|fault| format!("line {line}: full_name {fault}"))?;
        people.push(Query {
            dates: read_dates(cell(date)).0,
            territories: Territory::read_all(cell(nationality)),
            gender: Gender::read(cell(gender)),
            ..Query::by_name(&line.to_string(), Kind::Person, &text)
        });
    }
    Ok(people)
}

/// A query with only what is stated.
fn stated(query: Query, what: Stated) -> Query {
    match what {
        Stated::NameOnly => Query { dates: vec![], territories: vec![], gender: None, identifiers: vec![], ..query },
        Stated::DateAndTerritory => Query { gender: None, identifiers: vec![], ..query },
    }
}

fn query_of(entity: &Entity, name: &str) -> Query {
    Query {
        dates: entity.dates.clone(),
        territories: entity.territories.clone(),
        ..Query::by_name(&entity.id, Kind::Person, name)
    }
}

/// Asks an index about clean people on so many threads; the alerts of each are one measurement.
pub fn clean_people(index: &Index, people: &[Query], what: Stated, threads: usize) -> Measured {
    in_parts(people, threads, |part| {
        let (mut measured, mut screener) = (Measured::default(), Screener::new(index));
        for person in part {
            measured.ask_clean(&mut screener, &stated(person.clone(), what));
        }
        measured
    })
}

fn in_parts<T: Sync>(all: &[T], threads: usize, work: impl Fn(&[T]) -> Measured + Sync) -> Measured {
    let part = all.len().div_ceil(threads.max(1)).max(1);
    std::thread::scope(|scope| {
        let running: Vec<_> = all.chunks(part).map(|part| scope.spawn(|| work(part))).collect();
        running.into_iter().fold(Measured::default(), |mut all, thread| {
            if let Ok(measured) = thread.join() {
                all.add(measured);
            }
            all
        })
    })
}

/// Listed people under altered names; the id of each query is that of the right entity.
pub fn altered_queries(people: &[&Entity], alteration: Alteration, what: Stated, seed: u64) -> Vec<Query> {
    let mut random = Seeded::new(seed);
    let query =
        |entity: &&Entity| Some(stated(query_of(entity, &alter(entity.caption(), alteration, &mut random)?), what));
    people.iter().filter_map(query).collect()
}

/// Clean people with only what is stated.
pub fn clean_queries(people: &[Query], what: Stated) -> Vec<Query> {
    people.iter().map(|person| stated(person.clone(), what)).collect()
}

/// Listed people under altered names, beside the alerts of clean people measured before.
pub fn altered(
    index: &Index,
    people: &[&Entity],
    alteration: Alteration,
    what: Stated,
    clean: &Measured,
    seed: u64,
    threads: usize,
) -> Line {
    let queries = altered_queries(people, alteration, what, seed);
    line(index, alteration.label().to_owned(), &queries, clean, threads)
}

/// Listed people under a name the index does not have; `index` must come from [`without`].
pub fn variants(index: &Index, people: &[&Entity], variant: Variant, clean: &Measured, threads: usize) -> Line {
    let queries: Vec<Query> = people
        .iter()
        .filter_map(|entity| {
            let name = entity
                .names
                .iter()
                .skip(1)
                .find(|name| variant.is(&name.text) && name.quality != crate::entity::NameQuality::Weak)?;
            Some(stated(query_of(entity, &name.text), Stated::NameOnly))
        })
        .collect();
    line(index, format!("{variant:?} name the list lacks"), &queries, clean, threads)
}

fn line(index: &Index, what: String, queries: &[Query], clean: &Measured, threads: usize) -> Line {
    let mut measured = in_parts(queries, threads, |part| {
        let (mut measured, mut screener) = (Measured::default(), Screener::new(index));
        for query in part {
            measured.ask_listed(&mut screener, query, |alert| alert.entity == query.id);
        }
        measured
    });
    measured.false_alerts.clone_from(&clean.false_alerts);
    measured.clean = clean.clean;
    Line {
        what,
        asked: queries.len(),
        budgets: measured.at_budgets(),
        at_default: measured.at_score(DEFAULT_THRESHOLD),
        reviews: measured.reviews_per_match(),
        ties: measured.ties(),
    }
}

impl Variant {
    fn is(self, text: &str) -> bool {
        let has = |range: std::ops::RangeInclusive<char>| text.chars().any(|char| range.contains(&char));
        match self {
            Self::Cyrillic => has('\u{400}'..='\u{4ff}'),
            Self::Arabic => has('\u{600}'..='\u{6ff}'),
            Self::Latin => text.chars().filter(|char| char.is_alphabetic()).all(|char| char < '\u{250}'),
        }
    }
}

/// The entities without the names that `variant` asks by.
pub fn without(entities: &[Entity], variant: Variant) -> Vec<Entity> {
    entities
        .iter()
        .map(|entity| {
            let mut entity = entity.clone();
            let mut number = 0;
            entity.names.retain(|name| {
                number += 1;
                number == 1 || !variant.is(&name.text)
            });
            entity
        })
        .collect()
}

/// Agreement with labelled pairs; the threshold comes from the part for tuning alone.
pub fn pair_figures(pairs: &[LabelledPair], lists: Vec<Entity>) -> PairFigures {
    let scores = name_scores(pairs, lists);
    let thresholds = (50..=98_u8).map(|percent| f32::from(percent) / 100.0);
    let f1 = |threshold: f32| agreement(pairs, &scores, threshold, false).f1();
    let threshold = thresholds.max_by(|one, other| f1(*one).total_cmp(&f1(*other))).unwrap_or(DEFAULT_THRESHOLD);
    PairFigures {
        threshold,
        tuned: agreement(pairs, &scores, threshold, false),
        held_out: agreement(pairs, &scores, threshold, true),
    }
}

/// The head of the table of [`Line`]s.
pub const HEAD: &str = "| asked | people | recall at 10 | at 50 | at 100 | at 500 alerts per 100k | at 0.70: recall | alerts per 100k | reviews | ties |\n|---|---|---|---|---|---|---|---|---|---|";

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| {} | {} |", self.what, self.asked)?;
        for at in &self.budgets {
            write!(f, " {:.1} % |", at.recall * 100.0)?;
        }
        write!(
            f,
            " {:.1} % | {:.0} | {:.2} | {:.1} % |",
            self.at_default.0 * 100.0,
            self.at_default.1 * 100_000.0,
            self.reviews,
            self.ties * 100.0
        )
    }
}

impl fmt::Display for PairFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |counts: Agreement| {
            format!("F1 {:.3} ({} right, {} wrong, {} missed)", counts.f1(), counts.right, counts.wrong, counts.missed)
        };
        write!(
            f,
            "threshold {:.2} from the part for tuning: {}; held out: {}",
            self.threshold,
            one(self.tuned),
            one(self.held_out)
        )
    }
}
