#![no_main]
//! An entry of a trustee's own log: whatever opens says exactly what its fields say, and a second disclosure of a field never counts.

use countersign_core::json::Exact;
use countersign_verify::trustee_log::{Entry, TrusteeDay};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(day) = Exact::<TrusteeDay>::parse(data) {
        assert_eq!(day.bytes(), data);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.split('\n');
    let Some(leaf) = lines.next() else { return };
    let disclosures: Vec<&str> = lines.collect();
    if let Ok(entry) = Entry::open(leaf.as_bytes(), &disclosures) {
        assert_eq!(entry.fields().len(), disclosures.len());
        assert!(Entry::open(leaf.as_bytes(), disclosures.get(1..).unwrap_or_default()).is_err());
        let twice: Vec<&str> = disclosures.iter().chain(disclosures.last()).copied().collect();
        assert!(Entry::open(leaf.as_bytes(), &twice).is_err());
    }
});
