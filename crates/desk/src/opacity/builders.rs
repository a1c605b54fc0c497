//! The desk's builder of leaves, and builders that leak, to show that a leak is found.

use crate::leaves::leaf;
use countersign_core::leaf::{KIND_FIELD, LeafKind};
use countersign_core::time::Timestamp;
use countersign_tlog::leaf::{Disclosure, LeafId, tick_of};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Makes a leaf; gives its bytes and the digests of its fields in their order.
pub(crate) type Build = fn(LeafKind, Timestamp, Vec<Value>, &mut ChaCha20Rng) -> (Vec<u8>, Vec<String>);

/// The builder that the desk uses.
pub(crate) fn desk(kind: LeafKind, at: Timestamp, values: Vec<Value>, rng: &mut ChaCha20Rng) -> (Vec<u8>, Vec<String>) {
    let made = leaf(kind, at, values, rng).expect("a leaf");
    let digests = made.disclosures.iter().map(|text| Disclosure::parse(text).expect("a disclosure").digest());
    (made.leaf, digests.collect())
}

/// Builders that leak, and the beginnings of the findings that must be among those made about each.
pub(crate) const LEAKY: &[(&str, Build, &[&str])] = &[
    ("digests stand in the order of the fields", unsorted, &["order"]),
    ("fields are sorted, and decoys after them", two_lists, &["kinds learnt from digests", "order"]),
    ("too few decoys", few_decoys, &["characters", "kinds learnt from bytes", "dummies learnt from bytes"]),
    ("decoys are no digests", plain_decoys, &["characters: first character of digest"]),
    ("no padding", unpadded, &["size"]),
    ("the id counts by kind", named_id, &["characters: id", "kinds learnt from bytes"]),
    ("dummies come in even ticks only", even_ticks, &["dummies by characters: digit 6 of the tick"]),
    ("the digests of dummies are sorted the other way", descending_dummies, &["dummies learnt from digests"]),
];

/// What a builder may do wrong.
struct Parts {
    id: [u8; 16],
    tick: u64,
    fields: Vec<String>,
    decoys: Vec<String>,
}

fn parts(kind: LeafKind, at: Timestamp, values: Vec<Value>, rng: &mut ChaCha20Rng) -> Parts {
    let names = std::iter::once(KIND_FIELD).chain(kind.fields().iter().copied());
    let values = std::iter::once(Value::from(kind.as_str())).chain(values);
    let field = |(name, value)| Disclosure::new(name, value, rng).expect("a disclosure").digest();
    let fields: Vec<String> = names.zip(values).map(field).collect();
    let decoys = (fields.len()..16).map(|_| base64url(&Sha256::digest(random::<32>(rng)))).collect();
    let id = LeafId::random(rng).0;
    Parts { id, tick: tick_of(at.unix() as u64), fields, decoys }
}

impl Parts {
    fn sorted(&self) -> Vec<String> {
        let mut all = [self.fields.clone(), self.decoys.clone()].concat();
        all.sort_unstable();
        all
    }

    fn text(&self, digests: &[String]) -> String {
        let id = countersign_core::encoding::hex(&self.id);
        let list = digests.join("\",\"");
        format!("{{\"v\":1,\"kind\":\"sealed\",\"id\":\"{id}\",\"tick\":{},\"_sd\":[\"{list}\"],\"pad\":\"", self.tick)
    }

    fn leaf(&self, digests: &[String]) -> (Vec<u8>, Vec<String>) {
        let text = self.text(digests);
        (format!("{text:0<1022}\"}}").into_bytes(), self.fields.clone())
    }
}

fn unsorted(kind: LeafKind, at: Timestamp, values: Vec<Value>, rng: &mut ChaCha20Rng) -> (Vec<u8>, Vec<String>) {
    let parts = parts(kind, at, values, rng);
    parts.leaf(&[parts.fields.clone(), parts.decoys.clone()].concat())
}

fn two_lists(kind: LeafKind, at: Timestamp, values: Vec<Value>, rng: &mut ChaCha20Rng) -> (Vec<u8>, Vec<String>) {
    let mut parts = parts(kind, at, values, rng);
    parts.decoys.sort_unstable();
    let mut fields = parts.fields.clone();
    fields.sort_unstable();
    parts.leaf(&[fields, parts.decoys.clone()].concat())
}

fn few_decoys(kind: LeafKind, at: Timestamp, values: Vec<Value>, rng: &mut ChaCha20Rng) -> (Vec<u8>, Vec<String>) {
    let mut parts = parts(kind, at, values, rng);
    parts.decoys.truncate(2);
    parts.leaf(&parts.sorted())
}

fn plain_decoys(kind: LeafKind, at: Timestamp, values: Vec<Value>, rng: &mut ChaCha20Rng) -> (Vec<u8>, Vec<String>) {
    let mut parts = parts(kind, at, values, rng);
    // A generator whose first bit is stuck: hashing would have hidden it.
    for decoy in &mut parts.decoys {
        let mut bytes = random::<32>(rng);
        bytes[0] &= 0x7f;
        *decoy = base64url(&bytes);
    }
    parts.leaf(&parts.sorted())
}

fn unpadded(kind: LeafKind, at: Timestamp, values: Vec<Value>, rng: &mut ChaCha20Rng) -> (Vec<u8>, Vec<String>) {
    let mut parts = parts(kind, at, values, rng);
    parts.decoys.truncate(2);
    ((parts.text(&parts.sorted()) + "\"}").into_bytes(), parts.fields)
}

fn named_id(kind: LeafKind, at: Timestamp, values: Vec<Value>, rng: &mut ChaCha20Rng) -> (Vec<u8>, Vec<String>) {
    let mut parts = parts(kind, at, values, rng);
    parts.id[15] = kind as u8;
    parts.leaf(&parts.sorted())
}

fn even_ticks(kind: LeafKind, at: Timestamp, values: Vec<Value>, rng: &mut ChaCha20Rng) -> (Vec<u8>, Vec<String>) {
    let mut parts = parts(kind, at, values, rng);
    if kind == LeafKind::Dummy {
        parts.tick &= !1;
    }
    parts.leaf(&parts.sorted())
}

fn descending_dummies(
    kind: LeafKind,
    at: Timestamp,
    values: Vec<Value>,
    rng: &mut ChaCha20Rng,
) -> (Vec<u8>, Vec<String>) {
    let parts = parts(kind, at, values, rng);
    let mut digests = parts.sorted();
    if kind == LeafKind::Dummy {
        digests.reverse();
    }
    parts.leaf(&digests)
}

fn random<const N: usize>(rng: &mut ChaCha20Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(word >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}
