//! An order for a worker, from the change that registers the worker to the authority's file.

use super::bind::Bind;
use super::init::Init;
use super::place::WorkerPlace;
use super::run::Run;
use crate::ceremony::signer_of;
use crate::commands::drill::trustees::rotate::make_keys;
use crate::commands::order::keep;
use crate::commands::verify;
use crate::demo::genesis::found;
use crate::demo::lawful::{ordinary, scope};
use crate::demo::register::import;
use crate::demo::report::Report;
use crate::demo::story::Story;
use crate::files;
use countersign_core::approval::{SignerRole, Verdict};
use countersign_core::class::{Class, ClassSet};
use countersign_core::control::Action;
use countersign_core::country::Country;
use countersign_core::digest;
use countersign_core::duty::{Cap, Output, Purpose};
use countersign_core::facts::Factor;
use countersign_core::finding::Question;
use countersign_core::id::{AuthorityId, CaseId, Digest, Handle, OrderId, PersonId};
use countersign_core::time::{Clock, DAY, Timestamp};
use countersign_desk::duty::DutyEntry;
use countersign_desk::propose::{Addressee, Proposed};
use countersign_desk::run::ReleasedRun;
use countersign_open::AGE_KEY;
use countersign_open::decrypt;
use countersign_store::Register as _;
use countersign_testkit::clock::StepClock;
use countersign_tlog::leaf::ControlSignature;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A founded custodian with a worker that has cooled.
pub(crate) struct Yard {
    pub(crate) place: TempDir,
    pub(crate) clock: Arc<StepClock>,
    pub(crate) story: Story,
    pub(crate) worker: PathBuf,
}

