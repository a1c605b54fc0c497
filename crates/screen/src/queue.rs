//! The queue of alerts: what was raised, who proposed what, who agreed, and what need not be asked again.
//!
//! Everything is an event of one journal; the queue is what folding the events gives, and folding refuses what the rules refuse, so a
//! journal in which somebody decided alone does not open. A decision needs two people. A false positive silences its pair of client and
//! entity until either of them states something else.
//!
//! In scope: stages and their rules, order, suppression. Not in scope: who somebody is (the caller says a name), and what a confirmed match
//! does to an account (restrictions).

pub mod journal;
pub mod recognition;
pub mod vendor;

use std::collections::{BTreeMap, HashMap};

use countersign_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::screen::{Alert, Listing};
use crate::text::clean_name;

/// Who raises alerts: the program, and nobody who decides.
pub const SCREENING: &str = "screening";
/// Longest name of a person and longest reason, in bytes.
const MAX_WORDS_BYTES: usize = 2_000;

/// Which queue an alert stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// A listing that the custodian's policy recognises.
    Recognised,
    /// Counter-sanctions, notices, criminal lists, issuers that are not recognised: people judge, and nothing follows by itself.
    People,
}

/// Where an alert comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from", deny_unknown_fields)]
pub enum Origin {
    /// Our own screening.
    Screening {
        /// The way of matching.
        algorithm: String,
    },
    /// Another program of the firm.
    Vendor {
        /// What it is called here.
        vendor: String,
        /// Its own number of the alert.
        reference: String,
    },
}

/// An alert as the queue keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Id of the client.
    pub client: String,
    /// Id of the entity.
    pub entity: String,
    /// Its name.
    pub caption: String,
    /// For sorting.
    pub log_odds: f32,
    /// Rarity of what matched, in nats: among equal log-odds the rarer name comes first.
    pub rarity: f32,
    /// Which queue.
    pub lane: Lane,
    /// Why this queue.
    pub lane_reason: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Digest of what the client states.
    pub client_state: String,
    /// Digest of what the entity states.
    pub entity_state: String,
    /// The listings in effect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listings: Vec<Listing>,
    /// The whole alert, or the vendor's record.
    pub record: serde_json::Value,
}

/// What somebody takes an alert for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// The client is the listed one.
    Confirmed,
    /// The client is somebody else.
    FalsePositive,
}

/// What happens to an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// It came.
    Raised {
        /// Its number, counted from 1.
        number: u64,
        /// Why it came although its pair was decided before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<String>,
        /// What.
        finding: Box<Finding>,
    },
    /// Somebody says what it is.
    Proposed {
        /// Which.
        number: u64,
        /// What.
        disposition: Disposition,
        /// Why.
        reason: String,
    },
    /// A second person agrees.
    Agreed {
        /// Which.
        number: u64,
        /// Why.
        reason: String,
    },
    /// A second person does not agree; the alert is open again.
    Disagreed {
        /// Which.
        number: u64,
        /// Why.
        reason: String,
    },
    /// It is void: a side changed before it was decided, or the client or the listing is gone.
    Withdrawn {
        /// Which.
        number: u64,
        /// Why.
        reason: String,
    },
}

/// Where an alert stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// Nobody has said anything, or a proposal was turned down.
    Open,
    /// One person has said what it is.
    Proposed {
        /// Who.
        by: String,
        /// What.
        disposition: Disposition,
        /// Why.
        reason: String,
    },
    /// Two people have.
    Decided {
        /// Who proposed, and who agreed.
        by: [String; 2],
        /// What.
        disposition: Disposition,
        /// Why, in the words of both.
        reasons: [String; 2],
        /// When.
        at: Timestamp,
    },
    /// It is void.
    Withdrawn {
        /// Why.
        reason: String,
    },
}

/// One alert with its stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Its number.
    pub number: u64,
    /// What was found.
    pub finding: Finding,
    /// When it came.
    pub raised_at: Timestamp,
    /// Why it came again.
    pub again: Option<String>,
    /// Where it stands.
    pub stage: Stage,
}

/// What becomes of a finding that arrives.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrival {
    /// Its pair stands in the queue, or was confirmed, and neither side changed.
    Known(u64),
    /// Its pair was found to be a false positive, and neither side changed.
    Suppressed(u64),
    /// These events bring it into the queue.
    New(Vec<Event>),
}

