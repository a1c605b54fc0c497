//! The trustee's own log: its keys, what an entry is made of, and how it becomes public.
//!
//! Entries are written in the transaction of what they tell of (`database::own_log`). They become public by the hour, filled up with
//! dummies, so that nobody outside sees when or how much was answered.

mod audit;
mod folder;
mod publish;
mod witness;

pub use audit::{OwnAudit, OwnEntry};
pub(crate) use folder::LogFolder;
pub(crate) use publish::Publisher;
pub use witness::{LogWitnesses, Publication};

use crate::error::{Result, TrusteeError};
use countersign_core::digest;
use countersign_core::id::Digest;
use countersign_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use countersign_tlog::leaf::{LeafId, seal_fields};
use countersign_tlog::merkle::Frontier;
use countersign_tlog::note::{KeyKind, KeyName, SigningKey, VerifierKey};
use countersign_verify::trustee_log::Entry;
use countersign_verify::wire::TrusteeLogKey;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use zeroize::Zeroizing;

/// The secrets of the own log: a signing key that is used for nothing else, and what the salts of its entries come from. Has no `Debug`.
pub(crate) struct LogKeys {
    pub(crate) trustee: u16,
    signer: SigningKey,
    salts: Zeroizing<[u8; 32]>,
}

/// An entry as it is kept.
pub(crate) struct Composed {
    pub(crate) leaf: Vec<u8>,
    /// The disclosures, one a line.
    pub(crate) disclosures: String,
}

impl LogKeys {
    /// The keys that belong to a seed of the vault.
    pub(crate) fn new(trustee: u16, identity: &Digest, seed: &[u8; 32]) -> Result<Self> {
        let derived = |domain: &str| Zeroizing::new(digest::parts(domain, &[seed]).0);
        let unusable = |error: countersign_tlog::note::KeyError| TrusteeError::damaged("the log key", error);
        let name = KeyName::new(&TrusteeLogKey::origin(identity)).map_err(unusable)?;
        let key = derived("countersign/trustee/log-key/v1");
        let signer = SigningKey::from_seed(name, KeyKind::Ed25519, &key).map_err(unusable)?;
        Ok(Self { trustee, signer, salts: derived("countersign/trustee/log-salts/v1") })
    }

    /// The seed of a trustee that was created before it had a log: derived from its identity's, one way.
    pub(crate) fn seed_of_identity(identity_seed: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(digest::parts("countersign/trustee/log-seed/v1", &[identity_seed]).0)
    }

    /// The public half.
    pub(crate) fn verifier(&self) -> &VerifierKey {
        self.signer.verifier()
    }

    /// Signs the checkpoint of a tree.
    pub(crate) fn sign(&self, tree: &Frontier) -> Result<SignedCheckpoint> {
        let head = Checkpoint { origin: self.verifier().name().clone(), size: tree.size(), root: tree.root() };
        head.sign(&self.signer).map_err(|error| TrusteeError::document("checkpoint of the own log", error))
    }

    /// 32 bytes that depend on a secret and on everything given, and on nothing else: the same act has the same salts, and no two
    /// acts share one, whatever the state of a generator.
    pub(crate) fn secret(&self, what: &str, about: &[&[u8]]) -> Digest {
        let mut parts: Vec<&[u8]> = vec![self.salts.as_slice(), what.as_bytes()];
        parts.extend(about);
        digest::parts("countersign/trustee/log-secret/v1", &parts)
    }

    /// The entry with this index.
    pub(crate) fn compose(&self, entry: &Entry, index: u64, tick: u64) -> Result<Composed> {
        let fields = entry.fields();
        let refused = |error: &dyn std::fmt::Display| TrusteeError::document("entry of the own log", error);
        let content = serde_json::to_vec(&fields).map_err(|error| refused(&error))?;
        let seed = self.secret("entry", &[&index.to_be_bytes(), &tick.to_be_bytes(), &content]);
        let mut rng = ChaCha20Rng::from_seed(seed.0);
        let id = LeafId::random(&mut rng);
        let (leaf, disclosures) = seal_fields(id, tick, &fields, &mut rng).map_err(|error| refused(&error))?;
        let disclosures: Vec<&str> = disclosures.iter().map(|one| one.as_str()).collect();
        Ok(Composed { leaf, disclosures: disclosures.join("\n") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(seed: u8) -> LogKeys {
        LogKeys::new(1, &Digest([9; 32]), &[seed; 32]).unwrap()
    }

    #[test]
    fn an_entry_is_the_same_again_and_shares_no_salt_with_another_one() {
        let composed = |seed, index, tick| keys(seed).compose(&Entry::Dummy, index, tick).unwrap().disclosures;
        assert_eq!(composed(1, 5, 12), composed(1, 5, 12));
        let all = [composed(1, 5, 12), composed(1, 6, 12), composed(1, 5, 24), composed(2, 5, 12)];
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    }

    #[test]
    fn the_log_key_is_not_the_identity_and_is_named_after_it() {
        let key = keys(1);
        assert_eq!(key.verifier().name().as_str(), format!("countersign-trustee/{}", Digest([9; 32])));
        assert_ne!(key.verifier().public_bytes(), keys(2).verifier().public_bytes());
        let identity = ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key();
        assert_ne!(key.verifier().public_bytes(), identity.as_bytes());
    }
}
