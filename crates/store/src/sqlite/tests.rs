//! What only a file can promise: its mode, its settings, its versions, and what is left after an end without goodbye.

use super::{SqliteSigmas, SqliteStore};
use crate::conformance::{self, case, digest, document, event, leaf, request};
use crate::journal::{Journal as _, SqliteJournal};
use crate::sql;
use crate::{AppendEvent, BlindIndex, Cases, ImportStart, Listing as _, Register, Settings, Sigmas, StoreError};
use countersign_core::case::Event;
use countersign_core::id::Handle;
use sqlx::{AssertSqlSafe, Row, SqlSafeStr};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use zeroize::Zeroizing;

mod desk {
    use super::*;

    async fn fresh() -> (SqliteStore, TempDir) {
        let folder = TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("custodian.db")).await.unwrap();
        (store, folder)
    }

    crate::desk_store_conformance!(fresh());

    #[tokio::test]
    async fn leaves_reach_the_journal() {
        let (store, folder) = fresh().await;
        let journal = SqliteJournal::open(&folder.path().join("custodian.db")).await.unwrap();
        conformance::cases::leaves_reach_the_journal(&store, &journal).await;
    }
}

mod sigma {
    use super::*;

    async fn fresh() -> (SqliteSigmas, TempDir) {
        let folder = TempDir::new().unwrap();
        let store = SqliteSigmas::open(&folder.path().join("sigma.db")).await.unwrap();
        (store, folder)
    }

    crate::sigmas_conformance!(fresh());
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[tokio::test]
async fn every_statement_is_understood() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(&folder.path().join("custodian.db")).await.unwrap();
    let sigmas = SqliteSigmas::open(&folder.path().join("sigma.db")).await.unwrap();
    let many: Vec<(&str, String)> =
        sql::ALL_MANY.iter().flat_map(|many| [("many", many.text(1)), ("many", many.text(500))]).collect();
    let fixed = sql::ALL.iter().map(|(name, text)| (*name, (*text).to_owned()));
    for (name, text) in fixed.chain(many) {
        let of_sigmas = text.split_whitespace().any(|word| word == "sigma");
        let file = if of_sigmas { &sigmas.file } else { &store.file };
        let mut transaction = file.write().await.unwrap();
        let prepared = sqlx::Executor::prepare(&mut *transaction, AssertSqlSafe(text.clone()).into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {text}: {:?}", prepared.err());
    }
}

#[tokio::test]
async fn the_file_is_private_and_durable() {
    let folder = TempDir::new().unwrap();
    for (name, secure_delete) in [("custodian.db", 0_i64), ("sigma.db", 1)] {
        let path = folder.path().join(name);
        let file = if name == "sigma.db" {
            SqliteSigmas::open(&path).await.unwrap().file
        } else {
            SqliteStore::open(&path).await.unwrap().file
        };
        let mut transaction = file.write().await.unwrap();
        for (pragma, expected) in [("synchronous", 2), ("foreign_keys", 1), ("secure_delete", secure_delete)] {
            let query = sqlx::query(AssertSqlSafe(format!("PRAGMA {pragma}")));
            let found: i64 = query.fetch_one(&mut *transaction).await.unwrap().try_get(0).unwrap();
            assert_eq!(found, expected, "{name} {pragma}");
        }
        let mode = sqlx::query("PRAGMA journal_mode").fetch_one(&mut *transaction).await.unwrap();
        assert_eq!(mode.try_get::<String, _>(0).unwrap(), "wal");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            for file in [path.clone(), beside(&path, "-wal"), beside(&path, "-shm")] {
                assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
            }
        }
    }
}

