//! One transaction, read in place (BIP-144 for the form with witnesses).

use super::bytes::{Malformed, Reader};
use super::hash::{Txid, sha256d};
use countersign_core::id::InvalidId;
use std::fmt;

/// No amount can be larger: 21 million bitcoin in satoshi.
pub const MAX_MONEY: u64 = 21_000_000 * 100_000_000;

/// Shortest possible input (outpoint, empty script, sequence) and output (value, empty script).
const LEAST_INPUT: usize = 41;
const LEAST_OUTPUT: usize = 9;

/// One output of one transaction, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outpoint {
    /// The transaction.
    pub txid: Txid,
    /// The place among its outputs, from 0.
    pub vout: u32,
}

impl Outpoint {
    /// What a coinbase names as its only input.
    pub const NONE: Self = Self { txid: Txid([0; 32]), vout: u32::MAX };
}

impl fmt::Display for Outpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.txid, self.vout)
    }
}

impl std::str::FromStr for Outpoint {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || InvalidId::not("an output like `<transaction id>:0`", text);
        let (txid, vout) = text.split_once(':').ok_or_else(wrong)?;
        let number: u32 = vout.parse().map_err(|_| wrong())?;
        let outpoint = Self { txid: txid.parse()?, vout: number };
        if outpoint.to_string() == text { Ok(outpoint) } else { Err(wrong()) }
    }
}

countersign_core::text_serde!(Outpoint);

/// One output: how much, and the script that says who may spend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxOut<'a> {
    /// Satoshi.
    pub value: u64,
    /// The locking script.
    pub script: &'a [u8],
}

impl<'a> TxOut<'a> {
    /// Reads one output.
    ///
    /// # Errors
    /// [`Malformed`], also for amounts above [`MAX_MONEY`].
    pub fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let start = reader.position();
        let value = reader.u64()?;
        if value > MAX_MONEY {
            return Err(Malformed { offset: start as u64, what: "an amount is above all the money there is" });
        }
        Ok(Self { value, script: reader.prefixed()? })
    }
}

/// One transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction<'a> {
    /// Its id.
    pub txid: Txid,
    /// The outputs it spends, in order.
    pub inputs: Vec<Outpoint>,
    /// What it pays, in order.
    pub outputs: Vec<TxOut<'a>>,
    // INVARIANT: version, inputs and outputs, lock time: what the id is the hash of.
    hashed: [&'a [u8]; 3],
}

impl<'a> Transaction<'a> {
    /// Reads one transaction with or without witnesses.
    ///
    /// # Errors
    /// [`Malformed`] for anything that no node would take for a transaction: no inputs, no outputs, an unknown marker, witnesses that are
    /// all empty, amounts out of range, the same output spent twice.
    pub fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let start = reader.position();
        let version = reader.take(4)?;
        let mut body = reader.position();
        let mut count = reader.count(LEAST_INPUT)?;
        let witnesses = count == 0;
        if witnesses {
            if reader.byte()? != 1 {
                return Err(Malformed { offset: body as u64, what: "a transaction has no inputs" });
            }
            body = reader.position();
            count = reader.count(LEAST_INPUT)?;
        }
        if count == 0 {
            return Err(Malformed { offset: body as u64, what: "a transaction has no inputs" });
        }
        let mut inputs = Vec::with_capacity(count);
        for _ in 0..count {
            inputs.push(Outpoint { txid: Txid(reader.array()?), vout: reader.u32()? });
            reader.prefixed()?;
            reader.take(4)?;
        }
        let outputs_at = reader.position();
        let count = reader.count(LEAST_OUTPUT)?;
        if count == 0 {
            return Err(Malformed { offset: outputs_at as u64, what: "a transaction has no outputs" });
        }
        let mut outputs = Vec::with_capacity(count);
        let mut total = 0u64;
        for _ in 0..count {
            let output = TxOut::read(reader)?;
            total = total.saturating_add(output.value);
            outputs.push(output);
        }
        if total > MAX_MONEY {
            return Err(Malformed {
                offset: outputs_at as u64,
                what: "a transaction pays more than all the money there is",
            });
        }
        let middle = reader.since(body);
        if witnesses {
            read_witnesses(reader, inputs.len())?;
        }
        let lock_time = reader.take(4)?;
        refuse_double_inputs(&inputs, body)?;
        // Without witnesses the three parts are one piece, which is hashed faster.
        let hashed = if witnesses { [version, middle, lock_time] } else { [reader.since(start), &[], &[]] };
        Ok(Self { txid: Txid(sha256d(&hashed)), inputs, outputs, hashed })
    }

    /// The bytes that the id is made of: the transaction without witnesses.
    pub fn stripped(&self) -> Vec<u8> {
        self.hashed.concat()
    }

    /// How many these are.
    pub fn stripped_len(&self) -> usize {
        self.hashed.iter().map(|part| part.len()).sum()
    }

    /// Whether this is the transaction that pays a block's miner.
    pub fn is_coinbase(&self) -> bool {
        self.inputs.as_slice() == [Outpoint::NONE]
    }
}

fn read_witnesses(reader: &mut Reader<'_>, inputs: usize) -> Result<(), Malformed> {
    let start = reader.position();
    let mut any = false;
    for _ in 0..inputs {
        let items = reader.count(1)?;
        any |= items > 0;
        for _ in 0..items {
            reader.prefixed()?;
        }
    }
    // A node refuses this form when it carries nothing, or one transaction would have two spellings.
    if any {
        Ok(())
    } else {
        Err(Malformed { offset: start as u64, what: "witnesses are announced and none is there" })
    }
}

fn refuse_double_inputs(inputs: &[Outpoint], at: usize) -> Result<(), Malformed> {
    if inputs.len() > 1 {
        let mut sorted = inputs.to_vec();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| matches!(pair, [left, right] if left == right)) {
            return Err(Malformed { offset: at as u64, what: "a transaction spends one output twice" });
        }
        if sorted.contains(&Outpoint::NONE) {
            return Err(Malformed { offset: at as u64, what: "a coinbase has more than one input" });
        }
    }
    Ok(())
}
