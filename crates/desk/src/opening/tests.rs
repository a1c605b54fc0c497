//! Every leaf of a case with its case, once, not too early, not too late, whenever the process dies.

use super::*;
use crate::documents::{IntakeV1, Targets};
use crate::leaves::{leaf, of_fields};
use crate::opacity::statistics::uneven;
use countersign_core::class::{Class, ClassSet};
use countersign_core::id::{AuthorityId, CustodianId, OrderId, PersonId, Salt};
use countersign_core::order::{Instrument, InstrumentRef, Kind, Mode, OrderV1, Recipient, Scope};
use countersign_core::time::{DAY, HOUR};
use countersign_core::{case::EventV1, digest};
use countersign_store::journal::{Journal, MemoryJournal};
use countersign_store::memory::MemoryStore;
use countersign_store::{AppendEvent, Cases, EffectKey, NewEffect, NewLeaf, NewOrder, Openings, Orders, Receipt};
use countersign_store::{Settings, StoredDocument};
use countersign_testkit::random::{below, named};
use countersign_tlog::leaf::{Leaf, check_disclosures};
use countersign_verify::order_leaf::order_leaf_fields;
use countersign_verify::wire::{DelayV1, Signed};
use proptest::prelude::*;
use serde_json::Value;

const KEY: [u8; 32] = [7; 32];
const THREE: Seconds = 3 * HOUR;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn person() -> PersonId {
    PersonId::parse("anna-berg").unwrap()
}

fn authority() -> AuthorityId {
    AuthorityId::parse("xa-district-court").unwrap()
}

/// What becomes of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Delivered an hour after approval.
    Released,
    /// The same, where the policy found the delay order unlawful: it does not stand in the order.
    ReleasedUndelayed,
    /// Approved, never carried out.
    Stuck,
    Refused,
    Fake,
    /// Still under review.
    Running,
    /// Approached and nothing more.
    Contact,
    ContactClosed,
}

/// A case as the tests make it.
struct Made {
    case: CaseId,
    fate: Fate,
    /// Earliest time at which anything of it may be opened.
    free: Option<Timestamp>,
    deadline: Option<Timestamp>,
    leaves: Vec<LeafKey>,
}

struct World {
    store: MemoryStore,
    journal: MemoryJournal,
    rng: ChaCha20Rng,
    numbers: u8,
}

impl World {
    fn new(name: &str) -> Self {
        let journal = MemoryJournal::new();
        Self { store: MemoryStore::new(journal.clone()), journal, rng: named(name), numbers: 0 }
    }

    /// A leaf of this kind, the named fields set, the others filled.
    fn leaf(&mut self, kind: LeafKind, when: Timestamp, set: &[(&str, String)]) -> NewLeaf {
        let value = |name: &&str| {
            let set = set.iter().find(|(field, _)| field == name);
            set.map_or(Value::Null, |(_, value)| Value::from(value.as_str()))
        };
        let values = kind.fields().iter().map(value).collect();
        leaf(kind, when, values, &mut self.rng).unwrap()
    }

    async fn dummies(&mut self, number: usize, when: Timestamp) {
        for _ in 0..number {
            let dummy = self.leaf(LeafKind::Dummy, when, &[]);
            self.store.append_leaves(Vec::new(), vec![dummy]).await.unwrap();
        }
    }

