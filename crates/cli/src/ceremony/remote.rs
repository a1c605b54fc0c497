//! The meeting place of a ceremony as a trustee reaches it: over HTTP, outgoing connections only.

use async_trait::async_trait;
use countersign_trustee::founding::{Item, MeetingPlace, NotTaken};
use countersign_trustee::{HttpSource, LogSource};
use std::collections::BTreeSet;

/// A meeting place under this URL. It is trusted in nothing, so any TLS roots will do.
pub(crate) struct RemotePlace {
    prefix: String,
    client: reqwest::Client,
    log: HttpSource,
}

/// Longest text that is read of a refusal.
const MOST_TEXT: usize = 4 * 1024;
/// Longest list of names.
const MOST_NAMES: usize = 1024 * 1024;

impl RemotePlace {
    pub(crate) fn new(url: &str, client: reqwest::Client) -> Self {
        let prefix = url.trim_end_matches('/').to_owned();
        let log = HttpSource::new(&format!("{prefix}/log"), client.clone());
        Self { prefix, client, log }
    }

    async fn fetch(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, String> {
        let response = self.client.get(format!("{}{path}", self.prefix)).send().await.map_err(said)?;
        match response.status().as_u16() {
            200 => read(response, most).await.map(Some),
            404 => Ok(None),
            other => Err(format!("status {other}")),
        }
    }
}

#[async_trait]
impl MeetingPlace for RemotePlace {
    async fn items(&self) -> Result<BTreeSet<Item>, String> {
        let names = self.fetch("/v1/items", MOST_NAMES).await?;
        let names = names.ok_or_else(|| format!("{} is no meeting place of a founding ceremony", self.prefix))?;
        let names = String::from_utf8(names).map_err(|error| error.to_string())?;
        // Names of a later version of this program are none of ours.
        Ok(names.lines().filter_map(|name| name.parse().ok()).collect())
    }

    async fn get(&self, item: Item) -> Result<Option<Vec<u8>>, String> {
        self.fetch(&format!("/v1/items/{item}"), item.most()).await
    }

    async fn put(&self, item: Item, bytes: &[u8]) -> Result<(), NotTaken> {
        let url = format!("{}/v1/items/{item}", self.prefix);
        let sent = self.client.put(url).body(bytes.to_vec()).send().await;
        let response = sent.map_err(|error| NotTaken::Unavailable(said(error)))?;
        let status = response.status().as_u16();
        let text = read(response, MOST_TEXT).await.unwrap_or_default();
        // Foreign text on its way to somebody's terminal.
        let text: String = String::from_utf8_lossy(&text).trim_end().chars().filter(|c| !c.is_control()).collect();
        match status {
            200..=299 => Ok(()),
            409 | 413 | 422 => Err(NotTaken::Refused(text)),
            other => Err(NotTaken::Unavailable(format!("status {other}: {text}"))),
        }
    }

    fn log(&self) -> &dyn LogSource {
        &self.log
    }
}

async fn read(mut response: reqwest::Response, most: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(said)? {
        if body.len() + chunk.len() > most {
            return Err(format!("answer is longer than {most} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The error with its causes: the first line of an HTTP client's error alone says little.
fn said(error: reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
