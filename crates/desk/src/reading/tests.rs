//! Masked views: who may see one, how many, what stays behind; and the shared vectors of their documents.

use super::*;
use crate::register::{BadRows, ClientImport, CsvOptions, MaskedView, ReferenceKey, Stores, import_clients};
use crate::world::{CUSTODIAN, World, person_id, signing_key, watch};
use base64ct::{Base64, Encoding};
use countersign_core::approval::{Approval, ApprovalV1, SignerRole, Verdict, approval_digest, approval_message};
use countersign_core::class::Class;
use countersign_core::id::Handle;
use countersign_core::json::{Document, DocumentError};
use countersign_core::reading::{Reason, ViewRecord};
use countersign_core::time::{DAY, HOUR, MINUTE};
use countersign_seal::ceremony::Plan;
use countersign_seal::dealer::deal;
use countersign_seal::identity::Identity;
use countersign_seal::kind::Sealing;
use countersign_seal::ring::{Confirmation, ConfirmedRing, DealerRings};
use countersign_store::{Cases as _, Register as _, Settings as _};
use countersign_testkit::random::named;
use countersign_tlog::leaf::Disclosure;
use ed25519_dalek::Signer as _;
use std::io::Cursor;

const CLIENTS: &str = "account,primaryIdentifier,secondaryIdentifier,dateOfBirth,country,sanctionsFlag\n\
    A1,Orlando,Vera,1980-02-03,XA,CLEAR\nA2,Quill,Tomas,1975-11-30,XB,REVIEW\n";

struct Support {
    world: World,
    desk: Desk,
    references: ReferenceKey,
}

impl Support {
    /// Two clients in the register of a desk with one agent.
    async fn new() -> Self {
        let world = World::new().await;
        let desk = world.desk().await;
        let keys = Class::ALL.iter().map(|class| (*class, 1)).collect();
        let plan: Plan<Sealing> = Plan { name: "register-1".into(), ceremony: Digest([9; 32]), t: 2, n: 3, keys };
        let ring = deal(&plan, &mut named("views")).unwrap().ring;
        let identity = |index: u16| Identity::from_seed(&[index as u8; 32]);
        let confirmed: Vec<_> = (1..=3).map(|index| Confirmation::sign(ring.id(), index, &identity(index))).collect();
        let identities: Vec<_> = (1..=3).map(|index| identity(index).public()).collect();
        let ring = Exact::write(ring).unwrap();
        let ring = ConfirmedRing::new(ring, &confirmed, &identities, DealerRings::AllowForTests).unwrap();
        let references = ReferenceKey::from_bytes(&[5; 32]);
        let options = CsvOptions { bad_rows: BadRows::Refuse, ..CsvOptions::default() };
        let import = ClientImport {
            options: &options,
            ring: &ring,
            custodian: CUSTODIAN,
            references: &references,
            local_seed: &[6; 32],
            now: desk.now(),
        };
        let stores = Stores { register: &world.store, sigmas: world.sigmas.as_ref() };
        import_clients(Cursor::new(CLIENTS), &import, stores, &mut named("import of views")).await.unwrap();
        Self { world, desk, references }
    }

    async fn client(&self, account: &str) -> Handle {
        self.world.store.handle_of(&self.references.account(account)).await.unwrap().unwrap()
    }

    async fn record(&self, account: &str) -> Exact<ViewRecord> {
        let client = self.client(account).await;
        self.desk.draft_view(&person_id("ada-roth"), &client, Reason::Payment).unwrap()
    }

    async fn shown(&self, record: &Exact<ViewRecord>, signed: &Exact<Approval>) -> Result<Shown> {
        self.desk.show_view(record, signed, &self.references).await
    }

    async fn show(&self, account: &str) -> Result<Shown> {
        let record = self.record(account).await;
        self.shown(&record, &signed(&record, "ada-roth", SignerRole::Agent, Verdict::Approve, self.desk.now())).await
    }

