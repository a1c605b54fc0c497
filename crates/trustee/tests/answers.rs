//! From a request to an answer, and what is remembered of it.

use crate::world::*;
use countersign_core::control::Action;
use countersign_core::id::OrderId;
use countersign_core::time::{DAY, HOUR, MINUTE};
use countersign_seal::combine::{CellContent, Package, Released, open};
use countersign_seal::header::check_batch;
use countersign_seal::partial::{Ask, ReplyContext};
use countersign_seal::reply;
use countersign_trustee::{Answered, IncidentKind};
use countersign_verify::ledger::CounterKey;
use countersign_verify::refusal::Code;
use countersign_verify::wire::Outcome;

#[tokio::test]
async fn three_of_five_answers_open_the_record_and_two_do_not() {
    let mut world = World::new();
    let case = world.case(1, 1);
    let order = case.order.digest();
    let mut replies = Vec::new();
    for index in 1..=N {
        let answer = world.ask(&world.open(index), &case).await;
        let (answer, receipt) = read(&answer);
        assert_eq!((receipt.outcome, receipt.order, receipt.records), (Outcome::Answered, order, 1));
        assert_eq!((receipt.journal_size, receipt.share_epoch, receipt.at), (world.log.size(), 1, world.now));
        let context = ReplyContext { order, ring: founded().ring.id(), trustee: index, share_epoch: 1 };
        let identity = founded().publics[usize::from(index) - 1].identity_key().unwrap();
        let sealed = answer.reply.unwrap().0;
        replies.push((index, reply::open(&sealed, &context, &court_secret(), &identity).unwrap()));
    }
    let capsules = check_batch(founded().ring.id(), vec![case.records[0].capsule().clone()], &seed("weights")).unwrap();
    let classes = CLASSES.into_iter().collect();
    let sigmas = CLASSES.map(|class| (class, sigma(1).of_class(class, capsules[0].u().bytes()))).into();
    let ask = Ask { capsule: &capsules[0], classes: &classes };
    let records = [Released { ask, record: &case.records[0], sigmas: &sigmas }];
    let package = Package { ring: &founded().ring, shares: &founded().shares, order, records: &records };
    for chosen in [[0, 1, 2], [4, 0, 3]] {
        let outcome = open(&package, &chosen.map(|place: usize| replies[place].clone())).unwrap();
        assert!(outcome.liars.is_empty());
        for cell in outcome.cells {
            let Ok(CellContent::Inline(found)) = cell.content else { panic!("{}", cell.class) };
            assert_eq!(found.to_vec(), content(1).into_bytes());
        }
    }
    assert!(open(&package, &replies[..2]).is_err());
}

#[tokio::test]
async fn an_order_of_many_records_is_answered_for_each_of_them() {
    let mut world = World::new();
    let case = world.large_case(1, 300);
    let (answer, receipt) = read(&world.ask(&world.open(2), &case).await);
    assert_eq!((receipt.code, receipt.records), (None, 300));
    let context = ReplyContext { order: case.order.digest(), ring: founded().ring.id(), trustee: 2, share_epoch: 1 };
    let identity = founded().publics[1].identity_key().unwrap();
    let reply = reply::open(&answer.reply.unwrap().0, &context, &court_secret(), &identity).unwrap();
    assert_eq!(reply.classes.iter().map(|class| class.z.len()).collect::<Vec<_>>(), [300]);
}

#[tokio::test]
async fn the_same_order_gets_the_same_bytes_again_and_is_counted_once() {
    let mut world = World::new();
    let case = world.case(1, 1);
    let trustee = world.open(1);
    let first = world.ask(&trustee, &case).await;
    let counted = trustee.counters().await.unwrap();
    // All, the kind, two classes, the authority, the matter.
    assert_eq!(counted.len(), 6);
    assert!(counted.iter().all(|one| one.people == 1));
    assert!(counted.iter().any(|one| one.key == CounterKey::Authority(authority_id(COURT))));
    assert_eq!(world.ask(&trustee, &case).await, first);
    drop(trustee);
    world.pass(5 * MINUTE);
    let again = world.open(1);
    assert_eq!(world.ask(&again, &world.refresh(&case)).await, first);
    assert_eq!(again.counters().await.unwrap(), counted);
    assert_eq!(again.receipts().await.unwrap().len(), 1);
    // Another trustee answers with its own share.
    assert_ne!(world.ask(&world.open(2), &case).await, first);
}

#[tokio::test]
async fn another_order_under_the_same_id_is_refused_and_an_incident() {
    let mut world = World::new();
    let first = world.case(1, 1);
    let second = world.case(1, 2);
    let trustee = world.open(1);
    assert_eq!(code(&world.ask(&trustee, &first).await), None);
    let refused = world.ask(&trustee, &second).await;
    assert_eq!(code(&refused), Some(Code::OrderIdReused));
    assert_eq!(read(&refused).1.order, second.order.digest());
    let incidents = trustee.incidents().await.unwrap();
    assert_eq!(incidents.len(), 1);
    assert_eq!((incidents[0].kind, &incidents[0].subject), (IncidentKind::OrderIdReused, &OrderId([1; 16]).to_hex()));
    world.ask(&trustee, &second).await;
    assert_eq!(trustee.incidents().await.unwrap(), incidents);
}

