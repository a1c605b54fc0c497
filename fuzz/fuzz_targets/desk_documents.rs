#![no_main]
//! Documents of the desk that others are given: what is read is written back byte for byte.
use countersign_core::json::{Document, Exact};
use countersign_desk::documents::{CaseFolder, Intake, Notice, Retention, SenderCheck};
use countersign_desk::index::opening::LookupOpening;
use libfuzzer_sys::fuzz_target;

fn one<T: Document>(bytes: &[u8]) {
    if let Ok(document) = Exact::<T>::parse(bytes) {
        assert_eq!(document.bytes(), bytes);
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((format, bytes)) = data.split_first() else { return };
    match format % 6 {
        0 => one::<Retention>(bytes),
        1 => one::<CaseFolder>(bytes),
        2 => one::<Intake>(bytes),
        3 => one::<SenderCheck>(bytes),
        4 => one::<Notice>(bytes),
        _ => {
            if let Ok(opening) = LookupOpening::parse(bytes) {
                let Ok(written) = opening.to_bytes() else { panic!("what was read is written") };
                assert!(LookupOpening::parse(&written).is_ok_and(|again| again == opening));
            }
        }
    }
});
