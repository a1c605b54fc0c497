//! Mutants: every small fault that somebody could write into a policy, and whether the corpus notices.
//!
//! Dropped conjuncts, negations, `&&` for `||`, other literals, words and members, policies lost, permits for forbids, other
//! actions, other annotations. A mutant is killed when a bundle with it would not be accepted, when a decision of the corpus
//! or near it changes (compared whole), or when the permits alone or the gates alone permit something else there.

use crate::corpus::{Case, Corpus, Expected};
use crate::generate::Generated;
use crate::laws::asks_back_what_it_needs;
use countersign_policy::{Bundle, Lone, Prepared, Question, Reader, ReleaseContext, Variant};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// One faulty policy.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// The policy it was made from.
    pub policy: String,
    /// What was changed; unique, and the same as long as the policy is.
    pub name: String,
    /// The faulty policy in Cedar's JSON form; `None` when it is lost.
    pub structure: Option<Value>,
}

/// What became of a mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// A bundle with it would not be accepted.
    Refused(String),
    /// This decision of the corpus changes, or is permitted otherwise by the permits or the gates alone.
    Killed(String),
    /// Nothing of the corpus changes.
    Survives,
}

/// Every mutant of every policy of a bundle.
pub fn mutants(bundle: &Bundle) -> Vec<Mutant> {
    let mut all = Vec::new();
    for rule in bundle.rules() {
        let Some(structure) = bundle.structure(&rule.policy) else { continue };
        let mut made = Made { policy: rule.policy.clone(), mutants: Vec::new(), counted: BTreeMap::new() };
        made.push("the policy is lost".into(), None);
        heads(bundle, &structure, &mut made);
        let conditions = structure.get("conditions").and_then(Value::as_array).cloned().unwrap_or_default();
        for (at, condition) in conditions.iter().enumerate() {
            let Some(body) = condition.get("body") else { continue };
            let words = |kind: &str| bundle.words(kind);
            for (what, changed) in expressions(body, &words) {
                let mut whole = structure.clone();
                whole["conditions"][at]["body"] = changed;
                made.push(what, Some(whole));
            }
        }
        all.extend(made.mutants);
    }
    all
}

struct Made {
    policy: String,
    mutants: Vec<Mutant>,
    /// How often a change was named so already: the same words can stand twice in one policy.
    counted: BTreeMap<String, u32>,
}

impl Made {
    fn push(&mut self, what: String, structure: Option<Value>) {
        let count = self.counted.entry(what.clone()).or_default();
        *count += 1;
        let again = if *count > 1 { format!(" ({count})") } else { String::new() };
        let name = format!("{}: {what}{again}", self.policy);
        self.mutants.push(Mutant { policy: self.policy.clone(), name, structure });
    }
}

/// Effect, action and annotations.
fn heads(bundle: &Bundle, structure: &Value, made: &mut Made) {
    let mut flipped = structure.clone();
    let id = made.policy.clone();
    if structure["effect"] == "permit" {
        flipped["effect"] = json!("forbid");
        let reason = bundle.reasons().first().map(|reason| reason.code.clone()).unwrap_or_default();
        flipped["annotations"] = json!({"id": id, "reason": reason, "outcome": "refuse"});
    } else {
        flipped["effect"] = json!("permit");
        flipped["annotations"] = json!({"id": id});
    }
    made.push(format!("{} for {}", flipped["effect"], structure["effect"]).replace('"', ""), Some(flipped));
    for action in ["classify", "limit", "delay", "propose", "release"] {
        if structure["action"]["entity"]["id"] != action {
            let mut moved = structure.clone();
            moved["action"]["entity"]["id"] = json!(action);
            made.push(format!("about {action} for {}", text(&structure["action"]["entity"]["id"])), Some(moved));
        }
    }
    let Some(annotations) = structure.get("annotations").and_then(Value::as_object) else { return };
    for (name, value) in annotations.iter().filter(|(name, _)| *name != "id") {
        for (what, changed) in other_annotations(bundle, name, text(value)) {
            let mut other = structure.clone();
            match changed {
                Some(changed) => other["annotations"][name] = json!(changed),
                None => drop(other["annotations"].as_object_mut().and_then(|all| all.remove(name))),
            }
            made.push(what, Some(other));
        }
    }
    if structure["effect"] == "forbid" && !annotations.contains_key("escalate") {
        let mut other = structure.clone();
        other["annotations"]["escalate"] = json!("true");
        made.push("escalates".into(), Some(other));
    }
}

