//! Asking a trustee over HTTP.

use super::{MAX_ANSWER_BYTES, MAX_LOOKUP_ANSWER_BYTES, MAX_TOTALS_ANSWER_BYTES};
use crate::source::read_limited;
use serde::Deserialize;

/// Longest problem response that is read.
const MAX_PROBLEM_BYTES: usize = 4 * 1024;

/// A trustee over HTTP.
#[derive(Debug, Clone)]
pub struct HttpTrustee {
    index: u16,
    url: String,
    client: reqwest::Client,
}

impl HttpTrustee {
    /// The trustee with this index under this URL. The client brings time limits and trust roots; what the trustee says is
    /// trusted by its signature, not by its address.
    pub fn new(index: u16, url: &str, client: reqwest::Client) -> Self {
        Self { index, url: url.trim_end_matches('/').to_owned(), client }
    }

    /// Index of its shares.
    pub fn index(&self) -> u16 {
        self.index
    }

    /// Sends a signed request and returns the signed answer.
    ///
    /// # Errors
    /// A text for people when the trustee cannot be reached or says only "refused".
    pub async fn ask(&self, request: &[u8]) -> Result<Vec<u8>, String> {
        self.post("/v1/request", request, MAX_ANSWER_BYTES).await
    }

    /// Sends a signed lookup request and returns the signed answer.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn lookup(&self, request: &[u8]) -> Result<Vec<u8>, String> {
        self.post("/v1/lookup", request, MAX_LOOKUP_ANSWER_BYTES).await
    }

    /// Sends a signed totals request and returns the signed answer.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn totals(&self, request: &[u8]) -> Result<Vec<u8>, String> {
        self.post("/v1/totals", request, MAX_TOTALS_ANSWER_BYTES).await
    }

    async fn post(&self, path: &str, request: &[u8], most: usize) -> Result<Vec<u8>, String> {
        let url = format!("{}{path}", self.url);
        let sent = self.client.post(url).header("content-type", "application/octet-stream").body(request.to_vec());
        let response = sent.send().await.map_err(|error| format!("trustee {}: {error}", self.index))?;
        let status = response.status().as_u16();
        if status == 200 {
            return read_limited(response, most).await;
        }
        let body = read_limited(response, MAX_PROBLEM_BYTES).await.unwrap_or_default();
        let detail = serde_json::from_slice::<Problem>(&body).map(|problem| problem.detail);
        Err(detail.unwrap_or_else(|_| format!("trustee {}: status {status}", self.index)))
    }
}

/// What is read of a problem response.
#[derive(Deserialize)]
struct Problem {
    detail: String,
}
