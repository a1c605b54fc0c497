//! Which logs to watch: a strict JSON file, or the same from arguments.

use countersign_core::id::Digest;
use countersign_core::time::Timestamp;
use countersign_tlog::policy::{MAX_POLICY_BYTES, Policy};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Largest configuration file in bytes.
const MAX_CONFIG_BYTES: usize = 1024 * 1024;

/// Most logs in one file.
const MAX_LOGS: usize = 1_000;

/// Seconds after which a quorum is stale, unless the configuration says otherwise.
const MAX_AGE: u64 = 3_600;

/// Leaves read at most, unless the configuration says otherwise.
const MOST_LEAVES: u64 = 10_000_000;

/// Version of the file.
const VERSION: &str = "countersign/monitor/v1";

/// The logs to watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// At least one, each under a name of its own.
    pub logs: Vec<Watch>,
}

/// One log to watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// Name by which the monitor calls it; also the name of its folder.
    pub name: WatchName,
    /// Where it is read.
    pub at: At,
    /// The log's key and its witnesses, from elsewhere than the log.
    pub policy: Policy,
    /// Digest of genesis, if it is known from elsewhere.
    pub genesis: Option<Digest>,
    /// Seconds after which a quorum is stale.
    pub max_age: u64,
    /// The steady rate that the custodian has promised.
    pub floor: Option<Floor>,
    /// More leaves than this are not read.
    pub most_leaves: u64,
    /// Leaves whose findings a person has looked at: they stay in the reports, as notices.
    pub looked_at: BTreeSet<u64>,
}

/// A promise of so many sealed leaves per five-minute tick.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// Sealed leaves in every tick.
    pub sealed_per_tick: u64,
    /// Since when.
    pub from: Timestamp,
}

/// Where a log is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// Over HTTP, under this prefix.
    Url(String),
    /// From a folder with `checkpoint` and `tile/`.
    Folder(PathBuf),
}

impl At {
    /// An address that begins with http:// or https://, or a folder below `base`.
    pub fn parse(text: &str, base: &Path) -> Self {
        if text.starts_with("http://") || text.starts_with("https://") {
            Self::Url(text.to_owned())
        } else {
            Self::Folder(base.join(text))
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url),
            Self::Folder(folder) => write!(f, "{}", folder.display()),
        }
    }
}

/// A name that can be a folder's: 1 to 64 of a-z, 0-9, `.` and `-`, beginning with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WatchName(String);

impl WatchName {
    /// Checks a name.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
        let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if !first || text.len() > 64 || !text.bytes().all(allowed) {
            let shown: String = text.chars().take(80).collect();
            return Err(ConfigError(format!(
                "`{shown}` is not a name for a log: write 1 to 64 of a-z, 0-9, `.` and `-`, beginning with a letter or digit"
            )));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WatchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A configuration that cannot be used; says where and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    v: String,
    logs: Vec<WatchMembers>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WatchMembers {
    name: String,
    at: String,
    policy: PathBuf,
    #[serde(default)]
    genesis: Option<Digest>,
    #[serde(default)]
    max_age_seconds: Option<u64>,
    #[serde(default)]
    floor: Option<Floor>,
    #[serde(default)]
    most_leaves: Option<u64>,
    #[serde(default)]
    looked_at: Vec<u64>,
}

impl Config {
    /// Reads a configuration file; the policy files and folders it names are below its own folder.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let base = path.parent().unwrap_or(Path::new(""));
        Self::parse(&read(path, MAX_CONFIG_BYTES)?, base)
            .map_err(|ConfigError(reason)| ConfigError(format!("{}: {reason}", path.display())))
    }

    /// Reads a configuration whose file stands in `base`.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn parse(bytes: &[u8], base: &Path) -> Result<Self, ConfigError> {
        let members: Members = serde_json::from_slice(bytes).map_err(|error| ConfigError(error.to_string()))?;
        only_objects(bytes)?;
        if members.v != VERSION {
            return Err(ConfigError(format!("`v` must be `{VERSION}`")));
        }
        if !(1..=MAX_LOGS).contains(&members.logs.len()) {
            return Err(ConfigError(format!("`logs` must list 1 to {MAX_LOGS} logs")));
        }
        let mut names = BTreeSet::new();
        let mut logs = Vec::new();
        for log in members.logs {
            let watch = log.watch(base)?;
            if !names.insert(watch.name.clone()) {
                return Err(ConfigError(format!("two logs are called `{}`", watch.name)));
            }
            logs.push(watch);
        }
        Ok(Self { logs })
    }
}

