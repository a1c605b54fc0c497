//! Vectors of resharing and repair: `vectors/seal/share-life.json`.

use crate::life::{Epoch, Repaired, Run, first, framed, holders, received, resign, resign_as, round1};
use crate::support::*;
use crate::vectors::{compare, epoch_input, fixed, load, open_input, run as run_sealed};
use countersign_core::class::{Class, ClassSet};
use countersign_core::encoding::{hex, unhex};
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_seal::header::check;
use countersign_seal::identity::IdentityKey;
use countersign_seal::kind::{Sealing, Slot};
use countersign_seal::life::repair::{Adding, Repair, Requested};
use countersign_seal::life::reshare::{Resharing, Round2, public_outcome};
use countersign_seal::life::{Addressed, LifeError};
use countersign_seal::partial::{Ask, Reply, answer};
use countersign_seal::ring::{Confirmation, ConfirmedRing, DealerRings, EpochConfirmation, Ring, VerifyingShares};
use countersign_seal::share::SealingShare;
use countersign_seal::transport::{PUBLIC_LEN, TransportKey, TransportSecret};
use serde_json::{Value, json};

const FILE: &str = "share-life.json";
const HEAD: usize = 34 + PUBLIC_LEN;
/// Where a stored state holds the key of the exchange.
const SEED: std::ops::Range<usize> = 35..67;

#[test]
fn file_is_current_valid_parts_hold_and_bad_ones_fail() {
    let made = made();
    compare(FILE, &made);
    for case in made["valid"].as_array().unwrap() {
        let found = run(case["operation"].as_str().unwrap(), &case["input"]);
        assert_eq!(found.map(|found| found.unwrap_or(Value::Null)), Ok(case["gives"].clone()), "{}", case["name"]);
    }
}

#[test]
fn committed_bad_cases_fail_as_the_file_says() {
    let file = load(FILE);
    for case in file["must_fail"].as_array().unwrap() {
        let base = file["valid"].as_array().unwrap().iter().find(|valid| valid["name"] == case["base"]);
        let input = changed(base.map_or(&Value::Null, |valid| &valid["input"]), &case["change"]);
        let found = run(case["operation"].as_str().unwrap(), &input).map(|_| ());
        assert_eq!(found.as_ref().map_err(String::as_str), Err(case["error"].as_str().unwrap()), "{}", case["name"]);
    }
}

fn made() -> Value {
    let valid = valid();
    let must_fail: Vec<Value> = bad_broadcasts()
        .into_iter()
        .chain(bad_values())
        .chain(bad_repairs())
        .chain(bad_plans())
        .chain(bad_epochs())
        .map(|(name, base, operation, input)| {
            let error = run(operation, &input).expect_err(name);
            let found = valid.iter().find(|case| case["name"] == base);
            let change = changes(found.map_or(&Value::Null, |case| &case["input"]), &input);
            json!({ "name": name, "operation": operation, "base": base, "change": change, "error": error })
        })
        .collect();
    json!({ "format": "docs/formats/ring.md", "valid": valid, "must_fail": must_fail })
}

/// What differs, by JSON pointer: members, and elements of lists of the same length.
fn changes(base: &Value, input: &Value) -> Value {
    let mut out = serde_json::Map::new();
    for (name, value) in input.as_object().unwrap() {
        match (base[name].as_array(), value.as_array()) {
            (Some(before), Some(after)) if before.len() == after.len() => {
                for (at, (_, after)) in before.iter().zip(after).enumerate().filter(|(_, (old, new))| old != new) {
                    out.insert(format!("/{name}/{at}"), after.clone());
                }
            }
            _ if base[name] != *value => drop(out.insert(format!("/{name}"), value.clone())),
            _ => {}
        }
    }
    out.into()
}

fn changed(base: &Value, change: &Value) -> Value {
    let mut out = if base.is_null() { json!({}) } else { base.clone() };
    for (pointer, value) in change.as_object().unwrap() {
        match out.pointer_mut(pointer) {
            Some(place) => *place = value.clone(),
            None => drop(out.as_object_mut().unwrap().insert(pointer[1..].to_owned(), value.clone())),
        }
    }
    out
}

// ---------------------------------------------------------------------------------------------- inputs

