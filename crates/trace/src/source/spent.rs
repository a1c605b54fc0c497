//! The outputs that a block spends, as a node's REST interface gives them (`/rest/spenttxouts/<hash>.bin`, Bitcoin Core 30).
//!
//! For each transaction of the block, the coinbase included with none: how many, and for each its amount and locking script.

use crate::address::Lock;
use crate::wire::{Block, Malformed, Outpoint, Reader, TxOut};
use std::collections::HashMap;

/// Longest accepted answer. A block's inputs have at least 41 bytes each; scripts of up to 10,000 bytes can be spent.
pub const MAX_SPENT_LEN: usize = 256 * 1024 * 1024;

/// Shortest possible output.
const LEAST_OUTPUT: usize = 9;

/// What is known of an output that was made outside of the blocks at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpentOutput {
    /// Satoshi.
    pub value: u64,
    /// Who could spend it.
    pub lock: Option<Lock>,
}

/// The outputs that one block spends, by name.
#[derive(Clone, Debug, Default)]
pub struct Spent(HashMap<Outpoint, SpentOutput>);

impl Spent {
    /// Reads the answer that belongs to this block.
    ///
    /// # Errors
    /// [`Malformed`] also when the numbers of transactions or inputs are not the block's.
    pub fn parse(bytes: &[u8], block: &Block<'_>) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        if bytes.len() > MAX_SPENT_LEN {
            return Err(reader.wrong("spent outputs are longer than they can be"));
        }
        if reader.count(1)? != block.transactions.len() {
            return Err(Malformed {
                offset: 0,
                what: "spent outputs are of another block: its transactions are not as many",
            });
        }
        let mut outputs = HashMap::new();
        for transaction in &block.transactions {
            let inputs = if transaction.is_coinbase() { 0 } else { transaction.inputs.len() };
            let start = reader.position() as u64;
            if reader.count(LEAST_OUTPUT)? != inputs {
                return Err(Malformed {
                    offset: start,
                    what: "spent outputs are of another block: its inputs are not as many",
                });
            }
            Self::read_outputs(&mut reader, transaction.inputs.iter().take(inputs), &mut outputs)?;
        }
        reader.end()?;
        Ok(Self(outputs))
    }

    /// Reads a plain list of outputs, one for each input of the block in order, as some nodes keep them for undoing a block.
    ///
    /// # Errors
    /// [`Malformed`] also when there are more or fewer than the block has inputs.
    pub fn parse_list(bytes: &[u8], block: &Block<'_>) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let mut outputs = HashMap::new();
        for transaction in block.transactions.iter().filter(|transaction| !transaction.is_coinbase()) {
            Self::read_outputs(&mut reader, transaction.inputs.iter(), &mut outputs)?;
        }
        reader.end()?;
        Ok(Self(outputs))
    }

    fn read_outputs(
        reader: &mut Reader<'_>,
        inputs: impl Iterator<Item = Outpoint>,
        outputs: &mut HashMap<Outpoint, SpentOutput>,
    ) -> Result<(), Malformed> {
        for input in inputs {
            let output = TxOut::read(reader)?;
            outputs.insert(input, SpentOutput { value: output.value, lock: Lock::of_script(output.script) });
        }
        Ok(())
    }

    /// What is known of this output.
    pub fn get(&self, outpoint: &Outpoint) -> Option<SpentOutput> {
        self.0.get(outpoint).copied()
    }
}
