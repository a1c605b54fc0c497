//! Vectors shared with other implementations: `vectors/seal/valid.json` and `vectors/seal/must-fail.json`.
//!
//! Both files follow from the code; `COUNTERSIGN_WRITE_VECTORS=1` writes them anew after a change that is meant.

use crate::support::*;
use countersign_core::class::{Class, ClassSet};
use countersign_core::encoding::hex;
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_seal::combine::{CellContent, Package, Released, open};
use countersign_seal::group::Element;
use countersign_seal::header::{Capsule, Header, check, check_batch};
use countersign_seal::identity::IdentityKey;
use countersign_seal::kind::{Index, Kind, Sealing};
use countersign_seal::label::Label;
use countersign_seal::partial::{Ask, Reply, ReplyContext};
use countersign_seal::record::SealedRecord;
use countersign_seal::reply;
use countersign_seal::ring::{Confirmation, ConfirmedRing, DealerRings, VerifyingShares};
use countersign_seal::share::Share;
use countersign_seal::sigma::ClassSigma;
use countersign_seal::transport::TransportSecret;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// One vector: an operation on bytes and the error it must give.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) input: Value,
}

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/seal").join(file)
}

pub(crate) fn load(file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(path(file)).unwrap()).unwrap()
}

/// The committed file is what the code makes; written anew when asked.
pub(crate) fn compare(file: &str, made: &Value) {
    let text = serde_json::to_string_pretty(made).unwrap() + "\n";
    if std::env::var_os("COUNTERSIGN_WRITE_VECTORS").is_some() {
        std::fs::create_dir_all(path("")).unwrap();
        std::fs::write(path(file), &text).unwrap();
    }
    // As values: the order of members depends on a feature of the JSON library that other crates may switch on.
    assert!(load(file) == *made, "{file} is not what the code makes");
}

/// Runs a committed case by name and compares the error.
pub(crate) fn must_fail(name: &str) {
    let file = load("must-fail.json");
    let case = file["cases"].as_array().unwrap().iter().find(|case| case["name"] == name).unwrap();
    let found = run(case["operation"].as_str().unwrap(), &case["input"]);
    assert_eq!(found.as_ref().map_err(String::as_str), Err(case["error"].as_str().unwrap()), "{name}");
}

#[test]
fn must_fail_file_is_current() {
    let cases: Vec<Value> = crate::must_fail::cases()
        .into_iter()
        .map(|case| {
            let error = run(case.operation, &case.input).expect_err(case.name);
            json!({ "name": case.name, "operation": case.operation, "input": case.input, "error": error })
        })
        .collect();
    compare("must-fail.json", &json!({ "format": "docs/formats/seal.md", "cases": cases }));
}

#[test]
fn valid_file_is_current_and_every_value_follows() {
    let made = valid();
    compare("valid.json", &made);
    for (operation, input) in made["operations"].as_object().unwrap() {
        assert_eq!(run(operation, input), Ok(()), "{operation}");
    }
}

fn valid() -> Value {
    let world = world();
    let sealed = sealed(&world, 1);
    let capsule = checked(&world, &sealed);
    let random = randomness("client 1");
    let classes = ClassSet::new([Class::Name, Class::Address]);
    let asks = [Ask { capsule: &capsule, classes: &classes }];
    let replies: Vec<Value> = world
        .shares
        .iter()
        .map(|share| json!({ "trustee": share.trustee(), "reply": hex(&reply(&world, share, &asks).encode()) }))
        .collect();
    json!({
        "format": "docs/formats/seal.md",
        "second_generator": hex(&second_generator()),
        "ring_id": world.ring.id(),
        "share_epoch_digest": world.verifying.digest(),
        "sealing": {
            "fresh": hex(&random.fresh),
            "local": hex(&random.local),
            "sigma": hex(sigma(1).expose()),
            "contents": { "name": hex(NAME), "address": hex(ADDRESS) },
            "label": hex(&sealed.record.label().encode()),
            "header": hex(sealed.record.capsule().header.bytes()),
            "record_id": sealed.record.id(),
            "record": hex(&sealed.record.encode()),
        },
        "shares": world.shares.iter().map(|share| hex(&share.encode())).collect::<Vec<_>>(),
        "answer_seed": hex(&bytes("answer")),
        "operations": {
            "ring": ring_input(&world, &confirmations(world.ring.document().value()), true),
            "share-epoch": epoch_input(&world),
            "capsule": capsule_input(world.ring.id(), sealed.record.capsule()),
            "record": { "bytes": hex(&sealed.record.encode()) },
            "reply": reply_input(&world),
            "open": open_input(&world, &sealed.record, &classes, 1, &replies),
        },
    })
}

