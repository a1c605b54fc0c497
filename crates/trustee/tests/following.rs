//! Following the journal.

use crate::world::*;
use countersign_core::control::{Action, Role};
use countersign_core::id::{Digest, OrderId};
use countersign_core::time::{DAY, Timestamp};
use countersign_tlog::cosignature::cosign;
use countersign_trustee::{Head, IncidentKind, LogSource, TrusteeError};
use countersign_verify::evidence::Files;
use std::sync::atomic::{AtomicUsize, Ordering};

#[tokio::test]
async fn a_journal_of_many_tiles_is_read_and_a_restart_finds_the_same_state() {
    let mut world = World::new();
    world.log.append_dummies(300);
    world.change(Action::HoldOrder(OrderId([8; 16])), &["person:dora-egger"]);
    world.log.append_dummies(300);
    // No leaf at all: it changes nothing and stops nobody.
    world.log.append(b"{}".to_vec());
    world.log.publish(world.now);
    let trustee = world.open(1);
    let report = world.tail(&trustee).await.unwrap();
    assert_eq!((report.size, report.new_leaves, report.control_leaves), (603, 603, 2));
    assert_eq!(report.witnessed, world.now);
    assert_eq!(world.tail(&trustee).await.unwrap().new_leaves, 0);
    let head = trustee.head(world.now).await.unwrap();
    assert_eq!(world.open(1).head(world.now).await.unwrap(), head);
    assert_eq!(head.size, 603);

    // The trustee that read everything at once and the one that read step by step agree.
    world.log.append_dummies(100);
    world.log.publish(world.now);
    world.tail(&world.open(1)).await.unwrap();
    world.tail(&world.open(2)).await.unwrap();
    let heads = (world.open(1).head(world.now).await.unwrap(), world.open(2).head(world.now).await.unwrap());
    assert_eq!((heads.0.size, heads.0.root, heads.0.state), (heads.1.size, heads.1.root, heads.1.state));
    // An order that became public long before is still recognised after a restart.
    let case = world.case(1, 1);
    assert_eq!(code(&world.ask(&world.open(1), &case).await), None);
    assert_eq!(code(&world.ask(&world.open(1), &case).await), None);
}

#[tokio::test]
async fn changes_cool_from_the_time_they_were_seen_also_after_a_restart() {
    let mut world = World::new();
    world.change(Action::SetDirectory(digest("another directory")), &ENOUGH);
    world.tail(&world.open(1)).await.unwrap();
    let seen = world.now;
    let before = world.open(1).head(seen).await.unwrap().state;
    world.pass(DAY);
    world.tail(&world.open(1)).await.unwrap();
    assert_eq!(world.open(1).head(seen.plus(7 * DAY - 1)).await.unwrap().state, before);
    // The quorum stood at the earlier of the two cosignatures' times at the latest.
    assert_ne!(world.open(1).head(seen.plus(7 * DAY)).await.unwrap().state, before);
}

#[tokio::test]
async fn a_fork_is_refused_kept_as_an_incident_and_changes_nothing() {
    let mut world = World::new();
    world.log.append_dummies(20);
    world.log.publish(world.now);
    let trustee = world.open(1);
    world.tail(&trustee).await.unwrap();
    let before = trustee.head(world.now).await.unwrap();

    let mut forked = World::new();
    let case = forked.case(1, 1);
    forked.log.append_dummies(40);
    forked.log.publish(forked.now);
    let refused = trustee.tail(&forked.source(), world.now).await;
    assert!(matches!(refused, Err(TrusteeError::JournalRefused(_))), "{refused:?}");
    trustee.tail(&forked.source(), world.now).await.unwrap_err();
    let incidents = trustee.incidents().await.unwrap();
    assert_eq!((incidents.len(), incidents[0].kind), (1, IncidentKind::JournalDiffers));
    assert!(incidents[0].detail.contains(ORIGIN) && incidents[0].detail.contains("\u{2014} witness.example/w1 "));
    let after = Head { incidents: 1, entries: 1, ..before };
    assert_eq!(trustee.head(world.now).await.unwrap(), after);
    assert_eq!(world.open(1).head(world.now).await.unwrap(), after);
    // An order of the forked journal is not answered.
    let answer = trustee.answer(&case.request(1, world.now), world.now, seed("x")).await.unwrap();
    let countersign_trustee::Answered::Answer(answer) = answer else { panic!("the desk was not recognised") };
    assert!(code(&answer).is_some());
}

