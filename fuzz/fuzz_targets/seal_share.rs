#![no_main]
//! Stored key shares: never both a sealing share and an index share; whatever parses is written back exactly.
use countersign_seal::kind::{Index, Sealing};
use countersign_seal::share::Share;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let sealing = Share::<Sealing>::decode(data);
    let index = Share::<Index>::decode(data);
    assert!(sealing.is_err() || index.is_err());
    if let Ok(share) = sealing {
        assert_eq!(share.encode().as_slice(), data);
    }
    if let Ok(share) = index {
        assert_eq!(share.encode().as_slice(), data);
    }
});
