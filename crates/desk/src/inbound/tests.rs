use super::*;
use crate::documents::FactorTried;
use crate::sender::Sender;
use crate::world::{World, person_id};
use countersign_core::facts::Factor;
use countersign_core::time::{HOUR, MINUTE};
use countersign_intake::status::Outward;
use countersign_store::Cases as _;
use serde_json::json;

const REFERENCES: [u8; 32] = [3; 32];

async fn desk(world: &World) -> Desk {
    let officer = age::x25519::Identity::generate().to_public().to_string();
    world.desk_with(None, Vec::new(), vec![officer]).await
}

/// A message of the court of the world, whose id it names.
fn message(transaction: &str, id: &str, actions: serde_json::Value) -> Message {
    let authorise = json!({"authorise": {
        "id": id, "reference": "12 Js 34/26", "instrument": "court_order", "emergency": false, "approved_by": "Judge Ada Quill",
        "approved_at": "2026-11-19T14:00:00Z", "delay_asked": false,
    }});
    let actions = if actions.is_null() {
        json!([authorise, {"ask": {
            "id": format!("{id}-task"), "authorisation": id, "kind": "disclosure", "targets": [{"person": "Ola Invented"}],
            "classes": ["name"], "window": null,
        }}])
    } else {
        actions
    };
    let message = json!({
        "v": "countersign/inbound/v1", "transaction": transaction, "sender": crate::world::AUTHORITIES[0].0, "receiver": "us",
        "sent": "2026-11-20T10:00:00Z", "actions": actions,
    });
    api::from_bytes(message.to_string().as_bytes()).unwrap()
}

async fn take(desk: &Desk, message: Message, signed: bool, nonce: &str) -> Result<Taken> {
    let lena = person_id("lena-ohm");
    let received = desk.receive(b"bytes".to_vec(), Channel::Api, None, &lena).await.unwrap();
    let authority = AuthorityId::parse(&message.header.sender).unwrap();
    let key = signed.then(|| "ed25519 00".to_owned());
    let inbound = Inbound { message, authority, key, nonce: Some(nonce.to_owned()) };
    desk.take_message(&received, &inbound, &ReferenceKey::from_bytes(&REFERENCES), None, &lena).await
}

