//! Where tracing ends although the money went on.

use crate::graph::{Graph, Join, LockId, OutId, TxId};
use std::collections::HashSet;

/// Where tracing ends. What ends there stays in the ledger, under the name of the stop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stops {
    /// Locks of services (exchanges, the custodian itself): whoever is paid out there need not be who paid in.
    pub(crate) services: HashSet<LockId>,
    /// Single outputs that end it as well: the custodian's deposits.
    pub(crate) outputs: HashSet<OutId>,
    /// Whether mixes end it: what comes out of one is broken off, not smeared over everybody in it.
    pub(crate) joins: bool,
    /// Parts below so many satoshi are dropped.
    pub(crate) dust: u64,
    /// Payments followed at most.
    pub(crate) hops: Option<u16>,
    /// Seconds between where it begins and the payment, at most.
    pub(crate) age: Option<u32>,
    /// The last block (height) that counts.
    pub(crate) until: Option<u32>,
}

impl Stops {
    /// Usual stops: mixes, parts below the dust limit of the network.
    pub(crate) fn usual() -> Self {
        Self { joins: true, dust: DUST, ..Self::default() }
    }

    pub(crate) fn is_service(&self, graph: &Graph, out: OutId) -> bool {
        self.services.contains(&graph.lock(out)) || self.outputs.contains(&out)
    }

    pub(crate) fn is_join(&self, graph: &Graph, tx: TxId) -> bool {
        self.joins && Join::of(graph, tx).is_some()
    }
}

/// Outputs below this many satoshi are not relayed by nodes.
const DUST: u64 = 546;
