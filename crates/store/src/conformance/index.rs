//! Promises of [`BlindIndex`](crate::BlindIndex).

use super::{case, digest, key, leaf, minute};
use crate::{Batch, DeskStore, IndexCounts, Indexed, Lookup, LookupReceipt, NewLookup, NewPosting, StoreError};
use countersign_core::id::{Handle, RecordId};

const EMAIL: u8 = 130;
const PHONE: u8 = 131;

/// Batch number `n` of these records.
fn batch(n: u8, attribute: u8, records: &[u8]) -> Batch {
    Batch {
        lookup: digest(n),
        attribute,
        import: digest(100),
        document: vec![n; 50],
        leaf: key(n),
        records: records.iter().map(|record| RecordId([*record; 32])).collect(),
    }
}

fn posting(n: u8, before: Option<&[u8]>, sealed: &[u8]) -> NewPosting {
    NewPosting { name: [n; 16], before: before.map(<[u8]>::to_vec), sealed: sealed.to_vec() }
}

/// A batch is open until it is finished with its lists, and both happen together.
pub async fn a_batch_is_finished_with_its_lists(store: &impl DeskStore) {
    let (first, second) = (batch(1, EMAIL, &[3, 1, 2]), batch(2, PHONE, &[1, 2]));
    for (batch, leaf) in [(&first, leaf(1)), (&second, leaf(2)), (&first, leaf(1))] {
        store.begin_batch(batch.clone(), leaf, minute(0)).await.expect("begins");
    }
    assert_eq!(store.open_batches().await.expect("lists"), [first.clone(), second.clone()]);
    assert_eq!(store.last_finished().await.expect("reads"), None);
    let lists = vec![posting(1, None, b"one"), posting(2, None, b"two")];
    store.finish_batch(&first.lookup, lists.clone(), minute(1)).await.expect("finishes");
    assert_eq!(store.open_batches().await.expect("lists"), std::slice::from_ref(&second));
    assert_eq!(store.last_finished().await.expect("reads"), Some(first.lookup));
    let found = store.postings(&[[2; 16], [9; 16], [1; 16]]).await.expect("reads");
    assert_eq!(found, [Some(b"two".to_vec()), None, Some(b"one".to_vec())]);
    // After a kill the same batch is finished again, whatever its lists would be now: nothing changes.
    let other = vec![posting(1, None, b"other")];
    store.finish_batch(&first.lookup, other, minute(2)).await.expect("is finished");
    assert_eq!(store.postings(&[[1; 16]]).await.expect("reads"), [Some(b"one".to_vec())]);
    let grown = vec![posting(1, Some(b"one"), b"one and another"), posting(3, None, b"three")];
    store.finish_batch(&second.lookup, grown, minute(3)).await.expect("finishes");
    let counts = IndexCounts { lists: 3, values: 5, open: 0 };
    assert_eq!(store.index_counts().await.expect("counts"), counts);
    assert_eq!(store.last_finished().await.expect("reads"), Some(second.lookup));
}

/// A record enters under an attribute in one batch, unless that was given up.
pub async fn a_record_is_in_one_batch_of_an_attribute(store: &impl DeskStore) {
    let first = batch(1, EMAIL, &[1, 2]);
    store.begin_batch(first.clone(), leaf(1), minute(0)).await.expect("begins");
    for (bad, number) in [(batch(2, EMAIL, &[3, 2]), 2), (batch(1, EMAIL, &[1, 3]), 1), (batch(3, EMAIL, &[4, 4]), 3)] {
        let refused = store.begin_batch(bad, leaf(number), minute(0)).await;
        assert!(refused.is_err_and(|error| error.is_conflict()), "batch {number}");
    }
    assert_eq!(
        store.open_batches().await.expect("lists"),
        std::slice::from_ref(&first),
        "nothing is left of a refused batch"
    );
    store.begin_batch(batch(4, PHONE, &[1, 2]), leaf(4), minute(0)).await.expect("another attribute");
    store.give_up(&first.lookup).await.expect("gives up");
    store.give_up(&first.lookup).await.expect("again");
    store.begin_batch(batch(5, EMAIL, &[2, 1]), leaf(5), minute(1)).await.expect("begins anew");
    store.finish_batch(&digest(5), Vec::new(), minute(1)).await.expect("finishes");
    assert!(matches!(store.give_up(&digest(5)).await, Err(StoreError::Refused { .. })));
    assert!(matches!(store.finish_batch(&digest(9), Vec::new(), minute(1)).await, Err(StoreError::Refused { .. })));
}

