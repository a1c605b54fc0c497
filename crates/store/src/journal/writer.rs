//! The one writer of the journal: calls that come while a transaction is under way share the next one, and with it one sync of the
//! disk. A call that is refused leaves nothing of itself in the transaction and does not disturb the others.
//!
//! While it goes on, another connection copies what the write-ahead log holds into the file, so that few commits have to.

use super::sqlite::{enqueue, kept, number};
use super::{Head, check, moved_on, statements};
use crate::sqlite::rows::unavailable;
use crate::{NewLeaf, Result, StoreError};
use countersign_tlog::leaf_hash;
use sqlx::{Acquire as _, Sqlite, SqliteConnection, SqlitePool, Transaction};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Bytes of leaves after which no further call joins a transaction. A single call may bring more.
const MOST_TOGETHER: usize = 8 * 1_024 * 1_024;

/// Bytes of leaves after which the write-ahead log is copied into the file.
const COPY_AFTER: usize = 4 * 1_024 * 1_024;

/// Hands calls to the task that writes. The task ends with the last clone.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    calls: mpsc::UnboundedSender<Call>,
}

#[derive(Debug)]
struct Call {
    work: Work,
    done: oneshot::Sender<Result<()>>,
}

#[derive(Debug)]
enum Work {
    Accept(Vec<Row>),
    Advance { from: Head, next: Head },
}

/// A leaf that may be accepted, with its leaf hash.
#[derive(Debug)]
struct Row {
    leaf: NewLeaf,
    hash: [u8; 32],
}

impl Writer {
    /// Writes through `connections`, of which there must be one, and copies through `copiers`.
    pub(super) fn new(connections: SqlitePool, copiers: SqlitePool) -> Self {
        let (calls, coming) = mpsc::unbounded_channel();
        tokio::spawn(work(connections, copiers, coming));
        Self { calls }
    }

    /// As [`Journal::enqueue`](super::Journal::enqueue). A call that is given up before its answer may happen all the same.
    pub(super) async fn accept(&self, leaves: &[NewLeaf]) -> Result<()> {
        leaves.iter().try_for_each(check)?;
        let row = |leaf: &NewLeaf| {
            // Disclosures and kind stay behind.
            let stored =
                NewLeaf { key: leaf.key, kind: String::new(), leaf: leaf.leaf.clone(), disclosures: Vec::new() };
            Row { hash: leaf_hash(&stored.leaf).0, leaf: stored }
        };
        self.call(Work::Accept(leaves.iter().map(row).collect())).await
    }

    /// As [`Journal::advance`](super::Journal::advance), for a step that keeps its rules.
    pub(super) async fn advance(&self, from: Head, next: Head) -> Result<()> {
        self.call(Work::Advance { from, next }).await
    }

