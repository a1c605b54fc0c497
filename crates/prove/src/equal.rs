//! Which surviving mutants are equal to the policy they were made from: no request that the engine can build is decided
//! otherwise.
//!
//! The solver alone looks at every request that fits the schema, also at those that the engine never builds: a question
//! answered with "unknown" that counts as answered, a lane that no policy gives. So the questions here are asked under
//! what the engine guarantees of a request ([`guarantees`]); each line of it names where that is computed.

use crate::prover::{ProveError, Prover};
use countersign_policy::{Bundle, Outcome};
use countersign_review::Mutant;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Attributes of a case that are answers, with type and question (`crates/policy/src/slice.rs`, `WORDS`).
const WORDS: [(&str, &str, &str); 25] = [
    ("form", "Form", "D01"),
    ("authentic", "Authentic", "D02"),
    ("officer_in_post", "YesNo", "D03"),
    ("competence", "YesNo", "D06"),
    ("territory", "Territory", "D07"),
    ("formally_valid", "Validity", "D09"),
    ("service_covered", "YesNo", "D10"),
    ("offence", "YesNo", "D11"),
    ("dual_criminality", "YesNo", "D12"),
    ("bars", "Bars", "D13"),
    ("political", "Political", "D14"),
    ("sanctioned", "Sanctioned", "D17"),
    ("conflict_of_laws", "YesNo", "D18"),
    ("targets", "Targets", "D19"),
    ("window", "Window", "D23"),
    ("aggregate_enough", "YesNo", "D24"),
    ("less_harm_elsewhere", "YesNo", "D25"),
    ("threat_to_life", "Threat", "D26"),
    ("regularised", "Regularised", "D27"),
    ("delay", "Delay", "D28"),
    ("duress", "YesNo", "D29"),
    ("quorum_possible", "YesNo", "D30"),
    ("trustees_outside", "YesNo", "D31"),
    ("persecution", "Persecution", "D33"),
    ("onward_use", "YesNo", "D34"),
];

/// A gate of a pack with its condition.
struct Gate {
    id: String,
    action: String,
    reason: String,
    outcome: Outcome,
    escalates: bool,
    requires: Option<Value>,
    condition: Value,
}

/// The policies of a pack by what they do, with their conditions.
pub(crate) struct Subject<'b> {
    bundle: &'b Bundle,
    gates: Vec<Gate>,
    /// Lane and condition, strictest lane first.
    lanes: Vec<(String, Value)>,
    /// The permits that place in no lane.
    permits: Vec<Permit>,
}

/// A permit to propose, to delay notice or to release.
struct Permit {
    id: String,
    action: String,
    condition: Value,
}

impl<'b> Subject<'b> {
    /// Reads a pack whose policies each have one condition and name one action.
    pub(crate) fn new(bundle: &'b Bundle) -> Result<Self, ProveError> {
        let (mut gates, mut lanes, mut permits) = (Vec::new(), Vec::new(), Vec::new());
        for rule in bundle.rules() {
            let id = &rule.policy;
            let structure = bundle.structure(id).unwrap_or_default();
            let condition = condition(&structure).ok_or_else(|| bad(id, "has not exactly one `when`"))?;
            let actions = bundle.actions(id);
            let [action] = actions.as_slice() else { return Err(bad(id, "is not about one action")) };
            if let Some((reason, outcome)) = bundle.gate_of(id) {
                let (reason, escalates) = (reason.to_string(), bundle.escalates(id));
                let (id, action, requires) =
                    (id.clone(), (*action).into(), structure["annotations"].get("requires").cloned());
                gates.push(Gate { id, action, reason, outcome, escalates, requires, condition });
            } else if let Some(lane) = bundle.lane_of(id) {
                lanes.push((lane.to_owned(), condition));
            } else {
                permits.push(Permit { id: id.clone(), action: (*action).into(), condition });
            }
        }
        let place = |lane: &str| bundle.lanes().iter().position(|known| known.name == lane);
        lanes.sort_by_key(|(lane, _)| place(lane));
        Ok(Self { bundle, gates, lanes, permits })
    }

