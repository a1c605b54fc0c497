//! Records sealed anew: a worker's file is exactly the run's records, or nothing of it is taken. The cases are
//! `vectors/verify/resealed.json`, written by `COUNTERSIGN_WRITE_VECTORS=1`. And the runs themselves: from the ring before to
//! the ring in force, and no other way.

use crate::world::*;
use countersign_core::class::Class;
use countersign_core::control::Action;
use countersign_core::duty::{Duty, Output, Purpose, destination_digest};
use countersign_core::encoding::hex;
use countersign_core::id::{Digest, RecordId};
use countersign_core::json::{Document, Exact};
use countersign_core::order::Order;
use countersign_core::resealed::{Replaced, Resealed, ResealedV1};
use countersign_core::time::DAY;
use countersign_core::worker::Worker;
use countersign_seal::label::Head;
use countersign_seal::record::SealedRecord;
use countersign_verify::evidence::verify_evidence;
use countersign_verify::manifest::{Manifest, ManifestEntry, ManifestV1};
use countersign_verify::refusal::Code;
use countersign_verify::resealed::{Expected, check_resealed};
use countersign_verify::wire::{HexBytes, Signed};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const CLASSES: [Class; 2] = [Class::Name, Class::Address];

/// The run's order, its manifest of the records of clients 1 to 3, and the honest new records.
struct Run {
    world: World,
    order: Exact<Order>,
    manifest: Manifest,
    new: BTreeMap<RecordId, SealedRecord>,
}

impl Run {
    fn new() -> Self {
        let world = World::with_worker();
        let old: Vec<SealedRecord> = (1..=3).map(|client| world.record_of(head(client), &CLASSES)).collect();
        let draft = world.for_worker(world.draft_of(old.clone()));
        let mut entries: Vec<ManifestEntry> = old
            .iter()
            .map(|record| ManifestEntry {
                record: record.id(),
                label: HexBytes(record.label().encode()),
                u: Digest(*record.capsule().header.u().bytes()),
                classes: record.label().classes().clone(),
            })
            .collect();
        entries.sort_by_key(|entry| entry.record);
        let manifest = Manifest { v: ManifestV1, entries };
        let order = Exact::write(draft.order).unwrap();
        let mut run = Self { world, order, manifest, new: BTreeMap::new() };
        run.world.work_with(rotated());
        run.new = old.iter().map(|record| (record.id(), run.next(record, |_| {}))).collect();
        run
    }

    /// What takes the place of a record, with a head that differs as said.
    fn next(&self, old: &SealedRecord, differs: impl FnOnce(&mut Head)) -> SealedRecord {
        let mut head = old.label().head().clone();
        head.revision += 1;
        differs(&mut head);
        self.world.record_of(head, &CLASSES)
    }

    fn list(&self) -> Resealed {
        Resealed {
            v: ResealedV1,
            custodian: CUSTODIAN,
            order: self.order.digest(),
            worker: worker().digest(),
            ring: rotated().ring.value().id(),
            records: self.new.iter().map(|(old, new)| Replaced { old: *old, new: new.id() }).collect(),
        }
    }

    fn files(&self) -> BTreeMap<RecordId, Vec<u8>> {
        self.new.values().map(|record| (record.id(), record.encode())).collect()
    }

    fn olds(&self) -> Vec<RecordId> {
        self.new.keys().copied().collect()
    }
}

/// One file of a worker and whether it is taken.
struct Given {
    name: &'static str,
    signed: String,
    files: BTreeMap<RecordId, Vec<u8>>,
    good: bool,
}

fn sign(list: &Resealed, key: &str) -> String {
    let body = serde_json::to_string(list).unwrap();
    let line = countersign_core::approval::signed_line(
        Resealed::DOMAIN,
        &countersign_core::digest::document(Resealed::DOMAIN, body.as_bytes()),
    );
    use ed25519_dalek::Signer;
    format!("{}\n{body}", hex(&signing_key(key).sign(&line).to_bytes()))
}

