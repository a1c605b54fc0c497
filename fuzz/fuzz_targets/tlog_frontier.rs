#![no_main]
//! Stored frontiers: whatever parses is written back the same and has a root.
use countersign_tlog::merkle::Frontier;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(mut frontier) = Frontier::from_bytes(data) {
        assert_eq!(frontier.to_bytes(), data);
        let _ = frontier.root();
        let _ = frontier.push_leaf(b"leaf");
    }
});
