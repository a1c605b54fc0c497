#![no_main]
//! Terms, logs and complaints of a founding ceremony: nothing panics, and no log but the one that its trustees signed leads to a ring.

use countersign_core::json::Exact;
use countersign_verify::founding::{Founding, read_identity};
use countersign_verify::wire::CeremonyTerms;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// The good ceremony of the vectors.
static ENTRIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let text = include_str!("../../vectors/verify/ceremony.json");
    let entries = text.split_once("\"entries\": [").expect("a case").1.split_once(']').expect("its end").0;
    let unhex = |text: &str| (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("digits")).collect();
    entries.split('"').skip(1).step_by(2).map(unhex).collect()
});

static FOUNDING: LazyLock<Founding> = LazyLock::new(|| {
    Founding::new(Exact::<CeremonyTerms>::parse(&ENTRIES[0]).expect("terms")).expect("the terms of the vectors")
});

fuzz_target!(|parts: (u8, Vec<u8>)| {
    let (place, bytes) = parts;
    let _ = FOUNDING.complaint(u16::from(place), &bytes);
    if let Ok(text) = std::str::from_utf8(&bytes) {
        let _ = read_identity(text);
    }
    if let Ok(terms) = Exact::<CeremonyTerms>::parse(&bytes) {
        let _ = Founding::new(terms);
    }
    let mut entries = ENTRIES.clone();
    let same = match entries.get_mut(usize::from(place)) {
        Some(entry) => std::mem::replace(entry, bytes.clone()) == bytes,
        None => {
            entries.push(bytes);
            false
        }
    };
    assert_eq!(FOUNDING.recompute(&entries).is_ok(), same);
});
