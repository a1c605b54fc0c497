//! Whatever the bytes: no parser panics, what parses is written back the same, and what verifies says what was signed.

use std::sync::LazyLock;

use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::cosignature::cosign;
use countersign_tlog::follow::Follower;
use countersign_tlog::leaf::{
    ControlLeaf, ControlSignature, Disclosure, Leaf, LeafId, Opened, OpeningLeaf, check_disclosures, seal_fields,
};
use countersign_tlog::merkle::{Frontier, consistency_proof};
use countersign_tlog::note::{Note, SignatureLine, SigningKey, VerifierKey};
use countersign_tlog::policy::{Policy, TimeWindow};
use countersign_tlog::proof::LogProof;
use countersign_tlog::tile::{HashEdge, TilePath, decode_bundle, encode_bundle, recompute};
use countersign_tlog::witness::{
    AddCheckpoint, cosignature_body, decide, parse_conflict, parse_cosignature, verify_latest,
};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

use crate::kit;
use crate::tiles::{Folder, written};

/// Made once: keys, signatures and trees cost more than what is tested.
struct World {
    log: SigningKey,
    witness: SigningKey,
    policy: Policy,
    five: SignedCheckpoint,
    nine: SignedCheckpoint,
    cosigned: SignedCheckpoint,
    proof: Vec<u8>,
    answer: SignatureLine,
    large: SignedCheckpoint,
    folder: Folder,
}

static WORLD: LazyLock<World> = LazyLock::new(|| World {
    log: kit::log_key(),
    witness: kit::witness(1),
    policy: kit::policy(),
    five: kit::checkpoint(5),
    nine: kit::checkpoint(9),
    cosigned: kit::cosigned(9, &[7, 8, 9]),
    proof: kit::proof(3, 9, &[7, 8, 9]).to_string().into_bytes(),
    answer: cosign(&kit::checkpoint(9), &kit::witness(1), 7).unwrap(),
    large: kit::cosigned(300, &[7, 8]),
    folder: written(&[300]),
});

fn parse_all(bytes: &[u8]) {
    let World { log, witness, policy: trusted, five, nine, cosigned, .. } = &*WORLD;
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
        let _ = note.verify([log.verifier(), witness.verifier()]);
    }
    if let Ok(checkpoint) = SignedCheckpoint::parse(bytes) {
        assert_eq!(checkpoint.to_string().as_bytes(), bytes);
        let _ = (checkpoint.verify_log(log.verifier()), trusted.check(&checkpoint, TimeWindow::ANY));
    }
    if let Ok(proof) = LogProof::parse(bytes) {
        assert_eq!(proof.to_string().as_bytes(), bytes);
        let _ = proof.verify(b"leaf", trusted, TimeWindow::ANY);
    }
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(request.to_body().as_bytes(), bytes);
        let _ = decide(&request, &[log.verifier().clone()], |_| Some(five)).map_err(|refusal| refusal.response());
    }
    if let Ok(line) = parse_cosignature(bytes, nine, witness.verifier()) {
        assert!(line.is_by(witness.verifier()));
    }
    if let Ok(size) = parse_conflict(bytes) {
        assert_eq!(format!("{size}\n").as_bytes(), bytes);
    }
    let _ = verify_latest(bytes, log.verifier(), witness.verifier());
    if let Ok(policy) = Policy::parse(bytes) {
        let _ = (policy.lint(), policy.check(cosigned, TimeWindow::ANY));
    }
    match Leaf::parse(bytes) {
        Ok(Leaf::Sealed(leaf)) => assert_eq!(leaf.to_bytes().unwrap(), bytes),
        Ok(Leaf::Control(leaf)) => assert_eq!(leaf.to_bytes().unwrap(), bytes),
        Ok(Leaf::Opening(leaf)) => assert_eq!(leaf.to_bytes().unwrap(), bytes),
        Err(_) => {}
    }
    if let Ok(frontier) = Frontier::from_bytes(bytes) {
        assert_eq!(frontier.to_bytes(), bytes);
        let _ = frontier.root();
    }
    for width in [1, 3, 256] {
        if let Ok(entries) = decode_bundle(bytes, width) {
            assert_eq!(encode_bundle(entries).unwrap(), bytes);
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        parse_text(text);
    }
}