fn code(taken: Result<Taken>) -> &'static str {
    match taken {
        Err(DeskError::Refused { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_message_is_taken_once_whatever_of_it_is_sent_again() {
    let world = World::new().await;
    let desk = desk(&world).await;
    let Taken::Opened { .. } = take(&desk, message("m-1", "a-1", json!(null)), true, "n-1").await.unwrap() else {
        panic!()
    };
    for (transaction, id, nonce) in [("m-1", "a-2", "n-2"), ("m-2", "a-1", "n-2"), ("m-2", "a-2", "n-1")] {
        assert_eq!(code(take(&desk, message(transaction, id, json!(null)), true, nonce).await), "TAKEN_BEFORE");
    }
    assert_eq!(world.store.cases().await.unwrap().len(), 1);
    // After a restart, too.
    let desk = self::desk(&world).await;
    assert_eq!(code(take(&desk, message("m-1", "a-1", json!(null)), true, "n-1").await), "TAKEN_BEFORE");
    assert!(take(&desk, message("m-2", "a-2", json!(null)), true, "n-2").await.is_ok());
}

#[tokio::test]
async fn only_a_signed_message_of_the_present_generation_withdraws() {
    let world = World::new().await;
    let desk = desk(&world).await;
    let Taken::Opened { case, .. } = take(&desk, message("m-1", "a-1", json!(null)), true, "n-1").await.unwrap() else {
        panic!()
    };
    let cancel = |transaction: &str, id: &str, generation: u32| {
        message(transaction, id, json!([{"change": {"id": id, "generation": generation, "desired": "cancelled"}}]))
    };
    assert_eq!(code(take(&desk, cancel("m-2", "a-1", 1), false, "n-2").await), "UNSIGNED_CHANGE");
    assert_eq!(code(take(&desk, cancel("m-2", "a-9", 1), true, "n-2").await), "UNKNOWN_OBJECT");
    assert_eq!(code(take(&desk, cancel("m-2", "a-1-task", 1), true, "n-2").await), "UNKNOWN_OBJECT");
    assert_eq!(code(take(&desk, cancel("m-2", "a-1", 2), true, "n-2").await), "OLD_GENERATION");
    assert_eq!(take(&desk, cancel("m-2", "a-1", 1), true, "n-2").await.unwrap(), Taken::Withdrawn { case });
    let file = desk.case(&case).await.unwrap();
    let seen: Vec<(u32, Outward)> = desk.generations(&file).iter().map(|one| (one.number, one.status)).collect();
    assert_eq!(seen, [(1, Outward::Received), (2, Outward::Withdrawn)]);
    let messages = desk.status_messages(&file).await.unwrap();
    assert_eq!(messages[1].value().transaction.as_deref(), Some("m-1"));
    assert_eq!(messages, desk.status_messages(&file).await.unwrap(), "computed, so the same again");
}

#[tokio::test]
async fn the_channel_says_what_confirms_a_sender() {
    let world = World::new().await;
    let desk = desk(&world).await;
    let lena = person_id("lena-ohm");
    let tried = |factors: &[Factor], person: Option<&str>| -> Vec<FactorTried> {
        let person = |factor| person.map(person_id).filter(|_| factor == Factor::SecondOfficer);
        let one =
            |factor| FactorTried { factor, confirmed: true, note: "x".into(), at: desk.now(), person: person(factor) };
        factors.iter().copied().map(one).collect()
    };
    let Taken::Opened { case: unsigned, .. } =
        take(&desk, message("m-1", "a-1", json!(null)), false, "n-1").await.unwrap()
    else {
        panic!()
    };
    let Taken::Opened { case: signed, .. } =
        take(&desk, message("m-2", "a-2", json!(null)), true, "n-2").await.unwrap()
    else {
        panic!()
    };
    world.pass(HOUR);
    let both = [Factor::RegisteredKey, Factor::CallBack];
    let error = desk.check_sender(&unsigned, tried(&both, None), &lena).await.unwrap_err().to_string();
    assert!(error.contains("no signature of this request was checked"), "{error}");
    let letters = [Factor::Directory, Factor::CallBack];
    let error = desk.check_sender(&signed, tried(&letters, None), &lena).await.unwrap_err().to_string();
    assert!(error.contains("`registered_key`"), "{error}");
    let second = [Factor::RegisteredKey, Factor::SecondOfficer];
    for (person, part) in [
        (None, "needs the name"),
        (Some("lena-ohm"), "second officer of the own check"),
        (Some("anna-berg"), "officer in force who is not silent"),
    ] {
        let error = desk.check_sender(&signed, tried(&second, person), &lena).await.unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(desk.check_sender(&signed, tried(&both, None), &lena).await.unwrap(), Sender::Confirmed);
    let file = desk.case(&signed).await.unwrap();
    assert!(file.check.unwrap().value().tried[1].note.starts_with("called +99900100200 of our directory"));
    let mut failed = tried(&letters, None);
    failed[1].confirmed = false;
    assert_eq!(desk.check_sender(&unsigned, failed, &lena).await.unwrap(), Sender::Fake);
}

#[tokio::test]
async fn a_letter_says_the_channel_it_came_by() {
    let world = World::new().await;
    let desk = desk(&world).await;
    let lena = person_id("lena-ohm");
    let entry = |channel: &str| {
        let entry = json!({
            "authority": crate::world::AUTHORITIES[0].0, "reference": "12 Js 34/26", "instrument": "court_order", "others": 1,
            "classes": ["name"], "channel": channel,
        });
        Entry::parse(entry.to_string().as_bytes()).unwrap()
    };
    world.pass(HOUR);
    let at = desk.now().plus(-MINUTE);
    let references = ReferenceKey::from_bytes(&REFERENCES);
    let receive = async || desk.receive(b"%PDF a letter".to_vec(), Channel::Email, Some(at), &lena).await.unwrap();
    let wrong = desk.take_letter(receive().await, entry("letter"), &references, None, None, &lena).await;
    assert!(wrong.unwrap_err().to_string().contains("the bytes came by e-mail"));
    let case = desk.take_letter(receive().await, entry("e-mail"), &references, None, None, &lena).await.unwrap();
    assert_eq!(desk.case(&case).await.unwrap().intake.unwrap().value().received_at, at);
}
