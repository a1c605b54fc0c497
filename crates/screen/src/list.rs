//! A source through time: what an update added, changed and removed, and the folder in which versions stand.
//!
//! A version is a file that is never changed, named by its digest; `current` names the one in effect and is replaced in one step. A reading
//! that is broken, or that would remove more than a set share, changes nothing. Whatever is no longer listed stays in the version with the
//! time at which it was gone.

pub mod folder;

use std::collections::{HashMap, HashSet};

use countersign_core::digest;
use countersign_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::designation::{Designation, Transposed};
use crate::entity::{Entity, Kind, NameQuality};
use crate::index::Index;
use crate::programme::CARRIES_OUT_UN;
use crate::read::Reading;
use crate::screen::Query;

/// Largest share of the entities in effect that an update may remove, in percent, unless somebody says otherwise.
pub const MAX_REMOVED_PERCENT: u32 = 5;

/// What stands at the head of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// `countersign-list/1`.
    pub format: String,
    /// Which source, such as `un`.
    pub source: String,
    /// SHA-256 over names and bytes of the files it was read from.
    pub digest: String,
    /// When it was read.
    pub read_at: Timestamp,
    /// The version before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// How many entities follow, with those no longer listed.
    pub entities: usize,
    /// What the update did.
    pub delta: Counts,
    /// Rows rejected and values left out.
    pub faults: FaultCounts,
}

/// Counts of an update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// New ones.
    pub added: usize,
    /// Known ones of which anything changed.
    pub changed: usize,
    /// Known ones that are gone.
    pub removed: usize,
    /// Listed after the update.
    pub listed: usize,
}

/// Counts of what was not used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultCounts {
    /// Rows.
    pub rows: usize,
    /// Values.
    pub values: usize,
}

/// One state of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Where it comes from.
    pub head: Head,
    /// Its entities, with those no longer listed.
    pub entities: Vec<Entity>,
}

/// Ids of what differs between two states.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// New, or listed again.
    pub added: Vec<String>,
    /// Different.
    pub changed: Vec<String>,
    /// No longer listed.
    pub removed: Vec<String>,
}

/// Why an update changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// The same files as before.
    #[error("the files of `{0}` are those of the version in effect")]
    Unchanged(String),
    /// It removes too much to be believed.
    #[error(
        "the new list of `{source_name}` lacks {removed} of {listed} entities in effect, more than {percent} %: the list before stays in effect; \
         look at the file, and say --accept-removals {removed} if it is right"
    )]
    Shrunk {
        /// The source.
        source_name: String,
        /// How many are gone.
        removed: usize,
        /// How many there were.
        listed: usize,
        /// The share that is allowed.
        percent: u32,
    },
    /// Nothing was read.
    #[error("the new list of `{0}` holds no entity; the list before stays in effect")]
    Empty(String),
}

/// The digest of the files of a source, in the order of their names.
pub fn digest_of<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut files: Vec<(&str, &[u8])> = files.into_iter().collect();
    files.sort_unstable_by_key(|(name, _)| *name);
    let digests: Vec<Vec<u8>> =
        files.iter().map(|(name, bytes)| [name.as_bytes(), &[0], digest::plain(bytes).as_bytes()].concat()).collect();
    let parts: Vec<&[u8]> = digests.iter().map(Vec::as_slice).collect();
    digest::parts("countersign/list-files/1", &parts).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The next version of a source. `accept_removals` is how many removals somebody has looked at and found right.
