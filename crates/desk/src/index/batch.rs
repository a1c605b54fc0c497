//! One batch of an enrolment, from blinds to posting lists. A batch that was begun is finished with the same elements, whatever happens
//! in between: trustees evaluate a record once, and the same request gets the same answer.

use super::ask::Asking;
use crate::desk::Desk;
use crate::error::{DeskError, Result};
use crate::leaves::of_fields;
use countersign_core::id::OrderId;
use countersign_core::id::{Digest, Handle, RecordId};
use countersign_core::json::Exact;
use countersign_core::leaf::LeafKind;
use countersign_core::lookup::{
    Lookup, LookupV1, MAX_EVALUATIONS, MAX_LOOKUP_LIFETIME, Purpose, blinded_digest, records_digest,
};
use countersign_seal::group::Element;
use countersign_seal::kind::{Attribute, Slot};
use countersign_seal::normal::Normal;
use countersign_seal::oprf::{Blind, Token, blind};
use countersign_seal::posting::{List, PostingError};
use countersign_store::{Batch, NewPosting, Sigma};
use countersign_verify::lookup::lookup_leaf_fields;
use countersign_verify::wire::{HexBytes, SealedHeader};
use rand_core::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use zeroize::Zeroizing;

/// Values of one batch: as many as one evaluation takes.
pub(super) const BATCH: usize = MAX_EVALUATIONS as usize;

/// Threads that blind and finalize one batch.
const THREADS: usize = 2;

/// One value that enters the index.
#[derive(Clone)]
pub(super) struct Entering {
    pub(super) record: RecordId,
    pub(super) handle: Handle,
    pub(super) sealed: SealedHeader,
    pub(super) value: Normal,
}

impl Entering {
    pub(super) fn new(record: countersign_store::ImportedRecord, value: Normal) -> Self {
        let sealed = SealedHeader { label: HexBytes(record.label), header: HexBytes(record.header.to_vec()) };
        Self { record: record.record, handle: record.handle, sealed, value }
    }
}

impl Desk {
    /// Begins a batch and finishes it; returns how many values could not be listed because too many clients share them.
    pub(super) async fn enrol(&self, import: &Digest, attribute: Attribute, entering: Vec<Entering>) -> Result<u64> {
        let mut seed: Sigma = Zeroizing::new([0; 32]);
        let id = {
            let mut rng = self.rng();
            rng.fill_bytes(seed.as_mut_slice());
            let mut id = [0; 16];
            rng.fill_bytes(&mut id);
            OrderId(id)
        };
        let blinded = blinded(&seed, entering.clone()).await?;
        let now = self.now();
        let lookup = Exact::write(Lookup {
            v: LookupV1,
            id,
            custodian: self.custodian.genesis.value().custodian.id,
            ring: self.index_key(attribute)?.ring.id(),
            attribute: attribute.as_str().to_owned(),
            purpose: Purpose::Enrol { records: records_digest(entering.iter().map(|one| one.record.as_bytes())) },
            count: u32::try_from(entering.len()).map_err(DeskError::internal)?,
            blinded: blinded_digest(blinded.iter().map(Element::bytes)),
            not_before: now,
            expires: now.plus(MAX_LOOKUP_LIFETIME),
        })?;
        let leaf = of_fields(LeafKind::Lookup, now, &lookup_leaf_fields(&lookup), &mut *self.rng())?;
        let batch = Batch {
            lookup: lookup.digest(),
            attribute: Slot::Attribute(attribute).number(),
            import: *import,
            document: lookup.bytes().to_vec(),
            leaf: leaf.key,
            records: entering.iter().map(|one| one.record).collect(),
        };
        // The seed first: without it a batch that was begun can never be finished, and its records never enter.
        self.sigmas.put_sigmas(&[(seed_name(&batch.lookup), seed.clone())]).await?;
        self.store.begin_batch(batch.clone(), leaf, now).await?;
        self.finish_enrolment(&batch, &lookup, attribute, entering, blinded, &seed).await
    }

    /// Goes on with a batch that was begun; `None` when it has expired: then it was given up, and its records may begin anew.
    pub(super) async fn resume(
        &self,
        batch: &Batch,
        attribute: Attribute,
        entering: Vec<Entering>,
    ) -> Result<Option<u64>> {
        let lookup = Exact::<Lookup>::parse(&batch.document)?;
        let seed = self.sigmas.sigma(&seed_name(&batch.lookup)).await?;
        let same_ring = self.index_key(attribute)?.ring.id() == lookup.value().ring;
        let Some(seed) = seed.filter(|_| same_ring && self.now() <= lookup.value().expires) else {
            self.store.give_up(&batch.lookup).await?;
            self.sigmas.delete_sigma(&seed_name(&batch.lookup)).await?;
            return Ok(None);
        };
        let blinded = blinded(&seed, entering.clone()).await?;
        if blinded_digest(blinded.iter().map(Element::bytes)) != lookup.value().blinded {
            return Err(DeskError::Input(
                "the file does not hold the values with which this enrolment was begun: give the file that was imported".into(),
            ));
        }
        self.finish_enrolment(batch, &lookup, attribute, entering, blinded, &seed).await.map(Some)
    }

