//! The log's read API over HTTP: `checkpoint`, `vkey` and `tile/...` in the layout of C2SP tlog-tiles, and nothing else of the store.
//!
//! One endpoint is one file. A path is read from the request's own bytes, and names something in its one spelling or not at all; what
//! does not hold what its name says is damage, and is never served. How a refusal looks is an argument: [`router`] answers with the plain
//! statuses, the public site with its problem documents.

mod checkpoint;
mod tile;
mod vkey;

use crate::TileStore;
use axum::Router;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use std::io;
use std::sync::Arc;

/// Why a request is not answered with a part of the log. The text of [`NotServed::Damaged`] is for the operations log only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotServed {
    /// 400: not the one spelling of a tile's path.
    #[error("this is not the path of a tile: write `tile/<level>/<index>[.p/<width>]` as C2SP tlog-tiles spells it")]
    NotATile,
    /// 404: no such tile.
    #[error("the log has no such tile; the newest checkpoint tells its size")]
    NoSuchTile,
    /// 404: nothing is published yet.
    #[error("the log has no published checkpoint yet; try again later")]
    Empty,
    /// 500: the store cannot be read, or holds something else than it should.
    #[error("{0}")]
    Damaged(String),
}

/// Makes the response to a request that is not served.
pub type Refuse = fn(NotServed) -> Response;

impl NotServed {
    /// HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotATile => StatusCode::BAD_REQUEST,
            Self::NoSuchTile | Self::Empty => StatusCode::NOT_FOUND,
            Self::Damaged(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn damaged(name: &str, reason: impl std::fmt::Display) -> Self {
        Self::Damaged(format!("log file `{name}`: {reason}"))
    }
}

/// The log in this store, for everybody, under `/`; refusals are plain statuses with one line of text.
pub fn router(tiles: Arc<dyn TileStore>) -> Router {
    router_with(tiles, plain)
        .fallback(|| async { refusal(StatusCode::NOT_FOUND, "there is nothing at this path of a log") })
        .method_not_allowed_fallback(|| async { refusal(StatusCode::METHOD_NOT_ALLOWED, "a log can only be read") })
        .layer(map_response(no_sniffing))
}

/// The log in this store, without an answer to other paths and methods; `refuse` makes the responses to what is not served.
pub fn router_with(tiles: Arc<dyn TileStore>, refuse: Refuse) -> Router {
    Router::new()
        .route("/checkpoint", get(checkpoint::serve))
        .route("/vkey", get(vkey::serve))
        .route("/tile/{*path}", get(tile::serve))
        .layer(map_response(any_origin))
        .with_state(Served { tiles, refuse })
}

#[derive(Clone)]
struct Served {
    tiles: Arc<dyn TileStore>,
    refuse: Refuse,
}

impl Served {
    /// Answers with what `read` gets from the store, on a thread for blocking work.
    async fn answer(
        self,
        read: impl FnOnce(&dyn TileStore) -> Result<Response, NotServed> + Send + 'static,
    ) -> Response {
        let tiles = self.tiles;
        let read = tokio::task::spawn_blocking(move || read(&*tiles)).await;
        read.unwrap_or_else(|error| Err(NotServed::Damaged(error.to_string()))).unwrap_or_else(self.refuse)
    }
}

/// A small text beside the tiles, once `check` has accepted it.
fn text(
    tiles: &dyn TileStore,
    name: &str,
    check: impl FnOnce(&[u8]) -> Result<(), String>,
) -> Result<Response, NotServed> {
    let bytes = read_file(tiles, name)?.ok_or(NotServed::Empty)?;
    check(&bytes).map_err(|reason| NotServed::damaged(name, reason))?;
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-cache")], bytes).into_response())
}

fn read_file(tiles: &dyn TileStore, name: &str) -> Result<Option<Vec<u8>>, NotServed> {
    tiles.read_file(name).map_err(|error: io::Error| NotServed::damaged(name, error))
}

fn plain(refused: NotServed) -> Response {
    let status = refused.status();
    match &refused {
        NotServed::Damaged(cause) => {
            tracing::error!(cause, "a part of the log is not served");
            refusal(status, "this part of the log cannot be served now; try again later")
        }
        other => refusal(status, &other.to_string()),
    }
}

/// A cache must not remember that a tile is missing: the next checkpoint may need it.
fn refusal(status: StatusCode, text: &str) -> Response {
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-store")];
    (status, headers, format!("{text}\n")).into_response()
}

/// The log is public and bears no cookies: a verifier in anybody's page may read it.
async fn any_origin(mut response: Response) -> Response {
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

async fn no_sniffing(mut response: Response) -> Response {
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
