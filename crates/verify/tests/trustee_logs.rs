//! Entries of a trustee's own log, its key, its days.

use countersign_core::class::Class;
use countersign_core::id::{AuthorityId, Digest};
use countersign_core::json::{DocumentError, Exact};
use countersign_core::order::Kind;
use countersign_core::time::{Date, Timestamp};
use countersign_tlog::leaf::{LeafId, seal_fields};
use countersign_tlog::note::{KeyKind, KeyName, SigningKey as NoteKey};
use countersign_verify::ledger::CounterKey;
use countersign_verify::trustee_log::{
    DayCounter, Entry, EntryError, EntryKind, HourError, IncidentKind, Reason, TrusteeDay, TrusteeDayV1, check_hours,
    hour_of,
};
use countersign_verify::wire::{Outcome, Signed, SignedError, TrusteeLogKey, TrusteeLogKeyV1};
use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn seed(name: &str) -> [u8; 32] {
    countersign_core::digest::parts("countersign/test/trustee-log", &[name.as_bytes()]).0
}

fn named(name: &str) -> ChaCha20Rng {
    ChaCha20Rng::from_seed(seed(name))
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn reason(text: &str) -> Reason {
    Reason::parse(text).unwrap()
}

fn digest(name: &str) -> Digest {
    Digest(seed(name))
}

fn identity() -> SigningKey {
    SigningKey::from_bytes(&seed("identity of trustee 2"))
}

fn entries() -> Vec<(&'static str, Entry)> {
    let time = at("2026-11-20T13:04:05Z");
    let authority = CounterKey::Authority(AuthorityId::parse("xa-district-court").unwrap());
    let answer = |outcome, code: Option<&str>| Entry::Answer {
        receipt: digest("receipt"),
        order: digest("order"),
        outcome,
        code: code.map(str::to_owned),
        at: time,
    };
    vec![
        ("an answer", answer(Outcome::Answered, None)),
        ("a refusal", answer(Outcome::Refused, Some("ORDER_ID_REUSED"))),
        ("a signature under totals", Entry::Totals { number: 7, totals: digest("totals"), at: time }),
        (
            "an incident",
            Entry::Incident {
                kind: IncidentKind::OrderIdReused,
                subject: "01010101010101010101010101010101".into(),
                detail: Entry::detail("order id 0101 was used for another order"),
                at: time,
            },
        ),
        ("a pause", Entry::Pause { reason: reason("the desk asks for people we were told nothing of"), at: time }),
        ("a resumption", Entry::Resume { reason: reason("spoken with counsel; the orders are in order"), at: time }),
        (
            "a lift",
            Entry::Lift {
                key: authority,
                people: 40,
                until: at("2026-11-23T00:00:00Z"),
                reason: reason("one judgment over 40 people of one fraud, read by us"),
                at: time,
            },
        ),
        (
            "a lift of the day",
            Entry::Lift {
                key: CounterKey::All,
                people: 1,
                until: at("2026-11-20T13:05:00Z"),
                reason: reason("x"),
                at: time,
            },
        ),
        ("a day", Entry::Day { day: Date::parse("2026-11-20").unwrap(), document: digest("day") }),
        ("nothing", Entry::Dummy),
    ]
}

fn sealed(name: &str, fields: &[(&str, Value)]) -> (String, Vec<String>) {
    let mut rng = named(name);
    let id = LeafId::random(&mut rng);
    let (leaf, disclosures) = seal_fields(id, hour_of(at("2026-11-20T13:04:05Z")), fields, &mut rng).unwrap();
    let disclosures = disclosures.iter().map(|one| one.as_str().to_owned()).collect();
    (String::from_utf8(leaf).unwrap(), disclosures)
}

fn log_key() -> TrusteeLogKey {
    let identity = Digest(identity().verifying_key().to_bytes());
    let name = KeyName::new(&TrusteeLogKey::origin(&identity)).unwrap();
    let key = NoteKey::from_seed(name, KeyKind::Ed25519, &seed("log key of trustee 2")).unwrap();
    TrusteeLogKey { v: TrusteeLogKeyV1, trustee: 2, identity, vkey: key.verifier().to_string() }
}

fn day() -> TrusteeDay {
    let counter = |key: CounterKey, people, total| {
        let (by, of) = key.names();
        DayCounter { by: by.to_owned(), of, people, total }
    };
    TrusteeDay {
        v: TrusteeDayV1,
        trustee: 2,
        day: Date::parse("2026-11-20").unwrap(),
        salt: digest("salt of the day"),
        answered: 2,
        refused: 1,
        incidents: 0,
        counters: vec![
            counter(CounterKey::All, 3, 17),
            counter(CounterKey::Authority(AuthorityId::parse("xa-district-court").unwrap()), 3, 3),
            counter(CounterKey::Class(Class::Name), 3, 12),
            counter(CounterKey::Kind(Kind::Disclosure), 3, 17),
            counter(CounterKey::Matter(digest("matter")), 1, 1),
        ],
    }
}

#[derive(Deserialize)]
struct Vectors {
    entries: Vec<EntryCase>,
    identity: String,
    keys: Vec<TextCase>,
    days: Vec<TextCase>,
    hours: Vec<HoursCase>,
}

#[derive(Deserialize)]
struct EntryCase {
    name: String,
    expect: String,
    leaf: String,
    disclosures: Vec<String>,
    fields: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct TextCase {
    name: String,
    expect: String,
    text: String,
    digest: Option<String>,
}

#[derive(Deserialize)]
struct HoursCase {
    name: String,
    expect: String,
    ticks: Vec<(u64, usize)>,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../vectors/verify/trustee-log.json")).unwrap()
}

fn class_of_entry(error: &EntryError) -> &'static str {
    match error {
        EntryError::Leaf(_) => "leaf",
        EntryError::Kind => "kind",
        EntryError::Fields(_) => "fields",
        EntryError::Value(_) => "value",
    }
}

fn class_of_document(error: &DocumentError) -> &'static str {
    match error {
        DocumentError::TooLong { .. } => "too_long",
        DocumentError::Malformed { .. } => "malformed",
        DocumentError::NotCanonical { .. } => "not_canonical",
        DocumentError::Inconsistent { .. } => "inconsistent",
    }
}

