//! The rules against BlockSci's expectations, against an oracle in Python, and against themselves in the other direction.

use super::*;
use crate::graph::tests::{Chain, pay, random_chain};
use crate::graph::{Graph, OutId};
use crate::wire::{Outpoint, Txid};
use countersign_testkit::require::{data, program};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

fn only(out: OutId) -> BTreeSet<OutId> {
    BTreeSet::from([out])
}

fn out(graph: &Graph, txid: Txid, vout: u32) -> OutId {
    graph.out_id(&Outpoint { txid, vout }).unwrap()
}

#[test]
fn stops_keep_what_they_stop() {
    let mut chain = Chain::new();
    let coin = chain.block(1, &[])[0];
    let split = chain.block(9, &[pay(&[(coin, 0)], &[(3_000_000_000, 2), (1_999_990_000, 3)])])[1];
    let next = chain.block(9, &[pay(&[(split, 0)], &[(2_999_000_000, 4), (500, 5)])])[1];
    let graph = &chain.graph;
    let seeds = only(out(graph, coin, 0));
    let run = |stops: &Stops| {
        let flow = trace_forward(graph, &seeds, Rule::Fifo, stops);
        let (left, right) = flow.sides();
        assert_eq!(left, right);
        flow
    };
    let all = run(&Stops::default());
    assert_eq!(
        (all.begun.satoshi(), all.unspent.satoshi(), all.fees.satoshi()),
        (5_000_000_000, 4_998_990_500, 1_009_500)
    );
    assert_eq!(all.ends[&out(graph, next, 0)], (Amount::of_satoshi(2_999_000_000), 2));
    assert_eq!(run(&Stops { dust: 546, ..Stops::default() }).dust.satoshi(), 500);
    assert_eq!(run(&Stops { hops: Some(1), ..Stops::default() }).hops.satoshi(), 3_000_000_000);
    assert_eq!(run(&Stops { until: Some(1), ..Stops::default() }).unspent.satoshi(), 4_999_990_000);
    assert_eq!(run(&Stops { age: Some(600), ..Stops::default() }).age.satoshi(), 3_000_000_000);
    let services = [graph.lock(out(graph, split, 0))].into_iter().collect();
    let stopped = run(&Stops { services, ..Stops::default() });
    assert_eq!((stopped.arrived.satoshi(), stopped.ends.len()), (3_000_000_000, 2));

    let targets = only(out(graph, next, 0));
    let back = |stops: &Stops, answer: OutId| {
        let answers = |at: OutId| (at == answer).then_some(7);
        let sources = trace_back(graph, &Back { targets: &targets, answers: &answers, stops }, Rule::Haircut);
        let (left, right) = sources.sides();
        assert_eq!(left, right);
        sources
    };
    let found = back(&Stops::default(), out(graph, coin, 0));
    assert_eq!((found.found(Rule::Haircut).satoshi(), found.hits.values().next().unwrap().hops), (2_999_000_000, 2));
    let path = [out(graph, coin, 0), out(graph, split, 0), out(graph, next, 0)];
    assert_eq!(found.path(path[0]), path);
    assert_eq!(back(&Stops::default(), 9_999).mined.satoshi(), 2_999_000_000);
    assert_eq!(back(&Stops { hops: Some(1), ..Stops::default() }, path[0]).hops.satoshi(), 2_999_000_000);
    assert_eq!(back(&Stops { age: Some(600), ..Stops::default() }, 9_999).mined.satoshi(), 2_999_000_000);
    assert_eq!(back(&Stops { age: Some(599), ..Stops::default() }, 9_999).age.satoshi(), 2_999_000_000);
    assert_eq!(back(&Stops { dust: 1 << 40, ..Stops::default() }, path[0]).dust.satoshi(), 2_999_000_000);
    let services = [graph.lock(path[1])].into_iter().collect();
    assert_eq!(back(&Stops { services, ..Stops::default() }, path[0]).services.satoshi(), 2_999_000_000);
}

