//! Who paid whom, as flat arrays: transactions in canonical order, outputs in the order of their transactions, spender links.
//!
//! A transaction's number is its place in the order, so whatever it spends has a smaller number than itself. Outputs made outside of the
//! blocks at hand (before them, or outside the neighbourhood) stand in transactions of their own, marked as stubs.

mod ahead;
mod append;
mod cluster;
mod firsts;
mod index;
mod join;
mod locked;
mod neighbourhood;
mod packed;
mod stored;
#[cfg(test)]
pub(crate) mod tests;

pub use append::GraphError;
pub use cluster::{Clusters, Merge, QUARANTINE};
pub use join::Join;
pub(crate) use locked::Locked;
pub use neighbourhood::{Interest, Neighbourhood};

use crate::address::Lock;
use crate::network::Network;
use crate::wire::{BlockHash, Outpoint, Txid};
use firsts::Firsts;
use index::{Index, LockKey};
use packed::Packed;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

/// Number of a transaction.
pub(crate) type TxId = u32;
/// Number of an output, below 2^40.
pub(crate) type OutId = u64;
/// Number of a lock.
pub(crate) type LockId = u32;

/// No lock, or one that the graph must not know.
pub(crate) const NO_LOCK: LockId = u32::MAX;
/// No lock, because nobody can ever spend the output. Only stored; whoever asks is told [`NO_LOCK`].
const UNSPENDABLE: LockId = u32::MAX - 1;
/// Not spent in the graph.
const UNSPENT: TxId = u32::MAX;
/// Never to be spent: the script allows it to nobody, or a later transaction took the id (BIP-30).
const NEVER: TxId = u32::MAX - 1;

const COINBASE: u8 = 1;
const STUB: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct BlockRow {
    hash: BlockHash,
    time: u32,
    first_tx: TxId,
}

/// One block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockFacts {
    pub(crate) hash: BlockHash,
    /// The time in its header.
    pub(crate) time: u32,
    /// How many transactions of it are in the graph.
    pub(crate) transactions: usize,
}

/// One output. Its three fields lie together because whoever spends it needs all of them: one place in memory instead of three.
#[derive(Clone, Copy, Debug)]
struct OutRow {
    value: u64,
    lock: LockId,
    spender: TxId,
}

impl OutRow {
    /// An output that nothing spends yet.
    fn new(value: u64, lock: LockId) -> Self {
        Self { value, lock, spender: if lock == UNSPENDABLE { NEVER } else { UNSPENT } }
    }
}

/// One output, its value and the transaction that spends it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paid {
    pub(crate) out: OutId,
    pub(crate) value: u64,
    pub(crate) spender: Option<TxId>,
}

/// The graph of one chain, or of a part of it.
#[derive(Clone)]
pub struct Graph {
    network: Network,
    /// Whether every transaction of its blocks is in it.
    whole: bool,
    first_height: u32,
    blocks: Vec<BlockRow>,
    txids: Vec<Txid>,
    flags: Vec<u8>,
    // INVARIANT: both have one entry per transaction, the number of the first of its outputs (inputs).
    first_out: Firsts,
    first_in: Packed,
    inputs: Packed,
    outs: Vec<OutRow>,
    known_locks: Vec<Lock>,
    lock_ids: Index,
    /// Locks are chosen by whoever pays, so that their hashes must not be known outside.
    lock_key: LockKey,
    by_txid: Index,
    stubs: HashMap<Outpoint, OutId>,
    /// Transactions whose id a later one took: (later, earlier).
    overwrites: Vec<(TxId, TxId)>,
}

/// How much a graph holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Blocks.
    pub blocks: usize,
    /// Transactions, stubs not counted.
    pub transactions: usize,
    /// Outputs, those of stubs included.
    pub outputs: usize,
    /// Outputs that can be spent and that nothing in the graph spends, and their sum in satoshi: a node's own count, for a whole graph.
    pub unspent: (u64, u64),
    /// Locks that the graph knows.
    pub locks: usize,
}

impl Graph {
    /// An empty graph that begins at this height (0: with the genesis block).
    pub fn new(network: Network, first_height: u32) -> Self {
        Self {
            network,
            whole: true,
            first_height,
            blocks: Vec::new(),
            txids: Vec::new(),
            flags: Vec::new(),
            first_out: Firsts::default(),
            first_in: Packed::default(),
            inputs: Packed::default(),
            outs: Vec::new(),
            known_locks: Vec::new(),
            lock_ids: Index::default(),
            lock_key: LockKey::new(),
            by_txid: Index::default(),
            stubs: HashMap::new(),
            overwrites: Vec::new(),
        }
    }

