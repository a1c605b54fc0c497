#![no_main]
//! Contents of duress letters of any bytes: what is read is written back, and nobody is believed without both signatures.
use countersign_core::control::Person;
use countersign_core::id::{CustodianId, Digest};
use countersign_seal::letter;
use countersign_seal::transport::TransportSecret;
use countersign_verify::duress::Letter;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut content = data.to_vec();
    content.resize(letter::CONTENT_LEN.max(data.len()), 0);
    if let Some(letter) = Letter::kept(&content) {
        let length = |at: usize| usize::from(u16::from_le_bytes([content[at], content[at + 1]]));
        let first = 147..147 + length(145);
        let second = first.end + 2..first.end + 2 + length(first.end);
        let texts = [first, second].map(|range| std::str::from_utf8(&content[range]).unwrap_or_default());
        let written = letter.encode(texts).map(|written| written.to_vec());
        assert_eq!(written.ok(), Some(content.clone()));
        let told = (&letter.custodian, &letter.genesis, &letter.trustee);
        assert!(Letter::read(&content, told, std::iter::empty::<&Person>()).is_err());
    }
    let told = (&CustodianId([0; 16]), &Digest([0; 32]), &Digest([0; 32]));
    assert!(Letter::read(data, told, std::iter::empty::<&Person>()).is_err());
    assert!(letter::open(data, &Digest([1; 32]), &TransportSecret::from_seed([2; 32])).is_err());
});
