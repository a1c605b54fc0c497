//! Erasures and holds, interrupted at every step.

use super::*;
use crate::world::{World, person_id};
use async_trait::async_trait;
use countersign_core::class::Class;
use countersign_core::id::RecordId;
use countersign_core::time::DAY;
use countersign_store::journal::Journal as _;
use countersign_store::memory::MemorySigmas;
use countersign_store::{
    Cases as _, ImportStart, NewEntry, NewRecord, Orders as _, Register as _, SealedRecord, Settings as _, Sigma,
    Sigmas, StoreError,
};
use countersign_tlog::leaf::Disclosure;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use zeroize::Zeroizing;

/// Sigmas whose deletion fails when told: before it has its effect, or after.
#[derive(Default)]
struct Fragile {
    inner: MemorySigmas,
    fails: AtomicU8,
}

const BEFORE: u8 = 1;
const AFTER: u8 = 2;

#[async_trait]
impl Sigmas for Fragile {
    async fn put_sigmas(&self, sigmas: &[(Handle, Sigma)]) -> countersign_store::Result<()> {
        self.inner.put_sigmas(sigmas).await
    }

    async fn sigma(&self, handle: &Handle) -> countersign_store::Result<Option<Sigma>> {
        self.inner.sigma(handle).await
    }

    async fn have_sigmas(&self, clients: &[Handle]) -> countersign_store::Result<BTreeSet<Handle>> {
        self.inner.have_sigmas(clients).await
    }

    async fn delete_sigma(&self, handle: &Handle) -> countersign_store::Result<bool> {
        let broken = || StoreError::Unavailable { doing: "erase a sigma", reason: "power lost".into() };
        match self.fails.load(Ordering::SeqCst) {
            BEFORE => Err(broken()),
            AFTER => {
                self.inner.delete_sigma(handle).await?;
                Err(broken())
            }
            _ => self.inner.delete_sigma(handle).await,
        }
    }
}

struct Register {
    world: World,
    sigmas: Arc<Fragile>,
}

fn client(n: u8) -> Handle {
    Handle([n; 32])
}

fn lena() -> PersonId {
    person_id("lena-ohm")
}

const BASIS: &str = "GDPR art. 17(1)(b)";

impl Register {
    /// Three clients with one record each.
    async fn new() -> Self {
        let sigmas = Arc::new(Fragile::default());
        let world = World::with_sigmas(Arc::clone(&sigmas) as Arc<dyn Sigmas>).await;
        let ImportStart::Open(mut writer) = world.store.begin_import(&Digest([1; 32])).await.unwrap() else { panic!() };
        let record = |n: u8| NewRecord {
            sealed: SealedRecord {
                record: RecordId([n; 32]),
                handle: client(n),
                ring: Digest([1; 32]),
                period: 0,
                revision: 1,
                label: vec![n; 100],
                header: [n; 160],
                entries: vec![NewEntry { class: Class::Name, commitment: [n; 32], ciphertext: vec![n; 80] }],
            },
            references: vec![[n; 32]],
            row: None,
        };
        writer.add((1..=3).map(record).collect()).await.unwrap();
        writer.commit(0, world.desk().await.now()).await.unwrap();
        let secrets: Vec<_> = (1..=3_u8).map(|n| (client(n), Zeroizing::new([n ^ 0xff; 32]))).collect();
        sigmas.put_sigmas(&secrets).await.unwrap();
        Self { world, sigmas }
    }

    async fn has_sigma(&self, n: u8) -> bool {
        self.sigmas.sigma(&client(n)).await.unwrap().is_some()
    }

    /// `act` of every retention leaf, in the order of the journal.
    async fn acts(&self) -> Vec<String> {
        let mut acts = Vec::new();
        for entry in self.world.journal.entries(0, 4_096).await.unwrap() {
            let Some(found) = self.world.store.disclosures_of(&entry.key).await.unwrap() else { continue };
            if found.kind != LeafKind::Retention.as_str() {
                continue;
            }
            let fields = found.list.iter().map(|text| Disclosure::parse(text).unwrap());
            let names: Vec<String> = fields.clone().map(|field| field.name().to_owned()).collect();
            assert_eq!(names, ["kind", "document", "act", "until", "at"]);
            acts.extend(
                fields.filter(|field| field.name() == "act").map(|field| field.value().as_str().unwrap().into()),
            );
        }
        acts
    }
}

