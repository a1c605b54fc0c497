//! From some outputs onwards: where their money went, under one rule.

use super::amount::Amount;
use super::rules::{Fifo, Forward, Haircut, Lifo, Poison};
use super::slots::Slots;
use super::waiting::Waiting;
use super::{Rule, Stops};
use crate::graph::{Graph, OutId, Paid, TxId};
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

#[derive(Default)]
struct Held<L> {
    load: L,
    /// The whole output's value: who spends it needs it, and here it is near.
    value: u64,
    hops: u16,
    since: u32,
}

struct Walk<'g, R: Forward> {
    graph: &'g Graph,
    stops: &'g Stops,
    // INVARIANT: the outputs it begins with are marked.
    held: Slots<Held<R::Load>>,
    // INVARIANT: every transaction in here spends something that is held.
    waiting: Waiting,
    flow: Flow,
    /// Where it arrived or rests. An output is paid once, so it stands here once.
    ends: Vec<(OutId, (Amount, u16))>,
    /// What the transaction at hand pays, here so that its memory is used again.
    loads: Vec<R::Load>,
    room: R::Room,
}

impl<'g, R: Forward> Walk<'g, R> {
    fn new(graph: &'g Graph, seeds: &BTreeSet<OutId>, stops: &'g Stops) -> Self {
        let mut walk = Self {
            graph,
            stops,
            held: Slots::below(graph.out_count()),
            waiting: Waiting::below(graph.tx_count()),
            flow: Flow::default(),
            ends: Vec::new(),
            loads: Vec::new(),
            room: R::Room::default(),
        };
        for out in seeds {
            walk.held.mark(*out);
            let maker = graph.maker(*out);
            if !walk.counts(maker) {
                continue;
            }
            let load = R::whole(graph.value(*out));
            walk.flow.begun += R::amount(&load);
            let paid = Paid { out: *out, value: graph.value(*out), spender: graph.spender(*out) };
            walk.go_on(&paid, Held { load, value: paid.value, hops: 0, since: graph.time_of(maker) });
        }
        walk
    }

    fn run(mut self) -> Flow {
        while let Some(tx) = self.waiting.pop_first() {
            self.step(tx);
        }
        self.flow.ends = self.ends.into_iter().collect();
        self.flow
    }

    fn counts(&self, tx: TxId) -> bool {
        self.stops.until.is_none_or(|until| self.graph.height_of(tx) <= until)
    }

    fn step(&mut self, tx: TxId) {
        let graph = self.graph;
        let (mut hops, mut since, mut before) = (u16::MAX, 0, Amount::ZERO);
        // Only who asks for the sum pays for it.
        let sums = R::DRAWS || self.stops.joins;
        for out in graph.inputs_of(tx) {
            match self.held.take(out) {
                Some(held) => {
                    hops = hops.min(held.hops);
                    since = since.max(held.since);
                    if sums {
                        before += R::amount(&held.load);
                    }
                    R::spend(&mut self.room, Some(held.load), held.value);
                }
                None => R::spend(&mut self.room, None, graph.value(out)),
            }
        }
        if self.stops.is_join(graph, tx) {
            self.room = R::Room::default();
            self.flow.joins += before;
            return;
        }
        self.loads.clear();
        let fee = R::pay(&mut self.room, graph.paid_by(tx).map(|paid| paid.value), &mut self.loads);
        if R::DRAWS {
            let after: Amount = self.loads.iter().map(R::amount).chain([fee]).sum();
            self.flow.drawn += after.minus(before);
        }
        self.flow.fees += fee;
        let mut loads = std::mem::take(&mut self.loads);
        for (paid, load) in graph.paid_by(tx).zip(loads.drain(..)) {
            self.arrive(&paid, Held { load, value: paid.value, hops: hops.saturating_add(1), since });
        }
        self.loads = loads;
    }

    fn arrive(&mut self, paid: &Paid, held: Held<R::Load>) {
        let amount = R::amount(&held.load);
        if self.held.is_marked(paid.out) {
            // It began with all of this output; what arrives there was counted twice.
            self.flow.begun -= amount;
        } else if amount < Amount::of_satoshi(self.stops.dust) {
            self.flow.dust += amount;
        } else if amount > Amount::ZERO && self.stops.is_service(self.graph, paid.out) {
            self.flow.arrived += amount;
            self.ends.push((paid.out, (amount, held.hops)));
        } else if amount > Amount::ZERO {
            self.go_on(paid, held);
        }
    }

    // Once for every output of a trace; as a call it costs more than it does.
    #[inline(always)]
    fn go_on(&mut self, paid: &Paid, held: Held<R::Load>) {
        let amount = R::amount(&held.load);
        let Some(spender) = paid.spender.filter(|spender| self.counts(*spender)) else {
            self.flow.unspent += amount;
            self.ends.push((paid.out, (amount, held.hops)));
            return;
        };
        if self.stops.hops.is_some_and(|most| held.hops >= most) {
            self.flow.hops += amount;
        } else if self.stops.age.is_some_and(|most| self.graph.time_of(spender).saturating_sub(held.since) > most) {
            self.flow.age += amount;
        } else {
            self.held.hold(paid.out, held);
            self.waiting.insert(spender);
        }
    }
}
