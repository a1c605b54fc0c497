//! Blocks come and go: appending one, and going back to an earlier one when the chain was reorganised.

use super::at;
use super::index::Index;
use super::packed::Packed;
use super::{BlockRow, COINBASE, Graph, LockId, NEVER, NO_LOCK, OutId, STUB, TxId, UNSPENDABLE, UNSPENT};
use crate::address::Lock;
use crate::source::SpentOutput;
use crate::wire::{BlockHash, Header, MAX_MONEY, Outpoint, Transaction, Txid};

/// Why a block cannot be appended. The graph is as it was before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// The block does not follow the last one.
    #[error("block {block} does not follow {tip}, the last block of the graph")]
    NotNext {
        /// The block.
        block: BlockHash,
        /// The last block.
        tip: BlockHash,
    },
    /// A transaction spends what is not there (yet).
    #[error(
        "transaction {txid} spends {spent}, which no earlier transaction made: start at the genesis block or give the spent outputs"
    )]
    Unknown {
        /// The transaction.
        txid: Txid,
        /// What it spends.
        spent: Outpoint,
    },
    /// A transaction spends what another one spent.
    #[error("transaction {txid} spends {spent} a second time")]
    Spent {
        /// The transaction.
        txid: Txid,
        /// What it spends.
        spent: Outpoint,
    },
    /// A transaction spends what nobody can spend.
    #[error("transaction {txid} spends {spent}, which nobody can spend")]
    Unspendable {
        /// The transaction.
        txid: Txid,
        /// What it spends.
        spent: Outpoint,
    },
    /// A transaction pays more than it spends.
    #[error("transaction {0} pays more than it spends")]
    Unbalanced(Txid),
    /// A transaction that is no coinbase has the id of an earlier one with unspent outputs.
    #[error("transaction {0} repeats the id of one that is not yet spent")]
    Repeated(Txid),
    /// The graph is full.
    #[error("more transactions or outputs than the graph can number")]
    Full,
    /// The block to go back to is not there.
    #[error("block {0} is not in the graph")]
    NoSuchBlock(BlockHash),
}

/// Longer scripts fail when they are run.
const MAX_SCRIPT_LEN: usize = 10_000;

/// What the graph is told of things outside its blocks, and what it may learn.
pub(super) struct Surroundings<'a> {
    /// Outputs made outside.
    pub(super) outside: &'a dyn Fn(&Outpoint) -> Option<SpentOutput>,
    /// Whether the graph may know this lock.
    pub(super) may_know: &'a dyn Fn(&Lock) -> bool,
}

/// The lengths to go back to.
struct Mark {
    blocks: usize,
    txs: usize,
    outs: usize,
    inputs: usize,
}

