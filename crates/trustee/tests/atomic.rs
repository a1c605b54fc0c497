//! Nothing is given that is not kept, and nothing is kept in part.

use crate::world::*;
use countersign_trustee::{Trustee, TrusteeError};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

/// The trustee's own file, opened beside it.
async fn beside(world: &World) -> SqlitePool {
    let options = SqliteConnectOptions::new().filename(world.path(1).join("journal.db"));
    SqlitePool::connect_with(options).await.unwrap()
}

async fn run(world: &World, statements: &'static str) {
    let pool = beside(world).await;
    sqlx::raw_sql(statements).execute(&pool).await.unwrap();
    pool.close().await;
}

async fn nothing_is_kept(trustee: &Trustee) {
    assert!(trustee.receipts().await.unwrap().is_empty());
    assert!(trustee.counters().await.unwrap().is_empty());
    assert!(trustee.own_entries(0).await.unwrap().is_empty());
}

async fn fails_then_answers(fault: &'static str, repair: &'static str) {
    let mut world = World::new();
    let case = world.case(1, 1);
    let trustee = world.open(1);
    world.tail(&trustee).await.unwrap();
    run(&world, fault).await;
    let request = case.request(1, world.now);
    let failed = trustee.answer(&request, world.now, seed("first")).await;
    assert!(matches!(failed, Err(TrusteeError::Storage { .. })), "{failed:?}");
    nothing_is_kept(&trustee).await;
    nothing_is_kept(&world.open(1)).await;
    run(&world, repair).await;
    // Not a replay: the first computation never left the trustee.
    assert_eq!(code(&world.ask(&trustee, &case).await), None);
    assert_eq!(trustee.receipts().await.unwrap().len(), 1);
    let counted = trustee.counters().await.unwrap();
    assert_eq!(world.open(1).counters().await.unwrap(), counted);
    assert!(counted.iter().all(|one| one.people == 1) && counted.len() == 6);
}

#[tokio::test]
async fn a_statement_that_fails_leaves_nothing() {
    fails_then_answers(
        "CREATE TRIGGER fault BEFORE INSERT ON counted WHEN new.kind = 'matter' BEGIN SELECT RAISE(ABORT, 'disk full'); END",
        "DROP TRIGGER fault",
    )
    .await;
}

#[tokio::test]
async fn a_commit_that_fails_leaves_nothing() {
    // The foreign key is looked at when the transaction commits, after every statement has succeeded.
    fails_then_answers(
        "CREATE TABLE other (id INTEGER PRIMARY KEY);
         CREATE TABLE fault (id INTEGER REFERENCES other (id) DEFERRABLE INITIALLY DEFERRED);
         CREATE TRIGGER fault_at_commit AFTER INSERT ON counted BEGIN INSERT INTO fault (id) VALUES (1); END",
        "DROP TRIGGER fault_at_commit; DROP TABLE fault; DROP TABLE other",
    )
    .await;
}

#[tokio::test]
async fn an_entry_of_the_own_log_that_cannot_be_written_stops_the_answer() {
    fails_then_answers(
        "CREATE TRIGGER fault BEFORE INSERT ON own_entries BEGIN SELECT RAISE(ABORT, 'disk full'); END",
        "DROP TRIGGER fault",
    )
    .await;
}

#[tokio::test]
async fn another_program_in_the_same_folder_is_noticed() {
    let mut world = World::new();
    let (first, second) = (world.case(1, 1), world.case(2, 2));
    let (one, other) = (world.open(1), world.open(1));
    world.tail(&one).await.unwrap();
    world.tail(&other).await.unwrap();
    let given = world.ask(&one, &first).await;
    assert_eq!(world.ask(&other, &first).await, given);
    assert_eq!(code(&world.ask(&other, &second).await), None);
    assert_eq!(world.ask(&one, &second).await, world.ask(&other, &second).await);
    assert_eq!(one.counters().await.unwrap(), other.counters().await.unwrap());
}

#[tokio::test]
async fn answers_asked_for_at_once_are_given_one_after_the_other() {
    let mut world = World::new();
    let case = world.case(1, 1);
    let trustee = std::sync::Arc::new(world.open(1));
    world.tail(&trustee).await.unwrap();
    let asked = (0..8).map(|number| {
        let (trustee, request, now) = (trustee.clone(), case.request(1, world.now), world.now);
        tokio::spawn(async move { trustee.answer(&request, now, seed(&format!("{number}"))).await.unwrap() })
    });
    let asked: Vec<_> = asked.collect();
    let mut answers = Vec::new();
    for one in asked {
        answers.push(one.await.unwrap());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(trustee.receipts().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_changed_frontier_or_control_leaf_stops_the_trustee() {
    for change in [
        "UPDATE trustee SET frontier = zeroblob(length(frontier) - 1)",
        "UPDATE roots SET root = zeroblob(32)",
        "UPDATE control SET leaf = zeroblob(16384)",
    ] {
        let mut world = World::new();
        world.log.append_dummies(3);
        world.log.publish(world.now);
        world.tail(&world.open(1)).await.unwrap();
        run(&world, change).await;
        let error = world.open(1).head(world.now).await.unwrap_err();
        assert!(matches!(error, TrusteeError::Damaged { .. }), "{change}: {error}");
    }
}
