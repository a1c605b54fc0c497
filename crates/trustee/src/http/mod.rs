//! The trustee over HTTP.

mod body;
mod client;
mod head;
mod health;
mod log;
mod lookup;
mod problem;
mod request;
mod totals;

pub use client::HttpTrustee;

use crate::service::Service;
use axum::Router;
use axum::routing::{get, post};
use countersign_core::json::Document as _;
use countersign_verify::wire::{Answer, LookupRequest, ReleaseRequest, TotalsAnswer, TotalsRequest};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Bytes of the signature line in front of a signed document.
const SIGNATURE_LINE: usize = 129;

/// Largest request.
pub const MAX_REQUEST_BYTES: usize = SIGNATURE_LINE + ReleaseRequest::MAX_LEN;

/// Largest answer.
const MAX_ANSWER_BYTES: usize = SIGNATURE_LINE + Answer::MAX_LEN;

/// Largest lookup request.
pub const MAX_LOOKUP_BYTES: usize = SIGNATURE_LINE + LookupRequest::MAX_LEN;

/// Largest answer to a lookup: a thousand elements in hexadecimal, receipt and disclosure.
const MAX_LOOKUP_ANSWER_BYTES: usize = 128 * 1024;

/// Largest totals request.
pub const MAX_TOTALS_BYTES: usize = SIGNATURE_LINE + TotalsRequest::MAX_LEN;

/// Largest answer about totals.
const MAX_TOTALS_ANSWER_BYTES: usize = SIGNATURE_LINE + TotalsAnswer::MAX_LEN;

/// Requests held in memory at once; further ones are told to come again.
const MAX_REQUESTS: usize = 4;

/// What the endpoints share.
#[derive(Clone)]
struct Shared {
    service: Service,
    places: Arc<Semaphore>,
}

/// `POST /v1/request`, `POST /v1/lookup`, `POST /v1/totals`, `GET /v1/head`, `GET /log/...`, `GET /healthz`. TLS is the reverse
/// proxy's.
pub fn router(service: Service) -> Router {
    Router::new()
        .route("/v1/request", post(request::serve))
        .route("/v1/lookup", post(lookup::serve))
        .route("/v1/totals", post(totals::serve))
        .route("/v1/head", get(head::serve))
        .route("/log/{*path}", get(log::serve))
        .route("/healthz", get(health::serve))
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::wrong_method)
        .with_state(Shared { service, places: Arc::new(Semaphore::new(MAX_REQUESTS)) })
}
