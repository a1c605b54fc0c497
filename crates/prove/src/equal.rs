//! Which surviving mutants are equal to the policy they were made from: no request that the engine can build is decided
//! otherwise.
//!
//! The solver alone looks at every request that fits the schema, also at those that the engine never builds: a question
//! answered with "unknown" that counts as answered, a lane that no policy gives. So the questions here are asked under
//! what the engine guarantees of a request ([`guarantees`]); each line of it names where that is computed.

use crate::prover::{ProveError, Prover};
use countersign_policy::{Bundle, Outcome};
use countersign_review::Mutant;
use serde_json::{Value, json};

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
    asks: bool,
    condition: Value,
}

/// The policies of a pack by what they do, with their conditions.
pub(crate) struct Subject<'b> {
    bundle: &'b Bundle,
    gates: Vec<Gate>,
    /// Lane and condition, strictest lane first.
    lanes: Vec<(String, Value)>,
    /// Conditions of the permits to propose.
    proposing: Vec<Value>,
    /// Conditions of the permits to delay notice.
    delaying: Vec<Value>,
}

impl<'b> Subject<'b> {
    /// Reads a pack whose policies each have one condition and name one action.
    pub(crate) fn new(bundle: &'b Bundle) -> Result<Self, ProveError> {
        let (mut gates, mut lanes, mut proposing, mut delaying) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for rule in bundle.rules() {
            let id = &rule.policy;
            let structure = bundle.structure(id).unwrap_or_default();
            let condition = condition(&structure).ok_or_else(|| bad(id, "has not exactly one `when`"))?;
            let actions = bundle.actions(id);
            let [action] = actions.as_slice() else { return Err(bad(id, "is not about one action")) };
            if let Some((reason, outcome)) = bundle.gate_of(id) {
                let (reason, escalates) = (reason.to_string(), bundle.escalates(id));
                let (id, action, asks) =
                    (id.clone(), (*action).into(), structure["annotations"].get("requires").is_some());
                gates.push(Gate { id, action, reason, outcome, escalates, asks, condition });
            } else if let Some(lane) = bundle.lane_of(id) {
                lanes.push((lane.to_owned(), condition));
            } else if *action == "propose" {
                proposing.push(condition);
            } else if *action == "delay" {
                delaying.push(condition);
            }
        }
        let place = |lane: &str| bundle.lanes().iter().position(|known| known.name == lane);
        lanes.sort_by_key(|(lane, _)| place(lane));
        Ok(Self { bundle, gates, lanes, proposing, delaying })
    }

    /// Whether no request that the engine can build is decided otherwise with the mutant; `false` also when that is not known.
    pub(crate) async fn equal(&self, prover: &mut Prover, mutant: &Mutant) -> Result<bool, ProveError> {
        let before = self.bundle.structure(&mutant.policy).unwrap_or_default();
        let old = condition(&before).ok_or_else(|| bad(&mutant.policy, "has not exactly one `when`"))?;
        let after = mutant.structure.as_ref().unwrap_or(&before);
        // A policy that is lost never speaks.
        let new = if mutant.structure.is_none() { Some(json!({"Value": false})) } else { condition(after) };
        let Some(new) = new.filter(|_| after["effect"] == before["effect"]) else { return Ok(false) };
        let action = text(&before["action"]["entity"]["id"]);
        let noticed = match self.gates.iter().find(|gate| gate.id == mutant.policy) {
            Some(gate) => self.noticed(gate, after, old, new)?,
            None if before["annotations"] == after["annotations"] && before["action"] == after["action"] => {
                let heard = match (action, self.bundle.lane_of(&mutant.policy)) {
                    // A stricter lane takes the request anyway.
                    ("classify", Some(lane)) => not(any(self.stricter(lane))),
                    // What may not be proposed is not released.
                    ("release", None) => any(self.proposing.clone()),
                    _ => json!({"Value": true}),
                };
                Some(both([differ(old, new), heard]))
            }
            None => None,
        };
        match noticed {
            Some(noticed) => self.never(prover, action, noticed).await,
            None => Ok(false),
        }
    }

