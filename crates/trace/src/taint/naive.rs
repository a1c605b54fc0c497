//! The walks as they were first written, with ordered maps and a copy for everything: what the fast ones have to answer, to the last unit.

use super::amount::Amount;
use super::back::{Back, Hit, Sources};
use super::forward::Flow;
use super::{Rule, Stops};
use crate::graph::{Graph, OutId, TxId};
use std::collections::{BTreeMap, BTreeSet};

/// Follows all of these outputs.
pub(crate) fn trace_forward(graph: &Graph, seeds: &BTreeSet<OutId>, rule: Rule, stops: &Stops) -> Flow {
    match rule {
        Rule::Poison => Onwards::<Poison>::new(graph, seeds, stops).run(),
        Rule::Haircut => Onwards::<Haircut>::new(graph, seeds, stops).run(),
        Rule::Fifo => Onwards::<Fifo>::new(graph, seeds, stops).run(),
        Rule::Lifo => Onwards::<Lifo>::new(graph, seeds, stops).run(),
    }
}

struct Held<L> {
    load: L,
    hops: u16,
    since: u32,
}

struct Onwards<'g, R: Forward> {
    graph: &'g Graph,
    seeds: &'g BTreeSet<OutId>,
    stops: &'g Stops,
    held: BTreeMap<OutId, Held<R::Load>>,
    // INVARIANT: every transaction in here spends something that is held.
    waiting: BTreeSet<TxId>,
    flow: Flow,
}

impl<'g, R: Forward> Onwards<'g, R> {
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

/// Asks where all of the targets' money came from.
pub(crate) fn trace_back(graph: &Graph, question: &Back<'_>, rule: Rule) -> Sources {
    match rule {
        Rule::Poison => Backwards::<Poison>::new(graph, question).run(),
        Rule::Haircut => Backwards::<Haircut>::new(graph, question).run(),
        Rule::Fifo => Backwards::<Fifo>::new(graph, question).run(),
        Rule::Lifo => Backwards::<Lifo>::new(graph, question).run(),
    }
}

struct Asked<A> {
    ask: A,
    hops: u16,
    until: u32,
}

struct Backwards<'q, R: Backward> {
    graph: &'q Graph,
    question: &'q Back<'q>,
    asked: BTreeMap<OutId, Asked<R::Ask>>,
    // INVARIANT: every transaction in here made something that is asked about.
    waiting: BTreeSet<TxId>,
    sources: Sources,
}

impl<'q, R: Backward> Backwards<'q, R> {
    fn new(graph: &'q Graph, question: &'q Back<'q>) -> Self {
        let mut walk =
            Self { graph, question, asked: BTreeMap::new(), waiting: BTreeSet::new(), sources: Sources::default() };
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
        self.sources
    }

    fn step(&mut self, tx: TxId) {
        let (mut hops, mut until) = (u16::MAX, 0);
        let mut most: Option<(Amount, OutId)> = None;
        let mut outputs = Vec::new();
        for out in self.graph.outputs_of(tx) {
            let asked = self.asked.remove(&out);
            if let Some(asked) = &asked {
                hops = hops.min(asked.hops);
                until = until.max(asked.until);
                let amount = R::amount(&asked.ask);
                if most.is_none_or(|(largest, _)| amount > largest) {
                    most = Some((amount, out));
                }
            }
            outputs.push((asked.map(|asked| asked.ask), self.graph.value(out)));
        }
        let inputs: Vec<OutId> = self.graph.inputs_of(tx).collect();
        let values: Vec<u64> = inputs.iter().map(|out| self.graph.value(*out)).collect();
        for (out, ask) in inputs.into_iter().zip(R::apply(&values, &outputs)) {
            let amount = R::amount(&ask);
            if amount == Amount::ZERO {
                continue;
            }
            if self.question.targets.contains(&out) {
                // All of it is asked about already; this part of it was counted twice.
                self.sources.asked -= amount;
                continue;
            }
            if let Some((_, onwards)) = most {
                self.sources.onwards.push((out, onwards));
            }
            self.ask(out, Asked { ask, hops: hops.saturating_add(1), until });
        }
    }

