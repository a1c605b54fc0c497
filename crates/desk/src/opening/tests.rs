//! Every leaf of a case with its case, once, not too early, not too late, whenever the process dies.

mod world;

use super::*;
use crate::leaves::leaf;
use crate::opacity::statistics::uneven;
use countersign_core::digest;
use countersign_core::time::{DAY, HOUR};
use countersign_store::journal::Journal;
use countersign_store::memory::MemoryStore;
use countersign_store::{Cases, NewLeaf, Openings, Orders, Settings};
use countersign_testkit::random::{below, named};
use countersign_tlog::leaf::Leaf;
use proptest::prelude::*;
use serde_json::Value;
use world::{Fate, Life, Made, THREE, World, at};

/// Some of every fate, begun within a month, some under a delay order.
async fn some_of_all(world: &mut World, begin: Timestamp) -> Vec<Made> {
    let mut cases = Vec::new();
    for number in 0..24_u64 {
        let fates =
            [Fate::Released, Fate::Stuck, Fate::Refused, Fate::Fake, Fate::Running, Fate::Contact, Fate::ContactClosed];
        let fate = fates[(number % 7) as usize];
        let when = begin.plus((below(&mut world.rng, 30 * 86_400)) as Seconds);
        let asked = !matches!(fate, Fate::Contact | Fate::ContactClosed);
        let delay = (asked && number / 8 == 1).then(|| when.plus(20 * DAY + number as Seconds * 15 * DAY));
        cases.push(world.case(fate, when, delay).await);
        world.dummies(40, when).await;
    }
    cases
}

#[tokio::test]
async fn two_years_of_days_open_every_case_whole_in_its_window_and_running_ones_never() {
    let mut world = World::new("two years");
    let begin = at("2026-11-02T00:00:00Z");
    let cases = some_of_all(&mut world, begin).await;
    let mut rng = named("days");
    let mut most = 0;
    for day in 30..760 {
        let opened = world.day(begin.plus(day * DAY), &mut rng).await;
        assert_eq!(opened.late, 0, "day {day}");
        let total = opened.leaves + opened.dummies;
        assert!(total == 0 || total.is_power_of_two(), "day {day}: {opened:?}");
        most = most.max(opened.openings);
        // A process that died before it could note the day runs again: nothing is left to open.
        assert_eq!(world.day(begin.plus(day * DAY), &mut rng).await, OpenedLeaves::default());
    }
    assert!(most > 0);
    let opened = world.opened().await;
    for made in &cases {
        let days: Vec<Option<Timestamp>> = made.leaves.iter().map(|key| opened.get(key).map(|(at, _)| *at)).collect();
        assert!(days.windows(2).all(|two| two[0] == two[1]), "{:?}: {days:?}", made.fate);
        let Some(free) = made.free else {
            assert_eq!(days[0], None, "{:?} {}", made.fate, made.case);
            continue;
        };
        let day = days[0].unwrap_or_else(|| panic!("{:?} was never opened", made.fate));
        assert!(day >= free && day <= made.deadline.unwrap(), "{:?}: {day}, free {free}", made.fate);
        // On the day that was drawn, and on no other.
        let draw = world.opener(begin, 8).draw(&Owner::Case(made.case)).unwrap();
        let window = Window { from: free, deadline: made.deadline.unwrap() };
        assert_eq!(day, window.batch(THREE, draw), "{:?}", made.fate);
    }
    let real: usize = cases.iter().filter(|made| made.free.is_some()).map(|made| made.leaves.len()).sum();
    let kinds = |dummy: bool| opened.values().filter(|(_, fields)| (fields["kind"] == "dummy") == dummy).count();
    assert_eq!(kinds(false), real);
    assert!(kinds(true) > 0 && kinds(true) < 24 * 40 / 2);
    let closed = world.store.closed_leaves(0, 4_096).await.unwrap();
    let running: usize = cases.iter().filter(|made| made.free.is_none()).map(|made| made.leaves.len()).sum();
    assert_eq!(closed.iter().filter(|leaf| leaf.kind != "dummy").count(), running);
}

