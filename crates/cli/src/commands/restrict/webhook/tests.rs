//! What is signed is what the intake's own verifier would build, and only a receipt for the very notice counts.

use super::*;
use countersign_core::id::{CustodianId, Salt};
use countersign_core::restriction::{Effect, NoticeReceiptV1, NoticeV1, StandingRule};
use countersign_intake::http::{HttpRequest, digest};
use countersign_intake::key::RequestKey;
use serde_json::Value;

fn notice() -> Exact<Notice> {
    Exact::write(Notice {
        v: NoticeV1,
        id: Salt([0x11; 16]),
        custodian: CustodianId([7; 16]),
        account: "A-000012".into(),
        sequence: 1,
        effect: Some(Effect::CloseAndReturn),
        rules: vec![StandingRule { rule: "eu.5b.2/v1".into(), effect: Effect::CloseAndReturn }],
        at: Timestamp::parse("2026-11-20T13:00:00Z").unwrap(),
    })
    .unwrap()
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[0x42; 32])
}

const URL: &str = "https://core.example/v1/restrictions";

/// The request as it goes over the wire.
fn wire(fields: &SignedFields, notice: &Exact<Notice>) -> String {
    format!(
        "POST /v1/restrictions HTTP/1.1\r\nHost: core.example\r\nContent-Type: application/json\r\nContent-Digest: {}\r\n\
         Idempotency-Key: {}\r\nContent-Length: {}\r\nSignature-Input: {}\r\nSignature: {}\r\n\r\n{}",
        fields.content_digest,
        fields.idempotency_key,
        notice.bytes().len(),
        fields.signature_input,
        fields.signature,
        notice.text()
    )
}

/// What a receiver does; the vectors and the Python verifier do the same.
fn verify(request: &str) -> Result<(), String> {
    use countersign_intake::http::fields::{Bare, Member};
    let request = HttpRequest::parse(request.as_bytes()).map_err(|problem| problem.to_string())?;
    let field = |name: &str| request.field(name).ok_or_else(|| format!("{name} is missing"));
    let input = dictionary(field("signature-input")?)?.pop().ok_or("empty")?;
    let Member::List(items, parameters) = &input.member else { return Err("no list".into()) };
    let names: Vec<_> = items.iter().map(|(item, _)| item.clone()).collect();
    if names != COMPONENTS.map(|name| Bare::Text(name.to_owned())) {
        return Err("other components".into());
    }
    if !parameters.contains(&("tag".to_owned(), Bare::Text(TAG.to_owned()))) {
        return Err("another tag".into());
    }
    digest::check(field("content-digest")?, request.content)?;
    let notice = Exact::<Notice>::parse(request.content).map_err(|error| error.to_string())?;
    if field("idempotency-key")? != format!("\"{}\"", notice.value().id) {
        return Err("another idempotency key".into());
    }
    let base = signature_base(&input.member, &input.text, |name| request.component(name))?;
    let Member::Item(Bare::Bytes(signature), _) = dictionary(field("signature")?)?.pop().ok_or("empty")?.member else {
        return Err("no signature".into());
    };
    let signature: [u8; 64] = signature.try_into().map_err(|_| "not 64 bytes")?;
    let key = RequestKey::parse(&public(&key())).map_err(|error| error.to_string())?;
    key.verify_message(base.as_bytes(), &signature).map_err(|error| error.to_string())
}

