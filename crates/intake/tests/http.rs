//! Signed requests (`vectors/intake/http.json`).

use countersign_core::time::Timestamp;
use countersign_intake::http::fields::dictionary;
use countersign_intake::http::{HttpRequest, Purpose, SignedHead, SignedRequest, base::signature_base, digest, kept};
use countersign_intake::key::RequestKey;
use proptest::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Vectors {
    rfc: Vec<Example>,
    digests: Vec<Digested>,
    requests: Vec<Request>,
    queries: Vec<Query>,
    kept: Vec<Kept>,
}

#[derive(Deserialize)]
struct Query {
    name: String,
    query: String,
    key: String,
    now: Timestamp,
    valid: bool,
    place: Option<String>,
}

#[derive(Deserialize)]
struct Kept {
    name: String,
    purpose: String,
    method: String,
    target: String,
    fields: Vec<(String, String)>,
    head: Option<String>,
    valid: bool,
    place: Option<String>,
}

#[derive(Deserialize)]
struct Example {
    name: String,
    components: BTreeMap<String, String>,
    input: String,
    signature: String,
    key: String,
    valid: bool,
}

#[derive(Deserialize)]
struct Digested {
    name: String,
    field: String,
    content: String,
    valid: bool,
}

#[derive(Deserialize)]
struct Request {
    name: String,
    request: String,
    key: String,
    now: Timestamp,
    valid: bool,
    place: Option<String>,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../vectors/intake/http.json")).unwrap()
}

#[test]
fn the_examples_of_the_rfc_verify_and_what_is_changed_in_them_does_not() {
    use countersign_intake::http::fields::{Bare, Member};
    for example in vectors().rfc {
        let key = RequestKey::parse(&example.key).unwrap();
        let input = dictionary(&example.input).unwrap().remove(0);
        let signature = dictionary(&example.signature).unwrap().remove(0);
        let Member::Item(Bare::Bytes(bytes), _) = signature.member else { panic!("{}", example.name) };
        let component = |name: &str| example.components.get(name).cloned();
        let verified = signature_base(&input.member, &input.text, component).and_then(|base| {
            key.verify_message(base.as_bytes(), &bytes.try_into().unwrap()).map_err(|error| error.to_string())
        });
        assert_eq!(verified.is_ok(), example.valid, "{}: {verified:?}", example.name);
    }
    for digested in vectors().digests {
        let checked = digest::check(&digested.field, digested.content.as_bytes());
        assert_eq!(checked.is_ok(), digested.valid, "{}: {checked:?}", digested.name);
    }
}

#[test]
fn signed_requests_are_taken_or_refused_at_their_place() {
    let requests = vectors().requests;
    assert!(requests.iter().filter(|request| !request.valid).count() > 3 * 8);
    for request in requests {
        let key = RequestKey::parse(&request.key).unwrap();
        let verified = SignedRequest::parse(request.request.as_bytes())
            .and_then(|signed| signed.head().verify(&key, request.now).map(|()| signed));
        match verified {
            Ok(signed) => {
                assert!(request.valid, "{}", request.name);
                assert_eq!(signed.head().key_id(), key.spelled(), "{}", request.name);
                assert!(signed.head().base().contains("\"content-digest\": "));
            }
            Err(problem) => {
                assert!(!request.valid, "{}: {problem}", request.name);
                assert_eq!(Some(&problem.place), request.place.as_ref(), "{}: {problem}", request.name);
            }
        }
    }
}

#[test]
fn questions_are_taken_or_refused_at_their_place() {
    for query in vectors().queries {
        let key = RequestKey::parse(&query.key).unwrap();
        let verified = HttpRequest::parse_head(query.query.as_bytes())
            .and_then(|request| SignedHead::read(&request, Purpose::Query))
            .and_then(|head| head.verify(&key, query.now));
        assert_eq!(verified.is_ok(), query.valid, "{}: {verified:?}", query.name);
        assert_eq!(verified.err().map(|problem| problem.place), query.place, "{}", query.name);
    }
}

