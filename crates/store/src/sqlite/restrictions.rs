//! Restrictions and notices on SQLite.

use super::SqliteStore;
use super::outbox::{keep_documents, keep_leaves};
use super::rows::{blob, bytes, number, text, time, unavailable};
use crate::restrictions::{not_in_state, other_notice};
use crate::{
    LeafKey, NewRestriction, NoticeCounts, QueuedNotice, RestrictionCount, Restrictions, Result, Sent, StoreError, sql,
};
use async_trait::async_trait;
use countersign_core::id::{Digest, Salt};
use countersign_core::json::{Document, Exact};
use countersign_core::restriction::{Act, Notice, Record};
use countersign_core::time::Timestamp;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

const WHAT: &str = "a restriction";
const NOTICE: &str = "a notice";

#[async_trait]
impl Restrictions for SqliteStore {
    async fn append_restrictions(&self, events: Vec<NewRestriction>) -> Result<()> {
        let failed = |error| unavailable("keep restrictions", error);
        let mut transaction = self.file.write().await?;
        for event in events {
            let value = event.record.value();
            let last = head(&mut transaction, &value.account, &value.rule).await?;
            if !event.is_new(last.as_ref())? {
                continue;
            }
            keep_documents(&mut transaction, &event.documents).await?;
            keep_leaves(&mut transaction, std::slice::from_ref(&event.leaf)).await?;
            sqlx::query(sql::RESTRICTION_INSERT)
                .bind(value.account.as_str())
                .bind(value.rule.as_str())
                .bind(i64::from(value.number))
                .bind(event.record.digest().as_bytes().as_slice())
                .bind(value.act.as_str())
                .bind(value.pack.as_bytes().as_slice())
                .bind(value.plan.map(|plan| plan.as_bytes().to_vec()))
                .bind(event.leaf.key.as_slice())
                .bind(event.record.bytes())
                .execute(&mut *transaction)
                .await
                .map_err(|error| match error.as_database_error() {
                    Some(found) if found.is_unique_violation() => {
                        StoreError::conflict(event.leaf.what(), "belongs to another event")
                    }
                    _ => failed(error),
                })?;
            sqlx::query(sql::RESTRICTION_HEAD_SET)
                .bind(value.account.as_str())
                .bind(value.rule.as_str())
                .bind(value.act.as_str())
                .bind(event.record.bytes())
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
            if let Some(notice) = &event.notice
                && !queue(&mut transaction, notice, value.plan).await?
            {
                return Err(other_notice(&notice.value().id));
            }
        }
        transaction.commit().await.map_err(failed)
    }

    async fn restrictions_of(&self, account: &str) -> Result<Vec<Exact<Record>>> {
        let mut transaction = self.file.read().await?;
        let rows = sqlx::query(sql::RESTRICTIONS_OF).bind(account).fetch_all(&mut *transaction).await;
        records(rows)
    }

    async fn restriction_history(&self, account: &str, rule: &str) -> Result<Vec<Exact<Record>>> {
        let mut transaction = self.file.read().await?;
        let query = sqlx::query(sql::RESTRICTION_HISTORY).bind(account).bind(rule);
        records(query.fetch_all(&mut *transaction).await)
    }

    async fn restriction_heads(&self, after: Option<(String, String)>, limit: u32) -> Result<Vec<Exact<Record>>> {
        let mut transaction = self.file.read().await?;
        // No account is the empty text, which stands before all of them.
        let (account, rule) = after.unwrap_or_default();
        let query = sqlx::query(sql::RESTRICTION_HEADS).bind(account).bind(rule).bind(i64::from(limit));
        records(query.fetch_all(&mut *transaction).await)
    }

    async fn open_appeals(&self) -> Result<Vec<Exact<Record>>> {
        let mut transaction = self.file.read().await?;
        records(sqlx::query(sql::RESTRICTIONS_APPEALED).fetch_all(&mut *transaction).await)
    }