/// Independent of the crate: hash_to_group over the framed domain and suite.
fn second_generator() -> [u8; 32] {
    use sha2::{Digest as _, Sha512};
    let mut framed = 24u64.to_le_bytes().to_vec();
    framed.extend_from_slice(b"countersign/seal/v1/gbar");
    framed.extend_from_slice(&1u64.to_le_bytes());
    framed.push(1);
    let wide: [u8; 64] = Sha512::digest(&framed).into();
    curve25519_dalek::RistrettoPoint::from_uniform_bytes(&wide).compress().to_bytes()
}

pub(crate) fn ring_input<K: Kind>(world: &World<K>, confirmations: &[Confirmation], allow_dealer: bool) -> Value {
    let mut input = ring_document_input(world.ring.document().text(), confirmations, allow_dealer);
    input["key_type"] = K::TYPE.as_str().into();
    input
}

pub(crate) fn ring_document_input(document: &str, confirmations: &[Confirmation], allow_dealer: bool) -> Value {
    let confirmations: Vec<String> =
        confirmations.iter().map(|entry| Exact::write(entry.clone()).unwrap().text().to_owned()).collect();
    let identities: Vec<String> = identities().iter().map(|key| hex(key.bytes())).collect();
    json!({
        "ring": document, "confirmations": confirmations, "identities": identities,
        "allow_dealer": allow_dealer, "key_type": "sealing",
    })
}

pub(crate) fn epoch_input<K: Kind>(world: &World<K>) -> Value {
    let mut input = ring_input(world, &confirmations(world.ring.document().value()), true);
    input["share_epoch"] = Exact::write(world.epoch.clone()).unwrap().text().into();
    input
}

pub(crate) fn capsule_input(ring: Digest, capsule: &Capsule) -> Value {
    json!({ "ring_id": ring, "label": hex(&capsule.label.encode()), "header": hex(capsule.header.bytes()) })
}

pub(crate) fn reply_input(world: &World) -> Value {
    let sealed = sealed(world, 1);
    let capsule = checked(world, &sealed);
    let answer = reply(world, &world.shares[1], &[Ask { capsule: &capsule, classes: &name_only() }]);
    let context = ReplyContext { order: order(), ring: world.ring.id(), trustee: 2, share_epoch: 1 };
    let recipient = transport(9);
    let sealed = reply::seal(&answer, &context, &recipient.public().unwrap(), &identity(2), &mut rng("hpke")).unwrap();
    json!({
        "envelope": hex(&sealed), "order": order(), "ring_id": world.ring.id(), "trustee": 2, "share_epoch": 1,
        "recipient_seed": hex(recipient.expose()), "identity": hex(identity(2).public().bytes()),
    })
}

pub(crate) fn open_input(
    world: &World,
    record: &SealedRecord,
    classes: &ClassSet,
    client: u8,
    replies: &[Value],
) -> Value {
    let u = record.capsule().header.u();
    let sigmas: Map<String, Value> = classes
        .iter()
        .map(|class| (class.to_string(), hex(sigma(client).of_class(class, u.bytes()).expose()).into()))
        .collect();
    let mut input = epoch_input(world);
    input["order"] = order().to_string().into();
    input["records"] = json!([{ "record": hex(&record.encode()), "classes": classes, "sigmas": sigmas }]);
    input["replies"] = replies.into();
    input
}

/// Performs an operation on the bytes of a vector.
pub(crate) fn run(operation: &str, input: &Value) -> Result<(), String> {
    match operation {
        "element" => Element::decode(&fixed(&input["bytes"])).map(|_| ()).map_err(text),
        "label" => Label::decode(&any(&input["bytes"])).map(|_| ()).map_err(text),
        "header" => Header::decode(&fixed(&input["bytes"])).map(|_| ()).map_err(text),
        "record" => SealedRecord::decode(&any(&input["bytes"])).map(|_| ()).map_err(text),
        "sealing-share" => Share::<Sealing>::decode(&any(&input["bytes"])).map(|_| ()).map_err(text),
        "index-share" => Share::<Index>::decode(&any(&input["bytes"])).map(|_| ()).map_err(text),
        "capsule" => check(digest(&input["ring_id"]), capsule(input)?).map(|_| ()).map_err(text),
        "batch" => {
            let list = input["capsules"].as_array().unwrap().iter().map(capsule).collect::<Result<Vec<_>, _>>()?;
            check_batch(digest(&input["ring_id"]), list, &fixed(&input["seed"])).map(|_| ()).map_err(text)
        }
        "ring" if input["key_type"] == "index" => ring::<Index>(input).map(|_| ()),
        "ring" => ring::<Sealing>(input).map(|_| ()),
        "share-epoch" => verifying::<Sealing>(input).map(|_| ()),
        "reply" => {
            let context = ReplyContext {
                order: digest(&input["order"]),
                ring: digest(&input["ring_id"]),
                trustee: number(&input["trustee"]),
                share_epoch: u32::from(number(&input["share_epoch"])),
            };
            let recipient = TransportSecret::from_seed(fixed(&input["recipient_seed"]));
            let identity = IdentityKey::decode(&fixed(&input["identity"])).unwrap();
            reply::open(&any(&input["envelope"]), &context, &recipient, &identity).map(|_| ()).map_err(text)
        }
        "open" => open_all(input),
        other => panic!("operation {other}"),
    }
}