    /// Leaves of views in the journal.
    async fn logged(&self) -> Vec<String> {
        let mut documents = Vec::new();
        for found in self.world.store.all_disclosures().await.unwrap() {
            if found.kind == "view" {
                let fields = found.list.iter().map(|text| Disclosure::parse(text).unwrap());
                let document = fields.filter(|field| field.name() == "document");
                documents.extend(document.map(|field| field.value().as_str().unwrap().to_owned()));
            }
        }
        documents
    }
}

fn signed(record: &Exact<ViewRecord>, id: &str, role: SignerRole, verdict: Verdict, at: Timestamp) -> Exact<Approval> {
    let (approver, order) = (person_id(id), record.digest());
    let party = signing_key(&format!("person:{id}"));
    let digest = approval_digest(&order, &approver, role, verdict, at);
    let signature = Base64::encode_string(&party.sign(&approval_message(&digest)).to_bytes());
    let key = crate::world::roster_key(&format!("person:{id}"));
    Exact::write(Approval { v: ApprovalV1, order, approver, role, verdict, at, key, signature }).unwrap()
}

#[tokio::test]
async fn a_view_is_counted_and_logged_before_it_is_shown() {
    let support = Support::new().await;
    let shown = support.show("A1").await.unwrap();
    assert_eq!((shown.view.initials.as_deref(), shown.view.over_18, shown.today), (Some("V. O."), Some(true), 1));
    assert_eq!(support.show("A2").await.unwrap().today, 2);
    let logged = support.logged().await;
    assert_eq!(logged.len(), 2);
    for digest in logged {
        let document = support.world.store.document(&Digest::parse(&digest).unwrap()).await.unwrap().unwrap();
        assert_eq!(Exact::<ViewRecord>::parse(&document.bytes).unwrap().value().agent.as_str(), "ada-roth");
    }
}

#[tokio::test]
async fn only_the_agents_own_signature_made_now_shows_a_view() {
    let support = Support::new().await;
    let (record, now) = (support.record("A1").await, support.desk.now());
    let good = || signed(&record, "ada-roth", SignerRole::Agent, Verdict::Approve, now);
    let refused = [
        signed(&record, "anna-berg", SignerRole::Agent, Verdict::Approve, now),
        signed(&record, "ada-roth", SignerRole::Peer, Verdict::Approve, now),
        signed(&record, "ada-roth", SignerRole::Agent, Verdict::Refuse, now),
        signed(&record, "ada-roth", SignerRole::Agent, Verdict::Approve, now.plus(-HOUR)),
        signed(&support.record("A2").await, "ada-roth", SignerRole::Agent, Verdict::Approve, now),
        Exact::write(Approval { at: now.plus(1), ..good().value().clone() }).unwrap(),
    ];
    for approval in refused {
        assert!(matches!(support.shown(&record, &approval).await, Err(DeskError::Input(_))));
    }
    let of_another = ViewRecord { agent: person_id("lena-ohm"), ..record.value().clone() };
    let of_another = Exact::write(of_another).unwrap();
    let lena = signed(&of_another, "lena-ohm", SignerRole::Agent, Verdict::Approve, now);
    assert!(
        matches!(support.shown(&of_another, &lena).await, Err(DeskError::Refused { code, .. }) if code == refused::NOT_AN_AGENT)
    );
    support.world.pass(5 * MINUTE);
    assert!(matches!(support.shown(&record, &good()).await, Err(DeskError::Input(_))), "an old record");
    assert_eq!(support.logged().await, Vec::<String>::new());
    assert_eq!(support.show("A1").await.unwrap().today, 1, "what was refused is not counted");
}

#[tokio::test]
async fn an_agent_who_is_silent_sees_nothing() {
    let support = Support::new().await;
    let before = support.record("A1").await;
    watch(&support.desk, "ada-roth", Some(24)).await;
    support.world.pass(7 * DAY);
    let now = support.desk.now();
    let record = Exact::write(ViewRecord { at: now, ..before.value().clone() }).unwrap();
    let own = signed(&record, "ada-roth", SignerRole::Agent, Verdict::Approve, now);
    let silent = support.shown(&record, &own).await;
    assert!(matches!(silent, Err(DeskError::Refused { code: refused::NOT_AN_AGENT, .. })), "{silent:?}");
}

