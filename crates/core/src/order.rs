//! The order: the decision to release exactly one scope to exactly one recipient. Its digest is what everybody signs.
//!
//! Bytes: `docs/formats/order.md`.

use crate::class::ClassSet;
use crate::id::{AuthorityId, CustodianId, Digest, OrderId, Salt};
use crate::json::Document;
use crate::time::{DAY, HOUR, Seconds, Timestamp};
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the order format.
    OrderV1 = "countersign/order/v1"
);

named_enum!(
    /// What an order allows; each kind has its own quorum, lifetime, waits and notice (`release.md`, "Kinds").
    Kind, "a kind of order" {
        /// Data of named subjects to an authority.
        Disclosure = "disclosure",
        /// As disclosure, where the law leaves no choice and counsel disagrees.
        Compelled = "compelled",
        /// One subject, identity and contact only, a threat to life now.
        Emergency = "emergency",
        /// A standing order for statutory reporting.
        Duty = "duty",
        /// A reading in daily operation.
        Read = "read",
        /// An exact lookup in the blind index.
        Lookup = "lookup",
        /// A tracing query.
        Trace = "trace",
        /// A yes, a no, an aggregate.
        Answer = "answer",
    }
);

impl Kind {
    /// The longest time between `not_before` and `expires`.
    pub fn max_lifetime(self) -> Seconds {
        match self {
            Kind::Disclosure | Kind::Compelled | Kind::Answer => 72 * HOUR,
            Kind::Emergency | Kind::Read | Kind::Lookup | Kind::Trace => 24 * HOUR,
            Kind::Duty => 90 * DAY,
        }
    }

    /// How long the order must have been public before trustees answer, for `subjects` people.
    ///
    /// Compelled orders wait too unless the pack says that the law's deadline forbids it.
    pub fn waiting_time(self, subjects: u32) -> Seconds {
        match self {
            Kind::Disclosure | Kind::Compelled if subjects > 50 => 72 * HOUR,
            Kind::Disclosure | Kind::Compelled if subjects > 5 => 24 * HOUR,
            _ => 0,
        }
    }

    /// Whether the person concerned is told after the release or at the end of a delay order.
    pub fn owes_notice(self) -> bool {
        matches!(self, Kind::Disclosure | Kind::Compelled | Kind::Emergency | Kind::Answer)
    }
}

named_enum!(
    /// The legal form of what arrived.
    Instrument, "a legal instrument" {
        /// Order of a court.
        CourtOrder = "court_order",
        /// Search or production warrant.
        Warrant = "warrant",
        /// Subpoena.
        Subpoena = "subpoena",
        /// European Production Order, Regulation (EU) 2023/1543.
        Epoc = "epoc",
        /// European Preservation Order, Regulation (EU) 2023/1543.
        EpocPr = "epoc_pr",
        /// Request under a mutual legal assistance treaty, through the central authority.
        Mla = "mla",
        /// Letter of request of a foreign court.
        LetterOfRequest = "letter_of_request",
        /// Article 7 of the Second Additional Protocol to the Budapest Convention.
        SecondProtocol = "second_protocol",
        /// Statutory request of a financial intelligence unit.
        FiuRequest = "fiu_request",
        /// 31 CFR 1010.520 list.
        S314a = "s314a",
        /// Emergency request without a court.
        Emergency = "emergency",
        /// Supervisor's statutory request.
        Regulator = "regulator",
        /// Order in civil proceedings.
        Civil = "civil",
        /// No instrument at all.
        Informal = "informal",
    }
);

named_enum!(
    /// Who can open the package (`release.md`, "Recipient modes").
    Mode, "a recipient mode" {
        /// The authority's own registered key.
        Authority = "A",
        /// A worker named in the order.
        Worker = "B",
        /// A named reviewer.
        Reviewer = "C",
    }
);

