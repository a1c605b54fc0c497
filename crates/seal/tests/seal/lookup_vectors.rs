//! Vectors of the threshold OPRF: `vectors/seal/oprf.json`, beside the published ones of RFC 9497 in the same file.

use crate::support::*;
use crate::vectors::{any, compare, epoch_input, fixed, load, number, ring, text, verifying};
use countersign_core::encoding::hex;
use countersign_core::id::RecordId;
use countersign_seal::group::Element;
use countersign_seal::kind::{Attribute, Index};
use countersign_seal::normal::Normal;
use countersign_seal::oprf::{Blind, Evaluation, Token, blind, combine, evaluate, lookup_commitment};
use curve25519_dalek::scalar::Scalar;
use serde_json::{Value, json};

fn world() -> World<Index> {
    world_of("index-1", &[Attribute::Email, Attribute::Phone])
}

fn values() -> [Normal; 2] {
    [Normal::email("Ilka.Dorn@DORN.example").unwrap(), Normal::email("bruno@xn--bcher-kva.example").unwrap()]
}

fn salts() -> [[u8; 32]; 2] {
    [bytes("first salt"), bytes("second salt")]
}

fn blinds() -> Vec<Blind> {
    salts().iter().zip(&values()).map(|(salt, value)| Blind::of_lookup(salt, value).unwrap()).collect()
}

fn blinded() -> Vec<Element> {
    values().iter().zip(&blinds()).map(|(value, secret)| blind(value, secret).unwrap()).collect()
}

fn evaluations(attribute: Attribute, blinded: &[Element]) -> Vec<Evaluation> {
    let world = world();
    let seed = bytes("evaluation");
    world.shares.iter().map(|share| evaluate(share, &world.verifying, attribute, blinded, &seed).unwrap()).collect()
}

fn written(evaluation: &Evaluation) -> Value {
    json!({
        "trustee": evaluation.trustee,
        "elements": evaluation.elements.iter().map(|element| hex(element)).collect::<Vec<_>>(),
        "challenge": hex(&evaluation.challenge),
        "response": hex(&evaluation.response),
    })
}

fn input(evaluations: &[Evaluation]) -> Value {
    let mut input = epoch_input(&world());
    input["attribute"] = Attribute::Email.as_str().into();
    input["blinded"] = blinded().iter().map(|element| hex(element.bytes())).collect();
    input["evaluations"] = evaluations.iter().map(written).collect();
    input
}

/// What the file says of one value: everything from its text to its token.
fn steps(combined: &[Element]) -> Vec<Value> {
    let rest = values().into_iter().zip(salts()).zip(blinds()).zip(blinded()).zip(combined);
    rest.map(|((((value, salt), secret), blinded), combined)| {
        let token = Token::finalize(&value, &secret, combined);
        json!({
            "value": value.text(), "salt": hex(&salt), "commitment": lookup_commitment(&salt, &value),
            "blinded": hex(blinded.bytes()), "combined": hex(combined.bytes()),
            "name": hex(&token.name()), "posting_key": hex(token.posting_key().as_slice()),
        })
    })
    .collect()
}

fn good() -> Value {
    let world = world();
    let all = evaluations(Attribute::Email, &blinded());
    let (combined, liars) = combine(&world.ring, &world.verifying, Attribute::Email, &blinded(), &all).unwrap();
    assert!(liars.is_empty());
    json!({
        "input": input(&all),
        "shares": world.shares.iter().map(|share| hex(&share.encode())).collect::<Vec<_>>(),
        "steps": steps(&combined),
    })
}

/// Blinds of an enrolment: another record, seed, value or attribute blinds otherwise.
fn enrolment() -> Vec<Value> {
    let [vera, bruno] = values();
    let account = Normal::account(vera.text()).unwrap();
    let (one, other) = (RecordId(bytes("record 1")), RecordId(bytes("record 2")));
    let (seed, second) = (bytes("seed of the blinds"), bytes("another seed"));
    let cases = [
        (&seed, one, &vera),
        (&seed, other, &vera),
        (&seed, one, &bruno),
        (&second, one, &vera),
        (&seed, one, &account),
    ];
    let made = cases.map(|(seed, record, value)| {
        let element = blind(value, &Blind::of_enrolment(seed, &record, value).unwrap()).unwrap();
        json!({
            "attribute": value.attribute().as_str(), "value": value.text(), "record": record.to_hex(), "seed": hex(seed),
            "blinded": hex(element.bytes()),
        })
    });
    made.to_vec()
}