#[tokio::test]
async fn an_end_without_goodbye_keeps_what_was_acknowledged_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("custodian.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let first = request(case(1), 0);
    store.append(AppendEvent { leaves: vec![leaf(1)], ..AppendEvent::new(first.clone()) }).await.unwrap();
    let mut open = store.file.write().await.unwrap();
    sqlx::query(sql::DOCUMENT_INSERT)
        .bind(digest(9).as_bytes().as_slice())
        .bind("letter")
        .bind(b"half".as_slice())
        .execute(&mut *open)
        .await
        .unwrap();

    // The files as a machine that loses power leaves them: the log beside the file, a transaction never finished.
    let after = folder.path().join("after.db");
    std::fs::copy(&path, &after).unwrap();
    std::fs::copy(beside(&path, "-wal"), beside(&after, "-wal")).unwrap();
    let reopened = SqliteStore::open(&after).await.unwrap();
    assert_eq!(reopened.case(&case(1)).await.unwrap(), Some(vec![first.clone()]));
    assert_eq!(reopened.document(&digest(9)).await.unwrap(), None);
    let second = event(case(1), Some(&first), 1, Event::Closed);
    reopened.append(AppendEvent::new(second)).await.unwrap();
}

#[tokio::test]
async fn a_torn_log_loses_only_what_was_not_acknowledged_in_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("custodian.db");
    let store = SqliteStore::open(&path).await.unwrap();
    store.set_setting("first", b"1").await.unwrap();
    let whole = std::fs::read(beside(&path, "-wal")).unwrap();
    store.append_leaves(vec![document(1, &[1; 50_000])], vec![leaf(1)]).await.unwrap();
    let longer = std::fs::read(beside(&path, "-wal")).unwrap();
    for (number, cut) in
        [whole.len(), whole.len() + 1, (whole.len() + longer.len()) / 2, longer.len() - 1].iter().enumerate()
    {
        let torn = folder.path().join(format!("torn{number}.db"));
        std::fs::copy(&path, &torn).unwrap();
        std::fs::write(beside(&torn, "-wal"), &longer[..*cut]).unwrap();
        let reopened = SqliteStore::open(&torn).await.unwrap();
        assert_eq!(reopened.setting("first").await.unwrap().as_deref(), Some(b"1".as_slice()));
        assert_eq!(reopened.document(&digest(1)).await.unwrap(), None);
        assert_eq!(reopened.disclosures_of(&leaf(1).key).await.unwrap(), None);
        reopened.set_setting("second", b"2").await.unwrap();
    }
}

#[tokio::test]
async fn a_statement_that_fails_takes_the_whole_use_case_with_it() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(&folder.path().join("custodian.db")).await.unwrap();
    let mut transaction = store.file.write().await.unwrap();
    sqlx::raw_sql(
        "CREATE TRIGGER disk_full BEFORE INSERT ON disclosure BEGIN SELECT RAISE(ABORT, 'no space left'); END",
    )
    .execute(&mut *transaction)
    .await
    .unwrap();
    transaction.commit().await.unwrap();
    let first = request(case(1), 0);
    let whole = AppendEvent { documents: vec![document(1, b"x")], leaves: vec![leaf(1)], ..AppendEvent::new(first) };
    let failed = store.append(whole.clone()).await;
    assert!(
        matches!(&failed, Err(StoreError::Unavailable { reason, .. }) if reason.contains("no space")),
        "{failed:?}"
    );
    assert_eq!(store.case(&case(1)).await.unwrap(), None);
    assert_eq!(store.document(&digest(1)).await.unwrap(), None);
    let mut transaction = store.file.write().await.unwrap();
    sqlx::raw_sql("DROP TRIGGER disk_full").execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    store.append(whole).await.unwrap();
}

#[tokio::test]
async fn damage_is_named_and_never_returned() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(&folder.path().join("custodian.db")).await.unwrap();
    let first = request(case(1), 0);
    let second = event(case(1), Some(&first), 1, Event::Authenticated { document: digest(2) });
    let third = event(case(1), Some(&second), 2, Event::Closed);
    for record in [&first, &second, &third] {
        store.append(AppendEvent::new(record.clone())).await.unwrap();
    }
    for damage in [
        "UPDATE case_event SET bytes = x'7b7d' WHERE number = 1",
        "UPDATE case_event SET bytes = (SELECT bytes FROM case_event WHERE number = 0) WHERE number = 1",
        "DELETE FROM case_event WHERE number = 1",
    ] {
        let mut transaction = store.file.write().await.unwrap();
        sqlx::query(damage).execute(&mut *transaction).await.unwrap();
        transaction.commit().await.unwrap();
        let read = store.case(&case(1)).await;
        assert!(matches!(read, Err(StoreError::Corrupt { .. })), "{damage}: {read:?}");
    }
}