#[tokio::test]
async fn a_process_that_dies_after_any_batch_goes_on_and_days_without_one_are_made_up() {
    let mut world = World::new("dying");
    let begin = at("2026-11-02T00:00:00Z");
    let cases = some_of_all(&mut world, begin).await;
    let mut rng = named("deaths");
    for day in 30..760 {
        // At most this many batches before the process dies; on most days it does not run at all.
        for _ in 0..below(&mut rng, 9).saturating_sub(5) {
            let now = begin.plus(day * DAY + THREE + below(&mut rng, 20 * 3_600) as Seconds);
            world.opener(now, 8).open_batch(&mut rng).await.unwrap();
        }
    }
    world.day(begin.plus(760 * DAY), &mut rng).await;
    let opened = world.opened().await;
    for made in cases {
        let days: Vec<_> = made.leaves.iter().filter_map(|key| opened.get(key)).map(|(at, _)| *at).collect();
        assert_eq!(days.len(), if made.free.is_some() { made.leaves.len() } else { 0 }, "{:?}", made.fate);
        assert!(days.windows(2).all(|two| two[0] == two[1]));
        assert!(made.free.is_none_or(|free| days.iter().all(|day| *day >= free.plus(-300))));
    }
}

#[tokio::test]
async fn a_missed_deadline_is_said_and_a_delay_is_kept_all_the_same() {
    let mut world = World::new("late");
    let begin = at("2026-11-02T00:00:00Z");
    let until = begin.plus(200 * DAY);
    let made = world.case(Fate::Released, begin, Some(until)).await;
    let mut rng = named("late days");
    for day in 1..214 {
        assert_eq!(world.day(begin.plus(day * DAY), &mut rng).await.leaves, 0, "day {day}");
    }
    let opened = world.day(made.deadline.unwrap().plus(3 * DAY), &mut rng).await;
    assert_eq!((opened.leaves, opened.late, opened.cases), (made.leaves.len(), made.leaves.len(), 1));
}

#[tokio::test]
async fn a_delay_that_the_policy_did_not_accept_delays_nothing() {
    let mut world = World::new("unlawful");
    let begin = at("2026-11-02T00:00:00Z");
    let made = world.case(Fate::ReleasedUndelayed, begin, Some(begin.plus(300 * DAY))).await;
    let opened = world.day(made.deadline.unwrap().plus(-DAY + 1), &mut named("unlawful days")).await;
    assert_eq!((opened.leaves, opened.late), (made.leaves.len(), 0));
}

#[tokio::test]
async fn a_leaf_that_comes_after_its_case_was_opened_is_opened_with_the_next_batch() {
    let mut world = World::new("straggler");
    let begin = at("2026-11-02T00:00:00Z");
    let made = world.case(Fate::Refused, begin, None).await;
    let mut rng = named("straggler days");
    let later = made.deadline.unwrap();
    assert_eq!(world.day(later.plus(-DAY + 1), &mut rng).await.leaves, made.leaves.len());
    let records = world.store.case(&made.case).await.unwrap().unwrap();
    let mut life = Life { case: made.case, last: records.last().cloned(), leaves: Vec::new() };
    let notice = world.leaf(LeafKind::Notice, later, &[]);
    life.add(&world, later, Event::Closed, vec![notice]).await;
    assert_eq!(world.day(later.plus(1), &mut rng).await.leaves, 1);
}

