#![no_main]
//! Sealed records: whatever parses is written back exactly and has the body digest of its label.
use countersign_seal::record::SealedRecord;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(record) = SealedRecord::decode(data) {
        assert_eq!(record.encode(), data);
        let parts = (record.ring(), record.capsule().clone(), record.entries().to_vec());
        assert!(SealedRecord::new(parts.0, parts.1, parts.2).is_ok());
    }
});