    /// Whether no request that the engine can build is decided otherwise with the mutant, neither by the whole pack nor by
    /// its permits or gates alone; `false` also when that is not known.
    pub(crate) async fn equal(&self, prover: &mut Prover, mutant: &Mutant) -> Result<bool, ProveError> {
        let before = self.bundle.structure(&mutant.policy).unwrap_or_default();
        let old = condition(&before).ok_or_else(|| bad(&mutant.policy, "has not exactly one `when`"))?;
        let after = mutant.structure.as_ref().unwrap_or(&before);
        // A policy that is lost never speaks.
        let new = if mutant.structure.is_none() { Some(json!({"Value": false})) } else { condition(after) };
        let Some(new) = new else { return Ok(false) };
        let (action, moved) = (text(&before["action"]["entity"]["id"]), text(&after["action"]["entity"]["id"]));
        let same_head = ["effect", "action", "annotations"].iter().all(|part| before[*part] == after[*part]);
        if let Some(gate) = self.gates.iter().find(|gate| gate.id == mutant.policy) {
            if before["effect"] == after["effect"]
                && let Some(noticed) = self.noticed(gate, after, &old, &new)?
            {
                return self.never(prover, action, vec![noticed]).await;
            }
        } else if same_head {
            return self.never(prover, action, vec![differ(old, new), self.heard(&mutant.policy, action)]).await;
        }
        // Whatever a policy says that never speaks, neither before nor after.
        Ok(self.never(prover, action, vec![old]).await? && self.never(prover, moved, vec![new]).await?)
    }

    /// Where it matters whether a permit speaks.
    fn heard(&self, policy: &str, action: &str) -> Value {
        if let Some(lane) = self.bundle.lane_of(policy) {
            // A stricter lane takes the request anyway.
            return not(any(self.stricter(lane)));
        }
        let others = self.permits.iter().filter(|permit| permit.id != policy && permit.action == action);
        let alone = not(any(others.map(|permit| permit.condition.clone())));
        // What may not be proposed is not released.
        if action == "release" { both([alone, self.permitted("propose")]) } else { alone }
    }

    /// Whether some permit for an action speaks.
    fn permitted(&self, action: &str) -> Value {
        any(self.permits.iter().filter(|permit| permit.action == action).map(|permit| permit.condition.clone()))
    }

    /// Where a changed gate is noticed: an effect that it has only before or only after, and that no other gate has there.
    fn noticed(&self, gate: &Gate, after: &Value, old: &Value, new: &Value) -> Result<Option<Value>, ProveError> {
        let moved = text(&after["action"]["entity"]["id"]);
        // Of these three the context is the same, and all of them are asked for every decision.
        let of_the_case = |action: &str| ["limit", "delay", "propose"].contains(&action);
        if moved != gate.action && !(of_the_case(moved) && of_the_case(&gate.action)) {
            return Ok(None);
        }
        let words = &after["annotations"];
        let reason = text(&words["reason"]);
        let outcome = Outcome::parse(text(&words["outcome"])).map_err(|_| bad(&gate.id, "has no outcome"))?;
        let escalates = words.get("escalate").is_some();
        let only_if = |holds: bool, condition: &Value| if holds { condition.clone() } else { json!({"Value": false}) };
        let mut effects = Vec::new();
        for one in [gate.reason.as_str(), reason] {
            let given = differ(only_if(gate.reason == one, old), only_if(reason == one, new));
            effects.push(both([given, not(self.others(gate, |other| other.reason == one))]));
        }
        let lowered =
            if outcome == gate.outcome { differ(old.clone(), new.clone()) } else { any([old.clone(), new.clone()]) };
        let strict = outcome.min(gate.outcome);
        effects.push(both([lowered, not(self.others(gate, |other| other.outcome <= strict))]));
        let raised = differ(only_if(gate.escalates, old), only_if(escalates, new));
        effects.push(both([raised, not(self.others(gate, |other| other.escalates))]));
        for stopped in ["propose", "release"] {
            let stops = differ(only_if(gate.action == stopped, old), only_if(moved == stopped, new));
            effects.push(both([stops, not(self.others(gate, |other| other.action == stopped))]));
        }
        let shut = differ(only_if(gate.action == "delay", old), only_if(moved == "delay", new));
        effects.push(both([shut, self.permitted("delay")]));
        // What it asks back somebody else may ask as well, if that one asks as much.
        if gate.requires.as_ref() != words.get("requires") {
            effects.push(any([old.clone(), new.clone()]));
        } else if let Some(asked) = &gate.requires {
            let asked = questions(asked);
            let as_much = |other: &Gate| other.requires.as_ref().is_some_and(|all| asked.is_subset(&questions(all)));
            effects.push(both([differ(old.clone(), new.clone()), not(self.others(gate, as_much))]));
        }
        Ok(Some(any(effects)))
    }

