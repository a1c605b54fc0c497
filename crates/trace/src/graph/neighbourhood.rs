//! The default mode: only what is at most so many payments away from the custodian's own outputs and the listed addresses.
//!
//! Strangers are not in the data: of whoever is neither a root nor labelled, the graph has amounts and links, and no lock.

use super::Graph;
use super::append::{GraphError, Surroundings};
use crate::address::Lock;
use crate::network::Network;
use crate::source::SpentOutput;
use crate::wire::{Header, Outpoint, Transaction, Txid};
use std::collections::{HashMap, HashSet};

/// Where neighbourhoods begin.
#[derive(Clone, Default)]
pub struct Interest {
    /// The custodian's own locks and the listed ones.
    pub locks: HashSet<Lock>,
    /// Labelled locks: known where they are met, not followed. Services end a trace only where the graph knows them.
    pub labelled: HashSet<Lock>,
    /// The custodian's own outputs.
    pub outpoints: HashSet<Outpoint>,
    /// How many payments are followed onwards from there.
    pub hops: u8,
}

/// First reading: which transactions matter, and what else has to be known for them.
#[derive(Clone)]
pub struct Neighbourhood {
    interest: Interest,
    /// Outputs to follow, with their distance.
    live: HashMap<Outpoint, u8>,
    kept: HashSet<Txid>,
    needed: HashSet<Outpoint>,
}

impl Neighbourhood {
    /// Starts before the first block.
    pub fn new(interest: Interest) -> Self {
        Self { interest, live: HashMap::new(), kept: HashSet::new(), needed: HashSet::new() }
    }

    /// Looks at the next block, in canonical order.
    pub fn look(&mut self, transactions: &[Transaction<'_>]) {
        for transaction in transactions {
            self.look_at(transaction);
        }
    }

    fn look_at(&mut self, transaction: &Transaction<'_>) {
        let reached = transaction.inputs.iter().filter_map(|input| self.live.remove(&input)).min();
        let distance = reached.map(|hops| hops.saturating_add(1));
        let mut followed = Vec::new();
        for (vout, output) in (0..).zip(transaction.outputs.iter()) {
            let outpoint = Outpoint { txid: transaction.txid, vout };
            let root = self.interest.outpoints.contains(&outpoint)
                || Lock::of_script(output.script).is_some_and(|lock| self.interest.locks.contains(&lock));
            match (root, distance) {
                (true, _) => followed.push((outpoint, 0)),
                (false, Some(hops)) => followed.push((outpoint, hops)),
                (false, None) => {}
            }
        }
        if distance.is_none() && followed.is_empty() {
            return;
        }
        if !transaction.is_coinbase() {
            let foreign = transaction.inputs.iter().filter(|input| !self.kept.contains(&input.txid));
            self.needed.extend(foreign);
        }
        self.kept.insert(transaction.txid);
        self.live.extend(followed.into_iter().filter(|(_, hops)| *hops < self.interest.hops));
    }

    /// Ends the first reading; the blocks have to be read once more, in the same order.
    pub fn into_builder(self, network: Network, first_height: u32) -> Builder {
        let graph = Graph { whole: false, ..Graph::new(network, first_height) };
        Builder { of: self, known: HashMap::new(), graph }
    }
}

/// Second reading: builds the graph.
#[derive(Clone)]
pub struct Builder {
    of: Neighbourhood,
    known: HashMap<Outpoint, SpentOutput>,
    graph: Graph,
}

impl Builder {
    /// Appends what matters of the next block. `outside` says what is known of outputs made before the first block.
    ///
    /// # Errors
    /// [`GraphError`]; the graph is unchanged then.
    pub fn append(
        &mut self,
        header: &Header,
        transactions: &[Transaction<'_>],
        outside: &dyn Fn(&Outpoint) -> Option<SpentOutput>,
    ) -> Result<(), GraphError> {
        for transaction in transactions {
            for (vout, output) in (0..).zip(transaction.outputs.iter()) {
                let outpoint = Outpoint { txid: transaction.txid, vout };
                if self.of.needed.contains(&outpoint) {
                    let known = SpentOutput { value: output.value, lock: Lock::of_script(output.script) };
                    self.known.insert(outpoint, known);
                }
            }
        }
        let (known, interest) = (&self.known, &self.of.interest);
        let surroundings = Surroundings {
            outside: &|outpoint| known.get(outpoint).copied().or_else(|| outside(outpoint)),
            may_know: &|lock| interest.locks.contains(lock) || interest.labelled.contains(lock),
        };
        let kept = transactions.iter().filter(|transaction| self.of.kept.contains(&transaction.txid));
        self.graph.append_some(header, kept, &surroundings)
    }

    /// Whether any of these transactions is part of the neighbourhood.
    pub fn keeps(&self, transactions: &[Transaction<'_>]) -> bool {
        transactions.iter().any(|transaction| self.of.kept.contains(&transaction.txid))
    }

    /// The graph.
    pub fn finish(self) -> Graph {
        self.graph
    }
}
