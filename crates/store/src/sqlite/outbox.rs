//! What every use case may bring: documents, leaves and their disclosures, in the caller's transaction.

use super::rows::{blob, bytes, text, unavailable};
use crate::journal::enqueue;
use crate::{Disclosures, LeafKey, NewLeaf, Result, StoreError, StoredDocument, sql};
use countersign_core::id::Digest;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

/// Keeps documents. A document that is there with the same bytes stays as it is.
pub(super) async fn keep_documents(connection: &mut SqliteConnection, documents: &[StoredDocument]) -> Result<()> {
    for document in documents {
        match find_document(connection, &document.digest).await? {
            Some(kept) if kept.bytes == document.bytes => {}
            Some(_) => {
                return Err(StoreError::conflict(
                    format!("document {}", document.digest),
                    "is there with other bytes under the same digest",
                ));
            }
            None => {
                sqlx::query(sql::DOCUMENT_INSERT)
                    .bind(document.digest.as_bytes().as_slice())
                    .bind(document.kind.as_str())
                    .bind(document.bytes.as_slice())
                    .execute(&mut *connection)
                    .await
                    .map_err(|error| unavailable("keep a document", error))?;
            }
        }
    }
    Ok(())
}

/// One document.
pub(super) async fn find_document(
    connection: &mut SqliteConnection,
    digest: &Digest,
) -> Result<Option<StoredDocument>> {
    let row = sqlx::query(sql::DOCUMENT_BY_DIGEST)
        .bind(digest.as_bytes().as_slice())
        .fetch_optional(connection)
        .await
        .map_err(|error| unavailable("read a document", error))?;
    row.map(|row| {
        Ok(StoredDocument { digest: *digest, kind: text(&row, 0, "a document")?, bytes: blob(&row, 1, "a document")? })
    })
    .transpose()
}

/// Hands leaves to the journal and keeps their disclosures.
pub(super) async fn keep_leaves(connection: &mut SqliteConnection, leaves: &[NewLeaf]) -> Result<()> {
    for leaf in leaves {
        leaf.check()?;
        enqueue(connection, leaf).await?;
        if leaf.disclosures.is_empty() {
            continue;
        }
        match find_disclosures(connection, &leaf.key).await? {
            Some(kept) if kept.kind == leaf.kind && kept.list == leaf.disclosures => {}
            Some(_) => return Err(StoreError::conflict(leaf.what(), "is there with other disclosures")),
            None => {
                sqlx::query(sql::DISCLOSURE_INSERT)
                    .bind(leaf.key.as_slice())
                    .bind(leaf.kind.as_str())
                    .bind(leaf.disclosures.join("\n"))
                    .execute(&mut *connection)
                    .await
                    .map_err(|error| unavailable("keep a leaf's disclosures", error))?;
            }
        }
    }
    Ok(())
}

/// The disclosures of one leaf.
pub(super) async fn find_disclosures(connection: &mut SqliteConnection, key: &LeafKey) -> Result<Option<Disclosures>> {
    let row = sqlx::query(sql::DISCLOSURE_BY_KEY)
        .bind(key.as_slice())
        .fetch_optional(connection)
        .await
        .map_err(|error| unavailable("read a leaf's disclosures", error))?;
    row.map(|row| {
        let list = text(&row, 1, "a disclosure")?;
        Ok(Disclosures { key: *key, kind: text(&row, 0, "a disclosure")?, list: lines(&list) })
    })
    .transpose()
}

/// The disclosures of leaves by ascending key.
pub(super) async fn page_of_disclosures(
    connection: &mut SqliteConnection,
    after: Option<LeafKey>,
    limit: u32,
) -> Result<Vec<Disclosures>> {
    let read = |row: &SqliteRow| {
        let list = text(row, 2, "a disclosure")?;
        Ok(Disclosures { key: bytes(row, 0, "a disclosure")?, kind: text(row, 1, "a disclosure")?, list: lines(&list) })
    };
    sqlx::query(sql::DISCLOSURES_PAGE)
        // No key is the empty string, which stands before all of them.
        .bind(after.map_or_else(Vec::new, |key| key.to_vec()))
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await
        .map_err(|error| unavailable("read disclosures", error))?
        .iter()
        .map(read)
        .collect()
}

fn lines(list: &str) -> Vec<String> {
    list.split('\n').map(str::to_owned).collect()
}
