//! Which policies are asked: only those that could change the answer.
//!
//! A policy that is not satisfied and does not err changes neither Cedar's decision nor its reasons nor its errors. Two
//! kinds are left out of a question, and nothing else is:
//!
//! - those of which a necessary test fails (`necessary`), sorted by lane and kind of order when the bundle is read;
//! - gates that Cedar itself has just found silent: several conditions stand in one *screen*, `a || b || c`, which is
//!   false without an error exactly when each of them is. If it is not, its gates are asked.
//!
//! What is left is put to Cedar's authorizer, policy by policy, and the answers are joined by Cedar's own rule: an error of
//! any is an error of all, a satisfied forbid denies, else a satisfied permit allows. `whole_and_shelves_agree` (tests)
//! compares with the whole set.

use crate::bundle::{ACTIONS, BundleError, validate_with};
use crate::context::{Exceeded, ReleaseContext};
use crate::decide::{Evaluation, base_attributes, evaluate, release_attributes};
use crate::necessary::{Known, Necessary, Path, Paths, condition};
use crate::pack::{Caps, Pack};
use crate::prepared::misfit;
use crate::quorum::QuorumFacts;
use crate::slice::{Names, chain};
use cedar_policy::{
    ActionConstraint, Context, Effect, Entities, EntityUid, EvalResult, Policy, PolicyId, PolicySet,
    PrincipalConstraint, Request, ResourceConstraint, Schema, Validator,
};
use countersign_core::class::Class;
use countersign_core::order::{Instrument, Kind};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The policies of a bundle, sorted by what they could ever match.
#[derive(Debug)]
pub(crate) struct Shelves {
    paths: Paths,
    shelves: BTreeMap<&'static str, Shelf>,
    /// Requests that are the same for every case: by action and lane, without `release`. One that does not fit the schema
    /// is missing here, and an error when it is asked.
    requests: BTreeMap<(&'static str, String), Request>,
    release_fits: bool,
}

/// The policies of one action.
#[derive(Debug)]
struct Shelf {
    kept: Vec<Kept>,
    /// Gates that apply to most requests if they are not asked together.
    screen: Option<Screen>,
    /// By lane and kind of order, what could match there, without the screen.
    cells: BTreeMap<(String, &'static str), Vec<usize>>,
}

#[derive(Debug)]
struct Kept {
    /// A set of this policy alone.
    alone: PolicySet,
    needs: Necessary,
}

#[derive(Debug)]
struct Screen {
    /// One policy, satisfied when any of the gates is.
    any: PolicySet,
    gates: Vec<usize>,
}

impl Shelves {
    /// Sorts validated policies.
    pub(crate) fn new(
        policies: &BTreeMap<&'static str, PolicySet>,
        schema: &Schema,
        pack: &Pack,
        names: &Names,
    ) -> Result<Self, BundleError> {
        let validator = Validator::new(schema.clone());
        let mut paths = Paths::default();
        let mut sorted = Vec::new();
        for action in ACTIONS {
            let set = policies.get(action).into_iter().flat_map(PolicySet::policies);
            let kept = set.map(|policy| {
                let structure = policy.to_json().unwrap_or_default();
                let needs = condition(&structure).map(|condition| paths.necessary(condition)).unwrap_or_default();
                let alone = PolicySet::from_policies([policy.clone()]).map_err(|error| misfit(action, error))?;
                let screened = !needs.narrow() && can_be_screened(policy, &structure);
                Ok((Kept { alone, needs }, screened.then_some(structure)))
            });
            sorted.push((action, kept.collect::<Result<Vec<_>, BundleError>>()?));
        }
        let lanes: Vec<&str> = pack.lanes.iter().map(|lane| lane.name.as_str()).collect();
        let mut shelves = BTreeMap::new();
        for (action, kept) in sorted {
            let lanes = if action == "classify" { &[""] } else { lanes.as_slice() };
            shelves.insert(action, Shelf::new(action, kept, lanes, &paths, names, &validator)?);
        }
        let requests = requests(&lanes, schema, &pack.caps, names).map_err(BundleError::Schema)?;
        let release_fits = release_fits(schema, pack, names).is_ok();
        Ok(Self { paths, shelves, requests, release_fits })
    }

    /// Whether the circumstances of a release fit the schema.
    pub(crate) fn release_fits(&self) -> bool {
        self.release_fits
    }

    /// What is known of the built entities of a case.
    pub(crate) fn known(&self, entities: &Entities, custodian: &EntityUid, case: &EntityUid) -> Known {
        self.paths.known(|path| {
            let start = match path.variable.as_str() {
                "principal" => custodian,
                "resource" => case,
                _ => return None,
            };
            belonging(path, in_entities(start, path, entities)?, entities)
        })
    }

