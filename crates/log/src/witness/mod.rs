//! Witnesses: the port the log speaks to, a witness in this process, and both ends of the protocol over HTTP.

mod client;
mod local;
mod server;
mod state;

pub use client::HttpWitness;
pub(crate) use client::read_limited;
pub use local::LocalWitness;
pub use server::router;
pub use state::{Record, records};

use async_trait::async_trait;

/// A witness as the log sees it. Its answers are checked against its key; nothing it says is believed otherwise.
#[async_trait]
pub trait Witness: Send + Sync {
    /// Name in the log's policy.
    fn name(&self) -> &str;

    /// `add-checkpoint` of C2SP tlog-witness: body in, status and body out.
    ///
    /// # Errors
    /// [`WitnessError`] when no answer came.
    async fn add_checkpoint(&self, body: Vec<u8>) -> Result<(u16, Vec<u8>), WitnessError>;

    /// The checkpoint of this log that the witness cosigned last, with the log's and its own signature; `None` if there is none.
    ///
    /// # Errors
    /// [`WitnessError`] when no answer came.
    async fn latest(&self, origin: &str) -> Result<Option<Vec<u8>>, WitnessError>;
}

/// No answer from a witness.
#[derive(Debug, Clone, thiserror::Error)]
#[error("witness `{witness}` does not answer: {reason}")]
pub struct WitnessError {
    /// Its name.
    pub witness: String,
    /// What the system says.
    pub reason: String,
}
