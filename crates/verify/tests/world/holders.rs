//! Other trustees: shares dealt anew to them, and the change that puts both in force.

use super::*;
use countersign_core::control::{Action, HeldShares, RingRef, SetTrustees, TrusteeMember};
use countersign_core::id::{Digest, SignatureBytes};
use countersign_core::json::Exact;
use countersign_seal::identity::Identity;
use countersign_seal::life::reshare::{Resharing, Round1};
use countersign_seal::ring::{ShareEpoch, VerifyingShares};
use countersign_seal::share::SealingShare;
use ed25519_dalek::Signer;

/// Who holds a share epoch: names of identity keys by index, the document, the shares.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) names: Vec<String>,
    pub(crate) epoch: Exact<ShareEpoch>,
    shares: Vec<Vec<u8>>,
}

impl Held {
    pub(crate) fn founding() -> Self {
        Self::of(founded())
    }

    /// The shares of a ring's first epoch.
    pub(crate) fn of(founded: &Founded) -> Self {
        let shares = (1..=N).map(|index| founded.share(index).encode().to_vec()).collect();
        Self { names: names(&[1, 2, 3, 4, 5]), epoch: founded.epoch.clone(), shares }
    }

    pub(crate) fn name(&self, trustee: u16) -> &str {
        &self.names[usize::from(trustee) - 1]
    }

    pub(crate) fn share(&self, trustee: u16) -> SealingShare {
        SealingShare::decode(&self.shares[usize::from(trustee) - 1]).unwrap()
    }

    pub(crate) fn reference(&self) -> RingRef {
        let value = self.epoch.value();
        RingRef { id: value.ring, share_epoch: value.epoch, shares: self.epoch.digest() }
    }

    /// The change that puts these holders and their shares in force.
    pub(crate) fn action(&self) -> Action {
        Action::SetTrustees(trustees(&self.names, &self.reference(), None))
    }
}

/// Names of the identity keys of trustees with these numbers at the founding.
pub(crate) fn names(indices: &[u16]) -> Vec<String> {
    indices.iter().map(|index| format!("trustee:{index}")).collect()
}

pub(crate) fn member(index: u16, key: &str) -> TrusteeMember {
    TrusteeMember {
        index,
        name: person_id(&key.replace(':', "-")),
        state: state("XA"),
        identity: public(key),
        transport: Digest(seed(&format!("transport of {key}"))),
        obliged_entity: true,
    }
}

/// Trustees with these keys and their own word about the shares.
pub(crate) fn trustees(keys: &[String], ring: &RingRef, index_ring: Option<&RingRef>) -> SetTrustees {
    let held = |ring: &RingRef| HeldShares {
        id: ring.id,
        share_epoch: ring.share_epoch,
        shares: ring.shares,
        confirmed: (1..).zip(keys).map(|(index, key)| confirmation(key, ring, index)).collect(),
    };
    SetTrustees {
        members: (1..).zip(keys).map(|(index, key)| member(index, key)).collect(),
        ring: held(ring),
        index_ring: index_ring.map(held),
    }
}

/// The change that puts a new ring in force.
pub(crate) fn rotation_to(founded: &Founded) -> HeldShares {
    let RingRef { id, share_epoch, shares } = founded.reference();
    let confirmed = founded.confirmations.iter().map(|one| SignatureBytes(one.value().signature.0)).collect();
    HeldShares { id, share_epoch, shares, confirmed }
}

/// A share epoch confirmation, by the page: Ed25519 over the framed ring id, epoch, digest and index.
pub(crate) fn confirmation(key: &str, ring: &RingRef, index: u16) -> SignatureBytes {
    let (epoch, index) = (ring.share_epoch.to_le_bytes(), index.to_le_bytes());
    let parts: [&[u8]; 5] =
        [b"countersign/seal/v1/share-epoch-confirmation", ring.id.as_bytes(), &epoch, ring.shares.as_bytes(), &index];
    let message: Vec<u8> =
        parts.iter().flat_map(|part| [&(part.len() as u64).to_le_bytes()[..], part].concat()).collect();
    SignatureBytes(signing_key(key).sign(&message).to_bytes())
}

impl World {
    /// The shares in force, dealt anew by these to the owners of these keys.
    pub(crate) fn deal(&self, dealers: &[u16], keys: &[String]) -> Held {
        let identities: Vec<Identity> = keys.iter().map(|key| Identity::from_seed(&seed(key))).collect();
        let holders = identities.iter().map(Identity::public).collect();
        let session = Digest(seed(&format!("session {keys:?}")));
        let resharing = Resharing::new(&self.ring, &self.shares, session, dealers, holders).unwrap();
        let mut rng = rng(&format!("resharing {keys:?}"));
        let (states, broadcasts): (Vec<_>, Vec<_>) = (1..)
            .zip(&identities)
            .map(|(index, identity)| {
                let share = dealers.contains(&index).then(|| self.held.share(index));
                Round1::start(&resharing, index, share.as_ref(), identity, &mut rng).unwrap()
            })
            .unzip();
        let (states, sent): (Vec<_>, Vec<_>) = states
            .into_iter()
            .zip(&identities)
            .map(|(state, identity)| state.proceed(&broadcasts, identity, &mut rng).unwrap())
            .unzip();
        let finished: Vec<_> = (1u16..)
            .zip(&states)
            .map(|(index, state)| {
                let to_this = (1u16..).zip(&sent).filter_map(|(sender, sent)| {
                    sent.iter().find(|(to, _)| *to == index).map(|(_, bytes)| (sender, bytes.clone()))
                });
                state.finish(&to_this.collect::<Vec<_>>()).unwrap()
            })
            .collect();
        let shares = finished.iter().map(|end| end.share.encode().to_vec()).collect();
        Held { names: keys.to_vec(), epoch: finished[0].epoch.clone(), shares }
    }

    /// Every trustee works with this ring and its first shares.
    pub(crate) fn work_with(&mut self, founded: &Founded) {
        self.ring = founded.confirmed().0;
        self.hold(Held::of(founded));
    }

    /// Every trustee loads these shares.
    pub(crate) fn hold(&mut self, held: Held) {
        self.shares = VerifyingShares::new(&self.ring, &held.epoch).unwrap();
        self.held = held;
    }
}
