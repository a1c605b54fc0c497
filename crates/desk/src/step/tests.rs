//! Steps through a desk: reasons, papers, holds of clients, and letters that complete a request.

use super::*;
use crate::documents::{FactorTried, Targets};
use crate::error::DeskError;
use crate::intake::NewRequest;
use crate::world::{World, person_id};
use countersign_core::class::{Class, ClassSet};
use countersign_core::facts::Factor;
use countersign_core::id::{AuthorityId, RecordId};
use countersign_core::order::Instrument;
use countersign_core::time::{DAY, HOUR};
use countersign_store::{Cases as _, ImportStart, NewEntry, NewRecord, Register as _, SealedRecord};
use zeroize::Zeroizing;

mod lifecycle;

const CLIENT: Handle = Handle([1; 32]);

pub(crate) fn lena() -> PersonId {
    person_id("lena-ohm")
}

/// A desk with one client and one case in which the sender was checked.
pub(crate) struct Reviewed {
    pub(crate) world: World,
    officer: age::x25519::Identity,
    pub(crate) case: CaseId,
}

impl Reviewed {
    pub(crate) async fn new() -> Self {
        let world = World::new().await;
        let ImportStart::Open(mut writer) =
            world.store.begin_import(&countersign_core::id::Digest([1; 32])).await.unwrap()
        else {
            panic!("imported before")
        };
        let sealed = SealedRecord {
            record: RecordId([1; 32]),
            handle: CLIENT,
            ring: countersign_core::id::Digest([1; 32]),
            period: 0,
            revision: 1,
            label: vec![1; 100],
            header: [1; 160],
            entries: vec![NewEntry { class: Class::Name, commitment: [1; 32], ciphertext: vec![1; 80] }],
        };
        writer.add(vec![NewRecord { sealed, references: vec![[1; 32]], row: None }]).await.unwrap();
        writer.commit(0, crate::world::start()).await.unwrap();
        world.sigmas.put_sigmas(&[(CLIENT, Zeroizing::new([9; 32]))]).await.unwrap();
        let officer = age::x25519::Identity::generate();
        let mut made = Self { world, officer, case: CaseId([0; 16]) };
        let desk = made.desk().await;
        made.case = desk.file_request(made.letter(&desk, "xa-district-court"), None, &lena()).await.unwrap();
        made
    }

    pub(crate) async fn desk(&self) -> Desk {
        self.world.desk_with(None, Vec::new(), vec![self.officer.to_public().to_string()]).await
    }

    pub(crate) fn letter(&self, desk: &Desk, authority: &str) -> NewRequest {
        NewRequest {
            authority: AuthorityId::parse(authority).unwrap(),
            reference: "12 Js 34/26".into(),
            instrument: Instrument::CourtOrder,
            emergency: false,
            targets: Targets::Named,
            people_asked: 2,
            found: vec![CLIENT],
            not_found: 1,
            addresses: Vec::new(),
            classes: ClassSet::new([Class::Name]),
            channel: "letter".into(),
            received_at: desk.now(),
            delay: None,
            raw: b"We order the exchange to name its client.".to_vec(),
        }
    }

    pub(crate) async fn confirm(&self) -> Desk {
        let desk = self.desk().await;
        let tried = [Factor::Directory, Factor::CallBack].map(|factor| FactorTried {
            factor,
            confirmed: true,
            note: "the registry confirms".into(),
            at: desk.now(),
            person: None,
        });
        desk.check_sender(&self.case, tried.to_vec(), &lena()).await.unwrap();
        desk
    }

    async fn stage(&self) -> &'static str {
        self.desk().await.case(&self.case).await.unwrap().stage.name()
    }
}

pub(crate) fn because(why: &str) -> StepEntry {
    StepEntry { why: why.into(), ..StepEntry::default() }
}

pub(crate) fn on_paper(why: &str) -> StepEntry {
    StepEntry { paper: Some(b"In the name of the people".to_vec()), ..because(why) }
}

