//! `GET /log/checkpoint`: the newest checkpoint with its cosignatures.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::{Problem, Site};

pub(crate) async fn serve(State(site): State<Arc<Site>>) -> Result<Response, Problem> {
    super::small_text(&site, "checkpoint").await
}
