//! One party's side of the key ceremony, with its state on disk between rounds.
//!
//! Every step may be repeated: it gives the same messages again and never acts on other ones.

use crate::error::{Result, TrusteeError};
use crate::files::Existing;
use crate::parts;
use crate::steps::{Sent, Started};
use crate::trustee::Trustee;
use countersign_core::control::RingRef;
use countersign_core::id::Digest;
use countersign_core::json::{Document, Exact};
use countersign_seal::ceremony::Ceremony;
use countersign_seal::dkg::{Round1, Round2};
use countersign_seal::kind::Kind;
use countersign_seal::ring::{Confirmation, Ring, ShareEpoch};
use countersign_seal::share::Share;
use rand_core::CryptoRng;

/// What a trustee ends a ceremony with; its share is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The ring.
    pub ring: Exact<Ring>,
    /// The verifying shares of epoch 1.
    pub shares: Exact<ShareEpoch>,
    /// This trustee's signature over the ring id.
    pub confirmation: Exact<Confirmation>,
}

/// Messages of round 2: the other party (recipient when sent, sender when received) and encrypted bytes.
pub type Messages = Vec<(u16, Vec<u8>)>;

impl Trustee {
    /// Round 1: the broadcast, which goes through the log to everybody.
    ///
    /// # Errors
    /// [`TrusteeError::Ceremony`] when the ceremony does not name this trustee.
    pub fn dkg_start<K: Kind>(&self, ceremony: &Ceremony<K>, rng: &mut impl CryptoRng) -> Result<Vec<u8>> {
        if let Some((sent, _)) = Sent::read(&self.vault, &file(ceremony, "round2"))? {
            return Ok(sent.broadcast);
        }
        let name = file(ceremony, "round1");
        if let Some(started) = Started::read(&self.vault, &name)? {
            return Ok(started.broadcast);
        }
        let (state, broadcast) = Round1::start(ceremony, self.index(), &self.keys.identity, rng)?;
        let started = Started { broadcast, state: state.encode()? };
        started.keep(&self.vault, &name)?;
        Ok(started.broadcast)
    }

    /// Round 2: takes the broadcasts of all trustees in order, gives one encrypted message for each other trustee.
    ///
    /// # Errors
    /// [`TrusteeError::Ceremony`], naming who is to blame; [`TrusteeError::CeremonyRepeated`] when this trustee acted on
    /// other broadcasts before; [`TrusteeError::NotReady`] before round 1.
    pub fn dkg_proceed<K: Kind>(
        &self,
        ceremony: &Ceremony<K>,
        broadcasts: &[Vec<u8>],
        rng: &mut impl CryptoRng,
    ) -> Result<Messages> {
        let (first, second) = (file(ceremony, "round1"), file(ceremony, "round2"));
        if let Some((sent, _)) = Sent::read(&self.vault, &second)? {
            self.vault.remove(&first)?;
            return sent.again(broadcasts);
        }
        let started = Started::read(&self.vault, &first)?
            .ok_or_else(|| TrusteeError::NotReady("round 1 of this ceremony was not started".into()))?;
        let (state, messages) =
            Round1::decode(ceremony, &started.state)?.proceed(broadcasts, &self.keys.identity, rng)?;
        let sent = Sent::new(broadcasts, started.broadcast, messages);
        sent.keep(&self.vault, &second, &state.encode()?, Existing::Refuse)?;
        self.vault.remove(&first)?;
        Ok(sent.messages)
    }

    /// Takes the messages of round 2 from all other trustees (sender and bytes); stores the share.
    ///
    /// # Errors
    /// [`TrusteeError::Ceremony`], naming who is to blame; [`TrusteeError::NotReady`] before round 2.
    pub fn dkg_finish<K: Kind>(&self, ceremony: &Ceremony<K>, messages: &[(u16, Vec<u8>)]) -> Result<Finished> {
        let (name, round2) = (file(ceremony, "end"), file(ceremony, "round2"));
        if let Some(stored) = self.vault.read(&name)? {
            Sent::destroy_state(&self.vault, &round2)?;
            return read_end(&stored).ok_or_else(|| TrusteeError::damaged(name, "its layout"));
        }
        let not_ready = || TrusteeError::NotReady("round 2 of this ceremony was not started".into());
        let (_, state) = Sent::read(&self.vault, &round2)?.ok_or_else(not_ready)?;
        let end = Round2::decode(ceremony, &state)?.finish(messages, &self.keys.transport)?;
        let written = |error| TrusteeError::document("outcome of the ceremony", error);
        let finished = Finished {
            confirmation: Exact::write(Confirmation::sign(end.ring.id(), self.index(), &self.keys.identity))
                .map_err(written)?,
            ring: Exact::write(end.ring).map_err(written)?,
            shares: Exact::write(end.epoch).map_err(written)?,
        };
        // The share before the confirmation: whoever confirms a ring holds its share.
        self.keep_share(&end.share, &finished.shares.digest())?;
        let text = [finished.ring.bytes(), finished.shares.bytes(), finished.confirmation.bytes()];
        self.vault.write(&name, &parts::write(&text), Existing::Replace)?;
        Sent::destroy_state(&self.vault, &round2)?;
        Ok(finished)
    }

    /// Whether the share that belongs to this reference is kept here.
    pub(crate) fn holds_share(&self, ring: &RingRef) -> bool {
        self.vault.holds(&share_file(ring.id, ring.share_epoch, &ring.shares)).is_some()
    }

    /// Keeps a share of the epoch whose document has this digest.
    pub(crate) fn keep_share<K: Kind>(&self, share: &Share<K>, shares: &Digest) -> Result<()> {
        self.vault.write(&share_file(share.ring(), share.epoch(), shares), &share.encode(), Existing::Replace)
    }
}

/// Name of the file with a share. Only the ceremony makes epoch 1; a later epoch may have been reshared more than once
/// before one outcome is put in force, so the digest of its verifying shares is part of the name.
pub(crate) fn share_file(ring: Digest, epoch: u32, shares: &Digest) -> String {
    if epoch == 1 { format!("share-{ring}-1") } else { format!("share-{ring}-{epoch}-{shares}") }
}

fn read_end(stored: &[u8]) -> Option<Finished> {
    fn exact<T: Document>(bytes: &[u8]) -> Option<Exact<T>> {
        Exact::parse(bytes).ok()
    }
    let read = parts::read(stored)?;
    let [ring, shares, confirmation] = read.as_slice() else { return None };
    Some(Finished { ring: exact(ring)?, shares: exact(shares)?, confirmation: exact(confirmation)? })
}

fn file<K: Kind>(ceremony: &Ceremony<K>, step: &str) -> String {
    format!("ceremony-{}-{step}", ceremony.digest())
}
