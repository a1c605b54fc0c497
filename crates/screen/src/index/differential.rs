//! Blocking loses nothing: every pair of an asked and a listed name is compared the slow way, without the vocabulary and without blocking.

use super::*;
use crate::entity::NameQuality;
use crate::quality::alter::{Alteration, Seeded, alter};
use crate::screen::NAME_FLOOR;
use crate::word::{relate, relate_joined};

impl Index {
    /// As [`Self::compare`], without anything the index has prepared about likeness: the yardstick of the tests.
    fn compare_slowly(&self, asked: &Asked, name: NameId) -> Option<Compared> {
        let listed = self.names[name as usize];
        let range = listed.first as usize..(listed.first + listed.count) as usize;
        let forms = asked.tokens.iter().map(|token| Form::new(&token.text, token.abjad)).collect();
        let joins = (0..asked.tokens.len()).map(|at| join(asked.tokens.get(at)?, asked.tokens.get(at + 1)?)).collect();
        let slow = Slow {
            index: self,
            forms,
            asked_joins: joins,
            words: &self.words[range.clone()],
            joins: &self.joins[range.clone()],
        };
        compare(&asked.parts, &self.parts[range], &slow, self.is_person(name))
    }
}

struct Slow<'a> {
    index: &'a Index,
    forms: Vec<Form>,
    asked_joins: Vec<Option<String>>,
    words: &'a [WordId],
    joins: &'a [WordId],
}

impl Relations for Slow<'_> {
    fn words(&self, left: usize, right: usize) -> Option<Relation> {
        relate(&self.forms[left], self.index.vocabulary.form(self.words[right]))
    }

    fn left_joined(&self, left: usize, right: usize) -> Option<Relation> {
        let form = self.index.vocabulary.form(self.words[right]);
        self.asked_joins[left].as_ref().filter(|_| !form.abjad).and_then(|joined| relate_joined(joined, &form.text))
    }

    fn right_joined(&self, left: usize, right: usize) -> Option<Relation> {
        let known = self.joins[right] != NOT_JOINED && !self.forms[left].abjad;
        known.then(|| relate_joined(self.index.joined.text(self.joins[right]), &self.forms[left].text))?
    }

    fn same_form(&self, left: usize, right: usize) -> bool {
        self.forms[left].text == self.index.vocabulary.form(self.words[right]).text
    }
}

/// Few words, near one another: many pairs are accepted, many more nearly so.
const STOCK: [&str; 14] = [
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
];

fn names(count: usize, random: &mut Seeded) -> Vec<String> {
    (0..count)
        .map(|_| {
            let words = 1 + random.below(4);
            let name = (0..words).map(|_| STOCK[random.below(STOCK.len())]).collect::<Vec<_>>().join(" ");
            let alteration = Alteration::ALL[random.below(Alteration::ALL.len())];
            alter(&name, alteration, random).unwrap_or(name)
        })
        .collect()
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

/// Compares all pairs both ways; gives how many there were and how many reached the floor of names.
fn compare_all(listed: usize, asked: usize, seed: u64) -> (usize, usize) {
    let mut random = Seeded::new(seed);
    let kinds = [Kind::Person, Kind::Organisation];
    let entities = names(listed, &mut random)
        .iter()
        .enumerate()
        .map(|(number, name)| entity(number, kinds[number % 2], name))
        .collect();
    let index = Index::new(entities);
    let mut accepted = 0;
    for name in names(asked, &mut random) {
        for kind in kinds {
            let asked = index.ask(&name, None, kind);
            let candidates = index.candidates(&asked);
            for listed in 0..index.names.len() as NameId {
                let slow = index.compare_slowly(&asked, listed);
                assert_eq!(index.compare(&asked, listed), slow, "`{name}` and `{}`", index.listed(listed).2.text);
                if slow.is_some_and(|compared| compared.score >= NAME_FLOOR) {
                    accepted += 1;
                    assert!(
                        candidates.binary_search(&listed).is_ok(),
                        "`{name}` loses `{}`",
                        index.listed(listed).2.text
                    );
                }
            }
        }
    }
    (listed * asked * kinds.len(), accepted)
}

#[test]
fn blocking_loses_nothing() {
    let (pairs, accepted) = compare_all(400, 200, 1);
    assert_eq!(pairs, 160_000);
    assert!(accepted > 2_000, "{accepted} accepted pairs say little");
}

/// Minutes long: `cargo test -p countersign-screen --lib ten_million -- --ignored`.
#[test]
#[ignore = "minutes long; run before a release"]
fn blocking_loses_nothing_in_ten_million_pairs() {
    let (pairs, accepted) = compare_all(2_500, 2_000, 2);
    assert_eq!(pairs, 10_000_000);
    assert!(accepted > 100_000, "{accepted} accepted pairs say little");
    println!("{pairs} pairs, {accepted} accepted, none lost");
}
