//! What a few transactions spend and pay, looked up for all of them before the first is taken in.
//!
//! Ids and locks are hashes, so that every look-up ends at places of memory that no cache holds. One after the other each is waited for; in
//! loops in which none depends on the one before it, the processor has many of them under way at once. So every loop here takes one step of
//! all look-ups.
//!
//! What is found is right for the graph as it was then. A lock that has a number keeps it. An output keeps its number unless a later
//! transaction takes the id of the one that made it (`overwrites` of the graph); what was not found may be there by now.

use super::append::{Surroundings, is_unspendable};
use super::{Graph, LockId, OutId, txid_hash};
use crate::address::Lock;
use crate::wire::{Outpoint, Transaction};
use std::hint::black_box;

/// Transactions that are looked up together: enough for every look-up to run beside others, few enough for all of it to stay near.
pub(super) const BATCH: usize = 64;

/// What a transaction spends.
pub(super) struct Spend {
    pub(super) input: Outpoint,
    /// The output and its value, if it was there.
    pub(super) found: Option<(OutId, u64)>,
}

/// What a transaction pays.
pub(super) struct Pay {
    pub(super) value: u64,
    pub(super) owner: Owner,
}

/// Whom it pays.
pub(super) enum Owner {
    /// Nobody can spend it.
    Nobody,
    /// Somebody whom the graph must not know.
    Unnamed,
    /// A lock, its hash, and its number, if it had one.
    Lock(Lock, u32, Option<LockId>),
}

/// The look-ups, in the order of the transactions. A coinbase spends nothing.
#[derive(Default)]
pub(super) struct Ahead {
    spends: Vec<Spend>,
    pays: Vec<Pay>,
}

impl Ahead {
    pub(super) fn look(
        &mut self,
        graph: &Graph,
        batch: &[&Transaction<'_>],
        genesis: bool,
        surroundings: &Surroundings<'_>,
    ) {
        self.spends.clear();
        self.pays.clear();
        for transaction in batch {
            if !transaction.is_coinbase() {
                self.spends.extend(transaction.inputs.iter().map(|input| Spend { input, found: None }));
            }
            self.pays.extend(transaction.outputs.iter().map(|output| {
                let owner = if genesis || is_unspendable(output.script) {
                    Owner::Nobody
                } else {
                    let lock = Lock::of_script(output.script).filter(|lock| (surroundings.may_know)(lock));
                    lock.map_or(Owner::Unnamed, |lock| Owner::Lock(lock, graph.lock_hash(&lock), None))
                };
                Pay { value: output.value, owner }
            }));
        }
        let ids = batch.iter().map(|transaction| &transaction.txid);
        let ids = ids.chain(self.spends.iter().map(|spend| &spend.input.txid));
        black_box(ids.fold(0, |near, txid| near ^ graph.by_txid.first(txid_hash(txid))));
        let hashes = self.pays.iter().filter_map(|pay| match pay.owner {
            Owner::Lock(_, hash, _) => Some(hash),
            Owner::Nobody | Owner::Unnamed => None,
        });
        black_box(hashes.fold(0, |near, hash| near ^ graph.lock_ids.first(hash)));
        for spend in &mut self.spends {
            spend.found = graph.out_id(&spend.input).map(|out| (out, 0));
        }
        for pay in &mut self.pays {
            if let Owner::Lock(lock, hash, known) = &mut pay.owner {
                *known = graph.lock_id_at(lock, *hash);
            }
        }
        for (out, value) in self.spends.iter_mut().filter_map(|spend| spend.found.as_mut()) {
            *value = graph.value(*out);
        }
    }

    pub(super) fn parts(&self) -> (&[Spend], &[Pay]) {
        (&self.spends, &self.pays)
    }
}
