//! Asks the solver about a pack: may a policy err, does the pack stay within an invariant, what satisfies it, what breaks it.

use cedar_policy::{ActionConstraint, Effect, Expression, Policy, PolicySet, RequestEnv, Schema, eval_expression};
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy, CompiledPolicySet, Env};
use countersign_review::{Bound, Invariant, InvariantError};
use std::collections::BTreeMap;

/// Why no answer was found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProveError {
    /// The solver could not be started.
    #[error("cannot start the solver: {0}")]
    NoSolver(String),
    /// Schema or policies cannot be read.
    #[error("{0}")]
    Pack(String),
    /// The solver failed, ran out of time, or does not know.
    #[error("the solver: {0}")]
    Solver(String),
    /// An invariant cannot be used.
    #[error(transparent)]
    Invariant(#[from] InvariantError),
}

/// A request with its entities, as the solver found it.
pub(crate) struct Example {
    env: Box<Env>,
}

impl Example {
    /// The attributes named, with their values; unreadable ones are left out.
    pub(crate) fn show(&self, attributes: &[String]) -> String {
        let shown = attributes.iter().filter_map(|attribute| {
            let expression: Expression = attribute.parse().ok()?;
            let value = eval_expression(&self.env.request, &self.env.entities, &expression).ok()?;
            Some(format!("{attribute} = {value}"))
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    /// Everything.
    pub(crate) fn whole(&self) -> String {
        self.env.to_string()
    }
}

/// What was found of an invariant.
pub(crate) enum Found {
    /// It holds, of the permits alone and of the whole pack; something satisfies it, and something breaks it in the weakened pack.
    Proved {
        /// A request that is allowed, that it is about, and of which it holds.
        example: Example,
        /// A request that breaks it once the policies are weakened as the invariant says.
        broken: Example,
    },
    /// It does not hold.
    Refuted {
        /// Of which policies: all, or the permits alone.
        of: &'static str,
        /// A request that breaks it.
        example: Example,
    },
    /// It holds of nothing: no allowed request is one that it is about.
    Vacuous,
    /// It holds of the weakened pack, too: what it says is not what keeps that pack from being weak.
    Unbreakable,
}

/// A solver at work on packs of one schema.
pub(crate) struct Prover {
    compiler: CedarSymCompiler<LocalSolver>,
    schema: Schema,
    actions: BTreeMap<String, RequestEnv>,
    seconds: u32,
}

/// A pack's policies.
pub(crate) struct Pack {
    all: PolicySet,
    permits: PolicySet,
}

impl Pack {
    /// Reads policies.
    ///
    /// # Errors
    /// [`ProveError::Pack`].
    pub(crate) fn parse(text: &str) -> Result<Self, ProveError> {
        let all: PolicySet =
            text.parse().map_err(|error: cedar_policy::ParseErrors| ProveError::Pack(error.to_string()))?;
        let permits = all.policies().filter(|policy| policy.effect() == Effect::Permit).cloned();
        let permits = PolicySet::from_policies(permits).map_err(|error| ProveError::Pack(error.to_string()))?;
        Ok(Self { all, permits })
    }
}

impl Prover {
    /// Starts the solver: the program that the environment variable `CVC5` names, or `cvc5`.
    ///
    /// # Errors
    /// [`ProveError::NoSolver`], [`ProveError::Pack`] when the schema cannot be read.
    pub(crate) fn start(schema: &str, seconds: u32) -> Result<Self, ProveError> {
        let (schema, _) = Schema::from_cedarschema_str(schema).map_err(|error| ProveError::Pack(error.to_string()))?;
        let actions = schema.request_envs().map(|env| (env.action().id().unescaped().to_owned(), env)).collect();
        Ok(Self { compiler: compiler(seconds)?, schema, actions, seconds })
    }

    /// Starts the solver anew: one that gave up may be gone.
    ///
    /// # Errors
    /// [`ProveError::NoSolver`].
    pub(crate) fn restart(&mut self) -> Result<(), ProveError> {
        self.compiler = compiler(self.seconds)?;
        Ok(())
    }

    /// The policies that may err on some request: the engine skips an erring policy, so an erring `forbid` fails open.
    ///
    /// # Errors
    /// [`ProveError`].
    pub(crate) async fn policies_that_may_err(&mut self, pack: &Pack) -> Result<(usize, Vec<String>), ProveError> {
        let (mut looked_at, mut erring) = (0, Vec::new());
        for policy in pack.all.policies() {
            let env = self.environment(&action_of(policy)?)?;
            let compiled = CompiledPolicy::compile(policy, env, &self.schema).map_err(solver_said)?;
            looked_at += 1;
            if !self.compiler.check_never_errors_opt(&compiled).await.map_err(solver_said)? {
                erring.push(policy.annotation("id").unwrap_or("without id").to_owned());
            }
        }
        Ok((looked_at, erring))
    }

    /// Looks for a request that breaks an invariant, for one that satisfies it, and for one that breaks it in the weakened pack.
    ///
    /// # Errors
    /// [`ProveError`].
    pub(crate) async fn check(&mut self, invariant: &Invariant, policies: &str) -> Result<Found, ProveError> {
        let pack = Pack::parse(policies)?;
        for (of, set) in [("all policies", &pack.all), ("the permits alone", &pack.permits)] {
            if let Some(example) = self.breaks(invariant, set).await? {
                return Ok(Found::Refuted { of, example });
            }
        }
        let premise = self.compile(&set_of(&invariant.premise())?, &invariant.action)?;
        let compiled = self.compile(&pack.all, &invariant.action)?;
        let example =
            self.compiler.check_disjoint_with_counterexample_opt(&compiled, &premise).await.map_err(solver_said)?;
        let Some(example) = example else { return Ok(Found::Vacuous) };
        let weakened = Pack::parse(&invariant.weakened(policies)?)?;
        match self.breaks(invariant, &weakened.all).await? {
            Some(broken) => Ok(Found::Proved { example: Example { env: Box::new(example) }, broken }),
            None => Ok(Found::Unbreakable),
        }
    }

    /// For each action, a request that `new` allows and `old` does not.
    ///
    /// # Errors
    /// [`ProveError`].
    pub(crate) async fn widened(
        &mut self,
        old: &Pack,
        new: &Pack,
    ) -> Result<Vec<(String, Option<Example>)>, ProveError> {
        let actions: Vec<String> = self.actions.keys().cloned().collect();
        let mut found = Vec::with_capacity(actions.len());
        for action in actions {
            let (old, new) = (self.compile(&old.all, &action)?, self.compile(&new.all, &action)?);
            let more = self.compiler.check_implies_with_counterexample_opt(&new, &old).await.map_err(solver_said)?;
            found.push((action, more.map(|env| Example { env: Box::new(env) })));
        }
        Ok(found)
    }

    /// Whether no request satisfies a condition, given in Cedar's JSON form.
    ///
    /// # Errors
    /// [`ProveError`].
    pub(crate) async fn never_matches(
        &mut self,
        action: &str,
        condition: serde_json::Value,
    ) -> Result<bool, ProveError> {
        let structure = serde_json::json!({
            "effect": "permit", "principal": {"op": "All"}, "resource": {"op": "All"},
            "action": {"op": "==", "entity": {"type": "Action", "id": action}},
            "conditions": [{"kind": "when", "body": condition}]
        });
        let policy = Policy::from_json(None, structure).map_err(|error| ProveError::Pack(error.to_string()))?;
        let compiled =
            CompiledPolicy::compile(&policy, self.environment(action)?, &self.schema).map_err(solver_said)?;
        self.compiler.check_never_matches_opt(&compiled).await.map_err(solver_said)
    }

    /// A request that breaks the invariant.
    async fn breaks(&mut self, invariant: &Invariant, policies: &PolicySet) -> Result<Option<Example>, ProveError> {
        let pack = self.compile(policies, &invariant.action)?;
        let bound = self.compile(&set_of(&invariant.policy())?, &invariant.action)?;
        let (smaller, larger) = match invariant.bound {
            Bound::AtMost => (pack, bound),
            Bound::AtLeast => (bound, pack),
        };
        let found =
            self.compiler.check_implies_with_counterexample_opt(&smaller, &larger).await.map_err(solver_said)?;
        Ok(found.map(|env| Example { env: Box::new(env) }))
    }

    fn compile(&self, policies: &PolicySet, action: &str) -> Result<CompiledPolicySet, ProveError> {
        CompiledPolicySet::compile(policies, self.environment(action)?, &self.schema).map_err(solver_said)
    }

    fn environment(&self, action: &str) -> Result<&RequestEnv, ProveError> {
        self.actions.get(action).ok_or_else(|| ProveError::Pack(format!("the schema has no action `{action}`")))
    }
}

fn compiler(seconds: u32) -> Result<CedarSymCompiler<LocalSolver>, ProveError> {
    let limit = format!("--tlimit-per={}", u64::from(seconds) * 1000);
    let solver = LocalSolver::cvc5_with_args([limit]).map_err(|error| ProveError::NoSolver(error.to_string()))?;
    CedarSymCompiler::new(solver).map_err(solver_said)
}

fn set_of(policy: &str) -> Result<PolicySet, ProveError> {
    policy.parse().map_err(|error: cedar_policy::ParseErrors| ProveError::Pack(format!("{policy}: {error}")))
}

fn action_of(policy: &Policy) -> Result<String, ProveError> {
    match policy.action_constraint() {
        ActionConstraint::Eq(action) => Ok(action.id().unescaped().to_owned()),
        _ => Err(ProveError::Pack(format!("the policy `{}` names no single action", policy.id()))),
    }
}

fn solver_said(error: impl std::fmt::Display) -> ProveError {
    ProveError::Solver(error.to_string())
}
