//! What a trustee works with: a copy of what its database holds, never ahead of it.

use crate::ceremony::share_file;
use crate::database::Database;
use crate::documents::Documents;
use crate::duress;
use crate::error::{Result, TrusteeError};
use crate::trustee::Trustee;
use crate::vault::Vault;
use countersign_core::control::RingRef;
use countersign_core::directory::Directory;
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_policy::Bundle;
use countersign_seal::identity::IdentityKey;
use countersign_seal::kind::{Index, Kind, Sealing};
use countersign_seal::ring::{ConfirmedRing, DealerRings, VerifyingShares};
use countersign_seal::share::{IndexShare, SealingShare, Share};
use countersign_tlog::follow::Follower;
use countersign_tlog::leaf::ControlLeaf;
use countersign_verify::duress::Letters;
use countersign_verify::ledger::Ledger;
use countersign_verify::state::{ControlState, InForce, JournalView};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The trustee's memory.
pub(crate) struct Memory {
    pub(crate) database: Database,
    /// Rises with every transaction; another program that wrote is noticed by it.
    pub(crate) generation: i64,
    pub(crate) folded: Option<Folded>,
    pub(crate) ledger: Ledger,
    /// What approvers have told.
    pub(crate) letters: Letters,
    /// Cases that are pending, and until when.
    pub(crate) pending: BTreeMap<Digest, Timestamp>,
    /// What was in force at the last answer, read and checked.
    pub(crate) held: Option<Arc<Held>>,
    /// As `held`, with the ring that was rotated away and is still read.
    pub(crate) held_former: Option<Arc<Held>>,
    /// As `held`, of the index ring. Apart from it: what the index lacks must not stop the answers to orders.
    pub(crate) held_index: Option<Arc<HeldIndex>>,
}

/// What was made of the journal.
#[derive(Clone)]
pub(crate) struct Folded {
    pub(crate) control: ControlState,
    pub(crate) journal: JournalView,
    pub(crate) follower: Follower,
}

/// The documents in force, and the share that belongs to them.
pub(crate) struct Held {
    pub(crate) bundle: Bundle,
    pub(crate) directory: Exact<Directory>,
    pub(crate) ring: ConfirmedRing,
    pub(crate) shares: VerifyingShares,
    pub(crate) share: SealingShare,
}

/// What belongs to the index ring in force.
pub(crate) struct HeldIndex {
    pub(crate) ring: ConfirmedRing<Index>,
    pub(crate) shares: VerifyingShares<Index>,
    pub(crate) share: IndexShare,
}

impl Trustee {
    /// Takes the memory out of its slot, or reads it again when there is none or another program has written.
    ///
    /// Whoever takes it puts it back only when it is still right; dropped, it is read again next time.
    pub(crate) async fn load(&self, kept: Option<Memory>) -> Result<Memory> {
        if let Some(memory) = kept
            && memory.database.generation().await? == memory.generation
        {
            return Ok(memory);
        }
        let database = Database::open(&self.database, Arc::clone(&self.keys.log)).await?;
        self.log.check_not_ahead(&database).await?;
        let stored = database.load().await?;
        let mut memory = Memory {
            database,
            generation: stored.generation,
            folded: None,
            ledger: stored.ledger,
            letters: Letters::default(),
            pending: stored.pending,
            held: None,
            held_former: None,
            held_index: None,
        };
        let Some(pinned) = self.documents.pinned()? else {
            return Ok(memory);
        };
        memory.letters = duress::kept(&stored.letters, &pinned, &self.keys.transport)?;
        let mut control: Option<ControlState> = None;
        for (index, bytes, witnessed) in &stored.control {
            let leaf = ControlLeaf::parse(bytes)
                .map_err(|error| TrusteeError::damaged(format!("control leaf {index}"), error))?;
            match &mut control {
                None => {
                    let begun = ControlState::begin(&leaf, Some(&pinned));
                    control = Some(begun.map_err(|error| TrusteeError::damaged("control leaf 0", error))?);
                }
                Some(control) => control.fold(*index, &leaf, *witnessed),
            }
        }
        let mut journal = JournalView::default();
        for (size, root) in stored.roots {
            journal.grew(size, root);
        }
        if let Some(control) = control {
            if (journal.size(), journal.root()) != (stored.frontier.size(), Some(stored.frontier.root())) {
                return Err(TrusteeError::damaged("the folded journal", "its last root is not that of its frontier"));
            }
            memory.folded = Some(Folded { control, journal, follower: Follower::at(stored.frontier) });
        }
        Ok(memory)
    }

    /// Looks at the memory.
    pub(crate) async fn with_memory<T>(&self, look: impl FnOnce(&Memory) -> T) -> Result<T> {
        let mut slot = self.memory.lock().await;
        let memory = self.load(slot.take()).await?;
        let seen = look(&memory);
        *slot = Some(memory);
        Ok(seen)
    }
}

impl Memory {
    /// Refuses when another program has written since this was read.
    pub(crate) async fn still_holds(&self) -> Result<()> {
        if self.database.generation().await? == self.generation { Ok(()) } else { Err(TrusteeError::Overtaken) }
    }

    /// The journal as folded.
    pub(crate) fn folded(&self) -> Result<&Folded> {
        self.folded.as_ref().ok_or_else(|| TrusteeError::NotReady("the journal was not read yet".into()))
    }

