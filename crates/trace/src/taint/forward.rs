//! From some outputs onwards: where their money went, under one rule.

use super::amount::Amount;
use super::rules::{Fifo, Forward, Haircut, Lifo, Poison};
use super::{Rule, Stops};
use crate::graph::{Graph, OutId, TxId};
use std::collections::{BTreeMap, BTreeSet};

/// What became of the money. The ledger closes: `begun + drawn = unspent + arrived + joins + hops + age + fees + dust`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flow {
    /// What it began with.
    pub(crate) begun: Amount,
    /// What poison drew in: money that was not followed until it met some that was. Zero for every other rule.
    pub(crate) drawn: Amount,
    /// Rests in outputs that nobody spent (until the last block that counts).
    pub(crate) unspent: Amount,
    /// Arrived at services.
    pub(crate) arrived: Amount,
    /// Broken off at mixes.
    pub(crate) joins: Amount,
    /// Not followed further: enough payments.
    pub(crate) hops: Amount,
    /// Not followed further: too long ago.
    pub(crate) age: Amount,
    /// Became fees (and, of coinbases, what the miner did not claim).
    pub(crate) fees: Amount,
    /// Dropped in small parts.
    pub(crate) dust: Amount,
    /// Where it arrived or rests: amount and least number of payments.
    pub(crate) ends: BTreeMap<OutId, (Amount, u16)>,
}

impl Flow {
    /// Both sides of the ledger.
    #[cfg(test)]
    pub(crate) fn sides(&self) -> (u128, u128) {
        let parts = [self.unspent, self.arrived, self.joins, self.hops, self.age, self.fees, self.dust];
        (self.begun.units() + self.drawn.units(), parts.into_iter().sum::<Amount>().units())
    }
}

/// Follows all of these outputs.
pub(crate) fn trace_forward(graph: &Graph, seeds: &BTreeSet<OutId>, rule: Rule, stops: &Stops) -> Flow {
    match rule {
        Rule::Poison => Walk::<Poison>::new(graph, seeds, stops).run(),
        Rule::Haircut => Walk::<Haircut>::new(graph, seeds, stops).run(),
        Rule::Fifo => Walk::<Fifo>::new(graph, seeds, stops).run(),
        Rule::Lifo => Walk::<Lifo>::new(graph, seeds, stops).run(),
    }
}

struct Held<L> {
    load: L,
    hops: u16,
    since: u32,
}

struct Walk<'g, R: Forward> {
    graph: &'g Graph,
    seeds: &'g BTreeSet<OutId>,
    stops: &'g Stops,
    held: BTreeMap<OutId, Held<R::Load>>,
    // INVARIANT: every transaction in here spends something that is held.
    waiting: BTreeSet<TxId>,
    flow: Flow,
}

impl<'g, R: Forward> Walk<'g, R> {
    fn new(graph: &'g Graph, seeds: &'g BTreeSet<OutId>, stops: &'g Stops) -> Self {
        let mut walk =
            Self { graph, seeds, stops, held: BTreeMap::new(), waiting: BTreeSet::new(), flow: Flow::default() };
        for out in seeds {
            let maker = graph.maker(*out);
            if !walk.counts(maker) {
                continue;
            }
            let load = R::whole(graph.value(*out));
            walk.flow.begun += R::amount(&load);
            walk.go_on(*out, Held { load, hops: 0, since: graph.time_of(maker) });
        }
        walk
    }

    fn run(mut self) -> Flow {
        while let Some(tx) = self.waiting.pop_first() {
            self.step(tx);
        }
        self.flow
    }

    fn counts(&self, tx: TxId) -> bool {
        self.stops.until.is_none_or(|until| self.graph.height_of(tx) <= until)
    }

    fn step(&mut self, tx: TxId) {
        let (mut hops, mut since, mut before) = (u16::MAX, 0, Amount::ZERO);
        let mut inputs = Vec::new();
        for out in self.graph.inputs_of(tx) {
            let held = self.held.remove(&out);
            if let Some(held) = &held {
                hops = hops.min(held.hops);
                since = since.max(held.since);
                before += R::amount(&held.load);
            }
            inputs.push((held.map(|held| held.load), self.graph.value(out)));
        }
        if self.stops.is_join(self.graph, tx) {
            self.flow.joins += before;
            return;
        }
        let outputs: Vec<u64> = self.graph.outputs_of(tx).map(|out| self.graph.value(out)).collect();
        let (loads, fee) = R::apply(&inputs, &outputs);
        let fee = R::amount(&fee);
        let after: Amount = loads.iter().map(R::amount).chain([fee]).sum();
        self.flow.drawn += after.minus(before);
        self.flow.fees += fee;
        for (out, load) in self.graph.outputs_of(tx).zip(loads) {
            self.arrive(out, Held { load, hops: hops.saturating_add(1), since });
        }
    }

    fn arrive(&mut self, out: OutId, held: Held<R::Load>) {
        let amount = R::amount(&held.load);
        if self.seeds.contains(&out) {
            // It began with all of this output; what arrives there was counted twice.
            self.flow.begun -= amount;
        } else if amount < Amount::of_satoshi(self.stops.dust) {
            self.flow.dust += amount;
        } else if amount > Amount::ZERO && self.stops.is_service(self.graph, out) {
            self.flow.arrived += amount;
            self.flow.ends.insert(out, (amount, held.hops));
        } else if amount > Amount::ZERO {
            self.go_on(out, held);
        }
    }

    fn go_on(&mut self, out: OutId, held: Held<R::Load>) {
        let amount = R::amount(&held.load);
        let Some(spender) = self.graph.spender(out).filter(|spender| self.counts(*spender)) else {
            self.flow.unspent += amount;
            self.flow.ends.insert(out, (amount, held.hops));
            return;
        };
        if self.stops.hops.is_some_and(|most| held.hops >= most) {
            self.flow.hops += amount;
        } else if self.stops.age.is_some_and(|most| self.graph.time_of(spender).saturating_sub(held.since) > most) {
            self.flow.age += amount;
        } else {
            self.held.insert(out, held);
            self.waiting.insert(spender);
        }
    }
}
