//! Transactions in which several owners mix what they have: who spent what and who was paid cannot be told from them.
//!
//! The shapes are those of Stütz et al., "Adoption and Actual Privacy of Decentralized CoinJoin Implementations in Bitcoin" (AFT 2022), and,
//! for equal payments with change, of Goldfeder et al., "When the cookie meets the blockchain" (2018). They are shapes, not proofs: a payroll
//! with equal wages can look like one, and a mix made by hand need not.

use super::{Graph, LockId, NO_LOCK, TxId};
use std::collections::{BTreeMap, BTreeSet};

/// The kind of mix that a transaction looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Join {
    /// Whirlpool: as many inputs as outputs, all outputs of a pool's one amount.
    Whirlpool,
    /// Wasabi 1: at least ten equal outputs near a tenth of a bitcoin.
    Wasabi1,
    /// Wasabi 2: at least fifty inputs, outputs mostly of its round amounts, both sorted by amount.
    Wasabi2,
    /// Equal payments, at most one change each (JoinMarket and others).
    EqualPayments,
}

/// The amounts of Whirlpool's pools, in satoshi.
const POOLS: [u64; 4] = [100_000, 1_000_000, 5_000_000, 50_000_000];
/// What an input may have beyond a pool's amount, for fees.
const POOL_MARGIN: u64 = 110_000;
/// Fewest participants of Wasabi 1, its amount, and how far from it a round may be.
const WASABI1: (usize, u64, u64) = (10, 10_000_000, 2_000_000);
/// Fewest inputs of Wasabi 2, and the share of outputs with round amounts, in percent.
const WASABI2: (usize, usize) = (50, 80);
/// Amounts that are dust of old protocols on top of bitcoin, not payments.
const NO_PAYMENT: [u64; 2] = [546, 2_730];
/// With two participants any payment with equal change would look like a mix.
const FEWEST: usize = 3;

impl Join {
    /// What this transaction looks like, if it looks like a mix at all.
    pub(crate) fn of(graph: &Graph, tx: TxId) -> Option<Self> {
        let outputs = graph.outputs_of(tx);
        // Most transactions have too few of either, which costs nothing to see.
        if graph.input_count(tx) < FEWEST as u64 || outputs.end - outputs.start < FEWEST as u64 {
            return None;
        }
        let inputs: Vec<(u64, LockId)> = graph.inputs_of(tx).map(|out| (graph.value(out), graph.lock(out))).collect();
        let outputs: Vec<u64> = outputs.map(|out| graph.value(out)).filter(|value| *value > 0).collect();
        Self::of_shape(&inputs, &outputs)
    }

    fn of_shape(inputs: &[(u64, LockId)], outputs: &[u64]) -> Option<Self> {
        if inputs.len() < FEWEST || outputs.len() < FEWEST {
            return None;
        }
        let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
        for value in outputs {
            *counts.entry(*value).or_default() += 1;
        }
        let (amount, equal) = counts.iter().map(|(value, count)| (*value, *count)).max_by_key(|(_, count)| *count)?;
        // Locks that the graph does not know count as different owners: a mix too many is a stop too many, never an accusation.
        let known: BTreeSet<LockId> = inputs.iter().map(|(_, lock)| *lock).filter(|lock| *lock != NO_LOCK).collect();
        let owners = known.len() + inputs.iter().filter(|(_, lock)| *lock == NO_LOCK).count();
        if is_whirlpool(inputs, outputs, amount, equal, owners) {
            Some(Self::Whirlpool)
        } else if equal >= WASABI1.0
            && amount.abs_diff(WASABI1.1) <= WASABI1.2
            && inputs.len() >= equal
            && counts.len() > 1
        {
            Some(Self::Wasabi1)
        } else if is_wasabi2(inputs, outputs) {
            Some(Self::Wasabi2)
        } else if equal >= FEWEST
            && equal == outputs.len().div_ceil(2)
            && owners >= equal
            && !NO_PAYMENT.contains(&amount)
        {
            Some(Self::EqualPayments)
        } else {
            None
        }
    }
}

fn is_whirlpool(inputs: &[(u64, LockId)], outputs: &[u64], amount: u64, equal: usize, owners: usize) -> bool {
    let fits = |value: u64| (amount..=amount.saturating_add(POOL_MARGIN)).contains(&value);
    POOLS.contains(&amount)
        && (5..=10).contains(&equal)
        && equal == outputs.len()
        && inputs.len() == equal
        && owners == equal
        && inputs.iter().all(|(value, _)| fits(*value))
}

fn is_wasabi2(inputs: &[(u64, LockId)], outputs: &[u64]) -> bool {
    inputs.len() >= WASABI2.0
        && inputs.is_sorted_by(|left, right| left.0 >= right.0)
        && outputs.is_sorted_by(|left, right| left >= right)
        && outputs.iter().filter(|value| is_round(**value)).count() * 100 >= outputs.len() * WASABI2.1
}

/// Wasabi 2's amounts: 2^n, 3^n, 2*3^n, 10^n, 2*10^n, 5*10^n satoshi, from 5,000 on.
fn is_round(value: u64) -> bool {
    let reduced = |mut value: u64, base: u64| {
        while value > 1 && value.is_multiple_of(base) {
            value /= base;
        }
        value
    };
    value >= 5_000
        && (reduced(value, 2) == 1 || matches!(reduced(value, 3), 1 | 2) || matches!(reduced(value, 10), 1 | 2 | 5))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(values: impl IntoIterator<Item = u64>) -> Vec<(u64, LockId)> {
        values.into_iter().zip(0..).collect()
    }

    #[test]
    fn the_four_shapes() {
        let pool = inputs([1_000_000, 1_000_000, 1_010_000, 1_010_000, 1_010_000]);
        assert_eq!(Join::of_shape(&pool, &[1_000_000; 5]), Some(Join::Whirlpool));
        let round = inputs(vec![30_000_000; 12]);
        let outputs: Vec<u64> = [vec![9_990_000; 11], (0..9).map(|n| 20_000_000 + n).collect()].concat();
        assert_eq!(Join::of_shape(&round, &outputs), Some(Join::Wasabi1));
        let sorted: Vec<u64> = (0..60).map(|n| 90_000 - n).collect();
        let denominations = [vec![65_536; 20], vec![59_049; 20], vec![20_000; 15], vec![5_003; 3]].concat();
        assert_eq!(Join::of_shape(&inputs(sorted), &denominations), Some(Join::Wasabi2));
        assert_eq!(Join::of_shape(&inputs([70, 80, 90]), &[60, 9, 60, 19, 60]), Some(Join::EqualPayments));
    }

    #[test]
    fn what_is_no_mix() {
        let batch: Vec<u64> = (0..40).map(|n| 1_000 + n).collect();
        assert_eq!(Join::of_shape(&inputs([50_000_000]), &batch), None);
        // One owner who pays equal wages.
        assert_eq!(Join::of_shape(&[(900, 7), (900, 7), (900, 7)], &[500, 500, 500, 1_000]), None);
        assert_eq!(Join::of_shape(&inputs([900, 900, 900]), &[546, 546, 546, 1_000]), None);
        assert_eq!(Join::of_shape(&inputs([900, 900]), &[500, 500, 700]), None);
        assert_eq!(Join::of_shape(&inputs([900, 900, 900]), &[500, 500, 1_000, 200]), None);
        assert_eq!(Join::of_shape(&[], &[]), None);
    }
}
