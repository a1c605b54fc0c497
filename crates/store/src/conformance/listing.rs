//! Promises of [`Listing`](crate::Listing).

use super::{case, digest, event, minute, request};
use crate::{AppendEvent, CaseStanding, DeskStore, Due, DuePlace, StoreError};
use countersign_core::case::Event;
use countersign_core::id::PersonId;

fn person(id: &str) -> PersonId {
    PersonId::parse(id).expect("a person")
}

fn standing(n: u8, through: u32, due: Option<i64>) -> CaseStanding {
    CaseStanding {
        case: case(n),
        through,
        stage: "REVIEW".to_owned(),
        open: true,
        holder: person("anna-berg"),
        due: due.map(|minutes| Due { at: minute(minutes), clock: "review".to_owned(), paused: n == 2 }),
    }
}

/// A case is unplaced until it is placed by its last event, and again after it has moved.
pub async fn a_case_that_has_moved_is_unplaced(store: &impl DeskStore) {
    let (one, two) = (request(case(1), 0), request(case(2), 5));
    for record in [&two, &one] {
        store.append(AppendEvent::new(record.clone())).await.expect("appends");
    }
    let unplaced = store.unplaced_cases(10).await.expect("reads");
    assert_eq!(
        unplaced.iter().map(|summary| (summary.case, summary.last)).collect::<Vec<_>>(),
        [(case(1), 0), (case(2), 0)]
    );
    assert_eq!((unplaced[0].opened_at, unplaced[0].last_at), (minute(0), minute(0)));
    assert_eq!(store.unplaced_cases(1).await.expect("reads").len(), 1);
    assert_eq!(
        store.cases_by_deadline(None, None, 10).await.expect("reads"),
        [],
        "nothing is said before it was computed"
    );
    store.place_cases(&[standing(1, 0, Some(7)), standing(2, 0, None)]).await.expect("places");
    assert_eq!(store.unplaced_cases(10).await.expect("reads"), []);
    let moved = event(case(1), Some(&one), 9, Event::Authenticated { document: digest(3) });
    store.append(AppendEvent::new(moved.clone())).await.expect("appends");
    store.append(AppendEvent::new(moved)).await.expect("is there already");
    let unplaced = store.unplaced_cases(10).await.expect("reads");
    assert_eq!(unplaced.iter().map(|summary| (summary.case, summary.last)).collect::<Vec<_>>(), [(case(1), 1)]);
    assert_eq!((unplaced[0].opened_at, unplaced[0].last_at), (minute(0), minute(9)));
    // What was computed from fewer events is kept, and the case stays unplaced.
    store.place_cases(&[standing(1, 0, Some(8))]).await.expect("places");
    assert_eq!(store.unplaced_cases(10).await.expect("reads").len(), 1);
    store.place_cases(&[standing(1, 1, Some(8))]).await.expect("places");
    assert_eq!(store.unplaced_cases(10).await.expect("reads"), []);
    store.displace_cases().await.expect("forgets");
    assert_eq!(store.unplaced_cases(10).await.expect("reads").len(), 2);
    assert_eq!(store.cases_by_deadline(None, None, 10).await.expect("reads"), []);
}

/// A case that is not there, or an event that it does not have, is refused, and nothing is placed.
pub async fn only_events_that_are_there_place_a_case(store: &impl DeskStore) {
    store.append(AppendEvent::new(request(case(1), 0))).await.expect("appends");
    for wrong in [standing(2, 0, Some(1)), standing(1, 1, Some(1))] {
        let refused = store.place_cases(&[standing(1, 0, Some(1)), wrong]).await;
        assert!(matches!(refused, Err(StoreError::Refused { .. })), "{refused:?}");
        assert_eq!(store.unplaced_cases(10).await.expect("reads").len(), 1);
    }
}

/// Pages by deadline make up the whole; cases without a deadline come last, closed ones not at all.
pub async fn open_cases_are_paged_by_deadline(store: &impl DeskStore) {
    for n in 1..=6 {
        store.append(AppendEvent::new(request(case(n), i64::from(n)))).await.expect("appends");
    }
    let other = CaseStanding { holder: person("bruno-lind"), ..standing(3, 0, Some(20)) };
    let closed = CaseStanding { open: false, ..standing(6, 0, Some(1)) };
    let placed = [
        standing(1, 0, Some(30)),
        standing(2, 0, Some(20)),
        other.clone(),
        standing(4, 0, None),
        standing(5, 0, Some(-10)),
        closed,
    ];
    store.place_cases(&placed).await.expect("places");
    let all = store.cases_by_deadline(None, None, 10).await.expect("reads");
    let order = |page: &[CaseStanding]| page.iter().map(|standing| standing.case.as_bytes()[0]).collect::<Vec<_>>();
    assert_eq!(order(&all), [5, 2, 3, 1, 4], "equal deadlines by id");
    assert_eq!(all[1], standing(2, 0, Some(20)), "as it was placed");
    assert_eq!(all[4].due, None);
    let (mut paged, mut after) = (Vec::new(), None::<DuePlace>);
    loop {
        let page = store.cases_by_deadline(None, after, 2).await.expect("reads");
        let Some(last) = page.last() else { break };
        after = Some(last.place());
        paged.extend(page);
    }
    assert_eq!(paged, all);
    assert_eq!(store.cases_by_deadline(Some(&person("bruno-lind")), None, 10).await.expect("reads"), [other]);
    assert_eq!(order(&store.cases_by_deadline(Some(&person("anna-berg")), None, 2).await.expect("reads")), [5, 2]);
    assert_eq!(store.cases_by_deadline(Some(&person("carl-nobody")), None, 10).await.expect("reads"), []);
}