#[tokio::test]
async fn an_older_journal_is_refused() {
    let mut world = World::new();
    world.log.append_dummies(20);
    world.log.publish(world.now);
    let trustee = world.open(1);
    world.tail(&trustee).await.unwrap();
    world.log.publish_with(7, &[world.now; 2]);
    let refused = world.tail(&trustee).await.unwrap_err().to_string();
    assert!(refused.contains("size 7, size 21 was verified before"), "{refused}");
    assert!(trustee.incidents().await.unwrap().is_empty());
    assert_eq!(trustee.head(world.now).await.unwrap().size, 21);
}

#[tokio::test]
async fn too_few_or_future_witnesses_are_refused() {
    let mut world = World::new();
    world.log.append_dummies(1);
    for times in [vec![world.now], vec![world.now, world.now.plus(121)]] {
        world.log.publish_with(2, &times);
        let refused = world.tail(&world.open(1)).await.unwrap_err().to_string();
        assert!(refused.contains("lacks a quorum"), "{refused}");
    }
    // The log's own signature does not stand for a witness.
    let signed = world.log.checkpoint(2, &[world.now]);
    let mut twice = signed.clone();
    twice.add(cosign(&signed, &witness(1), world.now.unix() as u64 + 1).unwrap()).unwrap();
    std::fs::write(world.log.folder.join("checkpoint"), twice.to_string()).unwrap();
    assert!(world.tail(&world.open(1)).await.is_err());
}

#[tokio::test]
async fn another_genesis_is_refused() {
    let mut world = World::new();
    world.log.leaves.clear();
    let mut other = World::new();
    other.log = Log::new(other.log.folder.join("other"));
    other.log.append(founded().genesis_leaf.replace_name());
    other.log.publish(world.now);
    let refused = world.open(1).tail(&other.source(), world.now).await.unwrap_err().to_string();
    assert!(refused.contains("pinned is"), "{refused}");

    other.log = Log::new(other.log.folder.join("more"));
    other.log.append_dummies(1);
    other.log.append(founded().genesis_leaf.clone());
    other.log.publish(world.now);
    assert!(matches!(world.open(1).tail(&other.source(), world.now).await, Err(TrusteeError::JournalRefused(_))));
}

trait ReplaceName {
    fn replace_name(&self) -> Vec<u8>;
}

impl ReplaceName for Vec<u8> {
    /// The same leaf for a firm of a name as long.
    fn replace_name(&self) -> Vec<u8> {
        String::from_utf8(self.clone()).unwrap().replace("Example Exchange", "Another Exchange").into_bytes()
    }
}

#[tokio::test]
async fn damaged_and_missing_tiles_are_refused() {
    let mut world = World::new();
    world.log.append_dummies(300);
    world.log.publish(world.now);
    let bundle = world.log.folder.join("tile/entries/000");
    let good = std::fs::read(&bundle).unwrap();
    let mut bad = good.clone();
    bad[20_000] ^= 1;
    std::fs::write(&bundle, bad).unwrap();
    assert!(matches!(world.tail(&world.open(1)).await, Err(TrusteeError::JournalRefused(_))));
    std::fs::remove_file(&bundle).unwrap();
    assert!(matches!(world.tail(&world.open(1)).await, Err(TrusteeError::JournalUnavailable { .. })));
    std::fs::write(&bundle, good).unwrap();
    assert_eq!(world.tail(&world.open(1)).await.unwrap().size, 301);
}

