//! The trustee's own log: what is in it, what of it is public, and what contradicts it.

use crate::world::*;
use countersign_core::json::Exact;
use countersign_core::time::{DAY, HOUR};
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::cosignature::cosign;
use countersign_tlog::leaf::SealedLeaf;
use countersign_tlog::note::VerifierKey;
use countersign_tlog::policy::{Policy, TimeWindow};
use countersign_tlog::tile::{TilePath, TileReader, recompute};
use countersign_tlog::witness::{AddCheckpoint, cosignature_body, decide};
use countersign_trustee::{LogWitnesses, Publication, Trustee, TrusteeError};
use countersign_verify::refusal::Code;
use countersign_verify::trustee_log::{Entry, EntryKind, IncidentKind, Mismatch, check_hours};
use countersign_verify::wire::{Signed, TrusteeLogKey};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// What anybody reads: the folder `log`, believed only as far as the announced key has signed it.
struct Reader(PathBuf);

impl TileReader for &Reader {
    type Error = String;

    fn read(&mut self, path: &TilePath) -> Result<Vec<u8>, String> {
        std::fs::read(self.0.join(path.to_string())).map_err(|error| error.to_string())
    }
}

impl Reader {
    fn of(world: &World, index: u16) -> Self {
        Self(world.path(index).join("log"))
    }

    fn key(&self, index: u16) -> VerifierKey {
        let announced = std::fs::read(self.0.join("key")).unwrap();
        let identity = founded().publics[usize::from(index) - 1].identity;
        let announced = Signed::<TrusteeLogKey>::open(&announced, &identity).unwrap();
        assert_eq!(announced.value().trustee, index);
        VerifierKey::parse(&announced.value().vkey).unwrap()
    }

    fn checkpoint(&self) -> Option<SignedCheckpoint> {
        let bytes = std::fs::read(self.0.join("checkpoint")).ok()?;
        Some(SignedCheckpoint::parse(&bytes).unwrap())
    }

    /// Every public entry, after everything has been recomputed.
    fn entries(&self, index: u16) -> Vec<Vec<u8>> {
        let signed = self.checkpoint().unwrap();
        let head = signed.verify_log(&self.key(index)).unwrap().clone();
        let mut entries = Vec::new();
        let tree = recompute(head.size, &mut &*self, |_, entry| entries.push(entry.to_vec())).unwrap();
        assert_eq!((tree.size(), tree.root()), (head.size, head.root));
        entries
    }
}

async fn publish(world: &World, trustee: &Trustee) -> Publication {
    trustee.publish_log(&LogWitnesses::default(), world.now).await.unwrap()
}

async fn kinds(trustee: &Trustee) -> Vec<EntryKind> {
    trustee.own_entries(0).await.unwrap().iter().map(|entry| entry.entry.kind()).collect()
}

#[tokio::test]
async fn every_act_is_an_entry_and_says_what_was_done() {
    let mut world = World::new();
    let (first, second) = (world.case(1, 1), world.case(1, 2));
    let trustee = world.open(1);
    let answer = world.ask(&trustee, &first).await;
    let refused = world.ask(&trustee, &second).await;
    assert_eq!(code(&refused), Some(Code::OrderIdReused));
    world.ask(&trustee, &first).await;
    let entries: Vec<Entry> = trustee.own_entries(0).await.unwrap().into_iter().map(|entry| entry.entry).collect();
    let (_, receipt) = read(&answer);
    let Entry::Answer { receipt: digest, order, code: None, at, .. } = &entries[0] else { panic!("{entries:?}") };
    assert_eq!((digest, order, at), (&Exact::write(receipt).unwrap().digest(), &first.order.digest(), &world.now));
    let Entry::Answer { order, code: Some(code), .. } = &entries[1] else { panic!("{entries:?}") };
    assert_eq!((order, code.as_str()), (&second.order.digest(), "ORDER_ID_REUSED"));
    let Entry::Incident { kind, detail, .. } = &entries[2] else { panic!("{entries:?}") };
    let incident = trustee.incidents().await.unwrap().remove(0);
    assert_eq!((*kind, *detail), (IncidentKind::OrderIdReused, Entry::detail(&incident.detail)));
    assert_eq!(entries.len(), 3, "an answer given again is no new act");
    // The same attempt again is another refusal and no other incident.
    world.ask(&trustee, &second).await;
    assert_eq!(kinds(&trustee).await[3..], [EntryKind::Answer]);
    assert_eq!(trustee.head(world.now).await.unwrap().incidents, 1);
}

