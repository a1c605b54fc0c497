//! The founding ceremony from its log: `vectors/verify/ceremony.json` and `vectors/verify/ceremony-documents.json`.

use base64ct::{Base64, Encoding};
use countersign_core::class::Class;
use countersign_core::control::{Custodian, JournalKey};
use countersign_core::country::Country;
use countersign_core::id::{CustodianId, Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_seal::ceremony::Ceremony;
use countersign_seal::dkg::{DkgError, Round1};
use countersign_seal::identity::Identity;
use countersign_seal::kind::{Attribute, Kind};
use countersign_seal::transport::TransportSecret;
use countersign_tlog::note::{KeyKind, KeyName, SigningKey};
use countersign_verify::founding::{
    Both, Founding, FoundingError, ceremony_origin, ceremony_policy, join, read_identity,
};
use countersign_verify::wire::{
    CeremonyTerms, CeremonyTermsV1, Complaint, ComplaintV1, IndexTerms, Signed, TrusteeIdentity, TrusteeIdentityV1,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

const N: u16 = 3;
const ORIGIN: &str = "log.custodian.example/journal";

fn bytes(name: &str) -> [u8; 32] {
    countersign_core::digest::parts("countersign/verify/founding-test", &[name.as_bytes()]).0
}

fn note_key(name: &str, kind: KeyKind) -> SigningKey {
    SigningKey::from_seed(KeyName::new(name).unwrap(), kind, &bytes(name)).unwrap()
}

fn signing(index: u16) -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&bytes(&format!("identity {index}")))
}

fn introduced(index: u16) -> TrusteeIdentity {
    let transport = TransportSecret::from_seed(bytes(&format!("transport {index}"))).public().unwrap();
    TrusteeIdentity {
        v: TrusteeIdentityV1,
        index,
        name: PersonId::parse(&format!("firm-{index}")).unwrap(),
        state: Country::parse(["XB", "XC", "XD"][usize::from(index) - 1]).unwrap(),
        obliged_entity: index == 1,
        identity: Digest(signing(index).verifying_key().to_bytes()),
        transport: Base64::encode_string(transport.bytes()),
    }
}

pub(crate) fn identity() -> TrusteeIdentity {
    introduced(1)
}

fn journal_policy() -> String {
    let mut text = format!("log {}\n", note_key(ORIGIN, KeyKind::Ed25519).verifier());
    for number in 1..=3 {
        let key = note_key(&format!("witness.example/w{number}"), KeyKind::CosignatureV1);
        text += &format!("witness witness-{number} {}\n", key.verifier());
    }
    text + "group all 2 witness-1 witness-2 witness-3\nquorum all\n"
}

pub(crate) fn terms() -> CeremonyTerms {
    let key = |origin: &str| note_key(origin, KeyKind::Ed25519).verifier().to_string();
    let log = JournalKey { vkey: key(&ceremony_origin(ORIGIN)), origin: ceremony_origin(ORIGIN) };
    CeremonyTerms {
        v: CeremonyTermsV1,
        id: Digest(bytes("ceremony")),
        custodian: Custodian {
            id: CustodianId([7; 16]),
            name: "Mill Exchange".into(),
            seat: Country::parse("XA").unwrap(),
        },
        created: Timestamp::parse("2026-11-20T13:00:00Z").unwrap(),
        journal: JournalKey { origin: ORIGIN.into(), vkey: key(ORIGIN) },
        witness_policy: ceremony_policy(&journal_policy(), &log.vkey),
        log,
        ring: "clients".into(),
        threshold: 2,
        classes: vec![Class::Name, Class::Bank],
        index: None,
        trustees: (1..=N)
            .map(|index| Signed::sign(introduced(index), &signing(index)).unwrap().text().into())
            .collect(),
    }
}

/// The terms of a ceremony that makes an index ring too.
pub(crate) fn terms_with_index() -> CeremonyTerms {
    let index = IndexTerms { ring: "index".into(), attributes: vec![Attribute::Email, Attribute::Document] };
    CeremonyTerms { index: Some(index), ..terms() }
}

pub(crate) fn complaint() -> Complaint {
    Complaint {
        v: ComplaintV1,
        terms: Exact::write(terms()).unwrap().digest(),
        trustee: 1,
        blames: Some(3),
        reason: "round 2: trustee 3 sent a share of `name` that does not fit its commitment".into(),
    }
}