    /// Makes a case that began at `when`, with a delay order until then.
    async fn case(&mut self, fate: Fate, when: Timestamp, delay: Option<Timestamp>) -> Made {
        self.numbers += 1;
        let case = CaseId([self.numbers; 16]);
        let mut life = Life { case, last: None, leaves: Vec::new() };
        let request = digest::parts("request", &[&[self.numbers]]);
        let mut made = Made { case, fate, free: None, deadline: None, leaves: Vec::new() };
        let over = |over: Timestamp| delay.map_or(over, |until| over.max(until));
        if matches!(fate, Fate::Contact | Fate::ContactClosed) {
            let contact = self.leaf(LeafKind::Contact, when, &[]);
            life.add(self, when, Event::Contact { document: request, authority: authority() }, vec![contact]).await;
            made.free = Some(when.plus(CONTACT_RESTS + LAG));
            if fate == Fate::ContactClosed {
                life.add(self, when.plus(DAY), Event::Closed, Vec::new()).await;
                made.free = Some(when.plus(DAY + LAG));
            }
        } else {
            self.review(&mut life, request, when, delay).await;
            let document = request;
            match fate {
                Fate::Fake => {
                    let check = self.leaf(LeafKind::Verified, when.plus(HOUR), &[]);
                    life.add(self, when.plus(HOUR), Event::Fake { document }, vec![check]).await;
                    made.free = Some(over(when.plus(HOUR)).plus(LAG));
                }
                Fate::Refused => {
                    let refusal = self.leaf(LeafKind::Refusal, when.plus(2 * DAY), &[]);
                    life.add(self, when.plus(2 * DAY), Event::Refused { document }, vec![refusal]).await;
                    life.add(self, when.plus(3 * DAY), Event::Closed, Vec::new()).await;
                    made.free = Some(over(when.plus(2 * DAY)).plus(LAG));
                }
                Fate::Released | Fate::ReleasedUndelayed | Fate::Stuck => {
                    let lawful = delay.filter(|_| fate != Fate::ReleasedUndelayed);
                    let order = self.order(&mut life, request, when.plus(DAY), lawful).await;
                    made.deadline = Some(order.latest_opening);
                    let mut end = order.expires;
                    if fate != Fate::Stuck {
                        end = when.plus(DAY + HOUR);
                        self.release(&mut life, &order, end).await;
                    }
                    made.free = Some(lawful.map_or(end, |until| end.max(until)).plus(LAG));
                }
                _ => {}
            }
        }
        if made.deadline.is_none() {
            made.deadline = made.free.map(|free| free.plus(SPREAD).quarter_end());
        }
        made.leaves = life.leaves;
        made
    }

    async fn review(&mut self, life: &mut Life, request: Digest, when: Timestamp, delay: Option<Timestamp>) {
        let delay = delay.map(|until| {
            let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
            let order = DelayOrder {
                v: DelayV1,
                authority: authority(),
                request,
                salt: Salt([1; 16]),
                basis: "Code of Criminal Procedure of XA, section 99".into(),
                at: until.plus(-100 * DAY),
                until,
            };
            Signed::sign(order, &key).unwrap().text().to_owned()
        });
        let intake = Intake {
            v: IntakeV1,
            case: life.case,
            authority: authority(),
            matter: Digest([2; 32]),
            instrument: Instrument::CourtOrder,
            emergency: false,
            targets: Targets::Named,
            people_asked: 1,
            found: Vec::new(),
            not_found: 1,
            addresses: Vec::new(),
            classes: ClassSet::new([Class::Name]),
            channel: "letter".into(),
            received_at: when,
            request,
            salt: Salt([1; 16]),
            raw_bytes: 1,
            sealed_raw: Digest([3; 32]),
            delay,
        };
        let intake = Exact::write(intake).unwrap();
        let document = StoredDocument { digest: request, kind: "intake".into(), bytes: intake.bytes().to_vec() };
        self.store.append_leaves(vec![document], Vec::new()).await.unwrap();
        let leaf = self.leaf(LeafKind::Request, when, &[]);
        life.add(self, when, Event::Request { document: request, authority: authority() }, vec![leaf]).await;
    }

