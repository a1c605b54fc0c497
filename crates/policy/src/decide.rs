//! The two decisions: may an order be proposed, may it be released now?
//!
//! Cedar evaluates five actions (`classify`, `limit`, `delay`, `propose`, `release`); here their answers become one
//! [`Decision`]. A skipped policy in Cedar opens nothing here: any error of any action refuses the whole decision.

use crate::bundle::{Bundle, Meaning};
use crate::context::ReleaseContext;
use crate::decision::{Decision, Outcome, ReasonCode};
use crate::pack::Caps;
use crate::prepared::Prepared;
use crate::slice::{Names, chain};
use cedar_policy::{Authorizer, Entities, PolicySet, Request, RestrictedExpression};
use countersign_core::country::Country;
use countersign_core::directory::Authority;
use countersign_core::facts::Facts;
use countersign_core::finding::Question;
use std::collections::{BTreeMap, BTreeSet};

/// Whether an order may be proposed on these facts, and what the answer to the request is.
///
/// `authority` is the entry of the directory in force, `seat` the state of the custodian's seat in genesis.
pub fn propose(bundle: &Bundle, facts: &Facts, authority: &Authority, seat: Country) -> Decision {
    Prepared::new(bundle, facts, authority, seat).map_or_else(|refusal| *refusal, |case| case.decide(None))
}

/// Whether an order on these facts may be released now. Permitted only if proposing is permitted on the same facts.
///
/// The caller has checked that the order names these facts, this bundle and this authority.
pub fn release(
    bundle: &Bundle,
    facts: &Facts,
    authority: &Authority,
    seat: Country,
    context: &ReleaseContext,
) -> Decision {
    let contradictions = mismatches(facts, authority, Some(context));
    if !contradictions.is_empty() {
        return Decision::fault(ReasonCode::FACTS_MISMATCH, contradictions);
    }
    Prepared::new(bundle, facts, authority, seat).map_or_else(|refusal| *refusal, |case| case.decide(Some(context)))
}

/// Contradictions between facts, directory and order.
pub(crate) fn mismatches(facts: &Facts, authority: &Authority, context: Option<&ReleaseContext>) -> Vec<String> {
    let agrees = |question: Question, known: &str| {
        facts.answer(question).is_none_or(|answer| answer == "unknown" || known == "unknown" || answer == known)
    };
    let rules = [
        (facts.authority == authority.id, "the facts name another authority than the directory's entry"),
        (agrees(Question::AuthorityKind, authority.kind.as_str()), "D04 contradicts the directory"),
        (agrees(Question::Independence, &authority.independence.to_string()), "D05 contradicts the directory"),
        (agrees(Question::Standing, authority.standing.as_str()), "D16 contradicts the directory"),
        (context.is_none_or(|context| context.kind == facts.kind), "the order is of another kind than the facts"),
        (
            context.is_none_or(|context| context.instrument == facts.instrument),
            "the order names another instrument than the facts",
        ),
    ];
    rules.into_iter().filter(|(holds, _)| !holds).map(|(_, reason)| reason.to_owned()).collect()
}

pub(crate) type Attributes = Vec<(String, RestrictedExpression)>;

/// What Cedar answered to every question of one decision.
pub(crate) struct Answers<'b> {
    pub(crate) lane: &'b str,
    pub(crate) classified: Evaluation,
    pub(crate) limits: Evaluation,
    pub(crate) delay: Evaluation,
    pub(crate) proposed: Evaluation,
    pub(crate) released: Option<Evaluation>,
}

impl Answers<'_> {
    /// Whether the policies permit it; a decision that permits also has an outcome that gives something.
    pub(crate) fn permitted(&self) -> bool {
        self.proposed.allowed && self.released.as_ref().is_none_or(|released| released.allowed)
    }

    /// How many policies Cedar looked at.
    pub(crate) fn asked(&self) -> usize {
        let every = [Some(&self.classified), Some(&self.limits), Some(&self.delay), Some(&self.proposed)];
        every.into_iter().chain([self.released.as_ref()]).flatten().map(|evaluation| evaluation.asked).sum()
    }
}

/// The decision with everything that led to it.
pub(crate) fn report(
    bundle: &Bundle,
    meanings: &BTreeMap<String, Meaning>,
    facts: &Facts,
    answers: &Answers<'_>,
) -> Decision {
    let Answers { lane, classified, limits, delay, proposed, released } = answers;
    let permitted = answers.permitted();
    let policies: BTreeSet<String> = [Some(classified), Some(limits), Some(delay), Some(proposed), released.as_ref()]
        .into_iter()
        .flatten()
        .flat_map(|evaluation| evaluation.policies.iter().cloned())
        .collect();
    let gated = |evaluation: &Evaluation| {
        evaluation.policies.iter().any(|id| matches!(meanings.get(id), Some(Meaning::Gate { .. })))
    };
    let unexplained = !permitted && !gated(proposed) && !released.as_ref().is_some_and(gated);
    let mut decision = summary(bundle, meanings, facts, lane, policies);
    if unexplained {
        // What only lowers an outcome explains no refusal.
        decision.outcome = decision.outcome.min(Outcome::Refuse);
        decision.reasons.push(ReasonCode::of_engine(ReasonCode::NOT_PERMITTED));
        decision.reasons.sort_unstable();
    }
    decision.allowed = permitted && decision.outcome.gives();
    decision.delay_lawful = delay.allowed;
    decision
}

