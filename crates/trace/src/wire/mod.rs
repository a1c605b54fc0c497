//! Blocks and transactions as bytes: read once, strictly, never a panic.

mod block;
mod bytes;
mod hash;
mod merkle;
mod tx;

pub use block::{Block, HEADER_LEN, Header, MAX_BLOCK_LEN};
pub use bytes::{Malformed, Reader};
pub use hash::{BlockHash, Txid, sha256d};
pub use merkle::{Branch, MAX_BRANCH, merkle_root};
pub use tx::{Inputs, MAX_MONEY, Outpoint, Outputs, Transaction, TxOut};
