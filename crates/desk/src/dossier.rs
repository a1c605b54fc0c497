//! A case as a folder that anybody can be given: its events, the documents they name, its leaves with disclosures and proofs. What was
//! asked stays with it; letters, papers and counsel's notes do not.
//!
//! Folder: `docs/formats/case-folder.md`. [`replay`] rebuilds the case from it, offline.

mod replay;
mod second_review;

pub use replay::{Moment, Replayed, replay};

use crate::case_file::kind;
use crate::desk::Desk;
use crate::documents::{CaseFolder, CaseFolderV1};
use crate::error::{DeskError, Result};
use crate::release::effect;
use countersign_core::case::{Event, EventRecord, Life};
use countersign_core::id::{CaseId, Digest};
use countersign_core::json::Exact;
use countersign_core::leaf::LeafKind;
use countersign_core::order::Order;
use countersign_core::time::{MINUTE, Timestamp};
use countersign_store::LeafKey;
use countersign_tlog::leaf::Disclosure;
use countersign_verify::evidence::{Files, LEAVES, SUMS, sums};
use std::collections::BTreeMap;

/// Leaves that are about an order and were not brought by an event of its case are looked for so long after the delivery.
const RECEIPTS_WITHIN: i64 = 60 * MINUTE;

/// Leaves read at a time.
const PAGE: u32 = 500;

impl Desk {
    /// The folder of a case. Every leaf of it is public then.
    ///
    /// # Errors
    /// [`DeskError::NotFound`]; [`DeskError::Journal`] when a leaf does not become public.
    pub async fn export_case(&self, case: &CaseId) -> Result<Files> {
        let file = self.case(case).await?;
        let now = self.now();
        let life = file.life();
        let last = file.proposal.as_ref().map(|proposal| proposal.order.digest());
        let says = CaseFolder {
            v: CaseFolderV1,
            custodian: self.custodian.genesis.value().custodian.id,
            case: *case,
            stage: life.stage.name().to_owned(),
            preserved: life.is_preserved(now),
            protested: last.is_some_and(|order| life.is_protested(&order)),
            at: now,
        };
        let mut files = Files::from([("case.json".to_owned(), Exact::write(says)?.bytes().to_vec())]);
        for record in &file.events {
            files.insert(event_path(record.value().number), record.bytes().to_vec());
            self.put_documents(&mut files, &record.value().event).await?;
        }
        for key in self.leaves_about(case, &file.events).await? {
            let disclosures = self.store.disclosures_of(&key).await?.map(|found| found.list).unwrap_or_default();
            let public = self.journal.public(&key).await.map_err(DeskError::Journal)?;
            let stem = format!("{LEAVES}/{:010}", public.included().index);
            files.insert(format!("{stem}.leaf"), public.leaf().to_vec());
            files.insert(format!("{stem}.tlog-proof"), public.proof().to_string().into_bytes());
            let list = serde_json::to_vec(&disclosures).map_err(DeskError::internal)?;
            files.insert(format!("{stem}.disclosures.json"), list);
        }
        for index in self.journal.control_leaves().await.map_err(DeskError::Journal)? {
            let (leaf, proof) = self.control_proof(index).await?;
            files.insert(format!("control/{index:010}.leaf"), leaf);
            files.insert(format!("control/{index:010}.tlog-proof"), proof);
        }
        let list = sums(&files);
        files.insert(SUMS.to_owned(), list.into_bytes());
        Ok(files)
    }

    /// The documents that an event names, as they are kept; of an order also what it rests on.
    async fn put_documents(&self, files: &mut Files, event: &Event) -> Result<()> {
        let mut named: Vec<Digest> = event.document().into_iter().collect();
        if let Event::Proposed { order } = event {
            let entry = self.store.order(order).await?.ok_or_else(|| DeskError::not_found("order", order))?;
            let value = self.read::<Order>(order).await?;
            named.extend([*order, entry.decision, value.value().facts, value.value().scope.manifest]);
        }
        for digest in named {
            let document = self.stored(&digest).await?;
            if [kind::SEALED_REQUEST, kind::SEALED_PAPER].contains(&document.kind.as_str()) {
                return Err(DeskError::internal("an event names sealed bytes"));
            }
            files.insert(document_path(&document.kind, &digest), document.bytes);
        }
        Ok(())
    }

    /// Keys of the leaves that the events brought, and of intents, receipts and releases of the case's orders.
    async fn leaves_about(&self, case: &CaseId, events: &[Exact<EventRecord>]) -> Result<Vec<LeafKey>> {
        let mut keys: Vec<LeafKey> = self.store.leaves_of(case).await?.iter().map(|leaf| leaf.key).collect();
        for record in events.iter().map(Exact::value) {
            let Event::ReleaseStarted { order, .. } = &record.event else { continue };
            let intent = self.store.intent_of(&effect(order)).await?;
            let intent = intent.ok_or_else(|| DeskError::internal("a release without its intent"))?;
            let ended = events
                .iter()
                .map(Exact::value)
                .find(|later| matches!(&later.event, Event::Delivered { order: delivered, .. } if delivered == order));
            // A release that did not end in a delivery may have been tried until now.
            let end = ended.map_or_else(|| self.now(), |ended| ended.at).plus(RECEIPTS_WITHIN);
            keys.push(intent);
            keys.extend(self.leaves_of_order(order, intent, end).await?);
        }
        Ok(keys)
    }

    /// Receipts and releases of an order: keys begin with their time, so only those after the intent are read.
    async fn leaves_of_order(&self, order: &Digest, intent: LeafKey, end: Timestamp) -> Result<Vec<LeafKey>> {
        let (mut found, mut after) = (Vec::new(), Some(first_of_second(&intent)));
        let end = end.unix().to_be_bytes();
        loop {
            let page = self.store.disclosures(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(found) };
            after = Some(last.key);
            for leaf in &page {
                if leaf.key.first_chunk::<8>().is_some_and(|time| *time > end) {
                    return Ok(found);
                }
                let about = [LeafKind::Receipt, LeafKind::Release].iter().any(|kind| kind.as_str() == leaf.kind);
                if about && leaf.list.iter().any(|text| names_order(text, order)) {
                    found.push(leaf.key);
                }
            }
        }
    }
}

/// Before every key of the same second.
fn first_of_second(key: &LeafKey) -> LeafKey {
    let mut first = [0; 32];
    first.iter_mut().zip(key.iter().take(8)).for_each(|(to, from)| *to = *from);
    first
}

fn names_order(disclosure: &str, order: &Digest) -> bool {
    Disclosure::parse(disclosure)
        .is_ok_and(|field| field.name() == "order" && field.value().as_str().is_some_and(|text| text == order.to_hex()))
}

fn event_path(number: u32) -> String {
    format!("events/{number:06}.json")
}

fn document_path(kind: &str, digest: &Digest) -> String {
    format!("documents/{kind}-{digest}.json")
}

/// The documents of a folder by their digest, each of its kind.
type Documents<'f> = BTreeMap<Digest, (&'f str, &'f [u8])>;

/// The life of a case by its events, with their chain checked.
fn life_of(records: &[Exact<EventRecord>]) -> std::result::Result<Life, String> {
    for (position, record) in records.iter().enumerate() {
        let previous = position.checked_sub(1).and_then(|before| records.get(before)).map(Exact::digest);
        if usize::try_from(record.value().number) != Ok(position) || record.value().previous != previous {
            return Err(format!("event {position} does not follow the one before"));
        }
    }
    Life::of(records.iter().map(Exact::value)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
