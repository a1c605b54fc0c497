//! Where blocks come from: a node's files, raw blocks, what a node's REST interface answers; and the order they belong in.

mod chain;
mod files;
mod node;
mod spent;

pub use chain::{ChainError, canonical};
pub use files::{BlockFiles, Found, Place, SourceError};
pub use node::{Fetch, Node, NodeError, read_headers};
pub use spent::{MAX_SPENT_LEN, Spent, SpentOutput};

#[cfg(test)]
pub(crate) mod tests;