    async fn order(&mut self, life: &mut Life, request: Digest, when: Timestamp, delay: Option<Timestamp>) -> Order {
        let check = self.leaf(LeafKind::Verified, when, &[]);
        life.add(self, when, Event::Authenticated { document: request }, vec![check]).await;
        let expires = when.plus(3 * DAY);
        let order = Order {
            v: OrderV1,
            id: OrderId([self.numbers; 16]),
            custodian: CustodianId([1; 16]),
            case: digest::parts("commitment", &[&[self.numbers]]),
            kind: Kind::Disclosure,
            authority: authority(),
            instrument: InstrumentRef { form: Instrument::CourtOrder, request },
            policy: Digest([4; 32]),
            facts: Digest([5; 32]),
            scope: Scope {
                manifest: Digest([6; 32]),
                subjects: 1,
                records: 1,
                classes: ClassSet::new([Class::Name]),
                from: None,
                to: None,
            },
            recipient: Recipient { mode: Mode::Authority, key: Digest([8; 32]) },
            not_before: when,
            expires,
            latest_opening: latest_opening(delay.map_or(expires, |until| until.max(expires))),
            notice_due: delay.is_none().then(|| expires.plus(DAY)),
            delay: delay.map(|_| Digest([9; 32])),
            ring: Digest([10; 32]),
        };
        let order = Exact::write(order).unwrap();
        let name = order.digest();
        let leaf = self.leaf(LeafKind::Decision, when, &[]);
        let entry = NewOrder {
            id: order.value().id,
            digest: name,
            decision: digest::plain(&[self.numbers]),
            authority: authority(),
        };
        let document = StoredDocument { digest: name, kind: "order".into(), bytes: order.bytes().to_vec() };
        life.append(self, when, Event::Proposed { order: name }, |event| AppendEvent {
            documents: vec![document],
            leaves: vec![leaf],
            order: Some(entry),
            ..event
        })
        .await;
        let approval = self.leaf(LeafKind::Approval, when, &[]);
        life.add(self, when, Event::Signed { order: name, approval: Digest([11; 32]) }, vec![approval]).await;
        let fields = order_leaf_fields(&order);
        let leaf = of_fields(LeafKind::Order, when, &fields, &mut self.rng).unwrap();
        life.add(self, when, Event::Approved { order: name }, vec![leaf]).await;
        life.add(self, when, Event::Logged { order: name, index: 3 }, Vec::new()).await;
        // The intent of a release that may never end stands beside the events, and so does what became of it.
        let subject = [("subject", name.to_hex())];
        let intent = self.leaf(LeafKind::Intent, when, &subject);
        life.leaves.push(intent.key);
        let effect = NewEffect { effect: effect(&name), at: when, intent };
        self.store.begin_effect(effect).await.unwrap();
        life.add(self, when, Event::ReleaseStarted { order: name, intent: 4 }, Vec::new()).await;
        order.value().clone()
    }

    async fn release(&mut self, life: &mut Life, order: &Order, when: Timestamp) {
        let name = Exact::write(order.clone()).unwrap().digest();
        let of_order = [("order", name.to_hex())];
        for trustee in 1..=3_u8 {
            let leaf = self.leaf(LeafKind::Receipt, when, &of_order);
            life.leaves.push(leaf.key);
            let receipt = Receipt {
                order: name,
                trustee: trustee.to_string(),
                digest: digest::parts("receipt", &[name.as_bytes(), &[trustee]]),
                bytes: vec![trustee],
                at: when,
            };
            self.store.add_receipt(receipt, leaf).await.unwrap();
        }
        let outcome = self.leaf(LeafKind::Release, when, &of_order);
        life.leaves.push(outcome.key);
        self.store.finish_effect(&effect(&name), when, outcome).await.unwrap();
        life.add(self, when, Event::Delivered { order: name, package: Digest([12; 32]) }, Vec::new()).await;
        let notice = self.leaf(LeafKind::Notice, when.plus(DAY), &[]);
        life.add(self, when.plus(DAY), Event::Notified { document: Digest([13; 32]) }, vec![notice]).await;
    }

