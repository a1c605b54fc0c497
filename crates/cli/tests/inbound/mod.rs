//! What arrives, what the sender is told, letters, the directory, the timeline.

use crate::by_hand::{Hand, word_after};
use base64ct::{Base64, Encoding};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

const COURT: &str = "xa-district-court";

fn officer<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &["--as", "lena-ohm"]].concat()
}

fn court_key(hand: &Hand) -> SigningKey {
    let bytes = fs::read(hand.inside(&format!("authority/{COURT}/signing.key"))).unwrap();
    SigningKey::from_bytes(&bytes.try_into().unwrap())
}

fn message(transaction: &str, id: &str, account: &str) -> Value {
    json!({"v": "countersign/inbound/v1", "transaction": transaction, "sender": COURT, "receiver": "mill-exchange",
        "sent": "2026-11-20T10:00:00Z", "actions": [
        {"authorise": {"id": id, "reference": "12 Js 34/26", "instrument": "court_order", "emergency": false,
            "approved_by": "Judge Ada Quill", "approved_at": "2026-11-19T14:00:00Z", "delay_asked": true}},
        {"ask": {"id": format!("{id}-1"), "authorisation": id, "kind": "disclosure", "targets": [{"account": account}],
            "classes": ["name", "address"], "window": null}}]})
}

/// A request signed now, as a program of the court would send it.
#[expect(clippy::disallowed_methods, reason = "the program that is tested goes by the machine's clock")]
fn signed(key: &SigningKey, nonce: &str, content: &Value) -> String {
    let content = content.to_string();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let digest = format!("sha-256=:{}:", Base64::encode_string(&Sha256::digest(&content)));
    let public: String = key.verifying_key().to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let input = format!(
        "(\"@method\" \"@target-uri\" \"content-type\" \"content-digest\");created={now};expires={};nonce=\"{nonce}\";\
         keyid=\"ed25519 {public}\";tag=\"countersign/inbound/v1\"",
        now + 300
    );
    let base = format!(
        "\"@method\": POST\n\"@target-uri\": https://intake.example/v1/requests\n\"content-type\": application/json\n\
         \"content-digest\": {digest}\n\"@signature-params\": {input}"
    );
    let signature = Base64::encode_string(&key.sign(base.as_bytes()).to_bytes());
    format!(
        "POST /v1/requests HTTP/1.1\r\nHost: intake.example\r\nContent-Type: application/json\r\nContent-Digest: {digest}\r\n\
         Content-Length: {}\r\nSignature-Input: court={input}\r\nSignature: court=:{signature}:\r\n\r\n{content}",
        content.len()
    )
}

fn status(path: &str) -> Value {
    serde_json::from_str(fs::read_to_string(path).unwrap().split_once('\n').unwrap().1).unwrap()
}

