//! Folding the control leaves: who can change the rules, when, and what a custodian cannot do by a leaf of its own.

use crate::world::*;
use countersign_core::control::{Action, Change, ChangeV1, Genesis, RingRef, Role};
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::time::{DAY, Timestamp};
use countersign_tlog::leaf::ControlLeaf;
use countersign_verify::refusal::Code;
use countersign_verify::state::{ControlState, FoldError};

fn begin(signers: &[String]) -> Result<ControlState, FoldError> {
    ControlState::begin(&control_leaf(Exact::write(genesis()).unwrap().text(), signers), None)
}

fn reason(world: &World) -> &str {
    &world.control.rejected().last().unwrap().reason
}

fn puppet() -> Action {
    Action::AddPerson(person("puppet-one", &[Role::Approver], "XB", false))
}

fn in_force(world: &World, id: &str) -> bool {
    world.control.at(world.now).people().contains_key(&person_id(id))
}

// genesis

#[test]
fn genesis_lacking_any_one_signature_is_refused() {
    let all = genesis_signers();
    assert!(begin(&all).is_ok());
    for missing in 0..all.len() {
        let mut signers = all.clone();
        let name = signers.remove(missing);
        assert_eq!(begin(&signers).unwrap_err(), FoldError::Unsigned(name));
    }
}

#[test]
fn genesis_with_a_strangers_or_a_repeated_signature_is_refused() {
    for stranger in ["person:mallory", "person:emil-fuchs", "trustee:6", "trustee:01", "anna-berg", "person:anna-berg"]
    {
        let mut signers = genesis_signers();
        signers.push(stranger.into());
        assert_eq!(begin(&signers).unwrap_err(), FoldError::Stranger(stranger.into()), "{stranger}");
    }
}

#[test]
fn genesis_signed_by_the_wrong_key_or_over_other_bytes_is_refused() {
    let body = Exact::write(genesis()).unwrap();
    let good = control_leaf(body.text(), &genesis_signers());
    let mut signatures = good.signatures().to_vec();
    signatures.swap(0, 1);
    let by = signatures[0].by.clone();
    signatures[0].by = signatures[1].by.clone();
    signatures[1].by = by;
    let swapped = ControlLeaf::new(good.id(), good.tick(), body.text().into(), signatures).unwrap();
    assert!(matches!(ControlState::begin(&swapped, None), Err(FoldError::Unsigned(_))));
    let mut other = genesis();
    other.change_approvals = 3;
    let other = Exact::write(other).unwrap().text().to_owned();
    let moved = ControlLeaf::new(good.id(), good.tick(), other, good.signatures().to_vec()).unwrap();
    assert!(matches!(ControlState::begin(&moved, None), Err(FoldError::Unsigned(_))));
}

#[test]
fn a_genesis_that_is_not_the_pinned_one_is_refused() {
    let leaf = control_leaf(Exact::write(genesis()).unwrap().text(), &genesis_signers());
    let pinned = Digest([1; 32]);
    assert!(matches!(ControlState::begin(&leaf, Some(&pinned)), Err(FoldError::NotPinned { .. })));
}

#[test]
fn a_genesis_that_is_no_genesis_is_refused() {
    for body in ["", "{}", "{\"v\":\"countersign/genesis/v1\"}"] {
        let leaf = control_leaf::<&str>(body, &[]);
        assert!(matches!(ControlState::begin(&leaf, None), Err(FoldError::Document(_))), "{body}");
    }
}

#[test]
fn a_genesis_whose_witnesses_show_nothing_is_refused() {
    let other_log = note_key("other.example/log", countersign_tlog::note::KeyKind::Ed25519);
    let policies = [
        String::new(),
        format!("log {}\nquorum none\n", log_key().verifier()),
        witness_policy().replace("group all-w 2", "group all-w 1"),
        witness_policy().replace(&log_key().verifier().to_string(), &other_log.verifier().to_string()),
        format!("log {}\n{}", other_log.verifier(), witness_policy()),
    ];
    for policy in policies {
        let mut genesis = genesis();
        genesis.witness_policy = policy.clone();
        let leaf = control_leaf(Exact::write(genesis).unwrap().text(), &genesis_signers());
        assert!(matches!(ControlState::begin(&leaf, None), Err(FoldError::WitnessPolicy(_))), "{policy}");
    }
}

// additions

#[test]
fn a_puppet_approver_cannot_be_used_at_once() {
    let mut world = World::new();
    // The tick of the leaf and `effective` of the change both lie in the past: the custodian wrote them.
    world.change(puppet(), &ENOUGH);
    assert_eq!(world.control.rejected(), []);
    assert!(!in_force(&world, "puppet-one"));
    assert_eq!(world.control.waiting(world.now).count(), 1);
    let draft = world.draft();
    let case = world.publish_signed(draft, &["anna-berg", "puppet-one"]);
    assert_eq!(world.ask(&case, 1).unwrap_err().code(), Code::ApproverNotInForce);
    let folded = world.now;
    world.now = folded.plus(7 * DAY - 1);
    assert!(!in_force(&world, "puppet-one"));
    world.now = folded.plus(7 * DAY);
    assert!(in_force(&world, "puppet-one"));
    assert_eq!(world.control.waiting(world.now).count(), 0);
}