///
/// # Errors
/// [`UpdateError`]; the version before stays as it is.
pub fn update(
    source: &str,
    digest: &str,
    before: Option<&Version>,
    reading: Reading,
    now: Timestamp,
    accept_removals: usize,
) -> Result<(Version, Delta), UpdateError> {
    if before.is_some_and(|before| before.head.digest == digest) {
        return Err(UpdateError::Unchanged(source.to_owned()));
    }
    if reading.entities.is_empty() {
        return Err(UpdateError::Empty(source.to_owned()));
    }
    let lost = |lost| reading.faults.iter().filter(|fault| fault.lost == lost).count();
    let faults = FaultCounts { rows: lost(crate::read::Lost::Row), values: lost(crate::read::Lost::Value) };
    let known: HashMap<&str, &Entity> =
        before.iter().flat_map(|before| &before.entities).map(|entity| (entity.id.as_str(), entity)).collect();
    let mut delta = Delta::default();
    let mut entities = Vec::with_capacity(reading.entities.len());
    let mut seen = HashSet::new();
    for mut entity in reading.entities {
        seen.insert(entity.id.clone());
        match known.get(entity.id.as_str()) {
            None => {
                delta.added.push(entity.id.clone());
                stamp(&mut entity, &[], now);
            }
            Some(old) => {
                stamp(&mut entity, &old.designations, now);
                if !is_listed(old) {
                    delta.added.push(entity.id.clone());
                } else if !same(old, &entity) {
                    delta.changed.push(entity.id.clone());
                }
            }
        }
        entities.push(entity);
    }
    let listed = known.values().filter(|entity| is_listed(entity)).count();
    for old in before.iter().flat_map(|before| &before.entities).filter(|old| !seen.contains(&old.id)) {
        let mut gone = old.clone();
        if is_listed(&gone) {
            delta.removed.push(gone.id.clone());
            for designation in gone.designations.iter_mut().filter(|designation| designation.seen_to.is_none()) {
                designation.seen_to = Some(now);
            }
        }
        entities.push(gone);
    }
    if delta.removed.len() > accept_removals && delta.removed.len() * 100 > listed * MAX_REMOVED_PERCENT as usize {
        return Err(UpdateError::Shrunk {
            source_name: source.to_owned(),
            removed: delta.removed.len(),
            listed,
            percent: MAX_REMOVED_PERCENT,
        });
    }
    let counts = Counts {
        added: delta.added.len(),
        changed: delta.changed.len(),
        removed: delta.removed.len(),
        listed: entities.iter().filter(|entity| is_listed(entity)).count(),
    };
    let head = Head {
        format: "countersign-list/1".to_owned(),
        source: source.to_owned(),
        digest: digest.to_owned(),
        read_at: now,
        before: before.map(|before| before.head.digest.clone()),
        entities: entities.len(),
        delta: counts,
        faults,
    };
    Ok((Version { head, entities }, delta))
}

/// What differs between two versions, whatever stands between them.
pub fn compare(older: &Version, newer: &Version) -> Delta {
    let known: HashMap<&str, &Entity> = older.entities.iter().map(|entity| (entity.id.as_str(), entity)).collect();
    let mut delta = Delta::default();
    for entity in &newer.entities {
        let was = known.get(entity.id.as_str()).filter(|old| is_listed(old));
        match (was, is_listed(entity)) {
            (None, true) => delta.added.push(entity.id.clone()),
            (Some(_), false) => delta.removed.push(entity.id.clone()),
            (Some(old), true) if !same(old, entity) => delta.changed.push(entity.id.clone()),
            _ => {}
        }
    }
    delta
}

/// Whether any designation has effect.
pub fn is_listed(entity: &Entity) -> bool {
    entity.designations.iter().any(Designation::is_live)
}

/// Equal in everything the source says.
fn same(one: &Entity, other: &Entity) -> bool {
    let Entity { id, kind, names, dates, territories, gender, identifiers, designations } = one;
    fn live(all: &[Designation]) -> impl Iterator<Item = &Designation> {
        all.iter().filter(|designation| designation.is_live())
    }
    (id, kind, gender) == (&other.id, &other.kind, &other.gender)
        && (names, dates) == (&other.names, &other.dates)
        && (territories, identifiers) == (&other.territories, &other.identifiers)
        && live(designations).count() == live(&other.designations).count()
        && live(designations).zip(live(&other.designations)).all(|(one, other)| one.says_the_same(other))
}

