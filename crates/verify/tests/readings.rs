//! Readings in daily operation, each refusal by the attack that it stops.

use crate::world::*;
use base64ct::{Base64, Encoding};
use countersign_core::approval::{SignerRole, Verdict};
use countersign_core::class::Class;
use countersign_core::control::{Action, Person, Role};
use countersign_core::id::{Digest, OrderId};
use countersign_core::order::{Instrument, Kind, Mode};
use countersign_core::reading::Lane;
use countersign_core::time::{DAY, HOUR, MINUTE};
use countersign_verify::ledger::{CounterKey, Ledger, hard_stop};
use countersign_verify::refusal::Code;
use proptest::prelude::*;

const LANES: [Lane; 3] = [Lane::ClientPresent, Lane::Case, Lane::BreakGlass];

fn refused(world: &World, case: &Case) -> Code {
    world.ask(case, 1).map(|_| ()).unwrap_err().code()
}

/// Changes a good reading of client 1, publishes it, and gives the code of the refusal.
fn refused_draft(lane: Lane, change: impl FnOnce(&World, &mut ReadingDraft)) -> Code {
    let mut world = World::with_agents();
    let mut draft = world.reading(lane, &[1]);
    change(&world, &mut draft);
    draft.link();
    let case = world.publish_reading(draft);
    refused(&world, &case)
}

fn good(lane: Lane) -> (World, Case) {
    let mut world = World::with_agents();
    let draft = world.reading(lane, &[1]);
    let case = world.publish_reading(draft);
    (world, case)
}

#[test]
fn each_lane_is_planned_by_every_trustee_for_the_agents_key_and_counts_its_own() {
    let ada = || CounterKey::ReadingsOf(person_id(ADA));
    for (lane, own) in LANES.into_iter().zip([vec![], vec![CounterKey::Readings, ada()], vec![CounterKey::BreakGlass]])
    {
        let (world, case) = good(lane);
        for trustee in 1..=N {
            let plan = world.ask(&case, trustee).unwrap();
            let key = Base64::encode_string(reader(ADA).public().unwrap().bytes());
            assert_eq!((plan.records.len(), plan.replay, plan.recipient_key), (1, false, key));
            let mut counters = vec![CounterKey::Kind(Kind::Read), CounterKey::Class(Class::Name)];
            counters.push(CounterKey::Class(Class::Address));
            counters.extend(own.iter().cloned());
            assert_eq!(plan.counters, counters, "{lane}");
        }
    }
}

/// A day of readings takes nothing from the day of the authorities, and the other way round.
#[test]
fn readings_and_disclosures_are_counted_apart() {
    let (mut world, case) = good(Lane::Case);
    world.ledger.count(CounterKey::All, world.now, 100_000);
    let plan = world.ask(&case, 1).unwrap();
    assert!(!plan.counters.contains(&CounterKey::All));
}

// 6: facts and lane

#[test]
fn facts_of_another_reading_are_refused() {
    let (world, case) = good(Lane::Case);
    let mut request = case.request(1, world.now);
    request.facts = request.facts.replacen("\"payment\"", "\"fraud\"", 1);
    assert_eq!(world.send(request).unwrap_err().code(), Code::FactsDiffer);
    let contradictions: [fn(&mut ReadingDraft); 3] = [
        |draft| draft.draft.order.case = Digest([1; 32]),
        |draft| draft.draft.order.authority = authority_id(COURT),
        |draft| draft.draft.order.instrument.form = Instrument::CourtOrder,
    ];
    for change in contradictions {
        assert_eq!(refused_draft(Lane::Case, |_, draft| change(draft)), Code::FactsDiffer);
    }
}

