//! Promises of [`Settings`](crate::Settings).

use crate::{DeskStore, StoreError};

/// A setting keeps its last value; one without a name or too long is refused.
pub async fn settings_are_kept(store: &impl DeskStore) {
    assert_eq!(store.setting("name").await.expect("reads"), None);
    for value in [b"one".as_slice(), b"", b"two"] {
        store.set_setting("name", value).await.expect("keeps");
        assert_eq!(store.setting("name").await.expect("reads").as_deref(), Some(value));
    }
    assert_eq!(store.setting("other").await.expect("reads"), None);
    for (name, value) in [("", vec![1]), ("name", vec![0; 1024 * 1024 + 1])] {
        for result in [store.set_setting(name, &value).await, store.set_setting_once(name, &value).await] {
            assert!(matches!(result, Err(StoreError::Refused { .. })), "{result:?}");
        }
    }
}

/// A setting that is set once stays.
pub async fn some_settings_never_change(store: &impl DeskStore) {
    store.set_setting_once("genesis", b"one").await.expect("keeps");
    store.set_setting_once("genesis", b"one").await.expect("is there already");
    let other = store.set_setting_once("genesis", b"two").await;
    assert!(other.as_ref().is_err_and(StoreError::is_conflict), "{other:?}");
    assert_eq!(store.setting("genesis").await.expect("reads").as_deref(), Some(b"one".as_slice()));
}
