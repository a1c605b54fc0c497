//! Reads the golden cases and turns them into facts, signed approvals and decisions.
//!
//! Approvals are really signed (with keys made from the person's name) and verified, so quorum facts come from the same
//! road as in earnest.

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
use countersign_policy::{Bundle, Decision, Exceeded, Outcome, QuorumFacts, ReleaseContext, propose, release};
use ed25519_dalek::{Signer as _, SigningKey};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cast {
    pub(crate) seat: Country,
    pub(crate) now: Timestamp,
    pub(crate) authorities: Vec<Authority>,
    pub(crate) people: Vec<Person>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) story: String,
    pub(crate) authority: AuthorityId,
    pub(crate) kind: Kind,
    pub(crate) instrument: Instrument,
    pub(crate) author: PersonId,
    pub(crate) factors: Vec<Factor>,
    pub(crate) asked: Asked,
    pub(crate) necessary: ClassSet,
    pub(crate) allowed: ClassSet,
    pub(crate) listed_by: Vec<Country>,
    pub(crate) findings: BTreeMap<String, String>,
    pub(crate) propose: Expected,
    pub(crate) releases: Vec<Release>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Release {
    pub(crate) name: String,
    pub(crate) approvals: Vec<String>,
    pub(crate) subjects: u32,
    pub(crate) records: u32,
    pub(crate) classes: ClassSet,
    pub(crate) delayed: bool,
    pub(crate) included: bool,
    pub(crate) witness_cosignatures: u32,
    pub(crate) witness_quorum: bool,
    pub(crate) waited: bool,
    pub(crate) call_back_confirmed: bool,
    pub(crate) duress: bool,
    pub(crate) exceeded: Vec<String>,
    pub(crate) expect: Expected,
}

#[derive(Deserialize, PartialEq, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) allowed: bool,
    pub(crate) outcome: Outcome,
    pub(crate) escalate: bool,
    pub(crate) lane: Option<String>,
    pub(crate) reasons: Vec<String>,
    pub(crate) missing: Vec<Question>,
    pub(crate) delay_lawful: bool,
}

impl Expected {
    pub(crate) fn of(decision: &Decision) -> Self {
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

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/policy/eea-custodian/golden"))
}

pub(crate) fn cast() -> Cast {
    let mut cast: Cast = serde_json::from_slice(&std::fs::read(folder().join("cast.json")).unwrap()).unwrap();
    for person in &mut cast.people {
        person.keys = vec![key_text(&person.id)];
    }
    cast
}

pub(crate) fn cases() -> Vec<Case> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "json") && !path.ends_with("cast.json"))
        .collect();
    files.sort();
    files
        .iter()
        .flat_map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            serde_json::from_str::<Vec<Case>>(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        })
        .collect()
}

pub(crate) fn facts(cast: &Cast, case: &Case) -> Facts {
    let facts = Facts {
        v: FactsV1,
        case: digest::plain(case.name.as_bytes()),
        authority: case.authority.clone(),
        directory: digest::plain(b"directory"),
        kind: case.kind,
        instrument: case.instrument,
        author: case.author.clone(),
        factors: case.factors.clone(),
        asked: case.asked.clone(),
        necessary: case.necessary.clone(),
        allowed: case.allowed.clone(),
        listed_by: case.listed_by.clone(),
        matter: digest::plain(b"matter"),
        addresses: Vec::new(),
        findings: case
            .findings
            .iter()
            .map(|(question, value)| {
                let question = Question::parse(question).unwrap();
                Finding::new(question, value, "golden case", case.author.clone(), cast.now).unwrap()
            })
            .collect(),
    };
    // What cannot be written as a facts document is no case.
    Exact::write(facts).unwrap_or_else(|error| panic!("{}: {error}", case.name)).value().clone()
}

pub(crate) fn signing_key(person: &PersonId) -> SigningKey {
    SigningKey::from_bytes(digest::plain(person.as_str().as_bytes()).as_bytes())
}

pub(crate) fn key_text(person: &PersonId) -> String {
    format!("ed25519 {}", Digest(signing_key(person).verifying_key().to_bytes()))
}

/// Signs "PERSON ROLE [VERDICT]" and verifies it.
pub(crate) fn approve(cast: &Cast, order: &Digest, text: &str) -> VerifiedApproval {
    let words: Vec<&str> = text.split(' ').collect();
    let approver = PersonId::parse(words[0]).unwrap();
    let role = SignerRole::parse(words[1]).unwrap();
    let verdict = Verdict::parse(words.get(2).copied().unwrap_or("approve")).unwrap();
    let message = approval_message(&approval_digest(order, &approver, role, verdict, cast.now));
    let approval = Approval {
        v: ApprovalV1,
        order: *order,
        role,
        verdict,
        at: cast.now,
        key: key_text(&approver),
        signature: Base64::encode_string(&signing_key(&approver).sign(&message).to_bytes()),
        approver,
    };
    let person = cast.people.iter().find(|person| person.id == approval.approver).unwrap();
    verify_approval(&approval, order, person).unwrap()
}

pub(crate) fn context(cast: &Cast, case: &Case, authority: &Authority, step: &Release) -> ReleaseContext {
    let order = digest::plain(format!("{}/{}", case.name, step.name).as_bytes());
    let approvals: Vec<VerifiedApproval> = step.approvals.iter().map(|text| approve(cast, &order, text)).collect();
    let quorum = QuorumFacts::compute(&order, &approvals, authority.state, &case.author, &cast.people, cast.now);
    let exceeded = |name: &str| step.exceeded.iter().any(|given| given == name);
    ReleaseContext {
        kind: case.kind,
        instrument: case.instrument,
        subjects: step.subjects,
        records: step.records,
        classes: step.classes.clone(),
        delayed: step.delayed,
        quorum,
        exceeded: Exceeded {
            authority: exceeded("authority"),
            matter: exceeded("matter"),
            address: exceeded("address"),
            volume: exceeded("volume"),
        },
        included: step.included,
        witness_cosignatures: step.witness_cosignatures,
        witness_quorum: step.witness_quorum,
        waited: step.waited,
        call_back_confirmed: step.call_back_confirmed,
        duress: step.duress,
    }
}

/// Every decision of the corpus under `bundle`, with its name and expectation.
pub(crate) fn decisions<'c>(bundle: &Bundle, cases: &'c [Case]) -> Vec<(String, Decision, &'c Expected)> {
    let cast = cast();
    let mut out = Vec::new();
    for case in cases {
        assert!(!case.story.is_empty(), "{}", case.name);
        let authority = cast.authorities.iter().find(|authority| authority.id == case.authority).unwrap();
        let facts = facts(&cast, case);
        out.push((case.name.clone(), propose(bundle, &facts, authority, cast.seat), &case.propose));
        for step in &case.releases {
            let context = context(&cast, case, authority, step);
            let decision = release(bundle, &facts, authority, cast.seat, &context);
            out.push((format!("{} / {}", case.name, step.name), decision, &step.expect));
        }
    }
    out
}
