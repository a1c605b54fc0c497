//! Cases as the desk leaves them behind, made quickly.

use super::*;
use crate::documents::{IntakeV1, Targets};
use crate::leaves::{leaf, of_fields};
use countersign_core::case::EventV1;
use countersign_core::class::{Class, ClassSet};
use countersign_core::id::{AuthorityId, CustodianId, OrderId, PersonId, Salt};
use countersign_core::order::{Instrument, InstrumentRef, Kind, Mode, OrderV1, Recipient, Scope};
use countersign_core::time::HOUR;
use countersign_store::journal::{Journal, MemoryJournal};
use countersign_store::memory::MemoryStore;
use countersign_store::{AppendEvent, Cases, EffectKey, NewEffect, NewLeaf, NewOrder, Orders, Receipt, StoredDocument};
use countersign_tlog::leaf::{Leaf, check_disclosures};
use countersign_verify::order_leaf::order_leaf_fields;
use countersign_verify::wire::{DelayV1, Signed};
use serde_json::Value;

pub(super) const KEY: [u8; 32] = [7; 32];
pub(super) const THREE: Seconds = 3 * HOUR;

pub(super) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub(super) fn person() -> PersonId {
    PersonId::parse("anna-berg").unwrap()
}

pub(super) fn authority() -> AuthorityId {
    AuthorityId::parse("xa-district-court").unwrap()
}

/// What becomes of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
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
    /// Approached, and a request that is still under review.
    ContactAndRequest,
}

/// A case as the tests make it.
pub(super) struct Made {
    pub(super) case: CaseId,
    pub(super) fate: Fate,
    /// Earliest time at which anything of it may be opened.
    pub(super) free: Option<Timestamp>,
    pub(super) deadline: Option<Timestamp>,
    pub(super) leaves: Vec<LeafKey>,
}

pub(super) struct World {
    pub(super) store: MemoryStore,
    pub(super) journal: MemoryJournal,
    pub(super) rng: ChaCha20Rng,
    pub(super) numbers: u8,
}

impl World {
    pub(super) fn new(name: &str) -> Self {
        let journal = MemoryJournal::new();
        Self { store: MemoryStore::new(journal.clone()), journal, rng: named(name), numbers: 0 }
    }

    /// A leaf of this kind, the named fields set, the others filled.
    pub(super) fn leaf(&mut self, kind: LeafKind, when: Timestamp, set: &[(&str, String)]) -> NewLeaf {
        let value = |name: &&str| {
            let set = set.iter().find(|(field, _)| field == name);
            set.map_or(Value::Null, |(_, value)| Value::from(value.as_str()))
        };
        let values = kind.fields().iter().map(value).collect();
        leaf(kind, when, values, &mut self.rng).unwrap()
    }

    pub(super) async fn dummies(&mut self, number: usize, when: Timestamp) {
        for _ in 0..number {
            let dummy = self.leaf(LeafKind::Dummy, when, &[]);
            self.store.append_leaves(Vec::new(), vec![dummy]).await.unwrap();
        }
    }

    /// Makes a case that began at `when`, with a delay order until then.
    pub(super) async fn case(&mut self, fate: Fate, when: Timestamp, delay: Option<Timestamp>) -> Made {
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
            if fate == Fate::ContactAndRequest {
                let contact = self.leaf(LeafKind::Contact, when, &[]);
                life.add(self, when, Event::Contact { document: request, authority: authority() }, vec![contact]).await;
            }
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

    pub(super) async fn review(&mut self, life: &mut Life, request: Digest, when: Timestamp, delay: Option<Timestamp>) {
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

    pub(super) async fn order(
        &mut self,
        life: &mut Life,
        request: Digest,
        when: Timestamp,
        delay: Option<Timestamp>,
    ) -> Order {
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

    pub(super) async fn release(&mut self, life: &mut Life, order: &Order, when: Timestamp) {
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

    pub(super) fn opener(&self, now: Timestamp, most: usize) -> Opener<'_> {
        Opener { store: &self.store, key: &KEY, now, hour: THREE, most }
    }

    /// One day's run at three o'clock.
    pub(super) async fn day(&self, day: Timestamp, rng: &mut ChaCha20Rng) -> OpenedLeaves {
        self.opener(day.plus(THREE), MOST_AT_ONCE).open_all(rng).await.unwrap()
    }

    /// Everything that was opened: by index, the day and the fields; every opening is checked on the way.
    pub(super) async fn opened(&self) -> BTreeMap<LeafKey, (Timestamp, BTreeMap<String, Value>)> {
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
pub(super) struct Life {
    pub(super) case: CaseId,
    pub(super) last: Option<Exact<EventRecord>>,
    pub(super) leaves: Vec<LeafKey>,
}

impl Life {
    pub(super) async fn add(&mut self, world: &World, when: Timestamp, event: Event, leaves: Vec<NewLeaf>) {
        self.append(world, when, event, |event| AppendEvent { leaves, ..event }).await;
    }

    pub(super) async fn append(
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

pub(super) fn effect(order: &Digest) -> EffectKey {
    EffectKey { kind: "release".into(), subject: digest::parts("effect", &[order.as_bytes()]) }
}