fn founding() -> Founding {
    Founding::new(Exact::write(terms()).unwrap()).unwrap()
}

fn founding_with_index() -> Founding {
    Founding::new(Exact::write(terms_with_index()).unwrap()).unwrap()
}

fn broadcast(founding: &Founding, index: u16, rng: &str) -> Vec<u8> {
    let sealing = part(founding.ceremony(), index, rng);
    let of_index = founding.index_ceremony().map(|ceremony| part(ceremony, index, &format!("{rng}, index")));
    join(Both { sealing: &sealing, index: of_index.as_deref() })
}

fn part<K: Kind>(ceremony: &Ceremony<K>, index: u16, rng: &str) -> Vec<u8> {
    let identity = Identity::from_seed(&bytes(&format!("identity {index}")));
    let mut rng = ChaCha20Rng::from_seed(bytes(rng));
    Round1::start(ceremony, index, &identity, &mut rng).unwrap().1
}

/// The leaves of the log.
fn entries(founding: &Founding) -> Vec<Vec<u8>> {
    let broadcasts = (1..=N).map(|index| broadcast(founding, index, &format!("round 1 of {index}")));
    [founding.terms().bytes().to_vec()].into_iter().chain(broadcasts).collect()
}

/// A broadcast as its author would sign it, whatever it holds.
fn resigned(content: &[u8], index: u16) -> Vec<u8> {
    use ed25519_dalek::Signer as _;
    let mut message = Vec::new();
    for part in [&b"countersign/seal/v1/ceremony-round1"[..], content] {
        message.extend_from_slice(&(part.len() as u64).to_le_bytes());
        message.extend_from_slice(part);
    }
    [content, &signing(index).sign(&message).to_bytes()].concat()
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Vectors {
    description: String,
    cases: Vec<Case>,
}

/// One log, and the ring that follows from it or why none does.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Case {
    name: String,
    expect: String,
    names: Option<u16>,
    entries: Vec<String>,
    ring: Option<String>,
    ring_id: Option<Digest>,
    shares: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index: Option<OfIndex>,
}

/// The index ring that follows too.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct OfIndex {
    ring: String,
    ring_id: Digest,
    shares: Digest,
}

