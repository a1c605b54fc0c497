//! A trustee's side of the founding ceremony: look at what is there, do what can be done, say on whom it waits.

use super::Item;
use super::meeting::read_leaf;
use super::round::{Ended, confirmed};
use crate::ceremony::Messages;
use crate::documents::Installed;
use crate::error::{Result, TrusteeError};
use crate::source::LogSource;
use crate::tiles::Tiles;
use crate::trustee::Trustee;
use async_trait::async_trait;
use countersign_core::control::Genesis;
use countersign_core::directory::Directory;
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_policy::Bundle;
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::follow::Follower;
use countersign_tlog::note::MAX_NOTE_BYTES;
use countersign_verify::founding::{Founding, FoundingError};
use countersign_verify::state::is_signed_by_trustee;
use countersign_verify::wire::{CeremonyTerms, Complaint, ComplaintV1, Signed};
use rand_core::CryptoRng;
use std::collections::BTreeSet;

/// Where the parties of a ceremony leave messages for one another. It is trusted in nothing.
#[async_trait]
pub trait MeetingPlace: Send + Sync {
    /// Names of what is there.
    ///
    /// # Errors
    /// What the system says: the place does not answer now.
    async fn items(&self) -> std::result::Result<BTreeSet<Item>, String>;

    /// A message; `None` if it is not there.
    ///
    /// # Errors
    /// As [`items`](Self::items).
    async fn get(&self, item: Item) -> std::result::Result<Option<Vec<u8>>, String>;

    /// Leaves a message. The same again is `Ok`.
    ///
    /// # Errors
    /// [`NotTaken`].
    async fn put(&self, item: Item, bytes: &[u8]) -> std::result::Result<(), NotTaken>;

    /// The log of the ceremony.
    fn log(&self) -> &dyn LogSource;
}

/// Why a message was not left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotTaken {
    /// The place does not answer now.
    Unavailable(String),
    /// The place does not want it.
    Refused(String),
}

/// Where a trustee is after one look at the meeting place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attended {
    /// Nothing can be done before others do something.
    Waiting {
        /// What is missing.
        what: &'static str,
        /// The trustees it is missing from; empty: the custodian.
        from: Vec<u16>,
        /// Trustees that have left a complaint there.
        complaints: Vec<u16>,
    },
    /// Genesis is there and agrees with the ceremony. The owner has to read it and compare its digest with the other trustees.
    Consent(Box<Exact<Genesis>>),
    /// Genesis is signed by all and installed: the trustee can serve.
    Installed(Digest),
}

/// One trustee at one ceremony. What it has done is on disk; this only spares it to be read again at every look.
pub struct Attendance<'t> {
    trustee: &'t Trustee,
    founding: Founding,
    broadcast: Option<Vec<u8>>,
    sent: Option<Messages>,
    finished: Option<Ended>,
    left: BTreeSet<Item>,
}

/// Leaves of a ceremony's log that are read at once: more than any ceremony has.
const MOST_LEAVES: u64 = 1_024;

impl<'t> Attendance<'t> {
    /// Takes the terms that the meeting place shows.
    ///
    /// # Errors
    /// [`TrusteeError::Founding`] for terms that are not right; [`TrusteeError::Document`] when they do not name this trustee with its
    /// index and keys.
    pub fn new(trustee: &'t Trustee, terms: &[u8]) -> Result<Self> {
        let terms =
            Exact::<CeremonyTerms>::parse(terms).map_err(|error| TrusteeError::document("ceremony terms", error))?;
        let founding = Founding::new(terms)?;
        let public = trustee.public();
        let named = founding.members().iter().any(|member| {
            (member.index, member.identity, member.transport)
                == (public.index, public.identity, public.transport.digest())
        });
        if !named {
            let reason = format!("do not name trustee {} with the keys of this folder", public.index);
            return Err(TrusteeError::document("ceremony terms", reason));
        }
        Ok(Self { trustee, founding, broadcast: None, sent: None, finished: None, left: BTreeSet::new() })
    }

    /// The terms, checked.
    pub fn founding(&self) -> &Founding {
        &self.founding
    }

