//! `GET /checkpoint`: the newest checkpoint with its cosignatures.

use super::{Served, read_file, text, vkey};
use crate::open::{CHECKPOINT_FILE, VKEY_FILE};
use axum::extract::State;
use axum::response::Response;
use countersign_tlog::checkpoint::SignedCheckpoint;

pub(super) async fn serve(State(log): State<Served>) -> Response {
    log.answer(|tiles| {
        let key = read_file(tiles, VKEY_FILE)?;
        text(tiles, CHECKPOINT_FILE, |bytes| check(bytes, key.as_deref()))
    })
    .await
}

/// A checkpoint that its own log's key does not accept is damage; a folder without `vkey` may be a copy of somebody else's log.
fn check(bytes: &[u8], key: Option<&[u8]>) -> Result<(), String> {
    let signed = SignedCheckpoint::parse(bytes).map_err(|error| error.to_string())?;
    let Some(key) = key else { return Ok(()) };
    signed.verify_log(&vkey::parse(key)?).map(|_| ()).map_err(|error| error.to_string())
}