fn cases(run: &Run) -> Vec<Given> {
    let olds = run.olds();
    let mut given = Vec::new();
    let mut add =
        |name, list: &Resealed, key, files, good| given.push(Given { name, signed: sign(list, key), files, good });
    let with = |tamper: &dyn Fn(&mut Resealed)| {
        let mut list = run.list();
        tamper(&mut list);
        list
    };
    // The second record is replaced by this one, in the list and in the files.
    let replaced = |record: SealedRecord| {
        let (mut list, mut files) = (run.list(), run.files());
        files.remove(&list.records[1].new);
        list.records[1].new = record.id();
        files.insert(record.id(), record.encode());
        (list, files)
    };
    let second = &run.new[&olds[1]];
    add("good", &run.list(), "worker-one", run.files(), true);
    add("signed by another worker", &run.list(), "worker-two", run.files(), false);
    add("of another custodian", &with(&|list| list.custodian.0[0] ^= 1), "worker-one", run.files(), false);
    add("for another order", &with(&|list| list.order.0[0] ^= 1), "worker-one", run.files(), false);
    add("of another worker's identity", &with(&|list| list.worker.0[0] ^= 1), "worker-one", run.files(), false);
    add("to another ring", &with(&|list| list.ring = founded().ring.value().id()), "worker-one", run.files(), false);
    add("a record left out", &with(&|list| list.records.truncate(2)), "worker-one", run.files(), false);
    add("not sorted", &with(&|list| list.records.swap(0, 1)), "worker-one", run.files(), false);
    add("no records", &with(&|list| list.records.clear()), "worker-one", BTreeMap::new(), false);
    add(
        "one record for two",
        &with(&|list| list.records[1].new = list.records[0].new),
        "worker-one",
        run.files(),
        false,
    );
    add("an old record as a new one", &with(&|list| list.records[1].new = olds[0]), "worker-one", run.files(), false);
    let mut missing = run.files();
    missing.remove(&second.id());
    add("a file missing", &run.list(), "worker-one", missing, false);
    let extra = run.next(second, |head| head.revision += 5);
    let mut more = run.files();
    more.insert(extra.id(), extra.encode());
    add("a file too many", &run.list(), "worker-one", more, false);
    // The claim that another client's record is this one's.
    let crossed = with(&|list| {
        let first = list.records[0].new;
        list.records[0].new = list.records[1].new;
        list.records[1].new = first;
    });
    add("two clients' records exchanged", &crossed, "worker-one", run.files(), false);
    let other = |differs: &dyn Fn(&mut Head)| replaced(run.next(&run.old(1), |head| differs(head)));
    let (list, files) = other(&|head| head.handle.0[0] ^= 1);
    add("another client", &list, "worker-one", files, false);
    let (list, files) = other(&|head| head.revision += 1);
    add("a revision left out", &list, "worker-one", files, false);
    let (list, files) = other(&|head| head.revision -= 1);
    add("the same revision", &list, "worker-one", files, false);
    let (list, files) = other(&|head| head.schema += 1);
    add("another schema", &list, "worker-one", files, false);
    let (list, files) = other(&|head| head.client_key = Some(Digest([1; 32])));
    add("another client key", &list, "worker-one", files, false);
    let (list, files) = other(&|head| head.custodian.0[0] ^= 1);
    add("a label of another custodian", &list, "worker-one", files, false);
    let fewer = run.world.record_of(Head { revision: 2, ..run.old(1).label().head().clone() }, &CLASSES[..1]);
    let (list, files) = replaced(fewer);
    add("a class left out", &list, "worker-one", files, false);
    let under_old = World::with_worker();
    let old_ring = under_old.record_of(Head { revision: 2, ..run.old(1).label().head().clone() }, &CLASSES);
    let (list, files) = replaced(old_ring);
    add("sealed to the ring before", &list, "worker-one", files, false);
    let mut files = run.files();
    let bytes = files.get_mut(&second.id()).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    add("an entry changed", &run.list(), "worker-one", files, false);
    given
}

impl Run {
    fn old(&self, place: usize) -> SealedRecord {
        let entry = &self.manifest.entries[place];
        let client = countersign_seal::label::Label::decode(&entry.label.0).unwrap().head().handle.0[0];
        World::new().record_of(head(client), &CLASSES)
    }

    fn check(&self, signed: &[u8], files: &BTreeMap<RecordId, Vec<u8>>) -> Result<Vec<SealedRecord>, String> {
        let (worker, ring) = (worker(), rotated().ring.value().id());
        let expected = Expected { order: &self.order, manifest: &self.manifest, worker: &worker, ring };
        check_resealed(&expected, signed, files, &seed("weights")).map_err(|error| error.to_string())
    }
}

