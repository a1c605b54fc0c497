//! `countersign trace serve`: what can be said of the chain without an order, over HTTP, with the fields of GraphSense.
//!
//! The folder is read once and let go; nothing is written and nothing of a question is logged. A new graph is served after a restart.

use crate::commands::serve::{only_loopback, stopped};
use anyhow::{Context, Result};
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use clap::Args;
use countersign_trace::folder::Folder;
use countersign_trace::served::{Refusal, Served};
use countersign_web::Problem;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Handle;

#[derive(Args)]
pub(super) struct Serve {
    /// Folder with the graph of a whole chain [default: `trace` beside the custodian's other data].
    #[arg(long, value_name = "DIR")]
    graph: Option<PathBuf>,
    /// Loopback address to listen on; put a reverse proxy with TLS and log-in in front for anything else.
    #[arg(long, default_value = "127.0.0.1:8745")]
    listen: SocketAddr,
}

impl Serve {
    pub(super) fn run(self, dir: &Path) -> Result<()> {
        only_loopback(self.listen)?;
        let served = {
            let folder = Folder::take(&self.graph.unwrap_or_else(|| dir.join("trace")))?;
            let graph = folder.graph()?;
            let labels = folder.labels(graph.network())?;
            Served::new(graph, labels)?
        };
        tokio::task::block_in_place(|| Handle::current().block_on(listen(served, self.listen)))
    }
}

async fn listen(served: Served, listen: SocketAddr) -> Result<()> {
    let listener = tokio::net::TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}: is another countersign running there?"))?;
    println!("the chain without people on http://{}/stats (stop with Ctrl-C)", listener.local_addr()?);
    let router = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(async || "ok\n"))
        .fallback(answer)
        .with_state(Arc::new(served));
    Ok(axum::serve(listener, router).with_graceful_shutdown(stopped()).await?)
}

async fn answer(State(served): State<Arc<Served>>, method: Method, uri: Uri) -> Response {
    if method != Method::GET {
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", "use GET: nothing is written here")
            .into_response();
    }
    match served.answer(uri.path(), uri.query().unwrap_or_default()) {
        Ok(answer) => {
            let mut response = Json(answer).into_response();
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(refusal) => problem(&refusal).into_response(),
    }
}

fn problem(refusal: &Refusal) -> Problem {
    let (status, code) = match refusal {
        Refusal::Withheld(_) => (StatusCode::FORBIDDEN, "withheld"),
        Refusal::NotFound(_) => (StatusCode::NOT_FOUND, "not-found"),
        Refusal::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid"),
    };
    Problem::new(status, code, refusal.to_string())
}
