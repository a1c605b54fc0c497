#![no_main]
//! A leaf: padded to its size, whatever parses is written back the same.
use countersign_tlog::leaf::{LARGE_LEAF_BYTES, Leaf, SEALED_LEAF_BYTES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = Leaf::parse(data);
    // The fuzzer hardly finds the exact size by itself.
    for size in [SEALED_LEAF_BYTES, LARGE_LEAF_BYTES] {
        let Some(padding) = size.checked_sub(data.len() + 2) else { continue };
        let bytes = [data, &vec![b'0'; padding], b"\"}"].concat();
        match Leaf::parse(&bytes) {
            Ok(Leaf::Sealed(leaf)) => assert_eq!(leaf.to_bytes().as_ref(), Ok(&bytes)),
            Ok(Leaf::Control(leaf)) => assert_eq!(leaf.to_bytes().as_ref(), Ok(&bytes)),
            Ok(Leaf::Opening(leaf)) => assert_eq!(leaf.to_bytes().as_ref(), Ok(&bytes)),
            Err(_) => {}
        }
    }
});
