//! A trustee's answers, its own log and the custodian's journal, compared.

use super::Entry;
use crate::request::RECEIPT_PATIENCE;
use countersign_core::id::Digest;
use countersign_core::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// An answer or refusal as the trustee keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenAnswer {
    /// Digest of its receipt.
    pub receipt: Digest,
    /// Digest of the disclosure that the custodian must put into the receipt's leaf.
    pub disclosure: String,
    /// When it was given.
    pub given: Timestamp,
}

/// What was compared, and what does not fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audited {
    /// Answers and refusals kept.
    pub answers: u64,
    /// Entries of the own log that are no dummies.
    pub entries: u64,
    /// Receipts that stand in the custodian's journal.
    pub in_journal: u64,
    /// Receipts that do not stand there yet and need not.
    pub awaited: u64,
    /// What does not fit.
    pub mismatches: Vec<Mismatch>,
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// An answer without an entry.
    #[error("the answer with receipt {0} has no entry in the trustee's own log")]
    NoEntry(Digest),
    /// A receipt with two entries.
    #[error("entry {index} of the trustee's own log repeats receipt {receipt}")]
    Repeated {
        /// Index of the second entry.
        index: u64,
        /// The receipt.
        receipt: Digest,
    },
    /// An entry without an answer: answers were lost, or given beside this program.
    #[error("entry {index} of the trustee's own log tells of receipt {receipt}, and no such answer is kept")]
    NoAnswer {
        /// Index of the entry.
        index: u64,
        /// The receipt.
        receipt: Digest,
    },
    /// The custodian has not logged a receipt.
    #[error("receipt {receipt}, given at {given}, does not stand in the custodian's journal")]
    NotInJournal {
        /// The receipt.
        receipt: Digest,
        /// When it was given.
        given: Timestamp,
    },
}

/// Compares. `entries` are the opened entries of the own log by index, `journal` every disclosure digest of the sealed leaves of the
/// custodian's journal as it stood at `now`.
pub fn audit<'e>(
    answers: &[GivenAnswer],
    entries: impl IntoIterator<Item = (u64, &'e Entry)>,
    journal: &BTreeSet<String>,
    now: Timestamp,
) -> Audited {
    let mut audited = Audited { answers: answers.len() as u64, ..Audited::default() };
    let mut logged: BTreeMap<Digest, u64> = BTreeMap::new();
    for (index, entry) in entries {
        audited.entries += u64::from(*entry != Entry::Dummy);
        let Entry::Answer { receipt, .. } = entry else { continue };
        if logged.contains_key(receipt) {
            audited.mismatches.push(Mismatch::Repeated { index, receipt: *receipt });
        } else {
            logged.insert(*receipt, index);
        }
    }
    for answer in answers {
        if logged.remove(&answer.receipt).is_none() {
            audited.mismatches.push(Mismatch::NoEntry(answer.receipt));
        }
        if journal.contains(&answer.disclosure) {
            audited.in_journal += 1;
        } else if now.since(answer.given) <= RECEIPT_PATIENCE {
            audited.awaited += 1;
        } else {
            audited.mismatches.push(Mismatch::NotInJournal { receipt: answer.receipt, given: answer.given });
        }
    }
    let mut left: Vec<(u64, Digest)> = logged.into_iter().map(|(receipt, index)| (index, receipt)).collect();
    left.sort_unstable();
    audited.mismatches.extend(left.into_iter().map(|(index, receipt)| Mismatch::NoAnswer { index, receipt }));
    audited
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Outcome;

    fn digest(byte: u8) -> Digest {
        Digest([byte; 32])
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn given(byte: u8, given: &str) -> GivenAnswer {
        GivenAnswer { receipt: digest(byte), disclosure: format!("disclosure {byte}"), given: at(given) }
    }

    fn entry(byte: u8) -> Entry {
        let (order, at) = (digest(99), at("2026-11-20T13:00:00Z"));
        Entry::Answer { receipt: digest(byte), order, outcome: Outcome::Answered, code: None, at }
    }

    #[test]
    fn each_of_the_three_is_missed() {
        let now = at("2026-11-20T13:20:00Z");
        let answers = [
            given(1, "2026-11-20T13:00:00Z"),
            given(2, "2026-11-20T13:00:00Z"),
            given(3, "2026-11-20T13:00:00Z"),
            given(4, "2026-11-20T13:10:00Z"),
        ];
        let entries = [(0, entry(1)), (1, Entry::Dummy), (2, entry(3)), (3, entry(4)), (4, entry(5)), (5, entry(1))];
        let journal = ["disclosure 1", "disclosure 2", "of another trustee"].map(str::to_owned).into();
        let audited = audit(&answers, entries.iter().map(|(index, entry)| (*index, entry)), &journal, now);
        assert_eq!((audited.answers, audited.entries, audited.in_journal, audited.awaited), (4, 5, 2, 1));
        let expected = [
            Mismatch::Repeated { index: 5, receipt: digest(1) },
            Mismatch::NoEntry(digest(2)),
            Mismatch::NotInJournal { receipt: digest(3), given: at("2026-11-20T13:00:00Z") },
            Mismatch::NoAnswer { index: 4, receipt: digest(5) },
        ];
        assert_eq!(audited.mismatches, expected);
    }
}
