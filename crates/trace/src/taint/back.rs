//! From some outputs backwards: where their money came from, under one rule.

use super::amount::Amount;
use super::rules::{Backward, Fifo, Haircut, Lifo, Poison};
use super::slots::Slots;
use super::waiting::Waiting;
use super::{Rule, Stops};
use crate::graph::{Graph, OutId, TxId};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What is asked: whose money is in these outputs.
pub(crate) struct Back<'q> {
    /// The outputs.
    pub(crate) targets: &'q BTreeSet<OutId>,
    /// Outputs that are an answer: a number for whom or what they stand for.
    pub(crate) answers: &'q dyn Fn(OutId) -> Option<u32>,
    /// Where tracing ends.
    pub(crate) stops: &'q Stops,
}

/// One output that is an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// What it stands for.
    pub(crate) answer: u32,
    /// How much of what was asked comes from it.
    pub(crate) amount: Amount,
    /// Least number of payments in between.
    pub(crate) hops: u16,
}

/// Where the money came from. The ledger closes: `asked = hits + mined + services + joins + outside + hops + age + dust`, for every rule but
/// poison, which knows no parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sources {
    /// What was asked about.
    pub(crate) asked: Amount,
    /// Came from answers.
    pub(crate) hits: BTreeMap<OutId, Hit>,
    /// Was mined.
    pub(crate) mined: Amount,
    /// Came out of services.
    pub(crate) services: Amount,
    /// Came out of mixes.
    pub(crate) joins: Amount,
    /// Was made outside of the graph.
    pub(crate) outside: Amount,
    /// Not asked further: enough payments.
    pub(crate) hops: Amount,
    /// Not asked further: too long ago.
    pub(crate) age: Amount,
    /// Dropped in small parts.
    pub(crate) dust: Amount,
    /// For each output that was asked about and is no target: the output that most of it went into. In the order of the walk, each once.
    pub(super) onwards: Vec<(OutId, OutId)>,
}

impl Sources {
    /// What came from answers. Poison: everything that was asked about, if anything came.
    pub(crate) fn found(&self, rule: Rule) -> Amount {
        match rule {
            Rule::Poison if self.hits.is_empty() => Amount::ZERO,
            Rule::Poison => self.asked,
            _ => self.hits.values().map(|hit| hit.amount).sum(),
        }
    }

    /// Both sides of the ledger.
    #[cfg(test)]
    pub(crate) fn sides(&self) -> (u128, u128) {
        let hits: Amount = self.hits.values().map(|hit| hit.amount).sum();
        let parts = [hits, self.mined, self.services, self.joins, self.outside, self.hops, self.age, self.dust];
        (self.asked.units(), parts.into_iter().sum::<Amount>().units())
    }

    /// The outputs from an answer to the target, by where most of it went.
    pub(crate) fn path(&self, mut from: OutId) -> Vec<OutId> {
        // Few ask for paths, and they ask for one.
        let onwards: HashMap<OutId, OutId> = self.onwards.iter().copied().collect();
        let mut path = vec![from];
        // INVARIANT: an output is made before the one it goes into, so this ends.
        while let Some(next) = onwards.get(&from).filter(|next| **next > from) {
            path.push(*next);
            from = *next;
        }
        path
    }
}

/// Asks where all of the targets' money came from.
pub(crate) fn trace_back(graph: &Graph, question: &Back<'_>, rule: Rule) -> Sources {
    match rule {
        Rule::Poison => Walk::<Poison>::new(graph, question).run(),
        Rule::Haircut => Walk::<Haircut>::new(graph, question).run(),
        Rule::Fifo => Walk::<Fifo>::new(graph, question).run(),
        Rule::Lifo => Walk::<Lifo>::new(graph, question).run(),
    }
}

#[derive(Default)]
struct Asked<A> {
    ask: A,
    hops: u16,
    until: u32,
}

struct Walk<'q, R: Backward> {
    graph: &'q Graph,
    question: &'q Back<'q>,
    // INVARIANT: the targets are marked.
    asked: Slots<Asked<R::Ask>>,
    // INVARIANT: every transaction in here made something that is asked about, and is no mix where mixes end it.
    waiting: Waiting,
    sources: Sources,
    /// Answers. An output is spent once, so it stands here once.
    hits: Vec<(OutId, Hit)>,
    /// Outputs and inputs of the transaction at hand, here so that their memory is used again.
    outputs: Vec<(Option<R::Ask>, u64)>,
    inputs: Vec<OutId>,
    values: Vec<u64>,
    asks: Vec<R::Ask>,
    room: R::Room,
}