#[test]
fn mixes_break_the_trace() {
    let mut chain = Chain::new();
    let coins: Vec<Txid> = (0..3).map(|owner| chain.block(owner, &[])[0]).collect();
    let inputs: Vec<(Txid, u32)> = coins.iter().map(|coin| (*coin, 0)).collect();
    let outputs = [(100, 10), (100, 11), (100, 12), (4_000_000_000, 13), (4_000_000_001, 14)];
    let mix = chain.block(9, &[pay(&inputs, &outputs)])[1];
    let graph = &chain.graph;
    let stops = Stops { joins: true, ..Stops::default() };
    for rule in Rule::ALL {
        let flow = trace_forward(graph, &only(out(graph, coins[0], 0)), *rule, &stops);
        assert_eq!((flow.joins.satoshi(), flow.ends.len()), (5_000_000_000, 0), "{rule}");
        let targets = only(out(graph, mix, 0));
        let sources = trace_back(graph, &Back { targets: &targets, answers: &|_| Some(0), stops: &stops }, *rule);
        assert_eq!(sources.found(*rule).satoshi(), 100);
        let sources = trace_back(graph, &Back { targets: &targets, answers: &|_| None, stops: &stops }, *rule);
        assert_eq!(sources.joins.satoshi(), 100, "{rule}");
    }
}

fn names() -> Option<(Graph, BTreeMap<String, serde_json::Value>)> {
    let graph = crate::source::tests::regtest()?;
    let file = data()?.join("trace/blocks/blocksci_regtest_btc_output.json");
    Some((graph, serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()))
}

/// The expectations of BlockSci's own tests (`test/blockscipy/test_taint.py`), where a fee is 10,000 satoshi. Without fees its results are our
/// `ends`; with fees it follows them into the miner's coinbase, which our ledger keeps as fees.
#[test]
fn blocksci_expects_the_same() {
    const COIN: u64 = 100_000_000;
    const FEE: u64 = 10_000;
    let Some((graph, names)) = names() else { return };
    let named = |name: &str| out(&graph, names[name].as_str().unwrap().parse().unwrap(), 0);
    let (split, fund) = (named("taint-split-tx-1"), named("taint-fund-tx-2"));
    let height = graph.height_of(graph.maker(split));
    let run = |seeds: &[OutId], rule, until| {
        let seeds: BTreeSet<OutId> = seeds.iter().copied().collect();
        let flow = trace_forward(&graph, &seeds, rule, &Stops { until, ..Stops::default() });
        assert_eq!(flow.sides().0, flow.sides().1);
        let values: u64 = flow.ends.keys().map(|out| graph.value(*out)).sum();
        (flow.ends.len(), values, flow)
    };
    // One output, until the next block and until the end.
    let (count, values, flow) = run(&[split], Rule::Poison, Some(height + 1));
    assert_eq!((count, values, flow.unspent.satoshi()), (1, 3 * COIN - 3 * FEE, 3 * COIN - 3 * FEE));
    let (count, values, flow) = run(&[split], Rule::Poison, None);
    assert_eq!((count, values, flow.unspent.satoshi()), (1, 15 * COIN - 6 * FEE, 15 * COIN - 6 * FEE));
    // Two outputs.
    let (count, values, _) = run(&[split, fund], Rule::Poison, Some(height + 1));
    assert_eq!((count, values), (2, 15 * COIN - 5 * FEE));
    let (count, values, _) = run(&[split, fund], Rule::Poison, None);
    assert_eq!((count, values), (1, 15 * COIN - 6 * FEE));
    // Haircut; BlockSci computes in floating point and states the result of its own rounding, one satoshi below.
    let (count, values, flow) = run(&[split], Rule::Haircut, Some(height + 1));
    let part = (COIN - FEE) as f64;
    let expected = part - part / (3 * COIN - 2 * FEE) as f64 * FEE as f64;
    assert_eq!((count, values), (1, 3 * COIN - 3 * FEE));
    assert!((flow.unspent.satoshi() as f64 - expected).abs() <= 1.0, "{} {expected}", flow.unspent.satoshi());
    let (count, values, flow) = run(&[split], Rule::Haircut, None);
    assert_eq!((count, values), (1, 15 * COIN - 6 * FEE));
    assert!(flow.unspent.satoshi().abs_diff(99_986_000) <= 1, "{}", flow.unspent.satoshi());
    // Nothing is lost: with the fees it is all that it began with.
    for (seeds, all) in [(&[split][..], COIN - FEE), (&[split, fund], 9 * COIN - FEE)] {
        for until in [Some(height + 1), Some(height + 2), None] {
            let (_, _, flow) = run(seeds, Rule::Haircut, until);
            assert_eq!(
                (flow.unspent.units() + flow.fees.units(), flow.dust),
                (Amount::of_satoshi(all).units(), Amount::ZERO)
            );
        }
    }
    // One transaction that maps many inputs to many outputs. BlockSci counts the coinbase too, 25 bitcoin and the fee.
    let mapped = named("taint-mapping-fund-tx-2");
    let until = Some(graph.height_of(graph.maker(mapped)) + 1);
    let (count, values, flow) = run(&[mapped], Rule::Poison, until);
    assert_eq!((count + 1, values + 25 * COIN + flow.fees.satoshi()), (4, 35 * COIN));
    let (count, values, flow) = run(&[mapped], Rule::Haircut, until);
    assert_eq!((count + 1, values + 25 * COIN + FEE), (4, 35 * COIN));
    assert_eq!(flow.unspent.units() + flow.fees.units(), Amount::of_satoshi(4 * COIN).units());
    // A horizon beyond the chain is none.
    assert_eq!(run(&[split], Rule::Poison, Some(999_999_999)).2, run(&[split], Rule::Poison, None).2);
}