/// Opens a package; everything that went wrong in one line.
fn open_all(input: &Value) -> Result<(), String> {
    let (ring, shares) = (ring::<Sealing>(input)?, verifying::<Sealing>(input)?);
    let mut parsed = Vec::new();
    for entry in input["records"].as_array().unwrap() {
        let record = SealedRecord::decode(&any(&entry["record"])).map_err(text)?;
        let capsule = check(ring.id(), record.capsule().clone()).map_err(text)?;
        let classes: ClassSet = serde_json::from_value(entry["classes"].clone()).map_err(text)?;
        let sigmas: BTreeMap<Class, ClassSigma> = entry["sigmas"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(class, bytes)| (class.parse().unwrap(), ClassSigma::from_bytes(fixed(bytes))))
            .collect();
        parsed.push((record, capsule, classes, sigmas));
    }
    let records: Vec<Released<'_>> = parsed
        .iter()
        .map(|(record, capsule, classes, sigmas)| Released { ask: Ask { capsule, classes }, record, sigmas })
        .collect();
    let mut replies = Vec::new();
    for entry in input["replies"].as_array().unwrap() {
        replies.push((number(&entry["trustee"]), Reply::decode(&any(&entry["reply"])).map_err(text)?));
    }
    let package = Package { ring: &ring, shares: &shares, order: digest(&input["order"]), records: &records };
    let outcome = open(&package, &replies).map_err(text)?;
    let mut faults: Vec<String> = outcome
        .cells
        .iter()
        .filter_map(|cell| match &cell.content {
            Ok(CellContent::Inline(_) | CellContent::Blob(_)) => None,
            Err(fault) => Some(format!("{}: {fault}", cell.class)),
        })
        .collect();
    faults.extend(outcome.liars.iter().map(|trustee| format!("trustee {trustee} lied")));
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
}

pub(crate) fn ring<K: Kind>(input: &Value) -> Result<ConfirmedRing<K>, String> {
    let ring = Exact::parse(input["ring"].as_str().unwrap().as_bytes()).map_err(text)?;
    let confirmations: Vec<Confirmation> = input["confirmations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| Exact::<Confirmation>::parse(entry.as_str().unwrap().as_bytes()).unwrap().value().clone())
        .collect();
    let identities: Vec<IdentityKey> =
        input["identities"].as_array().unwrap().iter().map(|key| IdentityKey::decode(&fixed(key)).unwrap()).collect();
    let dealer = if input["allow_dealer"] == true { DealerRings::AllowForTests } else { DealerRings::Refuse };
    ConfirmedRing::new(ring, &confirmations, &identities, dealer).map_err(text)
}

pub(crate) fn verifying<K: Kind>(input: &Value) -> Result<VerifyingShares<K>, String> {
    let epoch = Exact::parse(input["share_epoch"].as_str().unwrap().as_bytes()).map_err(text)?;
    VerifyingShares::new(&ring::<K>(input)?, &epoch).map_err(text)
}

fn capsule(input: &Value) -> Result<Capsule, String> {
    let label = Label::decode(&any(&input["label"])).map_err(text)?;
    let header = Header::decode(&fixed(&input["header"])).map_err(text)?;
    Ok(Capsule { label, header })
}

pub(crate) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

pub(crate) fn any(value: &Value) -> Vec<u8> {
    let digits = value.as_str().unwrap().as_bytes();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

pub(crate) fn fixed<const LEN: usize>(value: &Value) -> [u8; LEN] {
    any(value).try_into().unwrap()
}

fn digest(value: &Value) -> Digest {
    Digest(fixed(value))
}

pub(crate) fn number(value: &Value) -> u16 {
    u16::try_from(value.as_u64().unwrap()).unwrap()
}
