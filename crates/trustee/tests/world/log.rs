//! The journal as its operator writes it.

use super::*;
use countersign_testkit::random;
use countersign_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use countersign_tlog::cosignature::cosign;
use countersign_tlog::leaf::{Disclosure, seal_disclosures, seal_dummy};
use countersign_tlog::leaf_hash;
use countersign_tlog::merkle::{Tree, inclusion_proof, root_at};
use countersign_tlog::note::{KeyKind, KeyName, SigningKey};
use countersign_tlog::proof::LogProof;
use countersign_tlog::tile::{BundleEdge, HashEdge};
use std::collections::BTreeMap;

pub(crate) const ORIGIN: &str = "journal.countersign.example/xa";

pub(crate) fn log_key() -> SigningKey {
    note_key(ORIGIN, KeyKind::Ed25519)
}

pub(crate) fn witness(number: u8) -> SigningKey {
    note_key(&format!("witness.example/w{number}"), KeyKind::CosignatureV1)
}

pub(crate) fn note_key(name: &str, kind: KeyKind) -> SigningKey {
    SigningKey::from_seed(KeyName::new(name).unwrap(), kind, &seed(name)).unwrap()
}

/// Two of three witnesses.
pub(crate) fn witness_policy() -> String {
    let mut text = format!("log {}\n", log_key().verifier());
    for number in 1..=3 {
        text += &format!("witness w{number} {}\n", witness(number).verifier());
    }
    text + "group all-w 2 w1 w2 w3\nquorum all-w\n"
}

pub(crate) struct Log {
    pub(crate) folder: PathBuf,
    pub(crate) leaves: Vec<Vec<u8>>,
    /// Every disclosure of the sealed leaves, as the custodian keeps them.
    pub(crate) disclosed: BTreeMap<u64, Vec<String>>,
    tree: Tree,
    key: SigningKey,
}

impl Log {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self::of(folder, log_key())
    }

    /// The log with this key, under the same witnesses.
    pub(crate) fn of(folder: PathBuf, key: SigningKey) -> Self {
        Self { folder, leaves: Vec::new(), disclosed: BTreeMap::new(), tree: Tree::default(), key }
    }

    pub(crate) fn append(&mut self, leaf: Vec<u8>) -> u64 {
        self.tree.push(leaf_hash(&leaf));
        self.leaves.push(leaf);
        self.size() - 1
    }

    pub(crate) fn append_dummies(&mut self, count: u64) {
        for number in 0..count {
            let name = format!("dummy {} {number}", self.size());
            let id = LeafId(seed(&name)[..16].try_into().unwrap());
            let (leaf, disclosures) = seal_dummy(id, 5_984_000, &mut random::named(&name)).unwrap();
            self.append_disclosed(leaf, &disclosures);
        }
    }

    /// A sealed leaf with its disclosures.
    pub(crate) fn append_disclosed(&mut self, leaf: Vec<u8>, disclosures: &[Disclosure]) -> u64 {
        let index = self.append(leaf);
        self.disclosed.insert(index, disclosures.iter().map(|one| one.as_str().to_owned()).collect());
        index
    }

    pub(crate) fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// Writes all tiles of the present size, then the checkpoint, cosigned by two witnesses.
    pub(crate) fn publish(&self, time: Timestamp) {
        self.publish_with(self.size(), &[time, time.plus(-60)]);
    }

    /// As [`publish`](Self::publish), for the first `size` leaves, cosigned by witnesses 1, 2, ... at these times.
    pub(crate) fn publish_with(&self, size: u64, times: &[Timestamp]) {
        let leaves = &self.leaves[..size as usize];
        let hashes: Vec<_> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        let tiles = HashEdge::new().append(&hashes).into_iter().chain(BundleEdge::new().append(leaves).unwrap());
        for (path, bytes) in tiles {
            let path = self.folder.join(path.to_string());
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let checkpoint = self.checkpoint(size, times).to_string();
        std::fs::write(self.folder.join("checkpoint"), checkpoint).unwrap();
    }

    pub(crate) fn checkpoint(&self, size: u64, times: &[Timestamp]) -> SignedCheckpoint {
        let root = root_at(size, &mut self.tree.clone()).unwrap();
        let origin = self.key.verifier().name().clone();
        let mut signed = Checkpoint { origin, size, root }.sign(&self.key).unwrap();
        for (number, time) in (1..).zip(times) {
            let line = cosign(&signed, &witness(number), time.unix() as u64).unwrap();
            signed.add(line).unwrap();
        }
        signed
    }

    pub(crate) fn proof(&self, index: u64, times: &[Timestamp]) -> String {
        let hashes = inclusion_proof(index, self.size(), &mut self.tree.clone()).unwrap();
        LogProof { extra: None, index, hashes, checkpoint: self.checkpoint(self.size(), times) }.to_string()
    }
}

/// A sealed leaf that holds the trustee's own disclosure.
pub(crate) fn receipt_leaf(disclosure: &str) -> Vec<u8> {
    let own = Disclosure::parse(disclosure).unwrap();
    let id = LeafId(seed(disclosure)[..16].try_into().unwrap());
    seal_disclosures(id, 5_984_000, &[own], &mut random::named(disclosure)).unwrap()
}
