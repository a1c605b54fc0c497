#![no_main]
//! Ring, confirmation and share epoch documents: whatever parses has one spelling; nothing found is confirmed.
use countersign_core::json::Exact;
use countersign_seal::kind::Sealing;
use countersign_seal::ring::{Confirmation, ConfirmedRing, DealerRings, Ring, ShareEpoch};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(ring) = Exact::<Ring>::parse(data) {
        assert_eq!(ring.bytes(), data);
        ring.value().id();
        assert!(ConfirmedRing::<Sealing>::new(ring, &[], &[], DealerRings::AllowForTests).is_err());
    }
    if let Ok(epoch) = Exact::<ShareEpoch>::parse(data) {
        assert_eq!(epoch.bytes(), data);
    }
    if let Ok(confirmation) = Exact::<Confirmation>::parse(data) {
        assert_eq!(confirmation.bytes(), data);
    }
});