fn class_of_hours(error: HourError) -> &'static str {
    match error {
        HourError::WithinHour { .. } => "within_hour",
        HourError::Backwards { .. } => "backwards",
        HourError::NotFilled { .. } => "not_filled",
    }
}

#[test]
fn entries_are_opened_and_refused_as_the_vectors_say() {
    let mut kinds = BTreeSet::new();
    for case in vectors().entries {
        let found = Entry::open(case.leaf.as_bytes(), &case.disclosures);
        let class = found.as_ref().map_or_else(class_of_entry, |_| "ok");
        assert_eq!(class, case.expect, "{}: {found:?}", case.name);
        if let Ok(entry) = found {
            let fields: BTreeMap<String, Value> =
                entry.fields().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            assert_eq!(Some(fields), case.fields, "{}", case.name);
            kinds.insert(entry.kind());
        }
    }
    assert_eq!(kinds.len(), EntryKind::ALL.len());
}

#[test]
fn keys_days_and_hours_are_as_the_vectors_say() {
    let vectors = vectors();
    let identity = Digest::parse(&vectors.identity).unwrap();
    for case in vectors.keys {
        let found = Signed::<TrusteeLogKey>::open(case.text.as_bytes(), &identity).map_err(|error| match error {
            SignedError::NoSignature { .. } => "no_signature",
            SignedError::WrongSignature { .. } => "wrong_signature",
            SignedError::Document(_) => "document",
        });
        assert_eq!(found.map_or_else(|class| class, |_| "ok"), case.expect, "{}", case.name);
    }
    for case in vectors.days {
        let found = Exact::<TrusteeDay>::parse(case.text.as_bytes());
        assert_eq!(found.as_ref().map_or_else(class_of_document, |_| "ok"), case.expect, "{}", case.name);
        assert_eq!(found.ok().map(|day| day.digest().to_hex()), case.digest, "{}", case.name);
    }
    for case in vectors.hours {
        let ticks = case.ticks.iter().flat_map(|(tick, count)| std::iter::repeat_n(*tick, *count));
        assert_eq!(check_hours(ticks).map_or_else(class_of_hours, |()| "ok"), case.expect, "{}", case.name);
    }
}

#[test]
fn most_vectors_must_fail() {
    let vectors = vectors();
    let texts = |cases: &[TextCase]| cases.iter().map(|case| case.expect.clone()).collect::<Vec<_>>();
    let lists = [
        vectors.entries.iter().map(|case| case.expect.clone()).collect(),
        texts(&vectors.keys),
        texts(&vectors.days),
        vectors.hours.iter().map(|case| case.expect.clone()).collect::<Vec<_>>(),
    ];
    for list in lists {
        let good = list.iter().filter(|expect| *expect == "ok").count();
        assert!(good > 0 && list.len() > 2 * good, "{list:?}");
    }
}

