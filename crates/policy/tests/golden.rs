//! The golden cases of the built-in pack: worked requests with their complete expected decisions.
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
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cast {
    seat: Country,
    now: Timestamp,
    authorities: Vec<Authority>,
    people: Vec<Person>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    story: String,
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
    releases: Vec<Release>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
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

#[derive(Deserialize, PartialEq, Debug)]
#[serde(deny_unknown_fields)]
struct Expected {
    allowed: bool,
    outcome: Outcome,
    escalate: bool,
    lane: Option<String>,
    reasons: Vec<String>,
    missing: Vec<Question>,
    delay_lawful: bool,
}

impl Expected {
    fn of(decision: &Decision) -> Self {
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

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/policy/eea-custodian/golden"))
}

fn cast() -> Cast {
    let mut cast: Cast = serde_json::from_slice(&std::fs::read(folder().join("cast.json")).unwrap()).unwrap();
    for person in &mut cast.people {
        person.keys = vec![key_text(&person.id)];
    }
    cast
}

fn cases() -> Vec<Case> {
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

fn facts(cast: &Cast, case: &Case) -> Facts {
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

fn signing_key(person: &PersonId) -> SigningKey {
    SigningKey::from_bytes(digest::plain(person.as_str().as_bytes()).as_bytes())
}

fn key_text(person: &PersonId) -> String {
    format!("ed25519 {}", Digest(signing_key(person).verifying_key().to_bytes()))
}

/// Signs "PERSON ROLE [VERDICT]" and verifies it.
fn approve(cast: &Cast, order: &Digest, text: &str) -> VerifiedApproval {
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

fn context(cast: &Cast, case: &Case, authority: &Authority, step: &Release) -> ReleaseContext {
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

/// Every decision of the corpus with its name and expectation.
fn decisions(cases: &[Case]) -> Vec<(String, Decision, &Expected)> {
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let cast = cast();
    let mut out = Vec::new();
    for case in cases {
        assert!(!case.story.is_empty(), "{}", case.name);
        let authority = cast.authorities.iter().find(|authority| authority.id == case.authority).unwrap();
        let facts = facts(&cast, case);
        out.push((case.name.clone(), propose(&bundle, &facts, authority, cast.seat), &case.propose));
        for step in &case.releases {
            let context = context(&cast, case, authority, step);
            let decision = release(&bundle, &facts, authority, cast.seat, &context);
            out.push((format!("{} / {}", case.name, step.name), decision, &step.expect));
        }
    }
    out
}

#[test]
fn every_case_is_decided_as_written() {
    let cases = cases();
    let wrong: Vec<String> = decisions(&cases)
        .iter()
        .filter(|(_, decision, expected)| Expected::of(decision) != **expected)
        .map(|(name, decision, expected)| {
            format!("{name}\n   expected {expected:?}\n   found    {:?} {:?}", Expected::of(decision), decision.errors)
        })
        .collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_corpus_is_large_mostly_lawful_and_without_repetition() {
    let cases = cases();
    assert!(cases.len() >= 40);
    let answered = cases.iter().filter(|case| case.propose.allowed).count();
    assert!(answered * 2 >= cases.len(), "{answered} of {} answered", cases.len());
    for case in cases.iter().filter(|case| case.propose.allowed) {
        assert!(
            case.releases.is_empty() || case.releases.iter().any(|step| step.expect.allowed),
            "{}: proposed, never released",
            case.name
        );
    }
    let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len());
    let cast = cast();
    let tuples: BTreeSet<String> = cases
        .iter()
        .map(|case| {
            let facts = Facts { case: Digest([0; 32]), ..facts(&cast, case) };
            serde_json::to_string(&facts).unwrap()
        })
        .collect();
    assert_eq!(tuples.len(), cases.len(), "two cases share their facts");
}

/// Each reason decides somewhere alone; without that a gate could be removed and nothing would be noticed.
#[test]
fn each_reason_is_the_sole_one_somewhere() {
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let cases = cases();
    let alone: BTreeSet<String> = decisions(&cases)
        .iter()
        // A weak requester always carries its own mark beside the reason.
        .map(|(_, decision, _)| decision.reasons.iter().map(ToString::to_string).collect::<Vec<_>>())
        .filter_map(|reasons| {
            let mut rest = reasons.iter().filter(|reason| {
                reasons.len() == 1 || !matches!(reason.as_str(), "WEAK_REQUESTER" | "LAW_LEAVES_NO_CHOICE")
            });
            let first = rest.next().cloned();
            first.filter(|_| rest.next().is_none())
        })
        .collect();
    // By their nature these come with another one, or no sample can reach them (a state in no bloc, a seat elsewhere).
    let implied = ["INTELLIGENCE_WITHOUT_COURT", "KIND_NOT_COVERED", "SEAT_NOT_COVERED", "STATE_UNCLASSIFIED"];
    let never: Vec<&str> = bundle
        .reasons()
        .iter()
        .map(|reason| reason.code.as_str())
        .filter(|code| !alone.contains(*code) && !implied.contains(code))
        .filter(|code| !["POLICY_ERROR", "NOT_PERMITTED", "FACTS_MISMATCH"].contains(code))
        .collect();
    assert_eq!(never, Vec::<&str>::new());
}

/// A policy that no case needs could be removed unnoticed.
#[test]
fn each_policy_decides_somewhere() {
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let cases = cases();
    let decisions = decisions(&cases);
    let unreachable = ["f-seat", "f-state"];
    let idle: Vec<&str> = bundle
        .rules()
        .iter()
        .map(|rule| rule.policy.as_str())
        .filter(|policy| !unreachable.contains(policy))
        .filter(|policy| {
            !decisions.iter().any(|(_, decision, _)| {
                let present = decision.policies.iter().any(|id| id == policy);
                let rest: Vec<&String> = decision.policies.iter().filter(|id| *id != policy).collect();
                let gates = || rest.iter().filter_map(|id| bundle.gate_of(id));
                present
                    && bundle.gate_of(policy).is_none_or(|(reason, _)| {
                        let outcome = gates().map(|(_, outcome)| outcome).min().unwrap_or(Outcome::Comply);
                        gates().all(|(other, _)| other != reason) || outcome != decision.outcome
                    })
            })
        })
        .collect();
    assert_eq!(idle, Vec::<&str>::new());
}
