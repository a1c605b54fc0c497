use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn d(byte: u8) -> Digest {
    Digest([byte; 32])
}

/// So many minutes after a fixed noon.
fn at(minute: i64) -> Timestamp {
    Timestamp::parse("2026-11-20T12:00:00Z").unwrap().plus(60 * minute)
}

fn events() -> impl Strategy<Value = Event> {
    // Few digests and indices on purpose, so that random lists often agree about the order.
    let document = (0u8..2).prop_map(d);
    let order = (0u8..2).prop_map(d);
    let minutes = 0i64..20;
    let authority = AuthorityId::parse("xa-court").unwrap();
    let other = authority.clone();
    prop_oneof![
        document.clone().prop_map(move |document| Event::Contact { document, authority: authority.clone() }),
        document.clone().prop_map(move |document| Event::Request { document, authority: other.clone() }),
        document.clone().prop_map(|document| Event::Acknowledged { document }),
        document.clone().prop_map(|document| Event::Authenticated { document }),
        document.clone().prop_map(|document| Event::Fake { document }),
        document.clone().prop_map(|document| Event::Found { document }),
        document.clone().prop_map(|document| Event::AskedMore { document }),
        document.clone().prop_map(|document| Event::Completed { document }),
        order.clone().prop_map(|order| Event::Proposed { order }),
        (order.clone(), document.clone()).prop_map(|(order, approval)| Event::Signed { order, approval }),
        order.clone().prop_map(|order| Event::Approved { order }),
        (order.clone(), 0u64..3).prop_map(|(order, index)| Event::Logged { order, index }),
        (order.clone(), document.clone()).prop_map(|(order, document)| Event::Returned { order, document }),
        (order.clone(), minutes.clone()).prop_map(|(order, minute)| Event::Held {
            order,
            document: d(0),
            until: at(minute)
        }),
        (order.clone(), 0u64..5).prop_map(|(order, intent)| Event::ReleaseStarted { order, intent }),
        (order, document.clone()).prop_map(|(order, package)| Event::Delivered { order, package }),
        minutes.clone().prop_map(|minute| Event::Delayed { document: d(0), until: at(minute) }),
        document.clone().prop_map(|document| Event::Notified { document }),
        minutes.prop_map(|minute| Event::Preserved { document: d(0), until: at(minute) }),
        document.clone().prop_map(|document| Event::PreservationEnded { document }),
        document.clone().prop_map(|document| Event::Protested { order: d(1), document }),
        document.clone().prop_map(|document| Event::Refused { document }),
        document.clone().prop_map(|document| Event::Challenged { document }),
        document.clone().prop_map(|document| Event::ChallengeDecided { document }),
        document.prop_map(|document| Event::Withdrawn { document }),
        Just(Event::Expired { document: d(0) }),
        Just(Event::Locked { document: d(0) }),
        Just(Event::Confirmed { document: d(0) }),
        Just(Event::Objected { document: d(0) }),
        Just(Event::Closed),
    ]
}

/// Applies what the stages take and returns the accepted events with the stage after each.
fn run(list: &[Event]) -> Vec<(Event, Stage)> {
    let mut taken: Vec<(Event, Stage)> = Vec::new();
    for event in list {
        let next = match taken.last() {
            None => Stage::open(event),
            Some((_, stage)) => stage.clone().after(event),
        };
        if let Ok(stage) = next {
            taken.push((event.clone(), stage));
        }
    }
    taken
}

/// The shortest road to a delivery, so that random prefixes and mutations of it reach the deep stages.
fn road() -> Vec<Event> {
    let authority = AuthorityId::parse("xa-court").unwrap();
    vec![
        Event::Request { document: d(0), authority },
        Event::Authenticated { document: d(0) },
        Event::Found { document: d(0) },
        Event::Proposed { order: d(1) },
        Event::Signed { order: d(1), approval: d(0) },
        Event::Signed { order: d(1), approval: d(1) },
        Event::Approved { order: d(1) },
        Event::Logged { order: d(1), index: 1 },
        Event::ReleaseStarted { order: d(1), intent: 2 },
        Event::Delivered { order: d(1), package: d(0) },
        Event::Notified { document: d(0) },
        Event::Closed,
    ]
}

#[test]
fn the_road_leads_to_closed_and_every_step_of_it_is_needed() {
    let whole = run(&road());
    assert_eq!(whole.len(), road().len());
    assert_eq!(whole.last().unwrap().1, Stage::Closed);
    for skipped in [0, 1, 3, 6, 7, 8] {
        let mut list = road();
        list.remove(skipped);
        let delivered = run(&list).iter().any(|(_, stage)| matches!(stage, Stage::Delivered { .. }));
        assert!(!delivered, "delivered without step {skipped}");
    }
}

