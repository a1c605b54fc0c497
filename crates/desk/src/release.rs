//! Releasing: the intent becomes public, trustees answer, receipts are logged, the package is built.

pub use crate::asking::Said;
use crate::case_file::{CaseFile, Proposal};
use crate::countersign::proposal;
use crate::desk::{Attached, Desk};
use crate::error::{DeskError, Result};
use crate::leaves::leaf;
use crate::package::{Sources, build};
use crate::ports::package_digest;
use crate::propose::intake;
use countersign_core::approval::Approval;
use countersign_core::case::{Event, Stage};
use countersign_core::digest;
use countersign_core::id::{CaseId, Digest, OrderId, PersonId, RecordId};
use countersign_core::json::Exact;
use countersign_core::leaf::LeafKind;
use countersign_log::Intent;
use countersign_store::{Answered, Counter, EffectKey, HEADER_LEN, NewEffect};
use countersign_verify::evidence::Files;
use countersign_verify::manifest::Manifest;
use countersign_verify::wire::{HexBytes, LeafEvidence, ReleaseRequest, RequestV1, Signed};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A finished release.
pub struct Released {
    /// Where the package lies.
    pub package: PathBuf,
    /// SHA-256 of the package file.
    pub digest: Digest,
    /// What each trustee asked said.
    pub said: Vec<Said>,
    /// Index of the intent's leaf.
    pub intent: u64,
    /// Index of the order's leaf.
    pub index: u64,
    /// The evidence folder, with the facts, as the custodian keeps it.
    pub evidence: Files,
}

/// Everything a request to a trustee is made of.
pub struct RequestParts<'p> {
    /// The order with its documents.
    pub proposal: &'p Proposal,
    /// Approvals.
    pub approvals: &'p [Exact<Approval>],
    /// The order's leaf, public.
    pub leaf: LeafEvidence,
    /// Exact text of the signed delay order.
    pub delay: Option<String>,
}

/// Stores the evidence folder of an order; a reason when it cannot.
pub type Keep<'k> = dyn Fn(&OrderId, &Files) -> std::result::Result<(), String> + Sync + 'k;

impl Desk {
    /// Releases an order that is public and has waited. Called again after a crash it goes on where it stopped: trustees give
    /// the same answers, receipts are kept once, the package is written again.
    ///
    /// `outbox` is the folder for packages. `keep` stores the evidence of an order; it is called before the delivery is noted, because
    /// after that nothing is released again.
    ///
    /// # Errors
    /// [`DeskError::Trustees`] when fewer than t trustees answer; what they refused is in the journal all the same.
    pub async fn release(&self, case: &CaseId, outbox: &Path, keep: &Keep<'_>, by: &PersonId) -> Result<Released> {
        self.release_to(case, None, outbox, keep, by).await
    }

    /// As [`release`](Self::release), of an order that names a worker: `binding` is what the worker signed when it saw the order in
    /// the journal ([`worker_job`](Self::worker_job)). The package is for the worker.
    ///
    /// # Errors
    /// As [`release`](Self::release); [`DeskError::Input`] when the binding does not hold.
    pub async fn release_to_worker(
        &self,
        case: &CaseId,
        binding: &str,
        outbox: &Path,
        keep: &Keep<'_>,
        by: &PersonId,
    ) -> Result<Released> {
        self.release_to(case, Some(binding), outbox, keep, by).await
    }

