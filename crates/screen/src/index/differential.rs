//! Blocking loses nothing: every pair of an asked and a listed name is compared the slow way, without the vocabulary and without blocking,
//! and both ways must agree.
//!
//! The names are few words near one another, so that many pairs are accepted and many more nearly so; half of the asked names are listed
//! names altered. Part of the program and not of its tests alone, so that the full comparison can be run before a release.

use super::screener::Screener;
use super::*;
use crate::entity::NameQuality;
use crate::quality::alter::{Alteration, Seeded, alter};
use crate::screen::{DEFAULT_THRESHOLD, NAME_FLOOR};
use crate::word::{relate, relate_joined};

/// What the comparison of both ways gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differential {
    /// Pairs compared.
    pub pairs: u64,
    /// Of these, pairs whose names are near enough to be candidates.
    pub accepted: u64,
    /// Of these, pairs whose name score reaches the default threshold of alerts.
    pub above: u64,
    /// Accepted pairs that blocking does not find; the first ones, shown.
    pub lost: Vec<String>,
    /// Pairs of which the two ways say something else; the first ones, shown.
    pub unequal: Vec<String>,
}

/// Most pairs that are shown.
const MOST_SHOWN: usize = 20;

impl Differential {
    fn add(&mut self, other: Self) {
        self.pairs += other.pairs;
        self.accepted += other.accepted;
        self.above += other.above;
        self.lost.extend(other.lost);
        self.unequal.extend(other.unequal);
        self.lost.truncate(MOST_SHOWN);
        self.unequal.truncate(MOST_SHOWN);
    }
}

impl Index {
    /// As [`Self::compare`], without anything the index has prepared about likeness: the yardstick.
    fn compare_slowly(
        &self,
        asked: &Asked,
        forms: &[Form],
        joins: &[Option<String>],
        name: NameId,
    ) -> Option<Compared> {
        let listed = self.names[name as usize];
        let words = &self.words[listed.range()];
        let parts: Vec<Part> = words.iter().map(|word| word.part).collect();
        let slow = Slow { index: self, forms, asked_joins: joins, words };
        compare(&asked.parts, &parts, &slow, listed.kind == Kind::Person)
    }
}

struct Slow<'a> {
    index: &'a Index,
    forms: &'a [Form],
    asked_joins: &'a [Option<String>],
    words: &'a [ListedWord],
}

impl Relations for Slow<'_> {
    fn words(&self, left: usize, right: usize) -> Option<Relation> {
        relate(self.forms[left].word(), self.index.vocabulary.word(self.words[right].word))
    }

    fn left_joined(&self, left: usize, right: usize) -> Option<Relation> {
        let word = self.index.vocabulary.word(self.words[right].word);
        self.asked_joins[left].as_ref().filter(|_| !word.abjad).and_then(|joined| relate_joined(joined, word.text))
    }

    fn right_joined(&self, left: usize, right: usize) -> Option<Relation> {
        let known = self.words[right].join != NOT_JOINED && !self.forms[left].abjad;
        known.then(|| relate_joined(self.index.joined.text(self.words[right].join), &self.forms[left].text))?
    }

    fn same_form(&self, left: usize, right: usize) -> bool {
        self.forms[left].text == self.index.vocabulary.word(self.words[right].word).text
    }
}

const STOCK: [&str; 15] = [
    "mohammed",
    "muhamad",
    "abdulrahman",
    "al-karim",
    "sergeyevich",
    "lavrov",
    "lavrova",
    "bin",
    "qadhafi",
    "gaddafi",
    "Мохаммед",
    "محمد",
    "ali",
    "vladimirovich",
    "44",
];

fn altered(name: String, random: &mut Seeded) -> String {
    let alteration = Alteration::ALL[random.below(Alteration::ALL.len())];
    alter(&name, alteration, random).unwrap_or(name)
}

fn name(random: &mut Seeded) -> String {
    let words = 1 + random.below(4);
    let name = (0..words).map(|_| STOCK[random.below(STOCK.len())]).collect::<Vec<_>>().join(" ");
    altered(name, random)
}

fn entity(number: usize, kind: Kind, name: &str) -> Entity {
    Entity {
        id: number.to_string(),
        kind,
        names: vec![Name::new(name.to_owned(), NameQuality::Primary)],
        dates: vec![],
        territories: vec![],
        gender: None,
        identifiers: vec![],
        designations: vec![],
    }
}

const KINDS: [Kind; 2] = [Kind::Person, Kind::Organisation];

fn generated(listed: usize, asked: usize, seed: u64) -> (Index, Vec<String>) {
    let mut random = Seeded::new(seed);
    let listed: Vec<String> = (0..listed).map(|_| name(&mut random)).collect();
    let asked: Vec<String> = (0..asked)
        .map(|number| match number % 2 {
            0 => name(&mut random),
            _ => altered(listed[random.below(listed.len())].clone(), &mut random),
        })
        .collect();
    let entities = listed.iter().enumerate().map(|(number, name)| entity(number, KINDS[number % 2], name)).collect();
    (Index::new(entities), asked)
}

