//! Promises of [`Orders`].

use super::{authority, case, digest, event, key, leaf, minute, order, proposed, request};
use crate::{
    Answered, AppendEvent, Counter, DeskStore, EffectKey, NewEffect, OpenEffect, OrderEntry, Receipt, StoreError,
};
use countersign_core::case::{Event, EventRecord};
use countersign_core::id::OrderId;
use countersign_core::json::Exact;

async fn opened(store: &impl DeskStore, n: u8) -> Exact<EventRecord> {
    let first = request(case(n), 0);
    store.append(AppendEvent::new(first.clone())).await.expect("appends");
    first
}

/// An order is found by its id, its digest and its case.
pub async fn an_order_is_found_by_id_and_digest(store: &impl DeskStore) {
    let first = opened(store, 1).await;
    store.append(proposed(&first, 1, 7, 8)).await.expect("appends");
    let entry = OrderEntry {
        id: OrderId([7; 16]),
        digest: digest(7),
        case: case(1),
        decision: digest(8),
        authority: authority(),
        proposed: 1,
        approvals: Vec::new(),
    };
    assert_eq!(store.order(&digest(7)).await.expect("reads"), Some(entry.clone()));
    assert_eq!(store.order_by_id(&OrderId([7; 16])).await.expect("reads"), Some(entry.clone()));
    assert_eq!(store.orders_of(&case(1)).await.expect("reads"), [entry]);
    assert_eq!(store.order(&digest(6)).await.expect("reads"), None);
    assert_eq!(store.order_by_id(&OrderId([6; 16])).await.expect("reads"), None);
    assert_eq!(store.orders_of(&case(2)).await.expect("reads"), []);
}

/// No second order is kept for one decision of a case, and ids and digests are unique everywhere.
pub async fn one_decision_has_one_order(store: &impl DeskStore) {
    let (first, other) = (opened(store, 1).await, opened(store, 2).await);
    let one = proposed(&first, 1, 7, 8);
    store.append(one.clone()).await.expect("appends");
    let mut same_id = proposed(&other, 1, 9, 9);
    same_id.order = Some(crate::NewOrder { id: OrderId([7; 16]), ..order(9, 9) });
    for refused in [proposed(&one.record, 2, 9, 8), proposed(&other, 1, 7, 9), same_id] {
        let result = store.append(refused).await;
        assert!(result.as_ref().is_err_and(StoreError::is_conflict), "{result:?}");
    }
    store.append(proposed(&one.record, 2, 9, 9)).await.expect("another decision of the case");
    store.append(proposed(&other, 1, 10, 8)).await.expect("the same decision digest in another case");
    let digests: Vec<_> = store.orders_of(&case(1)).await.expect("reads").iter().map(|order| order.digest).collect();
    assert_eq!(digests, [digest(7), digest(9)]);
}

/// Approvals are linked by the events that accept them.
pub async fn approvals_follow_the_events(store: &impl DeskStore) {
    let first = opened(store, 1).await;
    let one = proposed(&first, 1, 7, 8);
    store.append(one.clone()).await.expect("appends");
    let sign = |previous: &Exact<EventRecord>, order, approval| {
        event(case(1), Some(previous), 2, Event::Signed { order: digest(order), approval: digest(approval) })
    };
    let left = sign(&one.record, 7, 30);
    let right = sign(&left, 7, 20);
    for record in [&left, &right] {
        store.append(AppendEvent::new(record.clone())).await.expect("appends");
    }
    let approvals = store.order(&digest(7)).await.expect("reads").map(|order| order.approvals);
    assert_eq!(approvals, Some(vec![digest(30), digest(20)]));
    let again = store.append(AppendEvent::new(sign(&right, 7, 30))).await;
    assert!(again.as_ref().is_err_and(StoreError::is_conflict), "{again:?}");
    let stray = store.append(AppendEvent::new(sign(&right, 6, 40))).await;
    assert!(matches!(stray, Err(StoreError::Refused { .. })), "{stray:?}");
}

/// An order's entry comes with the event that proposes exactly this order, and with no other.
pub async fn an_entry_must_fit_its_event(store: &impl DeskStore) {
    let first = opened(store, 1).await;
    let good = proposed(&first, 1, 7, 8);
    let missing = AppendEvent { order: None, ..good.clone() };
    let other = AppendEvent { order: Some(order(9, 8)), ..good.clone() };
    let closing = event(case(1), Some(&first), 1, Event::Closed);
    let stray = AppendEvent { order: good.order, ..AppendEvent::new(closing) };
    for refused in [missing, other, stray] {
        let result = store.append(refused).await;
        assert!(matches!(result, Err(StoreError::Refused { .. })), "{result:?}");
    }
}