#[tokio::test]
async fn another_version_or_no_database_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("custodian.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let mut transaction = store.file.write().await.unwrap();
    sqlx::query("UPDATE schema_version SET version = 99 WHERE component = 'desk'")
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    store.close().await;
    let newer = SqliteStore::open(&path).await;
    assert!(matches!(newer, Err(StoreError::Schema { found: 99, .. })), "{newer:?}");
    let text = folder.path().join("letter.txt");
    std::fs::write(&text, "Dear Sir, ".repeat(200)).unwrap();
    let no_database = SqliteStore::open(&text).await;
    assert!(matches!(no_database, Err(StoreError::Corrupt { .. })), "{no_database:?}");
    let nowhere = SqliteStore::open(&folder.path().join("none/custodian.db")).await;
    assert!(matches!(nowhere, Err(StoreError::Unavailable { .. })), "{nowhere:?}");
}

#[tokio::test]
async fn writers_take_turns_and_an_abandoned_import_lets_them_go_on() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("custodian.db");
    let (here, elsewhere) = (SqliteStore::open(&path).await.unwrap(), SqliteStore::open(&path).await.unwrap());
    let ImportStart::Open(writer) = here.begin_import(&digest(1)).await.unwrap() else { panic!() };
    let mut waiting = Vec::new();
    for (number, store) in [&here, &elsewhere, &here, &elsewhere].into_iter().enumerate() {
        let store = store.clone();
        waiting.push(tokio::spawn(async move { store.set_setting(&format!("{number}"), b"x").await }));
    }
    // Reading goes on beside an open import.
    assert_eq!(here.imports().await.unwrap(), []);
    assert_eq!(elsewhere.setting("0").await.unwrap(), None);
    drop(writer);
    for task in waiting {
        task.await.unwrap().unwrap();
    }
    assert_eq!(here.setting("3").await.unwrap().as_deref(), Some(b"x".as_slice()));
}

#[tokio::test]
async fn an_erased_sigma_is_nowhere_in_the_files() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sigma.db");
    let store = SqliteSigmas::open(&path).await.unwrap();
    let secret: [u8; 32] = *b"the secret of one certain client";
    let others: Vec<_> = (0..200_u8).map(|n| (Handle([n; 32]), Zeroizing::new([n; 32]))).collect();
    store.put_sigmas(&others).await.unwrap();
    store.put_sigmas(&[(Handle([250; 32]), Zeroizing::new(secret))]).await.unwrap();
    assert!(in_files(&path, &secret));
    assert!(store.delete_sigma(&Handle([250; 32])).await.unwrap());
    assert!(!in_files(&path, &secret));
    assert!(store.sigma(&Handle([199; 32])).await.unwrap().is_some());
}

