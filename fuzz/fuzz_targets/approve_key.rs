#![no_main]
//! A roster's key: whatever parses spells itself again exactly.
use countersign_approve::PublicKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(key) = PublicKey::parse(text) {
        assert_eq!(key.to_string(), text);
    }
});