fn text(error: DeskError) -> String {
    assert!(matches!(error, DeskError::Input(_) | DeskError::NotFound { .. }), "{error:?}");
    error.to_string()
}

#[tokio::test]
async fn an_erased_client_is_erased_once_and_the_others_stay() {
    let register = Register::new().await;
    let desk = register.world.desk().await;
    let erased = desk.erase_client(&client(1), BASIS, &lena()).await.unwrap();
    register.world.pass(DAY);
    for _ in 0..2 {
        let again = register.world.desk().await.erase_client(&client(1), "once more", &lena()).await.unwrap();
        assert_eq!(again.digest(), erased.digest(), "the first erasure");
    }
    assert_eq!(register.acts().await, ["erase"]);
    assert!(!register.has_sigma(1).await && register.has_sigma(2).await);
    assert_eq!(register.world.store.records_of(&client(1)).await.unwrap().len(), 1, "ciphertext stays");
    let standing = desk.retention_of(&client(1)).await.unwrap();
    assert_eq!((standing.erasure.map(|one| one.digest()), standing.erased), (Some(erased.digest()), true));
    assert!(
        text(desk.hold_client(&client(1), BASIS, desk.now().plus(DAY), &lena()).await.unwrap_err()).contains("erased")
    );
}

#[tokio::test]
async fn a_held_client_is_not_erased_until_every_hold_is_over() {
    let register = Register::new().await;
    let desk = register.world.desk().await;
    let (now, court) = (desk.now(), "court of XA, 12 Js 34/26");
    let first = desk.hold_client(&client(1), court, now.plus(10 * DAY), &lena()).await.unwrap();
    let second = desk.hold_client(&client(1), "tax audit", now.plus(20 * DAY), &lena()).await.unwrap();
    let refused = text(desk.erase_client(&client(1), BASIS, &lena()).await.unwrap_err());
    assert!(refused.contains("is held until") && refused.contains(court), "{refused}");
    assert!(register.has_sigma(1).await);
    assert!(text(desk.release_hold(&client(1), None, "over", &lena()).await.unwrap_err()).contains("several holds"));
    assert!(
        text(desk.release_hold(&client(1), Some("00ff00"), "over", &lena()).await.unwrap_err()).contains("no such")
    );
    desk.release_hold(&client(1), Some(&first.digest().to_hex()[..12]), "over", &lena()).await.unwrap();
    desk.erase_client(&client(1), BASIS, &lena()).await.unwrap_err();
    let desk = register.world.desk().await;
    let holds = desk.retention_of(&client(1)).await.unwrap().holds;
    assert_eq!(holds.iter().map(Exact::digest).collect::<Vec<_>>(), [second.digest()]);
    register.world.pass(20 * DAY - 1);
    desk.erase_client(&client(1), BASIS, &lena()).await.unwrap_err();
    register.world.pass(1);
    desk.erase_client(&client(1), BASIS, &lena()).await.unwrap();
    assert_eq!(register.acts().await, ["hold", "hold", "release", "erase"]);
    assert!(text(desk.release_hold(&client(2), None, "over", &lena()).await.unwrap_err()).contains("no such"));
}

#[tokio::test]
async fn who_and_what_is_not_there_is_refused() {
    let register = Register::new().await;
    let desk = register.world.desk().await;
    for refused in [
        desk.erase_client(&client(9), BASIS, &lena()).await,
        desk.erase_client(&client(1), BASIS, &person_id("nobody-here")).await,
        desk.hold_client(&client(9), BASIS, desk.now().plus(DAY), &lena()).await,
        desk.hold_client(&client(1), BASIS, desk.now(), &lena()).await,
        desk.release_hold(&client(9), None, BASIS, &lena()).await,
    ] {
        text(refused.unwrap_err());
    }
    assert!(matches!(desk.erase_client(&client(1), "  ", &lena()).await, Err(DeskError::Document(_))));
    assert!(register.acts().await.is_empty());
}

