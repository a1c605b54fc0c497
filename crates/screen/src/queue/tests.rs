//! The rules of the queue, and that no road leads around them.

use super::*;
use proptest::prelude::*;

pub(super) fn finding(client: &str, entity: &str, states: (&str, &str)) -> Finding {
    Finding {
        client: client.into(),
        entity: entity.into(),
        caption: "Arun Belso".into(),
        log_odds: 1.0,
        rarity: 5.0,
        lane: Lane::Recognised,
        lane_reason: "the policy recognises it".into(),
        origin: Origin::Screening { algorithm: "x/1".into() },
        client_state: states.0.into(),
        entity_state: states.1.into(),
        listings: vec![],
        record: serde_json::Value::Null,
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds).unwrap()
}

fn arrive(queue: &mut Queue, finding: Finding) -> Arrival {
    let arrival = queue.arrive(finding);
    if let Arrival::New(events) = &arrival {
        for event in events.clone() {
            queue.apply(at(10), "screening", event).unwrap();
        }
    }
    arrival
}

fn decide(queue: &mut Queue, number: u64, disposition: Disposition) {
    let reason = "born elsewhere".to_owned();
    queue.apply(at(20), "Mara", Event::Proposed { number, disposition, reason: reason.clone() }).unwrap();
    queue.apply(at(30), "Olen", Event::Agreed { number, reason }).unwrap();
}

#[test]
fn a_decision_needs_two_people_and_reasons() {
    let mut queue = Queue::default();
    arrive(&mut queue, finding("c", "e", ("1", "1")));
    let proposed =
        Event::Proposed { number: 1, disposition: Disposition::FalsePositive, reason: "another birth date".into() };
    let agreed = |reason: &str| Event::Agreed { number: 1, reason: reason.into() };
    assert!(matches!(queue.apply(at(1), "Mara", agreed("seen")), Err(Refused::Stage { .. })), "nothing was proposed");
    for (by, event) in [("", proposed.clone()), ("\u{200b}", proposed.clone())] {
        assert!(matches!(queue.apply(at(1), by, event), Err(Refused::Words(_))));
    }
    for program in ["screening", "Screening "] {
        assert!(matches!(queue.apply(at(1), program, proposed.clone()), Err(Refused::Words(_))), "a program is nobody");
    }
    queue.apply(at(1), "Mara Quill", proposed.clone()).unwrap();
    for same in ["Mara Quill", "mara  quill", "MARA QUILL\u{200b}", "Mara-Quill"] {
        assert!(matches!(queue.apply(at(2), same, agreed("seen")), Err(Refused::SamePerson(_))), "{same}");
    }
    assert!(matches!(queue.apply(at(2), "Olen", agreed(" ")), Err(Refused::Words(_))));
    assert!(matches!(queue.apply(at(2), "Olen", agreed(&"x".repeat(2_001))), Err(Refused::Words(_))));
    assert!(matches!(queue.apply(at(2), "Olen", proposed), Err(Refused::Stage { .. })), "it is proposed already");
    queue.apply(at(2), "Olen", agreed("papers seen")).unwrap();
    let Stage::Decided { by, .. } = &queue.case(1).unwrap().stage else { panic!() };
    assert_eq!(by, &["Mara Quill".to_owned(), "Olen".to_owned()]);
    let again = Event::Withdrawn { number: 1, reason: "no longer".into() };
    assert!(matches!(queue.apply(at(3), "Olen", again), Err(Refused::Stage { .. })), "a decision is not withdrawn");
    assert!(matches!(
        queue.apply(at(3), "Olen", Event::Agreed { number: 7, reason: "x".into() }),
        Err(Refused::Unknown(7))
    ));
}

#[test]
fn who_disagrees_opens_it_again() {
    let mut queue = Queue::default();
    arrive(&mut queue, finding("c", "e", ("1", "1")));
    let proposed = Event::Proposed { number: 1, disposition: Disposition::Confirmed, reason: "same passport".into() };
    queue.apply(at(1), "Mara", proposed).unwrap();
    queue.apply(at(2), "Olen", Event::Disagreed { number: 1, reason: "the number is another".into() }).unwrap();
    assert_eq!(queue.case(1).unwrap().stage, Stage::Open);
    assert_eq!(queue.waiting(Lane::Recognised).len(), 1);
}

