//! What the custodian's own deposits are exposed to, for the duty to honour sanctions: the standing order that several people sign once, and
//! the runs under it. Shares in bands, the least number of payments, a verdict; nobody's address but the custodian's own, and no path.
//!
//! Bytes: `docs/formats/exposure.md`.

use crate::band::Band;
use crate::facts::ascending;
use crate::id::{AuthorityId, CustodianId, Digest, OrderId, PersonId, Salt};
use crate::json::Document;
use crate::order::Kind;
use crate::query::Rule;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the format of standing orders for own deposits.
    ExposureOrderV1 = "countersign/exposure-order/v1"
);
version_tag!(
    /// Version of the format of runs over own deposits.
    ExposureRunV1 = "countersign/exposure/v1"
);

/// Payments asked back at most, whatever the order says.
pub const MAX_PAYMENTS: u8 = 32;
/// Deposits of one run at most, whatever the order says.
pub const MAX_RUN: u32 = 500;
/// Deposits of all runs under one order at most.
pub const MAX_TOTAL: u32 = 100_000_000;
/// Lists of one order at most.
pub const MAX_LISTS: usize = 10;
/// Issuers of one list at most.
pub const MAX_ISSUERS: usize = 16;
/// Longest name of a list or an issuer in bytes.
pub const MAX_NAME: usize = 100;
/// Longest `basis` in bytes.
pub const MAX_BASIS: usize = 300;
/// Hours that the last block may be old at most, whatever the order says: a week.
pub const MAX_GRAPH_HOURS: u16 = 168;
/// Answers about one deposit under all standing orders together: slices of a list add up, too.
pub const MAX_PER_DEPOSIT: u64 = 60;

named_enum!(
    /// A share of one deposit, no more exactly than this.
    ShareBand, "a band of shares like `1 to 5 %`" {
        /// No part at all.
        Nothing = "none",
        /// Some part.
        Trace = "below 0.1 %",
        /// A thousandth and more.
        Thousandth = "0.1 to 1 %",
        /// A hundredth and more.
        Hundredth = "1 to 5 %",
        /// A twentieth and more.
        Twentieth = "5 to 10 %",
        /// A tenth and more.
        Tenth = "10 to 25 %",
        /// A quarter and more.
        Quarter = "25 to 50 %",
        /// Half and more.
        Half = "50 to 100 %",
        /// All of it.
        Whole = "all",
    }
);

impl ShareBand {
    /// The least share of the band, in millionths.
    pub fn least(self) -> u32 {
        match self {
            Self::Nothing | Self::Trace => 0,
            Self::Thousandth => 1_000,
            Self::Hundredth => 10_000,
            Self::Twentieth => 50_000,
            Self::Tenth => 100_000,
            Self::Quarter => 250_000,
            Self::Half => 500_000,
            Self::Whole => 1_000_000,
        }
    }

    /// The band of a part that was found, in millionths of the whole; rounded down it may be 0.
    pub fn of(millionths: u32) -> Self {
        let fits = |band: &&Self| **band != Self::Nothing && band.least() <= millionths;
        Self::ALL.iter().rev().find(fits).copied().unwrap_or(Self::Trace)
    }
}

named_enum!(
    /// What is said about one deposit and one list. In the order of what it asks for.
    Verdict, "a verdict (none, below, unknown, above)" {
        /// No rule finds anything.
        None = "none",
        /// Something is found, below the threshold.
        Below = "below",
        /// Below the threshold, but what is not known of the rest may be above it.
        Unknown = "unknown",
        /// At the threshold or above it, by one rule at least that divides.
        Above = "above",
    }
);

/// One list as the standing order pins it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// Its name.
    pub name: String,
    /// Who says so, sorted.
    pub issuers: Vec<String>,
    /// Addresses that count.
    pub addresses: u32,
    /// Addresses that do not, because a label of theirs reveals opinion, religion or charity.
    pub left_out: u32,
    /// Over name, issuers and the addresses that count.
    pub digest: Digest,
}

/// The custodian's own addresses as the standing order pins them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnAddresses {
    /// How many.
    pub addresses: u32,
    /// Over all of them.
    pub digest: Digest,
}

