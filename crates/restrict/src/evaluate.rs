//! The verdict of every rule in force on one client.
//!
//! Three-valued logic (Kleene's strong tables): a fact that nobody established makes a condition unknown, a no anywhere in a conjunction
//! settles it all the same. So nobody is asked for what cannot matter, nobody is restricted on a guess, and nobody passes on one.

use countersign_core::time::Date;

use crate::amount::Amount;
use crate::client::{Fact, FactName, Facts, Missing};
use crate::countries::Countries;
use crate::pack::{About, Clause, Condition, Effect, Holding, Pack, Threshold, Version};

/// The rules of a pack that are in force on one day.
#[derive(Clone, Debug)]
pub struct InForce<'p> {
    pack: &'p Pack,
    on: Date,
    versions: Vec<&'p Version>,
}

/// What one rule says about one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement<'p> {
    /// The version that was in force.
    pub version: &'p Version,
    /// What it says.
    pub verdict: Verdict,
    /// Whether the client belongs to the groups that the rule covers, exemptions, activity and threshold apart.
    pub covered: Truth,
}

/// What a rule says about a client. Exactly one holds for every client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The client belongs to none of the groups.
    NotCovered,
    /// The client does nothing that the rule concerns.
    OtherActivity,
    /// The value is not more than the threshold.
    NotAbove,
    /// An exemption applies: its position in the version.
    Exempt(usize),
    /// Nobody can say before these facts are established.
    Ask(Missing),
    /// The rule applies.
    Restrict(Effect),
}

/// Yes, no, or not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// It is not so.
    No,
    /// Nobody established it.
    Unknown,
    /// It is so.
    Yes,
}

/// What all rules together come to for one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The decision.
    pub decision: Decision,
    /// Facts that some rule still asks for, also beside a restriction.
    pub missing: Missing,
    /// One rule freezes, another closes and returns: a person must look before anything is returned.
    pub contradiction: bool,
    /// The groups of some rule cover the client: a rule without exemptions, activities and thresholds would hit.
    pub covered: bool,
}

/// The decision on one client, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// No rule concerns the client.
    Free,
    /// Covered, and spared by an exemption.
    Exempt,
    /// Facts are missing.
    Ask,
    /// Restricted; the strongest effect of all rules that apply.
    Restricted(Effect),
}

/// No rule of the pack is in force on the day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no version of `{pack}` is in force on {on}: the first begins on {first}, the last ends {}", ends(.last))]
pub struct OutsideAllVersions {
    pack: String,
    on: Date,
    first: Date,
    last: Option<Date>,
}

impl<'p> InForce<'p> {
    /// The rules in force on a day.
    ///
    /// # Errors
    /// [`OutsideAllVersions`]: an empty answer would look like "nobody is restricted".
    pub fn on(pack: &'p Pack, on: Date) -> Result<Self, OutsideAllVersions> {
        let all = || pack.document().versions().map(|(_, version)| version);
        let versions: Vec<&Version> = all().filter(|version| version.covers(on)).collect();
        if versions.is_empty() {
            let first = all().map(|version| version.valid_from).min().unwrap_or(on);
            let open = all().any(|version| version.valid_to.is_none());
            let last = if open { None } else { all().filter_map(|version| version.valid_to).max() };
            return Err(OutsideAllVersions { pack: pack.document().name.clone(), on, first, last });
        }
        Ok(Self { pack, on, versions })
    }

    /// The pack.
    #[must_use]
    pub fn pack(&self) -> &'p Pack {
        self.pack
    }

    /// The day.
    #[must_use]
    pub fn day(&self) -> Date {
        self.on
    }

    /// The versions in force, in the order of the pack.
    #[must_use]
    pub fn versions(&self) -> &[&'p Version] {
        &self.versions
    }

    /// What each rule says, in the order of [`Self::versions`]. Values must be in the currency of the thresholds.
    pub fn judge(&self, facts: &Facts) -> impl Iterator<Item = Judgement<'p>> {
        self.versions.iter().map(|version| judge(version, facts, self.on))
    }

    /// What all rules come to.
    #[must_use]
    pub fn outcome(&self, facts: &Facts) -> Outcome {
        Outcome::of(self.judge(facts))
    }
}

