//! "Was this honest?": the evidence of one release, checked offline.
//!
//! Folder: `docs/formats/evidence.md`. The check establishes that the order is the one everybody signed, that it stands in
//! the witnessed journal that began with the pinned genesis, that a lawful quorum signed it (when the facts are in the
//! folder, that the policy in force allows it), and that t trustees say that they answered exactly this order.

mod files;
mod opening;

pub use files::{Fault, Files, SUMS, check_sums, sums};
pub use opening::{OPENING_FILES, OpenedCell, Opening, open_package};

use crate::manifest::Manifest;
use crate::order_leaf::check_order_leaf;
use crate::request::release_decision;
use crate::state::{ControlState, InForce};
use crate::wire::{DelayOrder, Outcome, Receipt, Signed};
use countersign_approve::{VerifiedApproval, verify_approval};
use countersign_core::approval::Approval;
use countersign_core::directory::Directory;
use countersign_core::facts::Facts;
use countersign_core::id::Digest;
use countersign_core::json::{Document, Exact};
use countersign_core::order::Order;
use countersign_core::time::Timestamp;
use countersign_policy::Bundle;
use countersign_seal::identity::IdentityKey;
use countersign_seal::ring::{Confirmation, ConfirmedRing, DealerRings, Ring, ShareEpoch, VerifyingShares};
use countersign_tlog::leaf::ControlLeaf;
use countersign_tlog::policy::{Policy, TimeWindow};
use countersign_tlog::proof::{Included, LogProof};
use files::{file, text, under};
use std::collections::BTreeMap;

/// Evidence that holds.
pub struct Evidence {
    /// The order.
    pub order: Exact<Order>,
    /// Its manifest.
    pub manifest: Exact<Manifest>,
    /// Digest of genesis: to be compared with the one pinned.
    pub genesis: Digest,
    /// The control state in force when the trustees answered.
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
    let order: Exact<Order> = document(files, "order.json")?;
    let manifest: Exact<Manifest> = document(files, "manifest.json")?;
    let root = manifest.value().root().map_err(|error| Fault::new("manifest.json", error))?;
    if root != order.value().scope.manifest {
        return Err(Fault::new("manifest.json", "is not the manifest that the order names"));
    }
    let control = fold(files, pinned)?;
    let answered = receipts(files, &control, &order)?;
    let at = answered.values().map(|receipt| receipt.value().at).max().unwrap_or(Timestamp::MAX);
    let state = control.at(at);
    for (trustee, receipt) in &answered {
        if receipt.value().state != control.at(receipt.value().at).digest() {
            let reason = "the control state that the trustee had in force is not the one of control/";
            return Err(Fault::new(format!("receipts/{trustee}.signed"), reason));
        }
    }
    let included = order_leaf(files, &control, &state, &order)?;
    let directory: Exact<Directory> = document(files, "directory.json")?;
    if directory.digest() != state.directory() {
        return Err(Fault::new("directory.json", "is not the directory in force"));
    }
    let bundle = Bundle::from_document(file(files, "policy-bundle.json")?)
        .map_err(|error| Fault::new("policy-bundle.json", error))?;
    if bundle.digest() != state.policy() || order.value().policy != state.policy() {
        return Err(Fault::new("policy-bundle.json", "is not the policy in force, or not the one the order names"));
    }
    let approvals = approvals(files, &state, &order)?;
    let policy_rerun = match files.contains_key("facts.json") {
        true => rerun(files, &control, &state, at, &order, &directory, &bundle, &approvals, &included)?,
        false => false,
    };
    delay(files, &order, &directory)?;
    let (ring, shares, identities) = ring(files, &control, &state, &order)?;
    known_files(files)?;
    let signers = approvals.iter().map(|approval| approval.id().to_string()).collect();
    let genesis = control.genesis().digest();
    Ok(Evidence {
        order,
        manifest,
        genesis,
        state,
        included,
        receipts: answered,
        signers,
        policy_rerun,
        directory,
        ring,
        shares,
        identities,
    })
}

fn document<T: Document>(files: &Files, path: &str) -> Result<Exact<T>, Fault> {
    Exact::parse(file(files, path)?).map_err(|error| Fault::new(path, error))
}

