//! The shared vectors of restrictions (`vectors/restrict/documents.json`), and chains that grow in any order.

use super::*;
use crate::json::DocumentError;
use proptest::prelude::*;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
    chains: Vec<Chain>,
}

#[derive(Deserialize)]
struct Case {
    format: String,
    name: String,
    expect: String,
    text: String,
    digest: Option<Digest>,
}

#[derive(Deserialize)]
struct Chain {
    name: String,
    expect: String,
    records: Vec<String>,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../../vectors/restrict/documents.json")).unwrap()
}

fn outcome<T: Document + Clone>(text: &str) -> (&'static str, Option<Digest>) {
    match Exact::<T>::parse(text.as_bytes()) {
        Ok(document) => {
            assert_eq!(Exact::write(document.value().clone()).unwrap().text(), text);
            ("ok", Some(document.digest()))
        }
        Err(DocumentError::TooLong { .. }) => ("too_long", None),
        Err(DocumentError::Malformed { .. }) => ("malformed", None),
        Err(DocumentError::NotCanonical { .. }) => ("not_canonical", None),
        Err(DocumentError::Inconsistent { .. }) => ("inconsistent", None),
    }
}

#[test]
fn documents_are_accepted_and_refused_as_the_vectors_say() {
    let vectors = vectors();
    let mut good = 0;
    for Case { format, name, expect, text, digest } in &vectors.cases {
        let found = match format.as_str() {
            "restriction-plan" => outcome::<Plan>(text),
            "restriction-planned" => outcome::<Planned>(text),
            "restriction" => outcome::<Record>(text),
            "appeal-decision" => outcome::<AppealDecision>(text),
            "restriction-notice" => outcome::<Notice>(text),
            "restriction-receipt" => outcome::<NoticeReceipt>(text),
            other => panic!("{other}"),
        };
        assert_eq!(found, (expect.as_str(), *digest), "{format}: {name}");
        good += usize::from(expect == "ok");
    }
    assert!(good >= 12 && vectors.cases.len() > 2 * good);
}

fn follow(records: &[String]) -> Result<(), &'static str> {
    let mut last: Option<Exact<Record>> = None;
    for text in records {
        let record = Exact::<Record>::parse(text.as_bytes()).unwrap();
        record.value().follows(last.as_ref())?;
        last = Some(record);
    }
    Ok(())
}

#[test]
fn chains_are_accepted_and_refused_as_the_vectors_say() {
    for Chain { name, expect, records } in vectors().chains {
        assert_eq!(follow(&records).is_ok(), expect == "ok", "{name}: {:?}", follow(&records));
    }
}

fn record(act: Act, before: Option<&Exact<Record>>) -> Record {
    let texts = vectors().cases;
    let like = |name: &str| {
        let text = texts.iter().find(|case| case.format == "restriction" && case.name == name).unwrap();
        Exact::<Record>::parse(text.text.as_bytes()).unwrap().value().clone()
    };
    let sample = match act {
        Act::Apply => like("applied"),
        Act::Appeal => like("appealed against"),
        Act::Uphold => like("upheld"),
        Act::Reverse => like("taken off by a plan"),
    };
    let at = Timestamp::parse("2026-11-21T00:00:00Z").unwrap();
    let number = before.map_or(0, |before| before.value().number + 1);
    Record { number, previous: before.map(Exact::digest), at, ..sample }
}

proptest! {
    /// Whatever is tried in whatever order: applied and reversed alternate, an appeal is open at most once, and only while it stands.
    #[test]
    fn a_restriction_is_applied_once_until_it_is_reversed(tried in proptest::collection::vec(0..4_usize, 1..24)) {
        let mut last: Option<Exact<Record>> = None;
        let (mut stands, mut appealed) = (false, false);
        for act in tried.into_iter().map(|place| Act::ALL[place]) {
            let next = record(act, last.as_ref());
            let may = match act {
                Act::Apply => !stands,
                Act::Appeal => stands && !appealed,
                Act::Uphold => appealed,
                Act::Reverse => stands,
            };
            prop_assert_eq!(next.follows(last.as_ref()).is_ok(), may, "{} after {:?}", act, last);
            if may {
                stands = act != Act::Reverse;
                appealed = act == Act::Appeal;
                prop_assert_eq!(next.stands(), stands);
                last = Some(Exact::write(next).unwrap());
            }
        }
    }
}
