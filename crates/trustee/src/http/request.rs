//! `POST /v1/request`: a signed release request in, a signed answer out, both as octets.

use super::problem::Problem;
use super::{MAX_REQUEST_BYTES, Shared};
use crate::answer::Answered;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use std::time::Duration;

/// Longest time that a request may take to arrive.
const READING: Duration = Duration::from_secs(60);

/// # Errors
/// `refused` (403) for whoever is not the desk, `too-large` (413), `too-slow` (408), `busy`, `journal`, `not-ready`
/// (503), `internal` (500). A refusal of a request of the desk is no problem but a signed answer.
pub(super) async fn serve(State(shared): State<Shared>, request: Request<Body>) -> Result<Response, Problem> {
    let too_large =
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the request is longer than the format allows");
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > MAX_REQUEST_BYTES as u64) {
        return Err(too_large);
    }
    let _place = shared.places.try_acquire().map_err(|_| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "the trustee answers one request at a time; try again later",
        )
    })?;
    let body = tokio::time::timeout(READING, to_bytes(request.into_body(), MAX_REQUEST_BYTES));
    let body = body.await.map_err(|_| {
        Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "the request did not arrive within a minute")
    })?;
    let body = body.map_err(|_| too_large)?;
    match shared.service.ask(&body).await {
        Ok(Answered::Answer(answer)) => {
            let headers = [(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, "no-store")];
            Ok((headers, answer).into_response())
        }
        Ok(Answered::Unauthenticated) => Err(Problem::new(StatusCode::FORBIDDEN, "refused", "refused")),
        Err(error) => Err(Problem::of(&error)),
    }
}
