#![no_main]
//! Passkey assertions: authenticator data and client data from a browser.
use countersign_approve::{Assertion, PublicKey, verify_signature};
use libfuzzer_sys::fuzz_target;

const KEYS: [&str; 2] = [
    "passkey desk.example https://desk.example eddsa a96f173f9f9758134fd942a70626386029b9aa3d66157fb3a8aa5cdc5611b6fe",
    "passkey desk.example https://desk.example es256 028c9adfd65eaf8f9b9ee6f00c08c7f25ffe3719c7e594f8b73a7f612cbf1b3190",
];

fuzz_target!(|data: (&[u8], &[u8], &[u8])| {
    let (authenticator, client, signature) = data;
    let message = b"countersign/approval/v1 aa00000000000000000000000000000000000000000000000000000000000000\n";
    let text = Assertion::from_bytes(authenticator, client, signature).to_signature();
    for key in KEYS {
        let Ok(key) = PublicKey::parse(key) else { panic!("the keys of this target parse") };
        assert!(verify_signature(&key, "fuzz@countersign", message, &text).is_err());
    }
});
