#![no_main]
//! Every document of `verify`, and the signed message around each.

use countersign_core::id::Digest;
use countersign_core::json::{Document, Exact};
use countersign_verify::manifest::Manifest;
use countersign_verify::wire::{
    Answer, CeremonyTerms, Complaint, DelayOrder, Receipt, ReleaseRequest, Signed, TotalsAnswer, TotalsRequest, TrusteeIdentity,
    TrusteeLogKey,
};
use libfuzzer_sys::fuzz_target;

/// The public key of RFC 8032, section 7.1, test 1.
const KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

fn one<T: Document>(bytes: &[u8]) {
    if let Ok(document) = Exact::<T>::parse(bytes) {
        assert_eq!(document.bytes(), bytes);
    }
    let Ok(key) = Digest::parse(KEY) else { return };
    if let Ok(signed) = Signed::<T>::open(bytes, &key) {
        assert_eq!(signed.text().as_bytes(), bytes);
    }
    let _ = Signed::<T>::open_by(bytes, |_| Some(key));
}

fuzz_target!(|data: &[u8]| {
    let Some((format, bytes)) = data.split_first() else { return };
    match format % 11 {
        0 => {
            one::<Manifest>(bytes);
            if let Ok(manifest) = Exact::<Manifest>::parse(bytes) {
                assert!(manifest.value().root().is_ok());
            }
        }
        1 => one::<DelayOrder>(bytes),
        2 => one::<Receipt>(bytes),
        3 => one::<Answer>(bytes),
        4 => one::<TotalsRequest>(bytes),
        5 => one::<TotalsAnswer>(bytes),
        6 => one::<TrusteeLogKey>(bytes),
        7 => one::<TrusteeIdentity>(bytes),
        8 => one::<CeremonyTerms>(bytes),
        9 => one::<Complaint>(bytes),
        _ => one::<ReleaseRequest>(bytes),
    }
});
