//! Promises of [`Restrictions`](crate::Restrictions).

use super::{digest, document, leaf, minute};
use crate::{DeskStore, NewRestriction, NoticeCounts, RestrictionCount, Sent, StoreError};
use countersign_core::id::{CustodianId, Digest, PersonId, Salt};
use countersign_core::json::Exact;
use countersign_core::restriction::{Act, Effect, Notice, NoticeV1, Record, RestrictionV1, StandingRule};

const RULE: &str = "eu.5b.2/v1";

fn people() -> Vec<PersonId> {
    ["lena-ohm", "anna-berg"].map(|id| PersonId::parse(id).expect("a person")).to_vec()
}

fn record(account: &str, rule: &str, plan: u8) -> Record {
    Record {
        v: RestrictionV1,
        salt: Salt([plan; 16]),
        account: account.to_owned(),
        rule: rule.to_owned(),
        pack: digest(90),
        effect: Effect::CloseAndReturn,
        act: Act::Apply,
        number: 0,
        previous: None,
        plan: Some(digest(plan)),
        decision: None,
        paper: None,
        due: None,
        reasons: vec!["a national".to_owned()],
        evidence: vec!["a permit".to_owned()],
        why: "the act".to_owned(),
        approvals: vec![digest(91), digest(92)],
        by: people(),
        at: minute(i64::from(plan)),
    }
}

fn reversal(before: &Exact<Record>, plan: u8) -> Record {
    let value = before.value();
    Record {
        act: Act::Reverse,
        number: value.number + 1,
        previous: Some(before.digest()),
        reasons: Vec::new(),
        evidence: Vec::new(),
        ..record(&value.account, &value.rule, plan)
    }
}

fn notice(id: u8, account: &str, sequence: u64, effect: Option<Effect>) -> Exact<Notice> {
    let rules = effect.map(|effect| StandingRule { rule: RULE.to_owned(), effect });
    Exact::write(Notice {
        v: NoticeV1,
        id: Salt([id; 16]),
        custodian: CustodianId([7; 16]),
        account: account.to_owned(),
        sequence,
        effect,
        rules: rules.into_iter().collect(),
        at: minute(0),
    })
    .expect("a notice")
}

/// An event whose leaf is number `n`.
fn event(n: u8, record: Record, notice: Option<Exact<Notice>>) -> NewRestriction {
    let record = Exact::write(record).expect("a record");
    NewRestriction { record, documents: vec![document(n, b"a signature")], leaf: leaf(n), notice }
}

/// A restriction applied twice is one restriction: the same event changes nothing, another plan's is a conflict until it was reversed.
pub async fn a_restriction_applied_twice_is_one(store: &impl DeskStore) {
    let first = event(1, record("A-1", RULE, 1), Some(notice(1, "A-1", 1, Some(Effect::CloseAndReturn))));
    for _ in 0..2 {
        store.append_restrictions(vec![first.clone()]).await.expect("appends");
    }
    let again = event(2, record("A-1", RULE, 2), Some(notice(2, "A-1", 2, Some(Effect::CloseAndReturn))));
    assert!(store.append_restrictions(vec![again.clone()]).await.expect_err("applied already").is_conflict());
    let other = event(3, record("A-1", "eu.5b.2/v2", 2), None);
    store.append_restrictions(vec![other.clone()]).await.expect("another rule");
    let heads = store.restrictions_of("A-1").await.expect("reads");
    assert_eq!(heads, [first.record.clone(), other.record]);
    assert_eq!(store.restriction_history("A-1", RULE).await.expect("reads"), std::slice::from_ref(&first.record));
    assert_eq!(store.notice_counts(None).await.expect("counts").waiting, 1);
    assert_eq!(store.document(&digest(1)).await.expect("reads"), Some(document(1, b"a signature")));
    assert_eq!(store.document(&digest(2)).await.expect("reads"), None);

    let reversed = event(4, reversal(&first.record, 3), Some(notice(4, "A-1", 2, None)));
    store.append_restrictions(vec![reversed.clone()]).await.expect("reverses");
    assert!(store.append_restrictions(vec![again]).await.expect_err("number 0 is taken").is_conflict());
    let anew = Record { number: 2, previous: Some(reversed.record.digest()), ..record("A-1", RULE, 4) };
    store.append_restrictions(vec![event(5, anew, None)]).await.expect("applies anew");
    assert_eq!(store.restriction_history("A-1", RULE).await.expect("reads").len(), 3);
    let leaves = store.restriction_leaves(0, 10).await.expect("reads");
    let keys: Vec<u8> = leaves.iter().map(|(key, _)| key[0]).collect();
    assert_eq!(keys, [1, 3, 4, 5]);
    assert_eq!(store.last_restriction_leaf().await.expect("reads"), Some(leaf(5).key));
    assert_eq!(store.restriction_leaves(2, 1).await.expect("reads"), leaves[2..3]);
}

