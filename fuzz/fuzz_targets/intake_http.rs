#![no_main]
//! Signed requests: no reader panics, and nothing verifies under a key that never signed.
use countersign_core::time::Timestamp;
use countersign_intake::http::{HttpRequest, Purpose, SignedHead, SignedRequest, digest, fields, kept};
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
    if let Ok(request) = HttpRequest::parse_head(data) {
        for purpose in [Purpose::Message, Purpose::Query] {
            if let Ok(head) = SignedHead::read(&request, purpose) {
                assert!(head.verify(&key, Timestamp::MIN).is_err() || head.verify(&key, Timestamp::MAX).is_err());
            }
            // What is kept is read again as what was sent, and is kept as the same bytes.
            let fields = request.fields.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
            if let Ok(kept) = kept::head(purpose, request.method, request.target, fields) {
                let Ok(again) = HttpRequest::parse_head(&kept) else { panic!("what is kept is no head") };
                let fields = again.fields.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
                assert_eq!(kept::head(purpose, again.method, again.target, fields), Ok(kept.clone()));
            }
        }
    }
    if let Ok(signed) = SignedRequest::parse(data) {
        assert!(HttpRequest::parse(data).is_ok());
        assert!(
            signed.head().verify(&key, Timestamp::MIN).is_err() || signed.head().verify(&key, Timestamp::MAX).is_err()
        );
    }
});
