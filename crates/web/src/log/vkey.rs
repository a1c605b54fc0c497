//! `GET /log/vkey`: the log's key as a verifier key of C2SP signed-note. A convenience: who relies on the log pins the key from elsewhere.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::{Problem, Site};

pub(crate) async fn serve(State(site): State<Arc<Site>>) -> Result<Response, Problem> {
    super::small_text(&site, "vkey").await
}
