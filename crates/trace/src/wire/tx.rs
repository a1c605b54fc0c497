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
const SEQUENCE_LEN: usize = 4;
/// Most inputs that are compared pair by pair.
const FEW: usize = 4;

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

/// The outputs that one transaction spends, in order, in place: they are read again wherever they are needed, so that a block of
/// thousands of transactions needs no list for each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inputs<'a> {
    // INVARIANT: these bytes were read as so many inputs.
    bytes: &'a [u8],
    count: usize,
}

impl<'a> Inputs<'a> {
    /// How many there are.
    #[expect(clippy::len_without_is_empty, reason = "a transaction has at least one")]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Each.
    pub fn iter(&self) -> impl Iterator<Item = Outpoint> + use<'a> {
        let mut reader = Reader::new(self.bytes);
        (0..self.count).map_while(move |_| read_input(&mut reader).ok())
    }
}

/// What one transaction pays, in order, in place as its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outputs<'a> {
    // INVARIANT: these bytes were read as so many outputs.
    bytes: &'a [u8],
    count: usize,
}

impl<'a> Outputs<'a> {
    /// How many there are.
    #[expect(clippy::len_without_is_empty, reason = "a transaction has at least one")]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Each.
    pub fn iter(&self) -> impl Iterator<Item = TxOut<'a>> + use<'a> {
        let mut reader = Reader::new(self.bytes);
        (0..self.count).map_while(move |_| TxOut::read(&mut reader).ok())
    }
}

/// One transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction<'a> {
    /// Its id.
    pub txid: Txid,
    /// The outputs it spends.
    pub inputs: Inputs<'a>,
    /// What it pays.
    pub outputs: Outputs<'a>,
    coinbase: bool,
    // INVARIANT: version, inputs and outputs, lock time: what the id is the hash of. All in the first when they lie in one piece.
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
        let mut few = [Outpoint::NONE; FEW];
        let inputs_at = reader.position();
        for place in 0..count {
            let input = read_input(reader)?;
            if let Some(slot) = few.get_mut(place) {
                *slot = input;
            }
        }
        let inputs = Inputs { bytes: reader.since(inputs_at), count };
        let before_outputs = reader.position();
        let count = reader.count(LEAST_OUTPUT)?;
        if count == 0 {
            return Err(Malformed { offset: before_outputs as u64, what: "a transaction has no outputs" });
        }
        let outputs_at = reader.position();
        let mut total = 0u64;
        for _ in 0..count {
            total = total.saturating_add(TxOut::read(reader)?.value);
        }
        if total > MAX_MONEY {
            return Err(Malformed {
                offset: before_outputs as u64,
                what: "a transaction pays more than all the money there is",
            });
        }
        let outputs = Outputs { bytes: reader.since(outputs_at), count };
        let middle = reader.since(body);
        if witnesses {
            read_witnesses(reader, inputs.count)?;
        }
        let lock_time = reader.take(4)?;
        refuse_double(inputs, &few, body)?;
        // Without witnesses the three parts are one piece, which is hashed faster.
        let hashed = if witnesses { [version, middle, lock_time] } else { [reader.since(start), &[], &[]] };
        let txid = Txid(if witnesses { sha256d(&hashed) } else { sha256d(&[reader.since(start)]) });
        let coinbase = inputs.count == 1 && few.first() == Some(&Outpoint::NONE);
        Ok(Self { txid, inputs, outputs, coinbase, hashed })
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
        self.coinbase
    }
}

fn read_input(reader: &mut Reader<'_>) -> Result<Outpoint, Malformed> {
    let input = Outpoint { txid: Txid(reader.array()?), vout: reader.u32()? };
    reader.prefixed()?;
    reader.take(SEQUENCE_LEN)?;
    Ok(input)
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

/// Refuses what no node would take: the same output twice, and an output of a coinbase's kind beside others.
fn refuse_double(inputs: Inputs<'_>, few: &[Outpoint; FEW], at: usize) -> Result<(), Malformed> {
    if inputs.count < 2 {
        return Ok(());
    }
    let (twice, none) = match few.get(..inputs.count) {
        Some(few) => (has_double(few), few.contains(&Outpoint::NONE)),
        None => {
            let mut sorted: Vec<Outpoint> = inputs.iter().collect();
            sorted.sort_unstable();
            let twice = sorted.windows(2).any(|pair| matches!(pair, [left, right] if left == right));
            (twice, sorted.contains(&Outpoint::NONE))
        }
    };
    if twice {
        return Err(Malformed { offset: at as u64, what: "a transaction spends one output twice" });
    }
    if none {
        return Err(Malformed { offset: at as u64, what: "a coinbase has more than one input" });
    }
    Ok(())
}

/// Pair by pair, which for a few costs less than putting them in order.
fn has_double(mut inputs: &[Outpoint]) -> bool {
    while let Some((input, others)) = inputs.split_first() {
        if others.contains(input) {
            return true;
        }
        inputs = others;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::economy::Draft;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_written_is_read_and_nothing_twice(
            inputs in prop::collection::vec((0u8..40, 0u32..2), 1..12),
            values in prop::collection::vec(0..MAX_MONEY / 16, 1..9),
            none in prop::option::weighted(0.2, any::<prop::sample::Index>()),
        ) {
            let outpoint = |(id, vout): &(u8, u32)| Outpoint { txid: Txid([*id; 32]), vout: *vout };
            let mut inputs: Vec<Outpoint> = inputs.iter().map(outpoint).collect();
            if let Some(none) = none {
                inputs.insert(none.index(inputs.len() + 1), Outpoint::NONE);
            }
            let outputs: Vec<(u64, Vec<u8>)> = values.iter().map(|value| (*value, vec![0x51; *value as usize % 300])).collect();
            let bytes = Draft { inputs: inputs.clone(), outputs: outputs.clone() }.bytes(0);
            let read = Transaction::read(&mut Reader::new(&bytes));
            let distinct: std::collections::BTreeSet<_> = inputs.iter().collect();
            if distinct.len() < inputs.len() {
                prop_assert_eq!(read.unwrap_err().what, "a transaction spends one output twice");
            } else if none.is_some() {
                prop_assert_eq!(read.unwrap_err().what, "a coinbase has more than one input");
            } else {
                let read = read.unwrap();
                prop_assert_eq!((read.inputs.len(), read.outputs.len()), (inputs.len(), outputs.len()));
                prop_assert_eq!(read.inputs.iter().collect::<Vec<_>>(), inputs);
                let paid: Vec<_> = read.outputs.iter().map(|output| (output.value, output.script.to_vec())).collect();
                prop_assert_eq!(paid, outputs);
                prop_assert_eq!((read.is_coinbase(), read.stripped()), (false, bytes));
            }
        }
    }
}
