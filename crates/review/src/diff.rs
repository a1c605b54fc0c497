//! What changes between two packs: what is written, and what is decided.

use crate::corpus::{Corpus, Expected};
use crate::generate::Generator;
use countersign_policy::{Bundle, Decision, propose, release};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Names that only one pack has, and things both have that differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Names {
    /// Only in the new pack.
    pub added: Vec<String>,
    /// Only in the old pack.
    pub removed: Vec<String>,
    /// In both, differently.
    pub changed: Vec<Changed>,
}

/// Something both packs have, differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Its name.
    pub name: String,
    /// In the old pack.
    pub old: String,
    /// In the new pack.
    pub new: String,
}

impl Names {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// Compares by name; two values are the same when their `same` is, and are shown as their `shown`.
    fn between(old: &BTreeMap<String, Item>, new: &BTreeMap<String, Item>) -> Self {
        let only = |these: &BTreeMap<String, Item>, those: &BTreeMap<String, Item>| {
            these.keys().filter(|name| !those.contains_key(*name)).cloned().collect()
        };
        let changed = old.iter().filter_map(|(name, before)| {
            let after = new.get(name).filter(|after| after.same != before.same)?;
            Some(Changed { name: name.clone(), old: before.shown.clone(), new: after.shown.clone() })
        });
        Self { added: only(new, old), removed: only(old, new), changed: changed.collect() }
    }
}

struct Item {
    same: Value,
    shown: String,
}

impl Item {
    fn of(value: impl Serialize) -> Self {
        let same = serde_json::to_value(value).unwrap_or_default();
        Self { shown: same.to_string(), same }
    }
}

/// One decision that the packs make differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Turned {
    /// The case, and the attempt to release; for a generated one its number.
    pub name: String,
    /// Under the old pack.
    pub old: Expected,
    /// Under the new pack.
    pub new: Expected,
}

impl Turned {
    /// Whether the new pack permits what the old one does not.
    pub fn widens(&self) -> bool {
        self.new.allowed && !self.old.allowed
    }
}

/// Everything that differs.
#[derive(Debug, Clone, Serialize)]
pub struct Difference {
    /// Policies by their structure: comments and white space do not count.
    pub policies: Names,
    /// Sources, flags and dates of policies that both have.
    pub sources: Names,
    /// Declarations of the schema.
    pub schema: Names,
    /// Caps and budgets.
    pub caps: Names,
    /// Lanes with their displayed quorum, in their order.
    pub lanes: Names,
    /// Classes per kind of order.
    pub kinds: Names,
    /// Reasons.
    pub reasons: Names,
    /// Decisions of the corpora that differ.
    pub golden: Vec<Turned>,
    /// How many decisions of corpora were compared.
    pub golden_decisions: usize,
    /// Generated decisions that differ in being permitted or in the outcome.
    pub generated: Vec<Turned>,
    /// How many generated decisions were compared.
    pub generated_decisions: usize,
    /// The seed they were generated from.
    pub seed: u64,
}

impl Difference {
    /// Whether some decision was found that only the new pack permits. That none was found proves nothing.
    pub fn widens(&self) -> bool {
        self.golden.iter().chain(&self.generated).any(Turned::widens)
    }
}