#[test]
fn what_is_kept_of_a_head_is_what_the_sender_can_write_again() {
    for case in vectors().kept {
        let purpose = if case.purpose == "query" { Purpose::Query } else { Purpose::Message };
        let fields = case.fields.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let head = kept::head(purpose, &case.method, &case.target, fields);
        assert_eq!(head.is_ok(), case.valid, "{}: {head:?}", case.name);
        match head {
            Ok(head) => assert_eq!(Some(std::str::from_utf8(&head).unwrap()), case.head.as_deref(), "{}", case.name),
            Err(problem) => assert_eq!(Some(problem.place), case.place, "{}", case.name),
        }
    }
}

/// Every byte of a signed request is bound: changed, the request is refused or says the same in what is signed.
#[test]
fn no_byte_that_is_signed_can_be_changed() {
    let request = vectors().requests.remove(0);
    let key = RequestKey::parse(&request.key).unwrap();
    let sound = SignedRequest::parse(request.request.as_bytes()).unwrap();
    let (content, base) = (sound.request().content.to_vec(), sound.head().base().to_owned());
    for at in 0..request.request.len() {
        let mut changed = request.request.clone().into_bytes();
        changed[at] ^= 1;
        let Ok(signed) = SignedRequest::parse(&changed) else { continue };
        if signed.head().verify(&key, request.now).is_ok() {
            assert_eq!(
                (signed.request().content, signed.head().base()),
                (content.as_slice(), base.as_str()),
                "byte {at}"
            );
        }
    }
}

#[test]
fn a_signature_over_a_file_is_of_its_namespace_and_its_bytes() {
    let key = RequestKey::parse(SSH_KEY).unwrap();
    key.verify_file(b"the letter\n", SSH_SIGNATURE).unwrap();
    assert!(key.verify_file(b"the letter", SSH_SIGNATURE).is_err());
    assert!(key.verify_file(b"the letter\n", OTHER_NAMESPACE).is_err());
    assert!(key.verify_file(b"the letter\n", &SSH_SIGNATURE.replace("BEGIN SSH", "BEGIN PGP")).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = SignedRequest::parse(&bytes);
        let mut framed = b"POST / HTTP/1.1\r\nHost: a\r\n".to_vec();
        framed.extend(&bytes);
        framed.extend(b"\r\n\r\n");
        let _ = HttpRequest::parse(&framed);
    }

    #[test]
    fn no_field_makes_the_reader_panic(field in "[ -~]{0,80}") {
        let _ = dictionary(&field);
        let _ = digest::check(&field, b"x");
    }
}

/// Made once with `ssh-keygen -Y sign -n request@countersign`.
const SSH_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDRGKPCytTXrqWbKbkwCKuy2T/9J+IJmhhBqciZ00dk+";
const SSH_SIGNATURE: &str = "-----BEGIN SSH SIGNATURE-----\n\
    U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgNEYo8LK1NeupZspuTAIq7LZP/0\n\
    n4gmaGEGpyJnTR2T4AAAATcmVxdWVzdEBjb3VudGVyc2lnbgAAAAAAAAAGc2hhNTEyAAAA\n\
    UwAAAAtzc2gtZWQyNTUxOQAAAEDnkGMtQ9F6S8i00Xni1lMXLCMiqPOiYbV4w+rssgPeby\n\
    xxsXSzg3cbzTlzNhRmXhtamTYbcWDLg+kOetf8qpEN\n\
    -----END SSH SIGNATURE-----\n";
/// The same with another namespace.
const OTHER_NAMESPACE: &str = "-----BEGIN SSH SIGNATURE-----\n\
    U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgNEYo8LK1NeupZspuTAIq7LZP/0\n\
    n4gmaGEGpyJnTR2T4AAAAUYXBwcm92YWxAY291bnRlcnNpZ24AAAAAAAAABnNoYTUxMgAA\n\
    AFMAAAALc3NoLWVkMjU1MTkAAABAXXc3Hb6SuPjPROrllR0Rkzsxj1/uOG9CeZfyLlgqW4\n\
    qPHB1BaucCSrq09f6wLNNqCDQfBwa+Uzzlee0Ex0QuCg==\n\
    -----END SSH SIGNATURE-----\n";
