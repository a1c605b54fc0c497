//! Promises of [`Cases`].

use super::{case, digest, document, event, key, leaf, minute, request};
use crate::journal::Journal;
use crate::{AppendEvent, CaseLeaf, CaseSummary, Cases, DeskStore, Disclosures, EffectKey, StoreError};
use countersign_core::case::Event;

/// Events come back byte for byte and in order, and an unknown case is no error.
pub async fn a_case_is_read_as_it_was_written(store: &impl DeskStore) {
    assert_eq!(store.case(&case(1)).await.expect("reads"), None);
    let first = request(case(1), 0);
    let second = event(case(1), Some(&first), 1, Event::Authenticated { document: digest(2) });
    for (record, leaves) in [(&first, vec![leaf(1), leaf(2)]), (&second, vec![leaf(3)])] {
        let event = AppendEvent { leaves, ..AppendEvent::new(record.clone()) };
        store.append(event).await.expect("appends");
    }
    assert_eq!(store.case(&case(1)).await.expect("reads"), Some(vec![first, second]));
    let expected = [(0, 1), (0, 2), (1, 3)].map(|(event, n)| CaseLeaf { event, key: key(n), kind: "finding".into() });
    assert_eq!(store.leaves_of(&case(1)).await.expect("reads"), expected);
    assert_eq!(store.leaves_of(&case(2)).await.expect("reads"), []);
}

/// A gap, a repeated number and a wrong `previous` are conflicts.
pub async fn an_event_out_of_its_place_is_a_conflict(store: &impl DeskStore) {
    let first = request(case(1), 0);
    let second = event(case(1), Some(&first), 1, Event::Authenticated { document: digest(2) });
    let third = event(case(1), Some(&second), 2, Event::Closed);
    conflicts(store, AppendEvent::new(second.clone())).await;
    store.append(AppendEvent::new(first.clone())).await.expect("appends");
    conflicts(store, AppendEvent::new(third.clone())).await;
    conflicts(store, AppendEvent::new(request(case(1), 5))).await;
    let other = event(case(1), Some(&request(case(1), 5)), 1, Event::Authenticated { document: digest(2) });
    conflicts(store, AppendEvent::new(other)).await;
    store.append(AppendEvent::new(second)).await.expect("appends");
    store.append(AppendEvent::new(third)).await.expect("appends");
}

/// An event that was acknowledged, or whose acknowledgement was lost, can be sent again.
pub async fn the_same_event_again_changes_nothing(store: &impl DeskStore) {
    let first = request(case(1), 0);
    let whole = AppendEvent {
        documents: vec![document(1, b"letter")],
        leaves: vec![leaf(1)],
        ..AppendEvent::new(first.clone())
    };
    store.append(whole.clone()).await.expect("appends");
    store.append(whole.clone()).await.expect("is there already");
    let second = event(case(1), Some(&first), 1, Event::Closed);
    store.append(AppendEvent::new(second)).await.expect("appends");
    store.append(whole).await.expect("is there already");
    assert_eq!(store.case(&case(1)).await.expect("reads").map(|events| events.len()), Some(2));
    assert_eq!(store.leaves_of(&case(1)).await.expect("reads").len(), 1);
}

/// Whatever part of an event cannot be kept, nothing of it is.
pub async fn a_refused_event_leaves_nothing(store: &impl DeskStore) {
    store.append_leaves(vec![document(1, b"letter")], vec![leaf(1)]).await.expect("keeps");
    let event = |documents, leaves| AppendEvent { documents, leaves, ..AppendEvent::new(request(case(1), 0)) };
    let mut other_bytes = leaf(1);
    other_bytes.leaf.push(0);
    let mut other_disclosures = leaf(1);
    other_disclosures.disclosures.pop();
    let (new, other_document) = (document(2, b"new"), document(1, b"other"));
    conflicts(store, event(vec![new.clone(), other_document], vec![leaf(2)])).await;
    conflicts(store, event(vec![new.clone()], vec![leaf(2), other_bytes])).await;
    conflicts(store, event(vec![new.clone()], vec![leaf(2), other_disclosures])).await;
    let mut broken = leaf(3);
    broken.disclosures.push("two\nlines".to_owned());
    let refused = store.append(event(vec![new], vec![leaf(2), broken])).await;
    assert!(matches!(refused, Err(StoreError::Refused { .. })), "{refused:?}");
    assert_eq!(store.case(&case(1)).await.expect("reads"), None);
    assert_eq!(store.cases().await.expect("reads"), []);
    assert_eq!(store.document(&digest(2)).await.expect("reads"), None);
    assert_eq!(store.disclosures_of(&key(2)).await.expect("reads"), None);
    store.append(event(vec![document(2, b"another")], vec![leaf(2)])).await.expect("nothing stands in the way");
}

