//! Blocks come and go: appending one, and going back to an earlier one when the chain was reorganised.

use super::ahead::{Ahead, BATCH, Owner, Pay, Spend};
use super::index::Index;
use super::packed::Packed;
use super::{BlockRow, COINBASE, Graph, LockId, NEVER, NO_LOCK, OutId, OutRow, STUB, TxId, UNSPENDABLE, UNSPENT};
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
        mut transactions: impl Iterator<Item = &'t Transaction<'b>>,
        surroundings: &Surroundings<'_>,
    ) -> Result<(), GraphError> {
        if let Some((tip, _)) = self.tip().filter(|(tip, _)| *tip != header.parent) {
            return Err(GraphError::NotNext { block: header.hash, tip });
        }
        let mark = self.mark();
        let first_tx = self.tx_count();
        let genesis = header.hash == self.network.genesis();
        self.blocks.push(BlockRow { hash: header.hash, time: header.time, first_tx });
        let (mut ahead, mut batch) = (Ahead::default(), Vec::with_capacity(BATCH));
        loop {
            batch.clear();
            batch.extend(transactions.by_ref().take(BATCH));
            if batch.is_empty() {
                return Ok(());
            }
            ahead.look(self, &batch, genesis, surroundings);
            if let Err(error) = self.push_all(&batch, &ahead, surroundings) {
                self.rewind(&mark);
                return Err(error);
            }
        }
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
            outs: length(self.first_out.as_packed(), self.outs.len()),
            inputs: length(&self.first_in, self.inputs.len()),
        };
        self.rewind(&mark);
        Ok(())
    }

    fn mark(&self) -> Mark {
        Mark { blocks: self.blocks.len(), txs: self.txids.len(), outs: self.outs.len(), inputs: self.inputs.len() }
    }

    // Locks that only the removed blocks used stay numbered; a lock without outputs answers nothing.
    fn rewind(&mut self, mark: &Mark) {
        for place in mark.inputs..self.inputs.len() {
            if let Some(row) = self.inputs.get(place).and_then(|out| self.row_mut(out)) {
                row.spender = UNSPENT;
            }
        }
        while let Some((later, earlier)) = self.overwrites.pop_if(|(later, _)| *later as usize >= mark.txs) {
            debug_assert!(later > earlier);
            for out in self.outputs_of(earlier) {
                let lost = |row: &&mut OutRow| row.lock != UNSPENDABLE && row.spender == NEVER;
                if let Some(row) = self.row_mut(out).filter(lost) {
                    row.spender = UNSPENT;
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
        self.outs.truncate(mark.outs);
        // A chain is rarely reorganised: nothing is taken out of the index, it is made anew.
        self.by_txid = Index::default();
        for tx in 0..self.tx_count() {
            if let Some(txid) = self.txid(tx).filter(|_| !self.is_stub(tx)) {
                self.name(&txid, tx);
            }
        }
    }

    fn push_all(
        &mut self,
        batch: &[&Transaction<'_>],
        ahead: &Ahead,
        surroundings: &Surroundings<'_>,
    ) -> Result<(), GraphError> {
        let overwrites = self.overwrites.len();
        let (mut spends, mut pays) = ahead.parts();
        let mut sources = Vec::new();
        for transaction in batch {
            let count = if transaction.is_coinbase() { 0 } else { transaction.inputs.len() };
            let own = spends.split_off(..count).unwrap_or_default();
            let paid = pays.split_off(..transaction.outputs.len()).unwrap_or_default();
            sources.clear();
            for spend in own {
                // INVARIANT: while no id was taken over, an output that was found is still the one with this name.
                let found = spend.found.filter(|_| self.overwrites.len() == overwrites);
                sources.push(match found {
                    Some(found) => found,
                    None => self.source(transaction.txid, &spend.input, surroundings)?,
                });
            }
            self.push(transaction, own, &sources, paid)?;
        }
        Ok(())
    }

    /// Takes in a transaction that spends these outputs (number and value).
    fn push(
        &mut self,
        transaction: &Transaction<'_>,
        spends: &[Spend],
        sources: &[(OutId, u64)],
        pays: &[Pay],
    ) -> Result<(), GraphError> {
        let txid = transaction.txid;
        let coinbase = transaction.is_coinbase();
        if !coinbase {
            let spent: u64 = sources.iter().fold(0, |sum: u64, (_, value)| sum.saturating_add(*value));
            let paid: u64 = pays.iter().fold(0, |sum: u64, pay| sum.saturating_add(pay.value));
            if paid > spent || spent > MAX_MONEY {
                return Err(GraphError::Unbalanced(txid));
            }
        }
        self.overwrite(txid, coinbase)?;
        let tx = self.begin(txid, if coinbase { COINBASE } else { 0 })?;
        for (spend, (out, _)) in spends.iter().zip(sources) {
            let spent = spend.input;
            match self.row_mut(*out) {
                Some(row) if row.spender == UNSPENT => row.spender = tx,
                Some(row) if row.lock == UNSPENDABLE => return Err(GraphError::Unspendable { txid, spent }),
                _ => return Err(GraphError::Spent { txid, spent }),
            }
            if !self.inputs.push(*out) {
                return Err(GraphError::Full);
            }
        }
        for pay in pays {
            let lock = match &pay.owner {
                Owner::Nobody => UNSPENDABLE,
                Owner::Unnamed => NO_LOCK,
                Owner::Lock(_, _, Some(known)) => *known,
                Owner::Lock(lock, hash, None) => self.number(*lock, *hash)?,
            };
            self.push_locked(pay.value, lock);
        }
        self.name(&txid, tx);
        Ok(())
    }

    /// The output that an input spends, and its value; one made outside becomes a stub.
    fn source(
        &mut self,
        txid: Txid,
        input: &Outpoint,
        surroundings: &Surroundings<'_>,
    ) -> Result<(OutId, u64), GraphError> {
        if let Some(out) = self.out_id(input) {
            return Ok((out, self.value(out)));
        }
        let outside = (surroundings.outside)(input).filter(|outside| outside.value <= MAX_MONEY);
        let Some(outside) = outside else { return Err(GraphError::Unknown { txid, spent: *input }) };
        self.begin(input.txid, STUB)?;
        let out = self.out_count();
        self.push_output(outside.value, outside.lock.filter(|lock| (surroundings.may_know)(lock)))?;
        self.stubs.insert(*input, out);
        Ok((out, outside.value))
    }

    fn begin(&mut self, txid: Txid, flags: u8) -> Result<TxId, GraphError> {
        let tx = self.tx_count();
        let fits = tx < NEVER && self.first_out.push(self.outs.len() as u64);
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
            Some(lock) => self.number(lock, self.lock_hash(&lock))?,
        };
        self.push_locked(value, lock);
        Ok(())
    }

    fn push_locked(&mut self, value: u64, lock: LockId) {
        self.outs.push(OutRow::new(value, lock));
    }

    fn number(&mut self, lock: Lock, hash: u32) -> Result<LockId, GraphError> {
        match self.lock_id_at(&lock, hash) {
            Some(id) => Ok(id),
            None => self.know(lock, hash).ok_or(GraphError::Full),
        }
    }

    /// Two early coinbases have the ids of earlier ones, whose outputs were lost by that (BIP-30).
    fn overwrite(&mut self, txid: Txid, coinbase: bool) -> Result<(), GraphError> {
        let Some(earlier) = self.tx_id(&txid) else { return Ok(()) };
        let unspent: Vec<OutId> =
            self.outputs_of(earlier).filter(|out| self.row(*out).is_some_and(|row| row.spender == UNSPENT)).collect();
        let lost = coinbase && self.is_coinbase(earlier);
        if !(unspent.is_empty() || lost) {
            return Err(GraphError::Repeated(txid));
        }
        for out in unspent {
            if let Some(row) = self.row_mut(out) {
                row.spender = NEVER;
            }
        }
        self.overwrites.push((self.tx_count(), earlier));
        Ok(())
    }
}

/// Whether no node would keep an output with this script, because it begins with `OP_RETURN` or is longer than scripts may be.
pub(super) fn is_unspendable(script: &[u8]) -> bool {
    script.first() == Some(&0x6a) || script.len() > MAX_SCRIPT_LEN
}
