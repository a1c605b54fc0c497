//! The floor holds, real leaves take the place of dummies, and neither crashes nor clocks make too many.

mod traffic;

use super::*;
use async_trait::async_trait;
use countersign_store::journal::{Head, MemoryJournal, Place};
use countersign_store::memory::MemoryStore;
use countersign_store::{Cases, LeafKey, NewLeaf, StoreError};
use countersign_testkit::clock::StepClock;
use countersign_testkit::random::named;
use countersign_tlog::leaf::{ControlLeaf, LeafId};
use proptest::prelude::*;
use serde_json::Value;
use std::sync::Mutex;

const TICK: Seconds = TICK_SECONDS as Seconds;

fn start() -> Timestamp {
    Timestamp::parse("2026-11-20T12:00:00Z").unwrap()
}

/// One tick from its beginning, real leaves at these seconds; returns how many dummies were made.
fn one_tick(cover: &mut CoverTraffic, real: &[Seconds]) -> u32 {
    let (mut accepted, mut dummies) = (0, 0);
    for second in 0..TICK {
        accepted += real.iter().filter(|at| **at == second).count() as u32;
        while let Step::Dummy(at) = cover.next(start().plus(second), accepted) {
            assert!(at <= start().plus(second));
            accepted += 1;
            dummies += 1;
        }
    }
    assert_eq!(cover.next(start().plus(TICK), accepted), Step::Over(start().plus(TICK)));
    dummies
}

/// The same by another way: each real leaf is matched with the first free moment that comes after it.
fn unmatched(moments: &VecDeque<Timestamp>, real: &[Seconds]) -> u32 {
    let mut free: Vec<Timestamp> = moments.iter().copied().collect();
    let mut real = real.to_vec();
    real.sort_unstable();
    for at in real {
        // A real leaf in the second of a moment was there before it.
        if let Some(place) = free.iter().position(|moment| *moment >= start().plus(at)) {
            free.remove(place);
        }
    }
    free.len() as u32
}

proptest! {
    #[test]
    fn a_real_leaf_takes_the_next_moment_away(
        floor in 0..20_u32,
        real in prop::collection::vec(0..TICK, 0..30),
        seed in any::<u64>(),
    ) {
        let mut cover = CoverTraffic::begin(start(), floor, 0, &mut named(&seed.to_string()));
        let expected = unmatched(&cover.pending, &real);
        let dummies = one_tick(&mut cover, &real);
        prop_assert_eq!(dummies, expected);
        prop_assert!(dummies <= floor);
        let total = dummies + real.len() as u32;
        prop_assert!(total >= floor);
        // Whoever comes before all dummies, alone or not, changes the count only above the floor.
        if real.iter().all(|at| *at == 0) {
            prop_assert_eq!(total, floor.max(real.len() as u32));
        }
    }

    #[test]
    fn one_real_leaf_never_shows_in_the_count(floor in 1..20_u32, at in 0..=CLOSING, seed in any::<u64>()) {
        let mut cover = CoverTraffic::begin(start(), floor, 0, &mut named(&seed.to_string()));
        prop_assert_eq!(one_tick(&mut cover, &[at]) + 1, floor);
    }

    /// Begun anew at any second, as after a crash, however often: no dummy ever lifts the tick above the floor, and the floor holds.
    #[test]
    fn restarts_neither_overshoot_nor_undershoot(
        floor in 1..20_u32,
        real in prop::collection::vec(0..TICK, 0..10),
        restarts in prop::collection::vec(0..=CLOSING, 0..10),
        seed in any::<u64>(),
    ) {
        let mut rng = named(&seed.to_string());
        let mut cover = CoverTraffic::begin(start(), floor, 0, &mut rng);
        let mut accepted = 0;
        for second in 0..TICK {
            accepted += real.iter().filter(|at| **at == second).count() as u32;
            if restarts.contains(&second) {
                cover = CoverTraffic::begin(start().plus(second), floor, accepted, &mut rng);
            }
            while let Step::Dummy(_) = cover.next(start().plus(second), accepted) {
                accepted += 1;
                prop_assert!(accepted <= floor);
            }
        }
        prop_assert!(accepted >= floor);
    }

    #[test]
    fn moments_lie_between_now_and_the_end_and_are_as_many_as_are_missing(
        floor in 0..MOST_SEALED_PER_TICK, accepted in 0..2_000_u32, second in 0..TICK, seed in any::<u64>(),
    ) {
        let now = start().plus(second);
        let cover = CoverTraffic::begin(now, floor, accepted, &mut named(&seed.to_string()));
        prop_assert_eq!(cover.pending.len() as u32, floor.saturating_sub(accepted));
        prop_assert!(cover.pending.iter().all(|at| *at >= now && *at < start().plus(TICK)));
        prop_assert!(cover.pending.iter().is_sorted());
        prop_assert!(cover.pending.back().is_none_or(|last| *last == start().plus(CLOSING).max(now)));
    }
}

