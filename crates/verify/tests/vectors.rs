//! The shared vectors of `vectors/core` and `vectors/verify`.

use countersign_core::approval::Approval;
use countersign_core::case::EventRecord;
use countersign_core::case::note::CounselNote;
use countersign_core::case::step::StepRecord;
use countersign_core::check_in::CheckIn;
use countersign_core::consent::Consent;
use countersign_core::control::{Change, Genesis};
use countersign_core::directory::Directory;
use countersign_core::duty::{Duty, Run};
use countersign_core::facts::Facts;
use countersign_core::id::Digest;
use countersign_core::json::{Document, DocumentError, Exact};
use countersign_core::order::Order;
use countersign_core::reading::Reading;
use countersign_core::time::Timestamp;
use countersign_core::totals::DailyTotals;
use countersign_core::worker::{Binding, Worker};
use countersign_policy::Bundle;
use countersign_seal::identity::IdentityKey;
use countersign_seal::ring::{Confirmation, ConfirmedRing, DealerRings, VerifyingShares};
use countersign_tlog::Hash;
use countersign_tlog::leaf::{ControlLeaf, ControlSignature, LeafId};
use countersign_tlog::merkle::{Frontier, Tree, root_at};
use countersign_verify::evidence::{Files, check_sums};
use countersign_verify::ledger::{CounterKey, Ledger};
use countersign_verify::manifest::Manifest;
use countersign_verify::request::{View, verify_request};
use countersign_verify::state::{ControlState, JournalView};
use countersign_verify::wire::{
    Answer, CeremonyTerms, Complaint, DelayOrder, Receipt, ReleaseRequest, Signed, SignedError, TotalsAnswer,
    TotalsRequest, TrusteeIdentity,
};
use serde::Deserialize;
use std::collections::BTreeMap;

fn read<T: for<'de> Deserialize<'de>>(text: &str) -> T {
    serde_json::from_str(text).unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[derive(Deserialize)]
struct Documents {
    cases: Vec<DocumentCase>,
}

#[derive(Deserialize)]
struct DocumentCase {
    format: String,
    name: String,
    expect: String,
    text: Option<String>,
    hex: Option<String>,
    digest: Option<String>,
    root: Option<String>,
}

fn class(error: &DocumentError) -> &'static str {
    match error {
        DocumentError::TooLong { .. } => "too_long",
        DocumentError::Malformed { .. } => "malformed",
        DocumentError::NotCanonical { .. } => "not_canonical",
        DocumentError::Inconsistent { .. } => "inconsistent",
    }
}

fn outcome<T: Document>(bytes: &[u8]) -> Result<Digest, &'static str> {
    Exact::<T>::parse(bytes).map(|document| document.digest()).map_err(|error| class(&error))
}

fn outcome_of(format: &str, bytes: &[u8]) -> Result<Digest, &'static str> {
    match format {
        "order" => outcome::<Order>(bytes),
        "reading" => outcome::<Reading>(bytes),
        "consent" => outcome::<Consent>(bytes),
        "approval" => outcome::<Approval>(bytes),
        "facts" => outcome::<Facts>(bytes),
        "directory" => outcome::<Directory>(bytes),
        "genesis" => outcome::<Genesis>(bytes),
        "change" => outcome::<Change>(bytes),
        "event" => outcome::<EventRecord>(bytes),
        "manifest" => outcome::<Manifest>(bytes),
        "delay" => outcome::<DelayOrder>(bytes),
        "receipt" => outcome::<Receipt>(bytes),
        "answer" => outcome::<Answer>(bytes),
        "request" => outcome::<ReleaseRequest>(bytes),
        "check-in" => outcome::<CheckIn>(bytes),
        "totals" => outcome::<DailyTotals>(bytes),
        "totals-request" => outcome::<TotalsRequest>(bytes),
        "totals-answer" => outcome::<TotalsAnswer>(bytes),
        "trustee-identity" => outcome::<TrusteeIdentity>(bytes),
        "ceremony-terms" => outcome::<CeremonyTerms>(bytes),
        "ceremony-complaint" => outcome::<Complaint>(bytes),
        "worker" => outcome::<Worker>(bytes),
        "binding" => outcome::<Binding>(bytes),
        "duty" => outcome::<Duty>(bytes),
        "run" => outcome::<Run>(bytes),
        "step" => outcome::<StepRecord>(bytes),
        "counsel-note" => outcome::<CounselNote>(bytes),
        other => panic!("no format `{other}`"),
    }
}

