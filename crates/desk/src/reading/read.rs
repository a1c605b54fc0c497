//! Asking the trustees for a reading: the order's leaf is public first, and for break-glass has been for its ten minutes.

use super::{Documents, Pending};
use crate::asking::{Expected, PATIENCE, Said};
use crate::desk::Desk;
use crate::error::{DeskError, Result};
use crate::leaves::{leaf, of_fields};
use crate::register::opened_record;
use countersign_core::class::{Class, ClassSet};
use countersign_core::id::OrderId;
use countersign_core::json::Exact;
use countersign_core::leaf::LeafKind;
use countersign_core::order::Order;
use countersign_core::time::Timestamp;
use countersign_log::PublicProof;
use countersign_seal::record::SealedRecord;
use countersign_seal::sigma::{ClassSigma, Sigma};
use countersign_verify::order_leaf::order_leaf_fields;
use countersign_verify::wire::{LeafEvidence, ReleaseRequest, RequestV1, Signed};
use std::collections::BTreeMap;

/// What came of asking.
pub enum Asked {
    /// The order is public, and trustees answer from then on unless somebody vetoes.
    Waiting {
        /// Index of the order's leaf.
        index: u64,
        /// From when.
        until: Timestamp,
    },
    /// Enough trustees answered.
    Answered(Box<ForReader>),
}

/// What the agent's terminal needs: nobody without the agent's key can read it.
pub struct ForReader {
    /// The order.
    pub order: Exact<Order>,
    /// Its records.
    pub records: Vec<ReadableRecord>,
    /// What each trustee asked said; encrypted replies to the agent's key among it.
    pub said: Vec<Said>,
}

/// One record with what opens beside the trustees' replies.
pub struct ReadableRecord {
    /// The record.
    pub record: SealedRecord,
    /// Classes of the order.
    pub classes: ClassSet,
    /// The second factor of exactly these classes; none when the client is erased.
    pub sigmas: BTreeMap<Class, ClassSigma>,
}

impl Desk {
    /// Makes a signed reading public and asks as many trustees as are needed. Asked again, trustees give the same answers.
    ///
    /// # Errors
    /// [`DeskError::Trustees`] with their codes when fewer than t answer; [`DeskError::Journal`] when no quorum of witnesses
    /// can be had: then nobody is asked.
    pub async fn ask_reading(&self, id: &OrderId) -> Result<Asked> {
        let _turn = self.queue.lock().await;
        let mut pending = self.pending_reading(id).await?;
        let documents = self.reading_documents(&pending).await?;
        let key = self.reading_leaf(id, &mut pending, &documents.order).await?;
        let public = self.journal.public(&key).await.map_err(DeskError::Journal)?;
        let since = match &pending.seasoned {
            Some((_, since)) => *since,
            None => {
                let since = witnessed(&public);
                pending.seasoned = Some((public.proof().to_string(), since));
                self.keep_pending(id, &pending).await?;
                since
            }
        };
        let waiting = documents.reading.value().lane.waiting_time();
        let until = since.plus(waiting);
        if waiting > 0 && self.now() < until {
            return Ok(Asked::Waiting { index: public.included().index, until });
        }
        self.watch_honey(&documents.order, documents.reading.value(), documents.manifest.value()).await?;
        let evidence = self.reading_evidence(&key, &pending, waiting > 0).await?;
        let said = self.ask_for_reading(&documents, &evidence).await?;
        let (answered, needed) = (said.iter().filter(|said| said.reply.is_some()).count(), self.threshold()?);
        if answered < needed {
            let refusals = said.iter().filter(|said| said.reply.is_none());
            let refusals = refusals.map(|said| format!("trustee {}: {}", said.trustee, said.summary)).collect();
            return Err(DeskError::Trustees { answered, needed, refusals });
        }
        let records = self.readable(&documents).await?;
        Ok(Asked::Answered(Box::new(ForReader { order: documents.order, records, said })))
    }

