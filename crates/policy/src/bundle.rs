//! A policy bundle: the exact files that decide, parsed and validated once.

use crate::decision::{Outcome, ReasonCode};
use crate::enumerations;
use crate::pack::{Caps, Lane, Pack, Reason, Requirement, Rule};
use crate::shelves::Shelves;
use crate::slice::Names;
use cedar_policy::{
    ActionConstraint, Effect, EntityUid, Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator,
};
use countersign_core::class::ClassSet;
use countersign_core::digest;
use countersign_core::finding::Question;
use countersign_core::id::Digest;
use countersign_core::json::{Document, DocumentError, Exact};
use countersign_core::order::Kind;
use countersign_core::version_tag;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

version_tag!(
    /// Version of the bundle document.
    BundleV1 = "countersign/policy-bundle/v1"
);

/// One file of a bundle, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// File name without a folder.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A bundle as it travels: one canonical JSON document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BundleDocument {
    v: BundleV1,
    files: Vec<File>,
}

const PACK: &str = "pack.json";
const POLICIES: &str = "policies.cedar";
const SCHEMA: &str = "schema.cedarschema";
/// The files of a bundle, sorted: exactly these.
const NAMES: [&str; 3] = [PACK, POLICIES, SCHEMA];
/// The actions that the engine asks about.
pub(crate) const ACTIONS: [&str; 5] = ["classify", "limit", "delay", "propose", "release"];
/// Longest file in bytes.
const MAX_FILE: usize = 256 * 1024;
/// Most policies of a bundle.
const MAX_POLICIES: usize = 500;

impl Document for BundleDocument {
    const WHAT: &'static str = "policy bundle";
    const DOMAIN: &'static str = BundleV1::TEXT;
    const MAX_LEN: usize = 1024 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        if self.files.iter().map(|file| file.name.as_str()).eq(NAMES) {
            Ok(())
        } else {
            Err("`files` are not pack.json, policies.cedar, schema.cedarschema in this order")
        }
    }
}

/// Why files are not a policy bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// The document around the files is not right.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A file is missing, unknown, repeated or too long.
    #[error("policy bundle: {0}")]
    Files(String),
    /// `pack.json` is not right.
    #[error("pack.json: {0}")]
    Pack(String),
    /// The Cedar schema does not parse.
    #[error("schema.cedarschema: {0}")]
    Schema(String),
    /// The policies do not parse or do not fit the schema.
    #[error("policies.cedar: {0}")]
    Policies(String),
    /// A policy's annotations are not right.
    #[error("policies.cedar: policy `{policy}`: {reason}")]
    Annotation {
        /// Id of the policy.
        policy: String,
        /// What is wrong.
        reason: String,
    },
}

/// What the annotations of a policy say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A permit.
    Permit,
    /// A permit of the action `classify`: places a request in a lane.
    Lane(String),
    /// A forbid.
    Gate {
        reason: ReasonCode,
        outcome: Outcome,
        escalate: bool,
        /// Questions whose absence makes the gate close.
        requires: Vec<Question>,
    },
}

/// Parsed and validated policies with their exact bytes.
pub struct Bundle {
    files: Vec<File>,
    digest: Digest,
    pub(crate) schema: Schema,
    /// Per action the policies that can apply to it: Cedar looks at every policy of a set for every question.
    pub(crate) policies: BTreeMap<&'static str, PolicySet>,
    /// The same, sorted further; a decision asks these.
    pub(crate) shelves: Shelves,
    pub(crate) meanings: BTreeMap<String, Meaning>,
    pub(crate) pack: Pack,
    pub(crate) names: Names,
}

impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bundle({} {}, {})", self.pack.name, self.pack.version, self.digest)
    }
}

