//! Where cases stand, on SQLite.

use super::SqliteStore;
use super::rows::{bytes, number, text, time, unavailable};
use crate::listing::unknown;
use crate::{CaseStanding, CaseSummary, Due, DuePlace, Listing, Result, StoreError, sql};
use async_trait::async_trait;
use countersign_core::id::{CaseId, PersonId};
use countersign_core::time::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

#[async_trait]
impl Listing for SqliteStore {
    async fn unplaced_cases(&self, limit: u32) -> Result<Vec<CaseSummary>> {
        let mut transaction = self.file.read().await?;
        let rows = sqlx::query(sql::PLACES_UNPLACED).bind(i64::from(limit)).fetch_all(&mut *transaction).await;
        rows.map_err(|error| unavailable("list cases", error))?.iter().map(summary).collect()
    }

    async fn place_cases(&self, standings: &[CaseStanding]) -> Result<()> {
        let mut transaction = self.file.write().await?;
        for standing in standings {
            let place = standing.place();
            let changed = sqlx::query(sql::PLACE_SET)
                .bind(standing.case.as_bytes().as_slice())
                .bind(i64::from(standing.through))
                .bind(standing.stage.as_str())
                .bind(i64::from(standing.open))
                .bind(standing.holder.as_str())
                .bind(place.at.unix())
                .bind(standing.due.as_ref().map(|due| due.clock.as_str()))
                .bind(i64::from(standing.due.as_ref().is_some_and(|due| due.paused)))
                .execute(&mut *transaction)
                .await
                .map_err(|error| unavailable("place a case", error))?;
            if changed.rows_affected() != 1 {
                return Err(unknown(standing));
            }
        }
        transaction.commit().await.map_err(|error| unavailable("place cases", error))
    }

    async fn displace_cases(&self) -> Result<()> {
        let mut transaction = self.file.write().await?;
        let done = sqlx::query(sql::PLACES_FORGET).execute(&mut *transaction).await;
        done.map_err(|error| unavailable("displace cases", error))?;
        transaction.commit().await.map_err(|error| unavailable("displace cases", error))
    }

    async fn cases_by_deadline(
        &self,
        holder: Option<&PersonId>,
        after: Option<DuePlace>,
        limit: u32,
    ) -> Result<Vec<CaseStanding>> {
        // Before every place: no time is earlier, and no case is less than sixteen zero bytes.
        let (at, case) = after.map_or((i64::MIN, CaseId([0; 16])), |after| (after.at.unix(), after.case));
        let mut transaction = self.file.read().await?;
        let query = match holder {
            None => sqlx::query(sql::PLACES_BY_DEADLINE),
            Some(_) => sqlx::query(sql::PLACES_BY_DEADLINE_OF),
        };
        let query = query.bind(at).bind(case.as_bytes().to_vec()).bind(i64::from(limit));
        let query = match holder {
            None => query,
            Some(holder) => query.bind(holder.as_str().to_owned()),
        };
        let rows = query.fetch_all(&mut *transaction).await;
        rows.map_err(|error| unavailable("list cases by deadline", error))?.iter().map(standing).collect()
    }
}

const WHAT: &str = "a case's place";

/// A case in the list of cases, from its columns id, last event, first time, last time.
pub(super) fn summary(row: &SqliteRow) -> Result<CaseSummary> {
    Ok(CaseSummary {
        case: CaseId(bytes(row, 0, WHAT)?),
        last: number(row, 1, WHAT)?,
        opened_at: time(row, 2, WHAT)?,
        last_at: time(row, 3, WHAT)?,
    })
}

fn standing(row: &SqliteRow) -> Result<CaseStanding> {
    let damaged = |error| StoreError::corrupt(WHAT, error);
    let at: Timestamp = time(row, 4, WHAT)?;
    let clock: Option<String> = row.try_get(5).map_err(damaged)?;
    let paused = number::<i64>(row, 6, WHAT)? != 0;
    Ok(CaseStanding {
        case: CaseId(bytes(row, 0, WHAT)?),
        through: number(row, 1, WHAT)?,
        stage: text(row, 2, WHAT)?,
        open: true,
        holder: PersonId::parse(&text(row, 3, WHAT)?).map_err(|error| StoreError::corrupt(WHAT, error))?,
        due: clock.map(|clock| Due { at, clock, paused }),
    })
}