    /// The network.
    pub fn network(&self) -> Network {
        self.network
    }

    /// Whether every transaction of its blocks is in it; a neighbourhood is not, and cannot be gone on with.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// The last block and its height.
    pub fn tip(&self) -> Option<(BlockHash, u32)> {
        let last = self.blocks.last()?;
        Some((last.hash, self.first_height.saturating_add(u32::try_from(self.blocks.len() - 1).ok()?)))
    }

    /// Time in the header of the last block.
    pub(crate) fn tip_time(&self) -> Option<u32> {
        self.blocks.last().map(|block| block.time)
    }

    /// Whether it begins with the chain's first block: what is outside of it then is not because the chain is older.
    pub(crate) fn is_from_the_first_block(&self) -> bool {
        self.first_height == 0
    }

    /// The hashes of the blocks, first to last.
    pub fn block_hashes(&self) -> impl DoubleEndedIterator<Item = BlockHash> + '_ {
        self.blocks.iter().map(|block| block.hash)
    }

    /// What is known of the block at this height.
    pub(crate) fn block_at(&self, height: u32) -> Option<BlockFacts> {
        let place = usize::try_from(height.checked_sub(self.first_height)?).ok()?;
        let block = self.blocks.get(place)?;
        let end = self.blocks.get(place + 1).map_or(self.txids.len(), |next| next.first_tx as usize);
        let flags = self.flags.get(block.first_tx as usize..end).unwrap_or_default();
        let transactions = flags.iter().filter(|flags| **flags & STUB == 0).count();
        Some(BlockFacts { hash: block.hash, time: block.time, transactions })
    }

    /// How much the graph holds.
    pub fn extent(&self) -> Extent {
        let mut unspent = (0, 0u64);
        for out in self.outs.iter().filter(|out| out.spender == UNSPENT) {
            unspent = (unspent.0 + 1, unspent.1.saturating_add(out.value));
        }
        Extent {
            blocks: self.blocks.len(),
            transactions: self.flags.iter().filter(|flags| **flags & STUB == 0).count(),
            outputs: self.outs.len(),
            unspent,
            locks: self.known_locks.len(),
        }
    }

    /// Whether this output is in the graph.
    pub fn knows(&self, outpoint: &Outpoint) -> bool {
        self.out_id(outpoint).is_some()
    }

    pub(crate) fn tx_count(&self) -> TxId {
        TxId::try_from(self.txids.len()).unwrap_or(UNSPENT)
    }

    pub(crate) fn txid(&self, tx: TxId) -> Option<Txid> {
        self.txids.get(tx as usize).copied()
    }

    pub(crate) fn tx_id(&self, txid: &Txid) -> Option<TxId> {
        self.by_txid.get(txid_hash(txid), |tx| self.txids.get(tx as usize) == Some(txid))
    }

    /// From now on this id is the name of this transaction, which stands in the graph.
    fn name(&mut self, txid: &Txid, tx: TxId) {
        self.by_txid.insert(txid_hash(txid), tx, |other| self.txids.get(other as usize) == Some(txid));
    }

    pub(crate) fn is_coinbase(&self, tx: TxId) -> bool {
        self.has_flag(tx, COINBASE)
    }

    pub(crate) fn is_stub(&self, tx: TxId) -> bool {
        self.has_flag(tx, STUB)
    }

    fn has_flag(&self, tx: TxId, flag: u8) -> bool {
        self.flags.get(tx as usize).is_some_and(|flags| flags & flag != 0)
    }

    pub(crate) fn outputs_of(&self, tx: TxId) -> Range<OutId> {
        span(self.first_out.as_packed(), tx, self.outs.len())
    }

    /// The same with what is known of each.
    pub(crate) fn paid_by(&self, tx: TxId) -> impl Iterator<Item = Paid> + '_ {
        let outputs = self.outputs_of(tx);
        let range = usize::try_from(outputs.start).ok().zip(usize::try_from(outputs.end).ok());
        let rows = range.and_then(|(start, end)| self.outs.get(start..end)).unwrap_or_default();
        outputs.zip(rows).map(|(out, row)| Paid {
            out,
            value: row.value,
            spender: Some(row.spender).filter(|spender| *spender < NEVER),
        })
    }

    /// The outputs that a transaction spends, in order. A coinbase spends none.
    pub(crate) fn inputs_of(&self, tx: TxId) -> impl Iterator<Item = OutId> + '_ {
        self.inputs.within(span(&self.first_in, tx, self.inputs.len()))
    }

    /// How many outputs a transaction spends.
    pub(crate) fn input_count(&self, tx: TxId) -> u64 {
        let inputs = span(&self.first_in, tx, self.inputs.len());
        inputs.end.saturating_sub(inputs.start)
    }

    pub(crate) fn out_id(&self, outpoint: &Outpoint) -> Option<OutId> {
        if let Some(stub) = self.stubs.get(outpoint) {
            return Some(*stub);
        }
        let outputs = self.outputs_of(self.tx_id(&outpoint.txid)?);
        Some(outputs.start + u64::from(outpoint.vout)).filter(|out| outputs.contains(out))
    }

    /// The transaction that made an output.
    pub(crate) fn maker(&self, out: OutId) -> TxId {
        self.first_out.maker(out)
    }

    fn row(&self, out: OutId) -> Option<&OutRow> {
        self.outs.get(usize::try_from(out).ok()?)
    }

    fn row_mut(&mut self, out: OutId) -> Option<&mut OutRow> {
        self.outs.get_mut(usize::try_from(out).ok()?)
    }

    pub(crate) fn value(&self, out: OutId) -> u64 {
        self.row(out).map_or(0, |row| row.value)
    }

    pub(crate) fn lock(&self, out: OutId) -> LockId {
        self.row(out).map(|row| row.lock).filter(|lock| *lock != UNSPENDABLE).unwrap_or(NO_LOCK)
    }

    /// The transaction that spends an output.
    pub(crate) fn spender(&self, out: OutId) -> Option<TxId> {
        self.row(out).map(|row| row.spender).filter(|spender| *spender < NEVER)
    }

    /// Number of outputs.
    pub(crate) fn out_count(&self) -> OutId {
        self.outs.len() as OutId
    }

    /// What an output is locked with, where the graph knows it.
    pub(crate) fn lock_of(&self, out: OutId) -> Option<&Lock> {
        self.known_locks.get(self.lock(out) as usize)
    }

    pub(crate) fn lock_id(&self, lock: &Lock) -> Option<LockId> {
        self.lock_id_at(lock, self.lock_hash(lock))
    }

    fn lock_id_at(&self, lock: &Lock, hash: u32) -> Option<LockId> {
        self.lock_ids.get(hash, |id| self.known_locks.get(id as usize) == Some(lock))
    }

    /// Appends a lock that the graph does not know yet; none when there are too many.
    fn know(&mut self, lock: Lock, hash: u32) -> Option<LockId> {
        let id = LockId::try_from(self.known_locks.len()).ok().filter(|id| *id < UNSPENDABLE)?;
        self.known_locks.push(lock);
        self.lock_ids.insert(hash, id, |_| false);
        Some(id)
    }

    fn lock_hash(&self, lock: &Lock) -> u32 {
        self.lock_key.hash(lock)
    }

    pub(crate) fn lock_count(&self) -> usize {
        self.known_locks.len()
    }

    /// Index of the block that a transaction stands in; a stub stands in the block that spends it.
    pub(crate) fn block_of(&self, tx: TxId) -> usize {
        self.blocks.partition_point(|block| block.first_tx <= tx).saturating_sub(1)
    }

    /// Height of the block that a transaction stands in.
    pub(crate) fn height_of(&self, tx: TxId) -> u32 {
        self.first_height.saturating_add(u32::try_from(self.block_of(tx)).unwrap_or(u32::MAX))
    }

    /// Time in the header of the block that a transaction stands in.
    pub(crate) fn time_of(&self, tx: TxId) -> u32 {
        self.blocks.get(self.block_of(tx)).map_or(0, |block| block.time)
    }

    /// What an output is called outside.
    pub(crate) fn outpoint(&self, out: OutId) -> Option<Outpoint> {
        let tx = self.maker(out);
        if self.is_stub(tx) {
            return self.stubs.iter().find(|(_, id)| **id == out).map(|(outpoint, _)| *outpoint);
        }
        let vout = u32::try_from(out.checked_sub(self.outputs_of(tx).start)?).ok()?;
        Some(Outpoint { txid: self.txid(tx)?, vout })
    }
}

impl fmt::Debug for Graph {
    // Its size and nothing else: a graph must not end up in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph").field("network", &self.network).field("extent", &self.extent()).finish_non_exhaustive()
    }
}

/// Ids are hashes already; who wants many that begin alike has to search for every one of them.
fn txid_hash(txid: &Txid) -> u32 {
    let [a, b, c, d, ..] = txid.0;
    u32::from_le_bytes([a, b, c, d])
}

fn span(firsts: &Packed, tx: TxId, end: usize) -> Range<u64> {
    let Some(first) = firsts.get(tx as usize) else { return 0..0 };
    first..firsts.get(tx as usize + 1).unwrap_or(end as u64)
}
