//! `pack.json`: the data of a pack beside its policies.

use crate::ReasonCode;
use countersign_core::class::ClassSet;
use countersign_core::country::Country;
use countersign_core::finding::Question;
use countersign_core::order::Kind;
use countersign_core::{named_enum, version_tag};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

version_tag!(
    /// Version of the pack format.
    PackV1 = "countersign/policy-pack/v1"
);

named_enum!(
    /// Over what a cumulative cap counts.
    Per, "what a cumulative cap counts over (authority, matter, address)" {
        /// All orders of one authority.
        Authority = "authority",
        /// All orders of one matter.
        Matter = "matter",
        /// All orders that name one traced address.
        Address = "address",
    }
);

/// Most people over a rolling window of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CumulativeCap {
    /// Over what.
    pub per: Per,
    /// Length of the window in days.
    pub days: u16,
    /// Most people in the window, this order included.
    pub subjects: u32,
}

/// Caps of one order and of many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// Most people of an order without a court's instrument.
    pub named: u32,
    /// Most people of an order under a court's instrument.
    pub court: u32,
    /// A request that would expose more is refused whole.
    pub absolute: u32,
    /// A share of uninvolved people above this many percent is narrowed.
    pub uninvolved_percent: u32,
    /// Caps over several orders.
    pub cumulative: Vec<CumulativeCap>,
    /// Budgets of readings; the member may be left out, then [`ReadingCaps::DEFAULT`] holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<ReadingCaps>,
    /// Budgets of the blind index; the member may be left out, then [`LookupCaps::DEFAULT`] holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookups: Option<LookupCaps>,
}

/// Budgets of readings for cases, in people a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadingCaps {
    /// Of one agent alone.
    pub agent: u32,
    /// Of one agent beyond that, each reading with a peer's approval.
    pub beyond: u32,
    /// For whom one peer may stand in.
    pub peer: u32,
    /// Of all agents together.
    pub day: u32,
}

impl ReadingCaps {
    /// What holds when the pack names no budgets.
    pub const DEFAULT: Self = Self { agent: 60, beyond: 20, peer: 20, day: 1_000 };
}

/// Budgets of the blind index, in values that are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookupCaps {
    /// Of all officers together, a day.
    pub day: u32,
    /// Of one officer, a day.
    pub officer: u32,
    /// For one case, in 90 days.
    pub case: u32,
    /// Values that enter the index, a day.
    pub enrolments: u32,
}

impl LookupCaps {
    /// What holds when the pack names no budgets.
    pub const DEFAULT: Self = Self { day: 500, officer: 60, case: 50, enrolments: 1_000_000 };

    /// What no pack may pass: a policy that lets a custodian ask for its whole register would make the index a list.
    pub const MOST: Self = Self { day: 5_000, officer: 500, case: 200, enrolments: 10_000_000 };

    fn within(&self, most: &Self) -> bool {
        self.day <= most.day
            && self.officer <= most.officer
            && self.case <= most.case
            && self.enrolments <= most.enrolments
    }
}

impl Caps {
    /// The budgets of the blind index.
    pub fn lookups(&self) -> LookupCaps {
        self.lookups.unwrap_or(LookupCaps::DEFAULT)
    }

    /// The budgets of readings.
    pub fn reading(&self) -> ReadingCaps {
        self.reading.unwrap_or(ReadingCaps::DEFAULT)
    }
}

/// The classes that a kind of order may name at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KindLimit {
    /// The kind.
    pub(crate) kind: Kind,
    /// Its classes.
    pub(crate) classes: ClassSet,
}

/// What a quorum needs, for display. The policies decide; a test compares the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Kind of order it applies to.
    pub kind: Kind,
    /// Approvers.
    pub approvals: u32,
    /// Distinct states among them.
    pub states: u32,
    /// Approvers out of reach of the requesting state.
    pub out_of_reach: u32,
    /// Independent outside counsel may stand in for the approvers out of reach.
    pub counsel_instead: bool,
    /// Approvers outside the author's reporting line.
    pub outside_line: u32,
    /// The legal author signs.
    pub author: bool,
    /// Independent outside counsel signs an opinion.
    pub counsel: bool,
    /// An independent rights expert out of reach approves.
    pub rights_expert: bool,
    /// Nobody within reach of the requesting state may be among the approvers.
    pub none_within_reach: bool,
    /// The same where the requesting state lies outside the bloc.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub none_within_reach_abroad: bool,
    /// Cosignatures of witnesses.
    pub witnesses: u32,
}

impl Requirement {
    /// Whether nobody may approve whom this requesting state can reach, or of whom that is not known.
    pub fn bans_within_reach(&self, requester: Country) -> bool {
        self.none_within_reach || (self.none_within_reach_abroad && !requester.in_eea())
    }
}