#[tokio::test]
async fn what_belongs_to_no_case_waits_until_no_delay_can_stand_and_an_incident_goes_with_its_intent() {
    let mut world = World::new("no case");
    let when = at("2026-11-02T10:00:00Z");
    let stray = world.leaf(LeafKind::Receipt, when, &[("order", Digest([77; 32]).to_hex())]);
    let named_doc = Digest([78; 32]);
    let linked = world.leaf(LeafKind::Incident, when, &[("document", named_doc.to_hex())]);
    let alone = world.leaf(LeafKind::Incident, when, &[("document", Digest([79; 32]).to_hex())]);
    let (stray_key, linked_key, alone_key) = (stray.key, linked.key, alone.key);
    world.store.append_leaves(Vec::new(), vec![stray, linked, alone]).await.unwrap();
    let made = world.case(Fate::Stuck, when, None).await;
    let intent = world.store.open_effects().await.unwrap()[0].intent;
    world.store.set_setting_once(&format!("incident-intent/{named_doc}"), &intent).await.unwrap();
    let mut rng = named("no case days");
    for day in 1..500 {
        world.day(at("2026-11-02T00:00:00Z").plus(day * DAY), &mut rng).await;
    }
    let opened = world.opened().await;
    assert_eq!(opened[&linked_key].0, opened[&made.leaves[0]].0);
    for key in [stray_key, alone_key] {
        let day = opened[&key].0;
        assert!(day >= when.plus(366 * DAY + LAG - 300) && day <= when.plus(366 * DAY + LAG + SPREAD).quarter_end());
    }
}

#[tokio::test]
async fn dummies_are_spared_when_few_are_closed() {
    let mut world = World::new("few");
    let begin = at("2026-11-02T00:00:00Z");
    world.dummies(7, begin).await;
    // Three leaves: request, refusal and one more.
    let made = world.case(Fate::Refused, begin, None).await;
    assert_eq!(made.leaves.len(), 2);
    let other = world.case(Fate::ContactClosed, begin, None).await;
    let opened = world.day(made.deadline.max(other.deadline).unwrap().plus(1), &mut named("few")).await;
    assert_eq!((opened.leaves, opened.dummies), (3, 1));
    let third = world.case(Fate::Released, begin, None).await;
    let opened = world.day(third.deadline.unwrap().plus(1), &mut named("few")).await;
    assert_eq!((opened.leaves, opened.dummies), (third.leaves.len(), 6 / SPARE));
}

#[tokio::test]
async fn every_closed_dummy_is_drawn_as_often_as_any_other() {
    let mut world = World::new("even");
    let begin = at("2026-11-02T00:00:00Z");
    world.dummies(60, begin).await;
    let (opener, mut rng) = (world.opener(begin, 8), named("draws"));
    let mut counts: BTreeMap<LeafKey, u64> = BTreeMap::new();
    for _ in 0..3_000 {
        let drawn = opener.dummies(5, &mut rng).await.unwrap();
        assert_eq!(drawn.len(), 5);
        drawn.into_iter().for_each(|key| *counts.entry(key).or_default() += 1);
    }
    let counts: Vec<u64> = counts.into_values().collect();
    assert_eq!((counts.len(), uneven(&counts)), (60, None));
}

#[tokio::test]
async fn nothing_is_opened_while_one_leaf_and_its_disclosures_do_not_fit() {
    let mut world = World::new("damaged");
    let when = at("2026-11-02T00:00:00Z");
    let good = world.leaf(LeafKind::Lookup, when, &[]);
    let mut bad = world.leaf(LeafKind::Lookup, when, &[]);
    for (place, change) in [(0, good.disclosures[0].clone()), (1, good.disclosures[1].clone())] {
        let mut damaged = NewLeaf { key: [place as u8 + 1; 32], ..bad.clone() };
        damaged.disclosures[place] = change;
        let fresh = World::new("damaged store");
        fresh.store.append_leaves(Vec::new(), vec![good.clone(), damaged]).await.unwrap();
        let error = fresh.opener(when.plus(900 * DAY), 8).open_all(&mut named("x")).await.unwrap_err();
        assert!(error.to_string().contains("leaf 1 cannot be opened"), "{error}");
        assert_eq!(fresh.opened().await, BTreeMap::new());
    }
    // A field kept back is as bad as a wrong one.
    bad.disclosures.pop();
    world.store.append_leaves(Vec::new(), vec![bad]).await.unwrap();
    let error = world.opener(when.plus(900 * DAY), 8).open_all(&mut named("x")).await.unwrap_err();
    assert!(error.to_string().contains("not those of a leaf of kind `lookup`"), "{error}");
}

