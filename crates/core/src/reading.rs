//! The facts of a reading in daily operation: by which lane, by whom, and why. Their digest stands in the order.
//!
//! Bytes and rules: `docs/formats/reading.md`. What a lane needs beside its facts (the client's consent, a peer's approval,
//! a second person) is signed over the order and checked by the crates `approve` and `verify`.

use crate::class::{Class, ClassSet};
use crate::id::{Digest, Handle, PersonId};
use crate::json::Document;
use crate::time::{HOUR, MINUTE, Seconds, Timestamp};
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the reading format.
    ReadingV1 = "countersign/reading/v1"
);

/// The `authority` of an order that nobody outside asked for. No directory may contain it, so no order of an authority can
/// pass for a reading and no reading for an order of an authority.
pub const DAILY_OPERATION: &str = "daily-operation";

named_enum!(
    /// The way by which a reading is allowed. Derived facts need no order, and duties have a kind of their own.
    Lane, "a lane of readings" {
        /// The client is there and consents with the own key.
        ClientPresent = "client_present",
        /// A case that the queue has assigned to the agent.
        Case = "case",
        /// Nobody can wait: two people in different states, public for ten minutes, vetoable.
        BreakGlass = "break_glass",
    }
);

impl Lane {
    /// Most people of one reading.
    pub fn max_subjects(self) -> u32 {
        match self {
            Lane::ClientPresent => 1,
            Lane::Case | Lane::BreakGlass => 3,
        }
    }

    /// The longest time between `not_before` and `expires` of the order.
    pub fn max_lifetime(self) -> Seconds {
        match self {
            Lane::ClientPresent => 15 * MINUTE,
            Lane::Case => 24 * HOUR,
            Lane::BreakGlass => HOUR,
        }
    }

    /// How long the order is public before trustees answer: the time for a veto.
    pub fn waiting_time(self) -> Seconds {
        match self {
            Lane::ClientPresent | Lane::Case => 0,
            Lane::BreakGlass => 10 * MINUTE,
        }
    }

    /// Classes that the lane never opens, whatever the policy says.
    pub fn never_opens(self) -> ClassSet {
        match self {
            Lane::ClientPresent | Lane::Case => ClassSet::default(),
            Lane::BreakGlass => {
                ClassSet::new([Class::DocumentNumber, Class::DocumentScan, Class::Bank, Class::Transfers])
            }
        }
    }
}

named_enum!(
    /// Why somebody reads.
    Reason, "a reason of a reading" {
        /// The client asks about the own account.
        ClientAsks = "client_asks",
        /// The client cannot get in any more.
        AccountRecovery = "account_recovery",
        /// A payment did not arrive or went astray.
        Payment = "payment",
        /// Identity data are checked or kept up to date.
        IdentityCheck = "identity_check",
        /// An account is suspected to be misused.
        Fraud = "fraud",
        /// The client complains.
        Complaint = "complaint",
        /// The client has died.
        Estate = "estate",
        /// A life is in danger.
        ThreatToLife = "threat_to_life",
    }
);

/// The facts of one reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Format version.
    pub v: ReadingV1,
    /// Commitment to the case, as in the order.
    pub case: Digest,
    /// By which lane.
    pub lane: Lane,
    /// Who reads.
    pub agent: PersonId,
    /// Why.
    pub reason: Reason,
    /// The agent's X-Wing public key, base64 with padding. The roster and the order hold its digest.
    pub key: String,
}

impl Document for Reading {
    const WHAT: &'static str = "reading";
    const DOMAIN: &'static str = ReadingV1::TEXT;
    const MAX_LEN: usize = 4 * 1024;
}

version_tag!(
    /// Version of the record of a view.
    ViewRecordV1 = "countersign/view/v1"
);

/// Who saw the masked view of whom, when and why (`docs/formats/view.md`). Its digest is what the agent signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewRecord {
    /// Format version.
    pub v: ViewRecordV1,
    /// The client.
    pub client: Handle,
    /// Who looks.
    pub agent: PersonId,
    /// Why.
    pub reason: Reason,
    /// When.
    pub at: Timestamp,
}

impl Document for ViewRecord {
    const WHAT: &'static str = "record of a view";
    const DOMAIN: &'static str = ViewRecordV1::TEXT;
    const MAX_LEN: usize = 1024;
}