/// One lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    /// Its name, as in the policies' entity type `Lane`.
    pub name: String,
    /// For whom it is.
    pub title: String,
    /// One per kind of order that the lane takes.
    pub requirements: Vec<Requirement>,
}

/// What a reason code means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The code.
    pub code: String,
    /// Questions of the decision table it comes from; empty for rules without a question.
    pub questions: Vec<Question>,
    /// One sentence for a letter.
    pub text: String,
}

/// Where one policy comes from and how far that was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Id of the policy.
    pub policy: String,
    /// The source of the rule: regulation and article, guideline, or the design of this system.
    pub source: String,
    /// Whether somebody compared the rule with its source.
    pub verified: bool,
    /// When it was verified, or written down when it was not: `YYYY-MM-DD`.
    pub date: String,
}

/// The pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pack {
    pub(crate) v: PackV1,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) title: String,
    pub(crate) caps: Caps,
    pub(crate) kinds: Vec<KindLimit>,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) rules: Vec<Rule>,
}

impl Pack {
    /// Rules that types alone cannot state.
    pub(crate) fn check(&self) -> Result<(), String> {
        let name = !self.name.is_empty() && self.name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let caps = &self.caps;
        let rules = [
            (name, "`name` is not made of a-z, 0-9 and hyphens"),
            (!self.version.trim().is_empty() && !self.title.trim().is_empty(), "`version` or `title` is empty"),
            (
                0 < caps.named && caps.named <= caps.court && caps.court <= caps.absolute,
                "caps do not rise from `named` over `court` to `absolute`",
            ),
            (caps.uninvolved_percent <= 100, "`uninvolved_percent` is above 100"),
            (
                [Per::Authority, Per::Matter, Per::Address]
                    .iter()
                    .all(|per| caps.cumulative.iter().any(|cap| cap.per == *per && cap.days > 0 && cap.subjects > 0)),
                "`cumulative` lacks a cap per authority, matter or address",
            ),
            (
                caps.reading().agent <= caps.reading().day && caps.reading().peer <= caps.reading().day,
                "a budget of one person's readings is above that of the day",
            ),
            (caps.lookups().within(&LookupCaps::MOST), "a budget of lookups is above what any pack may allow"),
            (
                caps.lookups().officer <= caps.lookups().day,
                "a budget of one officer's lookups is above that of the day",
            ),
            (distinct(self.kinds.iter().map(|limit| limit.kind)), "`kinds` repeats a kind"),
            (self.kinds.iter().all(|limit| !limit.classes.is_empty()), "a kind has no classes"),
            (
                !self.lanes.is_empty() && distinct(self.lanes.iter().map(|lane| &lane.name)),
                "`lanes` are empty or repeat",
            ),
            (
                self.lanes.iter().all(|lane| distinct(lane.requirements.iter().map(|need| need.kind))),
                "a lane repeats a kind",
            ),
            (
                self.lanes
                    .iter()
                    .flat_map(|lane| &lane.requirements)
                    .all(|need| need.approvals >= 2 && self.kinds.iter().any(|limit| limit.kind == need.kind)),
                "a lane asks for fewer than two approvals, or its kind has no classes",
            ),
            (distinct(self.reasons.iter().map(|reason| &reason.code)), "`reasons` repeats a code"),
            (
                self.reasons
                    .iter()
                    .all(|reason| ReasonCode::parse(&reason.code).is_some() && !reason.text.trim().is_empty()),
                "a reason's code is not made of capitals, digits and `_`, or its text is empty",
            ),
            (distinct(self.rules.iter().map(|rule| &rule.policy)), "`rules` repeats a policy"),
            (
                self.rules.iter().all(|rule| !rule.source.trim().is_empty() && is_date(&rule.date)),
                "a rule has no source or no date like 2026-11-20",
            ),
        ];
        if let Some((_, reason)) = rules.into_iter().find(|(holds, _)| !holds) {
            return Err(reason.to_owned());
        }
        for code in ReasonCode::OF_THE_ENGINE {
            if self.reason(code).is_none() {
                return Err(format!("reason `{code}` of the engine is not explained"));
            }
        }
        Ok(())
    }

    pub(crate) fn reason(&self, code: &str) -> Option<&Reason> {
        self.reasons.iter().find(|reason| reason.code == code)
    }

    pub(crate) fn classes_of(&self, kind: Kind) -> ClassSet {
        self.kinds.iter().find(|limit| limit.kind == kind).map(|limit| limit.classes.clone()).unwrap_or_default()
    }
}

fn distinct<T: Ord>(items: impl Iterator<Item = T>) -> bool {
    let mut seen = BTreeSet::new();
    items.into_iter().all(|item| seen.insert(item))
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && countersign_core::time::Timestamp::parse(&format!("{text}T00:00:00Z")).is_ok()
}