#[tokio::test]
async fn disclosures_larger_than_one_opening_leaf_go_on_in_the_next() {
    let mut world = World::new("large");
    let when = at("2026-11-02T00:00:00Z");
    let long = |length: usize| Value::from("x".repeat(length));
    let large = leaf(LeafKind::Notice, when, vec![long(11_000), long(9_000), long(11_900)], &mut world.rng).unwrap();
    let key = large.key;
    let small = world.leaf(LeafKind::Notice, when, &[]);
    let first = world.leaf(LeafKind::Notice, when, &[]);
    world.store.append_leaves(Vec::new(), vec![first, large, small]).await.unwrap();
    let opened = world.opener(when.plus(900 * DAY), 8).open_all(&mut named("x")).await.unwrap();
    assert_eq!((opened.leaves, opened.openings), (3, 3));
    let mut texts: Vec<String> = Vec::new();
    for entry in world.journal.entries(3, 100).await.unwrap() {
        let Leaf::Opening(leaf) = Leaf::parse(&entry.leaf).unwrap() else { panic!("only openings follow") };
        let pieces = leaf.openings().iter().filter(|one| one.index == 1);
        texts.extend(pieces.flat_map(|one| &one.disclosures).map(|disclosure| disclosure.as_str().to_owned()));
    }
    assert_eq!(texts, world.store.disclosures_of(&key).await.unwrap().unwrap().list);
}

#[test]
fn days_are_drawn_evenly_and_differ_by_secret() {
    let window = Window { from: at("2026-11-02T10:00:00Z"), deadline: at("2026-12-31T23:59:59Z") };
    let store = MemoryStore::default();
    let days = |key: [u8; 32]| -> Vec<Timestamp> {
        let opener = Opener { store: &store, key: &key, now: window.from, hour: THREE, most: 8 };
        let draw =
            |n: u16| opener.draw(&Owner::Case(CaseId(digest::plain(&n.to_le_bytes()).0[..16].try_into().unwrap())));
        (0..5_900).map(|n| window.batch(THREE, draw(n).unwrap())).collect()
    };
    let (one, other) = (days([1; 32]), days([2; 32]));
    // 59 days; about 100 cases on each. A day misses by more than 5 standard deviations with probability below 1e-6.
    let mut counts: BTreeMap<Timestamp, u32> = BTreeMap::new();
    one.iter().for_each(|day| *counts.entry(*day).or_default() += 1);
    assert_eq!(counts.len(), 59);
    assert!(counts.values().all(|count| (50..150).contains(count)), "{counts:?}");
    let same = one.iter().zip(&other).filter(|(a, b)| a == b).count();
    assert!((50..150).contains(&same), "{same}");
}

proptest! {
    #[test]
    fn a_batch_lies_in_its_window_when_any_does(
        from in 0..20_000_000_000_i64,
        length in -10 * DAY..40 * DAY,
        hour in 0..24_i64,
        draw in 0..100_u64,
    ) {
        let from = Timestamp::from_unix(from).unwrap();
        let window = Window { from, deadline: from.plus(length) };
        let batch = window.batch(hour * HOUR, draw);
        prop_assert_eq!(batch.unix() % DAY, hour * HOUR);
        prop_assert!(batch >= from);
        let first = window.batch(hour * HOUR, 0);
        prop_assert!(first.since(from) < DAY);
        if first <= window.deadline {
            prop_assert!(batch <= window.deadline);
        } else {
            prop_assert_eq!(batch, first);
        }
    }

    #[test]
    fn a_latest_opening_always_leaves_room(over in 0..20_000_000_000_i64) {
        let over = Timestamp::from_unix(over).unwrap();
        let window = Window { from: over.plus(LAG), deadline: latest_opening(over) };
        prop_assert!(window.deadline.since(window.from) >= SPREAD);
        prop_assert_eq!(window.deadline, window.deadline.quarter_end());
    }
}
