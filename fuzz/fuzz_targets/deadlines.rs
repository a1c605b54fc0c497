#![no_main]
//! Calendars and clocks: what is read counts any period without a panic, and never to an end before the start.

use countersign_core::time::Timestamp;
use countersign_deadlines::{Calendar, Clocks, due};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((start, bytes)) = data.split_first_chunk::<4>() else { return };
    let Some(start) = Timestamp::from_unix(i64::from(u32::from_le_bytes(*start))) else { return };
    if let (Ok(calendar), Ok(clocks)) = (Calendar::parse(bytes), Clocks::eea()) {
        for clock in &clocks.clocks {
            if let Ok(end) = due(clock, &calendar, start, &[]) {
                assert!(end.at >= start);
            }
        }
    }
    if let (Ok(clocks), Ok(calendar)) = (Clocks::parse(bytes), Calendar::of("XA".parse().expect("a state"))) {
        for clock in &clocks.clocks {
            let _ = due(clock, &calendar, start, &[]);
        }
    }
});
