use super::*;
use crate::DeskError;
use crate::documents::{Contact, ContactV1};
use crate::intake::NewRequest;
use crate::world::{AUTHORITIES, World, person_id, state};
use countersign_core::class::{Class, ClassSet};
use countersign_core::order::Instrument;
use countersign_core::time::{DAY, HOUR};

fn fact(said: &str, source: &str, at: Timestamp) -> Option<Fact> {
    Some(Fact { said: said.into(), source: source.into(), at })
}

#[tokio::test]
async fn contacts_and_requests_of_one_authority_stand_side_by_side() {
    let world = World::new().await;
    let officer = age::x25519::Identity::generate().to_public().to_string();
    let desk = world.desk_with(None, Vec::new(), vec![officer]).await;
    let lena = person_id("lena-ohm");
    let [first, second] = [AUTHORITIES[0], AUTHORITIES[1]].map(|(id, home)| (AuthorityId::parse(id).unwrap(), home));
    let begin = desk.now();
    world.pass(DAY);
    let contact = |(authority, home): &(AuthorityId, &str), said: &str| Contact {
        v: ContactV1,
        authority: authority.clone(),
        state: state(home),
        approached: vec![person_id("anna-berg")],
        met: fact("in their office", "anna-berg", begin),
        asked: fact(said, "anna-berg", begin.plus(HOUR)),
        promised: None,
        delivered: fact("a licence", "public register", begin.plus(3 * HOUR)),
        at: desk.now(),
        by: lena.clone(),
    };
    desk.register_contact(contact(&first, "names"), &lena).await.unwrap();
    desk.register_contact(contact(&second, "nothing to do with it"), &lena).await.unwrap();
    world.pass(DAY);
    let request = NewRequest {
        authority: first.0.clone(),
        reference: "1".into(),
        instrument: Instrument::CourtOrder,
        emergency: false,
        targets: crate::documents::Targets::Named,
        people_asked: 2,
        found: Vec::new(),
        not_found: 2,
        addresses: Vec::new(),
        classes: ClassSet::new([Class::Name]),
        channel: "letter".into(),
        received_at: begin.plus(2 * HOUR),
        delay: None,
        raw: b"a letter".to_vec(),
    };
    desk.file_request(request, None, &lena).await.unwrap();
    let lines = desk.timeline(&first.0).await.unwrap();
    let told: Vec<(Column, &str)> = lines.iter().map(|line| (line.column, line.what.as_str())).collect();
    assert_eq!(
        told,
        [
            (Column::Contacts, "met: in their office"),
            (Column::Contacts, "asked: names"),
            (Column::Requests, "court_order for 2 people, classes name"),
            (Column::Contacts, "delivered: a licence"),
            (Column::Contacts, "registered; approached: anna-berg"),
        ]
    );
    assert_eq!(lines[3].source, "public register");
    assert!(lines.is_sorted_by_key(|line| line.at));
    let nobody = AuthorityId::parse("nobody").unwrap();
    assert!(matches!(desk.timeline(&nobody).await, Err(DeskError::NotFound { .. })));
}