#[test]
fn no_order_of_an_authority_passes_for_a_reading_nor_a_reading_for_one() {
    let mut world = World::with_agents();
    let mut draft = world.draft();
    draft.order.kind = Kind::Read;
    draft.order.expires = draft.order.not_before.plus(DAY);
    let case = world.publish(draft);
    assert_eq!(refused(&world, &case), Code::FactsDiffer);
    let code = refused_draft(Lane::Case, |_, draft| {
        draft.draft.order.kind = Kind::Disclosure;
        draft.draft.order.notice_due = Some(draft.draft.order.expires);
    });
    assert_eq!(code, Code::FactsDiffer);
}

#[test]
fn a_lane_takes_few_people_for_a_short_time() {
    for (lane, many) in LANES.into_iter().zip([2_u8, 4, 4]) {
        let mut world = World::with_agents();
        let clients: Vec<u8> = (1..=many).collect();
        let draft = world.reading(lane, &clients);
        let case = world.publish_reading(draft);
        assert_eq!(refused(&world, &case), Code::LaneExceeded, "{lane}");
        if lane != Lane::Case {
            // A case read may last as long as any reading: 24 hours, which the order itself holds to.
            let code = refused_draft(lane, |_, draft| draft.draft.order.expires = draft.draft.order.expires.plus(1));
            assert_eq!(code, Code::LaneExceeded, "{lane}");
        }
    }
    let mut world = World::with_agents();
    let draft = world.reading(Lane::Case, &[1, 2, 3]);
    let case = world.publish_reading(draft);
    assert!(world.ask(&case, 1).is_ok());
}

#[test]
fn breaking_the_glass_opens_no_transfers() {
    let read = |lane| {
        let mut world = World::with_agents();
        let mut draft = world.reading_of(lane, vec![world.month_of(1, 2026, 9)]);
        draft.draft.order.scope.from = Some(at("2026-09-01T00:00:00Z"));
        draft.draft.order.scope.to = Some(at("2026-10-01T00:00:00Z"));
        let case = world.publish_reading(draft);
        world.ask(&case, 1).map(|_| ()).map_err(|refusal| refusal.code())
    };
    assert_eq!(read(Lane::BreakGlass), Err(Code::ClassesNotForKind));
    assert_eq!(read(Lane::Case), Ok(()));
}

// 7: who has signed

#[test]
fn an_agent_does_not_read_under_another_name() {
    // Ben in the facts, Ada's signature under Ben's name.
    let (world, case) = good(Lane::Case);
    let mut request = case.request(1, world.now);
    request.approvals[0] = request.approvals[0].replace(ADA, BEN);
    assert_eq!(world.send(request).unwrap_err().code(), Code::ApprovalInvalid);
    let mut request = case.request(1, world.now);
    request.approvals =
        vec![approval(&case.order, BEN, SignerRole::Agent, Verdict::Approve, world.now.plus(-11 * MINUTE))];
    assert_eq!(world.send(request).unwrap_err().code(), Code::SignersMissing);
}

#[test]
fn the_agent_signs_every_reading_as_the_agent() {
    for lane in LANES {
        let code = refused_draft(lane, |_, draft| {
            draft.signers.remove(0);
        });
        assert_eq!(code, Code::SignersMissing, "{lane}");
        let code = refused_draft(lane, |_, draft| draft.signers[0].1 = SignerRole::Peer);
        assert_eq!(code, Code::SignersMissing, "{lane}");
        let code = refused_draft(lane, |_, draft| draft.signers[0].2 = Verdict::Refuse);
        assert_eq!(code, Code::SignersMissing, "{lane}");
    }
}

#[test]
fn one_word_against_a_reading_refuses_it() {
    for lane in LANES {
        let against = ("anna-berg", SignerRole::Approver, Verdict::Refuse);
        assert_eq!(refused_draft(lane, |_, draft| draft.signers.push(against)), Code::SignersMissing, "{lane}");
    }
}

