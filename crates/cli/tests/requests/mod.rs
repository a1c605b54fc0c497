//! Signed requests over HTTP, to a server that runs on a real desk.

use crate::by_hand::Hand;
use crate::program::command;
use crate::served::Served;
use base64ct::{Base64, Encoding};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

const COURT: &str = "xa-district-court";
const MONITORS: &str = "xr-monitoring-service";
const PATH: &str = "/api/v1/requests";
const OURS: &str = r#"("@method" "@target-uri" "content-type" "content-digest")"#;

fn key(hand: &Hand, authority: &str) -> SigningKey {
    let bytes = fs::read(hand.inside(&format!("authority/{authority}/signing.key"))).unwrap();
    SigningKey::from_bytes(&bytes.try_into().unwrap())
}

/// Opens the intake in a founded custodian.
fn opened() -> Hand {
    let hand = Hand::founded();
    configure(&hand, json!({"host": "requests.mill.example", "officer": "lena-ohm"}));
    hand
}

fn configure(hand: &Hand, requests: Value) {
    let path = hand.inside("custodian/config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    config["requests"] = requests;
    fs::write(&path, config.to_string()).unwrap();
}

fn serve(hand: &Hand) -> Served {
    Served::start(&hand.dir, &["serve", "--listen", "127.0.0.1:0"])
}

#[expect(clippy::disallowed_methods, reason = "the program that is tested goes by the machine's clock")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn signed_lines(
    key: &SigningKey,
    method: &str,
    target: &str,
    created: u64,
    nonce: &str,
    fields: &[(&str, &str)],
) -> String {
    let public: String = key.verifying_key().to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let (covered, tag) = match method {
        "POST" => (OURS, "countersign/inbound/v1"),
        _ => (r#"("@method" "@target-uri")"#, "countersign/status-query/v1"),
    };
    let input = format!(
        "{covered};created={created};expires={};nonce=\"{nonce}\";keyid=\"ed25519 {public}\";tag=\"{tag}\"",
        created + 120
    );
    let lines: String = fields.iter().map(|(name, value)| format!("\"{name}\": {value}\n")).collect();
    let base = format!(
        "\"@method\": {method}\n\"@target-uri\": https://requests.mill.example{target}\n{lines}\"@signature-params\": {input}"
    );
    let signature = Base64::encode_string(&key.sign(base.as_bytes()).to_bytes());
    format!("Signature-Input: s={input}\r\nSignature: s=:{signature}:\r\n")
}

fn post_at(key: &SigningKey, created: u64, nonce: &str, media_type: &str, content: &str) -> String {
    let digest = format!("sha-256=:{}:", Base64::encode_string(&Sha256::digest(content)));
    let signed =
        signed_lines(key, "POST", PATH, created, nonce, &[("content-type", media_type), ("content-digest", &digest)]);
    format!(
        "POST {PATH} HTTP/1.1\r\nHost: requests.mill.example\r\nContent-Type: {media_type}\r\nContent-Digest: {digest}\r\n\
         Content-Length: {}\r\n{signed}Connection: close\r\n\r\n{content}",
        content.len()
    )
}

fn post(key: &SigningKey, nonce: &str, content: &Value) -> String {
    post_at(key, now(), nonce, "application/json", &content.to_string())
}

fn get(key: &SigningKey, transaction: &str) -> String {
    let target = format!("{PATH}/{transaction}");
    let signed = signed_lines(key, "GET", &target, now(), "nonce-of-a-question", &[]);
    format!("GET {target} HTTP/1.1\r\nHost: requests.mill.example\r\n{signed}Connection: close\r\n\r\n")
}

fn talk(server: &Served, bytes: &str) -> (u16, String) {
    let mut connection = TcpStream::connect(&server.address).unwrap();
    connection.write_all(bytes.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: `{answer}`"));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn message(transaction: &str, id: &str, sender: &str, account: &str) -> Value {
    json!({"v": "countersign/inbound/v1", "transaction": transaction, "sender": sender, "receiver": "mill-exchange",
        "sent": "2026-11-20T10:00:00Z", "actions": [
        {"authorise": {"id": id, "reference": "12 Js 34/26", "instrument": "court_order", "emergency": false,
            "approved_by": "Judge Ada Quill", "approved_at": "2026-11-19T14:00:00Z", "delay_asked": false}},
        {"ask": {"id": format!("{id}-1"), "authorisation": id, "kind": "disclosure", "targets": [{"account": account}],
            "classes": ["name"], "window": {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}}}]})
}

/// The status that stands behind the line with the signature.
fn status(text: &str) -> Value {
    serde_json::from_str(text.split_once('\n').unwrap().1).unwrap()
}

#[test]
fn a_court_files_over_http_asks_how_it_stands_and_a_killed_server_forgets_nothing() {
    let hand = opened();
    let (court, fiu) = (key(&hand, COURT), key(&hand, MONITORS));
    let server = serve(&hand);
    let (code, told) = talk(&server, &post(&court, "nonce-of-sixteen-1", &message("m-1", "a-1", COURT, "A-000001")));
    assert_eq!(code, 201, "{told}");
    let told = status(&told);
    assert_eq!(
        (&told["generation"], &told["status"], &told["transaction"]),
        (&json!(1), &json!("received"), &json!("m-1"))
    );

    let (code, seen) = talk(&server, &get(&court, "m-1"));
    assert_eq!((code, status(&seen)), (200, told.clone()));
    let nothing = talk(&server, &get(&court, "m-2"));
    assert_eq!(nothing.0, 404, "{}", nothing.1);
    assert_eq!(talk(&server, &get(&fiu, "m-1")), nothing, "another authority's request");
    assert_eq!(talk(&server, &get(&SigningKey::from_bytes(&[7; 32]), "m-1")), nothing, "a stranger");
    let forged = get(&court, "m-1").replace("nonce-of-a-question", "nonce-of-a-forgery-");
    assert_eq!(talk(&server, &forged), nothing, "a signature that does not verify");

    // Killed at once after its answer: what was told stands.
    server.kill();
    let server = serve(&hand);
    assert_eq!(status(&talk(&server, &get(&court, "m-1")).1), told);
    let (code, again) = talk(&server, &post(&court, "nonce-of-sixteen-2", &message("m-1", "a-2", COURT, "A-000001")));
    let problem: Value = serde_json::from_str(&again).unwrap();
    assert_eq!((code, &problem["code"]), (422, &json!("not-taken")));
    assert!(
        status(problem["signed_status"].as_str().unwrap())["problems"][0].as_str().unwrap().contains("taken before")
    );
    server.kill();

    let listed = hand.good(&["case", "list"]);
    assert_eq!(listed.lines().count(), 1, "{listed}");
    let case = listed.split_whitespace().next().unwrap().to_owned();
    assert!(!again.contains(&case), "no case is named outside: {again}");
    let shown = hand.good(&["case", "show", &case]);
    assert!(
        shown.contains("by api") && shown.contains("asked: data from 2026-01-01T00:00:00Z to 2026-02-01T00:00:00Z"),
        "{shown}"
    );
    let both = ["case", "sender", &case, "--confirmed", "registered_key", "--confirmed", "call_back", "--note", "x"];
    hand.good(&[&both[..], &["--as", "lena-ohm"]].concat());

    // The letter that asks the sender is the event; the sender sees it, and withdraws.
    let ask = [
        "letter",
        "clarification",
        &case,
        "--reference",
        "12 Js 34/26",
        "--question",
        "Which offence?",
        "--as",
        "lena-ohm",
    ];
    assert!(hand.good(&ask).contains("Which offence?"));
    let server = serve(&hand);
    let seen = status(&talk(&server, &get(&court, "m-1")).1);
    assert_eq!((&seen["generation"], &seen["status"]), (&json!(3), &json!("awaiting_clarification")));
    let mut withdrawal = message("m-2", "a-1", COURT, "A-000001");
    withdrawal["actions"] = json!([{"change": {"id": "a-1", "generation": 3, "desired": "cancelled"}}]);
    let (code, told) = talk(&server, &post(&court, "nonce-of-sixteen-3", &withdrawal));
    assert_eq!((code, &status(&told)["status"]), (201, &json!("withdrawn")), "{told}");
    assert_eq!(
        status(&talk(&server, &get(&court, "m-2")).1)["status"],
        "withdrawn",
        "by the id of the withdrawal, too"
    );
}

#[test]
fn what_strangers_and_liars_send_begins_nothing_and_tells_them_nothing() {
    let hand = opened();
    let (court, fiu, strange) = (key(&hand, COURT), key(&hand, MONITORS), SigningKey::from_bytes(&[7; 32]));
    let server = serve(&hand);
    let own = message("m-1", "a-1", COURT, "A-000001");
    let unknown = talk(&server, &post(&strange, "nonce-of-sixteen-1", &own));
    assert_eq!(unknown.0, 403, "{}", unknown.1);
    let mut nobody = own.clone();
    nobody["sender"] = json!("xa-nobody");
    let sound = post(&court, "nonce-of-sixteen-1", &own);
    for (why, sent) in [
        ("in another's name", post(&fiu, "nonce-of-sixteen-1", &own)),
        ("in nobody's name", post(&fiu, "nonce-of-sixteen-1", &nobody)),
        ("signature of another request", sound.replace("nonce-of-sixteen-1", "nonce-of-sixteen-2")),
        ("another media type than signed", sound.replace("application/json", "application/xml")),
    ] {
        assert_eq!(talk(&server, &sent), unknown, "{why}");
    }
    for (why, sent, code, word) in [
        ("another content than digested", sound.replace("A-000001", "A-000002"), 422, "not-taken"),
        ("no JSON", post_at(&court, now(), "nonce-of-sixteen-3", "application/json", "{"), 422, "not-taken"),
        ("no known type", post_at(&court, now(), "nonce-of-sixteen-4", "text/plain", "hello"), 422, "not-taken"),
        (
            "a bomb",
            post_at(
                &court,
                now(),
                "nonce-of-sixteen-5",
                "application/xml",
                "<!DOCTYPE a [<!ENTITY b \"bb\">]><a>&b;</a>",
            ),
            422,
            "not-taken",
        ),
        (
            "no TS 103 120",
            post_at(&court, now(), "nonce-of-sixteen-6", "application/vnd.countersign.ts103120+json", "{}"),
            422,
            "not-taken",
        ),
        ("expired", post_at(&court, now() - 600, "nonce-of-sixteen-7", "application/json", "{}"), 400, "not-in-time"),
        ("early", post_at(&court, now() + 600, "nonce-of-sixteen-8", "application/json", "{}"), 400, "not-in-time"),
        ("another custodian's", sound.replace("requests.mill.example", "requests.other.example"), 421, "another-host"),
    ] {
        let (status, body) = talk(&server, &sent);
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &problem["code"]), (code, &json!(word)), "{why}: {body}");
        assert!(!body.contains("/custodian") && !body.contains("lena-ohm"), "{why}: {body}");
    }
    server.kill();
    assert_eq!(hand.good(&["case", "list"]), "");
}

