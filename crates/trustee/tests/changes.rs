//! What a trustee signs of a change, and what it refuses to.

use crate::world::*;
use countersign_core::control::{Action, Change, RingRef, Role};
use countersign_core::directory::Directory;
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::time::DAY;
use countersign_policy::Bundle;
use countersign_trustee::{Trustee, TrusteeError};
use countersign_verify::refusal::Code;

fn dora() -> Action {
    Action::AddPerson(person("dora-held", &[Role::Approver], "XD", false))
}

async fn refusal(world: &World, trustee: &Trustee, change: &Exact<Change>) -> String {
    let reviewed = trustee.review(change.bytes(), world.now).await.unwrap_err();
    let signed = trustee.acknowledge(change.bytes(), &change.digest(), world.now).await.unwrap_err();
    assert_eq!(reviewed.to_string(), signed.to_string());
    reviewed.to_string()
}

#[tokio::test]
async fn a_change_is_shown_in_words_and_signed_by_its_digest_only() {
    let world = World::new();
    let trustee = world.open(1);
    let change = world.draft(dora());
    let unread = trustee.review(change.bytes(), world.now).await.unwrap_err();
    assert!(matches!(unread, TrusteeError::NotReady(_)), "{unread}");
    world.tail(&trustee).await.unwrap();
    let reviewed = trustee.review(change.bytes(), world.now).await.unwrap();
    assert_eq!(reviewed.digest, change.digest());
    assert_eq!(reviewed.words[0], "`dora-held` enters the roster as approver, in XD");
    assert!(reviewed.words.last().unwrap().starts_with("takes effect seven days after"), "{:?}", reviewed.words);
    let other = trustee.acknowledge(change.bytes(), &digest("another"), world.now).await.unwrap_err().to_string();
    assert!(other.contains("another change was read"), "{other}");
    let signature = trustee.acknowledge(change.bytes(), &change.digest(), world.now).await.unwrap();
    assert_eq!(signature, trustee.acknowledge(change.bytes(), &change.digest(), world.now).await.unwrap());
    assert_eq!(signature.by, "trustee:1");
    assert_eq!(signature.sig, signature_of(1, &change));
}

fn signature_of(index: u16, change: &Exact<Change>) -> String {
    let message = countersign_core::control::control_message(change.text());
    signed_by(&trustee_key(index), &message)
}

#[tokio::test]
async fn what_contradicts_the_fold_is_not_signed() {
    let mut world = World::new();
    let trustee = world.open(1);
    world.tail(&trustee).await.unwrap();
    let with = |change: Change| Exact::write(change).unwrap();
    let good = world.draft(dora()).value().clone();
    let other = with(Change { genesis: Digest([1; 32]), ..good.clone() });
    assert!(refusal(&world, &trustee, &other).await.contains("for another journal"));
    for number in [0, 2, u32::MAX] {
        let wrong = with(Change { number, ..good.clone() });
        assert!(refusal(&world, &trustee, &wrong).await.contains("where 1 is next"), "{number}");
    }
    let mut puppet = person("dora-held", &[Role::Approver], "XD", false);
    puppet.keys = vec![roster_key("anna-berg")];
    let puppet = world.draft(Action::AddPerson(puppet));
    assert!(refusal(&world, &trustee, &puppet).await.contains("would share a key with `anna-berg`"));
    let nobody = world.draft(Action::RemovePerson(person_id("nobody-here")));
    assert!(refusal(&world, &trustee, &nobody).await.contains("nobody called `nobody-here`"));
    let key = Action::RevokeKey { person: person_id("anna-berg"), key: roster_key("bruno-costa") };
    assert!(refusal(&world, &trustee, &world.draft(key)).await.contains("has no such key"));
    let authority = world.draft(Action::SuspendAuthority(authority_id("xz-court")));
    assert!(refusal(&world, &trustee, &authority).await.contains("no authority `xz-court`"));
    let witnesses = world.draft(Action::SetWitnessPolicy(witness_policy().replace("all-w 2", "all-w 1")));
    refusal(&world, &trustee, &witnesses).await;
    for bytes in [&b""[..], b"{}", good_genesis(), b"\xff"] {
        assert!(trustee.review(bytes, world.now).await.is_err());
    }
    // A trustee that fell behind does not sign what the others may.
    world.change(Action::SuspendAuthority(authority_id(COURT)), &["person:anna-berg"]);
    let second = world.draft(dora());
    assert!(refusal(&world, &trustee, &second).await.contains("change number 2 where 1 is next"));
    world.tail(&trustee).await.unwrap();
    trustee.acknowledge(second.bytes(), &second.digest(), world.now).await.unwrap();
    let last = trustee.sign_control(second.text()).unwrap_err().to_string();
    assert!(last.contains("not a genesis"), "{last}");
}