#[test]
fn an_error_says_what_to_do() {
    let error = Stage::Review { request: d(0) }.after(&Event::Approved { order: d(1) }).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a case in stage REVIEW does not take the event approved; answer the open questions, set the scope, then propose or refuse"
    );
}

proptest! {
    #[test]
    fn no_release_without_an_approved_and_public_order(
        noise in proptest::collection::vec((0usize..13, events()), 0..12),
        cut in 0usize..=12,
    ) {
        let mut list = road();
        list.truncate(cut);
        for (place, event) in noise {
            list.insert(place.min(list.len()), event);
        }
        let taken = run(&list);
        for (position, (_, stage)) in taken.iter().enumerate() {
            let (Stage::Releasing { order, .. } | Stage::Delivered { order, .. }) = stage else { continue };
            let before = &taken[..=position];
            let seen = |wanted: &dyn Fn(&Event) -> bool| before.iter().position(|(event, _)| wanted(event));
            let signed = seen(&|event| matches!(event, Event::Signed { order: o, .. } if o == order));
            let approved = seen(&|event| matches!(event, Event::Approved { order: o } if o == order));
            let logged = seen(&|event| matches!(event, Event::Logged { order: o, .. } if o == order));
            let started = seen(&|event| matches!(event, Event::ReleaseStarted { order: o, .. } if o == order));
            prop_assert!(signed.is_some() && signed < approved && approved < logged && logged < started);
            let stopped = before.iter().any(|(event, _)| matches!(event, Event::Fake { .. } | Event::Locked { .. }));
            prop_assert!(!stopped);
        }
    }

    #[test]
    fn a_final_stage_takes_nothing(event in events()) {
        prop_assert!(Stage::Closed.after(&event).is_err());
        prop_assert!(Stage::Locked.after(&event).is_err());
    }
}

/// Every event that a case of one order (and, after a return, of a second one) can meet.
fn alphabet() -> Vec<Event> {
    let authority = AuthorityId::parse("xa-court").unwrap();
    let mut all = vec![
        Event::Contact { document: d(0), authority: authority.clone() },
        Event::Request { document: d(0), authority },
        Event::Acknowledged { document: d(0) },
        Event::Authenticated { document: d(0) },
        Event::Fake { document: d(0) },
        Event::Found { document: d(0) },
        Event::AskedMore { document: d(0) },
        Event::Completed { document: d(0) },
        Event::Delayed { document: d(0), until: at(9) },
        Event::Notified { document: d(0) },
        Event::Refused { document: d(0) },
        Event::Challenged { document: d(0) },
        Event::ChallengeDecided { document: d(0) },
        Event::Preserved { document: d(0), until: at(9) },
        Event::PreservationEnded { document: d(0) },
        Event::Withdrawn { document: d(0) },
        Event::Expired { document: d(0) },
        Event::Locked { document: d(0) },
        Event::Confirmed { document: d(0) },
        Event::Objected { document: d(0) },
        Event::Closed,
    ];
    for order in [d(1), d(2)] {
        all.extend([
            Event::Proposed { order },
            Event::Signed { order, approval: d(0) },
            Event::Approved { order },
            Event::Logged { order, index: 1 },
            Event::Returned { order, document: d(0) },
            Event::Held { order, document: d(0), until: at(9) },
            Event::Protested { order, document: d(0) },
            Event::ReleaseStarted { order, intent: 2 },
            Event::Delivered { order, package: d(0) },
        ]);
    }
    all
}

/// What has happened to an order since it was last proposed: signed, approved, logged, begun to be released.
type Steps = [bool; 4];

fn steps_of(event: &Event, order: Digest, mut steps: Steps) -> Steps {
    match event {
        Event::Proposed { order: o } if *o == order => steps = [false; 4],
        Event::Signed { order: o, .. } if *o == order => steps[0] = true,
        Event::Approved { order: o } if *o == order => steps[1] = true,
        Event::Logged { order: o, .. } if *o == order => steps[2] = true,
        Event::ReleaseStarted { order: o, .. } if *o == order => steps[3] = true,
        _ => {}
    }
    steps
}