impl Bundle {
    /// Parses and validates the files of a bundle, given in any order.
    ///
    /// # Errors
    /// [`BundleError`] unless there are exactly `pack.json`, `policies.cedar` and `schema.cedarschema`, the policies
    /// validate against the schema in strict mode without a warning, every policy has a unique `@id` and the
    /// annotations of its effect, and every reason and lane is explained in `pack.json`.
    pub fn parse(mut files: Vec<File>) -> Result<Self, BundleError> {
        files.sort_by(|left, right| left.name.cmp(&right.name));
        if !files.iter().map(|file| file.name.as_str()).eq(NAMES) {
            return Err(BundleError::Files(format!("the files are not exactly {}", NAMES.join(", "))));
        }
        let [pack_file, policy_file, schema_file] = files.as_slice() else {
            return Err(BundleError::Files("not three files".to_owned()));
        };
        if let Some(file) = files.iter().find(|file| file.text.len() > MAX_FILE) {
            return Err(BundleError::Files(format!("`{}` is longer than {MAX_FILE} bytes", file.name)));
        }
        let pack: Pack = serde_json::from_str(&pack_file.text).map_err(|error| BundleError::Pack(error.to_string()))?;
        pack.check().map_err(BundleError::Pack)?;
        let schema = parse_schema(&schema_file.text)?;
        enumerations::check(&schema_file.text, &pack).map_err(BundleError::Schema)?;
        let (policies, meanings) = parse_policies(&policy_file.text, &pack)?;
        validate(&policies, &schema)?;
        let policies = by_action(&policies, &schema)?;
        check_rules(&pack, &meanings)?;
        let digest = digest_of(&files);
        let names = Names::new().map_err(BundleError::Schema)?;
        let shelves = Shelves::new(&policies, &schema, &pack, &names)?;
        Ok(Self { files, digest, schema, policies, shelves, meanings, pack, names })
    }

    /// Reads the document in which a bundle travels (`policy-bundle.json`).
    ///
    /// # Errors
    /// [`BundleError`]; see [`Bundle::parse`].
    pub fn from_document(bytes: &[u8]) -> Result<Self, BundleError> {
        let document = Exact::<BundleDocument>::parse(bytes)?;
        Self::parse(document.value().files.clone())
    }

    /// Writes the document in which a bundle travels.
    ///
    /// # Errors
    /// [`BundleError::Document`] when the files are too long for one document.
    pub fn to_document(&self) -> Result<String, BundleError> {
        let document = Exact::write(BundleDocument { v: BundleV1, files: self.files.clone() })?;
        Ok(document.text().to_owned())
    }

    /// The pack `eea-custodian` built into this program.
    ///
    /// # Errors
    /// Never in a released program: a test parses the pack.
    pub fn builtin_eea_custodian() -> Result<Self, BundleError> {
        let file = |name: &str, text: &str| File { name: name.to_owned(), text: text.to_owned() };
        Self::parse(vec![
            file(PACK, include_str!("../../../packs/policy/eea-custodian/pack.json")),
            file(POLICIES, include_str!("../../../packs/policy/eea-custodian/policies.cedar")),
            file(SCHEMA, include_str!("../../../packs/policy/eea-custodian/schema.cedarschema")),
        ])
    }

    /// Digest that genesis, control leaves and orders name:
    /// parts("countersign/policy-bundle/v1", name, bytes, ...) over the files sorted by name.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The exact files, sorted by name.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// Name of the pack.
    pub fn name(&self) -> &str {
        &self.pack.name
    }

    /// Version of the pack.
    pub fn version(&self) -> &str {
        &self.pack.version
    }

    /// One line about the pack.
    pub fn title(&self) -> &str {
        &self.pack.title
    }

    /// The caps.
    pub fn caps(&self) -> &Caps {
        &self.pack.caps
    }

    /// The lanes, strictest first.
    pub fn lanes(&self) -> &[Lane] {
        &self.pack.lanes
    }

    /// What a reason code means.
    pub fn reason(&self, code: &ReasonCode) -> Option<&Reason> {
        self.pack.reason(code.as_str())
    }

