//! One request as the policy engine sees it, built and checked once, asked as often as one likes.

use crate::bundle::{ACTIONS, Bundle, BundleError, Meaning};
use crate::context::ReleaseContext;
use crate::decide::{
    Answers, Attributes, Evaluation, base_attributes, evaluate, mismatches, release_attributes, report, strictest_lane,
};
use crate::decision::{Decision, ReasonCode};
use crate::necessary::Known;
use crate::shelves::Shelves;
use crate::slice::{Slice, chain};
use crate::variant::{Lone, Variant};
use cedar_policy::{Context, Entities, EntityUid, PolicySet, Request};
use countersign_core::country::Country;
use countersign_core::directory::Authority;
use countersign_core::facts::Facts;
use std::collections::BTreeMap;

/// The policies that decide, and what their annotations say.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) policies: &'a BTreeMap<&'static str, PolicySet>,
    pub(crate) meanings: &'a BTreeMap<String, Meaning>,
    /// The same policies sorted; `None` for variants, which ask all of an action.
    pub(crate) shelves: Option<&'a Shelves>,
}

/// A request whose entities are built and checked against the schema and for completeness.
///
/// Decisions on it are the same as those of [`crate::propose`] and [`crate::release`], which build one for each question.
pub struct Prepared<'a> {
    bundle: &'a Bundle,
    facts: &'a Facts,
    authority: &'a Authority,
    entities: Entities,
    known: Known,
    custodian: EntityUid,
    case: EntityUid,
}

impl std::fmt::Debug for Prepared<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Prepared({} under {})", self.facts.case, self.bundle.name())
    }
}

impl<'a> Prepared<'a> {
    /// Builds the entities of a request. `authority` is the entry of the directory in force, `seat` the state of the
    /// custodian's seat in genesis.
    ///
    /// # Errors
    /// The refusal, when facts and directory contradict one another or an entity is missing.
    pub fn new(
        bundle: &'a Bundle,
        facts: &'a Facts,
        authority: &'a Authority,
        seat: Country,
    ) -> Result<Self, Box<Decision>> {
        let contradictions = mismatches(facts, authority, None);
        if !contradictions.is_empty() {
            return Err(Box::new(Decision::fault(ReasonCode::FACTS_MISMATCH, contradictions)));
        }
        let fault = |error: String| Box::new(Decision::fault(ReasonCode::POLICY_ERROR, vec![error]));
        let slice = Slice::new(&bundle.names, facts, &bundle.classes_of(facts.kind), authority, seat).map_err(fault)?;
        let (custodian, case) = (slice.custodian.clone(), slice.case.clone());
        let entities = slice.check(&bundle.schema).map_err(fault)?;
        let known = bundle.shelves.known(&entities, &custodian, &case);
        Ok(Self { bundle, facts, authority, entities, known, custodian, case })
    }

    /// The decision: whether an order may be proposed or, under `context`, released.
    pub fn decide(&self, context: Option<&ReleaseContext>) -> Decision {
        self.decision(self.bundle.rules_in_force(), context)
    }

    /// The decision that a variant of the bundle's policies would make.
    pub fn decide_under(&self, variant: &Variant, context: Option<&ReleaseContext>) -> Decision {
        self.decision(variant.rules(), context)
    }

    /// Whether it is permitted, without reasons: what [`Prepared::decide`] does before it reports.
    ///
    /// # Errors
    /// Errors of the policy engine; whoever gets one permits nothing.
    pub fn permitted(&self, context: Option<&ReleaseContext>) -> Result<bool, Vec<String>> {
        self.answers(self.bundle.rules_in_force(), context).map(|answers| answers.permitted())
    }

    /// How many policies Cedar looks at for a decision; without sorting it would be all of every action asked.
    ///
    /// # Errors
    /// As [`Prepared::permitted`].
    pub fn asked(&self, context: Option<&ReleaseContext>) -> Result<usize, Vec<String>> {
        self.answers(self.bundle.rules_in_force(), context).map(|answers| answers.asked())
    }

    /// A question about one action: `classify`, `limit`, `delay`, `propose`, and under a context `release`.
    ///
    /// # Errors
    /// Errors of the policy engine, an action that is none, no lane, or `release` without a context.
    pub fn question(&self, action: &str, context: Option<&ReleaseContext>) -> Result<Question, Vec<String>> {
        let action = ACTIONS.into_iter().find(|known| *known == action);
        let action = action.ok_or_else(|| vec!["no such action".to_owned()])?;
        let attributes =
            if action == "classify" { Vec::new() } else { self.attributes(action, self.lane()?, context)? };
        Ok(Question { action, request: self.request(action, attributes)? })
    }

    /// Whether the policies of the question's action allow it, those of the bundle or of a variant.
    ///
    /// # Errors
    /// Errors of the policy engine.
    pub fn allows(&self, question: &Question, variant: Option<&Variant>) -> Result<bool, Vec<String>> {
        let rules = variant.map_or_else(|| self.bundle.rules_in_force(), Variant::rules);
        let policies = rules.policies.get(question.action).ok_or_else(|| vec!["no such action".to_owned()])?;
        evaluate(policies, &question.request, &self.entities).map(|evaluation| evaluation.allowed)
    }

