//! Rotation: a new ring for the same classes, made by a new key ceremony.
//!
//! All keys of a ring are rotated together. A record has one encapsulation, so a record of which one class is to go under a
//! new key has to be opened and sealed anew as a whole; a ring of old and new keys would save nothing and would let shares
//! of the old ring go on opening parts of new records.

use crate::ceremony::{Ceremony, Party, Plan, PlanError};
use crate::hash::{digest, domain};
use crate::kind::Kind;
use crate::ring::{ConfirmedRing, Ring};
use countersign_core::id::Digest;

/// The ceremony that makes the ring after `before`, among these parties 1 to n: name, classes and threshold stay, every key
/// epoch is one higher. `session` are 32 random bytes, never used again.
///
/// # Errors
/// [`PlanError`] when no ceremony can follow.
pub fn rotation<K: Kind>(
    before: &ConfirmedRing<K>,
    session: &Digest,
    parties: Vec<Party>,
) -> Result<Ceremony<K>, PlanError> {
    let ring = before.document().value();
    let keys = ring.keys.iter().filter_map(|key| Some((K::key(key.class)?, key.epoch.checked_add(1)?))).collect();
    let plan = Plan {
        name: ring.name.clone(),
        ceremony: digest(domain!("rotation"), &[before.id().as_bytes(), session.as_bytes()]),
        t: ring.keys.first().map_or(0, |key| key.t),
        n: u16::try_from(parties.len()).unwrap_or(u16::MAX),
        keys,
    };
    Ceremony::new(plan, parties)
}

/// Whether a ring could follow another: made without a dealer, for the same classes with the same threshold, every key
/// another one and one epoch younger.
///
/// # Errors
/// The rule that is broken.
pub fn rotates(before: &Ring, after: &Ring) -> Result<(), &'static str> {
    let pairs = || before.keys.iter().zip(&after.keys);
    let rules = [
        (!after.dealer, "a dealer knew the new keys"),
        (after.key_type == before.key_type, "the new ring is for something else"),
        (
            before.keys.len() == after.keys.len() && pairs().all(|(old, new)| old.class == new.class),
            "the new ring is not for the same classes",
        ),
        (pairs().all(|(old, new)| old.t == new.t), "the threshold of the new ring is another one"),
        (
            pairs().all(|(old, new)| old.epoch.checked_add(1) == Some(new.epoch)),
            "a key epoch of the new ring is not one higher",
        ),
        (after.ceremony != before.ceremony, "the new ring names the ceremony of the ring before"),
        (
            after.keys.iter().all(|new| before.keys.iter().all(|old| old.key != new.key)),
            "the new ring has a key of the ring before",
        ),
    ];
    rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
}
