//! The trustees in force. Members and the shares that they hold come into force together, so that no moment exists with
//! members of one share epoch and shares of another.

use super::change::ChangeError;
use super::{ControlState, InForce, Waiting};
use countersign_core::control::{Action, HeldShares, RingRef, SetTrustees, TrusteeMember};
use countersign_core::id::Digest;
use countersign_core::time::Timestamp;
use countersign_seal::identity::{IdentityKey, Signature};
use countersign_seal::ring::{EpochConfirmation, EpochConfirmationV1};

impl InForce {
    /// The holders of the share epoch in force, 1 to n in order, removed ones included.
    pub fn members(&self) -> &[TrusteeMember] {
        self.trustees.as_deref().unwrap_or_else(|| self.founding_members())
    }

    /// The trustee in force with this index.
    pub fn trustee(&self, index: u16) -> Option<&TrusteeMember> {
        self.present().find(|member| member.index == index)
    }

    /// Threshold, and number of trustees in force; none below ladder level L2.
    pub fn trustees(&self) -> Option<(u16, usize)> {
        self.founding.as_ref().map(|trustees| (trustees.threshold, self.present().count()))
    }

    /// Those who made a ring and confirmed it, 1 to n in order: of a ring that is not in force, the members who could put
    /// it in force.
    pub fn makers_of(&self, ring: &Digest) -> &[TrusteeMember] {
        let is = |in_force: &Option<RingRef>| in_force.as_ref().is_some_and(|in_force| in_force.id == *ring);
        let makers = if is(&self.ring) {
            &self.ring_makers
        } else if is(&self.index_ring) {
            &self.index_ring_makers
        } else if is(&self.former_ring) {
            &self.former_ring_makers
        } else {
            &self.trustees
        };
        makers.as_deref().unwrap_or_else(|| self.founding_members())
    }

    fn founding_members(&self) -> &[TrusteeMember] {
        self.founding.as_ref().map_or(&[], |trustees| &trustees.members)
    }

    fn present(&self) -> impl Iterator<Item = &TrusteeMember> {
        self.members().iter().filter(|member| !self.removed_trustees.contains(&member.identity))
    }

    /// A trustee in force by its name in signatures.
    pub(super) fn trustee_named(&self, party: &str) -> Option<&TrusteeMember> {
        self.present().find(|member| super::fold::party_of_trustee(member) == party)
    }

    /// Puts trustees with their shares in force; `false` when they no longer follow what is in force.
    pub(super) fn set_trustees(&mut self, new: &SetTrustees) -> bool {
        if self.check_trustees(new).is_err() {
            return false;
        }
        self.trustees = Some(new.members.clone());
        self.ring = Some(new.ring.reference());
        self.index_ring = new.index_ring.as_ref().map(HeldShares::reference);
        true
    }

    pub(super) fn set_ring(&mut self, ring: &RingRef) {
        if rises(self.ring.as_ref(), ring).is_ok() && self.check_ring(ring).is_ok() {
            if self.ring.as_ref().is_none_or(|before| before.id != ring.id) {
                self.ring_makers.clone_from(&self.trustees);
            }
            self.ring = Some(ring.clone());
        }
    }

    pub(super) fn set_index_ring(&mut self, ring: &RingRef) {
        if rises(self.index_ring.as_ref(), ring).is_ok() {
            if self.index_ring.as_ref().is_none_or(|before| before.id != ring.id) {
                self.index_ring_makers.clone_from(&self.trustees);
            }
            self.index_ring = Some(ring.clone());
        }
    }

    /// Whether trustees could follow those in force: the same rings in later share epochs, held by t or more who were not
    /// removed.
    pub(super) fn check_trustees(&self, new: &SetTrustees) -> Result<(), ChangeError> {
        let Some((threshold, _)) = self.trustees() else { return Err(ChangeError::NoTrustees) };
        if new.members.len() < usize::from(threshold) {
            return Err(ChangeError::TooFewTrustees { left: new.members.len(), threshold });
        }
        if let Some(member) = new.members.iter().find(|member| self.removed_trustees.contains(&member.identity)) {
            return Err(ChangeError::Removed(member.index));
        }
        if let Some(former) = &self.former_ring {
            return Err(ChangeError::StillRead(former.id));
        }
        follows(self.ring.as_ref(), Some(&new.ring))?;
        follows(self.index_ring.as_ref(), new.index_ring.as_ref())
    }

