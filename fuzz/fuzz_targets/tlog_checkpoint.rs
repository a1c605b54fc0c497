#![no_main]
//! A checkpoint: whatever parses is written back the same.
use countersign_tlog::checkpoint::SignedCheckpoint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(signed) = SignedCheckpoint::parse(data) {
        assert_eq!(signed.to_string().as_bytes(), data);
        assert_eq!(signed.checkpoint().to_string(), signed.note().text());
    }
});