    /// The reason and the outcome of a gate; `None` for permits and unknown policies.
    pub fn gate_of(&self, policy: &str) -> Option<(&ReasonCode, Outcome)> {
        match self.meanings.get(policy) {
            Some(Meaning::Gate { reason, outcome, .. }) => Some((reason, *outcome)),
            _ => None,
        }
    }

    /// Every reason of the pack.
    pub fn reasons(&self) -> &[Reason] {
        &self.pack.reasons
    }

    /// Sources of the policies; those not verified are to be named wherever the pack is used in earnest.
    pub fn rules(&self) -> &[Rule] {
        &self.pack.rules
    }

    /// The classes that an order of this kind may name at most.
    pub fn classes_of(&self, kind: Kind) -> ClassSet {
        self.pack.classes_of(kind)
    }

    /// What the quorum of a lane needs for a kind of order.
    pub fn requirement(&self, lane: &str, kind: Kind) -> Option<Requirement> {
        let lane = self.pack.lanes.iter().find(|known| known.name == lane)?;
        lane.requirements.iter().find(|need| need.kind == kind).copied()
    }
}

fn digest_of(files: &[File]) -> Digest {
    let parts: Vec<&[u8]> = files.iter().flat_map(|file| [file.name.as_bytes(), file.text.as_bytes()]).collect();
    digest::parts(BundleV1::TEXT, &parts)
}

fn parse_schema(text: &str) -> Result<Schema, BundleError> {
    let (schema, warnings) =
        Schema::from_cedarschema_str(text).map_err(|error| BundleError::Schema(error.to_string()))?;
    let warnings: Vec<String> = warnings.map(|warning| warning.to_string()).collect();
    if warnings.is_empty() { Ok(schema) } else { Err(BundleError::Schema(warnings.join("; "))) }
}

/// Parses the policies and gives each the id of its `@id` annotation: the ids that Cedar itself assigns (`policy0`, ...)
/// depend on the order of the file and mean nothing.
fn parse_policies(text: &str, pack: &Pack) -> Result<(PolicySet, BTreeMap<String, Meaning>), BundleError> {
    let parsed: PolicySet =
        text.parse().map_err(|error: cedar_policy::ParseErrors| BundleError::Policies(error.to_string()))?;
    if parsed.templates().next().is_some() {
        return Err(BundleError::Policies("templates are not allowed".to_owned()));
    }
    if parsed.num_of_policies() > MAX_POLICIES {
        return Err(BundleError::Policies(format!("more than {MAX_POLICIES} policies")));
    }
    let mut policies = PolicySet::new();
    let mut meanings = BTreeMap::new();
    for policy in parsed.policies() {
        let id = policy
            .annotation("id")
            .filter(|id| !id.is_empty() && id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')))
            .ok_or_else(|| BundleError::Annotation {
                policy: policy.id().to_string(),
                reason: "no `@id` made of a-z, 0-9 and hyphens".to_owned(),
            })?;
        let annotation = |reason: String| BundleError::Annotation { policy: id.to_owned(), reason };
        let meaning = meaning_of(policy, pack).map_err(annotation)?;
        if meanings.insert(id.to_owned(), meaning).is_some() {
            return Err(annotation("two policies have this `@id`".to_owned()));
        }
        policies.add(policy.new_id(PolicyId::new(id))).map_err(|error| annotation(error.to_string()))?;
    }
    Ok((policies, meanings))
}

pub(crate) fn meaning_of(policy: &Policy, pack: &Pack) -> Result<Meaning, String> {
    let allowed: &[&str] = match policy.effect() {
        Effect::Permit => &["id", "lane"],
        Effect::Forbid => &["id", "reason", "outcome", "escalate", "requires"],
    };
    if let Some((name, _)) = policy.annotations().find(|(name, _)| !allowed.contains(name)) {
        return Err(format!("annotation `@{name}` is not known for this effect"));
    }
    if policy.effect() == Effect::Permit {
        return match policy.annotation("lane") {
            None => Ok(Meaning::Permit),
            Some(lane) if pack.lanes.iter().any(|known| known.name == lane) => Ok(Meaning::Lane(lane.to_owned())),
            Some(lane) => Err(format!("lane `{lane}` is not in pack.json")),
        };
    }
    let reason = policy.annotation("reason").ok_or("no `@reason`")?;
    let reason = pack
        .reason(reason)
        .and_then(|known| ReasonCode::parse(&known.code))
        .ok_or_else(|| format!("reason `{reason}` is not in pack.json"))?;
    let outcome = policy.annotation("outcome").ok_or("no `@outcome`")?;
    let outcome = Outcome::parse(outcome).map_err(|error| error.to_string())?;
    let escalate = match policy.annotation("escalate") {
        None => false,
        Some("true") => true,
        Some(other) => return Err(format!("`@escalate` is `{other}`; it is `true` or absent")),
    };
    let requires = policy.annotation("requires").map_or(Ok(Vec::new()), |list| {
        list.split(' ').map(|word| Question::parse(word).map_err(|error| error.to_string())).collect()
    })?;
    Ok(Meaning::Gate { reason, outcome, escalate, requires })
}

fn validate(policies: &PolicySet, schema: &Schema) -> Result<(), BundleError> {
    validate_with(&Validator::new(schema.clone()), policies)
}

pub(crate) fn validate_with(validator: &Validator, policies: &PolicySet) -> Result<(), BundleError> {
    let result = validator.validate(policies, ValidationMode::Strict);
    let faults: Vec<String> = result
        .validation_errors()
        .map(ToString::to_string)
        // A warning such as "this policy never applies" is a gate that never closes.
        .chain(result.validation_warnings().map(ToString::to_string))
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(BundleError::Policies(faults.join("; "))) }
}

