//! Asking about a client, and the alerts that come of it with everything needed to judge and to repeat them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::compare::{Compared, Pair};
use crate::date::StatedDate;
use crate::designation::Basis;
use crate::entity::{Gender, Kind, Name, NameQuality};
use crate::evidence::{About, Evidence, weigh};
use crate::identifier::Identifier;
use crate::index::screener::Screener;
use crate::index::{Asked, Index, NameId};
use crate::territory::Territory;
use crate::word::Likeness;

/// Name and version of the way of matching; a change that can move a score raises it.
pub const ALGORITHM: &str = "countersign-names/1";

/// Score from which a match is reported when nothing else is asked.
pub const DEFAULT_THRESHOLD: f32 = 0.7;

/// Least name score at which a name is a candidate at all, whatever else agrees.
pub const NAME_FLOOR: f32 = 0.6;

/// A client as asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The client's own id at the custodian, given back in alerts.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Its names.
    pub names: Vec<Name>,
    /// Birth dates, or days of founding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dates: Vec<StatedDate>,
    /// Nationalities and other territories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub territories: Vec<Territory>,
    /// Gender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gender: Option<Gender>,
    /// Numbers and wallets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<Identifier>,
}

impl Query {
    /// A query by name only.
    pub fn by_name(id: &str, kind: Kind, name: &str) -> Self {
        let names = vec![Name::new(name.to_owned(), NameQuality::Primary)];
        Self { id: id.to_owned(), kind, names, dates: vec![], territories: vec![], gender: None, identifiers: vec![] }
    }
}

/// One client and one entity that may be the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Id of the client.
    pub client: String,
    /// Id of the entity.
    pub entity: String,
    /// The entity's name under which it is listed.
    pub caption: String,
    /// Between 0 and 1; for sorting use `log_odds`, which does not crowd near 1.
    pub score: f32,
    /// The same as log-odds.
    pub log_odds: f32,
    /// The threshold it had to reach.
    pub threshold: f32,
    /// How the names meet; absent when an identifier alone does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<NameReason>,
    /// What else both sides state.
    pub evidence: Vec<Evidence>,
    /// What the client's data lack that the list states.
    pub missing: Vec<About>,
    /// The listings in effect.
    pub listings: Vec<Listing>,
    /// All listings rest on bases that only people may judge.
    pub needs_people: bool,
    /// The way of matching.
    pub algorithm: String,
    /// What either side stated; stands in files of alerts, so that a decision can expire when a side changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub states: Option<States>,
}

/// What both sides of an alert stated, as digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct States {
    /// Of the client, as asked.
    pub client: String,
    /// Of the entity, with its listings in effect.
    pub entity: String,
    /// The client's territories in small letters, which a policy of recognition may ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub territories: Vec<String>,
}

fn digest_of(domain: &str, value: &impl Serialize) -> String {
    // INVARIANT: types of this crate without maps whose keys are no texts are written without an error; the empty text would only mean
    // that a decision expires.
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    countersign_core::digest::parts(domain, &[&bytes]).to_string()
}

/// Digest of what is stated of a client.
pub fn client_state(query: &Query) -> String {
    digest_of("countersign/screen-client/1", query)
}

/// Digest of what is stated of an entity: not when we saw it, and not what an issuer no longer says.
pub fn entity_state(entity: &crate::entity::Entity) -> String {
    let mut entity = entity.clone();
    entity.designations.retain(crate::designation::Designation::is_live);
    for designation in &mut entity.designations {
        (designation.seen_from, designation.transposes) = (None, None);
    }
    digest_of("countersign/screen-entity/1", &entity)
}

/// One listing, short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// Key of the issuer.
    pub issuer: String,
    /// Key of the programme.
    pub programme: String,
    /// The act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<String>,
    /// The day the issuer gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed_on: Option<String>,
    /// On what it rests.
    pub basis: Basis,
    /// Issuer of the listing that it carries out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transposes: Option<String>,
}