/// Pages that are split and filled again carry copies of what moved: the erased ones must be gone from those too.
#[tokio::test]
async fn erased_sigmas_of_a_register_that_grew_in_any_order_are_nowhere_in_the_files() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sigma.db");
    let store = SqliteSigmas::open(&path).await.unwrap();
    let spread = |n: u32, salt: u8| {
        let digest = countersign_core::digest::parts("test", &[&[salt], &n.to_le_bytes()]);
        *digest.as_bytes()
    };
    let clients: Vec<_> = (0..3_000).map(|n| (Handle(spread(n, 0)), Zeroizing::new(spread(n, 1)))).collect();
    for chunk in clients.chunks(200) {
        store.put_sigmas(chunk).await.unwrap();
    }
    let (erased, kept): (Vec<_>, Vec<_>) = clients.iter().zip(0..).partition(|(_, n)| n % 300 == 7);
    assert_eq!(erased.len(), 10);
    for ((handle, sigma), n) in &erased {
        assert!(in_files(&path, sigma.as_slice()), "{n}");
        assert!(store.delete_sigma(handle).await.unwrap());
        assert!(!in_files(&path, sigma.as_slice()), "{n}");
    }
    for ((handle, sigma), n) in &kept {
        assert!(store.sigma(handle).await.unwrap().is_some_and(|found| *found == **sigma), "{n}");
    }
    // Many at once, so that pages become empty and are joined; then more is written over them; then a restart.
    let many: Vec<_> = clients.iter().zip(0..).filter(|(_, n)| n % 3 == 1).map(|(client, _)| client).collect();
    for (handle, _) in &many {
        store.delete_sigma(handle).await.unwrap();
    }
    let gone: HashSet<[u8; 32]> = many.iter().map(|(_, sigma)| **sigma).collect();
    assert_eq!(found_in_files(&path, &gone), 0);
    let new: Vec<_> = (3_000..3_400).map(|n| (Handle(spread(n, 0)), Zeroizing::new(spread(n, 1)))).collect();
    store.put_sigmas(&new).await.unwrap();
    assert_eq!(found_in_files(&path, &gone), 0);
    store.close().await;
    let store = SqliteSigmas::open(&path).await.unwrap();
    assert_eq!(found_in_files(&path, &gone), 0);
    assert!(store.sigma(&new[7].0).await.unwrap().is_some());
}

/// How many of these secrets stand in the files.
fn found_in_files(path: &Path, secrets: &HashSet<[u8; 32]>) -> usize {
    let files = [path.to_path_buf(), beside(path, "-wal"), beside(path, "-shm")];
    let files = files.iter().filter_map(|file| std::fs::read(file).ok());
    let found = files.flat_map(|bytes| {
        let windows = bytes.windows(32).filter_map(|window| <[u8; 32]>::try_from(window).ok());
        windows.filter(|window| secrets.contains(window)).collect::<Vec<_>>()
    });
    found.collect::<HashSet<_>>().len()
}

fn in_files(path: &Path, secret: &[u8]) -> bool {
    [path.to_path_buf(), beside(path, "-wal"), beside(path, "-shm")]
        .iter()
        .filter_map(|file| std::fs::read(file).ok())
        .any(|bytes| bytes.windows(secret.len()).any(|window| window == secret))
}

#[tokio::test]
async fn what_a_killed_program_left_is_written_again_as_it_is() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("custodian.db");
    let first = SqliteStore::open(&path).await.unwrap();
    // A reader keeps the write-ahead log from being moved into the file.
    let reading = first.file.read().await.unwrap();
    for number in 0..60 {
        first.set_setting(&format!("{number}"), &vec![number; 40_000]).await.unwrap();
    }
    drop(reading);
    let log = beside(&path, "-wal");
    let before = std::fs::read(&log).unwrap();
    assert!(before.len() > 1 << 20, "more than is copied at a time");
    let second = SqliteStore::open(&path).await.unwrap();
    assert!(std::fs::read(&log).unwrap() == before, "other bytes");
    for store in [&first, &second] {
        assert_eq!(store.setting("59").await.unwrap(), Some(vec![59; 40_000]));
        store.set_setting("60", b"x").await.unwrap();
    }
}

