//! The log's read API: static files in the layout of C2SP tlog-tiles, and nothing else from the folder.

pub(crate) mod checkpoint;
pub(crate) mod tile;
pub(crate) mod vkey;

use std::io::ErrorKind;

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::{Problem, Site};

/// For what never changes once it exists.
pub(crate) const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The bytes of a file of the log's folder; none when it is not there. The name must come from a parser, never from a request.
async fn read(site: &Site, name: &str) -> Result<Option<Vec<u8>>, Problem> {
    match tokio::fs::read(site.log_folder.join(name)).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(Problem::internal(format!("log file `{name}`: {error}"))),
    }
}

async fn small_text(site: &Site, name: &str) -> Result<Response, Problem> {
    let bytes = read(site, name).await?.ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "log-empty", "the log has no published checkpoint yet; try again later")
    })?;
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-cache")], bytes).into_response())
}
