//! The shared vectors of retention records (`vectors/desk/retention.json`).

use crate::documents::Retention;
use countersign_core::json::{DocumentError, Exact};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    format: String,
    name: String,
    expect: String,
    text: String,
    digest: Option<String>,
}

#[test]
fn records_are_accepted_and_refused_as_the_vectors_say() {
    let vectors: Vectors = serde_json::from_str(include_str!("../../../../vectors/desk/retention.json")).unwrap();
    let mut good = 0;
    for case in &vectors.cases {
        assert_eq!(case.format, "retention");
        let found = match Exact::<Retention>::parse(case.text.as_bytes()) {
            Ok(record) => {
                assert_eq!(Some(record.digest().to_hex()), case.digest, "{}", case.name);
                assert_eq!(Exact::write(record.value().clone()).unwrap().text(), case.text);
                good += 1;
                "ok"
            }
            Err(DocumentError::TooLong { .. }) => "too_long",
            Err(DocumentError::Malformed { .. }) => "malformed",
            Err(DocumentError::NotCanonical { .. }) => "not_canonical",
            Err(DocumentError::Inconsistent { .. }) => "inconsistent",
        };
        assert_eq!(found, case.expect, "{}", case.name);
    }
    assert!(good >= 3 && vectors.cases.len() > 2 * good);
}