/// Folds every control leaf of the folder, each proved to stand in the journal.
fn fold(files: &Files, pinned: Option<&Digest>) -> Result<ControlState, Fault> {
    let mut state: Option<ControlState> = None;
    for (path, leaf) in under(files, "control").filter(|(path, _)| path.ends_with(".leaf")) {
        let parsed = ControlLeaf::parse(leaf).map_err(|error| Fault::new(path, error))?;
        let proof_path = path.replace(".leaf", ".tlog-proof");
        let mut next = match state.take() {
            Some(state) => state,
            None => ControlState::begin(&parsed, pinned).map_err(|error| Fault::new(path, error))?,
        };
        let included = prove(files, &proof_path, leaf, next.genesis().value().witness_policy.as_bytes())?;
        if path != format!("control/{:010}.leaf", included.index) {
            return Err(Fault::new(path, format!("stands at index {} of the journal", included.index)));
        }
        if included.index > 0 {
            let witnessed = time(included.witnessed.quorum_time);
            next.fold(included.index, &parsed, witnessed);
        }
        state = Some(next);
    }
    state.ok_or_else(|| Fault::new("control/0000000000.leaf", "is missing"))
}

fn prove(files: &Files, path: &str, leaf: &[u8], policy: &[u8]) -> Result<Included, Fault> {
    let policy = Policy::parse(policy).map_err(|error| Fault::new("control/0000000000.leaf", error))?;
    let proof = LogProof::parse(file(files, path)?).map_err(|error| Fault::new(path, error))?;
    proof.verify(leaf, &policy, TimeWindow::ANY).map_err(|error| Fault::new(path, error))
}

fn time(unix: u64) -> Timestamp {
    i64::try_from(unix).ok().and_then(Timestamp::from_unix).unwrap_or(Timestamp::MAX)
}

/// Receipts of trustees that answered this order; at least t of them.
fn receipts(
    files: &Files,
    control: &ControlState,
    order: &Exact<Order>,
) -> Result<BTreeMap<u16, Exact<Receipt>>, Fault> {
    let custodian = control.genesis().value().custodian.id;
    let mut answered = BTreeMap::new();
    for (path, bytes) in under(files, "receipts") {
        let signed = Signed::<Receipt>::open_by(bytes, |receipt| Some(control.trustee(receipt.trustee)?.identity))
            .map_err(|error| Fault::new(path, error))?;
        let value = signed.value();
        if value.custodian != custodian || value.order != order.digest() || value.outcome != Outcome::Answered {
            return Err(Fault::new(path, "is not a receipt for an answer to this order"));
        }
        if path != format!("receipts/{}.signed", value.trustee) {
            return Err(Fault::new(path, format!("is the receipt of trustee {}", value.trustee)));
        }
        if value.records != order.value().scope.records {
            return Err(Fault::new(path, "counts other records than the order"));
        }
        answered.insert(value.trustee, signed.document().clone());
    }
    let needed = control.trustees().map_or(0, |(threshold, _)| usize::from(threshold));
    if needed == 0 || answered.len() < needed {
        return Err(Fault::new("receipts", format!("{} receipts, the threshold is {needed}", answered.len())));
    }
    Ok(answered)
}

fn order_leaf(files: &Files, control: &ControlState, state: &InForce, order: &Exact<Order>) -> Result<Included, Fault> {
    let leaf = file(files, "order.leaf")?;
    let disclosures: Vec<String> = serde_json::from_slice(file(files, "order.disclosures.json")?)
        .map_err(|error| Fault::new("order.disclosures.json", error))?;
    check_order_leaf(order, leaf, &disclosures).map_err(|error| Fault::new("order.leaf", error))?;
    if order.value().custodian != control.genesis().value().custodian.id {
        return Err(Fault::new("order.json", "is of another custodian"));
    }
    prove(files, "order.tlog-proof", leaf, state.witness_policy().as_bytes())
}

fn approvals(files: &Files, state: &InForce, order: &Exact<Order>) -> Result<Vec<VerifiedApproval>, Fault> {
    let mut verified: Vec<VerifiedApproval> = Vec::new();
    for (path, bytes) in under(files, "approvals") {
        let approval = Exact::<Approval>::parse(bytes).map_err(|error| Fault::new(path, error))?;
        let value = approval.value();
        let person = state
            .people()
            .get(&value.approver)
            .ok_or_else(|| Fault::new(path, format!("`{}` was not in force in the roster", value.approver)))?;
        let checked = verify_approval(value, &order.digest(), person).map_err(|error| Fault::new(path, error))?;
        if verified.iter().any(|before| before.id() == checked.id()) {
            return Err(Fault::new(path, format!("`{}` signed twice", value.approver)));
        }
        verified.push(checked);
    }
    if verified.is_empty() {
        return Err(Fault::new("approvals", "nobody signed"));
    }
    Ok(verified)
}