    fn opener(&self, now: Timestamp, most: usize) -> Opener<'_> {
        Opener { store: &self.store, key: &KEY, now, hour: THREE, most }
    }

    /// One day's run at three o'clock.
    async fn day(&self, day: Timestamp, rng: &mut ChaCha20Rng) -> OpenedLeaves {
        self.opener(day.plus(THREE), MOST_AT_ONCE).open_all(rng).await.unwrap()
    }

    /// Everything that was opened: by index, the day and the fields; every opening is checked on the way.
    async fn opened(&self) -> BTreeMap<LeafKey, (Timestamp, BTreeMap<String, Value>)> {
        let entries = self.journal.entries(0, 4_096).await.unwrap();
        let mut opened = BTreeMap::new();
        for entry in &entries {
            let Leaf::Opening(leaf) = Leaf::parse(&entry.leaf).unwrap() else { continue };
            let when = Timestamp::MIN.plus(leaf.tick() as Seconds * TICK_SECONDS as Seconds);
            for one in leaf.openings() {
                assert!(one.index < entry.index);
                let sealed = &entries[one.index as usize];
                let texts: Vec<&str> = one.disclosures.iter().map(Disclosure::as_str).collect();
                let fields = check_disclosures(&sealed.leaf, &texts).unwrap();
                let kind = LeafKind::parse(fields["kind"].as_str().unwrap()).unwrap();
                assert_eq!(fields.len(), 1 + kind.fields().len(), "every field is opened");
                assert!(opened.insert(sealed.key, (when, fields)).is_none(), "leaf {} is opened twice", one.index);
            }
        }
        opened
    }
}

/// The events of one case under way.
struct Life {
    case: CaseId,
    last: Option<Exact<EventRecord>>,
    leaves: Vec<LeafKey>,
}

impl Life {
    async fn add(&mut self, world: &World, when: Timestamp, event: Event, leaves: Vec<NewLeaf>) {
        self.append(world, when, event, |event| AppendEvent { leaves, ..event }).await;
    }

    async fn append(
        &mut self,
        world: &World,
        when: Timestamp,
        event: Event,
        with: impl FnOnce(AppendEvent) -> AppendEvent,
    ) {
        let record = Exact::write(EventRecord {
            v: EventV1,
            case: self.case,
            number: self.last.as_ref().map_or(0, |last| last.value().number + 1),
            previous: self.last.as_ref().map(Exact::digest),
            at: when,
            by: person(),
            event,
        })
        .unwrap();
        self.last = Some(record.clone());
        let event = with(AppendEvent::new(record));
        self.leaves.extend(event.leaves.iter().map(|leaf| leaf.key));
        world.store.append(event).await.unwrap();
    }
}

fn effect(order: &Digest) -> EffectKey {
    EffectKey { kind: "release".into(), subject: digest::parts("effect", &[order.as_bytes()]) }
}

/// Some of every fate, begun within a month, some under a delay order.
async fn some_of_all(world: &mut World, begin: Timestamp) -> Vec<Made> {
    let mut cases = Vec::new();
    for number in 0..21_u64 {
        let fates =
            [Fate::Released, Fate::Stuck, Fate::Refused, Fate::Fake, Fate::Running, Fate::Contact, Fate::ContactClosed];
        let fate = fates[(number % 7) as usize];
        let when = begin.plus((below(&mut world.rng, 30 * 86_400)) as Seconds);
        let asked = !matches!(fate, Fate::Contact | Fate::ContactClosed);
        let delay = (asked && number % 2 == 1).then(|| when.plus(20 * DAY + number as Seconds * 15 * DAY));
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
        assert_eq!(day.unix() % DAY, THREE);
    }
    let real: usize = cases.iter().filter(|made| made.free.is_some()).map(|made| made.leaves.len()).sum();
    let kinds = |dummy: bool| opened.values().filter(|(_, fields)| (fields["kind"] == "dummy") == dummy).count();
    assert_eq!(kinds(false), real);
    assert!(kinds(true) > 0 && kinds(true) < 21 * 40 / 2);
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
    let large = leaf(LeafKind::Lookup, when, vec![long(11_000), long(9_000), long(11_900)], &mut world.rng).unwrap();
    let key = large.key;
    let small = world.leaf(LeafKind::Lookup, when, &[]);
    let first = world.leaf(LeafKind::Lookup, when, &[]);
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
        length in -10 * DAY..400 * DAY,
        hour in 0..24_i64,
        draw in any::<u64>(),
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