    /// One look: does whatever can be done now. `consent` is the digest of the genesis that the owner has read and agrees with.
    ///
    /// # Errors
    /// [`TrusteeError::Meeting`] may pass. Everything else names who is to blame, and a complaint is left at the place where another
    /// party is.
    pub async fn look(
        &mut self,
        place: &dyn MeetingPlace,
        consent: Option<Digest>,
        now: Timestamp,
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<Attended> {
        match self.proceed(place, consent, now, rng).await {
            Err(TrusteeError::Ceremony(error)) => {
                self.complain(place, error.culprit(), error.to_string()).await;
                Err(TrusteeError::Ceremony(error))
            }
            Err(TrusteeError::Founding(error)) => {
                let culprit = match &error {
                    FoundingError::TwoBroadcasts(index) => Some(*index),
                    FoundingError::Message(error) => error.culprit(),
                    _ => None,
                };
                self.complain(place, culprit, error.to_string()).await;
                Err(TrusteeError::Founding(error))
            }
            other => other,
        }
    }

    async fn proceed(
        &mut self,
        place: &dyn MeetingPlace,
        consent: Option<Digest>,
        now: Timestamp,
        rng: &mut (impl CryptoRng + Send),
    ) -> Result<Attended> {
        let own = self.trustee.index();
        let there = place.items().await.map_err(unavailable)?;
        let broadcast = match &self.broadcast {
            Some(broadcast) => broadcast.clone(),
            None => self.broadcast.insert(self.trustee.founding_start(&self.founding, rng)?).clone(),
        };
        self.leave(place, Item::Round1(own), &broadcast).await?;

        if self.sent.is_none() {
            let Some(broadcasts) = self.recorded(place, now).await? else {
                let missing = self.missing(&there, Item::Round1);
                let what =
                    if missing.is_empty() { "the witnessed log of the ceremony" } else { "the broadcast of round 1" };
                return Ok(waiting(&there, what, missing));
            };
            self.sent = Some(self.trustee.founding_proceed(&self.founding, &broadcasts, rng)?);
        }
        for (recipient, bytes) in self.sent.clone().unwrap_or_default() {
            self.leave(place, Item::Round2 { sender: own, recipient }, &bytes).await?;
        }

        let finished = match &self.finished {
            Some(finished) => finished.clone(),
            None => {
                let missing = self.missing(&there, |sender| Item::Round2 { sender, recipient: own });
                if !missing.is_empty() {
                    return Ok(waiting(&there, "the message of round 2", missing));
                }
                let mut inbox = Messages::new();
                for sender in self.others() {
                    inbox.push((sender, fetch(place, Item::Round2 { sender, recipient: own }).await?));
                }
                let finished = self.trustee.founding_finish(&self.founding, &inbox)?;
                self.finished.insert(finished).clone()
            }
        };
        self.leave(place, Item::Confirmation(own), &finished.confirmation()).await?;

        let missing = self.missing(&there, Item::Confirmation);
        if !missing.is_empty() {
            return Ok(waiting(&there, "the confirmation of the ring", missing));
        }
        if ![Item::Genesis, Item::Policy, Item::Directory].iter().all(|item| there.contains(item)) {
            return Ok(waiting(&there, "genesis", Vec::new()));
        }
        let (genesis, installed) = self.genesis(place, &finished).await?;
        if !self.signed_before(place, &there, &genesis).await? {
            if consent != Some(genesis.digest()) {
                return Ok(Attended::Consent(Box::new(genesis)));
            }
            let signature = self.trustee.sign_control(genesis.text())?;
            self.leave(place, Item::Signature(own), signature.as_bytes()).await?;
        }

        if !there.contains(&Item::Leaf) {
            let missing = self.missing(&there, Item::Signature);
            let what = if missing.is_empty() { "the signatures of the people" } else { "the signature under genesis" };
            return Ok(waiting(&there, what, missing));
        }
        let leaf = fetch(place, Item::Leaf).await?;
        read_leaf(&leaf, &genesis.digest()).map_err(|reason| TrusteeError::document("leaf 0", reason))?;
        self.trustee.install(&installed)?;
        Ok(Attended::Installed(genesis.digest()))
    }

    /// The broadcasts out of the log, under one checkpoint that the witnesses have cosigned. `None` while the log is not complete.
    async fn recorded(&self, place: &dyn MeetingPlace, now: Timestamp) -> Result<Option<Vec<Vec<u8>>>> {
        let Some(bytes) = place.log().get("checkpoint", MAX_NOTE_BYTES).await.map_err(unavailable)? else {
            return Ok(None);
        };
        let refused = |reason: String| TrusteeError::document("checkpoint of the ceremony's log", reason);
        let signed = SignedCheckpoint::parse(&bytes).map_err(|error| refused(error.to_string()))?;
        let mut tiles = Tiles::new(place.log());
        let step = tiles.step(&Follower::new(), &signed, self.founding.policy(), now, MOST_LEAVES).await;
        let step = step.map_err(|stopped| match stopped.error {
            TrusteeError::JournalUnavailable { path, reason } => unavailable(format!("{path}: {reason}")),
            other => refused(other.to_string()),
        })?;
        if step.checkpoint_size < self.founding.leaves() {
            return Ok(None);
        }
        Ok(Some(self.founding.broadcasts(&step.leaves)?))
    }

    /// Genesis with all that it names, everything checked against what this trustee's own ceremony ended with.
    async fn genesis(&self, place: &dyn MeetingPlace, finished: &Ended) -> Result<(Exact<Genesis>, Installed)> {
        let document = |what: &'static str| move |error: &dyn ToString| TrusteeError::document(what, error.to_string());
        let genesis = Exact::<Genesis>::parse(&fetch(place, Item::Genesis).await?);
        let genesis = genesis.map_err(|error| document("genesis")(&error))?;
        // Genesis is the custodian's: what is wrong with it is no complaint about a party of the ceremony.
        self.founding
            .check_genesis(genesis.value(), &finished.outcomes())
            .map_err(|error| document("genesis")(&error))?;
        let mut confirmations = Vec::new();
        for index in 1..=self.founding.trustees() {
            confirmations.push(fetch(place, Item::Confirmation(index)).await?);
        }
        let (ring, index) = confirmed(&self.founding, finished, &confirmations)?;
        let policy = fetch(place, Item::Policy).await?;
        let directory = fetch(place, Item::Directory).await?;
        let bundle = Bundle::from_document(&policy).map_err(|error| document("policy bundle")(&error))?;
        let read = Exact::<Directory>::parse(&directory).map_err(|error| document("directory")(&error))?;
        if (bundle.digest(), read.digest()) != (genesis.value().policy, genesis.value().directory) {
            return Err(TrusteeError::document("genesis", "names another policy or directory than those handed out"));
        }
        let installed = Installed { genesis: genesis.digest(), policy, directory: read.text().to_owned(), ring, index };
        Ok((genesis, installed))
    }

    /// Whether this trustee's own signature under this very genesis is there: then the owner has agreed before.
    async fn signed_before(
        &self,
        place: &dyn MeetingPlace,
        there: &BTreeSet<Item>,
        genesis: &Exact<Genesis>,
    ) -> Result<bool> {
        let item = Item::Signature(self.trustee.index());
        if !there.contains(&item) {
            return Ok(false);
        }
        let signature = fetch(place, item).await?;
        let member = self.founding.members().iter().find(|member| member.index == self.trustee.index());
        let signature = std::str::from_utf8(&signature).ok();
        Ok(member.zip(signature).is_some_and(|(member, text)| is_signed_by_trustee(genesis.text(), member, text)))
    }

    /// Leaves a message once per attendance; the place keeps it, and a place that lost it is told again at the next attendance.
    async fn leave(&mut self, place: &dyn MeetingPlace, item: Item, bytes: &[u8]) -> Result<()> {
        if self.left.contains(&item) {
            return Ok(());
        }
        match place.put(item, bytes).await {
            Ok(()) => {
                self.left.insert(item);
                Ok(())
            }
            Err(NotTaken::Unavailable(reason)) => Err(unavailable(reason)),
            Err(NotTaken::Refused(reason)) => Err(TrusteeError::NotTaken { item: item.to_string(), reason }),
        }
    }

    /// Tells everybody why this trustee stops. That this succeeds is not needed: the owner reads the error in any case.
    async fn complain(&mut self, place: &dyn MeetingPlace, blames: Option<u16>, reason: String) {
        let own = self.trustee.index();
        let blames = blames.filter(|blamed| *blamed != own);
        let reason: String = reason.chars().take(MOST_REASON).collect();
        let complaint =
            Complaint { v: ComplaintV1, terms: self.founding.terms().digest(), trustee: own, blames, reason };
        let left = match Signed::sign(complaint, &self.trustee.keys.signing) {
            Ok(signed) => self.leave(place, Item::Complaint(own), signed.text().as_bytes()).await,
            Err(error) => Err(TrusteeError::document("complaint", error)),
        };
        if let Err(error) = left {
            tracing::warn!(%error, "the complaint was not left at the meeting place");
        }
    }

    fn others(&self) -> impl Iterator<Item = u16> + use<> {
        let own = self.trustee.index();
        (1..=self.founding.trustees()).filter(move |index| *index != own)
    }

    fn missing(&self, there: &BTreeSet<Item>, item: impl Fn(u16) -> Item) -> Vec<u16> {
        self.others().filter(|index| !there.contains(&item(*index))).collect()
    }
}

/// Most characters of a complaint's reason.
const MOST_REASON: usize = 200;

fn waiting(there: &BTreeSet<Item>, what: &'static str, from: Vec<u16>) -> Attended {
    let complaints = there.iter().filter_map(|item| match item {
        Item::Complaint(index) => Some(*index),
        _ => None,
    });
    Attended::Waiting { what, from, complaints: complaints.collect() }
}

async fn fetch(place: &dyn MeetingPlace, item: Item) -> Result<Vec<u8>> {
    let found = place.get(item).await.map_err(unavailable)?;
    found.ok_or_else(|| unavailable(format!("`{item}` is not there any more")))
}

fn unavailable(reason: String) -> TrusteeError {
    TrusteeError::Meeting(reason)
}
