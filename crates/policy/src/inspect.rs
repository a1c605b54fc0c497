//! What a bundle is made of, for whoever examines a pack: policies as structure and text, declarations, words.

use crate::bundle::{Bundle, Meaning};
use crate::enumerations;
use crate::variant::actions;
use cedar_policy::{Policy, PolicyId, SchemaFragment};
use std::collections::BTreeMap;

impl Bundle {
    /// A policy in Cedar's JSON form; `None` when there is none of this id.
    pub fn structure(&self, policy: &str) -> Option<serde_json::Value> {
        self.find(policy)?.to_json().ok()
    }

    /// A policy as it is written; `None` when there is none of this id.
    pub fn text(&self, policy: &str) -> Option<String> {
        self.find(policy)?.to_cedar()
    }

    /// The actions that a policy is about.
    pub fn actions(&self, policy: &str) -> Vec<&'static str> {
        self.find(policy).map(actions).unwrap_or_default()
    }

    /// The lane in which a policy places requests; `None` for all others.
    pub fn lane_of(&self, policy: &str) -> Option<&str> {
        match self.meanings.get(policy) {
            Some(Meaning::Lane(lane)) => Some(lane),
            _ => None,
        }
    }

    /// Whether a gate sends the matter to the board or counsel.
    pub fn escalates(&self, policy: &str) -> bool {
        matches!(self.meanings.get(policy), Some(Meaning::Gate { escalate: true, .. }))
    }

    /// The words of an enumeration of the schema, sorted; none for any other entity type.
    pub fn words(&self, kind: &str) -> Vec<String> {
        let words = enumerations::expected(&self.pack).remove(kind).unwrap_or_default();
        words.into_iter().map(str::to_owned).collect()
    }

    /// The declarations of the schema in Cedar's JSON form, by name: `entity Case`, `action release`, `type Caps`.
    pub fn declarations(&self) -> BTreeMap<String, serde_json::Value> {
        let text = self.files().iter().find(|file| file.name == "schema.cedarschema").map(|file| file.text.as_str());
        let json = text
            .and_then(|text| SchemaFragment::from_cedarschema_str(text).ok())
            .and_then(|(fragment, _)| fragment.to_json_value().ok());
        let Some(namespace) = json.as_ref().and_then(|json| json.get("")) else { return BTreeMap::new() };
        [("entity", "entityTypes"), ("action", "actions"), ("type", "commonTypes")]
            .into_iter()
            .filter_map(|(word, member)| Some((word, namespace.get(member)?.as_object()?)))
            .flat_map(|(word, all)| all.iter().map(move |(name, value)| (format!("{word} {name}"), value.clone())))
            .collect()
    }

    fn find(&self, policy: &str) -> Option<&Policy> {
        self.policies.values().find_map(|set| set.policy(&PolicyId::new(policy)))
    }
}