/// A list made over an older one than the one that is kept is refused, and the batch stays open.
pub async fn a_list_is_replaced_only_as_it_was_read(store: &impl DeskStore) {
    for (n, record) in [(1, 1), (2, 2), (3, 3)] {
        store.begin_batch(batch(n, EMAIL, &[record]), leaf(n), minute(0)).await.expect("begins");
    }
    store.finish_batch(&digest(1), vec![posting(1, None, b"one")], minute(1)).await.expect("finishes");
    for before in [None, Some(&b"zero"[..])] {
        let lists = vec![posting(2, None, b"two"), posting(1, before, b"other")];
        let refused = store.finish_batch(&digest(2), lists, minute(1)).await;
        assert!(refused.is_err_and(|error| error.is_conflict()));
    }
    assert_eq!(store.postings(&[[1; 16], [2; 16]]).await.expect("reads"), [Some(b"one".to_vec()), None]);
    assert_eq!(store.open_batches().await.expect("lists").len(), 2);
    let lists = vec![posting(1, Some(b"one"), b"both")];
    store.finish_batch(&digest(2), lists, minute(1)).await.expect("finishes");
    assert_eq!(store.postings(&[[1; 16]]).await.expect("reads"), [Some(b"both".to_vec())]);
}

/// What was indexed is noted once.
pub async fn imports_are_noted_as_indexed(store: &impl DeskStore) {
    let indexed = |attribute, values| Indexed { import: digest(1), attribute, values, left_out: 2, at: minute(0) };
    for note in [indexed(EMAIL, 7), indexed(PHONE, 8), indexed(EMAIL, 9)] {
        store.note_indexed(note).await.expect("notes");
    }
    assert_eq!(store.indexed().await.expect("lists"), [indexed(EMAIL, 7), indexed(PHONE, 8)]);
}

fn lookup(n: u8, of: u8) -> NewLookup {
    NewLookup {
        lookup: digest(n),
        case: case(of),
        document: vec![n; 60],
        approval: vec![n; 30],
        opening: vec![n; 90],
        leaf: leaf(n),
        at: minute(i64::from(n)),
    }
}

fn kept(n: u8, of: u8, found: Option<&[u8]>) -> Lookup {
    let found = found.map(|handles| handles.iter().map(|handle| Handle([*handle; 32])).collect());
    Lookup { found, ..lookup(n, of).kept() }
}

/// A lookup has no outcome, then one; not found is an outcome.
pub async fn a_lookup_has_one_outcome(store: &impl DeskStore) {
    for (n, of) in [(1, 1), (2, 2), (3, 1), (1, 1)] {
        store.begin_lookup(lookup(n, of)).await.expect("begins");
    }
    let other = NewLookup { case: case(2), ..lookup(1, 1) };
    assert!(store.begin_lookup(other).await.is_err_and(|error| error.is_conflict()));
    assert_eq!(store.lookup(&digest(3)).await.expect("reads"), Some(kept(3, 1, None)));
    assert_eq!(store.lookup(&digest(9)).await.expect("reads"), None);
    let two = [Handle([4; 32]), Handle([5; 32])];
    for _ in 0..2 {
        store.finish_lookup(&digest(1), &two, leaf(11)).await.expect("finishes");
        store.finish_lookup(&digest(3), &[], leaf(13)).await.expect("finishes");
    }
    let another = store.finish_lookup(&digest(3), &two, leaf(14)).await;
    assert!(another.is_err_and(|error| error.is_conflict()));
    assert!(matches!(store.finish_lookup(&digest(9), &two, leaf(15)).await, Err(StoreError::Refused { .. })));
    let of_case = store.lookups_of(&case(1)).await.expect("lists");
    assert_eq!(of_case, [kept(1, 1, Some(&[4, 5])), kept(3, 1, Some(&[]))]);
    assert_eq!(store.lookups_of(&case(3)).await.expect("lists"), []);
    assert!(store.disclosures_of(&key(13)).await.expect("reads").is_some());
    assert!(store.disclosures_of(&key(14)).await.expect("reads").is_none());
}

/// Receipts are kept once, also those for what was never looked up.
pub async fn receipts_of_lookups_are_kept_once(store: &impl DeskStore) {
    let receipt = |n: u8, trustee: u16, minutes: i64| LookupReceipt {
        lookup: digest(1),
        trustee,
        digest: digest(n),
        bytes: vec![n; 20],
        at: minute(minutes),
    };
    store.add_lookup_receipt(receipt(21, 2, 5), leaf(21)).await.expect("keeps");
    store.add_lookup_receipt(receipt(22, 1, 5), leaf(22)).await.expect("keeps");
    store.add_lookup_receipt(receipt(21, 2, 9), leaf(23)).await.expect("is kept");
    let other = LookupReceipt { bytes: b"other".to_vec(), ..receipt(21, 2, 5) };
    assert!(store.add_lookup_receipt(other, leaf(24)).await.is_err_and(|error| error.is_conflict()));
    assert_eq!(store.lookup_receipts(&digest(1)).await.expect("lists"), [receipt(22, 1, 5), receipt(21, 2, 5)]);
    assert!(store.disclosures_of(&key(23)).await.expect("reads").is_none(), "no second leaf for one receipt");
}
