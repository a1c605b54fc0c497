//! Transactions and blocks written as bytes, so that what is invented goes through the same readers as what is real.

use crate::wire::{BlockHash, Outpoint, Reader, Transaction, Txid, merkle_root, sha256d};

/// Regtest's target: every second hash reaches it.
const EASIEST: u32 = 0x207f_ffff;
/// A coinbase's script has at least so many bytes.
const LEAST_COINBASE: usize = 2;

/// A transaction to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What it spends; nothing for a coinbase.
    pub inputs: Vec<Outpoint>,
    /// Satoshi and locking script.
    pub outputs: Vec<(u64, Vec<u8>)>,
}

impl Draft {
    /// The bytes, without witnesses. `height` makes coinbases differ (BIP-34); nothing is signed.
    pub fn bytes(&self, height: u32) -> Vec<u8> {
        self.write(height, None)
    }

    /// The bytes with these witnesses, a list of items for each input (BIP-144).
    pub(super) fn bytes_with(&self, height: u32, witnesses: &[Vec<Vec<u8>>]) -> Vec<u8> {
        self.write(height, Some(witnesses))
    }

    fn write(&self, height: u32, witnesses: Option<&[Vec<Vec<u8>>]>) -> Vec<u8> {
        let mut out = 2u32.to_le_bytes().to_vec();
        if witnesses.is_some() {
            out.extend([0, 1]);
        }
        if self.inputs.is_empty() {
            push_compact(&mut out, 1);
            push_input(&mut out, &Outpoint::NONE, &height_script(height));
        } else {
            push_compact(&mut out, self.inputs.len());
            for input in &self.inputs {
                push_input(&mut out, input, &[]);
            }
        }
        push_compact(&mut out, self.outputs.len());
        for (value, script) in &self.outputs {
            out.extend(value.to_le_bytes());
            push_bytes(&mut out, script);
        }
        for items in witnesses.into_iter().flatten() {
            push_compact(&mut out, items.len());
            items.iter().for_each(|item| push_bytes(&mut out, item));
        }
        out.extend(0u32.to_le_bytes());
        out
    }
}

/// The height as a script pushes it (BIP-34): the small ones have an operation of their own, the others as few bytes as their sign allows.
fn height_script(height: u32) -> Vec<u8> {
    let mut script = match u8::try_from(height) {
        Ok(0) => vec![0],
        Ok(small @ 1..=16) => vec![0x50 + small],
        _ => {
            let mut number: Vec<u8> = height.to_le_bytes().into_iter().chain([0]).collect();
            while let [.., low, 0] = number.as_slice()
                && low & 0x80 == 0
            {
                number.pop();
            }
            let length = u8::try_from(number.len()).unwrap_or_default();
            std::iter::once(length).chain(number).collect()
        }
    };
    script.resize(script.len().max(LEAST_COINBASE), 0);
    script
}

fn push_input(out: &mut Vec<u8>, outpoint: &Outpoint, script: &[u8]) {
    out.extend(outpoint.txid.0);
    out.extend(outpoint.vout.to_le_bytes());
    push_bytes(out, script);
    out.extend(u32::MAX.to_le_bytes());
}

fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    push_compact(out, bytes.len());
    out.extend(bytes);
}

fn push_compact(out: &mut Vec<u8>, count: usize) {
    let bytes = (count as u64).to_le_bytes();
    let (prefix, len) = match count {
        0..0xfd => (None, 1),
        0xfd..0x1_0000 => (Some(0xfd), 2),
        _ => (Some(0xfe), 4),
    };
    out.extend(prefix);
    out.extend(bytes.iter().take(len));
}

/// The id of a transaction that was written here, with or without witnesses.
fn txid(bytes: &[u8]) -> Txid {
    Transaction::read(&mut Reader::new(bytes)).map_or_else(|_| Txid(sha256d(&[bytes])), |transaction| transaction.txid)
}

/// A block of regtest around these transactions, the coinbase first, and its hash.
pub fn block(parent: BlockHash, time: u32, transactions: &[Vec<u8>]) -> (BlockHash, Vec<u8>) {
    let txids: Vec<Txid> = transactions.iter().map(|bytes| txid(bytes)).collect();
    let root = merkle_root(&txids).unwrap_or_default();
    let mut head = 0x2000_0000u32.to_le_bytes().to_vec();
    head.extend(parent.0);
    head.extend(root);
    head.extend(time.to_le_bytes());
    head.extend(EASIEST.to_le_bytes());
    let mut nonce = 0u32;
    let header = loop {
        let tried = [&head[..], &nonce.to_le_bytes()].concat();
        if crate::wire::Header::read(&mut Reader::new(&tried)).is_ok() {
            break tried;
        }
        nonce = nonce.wrapping_add(1);
    };
    let hash = BlockHash(sha256d(&[&header]));
    let mut out = header;
    push_compact(&mut out, transactions.len());
    for transaction in transactions {
        out.extend(transaction);
    }
    (hash, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_are_pushed_as_scripts_push_numbers() {
        for (height, script) in [
            (0, &[0x00, 0x00][..]),
            (1, &[0x51, 0x00]),
            (16, &[0x60, 0x00]),
            (17, &[1, 17]),
            (127, &[1, 127]),
            (128, &[2, 128, 0]),
            (255, &[2, 255, 0]),
            (256, &[2, 0, 1]),
            (32_768, &[3, 0, 128, 0]),
            (800_000, &[3, 0x00, 0x35, 0x0c]),
        ] {
            assert_eq!(height_script(height), script, "{height}");
        }
    }
}