/// Why something is not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No such alert.
    #[error("there is no alert {0}")]
    Unknown(u64),
    /// It is at another stage.
    #[error("alert {number} {stage}; only an alert that {needed} can be {act}")]
    Stage {
        /// Which.
        number: u64,
        /// Where it stands.
        stage: &'static str,
        /// Where it would have to stand.
        needed: &'static str,
        /// What was wanted.
        act: &'static str,
    },
    /// The second person is the first.
    #[error("`{0}` proposed this: another person has to agree")]
    SamePerson(String),
    /// A name or a reason that says nothing.
    #[error("{0}")]
    Words(String),
    /// Events of a journal that do not follow one another.
    #[error("number {0} does not follow")]
    Number(u64),
}

/// All alerts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Queue {
    cases: BTreeMap<u64, Case>,
    /// The latest alert about a pair of client and entity.
    by_pair: HashMap<(String, String), u64>,
}

impl Queue {
    /// An alert by its number.
    pub fn case(&self, number: u64) -> Option<&Case> {
        self.cases.get(&number)
    }

    /// All alerts by number.
    pub fn cases(&self) -> impl Iterator<Item = &Case> {
        self.cases.values()
    }

    /// The latest alert about a pair of client and entity.
    pub fn latest(&self) -> impl Iterator<Item = &Case> {
        self.by_pair.values().filter_map(|number| self.cases.get(number))
    }

    /// What is waiting for somebody: the likeliest first, among equals the rarest name, then client and entity.
    pub fn waiting(&self, lane: Lane) -> Vec<&Case> {
        let mut waiting: Vec<&Case> = self
            .cases
            .values()
            .filter(|case| case.finding.lane == lane && matches!(case.stage, Stage::Open | Stage::Proposed { .. }))
            .collect();
        waiting.sort_by(|one, other| {
            let (one, other) = (&one.finding, &other.finding);
            other
                .log_odds
                .total_cmp(&one.log_odds)
                .then_with(|| other.rarity.total_cmp(&one.rarity))
                .then_with(|| (&one.client, &one.entity).cmp(&(&other.client, &other.entity)))
        });
        waiting
    }

    /// What becomes of a finding. Nothing is changed here.
    pub fn arrive(&self, finding: Finding) -> Arrival {
        let number = self.cases.last_key_value().map_or(1, |(last, _)| last + 1);
        let raised =
            |again: Option<String>, finding: Finding| Event::Raised { number, again, finding: Box::new(finding) };
        let pair = (finding.client.clone(), finding.entity.clone());
        let Some(known) = self.by_pair.get(&pair).and_then(|known| self.cases.get(known)) else {
            return Arrival::New(vec![raised(None, finding)]);
        };
        let changed = match (
            known.finding.client_state == finding.client_state,
            known.finding.entity_state == finding.entity_state,
        ) {
            (true, true) => None,
            (false, true) => Some("the client's data changed"),
            (true, false) => Some("the listing changed"),
            (false, false) => Some("both the client's data and the listing changed"),
        };
        match (&known.stage, changed) {
            (Stage::Decided { disposition: Disposition::FalsePositive, .. }, None) => Arrival::Suppressed(known.number),
            (Stage::Open | Stage::Proposed { .. } | Stage::Decided { .. }, None) => Arrival::Known(known.number),
            (Stage::Open | Stage::Proposed { .. }, Some(why)) => Arrival::New(vec![
                Event::Withdrawn { number: known.number, reason: format!("{why} before it was decided") },
                raised(Some(why.to_owned()), finding),
            ]),
            (Stage::Decided { .. }, Some(why)) => {
                Arrival::New(vec![raised(Some(format!("{why} since alert {}", known.number)), finding)])
            }
            (Stage::Withdrawn { .. }, _) => {
                Arrival::New(vec![raised(Some(format!("alert {} was withdrawn", known.number)), finding)])
            }
        }
    }

