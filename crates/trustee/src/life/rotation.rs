//! Rotation: a new key ceremony among the trustees in force. Its steps are those of every ceremony
//! ([`dkg_start`](Trustee::dkg_start) and after); what is its own is whom a trustee makes keys with.

use crate::ceremony::Finished;
use crate::error::{Result, TrusteeError};
use crate::memory::read_shares;
use crate::trustee::Trustee;
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_seal::ceremony::Ceremony;
use countersign_seal::identity::IdentityKey;
use countersign_seal::kind::Sealing;
use countersign_seal::life::rotation::rotation;
use countersign_seal::ring::{Confirmation, ConfirmedRing, DealerRings};
use countersign_verify::founding::read_party;

impl Trustee {
    /// The ceremony of a rotation: of the ring in force, as far as the journal was read, among all trustees in force.
    /// `identities` are the texts in which trustees 1 to n say who they are.
    ///
    /// # Errors
    /// [`TrusteeError::Document`] when one of them is not the trustee in force with its number and keys, when one was
    /// removed, or when the ring before is still being read.
    pub async fn rotation(&self, session: &Digest, identities: &[String], now: Timestamp) -> Result<Ceremony<Sealing>> {
        let refused = |reason: String| TrusteeError::document("rotation", reason);
        let state = self.in_force(now).await?;
        if let Some(former) = state.former_ring() {
            return Err(refused(format!("ring {} is still being read: its records are sealed anew first", former.id)));
        }
        let in_force = state.ring().ok_or_else(|| TrusteeError::NotReady("no ring is in force".into()))?;
        let (before, _) = read_shares::<Sealing>(&state, in_force, &self.documents)?;
        if identities.len() != state.members().len() {
            return Err(refused(format!("{} parties, {} are in force", identities.len(), state.members().len())));
        }
        let mut parties = Vec::new();
        for (member, text) in state.members().iter().zip(identities) {
            let index = member.index;
            let (found, party) = read_party(text).map_err(|error| refused(error.to_string()))?;
            if (found.index, found.identity, found.transport) != (index, member.identity, member.transport) {
                return Err(refused(format!("the identity given for trustee {index} is not the one in force")));
            }
            if state.trustee(index).is_none() {
                return Err(refused(format!(
                    "trustee {index} was removed: deal the shares anew without it, then rotate"
                )));
            }
            parties.push(party);
        }
        rotation(&before, session, parties).map_err(|error| refused(error.to_string()))
    }

    /// Takes the confirmations of all trustees in force, in order, and keeps the new ring: from then on this trustee signs
    /// the change that puts it in force.
    ///
    /// # Errors
    /// [`TrusteeError::Document`] when somebody has not confirmed, or confirmed another ring.
    pub async fn rotation_confirmed(
        &self,
        finished: &Finished,
        confirmations: &[Exact<Confirmation>],
        now: Timestamp,
    ) -> Result<Digest> {
        let state = self.in_force(now).await?;
        let identities: Vec<IdentityKey> =
            state.members().iter().filter_map(|member| IdentityKey::from_digest(&member.identity)).collect();
        let values: Vec<Confirmation> = confirmations.iter().map(|exact| exact.value().clone()).collect();
        ConfirmedRing::<Sealing>::new(finished.ring.clone(), &values, &identities, DealerRings::Refuse)
            .map_err(|error| TrusteeError::document("key ring", error))?;
        let texts: Vec<String> = confirmations.iter().map(|exact| exact.text().to_owned()).collect();
        self.add_shares(finished.shares.text())?;
        self.add_ring(finished.ring.text(), &texts)
    }
}
