//! Results of a match.

use std::collections::BTreeMap;

use serde::Serialize;

use countersign_core::time::Timestamp;

use crate::catalogue::{Catalogue, Source};
use crate::designation::Designation;
use crate::entity::Entity;
use crate::evidence::About;
use crate::screen::{Alert, Listing, Query};
use crate::served::{Feature, Parameters, Scope, ftm};

/// What came of one query.
#[derive(Debug, Serialize)]
pub struct Matches {
    /// 200.
    pub status: u16,
    /// Best first.
    pub results: Vec<Scored>,
    /// How many reach the cutoff.
    pub total: Total,
    /// What was read of the query.
    pub query: Stated,
}

/// A count.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Total {
    /// How many.
    pub value: usize,
    /// `eq`: it is exact.
    pub relation: &'static str,
}

impl Total {
    pub(super) fn of(value: usize) -> Self {
        Self { value, relation: "eq" }
    }
}

/// What was read of an example.
#[derive(Debug, Default, Serialize)]
pub struct Stated {
    /// As sent.
    pub id: Option<String>,
    /// As sent.
    pub schema: String,
    /// The values that were compared.
    pub properties: BTreeMap<&'static str, Vec<String>>,
    /// The values that were not, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

impl Stated {
    pub(super) fn used(&mut self, property: &'static str, values: impl IntoIterator<Item = String>) {
        for value in values {
            self.properties.entry(property).or_default().push(value);
        }
    }
}

/// A listed entity in the form of FollowTheMoney.
#[derive(Debug, Serialize)]
pub struct Entities {
    /// Its id.
    pub id: String,
    /// The name to print.
    pub caption: String,
    /// The schema nearest to it.
    pub schema: &'static str,
    /// Its properties.
    pub properties: BTreeMap<&'static str, Vec<String>>,
    /// Its source.
    pub datasets: Vec<String>,
    /// Ids of the listings that its own carry out.
    pub referents: Vec<String>,
    /// It is listed.
    pub target: bool,
    /// When we first saw it listed, UTC.
    pub first_seen: Option<String>,
    /// When its source was read last, UTC.
    pub last_seen: Option<String>,
    /// When a listing of it last began or ended, UTC.
    pub last_change: Option<String>,
}

/// A result.
#[derive(Debug, Serialize)]
pub struct Scored {
    /// The entity.
    #[serde(flatten)]
    pub entity: Entities,
    /// Between 0 and 1.
    pub score: f32,
    /// By what the score was made: names between 0 and 1, everything else in log-odds.
    pub features: BTreeMap<&'static str, f32>,
    /// The same with what was compared.
    pub explanations: BTreeMap<&'static str, Explanation>,
    /// Whether the threshold is reached.
    #[serde(rename = "match")]
    pub is_match: bool,
    /// The score without crowding near 1, for sorting.
    pub log_odds: f32,
    /// The listings in effect.
    pub listings: Vec<Listing>,
    /// Every listing is one that only people may judge.
    pub needs_people: bool,
}

/// One piece of an explanation.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// As in `features`.
    pub score: f32,
    /// In words.
    pub detail: Option<String>,
    /// The value of the query.
    pub query: Option<String>,
    /// The value of the list.
    pub candidate: Option<String>,
}

pub(super) fn features() -> BTreeMap<&'static str, Feature> {
    let feature = |description| Feature { description, coefficient: 1.0 };
    BTreeMap::from([
        ("name", feature("names compared word by word across scripts, 0 to 1")),
        ("birth_date", feature("birth dates or days of founding, in log-odds")),
        ("territory", feature("nationalities and other territories, in log-odds")),
        ("gender", feature("gender, in log-odds")),
        ("identifier", feature("numbers and wallets, in log-odds")),
    ])
}

fn name_of(about: About) -> &'static str {
    match about {
        About::Date => "birth_date",
        About::Territory => "territory",
        About::Gender => "gender",
        About::Identifier => "identifier",
    }
}

