//! Folding daily totals: which of them stand, and what the next ones must be.

use super::fold::{identity_key, signed};
use super::{ControlState, InForce};
use countersign_core::json::Exact;
use countersign_core::time::{Date, Timestamp};
use countersign_core::totals::DailyTotals;
use countersign_tlog::leaf::ControlLeaf;
use std::collections::BTreeSet;

/// Totals that stand in the journal under the signatures of t trustees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedTotals {
    /// Index of their leaf.
    pub index: u64,
    /// The totals.
    pub totals: Exact<DailyTotals>,
    /// Indices of the trustees that signed, ascending.
    pub signers: Vec<u16>,
}

/// Why totals are not the next ones of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotNext {
    /// Another custodian or genesis.
    #[error("totals for another journal")]
    OtherJournal,
    /// Out of turn.
    #[error("totals number {found} where {next} is next")]
    Number {
        /// The number found.
        found: u32,
        /// The number expected.
        next: u32,
    },
    /// They count no leaf that the last ones did not count.
    #[error("totals up to size {found}, the last ones counted up to {last}")]
    Size {
        /// The size found.
        found: u64,
        /// The size of the last ones.
        last: u64,
    },
    /// A second time on one day, or back in time.
    #[error("totals of {found}, the last ones are of {last}")]
    Day {
        /// The day found.
        found: Date,
        /// The day of the last ones.
        last: Date,
    },
}

impl ControlState {
    /// The last totals that stand in the journal.
    pub fn totals(&self) -> Option<&PublishedTotals> {
        self.totals.as_ref()
    }

    /// The number that the next totals must carry.
    pub fn next_totals_number(&self) -> u32 {
        self.totals.as_ref().map_or(1, |last| last.totals.value().number.saturating_add(1))
    }

    /// Whether totals are of this journal and follow the last ones.
    ///
    /// # Errors
    /// [`NotNext`].
    pub fn check_next_totals(&self, totals: &DailyTotals) -> Result<(), NotNext> {
        let genesis = &self.genesis;
        if totals.custodian != genesis.value().custodian.id || totals.genesis != genesis.digest() {
            return Err(NotNext::OtherJournal);
        }
        let next = self.next_totals_number();
        if totals.number != next {
            return Err(NotNext::Number { found: totals.number, next });
        }
        self.totals.as_ref().map_or(Ok(()), |last| follows(totals, last.totals.value()))
    }

    /// Accepts a control leaf that claims to be totals.
    pub(super) fn accept_totals(
        &self,
        index: u64,
        leaf: &ControlLeaf,
        witnessed: Timestamp,
    ) -> Result<PublishedTotals, String> {
        let totals = Exact::<DailyTotals>::parse(leaf.body().as_bytes()).map_err(|error| error.to_string())?;
        self.check_next_totals(totals.value()).map_err(|error| error.to_string())?;
        let size = totals.value().size;
        if size > index {
            return Err(format!("totals up to size {size} in leaf {index}: they count themselves or what comes after"));
        }
        let state = self.at(witnessed);
        let (threshold, _) = state.trustees().ok_or("totals in a journal without trustees")?;
        let signers = trustees_signed(&state, leaf)?;
        if signers.len() < usize::from(threshold) {
            return Err(format!("totals signed by {} of {threshold} trustees", signers.len()));
        }
        Ok(PublishedTotals { index, totals, signers: signers.into_iter().collect() })
    }
}

/// The trustees in force that signed, none of them twice, and nobody else.
fn trustees_signed(state: &InForce, leaf: &ControlLeaf) -> Result<BTreeSet<u16>, String> {
    let mut signers = BTreeSet::new();
    for signature in leaf.signatures() {
        let member = state.trustee_named(&signature.by);
        let member = member.ok_or_else(|| format!("`{}` is no trustee of this journal", signature.by))?;
        if !signed(leaf.body(), &[identity_key(member)], &signature.sig) {
            return Err(format!("the signature of `{}` is wrong", signature.by));
        }
        if !signers.insert(member.index) {
            return Err(format!("`{}` signed twice", signature.by));
        }
    }
    Ok(signers)
}

/// Whether totals count more than `last` did, on a later day.
///
/// # Errors
/// [`NotNext::Size`], [`NotNext::Day`].
pub(crate) fn follows(totals: &DailyTotals, last: &DailyTotals) -> Result<(), NotNext> {
    if totals.size <= last.size {
        return Err(NotNext::Size { found: totals.size, last: last.size });
    }
    if totals.day <= last.day {
        return Err(NotNext::Day { found: totals.day, last: last.day });
    }
    Ok(())
}