    /// Reads and checks what is in force now, unless it is the same as before.
    pub(crate) fn hold(
        &mut self,
        trustee: u16,
        documents: &Documents,
        vault: &Vault,
        now: Timestamp,
    ) -> Result<Arc<Held>> {
        let control = &self.folded()?.control;
        let state = control.at(now);
        let in_force = state.ring().ok_or_else(|| TrusteeError::NotReady("no ring is in force".into()))?;
        if let Some(held) = self.held.as_ref().filter(|held| held.is_in_force(&state, in_force)) {
            return Ok(Arc::clone(held));
        }
        let held = Arc::new(Held::read(trustee, &state, in_force, documents, vault)?);
        self.held = Some(Arc::clone(&held));
        Ok(held)
    }

    /// As [`hold`](Self::hold), for the ring that a request names; `None` unless it is the one that was rotated away and is
    /// still read. Apart from what is in force, so that orders under the new keys are answered whatever is missing of the old.
    pub(crate) fn hold_former(
        &mut self,
        trustee: u16,
        ring: &Digest,
        documents: &Documents,
        vault: &Vault,
        now: Timestamp,
    ) -> Result<Option<Arc<Held>>> {
        let state = self.folded()?.control.at(now);
        let Some(former) = state.former_ring().filter(|former| former.id == *ring) else { return Ok(None) };
        if let Some(held) = self.held_former.as_ref().filter(|held| held.is_in_force(&state, former)) {
            return Ok(Some(Arc::clone(held)));
        }
        let held = Arc::new(Held::read(trustee, &state, former, documents, vault)?);
        self.held_former = Some(Arc::clone(&held));
        Ok(Some(held))
    }

    /// As [`hold`](Self::hold), for the index ring.
    pub(crate) fn hold_index(
        &mut self,
        trustee: u16,
        documents: &Documents,
        vault: &Vault,
        now: Timestamp,
    ) -> Result<Arc<HeldIndex>> {
        let control = &self.folded()?.control;
        let state = control.at(now);
        let in_force = state.index_ring().ok_or_else(|| TrusteeError::NotReady("no index ring is in force".into()))?;
        let same = |held: &&Arc<HeldIndex>| (held.ring.id(), held.shares.digest()) == (in_force.id, in_force.shares);
        if let Some(held) = self.held_index.as_ref().filter(same) {
            return Ok(Arc::clone(held));
        }
        let (ring, shares, share) = read_ring::<Index>(trustee, &state, in_force, documents, vault)?;
        let held = Arc::new(HeldIndex { ring, shares, share });
        self.held_index = Some(Arc::clone(&held));
        Ok(held)
    }
}

impl Held {
    fn is_in_force(&self, state: &InForce, ring: &RingRef) -> bool {
        self.bundle.digest() == state.policy()
            && self.directory.digest() == state.directory()
            && (ring.id, ring.shares) == (self.ring.id(), self.shares.digest())
    }

    fn read(trustee: u16, state: &InForce, ring: &RingRef, documents: &Documents, vault: &Vault) -> Result<Self> {
        let bundle =
            documents.policy(&state.policy())?.ok_or_else(|| not_installed("policy bundle", state.policy()))?;
        let directory =
            documents.directory(&state.directory())?.ok_or_else(|| not_installed("directory", state.directory()))?;
        let (ring, shares, share) = read_ring::<Sealing>(trustee, state, ring, documents, vault)?;
        Ok(Self { bundle, directory, ring, shares, share })
    }
}

/// A ring in force, or named by a change, its verifying shares and the trustee's own share, each checked against the others.
pub(crate) fn read_ring<K: Kind>(
    trustee: u16,
    state: &InForce,
    in_force: &RingRef,
    documents: &Documents,
    vault: &Vault,
) -> Result<(ConfirmedRing<K>, VerifyingShares<K>, Share<K>)> {
    let (ring, shares) = read_shares(state, in_force, documents)?;
    let name = share_file(in_force.id, in_force.share_epoch, &in_force.shares);
    let stored = vault.read(&name)?.ok_or_else(|| not_installed("share of the ring", in_force.id))?;
    let share = Share::decode(&stored).map_err(|error| TrusteeError::damaged(&name, error))?;
    share.check(&shares).map_err(|error| TrusteeError::damaged(&name, error))?;
    if share.trustee() != trustee {
        return Err(TrusteeError::damaged(&name, "it is the share of another trustee"));
    }
    Ok((ring, shares, share))
}

/// The public part of it: the ring, confirmed by those who made it, and its verifying shares.
pub(crate) fn read_shares<K: Kind>(
    state: &InForce,
    in_force: &RingRef,
    documents: &Documents,
) -> Result<(ConfirmedRing<K>, VerifyingShares<K>)> {
    let (ring, confirmations) = documents.ring(&in_force.id)?.ok_or_else(|| not_installed("ring", in_force.id))?;
    let makers = state.makers_of(&in_force.id).iter();
    let makers: Vec<IdentityKey> = makers.filter_map(|member| IdentityKey::from_digest(&member.identity)).collect();
    let ring = ConfirmedRing::new(ring, &confirmations, &makers, DealerRings::Refuse)
        .map_err(|error| TrusteeError::document("ring in force", error))?;
    let epoch = documents.shares(&in_force.shares)?.ok_or_else(|| not_installed("share epoch", in_force.shares))?;
    let shares =
        VerifyingShares::new(&ring, &epoch).map_err(|error| TrusteeError::document("share epoch in force", error))?;
    Ok((ring, shares))
}

fn not_installed(what: &str, digest: Digest) -> TrusteeError {
    TrusteeError::NotReady(format!("{what} `{digest}` is in force and not installed here"))
}