    async fn call(&self, work: Work) -> Result<()> {
        let (done, answer) = oneshot::channel();
        let gone =
            || StoreError::Unavailable { doing: "write to the journal", reason: "its writer is gone".to_owned() };
        self.calls.send(Call { work, done }).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

async fn work(connections: SqlitePool, copiers: SqlitePool, mut coming: mpsc::UnboundedReceiver<Call>) {
    let (mut written, mut copying) = (0, None::<JoinHandle<()>>);
    while let Some(first) = coming.recv().await {
        let mut bytes = first.work.bytes();
        let mut together = vec![first];
        while bytes < MOST_TOGETHER
            && let Ok(next) = coming.try_recv()
        {
            bytes += next.work.bytes();
            together.push(next);
        }
        let (works, waiting): (Vec<_>, Vec<_>) = together.into_iter().map(|call| (call.work, call.done)).unzip();
        // Whoever asked may have gone; what was written stays.
        match write(&connections, &works).await {
            Ok(answers) => waiting.into_iter().zip(answers).for_each(|(waiting, answer)| drop(waiting.send(answer))),
            Err(error) => waiting.into_iter().for_each(|waiting| drop(waiting.send(Err(error.clone())))),
        }
        written += bytes;
        if written >= COPY_AFTER && copying.as_ref().is_none_or(JoinHandle::is_finished) {
            written = 0;
            copying = Some(tokio::spawn(copy(copiers.clone())));
        }
    }
}

/// Copies what no reader needs in the write-ahead log any more. It waits for nobody and nobody waits for it; what it does not do, a
/// commit does, and tells whether it failed.
async fn copy(copiers: SqlitePool) {
    let _ = sqlx::query(statements::COPY).fetch_one(&copiers).await;
}

/// One transaction for all of them. An error is one of the store, and nothing was written.
async fn write(connections: &SqlitePool, works: &[Work]) -> Result<Vec<Result<()>>> {
    let failed = |error| unavailable("write to the journal", error);
    let mut transaction = connections.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    let count = sqlx::query(statements::OUTBOX_COUNT).fetch_one(&mut *transaction).await.map_err(failed)?;
    let count = number(&count, 0)?;
    let all: Vec<&Row> = works.iter().flat_map(Work::rows).collect();
    let together = accept_new(&mut transaction, count, &all).await?;
    let mut answers = Vec::with_capacity(works.len());
    for work in works {
        answers.push(match work {
            Work::Accept(_) if together => Ok(()),
            Work::Accept(rows) => accept_alone(&mut transaction, rows).await?,
            Work::Advance { from, next } => advance(&mut transaction, count, from, next).await?,
        });
    }
    transaction.commit().await.map_err(failed)?;
    Ok(answers)
}

impl Work {
    fn rows(&self) -> &[Row] {
        match self {
            Work::Accept(rows) => rows,
            Work::Advance { .. } => &[],
        }
    }

    fn bytes(&self) -> usize {
        // With key, hash and what a row takes beside them.
        self.rows().iter().map(|row| row.leaf.leaf.len() + 128).sum()
    }
}

/// Accepts leaves by few statements; `false`, and nothing of them, if a key comes twice or is known.
async fn accept_new(transaction: &mut Transaction<'_, Sqlite>, next: u64, rows: &[&Row]) -> Result<bool> {
    if rows.is_empty() {
        return Ok(true);
    }
    let failed = |error| unavailable("accept leaves", error);
    let mut part = transaction.begin().await.map_err(failed)?;
    let (mut next, mut rest) = (next, rows);
    while let Some((size, text)) = statements::OUTBOX_INSERT_MANY.iter().find(|(size, _)| *size <= rest.len()) {
        let (rows, others) = rest.split_at(*size);
        let mut insert = sqlx::query(text.as_str());
        for (index, row) in (next..).zip(rows) {
            insert = insert
                .bind(kept(index)?)
                .bind(row.leaf.key.as_slice())
                .bind(row.hash.as_slice())
                .bind(row.leaf.leaf.as_slice());
        }
        match insert.execute(&mut *part).await {
            Ok(_) => {}
            Err(error) if error.as_database_error().is_some_and(|error| error.is_unique_violation()) => {
                part.rollback().await.map_err(failed)?;
                return Ok(false);
            }
            Err(error) => return Err(failed(error)),
        }
        next += *size as u64;
        rest = others;
    }
    part.commit().await.map_err(failed)?;
    Ok(true)
}

/// Accepts the leaves of one call, all or none, one by one.
async fn accept_alone(transaction: &mut Transaction<'_, Sqlite>, rows: &[Row]) -> Result<Result<()>> {
    let failed = |error| unavailable("accept leaves", error);
    let mut part = transaction.begin().await.map_err(failed)?;
    for row in rows {
        match enqueue(&mut part, &row.leaf).await {
            Ok(()) => {}
            Err(error @ (StoreError::Conflict { .. } | StoreError::Refused { .. })) => {
                part.rollback().await.map_err(failed)?;
                return Ok(Err(error));
            }
            // After an error of the database the transaction may be gone; nothing more may be written in it.
            Err(error) => return Err(error),
        }
    }
    part.commit().await.map_err(failed)?;
    Ok(Ok(()))
}

async fn advance(connection: &mut SqliteConnection, count: u64, from: &Head, next: &Head) -> Result<Result<()>> {
    if next.size > count {
        return Ok(Err(StoreError::refused("the next head of the journal", "covers leaves that are not there")));
    }
    let done = sqlx::query(statements::HEAD_SWAP)
        .bind(kept(next.size)?)
        .bind(next.frontier.as_slice())
        .bind(next.checkpoint.as_slice())
        .bind(kept(from.size)?)
        .bind(from.frontier.as_slice())
        .bind(from.checkpoint.as_slice())
        .bind(from.origin.as_str())
        .execute(connection)
        .await
        .map_err(|error| unavailable("move the journal's head", error))?;
    Ok(if done.rows_affected() == 1 { Ok(()) } else { Err(moved_on()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::conformance::leaf;
    use crate::journal::{Journal as _, SqliteJournal};
    use crate::sqlite::SqliteStore;
    use tempfile::TempDir;

    async fn fresh() -> (SqliteJournal, TempDir) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("custodian.db");
        SqliteStore::open(&path).await.unwrap().close().await;
        (SqliteJournal::open(&path).await.unwrap(), folder)
    }

    fn accept(leaves: &[NewLeaf]) -> Work {
        let row = |leaf: &NewLeaf| Row { hash: leaf_hash(&leaf.leaf).0, leaf: leaf.clone() };
        Work::Accept(leaves.iter().map(row).collect())
    }

    fn head(size: u64) -> Head {
        Head { origin: "log.example/xa".to_owned(), size, frontier: vec![1], checkpoint: vec![2] }
    }

    async fn kept_leaves(journal: &SqliteJournal) -> Vec<Vec<u8>> {
        journal.entries(0, 100).await.unwrap().into_iter().map(|entry| entry.leaf).collect()
    }

    #[tokio::test]
    async fn a_refused_call_does_not_disturb_those_beside_it() {
        let (journal, _folder) = fresh().await;
        journal.create(head(0)).await.unwrap();
        journal.enqueue(&[leaf(1)]).await.unwrap();
        let other = |number| NewLeaf { leaf: b"other".to_vec(), ..leaf(number) };
        let works = [
            accept(&[leaf(2), leaf(3)]),
            accept(&[leaf(4), other(1)]),
            Work::Advance { from: head(0), next: head(1) },
            accept(&[leaf(3), leaf(5), leaf(5)]),
            Work::Advance { from: head(0), next: head(1) },
            Work::Advance { from: head(1), next: head(9) },
            accept(&[leaf(4)]),
            accept(&[other(2)]),
            accept(&[]),
        ];
        let answers = write(journal.writers(), &works).await.unwrap();
        let told: Vec<_> = answers
            .into_iter()
            .map(|answer| match answer {
                Ok(()) => "ok",
                Err(StoreError::Conflict { .. }) => "conflict",
                Err(StoreError::Refused { .. }) => "refused",
                Err(_) => "else",
            })
            .collect();
        assert_eq!(told, ["ok", "conflict", "ok", "ok", "conflict", "refused", "ok", "conflict", "ok"]);
        assert_eq!(kept_leaves(&journal).await, [1, 2, 3, 5, 4].map(|number| leaf(number).leaf));
        assert_eq!(journal.head().await.unwrap(), Some(head(1)));
    }

    #[tokio::test]
    async fn an_error_of_the_database_leaves_nothing_of_any_call() {
        // What a full disk does: the database ends the whole transaction by itself.
        for way in ["ABORT", "FAIL", "ROLLBACK"] {
            let (journal, _folder) = fresh().await;
            journal.create(head(0)).await.unwrap();
            let trigger = format!(
                "CREATE TRIGGER full BEFORE INSERT ON journal_outbox WHEN NEW.idx = 3 BEGIN SELECT RAISE({way}, 'full'); END"
            );
            sqlx::raw_sql(sqlx::AssertSqlSafe(trigger)).execute(journal.writers()).await.unwrap();
            for beside in [leaf(9), leaf(1)] {
                let works = [
                    accept(&[leaf(1)]),
                    Work::Advance { from: head(0), next: head(0) },
                    accept(&[beside, leaf(2), leaf(3), leaf(4)]),
                ];
                assert!(matches!(write(journal.writers(), &works).await, Err(StoreError::Unavailable { .. })), "{way}");
                assert_eq!(kept_leaves(&journal).await, Vec::<Vec<u8>>::new(), "{way}");
            }
            journal.enqueue(&[leaf(1), leaf(2)]).await.unwrap();
            assert_eq!(kept_leaves(&journal).await.len(), 2);
        }
    }

    #[tokio::test]
    async fn calls_of_many_tasks_are_all_answered() {
        let (journal, _folder) = fresh().await;
        let tasks: Vec<_> = (0..50)
            .map(|task| {
                let journal = journal.clone();
                // Every leaf comes twice, from two tasks.
                tokio::spawn(async move { journal.enqueue(&[leaf(task / 2), leaf(1_000 + task)]).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(kept_leaves(&journal).await.len(), 75);
        journal.close().await;
        assert!(matches!(journal.enqueue(&[leaf(1)]).await, Err(StoreError::Unavailable { .. })));
    }

    #[tokio::test]
    async fn what_the_write_ahead_log_holds_is_copied_beside_the_commits() {
        let (journal, folder) = fresh().await;
        for number in 0..80 {
            journal.enqueue(&[NewLeaf { leaf: vec![7; 60_000], ..leaf(number) }]).await.unwrap();
        }
        let file = folder.path().join("custodian.db");
        // Less than what a commit would copy by itself.
        let size = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().len();
        assert!(size("custodian.db-wal") < 10_000_000);
        for _ in 0..1_000 {
            if std::fs::metadata(&file).unwrap().len() > 4_000_000 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("nothing was copied");
    }
}