#[test]
fn a_signed_request_becomes_a_case_once() {
    let hand = Hand::founded();
    let key = court_key(&hand);
    let request = hand.file("request.http", signed(&key, "nonce-of-sixteen-1", &message("m-1", "a-1", "A-000001")));
    let receive = officer(&["request", "receive", &request, "--channel", "api"]);
    let said = hand.good(&receive);
    for part in
        ["signed under a key of the directory", ": RECEIVED", "1 people x 2 classes = 2 cells; 1 named clients found"]
    {
        assert!(said.contains(part), "{said}");
    }
    assert!(said.contains("that needs the authority's signed delay order"), "{said}");
    let (case, written) = (word_after(&said, "case "), said.split("Z, ").nth(1).unwrap().trim().to_owned());
    let told = status(written.lines().next().unwrap());
    assert_eq!(
        (&told["generation"], &told["status"], &told["transaction"]),
        (&json!(1), &json!("received"), &json!("m-1"))
    );

    let again = hand.run(&receive);
    assert!(again.code == Some(1) && again.err.contains("TAKEN_BEFORE"), "{again}");
    let outbox = hand.dir.join("custodian/outbox/status");
    let refusals: Vec<Value> = fs::read_dir(&outbox)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with("-0.json"))
        .map(|path| status(path.to_str().unwrap()))
        .collect();
    assert_eq!(refusals.len(), 1);
    assert_eq!(refusals[0]["status"], "not_taken");
    assert!(!refusals[0].to_string().contains(&case), "no case is named outside: {}", refusals[0]);

    // A letter's factors do not do for a signed message, and its key alone does neither.
    let letters = ["case", "sender", &case, "--confirmed", "directory", "--confirmed", "call_back", "--note", "x"];
    assert!(hand.run(&officer(&letters)).err.contains("`registered_key`"));
    let alone = ["case", "sender", &case, "--confirmed", "registered_key", "--note", "x"];
    assert!(hand.run(&officer(&alone)).err.contains("outside of the channel"));
    let both = ["case", "sender", &case, "--confirmed", "registered_key", "--confirmed", "call_back", "--note", "x"];
    assert!(hand.good(&officer(&both)).contains("REVIEW"));
    assert!(hand.good(&["request", "status", &case]).contains("generation 2: in_review"));

    let cancel = json!([{"change": {"id": "a-1", "generation": 2, "desired": "cancelled"}}]);
    let mut withdrawal = message("m-2", "a-1", "A-000001");
    withdrawal["actions"] = cancel;
    let request = hand.file("withdrawal.http", signed(&key, "nonce-of-sixteen-2", &withdrawal));
    let said = hand.good(&officer(&["request", "receive", &request, "--channel", "api"]));
    assert!(said.contains("withdrawn by its sender") && said.contains("generation 3: withdrawn"), "{said}");
}

#[test]
fn what_is_not_signed_so_or_cannot_be_read_begins_nothing() {
    let hand = Hand::founded();
    let key = court_key(&hand);
    let sound = signed(&key, "nonce-of-sixteen-1", &message("m-1", "a-1", "A-000001"));
    let stranger = SigningKey::from_bytes(&[7; 32]);
    let bomb = "<?xml version=\"1.0\"?>\n<!DOCTYPE a [<!ENTITY b \"bb\">]>\n<HI1Message>&b;</HI1Message>";
    let unknown = {
        let mut m = message("m-1", "a-1", "A-000001");
        m["sender"] = json!("xa-nobody");
        m
    };
    let cases = [
        ("api", sound.replace("A-000001", "A-000002"), "content-digest"),
        ("api", sound.replace("POST /v1/requests", "POST /v1/other"), "does not verify"),
        ("api", signed(&stranger, "nonce-of-sixteen-1", &message("m-1", "a-1", "A-000001")), "no key of this sender"),
        ("api", signed(&key, "nonce-of-sixteen-1", &unknown), "knows no such sender"),
        ("ts103120", bomb.to_owned(), "line 2: a document type (DTD) is not taken"),
        ("ts103120", "hello".to_owned(), "refused as a whole"),
    ];
    for (number, (channel, bytes, says)) in cases.into_iter().enumerate() {
        let file = hand.file(&format!("arrived-{number}"), bytes);
        let ran = hand.run(&officer(&["request", "receive", &file, "--channel", channel]));
        assert!(ran.code == Some(1) && ran.err.contains(says), "{says}: {ran}");
        assert!(ran.out.starts_with("kept: "), "sealed before it was read: {ran}");
    }
    assert_eq!(hand.good(&["case", "list"]), "");
    assert_eq!(fs::read_dir(hand.dir.join("custodian/outbox/status")).unwrap().count(), 6, "every sender is told");
    let meta = hand.run(&officer(&["request", "receive", &hand.file("l", "x"), "--channel", "letter"]));
    assert!(meta.err.contains("need `--meta`"), "{meta}");
}

