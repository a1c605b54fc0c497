//! `POST /api/v1/requests`: an authority's program files a request.

use std::sync::Arc;
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use countersign_intake::http::Purpose;
use countersign_intake::message::MAX_MESSAGE;

use super::{Filed, Heard, PATH, opened};
use crate::{Problem, Site};

/// How long the content of a request may take to arrive.
const CONTENT_TIME: Duration = Duration::from_secs(60);

/// Answers 201 with the signed acknowledgement.
///
/// # Errors
/// `malformed`, `not-in-time` and `cut-off` (400), `unknown-sender` (403), `too-slow` (408), `too-large` (413), `another-host` (421),
/// `not-taken` (422) with the signed status, `too-many` (429), `internal` (500), `closed` (503).
pub(crate) async fn serve(State(site): State<Arc<Site>>, request: Request) -> Result<Response, Problem> {
    let intake = opened(&site)?;
    let (parts, body) = request.into_parts();
    let length = length(&parts.headers)?;
    let (mut raw, sender) = intake.hear(Purpose::Message, &parts).map_err(|heard| match heard {
        Heard::Told(problem) => problem,
        Heard::Stranger => stranger(),
    })?;
    let _ticket = intake.count(sender.as_ref(), length, site.clock.now())?;
    let content = tokio::time::timeout(CONTENT_TIME, to_bytes(body, length)).await;
    let content = content.map_err(|_| {
        Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "the content took longer than a minute: send it again")
    })?;
    let content = content.ok().filter(|content| content.len() == length).ok_or_else(|| {
        Problem::new(StatusCode::BAD_REQUEST, "cut-off", "the content is not as long as `content-length` says")
    })?;
    raw.extend_from_slice(&content);
    match sender.file(raw).await.map_err(Problem::internal)? {
        Filed::Taken { transaction, status } => {
            let location = format!("{PATH}/{transaction}");
            let headers = [
                (LOCATION, location.as_str()),
                (CONTENT_TYPE, "text/plain; charset=utf-8"),
                (CACHE_CONTROL, "no-store"),
            ];
            Ok((StatusCode::CREATED, headers, status).into_response())
        }
        Filed::NotTaken { status, inside } => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "not-taken",
            "nothing was begun; `signed_status` is our message that says why",
        )
        .because(inside)
        .with_status(status)),
        Filed::Stranger => Err(stranger()),
    }
}

/// INVARIANT: one answer for an unknown key, a wrong signature, and a message in another's name.
fn stranger() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "unknown-sender",
        "no key that the directory has of the sender made this signature: have the key entered, by letter",
    )
    .because("a request of a stranger")
}

fn length(headers: &HeaderMap) -> Result<usize, Problem> {
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let length = length.ok_or_else(|| {
        Problem::new(
            StatusCode::LENGTH_REQUIRED,
            "no-length",
            "send `content-length`: the number of bytes of the content",
        )
    })?;
    let fits = usize::try_from(length).ok().filter(|length| *length <= MAX_MESSAGE);
    fits.ok_or_else(|| {
        let detail = format!("the content has more than {MAX_MESSAGE} bytes: send its documents by other means");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
    })
}