#[test]
fn a_workers_file_is_taken_whole_or_not_at_all() {
    let run = Run::new();
    let cases = cases(&run);
    for case in &cases {
        let checked = run.check(case.signed.as_bytes(), &case.files);
        assert_eq!(checked.is_ok(), case.good, "{}: {checked:?}", case.name);
    }
    let taken = run.check(cases[0].signed.as_bytes(), &cases[0].files).unwrap();
    assert!(taken.iter().eq(run.new.values()));

    let made = json!({
        "description": "Records of one run sealed anew, docs/formats/resealed.md: what the custodian knows, and what a worker gives back.",
        "worker": Exact::<Worker>::write(worker()).unwrap().text(),
        "order": run.order.text(),
        "manifest": Exact::write(run.manifest.clone()).unwrap().text(),
        "ring": rotated().ring.value().id(),
        "cases": cases.iter().map(|case| json!({
            "name": case.name,
            "signed": case.signed,
            "files": case.files.iter().map(|(id, bytes)| (id.to_hex(), hex_of(bytes))).collect::<BTreeMap<String, String>>(),
            "expect": if case.good { "ok" } else { "refused" },
        })).collect::<Vec<_>>(),
    });
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/verify/resealed.json");
    if std::env::var_os("COUNTERSIGN_WRITE_VECTORS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
    }
    let kept: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert!(kept == made, "resealed.json is not what the code makes");
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

// runs

fn anew(world: &World) -> Duty {
    let ring = rotated().ring.value().id();
    Duty {
        purpose: Purpose::Reseal,
        output: Output::Sealed { ring },
        destination: destination_digest(&ring.to_hex()),
        ..world.duty()
    }
}

/// A world in which the new ring has come into force; trustees work with the one before.
fn rotated_world() -> World {
    let mut world = World::new();
    let now = world.now;
    world.now = now.plus(-8 * DAY);
    world.change(Action::AddWorker(worker()), &ENOUGH);
    world.change(Action::RotateRing(rotation_to(rotated())), &ENOUGH);
    world.now = now;
    assert_eq!(world.control.rejected(), []);
    world
}

fn refused(world: &mut World, change: impl FnOnce(&mut Duty)) -> Code {
    let mut duty = anew(world);
    change(&mut duty);
    let order = world.standing_order(&duty);
    let standing = world.publish_standing(duty, order);
    let case = world.run(&standing, None, &[1]);
    world.ask(&case, 1).map(drop).unwrap_err().code()
}

#[test]
fn a_run_goes_from_the_ring_before_to_the_ring_in_force() {
    let mut world = rotated_world();
    let duty = anew(&world);
    let order = world.standing_order(&duty);
    let standing = world.publish_standing(duty, order);
    let case = world.run(&standing, None, &[1, 2]);
    let given = [1, 2, 3].map(|trustee| world.give(&case, trustee));
    let evidence = verify_evidence(&world.evidence(&case, &given), None).unwrap();
    assert!(evidence.duty.is_some() && evidence.policy_rerun);

    let foreign = Digest([7; 32]);
    let mut to = |ring: Digest| {
        refused(&mut world, |duty| {
            duty.output = Output::Sealed { ring };
            duty.destination = destination_digest(&ring.to_hex());
        })
    };
    assert_eq!(to(foreign), Code::OutsideDuty);
    assert_eq!(to(founded().ring.value().id()), Code::OutsideDuty);
    let elsewhere = |duty: &mut Duty| duty.destination = destination_digest("age1invented");
    assert_eq!(refused(&mut world, elsewhere), Code::RecipientNotInForce);
    // Records that are sealed to the ring in force already.
    world.work_with(rotated());
    assert_eq!(refused(&mut world, |_| {}), Code::OutsideDuty);
    // Without a rotation there is nothing to seal anew.
    let mut before = World::with_worker();
    assert_eq!(refused(&mut before, |_| {}), Code::OutsideDuty);
}

#[test]
fn records_are_sealed_anew_for_that_purpose_only() {
    let world = World::new();
    assert!(Exact::write(anew(&world)).is_ok());
    assert!(Exact::write(Duty { purpose: Purpose::Screening, ..anew(&world) }).is_err());
    assert!(Exact::write(Duty { output: world.duty().output, ..anew(&world) }).is_err());
}

#[test]
fn a_signed_list_is_read_strictly() {
    let run = Run::new();
    let signed = sign(&run.list(), "worker-one");
    let key = worker().identity;
    assert!(Signed::<Resealed>::open(signed.as_bytes(), &key).is_ok());
    for place in [0, 64, 128, 129, signed.len() / 2, signed.len() - 1] {
        let mut bytes = signed.clone().into_bytes();
        bytes[place] ^= 1;
        assert!(Signed::<Resealed>::open(&bytes, &key).is_err(), "{place}");
    }
}
