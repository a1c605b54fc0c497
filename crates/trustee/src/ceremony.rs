//! One party's side of the key ceremony, with its state on disk between rounds.
//!
//! Every step may be repeated: it gives the same messages again and never acts on other ones.

use crate::error::{Result, TrusteeError};
use crate::files::Existing;
use crate::parts;
use crate::trustee::Trustee;
use countersign_core::digest;
use countersign_core::id::Digest;
use countersign_core::json::{Document, Exact};
use countersign_seal::ceremony::Ceremony;
use countersign_seal::dkg::{Round1, Round2};
use countersign_seal::kind::Sealing;
use countersign_seal::ring::{Confirmation, Ring, ShareEpoch};
use countersign_seal::share::SealingShare;
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

/// Messages of round 2: recipient and encrypted bytes.
pub type Messages = Vec<(u16, Vec<u8>)>;

impl Trustee {
    /// Round 1: the broadcast, which goes through the log to everybody.
    ///
    /// # Errors
    /// [`TrusteeError::Ceremony`] when the ceremony does not name this trustee.
    pub fn dkg_start(&self, ceremony: &Ceremony<Sealing>, rng: &mut impl CryptoRng) -> Result<Vec<u8>> {
        if let Some(sent) = self.sent(ceremony)? {
            return Ok(sent.broadcast);
        }
        if let Some((broadcast, _)) = self.round1(ceremony)? {
            return Ok(broadcast);
        }
        let (state, broadcast) = Round1::start(ceremony, self.index(), &self.keys.identity, rng)?;
        let stored = parts::write(&[&broadcast, &state.encode()?]);
        self.vault.write(&file(ceremony, "round1"), &stored, Existing::Refuse)?;
        Ok(broadcast)
    }

    /// Round 2: takes the broadcasts of all trustees in order, gives one encrypted message for each other trustee.
    ///
    /// # Errors
    /// [`TrusteeError::Ceremony`], naming who is to blame; [`TrusteeError::CeremonyRepeated`] when this trustee acted on
    /// other broadcasts before; [`TrusteeError::NotReady`] before round 1.
    pub fn dkg_proceed(
        &self,
        ceremony: &Ceremony<Sealing>,
        broadcasts: &[Vec<u8>],
        rng: &mut impl CryptoRng,
    ) -> Result<Messages> {
        let digest = digest_of(broadcasts);
        if let Some(sent) = self.sent(ceremony)? {
            return match sent.broadcasts == digest {
                true => Ok(sent.messages),
                false => Err(TrusteeError::CeremonyRepeated("round 2 was answered for other broadcasts before")),
            };
        }
        let (broadcast, state) = self
            .round1(ceremony)?
            .ok_or_else(|| TrusteeError::NotReady("round 1 of this ceremony was not started".into()))?;
        let (state, messages) = state.proceed(broadcasts, &self.keys.identity, rng)?;
        let sent = Sent { broadcasts: digest, broadcast, messages };
        self.keep_sent(ceremony, &sent, &state.encode()?, Existing::Refuse)?;
        self.vault.remove(&file(ceremony, "round1"))?;
        Ok(sent.messages)
    }

    /// Takes the messages of round 2 from all other trustees (sender and bytes); stores the share.
    ///
    /// # Errors
    /// [`TrusteeError::Ceremony`], naming who is to blame; [`TrusteeError::NotReady`] before round 2.
    pub fn dkg_finish(&self, ceremony: &Ceremony<Sealing>, messages: &[(u16, Vec<u8>)]) -> Result<Finished> {
        let name = file(ceremony, "end");
        if let Some(stored) = self.vault.read(&name)? {
            return read_end(&stored).ok_or_else(|| TrusteeError::damaged(name, "its layout"));
        }
        let not_ready = || TrusteeError::NotReady("round 2 of this ceremony was not started".into());
        let stored = self.vault.read(&file(ceremony, "round2"))?.ok_or_else(not_ready)?;
        let (sent, state) =
            read_sent(&stored).ok_or_else(|| TrusteeError::damaged(file(ceremony, "round2"), "its layout"))?;
        let end = Round2::decode(ceremony, state)?.finish(messages, &self.keys.transport)?;
        let written = |error| TrusteeError::document("outcome of the ceremony", error);
        let finished = Finished {
            confirmation: Exact::write(Confirmation::sign(end.ring.id(), self.index(), &self.keys.identity))
                .map_err(written)?,
            ring: Exact::write(end.ring).map_err(written)?,
            shares: Exact::write(end.epoch).map_err(written)?,
        };
        // The share before the confirmation: whoever confirms a ring holds its share.
        self.keep_share(&end.share)?;
        let text = [finished.ring.bytes(), finished.shares.bytes(), finished.confirmation.bytes()];
        self.vault.write(&name, &parts::write(&text), Existing::Replace)?;
        self.keep_sent(ceremony, &sent, &[], Existing::Replace)?;
        Ok(finished)
    }

