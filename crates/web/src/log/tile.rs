//! `GET /log/tile/...`: hash tiles and entry bundles, full and partial.
//!
//! The path is read from the request's own bytes, not from a decoded form: it is a tile's one spelling or it is nothing. A file that does
//! not hold what its path says is damage, and is not served.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use countersign_tlog::tile::{TileKind, TilePath, decode_bundle};

use crate::log::FOR_EVER;
use crate::{Problem, Site};

/// # Errors
/// `not-a-tile` (400), `no-such-tile` (404); damage is `internal` (500).
pub(crate) async fn serve(State(site): State<Arc<Site>>, uri: Uri) -> Result<Response, Problem> {
    let path: TilePath = uri.path().strip_prefix("/log/").unwrap_or_default().parse().map_err(|_| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "not-a-tile",
            "this is not the path of a tile: write `/log/tile/<level>/<index>[.p/<width>]` as C2SP tlog-tiles spells it",
        )
    })?;
    let name = path.to_string();
    let bytes = super::read(&site, &name).await?.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "no-such-tile",
            "the log has no such tile; the newest checkpoint tells its size",
        )
    })?;
    if !holds(path, &bytes) {
        return Err(Problem::internal(format!("log file `{name}` is damaged: {} bytes", bytes.len())));
    }
    // A partial tile is as final as a full one: its width is in its name.
    Ok(([(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, FOR_EVER)], bytes).into_response())
}

fn holds(path: TilePath, bytes: &[u8]) -> bool {
    match path.kind() {
        TileKind::Hashes(_) => bytes.len() == usize::from(path.width()) * 32,
        TileKind::Entries => decode_bundle(bytes, path.width()).is_ok(),
    }
}
