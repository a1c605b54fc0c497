//! Why a worker does not do what it is asked to.

use countersign_core::id::Digest;
use countersign_core::json::DocumentError;
use countersign_verify::evidence::Fault;

/// Why nothing was done. Nothing that was opened is in any of these.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// A file of the job does not hold.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The order is not for this worker.
    #[error("the order names the worker `{named}`, this one is `{own}`")]
    OtherWorker {
        /// Digest in the order.
        named: Digest,
        /// Digest of this worker's identity.
        own: Digest,
    },
    /// The program that runs is not the one that was registered.
    #[error("this program has the sha256 `{running}`, the worker is registered with `{registered}`: register it anew")]
    OtherProgram {
        /// Digest of the running program.
        running: Digest,
        /// Digest in the identity.
        registered: Digest,
    },
    /// What was opened is not of the form that this worker reads.
    #[error("{0}")]
    Content(String),
    /// The list of a screening is missing or another one.
    #[error("list: {0}")]
    List(String),
    /// Nobody to encrypt to, or it could not be done.
    #[error("package: {0}")]
    Package(String),
    /// A document could not be written.
    #[error(transparent)]
    Document(#[from] DocumentError),
}
