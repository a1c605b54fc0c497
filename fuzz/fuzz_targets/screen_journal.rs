#![no_main]
//! A journal of alerts of foreign bytes: a queue or a named line. What was read is read again from its whole lines, and one line cut off
//! leaves the lines before.
use countersign_screen::queue::journal::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(told) = read(data) else { return };
    assert_eq!(read(&data[..told.whole]).as_ref(), Ok(&told));
    let shorter = told.whole.saturating_sub(1);
    let cut = read(&data[..shorter]).expect("lines before the last one");
    assert!(cut.whole <= told.whole && cut.queue.cases().count() <= told.queue.cases().count());
});