#[test]
fn a_notice_verifies_as_a_signed_request_and_no_byte_of_it_may_change() {
    let (notice, created) = (notice(), Timestamp::parse("2026-11-20T13:00:01Z").unwrap());
    let fields = sign(&key(), URL, &notice, created, [0x33; 16]).unwrap();
    let good = wire(&fields, &notice);
    verify(&good).unwrap();
    for (from, to) in [
        ("POST /v1", "PUT /v1"),
        ("/v1/restrictions", "/v2/restrictions"),
        ("Host: core.example", "Host: other.example"),
        ("application/json", "text/plain"),
        ("Idempotency-Key: \"11", "Idempotency-Key: \"12"),
        ("\"sequence\":1", "\"sequence\":2"),
        ("A-000012", "A-000013"),
        ("created=1", "created=2"),
        ("nonce=\"3", "nonce=\"4"),
        ("restriction-notice/v1\"\r\nSignature:", "inbound/v1\"\r\nSignature:"),
        (" \"idempotency-key\")", ")"),
        ("Signature: sig=:", "Signature: sig=:A"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        assert!(verify(&bad).is_err(), "{from} to {to}");
    }
}

#[test]
fn the_vectors_are_what_is_sent() {
    let vectors: Value = serde_json::from_str(include_str!("../../../../../../vectors/restrict/notices.json")).unwrap();
    let (mut good, mut bad) = (0, 0);
    for case in vectors["requests"].as_array().unwrap() {
        let verified = verify(case["request"].as_str().unwrap());
        assert_eq!(verified.is_ok(), case["expect"] == "ok", "{}: {verified:?}", case["name"]);
        if verified.is_ok() { good += 1 } else { bad += 1 }
    }
    assert!(good >= 1 && bad > 2 * good);
    let fields = sign(&key(), URL, &notice(), Timestamp::parse("2026-11-20T13:00:01Z").unwrap(), [0x33; 16]).unwrap();
    assert_eq!(vectors["requests"][0]["request"], wire(&fields, &notice()));
}

#[test]
fn only_a_receipt_for_the_very_notice_says_that_it_arrived() {
    let receipt = |id: u8, outcome| {
        let receipt = NoticeReceipt { v: NoticeReceiptV1, id: Salt([id; 16]), outcome };
        Exact::write(receipt).unwrap().text().to_owned()
    };
    let judge = |code: u16, body: &str| judge(StatusCode::from_u16(code).unwrap(), Ok(body.as_bytes()), &notice());
    for outcome in NoticeOutcome::ALL {
        assert_eq!(judge(200, &receipt(0x11, *outcome)), Answer::Has(*outcome));
    }
    let taken = receipt(0x11, NoticeOutcome::Taken);
    assert_eq!(judge(202, &taken), Answer::Has(NoticeOutcome::Taken));
    for (code, body) in [
        (200, receipt(0x12, NoticeOutcome::Taken)),
        (200, String::new()),
        (200, "<html>a proxy</html>".into()),
        (200, format!("{taken}\n")),
        (200, taken.replace("taken", "maybe")),
        (204, String::new()),
        (500, taken.clone()),
        (503, String::new()),
        (408, String::new()),
        (425, String::new()),
        (429, String::new()),
    ] {
        assert!(matches!(judge(code, &body), Answer::Later(_)), "{code} {body}");
    }
    for code in [301, 307, 400, 401, 404, 409, 410, 422] {
        assert!(matches!(judge(code, &taken), Answer::Refused(_)), "{code}");
    }
}

#[test]
fn notices_go_over_tls_or_stay_on_the_machine() {
    for good in
        ["https://core.example/v1/restrictions", "http://127.0.0.1:8080/", "http://localhost/x?y=1", "http://[::1]:9/"]
    {
        Settings::new(good, 30).unwrap();
    }
    for (bad, why) in [
        ("http://core.example/", "https"),
        ("http://127.0.0.1.example/", "https"),
        ("ftp://core.example/", "https"),
        ("core.example", "no address"),
        ("https://core.example", "write the address as"),
        ("https://CORE.example/", "write the address as"),
        ("https://me@core.example/", "no name"),
        ("https://core.example/#x", "no name"),
    ] {
        let error = format!("{:#}", Settings::new(bad, 30).unwrap_err());
        assert!(error.contains(why), "{bad}: {error}");
    }
    assert!(Settings::new("https://core.example/", 0).is_err());
    assert!(Settings::new("https://core.example/", 367).is_err());
}