impl WatchMembers {
    fn watch(self, base: &Path) -> Result<Watch, ConfigError> {
        let name = WatchName::parse(&self.name)?;
        let of_log = |ConfigError(reason)| ConfigError(format!("log `{name}`: {reason}"));
        let mut watch = Watch::new(name.clone(), At::parse(&self.at, base), &base.join(self.policy)).map_err(of_log)?;
        watch.genesis = self.genesis;
        watch.max_age = self.max_age_seconds.unwrap_or(watch.max_age);
        watch.floor = self.floor;
        watch.most_leaves = self.most_leaves.unwrap_or(watch.most_leaves);
        watch.looked_at = self.looked_at.into_iter().collect();
        watch.check().map_err(of_log)?;
        Ok(watch)
    }
}

impl Watch {
    /// A log with nothing but what it must have; `policy` is a C2SP tlog-policy file.
    ///
    /// # Errors
    /// [`ConfigError`] when the policy cannot be read, does not name exactly one log, or shows nothing.
    pub fn new(name: WatchName, at: At, policy: &Path) -> Result<Self, ConfigError> {
        let of_file = |reason: String| ConfigError(format!("{}: {reason}", policy.display()));
        let parsed = Policy::parse(&read(policy, MAX_POLICY_BYTES)?).map_err(|error| of_file(error.to_string()))?;
        if parsed.logs().len() != 1 {
            return Err(of_file("must name exactly one log".to_owned()));
        }
        if let Some(reason) = parsed.refused() {
            return Err(of_file(reason));
        }
        let watch = Self {
            name,
            at,
            policy: parsed,
            genesis: None,
            max_age: MAX_AGE,
            floor: None,
            most_leaves: MOST_LEAVES,
            looked_at: BTreeSet::new(),
        };
        Ok(watch)
    }

    /// Refuses numbers with which nothing would be checked.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn check(&self) -> Result<(), ConfigError> {
        let rules = [
            (self.max_age > 0, "the greatest age is 0 seconds: every checkpoint would be stale"),
            (self.most_leaves > 0, "`most_leaves` is 0: nothing would be read"),
            (
                self.floor.as_ref().is_none_or(|floor| floor.sealed_per_tick > 0),
                "`sealed_per_tick` is 0: leave the floor out instead",
            ),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            None => Ok(()),
            Some((_, reason)) => Err(ConfigError(reason.to_owned())),
        }
    }
}

/// The deserialiser also takes lists for objects; the format does not.
fn only_objects(bytes: &[u8]) -> Result<(), ConfigError> {
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| ConfigError(error.to_string()))?;
    let logs = value.get("logs").and_then(serde_json::Value::as_array).into_iter().flatten();
    let floors = logs.clone().filter_map(|log| log.get("floor")).filter(|floor| !floor.is_null());
    if value.is_object() && logs.chain(floors).all(serde_json::Value::is_object) {
        return Ok(());
    }
    Err(ConfigError("a list stands where an object with named members belongs".to_owned()))
}

fn read(path: &Path, limit: usize) -> Result<Vec<u8>, ConfigError> {
    let failed = |error: std::io::Error| ConfigError(format!("cannot read {}: {error}", path.display()));
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > limit {
        return Err(ConfigError(format!("{} is longer than {limit} bytes", path.display())));
    }
    Ok(bytes)
}
