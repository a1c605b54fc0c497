//! Where the custodian's journal is read. Nothing that comes from there is trusted.

use async_trait::async_trait;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

/// Where a log is served: its prefix, in the layout of C2SP tlog-tiles.
#[async_trait]
pub trait LogSource: Send + Sync {
    /// Bytes at a path under the prefix, at most `most`; `None` if there is nothing.
    ///
    /// # Errors
    /// What the system says.
    async fn get(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, String>;
}

/// A log's folder on this machine.
#[derive(Debug, Clone)]
pub struct FolderSource(
    /// The folder that holds `checkpoint`.
    pub PathBuf,
);

#[async_trait]
impl LogSource for FolderSource {
    async fn get(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, String> {
        let path = self.0.join(path);
        tokio::task::spawn_blocking(move || read_file(&path, most)).await.map_err(|error| error.to_string())?
    }
}

fn read_file(path: &Path, most: usize) -> Result<Option<Vec<u8>>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() > most { Err(longer(most)) } else { Ok(Some(bytes)) }
}

/// A log over HTTP.
#[derive(Debug, Clone)]
pub struct HttpSource {
    prefix: String,
    client: reqwest::Client,
}

impl HttpSource {
    /// The log under this URL. The client brings time limits and trust roots.
    pub fn new(prefix: &str, client: reqwest::Client) -> Self {
        Self { prefix: prefix.trim_end_matches('/').to_owned(), client }
    }
}

#[async_trait]
impl LogSource for HttpSource {
    async fn get(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, String> {
        let url = format!("{}/{path}", self.prefix);
        let response = self.client.get(url).send().await.map_err(|error| error.to_string())?;
        match response.status().as_u16() {
            200 => read_limited(response, most).await.map(Some),
            404 => Ok(None),
            other => Err(format!("status {other}")),
        }
    }
}

/// Reads a response of at most `most` bytes.
pub(crate) async fn read_limited(mut response: reqwest::Response, most: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| error.to_string())? {
        if body.len() + chunk.len() > most {
            return Err(longer(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn longer(most: usize) -> String {
    format!("longer than {most} bytes")
}
