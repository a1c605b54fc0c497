//! The worker: a program on a machine of its own that opens what an order names, keeps of it what the order is for, and
//! forgets the rest (`release.md`, "Recipient modes", mode B).
//!
//! Bytes: `docs/formats/worker.md`. A worker stands in the control state; an order names it by the digest of this document.

use crate::country::Country;
use crate::id::{CustodianId, Digest, PersonId};
use crate::json::Document;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the worker identity format.
    WorkerV1 = "countersign/worker/v1"
);
version_tag!(
    /// Version of the binding format.
    BindingV1 = "countersign/binding/v1"
);

/// What is registered of a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    /// Format version.
    pub v: WorkerV1,
    /// Short name, unique among the workers in force.
    pub name: PersonId,
    /// State whose law binds whoever runs the machine.
    pub state: Country,
    /// Ed25519 key under which it signs bindings.
    pub identity: Digest,
    /// SHA-256 of the program file that it runs.
    pub code: Digest,
    /// SHA-256 of the machine's attestation of that program, where the machine can attest; whoever registers the worker
    /// checks it. `None` claims nothing.
    pub attestation: Option<Digest>,
}

impl Worker {
    /// SHA-256("countersign/worker/v1" || canonical JSON): what orders and bindings name.
    pub fn digest(&self) -> Digest {
        // INVARIANT: no maps and no floats: writing this type as JSON cannot fail.
        let text = serde_json::to_string(self).unwrap_or_default();
        crate::digest::document(Self::DOMAIN, text.as_bytes())
    }
}

impl Document for Worker {
    const WHAT: &'static str = "worker identity";
    const DOMAIN: &'static str = WorkerV1::TEXT;
    const MAX_LEN: usize = 1024;

    fn check(&self) -> Result<(), &'static str> {
        let zero = Digest([0; 32]);
        let rules = [
            (self.identity != zero, "`identity` is zero"),
            (self.code != zero, "`code` is zero"),
            (self.attestation != Some(zero), "`attestation` is zero: leave it null where there is none"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

/// A worker's signed word that the replies to one order are to be encrypted to this key, made for nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// Format version.
    pub v: BindingV1,
    /// The custodian.
    pub custodian: CustodianId,
    /// Digest of the order.
    pub order: Digest,
    /// Digest of the worker's identity document.
    pub worker: Digest,
    /// Index of the order's leaf: the worker has seen it in the witnessed journal before it made the key.
    pub index: u64,
    /// The X-Wing public key, base64 with padding.
    pub key: String,
    /// When it was signed.
    pub at: Timestamp,
}

impl Binding {
    /// Bytes of `key`: base64 of the 1,216 bytes of an X-Wing public key.
    pub const KEY_LEN: usize = 1624;
}

impl Document for Binding {
    const WHAT: &'static str = "binding of a worker";
    const DOMAIN: &'static str = BindingV1::TEXT;
    const MAX_LEN: usize = 4 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let rules = [
            (self.key.len() == Self::KEY_LEN, "`key` is not the base64 of an X-Wing public key"),
            (self.index > 0, "`index` is zero: leaf 0 is no order's"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}