/// One event of a batch that is refused, and nothing of the batch is kept.
pub async fn a_refused_batch_leaves_nothing(store: &impl DeskStore) {
    let good = event(1, record("A-1", RULE, 1), Some(notice(1, "A-1", 1, Some(Effect::CloseAndReturn))));
    let before = Exact::write(record("A-2", RULE, 1)).expect("a record");
    let bad: [NewRestriction; 4] = [
        event(2, reversal(&before, 2), None),
        NewRestriction { record: Exact::write(record("A-1", RULE, 9)).expect("a record"), ..good.clone() },
        NewRestriction { leaf: leaf(1), ..event(3, record("A-3", RULE, 1), None) },
        event(4, record("A-4", RULE, 1), Some(notice(1, "A-4", 1, None))),
    ];
    for (place, bad) in bad.into_iter().enumerate() {
        let refused = store.append_restrictions(vec![good.clone(), bad]).await;
        assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{place}: {refused:?}");
        assert_eq!(store.restriction_heads(None, 10).await.expect("reads"), []);
        assert_eq!(store.notice_counts(None).await.expect("counts"), NoticeCounts::default());
        assert_eq!(store.disclosures_of(&leaf(1).key).await.expect("reads"), None, "{place}");
    }
    store.append_restrictions(vec![good]).await.expect("appends");
}

/// Pages make up the whole; events are counted by rule, pack and act, and by plan.
pub async fn chains_are_paged_and_counted(store: &impl DeskStore) {
    let accounts = ["A-1", "A-2", "B"];
    let mut applied = Vec::new();
    for (n, account) in (1..).zip(accounts) {
        let one = event(n, record(account, RULE, 1), None);
        applied.push(one.record.clone());
        store.append_restrictions(vec![one]).await.expect("appends");
    }
    store.append_restrictions(vec![event(9, reversal(&applied[0], 2), None)]).await.expect("reverses");
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = store.restriction_heads(after, 2).await.expect("reads");
        let Some(last) = page.last() else { break };
        after = Some((last.value().account.clone(), last.value().rule.clone()));
        paged.extend(page);
    }
    let found: Vec<(&str, bool)> =
        paged.iter().map(|one| (one.value().account.as_str(), one.value().stands())).collect();
    assert_eq!(found, [("A-1", false), ("A-2", true), ("B", true)]);
    let row = |act, count| RestrictionCount { rule: RULE.to_owned(), pack: digest(90), act, count };
    assert_eq!(store.restriction_counts().await.expect("counts"), [row(Act::Apply, 3), row(Act::Reverse, 1)]);
    let by_plan: [(u8, Act, u64); 3] = [(1, Act::Apply, 3), (1, Act::Reverse, 0), (2, Act::Reverse, 1)];
    for (plan, act, count) in by_plan {
        assert_eq!(store.restrictions_by_plan(&digest(plan), act).await.expect("counts"), count);
    }
    assert_eq!(store.open_appeals().await.expect("reads"), []);
}

