#![no_main]
//! One control signature: whatever parses is written back the same.
use countersign_tlog::leaf::ControlSignature;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(signature) = ControlSignature::parse(data) {
        assert_eq!(signature.to_text().as_bytes(), data);
    }
});