#[test]
fn a_court_order_of_ts_103_120_is_taken_over_http() {
    let hand = opened();
    let court = key(&hand, COURT);
    let vectors: Value = serde_json::from_str(include_str!("../../../../vectors/intake/messages.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    let order =
        cases.iter().find(|case| case["name"] == "a court order with its document").unwrap()["text"].as_str().unwrap();
    let order =
        order.replace("COURT-1<", "XA-DISTRICT-COURT<").replace("A-000042", "A-000001").replace("A-000043", "A-000009");
    let server = serve(&hand);
    let (code, told) = talk(&server, &post_at(&court, now(), "nonce-of-sixteen-1", "application/xml", &order));
    assert_eq!((code, &status(&told)["status"]), (201, &json!("received")), "{told}");
}

#[test]
fn only_an_officer_can_stand_for_the_intake_and_only_where_it_is_wanted() {
    let hand = Hand::founded();
    let server = serve(&hand);
    assert_eq!(talk(&server, &get(&key(&hand, COURT), "m-1")).0, 404);
    assert!(talk(&server, &get(&key(&hand, COURT), "m-1")).1.contains("no-such-page"));
    server.kill();
    configure(&hand, json!({"host": "requests.mill.example", "officer": "anna-berg"}));
    let refused = hand.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(
        refused.code == Some(1) && refused.err.contains("`anna-berg`") && refused.err.contains("no officer in force"),
        "{refused}"
    );
}

/// `serve` outside of the demo names every rule that nobody has compared with its source.
#[test]
fn serve_warns_of_every_rule_that_is_not_verified() {
    let hand = Hand::founded();
    let pack: Value = serde_json::from_str(include_str!("../../../../packs/policy/eea-custodian/pack.json")).unwrap();
    let rules = pack["rules"].as_array().unwrap();
    let unverified: Vec<&Value> = rules.iter().filter(|rule| rule["verified"] == false).collect();
    assert!(!unverified.is_empty(), "when every rule is verified, weaken one here");
    let mut child = command(&hand.dir, &["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
    child.kill().unwrap();
    let said = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
    let (count, all) = (unverified.len(), rules.len());
    assert!(
        said.contains(&format!(
            "warning: {count} of the {all} rules of `eea-custodian` were not compared with their sources:\n"
        )),
        "{said}"
    );
    for rule in unverified {
        let line = format!(
            "  {} ({}, written {})\n",
            rule["policy"].as_str().unwrap(),
            rule["source"].as_str().unwrap(),
            rule["date"].as_str().unwrap()
        );
        assert!(said.contains(&line), "{line}{said}");
    }
}