    /// Whether some other gate of this kind fires that is asked whenever this one is.
    fn others(&self, gate: &Gate, wanted: impl Fn(&Gate) -> bool) -> Value {
        let asked = |other: &&Gate| other.id != gate.id && (other.action != "release" || gate.action == "release");
        any(self.gates.iter().filter(asked).filter(|other| wanted(other)).map(|other| other.condition.clone()))
    }

    fn stricter(&self, lane: &str) -> Vec<Value> {
        self.lanes.iter().take_while(|(known, _)| known != lane).map(|(_, condition)| condition.clone()).collect()
    }

    /// Whether nothing that the engine can build satisfies all of these.
    ///
    /// Asked of the first alone, then of all, then of all with what lanes mean: most questions are answered by little, and
    /// what nothing satisfies nothing satisfies with more.
    async fn never(&self, prover: &mut Prover, action: &str, wanted: Vec<Value>) -> Result<bool, ProveError> {
        let lanes = if action == "classify" { Vec::new() } else { self.placed() };
        let all = both(wanted.iter().rev().cloned());
        let mut questions = Vec::new();
        if let [first, _, ..] = wanted.as_slice() {
            questions.push(vec![first.clone()]);
            if !lanes.is_empty() {
                questions.push(lanes.iter().chain([first]).cloned().collect());
            }
        }
        questions.push(vec![all.clone()]);
        if !lanes.is_empty() {
            questions.push(lanes.into_iter().chain([all]).collect());
        }
        let mut given_up = None;
        for conditions in questions {
            match prover.never_matches(action, self.guaranteed(action, conditions)?).await {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(ProveError::Solver(said)) => {
                    prover.restart()?;
                    given_up = Some(said);
                }
                Err(error) => return Err(error),
            }
        }
        given_up.map_or(Ok(false), |said| Err(ProveError::Solver(said)))
    }

    /// What it means that the context names a lane: a policy places the request there, and none in a stricter one.
    fn placed(&self) -> Vec<Value> {
        let of = |lane: &str| {
            let own = self.lanes.iter().filter(|(known, _)| known == lane).map(|(_, condition)| condition.clone());
            let placed = both([any(own), not(any(self.stricter(lane)))]);
            let named = json!({"==": {"left": attribute("context", "lane"), "right": word("Lane", lane)}});
            json!({"==": {"left": named, "right": placed}})
        };
        self.lanes.iter().map(|(lane, _)| of(lane)).collect()
    }

    /// Conditions together with what the engine guarantees of what they mention. Of anything else nothing need be known,
    /// and a question with less in it is answered sooner.
    fn guaranteed(&self, action: &str, conditions: Vec<Value>) -> Result<Value, ProveError> {
        let mut words = BTreeSet::new();
        conditions.iter().for_each(|condition| mentioned(condition, &mut words));
        let mut lines = Vec::new();
        for Guarantee { of, line } in guarantees(self.bundle, action) {
            if of.iter().all(|name| words.contains(*name)) {
                let line = parsed(action, &line)?;
                mentioned(&line, &mut words);
                lines.push(line);
            }
        }
        Ok(both(lines.into_iter().chain(conditions)))
    }
}