const DOCUMENTS: [&str; 9] = [
    include_str!("../../../vectors/core/check-in.json"),
    include_str!("../../../vectors/core/counsel-note.json"),
    include_str!("../../../vectors/core/documents.json"),
    include_str!("../../../vectors/core/step.json"),
    include_str!("../../../vectors/core/totals.json"),
    include_str!("../../../vectors/verify/ceremony-documents.json"),
    include_str!("../../../vectors/verify/documents.json"),
    include_str!("../../../vectors/verify/totals.json"),
    include_str!("../../../vectors/verify/workers.json"),
];

#[test]
fn documents_are_accepted_and_refused_as_the_vectors_say() {
    let mut counts: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for text in DOCUMENTS {
        for case in read::<Documents>(text).cases {
            let bytes = case.text.map_or_else(|| unhex(case.hex.as_ref().unwrap()), String::into_bytes);
            let found = outcome_of(&case.format, &bytes);
            let expected = match case.expect.as_str() {
                "ok" => Ok(Digest::parse(case.digest.as_ref().unwrap()).unwrap()),
                class => Err(class),
            };
            assert_eq!(found, expected, "{}: {}", case.format, case.name);
            if let Some(root) = case.root {
                let manifest = Exact::<Manifest>::parse(&bytes).unwrap();
                assert_eq!(manifest.value().root().unwrap().to_hex(), root);
            }
            let (good, bad) = counts.entry(case.format).or_default();
            *(if expected.is_ok() { good } else { bad }) += 1;
        }
    }
    assert_eq!(counts.len(), 27);
    assert!(counts.values().all(|(good, bad)| *good > 0 && bad > good), "{counts:?}");
}

#[test]
fn every_good_document_has_the_bytes_of_its_snapshot() {
    for (format, text) in crate::samples::samples() {
        let cases = DOCUMENTS.map(|text| read::<Documents>(text).cases);
        let known = cases
            .iter()
            .flatten()
            .any(|case| case.format == format && case.expect == "ok" && case.text.as_deref() == Some(&text));
        assert!(known, "the bytes of `{format}` have changed: {text}");
    }
}

#[derive(Deserialize)]
struct SignedVectors {
    key: String,
    cases: Vec<SignedCase>,
}

#[derive(Deserialize)]
struct SignedCase {
    name: String,
    text: String,
    expect: String,
}

#[test]
fn signed_messages_are_accepted_and_refused_as_the_vectors_say() {
    let vectors: SignedVectors = read(include_str!("../../../vectors/verify/signed.json"));
    let key = Digest::parse(&vectors.key).unwrap();
    for case in vectors.cases {
        let found = match Signed::<Receipt>::open(case.text.as_bytes(), &key) {
            Ok(signed) => {
                assert_eq!(signed.text(), case.text);
                "ok"
            }
            Err(SignedError::NoSignature { .. }) => "no_signature",
            Err(SignedError::WrongSignature { .. }) => "wrong_signature",
            Err(SignedError::Document(_)) => "document",
        };
        assert_eq!(found, case.expect, "{}", case.name);
        let by_claim = Signed::<Receipt>::open_by(case.text.as_bytes(), |_| Some(key));
        assert_eq!(by_claim.is_ok(), case.expect == "ok", "{}", case.name);
        assert!(Signed::<Receipt>::open_by(case.text.as_bytes(), |_| None).is_err());
    }
}

#[derive(Deserialize)]
struct SumVectors {
    cases: Vec<SumCase>,
}

