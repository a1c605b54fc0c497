//! The log's read API under `/log/`, with this site's problem documents.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use countersign_log::serve::{NotServed, router_with};

use crate::{Problem, Site};

pub(crate) fn router(site: &Site) -> Router<Arc<Site>> {
    router_with(Arc::clone(&site.log), refuse).with_state(())
}

/// `not-a-tile` (400), `no-such-tile` and `log-empty` (404); damage is `internal` (500).
fn refuse(refused: NotServed) -> Response {
    let code = match &refused {
        NotServed::NotATile => "not-a-tile",
        NotServed::NoSuchTile => "no-such-tile",
        NotServed::Empty => "log-empty",
        NotServed::Damaged(cause) => return Problem::internal(cause).into_response(),
    };
    Problem::new(refused.status(), code, refused.to_string()).into_response()
}
