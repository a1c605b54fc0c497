//! The desk: what it holds, and the one way in which events are appended.

use crate::case_file::CaseFile;
use crate::error::{DeskError, Result};
use crate::ports::{BlastRadius, Journal, Trustee};
use countersign_core::case::{Event, EventRecord, EventV1};
use countersign_core::control::Genesis;
use countersign_core::directory::{Authority, Directory};
use countersign_core::id::{AuthorityId, CaseId, Digest, PersonId};
use countersign_core::json::{Document, Exact};
use countersign_core::time::{Clock, Timestamp};
use countersign_policy::Bundle;
use countersign_seal::kind::{Index, Kind, Sealing};
use countersign_seal::ring::{ConfirmedRing, ShareEpoch};
use countersign_store::{Answered, AppendEvent, DeskStore, NewLeaf, NewOrder, Sigmas, StoredDocument};
use countersign_verify::state::{ControlState, PublishedTotals};
use ed25519_dalek::SigningKey;
use rand_chacha::ChaCha20Rng;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use zeroize::Zeroizing;

/// The custodian's own documents and secrets.
pub struct Custodian {
    /// Leaf 0.
    pub genesis: Exact<Genesis>,
    /// The policy bundle in force.
    pub bundle: Bundle,
    /// The authority directory in force.
    pub directory: Exact<Directory>,
    /// The key ring; none below ladder level L2.
    pub ring: Option<RingFiles>,
    /// The ring that was rotated away, while records that are sealed to it are still read.
    pub former: Option<RingFiles>,
    /// The index ring; none where no client is looked up.
    pub index: Option<RingFiles<Index>>,
    /// Signs requests to trustees.
    pub desk_key: SigningKey,
    /// Keyed digests of matters: the same for all requests of one matter, meaningless outside.
    pub matter_key: Zeroizing<[u8; 32]>,
    /// age recipients of the case officers, to whom raw requests are sealed.
    pub officers: Vec<String>,
}

impl Custodian {
    /// The ring with this id, under which trustees answer.
    ///
    /// # Errors
    /// [`DeskError::Input`] when nothing is answered under it.
    pub(crate) fn ring_of(&self, id: &Digest) -> Result<&RingFiles> {
        self.ring.iter().chain(&self.former).find(|ring| ring.ring.id() == *id).ok_or_else(|| {
            DeskError::Input(format!("nothing is answered under ring {id}: it is neither in force nor the one before"))
        })
    }
}

/// A ring with the exact documents that others need to check it.
pub struct RingFiles<K: Kind = Sealing> {
    /// The ring, confirmed by every trustee.
    pub ring: ConfirmedRing<K>,
    /// Exact texts of the confirmations.
    pub confirmations: Vec<String>,
    /// The verifying shares.
    pub shares: Exact<ShareEpoch>,
}

/// The desk.
pub struct Desk {
    pub(crate) custodian: Custodian,
    pub(crate) store: Arc<dyn DeskStore>,
    pub(crate) sigmas: Arc<dyn Sigmas>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) trustees: Vec<Arc<dyn Trustee>>,
    pub(crate) blast: Arc<dyn BlastRadius>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Held while a client is erased, held or let go of a hold: one act after the other.
    pub(crate) retention: tokio::sync::Mutex<()>,
    /// Held while records of restrictions are read and continued: one after the other.
    pub(crate) restrictions: tokio::sync::Mutex<()>,
    /// Held while the queue or a reading on its way is changed: one after the other.
    pub(crate) queue: tokio::sync::Mutex<()>,
    /// Held while a question is asked of the chain: budgets are counted one after the other.
    pub(crate) tracing: tokio::sync::Mutex<()>,
    control: RwLock<ControlState>,
    rng: Mutex<ChaCha20Rng>,
}

/// What one event brings along.
#[derive(Default)]
pub(crate) struct Attached {
    pub(crate) documents: Vec<StoredDocument>,
    pub(crate) leaves: Vec<NewLeaf>,
    pub(crate) order: Option<NewOrder>,
    pub(crate) answered: Option<Answered>,
}