    /// Forgets the blinds of the batch that was finished last: a kill may have come in between.
    pub(super) async fn forget_blinds(&self) -> Result<()> {
        if let Some(lookup) = self.store.last_finished().await? {
            self.sigmas.delete_sigma(&seed_name(&lookup)).await?;
        }
        Ok(())
    }

    async fn finish_enrolment(
        &self,
        batch: &Batch,
        lookup: &Exact<Lookup>,
        attribute: Attribute,
        entering: Vec<Entering>,
        blinded: Vec<Element>,
        seed: &Sigma,
    ) -> Result<u64> {
        let asking = Asking {
            lookup,
            attribute,
            approval: None,
            leaf: batch.leaf,
            blinded: &blinded,
            records: entering.iter().map(|one| one.sealed.clone()).collect(),
        };
        let (combined, _) = self.evaluate_blinded(&asking).await?;
        let lists = lists(seed, entering, combined).await?;
        let (postings, crowded) = self.postings(lists).await?;
        self.store.finish_batch(&batch.lookup, postings, self.now()).await?;
        self.sigmas.delete_sigma(&seed_name(&batch.lookup)).await?;
        Ok(crowded)
    }

    /// The lists as they are to be kept: those that are there with the new handles in them.
    async fn postings(&self, lists: Vec<(List, Handle)>) -> Result<(Vec<NewPosting>, u64)> {
        let mut by_name: BTreeMap<[u8; 16], (List, Vec<Handle>)> = BTreeMap::new();
        for (list, handle) in lists {
            by_name.entry(list.name()).or_insert_with(|| (list, Vec::new())).1.push(handle);
        }
        let names: Vec<[u8; 16]> = by_name.keys().copied().collect();
        let kept = self.store.postings(&names).await?;
        let (mut postings, mut crowded) = (Vec::with_capacity(names.len()), 0);
        for ((name, (list, new)), before) in by_name.into_iter().zip(kept) {
            let mut handles = match &before {
                None => BTreeSet::new(),
                Some(sealed) => list.open(sealed).map_err(|error| DeskError::internal(damaged(&error)))?,
            };
            let added = new.len() as u64;
            handles.extend(new);
            let mut salt = [0; 32];
            self.rng().fill_bytes(&mut salt);
            match list.seal(&handles, &salt) {
                Ok(sealed) => postings.push(NewPosting { name, before, sealed }),
                // More clients than a list holds have this value: it finds nobody in particular.
                Err(PostingError::Handles(_)) => crowded += added,
                Err(error) => return Err(DeskError::internal(error)),
            }
        }
        Ok((postings, crowded))
    }
}

/// What is said of a list that does not open.
pub(super) fn damaged(error: &PostingError) -> String {
    format!("a posting list of the index is not what was written: {error}; restore the store from a backup")
}

/// Where the seed of a batch's blinds is kept while the batch is open: beside the sigma secrets, in the one store that can forget.
fn seed_name(lookup: &Digest) -> Handle {
    Handle(lookup.0)
}

async fn blinded(seed: &Sigma, entering: Vec<Entering>) -> Result<Vec<Element>> {
    let seed = seed.clone();
    let work = move || {
        in_threads(&entering, |one| {
            let secret = secret(&seed, one)?;
            blind(&one.value, &secret).map_err(DeskError::internal)
        })
    };
    tokio::task::spawn_blocking(work).await.map_err(DeskError::internal)?
}

async fn lists(seed: &Sigma, entering: Vec<Entering>, combined: Vec<Element>) -> Result<Vec<(List, Handle)>> {
    if combined.len() != entering.len() {
        return Err(DeskError::internal("as many values were not evaluated as were asked"));
    }
    let seed = seed.clone();
    let work = move || {
        let pairs: Vec<(Entering, Element)> = entering.into_iter().zip(combined).collect();
        in_threads(&pairs, |(one, combined)| {
            let token = Token::finalize(&one.value, &secret(&seed, one)?, combined);
            Ok((List::of(&token), one.handle))
        })
    };
    tokio::task::spawn_blocking(work).await.map_err(DeskError::internal)?
}

fn secret(seed: &Sigma, one: &Entering) -> Result<Blind> {
    Blind::of_enrolment(seed, &one.record, &one.value).ok_or_else(|| DeskError::internal("a blind of zero"))
}

/// The same for every item, in order.
fn in_threads<I: Sync, O: Send>(items: &[I], work: impl Fn(&I) -> Result<O> + Sync) -> Result<Vec<O>> {
    let part = items.len().div_ceil(THREADS).max(1);
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = items
            .chunks(part)
            .map(|part| scope.spawn(move || part.iter().map(work).collect::<Result<Vec<O>>>()))
            .collect();
        let mut all = Vec::with_capacity(items.len());
        for thread in threads {
            match thread.join() {
                Ok(part) => all.extend(part?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(all)
    })
}