impl Yard {
    pub(crate) async fn open() -> Self {
        let place = tempfile::tempdir().unwrap();
        let dir = place.path().join("exchange");
        let clock = Arc::new(StepClock::new(Timestamp::parse("2026-11-02T09:00:00Z").unwrap(), 0));
        let shared = || Arc::clone(&clock) as Arc<dyn Clock>;
        found(&dir, &shared()).await.unwrap();
        let story = Story::open(&dir, 6, shared()).await.unwrap();
        let imported = Report::run(1, "import", "", async |report| import(&story, report).await).await;
        assert!(imported.ok);
        let worker = place.path().join("worker");
        let genesis = story.custody.desk.custodian().genesis.digest();
        let init = Init {
            folder: worker.clone(),
            name: PersonId::parse("worker-one").unwrap(),
            state: Country::parse("XC").unwrap(),
            genesis,
            attestation: None,
        };
        init.run().unwrap();
        let mut yard = Self { place, clock, story, worker };
        let identity = WorkerPlace::open(&yard.worker).unwrap().worker.value().clone();
        yard.change(Action::AddWorker(identity)).await;
        yard.clock.advance(8 * DAY);
        yard
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Two approvers and three trustees sign a change, and it is published.
    async fn change(&mut self, action: Action) {
        let custody = &self.story.custody;
        let change = custody.desk.draft_change(action, None).await.unwrap();
        let mut signatures = Vec::new();
        for person in [&self.story.cast.anna, &self.story.cast.bruno] {
            let signer = signer_of(&custody.place, person).unwrap();
            let sig = signer.sign_control(change.text()).unwrap();
            signatures.push(ControlSignature { by: format!("person:{person}"), sig });
        }
        let now = custody.desk.now();
        for service in custody.trustees.iter().take(3) {
            service.trustee.tail(service.source.as_ref(), now).await.unwrap();
            let signed = service.trustee.acknowledge(change.bytes(), &change.digest(), now).await;
            signatures.push(signed.unwrap());
        }
        custody.desk.publish_change(&change, &signatures).await.unwrap();
        custody.refold().await.unwrap();
        // Each trustee counts the seven days from its own first sight of the leaf.
        for service in &custody.trustees {
            service.trustee.tail(service.source.as_ref(), custody.desk.now()).await.unwrap();
        }
    }

    /// The court's order for one client's name and address, signed by two approvers.
    async fn approved(&self, addressee: &Addressee) -> CaseId {
        let story = &self.story;
        let account = &story.population.clients[0].account;
        let entry = json!({
            "authority": story.cast.court, "reference": "12 Js 34/26", "instrument": "court_order",
            "accounts": [account], "classes": ["all"], "channel": "letter"
        });
        let case = story.file("Order", &["12 Js 34/26"], &entry, None, None).await.unwrap();
        let factors = [(Factor::Directory, true, "entry found"), (Factor::CallBack, true, "confirmed")];
        story.check_sender(&case, &factors).await.unwrap();
        story.find(&case, &ordinary()).await.unwrap();
        story.find(&case, &[(Question::Uninvolved, "0", "one account, the suspect's own")]).await.unwrap();
        scope(story, &case, &[account], &[Class::Name, Class::Address], "").await.unwrap();
        let proposed = story.custody.desk.propose_for(&case, &story.cast.officer, addressee).await.unwrap();
        assert!(matches!(proposed, Proposed::Order(_)));
        story.sign(&case, &story.cast.anna, SignerRole::Approver).await.unwrap();
        let (complete, missing) = story.sign(&case, &story.cast.bruno, SignerRole::Approver).await.unwrap();
        assert!(complete, "{missing:?}");
        case
    }

    fn bind(&self, job: &str, out: &str) -> anyhow::Result<String> {
        let bind = Bind { folder: self.worker.clone(), job: self.path(job), out: self.path(out) };
        bind.run_at(self.clock.now())?;
        files::read_text(&self.path(out), 16 * 1024)
    }

    pub(crate) fn work(&self, job: &Path, out: &str, list: Option<PathBuf>) -> anyhow::Result<()> {
        Run { folder: self.worker.clone(), job: job.to_owned(), out: self.path(out), list }.run()
    }

    /// What the authority finds in its file.
    pub(crate) fn opened(&self, authority: &AuthorityId, out: &str) -> countersign_verify::evidence::Files {
        let sealed = files::read(&self.path(out), 1 << 24).unwrap();
        let own = self.story.place().authority(authority);
        files::untar(&decrypt(&own.join(AGE_KEY), &sealed).unwrap(), 1 << 24).unwrap()
    }
}

fn worker_one() -> Addressee {
    Addressee::Worker { name: PersonId::parse("worker-one").unwrap(), window: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_for_a_worker_ends_in_a_file_for_the_authority() {
    let yard = Yard::open().await;
    let case = yard.approved(&worker_one()).await;
    let (desk, officer) = (&yard.story.custody.desk, &yard.story.cast.officer);
    let place = yard.story.place().clone();
    let (outbox, keep) = (place.outbox(), keep(&place));
    let unbound = desk.release(&case, &outbox, &keep, officer).await.err().unwrap().to_string();
    assert!(unbound.contains("binding is missing"), "{unbound}");

    files::write_folder(&yard.path("job"), &desk.worker_job(&case, officer).await.unwrap()).unwrap();
    let binding = yard.bind("job", "binding.signed").unwrap();
    assert_eq!(yard.bind("job", "again.signed").unwrap(), binding, "there is one binding, whatever is asked again");
    let released = desk.release_to_worker(&case, &binding, &outbox, &keep, officer).await.unwrap();
    let order = desk.case(&case).await.unwrap().proposal.unwrap().order;
    let evidence = yard.story.place().evidence().join(order.value().id.to_hex());
    let genesis = desk.custodian().genesis.digest();
    let evidence = verify::evidence(&evidence, Some(&genesis)).unwrap();
    assert_eq!(evidence.worker.unwrap().name.as_str(), "worker-one");

    yard.work(&released.package, "package.age", None).unwrap();
    let files = yard.opened(&yard.story.cast.court, "package.age");
    let people: Value = serde_json::from_slice(&files["data/clients.json"]).unwrap();
    let people: Vec<&Value> = people.as_object().unwrap().values().collect();
    let client = &yard.story.population.clients[0];
    assert_eq!(people.len(), 1);
    assert_eq!(people[0]["primaryIdentifier"], client.primary_identifier.as_str());
    assert!(people[0].get("emailAddress").is_none());
    countersign_verify::evidence::check_sums(&files).unwrap();
    assert!(files.contains_key("evidence/binding.signed"));
    // The key is gone, and with it what the trustees answered.
    let again = yard.work(&released.package, "again.age", None).unwrap_err().to_string();
    assert!(again.contains("has done its work"), "{again}");
    yard.story.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_binding_gets_nothing_from_trustees_that_answered_the_first() {
    let yard = Yard::open().await;
    let case = yard.approved(&worker_one()).await;
    let (desk, officer) = (&yard.story.custody.desk, &yard.story.cast.officer);
    files::write_folder(&yard.path("job"), &desk.worker_job(&case, officer).await.unwrap()).unwrap();
    let first = yard.bind("job", "first.signed").unwrap();
    // Whoever has the worker's folder before it is bound can make it sign twice.
    let orders = yard.worker.join("orders");
    for entry in std::fs::read_dir(&orders).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    let second = yard.bind("job", "second.signed").unwrap();
    assert_ne!(first, second);
    let outbox = yard.story.place().outbox();
    // The desk dies before the delivery is noted.
    let dies = |_: &_, _: &_| Err("the disk is full".to_owned());
    let died = desk.release_to_worker(&case, &first, &outbox, &dies, officer).await.err().unwrap().to_string();
    assert!(died.contains("disk is full"), "{died}");
    let place = yard.story.place().clone();
    let keep = keep(&place);
    let refused = desk.release_to_worker(&case, &second, &outbox, &keep, officer).await.err().unwrap().to_string();
    assert!(refused.contains("BOUND_BEFORE"), "{refused}");
    desk.release_to_worker(&case, &first, &outbox, &keep, officer).await.unwrap();
    yard.story.close().await.unwrap();
}

// duties

impl Yard {
    /// A standing order of the FIU to be told who stands on a list, signed by two approvers.
    async fn screening(&self, list: &[u8]) -> OrderId {
        let (story, desk) = (&self.story, &self.story.custody.desk);
        let entry = DutyEntry {
            authority: story.cast.fiu.clone(),
            purpose: Purpose::Screening,
            basis: "Sanctions Act of XA, section 12".into(),
            worker: PersonId::parse("worker-one").unwrap(),
            output: Output::Hits { list: digest::plain(list) },
            classes: ClassSet::new([Class::Name, Class::Birth]),
            run: Cap { subjects: 6, records: 6 },
            total: 12,
            days: 90,
        };
        let file = desk.propose_duty(entry, &story.cast.officer).await.unwrap();
        let id = file.order.value().id;
        for (person, complete) in [(&story.cast.anna, false), (&story.cast.bruno, true)] {
            let early = desk.begin_run(&id, &[], None).await.err().unwrap().to_string();
            assert!(early.contains("not signed by enough people"), "{early}");
            let signer = signer_of(story.place(), person).unwrap();
            let (digest, now) = (file.order.digest(), desk.now());
            let approval = signer.approve(&digest, person, SignerRole::Approver, Verdict::Approve, now).unwrap();
            assert_eq!(desk.approve_duty(&id, approval.bytes()).await.unwrap().is_none(), complete);
        }
        id
    }

    async fn handles(&self) -> Vec<Handle> {
        let custody = &self.story.custody;
        let mut handles = Vec::new();
        for client in &self.story.population.clients {
            handles.push(custody.desk.handle_of(&custody.references, &client.account).await.unwrap().unwrap());
        }
        handles
    }

    /// Begins the next run and binds the worker to it.
    async fn bound_run(&self, duty: &OrderId) -> (u32, String) {
        let desk = &self.story.custody.desk;
        let (number, _) = desk.begin_run(duty, &self.handles().await, None).await.unwrap();
        let job = format!("job-{number}");
        files::write_folder(&self.path(&job), &desk.run_job(duty, number).await.unwrap()).unwrap();
        (number, self.bind(&job, &format!("binding-{number}")).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screening_tells_who_stands_on_the_list_and_nothing_of_anybody_else() {
    let yard = Yard::open().await;
    let client = &yard.story.population.clients[3];
    let name = format!("{} {}", client.secondary_identifier, client.primary_identifier);
    let list = format!("un-1\tNobody Here\t1901-01-01\nun-2\t{name}\t{}\n", client.date_of_birth);
    let file = yard.path("list.tsv");
    files::write(&file, list.as_bytes()).unwrap();
    let duty = yard.screening(list.as_bytes()).await;
    let desk = &yard.story.custody.desk;
    let place = yard.story.place().clone();
    let (outbox, keep) = (place.outbox(), keep(&place));

    let (number, binding) = yard.bound_run(&duty).await;
    let released = desk.release_run(&duty, number, &binding, &outbox, &keep).await.unwrap();
    let again = desk.release_run(&duty, number, &binding, &outbox, &keep).await.unwrap();
    let receipts = |run: &ReleasedRun| run.said.iter().map(|said| said.receipt_text.clone()).collect::<Vec<_>>();
    assert_eq!(receipts(&again), receipts(&released), "a run asked again gets the same answers");
    let wrong = yard.path("other.tsv");
    files::write(&wrong, b"un-9\tSomebody Else\t1990-01-01\n").unwrap();
    assert!(yard.work(&released.package, "hits.age", Some(wrong)).is_err());
    assert!(yard.work(&released.package, "hits.age", None).is_err());
    yard.work(&released.package, "hits.age", Some(file.clone())).unwrap();

    let files = yard.opened(&yard.story.cast.fiu, "hits.age");
    countersign_verify::evidence::check_sums(&files).unwrap();
    let hits: Value = serde_json::from_slice(&files["data/hits.json"]).unwrap();
    assert_eq!(hits, json!([{"handle": yard.handles().await[3].to_hex(), "entry": "un-2"}]));
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    let documents = ["facts.json", "order.json", "standing/duty.json", "standing/order.json"];
    let mut expected: Vec<String> = documents.iter().map(|name| format!("evidence/{name}")).collect();
    expected.extend(["data/hits.json".into(), "manifest-sha512.txt".into()]);
    expected.sort();
    assert_eq!(names, expected);
    let all: Vec<u8> = files.values().flatten().copied().collect();
    for other in yard.story.population.clients.iter().filter(|other| other.account != client.account) {
        assert!(!String::from_utf8_lossy(&all).contains(&other.primary_identifier));
    }
    for handle in yard.handles().await.iter().enumerate().filter(|(place, _)| *place != 3).map(|(_, handle)| handle) {
        assert!(!String::from_utf8_lossy(&all).contains(&handle.to_hex()));
    }

    // What the custodian keeps shows run and standing order.
    let run = desk.run_of(&duty, number).await.unwrap().unwrap();
    let evidence = place.evidence().join(run.order.value().id.to_hex());
    let evidence = verify::evidence(&evidence, Some(&desk.custodian().genesis.digest())).unwrap();
    assert!(evidence.policy_rerun && evidence.duty.is_some());

    // Twelve people in all, three of five trustees: eight here; a second run of six is too much for those asked before.
    let (number, binding) = yard.bound_run(&duty).await;
    assert_eq!(number, 2);
    let capped = desk.release_run(&duty, number, &binding, &outbox, &keep).await.err().unwrap().to_string();
    assert!(capped.contains("CAP_DUTY"), "{capped}");
    yard.story.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standing_order_that_is_held_runs_no_more() {
    let mut yard = Yard::open().await;
    let duty = yard.screening(b"un-1\tNobody Here\t1901-01-01\n").await;
    let (number, binding) = yard.bound_run(&duty).await;
    yard.change(Action::HoldOrder(duty)).await;
    let desk = &yard.story.custody.desk;
    let place = yard.story.place().clone();
    let (outbox, keep) = (place.outbox(), keep(&place));
    let held = desk.release_run(&duty, number, &binding, &outbox, &keep).await.err().unwrap().to_string();
    assert!(held.contains("ORDER_HELD"), "{held}");
    assert!(!outbox.exists() || std::fs::read_dir(&outbox).unwrap().next().is_none());
    yard.story.close().await.unwrap();
}

// sealing anew

impl Yard {
    /// The custodian is opened again: what came into force meanwhile is loaded.
    async fn reopened(self) -> Self {
        let Self { place, clock, story, worker } = self;
        let dir = place.path().join("exchange");
        story.close().await.unwrap();
        let story = Story::open(&dir, 6, Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
        Self { place, clock, story, worker }
    }

    /// A standing order to seal the register anew, four people in a run, signed by two approvers.
    async fn sealing_anew(&self) -> OrderId {
        let (story, desk) = (&self.story, &self.story.custody.desk);
        let ring = &desk.custodian().ring.as_ref().unwrap().ring;
        let entry = DutyEntry {
            authority: story.cast.fiu.clone(),
            purpose: Purpose::Reseal,
            basis: "rotation of the keys".into(),
            worker: PersonId::parse("worker-one").unwrap(),
            output: Output::Sealed { ring: ring.id() },
            classes: ring.keys().collect(),
            run: Cap { subjects: 4, records: 20 },
            total: 60,
            days: 90,
        };
        let file = desk.propose_duty(entry, &story.cast.officer).await.unwrap();
        let id = file.order.value().id;
        for person in [&story.cast.anna, &story.cast.bruno] {
            let signer = signer_of(story.place(), person).unwrap();
            let (digest, now) = (file.order.digest(), desk.now());
            let approval = signer.approve(&digest, person, SignerRole::Approver, Verdict::Approve, now).unwrap();
            desk.approve_duty(&id, approval.bytes()).await.unwrap();
        }
        id
    }

    /// One run, up to the worker's file.
    async fn sealed_anew(&self, duty: &OrderId) -> (u32, countersign_verify::evidence::Files) {
        let desk = &self.story.custody.desk;
        let place = self.story.place().clone();
        let (number, _) = desk.begin_resealing(duty).await.unwrap().unwrap();
        let job = format!("job-{number}");
        files::write_folder(&self.path(&job), &desk.run_job(duty, number).await.unwrap()).unwrap();
        let binding = self.bind(&job, &format!("binding-{number}")).unwrap();
        let released = desk.release_run(duty, number, &binding, &place.outbox(), &keep(&place)).await.unwrap();
        let out = format!("resealed-{number}.tar");
        self.work(&released.package, &out, None).unwrap();
        let archive = files::read(&self.path(&out), 1 << 26).unwrap();
        (number, files::untar(&archive, 1 << 26).unwrap())
    }

    /// Everything that the register holds of every client, in its latest revision.
    async fn latest(&self) -> Vec<(Handle, u64, Digest)> {
        let mut latest = Vec::new();
        for handle in self.handles().await {
            let record = self.story.custody.store.records_of(&handle).await.unwrap().pop().unwrap();
            latest.push((handle, record.revision, record.ring));
        }
        latest
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_is_sealed_anew_run_by_run_and_the_ring_before_is_closed() {
    let mut yard = Yard::open().await;
    let new = make_keys(&yard.story).await.unwrap();
    yard.change(Action::RotateRing(new.clone())).await;
    yard.clock.advance(8 * DAY);
    let mut yard = yard.reopened().await;
    let desk = Arc::clone(&yard.story.custody.desk);
    let former = desk.custodian().former.as_ref().unwrap().ring.id();
    assert_eq!(desk.custodian().ring.as_ref().unwrap().ring.id(), new.id);
    assert_eq!(desk.sealed_by_ring().await.unwrap().left, 6);
    let by_hand = desk.begin_run(&yard.sealing_anew().await, &yard.handles().await, None).await.err().unwrap();
    assert!(by_hand.to_string().contains("finds its clients itself"), "{by_hand}");
    let duty = yard.sealing_anew().await;

    let (number, file) = yard.sealed_anew(&duty).await;
    let before = yard.latest().await;
    // Nothing of a file that is not exactly the run's is taken.
    for path in file.keys() {
        let mut missing = file.clone();
        missing.remove(path);
        assert!(desk.take_resealed(&duty, number, &missing).await.is_err(), "{path}");
        let mut changed = file.clone();
        let bytes = changed.get_mut(path).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        assert!(desk.take_resealed(&duty, number, &changed).await.is_err(), "{path}");
    }
    assert_eq!(yard.latest().await, before);
    // Stopped at any moment, every record of the run is old or every one is new.
    for wait in 0..40 {
        let (taker, whole) = (Arc::clone(&desk), file.clone());
        let taking = tokio::spawn(async move { taker.take_resealed(&duty, number, &whole).await });
        tokio::time::sleep(std::time::Duration::from_micros(wait * 250)).await;
        taking.abort();
        let _ = taking.await;
        // One statement: what was stopped may still come to its end meanwhile.
        let sealed = desk.sealed_by_ring().await.unwrap().records;
        let sealed = sealed.iter().find(|(ring, _)| *ring == new.id).map_or(0, |(_, count)| *count);
        assert!(sealed == 0 || sealed == 4, "{sealed}");
    }
    desk.take_resealed(&duty, number, &file).await.unwrap();
    assert!(desk.take_resealed(&duty, number, &file).await.unwrap().before);
    assert_eq!(desk.sealed_by_ring().await.unwrap().left, 2);
    for ((handle, revision, ring), (same, old, _)) in yard.latest().await.into_iter().zip(before) {
        assert_eq!(handle, same);
        assert_eq!(revision, if ring == new.id { old + 1 } else { old });
    }

    // A run whose end is lost is overtaken by the next: its clients are still there.
    let (lost, _) = desk.begin_resealing(&duty).await.unwrap().unwrap();
    let (number, file) = yard.sealed_anew(&duty).await;
    assert_eq!((lost, number), (2, 3));
    let other = desk.take_resealed(&duty, lost, &file).await.err().unwrap().to_string();
    assert!(other.contains("another order"), "{other}");
    assert_eq!(desk.take_resealed(&duty, number, &file).await.unwrap().records, 2);
    assert!(desk.begin_resealing(&duty).await.unwrap().is_none());
    let all = desk.sealed_by_ring().await.unwrap();
    assert_eq!((all.left, all.erased), (0, 0));
    assert!(all.records.iter().all(|(ring, count)| *ring == new.id && *count == 6), "{:?}", all.records);

    // The old ring is closed; its shares go, and what was sealed anew opens as before.
    yard.change(Action::CloseRing(former)).await;
    yard.clock.advance(8 * DAY);
    let yard = yard.reopened().await;
    let now = yard.story.custody.desk.now();
    for service in &yard.story.custody.trustees {
        service.trustee.tail(service.source.as_ref(), now).await.unwrap();
        let gone = service.trustee.forget_old_shares(now).await.unwrap().files;
        assert_eq!(gone, [format!("share-{former}-1")]);
    }
    let case = yard.approved(&worker_one()).await;
    let (desk, officer) = (&yard.story.custody.desk, &yard.story.cast.officer);
    let place = yard.story.place().clone();
    files::write_folder(&yard.path("job"), &desk.worker_job(&case, officer).await.unwrap()).unwrap();
    let binding = yard.bind("job", "binding.signed").unwrap();
    let released = desk.release_to_worker(&case, &binding, &place.outbox(), &keep(&place), officer).await.unwrap();
    yard.work(&released.package, "package.age", None).unwrap();
    let files = yard.opened(&yard.story.cast.court, "package.age");
    let people: Value = serde_json::from_slice(&files["data/clients.json"]).unwrap();
    let people: Vec<&Value> = people.as_object().unwrap().values().collect();
    assert_eq!(people[0]["primaryIdentifier"], yard.story.population.clients[0].primary_identifier.as_str());
    yard.story.close().await.unwrap();
}