/// Compares two packs, over these corpora and that many generated cases of the first.
pub fn compare(old: &Bundle, new: &Bundle, corpora: &[&Corpus], cases: u32, seed: u64) -> Difference {
    let mut golden = Vec::new();
    let mut names = BTreeSet::new();
    for case in corpora.iter().flat_map(|corpus| &corpus.cases) {
        let decide = |bundle: &Bundle| propose(bundle, &case.facts, &case.authority, case.seat);
        golden.extend(names.insert(case.name.clone()).then(|| turned(&case.name, &decide(old), &decide(new))));
        for step in &case.releases {
            let name = format!("{} / {}", case.name, step.name);
            let decide = |bundle: &Bundle| release(bundle, &case.facts, &case.authority, case.seat, &step.context);
            golden.extend(names.insert(name.clone()).then(|| turned(&name, &decide(old), &decide(new))));
        }
    }
    let mut generated = Vec::new();
    let mut generator = corpora.first().and_then(|corpus| Generator::new(corpus, seed));
    let mut compared = 0;
    for number in 0..cases {
        let Some(made) = generator.as_mut().map(Generator::case) else { break };
        let propose = |bundle: &Bundle| propose(bundle, &made.facts, &made.authority, made.seat);
        let release = |bundle: &Bundle| release(bundle, &made.facts, &made.authority, made.seat, &made.context);
        compared += 2;
        generated.push(turned(&format!("generated {number}"), &propose(old), &propose(new)));
        generated.push(turned(&format!("generated {number} / release"), &release(old), &release(new)));
    }
    // Of generated cases only what is given counts: reasons of nonsense differ with every gate.
    let matters =
        |turned: &Turned| turned.old.allowed != turned.new.allowed || turned.old.outcome != turned.new.outcome;
    Difference {
        policies: Names::between(&policies(old), &policies(new)),
        sources: sources(old, new),
        schema: Names::between(&declarations(old), &declarations(new)),
        caps: Names::between(&caps(old), &caps(new)),
        lanes: Names::between(&lanes(old), &lanes(new)),
        kinds: Names::between(&kinds(old), &kinds(new)),
        reasons: Names::between(&reasons(old), &reasons(new)),
        golden_decisions: golden.len(),
        golden: golden.into_iter().filter(|turned| turned.old != turned.new).collect(),
        generated: generated.into_iter().filter(matters).collect(),
        generated_decisions: compared,
        seed,
    }
}

fn turned(name: &str, old: &Decision, new: &Decision) -> Turned {
    Turned { name: name.to_owned(), old: Expected::of(old), new: Expected::of(new) }
}

fn policies(bundle: &Bundle) -> BTreeMap<String, Item> {
    let item = |id: &String| {
        let same = bundle.structure(id).unwrap_or_default();
        (id.clone(), Item { same, shown: bundle.text(id).unwrap_or_default() })
    };
    bundle.rules().iter().map(|rule| item(&rule.policy)).collect()
}

fn sources(old: &Bundle, new: &Bundle) -> Names {
    let of = |bundle: &Bundle| {
        bundle.rules().iter().map(|rule| (rule.policy.clone(), Item::of(rule))).collect::<BTreeMap<_, _>>()
    };
    Names { changed: Names::between(&of(old), &of(new)).changed, ..Names::default() }
}

fn declarations(bundle: &Bundle) -> BTreeMap<String, Item> {
    bundle.declarations().into_iter().map(|(name, value)| (name, Item::of(value))).collect()
}

fn caps(bundle: &Bundle) -> BTreeMap<String, Item> {
    let caps = bundle.caps();
    let mut out: BTreeMap<String, Item> = [
        ("named", caps.named),
        ("court", caps.court),
        ("absolute", caps.absolute),
        ("uninvolved_percent", caps.uninvolved_percent),
    ]
    .into_iter()
    .map(|(name, number)| (name.to_owned(), Item::of(number)))
    .collect();
    for cap in &caps.cumulative {
        out.insert(format!("people per {} in {} days", cap.per, cap.days), Item::of(cap.subjects));
    }
    out.insert("readings".into(), Item::of(caps.reading()));
    out
}

fn lanes(bundle: &Bundle) -> BTreeMap<String, Item> {
    let mut out: BTreeMap<String, Item> = BTreeMap::new();
    for lane in bundle.lanes() {
        for need in &lane.requirements {
            out.insert(format!("{}, {}", lane.name, need.kind), Item::of(need));
        }
    }
    let order: Vec<&str> = bundle.lanes().iter().map(|lane| lane.name.as_str()).collect();
    out.insert("order of lanes".into(), Item::of(order));
    out
}

fn kinds(bundle: &Bundle) -> BTreeMap<String, Item> {
    let of = |kind: &countersign_core::order::Kind| (kind.to_string(), Item::of(bundle.classes_of(*kind)));
    countersign_core::order::Kind::ALL.iter().map(of).collect()
}

fn reasons(bundle: &Bundle) -> BTreeMap<String, Item> {
    bundle.reasons().iter().map(|reason| (reason.code.clone(), Item::of(reason))).collect()
}