fn epoch_of(epoch: &Epoch) -> Value {
    let ring = epoch.ring.document();
    let confirmations: Vec<String> = confirmations(ring.value())
        .into_iter()
        .map(|confirmation| Exact::write(confirmation).unwrap().text().to_owned())
        .collect();
    json!({
        "ring": ring.text(), "confirmations": confirmations, "identities": keys(&identities()), "allow_dealer": true,
        "key_type": "sealing", "share_epoch": epoch.document.text(),
    })
}

fn keys(identities: &[IdentityKey]) -> Vec<String> {
    identities.iter().map(|key| hex(key.bytes())).collect()
}

fn resharing_input(epoch: &Epoch, session: &str, dealers: &[u16], n: u16) -> Value {
    let mut input = epoch_of(epoch);
    input["session"] = hex(&bytes(session)).into();
    input["dealers"] = dealers.into();
    input["holders"] = keys(&holders(n)).into();
    input
}

fn with_broadcasts(mut input: Value, broadcasts: &[Vec<u8>]) -> Value {
    input["broadcasts"] = broadcasts.iter().map(|bytes| hex(bytes)).collect::<Vec<_>>().into();
    input
}

fn messages(list: &[Addressed]) -> Value {
    list.iter().map(|(from, bytes)| json!({ "from": from, "envelope": hex(bytes) })).collect()
}

/// The end of a resharing for one holder; `kept` is what a dealer deals to itself.
fn finish_input(input: Value, state: &[u8], deals: bool, index: u16, received: &[Addressed]) -> Value {
    let mut input = input;
    input["index"] = index.into();
    input["exchange_seed"] = hex(&state[SEED]).into();
    let kept = if deals { &state[SEED.end..SEED.end + 32 * CLASSES.len()] } else { &[] };
    input["kept"] = hex(kept).into();
    input["messages"] = messages(received);
    input
}

fn repair_input(epoch: &Epoch, session: &str, lost: u16, helpers: &[u16], request: &[u8]) -> Value {
    let mut input = epoch_of(epoch);
    input["session"] = hex(&bytes(session)).into();
    input["lost"] = lost.into();
    input["helpers"] = helpers.into();
    input["holders"] = keys(&holders(epoch.verifying.trustees())).into();
    input["request"] = hex(request).into();
    input
}

fn repair_finish_input(input: Value, state: &[u8], sums: &[Addressed]) -> Value {
    let mut input = input;
    input["exchange_seed"] = hex(&state[SEED]).into();
    input["sums"] = messages(sums);
    input
}

// ---------------------------------------------------------------------------------------------- operations

/// Performs an operation on a vector; what it gives, where that is something.
fn run(operation: &str, input: &Value) -> Result<Option<Value>, String> {
    match operation {
        "reshare-outcome" => {
            let plan = resharing(input)?;
            let document = public_outcome(&plan, &broadcasts(input)).map_err(text)?;
            Ok(Some(json!({ "digest": plan.digest(), "share_epoch": document.text() })))
        }
        "reshare-finish" => {
            let plan = resharing(input)?;
            let index = number(&input["index"]);
            let mut state = vec![2];
            state.extend_from_slice(plan.digest().as_bytes());
            state.extend_from_slice(&index.to_le_bytes());
            state.extend(any(&input["exchange_seed"]));
            state.extend(any(&input["kept"]));
            state.extend(broadcasts(input).concat());
            let state = Round2::decode(&plan, &state).map_err(text)?;
            let end = state.finish(&addressed(&input["messages"])).map_err(text)?;
            Ok(Some(json!({ "share_epoch": end.epoch.text(), "share": hex(&end.share.encode()) })))
        }
        "repair-add" => {
            let plan = repair(input)?;
            let mut state = vec![2];
            state.extend_from_slice(plan.digest().as_bytes());
            state.extend_from_slice(&number(&input["index"]).to_le_bytes());
            state.extend(any(&input["exchange_seed"]));
            state.extend(any(&input["kept"]));
            state.extend(any(&input["request"]));
            state.extend(broadcasts(input).concat());
            let state = Adding::decode(&plan, &state).map_err(text)?;
            let own = identity(number(&input["index"]));
            state.finish(&addressed(&input["messages"]), &own, &mut rng("vector")).map_err(text)?;
            Ok(None)
        }
        "repair-finish" => {
            let plan = repair(input)?;
            let mut state = vec![0];
            state.extend_from_slice(plan.digest().as_bytes());
            state.extend_from_slice(&plan.lost().0.to_le_bytes());
            state.extend(any(&input["exchange_seed"]));
            state.extend(any(&input["request"]));
            let state = Requested::decode(&plan, &state).map_err(text)?;
            let share = state.finish(&broadcasts(input), &addressed(&input["sums"])).map_err(text)?;
            Ok(Some(json!({ "share": hex(&share.encode()) })))
        }
        "confirmed-epoch" => {
            let shares = epoch(input)?.1;
            let signed: Vec<EpochConfirmation> = input["epoch_confirmations"]
                .as_array()
                .unwrap()
                .iter()
                .map(|text| {
                    Exact::<EpochConfirmation>::parse(text.as_str().unwrap().as_bytes()).unwrap().value().clone()
                })
                .collect();
            EpochConfirmation::check_all(&shares, &signed, &identity_keys(&input["holders"])).map_err(text)?;
            Ok(Some(json!({ "digest": shares.digest() })))
        }
        other => run_sealed(other, input).map(|()| None),
    }
}