/// What arrived: its legal form and a salted digest of the raw bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstrumentRef {
    /// Legal form.
    pub form: Instrument,
    /// [`salted_request_digest`] of the raw request bytes.
    pub request: Digest,
}

/// Digest of raw request bytes under a 16-byte salt, so that a guessed letter cannot be confirmed from an order.
pub fn salted_request_digest(salt: &Salt, raw: &[u8]) -> Digest {
    crate::digest::parts("countersign/request/v1", &[salt.as_bytes(), raw])
}

/// Subjects x classes x time window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Root of the manifest (`docs/formats/manifest.md`).
    pub manifest: Digest,
    /// Distinct handles in the manifest.
    pub subjects: u32,
    /// Records in the manifest.
    pub records: u32,
    /// Every class that any entry of the manifest names.
    pub classes: ClassSet,
    /// Start of the window of periodic records, when the scope has such records.
    pub from: Option<Timestamp>,
    /// End of the window, exclusive.
    pub to: Option<Timestamp>,
}

/// Who opens the package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// The mode.
    pub mode: Mode,
    /// Digest of the recipient's X-Wing key, or of the worker's identity.
    pub key: Digest,
}

/// One order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Format version.
    pub v: OrderV1,
    /// Random id; no two orders share it.
    pub id: OrderId,
    /// The custodian of genesis.
    pub custodian: CustodianId,
    /// Commitment to the case: SHA-256 over a random salt and the case id.
    pub case: Digest,
    /// What the order allows.
    pub kind: Kind,
    /// Who asked, by the directory.
    pub authority: AuthorityId,
    /// What arrived.
    pub instrument: InstrumentRef,
    /// Digest of the policy bundle that decided.
    pub policy: Digest,
    /// Digest of the facts document.
    pub facts: Digest,
    /// What may be released.
    pub scope: Scope,
    /// To whom.
    pub recipient: Recipient,
    /// Nothing is answered before.
    pub not_before: Timestamp,
    /// Nothing is answered at or after.
    pub expires: Timestamp,
    /// The order's leaf is opened at the latest then: the end of a quarter.
    pub latest_opening: Timestamp,
    /// Digest of the delay order that forbids notice, if there is one.
    pub delay: Option<Digest>,
    /// When the persons concerned are told, unless a delay order stands.
    pub notice_due: Option<Timestamp>,
    /// The key ring.
    pub ring: Digest,
}

/// Most records of one order.
pub const MAX_RECORDS: u32 = 10_000;

impl Document for Order {
    const WHAT: &'static str = "order";
    const DOMAIN: &'static str = OrderV1::TEXT;
    const MAX_LEN: usize = 4 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let rules = [
            (self.not_before < self.expires, "`expires` is not after `not_before`"),
            (
                self.expires.since(self.not_before) <= self.kind.max_lifetime(),
                "the lifetime is longer than this kind of order allows",
            ),
            (self.scope.subjects <= self.scope.records, "more subjects than records"),
            (self.scope.records <= MAX_RECORDS, "more records than one order may name"),
            (self.scope.records > 0 || matches!(self.kind, Kind::Lookup | Kind::Trace | Kind::Duty), "no records"),
            (self.scope.subjects > 0 || self.scope.records == 0, "records without subjects"),
            (!self.scope.classes.is_empty() || self.scope.records == 0, "no classes"),
            (self.scope.from.is_some() == self.scope.to.is_some(), "a window needs both ends"),
            (self.scope.from.zip(self.scope.to).is_none_or(|(from, to)| from < to), "the window ends before it starts"),
            (self.latest_opening == self.latest_opening.quarter_end(), "`latest_opening` is not the end of a quarter"),
            (self.latest_opening >= self.expires, "`latest_opening` is before `expires`"),
            (
                !self.kind.owes_notice() || (self.delay.is_some() != self.notice_due.is_some()),
                "exactly one of `delay` and `notice_due` must stand",
            ),
            (self.kind != Kind::Emergency || self.scope.subjects == 1, "an emergency order has one subject"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}
