//! The pages in docs/formats say what the code does: every limit stands there, and every example is right.

use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::empty_root;
use countersign_tlog::leaf::{
    DIGESTS_PER_LEAF, Disclosure, LARGE_LEAF_BYTES, MAX_DISCLOSURE_CHARS, MAX_JSON_DEPTH, SEALED_LEAF_BYTES,
};
use countersign_tlog::merkle::MAX_PROOF_HASHES;
use countersign_tlog::note::{MAX_KEY_NAME_BYTES, MAX_NOTE_BYTES, MAX_SIGNATURES, Note, VerifierKey};
use countersign_tlog::policy::{MAX_POLICY_BYTES, MAX_POLICY_ITEMS};
use countersign_tlog::proof::{MAX_EXTRA_BYTES, MAX_PROOF_BYTES};
use countersign_tlog::tile::{FULL_TILE_BYTES, MAX_ENTRY_BYTES, TILE_WIDTH};
use countersign_tlog::witness::{MAX_REQUEST_BYTES, SIZE_CONTENT_TYPE};
use std::path::Path;

use crate::kit;

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// As the pages write numbers: 16384 is `16,384`.
fn written(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap());
    groups.collect::<Vec<_>>().join(",")
}

/// The text between the fences of the code block that begins with `start`.
fn block<'p>(page: &'p str, start: &str) -> &'p str {
    let blocks = page.split("```\n").skip(1).step_by(2);
    blocks.into_iter().find(|block| block.starts_with(start)).unwrap_or_else(|| panic!("no block begins with {start}"))
}

/// The word in backticks that begins with `start`.
fn word<'p>(page: &'p str, start: &str) -> &'p str {
    page.split('`').skip(1).step_by(2).find(|word| word.starts_with(start) && word.len() > start.len()).unwrap()
}

#[test]
fn every_limit_stands_on_its_page() {
    for (name, limits) in [
        ("signed-note.md", vec![MAX_NOTE_BYTES, MAX_SIGNATURES, MAX_KEY_NAME_BYTES]),
        ("tiles.md", vec![TILE_WIDTH as usize, FULL_TILE_BYTES, MAX_ENTRY_BYTES, MAX_PROOF_HASHES]),
        ("tlog-proof.md", vec![MAX_PROOF_BYTES, MAX_EXTRA_BYTES, MAX_PROOF_HASHES]),
        ("tlog-policy.md", vec![MAX_POLICY_BYTES, MAX_POLICY_ITEMS]),
        ("witness.md", vec![MAX_REQUEST_BYTES, MAX_PROOF_HASHES, MAX_NOTE_BYTES, MAX_SIGNATURES]),
        ("leaf.md", vec![SEALED_LEAF_BYTES, LARGE_LEAF_BYTES, DIGESTS_PER_LEAF, MAX_DISCLOSURE_CHARS, MAX_JSON_DEPTH]),
    ] {
        let page = page(name);
        let numbers: Vec<&str> = page.split(|c: char| !c.is_ascii_digit() && c != ',').collect();
        for limit in limits.into_iter().map(written) {
            assert!(numbers.iter().any(|number| number.trim_matches(',') == limit), "{name} does not say {limit}");
        }
    }
    assert!(page("witness.md").contains(&format!("`{SIZE_CONTENT_TYPE}`")));
    assert!(page("checkpoint.md").contains(&format!("`{}`", empty_root())));
}

#[test]
fn every_example_is_right() {
    let notes = page("signed-note.md");
    let note = Note::parse(block(&notes, "This is").as_bytes()).unwrap();
    note.verify([&VerifierKey::parse(word(&notes, "example.com/foo+")).unwrap()]).unwrap();

    let checkpoints = page("checkpoint.md");
    let signed = SignedCheckpoint::parse(block(&checkpoints, kit::ORIGIN).as_bytes()).unwrap();
    signed.verify_log(&VerifierKey::parse(word(&checkpoints, &format!("{}+", kit::ORIGIN))).unwrap()).unwrap();

    let leaves = page("leaf.md");
    let disclosure = Disclosure::parse(word(&leaves, "WyJB")).unwrap();
    assert_eq!((disclosure.name(), disclosure.value()), ("kind", &"dummy".into()));
    assert!(word(&leaves, "[\"AAAA").ends_with("\"kind\",\"dummy\"]"));
}
