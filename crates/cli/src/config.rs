//! The custodian's configuration: what the binary must know before it can open anything else.

use crate::daily::Hour;
use crate::files;
use crate::filing::RequestsConfig;
use crate::place::Place;
use anyhow::{Context, Result, bail, ensure};
use countersign_core::id::Digest;
use countersign_desk::cover::MOST_SEALED_PER_TICK;
use countersign_seal::kind::Attribute;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `custodian/config.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Format version.
    pub(crate) v: u8,
    /// Digest of genesis, pinned.
    pub(crate) genesis: Digest,
    /// Whether this is a demo.
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
    /// Cover traffic while `serve` runs.
    #[serde(default)]
    pub(crate) cover: Cover,
    /// The daily openings.
    #[serde(default)]
    pub(crate) openings: Openings,
    /// The blind index; what is sensible where the index ring has keys, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) index: Option<IndexConfig>,
    /// Requests of authorities over HTTP; none are taken so, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) requests: Option<RequestsConfig>,
    /// Clients are compared with lists before they are sealed; whoever leaves it out may import without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) screening: Option<ScreeningConfig>,
}

/// What has to be in effect before a client is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScreeningConfig {
    /// Sources that must be there, such as `un`.
    pub(crate) sources: Vec<String>,
    /// Most days since each list was last compared with its publisher's files.
    pub(crate) max_age_days: u16,
}

/// Under which attributes clients of an import are enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IndexConfig {
    /// Names such as `lookup_email`; none enrols nobody.
    pub(crate) attributes: Vec<Attribute>,
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

/// Cover traffic: `docs/operations/cover-and-openings.md` says what it hides and what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cover {
    /// Sealed leaves in every five minutes at least, filled up with dummies; 0 makes none.
    pub(crate) sealed_per_tick: u32,
}

impl Default for Cover {
    fn default() -> Self {
        Self { sealed_per_tick: 4 }
    }
}

/// When the openings of a day go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Openings {
    /// Hour of the day, UTC.
    pub(crate) hour: Hour,
}

impl Default for Openings {
    fn default() -> Self {
        Self { hour: Hour::THREE }
    }
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
        if !path.exists() && place.ceremony().exists() {
            bail!(
                "the founding of {} is not finished: `countersign ring status` says what is missing",
                place.root().display()
            );
        }
        let bytes = files::read(&path, 1024 * 1024).with_context(|| {
            format!("{} is not a folder of countersign: make one with `countersign init`", place.root().display())
        })?;
        Self::parse(&path, &bytes)
    }

    /// The configuration of a custodian that is being founded.
    pub(crate) fn load_at(path: &Path) -> Result<Self> {
        Self::parse(path, &files::read(path, 1024 * 1024)?)
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let config: Self = serde_json::from_slice(bytes).with_context(|| format!("{} is damaged", path.display()))?;
        ensure!(config.v == 1, "{} has version {}, this program knows version 1", path.display(), config.v);
        let floor = config.cover.sealed_per_tick;
        ensure!(
            floor <= MOST_SEALED_PER_TICK,
            "{}: `sealed_per_tick` under `cover` is {floor}: write 0 to {MOST_SEALED_PER_TICK}",
            path.display()
        );
        config.requests.iter().try_for_each(RequestsConfig::check).with_context(|| path.display().to_string())?;
        if let Some(screening) = &config.screening {
            ensure!(
                !screening.sources.is_empty() && screening.max_age_days > 0,
                "{}: `screening` names no source, or no age of 1 day or more: it would ask for nothing",
                path.display()
            );
        }
        Ok(config)
    }

    pub(crate) fn save(&self, place: &Place) -> Result<()> {
        self.save_at(&place.config())
    }

    pub(crate) fn save_at(&self, path: &Path) -> Result<()> {
        files::write(path, &serde_json::to_vec_pretty(self)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(more: &str) -> Result<Config> {
        let head = r#"{"v":1,"genesis":"0000000000000000000000000000000000000000000000000000000000000000","demo":false,"trustees":[],"witnesses":[],"officers":[]"#;
        Config::parse(Path::new("config.json"), format!("{head}{more}}}").as_bytes())
    }

    #[test]
    fn cover_and_openings_have_defaults() {
        let config = parse("").unwrap();
        assert_eq!((config.cover.sealed_per_tick, u8::from(config.openings.hour)), (4, 3));
        let config = parse(r#","cover":{"sealed_per_tick":0},"openings":{"hour":23}"#).unwrap();
        assert_eq!((config.cover.sealed_per_tick, u8::from(config.openings.hour)), (0, 23));
    }

    #[test]
    fn what_is_misspelt_or_out_of_range_is_refused() {
        for (more, word) in [
            (r#","cover":{"sealed_per_tick":1001}"#, "0 to 1000"),
            (r#","cover":{"sealed_per_tick":-1}"#, "u32"),
            (r#","cover":{"sealed_per_tick":4.5}"#, "u32"),
            (r#","cover":{"sealed_per_tick":"4"}"#, "u32"),
            (r#","cover":{"sealed_per_tik":4}"#, "sealed_per_tik"),
            (r#","cover":{}"#, "sealed_per_tick"),
            (r#","cover":null"#, "Cover"),
            (r#","openings":{"hour":24}"#, "0 to 23"),
            (r#","openings":{"hour":3,"minute":5}"#, "minute"),
            (r#","opening":{"hour":3}"#, "opening"),
            (r#","requests":{"host":"a.example"}"#, "officer"),
            (r#","requests":{"host":"https://a.example","officer":"lena-ohm"}"#, "without scheme"),
            (r#","requests":{"host":"A.example","officer":"lena-ohm"}"#, "lower case"),
            (r#","requests":{"host":"","officer":"lena-ohm"}"#, "lower case"),
            (r#","screening":{"sources":[],"max_age_days":7}"#, "no source"),
            (r#","screening":{"sources":["un"],"max_age_days":0}"#, "1 day"),
            (r#","screening":{"sources":["un"]}"#, "max_age_days"),
        ] {
            let error = format!("{:#}", parse(more).unwrap_err());
            assert!(error.contains(word), "{more}: {error}");
        }
    }
}