/// All of it, not a sample: every stage that any list of these events can reach, with what happened to both orders.
#[test]
fn every_reachable_release_was_signed_approved_and_logged_since_its_proposal() {
    let alphabet = alphabet();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<(Stage, [Steps; 2])> = Vec::new();
    for event in &alphabet {
        if let Ok(stage) = Stage::open(event) {
            open.push((stage, [[false; 4]; 2]));
        }
    }
    assert_eq!(open.len(), 2, "a case begins with a contact or a request");
    while let Some((stage, steps)) = open.pop() {
        if !seen.insert(format!("{stage:?} {steps:?}")) {
            continue;
        }
        names.insert(stage.name());
        let releases = match &stage {
            Stage::Releasing { order, .. } | Stage::Delivered { order, .. } | Stage::Notified { order } => Some(*order),
            _ => None,
        };
        if let Some(order) = releases {
            let place = usize::from(order == d(2));
            assert_eq!(steps[place], [true; 4], "{stage:?}");
        }
        for event in &alphabet {
            if let Ok(next) = stage.clone().after(event) {
                assert!(!stage.is_final(), "{stage:?} takes {}", event.name());
                let steps = [steps_of(event, d(1), steps[0]), steps_of(event, d(2), steps[1])];
                open.push((next, steps));
            }
        }
    }
    assert_eq!(names, Stage::NAMES.iter().copied().collect(), "every stage can be reached");
}

fn live(list: &[(i64, Event)]) -> Result<Life, WrongStage> {
    let (_, first) = &list[0];
    let begun = Life { stage: Stage::open(first)?, aside: Aside::default() };
    list[1..].iter().try_fold(begun, |life, (minute, event)| life.after(event, at(*minute)))
}

/// The road up to a stage, one event a minute.
fn until(name: &str) -> Vec<(i64, Event)> {
    let mut list = Vec::new();
    for (minute, event) in (0..).zip(road()) {
        list.push((minute, event));
        if live(&list).unwrap().stage.name() == name {
            return list;
        }
    }
    panic!("the road does not pass {name}");
}

fn then(mut list: Vec<(i64, Event)>, more: &[(i64, Event)]) -> Result<Life, WrongStage> {
    list.extend(more.iter().cloned());
    live(&list)
}

#[test]
fn a_held_order_is_not_released_before_its_time() {
    let hold = |end| Event::Held { order: d(1), document: d(0), until: at(end) };
    let start = Event::ReleaseStarted { order: d(1), intent: 2 };
    let logged = until("LOGGED");
    let early = then(logged.clone(), &[(20, hold(30)), (29, start.clone())]).unwrap_err();
    assert_eq!(
        early.to_string(),
        "a case in stage HOLD does not take the event release_started; it is held until 2026-11-20T12:30:00Z"
    );
    let life = then(logged.clone(), &[(20, hold(30)), (30, start.clone())]).unwrap();
    assert_eq!(life.stage.name(), "RELEASING");
    assert!(then(logged.clone(), &[(20, hold(30)), (21, hold(25))]).is_err(), "a hold is not shortened");
    assert!(then(logged.clone(), &[(20, hold(30)), (21, hold(40)), (35, start.clone())]).is_err());
    assert!(then(logged.clone(), &[(20, hold(19))]).is_err(), "a hold that is over before it begins");
    assert!(then(logged, &[(20, start)]).is_ok());
}

#[test]
fn a_returned_or_challenged_order_needs_everything_anew() {
    for back in [
        vec![Event::Returned { order: d(1), document: d(0) }],
        vec![Event::Challenged { document: d(0) }, Event::ChallengeDecided { document: d(1) }],
    ] {
        for from in ["PROPOSED", "APPROVED", "LOGGED"] {
            let mut list = until(from);
            list.extend(back.iter().map(|event| (20, event.clone())));
            assert_eq!(live(&list).unwrap().stage, Stage::Review { request: d(0) }, "{from}");
            for event in [
                Event::Signed { order: d(1), approval: d(1) },
                Event::Approved { order: d(1) },
                Event::Logged { order: d(1), index: 1 },
                Event::ReleaseStarted { order: d(1), intent: 2 },
            ] {
                assert!(then(list.clone(), &[(21, event)]).is_err(), "{from}");
            }
            assert!(then(list, &[(21, Event::Proposed { order: d(2) })]).is_ok(), "{from}");
        }
    }
    assert!(then(until("RELEASING"), &[(20, Event::Returned { order: d(1), document: d(0) })]).is_err());
    assert!(then(until("PROPOSED"), &[(20, Event::Returned { order: d(2), document: d(0) })]).is_err());
}

