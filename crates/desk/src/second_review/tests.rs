//! Cases that trustees' receipts draw: who may review them, what waits for it, what an auditor recomputes.

use super::*;
use crate::case_file::kind;
use crate::desk::{Attached, stored};
use crate::documents::{Decision, DecisionV1};
use crate::dossier::{Replayed, replay};
use crate::findings::ScopeEntry;
use crate::leaves::leaf;
use crate::ports::Trustee;
use crate::step::tests::{Reviewed, because, lena, on_paper, until};
use crate::world::{CUSTODIAN, ENOUGH, person_id, roster_key, sign, signing_key, start, watch};
use async_trait::async_trait;
use base64ct::{Base64, Encoding};
use countersign_core::approval::{Approval, ApprovalV1, SignerRole, Verdict, approval_digest, approval_message};
use countersign_core::case::Stage;
use countersign_core::class::{Class, ClassSet};
use countersign_core::control::Action;
use countersign_core::finding::{Finding, Question};
use countersign_core::id::{Handle, OrderId, RecordId, Salt};
use countersign_core::leaf::LeafKind;
use countersign_core::order::{Instrument, InstrumentRef, Kind, Mode, Order, OrderV1, Recipient, Scope};
use countersign_core::time::{DAY, HOUR};
use countersign_deadlines::{Calendar, Clocks};
use countersign_store::{Cases as _, NewOrder, StoredDocument};
use countersign_testkit::random::{named, seed};
use countersign_tlog::leaf::Disclosure;
use countersign_verify::evidence::{Files, SUMS, sums};
use countersign_verify::manifest::{Manifest, ManifestEntry, ManifestV1};
use countersign_verify::wire::{Answer, AnswerV1, HexBytes, ReceiptV1, Signed};
use ed25519_dalek::Signer as _;
use serde_json::Value;

const CLIENT: Handle = Handle([1; 32]);
const THRESHOLD: u16 = 3;

/// A trustee whose receipt draws its case, or does not.
struct Fake {
    index: u16,
    outcome: Outcome,
    draws: bool,
    order: Digest,
}

impl Fake {
    fn receipt(&self) -> Signed<Receipt> {
        let receipt = |number: u32| Receipt {
            v: ReceiptV1,
            custodian: CUSTODIAN,
            trustee: self.index,
            nonce: Digest(seed(&format!("nonce {number} of {}", self.index))),
            order: self.order,
            outcome: self.outcome,
            code: (self.outcome == Outcome::Refused).then(|| "WAITING".to_owned()),
            reasons: Vec::new(),
            share_epoch: 1,
            state: Digest([5; 32]),
            journal_size: 1,
            journal_root: Digest([6; 32]),
            records: u32::from(self.outcome == Outcome::Answered),
            at: start().plus(i64::from(self.index)),
        };
        let key = signing_key(&format!("trustee:{}", self.index));
        let signed = (0..).map(|number| Signed::sign(receipt(number), &key).unwrap());
        let fits = |signed: &Signed<Receipt>| draws(&signed.document().digest(), THRESHOLD) == self.draws;
        signed.into_iter().find(fits).unwrap()
    }
}

#[async_trait]
impl Trustee for Fake {
    fn index(&self) -> u16 {
        self.index
    }

    async fn ask(&self, _request: &[u8]) -> std::result::Result<Vec<u8>, String> {
        let receipt = self.receipt();
        let digest = receipt.document().digest().to_hex();
        let disclosure = Disclosure::new("receipt", Value::from(digest), &mut named("disclosure")).unwrap();
        let answer = Answer {
            v: AnswerV1,
            receipt: receipt.text().to_owned(),
            disclosure: disclosure.as_str().to_owned(),
            reply: (self.outcome == Outcome::Answered).then(|| HexBytes(vec![7; 64])),
        };
        let key = signing_key(&format!("trustee:{}", self.index));
        Ok(Signed::sign(answer, &key).unwrap().text().as_bytes().to_vec())
    }

    async fn lookup(&self, _request: &[u8]) -> std::result::Result<Vec<u8>, String> {
        Err("asked for something else".into())
    }

    async fn totals(&self, _request: &[u8]) -> std::result::Result<Vec<u8>, String> {
        Err("asked for something else".into())
    }
}

fn approval(order: &Digest, approver: &str) -> Vec<u8> {
    let (id, role, verdict) = (person_id(approver), SignerRole::Approver, Verdict::Approve);
    let a = approval_digest(order, &id, role, verdict, start());
    let party = format!("person:{approver}");
    let signature = Base64::encode_string(&signing_key(&party).sign(&approval_message(&a)).to_bytes());
    let (v, order, at, key) = (ApprovalV1, *order, start(), roster_key(&party));
    let approval = Approval { v, order, approver: id, role, verdict, at, key, signature };
    Exact::write(approval).unwrap().bytes().to_vec()
}