#[tokio::test]
async fn a_fork_is_an_entry_at_once_and_once() {
    let mut world = World::new();
    let trustee = world.open(1);
    world.tail(&trustee).await.unwrap();
    world.log.append_dummies(1);
    world.log.publish(world.now);
    world.tail(&trustee).await.unwrap();
    world.log = forked(&world);
    for _ in 0..2 {
        assert!(matches!(world.tail(&trustee).await.unwrap_err(), TrusteeError::JournalRefused(_)));
    }
    let entries = trustee.own_entries(0).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert!(matches!(entries[0].entry, Entry::Incident { kind: IncidentKind::JournalDiffers, .. }));
}

/// Another history of the same journal, in the same folder.
fn forked(world: &World) -> Log {
    std::fs::remove_dir_all(world.log.folder.join("tile")).unwrap();
    let mut log = Log::new(world.log.folder.clone());
    log.append(founded().genesis_leaf.clone());
    log.append_dummies(0);
    let leaf = receipt_leaf(
        countersign_tlog::leaf::Disclosure::with_salt(&[1; 16], "receipt", "another history".into()).unwrap().as_str(),
    );
    log.append(leaf);
    log.append_dummies(2);
    log.publish(world.now);
    log
}

#[tokio::test]
async fn totals_are_an_entry() {
    let world = crate::totals::world();
    let trustee = world.open(1);
    world.tail(&trustee).await.unwrap();
    let totals = Exact::write(crate::totals::totals(&world, 1)).unwrap();
    let request = crate::totals::request(&world, 1, totals.text(), &world.log.disclosed, 0..world.log.size());
    for _ in 0..2 {
        trustee.countersign_totals(&world.source(), &request, world.now).await.unwrap();
    }
    let entries = trustee.own_entries(0).await.unwrap();
    assert_eq!(
        (entries.len(), &entries[0].entry),
        (1, &Entry::Totals { number: 1, totals: totals.digest(), at: world.now })
    );
}

#[tokio::test]
async fn an_hour_becomes_public_when_it_is_over_filled_up_and_telling_nothing() {
    let mut world = World::new();
    let case = world.case(1, 1);
    let trustee = world.open(1);
    let reader = Reader::of(&world, 1);
    world.ask(&trustee, &case).await;
    assert_eq!(publish(&world, &trustee).await.size, 0, "the hour is not over");
    assert!(reader.checkpoint().is_none());
    world.pass(HOUR);
    assert_eq!(publish(&world, &trustee).await.size, 8);
    let entries = reader.entries(1);
    let order = case.order.digest().to_hex();
    for entry in &entries {
        assert_eq!(entry.len(), 1_024);
        assert!(!String::from_utf8_lossy(entry).contains(&order));
    }
    let ticks =
        |entries: &[Vec<u8>]| entries.iter().map(|entry| SealedLeaf::parse(entry).unwrap().tick()).collect::<Vec<_>>();
    assert_eq!(check_hours(ticks(&entries)), Ok(()));
    let kept = trustee.own_entries(0).await.unwrap();
    assert_eq!(kept.iter().map(|entry| entry.leaf.clone()).collect::<Vec<_>>(), entries);
    assert_eq!(kinds(&trustee).await.iter().filter(|kind| **kind == EntryKind::Dummy).count(), 7);
    // Nine acts of one hour look like sixteen.
    for order in 2..=10 {
        let case = world.case(order, order);
        world.ask(&trustee, &case).await;
    }
    assert_eq!(publish(&world, &trustee).await.size, 8);
    world.pass(HOUR);
    assert_eq!(publish(&world, &trustee).await.size, 24);
    // An hour without any act looks like one with a few.
    world.pass(HOUR);
    assert_eq!(publish(&world, &trustee).await.size, 32);
    let entries = reader.entries(1);
    assert_eq!((entries.len(), check_hours(ticks(&entries))), (32, Ok(())));
    // Another program goes on where this one stopped.
    world.pass(HOUR);
    assert_eq!(publish(&world, &world.open(1)).await.size, 40);
    reader.entries(1);
}

