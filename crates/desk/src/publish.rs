//! Making an approved order public before anything is done with it.

use crate::case_file::CaseFile;
use crate::countersign::proposal;
use crate::desk::{Attached, Desk};
use crate::error::{DeskError, Result};
use countersign_core::case::{Event, Stage};
use countersign_core::id::{CaseId, PersonId};
use countersign_core::leaf::LeafKind;
use countersign_log::PublicProof;
use countersign_verify::evidence::Files;
use countersign_verify::wire::LeafEvidence;

/// An order's leaf with its disclosures, public under the witness quorum.
#[derive(Debug, Clone)]
pub struct PublicOrder {
    /// The leaf and its proof under the latest witnessed checkpoint.
    pub leaf: PublicProof,
    /// Every disclosure of the leaf.
    pub disclosures: Vec<String>,
}

impl PublicOrder {
    /// The leaf as a request to a trustee shows it. `seasoned` is a proof under an older checkpoint, where the order must have been
    /// public for some time.
    ///
    /// # Errors
    /// [`DeskError::Internal`] when the leaf is not text, which no leaf of ours is.
    pub fn evidence(&self, seasoned: Option<String>) -> Result<LeafEvidence> {
        let leaf = String::from_utf8(self.leaf.leaf().to_vec()).map_err(DeskError::internal)?;
        let proof = self.leaf.proof().to_string();
        Ok(LeafEvidence { leaf, disclosures: self.disclosures.clone(), proof, seasoned })
    }
}

impl Desk {
    /// Waits until the order of an approved case is public and notes its place. Called again it gives a fresh proof.
    ///
    /// # Errors
    /// [`DeskError::Journal`] when no quorum of witnesses can be had; [`DeskError::Input`] when the order is not approved.
    pub async fn publish(&self, case: &CaseId, by: &PersonId) -> Result<PublicOrder> {
        let file = self.case(case).await?;
        let public = self.public_order(&file).await?;
        if matches!(file.stage, Stage::Approved { .. }) {
            let order = proposal(&file)?.order.digest();
            let event = Event::Logged { order, index: public.leaf.included().index };
            self.append(Some(&file), *case, by, event, Attached::default()).await?;
        }
        Ok(public)
    }

    /// The order's leaf, public, with a proof under the latest witnessed checkpoint.
    pub(crate) async fn public_order(&self, file: &CaseFile) -> Result<PublicOrder> {
        let leaves = self.store.leaves_of(&file.id).await?;
        let of_order = leaves.iter().rev().find(|leaf| leaf.kind == LeafKind::Order.as_str());
        let key = of_order
            .ok_or_else(|| DeskError::Input("the order is not approved yet: its leaf does not exist".into()))?
            .key;
        let leaf = self.journal.public(&key).await.map_err(DeskError::Journal)?;
        let disclosures = self.store.disclosures_of(&key).await?.map(|found| found.list).unwrap_or_default();
        Ok(PublicOrder { leaf, disclosures })
    }

    /// Keeps the first proof of every control leaf. Evidence carries it, because a verifier counts the seven days of a change from
    /// the time at which its leaf was first shown to be public.
    ///
    /// # Errors
    /// [`DeskError::Journal`] when a control leaf is not public yet.
    pub async fn keep_control_proofs(&self) -> Result<()> {
        for index in self.journal.control_leaves().await.map_err(DeskError::Journal)? {
            self.control_proof(index).await?;
        }
        Ok(())
    }

    /// Every control leaf with the first proof that was kept of it: `control/` of an evidence folder, and what a trustee is
    /// handed that begins to follow the journal.
    ///
    /// # Errors
    /// [`DeskError::Journal`] when a control leaf is not public yet.
    pub async fn control_files(&self) -> Result<Files> {
        let mut files = Files::new();
        for index in self.journal.control_leaves().await.map_err(DeskError::Journal)? {
            let (leaf, proof) = self.control_proof(index).await?;
            files.insert(format!("control/{index:010}.leaf"), leaf);
            files.insert(format!("control/{index:010}.tlog-proof"), proof);
        }
        Ok(files)
    }

    /// A control leaf with the first proof that was kept of it.
    pub(crate) async fn control_proof(&self, index: u64) -> Result<(Vec<u8>, Vec<u8>)> {
        let name = proof_setting(index);
        let public = self.journal.at(index).await.map_err(DeskError::Journal)?;
        let kept = self.store.setting(&name).await?;
        let proof = match kept {
            Some(proof) => proof,
            None => {
                let proof = public.proof().to_string().into_bytes();
                self.store.set_setting_once(&name, &proof).await?;
                proof
            }
        };
        Ok((public.leaf().to_vec(), proof))
    }
}

/// Name of the setting with the first proof of a control leaf.
pub fn proof_setting(index: u64) -> String {
    format!("control-proof/{index}")
}
