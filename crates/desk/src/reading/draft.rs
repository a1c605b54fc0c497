//! Drafting a reading: what the agent signs.

use super::{Documents, Pending};
use crate::case_file::kind;
use crate::desk::{Desk, stored};
use crate::error::{DeskError, Result};
use crate::opening::latest_opening;
use crate::scope::granted;
use base64ct::{Base64, Encoding};
use countersign_core::case::case_commitment;
use countersign_core::class::ClassSet;
use countersign_core::id::{AuthorityId, CaseId, Digest, Handle, OrderId, PersonId, Salt};
use countersign_core::json::Exact;
use countersign_core::order::{
    Instrument, InstrumentRef, Kind, Mode, Order, OrderV1, Recipient, Scope, salted_request_digest,
};
use countersign_core::reading::{DAILY_OPERATION, Lane, Reading, ReadingV1, Reason};
use countersign_seal::transport::TransportKey;
use countersign_store::StoredDocument;
use rand_core::Rng;

/// What a reading is about.
#[derive(Debug, Clone)]
pub enum About {
    /// A case that the queue has assigned to the agent.
    Ticket(CaseId),
    /// A client who is present and will consent.
    Present(Handle, Reason),
    /// Clients about whom nobody can wait.
    BreakGlass(Vec<Handle>, Reason),
}

/// A reading that an agent asks for.
#[derive(Debug, Clone)]
pub struct NewReading {
    /// Who reads.
    pub agent: PersonId,
    /// The agent's X-Wing public key.
    pub key: TransportKey,
    /// What about.
    pub about: About,
    /// Which classes.
    pub classes: ClassSet,
}

/// A drafted reading: everybody signs the digest of the order.
pub struct Drafted {
    /// The order.
    pub order: Exact<Order>,
    /// Its facts.
    pub reading: Exact<Reading>,
}

impl Desk {
    /// Drafts a reading. Nothing is public, and nobody is asked, before it is signed and asked for ([`ask_reading`](Self::ask_reading)).
    ///
    /// # Errors
    /// [`DeskError::Refused`] for somebody who is no agent, or a case that is not the agent's; [`DeskError::Input`] when the key
    /// is not the one of the roster, or nothing of these classes exists.
    pub async fn draft_reading(&self, new: NewReading) -> Result<Drafted> {
        let agent = self.agent(&new.agent)?;
        if agent.reader != Some(new.key.digest()) {
            return Err(DeskError::Input(format!("the key is not the reader's key of `{}` in the roster", new.agent)));
        }
        if self.custodian.ring.is_none() {
            return Err(DeskError::Input(
                "this custodian has no sealed register (ladder level L0): there is nothing to read".into(),
            ));
        }
        let (lane, subjects, case, salt, reason) = match &new.about {
            About::Ticket(case) => {
                let ticket = self.ticket_of(case, &new.agent).await?;
                (Lane::Case, ticket.subjects, ticket.case, ticket.salt, ticket.reason)
            }
            About::Present(client, reason) => {
                let (case, salt) = (CaseId(self.random()), Salt(self.random()));
                (Lane::ClientPresent, vec![*client], case, salt, *reason)
            }
            About::BreakGlass(clients, reason) => {
                let (case, salt) = (CaseId(self.random()), Salt(self.random()));
                (Lane::BreakGlass, clients.clone(), case, salt, *reason)
            }
        };
        let manifest = self.manifest(&subjects, &new.classes).await?;
        let ring = self.ring_of(&manifest).await?;
        let handles = granted(&manifest)?;
        let reading = Exact::write(Reading {
            v: ReadingV1,
            case: case_commitment(&salt, &case),
            lane,
            agent: new.agent,
            reason,
            key: Base64::encode_string(new.key.bytes()),
        })?;
        let now = self.now();
        let expires = now.plus(lane.max_lifetime());
        let order = Exact::write(Order {
            v: OrderV1,
            id: OrderId(self.random()),
            custodian: self.custodian.genesis.value().custodian.id,
            case: reading.value().case,
            kind: Kind::Read,
            authority: AuthorityId::parse(DAILY_OPERATION)?,
            instrument: InstrumentRef {
                form: Instrument::Informal,
                request: salted_request_digest(&salt, case.as_bytes()),
            },
            policy: self.custodian.bundle.digest(),
            facts: reading.digest(),
            scope: Scope {
                manifest: manifest.root().map_err(DeskError::internal)?,
                subjects: u32::try_from(handles.len()).map_err(DeskError::internal)?,
                records: u32::try_from(manifest.entries.len()).map_err(DeskError::internal)?,
                classes: manifest.classes(),
                from: None,
                to: None,
            },
            recipient: Recipient { mode: Mode::Reviewer, key: new.key.digest() },
            not_before: now,
            expires,
            latest_opening: latest_opening(expires),
            delay: None,
            notice_due: None,
            ring,
        })?;
        let documents = Documents { manifest: Exact::write(manifest)?, signed: Vec::new(), order, reading };
        self.keep_draft(&documents).await?;
        Ok(Drafted { order: documents.order, reading: documents.reading })
    }

    async fn keep_draft(&self, documents: &Documents) -> Result<()> {
        let Documents { order, reading, manifest, .. } = documents;
        let pending = Pending {
            order: order.digest(),
            reading: reading.digest(),
            manifest: order.value().scope.manifest,
            leaf: None,
            seasoned: None,
            signed: Vec::new(),
        };
        let stored = vec![
            stored(kind::ORDER, order),
            stored(kind::READING, reading),
            // The manifest is found by the root that the order names.
            StoredDocument { digest: pending.manifest, ..stored(kind::MANIFEST, manifest) },
        ];
        self.store.append_leaves(stored, Vec::new()).await?;
        self.keep_pending(&order.value().id, &pending).await
    }

    pub(super) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng().fill_bytes(&mut bytes);
        bytes
    }

    /// The digest that everybody signs, and what the reading says.
    ///
    /// # Errors
    /// [`DeskError::NotFound`].
    pub async fn drafted_reading(&self, id: &OrderId) -> Result<Drafted> {
        let pending = self.pending_reading(id).await?;
        let documents = self.reading_documents(&pending).await?;
        Ok(Drafted { order: documents.order, reading: documents.reading })
    }

    /// The leaf key of a reading.
    pub(super) fn leaf_key(&self) -> Digest {
        Digest(crate::leaves::key(self.now(), &mut *self.rng()))
    }
}
