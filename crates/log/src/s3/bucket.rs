//! One bucket under one prefix: objects put under a condition, read whole and bounded, listed page by page.

use super::http::{Connector, TooLong};
use super::{S3Credentials, S3Limits, S3Settings};
use crate::tiles::{FOR_EVER, stray, too_large};
use countersign_tlog::tile::TilePath;
use futures_util::StreamExt as _;
use object_store::aws::{AmazonS3Builder, Checksum, S3ConditionalPut};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, BackoffConfig, Error, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions,
    PutPayload, RetryConfig, UpdateVersion,
};
use reqwest::redirect::Policy;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

pub(super) struct Bucket {
    store: Arc<dyn ObjectStore>,
    name: String,
    /// Empty, or with a slash at its end.
    prefix: String,
    pub(super) limits: S3Limits,
}

/// An object as it was read.
pub(super) struct Object {
    pub(super) bytes: Vec<u8>,
    pub(super) version: UpdateVersion,
}

/// Why nothing was put, as far as is known.
pub(super) enum NotPut {
    /// The condition did not hold.
    Condition,
    /// No answer, or an error: it may be there all the same.
    Unknown(io::Error),
}

impl Bucket {
    /// A bucket over HTTP. Nothing is asked yet.
    pub(super) fn connect(settings: &S3Settings, credentials: S3Credentials, limits: S3Limits) -> io::Result<Self> {
        settings.check()?;
        // Refused when a provider is there already, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        // A redirect would carry a signature to where it was not meant for.
        let client =
            reqwest::Client::builder().timeout(limits.request).connect_timeout(limits.connect).redirect(Policy::none());
        let client = if settings.is_local() { client.no_proxy() } else { client };
        let retry = RetryConfig {
            backoff: BackoffConfig { init_backoff: limits.pause, max_backoff: limits.pause * 20, base: 2.0 },
            max_retries: limits.retries,
            retry_timeout: limits.object,
        };
        let mut builder = AmazonS3Builder::new()
            .with_http_connector(Connector(client.build().map_err(io::Error::other)?))
            .with_endpoint(&settings.endpoint)
            .with_allow_http(settings.is_local())
            .with_region(&settings.region)
            .with_bucket_name(&settings.bucket)
            .with_access_key_id(credentials.key_id)
            .with_secret_access_key(credentials.secret)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            // A bucket with object lock takes nothing without a checksum.
            .with_checksum_algorithm(Checksum::SHA256)
            .with_retry(retry);
        if let Some(token) = credentials.token {
            builder = builder.with_token(token);
        }
        let store = builder.build().map_err(|error| io::Error::new(ErrorKind::InvalidInput, deepest(&error)))?;
        Ok(Self::over(Arc::new(store), &settings.bucket, &settings.prefix, limits))
    }

    /// Any store of objects that checks conditions.
    pub(super) fn over(store: Arc<dyn ObjectStore>, name: &str, prefix: &str, limits: S3Limits) -> Self {
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Self { store, name: name.to_owned(), prefix, limits }
    }

    /// The object of this name, at most `most` bytes; `None` if there is nothing.
    pub(super) async fn get(&self, name: &str, most: usize) -> io::Result<Option<Object>> {
        let key = self.key(name)?;
        let read = async {
            let found = match self.store.get(&key).await {
                Err(Error::NotFound { .. }) => return Ok(None),
                found => found.map_err(|error| self.failed(&key, error))?,
            };
            if found.meta.size > most as u64 {
                return Err(too_large(self.called(&key), most));
            }
            let ObjectMeta { e_tag, version, .. } = found.meta.clone();
            let bytes = found.bytes().await.map_err(|error| self.failed(&key, error))?.to_vec();
            Ok(Some(Object { bytes, version: UpdateVersion { e_tag, version } }))
        };
        self.in_time(&key, self.limits.object, read).await
    }

