//! New keys. The ring before them is read until its records are sealed anew: one such ring at a time, so that it is always
//! clear which shares have to be kept.

use super::InForce;
use super::change::ChangeError;
use countersign_core::control::{HeldShares, RingRef, TrusteeMember};
use countersign_core::id::Digest;
use countersign_seal::identity::{IdentityKey, Signature};
use countersign_seal::ring::{Confirmation, ConfirmationV1};

impl InForce {
    /// Whether a new ring could follow the one in force: held by all its trustees, none of whom was removed.
    pub(super) fn check_rotation(&self, new: &HeldShares) -> Result<(), ChangeError> {
        if self.ring.is_none() {
            return Err(ChangeError::NoRing);
        }
        if let Some(former) = &self.former_ring {
            return Err(ChangeError::StillRead(former.id));
        }
        let named = |ring: &Option<RingRef>| ring.as_ref().is_some_and(|ring| ring.id == new.id);
        if named(&self.ring) || named(&self.index_ring) || self.closed_rings.contains(&new.id) {
            return Err(ChangeError::KnownRing(new.id));
        }
        let members = self.members();
        // INVARIANT: whoever left in conflict gets no share of the keys that are made because of it.
        if let Some(member) = members.iter().find(|member| self.removed_trustees.contains(&member.identity)) {
            return Err(ChangeError::Removed(member.index));
        }
        match (new.confirmed.len(), members.len()) {
            (found, members) if found == members => Ok(()),
            (found, members) => Err(ChangeError::OtherHolders { found, members }),
        }
    }

    /// A ring that is set is not one that was rotated away, and no third one while that is read.
    pub(super) fn check_ring(&self, ring: &RingRef) -> Result<(), ChangeError> {
        if self.closed_rings.contains(&ring.id) {
            return Err(ChangeError::KnownRing(ring.id));
        }
        let same = self.ring.as_ref().is_some_and(|in_force| in_force.id == ring.id);
        match &self.former_ring {
            Some(former) if !same => Err(ChangeError::StillRead(former.id)),
            _ => Ok(()),
        }
    }

    pub(super) fn check_closing(&self, ring: &Digest) -> Result<(), ChangeError> {
        match &self.former_ring {
            Some(former) if former.id == *ring => Ok(()),
            _ => Err(ChangeError::NotRead(*ring)),
        }
    }

    /// Puts a new ring in force; `false` when it no longer follows the one that is.
    pub(super) fn rotate_ring(&mut self, new: &HeldShares) -> bool {
        if self.check_rotation(new).is_err() {
            return false;
        }
        self.former_ring = self.ring.replace(new.reference());
        self.former_ring_makers = std::mem::replace(&mut self.ring_makers, self.trustees.clone());
        true
    }

    pub(super) fn close_ring(&mut self, ring: &Digest) {
        if self.check_closing(ring).is_ok() {
            self.former_ring = None;
            self.former_ring_makers = None;
            self.closed_rings.insert(*ring);
        }
    }
}

/// Every member's own word that it holds its shares of exactly this ring.
pub(super) fn check_ring_confirmed(new: &HeldShares, members: &[TrusteeMember]) -> Result<(), ChangeError> {
    for (member, signature) in members.iter().zip(&new.confirmed) {
        let confirmation =
            Confirmation { v: ConfirmationV1, ring: new.id, trustee: member.index, signature: Signature(signature.0) };
        let identity = IdentityKey::from_digest(&member.identity);
        if identity.is_none_or(|identity| confirmation.check(new.id, member.index, &identity).is_err()) {
            return Err(ChangeError::Unconfirmed { member: member.index, ring: new.id });
        }
    }
    Ok(())
}
