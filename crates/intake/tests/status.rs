//! Status messages (`vectors/intake/status.json`).

use countersign_core::json::{DocumentError, Exact};
use countersign_intake::status::Status;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    expect: String,
    text: String,
    digest: Option<String>,
}

#[test]
fn status_messages_have_one_spelling() {
    let vectors: Vectors = serde_json::from_str(include_str!("../../../vectors/intake/status.json")).unwrap();
    let mut good = 0;
    for case in &vectors.cases {
        let found = match Exact::<Status>::parse(case.text.as_bytes()) {
            Ok(status) => {
                assert_eq!(Some(status.digest().to_hex()), case.digest, "{}", case.name);
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