#[test]
fn a_dummy_stays_due_until_the_journal_holds_it() {
    let mut cover = CoverTraffic::begin(start().plus(CLOSING), 2, 0, &mut named("due"));
    let now = start().plus(CLOSING);
    assert_eq!(cover.next(now, 0), Step::Dummy(now));
    assert_eq!(cover.next(now, 0), Step::Dummy(now));
    assert_eq!(cover.next(now, 1), Step::Dummy(now));
    assert_eq!(cover.next(now, 2), Step::Over(start().plus(TICK)));
}

#[test]
fn a_busy_store_delays_the_last_dummies_and_a_long_sleep_drops_them() {
    let fresh = || CoverTraffic::begin(start(), 1, 0, &mut named("late"));
    let closing = start().plus(CLOSING);
    assert_eq!(fresh().next(start().plus(TICK), 0), Step::Dummy(closing));
    assert_eq!(fresh().next(start().plus(TICK + LATE - 1), 0), Step::Dummy(closing));
    for late in [TICK + LATE, 100 * TICK, -1] {
        let now = start().plus(late);
        assert_eq!(fresh().next(now, 0), Step::Over(now));
    }
}

/// A journal that cannot be read any more after so many readings; 0 is for ever.
struct Failing {
    inner: MemoryJournal,
    reads: Mutex<u32>,
}

#[async_trait]
impl Journal for Failing {
    async fn create(&self, head: Head) -> countersign_store::Result<()> {
        self.inner.create(head).await
    }
    async fn head(&self) -> countersign_store::Result<Option<Head>> {
        self.inner.head().await
    }
    async fn advance(&self, from: &Head, next: Head) -> countersign_store::Result<()> {
        self.inner.advance(from, next).await
    }
    async fn enqueue(&self, leaves: &[NewLeaf]) -> countersign_store::Result<()> {
        self.inner.enqueue(leaves).await
    }
    async fn entries(&self, from: u64, limit: u32) -> countersign_store::Result<Vec<Entry>> {
        let broken = {
            let mut left = self.reads.lock().unwrap();
            let broken = *left == 1;
            *left = left.saturating_sub(u32::from(!broken));
            broken
        };
        if broken {
            return Err(StoreError::Unavailable { doing: "read leaves", reason: "the disk is away".into() });
        }
        self.inner.entries(from, limit).await
    }
    async fn place(&self, key: &LeafKey) -> countersign_store::Result<Option<Place>> {
        self.inner.place(key).await
    }
}

/// A desk's store with its journal, and a clock that the tests move.
struct World {
    store: MemoryStore,
    journal: MemoryJournal,
    clock: Arc<StepClock>,
    millis: u64,
}

impl World {
    fn new() -> Self {
        let journal = MemoryJournal::new();
        let store = MemoryStore::new(journal.clone());
        Self { store, journal, clock: Arc::new(StepClock::new(start(), 0)), millis: 0 }
    }

    fn cover(&self, floor: u32, seed: &str) -> Cover {
        self.cover_on(Arc::new(self.journal.clone()), floor, seed)
    }

    fn cover_on(&self, journal: Arc<dyn Journal>, floor: u32, seed: &str) -> Cover {
        Cover::new(CoverParts {
            store: Arc::new(self.store.clone()),
            journal,
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            rng: named(seed),
            floor,
        })
        .unwrap()
    }