/// Answers of the Python oracle.
#[derive(serde::Deserialize)]
struct Oracle {
    haircut: BTreeMap<OutId, (String, String)>,
    fifo: BTreeMap<OutId, u64>,
    fees: ((String, String), u64),
}

fn ask_oracle(python: &std::path::Path, graph: &Graph, seeds: &BTreeSet<OutId>) -> Oracle {
    let transactions: Vec<serde_json::Value> = (0..graph.tx_count())
        .map(|tx| {
            let outputs: Vec<u64> = graph.outputs_of(tx).map(|out| graph.value(out)).collect();
            serde_json::json!({"inputs": graph.inputs_of(tx).collect::<Vec<_>>(), "outputs": outputs})
        })
        .collect();
    let question = serde_json::json!({"transactions": transactions, "seeds": seeds});
    let mut child = Command::new(python)
        .args(["-c", include_str!("oracle.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(question.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Whether an amount is `numerator / denominator` satoshi but for the roundings of a whole graph.
fn is_nearly(amount: Amount, (numerator, denominator): &(String, String)) -> bool {
    // Fractions outgrow every integer here; sixty bits in front decide far below what is compared.
    let (n, d) = (leading(numerator), leading(denominator));
    let exact = n.0 / d.0 * 10f64.powi(n.1 - d.1);
    (amount.units() as f64 / f64::from(1 << 24) - exact).abs() <= 1e-3 + exact * 1e-12
}

fn leading(digits: &str) -> (f64, i32) {
    let (front, rest) = digits.split_at(digits.len().min(18));
    (front.parse().unwrap(), rest.len() as i32)
}

fn choices() -> impl Strategy<Value = Vec<(u8, u8, u16)>> {
    prop::collection::vec((0u8..5, any::<u8>(), any::<u16>()), 2..60)
}

fn some_outputs(graph: &Graph, marks: &[prop::sample::Index]) -> BTreeSet<OutId> {
    marks.iter().map(|mark| mark.index(graph.out_count() as usize) as OutId).collect()
}

#[test]
fn the_oracle_agrees_on_random_graphs() {
    let Some(python) = program("python3") else { return };
    let config = ProptestConfig::with_cases(40);
    let marks = prop::collection::vec(any::<prop::sample::Index>(), 1..4);
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let result = runner.run(&(choices(), marks), |(choices, marks)| {
        let (chain, _) = random_chain(&choices);
        let graph = &chain.graph;
        let seeds = some_outputs(graph, &marks);
        let oracle = ask_oracle(&python, graph, &seeds);
        let fifo = trace_forward(graph, &seeds, Rule::Fifo, &Stops::default());
        let ends: BTreeMap<OutId, u64> = fifo
            .ends
            .iter()
            .map(|(out, (amount, _))| (*out, amount.satoshi()))
            .filter(|(_, amount)| *amount > 0)
            .collect();
        prop_assert_eq!(&ends, &oracle.fifo);
        prop_assert_eq!(fifo.fees, Amount::of_satoshi(oracle.fees.1));
        let haircut = trace_forward(graph, &seeds, Rule::Haircut, &Stops::default());
        prop_assert!(is_nearly(haircut.fees, &oracle.fees.0));
        for (out, (amount, _)) in &haircut.ends {
            let exact = oracle.haircut.get(out).cloned().unwrap_or(("0".into(), "1".into()));
            prop_assert!(is_nearly(*amount, &exact), "{} {:?} {:?}", out, amount, exact);
        }
        prop_assert!(
            oracle
                .haircut
                .keys()
                .all(|out| haircut.ends.contains_key(out) || is_nearly(Amount::ZERO, &oracle.haircut[out]))
        );
        Ok(())
    });
    result.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_ledger_closes(
        choices in choices(),
        marks in prop::collection::vec(any::<prop::sample::Index>(), 1..5),
        dust in 0u64..2_000_000,
        limits in (prop::option::of(0u16..6), prop::option::of(0u32..9_000), prop::option::of(0u32..40), any::<bool>()),
        services in prop::collection::hash_set(0u32..6, 0..3),
    ) {
        let (chain, _) = random_chain(&choices);
        let graph = &chain.graph;
        let seeds = some_outputs(graph, &marks);
        let (hops, age, until, joins) = limits;
        let services = services.into_iter().collect();
        let stops = Stops { services, outputs: Numbers::default(), joins, dust, hops, age, until };
        for rule in Rule::ALL {
            let flow = trace_forward(graph, &seeds, *rule, &stops);
            prop_assert_eq!(flow.sides().0, flow.sides().1, "{}", rule);
            if *rule != Rule::Poison {
                prop_assert_eq!(flow.drawn, Amount::ZERO, "{}", rule);
                let answers = |out: OutId| out.is_multiple_of(5).then_some(0);
                let sources = trace_back(graph, &Back { targets: &seeds, answers: &answers, stops: &stops }, *rule);
                prop_assert_eq!(sources.sides().0, sources.sides().1, "{}", rule);
            }
        }
    }

    #[test]
    fn flat_walks_answer_what_ordered_maps_answered(
        choices in choices(),
        marks in prop::collection::vec(any::<prop::sample::Index>(), 1..5),
        dust in prop_oneof![Just(0u64), 0u64..2_000_000],
        limits in (prop::option::of(0u16..6), prop::option::of(0u32..9_000), prop::option::of(0u32..40), any::<bool>()),
        services in prop::collection::hash_set(0u32..6, 0..3),
        ends in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        every in 2u64..9,
    ) {
        let (chain, _) = random_chain(&choices);
        let graph = &chain.graph;
        let mut seeds = some_outputs(graph, &marks);
        let (hops, age, until, joins) = limits;
        let outputs = some_outputs(graph, &ends).into_iter().collect();
        let services = services.into_iter().collect();
        let stops = Stops { services, outputs, joins, dust, hops, age, until };
        let answers = |out: OutId| out.is_multiple_of(every).then_some((out % 3) as u32);
        for beyond in [false, true] {
            if beyond {
                // What is not in the graph.
                seeds.insert(graph.out_count() + every);
            }
            for rule in Rule::ALL {
                let flow = trace_forward(graph, &seeds, *rule, &stops);
                prop_assert_eq!(flow, naive::trace_forward(graph, &seeds, *rule, &stops), "{}", rule);
                let question = Back { targets: &seeds, answers: &answers, stops: &stops };
                let sources = trace_back(graph, &question, *rule);
                prop_assert_eq!(sources, naive::trace_back(graph, &question, *rule), "{}", rule);
            }
        }
    }

    #[test]
    fn backwards_is_forwards(choices in choices(), marks in prop::collection::vec(any::<prop::sample::Index>(), 1..4), target: prop::sample::Index) {
        let (chain, _) = random_chain(&choices);
        let graph = &chain.graph;
        let seeds = some_outputs(graph, &marks);
        // What is compared rests unspent, so that forwards ends there.
        let unspent: Vec<OutId> = (0..graph.out_count()).filter(|out| graph.spender(*out).is_none() && !seeds.contains(out)).collect();
        prop_assume!(!unspent.is_empty());
        let target = unspent[target.index(unspent.len())];
        let stops = Stops { joins: true, ..Stops::default() };
        for rule in Rule::ALL {
            let forward = trace_forward(graph, &seeds, *rule, &stops).ends.get(&target).map_or(Amount::ZERO, |end| end.0);
            let answers = |out: OutId| seeds.contains(&out).then_some(0);
            let sources = trace_back(graph, &Back { targets: &only(target), answers: &answers, stops: &stops }, *rule);
            let back = sources.found(*rule);
            let apart = forward.units().abs_diff(back.units());
            // Haircut rounds at other places in the other direction.
            let allowed = if *rule == Rule::Haircut { u128::from(graph.tx_count()) * 64 } else { 0 };
            prop_assert!(apart <= allowed, "{} {} {:?} {:?}", rule, target, forward, back);
            for (out, hit) in &sources.hits {
                let path = sources.path(*out);
                prop_assert!(path.len() > usize::from(hit.hops) && path.last() == Some(&target));
            }
        }
    }
}