#[expect(clippy::too_many_arguments, reason = "each is a separately checked part of the evidence")]
fn rerun(
    files: &Files,
    control: &ControlState,
    state: &InForce,
    at: Timestamp,
    order: &Exact<Order>,
    directory: &Exact<Directory>,
    bundle: &Bundle,
    approvals: &[VerifiedApproval],
    included: &Included,
) -> Result<bool, Fault> {
    let facts: Exact<Facts> = document(files, "facts.json")?;
    if facts.digest() != order.value().facts || facts.value().directory != directory.digest() {
        return Err(Fault::new("facts.json", "are not the facts that the order names"));
    }
    let authority = directory
        .value()
        .get(&order.value().authority)
        .ok_or_else(|| Fault::new("directory.json", format!("has no `{}`", order.value().authority)))?;
    let witnesses = included.witnessed.cosigners.len();
    let seat = control.genesis().value().custodian.seat;
    let decision = release_decision(bundle, state, seat, at, order, facts.value(), authority, approvals, witnesses);
    if !decision.allowed {
        let reasons: Vec<String> = decision.reasons.iter().map(ToString::to_string).collect();
        return Err(Fault::new("facts.json", format!("the policy does not allow the release: {}", reasons.join(", "))));
    }
    Ok(true)
}

fn delay(files: &Files, order: &Exact<Order>, directory: &Exact<Directory>) -> Result<(), Fault> {
    const PATH: &str = "delay.signed";
    match (order.value().delay, files.get(PATH)) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(Fault::new(PATH, "the order names no delay order")),
        (Some(_), None) => Err(Fault::new(PATH, "is missing")),
        (Some(digest), Some(bytes)) => {
            let key = directory.value().get(&order.value().authority).and_then(|authority| authority.signing_key);
            let signed = Signed::<DelayOrder>::open_by(bytes, |_| key).map_err(|error| Fault::new(PATH, error))?;
            let same = signed.document().digest() == digest
                && signed.value().authority == order.value().authority
                && signed.value().request == order.value().instrument.request;
            if same { Ok(()) } else { Err(Fault::new(PATH, "is not the delay order that the order names")) }
        }
    }
}

type RingParts = (ConfirmedRing, VerifyingShares, BTreeMap<u16, IdentityKey>);

fn ring(files: &Files, control: &ControlState, state: &InForce, order: &Exact<Order>) -> Result<RingParts, Fault> {
    let in_force = state.ring().ok_or_else(|| Fault::new("ring.json", "no ring was in force"))?;
    let ring: Exact<Ring> = document(files, "ring.json")?;
    let mut identities = BTreeMap::new();
    for member in control.genesis().value().trustees.iter().flat_map(|trustees| &trustees.members) {
        let key = IdentityKey::from_digest(&member.identity).ok_or_else(|| {
            Fault::new("control/0000000000.leaf", format!("identity key of trustee {}", member.index))
        })?;
        identities.insert(member.index, key);
    }
    let mut confirmations = Vec::new();
    for (path, bytes) in under(files, "ring-confirmations") {
        let confirmation = Exact::<Confirmation>::parse(bytes).map_err(|error| Fault::new(path, error))?;
        confirmations.push(confirmation.value().clone());
    }
    let keys: Vec<IdentityKey> = identities.values().cloned().collect();
    let ring = ConfirmedRing::new(ring, &confirmations, &keys, DealerRings::Refuse)
        .map_err(|error| Fault::new("ring.json", error))?;
    if ring.id() != in_force.id || order.value().ring != ring.id() {
        return Err(Fault::new("ring.json", "is not the ring in force, or not the one the order names"));
    }
    let epoch: Exact<ShareEpoch> = document(files, "shares.json")?;
    if epoch.digest() != in_force.shares {
        return Err(Fault::new("shares.json", "are not the verifying shares in force"));
    }
    let shares = VerifyingShares::new(&ring, &epoch).map_err(|error| Fault::new("shares.json", error))?;
    Ok((ring, shares, identities))
}

/// A file that nothing above reads has no place in evidence: somebody would believe it.
fn known_files(files: &Files) -> Result<(), Fault> {
    const SINGLE: [&str; 12] = [
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
    ];
    const FOLDERS: [&str; 4] = ["control/", "receipts/", "approvals/", "ring-confirmations/"];
    let known = |path: &str| SINGLE.contains(&path) || FOLDERS.iter().any(|folder| path.starts_with(folder));
    if let Some(path) = files.keys().find(|path| !known(path)) {
        return Err(Fault::new(path, "does not belong to evidence"));
    }
    let control = under(files, "control").find(|(path, _)| {
        let pair = if path.ends_with(".leaf") {
            path.replace(".leaf", ".tlog-proof")
        } else {
            path.replace(".tlog-proof", ".leaf")
        };
        pair == **path || !files.contains_key(&pair)
    });
    match control {
        None => text(files, SUMS).map(|_| ()),
        Some((path, _)) => Err(Fault::new(path, "does not belong to a leaf with its proof")),
    }
}