#[test]
fn a_later_effective_time_is_respected() {
    let mut world = World::new();
    let mut change = world.next_change(puppet());
    change.effective = world.now.plus(20 * DAY);
    world.fold(&control_leaf(Exact::write(change).unwrap().text(), &ENOUGH));
    world.now = world.now.plus(20 * DAY - 1);
    assert!(!in_force(&world, "puppet-one"));
    world.now = world.now.plus(1);
    assert!(in_force(&world, "puppet-one"));
}

#[test]
fn every_weakening_cools_for_seven_days() {
    let weaker = Digest([5; 32]);
    let ring = RingRef { id: weaker, share_epoch: 2, shares: weaker };
    let fewer = witness_policy().replace("all-w 2 w1 w2 w3", "all-w 3 w1 w2 w3");
    let actions = [
        puppet(),
        Action::SetPolicy(weaker),
        Action::SetDirectory(weaker),
        Action::SetRing(ring.clone()),
        Action::SetIndexRing(ring),
        Action::SetWitnessPolicy(fewer),
    ];
    for action in actions {
        let mut world = World::new();
        let before = world.control.at(world.now);
        world.change(action.clone(), &ENOUGH);
        assert_eq!(world.control.rejected(), [], "{action:?}");
        assert_eq!(world.control.at(world.now.plus(7 * DAY - 1)), before, "{action:?}");
        assert_ne!(world.control.at(world.now.plus(7 * DAY)), before, "{action:?}");
    }
}

#[test]
fn a_ring_comes_into_force_only_where_genesis_names_trustees() {
    let lowest = Genesis { ring: None, trustees: None, ..genesis() };
    let people: Vec<String> = genesis_signers().into_iter().filter(|party| party.starts_with("person:")).collect();
    let body = Exact::write(lowest).unwrap();
    let mut control = ControlState::begin(&control_leaf(body.text(), &people), Some(&body.digest())).unwrap();
    let change = |number, action| {
        let change = Change {
            v: ChangeV1,
            custodian: CUSTODIAN,
            genesis: body.digest(),
            number,
            effective: at("2026-01-01T00:00:00Z"),
            action,
        };
        control_leaf(Exact::write(change).unwrap().text(), &people)
    };
    let ring = RingRef { id: Digest([5; 32]), share_epoch: 1, shares: Digest([6; 32]) };
    let now = at("2026-11-20T13:00:00Z");
    for (index, action) in [(1, Action::SetRing(ring.clone())), (2, Action::SetIndexRing(ring))] {
        control.fold(index, &change(1, action), now);
        assert_eq!(control.rejected().len() as u64, index);
        let reason = &control.rejected()[index as usize - 1].reason;
        assert!(reason.contains("names no trustees"), "{reason}");
    }
    assert_eq!(control.at(now.plus(30 * DAY)), control.at(now));
    // The other changes need the approvers alone.
    control.fold(3, &change(1, Action::SetPolicy(Digest([7; 32]))), now);
    assert_eq!(control.rejected().len(), 2);
}

#[test]
fn an_addition_needs_m_approvers_and_t_trustees() {
    let signers: [&[&str]; 8] = [
        &[],
        &["person:anna-berg", "person:bruno-costa"],
        &["person:anna-berg", "trustee:1", "trustee:2", "trustee:3"],
        &["person:anna-berg", "person:bruno-costa", "trustee:1", "trustee:2"],
        // counsel and officers are no approvers
        &["person:anna-berg", "person:dora-egger", "trustee:1", "trustee:2", "trustee:3"],
        &["person:anna-berg", "person:emil-fuchs", "trustee:1", "trustee:2", "trustee:3"],
        &["trustee:1", "trustee:2", "trustee:3", "trustee:4", "trustee:5"],
        &["person:anna-berg", "person:bruno-costa", "person:carla-diaz"],
    ];
    for signers in signers {
        let mut world = World::new();
        world.change(puppet(), signers);
        assert!(reason(&world).starts_with("signed by"), "{signers:?}: {}", reason(&world));
        assert!(!world.control.at(Timestamp::MAX).people().contains_key(&person_id("puppet-one")));
        assert_eq!(world.control.next_number(), 1);
    }
}

