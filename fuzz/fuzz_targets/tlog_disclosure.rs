#![no_main]
//! A disclosure: whatever parses has one spelling, and its digest is in no leaf but its own.
use countersign_tlog::leaf::Disclosure;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(disclosure) = Disclosure::parse(text) {
        assert_eq!(disclosure.as_str(), text);
        assert_eq!(disclosure.digest().len(), 43);
    }
});
