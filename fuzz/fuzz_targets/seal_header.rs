#![no_main]
//! A header under a label and a ring: decoding and the two equations never panic, single and batch agree.
use countersign_core::id::Digest;
use countersign_seal::header::{Capsule, Header, check, check_batch};
use countersign_seal::label::Label;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((header, label)) = data.split_first_chunk::<160>() else { return };
    let (Ok(header), Ok(label)) = (Header::decode(header), Label::decode(label)) else { return };
    let ring = Digest([1; 32]);
    let capsule = Capsule { label, header };
    let single = check(ring, capsule.clone()).is_ok();
    let batch = check_batch(ring, vec![capsule.clone(), capsule], &[2; 32]).is_ok();
    assert_eq!(single, batch);
});