fn hex(bytes: &[u8]) -> String {
    countersign_core::encoding::hex(bytes)
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Class of an error, and the trustee that it names.
fn class(error: &FoundingError) -> (&'static str, Option<u16>) {
    match error {
        FoundingError::Document(_) => ("document", None),
        FoundingError::Identity { index, .. } => ("identity", Some(*index)),
        FoundingError::Terms(_) => ("terms", None),
        FoundingError::Log(_) => ("log", None),
        FoundingError::TwoBroadcasts(index) => ("two_broadcasts", Some(*index)),
        FoundingError::Message(DkgError::Malformed(index)) => ("malformed", Some(*index)),
        FoundingError::Message(DkgError::Signature(index)) => ("signature", Some(*index)),
        other => panic!("{other}"),
    }
}

fn case(name: &str, entries: &[Vec<u8>]) -> Case {
    let read = || -> Result<_, FoundingError> {
        let founding = Founding::new(Exact::parse(&entries[0])?)?;
        founding.recompute(entries)
    };
    let (expect, names, outcomes) = match read() {
        Ok(outcomes) => ("ok", None, Some(outcomes)),
        Err(error) => {
            let (class, names) = class(&error);
            (class, names, None)
        }
    };
    let sealing = outcomes.as_ref().map(|outcomes| &outcomes.sealing);
    let index = outcomes.as_ref().and_then(|outcomes| outcomes.index.as_ref());
    Case {
        name: name.into(),
        expect: expect.into(),
        names,
        entries: entries.iter().map(|entry| hex(entry)).collect(),
        ring: sealing.map(|outcome| outcome.ring.text().to_owned()),
        ring_id: sealing.map(|outcome| outcome.ring.value().id()),
        shares: sealing.map(|outcome| outcome.shares.digest()),
        index: index.map(|outcome| OfIndex {
            ring: outcome.ring.text().to_owned(),
            ring_id: outcome.ring.value().id(),
            shares: outcome.shares.digest(),
        }),
    }
}

/// Every case as it follows from the code, in the order of the file.
fn cases() -> Vec<Case> {
    let good = entries(&founding());
    let changed = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut entries = good.clone();
        change(&mut entries);
        entries
    };
    let with_terms = |change: &dyn Fn(&mut CeremonyTerms)| {
        let mut terms = terms();
        change(&mut terms);
        changed(&|entries| entries[0] = Exact::write(terms.clone()).unwrap().bytes().to_vec())
    };
    let second = broadcast(&founding(), 2, "another of 2");
    let bent = |at: usize| {
        let mut content = good[2][..good[2].len() - 64].to_vec();
        content[at] ^= 1;
        resigned(&content, 2)
    };
    let other = Founding::new(Exact::write(CeremonyTerms { id: Digest([9; 32]), ..terms() }).unwrap()).unwrap();
    vec![
        case("good", &good),
        case(
            "another good broadcast of trustee 2 makes another ring",
            &changed(&|entries| entries[2] = second.clone()),
        ),
        case("two broadcasts of trustee 2", &changed(&|entries| entries.push(second.clone()))),
        case("the same broadcast twice", &changed(&|entries| entries.push(entries[2].clone()))),
        case("something else behind the broadcasts", &changed(&|entries| entries.push(b"more".to_vec()))),
        case("a broadcast is missing", &changed(&|entries| entries.truncate(3))),
        case("the terms alone", &changed(&|entries| entries.truncate(1))),
        case("broadcasts in another order", &changed(&|entries| entries.swap(1, 2))),
        case("a changed commitment", &changed(&|entries| entries[3][40] ^= 1)),
        case("a changed signature", &changed(&|entries| *entries[1].last_mut().unwrap() ^= 1)),
        case("a broadcast cut short", &changed(&|entries| entries[2].truncate(good[2].len() - 1))),
        case("signed for another index", &changed(&|entries| entries[2] = bent(32))),
        case("signed, with a point in another spelling", &changed(&|entries| entries[2] = bent(34))),
        case("a broadcast of another ceremony", &changed(&|entries| entries[3] = broadcast(&other, 3, "x"))),
        case("other terms than those of the broadcasts", &with_terms(&|terms| terms.threshold = 3)),
        case("terms in another spelling", &changed(&|entries| entries[0].push(b' '))),
        case("identities in another order", &with_terms(&|terms| terms.trustees.swap(0, 1))),
        case(
            "an identity that its key did not sign",
            &with_terms(&|terms| {
                terms.trustees[1] = terms.trustees[1].replace("\"XC\"", "\"XR\"");
            }),
        ),
        case(
            "an identity signed by another trustee",
            &with_terms(&|terms| {
                terms.trustees[2] = Signed::sign(introduced(3), &signing(1)).unwrap().text().into();
            }),
        ),
        case(
            "one trustee twice",
            &with_terms(&|terms| {
                let twin = TrusteeIdentity { index: 3, ..introduced(2) };
                terms.trustees[2] = Signed::sign(twin, &signing(2)).unwrap().text().into();
            }),
        ),
        case("a policy of another log", &with_terms(&|terms| terms.witness_policy = journal_policy())),
        case(
            "a policy with two logs",
            &with_terms(&|terms| {
                terms.witness_policy = format!("log {}\n{}", terms.journal.vkey, terms.witness_policy);
            }),
        ),
        case(
            "a policy that two disjoint sets of witnesses satisfy",
            &with_terms(&|terms| {
                terms.witness_policy = terms.witness_policy.replace("group all 2", "group all 1");
            }),
        ),
        case(
            "a policy without witnesses",
            &with_terms(&|terms| {
                terms.witness_policy = format!("log {}\nquorum none\n", terms.log.vkey);
            }),
        ),
    ]
    .into_iter()
    .chain(index_cases())
    .collect()
}

