//! Messages (`vectors/intake/messages.json`).

use countersign_intake::message::{Body, Target};
use countersign_intake::{Message, Refusal, api, ts103120};
use countersign_testkit::require;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    format: String,
    text: Option<String>,
    hex: Option<String>,
    repeat: Option<(String, String, usize)>,
    message: Option<Value>,
    says: Option<String>,
}

impl Case {
    fn bytes(&self) -> Vec<u8> {
        let Some(text) = &self.text else { return unhex(self.hex.as_ref().unwrap()) };
        match &self.repeat {
            None => text.clone().into_bytes(),
            Some((what, with, times)) => text.replace(what.as_str(), &with.repeat(*times)).into_bytes(),
        }
    }
}

fn cases() -> Vec<Case> {
    let vectors: Vectors = serde_json::from_str(include_str!("../../../vectors/intake/messages.json")).unwrap();
    vectors.cases
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn read(format: &str, bytes: &[u8]) -> Result<Message, Refusal> {
    match format {
        "inbound" => api::from_bytes(bytes),
        "ts103120-xml" => ts103120::from_xml_bytes(bytes),
        "ts103120-json" => ts103120::from_json_bytes(bytes),
        other => panic!("no reader of {other}"),
    }
}

fn told(message: &Message) -> Value {
    let header = &message.header;
    let mut out = json!({
        "transaction": header.transaction, "sender": header.sender, "receiver": header.receiver, "sent": header.sent,
    });
    let rest = match &message.body {
        Body::Changes(changes) => json!({
            "changes": changes.iter().map(|change| json!({
                "id": change.id, "generation": change.generation, "desired": change.desired,
            })).collect::<Vec<_>>(),
        }),
        Body::Request(request) => {
            let authorisation = &request.authorisation;
            let mut targets: Vec<Vec<&str>> = request
                .targets()
                .into_iter()
                .map(|target| match target {
                    Target::Account(account) => vec!["account", account.as_str()],
                    Target::Person(person) => vec!["person", person],
                    Target::EveryoneWhoPaid { chain, address } => vec!["everyone_who_paid", chain, address],
                })
                .collect();
            targets.sort();
            json!({
                "kind": request.kind(), "reference": authorisation.reference, "instrument": authorisation.instrument,
                "emergency": authorisation.emergency, "approved_by": authorisation.approved_by,
                "approved_at": authorisation.approved_at, "delay_asked": authorisation.delay_asked, "targets": targets,
                "classes": request.classes().iter().collect::<Vec<_>>(),
                "window": request.window().map(|(from, to)| [from, to]),
                "enclosures": request.enclosures.iter().map(|enclosure| json!({
                    "name": enclosure.name, "media_type": enclosure.media_type, "sha256": sha256(&enclosure.contents),
                })).collect::<Vec<_>>(),
            })
        }
    };
    out.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    out
}

fn sha256(bytes: &[u8]) -> String {
    countersign_core::digest::plain(bytes).to_hex()
}

#[test]
fn messages_are_taken_whole_or_refused_whole() {
    let (mut good, mut bad) = (0, 0);
    for case in cases() {
        match (read(&case.format, &case.bytes()), &case.message, &case.says) {
            (Ok(message), Some(expected), _) => {
                assert_eq!(told(&message), *expected, "{}", case.name);
                good += 1;
            }
            (Err(refusal), None, Some(says)) => {
                let text = refusal.to_string();
                assert!(text.contains(says.as_str()), "{}: `{says}` is not in: {text}", case.name);
                assert!(text.len() < 8_000, "{}: {}", case.name, text.len());
                bad += 1;
            }
            (Ok(_), ..) => panic!("{} was taken", case.name),
            (Err(refusal), ..) => panic!("{}: {refusal}", case.name),
        }
    }
    assert!(good >= 10 && bad > 3 * good, "{good} {bad}");
}

#[test]
fn every_bad_action_is_named() {
    let bytes = cases().into_iter().find(|case| case.name == "two bad actions, both named").unwrap().bytes();
    let refusal = api::from_bytes(&bytes).err().unwrap();
    let actions: Vec<Option<u32>> = refusal.problems().iter().map(|problem| problem.action).collect();
    assert_eq!(actions, [Some(0), Some(1)]);
}

/// The sample of an EPOC that public code's element names were put together from.
#[test]
fn the_constructed_sample_is_read() {
    let Some(data) = require::data() else { return };
    let bytes = std::fs::read(data.join("desk/ts103120-constructed-request.xml")).unwrap();
    let message = ts103120::from_xml_bytes(&bytes).unwrap();
    let told = told(&message);
    assert_eq!(told["instrument"], "epoc");
    assert_eq!(told["delay_asked"], true);
    assert_eq!(told["targets"], json!([["account", "client-000042"]]));
    assert_eq!(message.header.sender, "LT/COURT-EX-1");
}

#[test]
fn a_message_that_is_too_large_is_not_read() {
    let large = vec![b' '; countersign_intake::message::MAX_MESSAGE + 1];
    for format in ["inbound", "ts103120-xml", "ts103120-json"] {
        assert!(read(format, &large).err().unwrap().to_string().contains("more than"), "{format}");
    }
}

proptest! {
    #[test]
    fn no_change_of_a_message_makes_a_reader_panic(
        chosen in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), with in any::<u8>(), cut in any::<bool>(),
    ) {
        let good: Vec<Case> = cases().into_iter().filter(|case| case.message.is_some()).collect();
        let case = chosen.get(&good);
        let mut bytes = case.bytes();
        let at = at.index(bytes.len());
        bytes[at] = with;
        if cut {
            bytes.truncate(at);
        }
        let _ = read(&case.format, &bytes);
    }
}

/// XML and JSON of one order mean the same.
#[test]
fn both_spellings_of_an_order_mean_the_same() {
    let message = |name: &str| {
        let case = cases().into_iter().find(|case| case.name == name).unwrap();
        let mut told = told(&read(&case.format, &case.bytes()).unwrap());
        told.as_object_mut().unwrap().remove("enclosures");
        told
    };
    assert_eq!(message("a court order with its document"), message("the court order in JSON"));
}
