//! A node's REST interface over HTTP.

use anyhow::{Result, ensure};
use std::io;
use std::time::Duration;
use tokio::runtime::Handle;

/// A node that answers over HTTP.
pub(super) struct Http {
    client: reqwest::Client,
    base: String,
}

/// Whether this is the address of a node and no file.
pub(super) fn is_address(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

impl Http {
    pub(super) fn new(base: &str) -> Result<Self> {
        ensure!(is_address(base), "`{base}` is no address like http://127.0.0.1:8332");
        // Refused when a provider is there already, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(120));
        Ok(Self { client: client.build()?, base: base.trim_end_matches('/').to_owned() })
    }

    /// The answer under this path, or one byte more than may be of a longer one; `None` when the node does not have it.
    pub(super) fn get(&self, path: &str, most: usize) -> io::Result<Option<Vec<u8>>> {
        tokio::task::block_in_place(|| Handle::current().block_on(self.ask(path, most)))
    }

    async fn ask(&self, path: &str, most: usize) -> io::Result<Option<Vec<u8>>> {
        let mut response = self.client.get(format!("{}{path}", self.base)).send().await.map_err(io::Error::other)?;
        match response.status().as_u16() {
            200 => {}
            404 => return Ok(None),
            other => return Err(io::Error::other(format!("status {other}"))),
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(io::Error::other)? {
            body.extend_from_slice(&chunk);
            if body.len() > most {
                body.truncate(most + 1);
                break;
            }
        }
        Ok(Some(body))
    }
}
