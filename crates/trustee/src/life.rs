//! What a trustee's shares go through after the ceremony: resharing (refresh, enrolment, removal), repair, destruction.
//!
//! Every step may be repeated: it gives the same messages again and never acts on other ones. A trustee gives parts of its
//! share only to the trustees in force, or to newcomers whose identity its operator has accepted by name.

mod repair;
mod rotation;

use crate::ceremony::{Messages, share_file};
use crate::error::{Result, TrusteeError};
use crate::files::Existing;
use crate::memory::{read_ring, read_shares};
use crate::parts;
use crate::steps::{Sent, Started};
use crate::trustee::Trustee;
use countersign_core::control::{Action, HeldShares, RingRef};
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_seal::identity::IdentityKey;
use countersign_seal::kind::{Index, Kind, Sealing};
use countersign_seal::life::reshare::{Resharing, Round1, Round2};
use countersign_seal::ring::{ConfirmedRing, EpochConfirmation, ShareEpoch, VerifyingShares};
use countersign_seal::share::Share;
use countersign_verify::state::{ControlState, InForce};
use rand_core::CryptoRng;

/// What a holder ends a resharing with; its share of the new epoch is stored beside the old one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochFinished {
    /// The verifying shares of the new epoch.
    pub shares: Exact<ShareEpoch>,
    /// This trustee's signature over the new epoch.
    pub confirmation: Exact<EpochConfirmation>,
}

/// What was destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forgotten {
    /// Names of the files of secrets that are gone, in order.
    pub files: Vec<String>,
}

