//! No parser panics, whatever it is given, and whatever parses is written back the same.

use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::leaf::{Disclosure, Leaf, seal_dummy};
use countersign_tlog::merkle::Frontier;
use countersign_tlog::note::{Note, SigningKey, VerifierKey};
use countersign_tlog::policy::Policy;
use countersign_tlog::proof::LogProof;
use countersign_tlog::tile::{TilePath, decode_bundle};
use countersign_tlog::witness::{AddCheckpoint, parse_conflict};
use proptest::prelude::*;

use crate::kit;

fn parse_all(bytes: &[u8]) {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
    }
    if let Ok(checkpoint) = SignedCheckpoint::parse(bytes) {
        assert_eq!(checkpoint.to_string().as_bytes(), bytes);
    }
    if let Ok(proof) = LogProof::parse(bytes) {
        assert_eq!(proof.to_string().as_bytes(), bytes);
    }
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(request.to_body().as_bytes(), bytes);
    }
    let _ = (
        Policy::parse(bytes),
        Leaf::parse(bytes),
        Frontier::from_bytes(bytes),
        decode_bundle(bytes, 3),
        parse_conflict(bytes),
    );
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = (VerifierKey::parse(text), SigningKey::parse(text), Disclosure::parse(text), text.parse::<TilePath>());
    }
}

fn samples() -> Vec<Vec<u8>> {
    let (leaf, disclosures) = seal_dummy(countersign_tlog::leaf::LeafId([1; 16]), 5, &mut kit::rng(1)).unwrap();
    vec![
        kit::proof(3, 9, &[7, 8]).to_string().into_bytes(),
        kit::cosigned(9, &[7, 8, 9]).to_string().into_bytes(),
        kit::policy_text(2).into_bytes(),
        AddCheckpoint { old_size: 0, proof: vec![], checkpoint: kit::checkpoint(9) }.to_body().into_bytes(),
        kit::log_key().verifier().to_string().into_bytes(),
        b"tile/0/x001/000.p/17".to_vec(),
        leaf,
        disclosures[0].as_str().as_bytes().to_vec(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        parse_all(&bytes);
    }

    #[test]
    fn arbitrary_text(text in "(— |[a-z0-9 +/=.\n]|old |extra |index |quorum |\n\n|é){0,80}") {
        parse_all(text.as_bytes());
    }

    #[test]
    fn damaged_samples(which in 0_usize..8, at in any::<usize>(), byte in any::<u8>(), what in 0_u8..3) {
        let mut bytes = samples()[which].clone();
        let at = at % bytes.len();
        match what {
            0 => bytes[at] = byte,
            1 => { bytes.remove(at); }
            _ => bytes.insert(at, byte),
        }
        parse_all(&bytes);
    }
}
