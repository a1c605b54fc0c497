//! Letters and the draw, as the shared vectors say; and properties of both.

use countersign_core::approval::{Approval, ApprovalV1, SignerRole, Verdict};
use countersign_core::consent::{Consent, ConsentV1};
use countersign_core::control::{Person, Reach, Role};
use countersign_core::encoding::unhex as unhex_array;
use countersign_core::id::{CustodianId, Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::order::{Kind, Order};
use countersign_core::time::{HOUR, MINUTE, Timestamp};
use countersign_seal::letter::{self, CONTENT_LEN};
use countersign_seal::transport::TransportSecret;
use countersign_verify::duress::{
    Accepted, COVER, DuressSecret, Letter, LetterError, Letters, Pending, keys_digest, keys_digest_of, pending,
};
use proptest::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Vectors {
    draws: Vec<Draw>,
    letters: Vec<Case>,
    sealed: Vec<Sealed>,
}

#[derive(Deserialize)]
struct Draw {
    secret: String,
    signed: Digest,
    kind: Kind,
    right_key: usize,
    cover: i64,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    custodian: CustodianId,
    genesis: Digest,
    trustee: Digest,
    people: Vec<Entry>,
    content: String,
    person: Option<PersonId>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    id: PersonId,
    roles: Vec<Role>,
    keys: Vec<String>,
}

#[derive(Deserialize)]
struct Sealed {
    name: String,
    genesis: Digest,
    seed: String,
    sealed: String,
    content: Option<String>,
}

fn bytes(text: &str) -> Vec<u8> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    text.as_bytes().chunks(2).map(pair).collect()
}

/// The vectors leave out the zeroes behind a content.
fn content(text: &str) -> Vec<u8> {
    let mut content = bytes(text);
    content.resize(content.len().max(CONTENT_LEN), 0);
    content
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../vectors/verify/duress.json")).unwrap()
}

fn person(entry: &Entry) -> Person {
    let state = countersign_core::country::Country::parse("XA").unwrap();
    Person {
        id: entry.id.clone(),
        roles: entry.roles.clone(),
        state,
        manages: Vec::new(),
        independent: false,
        reach: Reach { states: vec![state], at: Timestamp::MIN },
        keys: entry.keys.clone(),
        reader: None,
    }
}

#[test]
fn letters_are_believed_and_refused_as_the_vectors_say() {
    let mut good = 0;
    let letters = vectors().letters;
    for case in &letters {
        let people: Vec<Person> = case.people.iter().map(person).collect();
        let told = (&case.custodian, &case.genesis, &case.trustee);
        let read = Letter::read(&content(&case.content), told, people.iter());
        let error = match &read {
            Ok((letter, person)) => {
                assert_eq!(Some(&person.id), case.person.as_ref(), "{}", case.name);
                assert!(Letter::kept(&content(&case.content)).is_some_and(|kept| kept == *letter));
                good += 1;
                None
            }
            Err(LetterError::Layout) => Some("layout"),
            Err(LetterError::OtherTrustee) => Some("other trustee"),
            Err(LetterError::NotInForce) => Some("not in force"),
            Err(LetterError::Signature(_)) => Some("signature"),
        };
        assert_eq!(error, case.error.as_deref(), "{}", case.name);
    }
    assert!(good >= 2 && letters.len() > 3 * good);
}

#[test]
fn what_is_drawn_is_what_the_vectors_say() {
    for draw in vectors().draws {
        let secret = DuressSecret::from_bytes(unhex_array(&draw.secret).unwrap());
        assert_eq!(
            (secret.right_key(&draw.signed), secret.cover(&draw.signed, draw.kind)),
            (draw.right_key, draw.cover)
        );
    }
}

#[test]
fn sealed_letters_open_as_the_vectors_say() {
    for case in vectors().sealed {
        let secret = TransportSecret::from_seed(unhex_array(&case.seed).unwrap());
        let opened = letter::open(&bytes(&case.sealed), &case.genesis, &secret).ok();
        assert_eq!(opened.map(|opened| opened.to_vec()), case.content.map(|text| content(&text)), "{}", case.name);
    }
}

const KEYS: [&str; 2] = ["ed25519 11", "ed25519 22"];

fn anna() -> Person {
    person(&Entry {
        id: PersonId::parse("anna-berg").unwrap(),
        roles: vec![Role::Approver],
        keys: KEYS.map(str::to_owned).to_vec(),
    })
}

fn told(secret: [u8; 32]) -> Letters {
    let letter = Letter {
        custodian: CustodianId([1; 16]),
        genesis: Digest([2; 32]),
        trustee: Digest([3; 32]),
        keys: keys_digest(&anna()).unwrap(),
        secret: DuressSecret::from_bytes(secret),
    };
    let mut letters = Letters::default();
    assert_eq!(letters.accept(&letter), Ok(Accepted::New));
    letters
}

/// Signatures were verified before: here only who signed with which key counts.
fn approval(order: Digest, role: SignerRole, key: &str) -> String {
    let approval = Approval {
        v: ApprovalV1,
        order,
        approver: PersonId::parse("anna-berg").unwrap(),
        role,
        verdict: Verdict::Approve,
        at: Timestamp::MIN,
        key: key.to_owned(),
        signature: "c2ln".to_owned(),
    };
    Exact::write(approval).unwrap().text().to_owned()
}

fn order(kind: Kind) -> Order {
    Order { kind, ..crate::world::World::new().draft().order }
}

