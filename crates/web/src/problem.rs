//! Problem responses as of RFC 9457: what the outside sees, apart from what the operations log sees.

use axum::Json;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use countersign_core::time::Seconds;
use serde::Serialize;

/// A refusal or failure of one request.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    inside: Option<String>,
    retry_after: Option<Seconds>,
    signed: Option<String>,
}

impl Problem {
    /// A problem with a stable code (lower case, hyphens) and a sentence that says what the caller can do.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), inside: None, retry_after: None, signed: None }
    }

    /// Something failed on this side: the caller learns that and no more, the cause goes to the operations log.
    #[must_use]
    pub fn internal(cause: impl ToString) -> Self {
        Self {
            inside: Some(cause.to_string()),
            ..Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "the request failed on this side; nothing is wrong with it, try again later",
            )
        }
    }

    /// The same problem with a cause for the operations log.
    #[must_use]
    pub fn because(self, cause: impl ToString) -> Self {
        Self { inside: Some(cause.to_string()), ..self }
    }

    /// The same problem with the time after which to try again.
    #[must_use]
    pub(crate) fn retry_after(self, seconds: Seconds) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// The same problem with a signed status message for the caller.
    #[must_use]
    pub(crate) fn with_status(self, signed: String) -> Self {
        Self { signed: Some(signed), ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if let Some(cause) = &self.inside {
            tracing::warn!(status = self.status.as_u16(), code = self.code, cause, "request failed");
        }
        let body = Body {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            signed: self.signed.as_deref(),
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The members of RFC 9457 section 3.1, and `code` and `signed_status` as extensions.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(rename = "signed_status", skip_serializing_if = "Option::is_none")]
    signed: Option<&'a str>,
}

pub(crate) async fn no_such_page() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no-such-page",
        "there is nothing at this path; the site's pages are linked from `/`",
    )
}

pub(crate) async fn only_reading() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "only-reading", "this path can only be read: use GET or HEAD")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_cause_stays_inside() {
        let response = Problem::internal("disk full at /var/lib/x").into_response();
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let body = axum::body::to_bytes(response.into_body(), 4_096).await.unwrap();
        assert_eq!(
            body,
            "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500,\"detail\":\"the request failed on this side; \
             nothing is wrong with it, try again later\",\"code\":\"internal\"}"
        );
    }
}
