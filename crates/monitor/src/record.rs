//! What a monitor remembers of one log: the checkpoint verified last, and when it first saw which control leaf.

use crate::own::Own;
use countersign_core::time::Timestamp;
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::note::VerifierKey;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

const FILE: &str = "record.json";
/// Written once, with the first record.
const BEGAN: &str = "began";
const VERSION: &str = "countersign/monitor-record/v1";

/// The record of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// The checkpoint verified last.
    pub(crate) checkpoint: SignedCheckpoint,
    /// A time by which its quorum had cosigned.
    pub(crate) witnessed: Timestamp,
    /// When the monitor looked last, by its own clock.
    pub(crate) looked: Timestamp,
    /// Size of the log when the monitor first verified it: of what came before, only the custodian's own ticks tell when.
    pub(crate) since: u64,
    /// Control leaves that came after that, with the time of the witnessed checkpoint under which each was first seen.
    pub(crate) first_seen: BTreeMap<u64, Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    v: String,
    checkpoint: String,
    witnessed: Timestamp,
    looked: Timestamp,
    since: u64,
    first_seen: BTreeMap<u64, Timestamp>,
}

impl Record {
    /// Reads the record in this folder; `None` if there is none.
    ///
    /// # Errors
    /// One line. A damaged record is never taken for none: that would let a fork pass.
    pub(crate) fn load(folder: &Path, logs: &[VerifierKey]) -> Result<Option<Self>, String> {
        let path = folder.join(FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
        };
        let damaged = |reason: String| {
            format!(
                "{} is damaged ({reason}): put back what was there last, or move it away to begin again without what it proves",
                path.display()
            )
        };
        let members: Members = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if members.v != VERSION {
            return Err(damaged(format!("`v` is not `{VERSION}`")));
        }
        let checkpoint =
            SignedCheckpoint::parse(members.checkpoint.as_bytes()).map_err(|error| damaged(error.to_string()))?;
        if !logs.iter().any(|log| checkpoint.verify_log(log).is_ok()) {
            return Err(damaged("its checkpoint is not signed by the log of the policy".to_owned()));
        }
        let Members { v: _, checkpoint: _, witnessed, looked, since, first_seen } = members;
        Ok(Some(Self { checkpoint, witnessed, looked, since, first_seen }))
    }

    /// Puts the record in the place of the one before; whole or not at all.
    pub(crate) fn save(&self, own: &Own) -> Result<(), String> {
        let members = Members {
            v: VERSION.to_owned(),
            checkpoint: self.checkpoint.to_string(),
            witnessed: self.witnessed,
            looked: self.looked,
            since: self.since,
            first_seen: self.first_seen.clone(),
        };
        own.put(FILE, &serde_json::to_vec(&members).map_err(|error| error.to_string())?)?;
        if !Self::began(own.folder()) {
            own.put(BEGAN, format!("{}\n", self.looked).as_bytes())?;
        }
        Ok(())
    }

    /// Whether this folder has ever had a record.
    pub(crate) fn began(folder: &Path) -> bool {
        folder.join(BEGAN).exists()
    }
}