    /// Where a changed gate is noticed: an effect that it has only before or only after, and that no other gate has there.
    fn noticed(&self, gate: &Gate, after: &Value, old: Value, new: Value) -> Result<Option<Value>, ProveError> {
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
            let given = differ(only_if(gate.reason == one, &old), only_if(reason == one, &new));
            effects.push(both([given, not(self.others(gate, |other| other.reason == one))]));
        }
        let lowered =
            if outcome == gate.outcome { differ(old.clone(), new.clone()) } else { any([old.clone(), new.clone()]) };
        let strict = outcome.min(gate.outcome);
        effects.push(both([lowered, not(self.others(gate, |other| other.outcome <= strict))]));
        let raised = differ(only_if(gate.escalates, &old), only_if(escalates, &new));
        effects.push(both([raised, not(self.others(gate, |other| other.escalates))]));
        for stopped in ["propose", "release"] {
            let stops = differ(only_if(gate.action == stopped, &old), only_if(moved == stopped, &new));
            effects.push(both([stops, not(self.others(gate, |other| other.action == stopped))]));
        }
        let shut = differ(only_if(gate.action == "delay", &old), only_if(moved == "delay", &new));
        effects.push(both([shut, any(self.delaying.clone())]));
        // What it asks back nobody else is known to ask.
        if gate.asks || words.get("requires").is_some() {
            effects.push(differ(old, new));
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

    /// Whether nothing that the engine can build satisfies a condition.
    async fn never(&self, prover: &mut Prover, action: &str, wanted: Value) -> Result<bool, ProveError> {
        let mut conditions = guarantees(self.bundle, action)?;
        if action != "classify" {
            for (lane, _) in &self.lanes {
                let of_lane =
                    self.lanes.iter().filter(|(known, _)| known == lane).map(|(_, condition)| condition.clone());
                let placed = both([any(of_lane), not(any(self.stricter(lane)))]);
                let named = json!({"==": {"left": attribute("context", "lane"), "right": word("Lane", lane)}});
                conditions.push(json!({"==": {"left": named, "right": placed}}));
            }
        }
        conditions.push(wanted);
        prover.never_matches(action, both(conditions)).await
    }
}

/// What the engine guarantees of every request that it builds.
fn guarantees(bundle: &Bundle, action: &str) -> Result<Vec<Value>, ProveError> {
    let mut lines: Vec<String> = Vec::new();
    // `answered` names the questions whose answer is not "unknown" (slice.rs).
    lines.extend(WORDS.map(|(attribute, kind, question)| {
        format!("(resource.{attribute} != {kind}::\"unknown\") == resource.answered.contains(Question::\"{question}\")")
    }));
    lines.push("(resource has uninvolved) == resource.answered.contains(Question::\"D21\")".into());
    // `grantable_classes` is an intersection, `kind_classes` stands in pack.json.
    for class in bundle.words("Class") {
        let within = |set: &str| format!("resource.{set}.contains(Class::\"{class}\")");
        let all = ["asked_classes", "necessary_classes", "allowed_classes", "kind_classes"].map(within).join(" && ");
        lines.push(format!("{} == ({all})", within("grantable_classes")));
        for kind in countersign_core::order::Kind::ALL {
            let held = bundle.classes_of(*kind).iter().any(|known| known.as_str() == class);
            lines.push(format!("resource.kind != OrderKind::\"{kind}\" || {} == {held}", within("kind_classes")));
        }
    }
    // Every state has exactly one bloc (slice.rs); figures of the directory and of facts.
    for state in ["resource.authority.state", "principal.seat"] {
        lines.push(format!("({state} in Bloc::\"EEA\") != ({state} in Bloc::\"NonEEA\")"));
    }
    lines.push("resource.authority.independence >= 0 && resource.authority.independence <= 3".into());
    lines.push("resource.asked_subjects >= 0 && resource.listed_by_others >= 0".into());
    if action != "classify" {
        let caps = bundle.caps();
        let named = [("named", caps.named), ("court", caps.court), ("absolute", caps.absolute)];
        lines.extend(named.map(|(name, cap)| format!("context.caps.{name} == {cap}")));
        lines.push(format!("context.caps.uninvolved_percent == {}", caps.uninvolved_percent));
    }
    if action == "release" {
        // Counts of signatures (quorum.rs) and of bytes (context.rs).
        for count in ["states", "domestic", "out_of_reach", "within_reach", "independent", "outside_line"] {
            lines.push(format!("context.{count} >= 0 && context.{count} <= context.approvals"));
        }
        lines.push("context.subjects >= 0 && context.records >= 0 && context.witness_cosignatures >= 0".into());
    }
    let parse = |line: String| {
        let text = format!("permit (principal, action == Action::\"{action}\", resource) when {{ {line} }};");
        let policy = cedar_policy::Policy::parse(None, text).map_err(|error| bad(&line, error))?;
        condition(&policy.to_json().map_err(|error| bad(&line, error))?).ok_or_else(|| bad(&line, "no condition"))
    };
    lines.into_iter().map(parse).collect()
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

fn joined(operator: &str, all: impl IntoIterator<Item = Value>, empty: bool) -> Value {
    all.into_iter()
        .reduce(|left, right| json!({operator: {"left": left, "right": right}}))
        .unwrap_or_else(|| json!({"Value": empty}))
}

/// Exactly one of two conditions holds.
fn differ(one: Value, other: Value) -> Value {
    any([both([one.clone(), not(other.clone())]), both([not(one), other])])
}

fn not(inner: Value) -> Value {
    json!({"!": {"arg": inner}})
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