    /// Whether t trustees are left without this one: otherwise nobody could answer.
    pub(super) fn check_removal(&self, identity: &Digest) -> Result<(), ChangeError> {
        let Some((threshold, _)) = self.trustees() else { return Err(ChangeError::NoTrustees) };
        let left = self.present().filter(|member| member.identity != *identity).count();
        if left < usize::from(threshold) { Err(ChangeError::TooFewTrustees { left, threshold }) } else { Ok(()) }
    }
}

impl ControlState {
    /// What is in force at `now`, and what is still cooling then.
    ///
    /// A change of trustees, or of the keys, takes with it every change of rings or trustees that was agreed on under those
    /// before: its shares are held by others, and its epoch or its ring is behind.
    pub(super) fn settled(&self, now: Timestamp) -> (InForce, Vec<&Waiting>) {
        let (mut due, mut cooling): (Vec<&Waiting>, Vec<&Waiting>) =
            self.waiting.iter().partition(|waiting| waiting.effective <= now);
        // In the order in which they take effect, whenever anybody looks: two folders that look at different times must
        // come to the same state.
        due.sort_by_key(|waiting| (waiting.effective, waiting.change.number));
        let mut state = self.in_force.clone();
        // INVARIANT: whatever waits was accepted before anything that waits took effect, for `fold` settles first.
        let mut others = false;
        for waiting in due {
            let action = &waiting.change.action;
            if !(others && action.concerns_shares()) {
                others |= state.apply(action);
            }
        }
        cooling.retain(|waiting| !(others && waiting.change.action.concerns_shares()));
        (state, cooling)
    }
}

/// Every member's own word that it holds its shares of exactly these epochs. Whoever was in force before could otherwise
/// be left without a share, or a newcomer named that never had one.
pub(super) fn check_confirmed(new: &SetTrustees) -> Result<(), ChangeError> {
    for ring in std::iter::once(&new.ring).chain(&new.index_ring) {
        for (member, signature) in new.members.iter().zip(&ring.confirmed) {
            let confirmation = EpochConfirmation {
                v: EpochConfirmationV1,
                ring: ring.id,
                epoch: ring.share_epoch,
                shares: ring.shares,
                trustee: member.index,
                signature: Signature(signature.0),
            };
            let identity = IdentityKey::from_digest(&member.identity);
            if !identity.is_some_and(|identity| confirmation.is_signed_by(&identity)) {
                return Err(ChangeError::Unconfirmed { member: member.index, ring: ring.id });
            }
        }
    }
    Ok(())
}

/// Shares of a ring that is in force rise with every change: those given up would count again.
pub(super) fn rises(in_force: Option<&RingRef>, next: &RingRef) -> Result<(), ChangeError> {
    match in_force.filter(|in_force| in_force.id == next.id && in_force.share_epoch >= next.share_epoch) {
        None => Ok(()),
        Some(in_force) => Err(ChangeError::ShareEpoch { found: next.share_epoch, in_force: in_force.share_epoch }),
    }
}

/// A ring in force is held by the new trustees too, and none that is not.
fn follows(in_force: Option<&RingRef>, next: Option<&HeldShares>) -> Result<(), ChangeError> {
    match (in_force, next) {
        (None, None) => Ok(()),
        (Some(in_force), Some(next)) if in_force.id == next.id => rises(Some(in_force), &next.reference()),
        _ => Err(ChangeError::OtherRings),
    }
}

/// A removed trustee does not come back by what is still cooling.
pub(super) fn names(action: &Action, identity: &Digest) -> bool {
    matches!(action, Action::SetTrustees(new) if new.members.iter().any(|member| member.identity == *identity))
}
