//! The custodian's configuration: what the binary must know before it can open anything else.

use crate::files;
use crate::place::Place;
use anyhow::{Context, Result};
use countersign_core::id::Digest;
use serde::{Deserialize, Serialize};

/// `custodian/config.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Format version.
    pub(crate) v: u8,
    /// Digest of genesis, pinned.
    pub(crate) genesis: Digest,
    /// Whether this is a demo: lookups by name through the keyed index are allowed in a demo only.
    pub(crate) demo: bool,
    /// Where each trustee is: `local` (a folder beside) or an `http://` address.
    pub(crate) trustees: Vec<PartyAt>,
    /// Where each witness is.
    pub(crate) witnesses: Vec<PartyAt>,
    /// age recipients of the case officers.
    pub(crate) officers: Vec<String>,
    /// Where the log's tiles are; without it in the folder `log` beside this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tiles: Option<TilesAt>,
}

/// A place for the log's tiles that is no folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) enum TilesAt {
    /// A bucket.
    #[serde(rename = "s3")]
    S3(S3At),
}

/// A bucket of S3, or of a store that speaks its protocol. Credentials come from the environment only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct S3At {
    /// Address of the service, to which `/BUCKET/KEY` is added.
    pub(crate) endpoint: String,
    /// Name of the bucket.
    pub(crate) bucket: String,
    /// What every key begins with, without a slash at the end; may be empty.
    pub(crate) prefix: String,
    /// Region that requests are signed for.
    pub(crate) region: String,
}

/// One party and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartyAt {
    /// Index of a trustee, number of a witness.
    pub(crate) number: u16,
    /// `local`, or an address.
    pub(crate) at: String,
}

impl PartyAt {
    /// Parties 1 to `n`, in folders beside the custodian's.
    pub(crate) fn local(n: u16) -> Vec<Self> {
        (1..=n).map(|number| Self { number, at: "local".into() }).collect()
    }
}

impl Config {
    pub(crate) fn load(place: &Place) -> Result<Self> {
        let path = place.config();
        let bytes = files::read(&path, 1024 * 1024).with_context(|| {
            format!("{} is not a folder of countersign: make one with `countersign init`", place.root().display())
        })?;
        let config: Self = serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", path.display()))?;
        anyhow::ensure!(config.v == 1, "{} has version {}, this program knows version 1", path.display(), config.v);
        Ok(config)
    }

    pub(crate) fn save(&self, place: &Place) -> Result<()> {
        files::write(&place.config(), &serde_json::to_vec_pretty(self)?)
    }
}
