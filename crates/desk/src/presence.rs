//! Check-ins: signs of life of people who have to give them, each one a control leaf.
//!
//! A check-in that was interrupted is lost or public; checking in again harms nothing.

use crate::desk::Desk;
use crate::error::{DeskError, Result};
use crate::leaves::{key, tick};
use countersign_core::check_in::{CheckIn, CheckInV1};
use countersign_core::id::PersonId;
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_store::NewLeaf;
use countersign_tlog::leaf::{ControlLeaf, ControlSignature, LeafId};

impl Desk {
    /// Writes a check-in of this person, dated `at`, that would count now.
    ///
    /// # Errors
    /// [`DeskError::Input`] when it would not, with the reason.
    pub fn draft_check_in(&self, person: &PersonId, at: Timestamp) -> Result<Exact<CheckIn>> {
        let genesis = &self.custodian.genesis;
        let custodian = genesis.value().custodian.id;
        let check_in = CheckIn { v: CheckInV1, custodian, genesis: genesis.digest(), person: person.clone(), at };
        let counts = self.control().check_check_in(&check_in, self.now());
        counts.map_err(|error| DeskError::Input(error.to_string()))?;
        Ok(Exact::write(check_in)?)
    }

    /// Publishes a signed check-in and takes it in. Returns the index of its leaf.
    ///
    /// # Errors
    /// [`DeskError::Input`] when it does not count; [`DeskError::Journal`] when the leaf does not become public.
    pub async fn publish_check_in(&self, check_in: &Exact<CheckIn>, signature: ControlSignature) -> Result<u64> {
        let at = self.now();
        let (key, leaf) = {
            let mut rng = self.rng();
            let (id, body) = (LeafId::random(&mut *rng), check_in.text().to_owned());
            let leaf = ControlLeaf::new(id, tick(at), body, vec![signature]).map_err(DeskError::internal)?;
            (key(at, &mut *rng), leaf)
        };
        self.control().read_check_in(&leaf, at).map_err(DeskError::Input)?;
        let bytes = leaf.to_bytes().map_err(DeskError::internal)?;
        let new = NewLeaf { key, kind: "control".into(), leaf: bytes.clone(), disclosures: Vec::new() };
        self.store.append_leaves(Vec::new(), vec![new]).await?;
        let index = self.journal.public(&key).await.map_err(DeskError::Journal)?.included().index;
        let seen = self.first_seen(index, &bytes).await?;
        let mut control = self.control();
        // Another call may have taken in a later one meanwhile; then this one says nothing any more.
        if control.read_check_in(&leaf, seen).is_ok() {
            control.fold(index, &leaf, seen);
            self.set_control(control);
        }
        Ok(index)
    }
}

#[cfg(test)]
mod tests;