#[test]
fn what_is_written_has_the_bytes_of_its_snapshot() {
    let vectors = vectors();
    for (name, entry) in entries() {
        let (leaf, disclosures) = sealed(name, &entry.fields());
        let case = vectors.entries.iter().find(|case| case.name == name).unwrap();
        assert_eq!((&case.leaf, &case.disclosures), (&leaf, &disclosures), "{name}");
    }
    assert_eq!(vectors.keys[0].text, Signed::sign(log_key(), &identity()).unwrap().text());
    assert_eq!(vectors.days[0].text, Exact::write(day()).unwrap().text());
}

#[test]
fn the_identity_signs_no_checkpoints_and_no_other_name_is_announced() {
    let good = log_key();
    assert!(Exact::write(good.clone()).is_ok());
    let identity_key = |name: &str| {
        let name = KeyName::new(name).unwrap();
        NoteKey::from_seed(name, KeyKind::Ed25519, &identity().to_bytes()).unwrap().verifier().to_string()
    };
    let own = TrusteeLogKey { vkey: identity_key(&TrusteeLogKey::origin(&good.identity)), ..good.clone() };
    let other = TrusteeLogKey { identity: digest("somebody else"), ..good.clone() };
    let nobody = TrusteeLogKey { trustee: 0, ..good };
    for bad in [own, other, nobody] {
        assert!(matches!(Exact::write(bad), Err(DocumentError::Inconsistent { .. })));
    }
}

#[test]
fn a_reason_is_one_line_that_says_something() {
    for good in ["x", "a judgment, read by us", &"é".repeat(500)] {
        assert_eq!(Reason::parse(good).unwrap().as_str(), good);
    }
    for bad in ["", " ", " x", "x ", "two\nlines", "a\u{0}b", "a\u{85}b", &"x".repeat(501)] {
        assert!(Reason::parse(bad).is_err(), "{bad:?}");
    }
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let time = (0_i64..32_503_680_000).prop_map(|unix| Timestamp::from_unix(unix).unwrap());
    let digest = any::<[u8; 32]>().prop_map(Digest);
    let reason = "[^\\p{C}\\s]{1,40}".prop_map(|text| Reason::parse(&text).unwrap());
    let key = prop_oneof![
        Just(CounterKey::All),
        digest.clone().prop_map(CounterKey::Matter),
        digest.clone().prop_map(CounterKey::Address),
        "[a-z]{1,20}".prop_map(|id| CounterKey::Authority(AuthorityId::parse(&id).unwrap())),
    ];
    prop_oneof![
        (digest.clone(), digest.clone(), proptest::option::of("[A-Z_]{1,30}"), time.clone()).prop_map(
            |(receipt, order, code, at)| {
                let outcome = if code.is_some() { Outcome::Refused } else { Outcome::Answered };
                Entry::Answer { receipt, order, outcome, code, at }
            }
        ),
        (any::<u32>(), digest.clone(), time.clone()).prop_map(|(number, totals, at)| Entry::Totals {
            number,
            totals,
            at
        }),
        (reason.clone(), time.clone()).prop_map(|(reason, at)| Entry::Pause { reason, at }),
        (key, any::<u32>(), time.clone(), reason, time).prop_map(|(key, people, until, reason, at)| Entry::Lift {
            key,
            people,
            until,
            reason,
            at
        }),
    ]
}

proptest! {
    #[test]
    fn what_is_sealed_is_opened_again(entry in any_entry(), name in any::<u64>()) {
        let (leaf, disclosures) = sealed(&name.to_string(), &entry.fields());
        prop_assert_eq!(Entry::open(leaf.as_bytes(), &disclosures).unwrap(), entry);
    }

    #[test]
    fn a_withheld_added_or_renamed_field_is_noticed(entry in any_entry(), which in any::<prop::sample::Index>()) {
        let fields = entry.fields();
        let which = which.index(fields.len());
        let (leaf, mut disclosures) = sealed("withheld", &fields);
        disclosures.remove(which);
        prop_assert!(Entry::open(leaf.as_bytes(), &disclosures).is_err());
        let mut more = fields.clone();
        more.push(("beside", json!(1)));
        let (leaf, disclosures) = sealed("more", &more);
        prop_assert!(Entry::open(leaf.as_bytes(), &disclosures).is_err());
        let mut renamed = fields;
        renamed[which].0 = "renamed";
        let (leaf, disclosures) = sealed("renamed", &renamed);
        prop_assert!(Entry::open(leaf.as_bytes(), &disclosures).is_err());
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in ".{0,200}") {
        let _ = Entry::open(text.as_bytes(), &[&text]);
        let _ = Exact::<TrusteeDay>::parse(text.as_bytes());
        let _ = Exact::<TrusteeLogKey>::parse(text.as_bytes());
    }
}