#[tokio::test]
async fn a_refusal_is_signed_stored_and_awaited_like_an_answer() {
    let mut world = World::new();
    let case = world.case(1, 1);
    world.pass(80 * HOUR);
    let trustee = world.open(1);
    let refused = world.ask(&trustee, &world.refresh(&case)).await;
    assert_eq!(code(&refused), Some(Code::Expired));
    let receipts = trustee.receipts().await.unwrap();
    assert_eq!((receipts.len(), receipts[0].seen, &receipts[0].answer), (1, None, &refused));
    assert_eq!(receipts[0].receipt.value(), &read(&refused).1);
    assert_eq!(trustee.head(world.now).await.unwrap().awaited, 1);
    assert!(trustee.counters().await.unwrap().is_empty());
    world.log_receipt(&refused);
    assert_eq!(world.tail(&trustee).await.unwrap().receipts_seen, 1);
    assert_eq!(trustee.receipts().await.unwrap()[0].seen, Some(world.log.size() - 1));
    assert_eq!(trustee.head(world.now).await.unwrap().awaited, 0);
}

#[tokio::test]
async fn a_trustee_whose_receipts_are_missing_answers_nothing_new() {
    let mut world = World::new();
    let (first, second) = (world.case(1, 1), world.case(2, 2));
    let trustee = world.open(1);
    let given = world.ask(&trustee, &first).await;
    world.pass(10 * MINUTE);
    let (first, second) = (world.refresh(&first), world.refresh(&second));
    assert_eq!(trustee.head(world.now).await.unwrap().overdue, None);
    world.pass(1);
    let (first, second) = (world.refresh(&first), world.refresh(&second));
    assert!(trustee.head(world.now).await.unwrap().overdue.is_some());
    let refused = world.ask(&trustee, &second).await;
    assert_eq!(code(&refused), Some(Code::ReceiptsMissing));
    // A desk that lost the answer gets it again, so that it can log the receipt.
    assert_eq!(world.ask(&trustee, &first).await, given);
    assert_eq!(world.ask(&trustee, &second).await, refused);
    world.log_receipt(&given);
    world.log_receipt(&refused);
    let second = world.refresh(&second);
    assert_eq!(code(&world.ask(&trustee, &second).await), None);
}

#[tokio::test]
async fn a_stale_checkpoint_is_refused() {
    let mut world = World::new();
    let case = world.case(1, 1);
    let trustee = world.open(1);
    world.tail(&trustee).await.unwrap();
    world.now = world.now.plus(HOUR + 1);
    assert_eq!(code(&world.ask(&trustee, &case).await), Some(Code::CheckpointStale));
    world.pass(0);
    assert_eq!(code(&world.ask(&trustee, &world.refresh(&case)).await), None);
}

#[tokio::test]
async fn a_clock_that_went_back_is_noticed_after_a_restart() {
    let mut world = World::new();
    let case = world.case(1, 1);
    let other = world.case(2, 2);
    world.pass(HOUR);
    world.ask(&world.open(1), &world.refresh(&case)).await;
    world.pass(-HOUR);
    assert_eq!(code(&world.ask(&world.open(1), &other).await), Some(Code::ClockWentBack));
}

#[tokio::test]
async fn whoever_is_not_the_desk_learns_nothing_and_leaves_no_trace() {
    let mut world = World::new();
    let case = world.case(1, 1);
    let trustee = world.open(1);
    world.tail(&trustee).await.unwrap();
    let good = case.request(1, world.now);
    let mut forged = good.clone();
    forged[0] = if forged[0] == b'0' { b'1' } else { b'0' };
    let mut altered = good.clone();
    *altered.last_mut().unwrap() = b' ';
    let misdirected = case.request(2, world.now);
    for bytes in [b"".to_vec(), b"hello".to_vec(), forged, altered, good[..200].to_vec(), misdirected] {
        let answered = trustee.answer(&bytes, world.now, seed("x")).await.unwrap();
        assert_eq!(answered, Answered::Unauthenticated);
    }
    assert!(trustee.receipts().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_held_order_is_refused_at_once() {
    let mut world = World::new();
    let case = world.case(1, 1);
    world.change(Action::HoldOrder(OrderId([1; 16])), &["trustee:4"]);
    assert_eq!(code(&world.ask(&world.open(1), &case).await), Some(Code::OrderHeld));
}

#[tokio::test]
async fn a_trustee_that_lacks_what_is_in_force_answers_nothing() {
    let mut world = World::new();
    world.change(Action::SetPolicy(digest("another policy")), &ENOUGH);
    let trustee = world.open(1);
    world.tail(&trustee).await.unwrap();
    world.pass(7 * DAY - HOUR);
    let case = world.case(1, 1);
    assert_eq!(code(&world.ask(&trustee, &case).await), None);
    world.pass(2 * HOUR);
    let case = world.case(2, 2);
    world.tail(&trustee).await.unwrap();
    let error = trustee.answer(&case.request(1, world.now), world.now, seed("x")).await.unwrap_err().to_string();
    assert!(error.contains(&format!("policy bundle `{}` is in force and not installed", digest("another policy"))));
}

#[tokio::test]
async fn a_trustee_without_a_journal_is_not_ready() {
    let mut world = World::new();
    let case = world.case(1, 1);
    let error = world.open(1).answer(&case.request(1, world.now), world.now, seed("x")).await.unwrap_err();
    assert_eq!(error.to_string(), "the trustee is not ready: the journal was not read yet");
}
