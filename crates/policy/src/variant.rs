//! What if: a bundle's policies with one of them exchanged, taken away or asked alone.
//!
//! A variant has no digest and no files, so no order can name it and nobody can put it in force.

use crate::bundle::{ACTIONS, Bundle, BundleError, Meaning, actions_of, meaning_of, validate_with};
use crate::prepared::{Rules, misfit};
use cedar_policy::{ActionConstraint, Policy, PolicyId, PolicySet, ValidationMode, Validator};
use std::collections::BTreeMap;

/// Policies of a bundle, changed.
#[derive(Clone)]
pub struct Variant {
    policies: BTreeMap<&'static str, PolicySet>,
    meanings: BTreeMap<String, Meaning>,
}

impl std::fmt::Debug for Variant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Variant of {} policies", self.meanings.len())
    }
}

impl Variant {
    /// The policies as they are.
    pub fn of(bundle: &Bundle) -> Self {
        Self { policies: bundle.policies.clone(), meanings: bundle.meanings.clone() }
    }

    /// The permits without any gate. They must hold alone: a gate that is lost or errs opens nothing.
    ///
    /// # Errors
    /// [`BundleError::Policies`] when the engine does not take them; never for a parsed bundle.
    pub fn permits_alone(bundle: &Bundle) -> Result<Self, BundleError> {
        let mut out = Self::of(bundle);
        let gates: Vec<&String> = bundle
            .meanings
            .iter()
            .filter(|(_, meaning)| matches!(meaning, Meaning::Gate { .. }))
            .map(|(id, _)| id)
            .collect();
        for gate in gates {
            out.take_away(gate)?;
        }
        Ok(out)
    }

    /// The gates under a permit for everything. They must hold alone: whatever somebody permits later stays gated.
    ///
    /// # Errors
    /// [`BundleError::Policies`] when the engine does not take them; never for a parsed bundle.
    pub fn gates_alone(bundle: &Bundle) -> Result<Self, BundleError> {
        let mut out = Self::of(bundle);
        for action in ["propose", "release"] {
            let id = format!("everything-{action}");
            let text = format!("permit (principal, action == Action::\"{action}\", resource);");
            let policy = Policy::parse(Some(PolicyId::new(&id)), text).map_err(|error| misfit(&id, error))?;
            out.add(&id, policy, Meaning::Permit)?;
        }
        Ok(out)
    }

    /// The same with a policy in the place of the one of this id.
    ///
    /// # Errors
    /// [`BundleError::Policies`] when the engine does not take it; never for what [`Reader::read`] gave.
    pub fn with(&self, replacement: &Replacement) -> Result<Self, BundleError> {
        let mut out = self.without(&replacement.id)?;
        out.add(&replacement.id, replacement.policy.clone(), replacement.meaning.clone())?;
        Ok(out)
    }

    /// The same without the policy of this id.
    ///
    /// # Errors
    /// [`BundleError::Policies`] when the engine does not let go of it; never for a parsed bundle.
    pub fn without(&self, id: &str) -> Result<Self, BundleError> {
        let mut out = self.clone();
        out.take_away(id)?;
        Ok(out)
    }

    pub(crate) fn rules(&self) -> Rules<'_> {
        Rules { policies: &self.policies, meanings: &self.meanings, shelves: None }
    }

    fn take_away(&mut self, id: &str) -> Result<(), BundleError> {
        self.meanings.remove(id);
        for set in self.policies.values_mut() {
            if set.policy(&PolicyId::new(id)).is_some() {
                set.remove_static(PolicyId::new(id)).map_err(|error| misfit(id, error))?;
            }
        }
        Ok(())
    }

    fn add(&mut self, id: &str, policy: Policy, meaning: Meaning) -> Result<(), BundleError> {
        for action in actions(&policy) {
            self.policies.entry(action).or_default().add(policy.clone()).map_err(|error| misfit(id, error))?;
        }
        self.meanings.insert(id.to_owned(), meaning);
        Ok(())
    }
}

