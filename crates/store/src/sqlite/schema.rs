//! Which tables a file has, by component and version.

use super::rows::unavailable;
use crate::{Result, StoreError, sql};
use sqlx::{Connection as _, Row, SqliteConnection};
use std::collections::BTreeSet;

/// A group of tables with one version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Component {
    /// Name in `schema_version`.
    pub(crate) name: &'static str,
    /// Rises with every change of the DDL.
    pub(crate) version: i64,
    /// Creates the tables.
    pub(crate) ddl: &'static str,
}

/// The components of `custodian.db`.
pub(crate) const CUSTODIAN: &[Component] = &[
    Component { name: "journal", version: 1, ddl: include_str!("journal.sql") },
    Component { name: "desk", version: 1, ddl: include_str!("desk.sql") },
    Component { name: "openings", version: 1, ddl: include_str!("openings.sql") },
    Component { name: "index", version: 1, ddl: include_str!("index.sql") },
    Component { name: "views", version: 1, ddl: include_str!("views.sql") },
    Component { name: "lists", version: 1, ddl: include_str!("lists.sql") },
    Component { name: "listing", version: 1, ddl: include_str!("listing.sql") },
    Component { name: "restrictions", version: 1, ddl: include_str!("restrictions.sql") },
    Component { name: "queries", version: 1, ddl: include_str!("queries.sql") },
    Component { name: "exposures", version: 1, ddl: include_str!("exposures.sql") },
];

/// The components of `sigma.db`.
pub(crate) const SIGMA: &[Component] = &[Component { name: "sigma", version: 1, ddl: include_str!("sigma.sql") }];

const VERSIONS: &str =
    "CREATE TABLE IF NOT EXISTS schema_version (component TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL) STRICT";

/// Creates what is missing and checks the versions of what is there, inside the caller's transaction.
pub(crate) async fn prepare(
    connection: &mut SqliteConnection,
    file: &str,
    components: &'static [Component],
) -> Result<()> {
    let failed = |error| unavailable("prepare its tables", error);
    sqlx::raw_sql(VERSIONS).execute(&mut *connection).await.map_err(failed)?;
    for component in components {
        let row = sqlx::query(sql::SCHEMA_VERSION)
            .bind(component.name)
            .fetch_optional(&mut *connection)
            .await
            .map_err(failed)?;
        let Some(row) = row else {
            sqlx::raw_sql(component.ddl).execute(&mut *connection).await.map_err(failed)?;
            sqlx::query(sql::SCHEMA_VERSION_SET)
                .bind(component.name)
                .bind(component.version)
                .execute(&mut *connection)
                .await
                .map_err(failed)?;
            continue;
        };
        let found: i64 = row.try_get(0).map_err(failed)?;
        if found != component.version {
            return Err(StoreError::Schema {
                file: file.to_owned(),
                component: component.name,
                found,
                needed: component.version,
            });
        }
    }
    Ok(())
}

const SCHEMA: &str = "SELECT type || ' ' || name || ' of ' || tbl_name, COALESCE(sql, '') FROM sqlite_schema \
    WHERE name NOT LIKE 'sqlite_stat%' \
    UNION ALL SELECT 'version of ' || component, CAST(version AS TEXT) FROM schema_version";

/// How the tables, indices and triggers of a file differ from those that this program makes: one line each. Their text stands in the
/// file like any other data, and a check that no longer says what it said protects nothing.
pub(crate) async fn differences(file: &mut SqliteConnection, components: &'static [Component]) -> Result<Vec<String>> {
    let failed = |error| unavailable("compare its tables", error);
    let mut made = SqliteConnection::connect("sqlite::memory:").await.map_err(failed)?;
    prepare(&mut made, "memory", components).await?;
    let (expected, found) = (objects(&mut made).await?, objects(file).await?);
    made.close().await.map_err(failed)?;
    let gone = expected.difference(&found).map(|(name, _)| format!("{name} is missing or changed"));
    let strange = found.difference(&expected).map(|(name, _)| format!("{name} is not what this program makes"));
    Ok(gone.chain(strange).collect())
}

async fn objects(connection: &mut SqliteConnection) -> Result<BTreeSet<(String, String)>> {
    let rows = sqlx::query_as(SCHEMA).fetch_all(connection).await;
    Ok(rows.map_err(|error| unavailable("compare its tables", error))?.into_iter().collect())
}