pub(crate) fn until(why: &str, until: Timestamp) -> StepEntry {
    StepEntry { until: Some(until), ..because(why) }
}

#[tokio::test]
async fn a_step_leaves_an_event_a_leaf_and_a_sealed_paper() {
    let reviewed = Reviewed::new().await;
    let desk = reviewed.confirm().await;
    let taken = desk.take_step(&reviewed.case, Step::Challenge, on_paper("motion to quash"), &lena()).await.unwrap();
    let file = desk.case(&reviewed.case).await.unwrap();
    assert_eq!((file.stage.name(), file.steps.len()), ("CHALLENGED", 1));
    let paper = taken.value().paper.clone().unwrap();
    assert_eq!(paper_digest(&paper.salt, b"In the name of the people"), paper.digest);
    let kept = reviewed.world.store.document(&paper.sealed).await.unwrap().unwrap();
    assert_eq!(age::decrypt(&reviewed.officer, &kept.bytes).unwrap(), b"In the name of the people");
    let leaves = reviewed.world.store.leaves_of(&reviewed.case).await.unwrap();
    let last = leaves.last().unwrap();
    assert_eq!((last.kind.as_str(), last.event), ("step", 2));
    let said = reviewed.world.store.disclosures_of(&last.key).await.unwrap().unwrap().list;
    let said: Vec<(String, Value)> = said
        .iter()
        .map(|text| countersign_tlog::leaf::Disclosure::parse(text).unwrap())
        .map(|field| (field.name().to_owned(), field.value().clone()))
        .collect();
    assert!(said.contains(&("document".into(), Value::from(taken.digest().to_hex()))), "{said:?}");
    assert!(said.contains(&("step".into(), Value::from("challenge"))) && said.contains(&("until".into(), Value::Null)));

    desk.take_step(&reviewed.case, Step::DecideChallenge, on_paper("upheld"), &lena()).await.unwrap();
    desk.take_step(&reviewed.case, Step::Withdraw, on_paper("withdrawn"), &lena()).await.unwrap();
    desk.close(&reviewed.case, &lena()).await.unwrap();
    assert_eq!(reviewed.stage().await, "CLOSED");
}

#[tokio::test]
async fn what_a_step_lacks_is_said_and_nothing_is_kept() {
    let reviewed = Reviewed::new().await;
    let desk = reviewed.confirm().await;
    let before = reviewed.world.store.leaves_of(&reviewed.case).await.unwrap();
    let now = desk.now();
    let cases = [
        (Step::Withdraw, because("withdrawn"), lena(), "the step needs its `paper`"),
        (Step::Challenge, because("   "), lena(), "`why` is empty"),
        (Step::Preserve, because("production order"), lena(), "`until` belongs to"),
        (Step::Preserve, until("production order", now), lena(), "not later than `at`"),
        (Step::Ask, until("no offence named", now.plus(DAY)), lena(), "`until` belongs to"),
        (Step::Challenge, StepEntry { paper: Some(Vec::new()), ..because("motion") }, lena(), "0 bytes"),
        (Step::Ask, because("no offence named"), person_id("mallory-k"), "not in force"),
        (Step::Hold, until("objections", now.plus(HOUR)), lena(), "no proposed order"),
        (Step::Protest, on_paper("motion"), lena(), "no proposed order"),
        (Step::Expire, because("too late"), lena(), "only by a clock"),
    ];
    for (step, entry, by, expected) in cases {
        let error = desk.take_step(&reviewed.case, step, entry, &by).await.unwrap_err();
        assert!(matches!(error, DeskError::Input(_)), "{error:?}");
        assert!(error.to_string().contains(expected), "{step}: {error}");
    }
    for step in [Step::Acknowledge, Step::EndPreservation] {
        let error = desk.take_step(&reviewed.case, step, because("x"), &lena()).await.unwrap_err();
        assert!(matches!(error, DeskError::Stage(_)), "{step}: {error:?}");
    }
    assert_eq!(reviewed.world.store.leaves_of(&reviewed.case).await.unwrap(), before);
    assert_eq!(reviewed.stage().await, "REVIEW");
}

