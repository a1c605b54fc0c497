//! Where the log's tiles are: in the custodian's folder, or in a bucket of S3.

#[cfg(feature = "s3")]
mod credentials;

use crate::config::{S3At, TilesAt};
use crate::place::Place;
use anyhow::{Context, Result, ensure};
use countersign_log::{FolderTiles, TileStore};
use std::sync::Arc;

/// Opens the place for the tiles. Nothing is asked of a bucket yet.
pub(crate) fn open(place: &Place, at: Option<&TilesAt>) -> Result<Arc<dyn TileStore>> {
    match at {
        None => Ok(Arc::new(FolderTiles::new(place.log()))),
        Some(TilesAt::S3(at)) => bucket(at),
    }
}

#[cfg(feature = "s3")]
fn bucket(at: &S3At) -> Result<Arc<dyn TileStore>> {
    let settings = countersign_log::S3Settings {
        endpoint: at.endpoint.clone(),
        bucket: at.bucket.clone(),
        prefix: at.prefix.clone(),
        region: at.region.clone(),
    };
    let tiles = countersign_log::BucketTiles::connect(&settings, credentials::find()?, Default::default());
    Ok(Arc::new(tiles.with_context(|| at.shown())?))
}

#[cfg(not(feature = "s3"))]
fn bucket(at: &S3At) -> Result<Arc<dyn TileStore>> {
    anyhow::bail!(
        "the log's tiles are in {}, and this program is built without buckets: build it with `cargo build --release -p \
         countersign-cli --features s3`",
        at.shown()
    )
}

/// The place, for messages.
pub(crate) fn shown(place: &Place, at: Option<&TilesAt>) -> String {
    match at {
        None => place.log().display().to_string(),
        Some(TilesAt::S3(at)) => at.shown(),
    }
}

/// Refuses a place that a new log must not be made in.
pub(crate) fn demand_empty(tiles: &dyn TileStore, shown: &str) -> Result<()> {
    let files = [tiles.read_file("vkey")?, tiles.read_file("checkpoint")?];
    let empty = files.iter().all(Option::is_none) && tiles.list()?.is_empty();
    ensure!(empty, "{shown} holds a log already: name another bucket or prefix");
    Ok(())
}

impl S3At {
    /// From `s3://BUCKET/PREFIX`.
    pub(crate) fn parse(url: &str, endpoint: Option<String>, region: String) -> Result<Self> {
        let rest = url.strip_prefix("s3://").with_context(|| {
            format!("`{url}` is not s3://BUCKET/PREFIX; without `--tiles` the tiles are in the custodian's folder")
        })?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let endpoint = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        Ok(Self { endpoint, bucket: bucket.to_owned(), prefix: prefix.trim_end_matches('/').to_owned(), region })
    }

    fn shown(&self) -> String {
        format!("s3://{}/{} at {}", self.bucket, self.prefix, self.endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_bucket_is_taken_apart() {
        let parse =
            |url: &str, endpoint: Option<&str>| S3At::parse(url, endpoint.map(str::to_owned), "xa-west-1".into());
        let at = parse("s3://log/of/xa/", None).unwrap();
        assert_eq!((at.bucket.as_str(), at.prefix.as_str()), ("log", "of/xa"));
        assert_eq!(at.endpoint, "https://s3.xa-west-1.amazonaws.com");
        let at = parse("s3://log", Some("https://s3.example")).unwrap();
        assert_eq!((at.prefix.as_str(), at.endpoint.as_str()), ("", "https://s3.example"));
        assert_eq!(at.shown(), "s3://log/ at https://s3.example");
        for bad in ["log/of/xa", "https://s3.example/log", "", "S3://log"] {
            assert!(parse(bad, None).is_err(), "{bad}");
        }
    }
}
