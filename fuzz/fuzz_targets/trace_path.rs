#![no_main]
//! Paths of payments: shown or refused.
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = countersign_trace::proof::check(data);
});
