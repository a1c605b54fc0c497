//! Promises of [`Queries`](crate::Queries).

use super::{digest, leaf};
use crate::{DeskStore, KeptQuery, NewQuery, StoreError, StoredDocument};
use countersign_core::id::Digest;

/// Question `question` under order `order`, about these addresses; everything else follows from `n`.
fn query(n: u8, order: u8, question: u8, roots: &[u8]) -> NewQuery {
    let document = StoredDocument { digest: digest(n), kind: "query".to_owned(), bytes: vec![n; 10] };
    NewQuery {
        document: document.digest,
        matter: digest(200),
        order: digest(order),
        question: digest(question),
        roots: roots.iter().map(|root| digest(*root)).collect(),
        documents: vec![document],
        leaf: leaf(n),
    }
}

fn kept(query: &NewQuery) -> KeptQuery {
    KeptQuery { document: query.document, order: query.order, leaf: query.leaf.key }
}

/// A question under an order has one answer, with its document and its leaf.
pub async fn a_question_is_answered_once(store: &impl DeskStore) {
    let first = query(1, 100, 10, &[50]);
    assert_eq!(store.query(&digest(100), &digest(10)).await.expect("reads"), None);
    for _ in 0..2 {
        store.keep_query(first.clone()).await.expect("keeps");
    }
    assert_eq!(store.query(&digest(100), &digest(10)).await.expect("reads"), Some(kept(&first)));
    assert!(store.document(&digest(1)).await.expect("reads").is_some());
    assert!(store.disclosures_of(&first.leaf.key).await.expect("reads").is_some());
    let other = store.keep_query(query(2, 100, 10, &[50])).await;
    assert!(other.as_ref().is_err_and(StoreError::is_conflict), "{other:?}");
    assert_eq!(store.document(&digest(2)).await.expect("reads"), None);
    assert_eq!(store.disclosures_of(&leaf(2).key).await.expect("reads"), None);
    let without = store.keep_query(NewQuery { documents: Vec::new(), ..query(3, 100, 11, &[50]) }).await;
    assert!(matches!(without, Err(StoreError::Refused { .. })), "{without:?}");
    assert_eq!(store.questions_under(&digest(100)).await.expect("counts"), 1);
}

/// Questions are counted under their order, and about every address under all orders.
pub async fn questions_are_counted_by_order_and_address(store: &impl DeskStore) {
    let about = async |root: u8| store.queries_about(&digest(root)).await.expect("reads").len();
    let all = [
        query(1, 100, 10, &[50, 51]),
        query(2, 100, 11, &[50, 50]),
        query(3, 101, 10, &[50]),
        query(4, 102, 12, &[52]),
    ];
    for query in &all {
        store.keep_query(query.clone()).await.expect("keeps");
    }
    assert_eq!((about(50).await, about(51).await, about(52).await, about(53).await), (3, 1, 1, 0));
    assert_eq!(store.queries_about(&digest(51)).await.expect("reads"), [kept(&all[0])]);
    for (order, count) in [(100, 2), (101, 1), (102, 1), (103, 0)] {
        assert_eq!(store.questions_under(&digest(order)).await.expect("counts"), count);
    }
    let of_matter: Vec<Digest> =
        store.queries_of(&digest(200)).await.expect("reads").iter().map(|kept| kept.document).collect();
    assert_eq!(of_matter, [1, 2, 3, 4].map(digest));
    assert_eq!(store.queries_of(&digest(201)).await.expect("reads"), Vec::new());
}
