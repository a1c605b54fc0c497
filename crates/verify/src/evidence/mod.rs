//! "Was this honest?": the evidence of one release, checked offline.
//!
//! Folder: `docs/formats/evidence.md`. The check establishes that the order is the one everybody signed, that its scope is
//! that of its manifest, that it stands in the witnessed journal that began with the pinned genesis, that two approvers in
//! force signed it (when the facts are in the folder, that the policy in force allows it), and that t trustees say that
//! they answered exactly this order, under the control state that the journal shows, while it was valid.

mod files;
mod history;
mod keys;
mod opening;
mod public;
mod said;
mod standing;

pub use files::{Fault, Files, SUMS, check_sums, sums};
pub use history::ControlTimes;
pub use opening::{OPENING_FILES, OpenedCell, Opening, open_package};
pub use public::{PublicOrder, public_order};

use crate::manifest::Manifest;
use crate::order_leaf::check_order_leaf;
use crate::refusal::Code;
use crate::request::publicity::{SKEW, witnessed};
use crate::request::{decision, obliged, release_decision, scope};
use crate::state::{ControlState, InForce};
use crate::wire::Receipt;
use countersign_approve::VerifiedApproval;
use countersign_core::approval::Verdict;
use countersign_core::directory::{Authority, Directory};
use countersign_core::duty::Duty;
use countersign_core::id::Digest;
use countersign_core::json::{Document, Exact};
use countersign_core::order::Order;
use countersign_core::time::Timestamp;
use countersign_core::worker::Worker;
use countersign_policy::Bundle;
use countersign_seal::identity::IdentityKey;
use countersign_seal::ring::{ConfirmedRing, VerifyingShares};
use countersign_tlog::proof::Included;
use files::{file, under};
use history::{History, prove};
use said::Answer;
use std::collections::BTreeMap;

/// Evidence that holds.
pub struct Evidence {
    /// The order.
    pub order: Exact<Order>,
    /// Its manifest.
    pub manifest: Exact<Manifest>,
    /// Digest of genesis: to be compared with the one pinned.
    pub genesis: Digest,
    /// The control state in force when the trustee that had read most of the journal answered.
    pub state: InForce,
    /// The order's place in the journal.
    pub included: Included,
    /// Receipts of trustees that answered, by index.
    pub receipts: BTreeMap<u16, Exact<Receipt>>,
    /// People who signed in favour.
    pub signers: Vec<String>,
    /// Whether facts were in the folder and the policy allowed the release when run again.
    pub policy_rerun: bool,
    /// The directory in force.
    pub directory: Exact<Directory>,
    /// Digest of the X-Wing key to which the replies are encrypted: the authority's, or a worker's for this order only.
    pub reader: Digest,
    /// The worker, where the order names one.
    pub worker: Option<Worker>,
    /// What the run is for, where the order is one.
    pub duty: Option<Exact<Duty>>,
    pub(crate) ring: ConfirmedRing,
    pub(crate) shares: VerifyingShares,
    pub(crate) identities: BTreeMap<u16, IdentityKey>,
}

