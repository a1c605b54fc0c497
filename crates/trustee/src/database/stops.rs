//! What a person at the trustee did: stopped all answers, let it answer again, raised a hard stop. Another program may be at work in
//! the folder meanwhile: each of these raises the generation, so that an answer which has begun is not given by what was before.

use super::own_log::append;
use super::read::{failed, integer, number, parsed, text, time};
use super::write::{failed as unwritten, run};
use super::{Database, sql};
use crate::error::{Result, TrusteeError};
use countersign_core::time::Timestamp;
use countersign_verify::ledger::{CounterKey, Lift};
use countersign_verify::trustee_log::{Entry, Reason};
use sqlx::sqlite::SqliteRow;
use sqlx::{Sqlite, Transaction};

impl Database {
    /// Stops all answers.
    pub(crate) async fn pause(&self, reason: &Reason, now: Timestamp) -> Result<()> {
        let mut transaction = self.begin().await?;
        if let Some(since) = paused(&mut transaction).await? {
            return Err(TrusteeError::document("pause", format!("the trustee is paused since {since}")));
        }
        let add = sqlx::query(sql::PAUSE).bind(now.unix()).bind(reason.as_str().to_owned());
        run(&mut transaction, add).await?;
        self.acted(transaction, Entry::Pause { reason: reason.clone(), at: now }, now).await
    }

    /// Lets the trustee answer again.
    pub(crate) async fn resume(&self, reason: &Reason, now: Timestamp) -> Result<()> {
        let mut transaction = self.begin().await?;
        let resume = sqlx::query(sql::RESUME).bind(now.unix()).bind(reason.as_str().to_owned());
        if run(&mut transaction, resume).await? == 0 {
            return Err(TrusteeError::document("resume", "the trustee is not paused"));
        }
        self.acted(transaction, Entry::Resume { reason: reason.clone(), at: now }, now).await
    }

    /// Raises a hard stop.
    pub(crate) async fn lift(&self, lift: &Lift, reason: &Reason) -> Result<()> {
        let mut transaction = self.begin().await?;
        let (by, of) = lift.key().names();
        let add = sqlx::query(sql::ADD_LIFT)
            .bind(by)
            .bind(of)
            .bind(i64::from(lift.people()))
            .bind(lift.from().unix())
            .bind(lift.until().unix())
            .bind(reason.as_str().to_owned());
        run(&mut transaction, add).await?;
        let entry = Entry::Lift {
            key: lift.key().clone(),
            people: lift.people(),
            until: lift.until(),
            reason: reason.clone(),
            at: lift.from(),
        };
        self.acted(transaction, entry, lift.from()).await
    }

    async fn acted(&self, mut transaction: Transaction<'static, Sqlite>, entry: Entry, now: Timestamp) -> Result<()> {
        append(&mut transaction, &self.log, now, [entry]).await?;
        run(&mut transaction, sqlx::query(sql::ACTED)).await?;
        transaction.commit().await.map_err(unwritten)
    }
}

/// Since when all answers are stopped.
pub(super) async fn paused(transaction: &mut Transaction<'static, Sqlite>) -> Result<Option<Timestamp>> {
    let since: Option<i64> =
        sqlx::query_scalar(sql::PAUSED).fetch_optional(&mut **transaction).await.map_err(failed)?;
    since.map(time).transpose()
}

/// Every lift that was given.
pub(super) async fn lifts(transaction: &mut Transaction<'static, Sqlite>) -> Result<Vec<Lift>> {
    let rows = sqlx::query(sql::LIFTS).fetch_all(&mut **transaction).await.map_err(failed)?;
    let lift = |row: &SqliteRow| {
        let key = parsed("a lift", CounterKey::parse(text(row, 0)?, text(row, 1)?))?;
        let (from, until) = (time(integer(row, 3)?)?, time(integer(row, 4)?)?);
        parsed("a lift", Lift::new(key, number(row, 2)?, from, until))
    };
    rows.iter().map(lift).collect()
}
