//! Releasing one run of a duty to its worker.

use crate::asking::{Expected, PATIENCE, Said};
use crate::desk::Desk;
use crate::duty::{RunFile, StandingFile};
use crate::error::{DeskError, Result};
use crate::package::{Sources, build};
use crate::ports::package_digest;
use crate::publish::PublicOrder;
use crate::release::{Keep, write_whole};
use countersign_approve::verify_approval;
use countersign_core::approval::Approval;
use countersign_core::duty::Output;
use countersign_core::id::{Digest, OrderId};
use countersign_core::json::Exact;
use countersign_verify::evidence::Files;
use countersign_verify::wire::{ReleaseRequest, RequestV1, Signed, StandingEvidence};
use std::path::{Path, PathBuf};

/// A run that the worker can do now.
pub struct ReleasedRun {
    /// The archive for the worker.
    pub package: PathBuf,
    /// Its SHA-256.
    pub digest: Digest,
    /// What each trustee asked said.
    pub said: Vec<Said>,
}

impl Desk {
    /// What the worker needs to see that a run is public, before it binds itself.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] for a run that was not begun; [`DeskError::Journal`] when it cannot be shown to be public.
    pub async fn run_job(&self, id: &OrderId, number: u32) -> Result<Files> {
        let run = self.begun(id, number).await?;
        let public = self.public_leaf(&run.leaf).await?;
        self.job_of(&run.order, &public).await
    }

    /// Asks the trustees for a run and writes the archive for its worker. Called again after a crash it goes on where it stopped.
    ///
    /// # Errors
    /// [`DeskError::Trustees`] when fewer than t trustees answer; [`DeskError::Input`] when the binding does not hold.
    pub async fn release_run(
        &self,
        id: &OrderId,
        number: u32,
        binding: &str,
        outbox: &Path,
        keep: &Keep<'_>,
    ) -> Result<ReleasedRun> {
        let (file, run) = (self.duty(id).await?, self.begun(id, number).await?);
        let order = run.order.value();
        let index = self.public_leaf(&run.leaf).await?.leaf.included().index;
        let reader = self.reader(&run.order, index, Some(binding))?;
        self.intend(&run.order.digest()).await?;
        // Fresh proofs: the witnesses' cosignatures must be recent when the trustees look.
        self.journal.refresh().await.map_err(DeskError::Journal)?;
        let public = self.public_leaf(&run.leaf).await?;
        let approvals = self.approvals_of(&file);
        let standing = self.standing_evidence(&file, &approvals).await?;
        let request = self.run_request(&run, &public, &standing, binding).await?;
        let expected = Expected {
            order: run.order.digest(),
            ring: order.ring,
            share_epoch: request.share_epoch,
            records: order.scope.records,
            recipient: reader.key.clone(),
            first: 0,
        };
        let said = self
            .gather(&expected, self.threshold()?, PATIENCE, |trustee| {
                let request = ReleaseRequest { trustee, at: self.now(), ..request.clone() };
                Ok(Signed::sign(request, &self.custodian.desk_key)?.text().as_bytes().to_vec())
            })
            .await?;
        let answered: Vec<&Said> = said.iter().filter(|said| said.reply.is_some()).collect();
        if answered.len() < self.threshold()? {
            let refusals = said.iter().filter(|said| said.reply.is_none());
            let refusals = refusals.map(|said| format!("trustee {}: {}", said.trustee, said.summary)).collect();
            return Err(DeskError::Trustees { answered: answered.len(), needed: self.threshold()?, refusals });
        }
        let sources = Sources {
            desk: self,
            approvals: &approvals,
            order: &run.order,
            manifest: &run.manifest,
            facts: run.run.bytes(),
            standing: Some(&standing),
            public: &public,
            answered: &answered,
            delay: None,
            binding: Some(binding),
            handed: matches!(file.duty.value().output, Output::Sealed { .. }).then_some(reader.key.as_str()),
            age: None,
        };
        let built = build(&sources).await?;
        let package = outbox.join(format!("{}.job.tar", order.id));
        write_whole(&package, &built.file)?;
        let digest = package_digest(&built.file);
        keep(&order.id, &built.evidence).map_err(DeskError::Internal)?;
        let cells = u64::from(order.scope.subjects) * order.scope.classes.len() as u64;
        self.note_release(&run.order.digest(), digest, order.scope.subjects, cells).await?;
        Ok(ReleasedRun { package, digest, said })
    }

    async fn begun(&self, id: &OrderId, number: u32) -> Result<RunFile> {
        let run = self.run_of(id, number).await?;
        run.ok_or_else(|| DeskError::not_found("run of this standing order", number))
    }

    async fn public_leaf(&self, key: &[u8; 32]) -> Result<PublicOrder> {
        let leaf = self.journal.public(key).await.map_err(DeskError::Journal)?;
        let disclosures = self.store.disclosures_of(key).await?.map(|found| found.list).unwrap_or_default();
        Ok(PublicOrder { leaf, disclosures })
    }

    /// The approvals that count now: trustees refuse a signature of somebody who is not in force.
    fn approvals_of(&self, file: &StandingFile) -> Vec<Exact<Approval>> {
        let state = self.control().counting_at(self.now());
        let digest = file.order.digest();
        let counts = |approval: &&Exact<Approval>| {
            let person = state.people().get(&approval.value().approver);
            person.is_some_and(|person| verify_approval(approval.value(), &digest, person).is_ok())
        };
        file.approvals.iter().filter(counts).cloned().collect()
    }

    async fn standing_evidence(&self, file: &StandingFile, approvals: &[Exact<Approval>]) -> Result<StandingEvidence> {
        let key = file.leaf.ok_or_else(|| DeskError::Input("the standing order is not public".into()))?;
        Ok(StandingEvidence {
            order: file.order.text().to_owned(),
            duty: file.duty.text().to_owned(),
            approvals: approvals.iter().map(|approval| approval.text().to_owned()).collect(),
            leaf: self.public_leaf(&key).await?.evidence(None)?,
        })
    }

    /// The request for a run; whom it is for and when stands in at last.
    async fn run_request(
        &self,
        run: &RunFile,
        public: &PublicOrder,
        standing: &StandingEvidence,
        binding: &str,
    ) -> Result<ReleaseRequest> {
        let ring = self.custodian.ring_of(&run.order.value().ring)?;
        Ok(ReleaseRequest {
            v: RequestV1,
            custodian: self.custodian.genesis.value().custodian.id,
            trustee: 0,
            at: self.now(),
            ring: ring.ring.id(),
            share_epoch: ring.shares.value().epoch,
            order: run.order.text().to_owned(),
            facts: run.run.text().to_owned(),
            manifest: run.manifest.text().to_owned(),
            approvals: Vec::new(),
            leaf: public.evidence(None)?,
            delay: None,
            headers: self.headers(run.manifest.value()).await?,
            binding: Some(binding.to_owned()),
            standing: Some(standing.clone()),
        })
    }
}
