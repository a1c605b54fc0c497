//! Promises of [`Sigmas`].

use crate::{Sigma, Sigmas, StoreError};
use countersign_core::id::Handle;
use zeroize::Zeroizing;

fn sigma(n: u8) -> (Handle, Sigma) {
    (Handle([n; 32]), Zeroizing::new([n ^ 0xff; 32]))
}

/// A sigma is kept until it is erased, and then it is gone.
pub async fn sigmas_are_kept_and_erased(store: &impl Sigmas) {
    assert!(store.sigma(&Handle([1; 32])).await.expect("reads").is_none());
    store.put_sigmas(&[sigma(1), sigma(2)]).await.expect("keeps");
    store.put_sigmas(&[sigma(2), sigma(3)]).await.expect("is there already");
    for n in 1..=3 {
        let (handle, expected) = sigma(n);
        assert!(store.sigma(&handle).await.expect("reads").is_some_and(|kept| *kept == *expected));
    }
    let asked: Vec<Handle> = (0..=4).map(|n| Handle([n; 32])).collect();
    let have = store.have_sigmas(&asked).await.expect("looks");
    assert_eq!(have.into_iter().collect::<Vec<_>>(), asked[1..=3]);
    assert!(store.delete_sigma(&Handle([2; 32])).await.expect("erases"));
    assert!(!store.delete_sigma(&Handle([2; 32])).await.expect("was erased"));
    assert!(store.sigma(&Handle([2; 32])).await.expect("reads").is_none());
    assert!(store.sigma(&Handle([3; 32])).await.expect("reads").is_some());
    assert_eq!(store.have_sigmas(&asked).await.expect("looks").len(), 2);
    assert!(store.have_sigmas(&[]).await.expect("looks").is_empty());
}

/// Replacing a sigma would erase a client: it is a conflict, and nothing of the call is kept.
pub async fn a_sigma_is_never_replaced(store: &impl Sigmas) {
    store.put_sigmas(&[sigma(1)]).await.expect("keeps");
    let other = (Handle([1; 32]), sigma(9).1);
    for call in [vec![sigma(2), other], vec![sigma(2), (Handle([2; 32]), sigma(9).1)]] {
        let result = store.put_sigmas(&call).await;
        assert!(result.as_ref().is_err_and(StoreError::is_conflict), "{result:?}");
    }
    assert!(store.sigma(&Handle([2; 32])).await.expect("reads").is_none());
    assert!(store.sigma(&Handle([1; 32])).await.expect("reads").is_some_and(|kept| *kept == *sigma(1).1));
}