/// How two names meet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NameReason {
    /// The client's name.
    pub asked: String,
    /// The listed name.
    pub listed: String,
    /// The source's word on the listed name.
    pub quality: NameQuality,
    /// Between 0 and 1, of the names alone.
    pub score: f32,
    /// How rare what matched is, in nats.
    pub rarity: f32,
    /// Word by word.
    pub words: Vec<WordReason>,
    /// Words only the client has.
    pub only_asked: Vec<String>,
    /// Words only the list has.
    pub only_listed: Vec<String>,
    /// Both sides keep words for themselves.
    pub contradiction: bool,
}

/// One pair of words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WordReason {
    /// The client's word.
    pub asked: String,
    /// The listed word.
    pub listed: String,
    /// Why they are taken for one.
    pub kind: Likeness,
    /// How alike.
    pub likeness: f32,
}

/// The best listed name of one entity.
struct Best {
    name: NameId,
    asked: usize,
    compared: Compared,
    log_odds: f32,
}

/// Rarity in nats at which a name says about two thirds of what a name can say.
const RARITY_SCALE: f32 = 5.0;

/// Log-odds of a match by name alone.
fn name_log_odds(compared: &Compared, quality: NameQuality) -> f32 {
    let quality = match quality {
        NameQuality::Primary | NameQuality::Alias => 0.0,
        NameQuality::Previous => -0.1,
        NameQuality::Weak => -0.7,
    };
    let strength = compared.score * (1.0 - (-compared.rarity / RARITY_SCALE).exp());
    let strength = strength.clamp(0.001, 0.9999);
    (strength / (1.0 - strength)).ln() + quality
}

impl Screener<'_> {
    /// As [`Self::screen`], with the states of both sides.
    pub fn screen_with_states(&mut self, query: &Query, threshold: f32) -> Vec<Alert> {
        let alerts = self.screen(query, threshold);
        self.index().with_states(query, alerts)
    }

    /// As [`Self::screen_with_states`], against some listed names only.
    pub(crate) fn screen_against(&mut self, query: &Query, names: &[NameId], threshold: f32) -> Vec<Alert> {
        let index = self.index();
        let may_be = |name: &NameId| query.kind.may_be(index.listed(*name).0.kind);
        let names: Vec<NameId> = names.iter().copied().filter(may_be).collect();
        let asked: Vec<Asked> = query.names.iter().map(|name| self.ask(name, query.kind)).collect();
        index.with_states(query, index.alerts(query, &asked, &vec![names; asked.len()], threshold))
    }

    /// All entities that reach the threshold, best first; equal ones by id.
    pub fn screen(&mut self, query: &Query, threshold: f32) -> Vec<Alert> {
        let asked: Vec<Asked> = query.names.iter().map(|name| self.ask(name, query.kind)).collect();
        let candidates: Vec<Vec<NameId>> = asked.iter().map(|asked| self.candidates(asked, query.kind)).collect();
        self.index().alerts(query, &asked, &candidates, threshold)
    }
}

impl Index {
    /// As [`Screener::screen_with_states`], for one client alone.
    pub fn screen_with_states(&self, query: &Query, threshold: f32) -> Vec<Alert> {
        Screener::new(self).screen_with_states(query, threshold)
    }

    /// As [`Screener::screen`], for one client alone.
    pub fn screen(&self, query: &Query, threshold: f32) -> Vec<Alert> {
        Screener::new(self).screen(query, threshold)
    }

    /// Adds to alerts about one client what both sides stated.
    fn with_states(&self, query: &Query, mut alerts: Vec<Alert>) -> Vec<Alert> {
        if !alerts.is_empty() {
            let client = client_state(query);
            let territories: Vec<String> =
                query.territories.iter().map(|territory| territory.code().to_ascii_lowercase()).collect();
            for alert in &mut alerts {
                let entity = self.find(&alert.entity).map(entity_state).unwrap_or_default();
                alert.states = Some(States { client: client.clone(), entity, territories: territories.clone() });
            }
        }
        alerts
    }

