//! `POST /v1/totals`: a signed totals request in, a signed answer out, both as octets.

use super::problem::Problem;
use super::{MAX_TOTALS_BYTES, Shared, body};
use axum::body::Body;
use axum::extract::State;
use axum::http::Request;
use axum::response::Response;

/// # Errors
/// As for a release request. A refusal of totals of the desk is no problem but a signed answer.
pub(super) async fn serve(State(shared): State<Shared>, request: Request<Body>) -> Result<Response, Problem> {
    let arrived = body::read(&shared, request, MAX_TOTALS_BYTES).await?;
    body::answer(shared.service.countersign_totals(&arrived.bytes).await)
}
