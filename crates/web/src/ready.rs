//! `GET /readyz`: the figures can be read and the newest checkpoint has a fresh quorum of witnesses.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use countersign_core::time::Timestamp;

use crate::state::{Figures, MAX_QUORUM_AGE};
use crate::{Problem, Site};

/// # Errors
/// `state-unreadable`, `log-empty`, `quorum-missing`, `quorum-stale`, each with status 503.
pub(crate) async fn serve(State(site): State<Arc<Site>>) -> Result<Response, Problem> {
    let figures = site
        .state
        .figures()
        .await
        .map_err(|error| unready("state-unreadable", "the figures cannot be read at the moment").because(error))?;
    check(&figures, site.clock.now())?;
    Ok(([(CACHE_CONTROL, "no-store")], "ready\n").into_response())
}

fn check(figures: &Figures, now: Timestamp) -> Result<(), Problem> {
    if figures.head.is_none() {
        return Err(unready("log-empty", "the log has no published checkpoint yet"));
    }
    let Some(witnessed) = figures.witnessed() else {
        return Err(unready("quorum-missing", "the newest checkpoint lacks its quorum of witnesses"));
    };
    if now.since(witnessed) > MAX_QUORUM_AGE {
        return Err(unready("quorum-stale", "the quorum of witnesses is older than one hour"));
    }
    Ok(())
}

fn unready(code: &'static str, detail: &str) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
}
