//! The meeting place over HTTP, and what the custodian does when everybody else has done their part.

use super::hall::Untaken;
use super::{Hall, finish, log};
use crate::config::Config;
use crate::files;
use crate::place::Place;
use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path as UrlPath, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use countersign_core::time::Clock;
use countersign_log::{FolderTiles, TileStore};
use countersign_trustee::founding::{Item, Meeting, Refused, Stage};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Longest time that a message may take to arrive.
const READING: Duration = Duration::from_secs(30);

/// Messages held in memory at once.
const MOST_MESSAGES: usize = 16;

/// Does what the custodian can do now: publishes the log of the ceremony, brings genesis. May be repeated.
pub(crate) async fn tend(hall: &Hall, clock: &Arc<dyn Clock>) -> Result<()> {
    let place = hall.place();
    let (founding, entries, stage) = {
        let meeting = hall.meeting();
        (meeting.founding().clone(), meeting.entries(), meeting.stage())
    };
    if let Some(entries) = entries.filter(|_| stage != Stage::Stopped)
        && !log_is_public(place, hall, clock.as_ref())?
    {
        let config = Config::load_at(&place.ceremony().join(super::prepare::CONFIG_DRAFT))?;
        let published = log::publish(place, &config, &founding, entries, clock).await;
        published.context("the log of the ceremony is not public yet")?;
    }
    if stage == Stage::Genesis {
        for (item, name) in [(Item::Policy, "policy-bundle.json"), (Item::Directory, "directory.json")] {
            hall.take(item, &files::read(&place.document(name), item.most())?)?;
        }
        let genesis = finish::genesis(place, &hall.meeting())?;
        hall.take(Item::Genesis, genesis.bytes())?;
    }
    Ok(())
}

/// Whether the log of the ceremony is there, whole, and cosigned by the quorum.
pub(crate) fn log_is_public(place: &Place, hall: &Hall, clock: &dyn Clock) -> Result<bool> {
    let founding = hall.meeting().founding().clone();
    log::is_public(place, &founding, clock)
}

/// How far a meeting is, on whom it waits, and what to do.
pub(crate) fn told(meeting: &Meeting, stage: Stage) -> String {
    let names = |missing: &[u16]| {
        let members = meeting.founding().members();
        let of = |index: &u16| members.iter().find(|member| member.index == *index);
        let named = missing.iter().map(|index| match of(index) {
            Some(member) => format!("trustee {index} ({} in {})", member.name, member.state),
            None => format!("trustee {index}"),
        });
        named.collect::<Vec<_>>().join(", ")
    };
    match stage {
        Stage::Stopped => {
            let faults: Vec<String> = meeting.faults().iter().map(ToString::to_string).collect();
            format!(
                "stopped: {}. Speak with those named; then begin a new ceremony in a new folder with `countersign ring create`, without \
                 whoever is to blame",
                faults.join("; ")
            )
        }
        Stage::Round1(missing) => {
            format!("waiting for the broadcast of {}: they say `countersign ring join`", names(&missing))
        }
        Stage::Round2(missing) => format!("waiting for the messages of {} to the others", names(&missing)),
        Stage::Confirming(missing) => format!("waiting for the confirmation of the ring by {}", names(&missing)),
        Stage::Genesis => "genesis is written as soon as `countersign ring serve` runs".to_owned(),
        Stage::Signing(missing) => {
            format!(
                "waiting for the signature under genesis of {}: their owners compare the digest and say --sign",
                names(&missing)
            )
        }
        Stage::Leaf => "all trustees have signed: the people sign now, with `countersign ring finish`".to_owned(),
        Stage::Done => "done: trustees that have not installed genesis yet join once more".to_owned(),
    }
}

/// `GET /v1/items`, `GET` and `PUT /v1/items/<name>`, the log of the ceremony under `/log`. TLS is the reverse proxy's.
pub(crate) fn router(hall: Arc<Hall>) -> Router {
    let tiles: Arc<dyn TileStore> = Arc::new(FolderTiles::new(hall.place().ceremony_log()));
    let shared = Shared { hall, places: Arc::new(Semaphore::new(MOST_MESSAGES)) };
    Router::new()
        .route("/v1/items", get(items))
        .route("/v1/items/{*name}", get(item).put(put))
        .route("/healthz", get(|| async { "ok\n" }))
        .with_state(shared)
        .nest("/log", countersign_log::serve::router(tiles))
}

#[derive(Clone)]
struct Shared {
    hall: Arc<Hall>,
    places: Arc<Semaphore>,
}

async fn items(State(shared): State<Shared>) -> Response {
    if let Err(error) = shared.hall.look(Item::Leaf) {
        return failed(&error);
    }
    let names = shared.hall.meeting().items().fold(String::new(), |text, item| text + &item.to_string() + "\n");
    ([(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-store")], names).into_response()
}

async fn item(State(shared): State<Shared>, UrlPath(name): UrlPath<String>) -> Response {
    let Ok(item) = name.parse::<Item>() else { return refused(StatusCode::NOT_FOUND, "there is no such message") };
    let found = shared.hall.meeting().get(item).map(<[u8]>::to_vec);
    match found {
        Some(bytes) => {
            ([(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, "no-store")], bytes).into_response()
        }
        None => refused(StatusCode::NOT_FOUND, "this message is not here yet"),
    }
}

/// Takes a trustee's message. Whoever sends it, it counts by its author's signature.
async fn put(State(shared): State<Shared>, UrlPath(name): UrlPath<String>, request: Request<Body>) -> Response {
    let item = name.parse::<Item>().ok().filter(|item| item.author().is_some());
    let Some(item) = item else { return refused(StatusCode::NOT_FOUND, "there is no such message of a trustee") };
    let Ok(_place) = shared.places.try_acquire() else {
        return refused(StatusCode::SERVICE_UNAVAILABLE, "too many messages at once; try again later");
    };
    let bytes = match tokio::time::timeout(READING, to_bytes(request.into_body(), item.most())).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => return refused(StatusCode::PAYLOAD_TOO_LARGE, "longer than a message of this name may be"),
        Err(_) => return refused(StatusCode::REQUEST_TIMEOUT, "the message did not arrive in time"),
    };
    let taken = tokio::task::spawn_blocking(move || take(&shared.hall, item, &bytes)).await;
    taken.unwrap_or_else(|error| failed(&anyhow::Error::new(error)))
}

fn take(hall: &Hall, item: Item, bytes: &Bytes) -> Response {
    match hall.take(item, bytes) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(Untaken::Refused(refusal)) => {
            let status = match &refusal {
                // The sender comes again: it may be ahead of a message that is on its way.
                Refused::Early(_) => StatusCode::SERVICE_UNAVAILABLE,
                Refused::Taken(_) => StatusCode::CONFLICT,
                Refused::Wrong { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            };
            refused(status, &refusal.to_string())
        }
        Err(Untaken::Failed(error)) => failed(&error),
    }
}

fn refused(status: StatusCode, text: &str) -> Response {
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-store")];
    (status, headers, format!("{text}\n")).into_response()
}

/// What went wrong inside is for the custodian's own eyes.
fn failed(error: &anyhow::Error) -> Response {
    tracing::error!(error = format!("{error:#}"), "a message was not served");
    refused(StatusCode::INTERNAL_SERVER_ERROR, "the meeting place failed; try again later")
}
