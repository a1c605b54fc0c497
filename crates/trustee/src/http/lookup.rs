//! `POST /v1/lookup`: a signed lookup request in, a signed answer out, both as octets.

use super::problem::Problem;
use super::{MAX_LOOKUP_BYTES, Shared, body};
use axum::body::Body;
use axum::extract::State;
use axum::http::Request;
use axum::response::Response;

/// # Errors
/// As for a release request. A refusal of a lookup of the desk is no problem but a signed answer.
pub(super) async fn serve(State(shared): State<Shared>, request: Request<Body>) -> Result<Response, Problem> {
    let arrived = body::read(&shared, request, MAX_LOOKUP_BYTES).await?;
    body::answer(shared.service.lookup(&arrived.bytes).await)
}
