//! `GET /tile/...`: hash tiles and entry bundles, full and partial.
//!
//! The path is read from the request's own bytes, not from a decoded form: it is a tile's one spelling or it is nothing, and only what the
//! parser gives back reaches the store.

use super::{NotServed, Served};
use crate::TileStore;
use crate::tiles::FOR_EVER;
use axum::extract::State;
use axum::http::Uri;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use countersign_tlog::tile::{TileKind, TilePath, decode_bundle};

pub(super) async fn serve(State(log): State<Served>, uri: Uri) -> Response {
    let path = uri.path().strip_prefix('/').unwrap_or_default().parse().map_err(|_| NotServed::NotATile);
    log.answer(move |tiles| tile(tiles, path?)).await
}

fn tile(tiles: &dyn TileStore, path: TilePath) -> Result<Response, NotServed> {
    let name = path.to_string();
    let bytes = tiles.read(&path).map_err(|error| NotServed::damaged(&name, error))?.ok_or(NotServed::NoSuchTile)?;
    if !holds(path, &bytes) {
        return Err(NotServed::damaged(&name, format!("damaged, {} bytes", bytes.len())));
    }
    Ok(([(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, FOR_EVER)], bytes).into_response())
}

fn holds(path: TilePath, bytes: &[u8]) -> bool {
    match path.kind() {
        TileKind::Hashes(_) => bytes.len() == usize::from(path.width()) * 32,
        TileKind::Entries => decode_bundle(bytes, path.width()).is_ok(),
    }
}