/// Checks an evidence folder. `pinned` is the digest of genesis that the verifier knows from elsewhere; without it the
/// result says which genesis it rests on.
///
/// # Errors
/// [`Fault`] naming the first file that does not hold.
pub fn verify_evidence(files: &Files, pinned: Option<&Digest>) -> Result<Evidence, Fault> {
    check_sums(files)?;
    known_files(files)?;
    let order: Exact<Order> = document(files, "order.json")?;
    let manifest: Exact<Manifest> = document(files, "manifest.json")?;
    scope::fit(manifest.value(), order.value())
        .map_err(|refusal| Fault::new("manifest.json", format!("is not that of the order: {}", refusal.detail())))?;
    let history = History::read(files, pinned)?;
    let genesis = history.genesis();
    if order.value().custodian != genesis.genesis().value().custodian.id {
        return Err(Fault::new("order.json", "is of another custodian"));
    }
    let answers = said::receipts(files, &history, &order)?;
    let Answered { state, first, last } = answered(&answers, &order.value().ring)?;
    let receipts = answers.into_iter().map(|(trustee, answer)| (trustee, answer.receipt)).collect();
    let included = public(files, &state, &order, &receipts, first)?;
    let directory: Exact<Directory> = document(files, "directory.json")?;
    if directory.digest() != state.directory() {
        return Err(Fault::new("directory.json", "is not the directory in force"));
    }
    let authority = decision::authority(directory.value(), &state, order.value())
        .map_err(|refusal| Fault::new("order.json", refusal.detail()))?;
    for receipt in receipts.values() {
        obliged::check(&state, receipt.value().trustee, authority, order.value())
            .map_err(|refusal| Fault::new(receipt_path(receipt.value()), refusal.detail()))?;
    }
    let bundle = Bundle::from_document(file(files, "policy-bundle.json")?)
        .map_err(|error| Fault::new("policy-bundle.json", error))?;
    if bundle.digest() != state.policy() || order.value().policy != state.policy() {
        return Err(Fault::new("policy-bundle.json", "is not the policy in force, or not the one the order names"));
    }
    let reader = reader(files, &state, authority, &order, &included, first)?;
    let run = standing::run(files, &state, &order)?;
    let signed = run.as_ref().map_or(&order, |run| &run.standing);
    let approvals = said::approvals(files, &state, signed, first)?;
    let policy_rerun = match &run {
        Some(run) => standing::check(run, genesis, &state, authority, &reader, &approvals, last)?,
        None => {
            let release =
                Release { order: &order, authority, bundle: &bundle, state: &state, included: &included, last };
            release.rerun(files, genesis, &directory, &approvals)?
        }
    };
    said::delay(files, &order, &directory)?;
    let (ring, shares, identities) = keys::ring(files, &state, &order)?;
    let signers = approvals
        .iter()
        .filter(|approval| approval.verdict() == Verdict::Approve)
        .map(|approval| approval.id().to_string())
        .collect();
    let genesis = genesis.genesis().digest();
    Ok(Evidence {
        order,
        manifest,
        genesis,
        state,
        included,
        receipts,
        signers,
        policy_rerun,
        directory,
        reader: reader.key,
        worker: reader.bound.map(|bound| bound.worker),
        duty: run.map(|run| run.duty),
        ring,
        shares,
        identities,
    })
}

const BINDING: &str = "binding.signed";

/// To whom the replies are encrypted; a worker's binding is older than every answer.
fn reader(
    files: &Files,
    state: &InForce,
    authority: &Authority,
    order: &Exact<Order>,
    included: &Included,
    first: Timestamp,
) -> Result<decision::Reader, Fault> {
    let binding = files.get(BINDING).map(|bytes| std::str::from_utf8(bytes)).transpose();
    let binding = binding.map_err(|error| Fault::new(BINDING, error))?;
    decision::reader(state, authority, order, included.index, binding, first).map_err(|refusal| {
        let path = if refusal.code() == Code::BindingInvalid { BINDING } else { "order.json" };
        Fault::new(path, refusal.detail())
    })
}

fn document<T: Document>(files: &Files, path: &str) -> Result<Exact<T>, Fault> {
    Exact::parse(file(files, path)?).map_err(|error| Fault::new(path, error))
}

/// JSON beside the documents, in the one spelling that writing it again gives.
fn plain_json<T: serde::Serialize + serde::de::DeserializeOwned>(files: &Files, path: &str) -> Result<T, Fault> {
    let bytes = file(files, path)?;
    let value: T = serde_json::from_slice(bytes).map_err(|error| Fault::new(path, error))?;
    let written = serde_json::to_vec(&value).map_err(|error| Fault::new(path, error))?;
    if written == bytes { Ok(value) } else { Err(Fault::new(path, "is not in canonical form, or repeats a member")) }
}

/// What the receipts establish together.
struct Answered {
    /// The control state of the trustee that had read most.
    state: InForce,
    /// The earliest answer.
    first: Timestamp,
    /// The latest answer.
    last: Timestamp,
}

/// Who had read most of the journal stands for all: the others answered with shares of the same epoch, held by the same.
fn answered(answers: &BTreeMap<u16, Answer>, ring: &Digest) -> Result<Answered, Fault> {
    let read = |answer: &&Answer| (answer.receipt.value().journal_size, answer.receipt.value().at);
    let times = || answers.values().map(|answer| answer.receipt.value().at);
    let (Some(most), Some(first), Some(last)) = (answers.values().max_by_key(read), times().min(), times().max())
    else {
        return Err(Fault::new("receipts", "there are none"));
    };
    let state = &most.state;
    for answer in answers.values() {
        let receipt = answer.receipt.value();
        let fault = |reason: &str| Fault::new(receipt_path(receipt), reason);
        let under = answer.state.read_under(ring);
        if under.is_none_or(|under| under.share_epoch != receipt.share_epoch) {
            return Err(fault("names another share epoch than the one in force"));
        }
        if under != state.read_under(ring) || answer.state.members() != state.members() {
            return Err(fault("answers with shares of another epoch, or held by others, than the other receipts"));
        }
        if state.trustee(receipt.trustee).is_none() {
            return Err(fault("is of a trustee that was removed"));
        }
    }
    Ok(Answered { state: state.clone(), first, last })
}

