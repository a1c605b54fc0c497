//! Questions and answers with the fields of OpenSanctions' yente (its public API, version 5), so that its clients work unchanged; and
//! parties of a transfer as IVMS101. Bytes in, values out: whoever serves them brings the transport.
//!
//! In scope: `/match/{dataset}`, `/search/{dataset}`, `/entities/{id}`. Not in scope: nested entities, reconciliation, the choice of an
//! algorithm - every name of one is accepted, and each answer says in `algorithm` how it was reached.

mod answer;
mod ftm;
mod ivms101;
mod parameters;
mod search;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use ftm::properties;

pub use answer::{Entities, Matches, Scored, Stated, Total};
pub use parameters::Parameters;
pub use search::Found;

use crate::catalogue::Catalogue;
use crate::screen::{ALGORITHM, Query};

/// The name under which every source is asked.
pub const ALL: &str = "default";
/// Most queries of one request.
pub const MAX_QUERIES: usize = 100;
/// Longest request, in bytes.
pub const MAX_REQUEST_BYTES: usize = 2 << 20;
/// Longest key of a query, in bytes.
const MAX_KEY_BYTES: usize = 255;

/// Why a request gets no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such source or entity.
    #[error("{0}")]
    NotFound(String),
    /// It has to be written differently.
    #[error("{0}")]
    Invalid(String),
}

/// The body of a request to `/match/{dataset}`. Weights and settings of other algorithms may stand beside `queries`.
#[derive(Deserialize)]
struct Body {
    queries: BTreeMap<String, Example>,
}

/// An entity as an example of what is looked for.
#[derive(Deserialize)]
struct Example {
    #[serde(default)]
    id: Option<String>,
    schema: String,
    #[serde(default)]
    properties: BTreeMap<String, Value>,
}

/// A key, what is asked under it, and what was read of it.
type Asked = (String, (Query, Stated));

/// The answer of `/match/{dataset}`.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// By the keys of the queries.
    pub responses: BTreeMap<String, Matches>,
    /// What stands in an explanation, by its name.
    pub matcher: BTreeMap<&'static str, Feature>,
    /// How many results each query has at most.
    pub limit: usize,
    /// The way of matching.
    pub algorithm: &'static str,
    /// Name and digest of each source that was asked.
    pub lists: Vec<(String, String)>,
}

/// One entry of `matcher`.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Feature {
    /// What it compares.
    pub description: &'static str,
    /// 1 for what makes the score, log-odds otherwise.
    pub coefficient: f32,
}

impl Catalogue {
    /// Answers `/match/{dataset}`.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn match_examples(&self, dataset: &str, parameters: &Parameters, body: &[u8]) -> Result<Answer, Refusal> {
        let body: Body = serde_json::from_slice(body).map_err(|error| {
            // The text of serde may quote the request; only the place is given back.
            Refusal::Invalid(format!(
                "the body is no object with `queries` (line {}, column {})",
                error.line(),
                error.column()
            ))
        })?;
        let mut asked = Vec::with_capacity(body.queries.len());
        for (key, example) in body.queries {
            let read = ftm::read(&key, &example)
                .map_err(|fault| Refusal::Invalid(format!("query `{}`: {fault}", shown(&key))))?;
            asked.push((key, read));
        }
        self.answer(dataset, parameters, asked)
    }

    /// Answers for the parties of a transfer, as IVMS101.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn match_parties(&self, dataset: &str, parameters: &Parameters, body: &[u8]) -> Result<Answer, Refusal> {
        let asked = ivms101::read(body).map_err(Refusal::Invalid)?;
        self.answer(dataset, parameters, asked)
    }

    fn answer(&self, dataset: &str, parameters: &Parameters, asked: Vec<Asked>) -> Result<Answer, Refusal> {
        if asked.is_empty() || asked.len() > MAX_QUERIES {
            return Err(Refusal::Invalid(format!("{} queries: a request has 1 to {MAX_QUERIES}", asked.len())));
        }
        if let Some((key, _)) = asked.iter().find(|(key, _)| key.len() > MAX_KEY_BYTES) {
            return Err(Refusal::Invalid(format!(
                "a key has {} bytes, at most {MAX_KEY_BYTES} are allowed",
                key.len()
            )));
        }
        let scope = self.scope(dataset, parameters)?;
        let responses = asked
            .into_iter()
            .map(|(key, (query, stated))| (key, self.matches(&scope, parameters, &query, stated)))
            .collect();
        let lists = self.digests().into_iter().filter(|(name, _)| scope.has(name)).collect();
        Ok(Answer { responses, matcher: answer::features(), limit: parameters.limit, algorithm: ALGORITHM, lists })
    }

    /// Which sources a request means.
    fn scope(&self, dataset: &str, parameters: &Parameters) -> Result<Scope, Refusal> {
        let known = |name: &str| self.sources().iter().any(|source| source.name == name);
        if dataset != ALL && !known(dataset) {
            return Err(Refusal::NotFound(format!("there is no dataset `{}`", shown(dataset))));
        }
        let asked = parameters.include_dataset.iter().chain(&parameters.exclude_dataset);
        if let Some(name) = asked.into_iter().find(|name| *name != ALL && !known(name)) {
            return Err(Refusal::Invalid(format!("there is no dataset `{}`", shown(name))));
        }
        let sources = self.sources().iter().map(|source| source.name.clone()).filter(|name| {
            let listed = |all: &[String]| all.iter().any(|one| one == name || one == ALL);
            (dataset == ALL || dataset == name)
                && (parameters.include_dataset.is_empty() || listed(&parameters.include_dataset))
                && !listed(&parameters.exclude_dataset)
        });
        Ok(Scope { sources: sources.collect() })
    }
}

/// The sources that a request means.
struct Scope {
    sources: Vec<String>,
}

impl Scope {
    fn has(&self, source: &str) -> bool {
        self.sources.iter().any(|name| name == source)
    }
}

/// Foreign text in an answer: short, without what nobody sees.
fn shown(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(48).collect()
}