    async fn restrictions_by_plan(&self, plan: &Digest, act: Act) -> Result<u64> {
        let mut transaction = self.file.read().await?;
        let query = sqlx::query(sql::RESTRICTIONS_BY_PLAN).bind(plan.as_bytes().as_slice()).bind(act.as_str());
        let row = query.fetch_one(&mut *transaction).await.map_err(|error| unavailable("count restrictions", error))?;
        number(&row, 0, WHAT)
    }

    async fn restriction_counts(&self) -> Result<Vec<RestrictionCount>> {
        let mut transaction = self.file.read().await?;
        let rows = sqlx::query(sql::RESTRICTION_COUNTS).fetch_all(&mut *transaction).await;
        let rows = rows.map_err(|error| unavailable("count restrictions", error))?;
        let read = |row: &SqliteRow| {
            let act = Act::parse(&text(row, 2, WHAT)?).map_err(|error| StoreError::corrupt(WHAT, error))?;
            Ok(RestrictionCount {
                rule: text(row, 0, WHAT)?,
                pack: Digest(bytes(row, 1, WHAT)?),
                act,
                count: number(row, 3, WHAT)?,
            })
        };
        let mut counts = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        counts.sort_unstable();
        Ok(counts)
    }

    async fn restriction_leaves(&self, from: u64, limit: u32) -> Result<Vec<(LeafKey, Exact<Record>)>> {
        let from = i64::try_from(from).map_err(|error| StoreError::corrupt(WHAT, error))?;
        let mut transaction = self.file.read().await?;
        let query = sqlx::query(sql::RESTRICTION_LEAVES).bind(i64::from(limit)).bind(from);
        let rows = query.fetch_all(&mut *transaction).await.map_err(|error| unavailable("list restrictions", error))?;
        rows.iter().map(|row| Ok((bytes(row, 1, WHAT)?, exact(row, 0, WHAT)?))).collect()
    }

    async fn last_restriction_leaf(&self) -> Result<Option<LeafKey>> {
        let mut transaction = self.file.read().await?;
        let row = sqlx::query(sql::RESTRICTION_LAST_LEAF).fetch_optional(&mut *transaction).await;
        row.map_err(|error| unavailable("list restrictions", error))?.map(|row| bytes(&row, 0, WHAT)).transpose()
    }

    async fn queue_notices(&self, notices: Vec<Exact<Notice>>) -> Result<()> {
        let mut transaction = self.file.write().await?;
        for notice in &notices {
            queue(&mut transaction, notice, None).await?;
        }
        transaction.commit().await.map_err(|error| unavailable("queue notices", error))
    }

    async fn notices_due(&self, now: Timestamp, limit: u32) -> Result<Vec<QueuedNotice>> {
        let mut transaction = self.file.read().await?;
        let query = sqlx::query(sql::NOTICES_DUE).bind(now.unix()).bind(i64::from(limit));
        notices(query.fetch_all(&mut *transaction).await)
    }

    async fn next_notice(&self) -> Result<Option<Timestamp>> {
        let mut transaction = self.file.read().await?;
        let row = sqlx::query(sql::NOTICE_NEXT).fetch_optional(&mut *transaction).await;
        row.map_err(|error| unavailable("list notices", error))?.map(|row| time(&row, 0, NOTICE)).transpose()
    }

    async fn note_sent(&self, id: &Salt, sent: Sent, said: &str) -> Result<()> {
        let (state, due) = match sent {
            Sent::Again(due) => (0, due.unix()),
            Sent::Delivered => (1, 0),
            Sent::GivenUp => (2, 0),
        };
        let query =
            sqlx::query(sql::NOTICE_SENT).bind(id.as_bytes().as_slice()).bind(state).bind(due).bind(said.to_owned());
        self.change_notice(id, query).await
    }

    async fn dead_notices(&self) -> Result<Vec<QueuedNotice>> {
        let mut transaction = self.file.read().await?;
        notices(sqlx::query(sql::NOTICES_DEAD).fetch_all(&mut *transaction).await)
    }

    async fn revive_notice(&self, id: &Salt, due: Timestamp) -> Result<()> {
        let query = sqlx::query(sql::NOTICE_REVIVE).bind(id.as_bytes().as_slice()).bind(due.unix());
        self.change_notice(id, query).await
    }

