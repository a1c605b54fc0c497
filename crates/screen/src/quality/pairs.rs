//! Pairs of names of which people said whether they name the same, and how well the comparison agrees.

use crate::entity::{Entity, Kind, Name, NameQuality};
use crate::index::Index;
use crate::text::clean_name;

/// One pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledPair {
    /// What is named.
    pub kind: Kind,
    /// One name.
    pub left: String,
    /// The other.
    pub right: String,
    /// Whether they name the same.
    pub same: bool,
}

/// Counts at a threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Said to be the same, and are.
    pub right: usize,
    /// Said to be the same, and are not.
    pub wrong: usize,
    /// Are the same, and were not said to be.
    pub missed: usize,
}

impl Agreement {
    /// Harmonic mean of precision and recall.
    pub fn f1(self) -> f32 {
        2.0 * self.right as f32 / (2 * self.right + self.wrong + self.missed).max(1) as f32
    }
}

impl LabelledPair {
    /// Whether the pair is held out from tuning: fixed by a hash of both names, for ever (FNV-1a 64, lowest bit after mixing).
    pub fn is_held_out(&self) -> bool {
        let bytes = self.left.bytes().chain([0]).chain(self.right.bytes());
        let hash = bytes
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        (hash ^ (hash >> 32) ^ (hash >> 17)) & 1 == 1
    }

    /// Reads a table with the columns `schema`, `name1`, `name2`, `is_match`.
    ///
    /// # Errors
    /// What is missing, and in which line.
    pub fn read_all(bytes: &[u8]) -> Result<Vec<Self>, String> {
        let mut reader = csv::Reader::from_reader(bytes);
        let header = reader.headers().map_err(|error| error.to_string())?.clone();
        let column = |name: &str| {
            header.iter().position(|column| column == name).ok_or_else(|| format!("the table has no column `{name}`"))
        };
        let [schema, left, right, same] = [column("schema")?, column("name1")?, column("name2")?, column("is_match")?];
        let mut pairs = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| error.to_string())?;
            let line = record.position().map_or(0, csv::Position::line);
            let cell = |at: usize| record.get(at).unwrap_or_default();
            let kind = Kind::from_schema(cell(schema))
                .ok_or_else(|| format!("line {line}: schema `{}` is none we know", cell(schema)))?;
            let same = match cell(same) {
                "true" => true,
                "false" => false,
                other => return Err(format!("line {line}: is_match is `{other}` instead of true or false")),
            };
            pairs.push(Self { kind, left: cell(left).to_owned(), right: cell(right).to_owned(), same });
        }
        Ok(pairs)
    }
}

/// Scores of the names alone: each left name is asked of an index with all right names and the lists that say how rare words are.
pub fn name_scores(pairs: &[LabelledPair], lists: Vec<Entity>) -> Vec<f32> {
    let mut entities: Vec<Entity> = Vec::with_capacity(pairs.len() + lists.len());
    for (number, pair) in pairs.iter().enumerate() {
        let names = clean_name(&pair.right).into_iter().map(|text| Name::new(text, NameQuality::Primary)).collect();
        entities.push(Entity {
            id: format!("pair-{number}"),
            kind: pair.kind,
            names,
            dates: vec![],
            territories: vec![],
            gender: None,
            identifiers: vec![],
            designations: vec![],
        });
    }
    entities.extend(lists);
    let index = Index::new(entities);
    pairs
        .iter()
        .enumerate()
        .map(|(number, pair)| {
            let Ok(text) = clean_name(&pair.left) else { return 0.0 };
            let asked = index.ask(&text, None, pair.kind);
            let names =
                index.candidates(&asked).into_iter().filter(|name| index.listed(*name).0.entity as usize == number);
            names.filter_map(|name| index.compare(&asked, name)).map(|compared| compared.score).fold(0.0, f32::max)
        })
        .collect()
}

/// Counts at a threshold.
pub fn agreement(pairs: &[LabelledPair], scores: &[f32], threshold: f32, held_out: bool) -> Agreement {
    let mut counts = Agreement::default();
    for (pair, score) in pairs.iter().zip(scores).filter(|(pair, _)| pair.is_held_out() == held_out) {
        match (pair.same, *score >= threshold) {
            (true, true) => counts.right += 1,
            (false, true) => counts.wrong += 1,
            (true, false) => counts.missed += 1,
            (false, false) => {}
        }
    }
    counts
}
