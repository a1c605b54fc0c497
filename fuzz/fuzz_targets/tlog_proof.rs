#![no_main]
//! A `.tlog-proof`: whatever parses is written back the same, and its tree mathematics never panics.
use countersign_tlog::leaf_hash;
use countersign_tlog::merkle::root_from_inclusion;
use countersign_tlog::proof::LogProof;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(proof) = LogProof::parse(data) {
        assert_eq!(proof.to_string().as_bytes(), data);
        let _ = root_from_inclusion(leaf_hash(b""), proof.index, proof.checkpoint.checkpoint().size, &proof.hashes);
    }
});
