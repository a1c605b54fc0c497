//! `GET /assets/style-HASH.css`: the style, named by its content, so that it may be kept for ever.

use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use countersign_core::digest;

/// Another content has another path.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The style sheet and its path.
pub(crate) static STYLE: LazyLock<Style> = LazyLock::new(|| {
    let hash = digest::plain(CONTENT.as_bytes()).to_hex();
    Style { path: format!("/assets/style-{}.css", &hash[..16]) }
});

const CONTENT: &str = include_str!("../assets/style.css");

pub(crate) struct Style {
    path: String,
}

impl Style {
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

pub(crate) async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, FOR_EVER)], CONTENT).into_response()
}