    /// Applies an event of somebody.
    ///
    /// # Errors
    /// [`Refused`]; nothing is changed then.
    pub fn apply(&mut self, at: Timestamp, by: &str, event: Event) -> Result<(), Refused> {
        words("who acts", by)?;
        let decides = matches!(event, Event::Proposed { .. } | Event::Agreed { .. } | Event::Disagreed { .. });
        if decides && same_person(by, SCREENING) {
            return Err(Refused::Words(format!("`{by}` is the program, which decides nothing: say who does")));
        }
        match event {
            Event::Raised { number, again, finding } => {
                if number != self.cases.last_key_value().map_or(1, |(last, _)| last + 1) {
                    return Err(Refused::Number(number));
                }
                self.by_pair.insert((finding.client.clone(), finding.entity.clone()), number);
                let case = Case { number, finding: *finding, raised_at: at, again, stage: Stage::Open };
                self.cases.insert(number, case);
            }
            Event::Proposed { number, disposition, reason } => {
                words("the reason", &reason)?;
                let case = self.cases.get_mut(&number).ok_or(Refused::Unknown(number))?;
                if case.stage != Stage::Open {
                    return Err(case.stage.refuse(number, "is open", "proposed"));
                }
                case.stage = Stage::Proposed { by: by.to_owned(), disposition, reason };
            }
            Event::Agreed { number, reason } => {
                words("the reason", &reason)?;
                let case = self.cases.get_mut(&number).ok_or(Refused::Unknown(number))?;
                let Stage::Proposed { by: first, disposition, reason: why } = &case.stage else {
                    return Err(case.stage.refuse(number, "was proposed", "agreed to"));
                };
                if same_person(first, by) {
                    return Err(Refused::SamePerson(first.clone()));
                }
                case.stage = Stage::Decided {
                    by: [first.clone(), by.to_owned()],
                    disposition: *disposition,
                    reasons: [why.clone(), reason],
                    at,
                };
            }
            Event::Disagreed { number, reason } => {
                words("the reason", &reason)?;
                let case = self.cases.get_mut(&number).ok_or(Refused::Unknown(number))?;
                if !matches!(case.stage, Stage::Proposed { .. }) {
                    return Err(case.stage.refuse(number, "was proposed", "disagreed with"));
                }
                case.stage = Stage::Open;
            }
            Event::Withdrawn { number, reason } => {
                words("the reason", &reason)?;
                let case = self.cases.get_mut(&number).ok_or(Refused::Unknown(number))?;
                if !matches!(case.stage, Stage::Open | Stage::Proposed { .. }) {
                    return Err(case.stage.refuse(number, "is not decided", "withdrawn"));
                }
                case.stage = Stage::Withdrawn { reason };
            }
        }
        Ok(())
    }
}

impl Stage {
    /// What is said of an alert at this stage.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Open => "is open",
            Self::Proposed { .. } => "was proposed",
            Self::Decided { disposition: Disposition::Confirmed, .. } => "was confirmed",
            Self::Decided { disposition: Disposition::FalsePositive, .. } => "was found to be a false positive",
            Self::Withdrawn { .. } => "was withdrawn",
        }
    }

    fn refuse(&self, number: u64, needed: &'static str, act: &'static str) -> Refused {
        Refused::Stage { number, stage: self.label(), needed, act }
    }
}

/// One person under two spellings is one person.
fn same_person(one: &str, other: &str) -> bool {
    let plain = |name: &str| crate::letters::plain_words(name).concat();
    plain(one) == plain(other)
}

fn words(what: &str, text: &str) -> Result<(), Refused> {
    if text.len() > MAX_WORDS_BYTES {
        return Err(Refused::Words(format!("{what} has {} bytes, at most {MAX_WORDS_BYTES}", text.len())));
    }
    clean_name(text).map(drop).map_err(|fault| Refused::Words(format!("{what} {fault}")))
}

impl Finding {
    /// An alert of our own screening, in the lane that recognition says; `None` when it carries no states (it was not written by a batch).
    pub fn of_alert(alert: &Alert, recognition: &recognition::Recognition) -> Option<Self> {
        let states = alert.states.clone()?;
        let (lane, lane_reason) = recognition.lane(&alert.listings, &states.territories);
        Some(Self {
            client: alert.client.clone(),
            entity: alert.entity.clone(),
            caption: alert.caption.clone(),
            log_odds: alert.log_odds,
            rarity: alert.name.as_ref().map_or(0.0, |name| name.rarity),
            lane,
            lane_reason,
            origin: Origin::Screening { algorithm: alert.algorithm.clone() },
            client_state: states.client,
            entity_state: states.entity,
            listings: alert.listings.clone(),
            record: serde_json::to_value(alert).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests;
