#![no_main]
//! `KEY LF SIGNATURE`: the parsers of all signature forms. Nothing a fuzzer finds may verify a fixed message.
use countersign_approve::{PublicKey, verify_signature};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some((key, signature)) = text.split_once('\n') else { return };
    if let Ok(key) = PublicKey::parse(key) {
        let message = b"countersign/approval/v1 aa00000000000000000000000000000000000000000000000000000000000000\n";
        assert!(verify_signature(&key, "fuzz@countersign", message, signature).is_err());
    }
});