    /// Key of the order's leaf. It is kept before the leaf is made, so a process that dies between makes the leaf once.
    async fn reading_leaf(&self, id: &OrderId, pending: &mut Pending, order: &Exact<Order>) -> Result<[u8; 32]> {
        let key = match pending.leaf {
            Some(key) => key,
            None => {
                let key = self.leaf_key();
                pending.leaf = Some(key);
                self.keep_pending(id, pending).await?;
                key
            }
        };
        if self.store.disclosures_of(key.as_bytes()).await?.is_none() {
            let made = of_fields(LeafKind::Order, self.now(), &order_leaf_fields(order), &mut *self.rng())?;
            let made = countersign_store::NewLeaf { key: *key.as_bytes(), ..made };
            self.store.append_leaves(Vec::new(), vec![made]).await?;
        }
        Ok(*key.as_bytes())
    }

    /// The order's leaf with its proofs. After a wait the journal has to be shown as it stands now: something new is appended,
    /// so that the witnesses cosign again.
    async fn reading_evidence(&self, key: &[u8; 32], pending: &Pending, waited: bool) -> Result<LeafEvidence> {
        if waited {
            let dummy = leaf(LeafKind::Dummy, self.now(), Vec::new(), &mut *self.rng())?;
            let newest = dummy.key;
            self.store.append_leaves(Vec::new(), vec![dummy]).await?;
            self.journal.public(&newest).await.map_err(DeskError::Journal)?;
        } else {
            self.journal.refresh().await.map_err(DeskError::Journal)?;
        }
        let public = self.journal.public(key).await.map_err(DeskError::Journal)?;
        let disclosures = self.store.disclosures_of(key).await?.map(|found| found.list).unwrap_or_default();
        Ok(LeafEvidence {
            leaf: String::from_utf8(public.leaf().to_vec()).map_err(DeskError::internal)?,
            disclosures,
            proof: public.proof().to_string(),
            seasoned: pending.seasoned.as_ref().map(|(proof, _)| proof.clone()),
        })
    }

    async fn ask_for_reading(&self, documents: &Documents, evidence: &LeafEvidence) -> Result<Vec<Said>> {
        let order = &documents.order;
        let ring = self.custodian.ring_of(&order.value().ring)?;
        let expected = Expected {
            order: order.digest(),
            ring: ring.ring.id(),
            share_epoch: ring.shares.value().epoch,
            records: order.value().scope.records,
            recipient: documents.reading.value().key.clone(),
            // Each trustee counts what it answers itself: an agent gets the whole budget only when they take turns.
            first: usize::from(order.value().id.as_bytes().first().copied().unwrap_or_default()),
        };
        let headers = self.headers(documents.manifest.value()).await?;
        self.gather(&expected, self.threshold()?, PATIENCE, |trustee| {
            let request = ReleaseRequest {
                v: RequestV1,
                custodian: self.custodian.genesis.value().custodian.id,
                trustee,
                at: self.now(),
                ring: expected.ring,
                share_epoch: expected.share_epoch,
                order: order.text().to_owned(),
                facts: documents.reading.text().to_owned(),
                manifest: documents.manifest.text().to_owned(),
                approvals: documents.signed.clone(),
                leaf: evidence.clone(),
                delay: None,
                headers: headers.clone(),
                binding: None,
                standing: None,
            };
            let signed = Signed::sign(request, &self.custodian.desk_key)?;
            Ok(signed.text().as_bytes().to_vec())
        })
        .await
    }

    async fn readable(&self, documents: &Documents) -> Result<Vec<ReadableRecord>> {
        let mut records = Vec::new();
        for entry in &documents.manifest.value().entries {
            let stored = self.store.record(&entry.record).await?;
            let stored = stored.ok_or_else(|| DeskError::not_found("record", entry.record))?;
            let record = opened_record(&stored).map_err(DeskError::internal)?;
            let (handle, u) = (record.label().head().handle, *record.capsule().header.u().bytes());
            let sigma = self.sigmas.sigma(&handle).await?.map(|sigma| Sigma::from_bytes(*sigma));
            let of_class =
                |sigma: Sigma| entry.classes.iter().map(|class| (class, sigma.of_class(class, &u))).collect();
            let sigmas = sigma.map(of_class).unwrap_or_default();
            records.push(ReadableRecord { record, classes: entry.classes.clone(), sigmas });
        }
        Ok(records)
    }
}

/// The time of the witness quorum under which a leaf was shown to be public.
fn witnessed(public: &PublicProof) -> Timestamp {
    let time = i64::try_from(public.included().witnessed.quorum_time).ok();
    time.and_then(Timestamp::from_unix).unwrap_or(Timestamp::MAX)
}