fn bad() -> Vec<(&'static str, Value)> {
    let all = evaluations(Attribute::Email, &blinded());
    let changed = |change: fn(&mut Vec<Evaluation>)| {
        let mut list = all.clone();
        change(&mut list);
        input(&list)
    };
    let other_key = evaluations(Attribute::Phone, &blinded());
    let mut other_batch = blinded();
    other_batch.reverse();
    let other_batch = evaluations(Attribute::Email, &other_batch);
    let first = |replaced: &Evaluation| {
        let mut list = all.clone();
        list[0] = replaced.clone();
        input(&list)
    };
    let borrowed = |from: &Evaluation| first(&Evaluation { elements: all[0].elements.clone(), ..from.clone() });
    vec![
        ("evaluations_of_two_trustees", changed(|list| list.truncate(2))),
        ("no_evaluations", changed(Vec::clear)),
        ("elements_in_another_order", changed(|list| list[1].elements.swap(0, 1))),
        ("element_of_another_trustee", changed(|list| list[1].elements[0] = list[2].elements[0])),
        ("identity_as_an_evaluated_element", changed(|list| list[2].elements[1] = [0; 32])),
        ("evaluated_element_not_canonical", changed(|list| list[2].elements[1] = [0xff; 32])),
        ("one_element_too_few", changed(|list| list[3].elements.truncate(1))),
        ("one_element_too_many", changed(|list| list[3].elements.push([0; 32]))),
        (
            "evaluation_under_another_name",
            changed(|list| {
                list.remove(3);
                list[0].trustee = 4;
            }),
        ),
        ("challenge_not_reduced", changed(|list| list[4].challenge = plus_order(list[4].challenge))),
        ("response_not_reduced", changed(|list| list[4].response = plus_order(list[4].response))),
        ("response_off_by_one_bit", changed(|list| list[4].response[0] ^= 1)),
        ("key_of_another_attribute", first(&other_key[0])),
        ("proof_of_another_attribute", borrowed(&other_key[0])),
        ("proof_of_another_batch", borrowed(&other_batch[0])),
        ("a_trustee_twice", changed(|list| list[1] = list[0].clone())),
        ("a_trustee_that_the_ring_does_not_have", changed(|list| list[0].trustee = 6)),
        ("attribute_without_a_key", {
            let mut input = input(&all);
            input["attribute"] = Attribute::Wallet.as_str().into();
            input
        }),
        ("blinded_element_is_the_identity", {
            let mut input = input(&all);
            input["blinded"][0] = "00".repeat(32).into();
            input
        }),
        ("ring_of_sealing_keys", {
            let sealing = crate::support::world();
            let mut input = input(&all);
            let theirs = epoch_input(&sealing);
            for member in ["ring", "confirmations", "share_epoch"] {
                input[member] = theirs[member].clone();
            }
            input
        }),
    ]
}

/// The same number modulo the group order, in a spelling that is not canonical.
fn plus_order(scalar: [u8; 32]) -> [u8; 32] {
    let order_minus_one = (-Scalar::ONE).to_bytes();
    let (mut out, mut carry) = (scalar, 1u16);
    for (byte, more) in out.iter_mut().zip(order_minus_one) {
        carry += u16::from(*byte) + u16::from(more);
        *byte = (carry & 0xff) as u8;
        carry >>= 8;
    }
    out
}

/// Combines the evaluations of a vector; a named liar is a fault although the others suffice.
fn run(input: &Value) -> Result<Vec<Element>, String> {
    let (ring, shares) = (ring::<Index>(input)?, verifying::<Index>(input)?);
    let attribute: Attribute = input["attribute"].as_str().unwrap().parse().map_err(text)?;
    let list = |value: &Value| value.as_array().unwrap().clone();
    let blinded: Vec<Element> = list(&input["blinded"])
        .iter()
        .map(|element| Element::decode(&fixed(element)).map_err(text))
        .collect::<Result<_, _>>()?;
    let evaluations: Vec<Evaluation> = list(&input["evaluations"])
        .iter()
        .map(|entry| Evaluation {
            trustee: number(&entry["trustee"]),
            elements: list(&entry["elements"]).iter().map(fixed).collect(),
            challenge: fixed(&entry["challenge"]),
            response: fixed(&entry["response"]),
        })
        .collect();
    let (combined, liars) = combine(&ring, &shares, attribute, &blinded, &evaluations).map_err(text)?;
    if liars.is_empty() { Ok(combined) } else { Err(format!("trustees {liars:?} lied")) }
}

#[test]
fn the_file_is_current_and_holds_more_that_must_fail() {
    let bad: Vec<Value> = bad()
        .into_iter()
        .map(|(name, input)| json!({ "name": name, "error": run(&input).map(|_| ()).expect_err(name), "input": input }))
        .collect();
    // The published vectors came from the RFC, not from the code: they are kept as they are.
    let published = load("oprf.json")["rfc9497"].clone();
    compare(
        "oprf.json",
        &json!({
            "format": "docs/formats/blind-index.md", "rfc9497": published, "threshold": good(), "enrolment": enrolment(),
            "must_fail": bad,
        }),
    );
}

#[test]
fn every_part_of_an_enrolment_changes_the_blinded_element() {
    let all = enrolment();
    let distinct: std::collections::BTreeSet<&str> = all.iter().map(|one| one["blinded"].as_str().unwrap()).collect();
    assert_eq!(distinct.len(), all.len());
}

#[test]
fn the_steps_of_the_file_lead_from_the_value_to_its_token() {
    let file = load("oprf.json");
    let combined = run(&file["threshold"]["input"]).unwrap();
    for (step, combined) in file["threshold"]["steps"].as_array().unwrap().iter().zip(&combined) {
        let value = Normal::read(Attribute::Email, step["value"].as_str().unwrap()).unwrap();
        let secret = Blind::of_lookup(&fixed(&step["salt"]), &value).unwrap();
        assert_eq!(blind(&value, &secret).unwrap().bytes(), any(&step["blinded"]).as_slice());
        assert_eq!(Token::finalize(&value, &secret, combined).name(), fixed(&step["name"]));
    }
}
