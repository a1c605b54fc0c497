//! Questions of the desk on SQLite.

use super::SqliteStore;
use super::outbox::{keep_documents, keep_leaves};
use super::rows::{bytes, number, unavailable};
use crate::queries::answered_already;
use crate::{KeptQuery, NewQuery, Queries, Result, sql};
use async_trait::async_trait;
use countersign_core::id::Digest;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use std::collections::BTreeSet;

const WHAT: &str = "a question";

#[async_trait]
impl Queries for SqliteStore {
    async fn keep_query(&self, query: NewQuery) -> Result<()> {
        query.check()?;
        let failed = |error| unavailable("keep a question", error);
        let mut transaction = self.file.write().await?;
        match find(&mut transaction, &query.order, &query.question).await? {
            Some(kept) if kept.document == query.document && kept.leaf == query.leaf.key => {
                keep_leaves(&mut transaction, std::slice::from_ref(&query.leaf)).await?;
                return keep_documents(&mut transaction, &query.documents).await;
            }
            Some(_) => return Err(answered_already(&query.question)),
            None => {}
        }
        keep_documents(&mut transaction, &query.documents).await?;
        keep_leaves(&mut transaction, std::slice::from_ref(&query.leaf)).await?;
        let row = sqlx::query(sql::QUERY_INSERT)
            .bind(query.document.as_bytes().as_slice())
            .bind(query.matter.as_bytes().as_slice())
            .bind(query.order.as_bytes().as_slice())
            .bind(query.question.as_bytes().as_slice())
            .bind(query.leaf.key.as_slice())
            .fetch_one(&mut *transaction)
            .await
            .map_err(failed)?;
        let kept: i64 = number(&row, 0, WHAT)?;
        for root in query.roots.iter().collect::<BTreeSet<_>>() {
            let insert = sqlx::query(sql::QUERY_ROOT_INSERT).bind(root.as_bytes().as_slice()).bind(kept);
            insert.execute(&mut *transaction).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn query(&self, order: &Digest, question: &Digest) -> Result<Option<KeptQuery>> {
        let mut transaction = self.file.read().await?;
        find(&mut transaction, order, question).await
    }

    async fn queries_of(&self, matter: &Digest) -> Result<Vec<KeptQuery>> {
        self.list(sql::QUERIES_OF_MATTER, matter).await
    }

    async fn questions_under(&self, order: &Digest) -> Result<u64> {
        let mut transaction = self.file.read().await?;
        let row = sqlx::query(sql::QUERIES_UNDER).bind(order.as_bytes().as_slice()).fetch_one(&mut *transaction).await;
        number(&row.map_err(|error| unavailable("count questions", error))?, 0, WHAT)
    }

    async fn queries_about(&self, root: &Digest) -> Result<Vec<KeptQuery>> {
        self.list(sql::QUERIES_ABOUT, root).await
    }
}

impl SqliteStore {
    async fn list(&self, statement: &'static str, of: &Digest) -> Result<Vec<KeptQuery>> {
        let mut transaction = self.file.read().await?;
        let rows = sqlx::query(statement).bind(of.as_bytes().as_slice()).fetch_all(&mut *transaction).await;
        rows.map_err(|error| unavailable("read questions", error))?.iter().map(kept).collect()
    }
}

async fn find(connection: &mut SqliteConnection, order: &Digest, question: &Digest) -> Result<Option<KeptQuery>> {
    let row = sqlx::query(sql::QUERY_ANSWERED)
        .bind(order.as_bytes().as_slice())
        .bind(question.as_bytes().as_slice())
        .fetch_optional(connection)
        .await;
    row.map_err(|error| unavailable("read a question", error))?.as_ref().map(kept).transpose()
}

fn kept(row: &SqliteRow) -> Result<KeptQuery> {
    Ok(KeptQuery {
        document: Digest(bytes(row, 0, WHAT)?),
        order: Digest(bytes(row, 1, WHAT)?),
        leaf: bytes(row, 2, WHAT)?,
    })
}
