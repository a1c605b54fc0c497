//! `GET /api/v1/requests/ID`: the sender of a request reads how it stands.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use countersign_intake::http::Purpose;

use super::{Heard, PATH, opened};
use crate::{Problem, Site};

/// Answers 200 with the newest signed status of what the signer sent under this id.
///
/// # Errors
/// `malformed` and `not-in-time` (400), `no-such-request` (404), `another-host` (421), `too-many` (429), `internal` (500), `closed` (503).
pub(crate) async fn serve(State(site): State<Arc<Site>>, request: Request) -> Result<Response, Problem> {
    let intake = opened(&site)?;
    let (parts, _) = request.into_parts();
    if parts.method != Method::GET {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "malformed", "a question is asked by GET"));
    }
    let (_, sender) = intake.hear(Purpose::Query, &parts).map_err(|heard| match heard {
        Heard::Told(problem) => problem,
        Heard::Stranger => nothing(),
    })?;
    let _ticket = intake.count(sender.as_ref(), 0, site.clock.now())?;
    // The path as it was signed: an id needs no escapes.
    let transaction = parts.uri.path().strip_prefix(PATH).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
    let status = sender.status(transaction).await.map_err(Problem::internal)?.ok_or_else(nothing)?;
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-store")], status).into_response())
}

/// INVARIANT: one answer for an unknown key, a wrong signature, an unknown id, and the id of another sender's request.
fn nothing() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no-such-request",
        "no request was taken under this id from whoever signed this question",
    )
}