pub(crate) struct Evaluation {
    pub(crate) allowed: bool,
    pub(crate) policies: BTreeSet<String>,
    /// How many policies Cedar looked at.
    pub(crate) asked: usize,
}

/// Asks Cedar. An evaluation in which any policy erred is no answer: Cedar skips such a policy, and a skipped gate
/// stands open.
pub(crate) fn evaluate(
    policies: &PolicySet,
    request: &Request,
    entities: &Entities,
) -> Result<Evaluation, Vec<String>> {
    let response = Authorizer::new().is_authorized(request, policies, entities);
    let mut errors: Vec<String> = response.diagnostics().errors().map(|error| chain(error)).collect();
    if !errors.is_empty() {
        errors.sort_unstable();
        return Err(errors);
    }
    Ok(Evaluation {
        allowed: response.decision() == cedar_policy::Decision::Allow,
        policies: response.diagnostics().reason().map(ToString::to_string).collect(),
        asked: policies.num_of_policies(),
    })
}

/// The first lane of the pack (strictest first) into which a policy places the request.
pub(crate) fn strictest_lane<'b>(
    bundle: &'b Bundle,
    meanings: &BTreeMap<String, Meaning>,
    classified: &Evaluation,
) -> Option<&'b str> {
    let placed: BTreeSet<&str> = classified
        .policies
        .iter()
        .filter_map(|id| match meanings.get(id) {
            Some(Meaning::Lane(lane)) if classified.allowed => Some(lane.as_str()),
            _ => None,
        })
        .collect();
    bundle.lanes().iter().map(|lane| lane.name.as_str()).find(|lane| placed.contains(lane))
}

/// Outcome, reasons and what is missing, by the gates among these policies; nothing is allowed yet.
fn summary(
    bundle: &Bundle,
    meanings: &BTreeMap<String, Meaning>,
    facts: &Facts,
    lane: &str,
    policies: BTreeSet<String>,
) -> Decision {
    let mut outcome = Outcome::Comply;
    let mut escalate = false;
    let mut reasons = BTreeSet::new();
    let mut missing = BTreeSet::new();
    for id in &policies {
        let Some(Meaning::Gate { reason, outcome: gate, escalate: up, requires }) = meanings.get(id) else {
            continue;
        };
        outcome = outcome.min(*gate);
        escalate |= up;
        reasons.insert(reason.clone());
        let answered = |question: &Question| facts.answer(*question).is_some_and(|answer| answer != "unknown");
        missing.extend(requires.iter().copied().filter(|question| !answered(question)));
    }
    Decision {
        allowed: false,
        outcome,
        escalate,
        reasons: reasons.into_iter().collect(),
        missing: missing.into_iter().collect(),
        lane: Some(lane.to_owned()),
        requirement: bundle.requirement(lane, facts.kind),
        delay_lawful: false,
        policies: policies.into_iter().collect(),
        errors: Vec::new(),
    }
}

pub(crate) fn base_attributes(caps: &Caps, names: &Names, lane: &str) -> Result<Attributes, String> {
    let numbers = [
        ("named", caps.named),
        ("court", caps.court),
        ("absolute", caps.absolute),
        ("uninvolved_percent", caps.uninvolved_percent),
    ];
    let record = RestrictedExpression::new_record(
        numbers.map(|(name, number)| (name.to_owned(), RestrictedExpression::new_long(i64::from(number)))),
    )
    .map_err(|error| chain(&error))?;
    Ok(vec![("lane".to_owned(), names.value("Lane", lane)?), ("caps".to_owned(), record)])
}

pub(crate) fn release_attributes(names: &Names, context: &ReleaseContext) -> Result<Attributes, String> {
    let quorum = &context.quorum;
    let numbers = [
        ("subjects", context.subjects),
        ("records", context.records),
        ("approvals", quorum.approvals()),
        ("states", quorum.states()),
        ("domestic", quorum.domestic()),
        ("out_of_reach", quorum.out_of_reach()),
        ("within_reach", quorum.within_reach()),
        ("independent", quorum.independent()),
        ("outside_line", quorum.outside_line()),
        ("refusals", quorum.refusals()),
        ("witness_cosignatures", context.witness_cosignatures),
    ];
    let flags = [
        ("delayed", context.delayed),
        ("author", quorum.author()),
        ("counsel", quorum.counsel()),
        ("rights_expert", quorum.rights_expert()),
        ("exceeded_authority", context.exceeded.authority),
        ("exceeded_matter", context.exceeded.matter),
        ("exceeded_address", context.exceeded.address),
        ("exceeded_volume", context.exceeded.volume),
        ("included", context.included),
        ("witness_quorum", context.witness_quorum),
        ("waited", context.waited),
        ("call_back_confirmed", context.call_back_confirmed),
        ("duress", context.duress),
    ];
    let mut out = vec![("classes".to_owned(), names.classes(&context.classes)?)];
    out.extend(numbers.map(|(name, number)| (name.to_owned(), RestrictedExpression::new_long(i64::from(number)))));
    out.extend(flags.map(|(name, flag)| (name.to_owned(), RestrictedExpression::new_bool(flag))));
    Ok(out)
}
