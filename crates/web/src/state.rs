//! The port through which the public site gets its figures.

use std::future::Future;
use std::pin::Pin;

use countersign_core::time::{HOUR, Seconds, Timestamp};
use countersign_core::totals::DailyTotals;
use countersign_tlog::Hash;

/// The figures being fetched.
pub type StateFuture<'a> = Pin<Box<dyn Future<Output = Result<Figures, StateError>> + Send + 'a>>;

/// Where the figures of the public page come from.
pub trait PublicState: Send + Sync {
    /// The figures as they stand now. They must not change with a case that is still closed: what is not yet published is not in them.
    fn figures(&self) -> StateFuture<'_>;
}

/// The figures cannot be read; the text is for the operations log and never leaves.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StateError(pub String);

/// What the public page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Name of the custodian.
    pub custodian: String,
    /// Origin of the log, the first line of its checkpoints.
    pub origin: String,
    /// The newest published checkpoint; none before the first.
    pub head: Option<Head>,
    /// The witnesses of the witness policy, in its order.
    pub witnesses: Vec<Witness>,
    /// How many of the witnesses must have cosigned.
    pub quorum: usize,
    /// The newest daily totals that stand in the journal under the signatures of t trustees; none before the first.
    pub totals: Option<DailyTotals>,
}

/// A published checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
}

/// One witness and what it said of the newest checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its name in the witness policy.
    pub name: String,
    /// The time in its cosignature of the newest checkpoint; none when it has not cosigned it.
    pub cosigned: Option<Timestamp>,
}

/// A checkpoint whose quorum is older than this is stale: trustees do not answer on it.
pub(crate) const MAX_QUORUM_AGE: Seconds = HOUR;

impl Figures {
    /// The time at which the quorum stood: that of the oldest among the `quorum` newest cosignatures. None below the quorum, and none for a
    /// quorum of nobody, which witnesses nothing.
    #[must_use]
    pub fn witnessed(&self) -> Option<Timestamp> {
        let mut times: Vec<Timestamp> = self.witnesses.iter().filter_map(|witness| witness.cosigned).collect();
        times.sort_unstable_by(|a, b| b.cmp(a));
        times.get(self.quorum.checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(cosigned: &[Option<i64>], quorum: usize) -> Figures {
        let witness =
            |seconds: &Option<i64>| Witness { name: "w".to_owned(), cosigned: seconds.and_then(Timestamp::from_unix) };
        Figures {
            custodian: String::new(),
            origin: String::new(),
            head: None,
            witnesses: cosigned.iter().map(witness).collect(),
            quorum,
            totals: None,
        }
    }

    #[test]
    fn the_quorum_stands_since_its_last_witness() {
        let seconds = |cosigned: &[Option<i64>], quorum| figures(cosigned, quorum).witnessed().map(Timestamp::unix);
        assert_eq!(seconds(&[Some(10), Some(30), Some(20)], 2), Some(20));
        assert_eq!(seconds(&[Some(10), None, Some(20)], 2), Some(10));
        assert_eq!(seconds(&[Some(10), None, None], 2), None);
        assert_eq!(seconds(&[Some(10)], 0), None);
        assert_eq!(seconds(&[], 1), None);
    }
}