#[tokio::test]
async fn an_empty_log_and_a_missing_pin_are_told_apart() {
    let world = World::new();
    std::fs::remove_file(world.log.folder.join("checkpoint")).unwrap();
    assert!(matches!(world.tail(&world.open(1)).await, Err(TrusteeError::JournalUnavailable { .. })));
    std::fs::remove_file(world.path(1).join("documents/genesis")).unwrap();
    assert!(matches!(world.tail(&world.open(1)).await, Err(TrusteeError::NotReady(_))));
}

/// A source that stops after some tiles.
struct Failing<'w> {
    world: &'w World,
    left: AtomicUsize,
}

#[async_trait::async_trait]
impl LogSource for Failing<'_> {
    async fn get(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, String> {
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err() {
            return Err("connection lost".into());
        }
        self.world.source().get(path, most).await
    }
}

/// Longer than the stretch of which every root is remembered.
#[tokio::test]
async fn an_interrupted_read_goes_on_where_it_stopped_also_after_a_restart() {
    let mut world = World::new();
    for _ in 1..18_000 {
        world.log.append(b"{}".to_vec());
    }
    world.log.publish(world.now);
    let mut sizes = Vec::new();
    loop {
        let source = Failing { world: &world, left: AtomicUsize::new(30) };
        let result = world.open(1).tail(&source, world.now).await;
        sizes.push(world.open(1).head(world.now).await.unwrap().size);
        match result {
            Ok(report) => break assert_eq!(report.size, 18_000),
            Err(error) => assert!(matches!(error, TrusteeError::JournalUnavailable { .. }), "{error}"),
        }
    }
    assert!(sizes.len() > 1 && sizes.is_sorted(), "{sizes:?}");
    let case = world.case(1, 1);
    assert_eq!(code(&world.ask(&world.open(1), &case).await), None);
}

/// The control leaves of the journal with a proof each, as they were first public: what a custodian hands to a newcomer.
struct Shown(Files);

impl Shown {
    fn begin(world: &World) -> Self {
        let mut shown = Self(Files::new());
        shown.add(world, 0, founded().genesis_leaf.clone());
        shown
    }

    fn add(&mut self, world: &World, index: u64, leaf: Vec<u8>) {
        self.0.insert(format!("control/{index:010}.leaf"), leaf);
        let proof = world.log.proof(index, &[world.now; 2]);
        self.0.insert(format!("control/{index:010}.tlog-proof"), proof.into_bytes());
    }

    fn change(&mut self, world: &mut World, action: Action, signers: &[&str]) {
        let index = world.change(action, signers);
        let leaf = world.log.leaves[index as usize].clone();
        self.add(world, index, leaf);
    }
}

/// Dora is added, cools, and then signs the change of the directory: five trustees have followed it as it came.
fn old_journal() -> (World, Shown) {
    let mut world = World::new();
    let mut shown = Shown::begin(&world);
    shown.change(&mut world, Action::AddPerson(person("dora-held", &[Role::Approver], "XD", false)), &ENOUGH);
    world.log.append_dummies(1_500);
    world.pass(8 * DAY);
    let signers = ["person:anna-berg", "person:dora-held", "trustee:1", "trustee:2", "trustee:3"];
    shown.change(&mut world, Action::SetDirectory(digest("another directory")), &signers);
    (world, shown)
}

async fn state(world: &World, index: u16) -> (Digest, u64) {
    let head = world.open(index).head(world.now).await.unwrap();
    (head.state.unwrap(), head.size)
}

