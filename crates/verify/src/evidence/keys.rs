//! The key ring: made without a dealer, confirmed by every trustee, in force.

use super::files::{Fault, Files, under};
use super::{Evidence, document};
use crate::state::InForce;
use countersign_core::control::TrusteeMember;
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::order::Order;
use countersign_seal::identity::IdentityKey;
use countersign_seal::ring::{Confirmation, ConfirmedRing, DealerRings, Ring, ShareEpoch, VerifyingShares};
use std::collections::BTreeMap;

/// The ring, its verifying shares, the trustees' identities by index.
pub(super) type RingParts = (ConfirmedRing, VerifyingShares, BTreeMap<u16, IdentityKey>);

pub(super) fn ring(files: &Files, state: &InForce, order: &Exact<Order>) -> Result<RingParts, Fault> {
    let in_force = state
        .read_under(&order.value().ring)
        .ok_or_else(|| Fault::new("ring.json", "is not the ring in force, or not the one the order names"))?;
    let ring = confirmed(files, "ring.json", "ring-confirmations", state, &in_force.id)?;
    if ring.id() != in_force.id || order.value().ring != ring.id() {
        return Err(Fault::new("ring.json", "is not the ring in force, or not the one the order names"));
    }
    let epoch: Exact<ShareEpoch> = document(files, "shares.json")?;
    if epoch.digest() != in_force.shares || epoch.value().epoch != in_force.share_epoch {
        return Err(Fault::new("shares.json", "are not the verifying shares in force"));
    }
    let shares = VerifyingShares::new(&ring, &epoch).map_err(|error| Fault::new("shares.json", error))?;
    let members = state.members();
    if usize::from(shares.trustees()) != members.len() {
        return Err(Fault::new(
            "shares.json",
            format!("are for {} trustees, not {}", shares.trustees(), members.len()),
        ));
    }
    let in_force = members.iter().filter(|member| state.trustee(member.index).is_some());
    Ok((ring, shares, identities(in_force)?))
}

/// The ring in force to which a worker seals records anew: `reseal/` of its job. `ring` is the one that the duty names.
///
/// # Errors
/// [`Fault`] when it is not in force, or not confirmed by every trustee that made it.
pub fn new_ring(files: &Files, evidence: &Evidence, ring: &Digest) -> Result<ConfirmedRing, Fault> {
    const RING: &str = "reseal/ring.json";
    let state = &evidence.state;
    let confirmed = confirmed(files, RING, "reseal/ring-confirmations", state, ring)?;
    if confirmed.id() == *ring && state.ring().is_some_and(|in_force| in_force.id == *ring) {
        return Ok(confirmed);
    }
    Err(Fault::new(RING, "is not the ring in force that the duty names"))
}

/// A ring as those who made it have confirmed it.
fn confirmed(files: &Files, path: &str, folder: &str, state: &InForce, id: &Digest) -> Result<ConfirmedRing, Fault> {
    let ring: Exact<Ring> = document(files, path)?;
    let makers = identities(state.makers_of(id))?;
    let mut confirmations = Vec::new();
    for (path, bytes) in under(files, folder) {
        let confirmation = Exact::<Confirmation>::parse(bytes).map_err(|error| Fault::new(path, error))?;
        let trustee = confirmation.value().trustee;
        if path != format!("{folder}/{trustee:03}.json") || !makers.contains_key(&trustee) {
            return Err(Fault::new(path, format!("is the confirmation of trustee {trustee}")));
        }
        confirmations.push(confirmation.value().clone());
    }
    let keys: Vec<IdentityKey> = makers.values().copied().collect();
    ConfirmedRing::new(ring, &confirmations, &keys, DealerRings::Refuse).map_err(|error| Fault::new(path, error))
}

fn identities<'m>(members: impl IntoIterator<Item = &'m TrusteeMember>) -> Result<BTreeMap<u16, IdentityKey>, Fault> {
    let key = |member: &TrusteeMember| {
        let key = IdentityKey::from_digest(&member.identity).ok_or_else(|| {
            Fault::new("control", format!("the identity key of trustee {} is unusable", member.index))
        })?;
        Ok((member.index, key))
    };
    members.into_iter().map(key).collect()
}