#[test]
fn the_glass_is_broken_by_two_people_in_two_states() {
    let alone = |_: &World, draft: &mut ReadingDraft| draft.signers.truncate(1);
    assert_eq!(refused_draft(Lane::BreakGlass, alone), Code::SignersMissing);
    // Emil and Anna live in Ada's state; Dora's opinion as counsel is no approval.
    let near: [(&str, SignerRole); 3] =
        [("emil-fuchs", SignerRole::Peer), ("anna-berg", SignerRole::Approver), ("dora-egger", SignerRole::Counsel)];
    for (id, role) in near {
        let code = refused_draft(Lane::BreakGlass, |_, draft| draft.signers[1] = (id, role, Verdict::Approve));
        assert_eq!(code, Code::SignersMissing, "{id}");
    }
    let mut world = World::with_agents();
    let mut draft = world.reading(Lane::BreakGlass, &[1, 2, 3]);
    draft.signers[1] = ("bruno-costa", SignerRole::Approver, Verdict::Approve);
    let case = world.publish_reading(draft);
    assert!(world.ask(&case, 1).is_ok());
}

#[test]
fn the_client_alone_consents_to_this_order_now() {
    let (world, case) = good(Lane::ClientPresent);
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut request = case.request(1, world.now);
        change(&mut request.approvals);
        world.send(request).map(|_| ()).map_err(|refusal| refusal.code())
    };
    let order = case.order.digest();
    let when = world.now.plus(-11 * MINUTE);
    assert_eq!(with(&|_| {}), Ok(()));
    let refused = Err(Code::ConsentInvalid);
    assert_eq!(with(&|texts| texts.truncate(1)), refused);
    assert_eq!(with(&|texts| texts.push(texts[1].clone())), refused);
    assert_eq!(with(&|texts| texts[1] = consent(order, 2, when)), refused, "another client");
    assert_eq!(with(&|texts| texts[1] = consent(Digest([1; 32]), 1, when)), refused, "another order");
    let own = texts_of_agent(&case, when);
    assert_eq!(with(&|texts| texts[1] = own.clone()), refused, "the agent for the client");
    for late in [world.now.plus(-10 * MINUTE + 121), world.now.plus(-14 * MINUTE - 1)] {
        assert_eq!(with(&|texts| texts[1] = consent(order, 1, late)), refused, "{late}");
    }
    assert_eq!(with(&|texts| texts[1].push(' ')), refused);
}

/// A consent by the agent's own key in the client's place.
fn texts_of_agent(case: &Case, when: countersign_core::time::Timestamp) -> String {
    consent(case.order.digest(), 1, when).replace(&client_key(1), &roster_key(ADA))
}

#[test]
fn a_client_without_a_key_cannot_be_present() {
    let mut world = World::with_agents();
    let draft = world.reading_of(Lane::ClientPresent, vec![world.record_of(head(1), &[Class::Name])]);
    let case = world.publish_reading(draft);
    assert_eq!(refused(&world, &case), Code::ConsentInvalid);
}

#[test]
fn lanes_without_a_client_take_no_consent() {
    for lane in [Lane::Case, Lane::BreakGlass] {
        assert_eq!(refused_draft(lane, |_, draft| draft.consents = vec![1]), Code::ConsentInvalid, "{lane}");
    }
}

// 8: the agent and the key

#[test]
fn only_agents_of_the_roster_read() {
    for (id, why) in [("puppet-one", "nobody"), ("emil-fuchs", "an officer"), ("anna-berg", "an approver")] {
        let code = refused_draft(Lane::Case, |_, draft| draft.by(id));
        assert_eq!(code, Code::AgentNotInForce, "{why}");
    }
}

#[test]
fn a_dismissed_agent_reads_nothing_from_the_next_leaf_on() {
    let (mut world, mut case) = good(Lane::Case);
    assert!(world.ask(&case, 1).is_ok());
    world.change(Action::RemovePerson(person_id(ADA)), &["person:anna-berg"]);
    case.leaf.proof = world.journal.proof(case.index, world.journal.size(), &[world.now; 2]);
    assert_eq!(refused(&world, &case), Code::AgentNotInForce);
}