/// A case with an order that two approvers have signed and whose release has begun.
struct Releasing {
    reviewed: Reviewed,
    order: Digest,
}

impl Releasing {
    async fn new() -> Self {
        let reviewed = Reviewed::new().await;
        let desk = reviewed.confirm().await;
        let case = reviewed.case;
        for (question, word) in [
            (Question::Competence, "yes"),
            (Question::FormallyValid, "yes"),
            (Question::Offence, "yes"),
            (Question::Political, "none"),
            (Question::Uninvolved, "50"),
        ] {
            let finding = Finding::new(question, word, "checklist", lena(), desk.now()).unwrap();
            desk.add_finding(&case, &finding).await.unwrap();
        }
        let classes = ClassSet::new([Class::Name]);
        let (necessary, allowed) = (classes.clone(), classes.clone());
        let scope =
            ScopeEntry { subjects: vec![CLIENT], left_out: String::new(), necessary, allowed, listed_by: Vec::new() };
        desk.set_scope(&case, scope, &lena()).await.unwrap();
        let order = propose(&desk, &case, classes).await;
        desk.add_approval(&case, &approval(&order.digest(), "anna-berg")).await.unwrap();
        let signed = desk.add_approval(&case, &approval(&order.digest(), "bruno-lind")).await.unwrap();
        assert!(signed.complete, "{:?}", signed.missing);
        let made = Self { reviewed, order: order.digest() };
        desk.publish(&case, &lena()).await.unwrap();
        let intent = desk.intend(&order.digest()).await.unwrap().index();
        made.append(&desk, Event::ReleaseStarted { order: order.digest(), intent }, Attached::default()).await;
        made
    }

    async fn desk(&self) -> Desk {
        self.reviewed.desk().await
    }

    async fn file(&self, desk: &Desk) -> CaseFile {
        desk.case(&self.reviewed.case).await.unwrap()
    }

    async fn append(&self, desk: &Desk, event: Event, attached: Attached) {
        let file = self.file(desk).await;
        desk.append(Some(&file), file.id, &lena(), event, attached).await.unwrap();
    }

    async fn hear(&self, index: u16, outcome: Outcome, draws: bool) {
        let desk = self.desk().await;
        let fake = Fake { index, outcome, draws, order: self.order };
        let said = desk.ask(&fake, &self.order, b"a request").await.unwrap();
        assert!(said.receipt.is_some(), "{}", said.summary);
    }

    /// Three trustees answer, and the package is handed over.
    async fn deliver(self, draws: [bool; 3]) -> Self {
        for (index, draws) in (1..).zip(draws) {
            self.hear(index, Outcome::Answered, draws).await;
        }
        let (desk, package) = (self.desk().await, Digest([4; 32]));
        desk.note_release(&self.order, package, 1, 1).await.unwrap();
        self.append(&desk, Event::Delivered { order: self.order, package }, Attached::default()).await;
        self
    }

    async fn drawn() -> Self {
        Self::new().await.deliver([false, true, false]).await
    }

    async fn review(&self, objects: bool, by: &str) -> Result<Exact<StepRecord>> {
        let entry = because("letter, findings and scope read again");
        self.desk().await.review_again(&self.reviewed.case, objects, entry, &person_id(by)).await
    }

    async fn refused(&self, by: &str) -> String {
        self.review(false, by).await.unwrap_err().to_string()
    }

    async fn close(&self) -> Result<()> {
        self.desk().await.close(&self.reviewed.case, &lena()).await
    }

    async fn notify(&self) {
        self.desk().await.notify(&self.reviewed.case, &lena()).await.unwrap();
    }

    async fn folder(&self) -> Files {
        self.desk().await.export_case(&self.reviewed.case).await.unwrap()
    }
}

