//! Our candidates for another matcher: what was asked, and whom our index found for it, in the form of FollowTheMoney, one line per query.
//! `bench/peers/screen.py` scores them with OpenSanctions' algorithms and prints the same figures for them and for us.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use crate::entity::{Entity, Kind};
use crate::index::Index;
use crate::quality::pairs::LabelledPair;
use crate::screen::Query;
use crate::served::properties;

/// Candidates for each query.
const CANDIDATES: usize = 5;

#[derive(Serialize)]
struct Line<'a> {
    /// What is measured with it: `clean`, or how names were altered.
    set: &'a str,
    query: Ftm<'a>,
    candidates: Vec<Candidate<'a>>,
}

#[derive(Serialize)]
struct Ftm<'a> {
    id: &'a str,
    schema: &'static str,
    properties: BTreeMap<&'static str, Vec<String>>,
}

#[derive(Serialize)]
struct Candidate<'a> {
    entity: Ftm<'a>,
    /// Our log-odds.
    ours: f32,
    /// Whether it is the one that was asked about.
    right: bool,
}

/// Writes what `set` asks with the candidates of our index. In a clean set no candidate is right.
///
/// # Errors
/// Of writing.
pub fn write(out: &mut impl Write, index: &Index, set: &str, queries: &[Query], clean: bool) -> io::Result<()> {
    for query in queries {
        let alerts = index.screen(query, 0.0);
        let mut candidates = Vec::new();
        for (place, alert) in alerts.iter().enumerate() {
            let right = !clean && alert.entity == query.id;
            // The right one is always among them, so that a lower place with us is no miss of the other.
            if let Some(entity) = index.find(&alert.entity).filter(|_| place < CANDIDATES || right) {
                candidates.push(Candidate { entity: of_entity(entity), ours: alert.log_odds, right });
            }
        }
        write_line(out, &Line { set, query: of_query(query), candidates })?;
    }
    Ok(())
}

/// Writes labelled pairs with our name scores.
///
/// # Errors
/// Of writing.
pub fn write_pairs(out: &mut impl Write, pairs: &[LabelledPair], scores: &[f32]) -> io::Result<()> {
    for (pair, score) in pairs.iter().zip(scores) {
        let name = |text: &str| BTreeMap::from([("name", vec![text.to_owned()])]);
        let schema = if pair.kind == Kind::Unknown { "LegalEntity" } else { pair.kind.schema() };
        let entity = Ftm { id: "right", schema, properties: name(&pair.right) };
        let candidates = vec![Candidate { entity, ours: *score, right: pair.same }];
        let set = if pair.is_held_out() { "pairs, held out" } else { "pairs, for tuning" };
        write_line(out, &Line { set, query: Ftm { id: "left", schema, properties: name(&pair.left) }, candidates })?;
    }
    Ok(())
}

fn write_line(out: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

fn of_entity(entity: &Entity) -> Ftm<'_> {
    let mut properties = properties(entity);
    for ours in ["topics", "programId"] {
        properties.remove(ours);
    }
    Ftm { id: &entity.id, schema: entity.kind.schema(), properties }
}

fn of_query(query: &Query) -> Ftm<'_> {
    let entity = Entity {
        id: query.id.clone(),
        kind: query.kind,
        names: query.names.clone(),
        dates: query.dates.clone(),
        territories: query.territories.clone(),
        gender: query.gender,
        identifiers: query.identifiers.clone(),
        designations: Vec::new(),
    };
    Ftm { id: &query.id, schema: query.kind.schema(), properties: properties(&entity) }
}
