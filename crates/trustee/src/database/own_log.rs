//! The trustee's own log: entries are appended in the transaction of what they tell of.

use super::read::{failed, integer, number, parsed, text, time};
use super::write::{failed as unwritten, run};
use super::{Database, sql};
use crate::error::Result;
use crate::own_log::LogKeys;
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::time::{DAY, Timestamp};
use countersign_tlog::merkle::Frontier;
use countersign_verify::ledger::day;
use countersign_verify::trustee_log::{DayCounter, Entry, TrusteeDay, TrusteeDayV1, filled, hour_of};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, Sqlite, Transaction};

type Writing = Transaction<'static, Sqlite>;

/// Entries read at once.
const MOST_ENTRIES: i64 = 1_024;

/// Where the own log stands.
#[derive(Clone, PartialEq)]
struct State {
    frontier: Frontier,
    tick: u64,
    in_tick: u64,
    hour: Option<u64>,
    day: Option<i64>,
    filled: Frontier,
    checkpoint: Option<String>,
}

/// An entry with its disclosures.
pub(crate) struct KeptEntry {
    pub(crate) index: u64,
    pub(crate) leaf: Vec<u8>,
    pub(crate) disclosures: Vec<String>,
}

impl Database {
    /// Fills up the hour that is over, if one is, and signs the tree up to its end. `None` before the first hour is over.
    pub(crate) async fn fill_and_sign(&self, now: Timestamp) -> Result<Option<String>> {
        let mut transaction = self.begin().await?;
        let before = read(&mut transaction).await?;
        let mut state = before.clone();
        turn(&mut transaction, &self.log, &mut state, now).await?;
        if state.filled.size() > state.signed_size()? {
            state.checkpoint = Some(self.log.sign(&state.filled)?.to_string());
        }
        if state != before {
            write(&mut transaction, &state).await?;
            transaction.commit().await.map_err(unwritten)?;
        }
        Ok(state.checkpoint)
    }

    /// Number of entries, public or not.
    pub(crate) async fn own_size(&self) -> Result<u64> {
        let row = sqlx::query(sql::OWN_LOG).fetch_one(&self.pool).await.map_err(failed)?;
        Ok(state_of(&row)?.frontier.size())
    }

    /// Some entries from this index on; none at the end.
    pub(crate) async fn own_entries(&self, from: u64) -> Result<Vec<KeptEntry>> {
        let query = sqlx::query(sql::OWN_ENTRIES).bind(from as i64).bind(MOST_ENTRIES);
        let rows = query.fetch_all(&self.pool).await.map_err(failed)?;
        let entry = |row: &SqliteRow| {
            Ok(KeptEntry {
                index: number(row, 0)?,
                leaf: row.try_get(1).map_err(failed)?,
                disclosures: text(row, 2)?.split('\n').map(str::to_owned).collect(),
            })
        };
        rows.iter().map(entry).collect()
    }

    /// Every answer and refusal since there is an own log: the disclosure to look for, when it was given, and its bytes.
    pub(crate) async fn answers_to_audit(&self) -> Result<Vec<(String, Timestamp, Vec<u8>)>> {
        let rows = sqlx::query(sql::ANSWERS_TO_AUDIT).fetch_all(&self.pool).await.map_err(failed)?;
        let answer =
            |row: &SqliteRow| Ok((text(row, 0)?.to_owned(), time(integer(row, 1)?)?, row.try_get(2).map_err(failed)?));
        rows.iter().map(answer).collect()
    }

    /// Every day document, the first one first.
    pub(crate) async fn days(&self) -> Result<Vec<Exact<TrusteeDay>>> {
        let texts: Vec<String> = sqlx::query_scalar(sql::OWN_DAYS).fetch_all(&self.pool).await.map_err(failed)?;
        texts.iter().map(|text| parsed("a day", Exact::parse(text.as_bytes()))).collect()
    }
}

/// Appends entries to the own log within a transaction.
pub(super) async fn append(
    transaction: &mut Writing,
    keys: &LogKeys,
    now: Timestamp,
    entries: impl IntoIterator<Item = Entry>,
) -> Result<()> {
    let mut state = read(transaction).await?;
    turn(transaction, keys, &mut state, now).await?;
    for entry in entries {
        push(transaction, keys, &mut state, &entry).await?;
    }
    write(transaction, &state).await
}

async fn read(transaction: &mut Writing) -> Result<State> {
    let row = sqlx::query(sql::OWN_LOG).fetch_one(&mut **transaction).await.map_err(failed)?;
    state_of(&row)
}

