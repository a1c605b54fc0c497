//! An approver who is made to sign: what trustees understand, and that nobody else can.

use crate::world::*;
use countersign_core::approval::signed_line;
use countersign_core::control::{Action, Person, Role};
use countersign_core::digest::parts;
use countersign_core::id::Digest;
use countersign_core::order::Kind;
use countersign_core::time::{DAY, HOUR};
use countersign_seal::letter;
use countersign_trustee::{Accepted, Told, Trustee, TrusteeError};
use countersign_verify::duress::{DuressSecret, Letter, keys_digest};
use countersign_verify::refusal::Code;
use countersign_verify::wire::Outcome;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

const ANNA: &str = "anna-berg";
const TWO: &str = "anna-berg, the other key";

/// Anna with two keys in the order of the roster, and their names.
fn anna(keys: [&str; 2]) -> (Person, [String; 2]) {
    let mut names = keys.map(str::to_owned);
    names.sort_by_key(|name| roster_key(name));
    let keys = names.each_ref().map(|name| roster_key(name)).to_vec();
    (Person { keys, ..person(ANNA, &[Role::Approver], "XA", false) }, names)
}

fn secret(number: u32) -> DuressSecret {
    DuressSecret::from_bytes(parts("secret", &[&number.to_le_bytes()]).0)
}

fn letter_of(person: &Person, secret: &DuressSecret, trustee: u16) -> Letter {
    Letter {
        custodian: CUSTODIAN,
        genesis: founded().genesis.digest(),
        trustee: founded().publics[usize::from(trustee) - 1].identity,
        keys: keys_digest(person).unwrap(),
        secret: secret.clone(),
    }
}

/// Sealed to `to`, signed by these two.
fn sealed(letter: &Letter, signers: [&str; 2], to: u16) -> Vec<u8> {
    let signatures = signers.map(|name| plain_signature(name, &letter.signed_line()));
    let content = letter.encode([&signatures[0], &signatures[1]]).unwrap();
    let key = &founded().publics[usize::from(to) - 1].transport;
    letter::seal(&content, &letter.genesis, key, &mut countersign_testkit::random::named("letter")).unwrap()
}

/// A custodian whose Anna has two keys in force.
async fn with_two_keys() -> (World, Person, [String; 2]) {
    let mut world = World::new();
    let (person, names) = anna([ANNA, TWO]);
    enter(&mut world, &person).await;
    (world, person, names)
}

async fn enter(world: &mut World, person: &Person) {
    world.change(Action::AddPerson(person.clone()), &ENOUGH);
    for index in 1..=N {
        world.tail(&world.open(index)).await.unwrap();
    }
    world.pass(8 * DAY);
    for index in 1..=N {
        world.tail(&world.open(index)).await.unwrap();
    }
}

