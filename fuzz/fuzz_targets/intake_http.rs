#![no_main]
//! Signed requests: no reader panics, and nothing verifies under a key that never signed.
use countersign_core::time::Timestamp;
use countersign_intake::http::{HttpRequest, SignedRequest, digest, fields};
use countersign_intake::key::RequestKey;
use libfuzzer_sys::fuzz_target;

const KEY: &str = "ed25519 26b40b8f93fff3d897112f7ebc582b232dbd72517d082fe83cfb30ddce43d1bb";

fuzz_target!(|data: &[u8]| {
    let Ok(key) = RequestKey::parse(KEY) else { panic!("the key of this target parses") };
    if let Ok(text) = std::str::from_utf8(data) {
        if let Ok(entries) = fields::dictionary(text) {
            let written: Vec<String> = entries.iter().map(|entry| format!("{}={}", entry.key, entry.text)).collect();
            assert_eq!(written.join(", "), text);
        }
        assert!(digest::check(text, b"content that nobody digested").is_err());
    }
    if let Ok(signed) = SignedRequest::parse(data) {
        assert!(HttpRequest::parse(data).is_ok());
        assert!(signed.head().verify(&key, Timestamp::MIN).is_err() || signed.head().verify(&key, Timestamp::MAX).is_err());
    }
});