    /// The request of an action that says nothing of its own; `None` for `release`.
    pub(crate) fn request(&self, action: &'static str, lane: &str) -> Option<&Request> {
        self.requests.get(&(action, lane.to_owned()))
    }

    /// Asks the policies of an action that could change the answer.
    pub(crate) fn ask(
        &self,
        action: &str,
        lane: &str,
        kind: Kind,
        known: &Known,
        request: &Request,
        entities: &Entities,
    ) -> Result<Evaluation, Vec<String>> {
        let none = || vec![format!("no policies for `{action}` in lane `{lane}`")];
        let shelf = self.shelves.get(action).ok_or_else(none)?;
        let cell = shelf.cells.get(&(lane.to_owned(), kind.as_str())).ok_or_else(none)?;
        // Of other actions the context is no more than the lane and the caps.
        let context = request.context().filter(|_| action == "release");
        let all = context.map(|context| known.and(&self.paths.known(|path| in_context(path, context))));
        shelf.ask(cell, all.as_ref().unwrap_or(known), request, entities)
    }
}

impl Shelf {
    /// Gates to be screened come with their structure.
    fn new(
        action: &'static str,
        kept: Vec<(Kept, Option<Value>)>,
        lanes: &[&str],
        paths: &Paths,
        names: &Names,
        validator: &Validator,
    ) -> Result<Self, BundleError> {
        let gates: Vec<usize> = (0..).zip(&kept).filter(|(_, (_, gate))| gate.is_some()).map(|(at, _)| at).collect();
        let any = any_of(action, kept.iter().filter_map(|(_, gate)| gate.as_ref()), validator)?;
        let mut cells = BTreeMap::new();
        for (lane, kind) in lanes.iter().flat_map(|lane| Kind::ALL.iter().map(move |kind| (*lane, *kind))) {
            let known = known_of_cell(paths, names, lane, kind).map_err(BundleError::Schema)?;
            let possible =
                |(_, (kept, gate)): &(usize, &(Kept, Option<Value>))| gate.is_none() && !kept.needs.fails(&known);
            let cell: Vec<usize> = (0..).zip(&kept).filter(possible).map(|(at, _)| at).collect();
            cells.insert((lane.to_owned(), kind.as_str()), cell);
        }
        let kept = kept.into_iter().map(|(kept, _)| kept).collect();
        Ok(Self { kept, screen: any.map(|any| Screen { any, gates }), cells })
    }