/// Everything outside the desk that it works with.
pub struct Surroundings {
    /// The register, cases, orders.
    pub store: Arc<dyn DeskStore>,
    /// The sigma secrets.
    pub sigmas: Arc<dyn Sigmas>,
    /// The running log.
    pub journal: Arc<dyn Journal>,
    /// The trustees, in the order in which they are asked.
    pub trustees: Vec<Arc<dyn Trustee>>,
    /// The blast radius.
    pub blast: Arc<dyn BlastRadius>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// A generator seeded from the operating system.
    pub rng: ChaCha20Rng,
}

impl Desk {
    /// A desk over its surroundings. `control` is the state folded from the custodian's own journal.
    pub fn new(custodian: Custodian, control: ControlState, surroundings: Surroundings) -> Self {
        let Surroundings { store, sigmas, journal, trustees, blast, clock, rng } = surroundings;
        Self {
            custodian,
            store,
            sigmas,
            journal,
            trustees,
            blast,
            clock,
            retention: tokio::sync::Mutex::new(()),
            restrictions: tokio::sync::Mutex::new(()),
            queue: tokio::sync::Mutex::new(()),
            tracing: tokio::sync::Mutex::new(()),
            control: RwLock::new(control),
            rng: Mutex::new(rng),
        }
    }

    /// The custodian's documents.
    pub fn custodian(&self) -> &Custodian {
        &self.custodian
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn DeskStore> {
        &self.store
    }

    /// The journal.
    pub fn journal(&self) -> &Arc<dyn Journal> {
        &self.journal
    }

    /// How many people a selector would expose.
    pub fn blast(&self) -> &Arc<dyn BlastRadius> {
        &self.blast
    }

    /// The trustees.
    pub fn trustees(&self) -> &[Arc<dyn Trustee>] {
        &self.trustees
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The present time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The control state this desk works by.
    pub fn control(&self) -> ControlState {
        self.control.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last daily totals that stand in the journal.
    pub fn totals(&self) -> Option<PublishedTotals> {
        self.control.read().unwrap_or_else(PoisonError::into_inner).totals().cloned()
    }

    /// Replaces the control state after more control leaves were folded.
    pub fn set_control(&self, control: ControlState) {
        *self.control.write().unwrap_or_else(PoisonError::into_inner) = control;
    }

    /// The directory's entry of an authority.
    ///
    /// # Errors
    /// [`DeskError::NotFound`].
    pub fn authority(&self, id: &AuthorityId) -> Result<&Authority> {
        self.custodian.directory.value().get(id).ok_or_else(|| DeskError::not_found("authority in the directory", id))
    }

    pub(crate) fn rng(&self) -> MutexGuard<'_, ChaCha20Rng> {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends one event to a case (`None` opens a new one) with everything that belongs to it, in one transaction.
    pub(crate) async fn append(
        &self,
        file: Option<&CaseFile>,
        case: CaseId,
        by: &PersonId,
        event: Event,
        attached: Attached,
    ) -> Result<()> {
        let at = self.now();
        match file {
            None => {
                countersign_core::case::Stage::open(&event)?;
            }
            Some(file) => {
                file.life().after(&event, at)?;
            }
        }
        let last = file.and_then(|file| file.events.last());
        let record = Exact::write(EventRecord {
            v: EventV1,
            case,
            number: last.map_or(0, |last| last.value().number + 1),
            previous: last.map(Exact::digest),
            at,
            by: by.clone(),
            event,
        })?;
        let Attached { documents, leaves, order, answered } = attached;
        self.store.append(AppendEvent { record, documents, leaves, order, answered }).await?;
        Ok(())
    }
}

/// A document of ours as the store keeps it.
pub(crate) fn stored<T: Document>(kind: &str, document: &Exact<T>) -> StoredDocument {
    StoredDocument { digest: document.digest(), kind: kind.to_owned(), bytes: document.bytes().to_vec() }
}

/// A digest under a key that never leaves the custodian: HMAC-SHA-256 over a label and parts, each with its length.
pub(crate) fn keyed_digest(key: &[u8; 32], label: &str, parts: &[&[u8]]) -> Result<Digest> {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = <Hmac<sha2::Sha256> as KeyInit>::new_from_slice(key).map_err(DeskError::internal)?;
    for part in std::iter::once(&label.as_bytes()).chain(parts) {
        mac.update(&(part.len() as u64).to_le_bytes());
        mac.update(part);
    }
    Ok(Digest(mac.finalize().into_bytes().into()))
}
