//! The golden corpus: worked requests, each with the complete decision that counsel expects of it.
//!
//! Approvals are really signed (with keys made from the person's name) and verified, so quorum facts come by the same
//! road as in earnest. Files: `docs/operations/policy.md`.

use base64ct::{Base64, Encoding as _};
use countersign_approve::{VerifiedApproval, verify_approval};
use countersign_core::approval::{Approval, ApprovalV1, SignerRole, Verdict, approval_digest, approval_message};
use countersign_core::class::ClassSet;
use countersign_core::control::Person;
use countersign_core::country::Country;
use countersign_core::digest;
use countersign_core::directory::Authority;
use countersign_core::facts::{Asked, Factor, Facts, FactsV1};
use countersign_core::finding::{Finding, Question};
use countersign_core::id::{AuthorityId, Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::order::{Instrument, Kind};
use countersign_core::time::Timestamp;
use countersign_policy::{Decision, Exceeded, Outcome, QuorumFacts, ReleaseContext};
use ed25519_dalek::{Signer as _, SigningKey};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Who appears in the cases of a corpus: `cast.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cast {
    /// State of the custodian's seat, unless a case says otherwise.
    pub seat: Country,
    /// The clock of every case.
    pub now: Timestamp,
    /// Directory of authorities.
    pub authorities: Vec<Authority>,
    /// Roster; the keys are made from the names.
    pub people: Vec<Person>,
    /// Codes that a lane or kind always adds, so that a reason beside them counts as the only one.
    pub marks: Vec<String>,
    /// Codes and policies that cannot stand alone in any case, each with the reason why.
    pub excused: Vec<Excuse>,
    /// For a pack that is derived from another: what it changed. Its corpus is about that; the rest is examined by the
    /// other pack's corpus.
    #[serde(default)]
    pub derived: Option<Derived>,
}

/// What the corpus of a derived pack is about.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derived {
    /// Name of the other pack.
    pub from: String,
    /// Policies that are new or other than there.
    pub policies: Vec<String>,
    /// Reasons that are new.
    pub reasons: Vec<String>,
}

/// A code or policy that the laws of the corpus excuse.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Excuse {
    /// Reason code or id of a policy.
    pub name: String,
    /// Why no case can show it alone.
    pub because: String,
}

/// What counsel expects of one decision. Compared whole: a reason too many is as wrong as one too few.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Whether it is permitted.
    pub allowed: bool,
    /// The outcome.
    pub outcome: Outcome,
    /// Whether it goes to the board or counsel.
    pub escalate: bool,
    /// The lane.
    pub lane: Option<String>,
    /// Every reason, sorted.
    pub reasons: Vec<String>,
    /// Every question that nobody answered and the lane needs, sorted.
    pub missing: Vec<Question>,
    /// Whether notice may be delayed.
    pub delay_lawful: bool,
}

impl Expected {
    /// What a decision says, in the same form.
    pub fn of(decision: &Decision) -> Self {
        Self {
            allowed: decision.allowed,
            outcome: decision.outcome,
            escalate: decision.escalate,
            lane: decision.lane.clone(),
            reasons: decision.reasons.iter().map(ToString::to_string).collect(),
            missing: decision.missing.clone(),
            delay_lawful: decision.delay_lawful,
        }
    }
}

/// One worked request.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name, unique in the corpus.
    pub name: String,
    /// What happened, in a sentence.
    pub story: String,
    /// State of the custodian's seat.
    pub seat: Country,
    /// Who asks.
    pub authority: Authority,
    /// The facts.
    pub facts: Facts,
    /// Whether an order may be proposed.
    pub propose: Expected,
    /// Attempts to release an order on these facts.
    pub releases: Vec<Release>,
}

/// One attempt to release an order.
#[derive(Debug, Clone)]
pub struct Release {
    /// Its name, unique in the case.
    pub name: String,
    /// Who signed what: `PERSON ROLE` or `PERSON ROLE refuse`.
    pub approvals: Vec<String>,
    /// The same, signed and verified.
    pub verified: Vec<VerifiedApproval>,
    /// Digest of the order that was signed.
    pub order: Digest,
    /// The circumstances.
    pub context: ReleaseContext,
    /// What counsel expects.
    pub expect: Expected,
}

impl Case {
    /// The quorum facts of an attempt, had an authority of `requester` asked.
    pub fn quorum(&self, cast: &Cast, step: &Release, requester: Country) -> QuorumFacts {
        QuorumFacts::compute(&step.order, &step.verified, requester, &self.facts.author, &cast.people, cast.now)
    }
}

/// A corpus as read: every case is decidable.
#[derive(Debug, Clone)]
pub struct Corpus {
    /// Who appears.
    pub cast: Cast,
    /// The cases, by file and place.
    pub cases: Vec<Case>,
}

/// Why texts are no corpus.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CorpusError {
    /// A file is not JSON of the right form.
    #[error("{file}: {reason}")]
    File {
        /// Its name.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A case contradicts itself, the cast or the formats.
    #[error("case `{case}`: {reason}")]
    Case {
        /// Its name.
        case: String,
        /// What is wrong.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCase {
    name: String,
    story: String,
    seat: Option<Country>,
    authority: AuthorityId,
    kind: Kind,
    instrument: Instrument,
    author: PersonId,
    factors: Vec<Factor>,
    asked: Asked,
    necessary: ClassSet,
    allowed: ClassSet,
    listed_by: Vec<Country>,
    findings: BTreeMap<String, String>,
    propose: Expected,
    releases: Vec<RawRelease>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRelease {
    name: String,
    approvals: Vec<String>,
    subjects: u32,
    records: u32,
    classes: ClassSet,
    delayed: bool,
    included: bool,
    witness_cosignatures: u32,
    witness_quorum: bool,
    waited: bool,
    call_back_confirmed: bool,
    duress: bool,
    exceeded: Vec<String>,
    expect: Expected,
}

impl Corpus {
    /// Reads a corpus: the text of `cast.json`, and every other file with its name, in the order in which they count.
    ///
    /// # Errors
    /// [`CorpusError`] unless every file has the form, names stand once, every person and authority is in the cast, the
    /// facts of every case can be written as a document of facts and every approval can be signed.
    pub fn parse(cast: &str, files: &[(String, String)]) -> Result<Self, CorpusError> {
        let cast = Cast::parse(cast)?;
        let mut cases = Vec::new();
        let mut names = BTreeSet::new();
        for (file, text) in files {
            let raw: Vec<RawCase> = serde_json::from_str(text)
                .map_err(|error| CorpusError::File { file: file.clone(), reason: error.to_string() })?;
            for case in raw {
                let (name, known) = (case.name.clone(), !names.insert(case.name.clone()));
                let read = if known { Err("the name stands twice".to_owned()) } else { case.read(&cast) };
                cases.push(read.map_err(|reason| CorpusError::Case { case: name, reason })?);
            }
        }
        Ok(Self { cast, cases })
    }

    /// The case with this name.
    pub fn case(&self, name: &str) -> Option<&Case> {
        self.cases.iter().find(|case| case.name == name)
    }
}

impl Cast {
    fn parse(text: &str) -> Result<Self, CorpusError> {
        let bad = |reason: String| CorpusError::File { file: "cast.json".into(), reason };
        let mut cast: Cast = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
        if let Some(person) = cast.people.iter().find(|person| !person.keys.is_empty()) {
            return Err(bad(format!("`{}` has keys; keys are made from the name", person.id)));
        }
        for person in &mut cast.people {
            person.keys = vec![key_text(&person.id)];
        }
        Ok(cast)
    }

    /// Signs `PERSON ROLE [VERDICT]` over an order and verifies it.
    ///
    /// # Errors
    /// What is wrong with the text, or that the person may not sign in this role.
    pub fn approve(&self, order: &Digest, text: &str) -> Result<VerifiedApproval, String> {
        let words: Vec<&str> = text.split(' ').collect();
        let (name, role, verdict) = match words.as_slice() {
            [name, role] => (*name, *role, "approve"),
            [name, role, verdict] => (*name, *role, *verdict),
            _ => return Err(format!("`{text}` is not `PERSON ROLE` or `PERSON ROLE VERDICT`")),
        };
        let person = self.people.iter().find(|person| person.id.as_str() == name);
        let person = person.ok_or_else(|| format!("`{name}` is not among the people of cast.json"))?;
        let role = SignerRole::parse(role).map_err(|error| error.to_string())?;
        let verdict = Verdict::parse(verdict).map_err(|error| error.to_string())?;
        let approval = sign(order, &person.id, role, verdict, self.now);
        verify_approval(&approval, order, person).map_err(|error| format!("`{text}`: {error}"))
    }
}

impl RawCase {
    fn read(self, cast: &Cast) -> Result<Case, String> {
        if self.story.trim().is_empty() {
            return Err("it tells no story".into());
        }
        let authority = cast.authorities.iter().find(|authority| authority.id == self.authority);
        let authority = authority.ok_or_else(|| format!("`{}` is not in cast.json", self.authority))?.clone();
        let finding = |(question, value): (&String, &String)| {
            let question = Question::parse(question).map_err(|error| error.to_string())?;
            Finding::new(question, value, "golden case", self.author.clone(), cast.now)
                .map_err(|error| error.to_string())
        };
        let facts = Facts {
            v: FactsV1,
            case: digest::plain(self.name.as_bytes()),
            authority: self.authority,
            directory: digest::plain(b"directory"),
            kind: self.kind,
            instrument: self.instrument,
            author: self.author.clone(),
            factors: self.factors,
            asked: self.asked,
            necessary: self.necessary,
            allowed: self.allowed,
            listed_by: self.listed_by,
            matter: digest::plain(b"matter"),
            addresses: Vec::new(),
            findings: self.findings.iter().map(finding).collect::<Result<_, String>>()?,
        };
        // What cannot be written as a facts document is no case.
        let facts = Exact::write(facts).map_err(|error| error.to_string())?.value().clone();
        let mut case = Case {
            name: self.name,
            story: self.story,
            seat: self.seat.unwrap_or(cast.seat),
            authority,
            facts,
            propose: self.propose,
            releases: Vec::new(),
        };
        for step in self.releases {
            let name = step.name.clone();
            if case.releases.iter().any(|known| known.name == name) {
                return Err(format!("the attempt `{name}` stands twice"));
            }
            let step = step.read(cast, &case).map_err(|reason| format!("attempt `{name}`: {reason}"))?;
            case.releases.push(step);
        }
        Ok(case)
    }
}

impl RawRelease {
    fn read(self, cast: &Cast, case: &Case) -> Result<Release, String> {
        let order = digest::plain(format!("{}/{}", case.name, self.name).as_bytes());
        let verified: Vec<VerifiedApproval> =
            self.approvals.iter().map(|text| cast.approve(&order, text)).collect::<Result<_, _>>()?;
        let caps = ["authority", "matter", "address", "volume"];
        if let Some(unknown) = self.exceeded.iter().find(|name| !caps.contains(&name.as_str())) {
            return Err(format!("`{unknown}` is no cumulative cap; they are {}", caps.join(", ")));
        }
        let exceeded = |name: &str| self.exceeded.iter().any(|given| given == name);
        let author = &case.facts.author;
        let quorum = QuorumFacts::compute(&order, &verified, case.authority.state, author, &cast.people, cast.now);
        let context = ReleaseContext {
            kind: case.facts.kind,
            instrument: case.facts.instrument,
            subjects: self.subjects,
            records: self.records,
            classes: self.classes,
            delayed: self.delayed,
            quorum,
            exceeded: Exceeded {
                authority: exceeded("authority"),
                matter: exceeded("matter"),
                address: exceeded("address"),
                volume: exceeded("volume"),
            },
            included: self.included,
            witness_cosignatures: self.witness_cosignatures,
            witness_quorum: self.witness_quorum,
            waited: self.waited,
            call_back_confirmed: self.call_back_confirmed,
            duress: self.duress,
        };
        Ok(Release { name: self.name, approvals: self.approvals, verified, order, context, expect: self.expect })
    }
}

/// The key of an invented person, made from the name: anybody can make it, it guards nothing.
fn signing_key(person: &PersonId) -> SigningKey {
    SigningKey::from_bytes(digest::plain(person.as_str().as_bytes()).as_bytes())
}

/// The public key of an invented person, as rosters write it.
pub fn key_text(person: &PersonId) -> String {
    format!("ed25519 {}", Digest(signing_key(person).verifying_key().to_bytes()))
}

/// An approval of an invented person.
pub fn sign(order: &Digest, person: &PersonId, role: SignerRole, verdict: Verdict, at: Timestamp) -> Approval {
    let message = approval_message(&approval_digest(order, person, role, verdict, at));
    Approval {
        v: ApprovalV1,
        order: *order,
        role,
        verdict,
        at,
        key: key_text(person),
        signature: Base64::encode_string(&signing_key(person).sign(&message).to_bytes()),
        approver: person.clone(),
    }
}