#[tokio::test]
async fn the_budget_of_a_day_ends_and_begins_again() {
    let support = Support::new().await;
    let seen = |day: &str| format!("{{\"day\":\"{day}\",\"views\":{}}}", VIEWS_A_DAY - 1).into_bytes();
    support.world.store.set_setting("reading/views/ada-roth", &seen("2026-11-20")).await.unwrap();
    assert_eq!(support.show("A1").await.unwrap().today, VIEWS_A_DAY);
    for _ in 0..2 {
        let beyond = support.show("A1").await;
        assert!(matches!(beyond, Err(DeskError::Refused { code: VIEW_BUDGET, .. })), "{beyond:?}");
    }
    assert_eq!(support.logged().await.len(), 1);
    support.world.pass(DAY);
    assert_eq!(support.show("A1").await.unwrap().today, 1);
    // A clock that went back a day gives no second budget.
    support.world.store.set_setting("reading/views/ada-roth", &seen("2026-11-22")).await.unwrap();
    assert_eq!(support.show("A1").await.unwrap().today, VIEWS_A_DAY);
    assert!(support.show("A1").await.is_err());
}

#[tokio::test]
async fn the_view_of_an_erased_client_is_gone_and_a_honey_record_alarms() {
    let support = Support::new().await;
    let (one, two) = (support.client("A1").await, support.client("A2").await);
    support.desk.plant_honey(&two).await.unwrap();
    support.show("A1").await.unwrap();
    assert_eq!(support.desk.alarms().await.unwrap(), []);
    support.show("A2").await.unwrap();
    assert_eq!(support.desk.alarms().await.unwrap().len(), 1);
    support.world.sigmas.delete_sigma(&one).await.unwrap();
    let gone = support.show("A1").await;
    assert!(matches!(&gone, Err(DeskError::Input(text)) if text.contains("erased")), "{gone:?}");
    assert!(support.world.store.view_of(&one).await.unwrap().is_some(), "what is left opens for nobody");
    let stranger = support.desk.draft_view(&person_id("ada-roth"), &Handle([8; 32]), Reason::Payment).unwrap();
    let signature = signed(&stranger, "ada-roth", SignerRole::Agent, Verdict::Approve, support.desk.now());
    assert!(matches!(support.shown(&stranger, &signature).await, Err(DeskError::Input(_))));
}

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    format: String,
    name: String,
    expect: String,
    text: String,
    digest: Option<String>,
}

fn found<T: Document + Clone>(case: &Case) -> &'static str {
    match Exact::<T>::parse(case.text.as_bytes()) {
        Ok(document) => {
            assert_eq!(Some(document.digest().to_hex()), case.digest, "{}", case.name);
            assert_eq!(Exact::write(document.value().clone()).unwrap().text(), case.text);
            "ok"
        }
        Err(DocumentError::TooLong { .. }) => "too_long",
        Err(DocumentError::Malformed { .. }) => "malformed",
        Err(DocumentError::NotCanonical { .. }) => "not_canonical",
        Err(DocumentError::Inconsistent { .. }) => "inconsistent",
    }
}

#[test]
fn documents_of_views_are_accepted_and_refused_as_the_vectors_say() {
    let vectors: Vectors = serde_json::from_str(include_str!("../../../../vectors/desk/view-record.json")).unwrap();
    for case in &vectors.cases {
        let found = match case.format.as_str() {
            "view-record" => found::<ViewRecord>(case),
            "masked-view" => found::<MaskedView>(case),
            other => panic!("{other}"),
        };
        assert_eq!(found, case.expect, "{}", case.name);
    }
    let good = vectors.cases.iter().filter(|case| case.expect == "ok").count();
    assert!(good == 3 && vectors.cases.len() > 2 * good);
}