/// Counters add up people from a time on; an order counts once under each.
pub async fn people_are_counted_once_per_order(store: &impl DeskStore) {
    let first = opened(store, 1).await;
    let one = proposed(&first, 1, 7, 8);
    let two = proposed(&one.record, 2, 9, 9);
    store.append(one.clone()).await.expect("appends");
    store.append(two.clone()).await.expect("appends");
    let court = Counter::Authority(authority());
    let (matter, address) = (Counter::Matter(digest(50)), Counter::Address(digest(50)));
    let answers = |previous: &Exact<EventRecord>, minutes, order, counters: &[&Counter], people| {
        let record = event(case(1), Some(previous), minutes, Event::AskedMore { document: digest(1) });
        let counters = counters.iter().map(|counter| (*counter).clone()).collect();
        AppendEvent { answered: Some(Answered { order: digest(order), counters, people }), ..AppendEvent::new(record) }
    };
    let third = answers(&two.record, 10, 7, &[&court, &matter], 3);
    let fourth = answers(&third.record, 20, 9, &[&court], u32::MAX);
    store.append(third.clone()).await.expect("appends");
    store.append(third).await.expect("is there already");
    store.append(fourth.clone()).await.expect("appends");
    for (counter, since, people) in [
        (&court, 0, 3 + u64::from(u32::MAX)),
        (&court, 10, 3 + u64::from(u32::MAX)),
        (&court, 11, u64::from(u32::MAX)),
        (&court, 21, 0),
        (&matter, 0, 3),
        (&address, 0, 0),
    ] {
        assert_eq!(store.people_answered(counter, minute(since)).await.expect("adds"), people, "{counter:?} {since}");
    }
    for (since, orders) in [(0, vec![digest(7), digest(9)]), (11, vec![digest(9)]), (21, vec![])] {
        assert_eq!(store.orders_answered(minute(since)).await.expect("reads"), orders, "{since}");
    }
    let again = store.append(answers(&fourth.record, 30, 7, &[&court], 3)).await;
    assert!(again.as_ref().is_err_and(StoreError::is_conflict), "{again:?}");
    let stray = store.append(answers(&fourth.record, 30, 60, &[&court], 3)).await;
    assert!(matches!(stray, Err(StoreError::Refused { .. })), "{stray:?}");
}

/// An effect is open from its intent to its outcome.
pub async fn effects_open_and_close(store: &impl DeskStore) {
    let name = |n| EffectKey { kind: "release".to_owned(), subject: digest(n) };
    let begin = |n, at, intent| NewEffect { effect: name(n), at: minute(at), intent: leaf(intent) };
    let never = store.finish_effect(&name(1), minute(1), leaf(9)).await;
    assert!(matches!(never, Err(StoreError::Refused { .. })), "{never:?}");
    assert_eq!(store.disclosures_of(&key(9)).await.expect("reads"), None);
    store.begin_effect(begin(1, 5, 1)).await.expect("begins");
    store.begin_effect(begin(2, 3, 2)).await.expect("begins");
    store.begin_effect(begin(1, 6, 1)).await.expect("is there already");
    let other = store.begin_effect(begin(1, 5, 3)).await;
    assert!(other.as_ref().is_err_and(StoreError::is_conflict), "{other:?}");
    assert!(store.disclosures_of(&key(1)).await.expect("reads").is_some());
    let open = |n, at, intent| OpenEffect { effect: name(n), at: minute(at), intent: key(intent) };
    assert_eq!(store.open_effects().await.expect("reads"), [open(2, 3, 2), open(1, 5, 1)]);
    store.finish_effect(&name(2), minute(9), leaf(4)).await.expect("finishes");
    store.finish_effect(&name(2), minute(10), leaf(4)).await.expect("is there already");
    for (effect, intent) in [(name(1), Some(key(1))), (name(2), Some(key(2))), (name(3), None)] {
        assert_eq!(store.intent_of(&effect).await.expect("reads"), intent);
    }
    let other = store.finish_effect(&name(2), minute(9), leaf(5)).await;
    assert!(other.as_ref().is_err_and(StoreError::is_conflict), "{other:?}");
    assert_eq!(store.disclosures_of(&key(5)).await.expect("reads"), None);
    assert_eq!(store.open_effects().await.expect("reads"), [open(1, 5, 1)]);
}

/// Receipts are kept under a known order, once.
pub async fn receipts_belong_to_orders(store: &impl DeskStore) {
    let first = opened(store, 1).await;
    store.append(proposed(&first, 1, 7, 8)).await.expect("appends");
    let receipt = |n: u8, order, at| Receipt {
        order: digest(order),
        trustee: format!("trustee-{n}"),
        digest: digest(n),
        bytes: vec![n; 10],
        at: minute(at),
    };
    store.add_receipt(receipt(1, 7, 5), leaf(1)).await.expect("keeps");
    store.add_receipt(receipt(2, 7, 4), leaf(2)).await.expect("keeps");
    store.add_receipt(receipt(1, 7, 6), leaf(1)).await.expect("is there already");
    let other = Receipt { bytes: vec![0], ..receipt(1, 7, 5) };
    let result = store.add_receipt(other, leaf(3)).await;
    assert!(result.as_ref().is_err_and(StoreError::is_conflict), "{result:?}");
    let stray = store.add_receipt(receipt(3, 6, 5), leaf(3)).await;
    assert!(matches!(stray, Err(StoreError::Refused { .. })), "{stray:?}");
    assert_eq!(store.disclosures_of(&key(3)).await.expect("reads"), None);
    assert_eq!(store.receipts_of(&digest(7)).await.expect("reads"), [receipt(2, 7, 4), receipt(1, 7, 5)]);
    assert_eq!(store.receipts_of(&digest(6)).await.expect("reads"), []);
}
