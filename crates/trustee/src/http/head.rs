//! `GET /v1/head`: how far the trustee has folded the journal, whether a person has stopped it, and how many incidents it has found.

use super::Shared;
use super::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use countersign_core::id::Digest;
use countersign_core::time::Timestamp;
use serde::Serialize;

#[derive(Serialize)]
struct Body {
    trustee: u16,
    size: u64,
    root: Option<Digest>,
    state: Option<Digest>,
    paused: Option<Timestamp>,
    incidents: u64,
}

/// # Errors
/// `internal` with status 500 when the trustee's own journal cannot be read.
pub(super) async fn serve(State(shared): State<Shared>) -> Result<Response, Problem> {
    let service = &shared.service;
    let head = service.trustee.head(service.clock.now()).await.map_err(|error| Problem::of(&error))?;
    let (paused, incidents) = (head.paused, head.incidents);
    let body = Body { trustee: head.trustee, size: head.size, root: head.root, state: head.state, paused, incidents };
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)).into_response())
}
