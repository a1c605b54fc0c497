//! What only a person at the trustee does: pause, resume, lift.

use crate::world::*;
use countersign_core::time::{DAY, HOUR};
use countersign_trustee::{Answered, Trustee, TrusteeError};
use countersign_verify::ledger::{CounterKey, Lift};
use countersign_verify::refusal::Code;
use countersign_verify::totals::TotalsCode;
use countersign_verify::trustee_log::{Entry, EntryKind, Reason};
use countersign_verify::wire::Outcome;
use std::sync::Arc;
use std::time::Duration;

fn reason(text: &str) -> Reason {
    Reason::parse(text).unwrap()
}

async fn kinds(trustee: &Trustee) -> Vec<EntryKind> {
    trustee.own_entries(0).await.unwrap().iter().map(|entry| entry.entry.kind()).collect()
}

#[tokio::test]
async fn a_paused_trustee_answers_nothing_until_it_is_resumed_and_both_are_logged() {
    let mut world = World::new();
    let (first, second) = (world.case(1, 1), world.case(2, 2));
    let trustee = world.open(1);
    let given = world.ask(&trustee, &first).await;
    // By another program, as the command line does it while the service runs.
    let owner = world.open(1);
    owner.pause(&reason("the custodian does not answer the telephone"), world.now).await.unwrap();
    for case in [&first, &second] {
        assert_eq!(code(&world.ask(&trustee, case).await), Some(Code::Paused));
    }
    assert_eq!(world.open(1).head(world.now).await.unwrap().paused, Some(world.now));
    let again = owner.pause(&reason("twice"), world.now).await.unwrap_err();
    assert!(matches!(again, TrusteeError::Document { .. }), "{again}");
    owner.resume(&reason("spoken with them"), world.now).await.unwrap();
    assert_eq!(
        owner.resume(&reason("twice"), world.now).await.unwrap_err().to_string(),
        "resume: the trustee is not paused"
    );
    assert_eq!(world.ask(&trustee, &first).await, given);
    assert_eq!(code(&world.ask(&trustee, &second).await), None);
    let expected = [
        EntryKind::Answer,
        EntryKind::Pause,
        EntryKind::Answer,
        EntryKind::Answer,
        EntryKind::Resume,
        EntryKind::Answer,
    ];
    assert_eq!(kinds(&trustee).await, expected);
}

#[tokio::test]
async fn a_paused_trustee_signs_no_totals() {
    let world = crate::totals::world();
    let trustee = world.open(1);
    world.tail(&trustee).await.unwrap();
    let totals = countersign_core::json::Exact::write(crate::totals::totals(&world, 1)).unwrap();
    let request = crate::totals::request(&world, 1, totals.text(), &world.log.disclosed, 0..world.log.size());
    let ask = async || match trustee.countersign_totals(&world.source(), &request, world.now).await.unwrap() {
        Answered::Answer(bytes) => crate::totals::answer_of(1, &bytes),
        Answered::Unauthenticated => panic!("the desk was not recognised"),
    };
    trustee.pause(&reason("x"), world.now).await.unwrap();
    assert_eq!(ask().await.code, Some(TotalsCode::Paused));
    trustee.resume(&reason("x"), world.now).await.unwrap();
    assert_eq!(ask().await.code, None);
    trustee.pause(&reason("again"), world.now).await.unwrap();
    assert_eq!(ask().await.code, Some(TotalsCode::Paused), "a signature given before is not given again either");
}

/// The order of the own log is the order of the commits: nothing that was in flight comes after the pause.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_in_flight_is_answered_after_the_pause() {
    let mut stopped = 0;
    for millis in [0, 1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96] {
        let mut world = World::new();
        let case = world.case(1, 1);
        let (trustee, owner) = (Arc::new(world.open(1)), world.open(1));
        world.tail(&trustee).await.unwrap();
        owner.head(world.now).await.unwrap();
        let (request, now, asked) = (case.request(1, world.now), world.now, Arc::clone(&trustee));
        let answering = tokio::spawn(async move { asked.answer(&request, now, seed("in flight")).await });
        tokio::time::sleep(Duration::from_millis(millis)).await;
        owner.pause(&reason("now"), world.now).await.unwrap();
        let answered = answering.await.unwrap();
        let entries = trustee.own_entries(0).await.unwrap();
        let pause = entries.iter().position(|entry| entry.entry.kind() == EntryKind::Pause).unwrap();
        for (place, entry) in entries.iter().enumerate() {
            if let Entry::Answer { outcome: Outcome::Answered, .. } = entry.entry {
                assert!(place < pause, "answered after the pause, {millis} ms");
            }
        }
        match answered {
            Ok(Answered::Answer(bytes)) => assert_eq!(code(&bytes).is_none(), pause == 1, "{millis} ms"),
            Err(TrusteeError::Overtaken) => assert_eq!((pause, entries.len()), (0, 1)),
            other => panic!("{other:?}"),
        }
        stopped += usize::from(pause == 0);
    }
    assert!(stopped > 0, "no pause came before an answer");
}

#[tokio::test]
async fn a_lift_lasts_for_its_time_and_is_told() {
    let world = World::new();
    let trustee = world.open(1);
    let lift = Lift::new(CounterKey::All, 40, world.now, world.now.plus(HOUR)).unwrap();
    trustee.lift(&lift, &reason("one judgment over 40 people")).await.unwrap();
    let head = async |seconds| world.open(1).head(world.now.plus(seconds)).await.unwrap();
    for seconds in [0, HOUR - 1] {
        assert_eq!(head(seconds).await.lifts, std::slice::from_ref(&lift));
    }
    assert!(head(HOUR).await.lifts.is_empty());
    let entries = trustee.own_entries(0).await.unwrap();
    let expected = Entry::Lift {
        key: CounterKey::All,
        people: 40,
        until: world.now.plus(HOUR),
        reason: reason("one judgment over 40 people"),
        at: world.now,
    };
    assert_eq!((entries.len(), &entries[0].entry), (1, &expected));
}

#[tokio::test]
async fn a_lift_lets_one_more_order_through_and_no_further() {
    let mut world = World::new();
    let trustee = world.open(1);
    // The day's stop of this trustee, reached by what its file says it has counted.
    let first = world.case(1, 1);
    assert_eq!(code(&world.ask(&trustee, &first).await), None);
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.path(1).join("journal.db"));
    let pool = sqlx::sqlite::SqlitePool::connect_with(options).await.unwrap();
    let raise = "UPDATE counted SET people = 600 WHERE kind = 'all'; UPDATE trustee SET generation = generation + 1";
    sqlx::raw_sql(raise).execute(&pool).await.unwrap();
    pool.close().await;
    let (second, third) = (world.case(2, 2), world.case(3, 3));
    assert_eq!(code(&world.ask(&trustee, &second).await), Some(Code::CapDay));
    let lift = Lift::new(CounterKey::All, 1, world.now, world.now.plus(DAY)).unwrap();
    world.open(1).lift(&lift, &reason("read and agreed")).await.unwrap();
    assert_eq!(code(&world.ask(&trustee, &second).await), None);
    assert_eq!(code(&world.ask(&trustee, &third).await), Some(Code::CapDay));
}
