//! Requests of authorities over HTTP, where the custodian has opted in: `docs/formats/requests-http.md`.
//!
//! In scope: what of a head is kept, whose signature it carries, how much and how often a sender may send, and what everybody is told. Who
//! is known, what is taken and how it stands come through the port [`Requests`]. Not in scope: TLS, which the proxy in front ends.
//!
//! INVARIANT: no content is read before the signature over its digest was checked under a key of the directory, and what a stranger is told
//! depends on nothing but the stranger's own request.

mod file;
mod status;
mod window;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::{get, post};
use countersign_core::time::Timestamp;
use countersign_intake::http::{HttpRequest, Purpose, SignedHead, kept};

use crate::{Problem, Site};
use window::Windows;
pub use window::{MOST_AT_ONCE, MOST_BYTES_IN_A_DAY, MOST_IN_A_MINUTE};

/// Where requests are filed; how one stands is read one level below, under the sender's id of it.
pub const PATH: &str = "/api/v1/requests";

/// An answer that is being made.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failed>> + Send + 'a>>;

/// The desk, as far as the endpoints need it.
pub trait Requests: Send + Sync {
    /// The name and port that authorities reach us under, in lower case. A request that was signed for another one is not ours.
    fn host(&self) -> &str;

    /// Whom a signature speaks for.
    ///
    /// # Errors
    /// [`Turned`] away.
    fn vouch(&self, head: &SignedHead) -> Result<Box<dyn Sender>, Turned>;
}

/// Somebody whose signature was checked under a key of the directory.
pub trait Sender: Send + Sync {
    /// The key.
    fn key(&self) -> &str;

    /// Takes a whole request in, head and content.
    fn file(&self, raw: Vec<u8>) -> Answering<'_, Filed>;

    /// The newest signed status of what this sender sent under an id; `None` when nothing was taken under it.
    fn status<'a>(&'a self, transaction: &'a str) -> Answering<'a, Option<String>>;
}

/// Why nobody is heard.
#[derive(Debug)]
pub enum Turned {
    /// The signature is not of now; the text may be told to anybody.
    Late(String),
    /// No key of the directory made it.
    Stranger,
    /// Nothing is taken at the moment; the text stays inside.
    Closed(String),
}

/// What came of a request.
#[derive(Debug)]
pub enum Filed {
    /// It was taken.
    Taken {
        /// The sender's id of it.
        transaction: String,
        /// The signed status, exact text.
        status: String,
    },
    /// It was not taken.
    NotTaken {
        /// The signed status that says why, exact text.
        status: String,
        /// What happened in our words; stays inside.
        inside: String,
    },
    /// It speaks for somebody else than who signed it.
    Stranger,
}

/// Something failed on this side; the text stays inside.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failed(pub String);

/// The opened intake.
pub struct Intake {
    port: Arc<dyn Requests>,
    windows: Windows,
}

impl Intake {
    /// Opens the intake over the desk.
    pub fn new(port: Arc<dyn Requests>) -> Self {
        Self { port, windows: Windows::default() }
    }

    /// Whom the signature of a head speaks for, and the head as it is kept.
    fn hear(&self, purpose: Purpose, parts: &Parts) -> Result<(Vec<u8>, Box<dyn Sender>), Heard> {
        if parts.uri.query().is_some() || parts.uri.authority().is_some() {
            return Err(Heard::Told(Problem::new(
                StatusCode::BAD_REQUEST,
                "malformed",
                "the target is not the path alone: leave out query and address",
            )));
        }
        let fields = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let head = kept::head(purpose, parts.method.as_str(), parts.uri.path(), fields).map_err(malformed)?;
        let request = HttpRequest::parse_head(&head).map_err(malformed)?;
        if request.component("@authority").as_deref() != Some(self.port.host()) {
            return Err(Heard::Told(Problem::new(
                StatusCode::MISDIRECTED_REQUEST,
                "another-host",
                "`host` is not the name under which requests are taken here: sign for that name",
            )));
        }
        let signed = SignedHead::read(&request, purpose).map_err(malformed)?;
        match self.port.vouch(&signed) {
            Ok(sender) => Ok((head, sender)),
            Err(Turned::Stranger) => Err(Heard::Stranger),
            Err(Turned::Late(reason)) => Err(Heard::Told(Problem::new(StatusCode::BAD_REQUEST, "not-in-time", reason))),
            Err(Turned::Closed(inside)) => Err(Heard::Told(
                Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "closed",
                    "no requests are taken at the moment; try again later, or send a letter",
                )
                .because(inside),
            )),
        }
    }

    /// Counts a request of a known sender.
    fn count(&self, sender: &dyn Sender, bytes: usize, now: Timestamp) -> Result<window::Ticket<'_>, Problem> {
        self.windows.enter(sender.key(), bytes, now).map_err(|full| {
            Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many",
                "more requests or bytes than are taken from one key: wait as `retry-after` says",
            )
            .retry_after(full.seconds)
        })
    }
}

/// Why a head is not heard: strangers are told what each endpoint tells everybody who has no business there.
enum Heard {
    Stranger,
    Told(Problem),
}

fn malformed(problem: countersign_intake::Problem) -> Heard {
    Heard::Told(Problem::new(StatusCode::BAD_REQUEST, "malformed", problem.to_string()))
}

/// The routes of the intake.
pub(crate) fn router() -> Router<Arc<Site>> {
    Router::new()
        .route(PATH, post(file::serve).fallback(only("POST")))
        .route(&format!("{PATH}/{{transaction}}"), get(status::serve).fallback(only("GET")))
}

fn only(method: &'static str) -> impl Fn() -> std::future::Ready<Problem> + Clone {
    move || {
        let detail = format!("this path takes {method} only; docs/formats/requests-http.md says how");
        std::future::ready(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", detail))
    }
}

/// The intake of a site whose routes are mounted.
fn opened(site: &Site) -> Result<&Intake, Problem> {
    site.requests.as_ref().ok_or_else(|| Problem::internal("the routes of the intake are mounted without it"))
}
