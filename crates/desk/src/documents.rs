//! The desk's own documents: what the events of a case point to by digest.
//!
//! All are canonical JSON documents kept beside the events. None holds a name, an address or an account number of a
//! client: people are handles, and the raw request is kept encrypted to the case officers.

use countersign_core::class::ClassSet;
use countersign_core::country::Country;
use countersign_core::facts::Factor;
use countersign_core::id::{AuthorityId, CaseId, CustodianId, Digest, Handle, OrderId, PersonId, Salt};
use countersign_core::json::Document;
use countersign_core::order::{Instrument, Kind};
use countersign_core::time::Timestamp;
use countersign_core::{named_enum, version_tag};
use countersign_intake::authenticity::Channel;
use countersign_intake::message::TaskKind;
use serde::{Deserialize, Serialize};

version_tag!(
    /// Version of the retention record format.
    RetentionV1 = "countersign/retention/v1"
);
version_tag!(
    /// Version of the case folder.
    CaseFolderV1 = "countersign/case-folder/v1"
);
version_tag!(
    /// Version of the contact format.
    ContactV1 = "countersign/contact/v1"
);
version_tag!(
    /// Version of the intake format.
    IntakeV1 = "countersign/intake/v1"
);
version_tag!(
    /// Version of the sender check format.
    SenderCheckV1 = "countersign/sender-check/v1"
);
version_tag!(
    /// Version of the scoping format.
    ScopingV1 = "countersign/scoping/v1"
);
version_tag!(
    /// Version of the decision format.
    DecisionV1 = "countersign/decision/v1"
);
version_tag!(
    /// Version of the refusal format.
    RefusalV1 = "countersign/refusal/v1"
);
version_tag!(
    /// Version of the notice format.
    NoticeV1 = "countersign/notice/v1"
);
version_tag!(
    /// Version of the incident format.
    IncidentV1 = "countersign/incident/v1"
);

version_tag!(
    /// Version of the arrival format.
    ArrivalV1 = "countersign/arrival/v1"
);
version_tag!(
    /// Version of the record of what came with a case.
    CameV1 = "countersign/came/v1"
);

/// One of the four separate facts of an informal approach, with its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// What is stated.
    pub said: String,
    /// Where it comes from.
    pub source: String,
    /// When it happened, as far as known.
    pub at: Timestamp,
}

/// An informal approach by an authority: what was met, asked, promised, delivered are four facts, each may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// Format version.
    pub v: ContactV1,
    /// Whose people approached us.
    pub authority: AuthorityId,
    /// Their state.
    pub state: Country,
    /// Our people who were approached.
    pub approached: Vec<PersonId>,
    /// That people met, and where.
    pub met: Option<Fact>,
    /// What was asked.
    pub asked: Option<Fact>,
    /// What was promised.
    pub promised: Option<Fact>,
    /// What was delivered.
    pub delivered: Option<Fact>,
    /// When it was registered.
    pub at: Timestamp,
    /// Who registered it.
    pub by: PersonId,
}

impl Document for Contact {
    const WHAT: &'static str = "contact record";
    const DOMAIN: &'static str = ContactV1::TEXT;
    const MAX_LEN: usize = 64 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        if [&self.met, &self.asked, &self.promised, &self.delivered].iter().all(|fact| fact.is_none()) {
            return Err("a contact needs at least one of `met`, `asked`, `promised`, `delivered`");
        }
        Ok(())
    }
}

named_enum!(
    /// Whom a request aims at.
    Targets, "a way of naming targets" {
        /// Accounts or people named one by one.
        Named = "named",
        /// Whoever meets a condition, such as having paid an address.
        Selector = "selector",
    }
);

/// What arrived, as the officer entered it, without names: accounts have become handles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intake {
    /// Format version.
    pub v: IntakeV1,
    /// The case.
    pub case: CaseId,
    /// Who asks.
    pub authority: AuthorityId,
    /// The authority's own reference, as a digest under the custodian's matter key.
    pub matter: Digest,
    /// Legal form.
    pub instrument: Instrument,
    /// Whether a threat to life is claimed.
    pub emergency: bool,
    /// Whom it aims at.
    pub targets: Targets,
    /// People asked about: named ones, or those whom the selector would expose.
    pub people_asked: u32,
    /// Named clients that exist, sorted.
    pub found: Vec<Handle>,
    /// Named clients that do not exist here.
    pub not_found: u32,
    /// Traced addresses, sorted digests.
    pub addresses: Vec<Digest>,
    /// Classes asked.
    pub classes: ClassSet,
    /// How it arrived.
    pub channel: String,
    /// When it arrived.
    pub received_at: Timestamp,
    /// Salted digest of the raw bytes.
    pub request: Digest,
    /// The salt.
    pub salt: Salt,
    /// Size of the raw request in bytes.
    pub raw_bytes: u64,
    /// Digest of the stored, encrypted raw request.
    pub sealed_raw: Digest,
    /// Exact text of the authority's signed delay order, if one came along.
    pub delay: Option<String>,
}