    /// Whether one policy applies, asked alone. A policy about another action than the question's does not.
    ///
    /// # Errors
    /// Errors of the policy engine.
    pub fn applies(&self, lone: &Lone, question: &Question) -> Result<bool, Vec<String>> {
        evaluate(lone.policies(), &question.request, &self.entities).map(|evaluation| !evaluation.policies.is_empty())
    }

    fn decision(&self, rules: Rules<'_>, context: Option<&ReleaseContext>) -> Decision {
        let contradictions = mismatches(self.facts, self.authority, context);
        if !contradictions.is_empty() {
            return Decision::fault(ReasonCode::FACTS_MISMATCH, contradictions);
        }
        match self.answers(rules, context) {
            Ok(answers) => report(self.bundle, rules.meanings, self.facts, &answers),
            Err(errors) => Decision::fault(ReasonCode::POLICY_ERROR, errors),
        }
    }

    /// Asks every question of a decision. Any error of any question is an error of the whole.
    fn answers<'l>(&'l self, rules: Rules<'_>, context: Option<&ReleaseContext>) -> Result<Answers<'l>, Vec<String>> {
        let classified = self.ask(rules, "classify", "", None)?;
        let lane = strictest_lane(self.bundle, rules.meanings, &classified)
            .ok_or_else(|| vec!["no lane takes this request".to_owned()])?;
        let ask = |action: &'static str| self.ask(rules, action, lane, context);
        Ok(Answers {
            lane,
            limits: ask("limit")?,
            delay: ask("delay")?,
            proposed: ask("propose")?,
            released: context.map(|_| ask("release")).transpose()?,
            classified,
        })
    }

    /// The lane in which the bundle places the request.
    ///
    /// # Errors
    /// Errors of the policy engine, or no lane.
    pub fn lane(&self) -> Result<&'a str, Vec<String>> {
        let rules = self.bundle.rules_in_force();
        let classified = self.ask(rules, "classify", "", None)?;
        strictest_lane(self.bundle, rules.meanings, &classified)
            .ok_or_else(|| vec!["no lane takes this request".to_owned()])
    }

    /// Asks about one action, all its policies or those that could change the answer.
    fn ask(
        &self,
        rules: Rules<'_>,
        action: &'static str,
        lane: &str,
        context: Option<&ReleaseContext>,
    ) -> Result<Evaluation, Vec<String>> {
        let built;
        let request = match self.bundle.shelves.request(action, lane) {
            Some(request) => request,
            None => {
                let attributes =
                    if action == "classify" { Vec::new() } else { self.attributes(action, lane, context)? };
                built = self.request(action, attributes)?;
                &built
            }
        };
        if let Some(shelves) = rules.shelves {
            return shelves.ask(action, lane, self.facts.kind, &self.known, request, &self.entities);
        }
        let policies = rules.policies.get(action).ok_or_else(|| vec![format!("no policies for `{action}`")])?;
        evaluate(policies, request, &self.entities)
    }

    fn attributes(
        &self,
        action: &str,
        lane: &str,
        context: Option<&ReleaseContext>,
    ) -> Result<Attributes, Vec<String>> {
        let one = |error: String| vec![error];
        let mut attributes = base_attributes(self.bundle.caps(), &self.bundle.names, lane).map_err(one)?;
        if action == "release" {
            let context = context.ok_or_else(|| one("a release is asked without its circumstances".to_owned()))?;
            attributes.extend(release_attributes(&self.bundle.names, context).map_err(one)?);
        }
        Ok(attributes)
    }

    fn request(&self, action: &str, attributes: Attributes) -> Result<Request, Vec<String>> {
        let context = Context::from_pairs(attributes).map_err(|error| vec![chain(&error)])?;
        // The attributes of a release have the same names and types every time: what fits once fits always.
        let schema = Some(&self.bundle.schema).filter(|_| action != "release" || !self.bundle.shelves.release_fits());
        let action = self.bundle.names.uid("Action", action).map_err(|error| vec![error])?;
        Request::new(self.custodian.clone(), action, self.case.clone(), context, schema)
            .map_err(|error| vec![chain(&error)])
    }
}

/// One question to policies, built once.
pub struct Question {
    action: &'static str,
    request: Request,
}

impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Question({})", self.action)
    }
}

impl Bundle {
    fn rules_in_force(&self) -> Rules<'_> {
        Rules { policies: &self.policies, meanings: &self.meanings, shelves: Some(&self.shelves) }
    }
}

/// A condition or a policy that does not fit the bundle.
pub(crate) fn misfit(policy: &str, reason: impl std::fmt::Display) -> BundleError {
    BundleError::Annotation { policy: policy.to_owned(), reason: reason.to_string() }
}