#[test]
fn signing_twice_or_as_nobody_in_force_rejects_the_leaf() {
    let cases: [(&[&str], &str); 5] = [
        (&["person:anna-berg", "person:anna-berg", "trustee:1", "trustee:2", "trustee:3"], "signed twice"),
        (&["person:anna-berg", "person:mallory", "trustee:1", "trustee:2", "trustee:3"], "is not in force"),
        (&["person:anna-berg", "person:bruno-costa", "trustee:1", "trustee:2", "trustee:9"], "is not in force"),
        (&["person:anna-berg", "person:bruno-costa", "trustee:01", "trustee:2", "trustee:3"], "is not in force"),
        (&["anna-berg", "person:bruno-costa", "trustee:1", "trustee:2", "trustee:3"], "is not in force"),
    ];
    for (signers, expected) in cases {
        let mut world = World::new();
        world.change(puppet(), signers);
        assert!(reason(&world).contains(expected), "{signers:?}: {}", reason(&world));
    }
}

#[test]
fn a_wrong_signature_rejects_the_leaf() {
    let mut world = World::new();
    let body = Exact::write(world.next_change(puppet())).unwrap();
    let good = control_leaf(body.text(), &ENOUGH);
    let other = control_leaf(&body.text().replace("puppet-one", "puppet-two"), &ENOUGH);
    for place in 0..ENOUGH.len() {
        let mut signatures = good.signatures().to_vec();
        signatures[place] = other.signatures()[place].clone();
        world.fold(&ControlLeaf::new(good.id(), 1, body.text().into(), signatures).unwrap());
        assert!(reason(&world).ends_with("is wrong"), "{}", reason(&world));
    }
    assert_eq!(world.control.rejected().len(), ENOUGH.len());
}

#[test]
fn one_human_cannot_become_two_approvers() {
    let mut shared = person("puppet-one", &[Role::Approver], "XB", false);
    shared.keys = vec![roster_key("anna-berg")];
    let mut world = World::new();
    world.change(Action::AddPerson(shared.clone()), &ENOUGH);
    assert_eq!(reason(&world), "`puppet-one` would share a key with `anna-berg`");
    // Nor with somebody who is still cooling.
    world.change(puppet(), &ENOUGH);
    shared.id = person_id("puppet-two");
    shared.keys = vec![roster_key("puppet-one")];
    world.change(Action::AddPerson(shared), &ENOUGH);
    assert_eq!(reason(&world), "`puppet-two` would share a key with `puppet-one`");
    // The same person with the same key and another reach is no second person.
    let mut anna = person("anna-berg", &[Role::Approver], "XA", false);
    anna.reach.states = vec![state("XA"), state("XR")];
    world.change(Action::AddPerson(anna), &ENOUGH);
    assert_eq!(world.control.rejected().len(), 2);
}

// numbers

#[test]
fn signatures_cannot_be_used_twice_or_in_another_journal() {
    let mut world = World::new();
    let good = world.next_change(puppet());
    let fold = |world: &mut World, change: Change| {
        world.fold(&control_leaf(Exact::write(change).unwrap().text(), &ENOUGH));
    };
    fold(&mut world, Change { number: 0, ..good.clone() });
    assert_eq!(reason(&world), "change number 0 where 1 is next");
    fold(&mut world, Change { number: 2, ..good.clone() });
    assert_eq!(reason(&world), "change number 2 where 1 is next");
    fold(&mut world, Change { genesis: Digest([1; 32]), ..good.clone() });
    assert_eq!(reason(&world), "a change for another journal");
    fold(&mut world, Change { custodian: countersign_core::id::CustodianId([8; 16]), ..good.clone() });
    assert_eq!(reason(&world), "a change for another journal");
    fold(&mut world, good.clone());
    assert_eq!((world.control.rejected().len(), world.control.next_number()), (4, 2));
    fold(&mut world, good);
    assert_eq!(reason(&world), "change number 1 where 2 is next");
}

#[test]
fn leaves_that_are_no_change_are_listed_and_change_nothing() {
    let mut world = World::new();
    let before = world.control.at(Timestamp::MAX).digest();
    let genesis = Exact::write(genesis()).unwrap();
    for body in ["", "{}", genesis.text(), &"x".repeat(9_000)] {
        world.fold(&control_leaf(body, &ENOUGH));
    }
    let indices: Vec<u64> = world.control.rejected().iter().map(|rejected| rejected.index).collect();
    assert_eq!(indices, [1, 2, 3, 4]);
    assert_eq!(world.control.at(Timestamp::MAX).digest(), before);
}

// removals

#[test]
fn one_signature_removes_at_once() {
    for signer in ["person:carla-diaz", "person:dora-egger", "trustee:5"] {
        let mut world = World::new();
        world.change(Action::RemovePerson(person_id("anna-berg")), &[signer]);
        assert!(!in_force(&world, "anna-berg"), "{signer}");
    }
    for signers in [&[][..], &["person:emil-fuchs"], &["person:greta-holm"]] {
        let mut world = World::new();
        world.change(Action::RemovePerson(person_id("anna-berg")), signers);
        assert_eq!(reason(&world), "nobody in force has signed the removal");
        assert!(in_force(&world, "anna-berg"));
    }
}

