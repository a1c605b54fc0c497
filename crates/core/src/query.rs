//! The tracing order and the questions asked under it: how many clients a request of the form "everyone who paid this address" would
//! expose, in bands and before anybody is named.
//!
//! Bytes: `docs/formats/query.md`.

use crate::band::Band;
use crate::facts::ascending;
use crate::id::{AuthorityId, CustodianId, Digest, OrderId, PersonId, Salt};
use crate::json::Document;
use crate::order::Kind;
use crate::time::{DAY, Timestamp};
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the format of tracing orders.
    TraceOrderV1 = "countersign/trace-order/v1"
);
version_tag!(
    /// Version of the format of questions.
    QueryV1 = "countersign/query/v1"
);

/// Payments in between at most, however many people approve.
pub const MAX_HOPS: u8 = 6;
/// Different questions under one order at most, whatever the order says.
pub const MAX_QUESTIONS: u32 = 100;
/// Addresses of one order at most.
pub const MAX_ROOTS: usize = 100;
/// Payments that one question may be bound to cover.
pub const MAX_COVERS: usize = 100;

/// Least sums of one client, in satoshi, that a question may ask for: none, and 0.001 to 10 bitcoin. Between two of them nothing is asked:
/// the difference of two answers would tell of single people.
pub const THRESHOLDS: [u64; 6] = [0, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];
/// Days that a window of payments has at least, for the same reason.
pub const LEAST_WINDOW: i64 = 28;

named_enum!(
    /// A rule for what happens to a part of some money.
    Rule, "a rule (poison, haircut, fifo, lifo)" {
        /// Any part makes the whole.
        Poison = "poison",
        /// Every output has the mix of all inputs.
        Haircut = "haircut",
        /// First in, first out.
        Fifo = "fifo",
        /// Last in, first out.
        Lifo = "lifo",
    }
);

/// An order to count behind addresses: whose request, which addresses, how far, how often. Officer and approvers sign its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceOrder {
    /// Format version.
    pub v: TraceOrderV1,
    /// 16 random bytes.
    pub id: OrderId,
    /// The custodian.
    pub custodian: CustodianId,
    /// Whose request it is asked for.
    pub authority: AuthorityId,
    /// The matter, as in the facts of its cases.
    pub matter: Digest,
    /// Who asks; signs the order as its author.
    pub officer: PersonId,
    /// The addresses, each as in the facts, sorted.
    pub roots: Vec<Digest>,
    /// Payments at most. Each beyond the first needs one approver besides the officer.
    pub hops: u8,
    /// Different questions at most.
    pub questions: u32,
    /// From when.
    pub not_before: Timestamp,
    /// Until when, at most 24 hours later.
    pub expires: Timestamp,
}

