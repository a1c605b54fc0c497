//! Free search: one text, looked for as a person's name, as a firm's name and as a number.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalogue::Catalogue;
use crate::entity::{Entity, Kind};
use crate::identifier::{Identifier, IdentifierKind};
use crate::screen::Query;
use crate::served::answer::{self, Entities, Total};
use crate::served::{Parameters, Refusal, ftm};
use crate::text::clean_name;

/// The answer of `/search/{dataset}`.
#[derive(Debug, Serialize)]
pub struct Found {
    /// Most results.
    pub limit: usize,
    /// How many were left out before.
    pub offset: usize,
    /// How many there are.
    pub total: Total,
    /// Best first.
    pub results: Vec<Entities>,
    /// Counts over all that were found.
    pub facets: BTreeMap<&'static str, Facet>,
}

/// Counts by one property.
#[derive(Debug, Serialize)]
pub struct Facet {
    /// What is counted.
    pub label: &'static str,
    /// Most frequent first.
    pub values: Vec<FacetValue>,
}

/// One count.
#[derive(Debug, Serialize)]
pub struct FacetValue {
    /// The value.
    pub name: String,
    /// The value as it is shown.
    pub label: String,
    /// How many have it.
    pub count: usize,
}

/// Whether something of a kind is of a schema or of one below it.
fn is_of(kind: Kind, schema: &str) -> bool {
    match schema {
        "Thing" => true,
        "LegalEntity" => matches!(kind, Kind::Person | Kind::Organisation | Kind::Unknown),
        schema => Kind::from_schema(schema) == Some(kind),
    }
}

impl Catalogue {
    /// Answers `/search/{dataset}`. Without `q` nothing is found: the lists are not given out whole here.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn search(&self, dataset: &str, parameters: &Parameters) -> Result<Found, Refusal> {
        let scope = self.scope(dataset, parameters)?;
        let schema = parameters.schema.as_deref().unwrap_or("Thing");
        if Kind::from_schema(schema).is_none() {
            return Err(Refusal::Invalid(format!("schema `{}` is none that can be on a list", super::shown(schema))));
        }
        let mut found: BTreeMap<String, f32> = BTreeMap::new();
        for query in queries(&parameters.q)? {
            for alert in self.index().screen(&query, 0.0) {
                let best = found.entry(alert.entity).or_insert(alert.log_odds);
                *best = best.max(alert.log_odds);
            }
        }
        let mut ordered: Vec<(&Entity, &crate::catalogue::Source, f32)> = found
            .iter()
            .filter_map(|(id, odds)| self.find(id).map(|(entity, source)| (entity, source, *odds)))
            .filter(|(entity, source, _)| {
                let here = |entity: &Entity| {
                    entity.territories.iter().any(|one| parameters.countries.contains(&one.code().to_ascii_lowercase()))
                };
                scope.has(&source.name)
                    && parameters.admit(entity)
                    && is_of(entity.kind, schema)
                    && (parameters.countries.is_empty() || here(entity))
            })
            .collect();
        ordered.sort_by(|one, other| other.2.total_cmp(&one.2).then_with(|| one.0.id.cmp(&other.0.id)));
        let codes = |entity: &Entity| entity.territories.iter().map(|one| one.code().to_ascii_lowercase()).collect();
        let facets = BTreeMap::from([
            ("countries", facet("Countries", ordered.iter().map(|(entity, ..)| codes(entity)))),
            (
                "topics",
                facet(
                    "Topics",
                    ordered.iter().map(|(entity, ..)| ftm::topics(entity).into_iter().map(str::to_owned).collect()),
                ),
            ),
            ("datasets", facet("Data sources", ordered.iter().map(|(_, source, _)| vec![source.name.clone()]))),
        ]);
        let total = Total::of(ordered.len());
        let page = ordered.into_iter().skip(parameters.offset).take(parameters.limit);
        let results = page.map(|(entity, source, _)| answer::entity(entity, source)).collect();
        Ok(Found { limit: parameters.limit, offset: parameters.offset, total, results, facets })
    }

    /// Answers `/entities/{id}`.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn entity(&self, id: &str) -> Result<Entities, Refusal> {
        let (entity, source) = self
            .find(id)
            .ok_or_else(|| Refusal::NotFound(format!("no list in effect has an entity `{}`", super::shown(id))))?;
        Ok(answer::entity(entity, source))
    }
}

fn queries(text: &str) -> Result<Vec<Query>, Refusal> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let name = clean_name(text).map_err(|fault| Refusal::Invalid(format!("`q` {fault}")))?;
    let mut queries: Vec<Query> =
        [Kind::Person, Kind::Organisation, Kind::Unknown].map(|kind| Query::by_name("search", kind, &name)).into();
    let kinds =
        [IdentifierKind::Other, IdentifierKind::Imo, IdentifierKind::Lei, IdentifierKind::Bic, IdentifierKind::Wallet];
    let identifiers: Vec<Identifier> = kinds.iter().filter_map(|kind| Identifier::new(*kind, &name)).collect();
    if !identifiers.is_empty() {
        queries.push(Query { names: Vec::new(), identifiers, ..Query::by_name("search", Kind::Unknown, "") });
    }
    Ok(queries)
}

fn facet(label: &'static str, all: impl Iterator<Item = Vec<String>>) -> Facet {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for value in all.flatten() {
        *counts.entry(value).or_default() += 1;
    }
    let mut values: Vec<FacetValue> =
        counts.into_iter().map(|(name, count)| FacetValue { label: name.clone(), name, count }).collect();
    values.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.name.cmp(&other.name)));
    Facet { label, values }
}
