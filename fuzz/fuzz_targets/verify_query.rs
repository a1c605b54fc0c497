#![no_main]
//! Openings of questions asked of the chain: shown or refused.
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = countersign_verify::query::check_query(data);
});
