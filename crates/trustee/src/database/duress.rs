//! Letters of approvers, and cases that are pending. Both raise the generation, so that an answer which has begun is not given by what was
//! before.

use super::read::{digest, failed, integer, time};
use super::write::{failed as unwritten, run};
use super::{Database, sql};
use crate::error::Result;
use countersign_core::id::Digest;
use countersign_core::time::Timestamp;
use countersign_verify::duress::Pending;
use sqlx::{Sqlite, Transaction};
use std::collections::BTreeMap;

/// A case in which somebody called for help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The case, as its orders commit to it.
    pub case: Digest,
    /// Whether the pager has taken it.
    pub told: bool,
}

impl Database {
    /// Keeps a letter; whether there was none about these keys.
    pub(crate) async fn add_letter(&self, keys: &Digest, sealed: &[u8]) -> Result<bool> {
        let mut transaction = self.begin().await?;
        let add = sqlx::query(sql::ADD_LETTER).bind(keys.to_hex()).bind(sealed.to_vec());
        let added = run(&mut transaction, add).await? > 0;
        run(&mut transaction, sqlx::query(sql::ACTED)).await?;
        transaction.commit().await.map_err(unwritten)?;
        Ok(added)
    }

    /// Cases in which somebody called for help.
    pub(crate) async fn calls(&self) -> Result<Vec<Call>> {
        let rows = sqlx::query(sql::CALLS).bind(Timestamp::MAX.unix()).fetch_all(&self.pool).await.map_err(failed)?;
        rows.iter().map(|row| Ok(Call { case: digest(row, 0)?, told: integer(row, 1)? != 0 })).collect()
    }

    /// The pager has taken a call.
    pub(crate) async fn told(&self, case: &Digest) -> Result<()> {
        sqlx::query(sql::TOLD).bind(case.to_hex()).execute(&self.pool).await.map(drop).map_err(unwritten)
    }

    /// Ends it; whether the case was pending.
    pub(crate) async fn end_pending(&self, case: &Digest) -> Result<bool> {
        let mut transaction = self.begin().await?;
        let ended = run(&mut transaction, sqlx::query(sql::END_PENDING).bind(case.to_hex())).await? > 0;
        run(&mut transaction, sqlx::query(sql::ACTED)).await?;
        transaction.commit().await.map_err(unwritten)?;
        Ok(ended)
    }
}

/// One statement, whoever calls or does not.
pub(super) async fn set_pending(transaction: &mut Transaction<'static, Sqlite>, pending: &Pending) -> Result<()> {
    let set = sqlx::query(sql::SET_PENDING).bind(pending.case.to_hex()).bind(pending.until.unix());
    run(transaction, set).await.map(drop)
}

pub(super) async fn pending_cases(
    transaction: &mut Transaction<'static, Sqlite>,
) -> Result<BTreeMap<Digest, Timestamp>> {
    let rows = sqlx::query(sql::PENDING).fetch_all(&mut **transaction).await.map_err(failed)?;
    rows.iter().map(|row| Ok((digest(row, 0)?, time(integer(row, 1)?)?))).collect()
}

pub(super) async fn letters(transaction: &mut Transaction<'static, Sqlite>) -> Result<Vec<Vec<u8>>> {
    sqlx::query_scalar(sql::LETTERS).fetch_all(&mut **transaction).await.map_err(failed)
}
