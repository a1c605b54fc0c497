//! `POST /v1/request`: a signed release request in, a signed answer out, both as octets.

use super::problem::Problem;
use super::{MAX_REQUEST_BYTES, Shared, body};
use axum::body::Body;
use axum::extract::State;
use axum::http::Request;
use axum::response::Response;

/// # Errors
/// `refused` (403) for whoever is not the desk, `too-large` (413), `too-slow` (408), `busy`, `journal`, `not-ready`
/// (503), `internal` (500). A refusal of a request of the desk is no problem but a signed answer.
pub(super) async fn serve(State(shared): State<Shared>, request: Request<Body>) -> Result<Response, Problem> {
    let arrived = body::read(&shared, request, MAX_REQUEST_BYTES).await?;
    body::answer(shared.service.ask(&arrived.bytes).await)
}