#[test]
fn a_thousand_puppets_need_approvers_trustees_and_seven_days() {
    let mut world = World::with_agents();
    let puppet = agent("puppet-one", "XA");
    let read = |world: &mut World| {
        let mut draft = world.reading(Lane::Case, &[1]);
        draft.by("puppet-one");
        let case = world.publish_reading(draft);
        world.ask(&case, 1).map(|_| ()).map_err(|refusal| refusal.code())
    };
    // The operator alone, with one approver.
    world.change(Action::AddPerson(puppet.clone()), &["person:rudi-kern"]);
    world.now = world.now.plus(30 * DAY);
    assert_eq!(read(&mut world), Err(Code::AgentNotInForce));
    world.change(Action::AddPerson(puppet), &ENOUGH);
    assert_eq!(read(&mut world), Err(Code::AgentNotInForce), "cooling");
    world.now = world.now.plus(7 * DAY);
    assert_eq!(read(&mut world), Ok(()));
}

/// A second name with the first one's reader key would be a second budget for one pair of eyes.
#[test]
fn two_agents_never_share_a_readers_key() {
    let mut world = World::with_agents();
    let twin = Person { reader: agent(ADA, "XA").reader, ..agent("ada-again", "XA") };
    world.change(Action::AddPerson(twin), &ENOUGH);
    assert_eq!(world.control.rejected().len(), 1);
    let same = Person { roles: vec![Role::Officer, Role::Agent], ..agent(ADA, "XA") };
    world.change(Action::AddPerson(same), &ENOUGH);
    assert_eq!(world.control.rejected().len(), 1, "the same person again");
}

#[test]
fn replies_go_to_the_agents_registered_key_only() {
    let other = reader("somebody else").public().unwrap();
    let changes: [&dyn Fn(&mut ReadingDraft); 4] = [
        // Another key, named honestly; named as if it were the registered one; the right key under another digest.
        &|draft| {
            draft.reading.key = Base64::encode_string(other.bytes());
            draft.draft.order.recipient.key = other.digest();
        },
        &|draft| draft.reading.key = Base64::encode_string(other.bytes()),
        &|draft| draft.draft.order.recipient.key = other.digest(),
        &|draft| draft.draft.order.recipient.mode = Mode::Authority,
    ];
    for change in changes {
        assert_eq!(refused_draft(Lane::Case, |_, draft| change(draft)), Code::RecipientNotInForce);
    }
    let code = refused_draft(Lane::Case, |_, draft| draft.reading.key = "not a key".into());
    assert_eq!(code, Code::RecipientNotInForce);
}

#[test]
fn an_agent_without_a_key_reads_nothing() {
    let mut genesis = genesis_with_agents();
    genesis.people.iter_mut().for_each(|person| person.reader = None);
    let mut world = World::founded_with(&genesis);
    let draft = world.reading(Lane::Case, &[1]);
    let case = world.publish_reading(draft);
    assert_eq!(refused(&world, &case), Code::RecipientNotInForce);
}

// 10: the time for a veto

#[test]
fn the_glass_breaks_after_ten_minutes_in_public() {
    for public in [0, 9 * MINUTE, 10 * MINUTE - 1] {
        assert_eq!(refused_draft(Lane::BreakGlass, |_, draft| draft.public = public), Code::Waiting, "{public}");
    }
}

/// Whoever shows the trustee the journal as it stood before the veto could hide it.
#[test]
fn the_journal_is_read_as_of_the_end_of_the_wait() {
    let (world, mut case) = good(Lane::BreakGlass);
    let old = world.now.plus(-MINUTE);
    case.leaf.proof = world.journal.proof(case.index, world.journal.size(), &[old; 2]);
    assert_eq!(refused(&world, &case), Code::Waiting);
}

#[test]
fn any_approver_vetoes_at_once() {
    let (mut world, mut case) = good(Lane::BreakGlass);
    world.change(Action::HoldOrder(case.order.value().id), &["person:carla-diaz"]);
    case.leaf.proof = world.journal.proof(case.index, world.journal.size(), &[world.now; 2]);
    assert_eq!(refused(&world, &case), Code::OrderHeld);
}