    fn pass(&mut self, time: Duration) {
        let before = self.millis / 1_000;
        self.millis += time.as_millis() as u64;
        self.clock.advance((self.millis / 1_000 - before) as Seconds);
    }

    async fn real(&self, name: &str) {
        let at = self.clock.now();
        let values = ["a", "release", "b"].map(Value::from).to_vec();
        let made = leaf(LeafKind::Intent, at, values, &mut named(name)).unwrap();
        self.store.append_leaves(Vec::new(), vec![made]).await.unwrap();
    }

    /// A control leaf, as anybody can read.
    async fn in_clear(&self, name: &str) {
        let (at, mut rng) = (self.clock.now(), named(name));
        let made = ControlLeaf::new(LeafId::random(&mut rng), tick(at), name.to_owned(), Vec::new()).unwrap();
        let made = NewLeaf {
            key: crate::leaves::key(at, &mut rng),
            kind: "control".into(),
            leaf: made.to_bytes().unwrap(),
            disclosures: Vec::new(),
        };
        self.store.append_leaves(Vec::new(), vec![made]).await.unwrap();
    }

    async fn counts(&self) -> BTreeMap<u64, u32> {
        let mut counted = Counted { next: Some(0), ..Counted::default() };
        counted.read(&self.journal, 0).await.unwrap();
        counted.by_tick
    }

    fn end(&self, ticks: u64) -> bool {
        self.millis >= ticks * TICK_SECONDS * 1_000
    }
}

#[tokio::test]
async fn quiet_ticks_show_the_floor_and_busy_ones_what_is_real() {
    let mut world = World::new();
    let mut cover = world.cover(4, "quiet");
    let busy = tick(start()) + 3;
    let mut made = 0;
    while !world.end(8) {
        if tick(world.clock.now()) == busy && made == 0 {
            for number in 0..9 {
                world.real(&format!("real {number}")).await;
            }
            made = 9;
        }
        let wait = cover.step().await.unwrap();
        world.pass(wait);
    }
    let counts = world.counts().await;
    let expected: BTreeMap<u64, u32> =
        (0..8).map(|n| tick(start()) + n).map(|tick| (tick, if tick == busy { 9 } else { 4 })).collect();
    assert_eq!(counts, expected);
    // Every dummy is what a dummy must be: one field, kept with its disclosure.
    let dummies = world.store.all_disclosures().await.unwrap();
    let dummies: Vec<_> = dummies.iter().filter(|kept| kept.kind == "dummy").collect();
    assert_eq!(dummies.len(), 7 * 4);
    for entry in world.journal.entries(0, 1_000).await.unwrap() {
        if let Some(kept) = dummies.iter().find(|kept| kept.key == entry.key) {
            let fields = countersign_tlog::leaf::check_disclosures(&entry.leaf, &kept.list).unwrap();
            assert_eq!(fields, BTreeMap::from([("kind".to_owned(), Value::from("dummy"))]));
        }
    }
}

#[tokio::test]
async fn a_crash_at_any_step_costs_and_adds_nothing() {
    for crash_every in 1..6 {
        let mut world = World::new();
        let mut cover = world.cover(5, "first");
        let mut steps = 0;
        while !world.end(4) {
            let wait = cover.step().await.unwrap();
            steps += 1;
            if steps % crash_every == 0 {
                // The process dies right after the leaf was accepted, and comes back some seconds later.
                world.pass(Duration::from_millis(2_300));
                cover = world.cover(5, &format!("life {steps}"));
            } else {
                world.pass(wait);
            }
        }
        // While nothing runs around the closing moment the floor does not hold; more than the floor must never be there.
        for (tick, count) in world.counts().await {
            assert!(count <= 5, "tick {tick}: {count}, a crash every {crash_every} steps");
            assert!(count >= 3, "tick {tick}: {count}, a crash every {crash_every} steps");
        }
    }
}