impl Graph {
    /// Appends a whole block. `outside` says what is known of outputs made before the graph's first block.
    ///
    /// # Errors
    /// [`GraphError`]; the graph is unchanged then.
    pub fn append(
        &mut self,
        header: &Header,
        transactions: &[Transaction<'_>],
        outside: &dyn Fn(&Outpoint) -> Option<SpentOutput>,
    ) -> Result<(), GraphError> {
        self.append_some(header, transactions.iter(), &Surroundings { outside, may_know: &|_| true })
    }

    /// Appends a block of which only these transactions matter.
    pub(super) fn append_some<'t, 'b: 't>(
        &mut self,
        header: &Header,
        transactions: impl Iterator<Item = &'t Transaction<'b>>,
        surroundings: &Surroundings<'_>,
    ) -> Result<(), GraphError> {
        if let Some((tip, _)) = self.tip().filter(|(tip, _)| *tip != header.parent) {
            return Err(GraphError::NotNext { block: header.hash, tip });
        }
        let mark = self.mark();
        let first_tx = self.tx_count();
        let genesis = header.hash == self.network.genesis();
        self.blocks.push(BlockRow { hash: header.hash, time: header.time, first_tx });
        // Here so that its memory is used again for every transaction.
        let mut spends = Vec::new();
        for transaction in transactions {
            if let Err(error) = self.push(transaction, genesis, surroundings, &mut spends) {
                self.rewind(&mark);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes away every block after this one.
    ///
    /// # Errors
    /// [`GraphError::NoSuchBlock`]; nothing is taken away then.
    pub fn go_back_to(&mut self, hash: &BlockHash) -> Result<(), GraphError> {
        let place = self.blocks.iter().rposition(|block| block.hash == *hash);
        let blocks = place.ok_or(GraphError::NoSuchBlock(*hash))? + 1;
        let Some(next) = self.blocks.get(blocks) else { return Ok(()) };
        let txs = next.first_tx as usize;
        let length =
            |firsts: &Packed, len| firsts.get(txs).and_then(|first| usize::try_from(first).ok()).unwrap_or(len);
        let mark = Mark {
            blocks,
            txs,
            outs: length(self.first_out.as_packed(), self.values.len()),
            inputs: length(&self.first_in, self.inputs.len()),
        };
        self.rewind(&mark);
        Ok(())
    }

    fn mark(&self) -> Mark {
        Mark { blocks: self.blocks.len(), txs: self.txids.len(), outs: self.values.len(), inputs: self.inputs.len() }
    }

    // Locks that only the removed blocks used stay numbered; a lock without outputs answers nothing.
    fn rewind(&mut self, mark: &Mark) {
        for place in mark.inputs..self.inputs.len() {
            if let Some(spender) =
                self.inputs.get(place).and_then(|out| self.spenders.get_mut(usize::try_from(out).ok()?))
            {
                *spender = UNSPENT;
            }
        }
        while let Some((later, earlier)) = self.overwrites.pop_if(|(later, _)| *later as usize >= mark.txs) {
            debug_assert!(later > earlier);
            for out in self.outputs_of(earlier) {
                let spendable = at(&self.locks, out) != Some(UNSPENDABLE);
                if let Some(spender) = slot(&mut self.spenders, out).filter(|spender| spendable && **spender == NEVER) {
                    *spender = UNSPENT;
                }
            }
        }
        self.stubs.retain(|_, out| (*out as usize) < mark.outs);
        self.blocks.truncate(mark.blocks);
        self.txids.truncate(mark.txs);
        self.flags.truncate(mark.txs);
        self.first_out.truncate(mark.txs);
        self.first_in.truncate(mark.txs);
        self.inputs.truncate(mark.inputs);
        self.values.truncate(mark.outs);
        self.locks.truncate(mark.outs);
        self.spenders.truncate(mark.outs);
        // A chain is rarely reorganised: nothing is taken out of the index, it is made anew.
        self.by_txid = Index::default();
        for tx in 0..self.tx_count() {
            if let Some(txid) = self.txid(tx).filter(|_| !self.is_stub(tx)) {
                self.name(&txid, tx);
            }
        }
    }

    fn push(
        &mut self,
        transaction: &Transaction<'_>,
        genesis: bool,
        surroundings: &Surroundings<'_>,
        spends: &mut Vec<(Outpoint, OutId)>,
    ) -> Result<(), GraphError> {
        let txid = transaction.txid;
        let coinbase = transaction.is_coinbase();
        spends.clear();
        if !coinbase {
            for input in transaction.inputs.iter() {
                spends.push((input, self.source(txid, &input, surroundings)?));
            }
            let spent: u64 = spends.iter().fold(0, |sum: u64, (_, out)| sum.saturating_add(self.value(*out)));
            let paid: u64 = transaction.outputs.iter().fold(0, |sum: u64, output| sum.saturating_add(output.value));
            if paid > spent || spent > MAX_MONEY {
                return Err(GraphError::Unbalanced(txid));
            }
        }
        self.overwrite(txid, coinbase)?;
        let tx = self.begin(txid, if coinbase { COINBASE } else { 0 })?;
        for (spent, out) in spends.drain(..) {
            match slot(&mut self.spenders, out) {
                Some(spender) if *spender == UNSPENT => *spender = tx,
                _ if at(&self.locks, out) == Some(UNSPENDABLE) => return Err(GraphError::Unspendable { txid, spent }),
                _ => return Err(GraphError::Spent { txid, spent }),
            }
            if !self.inputs.push(out) {
                return Err(GraphError::Full);
            }
        }
        for output in transaction.outputs.iter() {
            if genesis || is_unspendable(output.script) {
                self.push_locked(output.value, UNSPENDABLE);
            } else {
                let lock = Lock::of_script(output.script).filter(|lock| (surroundings.may_know)(lock));
                self.push_output(output.value, lock)?;
            }
        }
        self.name(&txid, tx);
        Ok(())
    }

    /// The output that an input spends; one made outside becomes a stub.
    fn source(&mut self, txid: Txid, input: &Outpoint, surroundings: &Surroundings<'_>) -> Result<OutId, GraphError> {
        if let Some(out) = self.out_id(input) {
            return Ok(out);
        }
        let outside = (surroundings.outside)(input).filter(|outside| outside.value <= MAX_MONEY);
        let Some(outside) = outside else { return Err(GraphError::Unknown { txid, spent: *input }) };
        self.begin(input.txid, STUB)?;
        let out = self.out_count();
        self.push_output(outside.value, outside.lock.filter(|lock| (surroundings.may_know)(lock)))?;
        self.stubs.insert(*input, out);
        Ok(out)
    }

    fn begin(&mut self, txid: Txid, flags: u8) -> Result<TxId, GraphError> {
        let tx = self.tx_count();
        let fits = tx < NEVER && self.first_out.push(self.values.len() as u64);
        if !fits || !self.first_in.push(self.inputs.len() as u64) {
            return Err(GraphError::Full);
        }
        self.txids.push(txid);
        self.flags.push(flags);
        Ok(tx)
    }

    fn push_output(&mut self, value: u64, lock: Option<Lock>) -> Result<(), GraphError> {
        let lock = match lock {
            None => NO_LOCK,
            Some(lock) => self.number(lock)?,
        };
        self.push_locked(value, lock);
        Ok(())
    }

    fn push_locked(&mut self, value: u64, lock: LockId) {
        self.values.push(value);
        self.locks.push(lock);
        self.spenders.push(if lock == UNSPENDABLE { NEVER } else { UNSPENT });
    }

    fn number(&mut self, lock: Lock) -> Result<LockId, GraphError> {
        match self.lock_id(&lock) {
            Some(id) => Ok(id),
            None => self.know(lock).ok_or(GraphError::Full),
        }
    }

    /// Two early coinbases have the ids of earlier ones, whose outputs were lost by that (BIP-30).
    fn overwrite(&mut self, txid: Txid, coinbase: bool) -> Result<(), GraphError> {
        let Some(earlier) = self.tx_id(&txid) else { return Ok(()) };
        let unspent: Vec<OutId> = self
            .outputs_of(earlier)
            .filter(|out| slot(&mut self.spenders, *out).is_some_and(|s| *s == UNSPENT))
            .collect();
        let lost = coinbase && self.is_coinbase(earlier);
        if !(unspent.is_empty() || lost) {
            return Err(GraphError::Repeated(txid));
        }
        for out in unspent {
            if let Some(spender) = slot(&mut self.spenders, out) {
                *spender = NEVER;
            }
        }
        self.overwrites.push((self.tx_count(), earlier));
        Ok(())
    }
}

/// Whether no node would keep an output with this script, because it begins with `OP_RETURN` or is longer than scripts may be.
fn is_unspendable(script: &[u8]) -> bool {
    script.first() == Some(&0x6a) || script.len() > MAX_SCRIPT_LEN
}

fn slot(spenders: &mut [TxId], out: OutId) -> Option<&mut TxId> {
    spenders.get_mut(usize::try_from(out).ok()?)
}
