//! The shared vectors of `vectors/approve`, one assertion per vector.

use countersign_approve::{PublicKey, SignatureError, from_armor, verify_signature};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File<T> {
    format: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    errors: std::collections::BTreeMap<String, String>,
    vectors: Vec<T>,
}

fn vectors<T: serde::de::DeserializeOwned>(name: &str) -> Vec<T> {
    let path = format!("{}/../../vectors/approve/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let file: File<T> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(file.format, format!("countersign/vectors/approve/{name}"));
    assert_eq!(file.note.is_empty(), file.errors.is_empty());
    file.vectors
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    name: String,
    key: String,
    namespace: String,
    message: String,
    signature: String,
    valid: bool,
    error: Option<String>,
}

#[test]
fn signatures() {
    let vectors: Vec<Signature> = vectors("signatures");
    assert!(vectors.iter().filter(|vector| !vector.valid).count() > vectors.len() / 2);
    for vector in vectors {
        let key = PublicKey::parse(&vector.key).unwrap();
        let result = verify_signature(&key, &vector.namespace, vector.message.as_bytes(), &vector.signature);
        let found = match &result {
            Ok(()) => None,
            Err(SignatureError::Malformed { .. }) => Some("malformed"),
            Err(SignatureError::Mismatch { .. }) => Some("mismatch"),
            Err(SignatureError::Wrong) => Some("wrong"),
        };
        assert_eq!((result.is_ok(), found), (vector.valid, vector.error.as_deref()), "{}: {result:?}", vector.name);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    name: String,
    key: String,
    valid: bool,
}

#[test]
fn keys() {
    let vectors: Vec<Key> = vectors("keys");
    assert!(vectors.iter().filter(|vector| !vector.valid).count() > vectors.len() / 2);
    for vector in vectors {
        match PublicKey::parse(&vector.key) {
            Ok(key) => {
                assert!(vector.valid, "{}", vector.name);
                assert_eq!(key.to_string(), vector.key, "{}", vector.name);
            }
            Err(error) => assert!(!vector.valid, "{}: {error}", vector.name),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Armor {
    name: String,
    armor: String,
    signature: Option<String>,
}

#[test]
fn armor() {
    for vector in vectors::<Armor>("armor") {
        assert_eq!(from_armor(&vector.armor).ok(), vector.signature, "{}", vector.name);
    }
}

/// Every prefix and every single flipped bit of a real signature is refused, and nothing panics.
#[test]
fn damaged_signatures_are_refused() {
    for vector in vectors::<Signature>("signatures")
        .into_iter()
        .filter(|vector| vector.valid && vector.name.contains("ssh-keygen ed25519"))
    {
        let key = PublicKey::parse(&vector.key).unwrap();
        let check = |text: &str| verify_signature(&key, &vector.namespace, vector.message.as_bytes(), text);
        check(&vector.signature).unwrap();
        for at in 0..vector.signature.len() {
            assert!(check(&vector.signature[..at]).is_err(), "prefix of {at}");
            let mut bytes = vector.signature.clone().into_bytes();
            bytes[at] ^= 1;
            if let Ok(text) = String::from_utf8(bytes) {
                assert!(check(&text).is_err(), "flipped bit in character {at}");
            }
        }
    }
}
