//! Duties: what a standing order allows, and what one run under it is.
//!
//! Bytes and rules: `docs/formats/duty.md`. A standing order is an order of kind `duty` without records, whose facts are a
//! [`Duty`]. A run is an order of kind `duty` with records, whose facts are a [`Run`]: it names the standing order, and is
//! signed by nobody else.

use crate::class::ClassSet;
use crate::facts::ascending;
use crate::id::{AuthorityId, Digest, PersonId};
use crate::json::Document;
use crate::order::MAX_RECORDS;
use crate::time::{DAY, Seconds};
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the duty format.
    DutyV1 = "countersign/duty/v1"
);
version_tag!(
    /// Version of the run format.
    RunV1 = "countersign/run/v1"
);

/// The longest time in which one run is answered.
pub const MAX_RUN_LIFETIME: Seconds = DAY;

named_enum!(
    /// What client data are regularly opened for without a request about a person.
    Purpose, "a purpose of a duty" {
        /// Comparing clients with sanctions and terror lists.
        Screening = "screening",
        /// Reports that tax law asks for.
        TaxReport = "tax_report",
        /// Other reports that a statute asks for.
        StatutoryReport = "statutory_report",
        /// Data about sender and receiver that travel with a transfer.
        TravelRule = "travel_rule",
        /// Checking whether what is known of clients is still right.
        KycRefresh = "kyc_refresh",
        /// Writing to clients.
        MailOut = "mail_out",
        /// Sealing records anew under the keys in force.
        Reseal = "reseal",
    }
);

/// Most of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// Distinct clients.
    pub subjects: u32,
    /// Records.
    pub records: u32,
}

/// What leaves the worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Output {
    /// These fields of every client, sorted.
    Fields(Vec<String>),
    /// Every record of the run, sealed anew, to the custodian; nothing in the clear.
    Sealed {
        /// The ring to which it is sealed.
        ring: Digest,
    },
    /// Handle and entry of the clients that stand on a list, and nothing of anybody else.
    Hits {
        /// SHA-256 of the list's bytes.
        list: Digest,
    },
}

/// What a standing order is for: the facts that it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Duty {
    /// Format version.
    pub v: DutyV1,
    /// Commitment to the case, as in the order.
    pub case: Digest,
    /// Who receives the output, by the directory.
    pub authority: AuthorityId,
    /// What for.
    pub purpose: Purpose,
    /// The law or decision that asks for it: one line.
    pub basis: String,
    /// Legal author of the decision.
    pub author: PersonId,
    /// SHA-256 of the program that may run it, as in the worker's identity.
    pub code: Digest,
    /// [`destination_digest`] of the key to which the output is encrypted; of records sealed anew that of the ring id.
    pub destination: Digest,
    /// What leaves the worker.
    pub output: Output,
    /// Classes that a run may open.
    pub classes: ClassSet,
    /// Most of one run.
    pub run: Cap,
    /// Most people of all runs together: somebody who is in three runs counts three times.
    pub total: u32,
}

impl Duty {
    /// Longest `basis` in bytes.
    pub const MAX_BASIS: usize = 300;

    /// Most fields of `output`.
    pub const MAX_FIELDS: usize = 64;

    /// Largest `total`.
    pub const MAX_TOTAL: u32 = 1_000_000_000;
}

impl Document for Duty {
    const WHAT: &'static str = "duty";
    const DOMAIN: &'static str = DutyV1::TEXT;
    const MAX_LEN: usize = 8 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let Self { basis, output, run, total, purpose, .. } = self;
        let anew = matches!(output, Output::Sealed { .. });
        let line = (1..=Self::MAX_BASIS).contains(&basis.len())
            && basis.trim() == basis
            && !basis.chars().any(char::is_control);
        let output = match output {
            Output::Fields(fields) => {
                (1..=Self::MAX_FIELDS).contains(&fields.len())
                    && ascending(fields)
                    && fields.iter().all(|name| is_field(name))
            }
            Output::Hits { .. } | Output::Sealed { .. } => true,
        };
        let rules = [
            (line, "`basis` is not one line of 1 to 300 bytes"),
            (
                output,
                "`output` names no fields, more than 64, none of 1 to 64 letters, digits and `_`, or is not sorted",
            ),
            (
                (*purpose == Purpose::Reseal) == anew,
                "records are sealed anew for no other purpose, and for this one only",
            ),
            (!self.classes.is_empty(), "no classes"),
            (0 < run.subjects && run.subjects <= run.records, "`run` allows nobody, or more subjects than records"),
            (run.records <= MAX_RECORDS, "`run` allows more records than one order may name"),
            (
                (run.subjects..=Self::MAX_TOTAL).contains(total),
                "`total` is below the subjects of one run, or above 1,000,000,000",
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

/// One run: the facts that a run's order names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Format version.
    pub v: RunV1,
    /// Digest of the standing order.
    pub standing: Digest,
    /// 1 for the first run of the standing order, rising by one.
    pub number: u32,
    /// Digest of the order of the run before; `None` for the first.
    pub previous: Option<Digest>,
}

impl Document for Run {
    const WHAT: &'static str = "run of a duty";
    const DOMAIN: &'static str = RunV1::TEXT;
    const MAX_LEN: usize = 1024;

    fn check(&self) -> Result<(), &'static str> {
        let rules = [
            (self.number > 0, "`number` is zero: the first run is number 1"),
            ((self.number == 1) == self.previous.is_none(), "every run but the first names the one before"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

/// parts("countersign/destination/v1", the age recipient `age1...`): names the key to which output is encrypted. Of records
/// sealed anew the text is the ring id, 64 hexadecimal digits.
pub fn destination_digest(recipient: &str) -> Digest {
    crate::digest::parts("countersign/destination/v1", &[recipient.as_bytes()])
}

fn is_field(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
