#![no_main]
//! Posting lists of any bytes: whatever opens is what a writer makes.
use countersign_seal::posting::List;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let list = List::new([7; 16], [9; 32].into());
    if let Ok(handles) = list.open(data) {
        let Some(salt) = data.get(1..33).and_then(|salt| salt.try_into().ok()) else { panic!("opened without a salt") };
        assert_eq!(list.seal(&handles, &salt).as_deref(), Ok(data));
    }
});