impl Catalogue {
    pub(super) fn matches(&self, scope: &Scope, parameters: &Parameters, query: &Query, stated: Stated) -> Matches {
        let alerts = self.index().screen(query, parameters.cutoff);
        let mut results: Vec<(Alert, &Entity, &Source)> = alerts
            .into_iter()
            .filter_map(|alert| {
                let (entity, source) = self.find(&alert.entity)?;
                (scope.has(&source.name) && parameters.admit(entity)).then_some((alert, entity, source))
            })
            .collect();
        let total = Total::of(results.len());
        results.truncate(parameters.limit);
        let results =
            results.into_iter().map(|(alert, entity, source)| scored(alert, entity, source, parameters.threshold));
        Matches { status: 200, results: results.collect(), total, query: stated }
    }
}

impl Parameters {
    /// Whether an entity is asked for at all.
    pub(super) fn admit(&self, entity: &Entity) -> bool {
        let topics = ftm::topics(entity);
        let changed = || {
            last_change(&entity.designations)
                .is_some_and(|time| self.changed_since.is_none_or(|day| time >= day.start()))
        };
        !self.exclude_entity_ids.contains(&entity.id)
            && !self.exclude_schema.iter().any(|schema| schema == entity.kind.schema())
            && (self.topics.is_empty() || self.topics.iter().any(|topic| topics.contains(&topic.as_str())))
            && (self.changed_since.is_none() || changed())
    }
}

fn last_change(designations: &[Designation]) -> Option<Timestamp> {
    designations.iter().flat_map(|listing| [listing.seen_from, listing.seen_to]).flatten().max()
}

/// As yente writes times: UTC without a mark of the zone.
fn time(time: Timestamp) -> String {
    time.to_string().trim_end_matches('Z').to_owned()
}

pub(super) fn entity(entity: &Entity, source: &Source) -> Entities {
    Entities {
        id: entity.id.clone(),
        caption: entity.caption().to_owned(),
        schema: entity.kind.schema(),
        properties: ftm::properties(entity),
        datasets: vec![source.name.clone()],
        referents: entity
            .designations
            .iter()
            .filter_map(|listing| Some(listing.transposes.as_ref()?.entity.clone()))
            .collect(),
        target: true,
        first_seen: entity.designations.iter().filter_map(|listing| listing.seen_from).min().map(time),
        last_seen: Some(time(source.read_at)),
        last_change: last_change(&entity.designations).map(time),
    }
}

fn scored(alert: Alert, found: &Entity, source: &Source, threshold: f32) -> Scored {
    let mut explanations = BTreeMap::new();
    if let Some(name) = alert.name {
        let words = name.words.iter().map(|word| format!("{} = {} ({:.2})", word.asked, word.listed, word.likeness));
        let mut detail = words.collect::<Vec<_>>().join(", ");
        for (side, rest) in [("only asked", name.only_asked), ("only listed", name.only_listed)] {
            if !rest.is_empty() {
                detail.push_str(&format!("; {side}: {}", rest.join(" ")));
            }
        }
        explanations.insert(
            "name",
            Explanation {
                score: name.score,
                detail: Some(detail),
                query: Some(name.asked),
                candidate: Some(name.listed),
            },
        );
    }
    for piece in alert.evidence {
        let entry = explanations.entry(name_of(piece.about)).or_insert(Explanation {
            score: 0.0,
            detail: None,
            query: None,
            candidate: None,
        });
        entry.score += piece.log_odds;
        entry.detail =
            Some(entry.detail.take().map_or(piece.finding.clone(), |more| format!("{more}; {}", piece.finding)));
    }
    Scored {
        entity: entity(found, source),
        score: alert.score,
        features: explanations.iter().map(|(name, explanation)| (*name, explanation.score)).collect(),
        explanations,
        is_match: alert.score >= threshold,
        log_odds: alert.log_odds,
        listings: alert.listings,
        needs_people: alert.needs_people,
    }
}
