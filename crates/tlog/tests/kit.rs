//! Fixed keys and a small witnessed log for the other tests.

use countersign_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use countersign_tlog::cosignature::cosign;
use countersign_tlog::leaf_hash;
use countersign_tlog::merkle::{Tree, inclusion_proof, root_at};
use countersign_tlog::note::{KeyKind, KeyName, SigningKey};
use countersign_tlog::policy::Policy;
use countersign_tlog::proof::LogProof;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

pub(crate) const ORIGIN: &str = "log.example/xa";

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn key(name: &str, kind: KeyKind, seed: u8) -> SigningKey {
    SigningKey::from_seed(KeyName::new(name).unwrap(), kind, &[seed; 32]).unwrap()
}

pub(crate) fn log_key() -> SigningKey {
    key(ORIGIN, KeyKind::Ed25519, 1)
}

pub(crate) fn witness(number: u8) -> SigningKey {
    key(&format!("witness.example/w{number}"), KeyKind::CosignatureV1, 10 + number)
}

/// Two of three witnesses.
pub(crate) fn policy() -> Policy {
    Policy::parse(policy_text(2).as_bytes()).unwrap()
}

pub(crate) fn policy_text(threshold: usize) -> String {
    let mut text = format!("log {}\n", log_key().verifier());
    for number in 1..=3 {
        text += &format!("witness w{number} {}\n", witness(number).verifier());
    }
    text + &format!("group all-w {threshold} w1 w2 w3\nquorum all-w\n")
}

pub(crate) fn leaf(index: u64) -> Vec<u8> {
    format!("leaf {index}").into_bytes()
}

pub(crate) fn tree(size: u64) -> Tree {
    (0..size).map(|index| leaf_hash(&leaf(index))).collect()
}

pub(crate) fn checkpoint(size: u64) -> SignedCheckpoint {
    let root = root_at(size, &mut tree(size)).unwrap();
    Checkpoint { origin: KeyName::new(ORIGIN).unwrap(), size, root }.sign(&log_key()).unwrap()
}

/// Cosigned by the first witnesses at the times given.
pub(crate) fn cosigned(size: u64, times: &[u64]) -> SignedCheckpoint {
    let mut signed = checkpoint(size);
    for (number, time) in (1..).zip(times) {
        let line = cosign(&signed, &witness(number), *time).unwrap();
        signed.add(line).unwrap();
    }
    signed
}

pub(crate) fn proof(index: u64, size: u64, times: &[u64]) -> LogProof {
    let hashes = inclusion_proof(index, size, &mut tree(size)).unwrap();
    LogProof { extra: None, index, hashes, checkpoint: cosigned(size, times) }
}
