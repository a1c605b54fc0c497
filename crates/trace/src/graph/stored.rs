//! A graph as bytes, for the custodian's own folder. Links that can be computed are not stored, so they cannot disagree; everything else is
//! checked as if somebody else had written it, and the last 32 bytes are the SHA-256 of all before.

use super::{BlockRow, COINBASE, Graph, NEVER, OutId, OutRow, STUB, TxId, UNSPENDABLE, UNSPENT};
use crate::address::{Lock, LockKind};
use crate::network::Network;
use crate::wire::{BlockHash, Malformed, Outpoint, Reader, Txid};
use countersign_core::digest;

const MAGIC: &[u8; 32] = b"countersign/trace/graph/v2\0\0\0\0\0\n";
const CHECK_LEN: usize = 32;
/// A link in five bytes.
const LINK_LEN: usize = 5;
/// Bytes of a transaction (id, flags, counts), of an output (value, lock), of a lock, of a block.
const TX_LEN: usize = 41;
const OUT_LEN: usize = 12;
const LOCK_LEN: usize = 33;
const BLOCK_LEN: usize = 40;

impl Graph {
    /// The bytes to keep.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(self.network.magic());
        out.push(u8::from(self.whole));
        out.extend(self.first_height.to_le_bytes());
        for count in [self.known_locks.len(), self.blocks.len(), self.txids.len(), self.outs.len(), self.inputs.len()] {
            out.extend((count as u64).to_le_bytes());
        }
        for lock in &self.known_locks {
            out.push(lock.kind() as u8);
            let mut body = [0; 32];
            body.iter_mut().zip(lock.body()).for_each(|(slot, byte)| *slot = *byte);
            out.extend(body);
        }
        for block in &self.blocks {
            out.extend(block.hash.0);
            out.extend(block.time.to_le_bytes());
            out.extend(block.first_tx.to_le_bytes());
        }
        let vouts: std::collections::HashMap<OutId, u32> =
            self.stubs.iter().map(|(name, out)| (*out, name.vout)).collect();
        for (tx, (txid, flags)) in (0..).zip(self.txids.iter().zip(&self.flags)) {
            out.extend(txid.0);
            out.push(*flags);
            let outputs = self.outputs_of(tx);
            // A stub has one output; what is stored is which of the foreign transaction's it is.
            let stub = vouts.get(&outputs.start).filter(|_| self.is_stub(tx));
            let count = u32::try_from(outputs.end - outputs.start).unwrap_or(u32::MAX);
            out.extend(stub.copied().unwrap_or(count).to_le_bytes());
            out.extend(u32::try_from(self.inputs_of(tx).count()).unwrap_or(u32::MAX).to_le_bytes());
        }
        for row in &self.outs {
            out.extend(row.value.to_le_bytes());
            out.extend(row.lock.to_le_bytes());
        }
        for place in 0..self.inputs.len() {
            out.extend(self.inputs.get(place).unwrap_or_default().to_le_bytes().iter().take(LINK_LEN));
        }
        let check = digest::plain(&out);
        out.extend(check.0);
        out
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`Malformed`] for anything else: cut off, changed, links to what is not there or comes later, two spenders of one output.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let end = bytes.len().saturating_sub(CHECK_LEN);
        let (body, check) = bytes.split_at(end);
        let mut reader = Reader::new(body);
        if reader.array::<32>()? != *MAGIC {
            return Err(Malformed { offset: 0, what: "this is no stored graph, or one of another version" });
        }
        if digest::plain(body).0 != check {
            return Err(Malformed { offset: end as u64, what: "the graph was damaged: its checksum is another" });
        }
        let network = Network::of_magic(reader.array()?).ok_or_else(|| reader.wrong("an unknown network"))?;
        let whole = match reader.byte()? {
            0 => false,
            1 => true,
            _ => return Err(reader.wrong("neither a whole graph nor a neighbourhood")),
        };
        let mut graph = Self { whole, ..Self::new(network, reader.u32()?) };
        let locks = count(&mut reader, LOCK_LEN)?;
        let blocks = count(&mut reader, BLOCK_LEN)?;
        let txs = count(&mut reader, TX_LEN)?;
        let outs = count(&mut reader, OUT_LEN)?;
        let inputs = count(&mut reader, LINK_LEN)?;
        for _ in 0..locks {
            graph.read_lock(&mut reader)?;
        }
        for _ in 0..blocks {
            let (hash, time, first_tx) = (BlockHash(reader.array()?), reader.u32()?, reader.u32()?);
            let least = graph.blocks.last().map_or(0, |block| block.first_tx);
            if first_tx < least || first_tx as usize > txs || (graph.blocks.is_empty() && first_tx != 0) {
                return Err(reader.wrong("a block begins where it cannot"));
            }
            graph.blocks.push(BlockRow { hash, time, first_tx });
        }
        let (mut next_out, mut next_in) = (0u64, 0u64);
        for tx in 0..txs {
            let (txid, flags) = (Txid(reader.array()?), reader.byte()?);
            let (made, spent) = (reader.u32()?, reader.u32()?);
            let stub = flags == STUB;
            let sound = match flags {
                0 => made > 0 && spent > 0,
                COINBASE => made > 0 && spent == 0,
                STUB => spent == 0,
                _ => false,
            };
            let fits = graph.first_out.push(next_out) && graph.first_in.push(next_in) && tx < NEVER as usize;
            if !sound || !fits || graph.blocks.is_empty() {
                return Err(reader.wrong("a transaction that cannot be"));
            }
            if stub && graph.stubs.insert(Outpoint { txid, vout: made }, next_out).is_some() {
                return Err(reader.wrong("an output from outside stands here twice"));
            }
            graph.txids.push(txid);
            graph.flags.push(flags);
            next_out += if stub { 1 } else { u64::from(made) };
            next_in += u64::from(spent);
        }
        if next_out != outs as u64 || next_in != inputs as u64 {
            return Err(reader.wrong("transactions have other outputs and inputs than there are"));
        }
        for _ in 0..outs {
            let (value, lock) = (reader.u64()?, reader.u32()?);
            if lock < UNSPENDABLE && lock as usize >= locks {
                return Err(reader.wrong("an output has a lock that is not there"));
            }
            graph.outs.push(OutRow::new(value, lock));
        }
        for _ in 0..inputs {
            let [a, b, c, d, e] = reader.array()?;
            graph.inputs.push(u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]));
        }
        reader.end()?;
        graph.link(&reader)?;
        Ok(graph)
    }

    fn read_lock(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        let kind = LockKind::from_number(reader.byte()?);
        let body: [u8; 32] = reader.array()?;
        let lock = kind.and_then(|kind| Lock::new(kind, body.get(..kind.len())?));
        let lock = lock.filter(|lock| body.iter().skip(lock.body().len()).all(|byte| *byte == 0));
        let lock = lock.ok_or_else(|| reader.wrong("a lock that cannot be"))?;
        let hash = self.lock_hash(&lock);
        if self.lock_id_at(&lock, hash).is_some() {
            return Err(reader.wrong("a lock stands here twice"));
        }
        self.know(lock, hash).map(drop).ok_or_else(|| reader.wrong("too many locks"))
    }

    /// Computes who spends what, and which id names which transaction.
    fn link(&mut self, reader: &Reader<'_>) -> Result<(), Malformed> {
        for tx in 0..self.tx_count() {
            let before = self.outputs_of(tx).start;
            let spent: Vec<OutId> = self.inputs_of(tx).collect();
            for out in spent {
                match self.row_mut(out) {
                    Some(row) if out < before && row.spender == UNSPENT => row.spender = tx,
                    _ => return Err(reader.wrong("an input spends what is not there, comes later, or is spent")),
                }
            }
            if !self.is_stub(tx) {
                self.relink(tx);
            }
        }
        Ok(())
    }

    fn relink(&mut self, tx: TxId) {
        let Some(txid) = self.txid(tx) else { return };
        let earlier = self.tx_id(&txid);
        self.name(&txid, tx);
        let Some(earlier) = earlier else { return };
        for out in self.outputs_of(earlier) {
            if let Some(row) = self.row_mut(out).filter(|row| row.spender == UNSPENT) {
                row.spender = NEVER;
            }
        }
        self.overwrites.push((tx, earlier));
    }
}

/// A count of things of this length, which must fit into what is left.
fn count(reader: &mut Reader<'_>, each: usize) -> Result<usize, Malformed> {
    let value = reader.u64()?;
    let most = (reader.left() / each) as u64;
    usize::try_from(value)
        .ok()
        .filter(|_| value <= most)
        .ok_or_else(|| reader.wrong("a count is larger than what is left could hold"))
}
