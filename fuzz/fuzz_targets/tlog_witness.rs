#![no_main]
//! An `add-checkpoint` body: whatever parses is written back the same; answers never panic.
use countersign_tlog::witness::{AddCheckpoint, decide, parse_conflict};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = parse_conflict(data);
    if let Ok(request) = AddCheckpoint::parse(data) {
        assert_eq!(request.to_body().as_bytes(), data);
        assert!(decide(&request, &[], |_| None).is_err());
    }
});
