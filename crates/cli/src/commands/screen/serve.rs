//! `countersign screen serve`: the lists in effect over HTTP, with the fields of yente.
//!
//! Nothing of a query is logged: neither bodies nor what stands after `?`. A list that is updated meanwhile is prepared beside the one in
//! use and takes its place in one step.

use crate::commands::lists::{current, in_folder};
use crate::commands::serve::{only_loopback, stopped};
use anyhow::{Context, Result, ensure};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path as Segment, RawQuery, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Args;
use countersign_screen::catalogue::Catalogue;
use countersign_screen::list::folder::Lists;
use countersign_screen::served::{Answer, MAX_REQUEST_BYTES, Parameters, Refusal};
use countersign_web::Problem;
use serde::Serialize;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// How often the folder is looked at for a list that was updated.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a request waits for a processor before it is told to come again.
const WAIT_AT_MOST: Duration = Duration::from_secs(5);

#[derive(Args)]
pub(super) struct Serve {
    /// Loopback address to listen on; put a reverse proxy with TLS and log-in in front for anything else.
    #[arg(long, default_value = "127.0.0.1:8744")]
    listen: SocketAddr,
    /// How many requests are worked on at once [default: one for each processor].
    #[arg(long)]
    threads: Option<usize>,
}

/// What the endpoints share.
#[derive(Clone)]
struct Desk {
    lists: watch::Receiver<Arc<Catalogue>>,
    permits: Arc<Semaphore>,
}

impl Serve {
    pub(super) async fn run(self, dir: &Path) -> Result<()> {
        only_loopback(self.listen)?;
        let lists = in_folder(dir);
        let versions = current(&lists)?;
        ensure!(!versions.is_empty(), "there is no list yet: read one with `countersign lists update`");
        let (sender, receiver) = watch::channel(Arc::new(Catalogue::new(versions)));
        let threads = self.threads.unwrap_or_else(super::processors).max(1);
        let desk = Desk { lists: receiver, permits: Arc::new(Semaphore::new(threads)) };
        let listener = tokio::net::TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {}: is another countersign running there?", self.listen))?;
        println!("screening on http://{}/ (stop with Ctrl-C)", listener.local_addr()?);
        let watching = tokio::spawn(follow(lists, sender));
        let served = axum::serve(listener, router(desk)).with_graceful_shutdown(stopped()).await;
        watching.abort();
        Ok(served?)
    }
}

fn router(desk: Desk) -> Router {
    Router::new()
        .route(
            "/match/{dataset}",
            post(async |desk, dataset, query, body| {
                matched(Catalogue::match_examples, desk, dataset, query, body).await
            }),
        )
        .route(
            "/ivms101/{dataset}",
            post(async |desk, dataset, query, body| {
                matched(Catalogue::match_parties, desk, dataset, query, body).await
            }),
        )
        .route("/search/{dataset}", get(search))
        .route("/entities/{id}", get(entity))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(async || "ok\n"))
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "no-such-page", "there is nothing at this path"))
        .method_not_allowed_fallback(async || {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method",
                "use POST for /match and /ivms101, GET for the others",
            )
        })
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .with_state(desk)
}

/// How a body is matched under a dataset.
type Match = fn(&Catalogue, &str, &Parameters, &[u8]) -> Result<Answer, Refusal>;

async fn matched(
    how: Match,
    State(desk): State<Desk>,
    Segment(dataset): Segment<String>,
    RawQuery(query): RawQuery,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return too_large(&rejection).into_response(),
    };
    desk.answer(move |lists| how(lists, &dataset, &Parameters::of_match(query.as_deref().unwrap_or_default())?, &body))
        .await
}

async fn search(State(desk): State<Desk>, Segment(dataset): Segment<String>, RawQuery(query): RawQuery) -> Response {
    desk.answer(move |lists| lists.search(&dataset, &Parameters::of_search(query.as_deref().unwrap_or_default())?))
        .await
}

async fn entity(State(desk): State<Desk>, Segment(id): Segment<String>) -> Response {
    desk.answer(move |lists| lists.entity(&id)).await
}

impl Desk {
    /// Works on the lists in effect, on a thread of its own, no more at once than there are processors.
    async fn answer<T: Serialize + Send + 'static>(
        &self,
        work: impl FnOnce(&Catalogue) -> Result<T, Refusal> + Send + 'static,
    ) -> Response {
        let waiting = tokio::time::timeout(WAIT_AT_MOST, Arc::clone(&self.permits).acquire_owned());
        let Ok(Ok(permit)) = waiting.await else {
            let detail = "every processor is at work: send fewer requests at once, and this one again";
            return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).into_response();
        };
        let lists = Arc::clone(&self.lists.borrow());
        let worked = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work(&lists)
        });
        match worked.await {
            Ok(Ok(answer)) => {
                let mut response = Json(answer).into_response();
                response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
                response
            }
            Ok(Err(refusal)) => problem(&refusal).into_response(),
            // What a thread that failed was asked must not reach the operations log.
            Err(_) => Problem::internal("screening failed at an error of the program").into_response(),
        }
    }
}

fn problem(refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::NotFound(detail) => Problem::new(StatusCode::NOT_FOUND, "not-found", detail),
        Refusal::Invalid(detail) => Problem::new(StatusCode::BAD_REQUEST, "invalid", detail),
    }
}

fn too_large(rejection: &BytesRejection) -> Problem {
    let status = rejection.status();
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(
            status,
            "too-large",
            format!("a request has at most {MAX_REQUEST_BYTES} bytes: send several"),
        );
    }
    Problem::new(status, "body", "the body did not arrive whole: send it again")
}

/// Puts updated lists in the place of those in use.
async fn follow(lists: Lists, sender: watch::Sender<Arc<Catalogue>>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let (lists, known) = (lists.clone(), sender.borrow().digests());
        let prepared = tokio::task::spawn_blocking(move || {
            if lists.digests()? == known {
                return Ok(None);
            }
            current(&lists).map(|versions| Some(Arc::new(Catalogue::new(versions))))
        });
        match prepared.await {
            Ok(Ok(Some(catalogue))) => {
                tracing::info!(entities = catalogue.index().entities().len(), "lists updated");
                sender.send_replace(catalogue);
            }
            Ok(Ok(None)) => {}
            Ok(Err(error)) => tracing::warn!("the lists in use stay: {error:#}"),
            Err(_) => tracing::warn!("the lists in use stay: preparing the new ones failed"),
        }
    }
}
