//! Another set of trustees, together with the shares that they hold.

use super::{RingRef, TrusteeMember, check_members};
use crate::id::{Digest, SignatureBytes};
use serde::{Deserialize, Serialize};

/// The trustees of the next share epoch, and that epoch of every ring: they come into force together or not at all.
///
/// The threshold is part of the ring ids and stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetTrustees {
    /// All members after the change, sorted by index 1..=n.
    pub members: Vec<TrusteeMember>,
    /// A later share epoch of the ring in force.
    pub ring: HeldShares,
    /// A later share epoch of the index ring in force; the member is left out when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index_ring: Option<HeldShares>,
}

/// A share epoch, and the word of every holder that it has its shares of exactly this epoch. Of a new ring's first epoch
/// these are the confirmations of the ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldShares {
    /// Ring id.
    pub id: Digest,
    /// Share epoch.
    pub share_epoch: u32,
    /// Digest of the share epoch document.
    pub shares: Digest,
    /// The signatures of the confirmations of members 1 to n.
    pub confirmed: Vec<SignatureBytes>,
}

impl HeldShares {
    /// As control state names it.
    pub fn reference(&self) -> RingRef {
        RingRef { id: self.id, share_epoch: self.share_epoch, shares: self.shares }
    }

    /// Of a ring that is new: its first epoch, confirmed by a possible number of trustees.
    pub(super) fn check_new(&self) -> Result<(), &'static str> {
        let rules = [
            (self.share_epoch == 1, "the shares of a new ring are of epoch 1"),
            ((2..=255).contains(&self.confirmed.len()), "`confirmed` has fewer than 2 signatures, or more than 255"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

impl SetTrustees {
    pub(super) fn check(&self) -> Result<(), &'static str> {
        check_members(&self.members)?;
        let rings = || std::iter::once(&self.ring).chain(&self.index_ring);
        let rules = [
            (
                rings().all(|ring| ring.confirmed.len() == self.members.len()),
                "`confirmed` does not have one signature for each member",
            ),
            (
                self.index_ring.as_ref().is_none_or(|index| index.id != self.ring.id),
                "one ring cannot be for sealing and for the index",
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}