impl Document for Intake {
    const WHAT: &'static str = "intake record";
    const DOMAIN: &'static str = IntakeV1::TEXT;
    const MAX_LEN: usize = 4 * 1024 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let rules = [
            (self.found.is_sorted_by(|left, right| left < right), "`found` is not sorted or repeats"),
            (self.addresses.is_sorted_by(|left, right| left < right), "`addresses` are not sorted or repeat"),
            (!self.classes.is_empty(), "no classes asked"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

/// One factor tried, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactorTried {
    /// Which factor.
    pub factor: Factor,
    /// Whether it confirmed the sender.
    pub confirmed: bool,
    /// What was done: the number of OUR directory that was called, the key that verified.
    pub note: String,
    /// When.
    pub at: Timestamp,
    /// The second officer, for that factor; left out for all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
}

/// The check of the sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SenderCheck {
    /// Format version.
    pub v: SenderCheckV1,
    /// The case.
    pub case: CaseId,
    /// Factors in the order tried.
    pub tried: Vec<FactorTried>,
    /// Who checked.
    pub by: PersonId,
    /// When it was concluded.
    pub at: Timestamp,
}

impl Document for SenderCheck {
    const WHAT: &'static str = "check of the sender";
    const DOMAIN: &'static str = SenderCheckV1::TEXT;
    const MAX_LEN: usize = 64 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        if self.tried.is_empty() { Err("no factor was tried") } else { Ok(()) }
    }
}

/// The scope counsel found necessary and lawful, with the reason for every subject left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scoping {
    /// Format version.
    pub v: ScopingV1,
    /// The case.
    pub case: CaseId,
    /// Clients that belong to the facts, sorted; a subset of the intake's.
    pub subjects: Vec<Handle>,
    /// Why the others do not.
    pub left_out: String,
    /// Classes necessary for the purpose.
    pub necessary: ClassSet,
    /// Classes the instrument allows.
    pub allowed: ClassSet,
    /// States that list the target as terrorist, sorted.
    pub listed_by: Vec<Country>,
    /// Who set it.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

impl Document for Scoping {
    const WHAT: &'static str = "scoping record";
    const DOMAIN: &'static str = ScopingV1::TEXT;
    const MAX_LEN: usize = 4 * 1024 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let rules = [
            (self.subjects.is_sorted_by(|left, right| left < right), "`subjects` is not sorted or repeats"),
            (self.listed_by.is_sorted_by(|left, right| left < right), "`listed_by` is not sorted or repeats"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

/// What the policy decided, and the arithmetic of the scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Format version.
    pub v: DecisionV1,
    /// The case.
    pub case: CaseId,
    /// Outcome of the policy.
    pub outcome: String,
    /// Lane of the requester.
    pub lane: String,
    /// Reason codes, sorted.
    pub reasons: Vec<String>,
    /// Kind of order.
    pub kind: Kind,
    /// People asked about.
    pub people_asked: u32,
    /// People x classes asked.
    pub cells_asked: u64,
    /// People granted.
    pub people_granted: u32,
    /// People x classes granted.
    pub cells_granted: u64,
    /// Digest of the facts.
    pub facts: Digest,
    /// Digest of the policy bundle.
    pub policy: Digest,
    /// When.
    pub at: Timestamp,
    /// Who proposed it.
    pub by: PersonId,
}

impl Document for Decision {
    const WHAT: &'static str = "decision record";
    const DOMAIN: &'static str = DecisionV1::TEXT;
    const MAX_LEN: usize = 64 * 1024;
}

/// A reasoned refusal and the letter that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// Format version.
    pub v: RefusalV1,
    /// The case.
    pub case: CaseId,
    /// To whom.
    pub authority: AuthorityId,
    /// Reason codes, sorted.
    pub reasons: Vec<String>,
    /// People asked about.
    pub people_asked: u32,
    /// People x classes asked.
    pub cells_asked: u64,
    /// The letter.
    pub letter: String,
    /// Who refused.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

impl Document for Refusal {
    const WHAT: &'static str = "refusal";
    const DOMAIN: &'static str = RefusalV1::TEXT;
    const MAX_LEN: usize = 64 * 1024;
}

/// What the persons concerned are told, and when; or that they may not be told yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Format version.
    pub v: NoticeV1,
    /// The order.
    pub order: OrderId,
    /// `due` at `at`, or `delayed` until `at`.
    pub form: NoticeForm,
    /// The time that belongs to the form.
    pub at: Timestamp,
    /// People concerned.
    pub people: u32,
}

named_enum!(
    /// Whether notice is due or delayed.
    NoticeForm, "a form of notice" {
        /// The persons concerned are told at this time.
        Due = "due",
        /// A delay order forbids it until this time.
        Delayed = "delayed",
    }
);

impl Document for Notice {
    const WHAT: &'static str = "notice";
    const DOMAIN: &'static str = NoticeV1::TEXT;
    const MAX_LEN: usize = 4 * 1024;
}

/// Something that must not happen and did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// Format version.
    pub v: IncidentV1,
    /// Stable code.
    pub code: String,
    /// What happened, for people.
    pub detail: String,
    /// When it was noticed.
    pub at: Timestamp,
}