    fn ask(&mut self, out: OutId, asked: Asked<R::Ask>) {
        let (graph, stops) = (self.graph, self.question.stops);
        let (amount, maker) = (R::amount(&asked.ask), graph.maker(out));
        let sources = &mut self.sources;
        if amount < Amount::of_satoshi(stops.dust) {
            sources.dust += amount;
        } else if let Some(answer) = (self.question.answers)(out) {
            sources.hits.insert(out, Hit { answer, amount, hops: asked.hops });
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
        } else if stops.is_join(graph, maker) {
            sources.joins += amount;
        } else {
            self.asked.insert(out, asked);
            self.waiting.insert(maker);
        }
    }
}

/// A rule, forwards: inputs to outputs.
pub(super) trait Forward {
    /// The part of one output that is followed.
    type Load: Clone;

    /// All of an output.
    fn whole(value: u64) -> Self::Load;
    /// How much that is.
    fn amount(load: &Self::Load) -> Amount;
    /// Inputs with their values (`None`: nothing of it is followed) to outputs; the last load is the fee's.
    fn apply(inputs: &[(Option<Self::Load>, u64)], outputs: &[u64]) -> (Vec<Self::Load>, Self::Load);
}

/// A rule, backwards: outputs to inputs.
pub(super) trait Backward {
    /// The part of one output that is asked about.
    type Ask: Clone;

    /// All of an output.
    fn whole(value: u64) -> Self::Ask;
    /// How much that is.
    fn amount(ask: &Self::Ask) -> Amount;
    /// Outputs with what is asked of them, in order, to inputs.
    fn apply(inputs: &[u64], outputs: &[(Option<Self::Ask>, u64)]) -> Vec<Self::Ask>;
}

/// Any part makes the whole.
pub(super) struct Poison;

impl Forward for Poison {
    type Load = u64;

    fn whole(value: u64) -> u64 {
        value
    }

    fn amount(load: &u64) -> Amount {
        Amount::of_satoshi(*load)
    }

    fn apply(inputs: &[(Option<u64>, u64)], outputs: &[u64]) -> (Vec<u64>, u64) {
        (outputs.to_vec(), sum(inputs.iter().map(|input| input.1)).saturating_sub(sum(outputs.iter().copied())))
    }
}

impl Backward for Poison {
    type Ask = u64;

    fn whole(value: u64) -> u64 {
        value
    }

    fn amount(ask: &u64) -> Amount {
        Amount::of_satoshi(*ask)
    }

    fn apply(inputs: &[u64], _: &[(Option<u64>, u64)]) -> Vec<u64> {
        inputs.to_vec()
    }
}

/// Every output has the mix of all inputs.
pub(super) struct Haircut;

impl Forward for Haircut {
    type Load = Amount;

    fn whole(value: u64) -> Amount {
        Amount::of_satoshi(value)
    }

    fn amount(load: &Amount) -> Amount {
        *load
    }

    fn apply(inputs: &[(Option<Amount>, u64)], outputs: &[u64]) -> (Vec<Amount>, Amount) {
        let followed: Amount = inputs.iter().filter_map(|input| input.0).sum();
        divide(followed, outputs, sum(inputs.iter().map(|input| input.1)))
    }
}

impl Backward for Haircut {
    type Ask = Amount;

    fn whole(value: u64) -> Amount {
        Amount::of_satoshi(value)
    }

    fn amount(ask: &Amount) -> Amount {
        *ask
    }

    fn apply(inputs: &[u64], outputs: &[(Option<Amount>, u64)]) -> Vec<Amount> {
        let asked: Amount = outputs.iter().filter_map(|output| output.0).sum();
        // INVARIANT: the inputs are the whole, so nothing is left over.
        divide(asked, inputs, sum(inputs.iter().copied())).0
    }
}

/// Runs of satoshi: how many, and whether they are followed. Neighbours differ.
type Runs = Vec<(u64, bool)>;

/// Inputs and outputs as two queues: what comes first (`BACK`: last) pays what comes first.
pub(super) struct Queue<const BACK: bool>;

