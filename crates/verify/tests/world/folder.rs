//! What trustees answer, and the evidence and package that the desk makes of it.

use super::*;
use countersign_core::class::{Class, ClassSet};
use countersign_core::encoding::hex;
use countersign_core::id::{Digest, RecordId};
use countersign_seal::identity::Identity;
use countersign_seal::partial::{Ask, Reply, ReplyContext, answer};
use countersign_seal::reply;
use countersign_verify::evidence::{Files, SUMS, sums};
use countersign_verify::wire::{Outcome, Receipt, ReceiptV1};
use std::collections::BTreeMap;

/// What one trustee gave.
#[derive(Clone)]
pub(crate) struct Given {
    pub(crate) trustee: u16,
    /// Names of the identity keys of those who hold the shares.
    pub(crate) names: Vec<String>,
    pub(crate) receipt: Receipt,
    pub(crate) reply: Reply,
    pub(crate) encrypted: Vec<u8>,
}

impl Given {
    pub(crate) fn receipt_text(&self) -> Vec<u8> {
        let trustee = self.receipt.trustee;
        let stranger = format!("trustee:{trustee}");
        let key = signing_key(self.names.get(usize::from(trustee) - 1).unwrap_or(&stranger));
        Signed::sign(self.receipt.clone(), &key).unwrap().text().as_bytes().to_vec()
    }
}

impl World {
    pub(crate) fn context(&self, case: &Case, trustee: u16) -> ReplyContext {
        ReplyContext { order: case.order.digest(), ring: self.ring.id(), trustee, share_epoch: self.shares.epoch() }
    }

    /// Trustee `trustee` verifies and answers.
    pub(crate) fn give(&self, case: &Case, trustee: u16) -> Given {
        let plan = self.ask(case, trustee).unwrap();
        let asks: Vec<Ask<'_>> =
            plan.records.iter().map(|record| Ask { capsule: &record.capsule, classes: &record.classes }).collect();
        let reply =
            answer(&self.held.share(trustee), &self.shares, &plan.order.digest(), &asks, &seed("answer")).unwrap();
        let receipt = Receipt {
            v: ReceiptV1,
            custodian: CUSTODIAN,
            trustee,
            nonce: Digest(seed(&format!("nonce {trustee}"))),
            order: plan.order.digest(),
            outcome: Outcome::Answered,
            code: None,
            reasons: Vec::new(),
            share_epoch: plan.share_epoch,
            state: plan.state,
            journal_size: self.seen.size(),
            journal_root: Digest(*self.seen.root().unwrap().as_bytes()),
            records: plan.records.len() as u32,
            at: self.now,
        };
        let encrypted = self.encrypt(case, trustee, &reply);
        Given { trustee, names: self.held.names.clone(), receipt, reply, encrypted }
    }

    pub(crate) fn encrypt(&self, case: &Case, trustee: u16, reply: &Reply) -> Vec<u8> {
        let recipient = match &case.binding {
            Some(_) => worker_secret(&case.order.digest()).public().unwrap(),
            None => authority_secret(case.order.value().authority.as_str()).public().unwrap(),
        };
        let own = Identity::from_seed(&seed(self.held.name(trustee)));
        reply::seal(reply, &self.context(case, trustee), &recipient, &own, &mut rng("hpke")).unwrap()
    }

    /// The evidence with facts, as the custodian keeps it.
    pub(crate) fn evidence(&self, case: &Case, given: &[Given]) -> Files {
        let founded = if self.ring.id() == founded().ring.value().id() { founded() } else { rotated() };
        let mut files = Files::new();
        let mut put = |path: &str, bytes: &[u8]| {
            files.insert(path.to_owned(), bytes.to_vec());
        };
        for (index, seen) in &self.control_leaves {
            let size = index + 1;
            put(&format!("control/{index:010}.leaf"), &self.journal.leaves[*index as usize]);
            let proof = self.journal.proof(*index, size, &[*seen; 2]);
            put(&format!("control/{index:010}.tlog-proof"), proof.as_bytes());
        }
        put("order.json", case.order.bytes());
        put("manifest.json", case.manifest.bytes());
        put("facts.json", case.facts.as_bytes());
        if let Some(binding) = &case.binding {
            put("binding.signed", binding.as_bytes());
        }
        if let Some(standing) = &case.standing {
            put("standing/order.json", standing.order.as_bytes());
            put("standing/duty.json", standing.duty.as_bytes());
            put("standing/order.leaf", standing.leaf.leaf.as_bytes());
            put("standing/order.disclosures.json", &serde_json::to_vec(&standing.leaf.disclosures).unwrap());
            put("standing/order.tlog-proof", standing.leaf.proof.as_bytes());
        }
        let signed = case.standing.as_ref().map_or(&case.approvals, |standing| &standing.approvals);
        for (number, approval) in (1..).zip(signed) {
            put(&format!("approvals/{number:02}.json"), approval.as_bytes());
        }
        put("order.leaf", case.leaf.leaf.as_bytes());
        put("order.disclosures.json", &serde_json::to_vec(&case.leaf.disclosures).unwrap());
        put("order.tlog-proof", case.leaf.proof.as_bytes());
        for one in given {
            put(&format!("receipts/{}.signed", one.trustee), &one.receipt_text());
        }
        put("ring.json", founded.ring.bytes());
        for (trustee, confirmation) in (1..).zip(&founded.confirmations) {
            put(&format!("ring-confirmations/{trustee:03}.json"), confirmation.bytes());
        }
        put("shares.json", self.held.epoch.bytes());
        put("directory.json", self.directory.bytes());
        put("policy-bundle.json", self.bundle.to_document().unwrap().as_bytes());
        if let Some(delay) = &case.delay {
            put("delay.signed", delay.as_bytes());
        }
        relist(&mut files);
        files
    }

    pub(crate) fn package(&self, case: &Case, given: &[Given]) -> Files {
        let mut files = Files::new();
        let mut evidence = self.evidence(case, given);
        // Counsel's conclusions stay with the custodian; what a run is for goes with it.
        if case.standing.is_none() {
            evidence.remove("facts.json");
        }
        relist(&mut evidence);
        files.extend(evidence.into_iter().map(|(path, bytes)| (format!("evidence/{path}"), bytes)));
        let mut sigmas: BTreeMap<RecordId, BTreeMap<Class, String>> = BTreeMap::new();
        for (record, entry) in case.records.iter().zip(&case.manifest.value().entries) {
            files.insert(format!("sealed/{}.bin", record.id()), record.encode());
            sigmas.insert(record.id(), released(record, &entry.classes));
        }
        files.insert("sealed/sigmas.json".into(), serde_json::to_vec(&sigmas).unwrap());
        for one in given {
            files.insert(format!("replies/{}.bin", one.trustee), one.encrypted.clone());
        }
        relist(&mut files);
        files
    }
}

fn released(record: &countersign_seal::record::SealedRecord, classes: &ClassSet) -> BTreeMap<Class, String> {
    let client = record.label().head().handle.0[0];
    let u = *record.capsule().header.u().bytes();
    classes.iter().map(|class| (class, hex(sigma(client).of_class(class, &u).expose()))).collect()
}

/// Writes the list of digests anew, as whoever tampers with a folder would.
pub(crate) fn relist(files: &mut Files) {
    let list = sums(files);
    files.insert(SUMS.into(), list.into_bytes());
}