/// However an erasure ends in the middle: never does a leaf say that a secret is gone which is there, and the next start
/// finishes it.
#[tokio::test]
async fn an_interrupted_erasure_is_finished_at_the_next_start() {
    for step in ["kept", "noted", "begun", "public", "before", "after"] {
        let register = Register::new().await;
        let desk = register.world.desk().await;
        let record = desk.retention(&client(1), RetentionAct::Erase, BASIS, &lena()).unwrap();
        match step {
            "kept" => desk.keep(&record).await.unwrap(),
            "noted" => {
                desk.keep(&record).await.unwrap();
                let name = erasure_setting(&client(1));
                register.world.store.set_setting(&name, record.digest().as_bytes()).await.unwrap();
            }
            "begun" | "public" => {
                register.world.log.set_broken(true);
                let stopped = desk.erase_client(&client(1), BASIS, &lena()).await.unwrap_err();
                assert!(matches!(stopped, DeskError::Journal(_)), "{stopped}");
                register.world.log.set_broken(step == "begun");
            }
            _ => {
                register.sigmas.fails.store(if step == "before" { BEFORE } else { AFTER }, Ordering::SeqCst);
                desk.erase_client(&client(1), BASIS, &lena()).await.unwrap_err();
            }
        }
        assert!(register.acts().await.is_empty(), "{step}: nothing is said before it is done");
        assert_eq!(register.has_sigma(1).await, step != "after", "{step}");
        let begun = !["kept", "noted"].contains(&step);
        // What fails goes on to fail, and is begun still.
        let desk = register.world.desk().await;
        if begun && step != "public" {
            desk.settle_retention().await.unwrap_err();
            assert!(register.acts().await.is_empty(), "{step}");
        }
        register.world.log.set_broken(false);
        register.sigmas.fails.store(0, Ordering::SeqCst);
        let desk = register.world.desk().await;
        assert_eq!(desk.settle_retention().await.unwrap(), usize::from(begun), "{step}");
        assert_eq!(register.has_sigma(1).await, !begun, "{step}");
        desk.erase_client(&client(1), BASIS, &lena()).await.unwrap();
        assert_eq!(desk.settle_retention().await.unwrap(), 0, "{step}");
        assert_eq!(register.acts().await, ["erase"], "{step}");
        assert!(
            !register.has_sigma(1).await && register.world.store.open_effects().await.unwrap().is_empty(),
            "{step}"
        );
    }
}

#[tokio::test]
async fn a_hold_that_comes_before_the_end_of_an_interrupted_erasure_prevents_it() {
    let register = Register::new().await;
    let desk = register.world.desk().await;
    register.world.log.set_broken(true);
    desk.erase_client(&client(1), BASIS, &lena()).await.unwrap_err();
    let hold = desk.hold_client(&client(1), "court of XA", desk.now().plus(DAY), &lena()).await.unwrap();
    register.world.log.set_broken(false);
    let desk = register.world.desk().await;
    desk.settle_retention().await.unwrap();
    assert!(register.has_sigma(1).await);
    let refused = text(desk.erase_client(&client(1), BASIS, &lena()).await.unwrap_err());
    assert!(refused.contains("court of XA"), "{refused}");
    assert_eq!(desk.retention_of(&client(1)).await.unwrap().erasure, None);
    desk.release_hold(&client(1), None, "withdrawn", &lena()).await.unwrap();
    register.world.pass(60);
    desk.erase_client(&client(1), BASIS, &lena()).await.unwrap();
    assert!(!register.has_sigma(1).await);
    assert_eq!(register.acts().await, ["hold", "withheld", "release", "erase"]);
    assert!(hold.value().until.is_some());
}