    fn ask(
        &self,
        cell: &[usize],
        known: &Known,
        request: &Request,
        entities: &Entities,
    ) -> Result<Evaluation, Vec<String>> {
        let heard = self.screen.as_ref().filter(|screen| !silent(&screen.any, request, entities));
        let gates = heard.map(|screen| screen.gates.as_slice()).unwrap_or_default();
        let chosen =
            cell.iter().chain(gates).filter_map(|at| self.kept.get(*at)).filter(|kept| !kept.needs.fails(known));
        let mut asked = usize::from(self.screen.is_some());
        let (mut permits, mut forbids, mut errors) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        for kept in chosen {
            match evaluate(&kept.alone, request, entities) {
                Ok(answer) => {
                    asked += answer.asked;
                    // A policy alone that is satisfied allows when it is a permit, and denies when it is a forbid.
                    if answer.allowed { &mut permits } else { &mut forbids }.extend(answer.policies);
                }
                Err(erred) => errors.extend(erred),
            }
        }
        if !errors.is_empty() {
            errors.sort_unstable();
            return Err(errors);
        }
        let allowed = forbids.is_empty() && !permits.is_empty();
        Ok(Evaluation { allowed, policies: if forbids.is_empty() { permits } else { forbids }, asked })
    }
}

/// Whether no gate of a screen is satisfied and none errs.
fn silent(any: &PolicySet, request: &Request, entities: &Entities) -> bool {
    evaluate(any, request, entities).is_ok_and(|evaluation| evaluation.policies.is_empty())
}

/// A gate about this action alone and anybody, with one condition: its condition is all that it says.
fn can_be_screened(policy: &Policy, structure: &Value) -> bool {
    policy.effect() == Effect::Forbid
        && matches!(policy.action_constraint(), ActionConstraint::Eq(_))
        && policy.principal_constraint() == PrincipalConstraint::Any
        && policy.resource_constraint() == ResourceConstraint::Any
        && condition(structure).is_some()
}

/// One policy whose condition is that any of these holds; none of no gates.
fn any_of<'a>(
    action: &'static str,
    gates: impl Iterator<Item = &'a Value>,
    validator: &Validator,
) -> Result<Option<PolicySet>, BundleError> {
    let any = gates.filter_map(condition).fold(None, |any: Option<Value>, one| {
        Some(any.map_or_else(|| one.clone(), |any| json!({"||": {"left": any, "right": one}})))
    });
    let Some(any) = any else { return Ok(None) };
    let structure = json!({
        "effect": "permit", "principal": {"op": "All"}, "resource": {"op": "All"},
        "action": {"op": "==", "entity": {"type": "Action", "id": action}},
        "conditions": [{"kind": "when", "body": any}]
    });
    let id = format!("any-gate-of-{action}");
    let policy = Policy::from_json(Some(PolicyId::new(&id)), structure).map_err(|error| misfit(&id, error))?;
    let set = PolicySet::from_policies([policy]).map_err(|error| misfit(&id, error))?;
    validate_with(validator, &set)?;
    Ok(Some(set))
}

fn known_of_cell(paths: &Paths, names: &Names, lane: &str, kind: Kind) -> Result<Known, String> {
    let lane = if lane.is_empty() { None } else { Some(EvalResult::EntityUid(names.uid("Lane", lane)?)) };
    let kind = EvalResult::EntityUid(names.uid("OrderKind", kind.as_str())?);
    Ok(paths.known(|path| match (path.variable.as_str(), path.attributes.as_slice()) {
        _ if path.belongs_to.is_some() => None,
        ("context", [attribute]) if attribute == "lane" => lane.clone(),
        ("resource", [attribute]) if attribute == "kind" => Some(kind.clone()),
        _ => None,
    }))
}

/// What stands at the end of a path of attributes; `None` when something is missing.
fn in_entities(start: &EntityUid, path: &Path, entities: &Entities) -> Option<EvalResult> {
    path.attributes.iter().try_fold(EvalResult::EntityUid(start.clone()), |value, attribute| match value {
        EvalResult::EntityUid(uid) => entities.get(&uid)?.attr(attribute)?.ok(),
        EvalResult::Record(record) => record.get(attribute).cloned(),
        _ => None,
    })
}

/// Whether an entity is, or belongs to, the one that the path names; `None` when the slice does not hold it.
fn belonging(path: &Path, value: EvalResult, entities: &Entities) -> Option<EvalResult> {
    let Some((kind, id)) = &path.belongs_to else { return Some(value) };
    let EvalResult::EntityUid(uid) = value else { return None };
    let mut groups = entities.ancestors(&uid)?.chain([&uid]);
    let named = |group: &EntityUid| group.id().unescaped() == id && group.type_name().to_string() == *kind;
    Some(EvalResult::Bool(groups.any(named)))
}

/// The value of a path that is one attribute of the context.
fn in_context(path: &Path, context: &Context) -> Option<EvalResult> {
    match path.attributes.as_slice() {
        [attribute] if path.variable == "context" && path.belongs_to.is_none() => context.get(attribute),
        _ => None,
    }
}

fn requests(
    lanes: &[&str],
    schema: &Schema,
    caps: &Caps,
    names: &Names,
) -> Result<BTreeMap<(&'static str, String), Request>, String> {
    let mut out = BTreeMap::new();
    for action in ACTIONS.into_iter().filter(|action| *action != "release") {
        let lanes = if action == "classify" { &[""] } else { lanes };
        for lane in lanes {
            let attributes = if lane.is_empty() { Vec::new() } else { base_attributes(caps, names, lane)? };
            let context = Context::from_pairs(attributes).map_err(|error| chain(&error))?;
            let (custodian, case) = (names.custodian()?, names.case()?);
            if let Ok(request) = Request::new(custodian, names.uid("Action", action)?, case, context, Some(schema)) {
                out.insert((action, (*lane).to_owned()), request);
            }
        }
    }
    Ok(out)
}

/// Tries the schema with the circumstances of some release: every class, and whatever numbers and truth values.
fn release_fits(schema: &Schema, pack: &Pack, names: &Names) -> Result<(), String> {
    let lane = pack.lanes.first().ok_or("no lane")?;
    let context = ReleaseContext {
        kind: Kind::Disclosure,
        instrument: Instrument::CourtOrder,
        subjects: 0,
        records: 0,
        classes: Class::ALL.iter().copied().collect(),
        delayed: false,
        quorum: QuorumFacts::default(),
        exceeded: Exceeded::default(),
        included: false,
        witness_cosignatures: 0,
        witness_quorum: false,
        waited: false,
        call_back_confirmed: false,
        duress: false,
    };
    let mut attributes = base_attributes(&pack.caps, names, &lane.name)?;
    attributes.extend(release_attributes(names, &context)?);
    let context = Context::from_pairs(attributes).map_err(|error| chain(&error))?;
    let request =
        Request::new(names.custodian()?, names.uid("Action", "release")?, names.case()?, context, Some(schema));
    request.map(drop).map_err(|error| chain(&error))
}
