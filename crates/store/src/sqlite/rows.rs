//! From rows to values: what a row holds is checked before anybody believes it.

use crate::{Result, StoreError};
use countersign_core::time::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// SQLite's result codes (https://sqlite.org/rescode.html) for a file whose content is damaged; the low byte of an extended code.
const DAMAGED: [u32; 2] = [11, 26];

/// The database did not do it: now, or never because its file is damaged.
pub(crate) fn unavailable(doing: &'static str, error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    match code.map(|code| code & 0xff) {
        Some(code) if DAMAGED.contains(&code) => StoreError::corrupt("the database file", error),
        _ => StoreError::Unavailable { doing, reason: error.to_string() },
    }
}

/// A column of raw bytes.
pub(crate) fn blob(row: &SqliteRow, column: usize, what: &'static str) -> Result<Vec<u8>> {
    row.try_get(column).map_err(|error| StoreError::corrupt(what, error))
}

/// A column of exactly `N` bytes.
pub(crate) fn bytes<const N: usize>(row: &SqliteRow, column: usize, what: &'static str) -> Result<[u8; N]> {
    let found: &[u8] = row.try_get(column).map_err(|error| StoreError::corrupt(what, error))?;
    found.try_into().map_err(|_| StoreError::corrupt(what, format!("{} bytes in place of {N}", found.len())))
}

/// A column of text.
pub(crate) fn text(row: &SqliteRow, column: usize, what: &'static str) -> Result<String> {
    row.try_get(column).map_err(|error| StoreError::corrupt(what, error))
}

/// A column of a whole number in the range of `T`.
pub(crate) fn number<T: TryFrom<i64>>(row: &SqliteRow, column: usize, what: &'static str) -> Result<T> {
    let found: i64 = row.try_get(column).map_err(|error| StoreError::corrupt(what, error))?;
    T::try_from(found).map_err(|_| StoreError::corrupt(what, format!("{found} is out of range")))
}

/// A column of time.
pub(crate) fn time(row: &SqliteRow, column: usize, what: &'static str) -> Result<Timestamp> {
    let found: i64 = number(row, column, what)?;
    Timestamp::from_unix(found).ok_or_else(|| StoreError::corrupt(what, format!("{found} is no time")))
}

/// A whole number as the database keeps it.
pub(crate) fn kept<T: TryInto<i64> + Copy + std::fmt::Display>(value: T, what: &'static str) -> Result<i64> {
    value.try_into().map_err(|_| StoreError::refused(format!("{what} {value}"), "is larger than the store can keep"))
}
