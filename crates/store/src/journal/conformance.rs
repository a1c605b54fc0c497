//! What every journal must do. Call [`check`] with an empty one.

use super::{Head, Journal, MAX_LEAF_BYTES, MOST_LEAVES, Place};
use crate::{LeafKey, NewLeaf, StoreError};

/// Runs the suite.
///
/// # Panics
/// When the journal does not keep the contract.
pub async fn check(journal: &impl Journal) {
    the_head_is_made_once(journal).await;
    leaves_get_indices_without_gaps(journal).await;
    keys_make_leaves_exactly_once(journal).await;
    all_leaves_or_none(journal).await;
    only_the_holder_of_the_head_moves_it(journal).await;
    reads_are_bounded(journal).await;
    large_batches_are_like_small_ones(journal).await;
}

/// A leaf of its own for each number.
pub fn leaf(number: u64) -> NewLeaf {
    NewLeaf {
        key: key(number),
        kind: "dummy".to_owned(),
        leaf: format!("leaf {number}").into_bytes(),
        disclosures: vec![],
    }
}

fn key(number: u64) -> LeafKey {
    let mut key = [7; 32];
    key[..8].copy_from_slice(&number.to_be_bytes());
    key
}

fn head(size: u64, mark: &str) -> Head {
    Head {
        origin: "log.example/xa".to_owned(),
        size,
        frontier: vec![1, 2],
        checkpoint: format!("{mark} {size}").into_bytes(),
    }
}

async fn the_head_is_made_once(journal: &impl Journal) {
    assert_eq!(journal.head().await.unwrap(), None);
    assert!(matches!(journal.advance(&head(0, "a"), head(0, "b")).await, Err(StoreError::Conflict { .. })));
    assert!(matches!(journal.create(head(1, "a")).await, Err(StoreError::Refused { .. })));
    journal.create(head(0, "a")).await.unwrap();
    assert!(matches!(journal.create(head(0, "b")).await, Err(StoreError::Conflict { .. })));
    assert_eq!(journal.head().await.unwrap(), Some(head(0, "a")));
}

async fn leaves_get_indices_without_gaps(journal: &impl Journal) {
    assert_eq!(journal.place(&key(0)).await.unwrap(), None);
    journal.enqueue(&[]).await.unwrap();
    journal.enqueue(&[leaf(5)]).await.unwrap();
    journal.enqueue(&[leaf(3), leaf(9)]).await.unwrap();
    let entries = journal.entries(0, 10).await.unwrap();
    let seen: Vec<_> = entries.iter().map(|entry| (entry.index, entry.key, entry.leaf.clone())).collect();
    assert_eq!(seen, [(0, key(5), leaf(5).leaf), (1, key(3), leaf(3).leaf), (2, key(9), leaf(9).leaf)]);
    assert_eq!(journal.place(&key(9)).await.unwrap(), Some(Place::Accepted(2)));
    assert_eq!(journal.entries(1, 1).await.unwrap(), entries[1..2]);
    assert_eq!(journal.entries(3, 1).await.unwrap(), []);
}

async fn keys_make_leaves_exactly_once(journal: &impl Journal) {
    journal.enqueue(&[leaf(3), leaf(3)]).await.unwrap();
    assert_eq!(journal.entries(0, 10).await.unwrap().len(), 3);
    let other = NewLeaf { leaf: b"other".to_vec(), ..leaf(3) };
    assert!(matches!(journal.enqueue(&[other]).await, Err(StoreError::Conflict { .. })));
}

async fn large_batches_are_like_small_ones(journal: &impl Journal) {
    // What the checks before this one left.
    let before = 3 + u64::from(MOST_LEAVES);
    let mut batch: Vec<NewLeaf> = (1_000_000..1_000_040).map(leaf).collect();
    batch[20] = leaf(1_000_003);
    batch[39] = leaf(3);
    journal.enqueue(&batch).await.unwrap();
    journal.enqueue(&batch).await.unwrap();
    let entries = journal.entries(before, MOST_LEAVES).await.unwrap();
    let keys: Vec<LeafKey> = entries.iter().map(|entry| entry.key).collect();
    let expected: Vec<LeafKey> =
        (1_000_000..1_000_039).filter(|number| *number != 1_000_020).map(|number| leaf(number).key).collect();
    assert_eq!(keys, expected);
    let other = NewLeaf { leaf: b"other".to_vec(), ..leaf(1_000_050) };
    let mut batch: Vec<NewLeaf> = (1_000_050..1_000_080).map(leaf).collect();
    batch[7] = other;
    assert!(matches!(journal.enqueue(&batch).await, Err(StoreError::Conflict { .. })));
    assert_eq!(journal.place(&leaf(1_000_051).key).await.unwrap(), None);
}

async fn all_leaves_or_none(journal: &impl Journal) {
    let other = NewLeaf { leaf: b"other".to_vec(), ..leaf(3) };
    assert!(journal.enqueue(&[leaf(20), other]).await.is_err());
    let mixed = NewLeaf { leaf: b"other".to_vec(), ..leaf(21) };
    assert!(matches!(journal.enqueue(&[leaf(21), mixed]).await, Err(StoreError::Conflict { .. })));
    let long = NewLeaf { leaf: vec![0; MAX_LEAF_BYTES + 1], ..leaf(22) };
    assert!(matches!(journal.enqueue(&[leaf(20), long]).await, Err(StoreError::Refused { .. })));
    assert_eq!(journal.place(&key(20)).await.unwrap(), None);
    assert_eq!(journal.entries(0, 10).await.unwrap().len(), 3);
}

async fn only_the_holder_of_the_head_moves_it(journal: &impl Journal) {
    journal.advance(&head(0, "a"), head(2, "b")).await.unwrap();
    assert_eq!(journal.head().await.unwrap(), Some(head(2, "b")));
    assert_eq!(journal.place(&key(3)).await.unwrap(), Some(Place::Durable(1)));
    assert_eq!(journal.place(&key(9)).await.unwrap(), Some(Place::Accepted(2)));
    for (from, next) in [
        (head(0, "a"), head(3, "c")),
        (head(2, "c"), head(3, "c")),
        (Head { frontier: vec![], ..head(2, "b") }, head(3, "c")),
    ] {
        assert!(matches!(journal.advance(&from, next).await, Err(StoreError::Conflict { .. })));
    }
    let other = Head { origin: "other.example".to_owned(), ..head(3, "c") };
    for next in [head(1, "c"), head(4, "c"), other] {
        assert!(matches!(journal.advance(&head(2, "b"), next).await, Err(StoreError::Refused { .. })));
    }
    assert_eq!(journal.head().await.unwrap(), Some(head(2, "b")));
    journal.advance(&head(2, "b"), head(3, "c")).await.unwrap();
}

async fn reads_are_bounded(journal: &impl Journal) {
    let many: Vec<NewLeaf> = (100..100 + u64::from(MOST_LEAVES)).map(leaf).collect();
    journal.enqueue(&many).await.unwrap();
    assert_eq!(journal.entries(0, u32::MAX).await.unwrap().len(), MOST_LEAVES as usize);
    let last = journal.entries(u64::from(MOST_LEAVES) + 2, 10).await.unwrap();
    assert_eq!(last.iter().map(|entry| entry.index).collect::<Vec<_>>(), [u64::from(MOST_LEAVES) + 2]);
}