#[tokio::test]
async fn a_preservation_holds_the_clients_until_it_ends() {
    let reviewed = Reviewed::new().await;
    let desk = reviewed.confirm().await;
    let end = desk.now().plus(60 * DAY);
    desk.take_step(&reviewed.case, Step::Preserve, until("EPOC-PR", end), &lena()).await.unwrap();
    assert!(desk.case(&reviewed.case).await.unwrap().life().is_preserved(desk.now()));
    let erased = desk.erase_client(&CLIENT, "GDPR art. 17", &lena()).await.unwrap_err();
    assert!(erased.to_string().contains("preserved for case"), "{erased}");
    // Prolonged: the longer hold stands beside the shorter one.
    desk.take_step(&reviewed.case, Step::Preserve, until("prolonged", end.plus(30 * DAY)), &lena()).await.unwrap();
    assert_eq!(desk.retention_of(&CLIENT).await.unwrap().holds.len(), 2);
    desk.take_step(&reviewed.case, Step::EndPreservation, because("lifted by the court"), &lena()).await.unwrap();
    assert_eq!(desk.retention_of(&CLIENT).await.unwrap().holds, []);
    desk.erase_client(&CLIENT, "GDPR art. 17", &lena()).await.unwrap();
}

#[tokio::test]
async fn a_letter_completes_the_request_that_was_asked_about() {
    let reviewed = Reviewed::new().await;
    let desk = reviewed.desk().await;
    assert_eq!(reviewed.stage().await, "RECEIVED");
    desk.take_step(&reviewed.case, Step::Acknowledge, because("receipt sent"), &lena()).await.unwrap();
    assert_eq!(reviewed.stage().await, "AUTHENTICATING");
    let desk = reviewed.confirm().await;
    desk.take_step(&reviewed.case, Step::Ask, because("the offence is not named"), &lena()).await.unwrap();
    assert_eq!(reviewed.stage().await, "CLARIFY");
    let other =
        desk.file_request(reviewed.letter(&desk, "xb-police"), Some(&reviewed.case), &lena()).await.unwrap_err();
    assert!(other.to_string().contains("another authority"), "{other}");
    let first = desk.case(&reviewed.case).await.unwrap().intake.unwrap().value().request;
    desk.file_request(reviewed.letter(&desk, "xa-district-court"), Some(&reviewed.case), &lena()).await.unwrap();
    let file = desk.case(&reviewed.case).await.unwrap();
    assert_eq!(file.stage.name(), "REVIEW");
    assert_ne!(file.intake.unwrap().value().request, first, "the letter that completes it stands for the request");
}

#[tokio::test]
async fn a_case_expires_only_when_a_clock_has_run_out_and_a_locked_one_rests() {
    let reviewed = Reviewed::new().await;
    let desk = reviewed.confirm().await;
    let (clocks, calendar) = (Clocks::eea().unwrap(), Calendar::of("XA".parse().unwrap()).unwrap());
    let early = desk.expire(&reviewed.case, &clocks, &calendar, because("no answer"), &lena()).await.unwrap_err();
    assert!(early.to_string().contains("no clock"), "{early}");
    let other = desk.file_request(reviewed.letter(&desk, "xa-district-court"), None, &lena()).await.unwrap();
    reviewed.world.pass(3 * DAY);
    desk.expire(&reviewed.case, &clocks, &calendar, because("no answer"), &lena()).await.unwrap();
    assert_eq!(reviewed.stage().await, "EXPIRED");
    desk.take_step(&other, Step::Lock, because("silence of the office"), &lena()).await.unwrap();
    let locked = desk.take_step(&other, Step::Withdraw, on_paper("withdrawn"), &lena()).await.unwrap_err();
    assert!(locked.to_string().contains("stage LOCKED"), "{locked}");
}