#[test]
fn nobody_delays_the_notice_of_a_reading() {
    let (world, case) = good(Lane::Case);
    let mut request = case.request(1, world.now);
    request.delay = Some("a delay order".into());
    assert_eq!(world.send(request).unwrap_err().code(), Code::DelayInvalid);
    let code = refused_draft(Lane::Case, |_, draft| draft.draft.order.delay = Some(Digest([1; 32])));
    assert_eq!(code, Code::DelayInvalid);
}

// 12: budgets

/// Orders that one trustee answers, in turn, until it refuses: with the code of the refusal.
fn until_refused(world: &mut World, mut draft: impl FnMut(&World, u8) -> ReadingDraft) -> (usize, Code) {
    for number in 1..=u8::MAX {
        let drafted = draft(world, number).numbered(number);
        let case = world.publish_reading(drafted);
        match world.ask(&case, 1) {
            Ok(plan) => plan.remember(&mut world.ledger, world.now),
            Err(refusal) => return (usize::from(number) - 1, refusal.code()),
        }
    }
    panic!("no end")
}

#[test]
fn an_agent_has_a_budget_a_day() {
    let mut world = World::with_agents();
    // 60 people a day, 3 of 5 trustees: 36 here.
    let ada = |world: &World, _| world.reading(Lane::Case, &[1, 2, 3]);
    assert_eq!(until_refused(&mut world, ada), (12, Code::CapAgent));
    let ben = |world: &World, number: u8| {
        let mut draft = world.reading(Lane::Case, &[1, 2, 3]);
        draft.by(BEN);
        draft.numbered(100 + number)
    };
    let drafted = ben(&world, 1);
    let case = world.publish_reading(drafted);
    assert!(world.ask(&case, 1).is_ok(), "each agent has an own one");
    world.now = world.now.plus(DAY);
    let tomorrow = world.reading(Lane::Case, &[1]).numbered(200);
    let case = world.publish_reading(tomorrow);
    assert!(world.ask(&case, 1).is_ok());
}

#[test]
fn a_peer_lets_an_agent_read_a_little_beyond_the_budget() {
    let mut world = World::with_agents();
    world.ledger.count(CounterKey::ReadingsOf(person_id(ADA)), world.now, 36);
    // 20 people more a day, 3 of 5 trustees: 12 here, whoever stands in.
    let with_ben = |world: &World, _| world.reading(Lane::Case, &[1]).with_peer(BEN);
    assert_eq!(until_refused(&mut world, with_ben), (12, Code::CapAgent));
    let with_emil = world.reading(Lane::Case, &[1]).with_peer("emil-fuchs").numbered(100);
    let case = world.publish_reading(with_emil);
    assert_eq!(refused(&world, &case), Code::CapAgent);
}

#[test]
fn a_peer_stands_in_for_few_a_day_whoever_reads() {
    let mut world = World::with_agents();
    let with_emil = |world: &World, _| world.reading(Lane::Case, &[1]).with_peer("emil-fuchs");
    assert_eq!(until_refused(&mut world, with_emil), (12, Code::CapPeer));
    let mut other = world.reading(Lane::Case, &[1]).numbered(77);
    other.by(BEN);
    let case = world.publish_reading(other.with_peer("emil-fuchs"));
    assert_eq!(refused(&world, &case), Code::CapPeer);
}

/// Approvers count in the quorum of cases; for a budget they are no peers.
#[test]
fn an_approver_is_no_peer() {
    let mut world = World::with_agents();
    world.ledger.count(CounterKey::ReadingsOf(person_id(ADA)), world.now, 36);
    let mut draft = world.reading(Lane::Case, &[1]);
    draft.signers.push(("bruno-costa", SignerRole::Approver, Verdict::Approve));
    let case = world.publish_reading(draft);
    assert_eq!(refused(&world, &case), Code::CapAgent);
    let peer = refused_draft(Lane::Case, |_, draft| {
        draft.signers.push(("bruno-costa", SignerRole::Peer, Verdict::Approve));
    });
    assert_eq!(peer, Code::ApprovalInvalid);
}