#[tokio::test]
async fn a_start_in_the_middle_counts_what_is_there_already_even_far_back() {
    let mut world = World::new();
    for number in 0..50 {
        world.real(&format!("old {number}")).await;
    }
    world.pass(Duration::from_secs(3 * TICK_SECONDS + 100));
    // More than one page of this tick, and leaves in clear among them, which do not count.
    let more = PAGE + 44;
    for number in 0..more {
        world.real(&format!("new {number}")).await;
        if number % 100 == 0 {
            world.in_clear(&format!("clear {number}")).await;
        }
    }
    let head = Head { origin: "x".into(), size: 0, frontier: vec![], checkpoint: vec![] };
    world.journal.create(head.clone()).await.unwrap();
    let size = 50 + u64::from(more);
    world.journal.advance(&head, Head { size, ..head.clone() }).await.unwrap();
    let mut cover = world.cover(more + 5, "middle");
    let present = tick(world.clock.now());
    while tick(world.clock.now()) == present {
        let wait = cover.step().await.unwrap();
        world.pass(wait);
    }
    assert_eq!(world.counts().await.get(&present), Some(&(more + 5)));
    // Counted by another way than the driver's.
    let entries = world.journal.entries(0, 4_096).await.unwrap();
    let sealed = |entry: &&Entry| entry.leaf.len() == 1024 && parse(entry).unwrap().tick() == present;
    assert_eq!(entries.iter().filter(sealed).count(), more as usize + 5);
}

#[tokio::test]
async fn a_clock_that_is_set_back_into_full_ticks_adds_nothing() {
    let mut world = World::new();
    let mut cover = world.cover(3, "back");
    while !world.end(10) {
        let wait = cover.step().await.unwrap();
        world.pass(wait);
    }
    let before = world.counts().await;
    world.clock.advance(-8 * TICK);
    while !world.end(15) {
        let wait = cover.step().await.unwrap();
        world.pass(wait);
    }
    assert_eq!(world.counts().await, before);
}

#[tokio::test]
async fn a_store_that_fails_for_a_while_makes_no_dummy_twice() {
    let mut world = World::new();
    let failing = Arc::new(Failing { inner: world.journal.clone(), reads: Mutex::new(0) });
    let mut cover = world.cover_on(Arc::clone(&failing) as Arc<dyn Journal>, 6, "failing");
    let (mut steps, mut failures) = (0_u32, 0);
    while !world.end(3) {
        // Every third step the second or third reading from now fails: the one before the write, or the one after it.
        if steps.is_multiple_of(3) {
            *failing.reads.lock().unwrap() = 2 + steps % 2;
        }
        steps += 1;
        match cover.step().await {
            Ok(wait) => world.pass(wait),
            Err(DeskError::Store(_)) => {
                failures += 1;
                *failing.reads.lock().unwrap() = 0;
                world.pass(Duration::from_millis(500));
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(failures > 3, "{failures}");
    assert!(world.counts().await.values().all(|count| *count == 6), "{:?}", world.counts().await);
}

#[tokio::test]
async fn leaves_that_cannot_be_read_are_an_error_and_a_huge_floor_is_refused() {
    let world = World::new();
    let broken = NewLeaf { key: [1; 32], kind: "x".into(), leaf: b"no leaf".to_vec(), disclosures: Vec::new() };
    world.journal.enqueue(&[broken]).await.unwrap();
    let error = world.cover(1, "broken").step().await.unwrap_err().to_string();
    assert!(error.contains("leaf 0 of the journal"), "{error}");
    let parts = CoverParts { floor: MOST_SEALED_PER_TICK + 1, ..world.cover(1, "huge").parts };
    assert!(matches!(Cover::new(parts), Err(DeskError::Input(_))));
}

#[tokio::test]
async fn it_stops_when_told_and_when_nobody_is_left_to_tell() {
    let world = World::new();
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(world.cover(1, "stop").run(stopped, |error| panic!("{error}")));
    stop.send(true).unwrap();
    task.await.unwrap();
    let (stop, stopped) = watch::channel(false);
    drop(stop);
    world.cover(1, "alone").run(stopped, |error| panic!("{error}")).await;
}
