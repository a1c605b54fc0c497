//! Promises of [`Openings`](crate::Openings).

use super::{case, document, event, key, leaf, request};
use crate::{AppendEvent, DeskStore, NewLeaf, NewOpening, StoreError};
use countersign_core::case::Event;

fn opening(n: u8, opens: &[u8]) -> NewOpening {
    let leaf = NewLeaf { kind: "opening".to_owned(), disclosures: Vec::new(), ..leaf(n) };
    NewOpening { leaf, opens: opens.iter().map(|n| key(*n)).collect() }
}

async fn closed(store: &impl DeskStore) -> Vec<u8> {
    store.closed_leaves(0, 100).await.expect("reads").iter().map(|leaf| leaf.key[0]).collect()
}

/// Sealed leaves stand in the order of the journal, with the case whose event brought them; leaves in clear do not.
pub async fn sealed_leaves_are_closed_until_they_are_opened(store: &impl DeskStore) {
    assert_eq!(store.closed_leaves(0, 100).await.expect("reads"), []);
    store.append_leaves(Vec::new(), vec![leaf(9), opening(8, &[]).leaf]).await.expect("keeps");
    let first = request(case(1), 0);
    let second = event(case(1), Some(&first), 1, Event::Closed);
    for (record, n) in [(first.clone(), 3), (second, 2)] {
        store.append(AppendEvent { leaves: vec![leaf(n)], ..AppendEvent::new(record) }).await.expect("appends");
    }
    let found = store.closed_leaves(0, 100).await.expect("reads");
    let seen: Vec<_> = found.iter().map(|leaf| (leaf.index, leaf.key[0], leaf.kind.as_str(), leaf.case)).collect();
    assert_eq!(seen, [(0, 9, "finding", None), (2, 3, "finding", Some(case(1))), (3, 2, "finding", Some(case(1)))],);
    assert_eq!(store.closed_leaves(1, 1).await.expect("reads"), found[1..2]);
    assert_eq!(store.closed_leaves(4, 9).await.expect("reads"), []);
    store.append_openings(vec![opening(20, &[3]), opening(21, &[9])]).await.expect("opens");
    assert_eq!(closed(store).await, [2]);
}

/// What an opening needs of a leaf stays there when it is opened.
pub async fn a_sealed_leaf_is_read_whole(store: &impl DeskStore) {
    assert_eq!(store.sealed_leaf(&key(1)).await.expect("reads"), None);
    store.append_leaves(vec![document(1, b"x")], vec![opening(8, &[]).leaf, leaf(1)]).await.expect("keeps");
    assert_eq!(store.sealed_leaf(&key(8)).await.expect("reads"), None);
    for _ in 0..2 {
        let found = store.sealed_leaf(&key(1)).await.expect("reads").expect("is there");
        assert_eq!((found.index, &found.leaf), (1, &leaf(1).leaf));
        assert_eq!(Some(found.disclosures), store.disclosures_of(&key(1)).await.expect("reads"));
        store.append_openings(vec![opening(20, &[1])]).await.expect("opens");
    }
}

/// A leaf is opened once; an opening that was acknowledged, or whose acknowledgement was lost, can be sent again.
pub async fn a_leaf_is_opened_once(store: &impl DeskStore) {
    store.append_leaves(Vec::new(), vec![leaf(1), leaf(2), leaf(3)]).await.expect("keeps");
    let batch = vec![opening(20, &[1]), opening(21, &[2])];
    store.append_openings(batch.clone()).await.expect("opens");
    store.append_openings(batch.clone()).await.expect("is there already");
    assert_eq!(closed(store).await, [3]);
    for wrong in [vec![opening(22, &[3]), opening(23, &[1])], vec![opening(22, &[3]), opening(23, &[3])]] {
        let refused = store.append_openings(wrong).await;
        assert!(refused.as_ref().is_err_and(StoreError::is_conflict), "{refused:?}");
        assert_eq!(closed(store).await, [3]);
    }
    let mut other = opening(20, &[3]);
    other.leaf.leaf.push(0);
    let refused = store.append_openings(vec![other]).await;
    assert!(refused.as_ref().is_err_and(StoreError::is_conflict), "{refused:?}");
    assert_eq!(closed(store).await, [3]);
}

/// An opening of what is no sealed leaf leaves nothing, neither its leaf nor the openings beside it.
pub async fn a_refused_opening_leaves_nothing(store: &impl DeskStore) {
    store.append_leaves(Vec::new(), vec![leaf(1), opening(8, &[]).leaf]).await.expect("keeps");
    for stranger in [7, 8] {
        let refused = store.append_openings(vec![opening(20, &[1]), opening(21, &[stranger])]).await;
        assert!(matches!(refused, Err(StoreError::Refused { .. })), "{refused:?}");
        assert_eq!(closed(store).await, [1]);
    }
    // Nothing stands in the way: under the keys of the refused ones other bytes are kept.
    let mut other = opening(20, &[1]);
    other.leaf.leaf.push(0);
    store.append_openings(vec![other]).await.expect("opens");
    assert!(closed(store).await.is_empty());
}