fn receipt_path(receipt: &Receipt) -> String {
    format!("receipts/{}.signed", receipt.trustee)
}

/// The order's leaf, in the journal before any trustee answered, for as long as it had to be.
fn public(
    files: &Files,
    state: &InForce,
    order: &Exact<Order>,
    receipts: &BTreeMap<u16, Exact<Receipt>>,
    first: Timestamp,
) -> Result<Included, Fault> {
    const PROOF: &str = "order.tlog-proof";
    let leaf = file(files, "order.leaf")?;
    let disclosures: Vec<String> = plain_json(files, "order.disclosures.json")?;
    check_order_leaf(order, leaf, &disclosures).map_err(|error| Fault::new("order.leaf", error))?;
    if state.is_held(&order.value().id) {
        return Err(Fault::new("order.json", "was held by a control leaf"));
    }
    let included = prove(files, PROOF, leaf, state.witness_policy())?;
    for receipt in receipts.values().map(Exact::value) {
        if receipt.journal_size <= included.index {
            return Err(Fault::new(receipt_path(receipt), "the trustee had not read as far as the order's leaf"));
        }
        if receipt.journal_size == included.size && receipt.journal_root.as_bytes() != included.root.as_bytes() {
            return Err(Fault::new(receipt_path(receipt), "the trustee had read another journal"));
        }
    }
    let waiting = order.value().kind.waiting_time(order.value().scope.subjects);
    if waiting > 0 && first.plus(SKEW).since(witnessed(&included)) < waiting {
        return Err(Fault::new(
            PROOF,
            format!("does not show the order public for {waiting} seconds before the answers"),
        ));
    }
    Ok(included)
}

/// A release as the policy sees it.
struct Release<'r> {
    order: &'r Exact<Order>,
    authority: &'r Authority,
    bundle: &'r Bundle,
    state: &'r InForce,
    included: &'r Included,
    last: Timestamp,
}

impl Release<'_> {
    /// Runs the policy again when the folder has the facts; says whether it has.
    fn rerun(
        &self,
        files: &Files,
        genesis: &ControlState,
        directory: &Exact<Directory>,
        approvals: &[VerifiedApproval],
    ) -> Result<bool, Fault> {
        const PATH: &str = "facts.json";
        let Some(bytes) = files.get(PATH) else { return Ok(false) };
        let order = self.order.value();
        let facts = decision::facts(bytes, order).map_err(|refusal| Fault::new(PATH, refusal.detail()))?;
        if facts.value().directory != directory.digest() {
            return Err(Fault::new(PATH, "rest on another directory than the one in force"));
        }
        let decision = release_decision(
            self.bundle,
            self.state,
            genesis.genesis().value().custodian.seat,
            self.last,
            self.order,
            facts.value(),
            self.authority,
            approvals,
            self.included.witnessed.cosigners.len(),
        );
        if decision.allowed {
            return Ok(true);
        }
        let reasons: Vec<String> = decision.reasons.iter().map(ToString::to_string).collect();
        Err(Fault::new(PATH, format!("the policy does not allow the release: {}", reasons.join(", "))))
    }
}

/// A file that nothing reads has no place in evidence: somebody would believe it.
fn known_files(files: &Files) -> Result<(), Fault> {
    const SINGLE: [&str; 13] = [
        SUMS,
        "order.json",
        "manifest.json",
        "facts.json",
        "order.leaf",
        "order.disclosures.json",
        "order.tlog-proof",
        "directory.json",
        "policy-bundle.json",
        "ring.json",
        "shares.json",
        "delay.signed",
        BINDING,
    ];
    const FOLDERS: [&str; 4] = ["control/", "receipts/", "approvals/", "ring-confirmations/"];
    let known = |path: &str| {
        SINGLE.contains(&path)
            || standing::FILES.contains(&path)
            || FOLDERS.iter().any(|folder| path.starts_with(folder))
    };
    if let Some(path) = files.keys().find(|path| !known(path)) {
        return Err(Fault::new(path, "does not belong to evidence"));
    }
    let paired = |path: &str| match (path.strip_suffix(".leaf"), path.strip_suffix(".tlog-proof")) {
        (Some(stem), _) => files.contains_key(&format!("{stem}.tlog-proof")),
        (None, Some(stem)) => files.contains_key(&format!("{stem}.leaf")),
        (None, None) => false,
    };
    match under(files, "control").find(|(path, _)| !paired(path)) {
        None => Ok(()),
        Some((path, _)) => Err(Fault::new(path, "does not belong to a leaf with its proof")),
    }
}