    /// Puts an object if the condition of `mode` holds.
    pub(super) async fn put(&self, name: &str, bytes: &[u8], mode: PutMode) -> Result<(), NotPut> {
        let key = self.key(name).map_err(NotPut::Unknown)?;
        let mut attributes = Attributes::new();
        let (kind, keep) = match name.parse::<TilePath>() {
            Ok(_) => ("application/octet-stream", FOR_EVER),
            Err(_) => ("text/plain; charset=utf-8", "no-cache"),
        };
        attributes.insert(Attribute::ContentType, kind.into());
        attributes.insert(Attribute::CacheControl, keep.into());
        let options = PutOptions { mode, attributes, ..PutOptions::default() };
        let put = async {
            match self.store.put_opts(&key, PutPayload::from(bytes.to_vec()), options).await {
                Ok(_) => Ok(Ok(())),
                Err(Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotModified { .. }) => {
                    Ok(Err(NotPut::Condition))
                }
                Err(error) => Err(self.failed(&key, error)),
            }
        };
        self.in_time(&key, self.limits.object, put).await.map_err(NotPut::Unknown)?
    }

    /// The names of all objects under `tile/`, in ascending order.
    pub(super) async fn tiles(&self) -> io::Result<Vec<TilePath>> {
        let under = self.key("tile")?;
        let listing = async {
            let mut pages = self.store.list(Some(&under));
            let (mut tiles, mut last) = (Vec::new(), None);
            while let Some(entry) = self.in_time(&under, self.limits.object, async { Ok(pages.next().await) }).await? {
                let key = match entry {
                    Ok(meta) => meta.location,
                    Err(Error::InvalidPath { source }) => {
                        return Err(stray(format!(
                            "bucket `{}`: a key there is not that of a tile: {}",
                            self.name,
                            shown(source)
                        )));
                    }
                    Err(error) => return Err(self.failed(&under, error)),
                };
                tiles.push(self.tile(&key)?);
                // S3 lists in the order of keys. This ends a listing that repeats itself, and finds a name given for two keys.
                if last.as_ref().is_some_and(|last| *last >= key) {
                    return Err(stray(format!("{} stands out of its order in the listing", self.called(&key))));
                }
                last = Some(key);
            }
            tiles.sort_unstable();
            Ok(tiles)
        };
        self.in_time(&under, self.limits.listing, listing).await
    }

    fn tile(&self, key: &Path) -> io::Result<TilePath> {
        let name = key.as_ref().strip_prefix(&self.prefix).unwrap_or_default();
        name.parse().map_err(|_| stray(format!("{} is not the key of a tile", self.called(key))))
    }

    fn key(&self, name: &str) -> io::Result<Path> {
        let key = Path::parse(format!("{}{name}", self.prefix));
        key.map_err(|error| io::Error::new(ErrorKind::InvalidInput, shown(error)))
    }

    /// An object, for people.
    pub(super) fn call(&self, name: &str) -> String {
        format!("bucket `{}`, key `{}{name}`", self.name, self.prefix)
    }

    fn called(&self, key: &Path) -> String {
        format!("bucket `{}`, key `{}`", self.name, shown(key))
    }

    fn failed(&self, key: &Path, error: Error) -> io::Error {
        let mut cause: &(dyn std::error::Error + 'static) = &error;
        while let Some(next) = cause.source() {
            cause = next;
        }
        let kind = match &error {
            _ if cause.is::<TooLong>() => ErrorKind::InvalidData,
            Error::NotFound { .. } => ErrorKind::NotFound,
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => ErrorKind::PermissionDenied,
            _ => ErrorKind::Other,
        };
        io::Error::new(kind, format!("{}: {}", self.called(key), deepest(&error)))
    }

    async fn in_time<T>(
        &self,
        key: &Path,
        limit: Duration,
        work: impl Future<Output = io::Result<T>>,
    ) -> io::Result<T> {
        timeout(limit, work).await.unwrap_or_else(|_| {
            let text = format!("{}: no end within {} ms", self.called(key), limit.as_millis());
            Err(io::Error::new(ErrorKind::TimedOut, text))
        })
    }
}

/// What an error comes from. What stands above it repeats the address and the number of tries.
fn deepest(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = next.to_string();
        cause = next.source();
    }
    shown(text.trim_end_matches(": "))
}

/// Foreign text, so that it can stand in an error message.
fn shown(text: impl ToString) -> String {
    text.to_string().chars().take(300).flat_map(char::escape_default).collect()
}
