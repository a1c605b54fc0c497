//! What the desk needs from outside, as ports that the binary fills.

use async_trait::async_trait;
use countersign_core::id::Digest;
use countersign_log::PublicProof;
use countersign_store::journal::Entry;

/// A trustee, wherever it runs. Bytes go in, bytes come out; both are signed.
#[async_trait]
pub trait Trustee: Send + Sync {
    /// Index of its shares.
    fn index(&self) -> u16;

    /// Sends a signed request and returns the signed answer.
    ///
    /// # Errors
    /// A text for people when the trustee cannot be reached or says only "refused".
    async fn ask(&self, request: &[u8]) -> std::result::Result<Vec<u8>, String>;

    /// Sends a signed lookup request and returns the signed answer.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    async fn lookup(&self, request: &[u8]) -> std::result::Result<Vec<u8>, String>;

    /// Sends a signed totals request and returns the signed answer.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    async fn totals(&self, request: &[u8]) -> std::result::Result<Vec<u8>, String>;
}

/// The running log, as the desk uses it.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Waits until the leaf with this idempotency key is public under the witness quorum, and proves it under the latest
    /// witnessed checkpoint. Called again later it gives a fresh proof.
    ///
    /// # Errors
    /// A text for people when the log has stopped or no quorum can be had in time.
    async fn public(&self, key: &[u8; 32]) -> std::result::Result<PublicProof, String>;

    /// The public leaf at `index`, proved under the latest witnessed checkpoint.
    ///
    /// # Errors
    /// As [`public`](Self::public); also when the journal has no such leaf.
    async fn at(&self, index: u64) -> std::result::Result<PublicProof, String>;

    /// Indices of the control leaves that can change the control state, genesis first: daily totals are not among them.
    ///
    /// # Errors
    /// As [`public`](Self::public).
    async fn control_leaves(&self) -> std::result::Result<Vec<u64>, String>;

    /// Size and root of the latest witnessed checkpoint.
    ///
    /// # Errors
    /// As [`public`](Self::public).
    async fn head(&self) -> std::result::Result<(u64, Digest), String>;

    /// Up to `limit` leaves from index `first` on, ascending without a gap.
    ///
    /// # Errors
    /// A text for people when they cannot be read.
    async fn entries(&self, first: u64, limit: u32) -> std::result::Result<Vec<Entry>, String>;

    /// The witnessed checkpoint in force, re-cosigned if it is older than the witnesses' interval.
    ///
    /// # Errors
    /// As [`public`](Self::public).
    async fn refresh(&self) -> std::result::Result<(), String>;
}

/// How many people a selector would expose. Tracing fills this port; until then a table of imported payments does.
#[async_trait]
pub trait BlastRadius: Send + Sync {
    /// Distinct clients that paid the address.
    ///
    /// # Errors
    /// A text for people when it cannot be computed. Unknown is never zero.
    async fn exposed(&self, chain: &str, address: &str) -> std::result::Result<u64, String>;
}

/// Digest by which a delivered package is named: SHA-256 of the file.
pub fn package_digest(file: &[u8]) -> Digest {
    countersign_core::digest::plain(file)
}
