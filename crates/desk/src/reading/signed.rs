//! Taking in what people sign under a reading.

use super::Documents;
use crate::case_file::kind;
use crate::desk::{Desk, stored};
use crate::error::{DeskError, Result};
use countersign_approve::{verify_approval, verify_consent};
use countersign_core::approval::Approval;
use countersign_core::consent::Consent;
use countersign_core::id::{Digest, OrderId};
use countersign_core::json::Exact;
use countersign_seal::label::Label;
use countersign_store::StoredDocument;
use countersign_verify::request::SKEW;

impl Desk {
    /// Takes in an approval of the agent, a peer or an approver, or the client's consent. Trustees look again; whether it is
    /// enough is for them to say.
    ///
    /// # Errors
    /// [`DeskError::Input`] when it is not a valid signature over this order; [`DeskError::NotFound`].
    pub async fn sign_reading(&self, id: &OrderId, bytes: &[u8]) -> Result<()> {
        let _turn = self.queue.lock().await;
        let mut pending = self.pending_reading(id).await?;
        let documents = self.reading_documents(&pending).await?;
        let (digest, document) = self.check_signed(&documents, bytes)?;
        if pending.leaf.is_some() {
            return Err(DeskError::Input("the reading is public: what is signed later does not count".into()));
        }
        if pending.signed.contains(&digest) {
            return Ok(());
        }
        self.store.append_leaves(vec![document], Vec::new()).await?;
        pending.signed.push(digest);
        self.keep_pending(id, &pending).await
    }

    fn check_signed(&self, documents: &Documents, bytes: &[u8]) -> Result<(Digest, StoredDocument)> {
        let order = documents.order.digest();
        let input = |error: &dyn std::fmt::Display| DeskError::Input(error.to_string());
        let text = std::str::from_utf8(bytes).map_err(|error| input(&error))?;
        if Consent::is_claimed_by(text) {
            let consent = Exact::<Consent>::parse(bytes).map_err(|error| input(&error))?;
            for entry in &documents.manifest.value().entries {
                let label = Label::decode(&entry.label.0).map_err(DeskError::internal)?;
                let key = label.head().client_key.ok_or_else(|| input(&"the client has registered no key"))?;
                verify_consent(consent.value(), &order, &key).map_err(|error| input(&error))?;
            }
            return Ok((consent.digest(), stored(kind::CONSENT, &consent)));
        }
        let approval = Exact::<Approval>::parse(bytes).map_err(|error| input(&error))?;
        let value = approval.value();
        let now = self.now();
        let state = self.control().counting_at(now);
        let person = state.people().get(&value.approver);
        let person = person.ok_or_else(|| input(&format!("`{}` is not in force in the roster", value.approver)))?;
        verify_approval(value, &order, person).map_err(|error| input(&error))?;
        if value.at > now.plus(SKEW) {
            return Err(input(&format!("the approval is dated {}, later than now ({now})", value.at)));
        }
        Ok((approval.digest(), stored(kind::APPROVAL, &approval)))
    }
}
