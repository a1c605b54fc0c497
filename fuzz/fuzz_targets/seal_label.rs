#![no_main]
//! Labels: whatever parses is written back exactly.
use countersign_seal::label::Label;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(label) = Label::decode(data) {
        assert!(data.len() <= Label::MAX_LEN);
        assert_eq!(label.encode(), data);
    }
});
