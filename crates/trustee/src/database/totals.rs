//! What belongs to daily totals.

use super::own_log::append;
use super::read::{digest, failed, integer, number, parsed, time};
use super::write::{advance_by_one, failed as unwritten, run};
use super::{Database, sql};
use crate::error::Result;
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_core::totals::DailyTotals;
use countersign_tlog::merkle::Frontier;
use countersign_verify::totals::{CountedOrder, Held, OpenedFields, Stretch, WrongLeaf};
use countersign_verify::trustee_log::Entry;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, Sqlite, Transaction};

/// A stretch of the journal whose disclosures were checked.
pub(crate) struct NewStretch<'s> {
    /// The tree up to its end.
    pub(crate) held: &'s Frontier,
    /// Every disclosure of its sealed leaves.
    pub(crate) disclosed: &'s Held,
    pub(crate) stretch: &'s Stretch,
}

/// Totals that are about to be signed for others to see.
pub(crate) struct NewTotals<'t> {
    pub(crate) totals: &'t Exact<DailyTotals>,
    /// The signed answer.
    pub(crate) answer: &'t [u8],
    /// When.
    pub(crate) given: Timestamp,
    /// The latest time this trustee has acted at.
    pub(crate) latest: Timestamp,
}

type Writing = Transaction<'static, Sqlite>;

impl Database {
    /// The tree of the leaves whose disclosures are held.
    pub(crate) async fn held(&self) -> Result<Frontier> {
        let held: Vec<u8> = sqlx::query_scalar(sql::HELD).fetch_one(&self.pool).await.map_err(failed)?;
        parsed("the frontier of disclosures", Frontier::from_bytes(&held))
    }

    /// Every order that the disclosures held tell of, by index of its leaf.
    pub(crate) async fn orders(&self) -> Result<Vec<CountedOrder>> {
        let rows = sqlx::query(sql::ORDERS).fetch_all(&self.pool).await.map_err(failed)?;
        let order = |row: &SqliteRow| {
            let opened: Option<i64> = row.try_get(5).map_err(failed)?;
            Ok(CountedOrder {
                index: number(row, 0)?,
                order: digest(row, 1)?,
                people: number(row, 2)?,
                cells: number(row, 3)?,
                until: time(integer(row, 4)?)?,
                opened: opened.map(|index| index as u64),
            })
        };
        rows.iter().map(order).collect()
    }

    /// Every order answered, with the size of the journal that was folded then.
    pub(crate) async fn answered(&self) -> Result<Vec<(Digest, u64)>> {
        let rows = sqlx::query(sql::ANSWERED_ORDERS).fetch_all(&self.pool).await.map_err(failed)?;
        rows.iter().map(|row| Ok((digest(row, 0)?, number(row, 1)?))).collect()
    }

    /// Text and answer of the totals signed under a number.
    pub(crate) async fn totals(&self, number: u32) -> Result<Option<(String, Vec<u8>)>> {
        let row = sqlx::query(sql::TOTALS).bind(i64::from(number)).fetch_optional(&self.pool).await.map_err(failed)?;
        row.map(|row| Ok((row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?))).transpose()
    }

    /// The last totals signed.
    pub(crate) async fn last_totals(&self) -> Result<Option<Exact<DailyTotals>>> {
        let last: Option<String> =
            sqlx::query_scalar(sql::TOTALS_LAST).fetch_optional(&self.pool).await.map_err(failed)?;
        last.map(|text| parsed("totals", Exact::parse(text.as_bytes()))).transpose()
    }

    /// Every totals document signed, the first one first.
    pub(crate) async fn signed_totals(&self) -> Result<Vec<Exact<DailyTotals>>> {
        let texts: Vec<String> = sqlx::query_scalar(sql::TOTALS_SIGNED).fetch_all(&self.pool).await.map_err(failed)?;
        texts.iter().map(|text| parsed("totals", Exact::parse(text.as_bytes()))).collect()
    }

