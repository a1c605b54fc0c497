//! Posting lists: `vectors/seal/posting.json`, written by `COUNTERSIGN_WRITE_VECTORS=1`.

use crate::support::bytes;
use crate::vectors::{any, compare, fixed, load};
use countersign_core::encoding::hex;
use countersign_core::id::Handle;
use countersign_seal::posting::{List, PostingError};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use zeroize::Zeroizing;

const NAME: [u8; 16] = [0x5a; 16];

fn list() -> List {
    List::new(NAME, Zeroizing::new(bytes("posting key")))
}

fn handles(count: u32) -> BTreeSet<Handle> {
    (0..count).map(|number| Handle(bytes(&format!("handle {number}")))).collect()
}

fn good() -> Vec<Value> {
    [("one_handle", 1), ("a_full_bucket", 4), ("one_more_than_a_bucket", 5)]
        .map(|(name, count)| {
            let salt = bytes(name);
            let sealed = list().seal(&handles(count), &salt).unwrap();
            json!({
                "name": name, "list": hex(&NAME), "key": hex(&bytes("posting key")), "salt": hex(&salt),
                "handles": handles(count).iter().map(Handle::to_hex).collect::<Vec<_>>(), "sealed": hex(&sealed),
            })
        })
        .into()
}

fn bad() -> Vec<Value> {
    let sealed = list().seal(&handles(2), &bytes("salt")).unwrap();
    let changed = |at: usize| {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        changed
    };
    let case = |name: &str, list: [u8; 16], key: [u8; 32], sealed: &[u8]| {
        let error = List::new(list, Zeroizing::new(key)).open(sealed).unwrap_err().to_string();
        json!({ "name": name, "list": hex(&list), "key": hex(&key), "sealed": hex(sealed), "error": error })
    };
    let key = bytes("posting key");
    let plain = |count: u16, listed: &[[u8; 32]], padding: u8| {
        let mut out = [count.to_le_bytes().as_slice(), listed.concat().as_slice()].concat();
        out.resize(2 + 4 * 32, padding);
        forged(&key, &out)
    };
    vec![
        case("nothing", NAME, key, &[]),
        case("version_2", NAME, key, &[&[2], &sealed[1..]].concat()),
        case("a_byte_too_few", NAME, key, &sealed[..sealed.len() - 1]),
        case("a_handle_too_few", NAME, key, &sealed[..sealed.len() - 32]),
        case("salt_changed", NAME, key, &changed(1)),
        case("ciphertext_changed", NAME, key, &changed(40)),
        case("tag_changed", NAME, key, &changed(sealed.len() - 1)),
        case("list_of_another_name", [0x5b; 16], key, &sealed),
        case("list_of_another_key", NAME, bytes("another key"), &sealed),
        case("no_handles", NAME, key, &plain(0, &[], 0)),
        case("handles_out_of_order", NAME, key, &plain(2, &[[2; 32], [1; 32]], 0)),
        case("a_handle_twice", NAME, key, &plain(2, &[[1; 32], [1; 32]], 0)),
        case("padding_that_is_not_zero", NAME, key, &plain(1, &[[1; 32]], 1)),
        case("more_handles_than_room", NAME, key, &plain(5, &[[1; 32]], 0)),
    ]
}

/// Seals any plaintext as a list, independent of the crate's writer.
fn forged(key: &[u8; 32], plain: &[u8]) -> Vec<u8> {
    use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
    let salt = bytes("forged");
    let mut info = Vec::new();
    for part in [&b"countersign/seal/v1/posting-cipher"[..], &NAME] {
        info.extend_from_slice(&(part.len() as u64).to_le_bytes());
        info.extend_from_slice(part);
    }
    let mut derived = [0; 32];
    hkdf::Hkdf::<sha2::Sha512>::new(Some(&salt), key).expand(&info, &mut derived).unwrap();
    let aad = [&[1][..], &NAME].concat();
    let cipher = aes_gcm::Aes256Gcm::new(&derived.into());
    let sealed = cipher.encrypt(&[0; 12].into(), Payload { msg: plain, aad: &aad }).unwrap();
    [&[1][..], &salt, &sealed].concat()
}

#[test]
fn the_file_is_current_and_every_list_in_it_is_judged_as_it_says() {
    compare("posting.json", &json!({ "format": "docs/formats/blind-index.md", "good": good(), "bad": bad() }));
    for case in load("posting.json")["good"].as_array().unwrap() {
        let list = List::new(fixed(&case["list"]), Zeroizing::new(fixed(&case["key"])));
        let opened: Vec<String> = list.open(&any(&case["sealed"])).unwrap().iter().map(Handle::to_hex).collect();
        assert_eq!(json!(opened), case["handles"]);
    }
}

#[test]
fn the_independent_writer_agrees_with_the_crate() {
    let mut plain = 1u16.to_le_bytes().to_vec();
    plain.extend_from_slice(&[7; 32]);
    plain.resize(2 + 4 * 32, 0);
    assert_eq!(list().open(&forged(&bytes("posting key"), &plain)), Ok(BTreeSet::from([Handle([7; 32])])));
}

#[test]
fn a_list_shows_only_its_bucket_and_ends_at_the_largest() {
    let length = |count| list().seal(&handles(count), &[1; 32]).unwrap().len();
    assert_eq!((length(1), length(5)), (length(4), length(16)));
    assert_ne!(length(4), length(5));
    assert_eq!(list().open(&list().seal(&handles(1024), &[1; 32]).unwrap()), Ok(handles(1024)));
    assert_eq!(list().seal(&handles(0), &[1; 32]), Err(PostingError::Handles(0)));
    assert_eq!(list().seal(&handles(1025), &[1; 32]), Err(PostingError::Handles(1025)));
    assert_ne!(list().seal(&handles(1), &[1; 32]), list().seal(&handles(1), &[2; 32]));
}

proptest! {
    #[test]
    fn any_other_bytes_do_not_open(at in 0usize..177, bit in 0u8..8) {
        let mut sealed = list().seal(&handles(3), &[9; 32]).unwrap();
        prop_assume!(at < sealed.len());
        sealed[at] ^= 1 << bit;
        prop_assert!(list().open(&sealed).is_err());
    }
}
