#![no_main]
//! Values of every attribute: whatever has a normal form is its own normal form.
use countersign_seal::kind::Attribute;
use countersign_seal::normal::Normal;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (first, second) = text.split_once('\n').unwrap_or((text, ""));
    let given = [
        Normal::account(first),
        Normal::name_and_birth(&[first, second], "1980-02-29"),
        Normal::name_and_birth(&["a"], first),
        Normal::email(first),
        Normal::phone(first),
        Normal::document("XR", "CCPT", first),
        Normal::document(first, second, "7"),
        Normal::wallet(first),
    ];
    let read = Attribute::ALL.iter().map(|attribute| Normal::read(*attribute, text));
    for form in given.into_iter().chain(read).flatten() {
        let again = Normal::read(form.attribute(), form.text());
        assert!(again.is_ok_and(|again| again == form));
    }
});