/// A document is kept once; the same again is no conflict.
pub async fn documents_are_kept_by_digest(store: &impl DeskStore) {
    assert_eq!(store.document(&digest(1)).await.expect("reads"), None);
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    for _ in 0..2 {
        store.append_leaves(vec![document(1, &bytes), document(2, b"")], Vec::new()).await.expect("keeps");
    }
    assert_eq!(store.document(&digest(1)).await.expect("reads"), Some(document(1, &bytes)));
    assert_eq!(store.document(&digest(2)).await.expect("reads"), Some(document(2, b"")));
}

/// Leaves in clear have no disclosures; the same leaf twice is one leaf.
pub async fn leaves_without_an_event(store: &impl DeskStore) {
    let mut clear = leaf(1);
    clear.disclosures.clear();
    store.append_leaves(Vec::new(), vec![clear.clone(), leaf(2), leaf(2)]).await.expect("keeps");
    store.append_leaves(Vec::new(), vec![clear.clone()]).await.expect("is there already");
    assert_eq!(store.disclosures_of(&key(1)).await.expect("reads"), None);
    let kept = store.disclosures_of(&key(2)).await.expect("reads").expect("is there");
    assert_eq!(kept.list, ["secret-2", "other-2"]);
    clear.leaf.push(0);
    let conflict = store.append_leaves(Vec::new(), vec![clear]).await;
    assert!(conflict.is_err_and(|error| error.is_conflict()));
}

/// The case that moved last stands first.
pub async fn cases_are_listed_by_last_move(store: &impl DeskStore) {
    let (one, two) = (request(case(1), 0), request(case(2), 5));
    for record in [&one, &two] {
        store.append(AppendEvent::new(record.clone())).await.expect("appends");
    }
    let summary =
        |n, last, opened, moved| CaseSummary { case: case(n), last, opened_at: minute(opened), last_at: minute(moved) };
    assert_eq!(store.cases().await.expect("reads"), [summary(2, 0, 5, 5), summary(1, 0, 0, 0)]);
    let moved = event(case(1), Some(&one), 9, Event::Refused { document: digest(3) });
    store.append(AppendEvent::new(moved)).await.expect("appends");
    assert_eq!(store.cases().await.expect("reads"), [summary(1, 1, 0, 9), summary(2, 0, 5, 5)]);
}

/// Pages by ascending key make up the whole.
pub async fn disclosures_are_paged_by_key(store: &impl DeskStore) {
    for n in [5, 1, 3, 2, 4] {
        store.append_leaves(Vec::new(), vec![leaf(n)]).await.expect("keeps");
    }
    let keys = |page: &[Disclosures]| page.iter().map(|kept| kept.key[0]).collect::<Vec<_>>();
    assert_eq!(keys(&store.disclosures(None, 2).await.expect("reads")), [1, 2]);
    assert_eq!(keys(&store.disclosures(Some(key(2)), 2).await.expect("reads")), [3, 4]);
    assert_eq!(keys(&store.disclosures(Some(key(4)), 2).await.expect("reads")), [5]);
    assert_eq!(store.disclosures(Some(key(5)), 2).await.expect("reads"), []);
    let all = store.all_disclosures().await.expect("reads");
    assert_eq!(keys(&all), [1, 2, 3, 4, 5]);
    assert_eq!(all.first(), store.disclosures_of(&key(1)).await.expect("reads").as_ref());
}

/// Leaves are accepted by the journal with their event, in their order, and not without it.
pub async fn leaves_reach_the_journal(store: &impl DeskStore, journal: &impl Journal) {
    let first = request(case(1), 0);
    let whole = AppendEvent { leaves: vec![leaf(3), leaf(1)], ..AppendEvent::new(first.clone()) };
    store.append(whole.clone()).await.expect("appends");
    store.append(whole).await.expect("is there already");
    let mut other = leaf(1);
    other.leaf.push(0);
    let second = event(case(1), Some(&first), 1, Event::Closed);
    conflicts(store, AppendEvent { leaves: vec![leaf(4), other], ..AppendEvent::new(second) }).await;
    let effect = EffectKey { kind: "letter".to_owned(), subject: digest(1) };
    let stray = store.finish_effect(&effect, minute(1), leaf(5)).await;
    assert!(matches!(stray, Err(StoreError::Refused { .. })), "{stray:?}");
    store.append_leaves(Vec::new(), vec![leaf(2)]).await.expect("keeps");
    let entries = journal.entries(0, 10).await.expect("reads");
    let found: Vec<_> = entries.iter().map(|entry| (entry.index, entry.key, entry.leaf.clone())).collect();
    assert_eq!(found, [(0, key(3), leaf(3).leaf), (1, key(1), leaf(1).leaf), (2, key(2), leaf(2).leaf)]);
}

async fn conflicts(store: &impl Cases, event: AppendEvent) {
    let result = store.append(event).await;
    assert!(result.as_ref().is_err_and(StoreError::is_conflict), "{result:?}");
}
