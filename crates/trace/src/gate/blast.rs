//! How many clients a request would expose.

use super::BlastQuery;
use super::answer::{BlastAnswer, Fall, Narrowed, RuleBands};
use crate::graph::{Graph, LockId, Locked, OutId, TxId};
use crate::taint::{Back, Rule, Spread, Stops, trace_back};
use countersign_core::band::Band;
use countersign_core::id::Digest;
use countersign_core::query::THRESHOLDS;
use countersign_core::time::{DAY, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::BuildHasherDefault;

/// What makes the shape of a list of donors: so many payments, of at most so many satoshi at the median, spent by few transactions.
const DONORS: (usize, u64) = (20, 5_000_000);

/// A question that the gate let pass, with what it is asked of.
pub(super) struct Passed<'q> {
    pub(super) graph: &'q Graph,
    pub(super) locked: &'q Locked,
    pub(super) query: &'q BlastQuery,
    pub(super) roots: BTreeSet<LockId>,
    pub(super) covers: BTreeSet<OutId>,
    pub(super) clients: &'q HashMap<OutId, u32, BuildHasherDefault<Spread>>,
    pub(super) stops: Stops,
}

/// Client, to least number of payments and sum in satoshi.
type Exposed = BTreeMap<u32, (u16, u64)>;

impl Passed<'_> {
    pub(super) fn answer(&self, query: Digest) -> BlastAnswer {
        let window = (self.query.from, self.query.to);
        let targets = self.payments(window);
        let exposed = self.exposed(&targets);
        let clients = exposed.iter().map(|(rule, exposed)| {
            let by_hops = (1..=self.query.hops).map(|hops| Band::of(count(exposed, hops, self.query.min_satoshi)));
            RuleBands { rule: *rule, by_hops: by_hops.collect() }
        });
        let falls = THRESHOLDS.into_iter().filter(|threshold| *threshold > self.query.min_satoshi);
        let fall = |min_satoshi| Fall { min_satoshi, clients: Band::of(most(&exposed, self.query.hops, min_satoshi)) };
        BlastAnswer {
            query,
            payments: Band::of(targets.len()),
            clients: clients.collect(),
            falls: falls.map(fall).collect(),
            narrowest: self.narrowest(&exposed),
            looks_like_donors: self.looks_like_donors(&targets),
        }
    }

    /// Outputs to the roots inside the window.
    fn payments(&self, (from, to): (Timestamp, Timestamp)) -> BTreeSet<OutId> {
        let graph = self.graph;
        let inside = |out: &OutId| (from.unix()..=to.unix()).contains(&i64::from(graph.time_of(graph.maker(*out))));
        self.locked.outputs_of(self.roots.iter().copied()).into_iter().filter(inside).collect()
    }

    fn exposed(&self, targets: &BTreeSet<OutId>) -> Vec<(Rule, Exposed)> {
        let answers = |out: OutId| self.clients.get(&out).copied();
        let question = Back { targets, answers: &answers, stops: &self.stops };
        let of_rule = |rule: &Rule| {
            let mut exposed = Exposed::new();
            for hit in trace_back(self.graph, &question, *rule).hits.values() {
                let (hops, sum) = exposed.entry(hit.answer).or_insert((u16::MAX, 0));
                *hops = (*hops).min(hit.hops);
                *sum = sum.saturating_add(hit.amount.satoshi());
            }
            (*rule, exposed)
        };
        Rule::ALL.iter().map(of_rule).collect()
    }

    /// Fewer payments, a higher threshold, a shorter window: as far as what has to be covered stays covered.
    fn narrowest(&self, exposed: &[(Rule, Exposed)]) -> Option<Narrowed> {
        let graph = self.graph;
        let times = || self.covers.iter().map(|out| i64::from(graph.time_of(graph.maker(*out))));
        let least = self.covers.iter().map(|out| graph.value(*out)).min()?;
        let at = |time: i64| Timestamp::from_unix(time);
        let window = (
            at(times().min()?.saturating_sub(DAY))?.max(self.query.from),
            at(times().max()?.saturating_add(DAY))?.min(self.query.to),
        );
        let min_satoshi = THRESHOLDS.into_iter().rev().find(|threshold| *threshold <= least).unwrap_or(0);
        let min_satoshi = min_satoshi.max(self.query.min_satoshi);
        let within = self.exposed(&self.payments(window));
        // What is covered is covered at so many payments at which a client stands behind every one of its outputs, or at all of them.
        let direct = self.covers.iter().all(|out| self.clients.contains_key(out));
        let hops = if direct { 1 } else { self.query.hops };
        let narrow = Band::of(most(&within, hops, min_satoshi));
        let asked = Band::of(most(exposed, self.query.hops, self.query.min_satoshi));
        (narrow < asked).then_some(Narrowed { from: window.0, to: window.1, min_satoshi, hops, clients: narrow })
    }

    fn looks_like_donors(&self, targets: &BTreeSet<OutId>) -> bool {
        let graph = self.graph;
        let exits: BTreeSet<TxId> = targets.iter().filter_map(|out| graph.spender(*out)).collect();
        let mut values: Vec<u64> = targets.iter().map(|out| graph.value(*out)).collect();
        values.sort_unstable();
        let median = values.get(values.len() / 2).copied().unwrap_or(u64::MAX);
        targets.len() >= DONORS.0 && median <= DONORS.1 && exits.len() <= (targets.len() / 10).max(3)
    }
}

fn count(exposed: &Exposed, hops: u8, min_satoshi: u64) -> usize {
    exposed.values().filter(|(least, sum)| *least < u16::from(hops) && *sum >= min_satoshi).count()
}

fn most(exposed: &[(Rule, Exposed)], hops: u8, min_satoshi: u64) -> usize {
    exposed.iter().map(|(_, exposed)| count(exposed, hops, min_satoshi)).max().unwrap_or(0)
}