async fn propose(desk: &Desk, case: &CaseId, classes: ClassSet) -> Exact<Order> {
    let file = desk.case(case).await.unwrap();
    let facts = Exact::write(desk.facts(&file, Kind::Disclosure, &lena(), Salt([3; 16])).unwrap()).unwrap();
    let (record, label) = (RecordId([1; 32]), HexBytes(vec![1; 100]));
    let entry = ManifestEntry { record, label, u: Digest([1; 32]), classes: classes.clone() };
    let manifest = Exact::write(Manifest { v: ManifestV1, entries: vec![entry] }).unwrap();
    let order = Order {
        v: OrderV1,
        id: OrderId([3; 16]),
        custodian: CUSTODIAN,
        case: facts.value().case,
        kind: Kind::Disclosure,
        authority: facts.value().authority.clone(),
        instrument: InstrumentRef { form: Instrument::CourtOrder, request: file.intake.unwrap().value().request },
        policy: desk.custodian().bundle.digest(),
        facts: facts.digest(),
        scope: Scope {
            manifest: manifest.value().root().unwrap(),
            subjects: 1,
            records: 1,
            classes,
            from: None,
            to: None,
        },
        recipient: Recipient { mode: Mode::Authority, key: Digest([9; 32]) },
        not_before: start(),
        expires: start().plus(72 * HOUR),
        latest_opening: countersign_core::time::Timestamp::parse("2026-12-31T23:59:59Z").unwrap(),
        delay: None,
        notice_due: Some(start().plus(96 * HOUR)),
        ring: Digest([0; 32]),
    };
    let order = Exact::write(order).unwrap();
    let decision = Exact::write(Decision {
        v: DecisionV1,
        case: *case,
        outcome: "comply".into(),
        lane: "court".into(),
        reasons: Vec::new(),
        kind: Kind::Disclosure,
        people_asked: 2,
        cells_asked: 2,
        people_granted: 1,
        cells_granted: 1,
        facts: facts.digest(),
        policy: desk.custodian().bundle.digest(),
        at: desk.now(),
        by: lena(),
    })
    .unwrap();
    let digest = Value::from(decision.digest().to_hex());
    let values = vec![digest, "comply".into(), Value::Array(Vec::new()), Value::from("x"), Value::from("y")];
    let leaf = leaf(LeafKind::Decision, desk.now(), values, &mut *desk.rng()).unwrap();
    let manifest = StoredDocument { digest: order.value().scope.manifest, ..stored(kind::MANIFEST, &manifest) };
    let documents =
        vec![stored(kind::ORDER, &order), stored(kind::FACTS, &facts), stored(kind::DECISION, &decision), manifest];
    let (id, authority) = (order.value().id, order.value().authority.clone());
    let new = NewOrder { id, digest: order.digest(), decision: decision.digest(), authority };
    let attached = Attached { documents, leaves: vec![leaf], order: Some(new), ..Attached::default() };
    let file = desk.case(case).await.unwrap();
    desk.append(Some(&file), *case, &lena(), Event::Proposed { order: order.digest() }, attached).await.unwrap();
    order
}

#[tokio::test]
async fn a_drawn_case_is_closed_after_its_second_review_and_not_before() {
    let drawn = Releasing::drawn().await;
    let early = drawn.close().await.unwrap_err().to_string();
    assert!(early.contains("does not take the event closed"), "nobody was told yet: {early}");
    drawn.notify().await;
    let refused = drawn.close().await.unwrap_err().to_string();
    for part in ["drawn for a second review by the receipt of trustee 2", "due 2026-12-04T13:00:02Z", "`case review`"] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    let taken = drawn.review(false, "clara-voss").await.unwrap();
    assert_eq!(taken.value().step, Step::Confirm);
    let desk = drawn.desk().await;
    let leaves = drawn.reviewed.world.store.leaves_of(&drawn.reviewed.case).await.unwrap();
    assert_eq!(leaves.last().unwrap().kind, "step", "a leaf like those of other steps");
    drawn.close().await.unwrap();
    let [review] = desk.second_reviews().await.unwrap().try_into().unwrap();
    assert_eq!((review.stage, review.is_objected(), review.drawn.trustee), ("CLOSED", false, 2));
    assert_eq!(review.found.unwrap(), taken);
}

#[tokio::test]
async fn an_objection_is_kept_and_shown_and_takes_nothing_back() {
    let drawn = Releasing::drawn().await;
    drawn.review(true, "eva-stone").await.unwrap();
    let desk = drawn.desk().await;
    let file = drawn.file(&desk).await;
    assert_eq!(file.stage.name(), "DELIVERED");
    assert!(file.second_review().unwrap().is_objected() && file.pending_review().is_none());
    drawn.notify().await;
    drawn.close().await.unwrap();
    let figures = desk.approver_figures(&person_id("anna-berg"), start()).await.unwrap();
    assert_eq!((figures.drawn, figures.confirmed, figures.objected), (1, 0, 1));
    let figures = desk.approver_figures(&person_id("clara-voss"), start()).await.unwrap();
    assert_eq!((figures.drawn, figures.confirmed, figures.objected), (0, 0, 0), "she signed nothing of it");
}