impl Trustee {
    /// First step of a resharing: the broadcast for all holders of the new epoch.
    ///
    /// A dealer deals only shares that are in force as far as it has read the journal, and only to trustees in force and
    /// to `newcomers`: identities that its operator has compared with their owners. Whoever holds the new shares together
    /// with others can answer; there is no way back.
    ///
    /// # Errors
    /// [`TrusteeError::Document`] when the resharing is not of the shares in force or goes to somebody else;
    /// [`TrusteeError::Life`] when it does not name this trustee; [`TrusteeError::NotReady`] without its share.
    pub async fn reshare_start<K: Kind>(
        &self,
        resharing: &Resharing<K>,
        newcomers: &[IdentityKey],
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>> {
        if let Some((sent, _)) = Sent::read(&self.vault, &reshare_file(resharing, "round2"))? {
            return Ok(sent.broadcast);
        }
        let name = reshare_file(resharing, "round1");
        if let Some(started) = Started::read(&self.vault, &name)? {
            return Ok(started.broadcast);
        }
        let share = if resharing.dealers().contains(&self.index()) {
            let parties = (1u16..).zip(resharing.holders().iter().copied());
            self.check_parties("resharing", resharing.shares(), parties, newcomers, now).await?;
            Some(self.share_of(resharing.shares())?)
        } else {
            None
        };
        let (state, broadcast) = Round1::start(resharing, self.index(), share.as_ref(), &self.keys.identity, rng)?;
        let started = Started { broadcast, state: state.encode() };
        started.keep(&self.vault, &name)?;
        Ok(started.broadcast)
    }

    /// Second step: takes the broadcasts of all holders of the new epoch in order; a dealer gives one encrypted message for
    /// each other holder, everybody else none.
    ///
    /// # Errors
    /// [`TrusteeError::Life`], naming who is to blame; [`TrusteeError::CeremonyRepeated`] when this trustee acted on other
    /// broadcasts before; [`TrusteeError::NotReady`] before the first step.
    pub fn reshare_proceed<K: Kind>(
        &self,
        resharing: &Resharing<K>,
        broadcasts: &[Vec<u8>],
        rng: &mut impl CryptoRng,
    ) -> Result<Messages> {
        let (first, second) = (reshare_file(resharing, "round1"), reshare_file(resharing, "round2"));
        if let Some((sent, _)) = Sent::read(&self.vault, &second)? {
            self.vault.remove(&first)?;
            return sent.again(broadcasts);
        }
        let started = Started::read(&self.vault, &first)?
            .ok_or_else(|| TrusteeError::NotReady("this resharing was not started".into()))?;
        let (state, messages) =
            Round1::decode(resharing, &started.state)?.proceed(broadcasts, &self.keys.identity, rng)?;
        let sent = Sent::new(broadcasts, started.broadcast, messages);
        sent.keep(&self.vault, &second, &state.encode(), Existing::Refuse)?;
        self.vault.remove(&first)?;
        Ok(sent.messages)
    }

    /// Last step: takes the messages of all other dealers (sender and bytes); stores the share of the new epoch beside the
    /// old one, which stays in use until a control change puts the new epoch in force.
    ///
    /// # Errors
    /// [`TrusteeError::Life`], naming who is to blame; [`TrusteeError::NotReady`] before the second step.
    pub fn reshare_finish<K: Kind>(
        &self,
        resharing: &Resharing<K>,
        messages: &[(u16, Vec<u8>)],
    ) -> Result<EpochFinished> {
        let second = reshare_file(resharing, "round2");
        if let Some(finished) = self.reshared(resharing)? {
            Sent::destroy_state(&self.vault, &second)?;
            return Ok(finished);
        }
        let (_, state) = Sent::read(&self.vault, &second)?
            .ok_or_else(|| TrusteeError::NotReady("the broadcasts of this resharing were not taken".into()))?;
        let end = Round2::decode(resharing, &state)?.finish(messages)?;
        let written = |error: &dyn std::fmt::Display| TrusteeError::document("outcome of the resharing", error);
        let verifying = VerifyingShares::new(resharing.ring(), &end.epoch).map_err(|error| written(&error))?;
        let confirmation = EpochConfirmation::sign(&verifying, self.index(), &self.keys.identity);
        let confirmation = Exact::write(confirmation).map_err(|error| written(&error))?;
        // The share before the confirmation: whoever confirms an epoch holds its share.
        self.keep_share(&end.share, &end.epoch.digest())?;
        let text = parts::write(&[end.epoch.bytes(), confirmation.bytes()]);
        self.vault.write(&reshare_file(resharing, "end"), &text, Existing::Replace)?;
        // Without the key of the exchange its recorded messages stay closed.
        Sent::destroy_state(&self.vault, &second)?;
        Ok(EpochFinished { shares: end.epoch, confirmation })
    }

    /// Takes the confirmations of all holders of the new epoch. Only from then on does this trustee sign a control change
    /// that puts the epoch in force.
    ///
    /// # Errors
    /// [`TrusteeError::NotReady`] before this trustee has finished itself; [`TrusteeError::Document`] naming the holder
    /// whose confirmation is missing or wrong.
    pub fn reshare_confirmed<K: Kind>(
        &self,
        resharing: &Resharing<K>,
        confirmations: &[EpochConfirmation],
    ) -> Result<Digest> {
        let finished = self
            .reshared(resharing)?
            .ok_or_else(|| TrusteeError::NotReady("this resharing was not finished here".into()))?;
        let refused = |error: &dyn std::fmt::Display| TrusteeError::document("share epoch", error);
        let verifying = VerifyingShares::new(resharing.ring(), &finished.shares).map_err(|error| refused(&error))?;
        EpochConfirmation::check_all(&verifying, confirmations, resharing.holders())
            .map_err(|error| refused(&error))?;
        let digest = self.add_shares(finished.shares.text())?;
        self.documents.keep_confirmed(&digest, confirmations)?;
        Ok(digest)
    }

    /// Destroys what is left of the share epochs of the sealing ring before `epoch`: shares, unfinished exchanges (their
    /// secrets tell a share), and shares of abandoned resharings. Needs an epoch in force, as far as the journal was read,
    /// that is not before `epoch` and whose share is here and fits.
    ///
    /// Files are unlinked; copies in backups and on worn flash cells are not reached. t shares of one old epoch, from such
    /// copies or from trustees who did not destroy theirs, open what was ever sealed to these keys.
    ///
    /// # Errors
    /// [`TrusteeError::NotReady`] when the share in force is not here; [`TrusteeError::Document`] when a share that is in
    /// force, or that a waiting change would put in force, would be destroyed.
    pub async fn forget_shares_before(&self, epoch: u32, now: Timestamp) -> Result<Forgotten> {
        let mut slot = self.memory.lock().await;
        let memory = self.load(slot.take()).await?;
        let control = &memory.folded()?.control;
        let ring = control.at(now).ring().cloned();
        let ring = ring.ok_or_else(|| TrusteeError::NotReady("no ring is in force".into()))?;
        let files = self.forget::<Sealing>(control, &ring, epoch, now)?;
        *slot = Some(memory);
        Ok(Forgotten { files })
    }

    /// As [`forget_shares_before`](Self::forget_shares_before), for the epochs before those in force of every ring, and for
    /// every share of a ring that was rotated away and is closed.
    ///
    /// # Errors
    /// As [`forget_shares_before`](Self::forget_shares_before).
    pub async fn forget_old_shares(&self, now: Timestamp) -> Result<Forgotten> {
        let mut slot = self.memory.lock().await;
        let memory = self.load(slot.take()).await?;
        let control = &memory.folded()?.control;
        let state = control.at(now);
        let mut files = Vec::new();
        if let Some(ring) = state.ring() {
            files.extend(self.forget::<Sealing>(control, ring, ring.share_epoch, now)?);
        }
        if let Some(ring) = state.index_ring() {
            files.extend(self.forget::<Index>(control, ring, ring.share_epoch, now)?);
        }
        for ring in state.closed_rings() {
            files.extend(self.forget_ring(ring)?);
        }
        *slot = Some(memory);
        Ok(Forgotten { files })
    }

    fn forget<K: Kind>(
        &self,
        control: &ControlState,
        in_force: &RingRef,
        epoch: u32,
        now: Timestamp,
    ) -> Result<Vec<String>> {
        read_ring::<K>(self.index(), &control.at(now), in_force, &self.documents, &self.vault)?;
        let back = control.waiting(now).any(|waiting| {
            let rings = put_in_force(&waiting.change.action);
            rings.iter().any(|ring| ring.id == in_force.id && ring.share_epoch < epoch)
        });
        if back || in_force.share_epoch < epoch {
            let reason = format!("share epoch {} of the ring is in force or waiting to be", in_force.share_epoch);
            return Err(TrusteeError::document("destruction of shares", reason));
        }
        let current = share_file(in_force.id, in_force.share_epoch, &in_force.shares);
        let mut files = self.vault.names()?;
        files.retain(|name| {
            let of = |kind: &str| epoch_of(name, kind, &in_force.id);
            let share = of("share").is_some_and(|found| found < epoch || found == in_force.share_epoch);
            let exchange = of("reshare").or_else(|| of("repair")).is_some_and(|found| found < epoch);
            (share || exchange) && *name != current
        });
        for name in &files {
            self.vault.remove(name)?;
        }
        Ok(files)
    }

    /// Destroys whatever is left of a ring that was closed: nothing is ever answered under it again.
    fn forget_ring(&self, ring: &Digest) -> Result<Vec<String>> {
        let mut files = self.vault.names()?;
        files.retain(|name| ["share", "reshare", "repair"].iter().any(|kind| epoch_of(name, kind, ring).is_some()));
        for name in &files {
            self.vault.remove(name)?;
        }
        Ok(files)
    }

    /// The control state in force, as far as the journal was read.
    ///
    /// # Errors
    /// [`TrusteeError::NotReady`] before it was.
    pub async fn in_force(&self, now: Timestamp) -> Result<InForce> {
        self.with_memory(|memory| memory.folded().map(|folded| folded.control.at(now))).await?
    }

    /// The ring of this kind in force, and its verifying shares. This trustee need not hold a share of them.
    ///
    /// # Errors
    /// [`TrusteeError::NotReady`] when there is none, or its documents are not installed here.
    pub async fn shares_in_force<K: Kind>(&self, now: Timestamp) -> Result<(ConfirmedRing<K>, VerifyingShares<K>)> {
        let state = self.in_force(now).await?;
        let ring = if K::TYPE == Index::TYPE { state.index_ring() } else { state.ring() };
        let ring = ring.ok_or_else(|| TrusteeError::NotReady("no such ring is in force".into()))?;
        read_shares(&state, ring, &self.documents)
    }

    /// Whether the own share that belongs to these verifying shares is here and fits.
    pub fn holds<K: Kind>(&self, shares: &VerifyingShares<K>) -> bool {
        self.share_of(shares).is_ok()
    }

    /// The share that belongs to these verifying shares, read and checked.
    fn share_of<K: Kind>(&self, shares: &VerifyingShares<K>) -> Result<Share<K>> {
        let name = share_file(shares.ring(), shares.epoch(), &shares.digest());
        let missing = || TrusteeError::NotReady(format!("share epoch {} is not held here", shares.epoch()));
        let stored = self.vault.read(&name)?.ok_or_else(missing)?;
        let share = Share::decode(&stored).map_err(|error| TrusteeError::damaged(&name, error))?;
        share.check(shares).map_err(|error| TrusteeError::damaged(&name, error))?;
        Ok(share)
    }

    /// The shares are in force, and every party is the trustee in force with its index or a newcomer accepted by name.
    async fn check_parties<K: Kind>(
        &self,
        what: &'static str,
        shares: &VerifyingShares<K>,
        parties: impl IntoIterator<Item = (u16, IdentityKey)>,
        newcomers: &[IdentityKey],
        now: Timestamp,
    ) -> Result<()> {
        let checked =
            self.with_memory(|memory| check_parties(&memory.folded()?.control, what, shares, parties, newcomers, now));
        checked.await?
    }

    fn reshared<K: Kind>(&self, resharing: &Resharing<K>) -> Result<Option<EpochFinished>> {
        let name = reshare_file(resharing, "end");
        let Some(stored) = self.vault.read(&name)? else { return Ok(None) };
        let read = parts::read(&stored);
        let end = match read.as_deref() {
            Some([shares, confirmation]) => Exact::parse(shares).ok().zip(Exact::parse(confirmation).ok()),
            _ => None,
        };
        let (shares, confirmation) = end.ok_or_else(|| TrusteeError::damaged(name, "its layout"))?;
        Ok(Some(EpochFinished { shares, confirmation }))
    }
}

fn check_parties<K: Kind>(
    control: &ControlState,
    what: &'static str,
    shares: &VerifyingShares<K>,
    parties: impl IntoIterator<Item = (u16, IdentityKey)>,
    newcomers: &[IdentityKey],
    now: Timestamp,
) -> Result<()> {
    let state = control.at(now);
    let named = RingRef { id: shares.ring(), share_epoch: shares.epoch(), shares: shares.digest() };
    if state.ring() != Some(&named) && state.index_ring() != Some(&named) {
        return Err(TrusteeError::document(what, "is not of the ring and share epoch in force"));
    }
    for (index, identity) in parties {
        let member = state.trustee(index).map(|member| member.identity);
        if member != Some(Digest(*identity.bytes())) && !newcomers.contains(&identity) {
            let reason = format!(
                "party {index} with identity {} is no trustee in force; accept it by name or refuse",
                Digest(*identity.bytes())
            );
            return Err(TrusteeError::document(what, reason));
        }
    }
    Ok(())
}

/// The share epochs that a change would put in force.
fn put_in_force(action: &Action) -> Vec<RingRef> {
    match action {
        Action::SetRing(ring) | Action::SetIndexRing(ring) => vec![ring.clone()],
        Action::SetTrustees(new) => {
            std::iter::once(&new.ring).chain(&new.index_ring).map(HeldShares::reference).collect()
        }
        _ => Vec::new(),
    }
}

fn reshare_file<K: Kind>(resharing: &Resharing<K>, step: &str) -> String {
    exchange_file("reshare", resharing.shares(), &resharing.digest(), step)
}

/// The epoch whose shares an exchange works with is part of the name, so that its remains go with those shares.
fn exchange_file<K: Kind>(kind: &str, shares: &VerifyingShares<K>, exchange: &Digest, step: &str) -> String {
    format!("{kind}-{}-{}-{exchange}-{step}", shares.ring(), shares.epoch())
}

/// The share epoch in the name of a file of this kind and ring.
fn epoch_of(name: &str, kind: &str, ring: &Digest) -> Option<u32> {
    let rest = name.strip_prefix(kind)?.strip_prefix('-')?.strip_prefix(&ring.to_hex())?.strip_prefix('-')?;
    rest.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_epoch_is_read_from_names_of_this_ring_and_kind_only() {
        let (ring, other) = (Digest([1; 32]), Digest([2; 32]));
        let shares = Digest([3; 32]);
        assert_eq!(epoch_of(&share_file(ring, 1, &shares), "share", &ring), Some(1));
        assert_eq!(epoch_of(&share_file(ring, 12, &shares), "share", &ring), Some(12));
        assert_eq!(epoch_of(&share_file(other, 12, &shares), "share", &ring), None);
        assert_eq!(epoch_of(&share_file(ring, 12, &shares), "reshare", &ring), None);
        assert_eq!(epoch_of("keys", "share", &ring), None);
    }
}