    /// Keeps a stretch and returns the new generation; nothing of it when an order stands in the journal twice or an opening
    /// publishes what is no field of its leaf.
    pub(crate) async fn hold(
        &self,
        generation: i64,
        new: &NewStretch<'_>,
    ) -> Result<std::result::Result<i64, WrongLeaf>> {
        let mut transaction = self.begin().await?;
        let hold = sqlx::query(sql::HOLD).bind(new.held.to_bytes()).bind(generation);
        advance_by_one(&mut transaction, hold).await?;
        for (index, list) in new.disclosed {
            let add = sqlx::query(sql::ADD_DISCLOSED).bind(*index as i64).bind(list.join("\n"));
            run(&mut transaction, add).await?;
        }
        for order in &new.stretch.orders {
            if let Some(wrong) = add_order(&mut transaction, order).await? {
                return Ok(Err(wrong));
            }
        }
        for opened in &new.stretch.opened {
            if let Some(wrong) = add_opened(&mut transaction, opened).await? {
                return Ok(Err(wrong));
            }
        }
        transaction.commit().await.map_err(unwritten)?;
        Ok(Ok(generation + 1))
    }

    /// Keeps totals with the answer that signs them; returns the new generation.
    pub(crate) async fn sign_totals(&self, generation: i64, new: &NewTotals<'_>) -> Result<i64> {
        let mut transaction = self.begin().await?;
        let advance = sqlx::query(sql::ANSWERED).bind(new.latest.unix()).bind(generation);
        advance_by_one(&mut transaction, advance).await?;
        let add = sqlx::query(sql::ADD_TOTALS)
            .bind(i64::from(new.totals.value().number))
            .bind(new.totals.text().to_owned())
            .bind(new.answer.to_vec());
        run(&mut transaction, add).await?;
        let (number, totals) = (new.totals.value().number, new.totals.digest());
        append(&mut transaction, &self.log, new.given, [Entry::Totals { number, totals, at: new.given }]).await?;
        transaction.commit().await.map_err(unwritten)?;
        Ok(generation + 1)
    }
}

async fn add_order(transaction: &mut Writing, order: &CountedOrder) -> Result<Option<WrongLeaf>> {
    let digest = order.order.to_hex();
    let known: Option<i64> = sqlx::query_scalar(sql::ORDER_AT)
        .bind(digest.clone())
        .fetch_optional(&mut **transaction)
        .await
        .map_err(failed)?;
    if let Some(leaf) = known {
        let reason = format!("the order {digest} stands in leaf {leaf} already");
        return Ok(Some(WrongLeaf { index: order.index, reason }));
    }
    // INVARIANT: a disclosure holds integers up to 2^53 - 1 and there are fewer than 512 classes, so both fit.
    let add = sqlx::query(sql::ADD_ORDER)
        .bind(order.index as i64)
        .bind(digest)
        .bind(order.people as i64)
        .bind(order.cells as i64)
        .bind(order.until.unix());
    run(transaction, add).await?;
    Ok(None)
}

async fn add_opened(transaction: &mut Writing, opened: &OpenedFields) -> Result<Option<WrongLeaf>> {
    let leaf = opened.leaf as i64;
    let list: Option<String> =
        sqlx::query_scalar(sql::DISCLOSED).bind(leaf).fetch_optional(&mut **transaction).await.map_err(failed)?;
    // An opening of what is no sealed leaf opens nothing.
    let Some(list) = list else { return Ok(None) };
    let fields: Vec<&str> = list.split('\n').collect();
    for text in &opened.disclosures {
        if !fields.contains(&text.as_str()) {
            let reason = format!("leaf {} publishes what is no field of this leaf", opened.opening);
            return Ok(Some(WrongLeaf { index: opened.leaf, reason }));
        }
        run(transaction, sqlx::query(sql::ADD_OPENED).bind(leaf).bind(text.clone())).await?;
    }
    let count: i64 =
        sqlx::query_scalar(sql::FIELDS_OPENED).bind(leaf).fetch_one(&mut **transaction).await.map_err(failed)?;
    if usize::try_from(count) == Ok(fields.len()) {
        run(transaction, sqlx::query(sql::ORDER_OPENED).bind(opened.opening as i64).bind(leaf)).await?;
    }
    Ok(None)
}
