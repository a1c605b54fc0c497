#![no_main]
//! An entry bundle: the first byte is the width; whatever decodes encodes to the same bytes.
use countersign_tlog::tile::{decode_bundle, encode_bundle};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((width, bytes)) = data.split_first() else { return };
    if let Ok(entries) = decode_bundle(bytes, u16::from(*width)) {
        assert_eq!(encode_bundle(entries).expect("decoded entries fit"), bytes);
    }
});
