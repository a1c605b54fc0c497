//! Every enumeration of a schema is one, with exactly the engine's words.
//!
//! Cedar checks the word in `Political::"yes"` only when the schema declares `entity Political enum [...]`; with a plain
//! `entity Political;` any misspelling validates and silently never matches.

use crate::pack::Pack;
use crate::slice::{UNKNOWN, WORDS};
use cedar_policy::SchemaFragment;
use countersign_core::class::Class;
use countersign_core::directory::{AuthorityKind, Standing};
use countersign_core::facts::Factor;
use countersign_core::finding::{Answers, Question};
use countersign_core::order::{Instrument, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// Compares the enumerations of a schema with what the engine gives to policies.
pub(crate) fn check(schema: &str, pack: &Pack) -> Result<(), String> {
    let (fragment, _) = SchemaFragment::from_cedarschema_str(schema).map_err(|error| error.to_string())?;
    let json = fragment.to_json_value().map_err(|error| error.to_string())?;
    for (name, words) in expected(pack) {
        let declared: Option<BTreeSet<&str>> = json
            .get("")
            .and_then(|namespace| namespace.get("entityTypes")?.get(name)?.get("enum")?.as_array())
            .map(|list| list.iter().filter_map(|word| word.as_str()).collect());
        if declared.as_ref() != Some(&words) {
            let words: Vec<&str> = words.into_iter().collect();
            return Err(format!("entity type `{name}` is not `enum` of exactly {}", words.join(", ")));
        }
    }
    Ok(())
}

pub(crate) fn expected(pack: &Pack) -> BTreeMap<&'static str, BTreeSet<&str>> {
    let mut out: BTreeMap<&'static str, BTreeSet<&str>> = BTreeMap::from([
        ("Bloc", ["EEA", "NonEEA"].into()),
        ("Lane", pack.lanes.iter().map(|lane| lane.name.as_str()).collect()),
        ("OrderKind", Kind::ALL.iter().map(|kind| kind.as_str()).collect()),
        ("Instrument", Instrument::ALL.iter().map(|instrument| instrument.as_str()).collect()),
        ("AuthorityKind", AuthorityKind::ALL.iter().map(|kind| kind.as_str()).collect()),
        ("Factor", Factor::ALL.iter().map(|factor| factor.as_str()).collect()),
        ("Class", Class::ALL.iter().map(|class| class.as_str()).collect()),
        ("Question", Question::ALL.iter().map(|question| question.as_str()).collect()),
        ("Standing", Standing::ALL.iter().map(|standing| standing.as_str()).collect()),
    ]);
    for (_, name, question) in WORDS {
        if let Answers::Words(words) = question.answers() {
            out.entry(name).or_default().extend(words.iter().copied().chain([UNKNOWN]));
        }
    }
    out
}
