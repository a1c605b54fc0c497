//! Control leaves as this monitor has seen them: who may do what, what was refused, what is new.

use crate::finding::{Code, Finding};
use crate::record::Record;
use crate::ticks;
use countersign_core::control::{Action, Change};
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_tlog::leaf::ControlLeaf;
use countersign_tlog::policy::{Policy, Quorum};
use countersign_verify::state::{ControlState, FoldError};
use std::collections::BTreeMap;

/// The control leaves, folded.
pub(crate) struct Folded {
    pub(crate) state: ControlState,
    /// When each control leaf was first seen, for the record.
    pub(crate) first_seen: BTreeMap<u64, Timestamp>,
}

/// Folds the control leaves of a log whose checkpoint was witnessed at `witnessed`.
///
/// Additions take effect seven days after they were seen, so the order of times decides what is rejected. The time of a leaf is that
/// of the witnessed checkpoint under which this monitor first saw it; of leaves that were there before it began, only the custodian's
/// tick tells the time.
pub(crate) fn fold(
    control: &[(u64, ControlLeaf)],
    pinned: Option<&Digest>,
    record: Option<&Record>,
    witnessed: Timestamp,
) -> Result<Option<Folded>, FoldError> {
    let mut leaves = control.iter();
    let Some((0, genesis)) = leaves.next() else { return Ok(None) };
    let mut state = ControlState::begin(genesis, pinned)?;
    let mut first_seen = record.map(|record| record.first_seen.clone()).unwrap_or_default();
    let mut last = Timestamp::MIN;
    for (index, leaf) in leaves {
        let came_before = record.is_none_or(|record| *index < record.since);
        let time = if came_before {
            ticks::shown(leaf.tick()).min(witnessed)
        } else {
            *first_seen.entry(*index).or_insert(witnessed)
        };
        last = last.max(time);
        state.fold(*index, leaf, last);
    }
    Ok(Some(Folded { state, first_seen }))
}

/// What is to be said about control leaves: those that were rejected, those accepted since the tree of size `before`, and whether the
/// witness policy in force is the one the monitor goes by.
pub(crate) fn check(
    control: &[(u64, ControlLeaf)],
    state: &ControlState,
    policy: &Policy,
    before: Option<u64>,
    now: Timestamp,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rejected in state.rejected() {
        findings.push(Finding::of_leaf(Code::ControlRejected, rejected.index, &rejected.reason));
    }
    for (index, leaf) in control.iter().filter(|(index, _)| before.is_some_and(|before| *index >= before)) {
        if state.rejected().iter().any(|rejected| rejected.index == *index) {
            continue;
        }
        if let Ok(change) = Exact::<Change>::parse(leaf.body().as_bytes()) {
            let Change { number, action, .. } = change.value();
            findings.push(Finding::of_leaf(
                Code::ControlChanged,
                *index,
                format_args!("change {number}: {}; {}", described(action), in_force(state, *index, now)),
            ));
        }
    }
    let current = state.at(now);
    // The text of genesis was parsed when it was folded, that of a change when it was accepted.
    if !Policy::parse(current.witness_policy().as_bytes()).is_ok_and(|in_force| demands_the_same(&in_force, policy)) {
        findings.push(Finding::new(
            Code::PolicyDiffers,
            "the witness policy in force in the journal is another than the one this monitor goes by: compare them, decide, and give \
             the monitor the one you trust",
        ));
    }
    findings
}

/// Whether two policies demand the same cosignatures; names and addresses do not matter.
fn demands_the_same(one: &Policy, other: &Policy) -> bool {
    let groups = |policy: &Policy| -> Vec<(usize, Vec<Quorum>)> {
        policy.groups().iter().map(|group| (group.threshold, group.members.clone())).collect()
    };
    one.logs().iter().map(|log| &log.key).eq(other.logs().iter().map(|log| &log.key))
        && one.witnesses().iter().map(|witness| &witness.key).eq(other.witnesses().iter().map(|witness| &witness.key))
        && groups(one) == groups(other)
        && one.quorum() == other.quorum()
}

fn described(action: &Action) -> String {
    match action {
        Action::AddPerson(person) => format!("adds or replaces `{}`", person.id),
        Action::StateReach { person, reach: _ } => format!("states which states can compel `{person}`"),
        Action::Watch { person, watch: _ } => format!("sets how often `{person}` has to check in"),
        Action::RemovePerson(person) => format!("removes `{person}`"),
        Action::RevokeKey { person, key: _ } => format!("revokes a key of `{person}`"),
        Action::SetPolicy(digest) => format!("sets the policy {digest}"),
        Action::SetDirectory(digest) => format!("sets the directory {digest}"),
        Action::SuspendAuthority(authority) => format!("suspends the keys of `{authority}`"),
        Action::SetWitnessPolicy(_) => "sets another witness policy".to_owned(),
        Action::SetRing(ring) => format!("sets the key ring {} in share epoch {}", ring.id, ring.share_epoch),
        Action::SetIndexRing(ring) => format!("sets the index ring {} in share epoch {}", ring.id, ring.share_epoch),
        Action::RotateRing(new) => format!("sets new keys, the ring {}; the one before is still read", new.id),
        Action::CloseRing(ring) => format!("closes the ring {ring}"),
        Action::SetTrustees(new) => {
            let epoch = new.ring.share_epoch;
            format!("sets {} trustees who hold share epoch {epoch} of the key ring", new.members.len())
        }
        Action::RemoveTrustee(identity) => format!("removes the trustee with identity key {identity}"),
        Action::HoldOrder(order) => format!("holds order {order}"),
        Action::AddWorker(worker) => format!("registers the worker `{}` ({})", worker.name, worker.digest()),
        Action::ReplaceWorker { replaces, worker } => {
            format!("replaces the worker {replaces} by `{}` ({})", worker.name, worker.digest())
        }
        Action::RemoveWorker(worker) => format!("removes the worker {worker}"),
    }
}

fn in_force(state: &ControlState, index: u64, now: Timestamp) -> String {
    match state.waiting(now).find(|waiting| waiting.index == index) {
        Some(waiting) => format!("takes effect {}", waiting.effective),
        None => "in force".to_owned(),
    }
}
