//! Reading a log from outside, from where it is kept or over HTTP, and believing only what verifies.

use crate::TileStore;
use crate::durable::found;
use crate::open::{CHECKPOINT_FILE, VKEY_FILE};
use crate::witness::read_limited;
use async_trait::async_trait;
use countersign_tlog::checkpoint::{CheckpointError, SignedCheckpoint};
use countersign_tlog::follow::{FollowError, Follower, Step};
use countersign_tlog::note::MAX_NOTE_BYTES;
use countersign_tlog::policy::{Policy, TimeWindow};
use countersign_tlog::tile::{MAX_BUNDLE_BYTES, TileError, TilePath, TileReader};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a log is served: its prefix.
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
        let bytes = found(fs::read(self.0.join(path))).map_err(|error| error.to_string())?;
        match bytes {
            Some(bytes) if bytes.len() > most => Err(format!("longer than {most} bytes")),
            other => Ok(other),
        }
    }
}

/// A log in the place that this process keeps it in.
#[derive(Clone)]
pub struct TilesSource(
    /// The place.
    pub Arc<dyn TileStore>,
);

#[async_trait]
impl LogSource for TilesSource {
    async fn get(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, String> {
        let (tiles, path) = (Arc::clone(&self.0), path.to_owned());
        let read = move || match path.parse::<TilePath>() {
            Ok(tile) => tiles.read(&tile),
            Err(_) if path == CHECKPOINT_FILE || path == VKEY_FILE => tiles.read_file(&path),
            Err(_) => Ok(None),
        };
        let read = tokio::task::spawn_blocking(read).await.map_err(|error| error.to_string())?;
        match read.map_err(|error| error.to_string())? {
            Some(bytes) if bytes.len() > most => Err(format!("longer than {most} bytes")),
            other => Ok(other),
        }
    }
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

/// Why nothing was read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// The source does not answer; later it may.
    #[error("{path}: {reason}")]
    Unavailable {
        /// What was asked for.
        path: String,
        /// What the source says.
        reason: String,
    },
    /// The log has published nothing yet.
    #[error("the log has no checkpoint yet")]
    Empty,
    /// The checkpoint cannot be read.
    #[error("checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// Not verified: a fork, too few or too old cosignatures, damaged tiles.
    #[error(transparent)]
    Follow(#[from] FollowError<String>),
}

/// A reader of one log under one policy: what trustees and monitors tail a log with.
pub struct LogReader<S> {
    source: S,
    policy: Policy,
}

impl<S: LogSource> LogReader<S> {
    /// Reads from `source` what `policy` accepts.
    pub fn new(source: S, policy: Policy) -> Self {
        Self { source, policy }
    }

    /// Fetches the checkpoint and the next leaves, at most `most`, and verifies both; see [`Follower::step`].
    ///
    /// # Errors
    /// [`ReadError`]; the follower given stays right.
    pub async fn step(&self, follower: &Follower, window: TimeWindow, most: u64) -> Result<Step, ReadError> {
        let signed = self.checkpoint().await?;
        let mut fetched = Fetched::default();
        loop {
            // Verification is synchronous: it is run until it lacks no tile any more.
            match follower.step(&signed, &self.policy, window, &mut fetched, most) {
                Err(FollowError::Tile(TileError::Read { path, .. })) if !fetched.tiles.contains_key(&path) => {
                    let bytes = self.tile(&path).await?;
                    fetched.tiles.insert(path, bytes);
                }
                done => return Ok(done?),
            }
        }
    }

    /// Fetches the checkpoint, unverified.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`], [`ReadError::Empty`], [`ReadError::Checkpoint`].
    pub async fn checkpoint(&self) -> Result<SignedCheckpoint, ReadError> {
        let bytes = self.get("checkpoint", MAX_NOTE_BYTES).await?.ok_or(ReadError::Empty)?;
        Ok(SignedCheckpoint::parse(&bytes)?)
    }

    async fn tile(&self, path: &TilePath) -> Result<Vec<u8>, ReadError> {
        match self.get(&path.to_string(), MAX_BUNDLE_BYTES).await? {
            Some(bytes) => Ok(bytes),
            None => Err(ReadError::Unavailable { path: path.to_string(), reason: "not found".to_owned() }),
        }
    }

    async fn get(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, ReadError> {
        let unavailable = |reason| ReadError::Unavailable { path: path.to_owned(), reason };
        self.source.get(path, most).await.map_err(unavailable)
    }
}

#[derive(Default)]
struct Fetched {
    tiles: BTreeMap<TilePath, Vec<u8>>,
}

impl TileReader for Fetched {
    type Error = String;

    fn read(&mut self, path: &TilePath) -> Result<Vec<u8>, String> {
        self.tiles.get(path).cloned().ok_or_else(|| "not fetched".to_owned())
    }
}