pub(super) type Fifo = Queue<false>;
pub(super) type Lifo = Queue<true>;

impl<const BACK: bool> Forward for Queue<BACK> {
    type Load = Runs;

    fn whole(value: u64) -> Runs {
        vec![(value, true)]
    }

    fn amount(load: &Runs) -> Amount {
        Amount::of_satoshi(sum(load.iter().filter(|run| run.1).map(|run| run.0)))
    }

    fn apply(inputs: &[(Option<Runs>, u64)], outputs: &[u64]) -> (Vec<Runs>, Runs) {
        let mut stream: Runs = Vec::new();
        for (load, value) in inputs {
            match load {
                Some(runs) => runs.iter().for_each(|run| push_run(&mut stream, *run)),
                None => push_run(&mut stream, (*value, false)),
            }
        }
        // What is taken next stands at the end.
        if !BACK {
            stream.reverse();
        }
        let paid = outputs.iter().map(|value| take(&mut stream, *value)).collect();
        stream.reverse();
        (paid, stream)
    }
}

fn push_run(runs: &mut Runs, (length, followed): (u64, bool)) {
    match runs.last_mut() {
        Some(last) if last.1 == followed => last.0 = last.0.saturating_add(length),
        _ if length > 0 => runs.push((length, followed)),
        _ => {}
    }
}

fn take(stream: &mut Runs, mut wanted: u64) -> Runs {
    let mut out = Vec::new();
    while wanted > 0 {
        let Some((length, followed)) = stream.pop() else { break };
        let taken = length.min(wanted);
        push_run(&mut out, (taken, followed));
        if length > taken {
            stream.push((length - taken, followed));
        }
        wanted -= taken;
    }
    out
}

/// Places inside an output, from the first satoshi taken on: sorted, apart from one another.
type Places = Vec<(u64, u64)>;

impl<const BACK: bool> Backward for Queue<BACK> {
    type Ask = Places;

    fn whole(value: u64) -> Places {
        vec![(0, value)]
    }

    fn amount(ask: &Places) -> Amount {
        Amount::of_satoshi(sum(ask.iter().map(|(from, to)| to.saturating_sub(*from))))
    }

    fn apply(inputs: &[u64], outputs: &[(Option<Places>, u64)]) -> Vec<Places> {
        let total = sum(inputs.iter().copied());
        let (mut start, mut asked) = (0u64, Places::new());
        for (places, value) in outputs {
            asked.extend(
                places.iter().flatten().map(|(from, to)| (start.saturating_add(*from), start.saturating_add(*to))),
            );
            start = start.saturating_add(*value);
        }
        if BACK {
            // The queue is served from its end: the first place taken is the last satoshi of the inputs.
            asked = asked
                .into_iter()
                .rev()
                .map(|(from, to)| (total.saturating_sub(to), total.saturating_sub(from)))
                .collect();
        }
        let mut start = 0u64;
        let mut left = asked.as_slice();
        let mut out = Vec::with_capacity(inputs.len());
        for value in inputs {
            let end = start.saturating_add(*value);
            let mut places = Places::new();
            while let Some(((from, to), rest)) = left.split_first() {
                let (low, high) = ((*from).max(start), (*to).min(end));
                if low < high {
                    push_place(&mut places, (low - start, high - start));
                }
                if *to > end {
                    break;
                }
                left = rest;
            }
            out.push(places);
            start = end;
        }
        out
    }
}

fn push_place(places: &mut Places, (from, to): (u64, u64)) {
    match places.last_mut() {
        Some(last) if last.1 == from => last.1 = to,
        _ => places.push((from, to)),
    }
}

fn sum(values: impl Iterator<Item = u64>) -> u64 {
    values.fold(0, u64::saturating_add)
}

/// As [`Amount::divide`], whose rounding its own tests compare with the plain formula.
fn divide(amount: Amount, parts: &[u64], whole: u64) -> (Vec<Amount>, Amount) {
    let mut out = Vec::new();
    let left = amount.divide(parts.iter().copied(), whole, &mut out);
    (out, left)
}
