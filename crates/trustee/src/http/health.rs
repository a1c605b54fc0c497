//! `GET /healthz`: the process answers.

use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};

pub(super) async fn serve() -> Response {
    ([(CACHE_CONTROL, "no-store")], "ok\n").into_response()
}