#[test]
fn all_agents_together_have_a_budget() {
    let (mut world, case) = good(Lane::Case);
    world.ledger.count(CounterKey::Readings, world.now, 599);
    assert!(world.ask(&case, 1).is_ok());
    world.ledger.count(CounterKey::Readings, world.now, 1);
    assert_eq!(refused(&world, &case), Code::CapReadings);
}

#[test]
fn a_client_who_is_present_uses_nobodys_budget() {
    let (mut world, case) = good(Lane::ClientPresent);
    world.ledger.count(CounterKey::ReadingsOf(person_id(ADA)), world.now, 1_000);
    world.ledger.count(CounterKey::Readings, world.now, 100_000);
    assert!(world.ask(&case, 1).is_ok());
}

#[test]
fn the_glass_is_broken_once_a_day_for_the_whole_custodian() {
    let (mut world, case) = good(Lane::BreakGlass);
    let plan = world.ask(&case, 1).unwrap();
    plan.remember(&mut world.ledger, world.now);
    assert!(world.ask(&case, 1).unwrap().replay);
    let mut other = world.reading(Lane::BreakGlass, &[2]).numbered(9);
    other.by(BEN);
    other.signers.push((ADA, SignerRole::Peer, Verdict::Approve));
    let case = world.publish_reading(other);
    assert_eq!(refused(&world, &case), Code::CapBreakGlass);
}

#[test]
fn a_replayed_reading_counts_nothing_and_opens_nothing_else() {
    let (mut world, case) = good(Lane::Case);
    let plan = world.ask(&case, 1).unwrap();
    plan.remember(&mut world.ledger, world.now);
    let before = world.ledger.clone();
    let again = world.ask(&case, 1).unwrap();
    assert!(again.replay);
    again.remember(&mut world.ledger, world.now);
    assert_eq!(world.ledger, before);
    let other = world.reading(Lane::Case, &[2]);
    assert_eq!(other.draft.order.id, OrderId([0x33; 16]));
    let case = world.publish_reading(other);
    assert_eq!(refused(&world, &case), Code::OrderIdReused);
}

#[test]
fn yesterdays_reading_has_expired() {
    let (mut world, case) = good(Lane::ClientPresent);
    world.now = world.now.plus(3 * MINUTE);
    assert_eq!(refused(&world, &case), Code::Expired);
    let (mut world, case) = good(Lane::BreakGlass);
    world.now = world.now.plus(HOUR);
    assert_eq!(refused(&world, &case), Code::Expired);
}

proptest! {
    /// Whichever three of five trustees are asked each time, an agent gets at most the budget: each trustee counts what it
    /// answered itself, and every answered reading is counted by three of them.
    #[test]
    fn no_choice_of_trustees_passes_the_budget(
        orders in proptest::collection::vec((1_u64..=3, proptest::sample::subsequence(vec![0_usize, 1, 2, 3, 4], 3)), 0..200)
    ) {
        let key = CounterKey::ReadingsOf(person_id(ADA));
        let now = at("2026-11-20T13:00:00Z");
        let mut ledgers = vec![Ledger::default(); 5];
        let mut read = 0;
        for (people, asked) in orders {
            let allows = |ledger: &Ledger| {
                let already = ledger.people(&key, 1, now);
                already + people <= hard_stop(60, 3, 5, already)
            };
            let answering: Vec<usize> = asked.iter().copied().filter(|at| allows(&ledgers[*at])).collect();
            read += if answering.len() == 3 { people } else { 0 };
            answering.into_iter().for_each(|at| ledgers[at].count(key.clone(), now, people));
        }
        prop_assert!(read <= 60, "{read}");
    }
}