    async fn notice_counts(&self, plan: Option<&Digest>) -> Result<NoticeCounts> {
        let failed = |error| unavailable("count notices", error);
        let mut transaction = self.file.read().await?;
        let rows = match plan {
            None => sqlx::query(sql::NOTICE_COUNTS).fetch_all(&mut *transaction).await,
            Some(plan) => {
                let query = sqlx::query(sql::NOTICE_COUNTS_OF_PLAN).bind(plan.as_bytes().as_slice());
                query.fetch_all(&mut *transaction).await
            }
        };
        let mut counts = NoticeCounts::default();
        for row in &rows.map_err(failed)? {
            let count = match number::<u8>(row, 0, NOTICE)? {
                0 => &mut counts.waiting,
                1 => &mut counts.delivered,
                _ => &mut counts.dead,
            };
            *count = number(row, 1, NOTICE)?;
        }
        Ok(counts)
    }

    async fn is_notice_open(&self, account: &str) -> Result<bool> {
        let mut transaction = self.file.read().await?;
        let row = sqlx::query(sql::NOTICE_OPEN).bind(account).fetch_optional(&mut *transaction).await;
        Ok(row.map_err(|error| unavailable("list notices", error))?.is_some())
    }
}

type Query = sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

impl SqliteStore {
    /// Changes one notice that is in the state the statement asks for.
    async fn change_notice(&self, id: &Salt, query: Query) -> Result<()> {
        let failed = |error| unavailable("note what came of a notice", error);
        let mut transaction = self.file.write().await?;
        let changed = query.execute(&mut *transaction).await.map_err(failed)?;
        if changed.rows_affected() != 1 {
            return Err(not_in_state(id));
        }
        transaction.commit().await.map_err(failed)
    }
}

async fn head(connection: &mut SqliteConnection, account: &str, rule: &str) -> Result<Option<Exact<Record>>> {
    let row = sqlx::query(sql::RESTRICTION_HEAD).bind(account).bind(rule).fetch_optional(connection).await;
    row.map_err(|error| unavailable("read a restriction", error))?.map(|row| exact(&row, 0, WHAT)).transpose()
}

/// Queues a notice; `false` when it is there already.
async fn queue(connection: &mut SqliteConnection, notice: &Exact<Notice>, plan: Option<Digest>) -> Result<bool> {
    let failed = |error| unavailable("queue a notice", error);
    let value = notice.value();
    let id = value.id.as_bytes().as_slice();
    let kept = sqlx::query(sql::NOTICE_BY_ID).bind(id).fetch_optional(&mut *connection).await.map_err(failed)?;
    if let Some(kept) = kept {
        return if blob(&kept, 0, NOTICE)? == notice.bytes() { Ok(false) } else { Err(other_notice(&value.id)) };
    }
    sqlx::query(sql::NOTICE_INSERT)
        .bind(id)
        .bind(value.account.as_str())
        .bind(notice.bytes())
        .bind(plan.map(|plan| plan.as_bytes().to_vec()))
        .bind(value.at.unix())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(true)
}

fn records(rows: sqlx::Result<Vec<SqliteRow>>) -> Result<Vec<Exact<Record>>> {
    let rows = rows.map_err(|error| unavailable("list restrictions", error))?;
    rows.iter().map(|row| exact(row, 0, WHAT)).collect()
}

fn notices(rows: sqlx::Result<Vec<SqliteRow>>) -> Result<Vec<QueuedNotice>> {
    let rows = rows.map_err(|error| unavailable("list notices", error))?;
    let read = |row: &SqliteRow| {
        Ok(QueuedNotice {
            notice: exact(row, 0, NOTICE)?,
            attempts: number(row, 1, NOTICE)?,
            said: text(row, 2, NOTICE)?,
        })
    };
    rows.iter().map(read).collect()
}

fn exact<T: Document>(row: &SqliteRow, column: usize, what: &'static str) -> Result<Exact<T>> {
    Exact::parse(&blob(row, column, what)?).map_err(|error| StoreError::corrupt(what, error))
}
