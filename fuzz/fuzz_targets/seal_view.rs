#![no_main]
//! Sealed views of any bytes: whatever opens is what a writer makes.
use countersign_core::id::Handle;
use countersign_seal::sigma::Sigma;
use countersign_seal::view::ViewKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (key, sigma, handle) = (ViewKey::from_bytes([7; 32]), Sigma::from_bytes([8; 32]), Handle([9; 32]));
    if let Ok(view) = key.open(&handle, &sigma, data) {
        let Some(salt) = data.get(1..33).and_then(|salt| salt.try_into().ok()) else { panic!("opened without a salt") };
        assert_eq!(key.seal(&handle, &sigma, &salt, &view).as_deref(), Ok(data));
    }
    let text = &data[..data.len().min(256)];
    let Ok(sealed) = key.seal(&handle, &sigma, &[3; 32], text) else { panic!("not sealed") };
    assert_eq!(key.open(&handle, &sigma, &sealed).as_deref().map(Vec::as_slice), Ok(text));
});