fn epoch(input: &Value) -> Result<(ConfirmedRing, VerifyingShares), String> {
    let ring: Exact<Ring> = Exact::parse(input["ring"].as_str().unwrap().as_bytes()).map_err(text)?;
    let signed: Vec<Confirmation> = input["confirmations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| Exact::<Confirmation>::parse(entry.as_str().unwrap().as_bytes()).unwrap().value().clone())
        .collect();
    let ring = ConfirmedRing::new(ring, &signed, &identity_keys(&input["identities"]), DealerRings::AllowForTests)
        .map_err(text)?;
    let document = Exact::parse(input["share_epoch"].as_str().unwrap().as_bytes()).map_err(text)?;
    let shares = VerifyingShares::new(&ring, &document).map_err(text)?;
    Ok((ring, shares))
}

fn identity_keys(list: &Value) -> Vec<IdentityKey> {
    list.as_array().unwrap().iter().map(|key| IdentityKey::decode(&fixed(key)).unwrap()).collect()
}

fn resharing(input: &Value) -> Result<Resharing<Sealing>, String> {
    let (ring, shares) = epoch(input)?;
    let session = Digest(fixed(&input["session"]));
    Resharing::new(&ring, &shares, session, &indices(&input["dealers"]), identity_keys(&input["holders"])).map_err(text)
}

fn repair(input: &Value) -> Result<Repair<Sealing>, String> {
    let (ring, shares) = epoch(input)?;
    let (session, lost) = (Digest(fixed(&input["session"])), number(&input["lost"]));
    let (helpers, identities) = (indices(&input["helpers"]), identity_keys(&input["holders"]));
    Repair::new(&ring, &shares, session, lost, &helpers, &identities).map_err(text)
}

fn indices(list: &Value) -> Vec<u16> {
    list.as_array().unwrap().iter().map(number).collect()
}

fn broadcasts(input: &Value) -> Vec<Vec<u8>> {
    input["broadcasts"].as_array().unwrap().iter().map(any).collect()
}

fn addressed(list: &Value) -> Vec<Addressed> {
    list.as_array().unwrap().iter().map(|entry| (number(&entry["from"]), any(&entry["envelope"]))).collect()
}

fn any(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    text.as_bytes().chunks(2).map(|pair| unhex::<1>(std::str::from_utf8(pair).unwrap()).unwrap()[0]).collect()
}

fn number(value: &Value) -> u16 {
    u16::try_from(value.as_u64().unwrap()).unwrap()
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

// ---------------------------------------------------------------------------------------------- what holds

const DEALERS: [u16; 3] = [1, 2, 4];
const HELPERS: [u16; 3] = [1, 2, 5];

fn one() -> Epoch {
    first(world())
}

fn valid() -> Vec<Value> {
    let one = one();
    let mut out = Vec::new();
    let mut add = |name: &str, operation: &str, input: Value| {
        let gives = run(operation, &input).unwrap().unwrap_or(Value::Null);
        out.push(json!({ "name": name, "operation": operation, "input": input, "gives": gives }));
    };
    for (name, epoch, dealers, n) in [
        ("refresh", &one, &DEALERS[..], N),
        ("enrolment", &one, &[2, 3, 5], N + 1),
        ("removal", &one.next("enrolment", &[2, 3, 5], N + 1), &[1, 2, 3, 4], 4),
    ] {
        let plan = epoch.resharing(name, dealers, n);
        let run = Run::of(epoch, &plan, name);
        let input = with_broadcasts(resharing_input(epoch, name, dealers, n), &run.broadcasts);
        add(&format!("outcome of a {name}"), "reshare-outcome", input.clone());
        // A dealer, and one that does not deal.
        for index in [dealers[0], if dealers.contains(&n) { 3 } else { n }] {
            let state = run.states[usize::from(index) - 1].encode();
            let deals = dealers.contains(&index);
            let end = finish_input(input.clone(), &state, deals, index, &run.inbox(index));
            add(&format!("trustee {index} of a {name}"), "reshare-finish", end);
        }
        let next = epoch.next(name, dealers, n);
        let mut confirmed = epoch_of(&next);
        confirmed["holders"] = keys(&holders(n)).into();
        confirmed["epoch_confirmations"] = epoch_confirmations(&next).into();
        add(&format!("confirmations of a {name}"), "confirmed-epoch", confirmed);
    }
    let plan = one.repair("repair", 3, &HELPERS);
    let run = Repaired::of(&one, &plan, "repair");
    let input = with_broadcasts(repair_input(&one, "repair", 3, &HELPERS, &run.request), &run.broadcasts);
    add("helper 1 of a repair", "repair-add", add_input(&input, &run, 0));
    add("the repaired trustee", "repair-finish", repair_finish_input(input, &run.requested.encode(), &run.sums));
    out
}

fn add_input(input: &Value, run: &Repaired, place: usize) -> Value {
    let (state, mut input) = (run.states[place].encode(), input.clone());
    input["index"] = HELPERS[place].into();
    input["exchange_seed"] = hex(&state[SEED]).into();
    input["kept"] = hex(&state[SEED.end..SEED.end + 32 * CLASSES.len()]).into();
    input["messages"] = messages(&received(&run.sent, HELPERS[place]));
    input
}

fn epoch_confirmations(epoch: &Epoch) -> Vec<String> {
    (1..=epoch.verifying.trustees())
        .map(|index| {
            let signed = EpochConfirmation::sign(&epoch.verifying, index, &identity(index));
            Exact::write(signed).unwrap().text().to_owned()
        })
        .collect()
}

// ---------------------------------------------------------------------------------------------- what must fail

/// Name, the valid case it is a change of, operation, input.
type Bad = (&'static str, &'static str, &'static str, Value);

const OUTCOME: &str = "outcome of a refresh";
const FINISH: &str = "trustee 5 of a refresh";
const ADDING: &str = "helper 1 of a repair";
const REPAIRED: &str = "the repaired trustee";
const CONFIRMED: &str = "confirmations of a refresh";

fn bad_broadcasts() -> Vec<Bad> {
    let one = one();
    let plan = one.resharing("refresh", &DEALERS, N);
    let (_, good) = round1(&one, &plan, "refresh");
    let input = |list: &[Vec<u8>]| with_broadcasts(resharing_input(&one, "refresh", &DEALERS, N), list);
    let mut out: Vec<Bad> = Vec::new();
    let mut add = |name: &'static str, change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut list = good.clone();
        change(&mut list);
        out.push((name, OUTCOME, "reshare-outcome", input(&list)));
    };
    let content = |list: &[Vec<u8>], at: usize| list[at][..list[at].len() - 64].to_vec();
    let element = |at: usize, bytes: &[u8; 32]| {
        let mut changed = content(&good, 1);
        changed[HEAD + 32 * at..HEAD + 32 * at + 32].copy_from_slice(bytes);
        resign(&changed, 2)
    };
    let of = |epoch: &Epoch, session: &str, n: u16| {
        round1(epoch, &epoch.resharing(session, &DEALERS, n), "refresh").1[1].clone()
    };
    // A refresh adds zero to the key; a dealer with another constant term would change it.
    let moved = {
        let share = curve25519_dalek::ristretto::CompressedRistretto(good[1][HEAD..HEAD + 32].try_into().unwrap());
        let point = share.decompress().unwrap() + curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT;
        point.compress().to_bytes()
    };
    add("constant_term_other_than_the_own_share", &|list| list[1] = element(0, &moved));
    add("constant_term_of_another_dealer", &|list| {
        let theirs = list[3][HEAD..list[3].len() - 64].to_vec();
        list[1] = resign(&[&list[1][..HEAD], &theirs].concat(), 2);
    });
    add("commitments_of_another_class", &|list| {
        let (mut changed, key) = (content(list, 1), 32 * usize::from(T));
        changed.copy_within(HEAD + key..HEAD + 2 * key, HEAD);
        list[1] = resign(&changed, 2);
    });
    add("identity_commitment", &|list| list[1] = element(2, &[0; 32]));
    add("non_canonical_commitment", &|list| list[1] = element(4, &[0xff; 32]));
    add("commitment_too_many", &|list| {
        let more = [content(list, 1), list[0][HEAD..HEAD + 32].to_vec()].concat();
        list[1] = resign(&more, 2);
    });
    add("commitments_of_a_holder_that_does_not_deal", &|list| {
        let more = [content(list, 2), list[0][HEAD..list[0].len() - 64].to_vec()].concat();
        list[2] = resign(&more, 3);
    });
    add("unusable_key_of_the_exchange", &|list| {
        let mut changed = content(list, 1);
        changed[34..HEAD].fill(0xff);
        list[1] = resign(&changed, 2);
    });
    add("broadcast_replayed_from_another_session", &|list| list[1] = of(&one, "before", N));
    add("broadcast_replayed_from_an_enrolment", &|list| list[1] = of(&one, "refresh", N + 1));
    add("broadcast_of_another_share_epoch", &|list| list[1] = of(&one.next("two", &[1, 2, 3], N), "refresh", N));
    add("broadcast_of_another_ring", &|list| list[1] = of(&first(world_of("register-2", &CLASSES)), "refresh", N));
    add("broadcast_under_the_index_of_another", &|list| {
        let mut changed = content(list, 1);
        changed[32] = 4;
        list[1] = resign(&changed, 2);
    });
    add("broadcast_signed_by_another", &|list| list[1] = resign(&content(list, 1), 3));
    add("broadcasts_swapped", &|list| list.swap(1, 3));
    add("broadcast_changed_after_signing", &|list| list[1][HEAD + 40] ^= 1);
    add("broadcast_missing", &|list| list.truncate(4));
    out
}

fn bad_values() -> Vec<Bad> {
    let one = one();
    let plan = one.resharing("refresh", &DEALERS, N);
    let run = Run::of(&one, &plan, "refresh");
    let base = with_broadcasts(resharing_input(&one, "refresh", &DEALERS, N), &run.broadcasts);
    let state = run.states[4].encode();
    let mut out: Vec<Bad> = Vec::new();
    let mut add = |name: &'static str, change: &dyn Fn(&mut Vec<Addressed>)| {
        let mut list = run.inbox(5);
        change(&mut list);
        out.push((name, FINISH, "reshare-finish", finish_input(base.clone(), &state, false, 5, &list)));
    };
    let transcript = transcript("reshare-transcript", &plan.digest(), &run.broadcasts);
    let context = |from: u16, to: u16| {
        let parts =
            [plan.digest().as_bytes(), &transcript.0, &from.to_le_bytes()[..], &to.to_le_bytes()].map(<[u8]>::to_vec);
        framed("reshare-round2", &parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
    };
    let key = TransportKey::decode(&run.broadcasts[4][34..HEAD]).unwrap();
    let plaintext = values(&run.inbox(5)[1].1, &context(2, 5), &state[SEED]);
    let sealed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut changed = plaintext.clone();
        change(&mut changed);
        seal_by_hand(&changed, &context(2, 5), &key, 2)
    };
    let own = sealed(&|_| {});
    assert!(run.states[4].finish(&[run.inbox(5)[0].clone(), (2, own), run.inbox(5)[2].clone()]).is_ok());
    add("value_off_its_commitments", &|list| list[1].1 = sealed(&|plain| plain[32] ^= 1));
    add("value_that_is_no_canonical_scalar", &|list| list[1].1 = sealed(&|plain| plain[64..96].fill(0xff)));
    add("values_of_two_classes_swapped", &|list| list[1].1 = sealed(&|plain| plain.rotate_left(32)));
    add("value_missing", &|list| list[1].1 = sealed(&|plain| plain.truncate(64)));
    add("values_for_another_holder", &|list| list[1].1 = run.inbox(3)[1].1.clone());
    add("values_of_another_dealer", &|list| list[1].1 = list[0].1.clone());
    add("envelope_to_the_transport_key", &|list| {
        list[1].1 = seal_by_hand(&plaintext, &context(2, 5), &transport(5).public().unwrap(), 2);
    });
    add("envelope_signed_by_another", &|list| list[1].1 = seal_by_hand(&plaintext, &context(2, 5), &key, 4));
    add("envelope_under_another_transcript", &|list| {
        let elsewhere = Run::of(&one, &one.resharing("before", &DEALERS, N), "refresh");
        list[1].1 = elsewhere.inbox(5)[1].1.clone();
    });
    add("envelope_missing", &|list| drop(list.remove(1)));
    out
}

fn bad_repairs() -> Vec<Bad> {
    let one = one();
    let plan = one.repair("repair", 3, &HELPERS);
    let run = Repaired::of(&one, &plan, "repair");
    let input = |list: &[Vec<u8>]| with_broadcasts(repair_input(&one, "repair", 3, &HELPERS, &run.request), list);
    let finish = |list: &[Vec<u8>], sums: &[Addressed]| repair_finish_input(input(list), &run.requested.encode(), sums);
    let content = |at: usize| run.broadcasts[at][..run.broadcasts[at].len() - 64].to_vec();
    let mut out: Vec<Bad> = Vec::new();
    let mut broadcast = |name: &'static str, second: Vec<u8>| {
        let list = [run.broadcasts[0].clone(), second, run.broadcasts[2].clone()];
        out.push((name, REPAIRED, "repair-finish", finish(&list, &run.sums)));
    };
    let theirs = content(2)[HEAD..].to_vec();
    broadcast(
        "summands_of_the_share_of_another",
        resign_as("repair-round1", &[&content(1)[..HEAD], &theirs].concat(), 2),
    );
    let mut changed = content(1);
    changed[HEAD + 32..HEAD + 64].fill(0);
    broadcast("identity_summand", resign_as("repair-round1", &changed, 2));
    broadcast("repair_broadcast_signed_as_a_resharing", resign(&content(1), 2));
    let other = Repaired::of(&one, &one.repair("before", 3, &HELPERS), "repair");
    broadcast("repair_broadcast_of_another_session", other.broadcasts[1].clone());

    // The transcript covers the request first.
    let heard: Vec<Vec<u8>> = std::iter::once(run.request.clone()).chain(run.broadcasts.clone()).collect();
    let transcript = transcript("repair-transcript", &plan.digest(), &heard);
    let context = |name: &str, from: u16, to: u16| {
        let parts =
            [plan.digest().as_bytes(), &transcript.0, &from.to_le_bytes()[..], &to.to_le_bytes()].map(<[u8]>::to_vec);
        framed(name, &parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
    };
    let with_sum = |bytes: Vec<u8>| {
        let sums = [run.sums[0].clone(), (2, bytes), run.sums[2].clone()];
        finish(&run.broadcasts, &sums)
    };
    let request = TransportKey::decode(&run.request[34..HEAD]).unwrap();
    let sum_context = context("repair-sum", 2, 3);
    let mut sum = values(&run.sums[1].1, &sum_context, &run.requested.encode()[SEED]);
    sum[0] ^= 1;
    out.push((
        "sum_off_its_commitments",
        REPAIRED,
        "repair-finish",
        with_sum(seal_by_hand(&sum, &sum_context, &request, 2)),
    ));
    out.push(("sum_of_another_session", REPAIRED, "repair-finish", with_sum(other.sums[1].1.clone())));
    out.push(("sum_of_another_helper", REPAIRED, "repair-finish", with_sum(run.sums[0].1.clone())));
    out.push(("sum_missing", REPAIRED, "repair-finish", finish(&run.broadcasts, &run.sums[1..])));

    let state = run.states[0].encode();
    let add = |bytes: Vec<u8>| {
        let mut input = add_input(&input(&run.broadcasts), &run, 0);
        let theirs = received(&run.sent, 1);
        input["messages"] = messages(&[(2, bytes), theirs[1].clone()]);
        input
    };
    let key = TransportKey::decode(&run.broadcasts[0][34..HEAD]).unwrap();
    let split_context = context("repair-round2", 2, 1);
    let mut summand = values(&received(&run.sent, 1)[0].1, &split_context, &state[SEED]);
    summand[64] ^= 1;
    out.push((
        "summand_off_its_commitment",
        ADDING,
        "repair-add",
        add(seal_by_hand(&summand, &split_context, &key, 2)),
    ));
    out.push(("summand_for_another_helper", ADDING, "repair-add", add(received(&run.sent, 5)[1].1.clone())));
    let mut unasked = add_input(&input(&run.broadcasts), &run, 0);
    unasked["request"] = hex(&resign_as("repair-request", &run.request[..HEAD], 4)).into();
    out.push(("request_signed_by_another", ADDING, "repair-add", unasked));
    out
}

fn bad_plans() -> Vec<Bad> {
    let one = one();
    let resharing = |dealers: &[u16], n: u16| with_broadcasts(resharing_input(&one, "refresh", dealers, n), &[]);
    let repair = |lost: u16, helpers: &[u16]| {
        repair_finish_input(with_broadcasts(repair_input(&one, "repair", lost, helpers, &[]), &[]), &[0; 67], &[])
    };
    vec![
        ("fewer_dealers_than_the_threshold", OUTCOME, "reshare-outcome", resharing(&[1, 2], N)),
        ("dealers_that_repeat", OUTCOME, "reshare-outcome", resharing(&[1, 1, 2], N)),
        ("dealer_that_held_no_share", OUTCOME, "reshare-outcome", resharing(&[1, 2, 6], N + 1)),
        ("dealer_that_leaves", OUTCOME, "reshare-outcome", resharing(&[1, 2, 5], 4)),
        ("fewer_holders_than_the_threshold", OUTCOME, "reshare-outcome", resharing(&[1, 2], 2)),
        ("fewer_helpers_than_the_threshold", REPAIRED, "repair-finish", repair(3, &[1, 2])),
        ("repair_with_the_help_of_the_lost_share", REPAIRED, "repair-finish", repair(3, &[1, 2, 3])),
    ]
}

fn bad_epochs() -> Vec<Bad> {
    let one = one();
    let two = one.next("refresh", &DEALERS, N);
    let epoch = |change: &dyn Fn(&mut countersign_seal::ring::ShareEpoch)| {
        let mut value = two.document.value().clone();
        change(&mut value);
        let mut input = epoch_of(&two);
        input["share_epoch"] = serde_json::to_string(&value).unwrap().into();
        input
    };
    let confirmed = |list: Vec<String>| {
        let mut input = epoch_of(&two);
        input["holders"] = keys(&holders(N)).into();
        input["epoch_confirmations"] = list.into();
        input
    };
    let good = epoch_confirmations(&two);
    let changed = |with: EpochConfirmation| {
        let mut list = good.clone();
        list[3] = Exact::write(with).unwrap().text().to_owned();
        confirmed(list)
    };
    let another = one.next("another refresh", &DEALERS, N);
    vec![
        (
            "share_epoch_with_fewer_shares_than_the_threshold",
            "",
            "share-epoch",
            epoch(&|value| {
                value.keys.iter_mut().for_each(|key| key.shares.truncate(2));
            }),
        ),
        ("share_epoch_with_uneven_shares", "", "share-epoch", epoch(&|value| value.keys[1].shares.truncate(4))),
        (
            "share_epoch_with_a_stale_share",
            "",
            "share-epoch",
            epoch(&|value| {
                value.keys[0].shares[3] = one.document.value().keys[0].shares[3];
            }),
        ),
        ("epoch_confirmation_missing", CONFIRMED, "confirmed-epoch", confirmed(good[..4].to_vec())),
        (
            "epoch_confirmation_signed_by_another",
            CONFIRMED,
            "confirmed-epoch",
            changed(EpochConfirmation::sign(&two.verifying, 4, &identity(3))),
        ),
        (
            "epoch_confirmation_of_another_outcome",
            CONFIRMED,
            "confirmed-epoch",
            changed(EpochConfirmation::sign(&another.verifying, 4, &identity(4))),
        ),
        (
            "epoch_confirmation_of_the_epoch_before",
            CONFIRMED,
            "confirmed-epoch",
            changed(EpochConfirmation::sign(&one.verifying, 4, &identity(4))),
        ),
        ("stale_share_among_fresh_ones", "", "open", opened(&two, &[one.share(1), two.share(2), two.share(3)])),
        ("fresh_share_among_stale_ones", "", "open", opened(&one, &[one.share(1), one.share(2), two.share(3)])),
        ("two_fresh_shares_of_three", "", "open", opened(&two, &[two.share(2), two.share(5)])),
    ]
}

/// A package answered with these shares, each relabelled to the epoch by its dishonest holder.
fn opened(epoch: &Epoch, shares: &[&SealingShare]) -> Value {
    let world = world();
    let record = sealed(&world, 1).record;
    let capsule = check(world.ring.id(), record.capsule().clone()).unwrap();
    let classes = ClassSet::new([Class::Name]);
    let replies: Vec<Value> = shares
        .iter()
        .map(|share| {
            let mut stored = share.encode().to_vec();
            stored[36..40].copy_from_slice(&epoch.verifying.epoch().to_le_bytes());
            let share = SealingShare::decode(&stored).unwrap();
            let asks = [Ask { capsule: &capsule, classes: &classes }];
            let reply: Reply = answer(&share, &epoch.verifying, &order(), &asks, &bytes("answer")).unwrap();
            json!({ "trustee": share.trustee(), "reply": hex(&reply.encode()) })
        })
        .collect();
    let mut input = open_input(&world, &record, &classes, 1, &replies);
    assert_eq!(input["ring"], epoch_input(&world)["ring"]);
    input["share_epoch"] = epoch.document.text().into();
    input
}

// ---------------------------------------------------------------------------------------------- written a second time

fn transcript(name: &str, exchange: &Digest, broadcasts: &[Vec<u8>]) -> Digest {
    use sha2::Digest as _;
    let mut parts = vec![exchange.as_bytes().as_slice()];
    parts.extend(broadcasts.iter().map(|bytes| &bytes[..bytes.len() - 64]));
    Digest(sha2::Sha512_256::digest(framed(name, &parts)).into())
}

fn envelope_info(context: &[u8], key: &TransportKey) -> Vec<u8> {
    framed("envelope-info", &[context, key.digest().as_bytes()])
}

/// The plaintext of an envelope.
fn values(envelope: &[u8], context: &[u8], seed: &[u8]) -> Vec<u8> {
    use hpke::{Deserializable, Kem, OpModeR, kem::XWing};
    let public = TransportSecret::from_seed(seed.try_into().unwrap()).public().unwrap();
    let body = &envelope[..envelope.len() - 64];
    hpke::single_shot_open::<hpke::aead::AesGcm256, hpke::kdf::HkdfSha512, XWing>(
        &OpModeR::Base,
        &<XWing as Kem>::PrivateKey::from_bytes(seed).unwrap(),
        &<XWing as Kem>::EncappedKey::from_bytes(&body[..1120]).unwrap(),
        &envelope_info(context, &public),
        &body[1120..],
        &[],
    )
    .unwrap()
}

/// An envelope as the format's page describes it, signed by `sender`.
fn seal_by_hand(plaintext: &[u8], context: &[u8], key: &TransportKey, sender: u16) -> Vec<u8> {
    use hpke::{Deserializable, Kem, OpModeS, Serializable, kem::XWing};
    use sha2::Digest as _;
    let info = envelope_info(context, key);
    let public = <XWing as Kem>::PublicKey::from_bytes(key.bytes()).unwrap();
    let (encapsulation, ciphertext) = hpke::single_shot_seal_with_rng::<
        hpke::aead::AesGcm256,
        hpke::kdf::HkdfSha512,
        XWing,
    >(&OpModeS::Base, &public, &info, plaintext, &[], &mut rng("by hand"))
    .unwrap();
    let body = [encapsulation.to_bytes().to_vec(), ciphertext].concat();
    let hash: [u8; 32] = sha2::Sha512_256::digest(framed("envelope", &[&body])).into();
    let key = ed25519_dalek::SigningKey::from_bytes(&bytes(&format!("identity {sender}")));
    let signature = ed25519_dalek::Signer::sign(&key, &framed("envelope-signature", &[&info, &hash]));
    [body, signature.to_bytes().to_vec()].concat()
}

#[test]
fn the_state_of_another_part_is_no_state() {
    let one = one();
    let plan = one.resharing("state", &DEALERS, N);
    let run = Run::of(&one, &plan, "state");
    let state = run.states[0].encode();
    assert!(Round2::decode(&plan, &state).is_ok());
    for at in [0, 1, 34, 300, state.len() - 1] {
        let mut changed = state.to_vec();
        changed[at] ^= 0x80;
        let read = Round2::decode(&plan, &changed).err();
        assert!(matches!(read, Some(LifeError::State | LifeError::Signature(_))), "{at}: {read:?}");
    }
    // What a dealer keeps for itself is checked like what others send.
    let mut changed = state.to_vec();
    changed[SEED.end] ^= 1;
    let end = Round2::decode(&plan, &changed).unwrap().finish(&run.inbox(1)).err().unwrap();
    assert_eq!(end, LifeError::Value { culprit: 1, class: Slot::Class(Class::Name) });
}