/// Gives designations the time at which they were first seen, and keeps those that are gone.
fn stamp(entity: &mut Entity, known: &[Designation], now: Timestamp) {
    for designation in &mut entity.designations {
        let old = known.iter().find(|old| old.seen_to.is_none() && old.says_the_same(designation));
        designation.seen_from = Some(old.and_then(|old| old.seen_from).unwrap_or(now));
    }
    let mut gone: Vec<_> = known
        .iter()
        .filter(|old| old.seen_to.is_some() || !entity.designations.iter().any(|new| new.says_the_same(old)))
        .cloned()
        .collect();
    for designation in gone.iter_mut().filter(|designation| designation.seen_to.is_none()) {
        designation.seen_to = Some(now);
    }
    entity.designations.extend(gone);
}

/// Name score from which a listing is taken for the transposition of another.
const SAME_ENTITY: f32 = 0.93;

/// Marks designations that only carry out a listing of the Security Council: of a programme that does, and of somebody whom it lists under
/// the same name without a birth date that contradicts. Gives how many were marked.
pub fn link_transpositions(entities: &mut [Entity]) -> usize {
    let roots: Vec<Entity> = entities
        .iter()
        .filter(|entity| {
            is_listed(entity) && entity.designations.iter().any(|designation| designation.issuer == "zz_unsc")
        })
        .cloned()
        .collect();
    let index = Index::new(roots);
    let mut marked = 0;
    for entity in entities.iter_mut() {
        let carries_out = |programme: &str| CARRIES_OUT_UN.contains(&programme);
        if !entity.designations.iter().any(|designation| carries_out(&designation.programme) && designation.is_live()) {
            continue;
        }
        let query = Query {
            id: entity.id.clone(),
            kind: if entity.kind == Kind::Person { Kind::Person } else { Kind::Organisation },
            names: entity.names.iter().filter(|name| name.quality <= NameQuality::Alias).cloned().collect(),
            dates: entity.dates.clone(),
            territories: vec![],
            gender: None,
            identifiers: entity.identifiers.clone(),
        };
        let alerts = index.screen(&query, 0.8);
        let root = alerts.iter().find(|alert| alert.name.as_ref().is_some_and(|name| name.score >= SAME_ENTITY));
        let Some(root) = root else { continue };
        for designation in entity.designations.iter_mut().filter(|designation| carries_out(&designation.programme)) {
            designation.transposes = Some(Transposed { issuer: "zz_unsc".to_owned(), entity: root.entity.clone() });
            marked += 1;
        }
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::Name;

    fn entity(id: &str, name: &str, programme: &str, issuer: &str) -> Entity {
        Entity {
            id: id.into(),
            kind: Kind::Person,
            names: vec![Name::new(name.into(), NameQuality::Primary)],
            dates: vec![],
            territories: vec![],
            gender: None,
            identifiers: vec![],
            designations: vec![Designation::of_programme(programme, issuer)],
        }
    }

    fn reading(names: &[(&str, &str)]) -> Reading {
        Reading {
            entities: names.iter().map(|(id, name)| entity(id, name, "UN-SC1970", "zz_unsc")).collect(),
            ..Reading::default()
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds).unwrap()
    }

    #[test]
    fn an_update_says_what_it_did_and_keeps_what_is_gone() {
        let people: Vec<(String, String)> =
            (0..40).map(|number| (format!("id{number}"), format!("Person Number{number}"))).collect();
        let rows: Vec<(&str, &str)> = people.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
        let (first, delta) = update("un", "d1", None, reading(&rows), at(100), 0).unwrap();
        assert_eq!((delta.added.len(), delta.changed.len(), delta.removed.len()), (40, 0, 0));
        let mut rows: Vec<(&str, &str)> = rows[1..].to_vec();
        rows[0].1 = "Person Renamed";
        rows.push(("new", "Somebody New"));
        let (second, delta) = update("un", "d2", Some(&first), reading(&rows), at(200), 0).unwrap();
        assert_eq!(
            delta,
            Delta { added: vec!["new".into()], changed: vec!["id1".into()], removed: vec!["id0".into()] }
        );
        assert_eq!(second.head.delta, Counts { added: 1, changed: 1, removed: 1, listed: 40 });
        assert_eq!(compare(&first, &second), delta);
        let gone = second.entities.iter().find(|entity| entity.id == "id0").unwrap();
        assert_eq!((gone.designations[0].seen_from, gone.designations[0].seen_to), (Some(at(100)), Some(at(200))));
        assert!(gone.designations[0].was_seen_at(at(150)) && !is_listed(gone));
        let kept = second.entities.iter().find(|entity| entity.id == "id5").unwrap();
        assert_eq!(kept.designations[0].seen_from, Some(at(100)));
        rows.insert(0, ("id0", "Person Number0"));
        let (third, delta) = update("un", "d3", Some(&second), reading(&rows), at(300), 0).unwrap();
        assert_eq!(delta.added, ["id0"], "listed again");
        let again = third.entities.iter().find(|entity| entity.id == "id0").unwrap();
        assert_eq!(again.designations.len(), 2, "both times stay on record");
    }

    #[test]
    fn a_list_that_shrinks_too_much_changes_nothing() {
        let people: Vec<(String, String)> =
            (0..100).map(|number| (format!("id{number}"), format!("Person Number{number}"))).collect();
        let rows: Vec<(&str, &str)> = people.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
        let (first, _) = update("un", "d1", None, reading(&rows), at(100), 0).unwrap();
        assert!(update("un", "d2", Some(&first), reading(&rows[5..]), at(200), 0).is_ok());
        let refused = update("un", "d2", Some(&first), reading(&rows[6..]), at(200), 0);
        assert!(matches!(refused, Err(UpdateError::Shrunk { removed: 6, listed: 100, .. })), "{refused:?}");
        assert!(update("un", "d2", Some(&first), reading(&rows[6..]), at(200), 5).is_err());
        assert!(update("un", "d2", Some(&first), reading(&rows[6..]), at(200), 6).is_ok());
        assert!(matches!(update("un", "d2", Some(&first), reading(&[]), at(200), 100), Err(UpdateError::Empty(_))));
        assert!(matches!(update("un", "d1", Some(&first), reading(&rows), at(200), 0), Err(UpdateError::Unchanged(_))));
    }

    #[test]
    fn only_the_same_person_under_a_transposing_programme_is_a_transposition() {
        let mut entities = vec![
            entity("un-1", "Ilya Nikolaevich Zemlinov", "UN-SC1970", "zz_unsc"),
            entity("eu-1", "ZEMLINOV Ilya Nikolaevich", "EU-LBY", "eu_council"),
            entity("eu-2", "ZEMLINOV Ilya Nikolaevich", "EU-RUS", "eu_council"),
            entity("eu-3", "Another Person", "EU-LBY", "eu_council"),
        ];
        assert_eq!(link_transpositions(&mut entities), 1);
        let of = |id: usize| entities[id].designations[0].transposes.as_ref().map(|root| root.entity.as_str());
        assert_eq!((of(0), of(1), of(2), of(3)), (None, Some("un-1"), None, None));
        let all = entities[..2].iter().flat_map(|entity| &entity.designations);
        assert_eq!(crate::designation::independent_issuers(all).len(), 1);
    }

    #[test]
    fn the_digest_is_of_names_and_bytes() {
        let one = digest_of([("a", b"1".as_slice()), ("b", b"2")]);
        assert_eq!(one, digest_of([("b", b"2".as_slice()), ("a", b"1")]));
        assert_ne!(one, digest_of([("a", b"12".as_slice()), ("b", b"")]));
        assert_eq!(one.len(), 64);
    }
}