fn parse_text(text: &str) {
    if let Ok(key) = VerifierKey::parse(text) {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(key) = SigningKey::parse(text) {
        assert_eq!(*key.to_secret_text(), text);
    }
    if let Ok(disclosure) = Disclosure::parse(text) {
        assert_eq!(disclosure.as_str(), text);
    }
    if let Ok(path) = text.parse::<TilePath>() {
        assert_eq!(path.to_string(), text);
    }
    let _ = check_disclosures(&SAMPLES[LEAF], &[text]);
}

const LEAF: usize = 0;

/// One valid text or file of every format.
static SAMPLES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let id = LeafId([1; 16]);
    let fields = [("kind", json!("order")), ("scope", json!({"a": ["x", null], "b": -1}))];
    let (leaf, disclosures) = seal_fields(id, 5, &fields, &mut kit::rng(1)).unwrap();
    let disclosure = disclosures[1].as_str().as_bytes().to_vec();
    let signature = ControlSignature { by: "trustee-1".into(), sig: "s".into() };
    let control = ControlLeaf::new(id, 6, "{\"a\":1}\n".into(), vec![signature]).unwrap();
    let opening = OpeningLeaf::new(id, 7, vec![Opened { index: 7, disclosures }]).unwrap();
    let proof = consistency_proof(5, 9, &mut kit::tree(9)).unwrap();
    let signed = kit::checkpoint(9);
    let lines = [2, 1].map(|number| cosign(&signed, &kit::witness(number), 7).unwrap());
    let with_extra = LogProof { extra: Some(b"context".to_vec()), ..kit::proof(3, 9, &[7, 8]) };
    let mut frontier = Frontier::new();
    (0..7).for_each(|index| assert!(frontier.push_leaf(&kit::leaf(index)).is_ok()));
    vec![
        leaf,
        control.to_bytes().unwrap(),
        opening.to_bytes().unwrap(),
        disclosure,
        kit::proof(3, 9, &[7, 8]).to_string().into_bytes(),
        with_extra.to_string().into_bytes(),
        kit::cosigned(9, &[7, 8, 9]).to_string().into_bytes(),
        kit::policy_text(2).into_bytes(),
        AddCheckpoint { old_size: 5, proof, checkpoint: signed }.to_body().into_bytes(),
        cosignature_body(&lines).into_bytes(),
        b"9\n".to_vec(),
        kit::log_key().verifier().to_string().into_bytes(),
        kit::log_key().to_secret_text().as_bytes().to_vec(),
        b"tile/0/x001/000.p/17".to_vec(),
        frontier.to_bytes(),
        encode_bundle([b"a".as_slice(), b"", b"bcd"]).unwrap(),
    ]
});

/// Damage that keeps most of a format standing, so that it reaches the rules behind the first one.
#[derive(Debug, Clone)]
enum Damage {
    Set(Index, u8),
    Flip(Index, u8),
    Remove(Index, usize),
    Insert(Index, &'static str),
    RepeatLine(Index, usize),
    DropLine(Index),
    SwapLines(Index, Index),
    /// The rest comes from another sample.
    Graft(Index, usize, Index),
}

const PIECES: &[&str] = &[
    "\n",
    "\n\n",
    " ",
    "\t",
    "\r",
    "\0",
    "0",
    "-",
    "+",
    "=",
    "==",
    "— ",
    "\u{a0}",
    "\u{7f}",
    "A",
    "/",
    "x",
    ".p/1",
    "old ",
    "extra AA==\n",
    "index 0\n",
    "18446744073709551616",
    "9223372036854775807",
    "quorum none\n",
    "all",
    "\"",
    "\\",
    "{",
    "[",
    ",",
    "null",
    "\"pad\":\"",
];

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        (at(), 0_u8..8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        (at(), 1_usize..80).prop_map(|(at, length)| Damage::Remove(at, length)),
        (at(), proptest::sample::select(PIECES)).prop_map(|(at, piece)| Damage::Insert(at, piece)),
        (at(), 2_usize..70).prop_map(|(at, times)| Damage::RepeatLine(at, times)),
        at().prop_map(Damage::DropLine),
        (at(), at()).prop_map(|(one, other)| Damage::SwapLines(one, other)),
        (at(), 0..SAMPLES.len(), at()).prop_map(|(at, sample, from)| Damage::Graft(at, sample, from)),
    ]
}

