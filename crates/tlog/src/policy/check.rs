use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::note::{NoteError, VerifierKey};
use crate::policy::{Policy, Quorum};

/// Seconds by which a cosignature may lie in the verifier's future.
const CLOCK_SKEW: u64 = 120;

/// Times (POSIX seconds, both ends included) that a cosignature must have to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeWindow {
    /// Earliest time counted.
    pub min: u64,
    /// Latest time counted.
    pub max: u64,
}

impl TimeWindow {
    /// Every time: the proof may be of any age.
    pub const ANY: Self = Self { min: 0, max: u64::MAX };

    /// At most `max_age` seconds before `now`, at most 120 seconds after.
    pub fn recent(now: u64, max_age: u64) -> Self {
        Self { min: now.saturating_sub(max_age), max: now.saturating_add(CLOCK_SKEW) }
    }

    /// At any time up to 120 seconds after `now`.
    pub fn until(now: u64) -> Self {
        Self { min: 0, max: now.saturating_add(CLOCK_SKEW) }
    }

    fn holds(self, time: u64) -> bool {
        (self.min..=self.max).contains(&time)
    }
}

/// The cosignatures that were counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// One entry for each witness with a right cosignature in the window, in the policy's order.
    pub cosigners: Vec<Cosigner>,
    /// A time by which a quorum had cosigned: the earliest at which the counted cosignatures satisfy the policy
    /// (0 for `quorum none`).
    pub quorum_time: u64,
}

/// A witness and the time of its latest counted cosignature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigner {
    /// Name in the policy.
    pub name: String,
    /// POSIX seconds.
    pub timestamp: u64,
}

/// A checkpoint that does not satisfy the policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFailure {
    /// Its log is not in the policy.
    #[error("log `{0}` is not in the policy")]
    UnknownLog(String),
    /// The log's signature is missing or wrong.
    #[error("checkpoint is not the log's: {0}")]
    Log(#[from] CheckpointError),
    /// A witness's signature line is wrong.
    #[error("checkpoint is wrongly cosigned: {0}")]
    Witness(NoteError),
    /// Too few witnesses have cosigned in the window.
    #[error(
        "checkpoint of size {size} lacks a quorum: {counted} of {listed} witnesses cosigned, {outside} outside the times allowed"
    )]
    Quorum {
        /// Size of the checkpoint.
        size: u64,
        /// Witnesses counted.
        counted: usize,
        /// Witnesses in the policy.
        listed: usize,
        /// Witnesses whose cosignature is too old or too new.
        outside: usize,
    },
}

impl Policy {
    /// Checks a checkpoint: signed by a log of the policy under its own name, and cosigned by the quorum with times
    /// in `window`. A cosignature outside the window is not counted, a wrong one refuses the checkpoint.
    ///
    /// # Errors
    /// [`PolicyFailure`].
    pub fn check(&self, signed: &SignedCheckpoint, window: TimeWindow) -> Result<Witnessed, PolicyFailure> {
        let checkpoint = signed.checkpoint();
        let logs: Vec<&VerifierKey> =
            self.logs.iter().map(|log| &log.key).filter(|key| key.name() == &checkpoint.origin).collect();
        if logs.is_empty() {
            return Err(PolicyFailure::UnknownLog(checkpoint.origin.to_string()));
        }
        signed.note().verify(logs.iter().copied()).map_err(CheckpointError::from)?;
        checkpoint.check_empty()?;

        let mut outside = 0;
        let mut times = Vec::with_capacity(self.witnesses.len());
        for witness in &self.witnesses {
            let all = match signed.note().verify([&witness.key]) {
                Ok(all) => all,
                Err(NoteError::Unsigned) => Vec::new(),
                Err(error) => return Err(PolicyFailure::Witness(error)),
            };
            let inside = all.iter().filter_map(|one| one.timestamp).filter(|time| window.holds(*time)).max();
            outside += usize::from(inside.is_none() && !all.is_empty());
            times.push(inside);
        }
        let counted = times.iter().flatten().count();
        let Some(quorum_time) = self.time_of_quorum(&times) else {
            let listed = self.witnesses.len();
            return Err(PolicyFailure::Quorum { size: checkpoint.size, counted, listed, outside });
        };
        let cosigners = self
            .witnesses
            .iter()
            .zip(times)
            .filter_map(|(witness, time)| Some(Cosigner { name: witness.name.clone(), timestamp: time? }))
            .collect();
        Ok(Witnessed { cosigners, quorum_time })
    }

    /// Whether the witnesses with these names (as in the policy) would be a quorum together.
    pub fn is_quorum<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> bool {
        let names: Vec<&str> = names.into_iter().collect();
        let times: Vec<Option<u64>> =
            self.witnesses.iter().map(|witness| names.contains(&witness.name.as_str()).then_some(1)).collect();
        self.time_of_quorum(&times).is_some()
    }

    /// Earliest time at which the quorum holds, given each witness's time; `None` if it never does.
    fn time_of_quorum(&self, times: &[Option<u64>]) -> Option<u64> {
        let mut groups: Vec<Option<u64>> = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let mut members: Vec<u64> =
                group.members.iter().filter_map(|member| time_of(*member, times, &groups)).collect();
            members.sort_unstable();
            groups.push(group.threshold.checked_sub(1).and_then(|last| members.get(last).copied()));
        }
        time_of(self.quorum, times, &groups)
    }
}

fn time_of(item: Quorum, witnesses: &[Option<u64>], groups: &[Option<u64>]) -> Option<u64> {
    match item {
        Quorum::None => Some(0),
        Quorum::Witness(index) => witnesses.get(index).copied().flatten(),
        Quorum::Group(index) => groups.get(index).copied().flatten(),
    }
}
