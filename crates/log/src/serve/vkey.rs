//! `GET /vkey`: the log's key as a verifier key of C2SP signed-note. A convenience: who relies on the log pins the key from elsewhere.

use super::{Served, text};
use crate::open::VKEY_FILE;
use axum::extract::State;
use axum::response::Response;
use countersign_tlog::note::VerifierKey;

pub(super) async fn serve(State(log): State<Served>) -> Response {
    log.answer(|tiles| text(tiles, VKEY_FILE, |bytes| parse(bytes).map(|_| ()))).await
}

/// The key in a `vkey` file: one line.
pub(super) fn parse(bytes: &[u8]) -> Result<VerifierKey, String> {
    let line = std::str::from_utf8(bytes).ok().and_then(|text| text.strip_suffix('\n'));
    VerifierKey::parse(line.ok_or("not one line of text")?).map_err(|error| error.to_string())
}