#[test]
fn a_preservation_runs_beside_and_is_only_prolonged() {
    let keep = |end| Event::Preserved { document: d(0), until: at(end) };
    let kept = then(until("REVIEW"), &[(20, keep(60)), (21, Event::Proposed { order: d(1) })]).unwrap();
    assert_eq!(kept.stage.name(), "PROPOSED");
    assert!(kept.is_preserved(at(59)) && !kept.is_preserved(at(60)));
    assert!(then(until("REVIEW"), &[(20, keep(60)), (21, keep(60))]).is_err());
    assert!(then(until("REVIEW"), &[(20, keep(60)), (21, keep(61))]).is_ok());
    assert!(then(until("REVIEW"), &[(20, keep(60)), (61, keep(70))]).is_ok(), "kept anew after it had ended");
    assert!(then(until("REVIEW"), &[(20, keep(20))]).is_err());
    assert!(live(&[(0, road()[0].clone()), (1, keep(60))]).is_err(), "nobody's data are kept for an unchecked letter");
    let end = Event::PreservationEnded { document: d(0) };
    assert!(then(until("REVIEW"), &[(20, end.clone())]).is_err(), "nothing is preserved");
    let ended = then(until("REVIEW"), &[(20, keep(60)), (21, Event::Refused { document: d(0) }), (22, end)]).unwrap();
    assert_eq!((ended.stage, ended.aside.preserved), (Stage::Refused, None));
}

#[test]
fn a_delay_ends_before_anybody_is_told() {
    let delay = Event::Delayed { document: d(0), until: at(60) };
    let told = Event::Notified { document: d(0) };
    let delivered = until("DELIVERED");
    let delayed = then(delivered.clone(), &[(20, delay.clone())]).unwrap();
    assert_eq!((delayed.stage.name(), delayed.aside.delayed), ("DELIVERED", Some(at(60))));
    let early = then(delivered.clone(), &[(20, delay.clone()), (59, told.clone())]).unwrap_err();
    assert!(early.to_string().ends_with("a delay order forbids telling anybody until 2026-11-20T13:00:00Z"), "{early}");
    assert!(then(delivered.clone(), &[(20, delay.clone()), (59, Event::Closed)]).is_err(), "told first, then closed");
    let life = then(delivered, &[(20, delay), (60, told), (61, Event::Closed)]).unwrap();
    assert_eq!(life, Life { stage: Stage::Closed, aside: Aside::default() });
}

#[test]
fn a_protest_belongs_to_one_order() {
    let protest = |order| Event::Protested { order, document: d(0) };
    let life = then(until("PROPOSED"), &[(20, protest(d(1)))]).unwrap();
    assert!(life.is_protested(&d(1)) && !life.is_protested(&d(2)));
    assert!(then(until("PROPOSED"), &[(20, protest(d(2)))]).is_err());
    assert!(then(until("REVIEW"), &[(20, protest(d(1)))]).is_err());
    let again = [
        (20, protest(d(1))),
        (21, Event::Returned { order: d(1), document: d(0) }),
        (22, Event::Proposed { order: d(2) }),
    ];
    assert!(!then(until("PROPOSED"), &again).unwrap().is_protested(&d(2)));
}

#[test]
fn a_second_review_follows_a_release_once_and_changes_no_stage() {
    let confirmed = Event::Confirmed { document: d(0) };
    let objected = Event::Objected { document: d(1) };
    for early in ["RECEIVED", "REVIEW", "PROPOSED", "APPROVED", "LOGGED", "RELEASING", "CLOSED"] {
        assert!(then(until(early), &[(20, confirmed.clone())]).is_err(), "{early}");
    }
    for from in ["DELIVERED", "NOTIFIED"] {
        let life = then(until(from), &[(20, objected.clone())]).unwrap();
        assert_eq!(life.stage.name(), from, "an objection takes nothing back");
        assert_eq!(life.aside.review, Some(SecondReview { document: d(1), objects: true }));
        for second in [&confirmed, &objected] {
            let twice = then(until(from), &[(20, confirmed.clone()), (21, second.clone())]).unwrap_err();
            assert!(twice.to_string().ends_with("its second review is on file already"), "{twice}");
        }
    }
    // A release that began may end without a package, and trustees may have answered all the same.
    for ended in [Event::Refused { document: d(0) }, Event::Expired { document: d(0) }] {
        let list = [(20, ended), (21, confirmed.clone()), (22, Event::Closed)];
        let life = then(until("RELEASING"), &list).unwrap();
        assert_eq!((life.stage, life.aside.review.map(|review| review.objects)), (Stage::Closed, Some(false)));
    }
    let told = [(20, objected), (21, Event::Notified { document: d(0) }), (22, Event::Closed)];
    assert_eq!(then(until("DELIVERED"), &told).unwrap().stage, Stage::Closed);
}
