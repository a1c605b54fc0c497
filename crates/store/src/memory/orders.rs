//! Orders, effects, receipts and counters in memory.

use super::{Effect, MemoryStore};
use crate::cases::Novelty;
use crate::{Counter, EffectKey, LeafKey, NewEffect, NewLeaf, OpenEffect, OrderEntry, Orders, Receipt, Result};
use async_trait::async_trait;
use countersign_core::id::{CaseId, Digest, OrderId};
use countersign_core::time::Timestamp;
use std::collections::BTreeSet;

#[async_trait]
impl Orders for MemoryStore {
    async fn order(&self, digest: &Digest) -> Result<Option<OrderEntry>> {
        Ok(self.lock().orders.get(digest).cloned())
    }

    async fn order_by_id(&self, id: &OrderId) -> Result<Option<OrderEntry>> {
        Ok(self.lock().orders.values().find(|order| order.id == *id).cloned())
    }

    async fn orders_of(&self, case: &CaseId) -> Result<Vec<OrderEntry>> {
        let mut found: Vec<OrderEntry> =
            self.lock().orders.values().filter(|order| order.case == *case).cloned().collect();
        found.sort_by_key(|order| order.proposed);
        Ok(found)
    }

    async fn begin_effect(&self, new: NewEffect) -> Result<()> {
        let mut state = self.lock();
        let kept = state.effects.get(&new.effect).map(|effect| effect.intent);
        if new.novelty(kept)? == Novelty::Present {
            return Ok(());
        }
        state.accept(&[], std::slice::from_ref(&new.intent))?;
        state.effects.insert(new.effect, Effect { at: new.at, intent: new.intent.key, outcome: None });
        state.keep(Vec::new(), vec![new.intent]);
        Ok(())
    }

    async fn finish_effect(&self, effect: &EffectKey, _at: Timestamp, outcome: NewLeaf) -> Result<()> {
        let mut state = self.lock();
        let kept = state.effects.get(effect).map(|effect| effect.outcome);
        if effect.novelty_of(kept, &outcome.key)? == Novelty::Present {
            return Ok(());
        }
        state.accept(&[], std::slice::from_ref(&outcome))?;
        if let Some(kept) = state.effects.get_mut(effect) {
            kept.outcome = Some(outcome.key);
        }
        state.keep(Vec::new(), vec![outcome]);
        Ok(())
    }

    async fn intent_of(&self, effect: &EffectKey) -> Result<Option<LeafKey>> {
        Ok(self.lock().effects.get(effect).map(|effect| effect.intent))
    }

    async fn open_effects(&self) -> Result<Vec<OpenEffect>> {
        let state = self.lock();
        let mut open: Vec<OpenEffect> = state
            .effects
            .iter()
            .filter(|(_, effect)| effect.outcome.is_none())
            .map(|(key, effect)| OpenEffect { effect: key.clone(), at: effect.at, intent: effect.intent })
            .collect();
        open.sort_by(|left, right| (left.at, &left.effect).cmp(&(right.at, &right.effect)));
        Ok(open)
    }

    async fn add_receipt(&self, receipt: Receipt, leaf: NewLeaf) -> Result<()> {
        let mut state = self.lock();
        if let Some(kept) = state.receipts.get(&receipt.digest) {
            return if kept.same(&receipt) { Ok(()) } else { Err(receipt.taken()) };
        }
        if !state.orders.contains_key(&receipt.order) {
            return Err(receipt.of_no_order());
        }
        state.accept(&[], std::slice::from_ref(&leaf))?;
        state.receipts.insert(receipt.digest, receipt);
        state.keep(Vec::new(), vec![leaf]);
        Ok(())
    }

    async fn receipts_of(&self, order: &Digest) -> Result<Vec<Receipt>> {
        let state = self.lock();
        let mut found: Vec<Receipt> =
            state.receipts.values().filter(|receipt| receipt.order == *order).cloned().collect();
        found.sort_by(|left, right| {
            (left.at, &left.trustee, left.digest).cmp(&(right.at, &right.trustee, right.digest))
        });
        Ok(found)
    }

    async fn orders_answered(&self, since: Timestamp) -> Result<Vec<Digest>> {
        let state = self.lock();
        let answered = state.answered.iter().filter(|(_, (at, _))| *at >= since).map(|((_, _, order), _)| *order);
        let answered: BTreeSet<Digest> = answered.collect();
        Ok(answered.into_iter().collect())
    }

    async fn people_answered(&self, counter: &Counter, since: Timestamp) -> Result<u64> {
        let (dimension, key) = counter.parts();
        let state = self.lock();
        Ok(state
            .answered
            .iter()
            .filter(|((kept, kept_key, _), (at, _))| *kept == dimension && kept_key == key && *at >= since)
            .map(|(_, (_, people))| u64::from(*people))
            .sum())
    }
}
