//! What a key ceremony is about: which keys, which threshold, which parties.

use crate::group::SUITE;
use crate::hash::{digest, domain};
use crate::identity::IdentityKey;
use crate::kind::{Kind, Slot};
use crate::ring::{EncodedPoint, MAX_TRUSTEES, MIN_THRESHOLD, Ring, RingKey, RingV1, is_ring_name};
use crate::transport::TransportKey;
use countersign_core::id::Digest;

/// The keys to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan<K: Kind> {
    /// Name of the ring.
    pub name: String,
    /// 32 random bytes, never used for another ceremony.
    pub ceremony: Digest,
    /// Shares needed.
    pub t: u16,
    /// Number of trustees.
    pub n: u16,
    /// Keys and their key epochs, ascending by registry number.
    pub keys: Vec<(K::Key, u32)>,
}

/// A plan that no ceremony can follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("ceremony plan: {0}")]
pub struct PlanError(&'static str);

impl<K: Kind> Plan<K> {
    /// Checks name, threshold, number of trustees and keys.
    ///
    /// # Errors
    /// [`PlanError`] with the rule that is broken.
    pub fn check(&self) -> Result<(), PlanError> {
        let rules = [
            (is_ring_name(&self.name), "the name is not 1 to 64 of a-z, 0-9 and hyphens"),
            (self.t >= MIN_THRESHOLD, "the threshold is below 2"),
            (self.t <= self.n, "the threshold is above the number of trustees"),
            (self.n <= MAX_TRUSTEES, "more than 255 trustees"),
            (!self.keys.is_empty(), "no keys"),
            (
                self.slots().is_sorted_by(|a, b| a.number() < b.number()),
                "keys are not in the order of the registry or repeat",
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(PlanError(reason)))
    }

    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        self.keys.iter().map(|(key, _)| K::slot(*key))
    }

    /// The ring that these public keys (in the order of the plan) make.
    pub(crate) fn ring(&self, transcript: Digest, dealer: bool, publics: &[[u8; 32]]) -> Ring {
        let keys = self
            .keys
            .iter()
            .zip(publics)
            .map(|((key, epoch), public)| RingKey {
                class: K::slot(*key),
                epoch: *epoch,
                t: self.t,
                n: self.n,
                key: EncodedPoint(*public),
            })
            .collect();
        Ring {
            v: RingV1,
            suite: SUITE,
            name: self.name.clone(),
            key_type: K::TYPE,
            ceremony: self.ceremony,
            transcript,
            dealer,
            keys,
        }
    }
}

/// One trustee of a ceremony, by its pinned keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Signs its messages.
    pub identity: IdentityKey,
    /// Its messages of round 2 are encrypted to it.
    pub transport: TransportKey,
}

/// A plan and its parties 1 to n.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceremony<K: Kind> {
    plan: Plan<K>,
    parties: Vec<Party>,
    digest: Digest,
}

impl<K: Kind> Ceremony<K> {
    /// Checks the plan and that there are exactly n parties with distinct identities.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn new(plan: Plan<K>, parties: Vec<Party>) -> Result<Self, PlanError> {
        plan.check()?;
        let mut distinct: Vec<&[u8; 32]> = parties.iter().map(|party| party.identity.bytes()).collect();
        distinct.sort_unstable();
        distinct.dedup();
        if parties.len() != usize::from(plan.n) || distinct.len() != parties.len() {
            return Err(PlanError("not exactly one party with its own identity per trustee"));
        }
        let mut parts: Vec<Vec<u8>> = vec![
            vec![SUITE],
            plan.name.as_bytes().to_vec(),
            vec![K::TYPE.number()],
            plan.ceremony.0.to_vec(),
            plan.t.to_le_bytes().to_vec(),
            plan.n.to_le_bytes().to_vec(),
        ];
        for (key, epoch) in &plan.keys {
            parts.push(vec![K::slot(*key).number()]);
            parts.push(epoch.to_le_bytes().to_vec());
        }
        for party in &parties {
            parts.push(party.identity.bytes().to_vec());
            parts.push(party.transport.digest().0.to_vec());
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let digest = digest(domain!("ceremony"), &parts);
        Ok(Self { plan, parties, digest })
    }

    /// The plan.
    pub fn plan(&self) -> &Plan<K> {
        &self.plan
    }

    /// Digest of plan and parties; part of every message.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The party with this index, from 1.
    pub fn party(&self, index: u16) -> Option<&Party> {
        self.parties.get(usize::from(index).checked_sub(1)?)
    }
}
