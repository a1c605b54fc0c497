//! `GET /log/...`: the trustee's own log in the layout of C2SP tlog-tiles, for everybody: `checkpoint`, `vkey`, `key`, `tile/...`.

use super::Shared;
use super::problem::Problem;
use crate::own_log::LogFolder;
use axum::extract::State;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use countersign_tlog::tile::TilePath;
use std::io;

/// # Errors
/// `not-a-tile` (400), `no-such-part` (404) also before the first publication, `internal` (500).
pub(super) async fn serve(State(shared): State<Shared>, uri: Uri) -> Result<Response, Problem> {
    let path = uri.path().strip_prefix("/log/").unwrap_or_default().to_owned();
    let folder = shared.service.trustee.log.clone();
    let read = tokio::task::spawn_blocking(move || part(&folder, &path)).await;
    let part = read.unwrap_or_else(|error| Err(Part::Failed(io::Error::other(error))));
    let (kind, caching, bytes) = part.map_err(|refused| match refused {
        Part::NotATile => {
            Problem::new(StatusCode::BAD_REQUEST, "not-a-tile", "not the path of a tile as C2SP tlog-tiles spells it")
        }
        Part::Missing => Problem::new(StatusCode::NOT_FOUND, "no-such-part", "the log has no such part now"),
        Part::Failed(error) => {
            tracing::error!(%error, "a part of the own log is not served");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the trustee failed; try again later")
        }
    })?;
    let headers = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, caching),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, bytes).into_response())
}

enum Part {
    NotATile,
    Missing,
    Failed(io::Error),
}

fn part(folder: &LogFolder, path: &str) -> Result<(&'static str, &'static str, Vec<u8>), Part> {
    if matches!(path, "checkpoint" | "vkey" | "key") {
        let bytes = folder.read_file(path).map_err(Part::Failed)?.ok_or(Part::Missing)?;
        return Ok(("text/plain; charset=utf-8", "no-cache", bytes));
    }
    let path: TilePath = path.parse().map_err(|_| Part::NotATile)?;
    let bytes = folder.tile(&path).map_err(Part::Failed)?.ok_or(Part::Missing)?;
    Ok(("application/octet-stream", "public, max-age=31536000, immutable", bytes))
}
