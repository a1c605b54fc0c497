//! Normal forms of values: the table of cases from life (`vectors/seal/normal.json`), and what holds for every input.

use crate::vectors::load;
use countersign_seal::kind::Attribute;
use countersign_seal::normal::{Normal, NormalError};
use proptest::prelude::*;
use serde_json::Value;

fn normal(case: &Value) -> Result<Normal, NormalError> {
    let given = |member: &str| case["given"][member].as_str().unwrap();
    match case["attribute"].as_str().unwrap().parse().unwrap() {
        Attribute::Account => Normal::account(given("number")),
        Attribute::NameBirth => {
            let names = case["given"]["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
            Normal::name_and_birth(&names.collect::<Vec<_>>(), given("birth"))
        }
        Attribute::Email => Normal::email(given("address")),
        Attribute::Phone => Normal::phone(given("number")),
        Attribute::Document => Normal::document(given("country"), given("type"), given("number")),
        Attribute::Wallet => Normal::wallet(given("address")),
    }
}

#[test]
fn every_spelling_of_the_table_has_its_normal_form() {
    for case in load("normal.json")["good"].as_array().unwrap() {
        let found = normal(case).map_err(|error| error.to_string());
        let found = found.as_ref().map(Normal::text).map_err(String::as_str);
        assert_eq!(found, Ok(case["normal"].as_str().unwrap()), "{}", case["name"]);
    }
}

#[test]
fn every_bad_value_of_the_table_is_refused_without_being_repeated() {
    let file = load("normal.json");
    assert!(file["bad"].as_array().unwrap().len() > file["good"].as_array().unwrap().len());
    for case in file["bad"].as_array().unwrap() {
        let found = normal(case).map(|found| found.text().to_owned()).map_err(|error| error.to_string());
        assert_eq!(found.as_ref().map_err(String::as_str), Err(case["error"].as_str().unwrap()), "{}", case["name"]);
    }
}

#[test]
fn a_normal_form_is_read_only_in_its_one_spelling() {
    for case in load("normal.json")["good"].as_array().unwrap() {
        let form = normal(case).ok().unwrap();
        let again = Normal::read(form.attribute(), form.text()).ok().unwrap();
        assert!(again == form, "{}", case["name"]);
        for other in [format!("{} ", form.text()), format!("{}\n", form.text()), format!("\n{}", form.text())] {
            assert!(Normal::read(form.attribute(), &other).is_err(), "{}: {other:?}", case["name"]);
        }
    }
    for (attribute, text) in [
        (Attribute::Email, "Ilka@dorn.example"),
        (Attribute::Wallet, "ethereum\nbc1sw50qgdz25j"),
        (Attribute::Wallet, "bc1sw50qgdz25j"),
        (Attribute::NameBirth, "ilka dorn\n1980-02-29"),
        (Attribute::NameBirth, "dorn ilka"),
        (Attribute::Document, "XR\nccpt\n1"),
        (Attribute::Phone, "+999 1234567"),
        (Attribute::Account, "a\nb"),
    ] {
        assert!(Normal::read(attribute, text).is_err(), "{text:?}");
    }
}

fn text() -> impl Strategy<Value = String> {
    // Letters that the tables treat specially, among any characters at all.
    let special = "[aeouAEOU@.+0-9 '´·\\-ßæøłıÜüЩъеΟυο\u{301}\u{308}\u{ad}\u{200b}王ﬁ１，王]{0,24}";
    prop_oneof![special.prop_map(|text| text), any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Whatever is given: no panic, and what has a normal form is its own normal form.
    #[test]
    fn a_normal_form_is_its_own(one in text(), two in text(), local in "[a-zA-ZÄß.+]{1,12}") {
        let date = "1980-02-29";
        let forms = [
            Normal::account(&one),
            Normal::name_and_birth(&[&one, &two], date),
            Normal::email(&one),
            Normal::email(&format!("{one}@{two}")),
            Normal::email(&format!("{local}@dorn.example")),
            Normal::phone(&one),
            Normal::phone(&format!("+999{one}")),
            Normal::document("XR", "CCPT", &one),
            Normal::document(&one, &two, "7"),
            Normal::wallet(&one),
        ];
        for form in forms.into_iter().flatten() {
            prop_assert!(!form.text().is_empty());
            let again = Normal::read(form.attribute(), form.text());
            prop_assert!(again.is_ok_and(|again| again == form), "{:?}", form.text());
        }
    }

    /// The order of a name's words does not matter, nor where the parts are divided, nor capitals of ASCII.
    #[test]
    fn the_order_of_words_does_not_matter(
        mut words in proptest::collection::vec("[a-zäöüßёщ]{1,8}", 1..6),
        turn in 0usize..6,
    ) {
        let form = |words: &[String]| {
            let joined = words.join(" ");
            let parts: Vec<&str> = words.iter().map(String::as_str).collect();
            let whole = Normal::name_and_birth(&[&joined], "1980-02-29").ok().map(|form| form.text().to_owned());
            let divided = Normal::name_and_birth(&parts, "1980-02-29").ok().map(|form| form.text().to_owned());
            (whole, divided)
        };
        let (whole, divided) = form(&words);
        prop_assert_eq!(&whole, &divided);
        let places = words.len();
        words.rotate_left(turn % places);
        prop_assert_eq!(form(&words), (whole.clone(), divided));
        let capitals: Vec<String> = words.iter().map(|word| word.to_uppercase()).collect();
        prop_assert_eq!(form(&capitals).0, whole);
    }

    /// A letter changed in an address with a checksum is not another address.
    #[test]
    fn a_mistyped_wallet_is_refused(at in 3usize..62, by in 1usize..32) {
        const CHARSET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
        let mut address = b"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0".to_vec();
        let old = CHARSET.iter().position(|known| *known == address[at]).unwrap();
        address[at] = CHARSET[(old + by) % 32];
        prop_assert!(Normal::wallet(std::str::from_utf8(&address).unwrap()).is_err());
    }
}
