//! [`TileStore`] over a bucket.

use super::bridge::Bridge;
use super::bucket::{Bucket, NotPut};
use super::swap::Files;
use super::{S3Credentials, S3Limits, S3Settings};
use crate::TileStore;
use crate::tiles::{most_bytes, other_bytes, reads_back_differently};
use countersign_tlog::tile::TilePath;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use object_store::PutMode;
use std::io::{self, ErrorKind};
use std::sync::Arc;

/// How often an object is put whose fate is not known.
pub(super) const ROUNDS: u32 = 3;

/// A log in a bucket of S3, or of a store that speaks its protocol.
pub struct BucketTiles {
    bucket: Arc<Bucket>,
    files: Arc<Files>,
    bridge: Bridge,
}

impl BucketTiles {
    /// The log in this bucket. The first request is made when something is read or written.
    ///
    /// # Errors
    /// When the settings are not usable or a thread cannot be started.
    pub fn connect(settings: &S3Settings, credentials: S3Credentials, limits: S3Limits) -> io::Result<Self> {
        Self::over(Bucket::connect(settings, credentials, limits)?)
    }

    pub(super) fn over(bucket: Bucket) -> io::Result<Self> {
        let bucket = Arc::new(bucket);
        let files = Arc::new(Files::new(Arc::clone(&bucket)));
        Ok(Self { bucket, files, bridge: Bridge::new()? })
    }
}

impl TileStore for BucketTiles {
    fn read(&self, path: &TilePath) -> io::Result<Option<Vec<u8>>> {
        let (bucket, path) = (Arc::clone(&self.bucket), *path);
        self.bridge.run(async move { read(&bucket, &path).await })
    }

    fn read_all(&self, paths: &[TilePath]) -> io::Result<Vec<Option<Vec<u8>>>> {
        let (bucket, paths) = (Arc::clone(&self.bucket), paths.to_vec());
        self.bridge.run(async move {
            let at_once = bucket.limits.at_once;
            let reads = paths.into_iter().map(|path| {
                let bucket = Arc::clone(&bucket);
                async move { read(&bucket, &path).await }
            });
            stream::iter(reads).buffered(at_once).try_collect().await
        })
    }

    fn write(&self, tiles: &[(TilePath, Vec<u8>)]) -> io::Result<()> {
        if tiles.is_empty() {
            return Ok(());
        }
        let (bucket, files, tiles) = (Arc::clone(&self.bucket), Arc::clone(&self.files), tiles.to_vec());
        self.bridge.run(async move {
            files.demand_conditions().await?;
            let at_once = bucket.limits.at_once;
            let writes = tiles.into_iter().map(|(path, bytes)| {
                let bucket = Arc::clone(&bucket);
                async move { create(&bucket, &path, &bytes).await }
            });
            stream::iter(writes).buffer_unordered(at_once).try_collect().await
        })
    }

    fn list(&self) -> io::Result<Vec<TilePath>> {
        let bucket = Arc::clone(&self.bucket);
        self.bridge.run(async move { bucket.tiles().await })
    }

    fn read_file(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let (files, name) = (Arc::clone(&self.files), name.to_owned());
        self.bridge.run(async move { files.read(&name).await })
    }

    fn replace_file(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let (files, name, bytes) = (Arc::clone(&self.files), name.to_owned(), bytes.to_vec());
        self.bridge.run(async move { files.replace(&name, &bytes).await })
    }
}

async fn read(bucket: &Bucket, path: &TilePath) -> io::Result<Option<Vec<u8>>> {
    Ok(bucket.get(&path.to_string(), most_bytes(path)).await?.map(|object| object.bytes))
}

/// Puts a tile where nothing is, and reads back what is there then, whoever put it.
async fn create(bucket: &Bucket, path: &TilePath, bytes: &[u8]) -> io::Result<()> {
    let name = path.to_string();
    let mut last = None;
    for round in 0..ROUNDS {
        tokio::time::sleep(bucket.limits.pause * round).await;
        let put = match bucket.put(&name, bytes, PutMode::Create).await {
            Ok(()) => true,
            Err(NotPut::Condition) => false,
            Err(NotPut::Unknown(error)) if error.kind() == ErrorKind::PermissionDenied => return Err(error),
            // It may be there all the same; the next round finds it then.
            Err(NotPut::Unknown(error)) => {
                last = Some(error);
                continue;
            }
        };
        let differs = || if put { reads_back_differently(bucket.call(&name)) } else { other_bytes(bucket.call(&name)) };
        match bucket.get(&name, bytes.len()).await {
            Ok(Some(there)) if there.bytes == bytes => return Ok(()),
            Ok(Some(_)) => return Err(differs()),
            Ok(None) if put => return Err(differs()),
            // A server refuses this way too while another request for the same key is under way.
            Ok(None) => {
                last = Some(io::Error::other(format!("{}: it is refused and is not there", bucket.call(&name))))
            }
            Err(error) if error.kind() == ErrorKind::InvalidData => return Err(differs()),
            Err(error) => return Err(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::other(bucket.call(&name))))
}