/// The questions that a gate asks back.
fn questions(requires: &Value) -> BTreeSet<&str> {
    text(requires).split(' ').collect()
}

/// Something that the engine guarantees of every request that it builds, and the names of what it is about.
struct Guarantee {
    of: Vec<&'static str>,
    line: String,
}

/// What the engine guarantees of every request that it builds, such that what one mentions besides its own names stands
/// before those that are about it.
fn guarantees(bundle: &Bundle, action: &str) -> Vec<Guarantee> {
    let mut all = Vec::new();
    let mut add = |of: &[&'static str], line: String| all.push(Guarantee { of: of.to_vec(), line });
    // `answered` names the questions whose answer is not "unknown" (slice.rs).
    for (attribute, kind, question) in WORDS {
        let known = format!("resource.{attribute} != {kind}::\"unknown\"");
        add(&[attribute, question], format!("({known}) == resource.answered.contains(Question::\"{question}\")"));
    }
    add(&["uninvolved", "D21"], "(resource has uninvolved) == resource.answered.contains(Question::\"D21\")".into());
    add(&["involved"], "resource.involved >= 0 && resource.involved <= resource.asked_subjects".into());
    add(
        &["involved", "uninvolved"],
        "(resource has uninvolved) || resource.involved == resource.asked_subjects".into(),
    );
    // `grantable_classes` is an intersection (slice.rs), `kind_classes` stands in pack.json.
    for class in bundle.words("Class") {
        let within = |set: &str| format!("resource.{set}.contains(Class::\"{class}\")");
        let all = ["asked_classes", "necessary_classes", "allowed_classes", "kind_classes"].map(within).join(" && ");
        add(&["grantable_classes"], format!("{} == ({all})", within("grantable_classes")));
    }
    for class in bundle.words("Class") {
        for kind in countersign_core::order::Kind::ALL {
            let held = bundle.classes_of(*kind).iter().any(|known| known.as_str() == class);
            let within = format!("resource.kind_classes.contains(Class::\"{class}\")");
            add(&["kind_classes"], format!("resource.kind != OrderKind::\"{kind}\" || {within} == {held}"));
        }
    }
    // Every state has exactly one bloc (slice.rs); figures of the directory (directory.rs) and of facts (slice.rs).
    add(
        &["Bloc", "authority"],
        "(resource.authority.state in Bloc::\"EEA\") != (resource.authority.state in Bloc::\"NonEEA\")".into(),
    );
    add(&["Bloc", "seat"], "(principal.seat in Bloc::\"EEA\") != (principal.seat in Bloc::\"NonEEA\")".into());
    add(&["independence"], "resource.authority.independence >= 0 && resource.authority.independence <= 3".into());
    add(&["asked_subjects"], "resource.asked_subjects >= 0".into());
    add(&["listed_by_others"], "resource.listed_by_others >= 0".into());
    if action != "classify" {
        let caps = bundle.caps();
        add(&["named"], format!("context.caps.named == {}", caps.named));
        add(&["court"], format!("context.caps.court == {}", caps.court));
        add(&["absolute"], format!("context.caps.absolute == {}", caps.absolute));
        add(&["uninvolved_percent"], format!("context.caps.uninvolved_percent == {}", caps.uninvolved_percent));
    }
    if action == "release" {
        // Counts of those who approve and count (quorum.rs); who is within reach is counted also when the approval is not.
        for count in ["states", "domestic", "out_of_reach", "independent", "outside_line"] {
            add(&[count, "approvals"], format!("context.{count} >= 0 && context.{count} <= context.approvals"));
        }
        add(&["within_reach"], "context.within_reach >= 0".into());
        // Whoever counts is out of reach or within it (quorum.rs).
        add(
            &["within_reach", "out_of_reach", "approvals"],
            "context.within_reach > 0 || context.out_of_reach == context.approvals".into(),
        );
        // Unsigned numbers (context.rs).
        for count in ["approvals", "subjects", "records", "witness_cosignatures"] {
            add(&[count], format!("context.{count} >= 0"));
        }
    }
    all
}

fn parsed(action: &str, line: &str) -> Result<Value, ProveError> {
    let text = format!("permit (principal, action == Action::\"{action}\", resource) when {{ {line} }};");
    let policy = cedar_policy::Policy::parse(None, text).map_err(|error| bad(line, error))?;
    condition(&policy.to_json().map_err(|error| bad(line, error))?).ok_or_else(|| bad(line, "no condition"))
}

/// Every name in a condition: of attributes, entity types and entities.
fn mentioned(condition: &Value, words: &mut BTreeSet<String>) {
    match condition {
        Value::String(name) => drop(words.insert(name.clone())),
        Value::Array(parts) => parts.iter().for_each(|part| mentioned(part, words)),
        Value::Object(parts) => parts.values().for_each(|part| mentioned(part, words)),
        _ => {}
    }
}

fn condition(structure: &Value) -> Option<Value> {
    match structure["conditions"].as_array()?.as_slice() {
        [only] if only["kind"] == "when" => Some(only["body"].clone()),
        _ => None,
    }
}

fn both(all: impl IntoIterator<Item = Value>) -> Value {
    joined("&&", all, true)
}

fn any(all: impl IntoIterator<Item = Value>) -> Value {
    joined("||", all, false)
}

/// Right-associated: the compiler repeats the left side of every operator.
fn joined(operator: &str, all: impl IntoIterator<Item = Value>, empty: bool) -> Value {
    let mut all: Vec<Value> = all.into_iter().collect();
    let last = all.pop().unwrap_or_else(|| json!({"Value": empty}));
    all.into_iter().rev().fold(last, |right, left| node(operator, [("left", left), ("right", right)]))
}

/// `json!` would copy the operands, at each level of a long chain.
fn node<const N: usize>(operator: &str, operands: [(&str, Value); N]) -> Value {
    let operands = operands.into_iter().map(|(name, operand)| (name.to_owned(), operand));
    Value::Object(Map::from_iter([(operator.to_owned(), Value::Object(operands.collect()))]))
}

/// Exactly one of two conditions holds. What both demand is demanded once.
///
/// Conditions that pass the validator of the schema err on no request, so their order is of no matter; a part whose guard
/// came to stand behind it does not pass, and nothing is proved.
fn differ(one: Value, other: Value) -> Value {
    let (mut ones, mut others) = (conjuncts(one), conjuncts(other));
    let mut common = Vec::new();
    ones.retain(|part| match others.iter().position(|known| known == part) {
        Some(at) => {
            common.push(others.remove(at));
            false
        }
        None => true,
    });
    let (one, other) = (both(ones), both(others));
    common.push(any([both([one.clone(), not(other.clone())]), both([not(one), other])]));
    both(common)
}

/// The parts of a condition that must all hold.
fn conjuncts(condition: Value) -> Vec<Value> {
    match condition.get("&&") {
        Some(parts) => [&parts["left"], &parts["right"]].into_iter().flat_map(|part| conjuncts(part.clone())).collect(),
        None => vec![condition],
    }
}

fn not(inner: Value) -> Value {
    node("!", [("arg", inner)])
}

fn attribute(variable: &str, name: &str) -> Value {
    json!({".": {"left": {"Var": variable}, "attr": name}})
}

fn word(kind: &str, id: &str) -> Value {
    json!({"Value": {"__entity": {"type": kind, "id": id}}})
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn bad(what: &str, reason: impl std::fmt::Display) -> ProveError {
    ProveError::Pack(format!("`{what}`: {reason}"))
}
