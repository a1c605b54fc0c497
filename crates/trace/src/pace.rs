//! What benches measure of what is private here. Nothing can be chosen but blocks, and nothing comes out but sums over everybody.

use crate::graph::{Graph, OutId};
use crate::taint::{Rule, Stops, trace_forward};
use std::collections::BTreeSet;
use std::ops::Range;

/// What became of what was mined, in satoshi.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mined {
    /// What was mined.
    pub begun: u64,
    /// Rests unspent.
    pub unspent: u64,
    /// Became fees.
    pub fees: u64,
    /// In how many outputs it rests.
    pub outputs: usize,
}

/// Follows everything that these blocks mined to the end of the graph, without stops.
pub fn follow_mined(graph: &Graph, blocks: Range<usize>, rule: Rule) -> Mined {
    let mined = |tx: &u32| graph.is_coinbase(*tx) && blocks.contains(&graph.block_of(*tx));
    let seeds: BTreeSet<OutId> = (0..graph.tx_count()).filter(mined).flat_map(|tx| graph.outputs_of(tx)).collect();
    let flow = trace_forward(graph, &seeds, rule, &Stops::default());
    Mined {
        begun: flow.begun.satoshi(),
        unspent: flow.unspent.satoshi(),
        fees: flow.fees.satoshi(),
        outputs: flow.ends.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::random_chain;

    #[test]
    fn what_is_mined_rests_or_becomes_fees() {
        let choices: Vec<(u8, u8, u16)> = (0..60u16).map(|n| ((n % 4) as u8, n as u8, n * 37)).collect();
        let graph = random_chain(&choices).0.graph;
        let all = follow_mined(&graph, 0..60, Rule::Fifo);
        assert_eq!((all.begun, all.unspent + all.fees), (60 * 5_000_000_000, 60 * 5_000_000_000));
        assert_eq!((all.unspent, all.outputs as u64), (graph.extent().unspent.1, graph.extent().unspent.0));
        let half = follow_mined(&graph, 0..30, Rule::Haircut);
        assert_eq!(half.begun, 30 * 5_000_000_000);
        assert!(half.unspent < all.unspent && half.begun - half.unspent - half.fees <= 1);
    }
}
