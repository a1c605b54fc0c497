use super::*;
use proptest::prelude::*;

fn d(byte: u8) -> Digest {
    Digest([byte; 32])
}

fn events() -> impl Strategy<Value = Event> {
    // Few digests and indices on purpose, so that random lists often agree about the order.
    let document = (0u8..2).prop_map(d);
    let order = (0u8..2).prop_map(d);
    let authority = AuthorityId::parse("xa-court").unwrap();
    let other = authority.clone();
    prop_oneof![
        document.clone().prop_map(move |document| Event::Contact { document, authority: authority.clone() }),
        document.clone().prop_map(move |document| Event::Request { document, authority: other.clone() }),
        document.clone().prop_map(|document| Event::Authenticated { document }),
        document.clone().prop_map(|document| Event::Fake { document }),
        document.clone().prop_map(|document| Event::Found { document }),
        document.clone().prop_map(|document| Event::AskedMore { document }),
        document.clone().prop_map(|document| Event::Completed { document }),
        order.clone().prop_map(|order| Event::Proposed { order }),
        (order.clone(), document.clone()).prop_map(|(order, approval)| Event::Signed { order, approval }),
        order.clone().prop_map(|order| Event::Approved { order }),
        (order.clone(), 0u64..3).prop_map(|(order, index)| Event::Logged { order, index }),
        order.clone().prop_map(|order| Event::Held { order, until: Timestamp::MIN }),
        (order.clone(), 0u64..5).prop_map(|(order, intent)| Event::ReleaseStarted { order, intent }),
        (order, document.clone()).prop_map(|(order, package)| Event::Delivered { order, package }),
        document.clone().prop_map(|document| Event::Notified { document }),
        document.clone().prop_map(|document| Event::Refused { document }),
        document.clone().prop_map(|document| Event::Challenged { document }),
        document.clone().prop_map(|document| Event::ChallengeDecided { document }),
        document.prop_map(|document| Event::Withdrawn { document }),
        Just(Event::Expired),
        Just(Event::Locked),
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
            let stopped = before.iter().any(|(event, _)| matches!(event, Event::Fake { .. } | Event::Locked));
            prop_assert!(!stopped);
        }
    }

    #[test]
    fn a_final_stage_takes_nothing(event in events()) {
        prop_assert!(Stage::Closed.after(&event).is_err());
        prop_assert!(Stage::Locked.after(&event).is_err());
    }
}
