//! Asking trustees to evaluate blinded values: proofs are checked as the answers come, and whoever lies is named.

use crate::asking::{About, PATIENCE, Said};
use crate::desk::Desk;
use crate::error::{DeskError, Result};
use countersign_core::json::Exact;
use countersign_core::lookup::Lookup;
use countersign_seal::group::Element;
use countersign_seal::kind::{Attribute, Index};
use countersign_seal::oprf::{Checked, Evaluation, check, interpolate};
use countersign_seal::ring::VerifyingShares;
use countersign_store::LeafKey;
use countersign_verify::wire::{HexBytes, LeafEvidence, LookupRequest, LookupRequestV1, SealedHeader, Signed};

/// A lookup or an enrolment with everything that trustees want to see.
pub(super) struct Asking<'a> {
    pub(super) lookup: &'a Exact<Lookup>,
    pub(super) attribute: Attribute,
    /// Exact text of the officer's approval.
    pub(super) approval: Option<&'a str>,
    /// Key of its leaf.
    pub(super) leaf: LeafKey,
    pub(super) blinded: &'a [Element],
    pub(super) records: Vec<SealedHeader>,
}

impl Desk {
    /// Makes the lookup public, asks as many trustees as are needed, others for those that fail, and interpolates.
    ///
    /// # Errors
    /// [`DeskError::Journal`]; [`DeskError::Trustees`] naming what each said when too few evaluated.
    pub(super) async fn evaluate_blinded(&self, asking: &Asking<'_>) -> Result<(Vec<Element>, Vec<Said>)> {
        let index = self.index_key(asking.attribute)?;
        let shares = VerifyingShares::<Index>::new(&index.ring, &index.shares).map_err(DeskError::internal)?;
        let need = usize::from(index.ring.threshold(asking.attribute).unwrap_or(u16::MAX));
        // A fresh proof: the witnesses' cosignatures must be recent when the trustees look.
        self.journal.public(&asking.leaf).await.map_err(DeskError::Journal)?;
        self.journal.refresh().await.map_err(DeskError::Journal)?;
        let public = self.journal.public(&asking.leaf).await.map_err(DeskError::Journal)?;
        let disclosures = self.store.disclosures_of(&asking.leaf).await?.map(|found| found.list).unwrap_or_default();
        let leaf = LeafEvidence {
            leaf: String::from_utf8(public.leaf().to_vec()).map_err(DeskError::internal)?,
            disclosures,
            proof: public.proof().to_string(),
            seasoned: None,
        };
        let request = |trustee| self.lookup_request(trustee, asking, &leaf, shares.epoch());
        let read = |said: &Said, reply: &[u8]| read(said, reply, asking, &shares);
        let about = About::Lookup(asking.lookup.digest());
        let all = self.gather_about(about, 0, need, PATIENCE, request, read).await?;
        let (said, checked): (Vec<Said>, Vec<Option<Checked>>) = all.into_iter().unzip();
        let checked: Vec<Checked> = checked.into_iter().flatten().collect();
        if checked.len() < need {
            let refusals = said.iter().filter(|said| said.reply.is_none());
            let refusals = refusals.map(|said| format!("trustee {}: {}", said.trustee, said.summary)).collect();
            return Err(DeskError::Trustees { answered: checked.len(), needed: need, refusals });
        }
        let combined = interpolate(&index.ring, asking.attribute, &checked).map_err(DeskError::internal)?;
        Ok((combined, said))
    }

    fn lookup_request(
        &self,
        trustee: u16,
        asking: &Asking<'_>,
        leaf: &LeafEvidence,
        share_epoch: u32,
    ) -> Result<Vec<u8>> {
        let request = LookupRequest {
            v: LookupRequestV1,
            custodian: self.custodian.genesis.value().custodian.id,
            trustee,
            at: self.now(),
            share_epoch,
            lookup: asking.lookup.text().to_owned(),
            approval: asking.approval.map(str::to_owned),
            leaf: leaf.clone(),
            blinded: asking.blinded.iter().map(|element| HexBytes(element.bytes().to_vec())).collect(),
            records: asking.records.clone(),
        };
        Ok(Signed::sign(request, &self.custodian.desk_key)?.text().as_bytes().to_vec())
    }
}

/// An evaluation whose proof holds; everything else is its trustee's fault and said so.
fn read(
    said: &Said,
    reply: &[u8],
    asking: &Asking<'_>,
    shares: &VerifyingShares<Index>,
) -> std::result::Result<Checked, String> {
    let wrong = |what: &str| format!("says that it evaluated, and {what}");
    let receipt = said.receipt.as_ref().map(Exact::value).ok_or_else(|| wrong("gave no receipt"))?;
    if (receipt.share_epoch, receipt.records) != (shares.epoch(), asking.lookup.value().count) {
        return Err(wrong("its receipt is for another share epoch or number of values"));
    }
    let evaluation = Evaluation::decode(said.trustee, reply).ok_or_else(|| wrong("its evaluation is none"))?;
    check(shares, asking.attribute, asking.blinded, &evaluation)
        .map_err(|error| wrong(&error.to_string()))?
        .ok_or_else(|| wrong("its proof does not hold: it lies, or its share is damaged"))
}
