//! Restrictions that are put on accounts: the plan that two people sign, what becomes of each restriction, and what the exchange core is
//! told.
//!
//! Bytes: `docs/formats/restriction.md` and `docs/formats/restriction-notice.md`. Whom a rule hits is the work of the crate `restrict`.

use crate::case::step::Paper;
use crate::id::{CustodianId, Digest, PersonId, Salt};
use crate::json::{Document, Exact};
use crate::time::{Date, Timestamp};
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the plan.
    PlanV1 = "countersign/restriction-plan/v1"
);
version_tag!(
    /// Version of one line of a plan.
    PlannedV1 = "countersign/restriction-planned/v1"
);
version_tag!(
    /// Version of the record of what became of a restriction.
    RestrictionV1 = "countersign/restriction/v1"
);
version_tag!(
    /// Version of the decision on an appeal.
    AppealDecisionV1 = "countersign/appeal-decision/v1"
);
version_tag!(
    /// Version of what the exchange core is told.
    NoticeV1 = "countersign/restriction-notice/v1"
);
version_tag!(
    /// Version of the exchange core's answer.
    NoticeReceiptV1 = "countersign/restriction-receipt/v1"
);

named_enum! {
    /// What a restriction does to an account, weakest first.
    Effect, "an effect: `deny_new`, `withdraw_only`, `close_and_return` or `freeze`" {
        /// Nothing new is accepted; what is there stays usable.
        DenyNew = "deny_new",
        /// Nothing but withdrawals.
        WithdrawOnly = "withdraw_only",
        /// The account is closed and the assets go back to the client. Not a freeze.
        CloseAndReturn = "close_and_return",
        /// Nothing moves, not even back to the client.
        Freeze = "freeze",
    }
}

named_enum! {
    /// What a plan is for.
    PlanAct, "what a plan is for (apply, reverse)" {
        /// Restrictions are put on accounts.
        Apply = "apply",
        /// Restrictions are taken off.
        Reverse = "reverse",
    }
}

named_enum! {
    /// What becomes of a restriction.
    Act, "what becomes of a restriction (apply, appeal, uphold, reverse)" {
        /// It is put on the account.
        Apply = "apply",
        /// The client appeals.
        Appeal = "appeal",
        /// The appeal is decided: the restriction stays.
        Uphold = "uphold",
        /// It is taken off.
        Reverse = "reverse",
    }
}

named_enum! {
    /// How an appeal is decided.
    AppealOutcome, "the outcome of an appeal (uphold, reverse)" {
        /// The restriction stays.
        Uphold = "uphold",
        /// The restriction is taken off.
        Reverse = "reverse",
    }
}

named_enum! {
    /// What the exchange core did with a notice.
    NoticeOutcome, "what became of a notice (taken, known, superseded)" {
        /// The account stands now as the notice says.
        Taken = "taken",
        /// A notice with this id was taken before.
        Known = "known",
        /// A notice with a higher sequence was taken before: nothing was changed.
        Superseded = "superseded",
    }
}

/// Longest name of an account in bytes.
pub const MAX_ACCOUNT: usize = 64;
/// Longest name of a version of a rule in bytes.
const MAX_RULE: usize = 64;
/// Longest reason in bytes, and longest list of them.
const MAX_WORDS: usize = 1_000;
const MAX_LIST: usize = 32;
/// Most items of a plan.
pub const MAX_ITEMS: u64 = 10_000_000;

/// The pack that rules come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackRef {
    /// Its short name.
    pub name: String,
    /// Its digest.
    pub digest: Digest,
}

/// How values were found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Valued {
    /// Their currency.
    pub currency: String,
    /// By whose prices.
    pub source: String,
    /// Of which moment.
    pub at: Timestamp,
}

/// From what a plan of restrictions was computed: with the same pack, day and population anybody gets the same items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Computed {
    /// The pack.
    pub pack: PackRef,
    /// The day whose rules apply.
    pub day: Date,
    /// SHA-256 of the population's file.
    pub population: Digest,
    /// How values were found, where a threshold needs them.
    pub valuation: Option<Valued>,
}

/// The lines of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Items {
    /// How many.
    pub count: u64,
    /// SHA-256 of the file of lines.
    pub digest: Digest,
}

/// What two people sign before anything is done to an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Format version.
    pub v: PlanV1,
    /// Whose.
    pub custodian: CustodianId,
    /// What it is for.
    pub act: PlanAct,
    /// From what it was computed; none for a reversal.
    pub computed: Option<Computed>,
    /// Why, in words.
    pub why: String,
    /// Its lines.
    pub items: Items,
    /// Who wrote it.
    pub author: PersonId,
    /// When.
    pub at: Timestamp,
}

