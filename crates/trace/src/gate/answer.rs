//! What leaves the gate: shares of own deposits, and bands.

use crate::taint::{Rule, Share};
use countersign_core::band::Band;
use countersign_core::id::Digest;
use countersign_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How many of the custodian's clients a request would expose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlastAnswer {
    /// Digest of the question; what a leaf of the log names.
    pub query: Digest,
    /// Payments to the addresses asked about, from anybody.
    pub payments: Band,
    /// Distinct clients, for every rule.
    pub clients: Vec<RuleBands>,
    /// Distinct clients (the most under any rule) who paid at least so much.
    pub falls: Vec<Fall>,
    /// The narrowest question that still covers what had to be covered.
    pub narrowest: Option<Narrowed>,
    /// Many small payers and few exits: the shape of a list of donors. A shape is no proof.
    pub looks_like_donors: bool,
}

/// Distinct clients under one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleBands {
    /// The rule.
    pub rule: Rule,
    /// At one payment, at most two, and so on.
    pub by_hops: Vec<Band>,
}

/// How the number falls with a threshold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fall {
    /// Least sum of one client, in satoshi.
    pub min_satoshi: u64,
    /// Distinct clients.
    pub clients: Band,
}

/// A narrower question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Narrowed {
    /// First second of the window.
    pub from: Timestamp,
    /// Last second of the window.
    pub to: Timestamp,
    /// Least sum of one client, in satoshi.
    pub min_satoshi: u64,
    /// Payments.
    pub hops: u8,
    /// Distinct clients, the most under any rule.
    pub clients: Band,
}

/// What one deposit of the custodian is exposed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exposure {
    /// Digest of the question; what a leaf of the log names.
    pub query: Digest,
    /// For every list.
    pub lists: Vec<ListExposure>,
}

/// The share of one deposit that comes from the addresses of one list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListExposure {
    /// Name of the list.
    pub list: String,
    /// The least under any rule.
    pub low: Share,
    /// The most under any rule.
    pub high: Share,
    /// Under every rule.
    pub rules: Vec<RuleExposure>,
}

/// The share of one deposit under one rule, and where the rest comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleExposure {
    /// The rule.
    pub rule: Rule,
    /// From the list.
    pub share: Share,
    /// Least number of payments in between.
    pub least_hops: Option<u16>,
    /// The rest; of poison, which knows no parts, nothing.
    pub rest: Option<Rest>,
}

/// Where the rest of a deposit comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rest {
    /// Was mined.
    pub mined: Share,
    /// Came out of services.
    pub services: Share,
    /// Broken off at mixes.
    pub mixes: Share,
    /// Was made before, or outside of, what the graph holds.
    pub outside: Share,
    /// Not asked further: as many payments as allowed.
    pub further: Share,
    /// Dropped in parts that are too small.
    pub dust: Share,
}