#[test]
fn a_false_positive_is_silent_until_either_side_changes() {
    let mut queue = Queue::default();
    arrive(&mut queue, finding("c", "e", ("1", "1")));
    assert_eq!(arrive(&mut queue, finding("c", "e", ("1", "1"))), Arrival::Known(1));
    decide(&mut queue, 1, Disposition::FalsePositive);
    assert_eq!(arrive(&mut queue, finding("c", "e", ("1", "1"))), Arrival::Suppressed(1));
    assert_eq!(
        arrive(&mut queue, finding("c2", "e", ("1", "1"))),
        Arrival::New(vec![Event::Raised { number: 2, again: None, finding: Box::new(finding("c2", "e", ("1", "1"))) }]),
        "of another client"
    );
    for (states, why) in [(("2", "1"), "client's data"), (("2", "2"), "the listing")] {
        let Arrival::New(events) = arrive(&mut queue, finding("c", "e", states)) else {
            panic!("{states:?} is silent")
        };
        let Some(Event::Raised { number, again: Some(again), .. }) = events.last() else { panic!() };
        assert!(again.contains(why), "{again}");
        decide(&mut queue, *number, Disposition::FalsePositive);
    }
    assert!(
        matches!(arrive(&mut queue, finding("c", "e", ("1", "1"))), Arrival::New(_)),
        "an older decision does not come back to life"
    );
}

#[test]
fn what_changed_before_it_was_decided_is_raised_anew() {
    let mut queue = Queue::default();
    arrive(&mut queue, finding("c", "e", ("1", "1")));
    queue
        .apply(
            at(1),
            "Mara",
            Event::Proposed { number: 1, disposition: Disposition::FalsePositive, reason: "another".into() },
        )
        .unwrap();
    assert!(matches!(arrive(&mut queue, finding("c", "e", ("1", "2"))), Arrival::New(events) if events.len() == 2));
    assert!(matches!(queue.case(1).unwrap().stage, Stage::Withdrawn { .. }));
    assert_eq!(queue.waiting(Lane::Recognised).iter().map(|case| case.number).collect::<Vec<_>>(), [2]);
    let late = Event::Agreed { number: 1, reason: "agreed".into() };
    assert!(queue.apply(at(2), "Olen", late).is_err(), "nobody agrees to what was said of older data");
}

#[test]
fn among_equals_the_rarest_name_comes_first() {
    let mut queue = Queue::default();
    for (client, log_odds, rarity) in [("a", 2.0, 3.0), ("b", 2.0, 9.0), ("d", 2.0, 3.0), ("c", 4.0, 1.0)] {
        arrive(&mut queue, Finding { log_odds, rarity, ..finding(client, "e", ("1", "1")) });
    }
    arrive(&mut queue, Finding { lane: Lane::People, log_odds: 9.0, ..finding("p", "e", ("1", "1")) });
    let order = |lane| queue.waiting(lane).iter().map(|case| case.finding.client.clone()).collect::<Vec<_>>();
    assert_eq!(order(Lane::Recognised), ["c", "b", "a", "d"]);
    assert_eq!(order(Lane::People), ["p"]);
}

proptest! {
    /// Whatever is tried in whatever order: who decided are two people, and only what two people called false is silent.
    #[test]
    fn no_road_leads_around_two_people(steps in proptest::collection::vec((0_u8..7, 1_u64..5, 0_usize..3, 0_u8..3), 0..60)) {
        let mut queue = Queue::default();
        for (act, number, person, state) in steps {
            let by = ["Mara", "Olen", "MARA"][person];
            let reason = "because".to_owned();
            let state = state.to_string();
            match act {
                0 | 1 => {
                    let known = queue.by_pair.get(&("c".to_owned(), "e".to_owned())).copied();
                    let arrival = arrive(&mut queue, finding("c", "e", ("1", &state)));
                    if let Arrival::Suppressed(number) = arrival {
                        prop_assert_eq!(known, Some(number));
                        let case = queue.case(number).unwrap();
                        prop_assert_eq!(&case.finding.entity_state, &state);
                        prop_assert!(matches!(case.stage, Stage::Decided { disposition: Disposition::FalsePositive, .. }), "not decided");
                    }
                }
                2 => drop(queue.apply(at(1), by, Event::Proposed { number, disposition: Disposition::FalsePositive, reason })),
                3 => drop(queue.apply(at(1), by, Event::Proposed { number, disposition: Disposition::Confirmed, reason })),
                4 => drop(queue.apply(at(1), by, Event::Agreed { number, reason })),
                5 => drop(queue.apply(at(1), by, Event::Disagreed { number, reason })),
                _ => drop(queue.apply(at(1), by, Event::Withdrawn { number, reason })),
            }
            for case in queue.cases() {
                if let Stage::Decided { by: [first, second], .. } = &case.stage {
                    prop_assert!(!first.eq_ignore_ascii_case(second));
                }
            }
            // One pair never waits twice.
            prop_assert!(queue.waiting(Lane::Recognised).len() <= 1);
        }
    }
}
