use super::{Witness, WitnessError};
use async_trait::async_trait;
use countersign_tlog::note::MAX_NOTE_BYTES;
use countersign_tlog::witness::monitoring_path;
use reqwest::{Client, Response};

/// A witness over HTTP, whose submission and monitoring prefix are the same.
#[derive(Debug, Clone)]
pub struct HttpWitness {
    name: String,
    prefix: String,
    client: Client,
}

impl HttpWitness {
    /// `name` is its name in the log's policy, `prefix` its URL. The client brings time limits and trust roots.
    pub fn new(name: impl Into<String>, prefix: &str, client: Client) -> Self {
        Self { name: name.into(), prefix: prefix.trim_end_matches('/').to_owned(), client }
    }

    fn failed(&self, reason: impl ToString) -> WitnessError {
        WitnessError { witness: self.name.clone(), reason: reason.to_string() }
    }

    async fn body(&self, response: Response) -> Result<Vec<u8>, WitnessError> {
        read_limited(response, MAX_NOTE_BYTES).await.map_err(|reason| self.failed(reason))
    }
}

/// Reads a response of at most `most` bytes.
pub(crate) async fn read_limited(mut response: Response, most: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| error.to_string())? {
        if body.len() + chunk.len() > most {
            return Err(format!("answer is longer than {most} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[async_trait]
impl Witness for HttpWitness {
    fn name(&self) -> &str {
        &self.name
    }

    async fn add_checkpoint(&self, body: Vec<u8>) -> Result<(u16, Vec<u8>), WitnessError> {
        let url = format!("{}/add-checkpoint", self.prefix);
        let response = self.client.post(url).body(body).send().await.map_err(|error| self.failed(error))?;
        Ok((response.status().as_u16(), self.body(response).await?))
    }

    async fn latest(&self, origin: &str) -> Result<Option<Vec<u8>>, WitnessError> {
        let url = format!("{}/{}", self.prefix, monitoring_path(origin));
        let response = self.client.get(url).send().await.map_err(|error| self.failed(error))?;
        match response.status().as_u16() {
            200 => Ok(Some(self.body(response).await?)),
            404 => Ok(None),
            other => Err(self.failed(format!("status {other}"))),
        }
    }
}
