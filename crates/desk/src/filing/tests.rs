use super::*;
use crate::step::StepEntry;
use crate::world::{AUTHORITIES, World, person_id, signing_key};
use base64ct::{Base64, Encoding};
use countersign_core::case::step::Step;
use countersign_core::time::{DAY, HOUR, MINUTE, Seconds};
use countersign_intake::http::{HttpRequest, Purpose, SignedHead, kept};
use countersign_intake::status::Outward;
use countersign_store::Cases as _;
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const REFERENCES: [u8; 32] = [3; 32];
const COURT: &str = AUTHORITIES[0].0;
const POLICE: &str = AUTHORITIES[1].0;

async fn desk(world: &World) -> Desk {
    let officer = age::x25519::Identity::generate().to_public().to_string();
    world.desk_with(None, Vec::new(), vec![officer]).await
}

fn key_of(authority: &str) -> SigningKey {
    signing_key(&format!("authority:{authority}"))
}

fn message(transaction: &str, id: &str, sender: &str) -> Value {
    json!({"v": "countersign/inbound/v1", "transaction": transaction, "sender": sender, "receiver": "us",
        "sent": "2026-11-20T10:00:00Z", "actions": [
        {"authorise": {"id": id, "reference": "12 Js 34/26", "instrument": "court_order", "emergency": false,
            "approved_by": "Judge Ada Quill", "approved_at": "2026-11-19T14:00:00Z", "delay_asked": false}},
        {"ask": {"id": format!("{id}-1"), "authorisation": id, "kind": "disclosure", "targets": [{"person": "Ola Invented"}],
            "classes": ["name"], "window": {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}}}]})
}