#[tokio::test]
async fn a_newcomer_follows_a_change_signed_by_somebody_whom_an_earlier_change_had_added() {
    let mut world = World::new();
    let mut shown = Shown::begin(&world);
    shown.change(&mut world, Action::AddPerson(person("dora-held", &[Role::Approver], "XD", false)), &ENOUGH);
    world.tail(&world.open(1)).await.unwrap();
    world.log.append_dummies(1_500);
    world.pass(8 * DAY);
    let signers = ["person:anna-berg", "person:dora-held", "trustee:1", "trustee:2", "trustee:3"];
    shown.change(&mut world, Action::SetDirectory(digest("another directory")), &signers);
    world.tail(&world.open(1)).await.unwrap();
    world.pass(8 * DAY);
    world.tail(&world.open(1)).await.unwrap();

    // From a first look alone the signer is nobody yet.
    world.tail(&world.open(2)).await.unwrap();
    assert_ne!(state(&world, 2).await, state(&world, 1).await);
    let genesis = founded().genesis.digest();
    let late = world.open(2).follow_since(&genesis, &shown.0, &world.source(), world.now).await.unwrap_err();
    assert!(late.to_string().contains("read before without them"), "{late}");

    let report = world.open(3).follow_since(&genesis, &shown.0, &world.source(), world.now).await.unwrap();
    assert_eq!(report.control_leaves, 3);
    // Said again, it changes nothing.
    let again = world.open(3).follow_since(&genesis, &shown.0, &world.source(), world.now).await.unwrap();
    assert_eq!(again.new_leaves, 0);
    assert_eq!(state(&world, 3).await, state(&world, 1).await);
    // Kept so, and followed on as by everybody.
    world.change(Action::HoldOrder(OrderId([8; 16])), &["person:dora-held"]);
    for index in [1, 3] {
        world.tail(&world.open(index)).await.unwrap();
    }
    assert_eq!(state(&world, 3).await, state(&world, 1).await);
}

#[tokio::test]
async fn what_is_shown_of_a_journal_belongs_to_it_or_nothing_is_folded() {
    let genesis = founded().genesis.digest();
    let (world, shown) = old_journal();
    let (other, foreign) = {
        let mut other = World::new();
        other.log.append_dummies(1);
        let mut foreign = Shown::begin(&other);
        foreign.change(&mut other, Action::HoldOrder(OrderId([9; 16])), &["person:anna-berg"]);
        (other, foreign)
    };
    drop(other);
    let second = "control/0000000001.tlog-proof";
    let tampered = |tamper: &dyn Fn(&mut Files)| {
        let mut files = shown.0.clone();
        tamper(&mut files);
        files
    };
    let proof_of = |index: u64, time: Timestamp| world.log.proof(index, &[time; 2]).into_bytes();
    let proof_at = |time: Timestamp| proof_of(1, time);
    let (last_index, last) = (1_502, "control/0000001502.tlog-proof");
    let cases: Vec<(Files, &str)> = vec![
        (foreign.0.clone(), "are of another journal"),
        (tampered(&|files| drop(files.remove(second))), second),
        (tampered(&|files| drop(files.remove("control/0000000000.leaf"))), "control/0000000000.leaf"),
        // Shown later than it was: the change behind it would come before it.
        (tampered(&|files| drop(files.insert(second.into(), proof_at(world.now.plus(DAY))))), "older than the proof"),
        (tampered(&|files| drop(files.insert(last.into(), proof_of(last_index, world.now.plus(DAY))))), "time to come"),
    ];
    for (files, expected) in cases {
        let trustee = world.open(4);
        let error = trustee.follow_since(&genesis, &files, &world.source(), world.now).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(trustee.head(world.now).await.unwrap().state, None);
    }
    let mut larger = World::new();
    larger.log.append_dummies(3_000);
    let mut ahead = Shown::begin(&larger);
    ahead.change(&mut larger, Action::HoldOrder(OrderId([9; 16])), &["person:anna-berg"]);
    let error = world.open(4).follow_since(&genesis, &ahead.0, &world.source(), world.now).await.unwrap_err();
    assert!(error.to_string().contains("journal"), "{error}");
    world.open(4).follow_since(&genesis, &shown.0, &world.source(), world.now).await.unwrap();
}
