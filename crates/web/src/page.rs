//! `GET /`: the public page.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{Html, IntoResponse, Response};
use countersign_core::time::{DAY, Date, HOUR, MINUTE, Seconds, Timestamp};

use crate::asset::STYLE;
use crate::state::{Figures, MAX_QUORUM_AGE};
use crate::{Problem, Site};

/// # Errors
/// `state-unreadable` with status 503 when the figures cannot be read.
pub(crate) async fn serve(State(site): State<Arc<Site>>) -> Result<Response, Problem> {
    let figures = site.state.figures().await.map_err(|error| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "state-unreadable",
            "the figures cannot be read at the moment; the log itself is under `/log/checkpoint`",
        )
        .because(error)
    })?;
    let page = Page { style: STYLE.path(), now: site.clock.now(), figures: &figures };
    let html = page.render().map_err(Problem::internal)?;
    Ok(([(CACHE_CONTROL, "no-cache")], Html(html)).into_response())
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    style: &'a str,
    now: Timestamp,
    figures: &'a Figures,
}

impl Page<'_> {
    fn cosigned(&self) -> usize {
        self.figures.witnesses.iter().filter(|witness| witness.cosigned.is_some()).count()
    }

    fn age(&self, then: &Timestamp) -> String {
        span(self.now.since(*then))
    }

    fn stale(&self, then: &Timestamp) -> bool {
        self.now.since(*then) > MAX_QUORUM_AGE
    }

    fn date(&self, time: &Timestamp) -> Date {
        time.date()
    }
}

/// A span in its two largest units; a time still to come is a clock that is wrong somewhere, and is shown as none.
fn span(seconds: Seconds) -> String {
    let seconds = seconds.max(0);
    let (days, hours, minutes) = (seconds / DAY, seconds % DAY / HOUR, seconds % HOUR / MINUTE);
    if days > 0 {
        format!("{days} d {hours} h")
    } else if hours > 0 {
        format!("{hours} h {minutes} min")
    } else if minutes > 0 {
        format!("{minutes} min {} s", seconds % MINUTE)
    } else {
        format!("{seconds} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_two_units() {
        for (seconds, text) in [
            (-5, "0 s"),
            (59, "59 s"),
            (60, "1 min 0 s"),
            (3_599, "59 min 59 s"),
            (3_661, "1 h 1 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(span(seconds), text);
        }
    }
}