    /// Whether the share of this ring and epoch is kept here.
    pub(crate) fn holds_share(&self, ring: Digest, epoch: u32) -> bool {
        self.vault.holds(&share_file(ring, epoch)).is_some()
    }

    fn keep_share(&self, share: &SealingShare) -> Result<()> {
        self.vault.write(&share_file(share.ring(), share.epoch()), &share.encode(), Existing::Replace)
    }

    fn round1(&self, ceremony: &Ceremony<Sealing>) -> Result<Option<(Vec<u8>, Round1<Sealing>)>> {
        let name = file(ceremony, "round1");
        let Some(stored) = self.vault.read(&name)? else { return Ok(None) };
        let read = parts::read(&stored);
        let Some([broadcast, state]) = read.as_deref() else { return Err(TrusteeError::damaged(name, "its layout")) };
        Ok(Some((broadcast.to_vec(), Round1::decode(ceremony, state)?)))
    }

    fn sent(&self, ceremony: &Ceremony<Sealing>) -> Result<Option<Sent>> {
        let name = file(ceremony, "round2");
        let Some(stored) = self.vault.read(&name)? else { return Ok(None) };
        let (sent, _) = read_sent(&stored).ok_or_else(|| TrusteeError::damaged(name, "its layout"))?;
        Ok(Some(sent))
    }

    fn keep_sent(&self, ceremony: &Ceremony<Sealing>, sent: &Sent, state: &[u8], existing: Existing) -> Result<()> {
        let mut out: Vec<Vec<u8>> = vec![sent.broadcasts.0.to_vec(), sent.broadcast.clone()];
        for (recipient, bytes) in &sent.messages {
            out.push(recipient.to_le_bytes().to_vec());
            out.push(bytes.clone());
        }
        let mut parts: Vec<&[u8]> = vec![state];
        parts.extend(out.iter().map(Vec::as_slice));
        self.vault.write(&file(ceremony, "round2"), &parts::write(&parts), existing)
    }
}

/// Name of the file with a share.
pub(crate) fn share_file(ring: Digest, epoch: u32) -> String {
    format!("share-{ring}-{epoch}")
}

/// What round 2 gave, kept to give it again.
struct Sent {
    broadcasts: Digest,
    broadcast: Vec<u8>,
    messages: Messages,
}

fn read_sent(stored: &[u8]) -> Option<(Sent, &[u8])> {
    let read = parts::read(stored)?;
    let [state, broadcasts, broadcast, messages @ ..] = read.as_slice() else { return None };
    let (messages, rest) = messages.as_chunks::<2>();
    let messages = messages
        .iter()
        .map(|[recipient, bytes]| Some((u16::from_le_bytes((*recipient).try_into().ok()?), bytes.to_vec())))
        .collect::<Option<_>>()?;
    let broadcasts = Digest((*broadcasts).try_into().ok()?);
    rest.is_empty().then_some((Sent { broadcasts, broadcast: broadcast.to_vec(), messages }, *state))
}

fn read_end(stored: &[u8]) -> Option<Finished> {
    fn exact<T: Document>(bytes: &[u8]) -> Option<Exact<T>> {
        Exact::parse(bytes).ok()
    }
    let read = parts::read(stored)?;
    let [ring, shares, confirmation] = read.as_slice() else { return None };
    Some(Finished { ring: exact(ring)?, shares: exact(shares)?, confirmation: exact(confirmation)? })
}

fn digest_of(broadcasts: &[Vec<u8>]) -> Digest {
    let parts: Vec<&[u8]> = broadcasts.iter().map(Vec::as_slice).collect();
    digest::parts("countersign/trustee/broadcasts/v1", &parts)
}

fn file(ceremony: &Ceremony<Sealing>, step: &str) -> String {
    format!("ceremony-{}-{step}", ceremony.digest())
}