fn damaged(mut bytes: Vec<u8>, damage: &Damage) -> Vec<u8> {
    let split = |bytes: &[u8]| bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    if bytes.is_empty() {
        return bytes;
    }
    let mut lines = split(&bytes);
    match damage {
        Damage::Set(at, byte) => *at.get_mut(&mut bytes) = *byte,
        Damage::Flip(at, bit) => *at.get_mut(&mut bytes) ^= 1 << bit,
        Damage::Remove(at, length) => {
            let at = at.index(bytes.len());
            bytes.drain(at..bytes.len().min(at + length));
        }
        Damage::Insert(at, piece) => {
            let at = at.index(bytes.len() + 1);
            bytes.splice(at..at, piece.bytes());
        }
        Damage::RepeatLine(at, times) => {
            let line = at.get_mut(&mut lines);
            *line = line.repeat(*times);
            bytes = lines.concat();
        }
        Damage::DropLine(at) => {
            lines.remove(at.index(lines.len()));
            bytes = lines.concat();
        }
        Damage::SwapLines(one, other) => {
            let (one, other) = (one.index(lines.len()), other.index(lines.len()));
            lines.swap(one, other);
            bytes = lines.concat();
        }
        Damage::Graft(at, sample, from) => {
            bytes.truncate(at.index(bytes.len()));
            let other = &SAMPLES[*sample];
            bytes.extend_from_slice(&other[from.index(other.len())..]);
        }
    }
    bytes
}

#[test]
fn every_sample_is_valid() {
    // A sample that no parser takes would make the tests below test nothing.
    let text = |at: usize| std::str::from_utf8(&SAMPLES[at]).unwrap();
    assert!(SAMPLES[..3].iter().all(|leaf| Leaf::parse(leaf).is_ok()));
    check_disclosures(&SAMPLES[LEAF], &[text(3)]).unwrap();
    assert!(SAMPLES[4..6].iter().all(|proof| LogProof::parse(proof).is_ok()));
    SignedCheckpoint::parse(&SAMPLES[6]).unwrap();
    Policy::parse(&SAMPLES[7]).unwrap();
    AddCheckpoint::parse(&SAMPLES[8]).unwrap();
    parse_cosignature(&SAMPLES[9], &kit::checkpoint(9), kit::witness(1).verifier()).unwrap();
    assert_eq!(parse_conflict(&SAMPLES[10]), Ok(9));
    assert!(VerifierKey::parse(text(11)).is_ok() && SigningKey::parse(text(12)).is_ok());
    text(13).parse::<TilePath>().unwrap();
    Frontier::from_bytes(&SAMPLES[14]).unwrap();
    decode_bundle(&SAMPLES[15], 3).unwrap();
    SAMPLES.iter().for_each(|sample| parse_all(sample));
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
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn damaged_samples(which in 0..SAMPLES.len(), damages in proptest::collection::vec(damage(), 1..5)) {
        let bytes = damages.iter().fold(SAMPLES[which].clone(), damaged);
        parse_all(&bytes);
    }

    #[test]
    fn a_damaged_proof_that_verifies_proves_the_same(damages in proptest::collection::vec(damage(), 1..4)) {
        let bytes = damages.iter().fold(WORLD.proof.clone(), damaged);
        let Ok(proof) = LogProof::parse(&bytes) else { return Ok(()) };
        for index in 0..9 {
            if let Ok(found) = proof.verify(&kit::leaf(index), &WORLD.policy, TimeWindow::ANY) {
                prop_assert_eq!((found.index, found.size, found.root), (index, 9, WORLD.nine.checkpoint().root));
                prop_assert_eq!(index, 3);
                prop_assert!(found.witnessed.cosigners.len() >= 2);
            }
        }
    }

    #[test]
    fn a_damaged_answer_gives_the_witness_s_own_line_or_none(damages in proptest::collection::vec(damage(), 1..4)) {
        let line = &WORLD.answer;
        let body = damages.iter().fold(cosignature_body(std::slice::from_ref(line)).into_bytes(), damaged);
        if let Ok(found) = parse_cosignature(&body, &WORLD.nine, WORLD.witness.verifier()) {
            prop_assert_eq!(&found, line);
        }
    }

    #[test]
    fn whoever_reads_damaged_tiles_reads_the_truth_or_nothing(
        which in any::<Index>(),
        damages in proptest::collection::vec(damage(), 1..4),
        from in 0_u64..300,
        most in 1_u64..300,
    ) {
        let mut folder = WORLD.folder.clone();
        let file = which.get(&folder.0.keys().cloned().collect::<Vec<_>>()).clone();
        let bytes = damages.iter().fold(folder.0[&file].clone(), damaged);
        folder.0.insert(file, bytes);
        let mut read = Frontier::new();
        (0..from).for_each(|index| assert!(read.push_leaf(&kit::leaf(index)).is_ok()));
        let step = Follower::at(read).step(&WORLD.large, &WORLD.policy, TimeWindow::ANY, &mut folder, most);
        if let Ok(step) = step {
            let truth: Vec<_> = (from..step.next.size()).map(kit::leaf).collect();
            prop_assert_eq!(step.leaves, truth);
        }
        let _ = (recompute(300, &mut folder, |_, _| ()), HashEdge::read(300, folder.clone()));
    }
}
