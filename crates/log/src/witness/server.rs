use super::LocalWitness;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use countersign_tlog::witness::{MAX_REQUEST_BYTES, monitoring_path};

/// The witness over HTTP: `POST /add-checkpoint` and `GET /<hex SHA-256 of the origin>/checkpoint`, as in C2SP tlog-witness.
/// Submission and monitoring prefix are the same.
pub fn router(witness: LocalWitness) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{origin}/checkpoint", get(checkpoint))
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .with_state(witness)
}

async fn add_checkpoint(State(witness): State<LocalWitness>, body: Bytes) -> Response {
    match tokio::task::spawn_blocking(move || witness.answer(&body)).await {
        Ok(answer) => {
            let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, [(header::CONTENT_TYPE, answer.content_type)], answer.body).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn checkpoint(State(witness): State<LocalWitness>, Path(origin): Path<String>) -> Response {
    // Only the logs of this witness have a path, so a request never names a file.
    let known = witness
        .logs()
        .iter()
        .map(|log| log.name().as_str())
        .find(|name| monitoring_path(name) == format!("{origin}/checkpoint"));
    let Some(known) = known else { return StatusCode::NOT_FOUND.into_response() };
    let known = known.to_owned();
    match tokio::task::spawn_blocking(move || witness.stored(&known)).await {
        Ok(Ok(Some(bytes))) => {
            let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
            (headers, bytes).into_response()
        }
        Ok(Ok(None)) => StatusCode::NOT_FOUND.into_response(),
        Ok(Err(error)) => {
            tracing::error!(%error, "a record of this witness is not served");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