impl<'q, R: Backward> Walk<'q, R> {
    fn new(graph: &'q Graph, question: &'q Back<'q>) -> Self {
        let mut walk = Self {
            graph,
            question,
            asked: Slots::below(graph.out_count()),
            waiting: Waiting::below(graph.tx_count()),
            sources: Sources::default(),
            hits: Vec::new(),
            outputs: Vec::new(),
            inputs: Vec::new(),
            values: Vec::new(),
            asks: Vec::new(),
            room: R::Room::default(),
        };
        for out in question.targets {
            walk.asked.mark(*out);
        }
        for out in question.targets {
            let ask = R::whole(graph.value(*out));
            walk.sources.asked += R::amount(&ask);
            walk.ask(*out, Asked { ask, hops: 0, until: graph.time_of(graph.maker(*out)) });
        }
        walk
    }

    fn run(mut self) -> Sources {
        while let Some(tx) = self.waiting.pop_last() {
            self.step(tx);
        }
        self.sources.hits = self.hits.into_iter().collect();
        self.sources
    }

    fn step(&mut self, tx: TxId) {
        let graph = self.graph;
        let (mut hops, mut until) = (u16::MAX, 0);
        let mut most: Option<(Amount, OutId)> = None;
        self.outputs.clear();
        for out in graph.outputs_of(tx) {
            let asked = self.asked.take(out);
            if let Some(asked) = &asked {
                hops = hops.min(asked.hops);
                until = until.max(asked.until);
                let amount = R::amount(&asked.ask);
                if most.is_none_or(|(largest, _)| amount > largest) {
                    most = Some((amount, out));
                }
            }
            self.outputs.push((asked.map(|asked| asked.ask), graph.value(out)));
        }
        self.inputs.clear();
        self.inputs.extend(graph.inputs_of(tx));
        self.values.clear();
        self.values.extend(self.inputs.iter().map(|out| graph.value(*out)));
        self.asks.clear();
        R::apply(&self.values, &self.outputs, &mut self.asks, &mut self.room);
        let (mut inputs, mut asks) = (std::mem::take(&mut self.inputs), std::mem::take(&mut self.asks));
        for (out, ask) in inputs.drain(..).zip(asks.drain(..)) {
            let amount = R::amount(&ask);
            if amount == Amount::ZERO {
                continue;
            }
            if self.asked.is_marked(out) {
                // All of it is asked about already; this part of it was counted twice.
                self.sources.asked -= amount;
                continue;
            }
            if let Some((_, onwards)) = most {
                self.sources.onwards.push((out, onwards));
            }
            self.ask(out, Asked { ask, hops: hops.saturating_add(1), until });
        }
        (self.inputs, self.asks) = (inputs, asks);
    }

    fn ask(&mut self, out: OutId, asked: Asked<R::Ask>) {
        let (graph, stops) = (self.graph, self.question.stops);
        let (amount, maker) = (R::amount(&asked.ask), graph.maker(out));
        let sources = &mut self.sources;
        if amount < Amount::of_satoshi(stops.dust) {
            sources.dust += amount;
        } else if let Some(answer) = (self.question.answers)(out) {
            self.hits.push((out, Hit { answer, amount, hops: asked.hops }));
        } else if asked.hops > 0 && stops.is_service(graph, out) {
            sources.services += amount;
        } else if graph.is_coinbase(maker) {
            sources.mined += amount;
        } else if graph.is_stub(maker) {
            sources.outside += amount;
        } else if stops.hops.is_some_and(|most| asked.hops >= most) {
            sources.hops += amount;
        } else if stops.age.is_some_and(|most| asked.until.saturating_sub(graph.time_of(maker)) > most) {
            sources.age += amount;
        } else if !self.waiting.contains(maker) && stops.is_join(graph, maker) {
            sources.joins += amount;
        } else {
            self.asked.hold(out, asked);
            self.waiting.insert(maker);
        }
    }
}