    /// Compares each asked name with its candidates, and weighs the best name of each entity.
    pub(crate) fn alerts(
        &self,
        query: &Query,
        asked: &[Asked],
        candidates: &[Vec<NameId>],
        threshold: f32,
    ) -> Vec<Alert> {
        let mut best: BTreeMap<u32, Option<Best>> = BTreeMap::new();
        for (number, (asked, candidates)) in asked.iter().zip(candidates).enumerate() {
            for name in candidates.iter().copied() {
                let Some(compared) = self.compare(asked, name).filter(|compared| compared.score >= NAME_FLOOR) else {
                    continue;
                };
                let (listed, _, listed_name) = self.listed(name);
                let log_odds = name_log_odds(&compared, listed_name.quality);
                let slot = best.entry(listed.entity).or_default();
                if slot.as_ref().is_none_or(|slot| slot.log_odds < log_odds) {
                    *slot = Some(Best { name, asked: number, compared, log_odds });
                }
            }
        }
        for identifier in &query.identifiers {
            for entity in self.with_identifier(&identifier.value) {
                best.entry(entity).or_default();
            }
        }
        let mut alerts: Vec<Alert> =
            best.into_iter().filter_map(|(entity, best)| self.alert(query, asked, entity, best, threshold)).collect();
        alerts
            .sort_by(|one, other| other.log_odds.total_cmp(&one.log_odds).then_with(|| one.entity.cmp(&other.entity)));
        alerts
    }

    fn alert(&self, query: &Query, asked: &[Asked], entity: u32, best: Option<Best>, threshold: f32) -> Option<Alert> {
        let entity = self.entity(entity);
        let evidence = weigh(query, entity);
        // Without a name only an identifier can have led here; the names then speak against it a little.
        let log_odds =
            best.as_ref().map_or(-5.0, |best| best.log_odds) + evidence.iter().map(|piece| piece.log_odds).sum::<f32>();
        let score = 1.0 / (1.0 + (-log_odds).exp());
        if score < threshold {
            return None;
        }
        let missing = [
            (About::Date, query.dates.is_empty() && !entity.dates.is_empty()),
            (About::Territory, query.territories.is_empty() && !entity.territories.is_empty()),
            (About::Gender, query.gender.is_none() && entity.gender.is_some()),
            (About::Identifier, query.identifiers.is_empty() && !entity.identifiers.is_empty()),
        ];
        let live = || entity.designations.iter().filter(|designation| designation.is_live());
        Some(Alert {
            client: query.id.clone(),
            entity: entity.id.clone(),
            caption: entity.caption().to_owned(),
            score,
            log_odds,
            threshold,
            name: best.map(|best| self.reason(query, asked, best)),
            evidence,
            missing: missing.into_iter().filter(|(_, missing)| *missing).map(|(about, _)| about).collect(),
            needs_people: live().all(|designation| designation.basis.needs_people()),
            listings: live()
                .map(|designation| Listing {
                    issuer: designation.issuer.clone(),
                    programme: designation.programme.clone(),
                    act: designation.act.clone(),
                    listed_on: designation.listed_on.map(|date| date.to_string()),
                    basis: designation.basis,
                    transposes: designation.transposes.as_ref().map(|root| root.issuer.clone()),
                })
                .collect(),
            algorithm: ALGORITHM.to_owned(),
            states: None,
        })
    }

    fn reason(&self, query: &Query, asked: &[Asked], best: Best) -> NameReason {
        let tokens = &asked[best.asked].tokens;
        let (_, _, listed) = self.listed(best.name);
        let ours = |at: usize, words: usize| {
            tokens[at..at + words].iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ")
        };
        let word = |pair: &Pair| WordReason {
            asked: ours(pair.left, pair.left_words),
            listed: self.shown(best.name, pair.right, pair.right_words),
            kind: pair.relation.kind,
            likeness: pair.relation.likeness,
        };
        let (only_asked, only_listed) = &best.compared.left_over;
        NameReason {
            asked: query.names[best.asked].text.clone(),
            listed: listed.text.clone(),
            quality: listed.quality,
            score: best.compared.score,
            rarity: best.compared.rarity,
            words: best.compared.pairs.iter().map(word).collect(),
            only_asked: only_asked.iter().map(|at| ours(*at, 1)).collect(),
            only_listed: only_listed.iter().map(|at| self.shown(best.name, *at, 1)).collect(),
            contradiction: best.compared.contradiction > 0.0,
        }
    }
}