/// Compares `asked` names, each as a person and as a firm, with `listed` names, both ways, on so many threads.
pub fn compare_both_ways(listed: usize, asked: usize, seed: u64, threads: usize) -> Differential {
    let (index, asked) = generated(listed, asked, seed);
    let part = asked.len().div_ceil(threads.max(1)).max(1);
    std::thread::scope(|scope| {
        let running: Vec<_> = asked
            .chunks(part)
            .map(|part| scope.spawn(|| part.iter().map(|name| index.both_ways(name)).collect::<Vec<_>>()))
            .collect();
        let mut all = Differential::default();
        for thread in running {
            match thread.join() {
                Ok(found) => found.into_iter().for_each(|one| all.add(one)),
                // What was not compared must not pass for compared.
                Err(_) => all.unequal.push("a thread failed".to_owned()),
            }
        }
        all
    })
}

/// Every pair of generated asked and listed names, compared the slow way, name by name.
#[cfg(test)]
pub(super) fn for_pairs(
    listed: usize,
    asked: usize,
    seed: u64,
    mut each: impl FnMut(&Index, &Asked, Vec<(NameId, Option<Compared>)>),
) {
    let (index, names) = generated(listed, asked, seed);
    for name in &names {
        for kind in KINDS {
            let (asked, slow) = index.ask_slowly(name, kind);
            each(&index, &asked, slow);
        }
    }
}

impl Index {
    /// A name, and what every listed one comes to without anything that is prepared.
    fn ask_slowly(&self, name: &str, kind: Kind) -> (Asked, Vec<(NameId, Option<Compared>)>) {
        let asked = self.ask(name, None, kind);
        let forms: Vec<Form> = asked.tokens.iter().map(|token| Form::new(&token.text, token.abjad)).collect();
        let joins: Vec<Option<String>> =
            (0..asked.tokens.len()).map(|at| join(asked.tokens.get(at)?, asked.tokens.get(at + 1)?)).collect();
        let all = 0..self.names.len() as NameId;
        let slow = all.map(|listed| (listed, self.compare_slowly(&asked, &forms, &joins, listed))).collect();
        (asked, slow)
    }

    fn both_ways(&self, name: &str) -> Differential {
        let mut found = Differential::default();
        for kind in KINDS {
            let (asked, slow) = self.ask_slowly(name, kind);
            // What screening looks at, where every kind may be every other.
            let candidates = Screener::new(self).candidates(&asked, Kind::Unknown);
            for (listed, slow) in slow {
                found.pairs += 1;
                let shown = || format!("`{name}` and `{}`", self.listed(listed).2.text);
                if self.compare(&asked, listed) != slow {
                    found.unequal.push(shown());
                }
                let Some(slow) = slow.filter(|compared| compared.score >= NAME_FLOOR) else { continue };
                found.accepted += 1;
                found.above += u64::from(slow.score >= DEFAULT_THRESHOLD);
                if candidates.binary_search(&listed).is_err() {
                    found.lost.push(shown());
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocking_loses_nothing() {
        let found = compare_both_ways(400, 200, 1, 2);
        println!("{} pairs, {} accepted, {} above the threshold", found.pairs, found.accepted, found.above);
        assert_eq!(found.pairs, 160_000);
        assert!(found.above > 1_600, "{} pairs above the threshold say little", found.above);
        assert_eq!((found.lost, found.unequal), (vec![], vec![]));
    }

    /// Numbers are the only words that may stand twice in a name; each is one to be matched.
    #[test]
    fn a_number_that_stands_twice_is_found() {
        let listed = ["1+1", "VISION 20-20, S.A.", "Twenty Twenty Ltd", "50/50 Ltd", "Brigade 44"];
        let entities =
            listed.iter().enumerate().map(|(number, name)| entity(number, Kind::Organisation, name)).collect();
        let index = Index::new(entities);
        for name in ["1+1", "20/20 Ltd", "50/50", "Brigade 44"] {
            let found = index.both_ways(name);
            assert!(found.accepted > 0 && found.lost.is_empty(), "{name}: {found:?}");
        }
    }

    /// A comparison that cannot fail would say nothing: with the rarest word's candidates only, pairs are lost.
    #[test]
    fn a_blocking_that_loses_is_found() {
        let index = Index::new(
            (0..200).map(|number| entity(number, Kind::Person, &name(&mut Seeded::new(number as u64)))).collect(),
        );
        let asked = index.ask("mohammed lavrov qadhafi ali", None, Kind::Person);
        let all = index.candidates(&asked);
        let mut rarest = Vec::new();
        index.each_reached(&asked, 0, |reached| reached.add_to(&mut rarest));
        let accepted: Vec<NameId> = (0..index.names.len() as NameId)
            .filter(|listed| index.compare(&asked, *listed).is_some_and(|compared| compared.score >= NAME_FLOOR))
            .collect();
        assert!(accepted.iter().all(|listed| all.contains(listed)));
        assert!(accepted.iter().any(|listed| !rarest.contains(listed)), "one word alone would lose some");
    }
}