#[tokio::test]
async fn a_table_that_no_longer_checks_what_it_checked_is_found() {
    for (change, found) in [
        (
            "UPDATE sqlite_schema SET sql = replace(sql, 'BEFORE DELETE ON', 'AFTER DELETE ON') WHERE name = 'journal_outbox_undeleted'",
            "trigger journal_outbox_undeleted of journal_outbox",
        ),
        (
            "UPDATE sqlite_schema SET sql = replace(sql, 'length(hash) = 32', 'length(hash) < 99') WHERE name = 'journal_outbox'",
            "table journal_outbox of journal_outbox",
        ),
        (
            "DELETE FROM sqlite_schema WHERE name = 'journal_head_undeleted'",
            "trigger journal_head_undeleted of journal_head",
        ),
        (
            "CREATE TRIGGER strange AFTER INSERT ON journal_outbox BEGIN SELECT 1; END",
            "trigger strange of journal_outbox",
        ),
    ] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("custodian.db");
        let store = SqliteStore::open(&path).await.unwrap();
        let journal = SqliteJournal::open(&path).await.unwrap();
        assert_eq!(journal.check_storage().await.unwrap(), [""; 0]);
        journal.close().await;
        let mut writing = store.file.write().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA writable_schema = ON; {change}; PRAGMA writable_schema = RESET")))
            .execute(&mut *writing)
            .await
            .unwrap();
        writing.commit().await.unwrap();
        store.close().await;
        let journal = SqliteJournal::open(&path).await.unwrap();
        let said = journal.check_storage().await.unwrap();
        assert!(said.iter().any(|line| line.starts_with(&format!("the database file: {found}"))), "{change}: {said:?}");
        journal.close().await;
    }
}

#[tokio::test]
async fn keyed_tags_of_names_go_when_the_index_comes() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("custodian.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let mut open = store.file.write().await.unwrap();
    // As an earlier version left it: without the tables of the index, with tags of names.
    let tables =
        ["lookup_receipt", "case_lookup", "indexed_import", "enrolled", "enrolment", "posting", "record_origin"];
    for table in tables {
        sqlx::raw_sql(AssertSqlSafe(format!("DROP TABLE {table}"))).execute(&mut *open).await.unwrap();
    }
    let before = "DELETE FROM schema_version WHERE component = 'index'; CREATE TABLE lookup (tag BLOB NOT NULL, handle BLOB NOT NULL) STRICT";
    sqlx::raw_sql(before).execute(&mut *open).await.unwrap();
    open.commit().await.unwrap();
    store.close().await;
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(store.index_counts().await.unwrap(), crate::IndexCounts::default());
    let mut open = store.file.read().await.unwrap();
    let left =
        sqlx::query("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'lookup'").fetch_one(&mut *open).await.unwrap();
    assert_eq!(left.try_get::<i64, _>(0).unwrap(), 0);
}

/// A list of any length is read from its index in its order, never sorted.
#[tokio::test]
async fn cases_by_deadline_are_read_from_their_indices() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(&folder.path().join("custodian.db")).await.unwrap();
    for (statement, index) in [
        (sql::PLACES_BY_DEADLINE, "case_due"),
        (sql::PLACES_BY_DEADLINE_OF, "case_due_of"),
        (sql::PLACES_UNPLACED, "case_unplaced"),
    ] {
        let mut transaction = store.file.read().await.unwrap();
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")).into_sql_str();
        let rows = sqlx::query(explain).fetch_all(&mut *transaction).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get::<String, _>("detail")).collect();
        let plan = plan.join("; ");
        assert!(plan.contains(&format!("INDEX {index} ")) || plan.ends_with(&format!("INDEX {index}")), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
}

/// A file from before the list was kept gets it when it is opened.
#[tokio::test]
async fn cases_of_an_older_file_are_listed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("custodian.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let first = request(case(1), 0);
    store.append(AppendEvent::new(first.clone())).await.unwrap();
    store.append(AppendEvent::new(event(case(1), Some(&first), 5, Event::Closed))).await.unwrap();
    store.append(AppendEvent::new(request(case(2), 3))).await.unwrap();
    let listed = store.cases().await.unwrap();
    let mut transaction = store.file.write().await.unwrap();
    for statement in ["DROP TABLE case_place", "DELETE FROM schema_version WHERE component = 'listing'"] {
        sqlx::query(statement).execute(&mut *transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
    store.close().await;
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(store.cases().await.unwrap(), listed);
    assert_eq!(store.unplaced_cases(10).await.unwrap().len(), 2);
}