    async fn release_to(
        &self,
        case: &CaseId,
        binding: Option<&str>,
        outbox: &Path,
        keep: &Keep<'_>,
        by: &PersonId,
    ) -> Result<Released> {
        let public = self.publish(case, by).await?;
        let file = self.case(case).await?;
        // Before anything is begun: a release without its reader would stay open.
        let index = public.leaf.included().index;
        let reader = self.reader(&proposal(&file)?.order, index, binding)?;
        let intent = self.start(&file, by).await?;
        let file = self.case(case).await?;
        let proposal = proposal(&file)?;
        // A fresh proof: the witnesses' cosignatures must be recent when the trustees look.
        self.journal.refresh().await.map_err(DeskError::Journal)?;
        let public = self.public_order(&file).await?;
        let delay = proposal.order.value().delay.and(intake(&file)?.delay.clone());
        let leaf = public.evidence(None)?;
        let approvals = self.approvals_in_force(proposal, &file.approvals);
        let parts = RequestParts { proposal, approvals: &approvals, leaf, delay: delay.clone() };
        let said = self.ask_for_reader(&intent, &parts, reader.key.clone(), binding, self.threshold()?).await?;
        let answered: Vec<&Said> = said.iter().filter(|said| said.reply.is_some()).collect();
        if answered.len() < self.threshold()? {
            let refusals = said.iter().filter(|said| said.reply.is_none());
            let refusals = refusals.map(|said| format!("trustee {}: {}", said.trustee, said.summary)).collect();
            return Err(DeskError::Trustees { answered: answered.len(), needed: self.threshold()?, refusals });
        }
        let sources = Sources {
            desk: self,
            approvals: &approvals,
            order: &proposal.order,
            manifest: &proposal.manifest,
            facts: proposal.facts.bytes(),
            standing: None,
            public: &public,
            answered: &answered,
            delay,
            binding,
            handed: None,
            age: reader.age,
        };
        let built = build(&sources).await?;
        let ending = if binding.is_some() { "job.tar" } else { "age" };
        let package = outbox.join(format!("{}.{ending}", proposal.order.value().id));
        write_whole(&package, &built.file)?;
        let digest = package_digest(&built.file);
        keep(&proposal.order.value().id, &built.evidence).map_err(DeskError::Internal)?;
        self.finish(&file, digest, by).await?;
        let index = public.leaf.included().index;
        let intent = intent.index();
        Ok(Released { package, digest, said, intent, index, evidence: built.evidence })
    }

    /// Notes that an order was carried out outside, at ladder level L0: the intent is public before, the outcome names the file that
    /// was handed over by its SHA-256 digest.
    ///
    /// # Errors
    /// [`DeskError::Input`] where a register is sealed: there the trustees release.
    pub async fn deliver_outside(&self, case: &CaseId, handed_over: &[u8], by: &PersonId) -> Result<Digest> {
        if self.custodian.ring.is_some() {
            return Err(DeskError::Input("this custodian has a sealed register: use `order release`".into()));
        }
        self.publish(case, by).await?;
        let file = self.case(case).await?;
        self.start(&file, by).await?;
        let digest = package_digest(handed_over);
        self.finish(&self.case(case).await?, digest, by).await?;
        Ok(digest)
    }

    /// The signed request to one trustee.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] when a record of the manifest is missing.
    pub async fn request_for(&self, trustee: u16, parts: &RequestParts<'_>) -> Result<Signed<ReleaseRequest>> {
        self.sign_request(trustee, parts, self.headers(parts.proposal.manifest.value()).await?)
    }

    /// The headers of a manifest's records, in its order.
    pub(crate) async fn headers(&self, manifest: &Manifest) -> Result<Vec<HexBytes>> {
        let records: Vec<RecordId> = manifest.entries.iter().map(|entry| entry.record).collect();
        let headers = self.store.headers(&records).await?;
        let kept = |(record, header): (&RecordId, Option<[u8; HEADER_LEN]>)| {
            let header = header.ok_or_else(|| DeskError::not_found("record", record))?;
            Ok(HexBytes(header.to_vec()))
        };
        records.iter().zip(headers).map(kept).collect()
    }

    /// The signed request to one trustee, with the headers of the manifest's records in its order.
    ///
    /// # Errors
    /// [`DeskError::Internal`] when there is no ring.
    pub fn sign_request(
        &self,
        trustee: u16,
        parts: &RequestParts<'_>,
        headers: Vec<HexBytes>,
    ) -> Result<Signed<ReleaseRequest>> {
        Ok(Signed::sign(self.request(trustee, parts, headers)?, &self.custodian.desk_key)?)
    }

    pub(crate) fn request(
        &self,
        trustee: u16,
        parts: &RequestParts<'_>,
        headers: Vec<HexBytes>,
    ) -> Result<ReleaseRequest> {
        let ring = self.custodian.ring_of(&parts.proposal.order.value().ring)?;
        Ok(ReleaseRequest {
            v: RequestV1,
            custodian: self.custodian.genesis.value().custodian.id,
            trustee,
            at: self.now(),
            ring: ring.ring.id(),
            share_epoch: ring.shares.value().epoch,
            order: parts.proposal.order.text().to_owned(),
            facts: parts.proposal.facts.text().to_owned(),
            manifest: parts.proposal.manifest.text().to_owned(),
            approvals: parts.approvals.iter().map(|approval| approval.text().to_owned()).collect(),
            leaf: parts.leaf.clone(),
            delay: parts.delay.clone(),
            headers,
            binding: None,
            standing: None,
        })
    }

