#![no_main]
//! A pack of restrictions: reading and linting never panic, and a pack that is taken has no fault and always the same digest.
use countersign_restrict::pack::lint::findings;
use countersign_restrict::pack::{Document, Pack, pack_digest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(document) = Document::read(data) else {
        assert!(Pack::parse(data).is_err());
        return;
    };
    let faults = findings(&document).iter().filter(|finding| finding.is_fault()).count();
    match Pack::parse(data) {
        Ok(pack) => assert!(faults == 0 && *pack.document() == document && pack.digest() == pack_digest(data)),
        Err(_) => assert!(faults > 0),
    }
});