/// Method, target and fields of a request, signed now by this key.
fn fields(desk: &Desk, key: &SigningKey, purpose: Purpose, target: &str, content: &str) -> Vec<(&'static str, String)> {
    let now = desk.now().unix();
    let digest = format!("sha-256=:{}:", Base64::encode_string(&Sha256::digest(content)));
    let public: String = key.verifying_key().to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let (method, covered, tag, lines) = match purpose {
        Purpose::Message => (
            "POST",
            r#"("@method" "@target-uri" "content-type" "content-digest")"#,
            "countersign/inbound/v1",
            format!("\"content-type\": application/json\n\"content-digest\": {digest}\n"),
        ),
        Purpose::Query => ("GET", r#"("@method" "@target-uri")"#, "countersign/status-query/v1", String::new()),
    };
    let nonce: String = Base64::encode_string(&Sha256::digest(format!("{target}{content}{now}")))
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(20)
        .collect();
    let input = format!(
        "{covered};created={now};expires={};nonce=\"{nonce}\";keyid=\"ed25519 {public}\";tag=\"{tag}\"",
        now + 300
    );
    let base = format!(
        "\"@method\": {method}\n\"@target-uri\": https://us.example{target}\n{lines}\"@signature-params\": {input}"
    );
    let signature = Base64::encode_string(&key.sign(base.as_bytes()).to_bytes());
    let mut fields = vec![
        ("Host", "us.example".to_owned()),
        ("Signature-Input", format!("s={input}")),
        ("Signature", format!("s=:{signature}:")),
    ];
    if purpose == Purpose::Message {
        fields.push(("Content-Type", "application/json".to_owned()));
        fields.push(("Content-Digest", digest));
        fields.push(("Content-Length", content.len().to_string()));
    }
    fields
}

fn head(fields: &[(&'static str, String)], purpose: Purpose, target: &str) -> (Vec<u8>, SignedHead) {
    let method = if purpose == Purpose::Message { "POST" } else { "GET" };
    let fields = fields.iter().map(|(name, value)| (*name, value.as_bytes()));
    let bytes = kept::head(purpose, method, target, fields).unwrap();
    let read = SignedHead::read(&HttpRequest::parse_head(&bytes).unwrap(), purpose).unwrap();
    (bytes, read)
}

async fn file(desk: &Desk, key: &SigningKey, content: &str) -> Result<Filed> {
    let target = "/api/v1/requests";
    let (mut raw, head) = head(&fields(desk, key, Purpose::Message, target, content), Purpose::Message, target);
    let sender = desk.vouch(&head).unwrap().unwrap();
    raw.extend_from_slice(content.as_bytes());
    desk.file_signed(&sender, raw, &ReferenceKey::from_bytes(&REFERENCES), &person_id("lena-ohm")).await
}

async fn ask(desk: &Desk, key: &SigningKey, transaction: &str) -> Option<(u32, Outward)> {
    let target = format!("/api/v1/requests/{transaction}");
    let (_, head) = head(&fields(desk, key, Purpose::Query, &target, ""), Purpose::Query, &target);
    let sender = desk.vouch(&head).unwrap().unwrap();
    let status = desk.status_for(&sender, transaction).await.unwrap();
    status.map(|status| (status.value().generation, status.value().status))
}

async fn only_case(world: &World) -> CaseId {
    let cases = world.store.cases().await.unwrap();
    assert_eq!(cases.len(), 1);
    cases[0].case
}

#[tokio::test]
async fn a_signed_request_is_taken_once_and_its_sender_alone_sees_how_it_stands() {
    let world = World::new().await;
    let desk = desk(&world).await;
    let (court, police) = (key_of(COURT), key_of(POLICE));
    let taken = file(&desk, &court, &message("m-1", "a-1", COURT).to_string()).await.unwrap();
    let Filed::Taken { transaction, status: told } = taken else { panic!("not taken") };
    assert_eq!(transaction, "m-1");
    assert_eq!((told.value().generation, told.value().transaction.as_deref()), (1, Some("m-1")));
    let case = only_case(&world).await;
    let came = desk.came(&case).await.unwrap().unwrap();
    assert_eq!(came.window.map(|window| window.to.to_string()).as_deref(), Some("2026-02-01T00:00:00Z"));

    assert_eq!(ask(&desk, &court, "m-1").await, Some((1, Outward::Received)));
    assert_eq!(ask(&desk, &police, "m-1").await, None, "another authority's request is no request of one's own");
    assert_eq!(ask(&desk, &court, "m-2").await, None);
    let Filed::NotTaken { status, inside } =
        file(&desk, &court, &message("m-1", "a-9", COURT).to_string()).await.unwrap()
    else {
        panic!("taken twice")
    };
    assert!(inside.starts_with("TAKEN_BEFORE") && inside.contains(&case.to_string()), "{inside}");
    assert!(!status.text().contains(&case.to_string()), "no case is named outside");

    // What happens inside shows in the status only as far as the status says.
    world.pass(HOUR);
    let entry = StepEntry { why: "left without its paper".into(), paper: Some(b"%PDF".to_vec()), until: None };
    desk.take_step(&case, Step::Withdraw, entry, &person_id("lena-ohm")).await.unwrap();
    assert_eq!(ask(&desk, &court, "m-1").await, Some((2, Outward::Withdrawn)));
    let cancel = json!([{"change": {"id": "a-1", "generation": 1, "desired": "cancelled"}}]);
    let mut late = message("m-3", "a-1", COURT);
    late["actions"] = cancel;
    let Filed::NotTaken { status, .. } = file(&desk, &court, &late.to_string()).await.unwrap() else {
        panic!("an old generation was changed")
    };
    assert!(status.value().problems[0].contains("another generation"), "{:?}", status.value().problems);
}

#[tokio::test]
async fn strangers_and_speakers_for_others_are_told_the_same() {
    let world = World::new().await;
    let desk = desk(&world).await;
    let (court, police) = (key_of(COURT), key_of(POLICE));
    for name in [COURT, "xa-nobody"] {
        let filed = file(&desk, &police, &message("m-1", "a-1", name).to_string()).await.unwrap();
        assert!(matches!(filed, Filed::Stranger), "{name}: {filed:?}");
    }
    assert!(world.store.cases().await.unwrap().is_empty());

    let target = "/api/v1/requests";
    let strange = SigningKey::from_bytes(&[7; 32]);
    let sound = fields(&desk, &court, Purpose::Message, target, "{}");
    let (_, own) = head(&fields(&desk, &strange, Purpose::Message, target, "{}"), Purpose::Message, target);
    let mut borrowed = sound.clone();
    borrowed[2].1 = fields(&desk, &strange, Purpose::Message, target, "{}")[2].1.clone();
    let (_, borrowed) = head(&borrowed, Purpose::Message, target);
    let (_, elsewhere) = head(&sound, Purpose::Message, "/api/v1/other");
    for head in [own, borrowed, elsewhere] {
        assert!(matches!(desk.vouch(&head).unwrap(), Err(Unknown::Stranger)));
    }
    let (_, head) = head(&sound, Purpose::Message, target);
    assert_eq!(desk.vouch(&head).unwrap().unwrap().key(), format!("ed25519 {}", hex(&court)));
    world.pass(5 * MINUTE + 1);
    assert!(matches!(desk.vouch(&head).unwrap(), Err(Unknown::Late(_))));
}

fn hex(key: &SigningKey) -> String {
    countersign_core::encoding::hex(&key.verifying_key().to_bytes())
}

/// What cannot be read is kept sealed all the same, and its sender, who is known, is told what is wrong with it.
#[tokio::test]
async fn a_known_sender_is_told_what_is_wrong_and_the_bytes_are_kept() {
    let world = World::new().await;
    let desk = desk(&world).await;
    let court = key_of(COURT);
    let bomb = r#"{"v":"countersign/inbound/v1","v":"countersign/inbound/v1"}"#;
    let Filed::NotTaken { status, inside } = file(&desk, &court, bomb).await.unwrap() else {
        panic!("a bomb was taken")
    };
    assert!(status.value().problems[0].contains("duplicate field"), "{inside}");
    assert_eq!(status.value().authority.as_ref().map(AuthorityId::as_str), Some(COURT));
    assert!(world.store.cases().await.unwrap().is_empty());
}

/// A case whose request came by message is completed by letter: what the message asked to be done stays.
#[tokio::test]
async fn a_message_is_completed_by_letter() {
    let world = World::new().await;
    let desk = desk(&world).await;
    let lena = person_id("lena-ohm");
    let references = ReferenceKey::from_bytes(&REFERENCES);
    file(&desk, &key_of(COURT), &message("m-1", "a-1", COURT).to_string()).await.unwrap();
    let case = only_case(&world).await;
    world.pass(HOUR);
    let tried = [countersign_core::facts::Factor::RegisteredKey, countersign_core::facts::Factor::CallBack];
    let tried = tried.map(|factor| crate::documents::FactorTried {
        factor,
        confirmed: true,
        note: "x".into(),
        at: desk.now(),
        person: None,
    });
    desk.check_sender(&case, tried.to_vec(), &lena).await.unwrap();
    let entry = StepEntry { why: "Which offence?".into(), ..StepEntry::default() };
    desk.take_step(&case, Step::Ask, entry, &lena).await.unwrap();
    world.pass(DAY as Seconds);
    let entry = json!({"authority": COURT, "reference": "12 Js 34/26", "instrument": "court_order", "others": 1,
        "classes": ["name"], "channel": "letter"});
    let entry = crate::entry::Entry::parse(entry.to_string().as_bytes()).unwrap();
    let request = desk.resolve(entry, &references, b"%PDF the offence".to_vec(), None).await.unwrap();
    desk.file_request(request, Some(&case), &lena).await.unwrap();
    let came = desk.came(&case).await.unwrap().unwrap();
    assert_eq!(came.transaction.as_deref(), Some("m-1"));
    assert_eq!(ask(&desk, &key_of(COURT), "m-1").await, Some((4, Outward::InReview)));
}
