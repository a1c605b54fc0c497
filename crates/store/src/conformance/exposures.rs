//! Promises of [`Exposures`](crate::Exposures).

use super::{digest, leaf};
use crate::{DeskStore, KeptExposures, NewExposures, StoreError, StoredDocument};
use countersign_core::time::Timestamp;

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix(1_700_000_000 + second).expect("a time")
}

/// Run `number` under order `order`, about these deposits; everything else follows from `n`.
fn run(n: u8, order: u8, number: u32, deposits: &[u8]) -> NewExposures {
    let document = StoredDocument { digest: digest(n), kind: "exposure".to_owned(), bytes: vec![n; 10] };
    NewExposures {
        document: document.digest,
        order: digest(order),
        number,
        deposits: deposits.iter().map(|deposit| digest(*deposit)).collect(),
        at: at(n.into()),
        documents: vec![document],
        leaf: leaf(n),
    }
}

fn kept(run: &NewExposures) -> KeptExposures {
    KeptExposures { document: run.document, number: run.number, leaf: run.leaf.key }
}

/// A deposit has one answer under an order, and runs follow one another; what is refused leaves nothing.
pub async fn a_deposit_is_answered_once_under_an_order(store: &impl DeskStore) {
    let first = run(1, 100, 1, &[50, 51]);
    assert_eq!(store.last_exposures(&digest(100)).await.expect("reads"), None);
    store.keep_exposures(first.clone()).await.expect("keeps");
    assert_eq!(store.exposure_of(&digest(100), &digest(51)).await.expect("reads"), Some(kept(&first)));
    assert!(store.document(&digest(1)).await.expect("reads").is_some());
    assert!(store.disclosures_of(&first.leaf.key).await.expect("reads").is_some());
    for (wrong, why) in [
        (run(2, 100, 1, &[52]), "its number again"),
        (run(2, 100, 3, &[52]), "a run left out"),
        (run(2, 100, 2, &[52, 51]), "a deposit again"),
    ] {
        let refused = store.keep_exposures(wrong).await;
        assert!(refused.as_ref().is_err_and(StoreError::is_conflict), "{why}: {refused:?}");
    }
    for wrong in [run(2, 100, 2, &[]), NewExposures { documents: Vec::new(), ..run(2, 100, 2, &[52]) }] {
        let refused = store.keep_exposures(wrong).await;
        assert!(matches!(refused, Err(StoreError::Refused { .. })), "{refused:?}");
    }
    assert_eq!(store.document(&digest(2)).await.expect("reads"), None);
    assert_eq!(store.disclosures_of(&leaf(2).key).await.expect("reads"), None);
    assert_eq!(store.exposure_of(&digest(100), &digest(52)).await.expect("reads"), None);
    assert_eq!(store.last_exposures(&digest(100)).await.expect("reads"), Some(kept(&first)));
}

/// Deposits are counted under their order since a time, and answers about each under all orders.
pub async fn deposits_are_counted_by_order_and_time(store: &impl DeskStore) {
    for run in [run(1, 100, 1, &[50, 51]), run(2, 100, 2, &[52]), run(3, 101, 1, &[50])] {
        store.keep_exposures(run).await.expect("keeps");
    }
    let since = async |order: u8, second| store.deposits_answered(&digest(order), at(second)).await.expect("counts");
    assert_eq!((since(100, 0).await, since(100, 1).await, since(100, 2).await, since(100, 3).await), (3, 3, 1, 0));
    assert_eq!((since(101, 0).await, since(102, 0).await), (1, 0));
    let about = async |deposit: u8| store.answers_about(&digest(deposit)).await.expect("counts");
    assert_eq!((about(50).await, about(51).await, about(52).await, about(53).await), (2, 1, 1, 0));
    let last = store.last_exposures(&digest(100)).await.expect("reads").expect("a run");
    assert_eq!((last.number, last.document), (2, digest(2)));
}
