//! Workers, and who does the duties of one that was lost.
//!
//! A worker is replaced in one change while it is still in force: by a worker under the law of the same state that runs the
//! same program. Whoever signs that change signs that the duties go on elsewhere. A worker that was removed is not replaced:
//! somebody did not trust it, and what it was to do is decided anew.

use super::change::ChangeError;
use super::{ControlState, InForce};
use countersign_core::control::Action;
use countersign_core::id::Digest;
use countersign_core::order::{Kind, Order};
use countersign_core::time::Timestamp;
use countersign_core::worker::Worker;

impl InForce {
    /// The worker in force that opens this order: the one that it names, or of a duty the one that took its place.
    pub fn worker_of(&self, order: &Order) -> Option<&Worker> {
        let named = &order.recipient.key;
        let successor = || self.replaced_workers.get(named).filter(|_| order.kind == Kind::Duty);
        self.workers.get(named).or_else(|| self.workers.get(successor()?))
    }

    /// Whether a worker can take the place of another: in force, of the same program and state, and with an attestation
    /// where that had one.
    pub(super) fn check_replacement(&self, replaces: &Digest, worker: &Worker) -> Result<(), ChangeError> {
        let lost = self.workers.get(replaces).ok_or(ChangeError::NoSuchWorker(*replaces))?;
        let rules = [
            (lost.code == worker.code, "runs another program"),
            (lost.state == worker.state, "stands under the law of another state"),
            (lost.identity != worker.identity, "has the key that was lost"),
            (
                lost.attestation.is_none() || worker.attestation.is_some(),
                "has no attestation, and the one before had one",
            ),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            None => Ok(()),
            Some((_, reason)) => Err(ChangeError::Replacement(reason)),
        }
    }

    /// Nothing when the one before is not in force any more.
    pub(super) fn replace_worker(&mut self, replaces: &Digest, worker: &Worker) {
        if self.check_replacement(replaces, worker).is_err() {
            return;
        }
        let digest = worker.digest();
        self.workers.remove(replaces);
        self.workers.insert(digest, worker.clone());
        // Duties of whoever the lost one had replaced go on too.
        self.replaced_workers.values_mut().filter(|successor| *successor == replaces).for_each(|one| *one = digest);
        self.replaced_workers.insert(*replaces, digest);
    }
}

impl ControlState {
    /// A worker shares neither name nor key with another one in force or cooling, but for the one whose place it takes.
    pub(super) fn check_worker(
        &self,
        added: &Worker,
        replaces: Option<&Digest>,
        now: Timestamp,
    ) -> Result<(), ChangeError> {
        let state = self.at(now);
        let cooling = self.waiting(now).filter_map(|waiting| match &waiting.change.action {
            Action::AddWorker(worker) | Action::ReplaceWorker { worker, .. } => Some(worker),
            _ => None,
        });
        let others = state.workers.iter().filter(|(digest, _)| Some(*digest) != replaces).map(|(_, worker)| worker);
        let mut others = others.chain(cooling);
        match others.find(|worker| worker.name == added.name || worker.identity == added.identity) {
            None => Ok(()),
            Some(worker) => Err(ChangeError::SharedWorker { added: added.name.clone(), with: worker.name.clone() }),
        }
    }
}