#[tokio::test]
async fn ticks_never_go_back_when_the_clock_does() {
    let mut world = World::new();
    let trustee = world.open(1);
    for hours in [0, 5, -3, 1, -1, 1, 9] {
        world.pass(hours * HOUR);
        trustee.head(world.now).await.unwrap();
        publish(&world, &trustee).await;
    }
    let entries = Reader::of(&world, 1).entries(1);
    let ticks = entries.iter().map(|entry| SealedLeaf::parse(entry).unwrap().tick());
    assert_eq!(check_hours(ticks), Ok(()));
}

#[tokio::test]
async fn a_day_that_is_over_has_a_document_with_its_counters() {
    let mut world = World::new();
    let (first, second) = (world.case(1, 1), world.case(1, 2));
    let trustee = world.open(1);
    world.ask(&trustee, &first).await;
    world.ask(&trustee, &second).await;
    world.pass(DAY);
    publish(&world, &trustee).await;
    let days = trustee.days().await.unwrap();
    assert_eq!(days.len(), 1);
    let day = days[0].value();
    assert_eq!((day.trustee, day.answered, day.refused, day.incidents), (1, 1, 1, 1));
    assert_eq!(day.day, world.now.plus(-DAY).date());
    let counted: Vec<(&str, u64, u64)> =
        day.counters.iter().map(|one| (one.by.as_str(), one.people, one.total)).collect();
    let expected = ["all", "authority", "class", "class", "kind", "matter"].map(|by| (by, 1, 1));
    assert_eq!(counted, expected);
    let entries = trustee.own_entries(0).await.unwrap();
    let told = entries.iter().filter_map(|entry| match &entry.entry {
        Entry::Day { day, document } => Some((*day, *document)),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [(day.day, days[0].digest())]);
    // The next day counts on.
    world.pass(DAY);
    publish(&world, &trustee).await;
    let days = trustee.days().await.unwrap();
    assert_eq!((days.len(), days[1].value().counters.len(), days[1].value().answered), (2, 0, 0));
}

#[tokio::test]
async fn an_older_copy_of_the_journal_is_noticed() {
    let mut world = World::new();
    let trustee = world.open(1);
    world.tail(&trustee).await.unwrap();
    publish(&world, &trustee).await;
    world.pass(HOUR);
    publish(&world, &trustee).await;
    drop(trustee);
    let old = tempfile::tempdir().unwrap();
    copy(&world.path(1), old.path());
    let trustee = world.open(1);
    world.pass(HOUR);
    publish(&world, &trustee).await;
    drop(trustee);
    for file in ["journal.db", "journal.db-wal", "journal.db-shm"] {
        let _ = std::fs::remove_file(world.path(1).join(file));
        let _ = std::fs::copy(old.path().join(file), world.path(1).join(file));
    }
    let error = world.open(1).head(world.now).await.unwrap_err();
    assert!(matches!(error, TrusteeError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("older copy"), "{error}");
}

#[tokio::test]
async fn entries_that_are_not_those_published_are_not_published() {
    let mut world = World::new();
    let trustee = world.open(1);
    world.tail(&trustee).await.unwrap();
    publish(&world, &trustee).await;
    world.pass(HOUR);
    publish(&world, &trustee).await;
    drop(trustee);
    run(&world, "UPDATE own_entries SET leaf = zeroblob(1024) WHERE entry_index = 3").await;
    world.pass(HOUR);
    let error = world.open(1).publish_log(&LogWitnesses::default(), world.now).await.unwrap_err();
    assert!(matches!(error, TrusteeError::Damaged { .. }), "{error}");
    assert_eq!(Reader::of(&world, 1).entries(1).len(), 8);
}

async fn run(world: &World, statements: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.path(1).join("journal.db"));
    let pool = sqlx::sqlite::SqlitePool::connect_with(options).await.unwrap();
    sqlx::raw_sql(statements).execute(&pool).await.unwrap();
    pool.close().await;
}

#[tokio::test]
async fn the_audit_compares_answers_own_log_and_journal() {
    let mut world = World::new();
    let trustee = world.open(1);
    let cases = [world.case(1, 1), world.case(2, 2), world.case(3, 3)];
    let mut answers = Vec::new();
    for case in &cases {
        answers.push(world.ask(&trustee, case).await);
    }
    world.log_receipt(&answers[0]);
    world.log_receipt(&answers[1]);
    world.tail(&trustee).await.unwrap();
    let audit = trustee.audit(&world.source(), world.now).await.unwrap();
    let compared = &audit.compared;
    assert!(audit.is_sound(), "{audit:?}");
    assert_eq!((compared.answers, compared.in_journal, compared.awaited, compared.entries), (3, 2, 1, 3));
    assert_eq!(audit.journal_size, world.log.size());
    // The custodian drops the third receipt for good.
    world.pass(HOUR);
    publish(&world, &trustee).await;
    let audit = trustee.audit(&world.source(), world.now).await.unwrap();
    assert!(matches!(audit.compared.mismatches[..], [Mismatch::NotInJournal { .. }]), "{audit:?}");
    assert_eq!(audit.published, 8);
    // Somebody takes an answer out of the file, and an entry's disclosures.
    drop(trustee);
    run(
        &world,
        "DELETE FROM receipts WHERE number = 1; UPDATE own_entries SET disclosures = 'x' WHERE entry_index = 1",
    )
    .await;
    let audit = world.open(1).audit(&world.source(), world.now).await.unwrap();
    assert!(!audit.is_sound());
    assert!(
        audit.compared.mismatches.iter().any(|one| matches!(one, Mismatch::NoAnswer { index: 0, .. })),
        "{audit:?}"
    );
    assert!(audit.compared.mismatches.iter().any(|one| matches!(one, Mismatch::NoEntry(_))), "{audit:?}");
    assert_eq!(audit.faults.len(), 1, "{audit:?}");
    run(&world, "DELETE FROM own_entries WHERE entry_index = 2").await;
    let audit = world.open(1).audit(&world.source(), world.now).await.unwrap();
    assert!(audit.faults.contains(&"entry 2 is missing".to_owned()), "{audit:?}");
}

#[tokio::test]
async fn a_trustee_from_before_it_had_a_log_gets_one() {
    let mut world = World::new();
    let path = world.path(1).join("secret/keys");
    let stored = std::fs::read(&path).unwrap();
    // The list without the seed of the log, with version 1.
    let mut old = stored[..stored.len() - 36].to_vec();
    old[4] = 1;
    let mode = std::fs::metadata(&path).unwrap().permissions();
    std::fs::write(&path, &old).unwrap();
    std::fs::set_permissions(&path, mode).unwrap();
    let trustee = world.open(1);
    assert_eq!(trustee.public(), &founded().publics[0]);
    let key = trustee.log_key().unwrap().value().vkey.clone();
    assert_eq!(world.open(1).log_key().unwrap().value().vkey, key);
    world.tail(&trustee).await.unwrap();
    publish(&world, &trustee).await;
    world.pass(HOUR);
    assert_eq!(publish(&world, &trustee).await.size, 8);
    Reader::of(&world, 1).entries(1);
}

/// A witness over HTTP that keeps what it has cosigned in memory.
async fn witness(number: u8, log: VerifierKey, now: u64) -> (String, Arc<Mutex<Option<SignedCheckpoint>>>) {
    use axum::routing::{get, post};
    let latest: Arc<Mutex<Option<SignedCheckpoint>>> = Arc::default();
    let (keep, show) = (Arc::clone(&latest), Arc::clone(&latest));
    let answer = move |body: axum::body::Bytes| async move {
        let key = crate::world::witness(number);
        let mut latest = keep.lock().unwrap();
        let decided = AddCheckpoint::parse(&body).and_then(|request| decide(&request, &[log], |_| latest.as_ref()));
        match decided {
            Ok(mut accepted) => {
                let line = cosign(&accepted, &key, now).unwrap();
                accepted.add(line.clone()).unwrap();
                *latest = Some(accepted);
                (axum::http::StatusCode::OK, cosignature_body(&[line]))
            }
            Err(refusal) => {
                let response = refusal.response();
                (axum::http::StatusCode::from_u16(response.status).unwrap(), response.body)
            }
        }
    };
    let shown = move || async move {
        show.lock().unwrap().as_ref().map(ToString::to_string).ok_or(axum::http::StatusCode::NOT_FOUND)
    };
    let app = axum::Router::new().route("/add-checkpoint", post(answer)).route("/{origin}/checkpoint", get(shown));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (format!("http://{address}"), latest)
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

fn vkey(trustee: &Trustee) -> VerifierKey {
    VerifierKey::parse(&trustee.log_key().unwrap().value().vkey).unwrap()
}

#[tokio::test]
async fn witnesses_cosign_the_own_log_and_notice_another_history() {
    let mut world = World::new();
    let trustee = world.open(1);
    world.tail(&trustee).await.unwrap();
    publish(&world, &trustee).await;
    world.pass(HOUR);
    let log = vkey(&trustee);
    let now = world.now.plus(2 * HOUR).unix() as u64;
    let (one, latest) = witness(1, log.clone(), now - 2 * 3_600).await;
    let (two, _) = witness(2, log.clone(), now - 2 * 3_600).await;
    let policy = |second: &str| {
        let keys = [1, 2].map(|number| crate::world::witness(number).verifier().to_string());
        let text = format!(
            "log {log}\nwitness w1 {} {one}\nwitness w2 {} {second}\ngroup both 2 w1 w2\nquorum both\n",
            keys[0], keys[1]
        );
        Policy::parse(text.as_bytes()).unwrap()
    };
    let witnesses = LogWitnesses::new(policy(&two), &log, client()).unwrap();
    let mut done = trustee.publish_log(&witnesses, world.now).await.unwrap();
    done.witnesses.sort();
    assert_eq!((done.size, done.witnesses.as_slice()), (8, ["w1".to_owned(), "w2".to_owned()].as_slice()));
    let published = Reader::of(&world, 1).checkpoint().unwrap();
    policy(&two).check(&published, TimeWindow::ANY).unwrap();
    // Without a quorum the checkpoint that is public stays, and the next attempt goes on: the witness that was there is not asked in vain.
    let lame = LogWitnesses::new(policy("http://127.0.0.1:9"), &log, client()).unwrap();
    world.pass(HOUR);
    let error = trustee.publish_log(&lame, world.now).await.unwrap_err();
    assert!(matches!(error, TrusteeError::NotReady(_)) && error.to_string().contains("w2"), "{error}");
    assert_eq!(Reader::of(&world, 1).checkpoint().unwrap(), published);
    // The witness has a checkpoint of a tree that is not ours: nothing is published any more.
    let mut other = countersign_tlog::merkle::Frontier::new();
    for number in 0..80_u8 {
        other.push_leaf(&[number]).unwrap();
    }
    let stolen = stolen_signature(&world.path(1), &other);
    *latest.lock().unwrap() = Some(stolen);
    let error = trustee.publish_log(&witnesses, world.now).await.unwrap_err();
    assert!(matches!(error, TrusteeError::Damaged { .. }), "{error}");
    // Nor is anything answered: the counters may be those of an older copy.
    let head = trustee.head(world.now).await.unwrap();
    assert_eq!((head.paused, head.incidents), (Some(world.now), 1));
    let case = world.case(1, 1);
    assert_eq!(code(&world.ask(&trustee, &case).await), Some(Code::Paused));
    assert_eq!(trustee.incidents().await.unwrap()[0].kind, IncidentKind::OwnLogDiffers);
}

#[tokio::test]
async fn a_witness_tells_at_the_start_that_this_is_an_older_copy() {
    let world = World::new();
    let trustee = world.open(1);
    world.tail(&trustee).await.unwrap();
    let log = vkey(&trustee);
    let (url, latest) = witness(1, log.clone(), world.now.unix() as u64).await;
    let key = crate::world::witness(1).verifier().to_string();
    let policy = Policy::parse(format!("log {log}\nwitness w1 {key} {url}\nquorum w1\n").as_bytes()).unwrap();
    let mut tree = countersign_tlog::merkle::Frontier::new();
    for number in 0..8_u8 {
        tree.push_leaf(&[number]).unwrap();
    }
    *latest.lock().unwrap() = Some(stolen_signature(&world.path(1), &tree));
    // Nothing is to be published yet, and all the same nothing is answered.
    let witnesses = LogWitnesses::new(policy.clone(), &log, client()).unwrap();
    let error = trustee.publish_log(&witnesses, world.now).await.unwrap_err();
    assert!(matches!(error, TrusteeError::Damaged { .. }), "{error}");
    assert_eq!(trustee.head(world.now).await.unwrap().paused, Some(world.now));
    // What this log has not signed is no evidence.
    let other = world.open(2);
    world.tail(&other).await.unwrap();
    let log = vkey(&other);
    let policy = Policy::parse(format!("log {log}\nwitness w1 {key} {url}\nquorum w1\n").as_bytes()).unwrap();
    let witnesses = LogWitnesses::new(policy, &log, client()).unwrap();
    other.publish_log(&witnesses, world.now).await.unwrap();
    assert_eq!(other.head(world.now).await.unwrap().paused, None);
}

/// What a second program with the same keys and another history would have had signed: by the trustee's log key and by witness 1.
fn stolen_signature(folder: &Path, tree: &countersign_tlog::merkle::Frontier) -> SignedCheckpoint {
    use countersign_core::digest;
    use countersign_tlog::checkpoint::Checkpoint;
    use countersign_tlog::note::{KeyKind, KeyName, SigningKey};
    let stored = std::fs::read(folder.join("secret/keys")).unwrap();
    let key = digest::parts("countersign/trustee/log-key/v1", &[&stored[stored.len() - 32..]]);
    let name = TrusteeLogKey::origin(&founded().publics[0].identity);
    let key = SigningKey::from_seed(KeyName::new(&name).unwrap(), KeyKind::Ed25519, &key.0).unwrap();
    let head = Checkpoint { origin: key.verifier().name().clone(), size: tree.size(), root: tree.root() };
    let mut signed = head.sign(&key).unwrap();
    signed.add(cosign(&signed, &crate::world::witness(1), 1_795_000_000).unwrap()).unwrap();
    signed
}

#[tokio::test]
async fn a_policy_of_another_log_or_without_addresses_is_refused() {
    let world = World::new();
    let (trustee, other) = (world.open(1), world.open(2));
    let (log, key) = (vkey(&trustee), crate::world::witness(1).verifier().to_string());
    let policy = |log: &VerifierKey, url: &str| {
        Policy::parse(format!("log {log}\nwitness w1 {key} {url}\nquorum w1\n").as_bytes()).unwrap()
    };
    assert!(LogWitnesses::new(policy(&log, "http://127.0.0.1:9"), &log, client()).is_ok());
    let error = LogWitnesses::new(policy(&vkey(&other), "http://127.0.0.1:9"), &log, client()).err().unwrap();
    assert!(error.to_string().contains("has no line `log countersign-trustee/"), "{error}");
    let error = LogWitnesses::new(policy(&log, ""), &log, client()).err().unwrap();
    assert!(error.to_string().ends_with("the line of witness `w1` has no URL"), "{error}");
}