/// A notice waits while an earlier one of its account does; other accounts go on.
pub async fn an_account_is_told_in_order(store: &impl DeskStore) {
    let [first, second, other] = [
        notice(1, "A-1", 1, Some(Effect::Freeze)),
        notice(2, "A-1", 2, None),
        notice(3, "A-2", 1, Some(Effect::Freeze)),
    ];
    store.queue_notices(vec![first.clone(), second.clone(), other.clone()]).await.expect("queues");
    let due = async |minutes: i64| {
        let due = store.notices_due(minute(minutes), 10).await.expect("reads");
        due.into_iter().map(|queued| (queued.notice, queued.attempts)).collect::<Vec<_>>()
    };
    assert_eq!(due(-1).await, []);
    assert_eq!(store.next_notice().await.expect("reads"), Some(minute(0)));
    assert_eq!(due(0).await, [(first.clone(), 0), (other.clone(), 0)]);
    assert_eq!(store.notices_due(minute(0), 1).await.expect("reads").len(), 1);
    store.note_sent(&first.value().id, Sent::Again(minute(5)), "no answer").await.expect("notes");
    assert_eq!(due(4).await, [(other.clone(), 0)], "the second of the account waits behind the first");
    assert_eq!(due(5).await, [(other.clone(), 0), (first.clone(), 1)]);
    store.note_sent(&first.value().id, Sent::Delivered, "taken").await.expect("notes");
    store.note_sent(&other.value().id, Sent::Delivered, "taken").await.expect("notes");
    assert_eq!(due(5).await, [(second.clone(), 0)]);
    let again = store.note_sent(&first.value().id, Sent::Delivered, "taken").await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "it does not wait any more");
    assert!(store.is_notice_open("A-1").await.expect("reads"));
    assert!(!store.is_notice_open("A-2").await.expect("reads"));
    let counts = store.notice_counts(None).await.expect("counts");
    assert_eq!(counts, NoticeCounts { waiting: 1, delivered: 2, dead: 0 });
}

/// What was given up is a dead letter until somebody lets it wait again; it holds nothing back.
pub async fn a_notice_is_given_up_and_revived(store: &impl DeskStore) {
    let plan: Digest = digest(1);
    let first = notice(1, "A-1", 1, Some(Effect::CloseAndReturn));
    let second = notice(2, "A-1", 1, Some(Effect::CloseAndReturn));
    store.append_restrictions(vec![event(1, record("A-1", RULE, 1), Some(first.clone()))]).await.expect("appends");
    store.queue_notices(vec![second.clone()]).await.expect("queues");
    let id = first.value().id;
    assert!(store.revive_notice(&id, minute(1)).await.expect_err("it waits").is_conflict());
    store.note_sent(&id, Sent::GivenUp, "refused: 404").await.expect("notes");
    let dead = store.dead_notices().await.expect("reads");
    let seen: Vec<_> = dead.iter().map(|one| (&one.notice, one.attempts, one.said.as_str())).collect();
    assert_eq!(seen, [(&first, 1, "refused: 404")]);
    assert_eq!(store.notices_due(minute(9), 9).await.expect("reads")[0].notice, second);
    assert!(store.is_notice_open("A-1").await.expect("reads"));
    let counts = store.notice_counts(Some(&plan)).await.expect("counts");
    assert_eq!(counts, NoticeCounts { waiting: 0, delivered: 0, dead: 1 });
    store.revive_notice(&id, minute(1)).await.expect("revives");
    assert_eq!(store.dead_notices().await.expect("reads"), []);
    assert_eq!(store.notices_due(minute(1), 9).await.expect("reads")[0].notice, first, "it is first again");
    assert!(store.note_sent(&Salt([99; 16]), Sent::Delivered, "").await.is_err(), "an unknown one");
}

/// The same notice again changes nothing; another one under its id is a conflict, and nothing of that call is kept.
pub async fn a_notice_is_queued_once(store: &impl DeskStore) {
    let first = notice(1, "A-1", 1, Some(Effect::Freeze));
    store.queue_notices(vec![first.clone(), first.clone()]).await.expect("queues");
    store.queue_notices(vec![first.clone()]).await.expect("is there already");
    let refused = store.queue_notices(vec![notice(2, "A-2", 1, None), notice(1, "A-1", 2, None)]).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    assert_eq!(store.notice_counts(None).await.expect("counts").waiting, 1);
}
