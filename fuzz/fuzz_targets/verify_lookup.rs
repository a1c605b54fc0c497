#![no_main]
//! Lookups, the requests around them and the evaluations that answer them: whatever parses is written back exactly.

use countersign_core::id::Digest;
use countersign_core::json::{Document, Exact};
use countersign_core::lookup::Lookup;
use countersign_seal::oprf::Evaluation;
use countersign_verify::lookup::lookup_leaf_fields;
use countersign_verify::wire::{LookupRequest, Signed};
use libfuzzer_sys::fuzz_target;

/// The public key of RFC 8032, section 7.1, test 1.
const KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

fn one<T: Document>(bytes: &[u8]) -> Option<Exact<T>> {
    let document = Exact::<T>::parse(bytes).ok()?;
    assert_eq!(document.bytes(), bytes);
    Some(document)
}

fuzz_target!(|data: &[u8]| {
    let Some((format, bytes)) = data.split_first() else { return };
    match format % 4 {
        0 => {
            if let Some(lookup) = one::<Lookup>(bytes) {
                assert_eq!(lookup_leaf_fields(&lookup).len(), 13);
            }
        }
        1 => {
            one::<LookupRequest>(bytes);
        }
        2 => {
            if let Some(evaluation) = Evaluation::decode(1, bytes) {
                assert_eq!(evaluation.encode(), bytes);
            }
        }
        _ => {
            let Ok(key) = Digest::parse(KEY) else { return };
            let _ = Signed::<LookupRequest>::open(bytes, &key);
            let _ = Signed::<LookupRequest>::open_by(bytes, |_| Some(key));
        }
    }
});