#[test]
fn a_court_order_in_xml_is_taken_and_its_sender_is_called() {
    let hand = Hand::founded();
    let vectors: Value = serde_json::from_str(include_str!("../../../../vectors/intake/messages.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    let order =
        cases.iter().find(|case| case["name"] == "a court order with its document").unwrap()["text"].as_str().unwrap();
    let order =
        order.replace("COURT-1<", "XA-DISTRICT-COURT<").replace("A-000042", "A-000001").replace("A-000043", "A-000009");
    let file = hand.file("order.xml", order);
    let said = hand.good(&officer(&["request", "receive", &file, "--channel", "ts103120"]));
    assert!(said.contains("signed by nobody") && said.contains("1 named clients found, 1 not found"), "{said}");
    assert!(said.contains("enclosed: 1 documents"), "{said}");
    let case = word_after(&said, "case ");
    let call = hand.good(&["request", "call-back", &case]);
    assert!(
        call.starts_with("call +999100200: District Court")
            && call.contains("never call one that stands in the request"),
        "{call}"
    );
    let unsigned =
        ["case", "sender", &case, "--confirmed", "registered_key", "--confirmed", "call_back", "--note", "x"];
    assert!(hand.run(&officer(&unsigned)).err.contains("no signature of this request was checked"));
}

/// Writes a letter in each language as text and HTML, and looks for what must not stand in it.
fn in_every_form(hand: &Hand, case: &str, kind: &[&str]) {
    for (language, word) in [("en", "Your reference"), ("ru", "Ваш номер"), ("de", "Ihr Zeichen")] {
        for format in ["text", "html"] {
            let form = ["--reference", "12 Js 34/26", "--language", language, "--format", format];
            let letter = hand.good(&[&["letter"][..], kind, &form].concat());
            assert!(letter.contains(word) && letter.contains("12 Js 34/26"), "{letter}");
            for secret in ["Orlando", "Quill", "A-000001", "A-000002", "Mill Lane", case] {
                assert!(!letter.contains(secret), "{secret}: {letter}");
            }
        }
    }
}

#[test]
fn letters_name_no_client_to_the_authority_and_no_file_to_the_client() {
    let hand = Hand::founded();
    let entry = json!({"authority": COURT, "reference": "12 Js 34/26", "instrument": "informal", "accounts": ["A-000001", "A-000002"],
        "classes": ["all"], "channel": "e-mail"});
    let (mail, entry) = (hand.file("mail.eml", "From: somebody"), hand.file("mail.json", entry.to_string()));
    let said = hand.good(&officer(&["request", "receive", &mail, "--channel", "e-mail", "--meta", &entry]));
    let case = word_after(&said, "case ");
    let reference = ["--reference", "12 Js 34/26"];
    let wrong = hand.run(&["letter", "acknowledgement", &case, "--reference", "another"]);
    assert!(wrong.err.contains("is not the reference"), "{wrong}");
    let early = hand.run(&[&["letter", "refusal", &case][..], &reference].concat());
    assert!(early.err.contains("is not refused"), "{early}");
    let confirmed = ["case", "sender", &case, "--confirmed", "directory", "--confirmed", "call_back", "--note", "x"];
    hand.good(&officer(&confirmed));
    let clarification = ["clarification", case.as_str(), "--question", "Which court?", "--as", "lena-ohm"];
    in_every_form(&hand, &case, &clarification);
    let shown = hand.good(&["case", "show", &case]);
    assert!(shown.contains(": CLARIFY") && shown.contains("stands still"), "{shown}");
    assert_eq!(shown.matches("Which court?").count(), 1, "asked once, written in every form: {shown}");
    let again = hand.good(&[&["letter", "clarification", &case][..], &reference].concat());
    assert!(again.contains("Which court?"), "{again}");
    hand.good(&officer(&["case", "refuse", &case]));
    let late = hand.run(&[&["letter"][..], &clarification, &reference].concat());
    assert!(late.code == Some(1) && late.err.contains("REFUSED"), "nobody is asked in a case that is over: {late}");
    for kind in
        [&["acknowledgement", &case][..], &["refusal", &case], &["non-execution", &case, "--reason", "NO_DATA_HELD"]]
    {
        in_every_form(&hand, &case, kind);
    }
    let none = hand.run(&["letter", "client-notice", &case]);
    assert!(none.code == Some(1) && none.err.contains("nothing was disclosed"), "{none}");

    let case = hand.proposed();
    hand.sign(&case, "anna-berg");
    hand.sign(&case, "bruno-lind");
    hand.good(&officer(&["order", "release", &case]));
    let early = hand.run(&["letter", "client-notice", &case]);
    assert!(early.err.contains("countersign case notify"), "{early}");
    hand.good(&officer(&["case", "notify", &case]));
    let out = hand.place.path().join("notice.html");
    let notice =
        ["letter", "client-notice", &case, "--language", "de", "--format", "html", "--out", out.to_str().unwrap()];
    assert!(hand.good(&notice).contains("Daten über Sie"));
    let notice = fs::read_to_string(out).unwrap();
    assert!(
        notice.contains("<li>Namen</li>")
            && notice.contains("<li>Anschrift</li>")
            && notice.matches("<li>").count() == 2,
        "{notice}"
    );
    for secret in ["12 Js", "A-000001", "Orlando", &case] {
        assert!(!notice.contains(secret), "{secret}: {notice}");
    }
}

#[test]
fn the_directory_is_shown_exchanged_and_answered() {
    let hand = Hand::founded();
    let shown = hand.good(&["directory", "show", COURT]);
    assert!(shown.contains("call_back: +999100200") && shown.contains("named_as: XA/XA-DISTRICT-COURT"), "{shown}");
    let out = hand.place.path().join("directory.signed").to_str().unwrap().to_owned();
    let key = word_after(&hand.good(&["directory", "export", "--out", &out]), "needs the key ");
    let compared = hand.good(&["directory", "compare", &out, "--key", &key]);
    assert!(compared.contains("the same") && !compared.contains("differs"), "{compared}");
    let forged = fs::read_to_string(&out).unwrap().replace("+999100200", "+999666666");
    let forged = hand.file("forged.signed", forged);
    let refused = hand.run(&["directory", "compare", &forged, "--key", &key]);
    assert!(refused.code == Some(1) && refused.err.contains("not of the expected key"), "{refused}");

    let starter = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/directory/starter.json");
    let next = hand.place.path().join("next.json").to_str().unwrap().to_owned();
    let merged = hand.good(&["directory", "merge", starter, "--unsigned", "--out", &next]);
    assert!(merged.contains("directory version 2"), "{merged}");
    assert!(hand.good(&["change", "propose", "directory", &next]).contains("digest to compare: "));
    let said = hand.file("reply.txt", "We are independent.");
    let reply = ["directory", "reply", COURT, "--said", &said, "--source", "letter of 3 May", "--out", &next];
    hand.good(&reply);
    assert!(fs::read_to_string(&next).unwrap().contains("We are independent."));
}

#[test]
fn contacts_and_requests_stand_in_one_timeline() {
    let hand = Hand::founded();
    let contact = json!({"authority": COURT, "approached": ["roman-karel"], "delivered": null,
        "met": {"said": "in their office", "source": "roman-karel", "at": "2026-01-05T09:00:00Z"},
        "promised": {"said": "a licence by spring", "source": "their letter", "at": "2026-01-06T09:00:00Z"}});
    let file = hand.file("contact.json", contact.to_string());
    hand.good(&officer(&["contact", "register", &file]));
    hand.filed();
    let told = hand.good(&["contact", "timeline", COURT]);
    let at = |part: &str| told.find(part).unwrap_or_else(|| panic!("no `{part}` in {told}"));
    assert!(at("met: in their office (roman-karel)") < at("promised: a licence by spring (their letter)"));
    assert!(at("promised") < at("court_order for 2 people"), "{told}");
    assert_eq!(hand.run(&["contact", "timeline", "xa-nobody"]).code, Some(1));
}
