//! RFC 6962 Merkle trees: compact frontier, inclusion and consistency proofs.

mod frontier;
mod prove;
mod tree;
mod verify;

pub use frontier::{Frontier, FrontierError};
pub use prove::{
    HashReader, NodeId, ProveError, consistency_nodes, consistency_proof, inclusion_nodes, inclusion_proof, root_at,
};
pub use tree::{Missing, Tree};
pub use verify::{MerkleError, root_from_inclusion, verify_consistency, verify_inclusion};

/// Largest tree size any format here accepts: 2^63 - 1, so that a proof never has more than 63 hashes.
pub const MAX_TREE_SIZE: u64 = (1 << 63) - 1;

/// Largest number of hashes in an inclusion or consistency proof (C2SP tlog-witness: 63 lines).
pub const MAX_PROOF_HASHES: usize = 63;