impl Document for Plan {
    const WHAT: &'static str = "plan of restrictions";
    const DOMAIN: &'static str = PlanV1::TEXT;
    const MAX_LEN: usize = 16 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        first([
            (
                self.computed.is_some() == (self.act == PlanAct::Apply),
                "`computed` belongs to `apply`, and `apply` to it",
            ),
            (are_words(&self.why), "`why` is empty, longer than 1,000 bytes, or has control characters"),
            ((1..=MAX_ITEMS).contains(&self.items.count), "a plan has 1 to 10,000,000 items"),
            (
                self.computed.as_ref().is_none_or(|computed| is_name(&computed.pack.name)),
                "the pack's name is not 1 to 64 letters, digits, `.`, `/`, `-` and `_`",
            ),
        ])
    }
}

/// One line of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// Format version.
    pub v: PlannedV1,
    /// The account.
    pub account: String,
    /// The version of the rule.
    pub rule: String,
    /// What it does.
    pub effect: Effect,
    /// The facts that led to it.
    pub reasons: Vec<String>,
    /// What evidence would change it.
    pub evidence: Vec<String>,
}

impl Document for Planned {
    const WHAT: &'static str = "line of a plan";
    const DOMAIN: &'static str = PlannedV1::TEXT;
    const MAX_LEN: usize = 128 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        first([
            (is_account(&self.account), ACCOUNT),
            (is_name(&self.rule), RULE),
            said(&self.reasons),
            said(&self.evidence),
        ])
    }
}

/// What became of a restriction. The records of one account and rule are a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Format version.
    pub v: RestrictionV1,
    /// Keeps the digest in the log from being guessed.
    pub salt: Salt,
    /// The account.
    pub account: String,
    /// The version of the rule.
    pub rule: String,
    /// Digest of the pack that it comes from.
    pub pack: Digest,
    /// What it does.
    pub effect: Effect,
    /// What happened.
    pub act: Act,
    /// Its number in the chain, from 0.
    pub number: u32,
    /// Digest of the record before.
    pub previous: Option<Digest>,
    /// Digest of the plan, for what a plan does.
    pub plan: Option<Digest>,
    /// Digest of the decision on an appeal.
    pub decision: Option<Digest>,
    /// What the client sent in, kept encrypted to the case officers.
    pub paper: Option<Paper>,
    /// Until when an appeal must be decided.
    pub due: Option<Timestamp>,
    /// The facts that led to it; of the restriction itself only.
    pub reasons: Vec<String>,
    /// What evidence would change it; of the restriction itself only.
    pub evidence: Vec<String>,
    /// Why, in words.
    pub why: String,
    /// Digests of the signatures: of author and approver of a plan, of who decided an appeal.
    pub approvals: Vec<Digest>,
    /// Author and approver; who took the appeal in; who decided.
    pub by: Vec<PersonId>,
    /// When.
    pub at: Timestamp,
}

impl Document for Record {
    const WHAT: &'static str = "record of a restriction";
    const DOMAIN: &'static str = RestrictionV1::TEXT;
    const MAX_LEN: usize = 160 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let (applies, appeals) = (self.act == Act::Apply, self.act == Act::Appeal);
        let sources = usize::from(self.plan.is_some()) + usize::from(self.decision.is_some());
        let people = if self.plan.is_some() { 2 } else { 1 };
        let signed = if appeals { 0 } else { people };
        let mut different = self.by.clone();
        different.dedup();
        first([
            (is_account(&self.account), ACCOUNT),
            (is_name(&self.rule), RULE),
            (self.previous.is_some() == (self.number > 0), "`previous` belongs to every record but number 0"),
            (
                sources == usize::from(!appeals),
                "exactly one of `plan` and `decision` stands behind everything but an appeal",
            ),
            (!applies || self.plan.is_some(), "a restriction is applied by a plan"),
            (self.act != Act::Uphold || self.decision.is_some(), "a restriction is upheld by a decision"),
            (self.paper.is_some() == appeals, "`paper` belongs to an appeal, and an appeal to it"),
            (self.due.is_some() == appeals, "`due` belongs to an appeal, and an appeal to it"),
            (self.due.is_none_or(|due| due > self.at), "`due` is not later than `at`"),
            (applies || (self.reasons.is_empty() && self.evidence.is_empty()), "reasons belong to `apply`"),
            said(&self.reasons),
            said(&self.evidence),
            (are_words(&self.why), "`why` is empty, longer than 1,000 bytes, or has control characters"),
            (self.approvals.len() == signed, "a plan has two signatures, a decision one, an appeal none"),
            (self.by.len() == people && different.len() == people, "a plan has two people, everything else one"),
        ])
    }
}

