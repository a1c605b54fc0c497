//! What deposits are exposed to.

use super::answer::{ListExposure, Rest, RuleExposure};
use crate::graph::{Graph, OutId};
use crate::taint::{Amount, Back, Numbers, Rule, Share, Sources, Stops, trace_back, trace_forward};
use std::collections::{BTreeMap, BTreeSet};

/// One list as outputs: everything that was ever paid to its addresses.
pub(super) struct Listed<'l> {
    pub(super) name: &'l str,
    pub(super) outputs: BTreeSet<OutId>,
    /// The same, for looking up.
    pub(super) numbers: Numbers<OutId>,
}

/// One deposit, asked backwards.
pub(super) fn of_one(graph: &Graph, deposit: OutId, list: &Listed<'_>, stops: &Stops) -> ListExposure {
    let rules = Rule::ALL.iter().map(|rule| {
        let sources = sources(graph, deposit, list, stops, *rule);
        let share = |part: Amount| Share::of(part, sources.asked);
        let rest = Rest {
            mined: share(sources.mined),
            services: share(sources.services),
            mixes: share(sources.joins),
            outside: share(sources.outside),
            further: share(sources.hops),
            dust: share(sources.dust),
        };
        RuleExposure {
            rule: *rule,
            share: share(sources.found(*rule)),
            least_hops: sources.hits.values().map(|hit| hit.hops).min(),
            rest: (*rule != Rule::Poison).then_some(rest),
        }
    });
    range(list.name, rules.collect())
}

pub(super) fn sources(graph: &Graph, deposit: OutId, list: &Listed<'_>, stops: &Stops, rule: Rule) -> Sources {
    let targets = BTreeSet::from([deposit]);
    let answers = |out: OutId| list.numbers.contains(&out).then_some(0);
    trace_back(graph, &Back { targets: &targets, answers: &answers, stops }, rule)
}

/// Many deposits, each list followed forwards once. Where the rest comes from is not known then.
pub(super) fn of_many(
    graph: &Graph,
    deposits: &BTreeSet<OutId>,
    list: &Listed<'_>,
    stops: &Stops,
) -> BTreeMap<OutId, ListExposure> {
    let flows: Vec<_> =
        Rule::ALL.iter().map(|rule| (*rule, trace_forward(graph, &list.outputs, *rule, stops))).collect();
    let exposure = |deposit: &OutId| {
        let whole = Amount::of_satoshi(graph.value(*deposit));
        let rules = flows.iter().map(|(rule, flow)| {
            let listed = list.outputs.contains(deposit).then_some((whole, 0));
            let end = listed.or_else(|| flow.ends.get(deposit).copied());
            let share = end.map_or(Share::default(), |(amount, _)| Share::of(amount, whole));
            RuleExposure { rule: *rule, share, least_hops: end.map(|(_, hops)| hops), rest: None }
        });
        (*deposit, range(list.name, rules.collect()))
    };
    deposits.iter().map(exposure).collect()
}

fn range(list: &str, rules: Vec<RuleExposure>) -> ListExposure {
    let shares = || rules.iter().map(|rule| rule.share);
    let (low, high) = (shares().min().unwrap_or_default(), shares().max().unwrap_or_default());
    ListExposure { list: list.to_owned(), low, high, rules }
}