#[test]
fn a_removed_approver_does_not_count_from_the_next_leaf_on() {
    let mut world = World::new();
    let draft = world.draft();
    let mut case = world.publish(draft);
    world.change(Action::RemovePerson(person_id("anna-berg")), &["trustee:2"]);
    case.leaf.proof = world.journal.proof(case.index, world.journal.size(), &[world.now; 2]);
    assert_eq!(world.ask(&case, 1).unwrap_err().code(), Code::ApproverNotInForce);
    // Nor can the removed person sign a change.
    world.change(puppet(), &ENOUGH);
    assert_eq!(reason(&world), "`person:anna-berg` is not in force");
}

#[test]
fn a_removal_cancels_an_addition_that_is_still_cooling() {
    let mut world = World::new();
    world.change(puppet(), &ENOUGH);
    world.change(Action::RemovePerson(person_id("puppet-one")), &["trustee:2"]);
    assert_eq!(world.control.waiting(world.now).count(), 0);
    world.now = world.now.plus(30 * DAY);
    assert!(!in_force(&world, "puppet-one"));
}

#[test]
fn a_revoked_key_signs_nothing_and_does_not_come_back_by_an_older_addition() {
    let mut world = World::new();
    let mut anna = person("anna-berg", &[Role::Approver], "XA", false);
    anna.keys = vec![roster_key("anna-berg"), roster_key("anna's other key")];
    anna.keys.sort();
    world.change(Action::AddPerson(anna), &ENOUGH);
    let revoked = roster_key("anna-berg");
    world.change(Action::RevokeKey { person: person_id("anna-berg"), key: revoked.clone() }, &["trustee:1"]);
    assert!(world.control.at(world.now).people()[&person_id("anna-berg")].keys.is_empty());
    let draft = world.draft();
    let case = world.publish(draft);
    assert_eq!(world.ask(&case, 1).unwrap_err().code(), Code::ApprovalInvalid);
    world.now = world.now.plus(7 * DAY);
    assert_eq!(world.control.at(world.now).people()[&person_id("anna-berg")].keys, [roster_key("anna's other key")]);

    // A person all of whose keys are revoked while cooling never enters.
    let mut world = World::new();
    world.change(puppet(), &ENOUGH);
    let key = roster_key("puppet-one");
    world.change(Action::RevokeKey { person: person_id("puppet-one"), key }, &["trustee:1"]);
    world.now = world.now.plus(7 * DAY);
    assert!(!in_force(&world, "puppet-one"));
}

#[test]
fn suspensions_and_holds_act_at_once() {
    let mut world = World::new();
    world.change(Action::SuspendAuthority(authority_id(COURT)), &["person:anna-berg"]);
    let order = countersign_core::id::OrderId([3; 16]);
    world.change(Action::HoldOrder(order), &["person:anna-berg"]);
    let state = world.control.at(world.now);
    assert!(state.is_suspended(&authority_id(COURT)) && state.is_held(&order));
}

// who looks when

/// Two folders of one journal, one that folds other leaves in between and so settles often, one that looks only once.
#[test]
fn the_state_does_not_depend_on_when_anybody_looks() {
    let mut world = World::new();
    let mut late = world.next_change(Action::SetPolicy(Digest([1; 32])));
    late.effective = world.now.plus(20 * DAY);
    world.fold(&control_leaf(Exact::write(late).unwrap().text(), &ENOUGH));
    world.change(Action::SetPolicy(Digest([2; 32])), &ENOUGH);
    let once = world.control.clone();
    let start = world.now;
    world.now = start.plus(10 * DAY);
    world.fold(&control_leaf::<&str>("{}", &[]));
    for (days, policy) in [(10, [2; 32]), (20, [1; 32]), (40, [1; 32])] {
        let now = start.plus(days * DAY);
        assert_eq!(once.at(now).policy(), Digest(policy), "{days}");
        assert_eq!(once.at(now), world.control.at(now), "{days}");
    }
}

#[test]
fn the_state_digest_names_everything_in_force() {
    let mut world = World::new();
    let mut digests = vec![world.control.at(world.now).digest()];
    let actions = [
        Action::RemovePerson(person_id("anna-berg")),
        Action::RevokeKey { person: person_id("bruno-costa"), key: roster_key("bruno-costa") },
        Action::SuspendAuthority(authority_id(COURT)),
        Action::HoldOrder(countersign_core::id::OrderId([3; 16])),
    ];
    for action in actions {
        world.change(action, &["trustee:1"]);
        digests.push(world.control.at(world.now).digest());
    }
    let count = digests.len();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), count);
}
