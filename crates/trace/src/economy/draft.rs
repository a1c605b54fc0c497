//! Transactions and blocks written as bytes, so that what is invented goes through the same readers as what is real.

use crate::wire::{BlockHash, Outpoint, Reader, Txid, merkle_root, sha256d};

/// Regtest's target: every second hash reaches it.
const EASIEST: u32 = 0x207f_ffff;

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
        let mut out = 2u32.to_le_bytes().to_vec();
        if self.inputs.is_empty() {
            push_compact(&mut out, 1);
            push_input(&mut out, &Outpoint::NONE, &[&[4][..], &height.to_le_bytes()].concat());
        } else {
            push_compact(&mut out, self.inputs.len());
            for input in &self.inputs {
                push_input(&mut out, input, &[]);
            }
        }
        push_compact(&mut out, self.outputs.len());
        for (value, script) in &self.outputs {
            out.extend(value.to_le_bytes());
            push_compact(&mut out, script.len());
            out.extend(script);
        }
        out.extend(0u32.to_le_bytes());
        out
    }
}

fn push_input(out: &mut Vec<u8>, outpoint: &Outpoint, script: &[u8]) {
    out.extend(outpoint.txid.0);
    out.extend(outpoint.vout.to_le_bytes());
    push_compact(out, script.len());
    out.extend(script);
    out.extend(u32::MAX.to_le_bytes());
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

/// A block of regtest around these transactions, the coinbase first, and its hash.
pub fn block(parent: BlockHash, time: u32, transactions: &[Vec<u8>]) -> (BlockHash, Vec<u8>) {
    let txids: Vec<Txid> = transactions.iter().map(|bytes| Txid(sha256d(&[bytes]))).collect();
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