impl Outcome {
    /// What several judgements come to, of one pack or of several.
    #[must_use]
    pub fn of<'p>(judgements: impl IntoIterator<Item = Judgement<'p>>) -> Self {
        let start = Self { decision: Decision::Free, missing: Missing::NONE, contradiction: false, covered: false };
        let (mut returns, mut freezes) = (false, false);
        let mut outcome = judgements.into_iter().fold(start, |mut outcome, judgement| {
            outcome.covered |= judgement.covered == Truth::Yes;
            let decision = match judgement.verdict {
                Verdict::NotCovered | Verdict::OtherActivity | Verdict::NotAbove => Decision::Free,
                Verdict::Exempt(_) if judgement.covered == Truth::Yes => Decision::Exempt,
                Verdict::Exempt(_) => Decision::Free,
                Verdict::Ask(missing) => {
                    outcome.missing = outcome.missing.or(missing);
                    Decision::Ask
                }
                Verdict::Restrict(effect) => {
                    returns |= effect == Effect::CloseAndReturn;
                    freezes |= effect == Effect::Freeze;
                    Decision::Restricted(effect)
                }
            };
            outcome.decision = outcome.decision.max(decision);
            outcome
        });
        outcome.contradiction = returns && freezes;
        outcome
    }
}

impl Decision {
    /// Every decision, weakest first.
    pub const ALL: [Self; 7] = [
        Self::Free,
        Self::Exempt,
        Self::Ask,
        Self::Restricted(Effect::DenyNew),
        Self::Restricted(Effect::WithdrawOnly),
        Self::Restricted(Effect::CloseAndReturn),
        Self::Restricted(Effect::Freeze),
    ];

    /// Its name in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Exempt => "exempt",
            Self::Ask => "ask",
            Self::Restricted(effect) => effect.as_str(),
        }
    }

    /// Whether something becomes of the account.
    #[must_use]
    pub fn is_restricted(self) -> bool {
        matches!(self, Self::Restricted(_))
    }
}

impl Verdict {
    /// Its name in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotCovered => "not covered",
            Self::OtherActivity => "other activity",
            Self::NotAbove => "not above the threshold",
            Self::Exempt(_) => "exempt",
            Self::Ask(_) => "ask",
            Self::Restrict(effect) => effect.as_str(),
        }
    }
}

impl Truth {
    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

impl From<bool> for Truth {
    fn from(is_so: bool) -> Self {
        if is_so { Self::Yes } else { Self::No }
    }
}

fn judge<'p>(version: &'p Version, facts: &Facts, on: Date) -> Judgement<'p> {
    let covered = any(&version.who, facts, on);
    let exempt = any(&version.exempt, facts, on);
    let active = concerned(version, facts);
    let above = version.threshold.as_ref().map_or(Truth::Yes, |threshold| exceeds(threshold, facts));
    let verdict = if covered == Truth::No {
        Verdict::NotCovered
    } else if active == Truth::No {
        Verdict::OtherActivity
    } else if above == Truth::No {
        Verdict::NotAbove
    } else if exempt == Truth::Yes {
        let holds = |clause: &Clause| all(clause, facts, on) == Truth::Yes;
        Verdict::Exempt(version.exempt.iter().position(holds).unwrap_or_default())
    } else if covered.min(active).min(above).min(exempt.not()) == Truth::Yes {
        Verdict::Restrict(version.effect)
    } else {
        let mut missing = missing(&version.who, covered, facts, on).or(missing(&version.exempt, exempt, facts, on));
        if active == Truth::Unknown {
            missing = missing.or(Missing::one(FactName::Activity));
        }
        if let Some(threshold) = version.threshold.as_ref().filter(|_| above == Truth::Unknown) {
            missing = missing.or(Missing::one(threshold.of.fact()));
        }
        Verdict::Ask(missing)
    };
    Judgement { version, verdict, covered }
}