/// The standing order: by which law, against which lists, for whose addresses, how far, how much. Approvers sign its digest, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExposureOrder {
    /// Format version.
    pub v: ExposureOrderV1,
    /// 16 random bytes.
    pub id: OrderId,
    /// The custodian.
    pub custodian: CustodianId,
    /// Who supervises the duty, by the directory.
    pub authority: AuthorityId,
    /// The law or decision that asks for it: one line.
    pub basis: String,
    /// Legal author of the decision; counts in no quorum.
    pub author: PersonId,
    /// The lists, sorted by name.
    pub lists: Vec<Listing>,
    /// The addresses to which an own deposit is paid.
    pub own: OwnAddresses,
    /// Payments asked back at most.
    pub payments: u8,
    /// The first band that is `above`.
    pub threshold: ShareBand,
    /// Deposits of one run at most.
    pub run: u32,
    /// Deposits of any 24 hours at most.
    pub day: u32,
    /// Deposits of all runs together.
    pub total: u32,
    /// Hours that the last block of the graph may be old.
    pub graph_hours: u16,
    /// From when.
    pub not_before: Timestamp,
    /// Until when, at most 90 days later.
    pub expires: Timestamp,
}

impl Document for ExposureOrder {
    const WHAT: &'static str = "standing order for own deposits";
    const DOMAIN: &'static str = ExposureOrderV1::TEXT;
    const MAX_LEN: usize = 32 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let names: Vec<&str> = self.lists.iter().map(|list| list.name.as_str()).collect();
        let lifetime = self.expires.since(self.not_before);
        let rules = [
            (is_line(&self.basis, MAX_BASIS), "`basis` is not one line of 1 to 300 bytes"),
            ((1..=MAX_LISTS).contains(&names.len()) && ascending(&names), "`lists` are not 1 to 10, sorted by name"),
            (self.lists.iter().all(Listing::holds), "a list without addresses, or whose name or issuers are none"),
            (self.own.addresses > 0, "no own addresses"),
            ((1..=MAX_PAYMENTS).contains(&self.payments), "`payments` is not 1 to 32"),
            (self.threshold > ShareBand::Nothing, "`threshold` is no share"),
            ((1..=MAX_RUN).contains(&self.run), "`run` is not 1 to 500"),
            (self.run <= self.day && self.day <= self.total, "`run`, `day` and `total` fall"),
            (self.total <= MAX_TOTAL, "`total` is above 100,000,000"),
            ((1..=MAX_GRAPH_HOURS).contains(&self.graph_hours), "`graph_hours` is not 1 to 168"),
            ((1..=Kind::Duty.max_lifetime()).contains(&lifetime), "`expires` is not within 90 days after `not_before`"),
        ];
        first_broken(&rules)
    }
}

impl Listing {
    fn holds(&self) -> bool {
        let named = std::iter::once(&self.name).chain(&self.issuers).all(|name| is_line(name, MAX_NAME));
        named && (1..=MAX_ISSUERS).contains(&self.issuers.len()) && ascending(&self.issuers) && self.addresses > 0
    }
}

/// The share of one deposit from one list under one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleShare {
    /// The rule.
    pub rule: Rule,
    /// The share.
    pub share: ShareBand,
}

/// What one deposit is exposed to on one list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListAnswer {
    /// Name of the list.
    pub list: String,
    /// Under every rule.
    pub shares: Vec<RuleShare>,
    /// Least number of payments in between; none when no rule finds anything.
    pub payments: Option<u8>,
    /// By the threshold of the order.
    pub verdict: Verdict,
}

impl ListAnswer {
    /// The least and the most under the rules that divide; poison says only whether anything was found.
    pub fn range(&self) -> Option<(ShareBand, ShareBand)> {
        let divided = || self.shares.iter().filter(|of| of.rule != Rule::Poison).map(|of| of.share);
        divided().min().zip(divided().max())
    }

    fn check(&self) -> Result<(), &'static str> {
        let rules = self.shares.iter().map(|of| of.rule).eq(Rule::ALL.iter().copied());
        let found = self.shares.iter().any(|of| of.share != ShareBand::Nothing);
        let poison =
            |of: &RuleShare| of.rule != Rule::Poison || [ShareBand::Nothing, ShareBand::Whole].contains(&of.share);
        let fits = match self.verdict {
            Verdict::None => !found,
            Verdict::Below | Verdict::Above => found,
            Verdict::Unknown => true,
        };
        first_broken(&[
            (rules, "`shares` are not those of every rule in their order"),
            (self.shares.iter().all(poison), "poison knows no parts"),
            (self.payments.is_some() == found, "`payments` without a share, or a share without `payments`"),
            (fits, "`verdict` is not what the shares say"),
        ])
    }
}

