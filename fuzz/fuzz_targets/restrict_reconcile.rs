#![no_main]
//! The exchange core's export. Nothing is lost: every restricted account is alike or differs, and an export with a row that cannot be used
//! is never clean.

use countersign_core::restriction::Effect;
use countersign_restrict::reconcile::{Difference, reconcile};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;

fuzz_target!(|data: &[u8]| {
    let standing: BTreeMap<String, Effect> = [("A-1", Effect::Freeze), ("A-2", Effect::DenyNew)]
        .map(|(account, effect)| (account.to_owned(), effect))
        .into();
    let Ok(found) = reconcile(standing.clone(), data) else { return };
    assert_eq!(found.alike + found.differences.len() as u64, standing.len() as u64);
    for (account, difference) in &found.differences {
        let (Difference::Missing { ours } | Difference::Different { ours, .. }) = difference;
        assert_eq!(standing.get(account), Some(ours));
    }
    assert!(!found.is_clean() || (found.bad.count == 0 && found.differences.is_empty()));
});