fn state_of(row: &SqliteRow) -> Result<State> {
    let frontier = |column: usize| {
        let bytes: &[u8] = row.try_get(column).map_err(failed)?;
        parsed("the frontier of the own log", Frontier::from_bytes(bytes))
    };
    let hour: Option<i64> = row.try_get(3).map_err(failed)?;
    Ok(State {
        frontier: frontier(0)?,
        tick: number(row, 1)?,
        in_tick: number(row, 2)?,
        hour: hour.map(|hour| hour as u64),
        day: row.try_get(4).map_err(failed)?,
        filled: frontier(5)?,
        checkpoint: row.try_get(6).map_err(failed)?,
    })
}

impl State {
    fn signed_size(&self) -> Result<u64> {
        use countersign_tlog::checkpoint::SignedCheckpoint;
        let Some(text) = &self.checkpoint else { return Ok(0) };
        Ok(parsed("the checkpoint of the own log", SignedCheckpoint::parse(text.as_bytes()))?.checkpoint().size)
    }
}

async fn write(transaction: &mut Writing, state: &State) -> Result<()> {
    // INVARIANT: ticks, hours and counts of entries are far below 2^63.
    let update = sqlx::query(sql::SET_OWN_LOG)
        .bind(state.frontier.to_bytes())
        .bind(state.tick as i64)
        .bind(state.in_tick as i64)
        .bind(state.hour.map(|hour| hour as i64))
        .bind(state.day)
        .bind(state.filled.to_bytes())
        .bind(state.checkpoint.clone());
    run(transaction, update).await?;
    Ok(())
}

async fn push(transaction: &mut Writing, keys: &LogKeys, state: &mut State, entry: &Entry) -> Result<()> {
    let index = state.frontier.size();
    let composed = keys.compose(entry, index, state.tick)?;
    parsed("the own log", state.frontier.push_leaf(&composed.leaf))?;
    state.in_tick += 1;
    let add = sqlx::query(sql::ADD_OWN_ENTRY).bind(index as i64).bind(composed.leaf).bind(composed.disclosures);
    run(transaction, add).await?;
    Ok(())
}

/// Fills up the hour and closes the day that are over by the clock, whichever way it went.
async fn turn(transaction: &mut Writing, keys: &LogKeys, state: &mut State, now: Timestamp) -> Result<()> {
    let (hour, today) = (hour_of(now), day(now));
    if state.hour.is_some_and(|open| open != hour) {
        for _ in state.in_tick..filled(state.in_tick) {
            push(transaction, keys, state, &Entry::Dummy).await?;
        }
        state.filled = state.frontier.clone();
    }
    state.hour = Some(hour);
    // A clock that goes back must not make ticks go back: an hour is then filled up to the next size.
    if hour > state.tick {
        (state.tick, state.in_tick) = (hour, 0);
    }
    let over = state.day.replace(today).filter(|open| *open != today);
    if let Some(over) = over {
        let document = day_document(transaction, keys, over).await?;
        let entry = Entry::Day { day: document.value().day, document: document.digest() };
        run(transaction, sqlx::query(sql::ADD_OWN_DAY).bind(document.text().to_owned())).await?;
        push(transaction, keys, state, &entry).await?;
    }
    Ok(())
}

async fn day_document(transaction: &mut Writing, keys: &LogKeys, over: i64) -> Result<Exact<TrusteeDay>> {
    let begin = time(over.saturating_mul(DAY))?;
    let (from, to) = (begin.unix(), begin.unix().saturating_add(DAY));
    let mut counters = Vec::new();
    for row in sqlx::query(sql::DAY_COUNTERS).bind(over).fetch_all(&mut **transaction).await.map_err(failed)? {
        let (by, of) = (text(&row, 0)?.to_owned(), text(&row, 1)?.to_owned());
        counters.push(DayCounter { by, of, people: number(&row, 2)?, total: number(&row, 3)? });
    }
    let given =
        sqlx::query(sql::DAY_ANSWERS).bind(from).bind(to).fetch_one(&mut **transaction).await.map_err(failed)?;
    let mut document = TrusteeDay {
        v: TrusteeDayV1,
        trustee: keys.trustee,
        day: begin.date(),
        salt: Digest([0; 32]),
        answered: number(&given, 0)?,
        refused: number(&given, 1)?,
        incidents: number(&given, 2)?,
        counters,
    };
    let unsalted = parsed("a day", Exact::write(document.clone()))?;
    document.salt = keys.secret("day", &[unsalted.bytes()]);
    parsed("a day", Exact::write(document))
}

impl KeptEntry {
    /// What it says.
    pub(crate) fn open(&self) -> Result<Entry> {
        parsed("an entry of the own log", Entry::open(&self.leaf, &self.disclosures))
    }
}