    /// Threshold of the trustees.
    ///
    /// # Errors
    /// [`DeskError::Input`] below ladder level L2.
    pub fn threshold(&self) -> Result<usize> {
        let trustees = self.custodian.genesis.value().trustees.as_ref();
        let trustees =
            trustees.ok_or_else(|| DeskError::Input("this custodian has no trustees (ladder level L0)".into()))?;
        Ok(usize::from(trustees.threshold))
    }

    /// Logs the intent, waits until it is public, and notes that the release has begun.
    async fn start(&self, file: &CaseFile, by: &PersonId) -> Result<Intent> {
        let order = proposal(file)?.order.digest();
        let intent = self.intend(&order).await?;
        if !matches!(file.stage, Stage::Releasing { .. }) {
            let event = Event::ReleaseStarted { order, intent: intent.index() };
            self.append(Some(file), file.id, by, event, Attached::default()).await?;
        }
        Ok(intent)
    }

    /// The public intent to release an order.
    pub(crate) async fn intend(&self, order: &Digest) -> Result<Intent> {
        // The intent that an interrupted release has left: its effect is open, or only the last event is missing.
        let key = match self.store.intent_of(&effect(order)).await? {
            Some(key) => key,
            None => {
                let at = self.now();
                let values = vec![Value::from(RELEASE), Value::from(order.to_hex()), Value::from(at.to_string())];
                let intent = leaf(LeafKind::Intent, at, values, &mut *self.rng())?;
                let key = intent.key;
                self.store.begin_effect(NewEffect { effect: effect(order), at, intent }).await?;
                key
            }
        };
        let public = self.journal.public(&key).await.map_err(DeskError::Journal)?;
        let disclosures = self.store.disclosures_of(&key).await?.map(|found| found.list).unwrap_or_default();
        Intent::from_public(&public, &disclosures).map_err(DeskError::internal)
    }

    /// Logs the outcome of a release, once.
    pub(crate) async fn note_release(&self, order: &Digest, package: Digest, people: u32, cells: u64) -> Result<()> {
        let at = self.now();
        let effect = effect(order);
        if !self.store.open_effects().await?.iter().any(|open| open.effect == effect) {
            return Ok(());
        }
        let values = vec![
            Value::from(order.to_hex()),
            Value::from(package.to_hex()),
            Value::from(people),
            Value::from(cells),
            Value::from(at.to_string()),
        ];
        let outcome = leaf(LeafKind::Release, at, values, &mut *self.rng())?;
        Ok(self.store.finish_effect(&effect, at, outcome).await?)
    }

    /// Logs the outcome and notes the delivery, with the people counted against the cumulative caps.
    async fn finish(&self, file: &CaseFile, package: Digest, by: &PersonId) -> Result<()> {
        let proposal = proposal(file)?;
        let (order, scope) = (proposal.order.digest(), &proposal.order.value().scope);
        self.note_release(&order, package, scope.subjects, proposal.decision.value().cells_granted).await?;
        if !matches!(file.stage, Stage::Releasing { .. }) {
            return Ok(());
        }
        let facts = proposal.facts.value();
        let mut counters = vec![Counter::Authority(facts.authority.clone()), Counter::Matter(facts.matter)];
        counters.extend(facts.addresses.iter().copied().map(Counter::Address));
        let answered = Some(Answered { order, counters, people: scope.subjects });
        let event = Event::Delivered { order, package };
        self.append(Some(file), file.id, by, event, Attached { answered, ..Attached::default() }).await
    }
}

/// Name of the effect, in effects and intents.
pub(crate) const RELEASE: &str = "release";

pub(crate) fn effect(order: &Digest) -> EffectKey {
    EffectKey { kind: RELEASE.into(), subject: digest::parts("countersign/effect/release/v1", &[order.as_bytes()]) }
}

/// Writes a file whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    use std::io::Write;
    let write = || -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let temporary = path.with_extension("part");
        let mut file = std::fs::File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)?;
        std::fs::File::open(folder)?.sync_all()
    };
    write().map_err(|error| DeskError::Internal(format!("cannot write {}: {error}", path.display())))
}
