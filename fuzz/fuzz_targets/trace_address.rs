#![no_main]
//! Addresses, payment URIs and outputs by name: whatever address parses has one spelling (bech32 may be all capitals).
use countersign_trace::Network;
use countersign_trace::address::{Lock, PaymentRequest};
use countersign_trace::wire::MAX_MONEY;
use countersign_trace::wire::Outpoint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for network in Network::ALL {
        if let Ok(lock) = Lock::parse(text, *network) {
            let again = lock.to_address(*network);
            assert!(again.is_some_and(|again| again == text || again == text.to_ascii_lowercase()));
        }
        if let Ok(request) = PaymentRequest::parse(text, *network) {
            assert!(request.satoshi.is_none_or(|satoshi| satoshi <= MAX_MONEY));
            assert!(text.contains(':') || Lock::parse(text, *network) == Ok(request.lock));
        }
    }
    if let Ok(outpoint) = text.parse::<Outpoint>() {
        assert_eq!(outpoint.to_string(), text);
    }
});
