//! Daily totals that stand in the journal, compared with what it holds.

use super::LeafFault;
use super::inside::Counting;
use crate::state::PublishedTotals;
use countersign_core::totals::DailyTotals;
use countersign_tlog::Hash;
use countersign_tlog::merkle::Frontier;
use serde::Serialize;

/// Daily totals of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Published {
    /// Index of their leaf.
    pub index: u64,
    /// The totals.
    pub totals: DailyTotals,
    /// Trustees that signed.
    pub signers: Vec<u16>,
    /// Whether everything up to their size was disclosed to whoever recomputed, so that the figures were compared.
    pub recomputed: bool,
}

/// Compares root and figures of all totals, which come by ascending size. `hashes` are those of all entries, `clear` the
/// indices of entries that are no sealed leaves.
pub(super) fn compare(
    totals: &[PublishedTotals],
    hashes: &[Hash],
    clear: &[u64],
    counting: &Counting,
    faults: &mut Vec<LeafFault>,
) -> Vec<Published> {
    let mut frontier = Frontier::new();
    let mut compared = Vec::new();
    for one in totals {
        let totals = one.totals.value();
        let (number, size) = (totals.number, totals.size);
        let known = usize::try_from(frontier.size()).unwrap_or(usize::MAX);
        let missing = usize::try_from(size - frontier.size().min(size)).unwrap_or(usize::MAX);
        for hash in hashes.iter().skip(known).take(missing) {
            // INVARIANT: every hash was pushed before, when the journal was read; a tree too large was refused then.
            let _ = frontier.push(*hash);
        }
        if frontier.size() != size || frontier.root().as_bytes() != totals.root.as_bytes() {
            faults.push(LeafFault::new(
                one.index,
                format!("totals {number}: not the root of the journal at size {size}"),
            ));
        }
        let sealed = size - clear.partition_point(|index| *index < size) as u64;
        let figures = counting.figures(size, sealed);
        if let Some(figures) = figures.as_ref().filter(|figures| **figures != totals.figures) {
            faults.push(LeafFault::new(
                one.index,
                format!(
                    "totals {number}: {} orders, {} people, {} cells and what is closed are not what the disclosures up to \
                     size {size} give: {} orders, {} people, {} cells",
                    totals.figures.orders,
                    totals.figures.people,
                    totals.figures.cells,
                    figures.orders,
                    figures.people,
                    figures.cells
                ),
            ));
        }
        compared.push(Published {
            index: one.index,
            totals: totals.clone(),
            signers: one.signers.clone(),
            recomputed: figures.is_some(),
        });
    }
    compared
}