/// Cases of a ceremony that makes an index ring too.
fn index_cases() -> Vec<Case> {
    let good = entries(&founding_with_index());
    let changed = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut entries = good.clone();
        change(&mut entries);
        entries
    };
    let founding = founding_with_index();
    let parts = |place: usize| {
        let parts = founding.split(&good[place]).unwrap();
        (parts.sealing, parts.index.unwrap())
    };
    let second = |sealing: &[u8], index: &[u8]| {
        let bytes = join(Both { sealing, index: Some(index) });
        changed(&|entries| entries[2] = bytes.clone())
    };
    let ((sealing, index), (_, other)) = (parts(2), parts(3));
    let again = part(founding.index_ceremony().unwrap(), 2, "another of 2");
    let mut bent = index[..index.len() - 64].to_vec();
    bent[34] ^= 1;
    let renamed = |change: &dyn Fn(&mut IndexTerms)| {
        let mut terms = terms_with_index();
        change(terms.index.as_mut().unwrap());
        changed(&|entries| entries[0] = Exact::write(terms.clone()).unwrap().bytes().to_vec())
    };
    vec![
        case("with an index ring", &good),
        case(
            "another index part of trustee 2 makes another index ring and the same sealing ring",
            &second(sealing, &again),
        ),
        case("two broadcasts that differ in the index part", &{
            let bytes = join(Both { sealing, index: Some(&again) });
            changed(&|entries| entries.push(bytes.clone()))
        }),
        case("the parts in each other's place", &second(index, sealing)),
        case("the sealing part twice", &second(sealing, sealing)),
        case("the index part of another trustee", &second(sealing, other)),
        case("an empty index part", &second(sealing, b"")),
        case("the index part, signed, with a point in another spelling", &second(sealing, &resigned(&bent, 2))),
        case("no index part", &changed(&|entries| entries[2] = sealing.to_vec())),
        case("a length beyond the end", &changed(&|entries| entries[2][2] = 1)),
        case("a length one too short", &changed(&|entries| entries[2][0] -= 1)),
        case("no room for a length", &changed(&|entries| entries[2].truncate(3))),
        case("an index ring of another name", &renamed(&|index| index.ring = "lookups".into())),
        case(
            "an index ring with another attribute",
            &renamed(&|index| {
                index.attributes = vec![Attribute::Email, Attribute::Wallet];
            }),
        ),
        case("broadcasts of both rings under terms without an index", &{
            let terms = Exact::write(terms()).unwrap().bytes().to_vec();
            changed(&|entries| entries[0] = terms.clone())
        }),
    ]
}

const VECTORS: &str = include_str!("../../../vectors/verify/ceremony.json");

#[test]
fn a_ring_follows_from_the_log_as_the_vectors_say() {
    let vectors: Vectors = serde_json::from_str(VECTORS).unwrap();
    for found in &vectors.cases {
        let entries: Vec<Vec<u8>> = found.entries.iter().map(|entry| unhex(entry)).collect();
        assert_eq!(&case(&found.name, &entries), found);
    }
    // The bytes are those that this program writes.
    assert_eq!(vectors.cases, cases());
    let good = vectors.cases.iter().filter(|case| case.expect == "ok").count();
    assert!(good == 4 && vectors.cases.len() > 3 * good);
}

#[test]
fn an_identity_is_signed_by_the_key_in_it() {
    let text = Signed::sign(identity(), &signing(1)).unwrap().text().to_owned();
    assert_eq!(read_identity(&text).unwrap().value(), &identity());
    let forged = Signed::sign(identity(), &signing(2)).unwrap().text().to_owned();
    assert!(read_identity(&forged).is_err());
}

#[test]
fn a_complaint_counts_for_its_author_and_ceremony_only() {
    let founding = founding();
    let signed = |complaint: Complaint, index| Signed::sign(complaint, &signing(index)).unwrap().text().to_owned();
    let good = signed(complaint(), 1);
    assert_eq!(founding.complaint(1, good.as_bytes()).unwrap(), complaint());
    assert!(matches!(founding.complaint(2, good.as_bytes()), Err(FoundingError::Complaint(_))));
    for other in [
        Complaint { terms: Digest([1; 32]), ..complaint() },
        Complaint { trustee: 2, ..complaint() },
        Complaint { blames: Some(4), ..complaint() },
    ] {
        let error = founding.complaint(1, signed(other, 1).as_bytes()).unwrap_err();
        assert_eq!(error, FoundingError::OtherComplaint(1));
    }
    assert_eq!(founding.complaint(4, good.as_bytes()), Err(FoundingError::OtherComplaint(4)));
}