/// What one own deposit is exposed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepositAnswer {
    /// The deposit, as `<transaction id>:<number>`.
    pub deposit: String,
    /// For every list of the order, in its order.
    pub lists: Vec<ListAnswer>,
}

impl DepositAnswer {
    /// What it comes to over all lists.
    pub fn verdict(&self) -> Verdict {
        self.lists.iter().map(|list| list.verdict).max().unwrap_or(Verdict::Unknown)
    }
}

/// One run: deposits that were not asked about before under the order, and what was answered, for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExposureRun {
    /// Format version.
    pub v: ExposureRunV1,
    /// 16 random bytes: whoever guesses a deposit cannot confirm the guess by the digest.
    pub salt: Salt,
    /// Digest of the standing order.
    pub order: Digest,
    /// 1 for the first run, rising by one.
    pub number: u32,
    /// Digest of the run before; none for the first.
    pub previous: Option<Digest>,
    /// Height of the last block of the graph.
    pub height: u32,
    /// The deposits, sorted.
    pub deposits: Vec<DepositAnswer>,
    /// When it was answered.
    pub at: Timestamp,
}

impl ExposureRun {
    /// How many deposits have each verdict, in the order of [`Verdict::ALL`].
    pub fn by_verdict(&self) -> Vec<Band> {
        let count = |verdict: &Verdict| self.deposits.iter().filter(|answer| answer.verdict() == *verdict).count();
        Verdict::ALL.iter().map(|verdict| Band::of(count(verdict))).collect()
    }

    /// Whether it was answered under this order: the order allows it, was in force, and its threshold gives the verdicts.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn check_order(&self, digest: &Digest, order: &ExposureOrder) -> Result<(), &'static str> {
        let names = || order.lists.iter().map(|list| list.name.as_str());
        let lists = || self.deposits.iter().flat_map(|answer| &answer.lists);
        let same = |answer: &DepositAnswer| answer.lists.iter().map(|list| list.list.as_str()).eq(names());
        let above = |list: &ListAnswer| list.range().is_some_and(|(_, most)| most >= order.threshold);
        first_broken(&[
            (self.order == *digest, "it was answered under another order"),
            (self.deposits.len() as u64 <= u64::from(order.run), "it has more deposits than the order allows"),
            (self.deposits.iter().all(same), "its lists are not those of the order"),
            (
                lists().filter_map(|list| list.payments).all(|payments| payments <= order.payments),
                "it goes over more payments than the order allows",
            ),
            (
                lists().all(|list| above(list) == (list.verdict == Verdict::Above)),
                "a verdict is not what the threshold of the order gives",
            ),
            ((order.not_before..order.expires).contains(&self.at), "it was answered while the order was not in force"),
        ])
    }
}

impl Document for ExposureRun {
    const WHAT: &'static str = "run over own deposits";
    const DOMAIN: &'static str = ExposureRunV1::TEXT;
    const MAX_LEN: usize = 2 * 1024 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let names: Vec<&str> = self.deposits.iter().map(|answer| answer.deposit.as_str()).collect();
        let lists = |answer: &DepositAnswer| (1..=MAX_LISTS).contains(&answer.lists.len());
        first_broken(&[
            (self.number > 0, "`number` is zero: the first run is number 1"),
            ((self.number == 1) == self.previous.is_none(), "every run but the first names the one before"),
            ((1..=MAX_RUN as usize).contains(&names.len()), "`deposits` are not 1 to 500"),
            (ascending(&names), "`deposits` are not sorted or repeat"),
            (names.iter().all(|name| is_output(name)), "a deposit is not `<transaction id>:<number>`"),
            (self.deposits.iter().all(lists), "a deposit without lists, or with more than 10"),
        ])?;
        self.deposits.iter().flat_map(|answer| &answer.lists).try_for_each(ListAnswer::check)
    }
}

fn first_broken(rules: &[(bool, &'static str)]) -> Result<(), &'static str> {
    rules.iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(*reason))
}

fn is_line(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.trim() == text && !text.chars().any(char::is_control)
}

/// 64 hexadecimal digits, a colon, a number below 2^32 without leading zeros.
fn is_output(text: &str) -> bool {
    text.split_once(':').is_some_and(|(id, number)| {
        Digest::parse(id).is_ok() && number.parse::<u32>().is_ok_and(|parsed| parsed.to_string() == number)
    })
}

#[cfg(test)]
mod tests;
