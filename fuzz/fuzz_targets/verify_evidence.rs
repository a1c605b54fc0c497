#![no_main]
//! Small folders of any files, with the list of digests as given and as it should be.

use countersign_core::id::Digest;
use countersign_seal::transport::TransportSecret;
use countersign_verify::evidence::{Files, SUMS, open_package, sums, verify_evidence};
use libfuzzer_sys::fuzz_target;

const PATHS: [&str; 16] = [
    SUMS,
    "order.json",
    "manifest.json",
    "facts.json",
    "order.leaf",
    "order.disclosures.json",
    "order.tlog-proof",
    "directory.json",
    "policy-bundle.json",
    "ring.json",
    "shares.json",
    "delay.signed",
    "control/0000000000.leaf",
    "control/0000000000.tlog-proof",
    "receipts/1.signed",
    "approvals/01.json",
];

fuzz_target!(|parts: (Vec<(u8, Vec<u8>)>, Vec<(String, Vec<u8>)>)| {
    let (known, other) = parts;
    let known = known.into_iter().filter_map(|(which, bytes)| Some(((*PATHS.get(usize::from(which))?).to_owned(), bytes)));
    let mut files: Files = known.chain(other).collect();
    let _ = verify_evidence(&files, None);
    files.insert(SUMS.to_owned(), sums(&files).into_bytes());
    let _ = verify_evidence(&files, Some(&Digest([0; 32])));
    let _ = open_package(&files, &TransportSecret::from_seed([1; 32]), None, &[2; 32]);
});