/// Whether the client does something the rule concerns.
pub(crate) fn concerned(version: &Version, facts: &Facts) -> Truth {
    if version.activity.is_empty() {
        return Truth::Yes;
    }
    facts.activity.known().map_or(Truth::Unknown, |activities| version.activity.meets(*activities).into())
}

/// Whether the value is strictly more than the threshold.
pub(crate) fn exceeds(threshold: &Threshold, facts: &Facts) -> Truth {
    value(threshold.of, facts).known().map_or(Truth::Unknown, |value| (*value > threshold.more_than).into())
}

/// The value that a threshold speaks of.
pub(crate) fn value(of: Holding, facts: &Facts) -> &Fact<Amount> {
    match of {
        Holding::Crypto => &facts.crypto,
        Holding::Deposits => &facts.deposits,
    }
}

/// The fact that a condition speaks of.
pub(crate) fn countries(about: About, facts: &Facts) -> &Fact<Countries> {
    match about {
        About::Nationality => &facts.nationality,
        About::Residence => &facts.residence,
        About::Permit => &facts.permit,
        About::Establishment => &facts.establishment,
        About::MajorityOwners => &facts.majority_owners,
        About::AddressProof => &facts.address_proof,
    }
}

/// Whether one of the groups fits.
pub(crate) fn any(clauses: &[Clause], facts: &Facts, on: Date) -> Truth {
    clauses.iter().map(|clause| all(clause, facts, on)).max().unwrap_or(Truth::No)
}

/// Whether every condition of the group is met.
pub(crate) fn all(clause: &Clause, facts: &Facts, on: Date) -> Truth {
    clause.conditions.iter().map(|condition| met(condition, facts, on).0).min().unwrap_or(Truth::Yes)
}

/// Whether a condition is met, and what is missing to say it.
fn met(condition: &Condition, facts: &Facts, on: Date) -> (Truth, Missing) {
    let (about, outside, wanted) = match condition {
        Condition::Listed(issuers) => {
            return match facts.listed {
                Fact::Known(listings) => (listings.stands(*issuers, on).into(), Missing::NONE),
                Fact::Unknown => (Truth::Unknown, Missing::one(FactName::Listed)),
            };
        }
        Condition::Country { about, outside, countries, .. } => (*about, *outside, countries),
    };
    let (truth, missing) = match countries(about, facts) {
        Fact::Known(has) if outside => ((!has.is_empty() && !has.meets(wanted)).into(), Missing::NONE),
        Fact::Known(has) => (has.meets(wanted).into(), Missing::NONE),
        Fact::Unknown => (Truth::Unknown, Missing::one(about.fact())),
    };
    match (about.only_of(), facts.person) {
        (Some(only), Fact::Known(kind)) if only != kind => (Truth::No, Missing::NONE),
        (Some(_), Fact::Unknown) if truth != Truth::No => (Truth::Unknown, missing.or(Missing::one(FactName::Person))),
        _ => (truth, missing),
    }
}

/// The facts whose absence leaves a list of groups open.
fn missing(clauses: &[Clause], truth: Truth, facts: &Facts, on: Date) -> Missing {
    if truth != Truth::Unknown {
        return Missing::NONE;
    }
    let open = clauses.iter().filter(|clause| all(clause, facts, on) == Truth::Unknown);
    let unmet = open.flat_map(|clause| &clause.conditions).map(|condition| met(condition, facts, on));
    unmet.filter(|(truth, _)| *truth == Truth::Unknown).fold(Missing::NONE, |all, (_, missing)| all.or(missing))
}

fn ends(last: &Option<Date>) -> String {
    last.map_or_else(|| "never".into(), |day| format!("on {day}"))
}