/// Splits policies by the actions they name. Sound only without action groups, which are therefore refused.
fn by_action(policies: &PolicySet, schema: &Schema) -> Result<BTreeMap<&'static str, PolicySet>, BundleError> {
    if let Some(group) = schema.action_groups().next() {
        return Err(BundleError::Schema(format!("{group} is a group of actions; name each action instead")));
    }
    let mut out: BTreeMap<&'static str, PolicySet> = ACTIONS.iter().map(|action| (*action, PolicySet::new())).collect();
    for policy in policies.policies() {
        let named = match policy.action_constraint() {
            ActionConstraint::Any => ACTIONS.to_vec(),
            ActionConstraint::Eq(uid) => actions_of(&[&uid]),
            ActionConstraint::In(uids) => actions_of(&uids.iter().collect::<Vec<_>>()),
        };
        for action in named {
            let set = out.entry(action).or_default();
            set.add(policy.clone()).map_err(|error| BundleError::Policies(error.to_string()))?;
        }
    }
    Ok(out)
}

pub(crate) fn actions_of(uids: &[&EntityUid]) -> Vec<&'static str> {
    ACTIONS.into_iter().filter(|action| uids.iter().any(|uid| uid.id().unescaped() == *action)).collect()
}

/// Every policy has a source, every source a policy; every lane is reached by a policy.
fn check_rules(pack: &Pack, meanings: &BTreeMap<String, Meaning>) -> Result<(), BundleError> {
    for id in meanings.keys() {
        if !pack.rules.iter().any(|rule| rule.policy == *id) {
            return Err(BundleError::Pack(format!("policy `{id}` has no entry in `rules`")));
        }
    }
    if let Some(rule) = pack.rules.iter().find(|rule| !meanings.contains_key(&rule.policy)) {
        return Err(BundleError::Pack(format!("`rules` names the unknown policy `{}`", rule.policy)));
    }
    for lane in &pack.lanes {
        if !meanings.values().any(|meaning| *meaning == Meaning::Lane(lane.name.clone())) {
            return Err(BundleError::Pack(format!("no policy leads into lane `{}`", lane.name)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_pack_parses() {
        match Bundle::builtin_eea_custodian() {
            Ok(bundle) => assert_eq!(bundle.name(), "eea-custodian"),
            Err(error) => panic!("{error}"),
        }
    }
}
