//! Where tracing ends although the money went on.

use crate::graph::{Graph, Join, LockId, OutId, TxId};
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

/// Numbers of outputs or of locks. Numbers are given out in the order of the chain and not chosen, so their hashes need no secret.
pub(crate) type Numbers<T> = HashSet<T, BuildHasherDefault<Spread>>;

/// Spreads a number over all bits of its hash.
#[derive(Default)]
pub(crate) struct Spread(u64);

/// 2^64 divided by the golden ratio, as in Fibonacci hashing (Knuth, The Art of Computer Programming, volume 3, section 6.4).
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.0 ^ number) * u128::from(GOLDEN);
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

/// Where tracing ends. What ends there stays in the ledger, under the name of the stop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stops {
    /// Locks of services (exchanges, the custodian itself): whoever is paid out there need not be who paid in.
    pub(crate) services: Numbers<LockId>,
    /// Single outputs that end it as well: the custodian's deposits.
    pub(crate) outputs: Numbers<OutId>,
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

    #[inline]
    pub(crate) fn is_service(&self, graph: &Graph, out: OutId) -> bool {
        // Without services nobody's lock has to be looked up.
        (!self.services.is_empty() && self.services.contains(&graph.lock(out))) || self.outputs.contains(&out)
    }

    pub(crate) fn is_join(&self, graph: &Graph, tx: TxId) -> bool {
        self.joins && Join::of(graph, tx).is_some()
    }
}

/// Outputs below this many satoshi are not relayed by nodes.
const DUST: u64 = 546;