impl Record {
    /// Whether this record may follow `before`, the last of its account and rule.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn follows(&self, before: Option<&Exact<Self>>) -> Result<(), &'static str> {
        let Some(exact) = before else {
            return first([
                (self.number == 0, "is not number 0, and no record is before it"),
                (self.act == Act::Apply, "is about a restriction that was never applied"),
            ]);
        };
        let last = exact.value();
        let turn = match self.act {
            Act::Apply => (last.act == Act::Reverse, "is applied already"),
            Act::Appeal => (matches!(last.act, Act::Apply | Act::Uphold), "does not stand, or an appeal is open"),
            Act::Uphold => (last.act == Act::Appeal, "has no open appeal"),
            Act::Reverse => (last.act != Act::Reverse, "is reversed already"),
        };
        let same = last.effect == self.effect && last.pack == self.pack;
        first([
            (last.account == self.account && last.rule == self.rule, "is of another account or rule"),
            turn,
            (self.previous == Some(exact.digest()), "does not name the record before it"),
            (Some(self.number) == last.number.checked_add(1), "has a number that does not follow"),
            (self.act == Act::Apply || same, "has another effect or pack than the restriction"),
            (self.at >= last.at, "is earlier than the record before it"),
        ])
    }

    /// Whether the restriction stands after this record.
    pub fn stands(&self) -> bool {
        self.act != Act::Reverse
    }
}

/// What a person signs who decides an appeal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppealDecision {
    /// Format version.
    pub v: AppealDecisionV1,
    /// Whose.
    pub custodian: CustodianId,
    /// Digest of the record of the appeal.
    pub appeal: Digest,
    /// The outcome.
    pub outcome: AppealOutcome,
    /// Why, in words; the client is told.
    pub why: String,
    /// Who decides.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

impl Document for AppealDecision {
    const WHAT: &'static str = "decision on an appeal";
    const DOMAIN: &'static str = AppealDecisionV1::TEXT;
    const MAX_LEN: usize = 8 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        first([(are_words(&self.why), "`why` is empty, longer than 1,000 bytes, or has control characters")])
    }
}

/// One rule that stands on an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandingRule {
    /// The version of the rule.
    pub rule: String,
    /// What it does.
    pub effect: Effect,
}

/// What the exchange core is told: how the account stands now, whole. Applying it again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Format version.
    pub v: NoticeV1,
    /// Its id: 16 random bytes, the idempotency key.
    pub id: Salt,
    /// Whose.
    pub custodian: CustodianId,
    /// The account.
    pub account: String,
    /// Rises with every change of the account; of two notices the one with the higher number holds.
    pub sequence: u64,
    /// The strongest effect that stands; null: the account is free.
    pub effect: Option<Effect>,
    /// Every rule that stands, by name.
    pub rules: Vec<StandingRule>,
    /// When.
    pub at: Timestamp,
}

impl Document for Notice {
    const WHAT: &'static str = "notice to the exchange core";
    const DOMAIN: &'static str = NoticeV1::TEXT;
    const MAX_LEN: usize = 64 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        first([
            (is_account(&self.account), ACCOUNT),
            (self.rules.iter().all(|rule| is_name(&rule.rule)), RULE),
            (
                self.rules.is_sorted_by(|one, next| one.rule < next.rule),
                "`rules` are not sorted by name, or one stands twice",
            ),
            (
                self.effect == self.rules.iter().map(|rule| rule.effect).max(),
                "`effect` is not the strongest of `rules`",
            ),
            (self.sequence > 0, "`sequence` is 0"),
        ])
    }
}

/// What the exchange core answers to a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeReceipt {
    /// Format version.
    pub v: NoticeReceiptV1,
    /// Id of the notice.
    pub id: Salt,
    /// What became of it.
    pub outcome: NoticeOutcome,
}

impl Document for NoticeReceipt {
    const WHAT: &'static str = "receipt of the exchange core";
    const DOMAIN: &'static str = NoticeReceiptV1::TEXT;
    const MAX_LEN: usize = 1024;
}

const ACCOUNT: &str = "an account is not 1 to 64 bytes without control characters";
const RULE: &str = "a rule is not 1 to 64 letters, digits, `.`, `/`, `-` and `_`";

/// Whether a text may name an account.
pub fn is_account(text: &str) -> bool {
    (1..=MAX_ACCOUNT).contains(&text.len()) && !text.chars().any(char::is_control)
}

fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"./-_".contains(&byte);
    (1..=MAX_RULE).contains(&text.len()) && text.bytes().all(plain)
}

fn are_words(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= MAX_WORDS && !text.chars().any(char::is_control)
}

fn said(list: &[String]) -> (bool, &'static str) {
    let holds = list.len() <= MAX_LIST && list.iter().all(|text| are_words(text));
    (holds, "a list has more than 32 texts, or one that is empty, longer than 1,000 bytes, or has control characters")
}

fn first<const N: usize>(rules: [(bool, &'static str); N]) -> Result<(), &'static str> {
    rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
}

#[cfg(test)]
mod tests;
