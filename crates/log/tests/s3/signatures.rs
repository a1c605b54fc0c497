//! moto checks every signature here, with the implementation of Amazon's own library for Python.

use super::{KEY_ID, Rented, SECRET, quick};
use countersign_log::{BucketTiles, S3Credentials, TileStore};
use countersign_testkit::moto::Moto;
use std::io::ErrorKind;

/// Requests that it takes unsigned: a user, a policy, a key, a bucket.
const UNSIGNED: &str = "4";

#[test]
fn every_request_is_signed_rightly() {
    let Some(moto) = Moto::start(&[("INITIAL_NO_AUTH_ACTION_COUNT", UNSIGNED)]) else { return };
    user(&moto, &[("Action", "CreateUser"), ("UserName", "log")]);
    let allow = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    user(&moto, &[("Action", "PutUserPolicy"), ("UserName", "log"), ("PolicyName", "s3"), ("PolicyDocument", allow)]);
    let key = user(&moto, &[("Action", "CreateAccessKey"), ("UserName", "log")]);
    let rented = Rented::at(moto.address());
    assert!(rented.direct("PUT", "", b"").is_success());
    assert_eq!(rented.direct("GET", "", b"").as_u16(), 403, "it checks");

    let right = S3Credentials { key_id: of(&key, "AccessKeyId"), secret: of(&key, "SecretAccessKey"), token: None };
    let open = |credentials| BucketTiles::connect(&rented.settings(), credentials, quick()).unwrap();
    let store = open(right.clone());
    store.replace_file("vkey", b"key").unwrap();
    // A path with every character that a key has, in which a dot and digits follow each other.
    let tiles: Vec<_> = ["tile/0/x001/x234/067.p/5", "tile/entries/000"]
        .iter()
        .map(|path| (path.parse().unwrap(), vec![5; 32]))
        .collect();
    store.write(&tiles).unwrap();
    store.write(&tiles).unwrap();
    store.replace_file("checkpoint", b"one").unwrap();
    store.replace_file("checkpoint", b"two").unwrap();
    assert_eq!(open(right.clone()).read_file("checkpoint").unwrap().as_deref(), Some(&b"two"[..]));
    // Not the listing: moto decodes the query before it computes the signature over it, and refuses every `%2F` in one, that of
    // Amazon's own library too.
    assert_eq!(store.read(&tiles[0].0).unwrap().as_ref(), Some(&tiles[0].1));

    let wrong = S3Credentials { secret: SECRET.into(), ..right.clone() };
    let unknown = S3Credentials { key_id: KEY_ID.into(), ..right.clone() };
    for (credentials, code) in [(wrong, "SignatureDoesNotMatch"), (unknown, "InvalidAccessKeyId")] {
        let store = open(credentials);
        for error in [
            store.read_file("checkpoint").map(drop).unwrap_err(),
            store.replace_file("checkpoint", b"three").unwrap_err(),
            store.list().map(drop).unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(text.contains(code), "{text}");
            for secret in [&right.key_id, &right.secret, KEY_ID, SECRET] {
                assert!(!text.contains(secret), "{text}");
            }
            assert!(!matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::InvalidData), "{text}");
        }
    }
}

/// One action of moto's IAM; gives the answer's XML.
fn user(moto: &Moto, form: &[(&str, &str)]) -> String {
    let body = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
    let signature = format!(
        "AWS4-HMAC-SHA256 Credential={KEY_ID}/20261120/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0"
    );
    let request = crate::kit::client()
        .post(format!("{}/", moto.address()))
        .header("authorization", signature)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("{body}&Version=2010-05-08"));
    let (status, text) = super::sent(request);
    assert!(status.is_success(), "{form:?}: {status} {text}");
    text
}

fn of(xml: &str, name: &str) -> String {
    let (_, rest) = xml.split_once(&format!("<{name}>")).expect("the answer has it");
    rest.split_once('<').unwrap().0.to_owned()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
