//! HTTP for everybody: the public page, health and readiness, and the log as static files in the layout of C2SP tlog-tiles.
//!
//! In scope: what may be read without logging in, and the requests that authorities sign ([`requests`]). The figures come through the port [`PublicState`], so nothing here knows how they are
//! kept. Not in scope: TLS (a reverse proxy does it), the console and the portals.
//!
//! One endpoint is one file. Whatever goes wrong is answered by a [`Problem`] (RFC 9457), whose outside text says what the caller can do
//! and whose inside text goes to the operations log only.

mod asset;
mod headers;
mod health;
mod log;
mod page;
pub mod problem;
mod ready;
pub mod requests;
mod site;
mod state;

use std::future::Future;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::middleware::map_response;
use axum::routing::get;
use tokio::net::TcpListener;

pub use problem::Problem;
pub use site::Site;
pub use state::{Figures, Head, PublicState, StateError, StateFuture, Witness};

/// The router of everything public.
pub fn router(site: Site) -> Router {
    let log = log::router(&site);
    let requests = site.requests.as_ref().map(|_| requests::router()).unwrap_or_default();
    Router::new()
        .route("/", get(page::serve))
        .route("/healthz", get(health::serve))
        .route("/readyz", get(ready::serve))
        .route(asset::STYLE.path(), get(asset::style))
        .nest("/log", log)
        .merge(requests)
        .fallback(problem::no_such_page)
        .method_not_allowed_fallback(problem::only_reading)
        .layer(map_response(headers::strict))
        .with_state(Arc::new(site))
}

/// Serves the router on a bound address until `stop` ends, then lets running answers finish.
///
/// # Errors
/// When the listening socket fails; a connection that fails is only dropped.
pub async fn serve(
    listener: TcpListener,
    site: Site,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router(site)).with_graceful_shutdown(stop).await
}
