//! How often the rules are right in the invented economy: the tables of docs/tracing.md, computed.

use super::Economy;
use crate::graph::{Clusters, Graph, LockId, OutId, QUARANTINE};
use crate::network::Network;
use crate::taint::{Amount, Back, Numbers, Rule, Stops, trace_back};
use crate::wire::Block;
use countersign_testkit::require::workspace_root;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

const SEEDS: std::ops::Range<u64> = 1..4;
/// A deposit is accused when at least so many millionths of it are said to be stolen.
const ACCUSED: u32 = 10_000;
const HOPS: [u16; 3] = [2, 8, 32];
const BEGIN: &str = "<!-- measured: begin -->\n";
const END: &str = "<!-- measured: end -->\n";

fn graph(economy: &Economy) -> Graph {
    let mut graph = Graph::new(Network::Regtest, 0);
    for bytes in &economy.blocks {
        let block = Block::parse(bytes).unwrap();
        graph.append(&block.header, &block.transactions, &|_| None).unwrap();
    }
    graph
}

#[derive(Default, Clone, Copy)]
struct Tally {
    right: usize,
    wrong: usize,
    missed: usize,
}

impl Tally {
    fn add(&mut self, said: bool, is: bool) {
        match (said, is) {
            (true, true) => self.right += 1,
            (true, false) => self.wrong += 1,
            (false, true) => self.missed += 1,
            (false, false) => {}
        }
    }

    fn row(&self) -> String {
        let percent =
            |part: usize, whole: usize| (part * 100).checked_div(whole).map_or("-".into(), |p| format!("{p} %"));
        let (precision, recall) =
            (percent(self.right, self.right + self.wrong), percent(self.right, self.right + self.missed));
        format!("{precision} | {recall} | {}", self.wrong)
    }
}

/// The services that are labelled and whatever shares an owner with them, as the gate computes it.
fn services(graph: &Graph, economy: &Economy) -> Numbers<LockId> {
    let clusters = Clusters::of(graph, QUARANTINE);
    let known: Vec<LockId> =
        economy.services.iter().chain(&economy.wallet).filter_map(|lock| graph.lock_id(lock)).collect();
    let roots: HashSet<LockId> = known.iter().map(|lock| clusters.root(*lock)).collect();
    (0..graph.lock_count() as LockId).filter(|lock| roots.contains(&clusters.root(*lock))).collect()
}

fn exposures(economies: &[(Economy, Graph)]) -> String {
    let mut tallies: BTreeMap<(Rule, bool, u16), Tally> = BTreeMap::new();
    for (economy, graph) in economies {
        let stolen = graph.lock_id(&economy.stolen.unwrap()).unwrap();
        let listed: BTreeSet<OutId> = (0..graph.out_count()).filter(|out| graph.lock(*out) == stolen).collect();
        let services = services(graph, economy);
        for (stopped, hops) in [false, true].into_iter().flat_map(|stopped| HOPS.map(|hops| (stopped, hops))) {
            let stops = Stops {
                services: if stopped { services.clone() } else { Numbers::default() },
                hops: Some(hops),
                joins: stopped,
                ..Stops::usual()
            };
            for (deposit, is) in &economy.deposits {
                let targets = BTreeSet::from([graph.out_id(deposit).unwrap()]);
                let answers = |out: OutId| listed.contains(&out).then_some(0);
                for rule in Rule::ALL {
                    let sources =
                        trace_back(graph, &Back { targets: &targets, answers: &answers, stops: &stops }, *rule);
                    let share = crate::taint::Share::of(sources.found(*rule), sources.asked);
                    tallies.entry((*rule, stopped, hops)).or_default().add(share.millionths() >= ACCUSED, *is);
                }
            }
        }
    }
    let (all, thief) = economies
        .iter()
        .flat_map(|(economy, _)| &economy.deposits)
        .fold((0, 0), |(all, thief), (_, is)| (all + 1, thief + usize::from(*is)));
    let mut table = format!(
        "{all} deposits, {thief} of them the thief's. Accused: at least 1 % from the address of the theft.\n\n| rule | stops | payments at most | precision | recall | innocent deposits accused |\n|---|---|---|---|---|---|\n"
    );
    for ((rule, stopped, hops), tally) in tallies {
        let stops = if stopped { "services, mixes" } else { "none" };
        table += &format!("| {rule} | {stops} | {hops} | {} |\n", tally.row());
    }
    table
}

