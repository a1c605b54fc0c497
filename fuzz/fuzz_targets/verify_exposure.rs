#![no_main]
//! Openings of runs over own deposits: shown or refused.
use countersign_verify::exposure::{check_exposure, is_exposure_opening};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if check_exposure(data).is_ok() {
        assert!(is_exposure_opening(data));
    }
});