#[tokio::test]
async fn what_nobody_drew_is_closed_at_once_and_reviewed_by_nobody() {
    let other = Releasing::new().await.deliver([false; 3]).await;
    let refused = other.refused("clara-voss").await;
    assert!(refused.contains("was not drawn for a second review: nobody chooses what is reviewed"), "{refused}");
    other.notify().await;
    other.close().await.unwrap();
    assert!(other.desk().await.second_reviews().await.unwrap().is_empty());
    let figures = other.desk().await.approver_figures(&person_id("anna-berg"), start()).await.unwrap();
    assert_eq!((figures.approved, figures.drawn), (1, 0));
}

#[tokio::test]
async fn who_had_a_part_is_not_in_force_or_is_silent_reviews_nothing() {
    let drawn = Releasing::drawn().await;
    for party in ["lena-ohm", "anna-berg", "bruno-lind"] {
        let refused = drawn.refused(party).await;
        assert!(refused.contains(&format!("`{party}` had a part in case")), "{refused}");
    }
    let unknown = drawn.refused("nobody-known").await;
    assert!(unknown.contains("`nobody-known` is not in force in the roster"), "{unknown}");
    let agent = drawn.refused("ada-roth").await;
    assert!(agent.contains("`ada-roth` only reads client data"), "{agent}");
    let desk = drawn.desk().await;
    let empty = desk.review_again(&drawn.reviewed.case, true, because(" "), &person_id("clara-voss")).await;
    assert!(empty.unwrap_err().to_string().contains("`why` is empty"));
    let timed = until("read again", start().plus(DAY));
    let timed = desk.review_again(&drawn.reviewed.case, true, timed, &person_id("clara-voss")).await;
    assert!(timed.unwrap_err().to_string().contains("`until` belongs to"));

    watch(&desk, "clara-voss", Some(24)).await;
    let removal = desk.draft_change(Action::RemovePerson(person_id("eva-stone")), None).await.unwrap();
    let signatures: Vec<_> = ENOUGH.iter().map(|party| sign(party, removal.text())).collect();
    desk.publish_change(&removal, &signatures).await.unwrap();
    drawn.reviewed.world.pass(8 * DAY);
    for gone in ["clara-voss", "eva-stone"] {
        let refused = drawn.refused(gone).await;
        assert!(refused.contains("is not in force in the roster, or has fallen silent"), "{refused}");
    }
    assert!(drawn.file(&desk).await.pending_review().is_some());
}

#[tokio::test]
async fn a_case_is_reviewed_once_and_not_before_its_release_is_over() {
    let begun = Releasing::new().await;
    begun.hear(1, Outcome::Answered, true).await;
    let early = begun.refused("clara-voss").await;
    assert!(early.contains("a case in stage RELEASING does not take the event confirmed"), "{early}");
    let drawn = begun.deliver([true, false, false]).await;
    let (desk, eva) = (drawn.desk().await, person_id("eva-stone"));
    let taken = desk.review_again(&drawn.reviewed.case, false, on_paper("read"), &eva).await.unwrap();
    assert!(taken.value().paper.is_some());
    for (objects, by) in [(false, "eva-stone"), (true, "clara-voss")] {
        let twice = drawn.review(objects, by).await.unwrap_err().to_string();
        assert!(twice.contains("its second review is on file already"), "{twice}");
    }
}

/// Whoever has an answer cannot lose the draw by giving up: the answer was given.
#[tokio::test]
async fn a_release_that_is_given_up_after_an_answer_stays_drawn() {
    let begun = Releasing::new().await;
    begun.hear(1, Outcome::Answered, true).await;
    let desk = begun.desk().await;
    desk.refuse(&begun.reviewed.case, &["WITHDRAWN".to_owned()], &lena()).await.unwrap();
    let refused = begun.close().await.unwrap_err().to_string();
    assert!(refused.contains("drawn for a second review"), "{refused}");
    begun.review(true, "clara-voss").await.unwrap();
    begun.close().await.unwrap();
    let replayed = replay(&begun.folder().await, None).unwrap_or_else(|fault| panic!("{fault}"));
    assert!(replayed.drawn.is_some() && replayed.life.aside.review.unwrap().objects);
}