fn donors(economies: &[(Economy, Graph)]) -> String {
    let mut tallies: BTreeMap<(Rule, u16), Tally> = BTreeMap::new();
    for (economy, graph) in economies {
        let collector = graph.lock_id(&economy.collector.unwrap()).unwrap();
        let targets: BTreeSet<OutId> = (0..graph.out_count()).filter(|out| graph.lock(*out) == collector).collect();
        let clients: HashMap<OutId, u32> =
            economy.withdrawals.iter().map(|(outpoint, client)| (graph.out_id(outpoint).unwrap(), *client)).collect();
        let everybody: BTreeSet<u32> = clients.values().copied().chain(economy.donors.iter().copied()).collect();
        for hops in 1..=4 {
            let stops = Stops { services: services(graph, economy), hops: Some(hops - 1), ..Stops::usual() };
            let answers = |out: OutId| clients.get(&out).copied();
            for rule in Rule::ALL {
                let sources = trace_back(graph, &Back { targets: &targets, answers: &answers, stops: &stops }, *rule);
                let exposed: BTreeSet<u32> =
                    sources.hits.values().filter(|hit| hit.amount > Amount::ZERO).map(|hit| hit.answer).collect();
                for client in &everybody {
                    tallies
                        .entry((*rule, hops))
                        .or_default()
                        .add(exposed.contains(client), economy.donors.contains(client));
                }
            }
        }
    }
    let mut table = String::from(
        "| rule | payments | donors among those exposed | donors found | exposed who gave nothing |\n|---|---|---|---|---|\n",
    );
    for ((rule, hops), tally) in tallies {
        table += &format!("| {rule} | {hops} | {} |\n", tally.row());
    }
    table
}

#[test]
fn the_published_figures_are_those_that_are_measured() {
    let economies: Vec<(Economy, Graph)> =
        SEEDS.map(Economy::of_seed).map(|economy| (economy.clone(), graph(&economy))).collect();
    let measured = format!("{BEGIN}\n{}\n{}\n{END}", exposures(&economies), donors(&economies));
    let page = workspace_root().join("docs/tracing.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, (published, after)) =
        text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?))).unwrap();
    if std::env::var_os("COUNTERSIGN_WRITE_FIGURES").is_some() {
        std::fs::write(&page, format!("{before}{measured}{after}")).unwrap();
        return;
    }
    assert!(
        format!("{BEGIN}{published}{END}") == measured,
        "run this test with COUNTERSIGN_WRITE_FIGURES=1 and read what changed; measured:\n{measured}"
    );
}

#[test]
fn an_economy_is_a_function_of_its_seed_and_holds_together() {
    let (one, again, other) = (Economy::of_seed(1), Economy::of_seed(1), Economy::of_seed(2));
    assert!(one.blocks == again.blocks && one.deposits == again.deposits && one.blocks != other.blocks);
    let graph = graph(&one);
    assert!(
        one.deposits
            .iter()
            .map(|(outpoint, _)| outpoint)
            .chain(one.withdrawals.iter().map(|(outpoint, _)| outpoint))
            .all(|outpoint| graph.knows(outpoint))
    );
    let thief = one.deposits.iter().filter(|(_, thief)| *thief).count();
    assert!(thief >= 20 && one.deposits.len() >= 5 * thief, "{thief} of {}", one.deposits.len());
    assert!(one.donors.len() >= 15, "{}", one.donors.len());
    assert!(graph.extent().transactions > 2_000, "{:?}", graph.extent());
    // Not one satoshi more than was mined; kernel-check/ compares with a node's own count.
    let mined: u64 = (1..one.blocks.len() as u64).map(|height| 5_000_000_000u64 >> (height / 150)).sum();
    assert!(graph.extent().unspent.1 <= mined && mined - graph.extent().unspent.1 < 100_000_000);
}
