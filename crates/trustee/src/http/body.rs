//! Reading the body of a request and writing the answer, within their limits.

use super::Shared;
use super::problem::Problem;
use crate::answer::Answered;
use crate::error::Result as Done;
use axum::body::{Body, to_bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// Longest time that a request may take to arrive.
const READING: Duration = Duration::from_secs(60);

/// A body, and the place that it takes until it is answered.
pub(super) struct Arrived {
    pub(super) bytes: axum::body::Bytes,
    _place: OwnedSemaphorePermit,
}

/// Reads a body of at most `most` bytes.
///
/// # Errors
/// `too-large` (413), `too-slow` (408), `busy` (503).
pub(super) async fn read(shared: &Shared, request: Request<Body>, most: usize) -> Result<Arrived, Problem> {
    let too_large =
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the request is longer than the format allows");
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > most as u64) {
        return Err(too_large);
    }
    let place = shared.places.clone().try_acquire_owned().map_err(|_| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "the trustee answers one request at a time; try again later",
        )
    })?;
    let body = tokio::time::timeout(READING, to_bytes(request.into_body(), most));
    let body = body.await.map_err(|_| {
        Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "the request did not arrive within a minute")
    })?;
    Ok(Arrived { bytes: body.map_err(|_| too_large)?, _place: place })
}

/// A signed answer as octets; whoever is not the desk learns only `refused` (403).
///
/// # Errors
/// `refused`, `journal`, `not-ready`, `internal`.
pub(super) fn answer(answered: Done<Answered>) -> Result<Response, Problem> {
    match answered {
        Ok(Answered::Answer(answer)) => {
            let headers = [(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, "no-store")];
            Ok((headers, answer).into_response())
        }
        Ok(Answered::Unauthenticated) => Err(Problem::new(StatusCode::FORBIDDEN, "refused", "refused")),
        Err(error) => Err(Problem::of(&error)),
    }
}