async fn refused(trustee: &Trustee, letter: &[u8], world: &World) -> String {
    match trustee.accept_duress_letter(letter, world.now).await {
        Err(TrusteeError::Document { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn only_the_holder_of_both_keys_tells_a_trustee_and_only_once() {
    let (mut world, person, [one, two]) = with_two_keys().await;
    let trustee = world.open(1);
    let letter = letter_of(&person, &secret(1), 1);
    let told = async |trustee: &Trustee, now| {
        let told = trustee.told_of_duress(now).await.unwrap();
        told.into_iter().find(|told| told.person == person_id(ANNA)).unwrap()
    };
    let knows = |letter| Told { person: person_id(ANNA), two_keys: true, letter };
    for (signers, to, word) in [
        ([ANNA, ANNA], 1, "is not signed by both keys"),
        (["bruno-costa", "bruno-costa"], 1, "is not signed by both keys"),
        ([two.as_str(), one.as_str()], 1, "is not signed by both keys"),
        ([one.as_str(), two.as_str()], 2, "does not open"),
    ] {
        let reason = refused(&trustee, &sealed(&letter, signers, to), &world).await;
        assert!(reason.contains(word), "{signers:?}: {reason}");
    }
    let both = [one.as_str(), two.as_str()];
    let for_another = letter_of(&person, &secret(1), 2);
    assert!(refused(&trustee, &sealed(&for_another, both, 1), &world).await.contains("for another trustee"));
    let good = sealed(&letter, both, 1);
    for place in [0, 1_200, 2_000, good.len() - 1] {
        let mut changed = good.clone();
        changed[place] ^= 1;
        assert!(refused(&trustee, &changed, &world).await.contains("does not open"), "byte {place}");
    }
    assert!(refused(&trustee, &good[1..], &world).await.contains("shorter"));
    assert_eq!(told(&trustee, world.now).await, knows(false));

    let accept = async |letter: &[u8]| trustee.accept_duress_letter(letter, world.now).await.unwrap();
    assert_eq!(accept(&good).await, (person_id(ANNA), Accepted::New));
    assert_eq!(accept(&good).await, (person_id(ANNA), Accepted::Before));
    assert_eq!(accept(&sealed(&letter, both, 1)).await.1, Accepted::Before, "the same, sealed again");
    let turned = sealed(&letter_of(&person, &secret(2), 1), both, 1);
    assert!(refused(&trustee, &turned, &world).await.contains("was accepted before and stands"));
    assert_eq!(told(&trustee, world.now).await, knows(true));
    drop(trustee);
    let again = world.open(1);
    assert_eq!(told(&again, world.now).await, knows(true), "kept");

    let (renewed, _) = anna([ANNA, "anna-berg, a third key"]);
    enter(&mut world, &renewed).await;
    assert_eq!(told(&again, world.now).await, knows(false), "other keys need another letter");
    assert!(refused(&again, &good, &world).await.contains("no approver in force"));
}

/// Two orders, and a secret under which neither is covered, or the first one is.
async fn told(covered: bool) -> (World, [Case; 2], DuressSecret, [String; 2]) {
    let (mut world, person, names) = with_two_keys().await;
    let cases = [world.case(1, 1), world.case(2, 2)];
    let covers = |secret: &DuressSecret, case: &Case| secret.cover(&case.order.digest(), Kind::Disclosure) > HOUR;
    let fits = |secret: &DuressSecret| covers(secret, &cases[0]) == covered && !covers(secret, &cases[1]);
    let secret = (0..1_000).map(secret).find(fits).unwrap();
    for index in 1..=N {
        let letter = sealed(&letter_of(&person, &secret, index), [&names[0], &names[1]], index);
        world.open(index).accept_duress_letter(&letter, world.now).await.unwrap();
    }
    (world, cases, secret, names)
}

/// The case signed by Bruno and by Anna, freely or made to.
fn signed(world: &World, case: &Case, secret: &DuressSecret, names: &[String; 2], free: bool) -> Case {
    let right = secret.right_key(&case.order.digest());
    let key = &names[if free { right } else { 1 - right }];
    let when = world.now.plus(-HOUR - 60);
    let anna = approval_by(&case.order, ANNA, key, when);
    case.clone().signed_by(vec![anna, approval(&case.order, "bruno-costa", when)])
}

#[tokio::test]
async fn a_call_for_help_is_pending_at_every_trustee_and_locks_the_case() {
    let (mut world, [first, second], secret, names) = told(false).await;
    let (calls, free) =
        (signed(&world, &first, &secret, &names, false), signed(&world, &second, &secret, &names, true));
    for index in 1..=N {
        let trustee = world.open(index);
        let mut answers = vec![world.ask(&trustee, &free).await];
        assert_eq!(code(&answers[0]), None, "signed freely");
        answers.push(world.ask(&trustee, &calls).await);
        assert_eq!(code(&answers[1]), Some(Code::Pending));
        assert!(trustee.counters().await.unwrap().iter().all(|one| one.people == 1), "nothing more is counted");
        // Another order of the case, signed freely; the same without Anna; what was answered before.
        answers.push(world.ask(&trustee, &free).await);
        assert_eq!(code(&answers[2]), Some(Code::Pending));
        drop(trustee);
        let trustee = world.open(index);
        answers.push(world.ask(&trustee, &free).await);
        assert_eq!(code(&answers[3]), Some(Code::Pending), "after a restart");
        let calls_now = trustee.calls().await.unwrap();
        assert_eq!(
            calls_now.iter().map(|call| (call.case, call.told)).collect::<Vec<_>>(),
            [(first.order.value().case, false)]
        );
        answers.iter().for_each(|answer| world.log_receipt(answer));
    }
    world.pass(12 * HOUR);
    let trustee = world.open(1);
    let (calls, free) = (world.refresh(&calls), world.refresh(&free));
    assert_eq!(code(&world.ask(&trustee, &free).await), Some(Code::Pending), "it does not end by itself");
    trustee.end_pending(&first.order.value().case).await.unwrap();
    assert!(trustee.end_pending(&first.order.value().case).await.is_err(), "once");
    assert_eq!(code(&world.ask(&trustee, &free).await), None, "a person has ended it");
    assert_eq!(code(&world.ask(&trustee, &calls).await), Some(Code::Pending), "the signature still calls");
}

#[tokio::test]
async fn some_orders_are_pending_although_nobody_calls_and_the_custodian_sees_no_difference() {
    let (mut world, [first, _], secret, names) = told(true).await;
    let cover = secret.cover(&first.order.digest(), Kind::Disclosure);
    let mut seen = Vec::new();
    for (index, free) in [(1, true), (2, false)] {
        let trustee = world.open(index);
        let answer = world.ask(&trustee, &signed(&world, &first, &secret, &names, free)).await;
        let (said, receipt) = read(&answer);
        assert_eq!((receipt.outcome, receipt.code.as_deref()), (Outcome::Refused, Some("PENDING")));
        let head = trustee.head(world.now).await.unwrap();
        let entries = trustee.own_entries(0).await.unwrap();
        let kinds: Vec<&str> = entries.iter().map(|entry| entry.entry.kind().as_str()).collect();
        // All that leaves the trustee, and all that may be shown of it later, but for nonces, signatures and who says it.
        seen.push((
            (answer.len(), said.receipt.len(), said.disclosure.len(), said.reply.is_none()),
            (receipt.reasons, receipt.order, receipt.share_epoch, receipt.state, receipt.records, receipt.at),
            (receipt.journal_size, receipt.journal_root),
            (head.entries, head.incidents, head.awaited, head.paused, kinds.join(" ")),
        ));
        assert_eq!(trustee.calls().await.unwrap().is_empty(), free);
        world.log_receipt(&answer);
    }
    // The second trustee reads a journal with one leaf more.
    let (size, root) = (seen[1].2.0 - 1, seen[0].2.1);
    assert_eq!(seen[0].2.0, size);
    seen[1].2 = (size, root);
    assert_eq!(seen[0], seen[1]);

    let free = signed(&world, &first, &secret, &names, true);
    world.pass(cover + HOUR);
    let free = world.refresh(&free);
    assert_eq!(code(&world.ask(&world.open(1), &free).await), None, "it ends by itself");
}

#[tokio::test]
async fn the_pager_is_run_for_a_call_until_it_takes_it() {
    let (world, [first, _], secret, names) = told(true).await;
    let place = tempfile::tempdir().unwrap();
    let (program, page) = (place.path().join("page"), place.path().join("paged"));
    let write = |exit: u8| {
        fs::write(&program, format!("#!/bin/sh\necho \"$@\" >> {}\nexit {exit}\n", page.display())).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    };
    let (covered, called) = (world.open(1), world.open(2));
    for (trustee, free) in [(&covered, true), (&called, false)] {
        trustee.set_pager(&program).unwrap();
        let answer = world.ask(trustee, &signed(&world, &first, &secret, &names, free)).await;
        assert_eq!(code(&answer), Some(Code::Pending));
    }
    assert_eq!(called.page().await.unwrap(), 0, "there is no such program");
    write(1);
    assert_eq!(called.page().await.unwrap(), 0, "it fails");
    assert!(!called.calls().await.unwrap()[0].told);
    write(0);
    assert_eq!((called.page().await.unwrap(), called.page().await.unwrap()), (1, 0));
    assert!(called.calls().await.unwrap()[0].told);
    assert_eq!(covered.page().await.unwrap(), 0, "nobody calls");
    let line = format!("duress {}\n", first.order.value().case);
    assert_eq!(fs::read_to_string(page).unwrap(), line.repeat(2));
}

#[test]
fn a_letter_signs_a_line_of_its_own() {
    let (person, _) = anna([ANNA, TWO]);
    let letter = letter_of(&person, &secret(1), 1);
    let line = String::from_utf8(letter.signed_line()).unwrap();
    assert!(line.starts_with("countersign/duress/v1 ") && line.ends_with('\n') && line.len() == 22 + 64 + 1);
    assert_ne!(line.as_bytes(), signed_line("countersign/approval/v1", &Digest([0; 32])));
}
