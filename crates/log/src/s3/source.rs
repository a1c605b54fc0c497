//! Reading the log from its bucket inside the custodian's own process.

use super::bridge::Bridge;
use super::bucket::Bucket;
use crate::LogSource;
use async_trait::async_trait;
use std::sync::Arc;

/// A log in a bucket, read with the custodian's credentials. Everybody else reads it over HTTP.
#[derive(Clone)]
pub struct BucketSource {
    bucket: Arc<Bucket>,
    bridge: Arc<Bridge>,
}

impl BucketSource {
    pub(super) fn new(bucket: Arc<Bucket>, bridge: Arc<Bridge>) -> Self {
        Self { bucket, bridge }
    }
}

#[async_trait]
impl LogSource for BucketSource {
    async fn get(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, String> {
        let (bucket, path) = (Arc::clone(&self.bucket), path.to_owned());
        let read = self.bridge.wait(async move { bucket.get(&path, most).await }).await;
        Ok(read.map_err(|error| error.to_string())?.map(|object| object.bytes))
    }
}
