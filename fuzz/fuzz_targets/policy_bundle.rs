#![no_main]
//! A bundle document from foreign bytes: refused or canonical, never a panic.
use countersign_policy::Bundle;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(bundle) = Bundle::from_document(data) {
        assert_eq!(bundle.to_document().map(String::into_bytes).as_deref(), Ok(data));
    }
});