/// Reads single policies as the bundle would.
pub struct Reader<'b> {
    bundle: &'b Bundle,
    validator: Validator,
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader of policies for {}", self.bundle.name())
    }
}

/// A policy that the bundle would accept in the place of one of its own.
#[derive(Debug, Clone)]
pub struct Replacement {
    id: String,
    policy: Policy,
    meaning: Meaning,
}

impl<'b> Reader<'b> {
    /// A reader; it keeps a copy of the bundle's schema.
    pub fn new(bundle: &'b Bundle) -> Self {
        Self { bundle, validator: Validator::new(bundle.schema.clone()) }
    }

    /// Reads a policy of the given structure: Cedar's JSON form, as [`Bundle::structure`] gives it.
    ///
    /// # Errors
    /// [`BundleError`] when a bundle with this policy would not be accepted.
    pub fn read(&self, id: &str, structure: &serde_json::Value) -> Result<Replacement, BundleError> {
        let policy =
            Policy::from_json(Some(PolicyId::new(id)), structure.clone()).map_err(|error| misfit(id, error))?;
        if policy.annotation("id") != Some(id) {
            return Err(misfit(id, "its annotation names another policy"));
        }
        let meaning = meaning_of(&policy, &self.bundle.pack).map_err(|reason| misfit(id, reason))?;
        validate_with(&self.validator, &one(policy.clone())?)?;
        Ok(Replacement { id: id.to_owned(), policy, meaning })
    }

    /// Reads a condition over what the policies of an action see, as an expression of Cedar.
    ///
    /// # Errors
    /// [`BundleError`] when there is no such action or the expression does not fit the schema.
    pub fn condition(&self, action: &str, expression: &str) -> Result<Lone, BundleError> {
        let action = ACTIONS.into_iter().find(|known| *known == action).ok_or_else(|| misfit(action, "no action"))?;
        let text = format!("permit (principal, action == Action::\"{action}\", resource) when {{ {expression} }};");
        let policy = Policy::parse(Some(PolicyId::new("condition")), text);
        let policies = one(policy.map_err(|error| misfit("condition", error))?)?;
        let result = self.validator.validate(&policies, ValidationMode::Strict);
        // A condition that is always or never true warns, and is asked all the same.
        if let Some(error) = result.validation_errors().next() {
            return Err(misfit("condition", error));
        }
        Ok(Lone { action, policies })
    }
}

/// One policy to be asked alone, for one action.
#[derive(Debug, Clone)]
pub struct Lone {
    action: &'static str,
    policies: PolicySet,
}

impl Lone {
    /// A policy that could be in the bundle.
    ///
    /// # Errors
    /// [`BundleError::Annotation`] when it is not about exactly one action.
    pub fn of(replacement: &Replacement) -> Result<Self, BundleError> {
        match actions(&replacement.policy).as_slice() {
            [action] => Ok(Self { action, policies: one(replacement.policy.clone())? }),
            _ => Err(misfit(&replacement.id, "it is not about exactly one action")),
        }
    }

    /// The action that it is about.
    pub fn action(&self) -> &'static str {
        self.action
    }

    pub(crate) fn policies(&self) -> &PolicySet {
        &self.policies
    }
}

fn one(policy: Policy) -> Result<PolicySet, BundleError> {
    PolicySet::from_policies([policy]).map_err(|error| BundleError::Policies(error.to_string()))
}

/// The actions that a policy is about.
pub(crate) fn actions(policy: &Policy) -> Vec<&'static str> {
    match policy.action_constraint() {
        ActionConstraint::Any => ACTIONS.to_vec(),
        ActionConstraint::Eq(uid) => actions_of(&[&uid]),
        ActionConstraint::In(uids) => actions_of(&uids.iter().collect::<Vec<_>>()),
    }
}