/// Until when the case is pending, for signatures over `signed` by these keys, an hour after the order was public.
fn asked(
    secret: [u8; 32],
    order: &Order,
    before: Option<Timestamp>,
    texts: &[String],
    now: Timestamp,
) -> Option<Pending> {
    let (anna, since) = (anna(), now.plus(-HOUR));
    let before: BTreeMap<Digest, Timestamp> = before.map(|until| (order.case, until)).into_iter().collect();
    pending(&told(secret), &before, order, texts.iter().map(String::as_str), |_| Some(&anna), (since, now))
}

#[test]
fn only_an_approver_with_two_keys_can_call() {
    let id = anna().id;
    assert_eq!(keys_digest(&anna()), Some(keys_digest_of(&id, KEYS)));
    for (roles, keys) in [
        (vec![Role::Approver], vec![KEYS[0]]),
        (vec![Role::Approver], vec![KEYS[0], KEYS[1], "ed25519 33"]),
        (vec![Role::Counsel], KEYS.to_vec()),
    ] {
        let keys = keys.into_iter().map(str::to_owned).collect();
        assert_eq!(keys_digest(&person(&Entry { id: id.clone(), roles, keys })), None);
    }
    assert_ne!(keys_digest_of(&id, KEYS), keys_digest_of(&id, [KEYS[1], KEYS[0]]));
    assert_ne!(keys_digest_of(&id, KEYS), keys_digest_of(&PersonId::parse("anna-ber").unwrap(), KEYS));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The wrong key calls, the right one never does; a call lasts, everything else ends within six hours of the publication.
    #[test]
    fn one_key_calls_and_the_other_does_not(secret: [u8; 32], digest: [u8; 32], emergency: bool) {
        let order = order(if emergency { Kind::Emergency } else { Kind::Disclosure });
        let (signed, now) = (Digest(digest), Timestamp::parse("2026-11-20T13:00:00Z").unwrap());
        let right = DuressSecret::from_bytes(secret).right_key(&signed);
        let by = |key: usize, role| [approval(signed, role, KEYS[key])];
        let call = asked(secret, &order, None, &by(1 - right, SignerRole::Approver), now).unwrap();
        prop_assert!(call.is_a_call() && call.case == order.case);
        prop_assert!(asked(secret, &order, None, &by(1 - right, SignerRole::Author), now).is_none(), "another role");
        let covered = DuressSecret::from_bytes(secret).cover(&signed, order.kind);
        let (least, most) = if emergency { (5 * MINUTE, 20 * MINUTE) } else { (HOUR, 6 * HOUR) };
        prop_assert!(covered == 0 || (least..=most).contains(&covered));
        match asked(secret, &order, None, &by(right, SignerRole::Approver), now) {
            Some(found) => prop_assert!(!found.is_a_call() && found.until == now.plus(covered - HOUR)),
            None => prop_assert!(covered <= HOUR),
        }
        prop_assert!(asked(secret, &order, None, &by(right, SignerRole::Approver), now.plus(6 * HOUR)).is_none_or(|found| found.until > now.plus(6 * HOUR)));
        // What was pending before stays so, whoever signs.
        let before = Some(Timestamp::MAX);
        prop_assert!(asked(secret, &order, before, &by(right, SignerRole::Approver), now).is_some_and(|found| found.is_a_call()));
        prop_assert!(asked(secret, &order, Some(now.plus(1)), &[], now).is_some());
        prop_assert!(asked(secret, &order, Some(now), &[], now).is_none());
        let consent = Consent { v: ConsentV1, order: signed, at: now, key: KEYS[1 - right].into(), signature: "x".into() };
        prop_assert!(asked(secret, &order, None, &[Exact::write(consent).unwrap().text().to_owned()], now).is_none());
    }

    /// Whatever a letter says, reading gives it again; a letter with one byte changed is not the same letter by the same author.
    #[test]
    fn letters_are_read_as_they_were_written(ids: [u8; 4], secret: [u8; 32], lengths in (0usize..1_900, 0usize..1_900), place in 0usize..CONTENT_LEN) {
        let [custodian, genesis, trustee, keys] = ids;
        let letter = Letter {
            custodian: CustodianId([custodian; 16]),
            genesis: Digest([genesis; 32]),
            trustee: Digest([trustee; 32]),
            keys: Digest([keys; 32]),
            secret: DuressSecret::from_bytes(secret),
        };
        let signatures = ["s".repeat(lengths.0), "t".repeat(lengths.1)];
        let written = letter.encode([&signatures[0], &signatures[1]]).unwrap();
        prop_assert!(Letter::kept(written.as_slice()).is_some_and(|read| read == letter));
        let mut changed = written.to_vec();
        changed[place] ^= 1;
        if let Some(read) = Letter::kept(&changed) {
            let before_signatures = place < 1 + 16 + 4 * 32;
            prop_assert_eq!(read != letter, before_signatures);
            prop_assert_eq!(read.signed_line() != letter.signed_line(), before_signatures);
        }
        prop_assert!(Letter::kept(&written[1..]).is_none());
    }
}

#[test]
fn the_draw_favours_no_key_and_covers_one_order_of_sixteen() {
    let secret = DuressSecret::from_bytes([7; 32]);
    let digests = (0..8_192u32).map(|n| countersign_core::digest::parts("n", &[&n.to_le_bytes()]));
    let (mut first, mut covered) = (0, 0);
    for digest in digests {
        first += usize::from(secret.right_key(&digest) == 0);
        covered += usize::from(secret.cover(&digest, Kind::Disclosure) > 0);
    }
    // Six standard deviations of a fair draw: 45 and 22.
    assert!(first.abs_diff(4_096) < 272, "{first}");
    assert!(covered.abs_diff(8_192 / usize::from(COVER)) < 132, "{covered}");
}