#[tokio::test]
async fn another_answer_only_adds_and_a_refusal_draws_nothing() {
    let begun = Releasing::new().await;
    begun.hear(4, Outcome::Refused, true).await;
    assert_eq!(begun.file(&begun.desk().await).await.drawn, None, "whoever is refused may ask again");
    begun.hear(5, Outcome::Answered, false).await;
    assert_eq!(begun.file(&begun.desk().await).await.drawn, None);
    begun.hear(3, Outcome::Answered, true).await;
    let third = begun.file(&begun.desk().await).await.drawn.unwrap();
    assert_eq!((third.trustee, third.order), (3, begun.order));
    for (index, draws, first) in [(2, false, 3), (1, true, 1)] {
        begun.hear(index, Outcome::Answered, draws).await;
        assert_eq!(begun.file(&begun.desk().await).await.drawn.unwrap().trustee, first, "the first by its time");
    }
}

#[tokio::test]
async fn the_review_stands_in_the_list_by_deadline_until_it_is_done() {
    let drawn = Releasing::drawn().await;
    drawn.notify().await;
    let calendar = Calendar::of(countersign_core::country::Country::parse("XA").unwrap()).unwrap();
    let clocks = Clocks::eea().unwrap();
    let due = async || {
        let desk = drawn.desk().await;
        desk.place_cases(&clocks, &calendar).await.unwrap();
        let [standing] = desk.cases_due(None, None, 10).await.unwrap().try_into().unwrap();
        standing.due.map(|due| (due.clock, due.at))
    };
    assert_eq!(due().await, Some((CLOCK.to_owned(), start().plus(2).plus(14 * DAY))));
    drawn.review(false, "clara-voss").await.unwrap();
    assert_eq!(due().await, None);
}

fn listed(mut files: Files) -> Files {
    files.remove(SUMS);
    let list = sums(&files);
    files.insert(SUMS.to_owned(), list.into_bytes());
    files
}

fn replayed(files: &Files) -> Replayed {
    replay(files, None).unwrap_or_else(|fault| panic!("{fault}"))
}

fn rewritten(files: &Files, number: u32, change: impl Fn(&mut EventRecord)) -> Files {
    let mut files = files.clone();
    let path = format!("events/{number:06}.json");
    let mut record = Exact::<EventRecord>::parse(&files[&path]).unwrap().value().clone();
    change(&mut record);
    let mut previous = Exact::write(record).unwrap();
    files.insert(path, previous.bytes().to_vec());
    for later in number + 1.. {
        let path = format!("events/{later:06}.json");
        let Some(bytes) = files.get(&path) else { break };
        let before = Exact::<EventRecord>::parse(bytes).unwrap().value().clone();
        previous = Exact::write(EventRecord { previous: Some(previous.digest()), ..before }).unwrap();
        files.insert(path, previous.bytes().to_vec());
    }
    listed(files)
}

/// What the events of a folder say can be written anew by the custodian; the leaves cannot.
#[tokio::test]
async fn an_auditor_recomputes_the_draw_from_the_leaves() {
    let drawn = Releasing::drawn().await;
    drawn.notify().await;
    let open = replayed(&drawn.folder().await);
    assert_eq!(open.drawn, drawn.file(&drawn.desk().await).await.drawn);
    assert_eq!((open.receipts, open.life.aside.review), (3, None));
    drawn.review(false, "clara-voss").await.unwrap();
    drawn.close().await.unwrap();
    let files = drawn.folder().await;
    let closed = replayed(&files);
    assert_eq!((closed.life.stage.clone(), closed.differs()), (Stage::Closed, None));
    assert!(!closed.life.aside.review.unwrap().objects);

    let number = |name: &str| {
        let moment = closed.timeline.iter().position(|moment| moment.event == name);
        u32::try_from(moment.unwrap()).unwrap()
    };
    for (by, expected) in [
        ("bruno-lind", "`bruno-lind` had a part in the case"),
        ("nobody-known", "`nobody-known` was not in force in the roster"),
    ] {
        let forged = rewritten(&files, number("confirmed"), |record| record.by = person_id(by));
        let fault = replay(&forged, None).err().unwrap().to_string();
        assert!(fault.contains(expected) && fault.starts_with("events/"), "{fault}");
    }
    let objected = rewritten(&files, number("confirmed"), |record| {
        record.event = Event::Objected { document: record.event.document().unwrap() };
    });
    let fault = replay(&objected, None).err().unwrap().to_string();
    assert!(fault.contains("its field `step` is not `object`"), "{fault}");
    // The signature's event under another name does not free its signer.
    let renamed = rewritten(&files, number("signed"), |record| record.by = lena());
    let renamed = rewritten(&renamed, number("confirmed"), |record| record.by = person_id("anna-berg"));
    let fault = replay(&renamed, None).err().unwrap().to_string();
    assert!(fault.contains("`anna-berg` had a part in the case"), "{fault}");
}