impl Document for TraceOrder {
    const WHAT: &'static str = "tracing order";
    const DOMAIN: &'static str = TraceOrderV1::TEXT;
    const MAX_LEN: usize = 16 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let lifetime = self.expires.since(self.not_before);
        let rules = [
            ((1..=MAX_ROOTS).contains(&self.roots.len()), "`roots` are not 1 to 100"),
            (ascending(&self.roots), "`roots` are not sorted or repeat"),
            ((1..=MAX_HOPS).contains(&self.hops), "`hops` is not 1 to 6"),
            ((1..=MAX_QUESTIONS).contains(&self.questions), "`questions` is not 1 to 100"),
            (
                (1..=Kind::Trace.max_lifetime()).contains(&lifetime),
                "`expires` is not within 24 hours after `not_before`",
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

/// What is asked: "everyone who paid these addresses", how far, in which window, from which sum on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The addresses, each as in the facts, sorted.
    pub roots: Vec<Digest>,
    /// 1: who paid them. 2: who paid somebody who paid them with it. And so on.
    pub hops: u8,
    /// Payments from this midnight (UTC) on; none: from the first block on.
    pub from: Option<Timestamp>,
    /// Payments before this midnight (UTC); none: until the last block.
    pub to: Option<Timestamp>,
    /// Least sum of one client in satoshi, one of [`THRESHOLDS`].
    pub min_satoshi: u64,
    /// Payments that a narrower request has to cover, as `<transaction id>:<number>`, sorted.
    pub covers: Vec<String>,
}

impl Asked {
    /// Names the question: the same question under the same order has the same answer.
    pub fn digest(&self) -> Digest {
        let time = |time: Option<Timestamp>| time.map_or(String::new(), |time| time.to_string());
        let numbers = [u64::from(self.hops), self.min_satoshi, self.roots.len() as u64].map(u64::to_le_bytes);
        let (from, to) = (time(self.from), time(self.to));
        let mut parts: Vec<&[u8]> = numbers.iter().map(<[u8; 8]>::as_slice).collect();
        parts.extend([from.as_bytes(), to.as_bytes()]);
        parts.extend(self.roots.iter().map(|root| root.as_bytes().as_slice()));
        parts.extend(self.covers.iter().map(String::as_bytes));
        crate::digest::parts("countersign/query/question/v1", &parts)
    }

    /// Whether it asks for everybody who paid, whenever and however little.
    pub fn is_whole(&self) -> bool {
        self.from.is_none() && self.to.is_none() && self.min_satoshi == 0
    }

    /// Rules that keep two questions far enough apart.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn check(&self) -> Result<(), &'static str> {
        let midnight = |time: Option<Timestamp>| time.is_none_or(|time| time.unix() % DAY == 0);
        let wide = self.from.zip(self.to).is_none_or(|(from, to)| to.since(from) >= LEAST_WINDOW * DAY);
        let rules = [
            ((1..=MAX_ROOTS).contains(&self.roots.len()), "`roots` are not 1 to 100"),
            (ascending(&self.roots), "`roots` are not sorted or repeat"),
            ((1..=MAX_HOPS).contains(&self.hops), "`hops` is not 1 to 6"),
            (midnight(self.from) && midnight(self.to), "the window does not begin and end at midnight (UTC)"),
            (wide, "the window has less than 28 days"),
            (
                THRESHOLDS.contains(&self.min_satoshi),
                "`min_satoshi` is not 0, 100000, 1000000, 10000000, 100000000 or 1000000000",
            ),
            (self.covers.len() <= MAX_COVERS, "more payments to cover than one question may name"),
            (ascending(&self.covers), "`covers` are not sorted or repeat"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

/// Distinct clients under one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exposed {
    /// The rule.
    pub rule: Rule,
    /// At one payment, at most two, and so on.
    pub by_hops: Vec<Band>,
}

/// How the number falls with a threshold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fall {
    /// Least sum of one client in satoshi.
    pub min_satoshi: u64,
    /// Distinct clients, the most under any rule.
    pub clients: Band,
}

/// A narrower request that still covers what has to be covered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Narrower {
    /// First second of the window.
    pub from: Timestamp,
    /// Last second of the window.
    pub to: Timestamp,
    /// Least sum of one client in satoshi.
    pub min_satoshi: u64,
    /// Payments.
    pub hops: u8,
    /// Distinct clients, the most under any rule.
    pub clients: Band,
}

/// One question and its answer, for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// Format version.
    pub v: QueryV1,
    /// 16 random bytes: whoever guesses an address cannot confirm the guess by the digest.
    pub salt: Salt,
    /// Digest of the tracing order.
    pub order: Digest,
    /// The question.
    pub asked: Asked,
    /// Payments to the addresses, from anybody.
    pub payments: Band,
    /// Distinct clients, under every rule.
    pub clients: Vec<Exposed>,
    /// How the number falls with a threshold.
    pub falls: Vec<Fall>,
    /// The narrowest request that covers what has to be covered, when it exposes fewer.
    pub narrower: Option<Narrower>,
    /// Many small payers and few exits: the shape of a list of donors. A shape is no proof.
    pub looks_like_donors: bool,
    /// When it was answered.
    pub at: Timestamp,
}

impl Query {
    /// Distinct clients at one payment, at most two, and so on: the most under any rule.
    pub fn by_hops(&self) -> Vec<Band> {
        let most = |hops: usize| self.clients.iter().filter_map(|exposed| exposed.by_hops.get(hops)).max();
        (0..usize::from(self.asked.hops)).map_while(|hops| most(hops).copied()).collect()
    }

    /// The fewest under any rule, in the same way.
    pub fn least_by_hops(&self) -> Vec<Band> {
        let least = |hops: usize| self.clients.iter().filter_map(|exposed| exposed.by_hops.get(hops)).min();
        (0..usize::from(self.asked.hops)).map_while(|hops| least(hops).copied()).collect()
    }

    /// Whether it was asked under this order: the order allows it, and was in force.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn check_order(&self, digest: &Digest, order: &TraceOrder) -> Result<(), &'static str> {
        let rules = [
            (self.order == *digest, "it was asked under another order"),
            (
                self.asked.roots.iter().all(|root| order.roots.contains(root)),
                "it asks about an address that the order does not name",
            ),
            (self.asked.hops <= order.hops, "it goes over more payments than the order allows"),
            ((order.not_before..order.expires).contains(&self.at), "it was answered while the order was not in force"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

impl Document for Query {
    const WHAT: &'static str = "query";
    const DOMAIN: &'static str = QueryV1::TEXT;
    const MAX_LEN: usize = 64 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        self.asked.check()?;
        let rules = self.clients.iter().map(|exposed| exposed.rule).eq(Rule::ALL.iter().copied());
        let hops = usize::from(self.asked.hops);
        let grows = |bands: &[Band]| bands.len() == hops && bands.is_sorted();
        let falls = self.falls.iter().map(|fall| fall.min_satoshi);
        let higher = THRESHOLDS.into_iter().filter(|threshold| *threshold > self.asked.min_satoshi);
        let last = self.by_hops().last().copied();
        let fewer = |band: Band| last.is_some_and(|last| band <= last);
        let rules = [
            (rules, "`clients` are not those of every rule in their order"),
            (
                self.clients.iter().all(|exposed| grows(&exposed.by_hops)),
                "`by_hops` is not one band for each payment, or falls",
            ),
            (falls.eq(higher), "`falls` are not those of every higher threshold in their order"),
            (self.falls.iter().rev().map(|fall| fall.clients).is_sorted(), "more clients above a higher threshold"),
            (self.falls.iter().all(|fall| fewer(fall.clients)), "more clients above a threshold than without"),
            (
                self.narrower.as_ref().is_none_or(|narrower| last.is_some_and(|last| narrower.clients < last)),
                "the narrower request exposes no fewer",
            ),
            (self.narrower.is_none() || !self.asked.covers.is_empty(), "a narrower request that has nothing to cover"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

#[cfg(test)]
mod tests;
