//! Waiting for a leaf to be durable or public, and the proof that it is.

use crate::{Log, LogError, Result};
use countersign_store::LeafKey;
use countersign_store::journal::Place;
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::merkle::inclusion_proof;
use countersign_tlog::policy::{Policy, TimeWindow};
use countersign_tlog::proof::{Included, LogProof, ProofError};

/// That a leaf is public: its bytes stand in a log under a quorum of witnesses. Only [`Log::public`] makes one, from a proof that it
/// has checked itself under the log's own policy.
#[derive(Debug, Clone)]
pub struct PublicProof {
    leaf: Vec<u8>,
    proof: LogProof,
    included: Included,
}

impl PublicProof {
    fn check(
        leaf: Vec<u8>,
        proof: LogProof,
        policy: &Policy,
        window: TimeWindow,
    ) -> std::result::Result<Self, ProofError> {
        let included = proof.verify(&leaf, policy, window)?;
        Ok(Self { leaf, proof, included })
    }

    /// The exact bytes of the leaf.
    pub fn leaf(&self) -> &[u8] {
        &self.leaf
    }

    /// The proof; its `Display` is the `.tlog-proof` file.
    pub fn proof(&self) -> &LogProof {
        &self.proof
    }

    /// Index, size, root and cosigners.
    pub fn included(&self) -> &Included {
        &self.included
    }
}

impl Log {
    /// Where a leaf is; `None` if it was never accepted.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn place(&self, key: &LeafKey) -> Result<Option<Place>> {
        Ok(self.journal.place(key).await?)
    }

    /// Waits until the leaf is under a signed checkpoint. The proof carries the log's signature only.
    ///
    /// # Errors
    /// [`LogError::UnknownLeaf`], or [`LogError::Stopped`] when the log stops before.
    pub async fn durable(&self, key: &LeafKey) -> Result<LogProof> {
        let index = self.index(key).await?;
        self.wait_for(|progress| progress.durable > index).await?;
        let head = self.sequencing.lock().await.checkpoint.clone();
        self.prove(index, head)
    }

    /// Waits until the leaf is under a published checkpoint with a quorum of cosignatures.
    ///
    /// # Errors
    /// [`LogError::UnknownLeaf`], or [`LogError::Stopped`] when the log stops before.
    pub async fn public(&self, key: &LeafKey) -> Result<PublicProof> {
        let index = self.index(key).await?;
        self.wait_for(|progress| progress.public > index).await?;
        let published = self.published().ok_or_else(|| LogError::stopped("the published checkpoint is gone"))?;
        let leaf = self.journal.entries(index, 1).await?.pop();
        let leaf = leaf.ok_or_else(|| LogError::stopped(format!("the store lost leaf {index}")))?.leaf;
        let proof = self.prove(index, published)?;
        PublicProof::check(leaf, proof, &self.policy, TimeWindow::until(self.now())).map_err(LogError::stopped)
    }

    async fn index(&self, key: &LeafKey) -> Result<u64> {
        match self.journal.place(key).await? {
            Some(Place::Accepted(index)) => {
                self.wake();
                Ok(index)
            }
            Some(Place::Durable(index)) => Ok(index),
            None => Err(LogError::UnknownLeaf(key.iter().map(|byte| format!("{byte:02x}")).collect())),
        }
    }

    async fn wait_for(&self, reached: impl Fn(&crate::Progress) -> bool) -> Result<()> {
        let mut progress = self.progress.subscribe();
        let gone = |_| LogError::stopped("the log is gone");
        let now = progress.wait_for(|now| reached(now) || now.stopped.is_some()).await.map_err(gone)?;
        match &now.stopped {
            // What is reached stays reached, whatever came after.
            Some(reason) if !reached(&now) => Err(LogError::stopped(reason)),
            _ => Ok(()),
        }
    }

    fn prove(&self, index: u64, checkpoint: SignedCheckpoint) -> Result<LogProof> {
        let tree = self.tree();
        let hashes = inclusion_proof(index, checkpoint.checkpoint().size, &mut &*tree).map_err(LogError::stopped)?;
        Ok(LogProof { extra: None, index, hashes, checkpoint })
    }
}