fn good_genesis() -> &'static [u8] {
    founded().genesis.bytes()
}

#[tokio::test]
async fn documents_are_installed_before_a_digest_is_signed() {
    let world = World::new();
    let trustee = world.open(2);
    world.tail(&trustee).await.unwrap();
    let directory = Exact::write(Directory { version: 2, ..directory() }).unwrap();
    let change = world.draft(Action::SetDirectory(directory.digest()));
    let refused = refusal(&world, &trustee, &change).await;
    assert!(refused.contains("authority directory") && refused.contains("trustee install"), "{refused}");
    let kept = trustee.add_document(directory.bytes()).unwrap();
    assert_eq!((kept.what, kept.digest), ("authority directory", directory.digest()));
    trustee.acknowledge(change.bytes(), &change.digest(), world.now).await.unwrap();

    let policy = world.draft(Action::SetPolicy(digest("no bundle")));
    assert!(refusal(&world, &trustee, &policy).await.contains("policy bundle"));
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let kept = trustee.add_document(bundle.to_document().unwrap().as_bytes()).unwrap();
    assert_eq!((kept.what, kept.digest), ("policy bundle", bundle.digest()));
    let same = world.draft(Action::SetPolicy(bundle.digest()));
    trustee.acknowledge(same.bytes(), &same.digest(), world.now).await.unwrap();
    let finished = &founded().finished[0];
    for (document, what) in [
        (finished.ring.bytes(), "key ring"),
        (finished.shares.bytes(), "share epoch"),
        (finished.confirmation.bytes(), "ring confirmation"),
    ] {
        assert_eq!(trustee.add_document(document).unwrap().what, what);
    }
    for bad in [&b""[..], b"{}", founded().genesis.bytes(), b"{\"v\":\"countersign/ring/v1\"}", &[0xff; 9]] {
        assert!(matches!(trustee.add_document(bad), Err(TrusteeError::Document { .. })), "{bad:?}");
    }

    // The present epoch is no step forward, and of another nobody holds a share.
    let ring = RingRef { id: founded().ring.id(), share_epoch: 1, shares: finished.shares.digest() };
    let present = world.draft(Action::SetRing(ring.clone()));
    assert!(refusal(&world, &trustee, &present).await.contains("has to rise"));
    for ring in [RingRef { share_epoch: 2, ..ring.clone() }, RingRef { id: digest("ring"), ..ring }] {
        refusal(&world, &trustee, &world.draft(Action::SetRing(ring))).await;
    }
}

#[tokio::test]
async fn signatures_given_make_the_change_and_the_added_approver_counts_after_cooling_only() {
    let mut world = World::new();
    let change = world.draft(dora());
    for index in 1..=T {
        let trustee = world.open(index);
        world.tail(&trustee).await.unwrap();
        let signature = trustee.acknowledge(change.bytes(), &change.digest(), world.now).await.unwrap();
        assert_eq!(signature.sig, signature_of(index, &change));
    }
    world.change(change.value().action.clone(), &ENOUGH);
    let seen = world.now;
    // Who reads it later counts the seven days from then.
    for index in 1..=N {
        world.tail(&world.open(index)).await.unwrap();
    }
    let case = world.case_signed(1, 1, ["anna-berg", "dora-held"]);
    assert_eq!(code(&world.ask(&world.open(1), &case).await), Some(Code::ApproverNotInForce));

    world.now = seen.plus(7 * DAY - 1);
    let case = world.case_signed(2, 1, ["anna-berg", "dora-held"]);
    let answer = world.ask(&world.open(2), &case).await;
    assert_eq!(code(&answer), Some(Code::ApproverNotInForce));
    world.now = seen.plus(7 * DAY);
    let case = world.case_signed(3, 1, ["anna-berg", "dora-held"]);
    assert_eq!(code(&world.ask(&world.open(3), &case).await), None, "in force to the second");

    world.change(Action::RemovePerson(person_id("dora-held")), &["trustee:2"]);
    let case = world.case_signed(4, 1, ["anna-berg", "dora-held"]);
    assert_eq!(code(&world.ask(&world.open(4), &case).await), Some(Code::ApproverNotInForce));
    world.now = world.now.plus(30 * DAY);
    let case = world.case_signed(5, 1, ["anna-berg", "dora-held"]);
    assert_eq!(code(&world.ask(&world.open(5), &case).await), Some(Code::ApproverNotInForce), "never again");
    let case = world.case_signed(6, 1, ["anna-berg", "bruno-costa"]);
    assert_eq!(code(&world.ask(&world.open(5), &case).await), None);
}