impl Document for Incident {
    const WHAT: &'static str = "incident";
    const DOMAIN: &'static str = IncidentV1::TEXT;
    const MAX_LEN: usize = 16 * 1024;
}

named_enum!(
    /// What is done with a client's data.
    RetentionAct, "a retention act" {
        /// The client's secret is deleted: nobody opens the records any more.
        Erase = "erase",
        /// Nothing may be erased until a time.
        Hold = "hold",
        /// A hold ends before its time.
        Release = "release",
    }
);

/// A client erased, held, or let go of a hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Format version.
    pub v: RetentionV1,
    /// The client.
    pub client: Handle,
    /// What is done.
    pub act: RetentionAct,
    /// The hold that is released: its document's digest.
    pub hold: Option<Digest>,
    /// Legal basis, in words.
    pub basis: String,
    /// Until when a hold stands.
    pub until: Option<Timestamp>,
    /// Who ordered it.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

impl Document for Retention {
    const WHAT: &'static str = "retention record";
    const DOMAIN: &'static str = RetentionV1::TEXT;
    const MAX_LEN: usize = 16 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let rules = [
            (!self.basis.trim().is_empty(), "`basis` is empty"),
            (
                self.until.is_some() == (self.act == RetentionAct::Hold),
                "`until` belongs to a hold, and a hold to `until`",
            ),
            (
                self.hold.is_some() == (self.act == RetentionAct::Release),
                "`hold` belongs to a release, and a release to `hold`",
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

/// That bytes arrived: kept before anybody reads them, whatever becomes of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    /// Format version.
    pub v: ArrivalV1,
    /// Salted digest of the bytes.
    pub request: Digest,
    /// The salt.
    pub salt: Salt,
    /// Digest of the stored, encrypted bytes.
    pub sealed_raw: Digest,
    /// Size of the bytes.
    pub raw_bytes: u64,
    /// How they came.
    pub channel: Channel,
    /// When.
    pub received_at: Timestamp,
    /// Who took them in.
    pub by: PersonId,
}

impl Document for Arrival {
    const WHAT: &'static str = "arrival";
    const DOMAIN: &'static str = ArrivalV1::TEXT;
    const MAX_LEN: usize = 4 * 1024;
}

/// What came with the request of a case beside its scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Came {
    /// Format version.
    pub v: CameV1,
    /// The case.
    pub case: CaseId,
    /// The sender's id of the message; `None` for a letter.
    pub transaction: Option<String>,
    /// What is asked to be done.
    pub kind: TaskKind,
    /// Whether the sender asks that the persons concerned are not told. Only a signed delay order has that effect.
    pub delay_asked: bool,
    /// The key of the directory under which the signature of the bytes verified.
    pub key: Option<String>,
    /// The time that the data asked for lie in; left out when the sender names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<AskedWindow>,
}

/// A time in which the data lie that a sender asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedWindow {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

impl Document for Came {
    const WHAT: &'static str = "record of what came";
    const DOMAIN: &'static str = CameV1::TEXT;
    const MAX_LEN: usize = 4 * 1024;

    fn check(&self) -> Result<(), &'static str> {
        let forwards = self.window.is_none_or(|window| window.from < window.to);
        if forwards { Ok(()) } else { Err("`window` ends before it begins") }
    }
}

/// What the desk says of the case, in `case.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFolder {
    /// Format version.
    pub v: CaseFolderV1,
    /// Whose case.
    pub custodian: CustodianId,
    /// The case.
    pub case: CaseId,
    /// Where it stands.
    pub stage: String,
    /// Whether its clients' data are kept for it.
    pub preserved: bool,
    /// Whether a challenge was filed against its last order.
    pub protested: bool,
    /// When the folder was written.
    pub at: Timestamp,
}

impl Document for CaseFolder {
    const WHAT: &'static str = "case folder";
    const DOMAIN: &'static str = CaseFolderV1::TEXT;
    const MAX_LEN: usize = 4 * 1024;
}
