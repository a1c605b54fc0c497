//! One block: its header, and its transactions in place.

use super::bytes::{Malformed, Reader};
use super::hash::{BlockHash, sha256d};
use super::merkle::root;
use super::tx::Transaction;

/// Length of a header.
pub const HEADER_LEN: usize = 80;
/// No block's bytes can be more: 4,000,000 units of weight, at least one per byte.
pub const MAX_BLOCK_LEN: usize = 4_000_000;
/// Shortest possible transaction.
const LEAST_TX: usize = 60;

/// The fields of a header that order and prove blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Double SHA-256 of the 80 bytes.
    pub hash: BlockHash,
    /// The block before it.
    pub parent: BlockHash,
    /// Root over the transactions.
    pub merkle_root: [u8; 32],
    /// When the miner says it was made: seconds since 1970.
    pub time: u32,
    /// The target, in its short form.
    pub bits: u32,
}

impl Header {
    /// Reads 80 bytes.
    ///
    /// # Errors
    /// [`Malformed`] when fewer are left, or when the hash does not reach the target that the header itself names.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let start = reader.position();
        let raw: [u8; HEADER_LEN] = reader.array()?;
        let mut fields = Reader::new(&raw);
        fields.u32()?;
        let parent = BlockHash(fields.array()?);
        let root = fields.array()?;
        let (time, bits) = (fields.u32()?, fields.u32()?);
        let header = Self { hash: BlockHash(sha256d(&[&raw])), parent, merkle_root: root, time, bits };
        if header.work().is_none() {
            return Err(Malformed { offset: start as u64, what: "a block's hash does not reach the target it names" });
        }
        Ok(header)
    }

    /// How many hashes the target asks for on average; `None` when the target is not one or the hash misses it.
    pub fn work(&self) -> Option<u128> {
        let (exponent, mantissa) = (self.bits >> 24, self.bits & 0x00ff_ffff);
        if mantissa == 0 || mantissa & 0x0080_0000 != 0 || !(3..=32).contains(&exponent) {
            return None;
        }
        let mut target = [0u8; 32];
        let low = (exponent - 3) as usize;
        for (slot, byte) in target.iter_mut().skip(low).zip(mantissa.to_le_bytes().into_iter().take(3)) {
            *slot = byte;
        }
        // Both are little-endian numbers: the comparison starts at the last byte.
        if self.hash.0.iter().rev().gt(target.iter().rev()) {
            return None;
        }
        // 2^256 / (mantissa * 256^(exponent - 3)); no real target comes near the cap.
        let shift = 256 - 8 * (exponent - 3);
        Some(1u128.checked_shl(shift).unwrap_or(u128::MAX) / u128::from(mantissa))
    }
}

/// One block whose transactions are those of its header.
#[derive(Clone, Debug)]
pub struct Block<'a> {
    /// The header.
    pub header: Header,
    /// The transactions, the coinbase first.
    pub transactions: Vec<Transaction<'a>>,
}

impl<'a> Block<'a> {
    /// Reads a whole block and checks that its header names exactly these transactions.
    ///
    /// # Errors
    /// [`Malformed`] with the offset of the first thing that is wrong.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        if bytes.len() > MAX_BLOCK_LEN {
            return Err(reader.wrong("a block is longer than blocks can be"));
        }
        let header = Header::read(&mut reader)?;
        let count = reader.count(LEAST_TX)?;
        let mut transactions = Vec::with_capacity(count);
        for place in 0..count {
            let start = reader.position() as u64;
            let transaction = Transaction::read(&mut reader)?;
            if transaction.is_coinbase() != (place == 0) {
                return Err(Malformed { offset: start, what: "a coinbase is missing or in the wrong place" });
            }
            transactions.push(transaction);
        }
        reader.end()?;
        let txids = transactions.iter().map(|transaction| transaction.txid.0).collect();
        if root(txids) != Some(header.merkle_root) {
            return Err(Malformed { offset: 36, what: "the transactions are not those of the header's merkle root" });
        }
        Ok(Self { header, transactions })
    }
}
