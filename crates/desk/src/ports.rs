//! What the desk needs from outside, as ports that the binary fills.

use async_trait::async_trait;
use countersign_core::exposure::{ExposureOrder, Listing, OwnAddresses};
use countersign_core::id::Digest;
use countersign_core::time::Timestamp;
use countersign_log::PublicProof;
use countersign_store::journal::Entry;
use countersign_trace::gate::{Basis, BlastAnswer, DutyAnswer, DutyRefusal, Refusal};
use countersign_trace::wire::Outpoint;
use std::collections::BTreeSet;

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

/// A question to the chain, as [`Desk::ask_blast`](crate::Desk::ask_blast) lets it pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// The addresses.
    pub addresses: Vec<String>,
    /// Payments.
    pub hops: u8,
    /// First second of the window.
    pub from: Timestamp,
    /// Last second of the window.
    pub to: Timestamp,
    /// Least sum of one client in satoshi.
    pub min_satoshi: u64,
    /// Payments that have to be covered.
    pub covers: BTreeSet<Outpoint>,
}

/// Why the chain has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoAnswer {
    /// It cannot be known here; a text for people. Unknown is never nobody.
    Unknown(String),
    /// The gate refuses the question.
    Refused(Refusal),
}

/// What a standing order for own deposits pins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pins {
    /// The lists, sorted by name.
    pub lists: Vec<Listing>,
    /// The custodian's own addresses.
    pub own: OwnAddresses,
}

/// Why nothing is said about own deposits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoExposure {
    /// It cannot be known here; a text for people. Unknown is never clean.
    Unknown(String),
    /// The gate refuses.
    Refused(DutyRefusal),
}

/// How many people a selector would expose: by the index of the chain where the custodian keeps one, otherwise by a table of its payments.
#[async_trait]
pub trait BlastRadius: Send + Sync {
    /// Whether there is an index of the chain. Then the desk counts nothing without an order.
    fn has_chain(&self) -> bool {
        false
    }

    /// How many clients stand behind addresses, by the index of the chain.
    ///
    /// # Errors
    /// [`NoAnswer`].
    async fn behind(&self, _basis: &Basis, _question: &Behind) -> std::result::Result<BlastAnswer, NoAnswer> {
        Err(NoAnswer::Unknown("there is no index of the chain: how many clients this would expose is unknown".into()))
    }

    /// The lists of these names and the own addresses, as they are now.
    ///
    /// # Errors
    /// A text for people when there is no index of the chain, or no such list.
    async fn pins(&self, _lists: &[String]) -> std::result::Result<Pins, String> {
        Err("there is no index of the chain: `countersign trace ingest` makes one".into())
    }

    /// What own deposits are exposed to, under a standing order that was checked.
    ///
    /// # Errors
    /// [`NoExposure`].
    async fn exposures(
        &self,
        _order: &ExposureOrder,
        _now: Timestamp,
        _deposits: &BTreeSet<Outpoint>,
    ) -> std::result::Result<DutyAnswer, NoExposure> {
        Err(NoExposure::Unknown("there is no index of the chain: what a deposit is exposed to is unknown".into()))
    }

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