fn other_annotations(bundle: &Bundle, name: &str, value: &str) -> Vec<(String, Option<String>)> {
    let next = |words: Vec<String>| {
        let at = words.iter().position(|word| word == value).map_or(0, |at| at + 1);
        words.get(at % words.len().max(1)).cloned()
    };
    let other = |word: Option<String>| {
        word.map(|word| (format!("{name} {word} for {value}"), Some(word))).into_iter().collect::<Vec<_>>()
    };
    match name {
        "lane" => other(next(bundle.lanes().iter().map(|lane| lane.name.clone()).collect())),
        "reason" => other(next(bundle.reasons().iter().map(|reason| reason.code.clone()).collect())),
        "outcome" => {
            other(next(countersign_policy::Outcome::ALL.iter().map(|outcome| outcome.as_str().to_owned()).collect()))
        }
        "escalate" => vec![("does not escalate".to_owned(), None)],
        "requires" => value
            .split(' ')
            .map(|question| {
                let rest: Vec<&str> = value.split(' ').filter(|other| *other != question).collect();
                (format!("{question} is not asked back"), (!rest.is_empty()).then(|| rest.join(" ")))
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Every change of one place in an expression, with its name.
fn expressions(expression: &Value, words: &dyn Fn(&str) -> Vec<String>) -> Vec<(String, Value)> {
    let Some((operator, operands)) = single(expression) else { return Vec::new() };
    let mut out = here(expression, operator, operands, words);
    // The same inside each operand.
    match operands {
        Value::Object(parts) if !is_literal(operator) => {
            for (name, part) in parts.iter().filter(|(_, part)| part.is_object()) {
                for (what, changed) in expressions(part, words) {
                    let mut parts = parts.clone();
                    parts.insert(name.clone(), changed);
                    out.push((what, node(operator, Value::Object(parts))));
                }
            }
        }
        Value::Array(members) if operator == "Set" => {
            for at in 0..members.len() {
                let mut fewer = members.clone();
                let gone = fewer.remove(at);
                out.push((format!("without {} in {}", shown(&gone), shown(expression)), json!({"Set": fewer})));
            }
        }
        _ => {}
    }
    out
}

/// `json!` would copy the operands, at each level of a long chain.
fn node(operator: &str, operands: Value) -> Value {
    Value::Object(Map::from_iter([(operator.to_owned(), operands)]))
}

fn is_literal(operator: &str) -> bool {
    matches!(operator, "Value" | "Var" | "Set")
}

/// The changes of this very place.
fn here(
    expression: &Value,
    operator: &str,
    operands: &Value,
    words: &dyn Fn(&str) -> Vec<String>,
) -> Vec<(String, Value)> {
    let mut out = Vec::new();
    let negated = |out: &mut Vec<(String, Value)>| {
        out.push((format!("not {}", shown(expression)), json!({"!": {"arg": expression}})));
    };
    match operator {
        "&&" | "||" => {
            let (left, right) = (&operands["left"], &operands["right"]);
            out.push((format!("without {}", shown(right)), left.clone()));
            // The left side of a longer chain loses its members one by one further down.
            if single(left).is_none_or(|(inner, _)| inner != operator) {
                out.push((format!("without {}", shown(left)), right.clone()));
            }
            let swapped = if operator == "&&" { "||" } else { "&&" };
            out.push((format!("{swapped} before {}", shown(right)), json!({swapped: operands})));
        }
        "!" => out.push((format!("holds {}", shown(&operands["arg"])), operands["arg"].clone())),
        "<" | "<=" | ">" | ">=" => {
            for other in ["<", "<=", ">", ">=", "=="].into_iter().filter(|other| *other != operator) {
                out.push((format!("{other} in {}", shown(expression)), json!({other: operands})));
            }
        }
        "==" | "!=" | "in" | "contains" | "has" | "isEmpty" => negated(&mut out),
        "containsAll" | "containsAny" => {
            negated(&mut out);
            let other = if operator == "containsAll" { "containsAny" } else { "containsAll" };
            out.push((format!("{other} in {}", shown(expression)), json!({other: operands})));
        }
        // A truth value of the context or the case.
        "." if is_flag(operands) => negated(&mut out),
        "Value" => out.extend(literals(operands, words)),
        _ => {}
    }
    out
}

fn literals(value: &Value, words: &dyn Fn(&str) -> Vec<String>) -> Vec<(String, Value)> {
    if let Some(number) = value.as_i64() {
        let near = [number - 1, number + 1].map(|other| (format!("{other} for {number}"), json!({"Value": other})));
        return near.into();
    }
    let entity = &value["__entity"];
    let (kind, word) = (text(&entity["type"]), text(&entity["id"]));
    let words = words(kind);
    let at = words.iter().position(|known| known == word).map_or(0, |at| at + 1);
    let other = words.get(at % words.len().max(1)).filter(|other| *other != word);
    other
        .map(|other| {
            let made = json!({"Value": {"__entity": {"type": kind, "id": other}}});
            (format!("{kind} {other} for {word}"), made)
        })
        .into_iter()
        .collect()
}

/// Attributes that are true or false: the names of the schema.
fn is_flag(operands: &Value) -> bool {
    const FLAGS: [&str; 14] = [
        "author",
        "counsel",
        "rights_expert",
        "exceeded_authority",
        "exceeded_matter",
        "exceeded_address",
        "exceeded_volume",
        "included",
        "witness_quorum",
        "waited",
        "call_back_confirmed",
        "delayed",
        "duress",
        "listed_by_requester",
    ];
    let attribute = text(&operands["attr"]);
    // `resource.duress` is a word, `context.duress` a truth value.
    FLAGS.contains(&attribute) && (attribute != "duress" || operands["left"]["Var"] == "context")
}

fn single(expression: &Value) -> Option<(&str, &Value)> {
    let object: &Map<String, Value> = expression.as_object()?;
    let (name, value) = object.iter().next()?;
    (object.len() == 1).then_some((name.as_str(), value))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// An expression in Cedar's words, shortened.
fn shown(expression: &Value) -> String {
    let whole = written(expression);
    if whole.chars().count() <= 90 {
        return whole;
    }
    let (start, end): (String, String) = (whole.chars().take(60).collect(), {
        let tail: Vec<char> = whole.chars().rev().take(24).collect();
        tail.into_iter().rev().collect()
    });
    format!("{start} … {end}")
}

fn written(expression: &Value) -> String {
    let Some((operator, operands)) = single(expression) else { return expression.to_string() };
    let of = |name: &str| written(&operands[name]);
    match operator {
        "Var" => text(operands).to_owned(),
        "Value" => match operands.get("__entity") {
            Some(entity) => format!("{}::\"{}\"", text(&entity["type"]), text(&entity["id"])),
            None => operands.to_string(),
        },
        "Set" => {
            let members = operands.as_array().map(|all| all.iter().map(written).collect::<Vec<_>>());
            format!("[{}]", members.unwrap_or_default().join(", "))
        }
        "." => format!("{}.{}", of("left"), text(&operands["attr"])),
        "has" => format!("{} has {}", of("left"), text(&operands["attr"])),
        "!" => format!("!({})", of("arg")),
        "isEmpty" => format!("{}.isEmpty()", of("arg")),
        "contains" | "containsAll" | "containsAny" => format!("{}.{operator}({})", of("left"), of("right")),
        "&&" | "||" => format!("({} {operator} {})", of("left"), of("right")),
        _ => format!("{} {operator} {}", of("left"), of("right")),
    }
}

/// A corpus ready to be decided again and again.
pub struct Stage<'a> {
    bundle: &'a Bundle,
    reader: Reader<'a>,
    decisions: Vec<Staged<'a>>,
    whole: Variant,
    permits: Variant,
    gates: Variant,
    near: Vec<Staged<'a>>,
    /// Per policy, in which decisions it speaks: those of the corpus, then those of neighbours.
    speaks: BTreeMap<String, Vec<bool>>,
}

struct Staged<'a> {
    name: String,
    case: &'a Prepared<'a>,
    context: Option<&'a ReleaseContext>,
    /// Of a neighbour perhaps nothing is known.
    expected: Option<&'a Expected>,
    /// Of a proposal one per action but `release`, of an attempt to release that one.
    questions: Vec<(&'static str, Question)>,
}

/// The requests of a corpus with their entities built.
///
/// # Errors
/// A case that contradicts itself.
pub fn prepare<'a>(bundle: &'a Bundle, corpus: &'a Corpus) -> Result<Vec<(Prepared<'a>, &'a Case)>, String> {
    let prepare = |case: &'a Case| {
        Prepared::new(bundle, &case.facts, &case.authority, case.seat)
            .map(|prepared| (prepared, case))
            .map_err(|refusal| format!("case `{}`: {}", case.name, refusal.errors.join("; ")))
    };
    corpus.cases.iter().map(prepare).collect()
}

impl<'a> Stage<'a> {
    /// Sets a corpus up.
    ///
    /// # Errors
    /// A corpus that the bundle does not decide as written, or not by permits and gates alone: nothing could be told from
    /// its changes.
    pub fn new(
        bundle: &'a Bundle,
        prepared: &'a [(Prepared<'a>, &'a Case)],
        neighbours: &'a [Near<'a>],
    ) -> Result<Self, String> {
        let mut decisions = Vec::new();
        for (case, worked) in prepared {
            let questions = ask(case, &["classify", "limit", "delay", "propose"], None)?;
            let (name, expected) = (worked.name.clone(), Some(&worked.propose));
            decisions.push(Staged { name, case, context: None, expected, questions });
            for step in &worked.releases {
                let (name, context) = (format!("{} / {}", worked.name, step.name), Some(&step.context));
                let questions = ask(case, &["release"], context)?;
                decisions.push(Staged { name, case, context, expected: Some(&step.expect), questions });
            }
        }
        let mut near = Vec::new();
        let mut proposed = BTreeSet::new();
        for (number, Near { case, made, steps, expected }) in neighbours.iter().enumerate() {
            let [proposal, release] = expected.as_ref().map_or([None, None], |both| [Some(&both[0]), Some(&both[1])]);
            // Circumstances are nothing to a proposal: the same request is proposed once.
            let request = || format!("{} {:?} {:?}", made.seat, made.authority, made.facts);
            if *steps != Steps::Release && proposed.insert(request()) {
                let name = format!("neighbour {number}, proposed");
                let questions = ask(case, &["classify", "limit", "delay", "propose"], None)?;
                near.push(Staged { name, case, context: None, expected: proposal, questions });
            }
            if *steps != Steps::Proposal {
                // Its release is decided whole: the case and the release in one.
                let (name, context) = (format!("neighbour {number}"), Some(&made.context));
                let questions = ask(case, &["classify", "limit", "delay", "propose", "release"], context)?;
                near.push(Staged { name, case, context, expected: release, questions });
            }
        }
        let error = |error: countersign_policy::BundleError| error.to_string();
        let mut stage = Self {
            bundle,
            reader: Reader::new(bundle),
            decisions,
            near,
            whole: Variant::of(bundle),
            permits: Variant::permits_alone(bundle).map_err(error)?,
            gates: Variant::gates_alone(bundle).map_err(error)?,
            speaks: BTreeMap::new(),
        };
        for staged in stage.decisions.iter().chain(&stage.near) {
            if let Some(how) = stage.differs(staged, [&stage.whole, &stage.permits, &stage.gates]) {
                return Err(format!("`{}` is not decided as written {how}", staged.name));
            }
        }
        for rule in bundle.rules() {
            let structure = bundle.structure(&rule.policy).unwrap_or_default();
            let own = stage.reader.read(&rule.policy, &structure).map_err(error)?;
            let lone = Lone::of(&own).map_err(error)?;
            let all = stage.decisions.iter().chain(&stage.near);
            let speaks = all.map(|staged| speaks(staged, &lone)).collect();
            stage.speaks.insert(rule.policy.clone(), speaks);
        }
        Ok(stage)
    }

    /// What becomes of a mutant.
    pub fn fate(&self, mutant: &Mutant) -> Fate {
        self.examine(mutant).unwrap_or_else(|refused| Fate::Refused(refused.to_string()))
    }

    fn examine(&self, mutant: &Mutant) -> Result<Fate, countersign_policy::BundleError> {
        let original = self.bundle.structure(&mutant.policy).unwrap_or_default();
        let read = |structure| self.reader.read(&mutant.policy, structure);
        let replacement = mutant.structure.as_ref().map(read).transpose()?;
        let exchange = |variant: &Variant| match &replacement {
            Some(replacement) => variant.with(replacement),
            None => variant.without(&mutant.policy),
        };
        if mutant.structure.as_ref().is_some_and(|changed| !asks_back_what_it_needs(changed)) {
            return Ok(Fate::Killed("the law that a gate asks back the questions whose absence closes it".into()));
        }
        let (whole, gates) = (exchange(&self.whole)?, exchange(&self.gates)?);
        // A gate is nothing to the permits alone, unless it became a permit.
        let permits = if mutant.structure.as_ref().is_some_and(|changed| changed["effect"] == "permit") {
            exchange(&self.permits)?
        } else {
            self.permits.without(&mutant.policy)?
        };
        let changed = match (&mutant.structure, &replacement) {
            (Some(changed), Some(replacement)) => Some((changed, Lone::of(replacement)?)),
            _ => None,
        };
        let before = self.speaks.get(&mutant.policy).map(Vec::as_slice).unwrap_or_default();
        for (staged, before) in self.decisions.iter().chain(&self.near).zip(before) {
            let could_differ = match &changed {
                None => *before,
                Some((changed, lone)) => {
                    let after = speaks(staged, lone);
                    let parts = ["effect", "action", "annotations"];
                    let same_head = parts.iter().all(|part| changed[*part] == original[*part]);
                    *before != after || (!same_head && (*before || after))
                }
            };
            if let Some(how) = could_differ.then(|| self.differs(staged, [&whole, &permits, &gates])).flatten() {
                return Ok(Fate::Killed(format!("{} {how}", staged.name)));
            }
        }
        Ok(Fate::Survives)
    }

    /// How a decision under these policies differs from what is written.
    fn differs(&self, staged: &Staged<'a>, [whole, permits, gates]: [&Variant; 3]) -> Option<&'static str> {
        let decide = |variant: &Variant| staged.case.decide_under(variant, staged.context);
        let decided = decide(whole);
        if staged.expected.is_some_and(|expected| Expected::of(&decided) != *expected) {
            return Some("by all policies");
        }
        [(permits, "by the permits alone"), (gates, "by the gates alone")]
            .into_iter()
            .find(|(variant, _)| decide(variant).allowed != decided.allowed)
            .map(|(_, how)| how)
    }
}

type Questions = Vec<(&'static str, Question)>;

fn ask(case: &Prepared<'_>, actions: &[&'static str], context: Option<&ReleaseContext>) -> Result<Questions, String> {
    let one = |action: &&'static str| case.question(action, context).map(|question| (*action, question));
    actions.iter().map(one).collect::<Result<Vec<_>, _>>().map_err(|errors| errors.join("; "))
}

/// What is asked of neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steps {
    /// Whether they may be proposed.
    Proposal,
    /// Whether they may be released.
    Release,
    /// Both.
    Both,
}

/// A neighbour with its entities built, and what is expected of its proposal and of its release if somebody knows.
#[derive(Debug)]
pub struct Near<'a> {
    case: Prepared<'a>,
    made: &'a Generated,
    steps: Steps,
    expected: Option<[Expected; 2]>,
}

/// Neighbours with their entities built; those in which facts and directory contradict each other are left out.
///
/// `expect` says what is expected of a neighbour's proposal and of its release: it must know it from elsewhere than the
/// bundle's policies.
pub fn prepare_neighbours<'a>(
    bundle: &'a Bundle,
    made: &'a [Generated],
    steps: Steps,
    expect: impl Fn(&Generated) -> Option<[Expected; 2]>,
) -> Vec<Near<'a>> {
    let prepare = |made: &'a Generated| {
        let case = Prepared::new(bundle, &made.facts, &made.authority, made.seat).ok()?;
        Some(Near { case, made, steps, expected: expect(made) })
    };
    made.iter().filter_map(prepare).collect()
}

/// Whether a policy speaks in a decision; one that errs is taken to, so that the decision is made.
fn speaks(staged: &Staged<'_>, lone: &Lone) -> bool {
    let question = staged.questions.iter().find(|(action, _)| *action == lone.action());
    question.is_some_and(|(_, question)| staged.case.applies(lone, question).unwrap_or(true))
}