#[derive(Deserialize)]
struct SumCase {
    name: String,
    files: BTreeMap<String, String>,
    fault: Option<String>,
}

#[test]
fn lists_of_digests_are_accepted_and_refused_as_the_vectors_say() {
    let vectors: SumVectors = read(include_str!("../../../vectors/verify/sums.json"));
    for case in vectors.cases {
        let files: Files = case.files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
        assert_eq!(check_sums(&files).err().map(|fault| fault.file), case.fault, "{}", case.name);
    }
}

#[derive(Deserialize)]
struct Folding {
    genesis: Leaf,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Leaf {
    body: String,
    sigs: Vec<Sig>,
    digest: String,
}

#[derive(Deserialize)]
struct Sig {
    by: String,
    sig: String,
}

#[derive(Deserialize)]
struct Step {
    body: String,
    sigs: Vec<Sig>,
    witnessed: Timestamp,
    accepted: bool,
    /// Number of the last totals that stand.
    totals: Option<u32>,
    state: String,
    state_text: String,
}

fn leaf(body: String, sigs: Vec<Sig>) -> ControlLeaf {
    let signatures = sigs.into_iter().map(|one| ControlSignature { by: one.by, sig: one.sig }).collect();
    ControlLeaf::new(LeafId([0; 16]), 0, body, signatures).unwrap()
}

#[test]
fn control_leaves_fold_as_the_vectors_say() {
    let Folding { genesis, steps } = read(include_str!("../../../vectors/verify/folding.json"));
    let pinned = Digest::parse(&genesis.digest).unwrap();
    let mut state = ControlState::begin(&leaf(genesis.body, genesis.sigs), Some(&pinned)).unwrap();
    for (index, step) in (1..).zip(steps) {
        let rejected = state.rejected().len();
        state.fold(index, &leaf(step.body, step.sigs), step.witnessed);
        assert_eq!(state.rejected().len() == rejected, step.accepted, "leaf {index}: {:?}", state.rejected());
        assert_eq!(state.totals().map(|last| last.totals.value().number), step.totals, "leaf {index}");
        let now = state.at(step.witnessed);
        assert_eq!(serde_json::to_string(&now).unwrap(), step.state_text, "leaf {index}");
        assert_eq!(now.digest().to_hex(), step.state, "leaf {index}");
    }
}

#[derive(Deserialize)]
struct Requests {
    trustee: u16,
    now: Timestamp,
    cases: Vec<RequestCase>,
}

#[derive(Deserialize)]
struct RequestCase {
    file: String,
    code: String,
}

#[test]
fn requests_are_refused_as_the_vectors_say() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/verify/requests");
    let file = |name: &str| std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let Requests { trustee, now, cases } = serde_json::from_slice(&file("index.json")).unwrap();
    let mut journal = JournalView::default();
    let mut frontier = Frontier::new();
    for (name, size) in ["genesis.leaf", "leaf-1.leaf", "leaf-2.leaf"].into_iter().zip(1..) {
        frontier.push_leaf(&file(name)).unwrap();
        journal.grew(size, frontier.root());
    }
    let control = ControlState::begin(&ControlLeaf::parse(&file("genesis.leaf")).unwrap(), None).unwrap();
    let confirmations: Vec<Confirmation> = (1..=5)
        .map(|index| {
            Exact::<Confirmation>::parse(&file(&format!("ring-confirmations/{index:03}.json"))).unwrap().value().clone()
        })
        .collect();
    let identities: Vec<IdentityKey> = control
        .at(Timestamp::MIN)
        .members()
        .iter()
        .map(|one| IdentityKey::from_digest(&one.identity).unwrap())
        .collect();
    let ring = Exact::parse(&file("ring.json")).unwrap();
    let ring = ConfirmedRing::new(ring, &confirmations, &identities, DealerRings::Refuse).unwrap();
    let shares = VerifyingShares::new(&ring, &Exact::parse(&file("shares.json")).unwrap()).unwrap();
    let directory = Exact::parse(&file("directory.json")).unwrap();
    let (bundle, ledger) = (crate::world::bundle(), Ledger::default());
    let view = View {
        trustee,
        control: &control,
        journal: &journal,
        bundle,
        directory: &directory,
        ring: &ring,
        shares: &shares,
        ledger: &ledger,
    };
    for case in cases {
        let refusal = verify_request(&view, now, [7; 32], &file(&case.file)).unwrap_err();
        assert_eq!(refusal.code().as_str(), case.code, "{}: {}", case.file, refusal.detail());
    }
}

