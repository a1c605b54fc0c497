//! `invariants.json` of a pack: what must hold of every decision, and an edit of the policies that breaks it.

use countersign_core::{named_enum, version_tag};
use serde::Deserialize;

version_tag!(
    /// Version of the format.
    InvariantsV1 = "countersign/invariants/v1"
);

named_enum!(
    /// From which side an invariant bounds a pack.
    Bound, "a bound (at_most, at_least)" {
        /// Whatever the pack allows, and `when` holds of, `then` holds of.
        AtMost = "at_most",
        /// Whatever `when` and `then` hold of, the pack allows.
        AtLeast = "at_least",
    }
);

/// A replacement of text in `policies.cedar`, at every place where it stands.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    old: String,
    new: String,
}

/// One invariant.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invariant {
    /// Its name.
    pub id: String,
    /// What it says, in words.
    pub says: String,
    /// The action whose decisions it bounds.
    pub action: String,
    /// From which side.
    pub bound: Bound,
    /// A Cedar expression: the cases it is about.
    pub when: String,
    /// A Cedar expression: what holds of them.
    pub then: String,
    /// Edits that together break it.
    pub weaken: Vec<Edit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "v")]
    _v: InvariantsV1,
    invariants: Vec<Invariant>,
}

/// Invariants that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvariantError {
    /// Not the format.
    #[error("not a file of invariants: {0}")]
    Format(String),
    /// An edit that changes nothing proves nothing.
    #[error("invariant `{id}`: `{old}` does not stand in the policies")]
    NothingToEdit {
        /// Which invariant.
        id: String,
        /// What was looked for.
        old: String,
    },
    /// A rule of the format is broken.
    #[error("invariant `{id}`: {reason}")]
    Content {
        /// Which.
        id: String,
        /// What is wrong.
        reason: &'static str,
    },
}

/// Reads a file of invariants.
///
/// # Errors
/// [`InvariantError::Format`], [`InvariantError::Content`].
pub fn parse(text: &str) -> Result<Vec<Invariant>, InvariantError> {
    let file: File = serde_json::from_str(text).map_err(|error| InvariantError::Format(error.to_string()))?;
    for (at, invariant) in file.invariants.iter().enumerate() {
        let rules = [
            (!file.invariants.iter().take(at).any(|other| other.id == invariant.id), "stands twice"),
            (!invariant.id.is_empty() && !invariant.says.is_empty(), "has no name or says nothing"),
            (!invariant.weaken.is_empty(), "has no edit that breaks it: it could be one that nothing breaks"),
        ];
        if let Some((_, reason)) = rules.into_iter().find(|(holds, _)| !holds) {
            return Err(InvariantError::Content { id: invariant.id.clone(), reason });
        }
    }
    if file.invariants.is_empty() { Err(InvariantError::Format("no invariants".into())) } else { Ok(file.invariants) }
}

impl Invariant {
    /// The invariant as a policy: for `at_most` it allows everything that may be allowed, for `at_least` everything that must be.
    pub fn policy(&self) -> String {
        match self.bound {
            Bound::AtMost => self.permit(&format!("!({}) || ({})", self.when, self.then)),
            Bound::AtLeast => self.premise(),
        }
    }

    /// A policy that allows the cases it is about, and of which it holds.
    pub fn premise(&self) -> String {
        self.permit(&format!("({}) && ({})", self.when, self.then))
    }

    fn permit(&self, condition: &str) -> String {
        format!("permit (principal, action == Action::\"{}\", resource) when {{ {condition} }};", self.action)
    }

    /// The policies with the edits made.
    ///
    /// # Errors
    /// [`InvariantError::NothingToEdit`].
    pub fn weakened(&self, policies: &str) -> Result<String, InvariantError> {
        let mut text = policies.to_owned();
        for edit in &self.weaken {
            if !text.contains(&edit.old) {
                return Err(InvariantError::NothingToEdit { id: self.id.clone(), old: edit.old.clone() });
            }
            text = text.replace(&edit.old, &edit.new);
        }
        Ok(text)
    }

    /// The attributes that the invariant speaks of, in order and once: `context.waited`, `resource.authority.kind`.
    pub fn attributes(&self) -> Vec<String> {
        let text = format!("{} {}", self.when, self.then);
        let name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let mut found: Vec<String> = Vec::new();
        for word in text.split(|c| !name(c)).filter(|word| word.contains('.')) {
            // A method is no attribute.
            let methods = [".contains", ".containsAll", ".containsAny", ".isEmpty"];
            let word = methods.iter().find_map(|method| word.strip_suffix(method)).unwrap_or(word);
            if !found.iter().any(|known| known == word) {
                found.push(word.to_owned());
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACK: &str = include_str!("../../../packs/policy/eea-custodian/invariants.json");
    const POLICIES: &str = include_str!("../../../packs/policy/eea-custodian/policies.cedar");

    #[test]
    fn the_pack_has_twelve_or_more_and_each_edit_changes_the_policies() {
        let invariants = parse(PACK).unwrap();
        assert!(invariants.len() >= 12);
        for invariant in &invariants {
            assert_ne!(invariant.weakened(POLICIES).unwrap(), POLICIES, "{}", invariant.id);
            assert!(invariant.weakened("").is_err());
        }
    }

    #[test]
    fn attributes_are_named_once_without_methods() {
        let invariants = parse(PACK).unwrap();
        let of = |id: &str| invariants.iter().find(|invariant| invariant.id == id).unwrap().attributes();
        assert_eq!(of("weak-two-out-of-reach"), ["context.lane", "context.out_of_reach"]);
        assert_eq!(
            of("never-to-the-sanctioned"),
            ["resource.authority.sanctioned_in", "principal.seat", "resource.sanctioned"]
        );
    }

    #[test]
    fn what_is_no_file_of_invariants_is_refused() {
        for (why, bad) in [
            ("nothing", String::new()),
            ("an unknown member", PACK.replacen("\"says\"", "\"sais\"", 1)),
            ("another version", PACK.replace("invariants/v1", "invariants/v2")),
            ("an unknown bound", PACK.replace("at_least", "about")),
            ("a name twice", PACK.replace("two-approvers", "waited")),
            ("none", r#"{"v":"countersign/invariants/v1","invariants":[]}"#.into()),
        ] {
            assert!(parse(&bad).is_err(), "{why}");
        }
        let without: serde_json::Value = serde_json::from_str(PACK).unwrap();
        let mut without = without;
        without["invariants"][0]["weaken"] = serde_json::json!([]);
        assert!(parse(&without.to_string()).is_err(), "an invariant that nothing breaks");
    }
}
