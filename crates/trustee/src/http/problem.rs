//! Problem responses (RFC 9457): what the outside learns. What happened goes to the operations log.

use crate::error::TrusteeError;
use axum::Json;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A refusal or failure of one HTTP request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: &'static str,
}

impl Problem {
    pub(super) const fn new(status: StatusCode, code: &'static str, detail: &'static str) -> Self {
        Self { status, code, detail }
    }

    /// The trustee could not answer; the caller learns whether coming again may help.
    pub(super) fn of(error: &TrusteeError) -> Self {
        tracing::error!(%error, "a request was not answered");
        match error {
            TrusteeError::JournalUnavailable { .. } | TrusteeError::JournalRefused(_) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "journal",
                "the trustee cannot follow the journal and therefore answers nothing; its operator knows why",
            ),
            TrusteeError::Overtaken => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "another program works in the trustee's folder; try again later",
            ),
            TrusteeError::NotReady(_) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "not-ready",
                "the trustee lacks something that is in force; its operator knows what",
            ),
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the trustee failed; try again later"),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let body =
            Body { kind: "about:blank", title, status: self.status.as_u16(), detail: self.detail, code: self.code };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// The members of RFC 9457, section 3.1, and `code` as an extension.
#[derive(Serialize)]
struct Body {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    detail: &'static str,
    code: &'static str,
}

pub(super) async fn no_such_path() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no-such-path", "there is nothing at this path")
}

pub(super) async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", "this path takes another method")
}