#[derive(Deserialize)]
struct Readings {
    trustee: u16,
    now: Timestamp,
    genesis: Leaf,
    changes: Vec<FoldedChange>,
    leaf_hashes: Vec<String>,
    ring: String,
    confirmations: Vec<String>,
    shares: String,
    bundle: String,
    directory: String,
    cases: Vec<ReadingCase>,
}

#[derive(Deserialize)]
struct FoldedChange {
    index: u64,
    witnessed: Timestamp,
    body: String,
    sigs: Vec<Sig>,
}

#[derive(Deserialize)]
struct ReadingCase {
    name: String,
    counted: Vec<Counted>,
    text: String,
    expect: String,
}

#[derive(Deserialize)]
struct Counted {
    by: String,
    of: String,
    people: u64,
}

#[test]
fn readings_are_planned_and_refused_as_the_vectors_say() {
    let vectors: Readings = read(include_str!("../../../vectors/verify/readings.json"));
    let mut control = ControlState::begin(&leaf(vectors.genesis.body, vectors.genesis.sigs), None).unwrap();
    assert_eq!(control.genesis().digest().to_hex(), vectors.genesis.digest);
    for change in vectors.changes {
        control.fold(change.index, &leaf(change.body, change.sigs), change.witnessed);
    }
    assert_eq!(control.rejected(), []);
    let (mut journal, mut tree) = (JournalView::default(), Tree::default());
    for (hash, size) in vectors.leaf_hashes.iter().zip(1..) {
        tree.push(Hash(unhex(hash).try_into().unwrap()));
        journal.grew(size, root_at(size, &mut tree).unwrap());
    }
    let confirmations: Vec<Confirmation> = vectors
        .confirmations
        .iter()
        .map(|text| Exact::<Confirmation>::parse(text.as_bytes()).unwrap().value().clone())
        .collect();
    let identities: Vec<IdentityKey> = (1..=5)
        .map(|index| IdentityKey::from_digest(&control.at(vectors.now).trustee(index).unwrap().identity).unwrap())
        .collect();
    let ring = Exact::parse(vectors.ring.as_bytes()).unwrap();
    let ring = ConfirmedRing::new(ring, &confirmations, &identities, DealerRings::Refuse).unwrap();
    let shares = VerifyingShares::new(&ring, &Exact::parse(vectors.shares.as_bytes()).unwrap()).unwrap();
    let (bundle, directory) = (
        Bundle::from_document(vectors.bundle.as_bytes()).unwrap(),
        Exact::parse(vectors.directory.as_bytes()).unwrap(),
    );
    let mut bad = BTreeMap::new();
    for case in vectors.cases {
        let mut ledger = Ledger::default();
        for one in case.counted {
            ledger.count(CounterKey::parse(&one.by, &one.of).unwrap(), vectors.now, one.people);
        }
        let view = View {
            trustee: vectors.trustee,
            control: &control,
            journal: &journal,
            bundle: &bundle,
            directory: &directory,
            ring: &ring,
            shares: &shares,
            ledger: &ledger,
        };
        let found = verify_request(&view, vectors.now, [7; 32], case.text.as_bytes());
        let code = found.as_ref().map_or_else(|refusal| refusal.code().as_str(), |_| "ok");
        let detail = found.as_ref().err().map(|refusal| refusal.detail());
        assert_eq!(code, case.expect, "{}: {detail:?}", case.name);
        *bad.entry(case.expect).or_insert(0) += 1;
    }
    assert!(bad["ok"] >= 3 && bad.len() > 10, "{bad:?}");
}
