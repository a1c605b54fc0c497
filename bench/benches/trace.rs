//! The chain: blocks to a graph, ids, taint forwards, the sources of a deposit, the blast radius; each beside a limit or a peer of this run.
//!
//! The chain is invented here from a seed: transactions of one to three inputs and two outputs, keys' hashes, signatures' length of zeros.
//! Figures are processor time, so that a busy machine changes them little. `COUNTERSIGN_BENCH_TX` says how many transactions (600,000);
//! `networkx` in `python3` makes `bench/peers/trace.py` run on a part of the same chain.

use bitcoin::consensus::encode::deserialize;
use countersign_bench::meter::{Meter, median, percentile};
use countersign_core::id::{Digest, PersonId};
use countersign_core::order::Kind;
use countersign_core::time::Timestamp;
use countersign_trace::Network;
use countersign_trace::address::Lock;
use countersign_trace::economy::block;
use countersign_trace::gate::{Basis, BlastQuery, Gate, Journal, OrderTerms};
use countersign_trace::graph::{Clusters, Graph, QUARANTINE};
use countersign_trace::ingest::{Input, whole};
use countersign_trace::labels::{BadAddress, Labels, Role, read_list};
use countersign_trace::own::Own;
use countersign_trace::pace::follow_mined;
use countersign_trace::source::BlockFiles;
use countersign_trace::taint::Rule;
use countersign_trace::wire::{Block, BlockHash, Outpoint, Txid, sha256d};
use criterion::{Criterion, Throughput};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const PER_BLOCK: usize = 2_000;
/// Addresses of everybody; the first is the one that is asked about.
const OWNERS: u64 = 100_000;
const COLLECTOR: u64 = 0;
/// Payments to it.
const PAYMENTS: usize = 2_000;
const LISTED: std::ops::Range<u64> = 1..51;
const CLIENTS: usize = 20_000;
const DEPOSITS: usize = 300;
/// Transactions of the part that the peer in Python gets.
const PEER: usize = 100_000;

fn main() {
    let transactions = std::env::var("COUNTERSIGN_BENCH_TX").ok().and_then(|text| text.parse().ok()).unwrap_or(600_000);
    let place = tempfile::tempdir().expect("a folder");
    let chain = Chain::invent(transactions, place.path());
    let megabytes = chain.bytes as f64 / 1e6;
    println!("{} transactions in {} blocks, {megabytes:.0} MB", chain.transactions, chain.blocks);
    parsing(place.path());

    let before = resident();
    let files = BlockFiles::open(place.path(), Network::Regtest).expect("block files");
    let input = Input { network: Network::Regtest, files: &files, spent: &|_| Ok(None), first_height: None };
    let meter = Meter::start();
    let (graph, _) = whole(&input, None).expect("a sound chain");
    let ingest = meter.stop().processor;
    let held = (resident() - before) / chain.transactions as f64;
    let meter = Meter::start();
    let clusters = Clusters::of(&graph, QUARANTINE);
    let clustering = meter.stop().processor;
    println!(
        "files to graph        {:>8.0} MB/s   with clusters {:.0} MB/s (goal 500)   {} owners",
        megabytes / ingest,
        megabytes / (ingest + clustering),
        clusters.count()
    );
    println!(
        "memory                {held:>8.0} bytes a transaction, {:.0} on disk",
        graph.to_bytes().len() as f64 / chain.transactions as f64
    );
    drop(clusters);
    following(&graph, &chain, place.path());
    asking(&graph, &chain);
}

/// Parsing with ids, beside hashing alone and beside the crate `bitcoin`.
fn parsing(place: &Path) {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(2));
    let files = BlockFiles::open(place, Network::Regtest).expect("block files");
    let found = files.headers().expect("headers");
    let some: Vec<Vec<u8>> = found.iter().take(16).map(|found| files.block(&found.place).expect("a block")).collect();
    let size: usize = some.iter().map(Vec::len).sum();
    // What has to be hashed, cut into transactions before.
    let pieces: Vec<Vec<u8>> = some
        .iter()
        .flat_map(|bytes| {
            let block = Block::parse(bytes).expect("a block");
            block.transactions.iter().map(|transaction| transaction.stripped()).collect::<Vec<_>>()
        })
        .collect();
    let limit = || {
        for piece in &pieces {
            black_box(Sha256::digest(Sha256::digest(piece)));
        }
    };
    let roots: Vec<Vec<Txid>> = some
        .iter()
        .map(|bytes| Block::parse(bytes).expect("a block").transactions.iter().map(|tx| tx.txid).collect())
        .collect();
    let limit_with_roots = || {
        limit();
        for ids in &roots {
            let mut level: Vec<[u8; 32]> = ids.iter().map(|id| id.0).collect();
            while level.len() > 1 {
                level = level.chunks(2).map(|pair| sha256d(&[&pair[0], pair.last().expect("one")])).collect();
            }
            black_box(level);
        }
    };
    let ours = || some.iter().for_each(|bytes| drop(black_box(Block::parse(bytes).expect("a block"))));
    let theirs = || {
        for bytes in &some {
            let block: bitcoin::Block = deserialize(bytes).expect("a block");
            assert!(block.check_merkle_root());
        }
    };
    let mut group = criterion.benchmark_group("parsing");
    group.throughput(Throughput::Bytes(size as u64));
    group.bench_function("sha256d alone", |bencher| bencher.iter(limit));
    group.bench_function("parse, ids, root", |bencher| bencher.iter(ours));
    group.bench_function("crate bitcoin: the same", |bencher| bencher.iter(theirs));
    group.finish();
    let rate = |work: &dyn Fn()| {
        let times: Vec<f64> = (0..15)
            .map(|_| {
                let meter = Meter::start();
                work();
                meter.stop().processor
            })
            .collect();
        size as f64 / 1e6 / median(times)
    };
    let (limit, limit_with_roots, ours, theirs) = (rate(&limit), rate(&limit_with_roots), rate(&ours), rate(&theirs));
    println!("sha256d of the ids    {limit:>8.0} MB/s   with the roots {limit_with_roots:.0} MB/s   (raw limits)");
    println!(
        "parse, ids and roots  {ours:>8.0} MB/s   {:.0} % of the limit (goal 95 %)   crate bitcoin {theirs:.0} MB/s, {:.0} %",
        100.0 * ours / limit_with_roots,
        100.0 * theirs / limit_with_roots
    );
}

/// Everything that the first tenth of the blocks mined, forwards.
fn following(graph: &Graph, chain: &Chain, place: &Path) {
    let spent = |graph: &Graph, blocks: usize, rule| {
        let meter = Meter::start();
        let mined = black_box(follow_mined(graph, 0..blocks.div_ceil(10), rule));
        (meter.stop().processor, mined)
    };
    for rule in Rule::ALL {
        let (seconds, mined) = spent(graph, chain.blocks, *rule);
        println!(
            "forwards, {rule:<10}  {seconds:>8.2} s      {:.2} s for 50 million transactions at this pace (goal, haircut: 3 s)   {} outputs",
            seconds * 50e6 / chain.transactions as f64,
            mined.outputs
        );
    }
    let part = PEER.min(chain.transactions);
    let file = place.join("part.txt");
    let blocks = chain.write_part(part, &file);
    let mut begun = Graph::new(Network::Regtest, 0);
    let files = BlockFiles::open(place, Network::Regtest).expect("block files");
    for found in files.headers().expect("headers").iter().take(blocks) {
        let bytes = files.block(&found.place).expect("a block");
        let block = Block::parse(&bytes).expect("a block");
        begun.append(&block.header, &block.transactions, &|_| None).expect("a sound chain");
    }
    let (ours, mined) = spent(&begun, blocks, Rule::Haircut);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/trace.py");
    let python = std::env::var_os("COUNTERSIGN_BENCH_PYTHON").unwrap_or_else(|| "python3".into());
    match Command::new(python).arg(script).arg(&file).arg(blocks.div_ceil(10).to_string()).output() {
        Ok(output) if output.status.success() => {
            let said = String::from_utf8_lossy(&output.stdout);
            let mut figures = said.split_whitespace().filter_map(|figure| figure.parse::<f64>().ok());
            let (theirs, unspent) = (figures.next().unwrap_or(f64::NAN), figures.next().unwrap_or(f64::NAN));
            println!(
                "haircut, {part} transactions: {ours:.3} s, networkx {theirs:.1} s, {:.0} times; unspent {} and {unspent:.0}",
                theirs / ours,
                mined.unspent
            );
        }
        _ => println!("haircut, {part} transactions: {ours:.3} s; networkx is not installed"),
    }
}

/// What the gate is asked.
fn asking(graph: &Graph, chain: &Chain) {
    let (mut own, mut labels) = (Own::default(), Labels::default());
    own.add_deposits(chain.deposits.iter().copied());
    let lines: String =
        chain.withdrawals.iter().enumerate().map(|(client, outpoint)| format!("{outpoint},c{client}\n")).collect();
    own.add_withdrawals(&format!("outpoint,account\n{lines}")).expect("withdrawals");
    let list: String = LISTED.map(|owner| address(owner) + "\n").collect();
    let list = read_list(&list, Network::Regtest, "issuer", "list", Role::Owner, BadAddress::Refuse).expect("a list");
    labels.add_list("list", &list);
    let meter = Meter::start();
    let mut gate = Gate::new(graph, &labels, &own, Journal::default());
    println!("gate opened           {:>8.2} s", meter.stop().processor);
    let times: Vec<f64> = chain
        .deposits
        .iter()
        .map(|deposit| {
            let meter = Meter::start();
            black_box(gate.exposure(deposit).expect("a deposit"));
            meter.stop().processor * 1e3
        })
        .collect();
    println!(
        "sources of a deposit  {:>8.2} ms     99th percentile {:.2} ms of {} (goal 50 ms; four rules, at most 32 payments back)",
        median(times.clone()),
        percentile(times, 0.99),
        chain.deposits.len()
    );
    let people = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| PersonId::parse(name).expect("a name"));
    let terms = OrderTerms {
        order: Digest([7; 32]),
        kind: Kind::Trace,
        approvers: people.into(),
        quorum: 2,
        court: false,
        budget: 50,
    };
    let basis = Basis::order(&terms).expect("enough approvers");
    let root = Lock::parse(&address(COLLECTOR), Network::Regtest).expect("an address");
    let mut times = Vec::new();
    for question in 0..15 {
        // Another threshold is another question: the same one is answered from the journal.
        let query = BlastQuery {
            roots: [root].into(),
            hops: 6,
            from: Timestamp::MIN,
            to: Timestamp::MAX,
            min_satoshi: question,
            covers: BTreeSet::new(),
        };
        let meter = Meter::start();
        let answer = gate.blast(&basis, &query).expect("an answer");
        times.push(meter.stop().processor * 1e3);
        if question == 0 {
            let bands: Vec<String> = answer.clients[0].by_hops.iter().map(ToString::to_string).collect();
            println!("payments {}, clients by payments in between: {}", answer.payments, bands.join(", "));
        }
    }
    println!("blast radius, 6 hops  {:>8.2} ms     four rules (goal 100 ms)", median(times));
}

/// What is held in memory now, in bytes.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().map_or(f64::NAN, |kib| kib * 1024.0)
}

/// An invented chain in one file, and what the custodian would know of it.
struct Chain {
    transactions: usize,
    blocks: usize,
    bytes: u64,
    deposits: Vec<Outpoint>,
    withdrawals: Vec<Outpoint>,
    links: Vec<Link>,
}

/// What one transaction spends (numbers of transactions and outputs; nothing: mined) and what it pays.
type Link = (Vec<(u32, u32)>, [u64; 2]);

#[derive(Clone, Copy)]
struct Coin {
    outpoint: Outpoint,
    maker: u32,
    value: u64,
}

impl Chain {
    fn invent(transactions: usize, place: &Path) -> Self {
        let mut dice = Dice(0x1234_5678_9abc_def1);
        let mut coins: Vec<Coin> = Vec::new();
        let mut chain =
            Self { transactions: 0, blocks: 0, bytes: 0, deposits: vec![], withdrawals: vec![], links: vec![] };
        let mut out = std::io::BufWriter::new(std::fs::File::create(place.join("blk00000.dat")).expect("a file"));
        let mut tip = BlockHash([0; 32]);
        let gives = (transactions / PAYMENTS).max(1);
        while chain.transactions < transactions {
            let mut made: Vec<Coin> = Vec::new();
            let mut bytes: Vec<Vec<u8>> = Vec::new();
            for place in 0..PER_BLOCK {
                if place > 0 && coins.len() < 4 {
                    break;
                }
                let mut spent = Vec::new();
                for _ in 0..if place == 0 { 0 } else { 1 + dice.below(3) } {
                    // Most of what is spent is young.
                    let reach = if dice.below(4) == 0 { coins.len() } else { coins.len().min(20_000) };
                    let at = coins.len() - 1 - dice.below(reach as u64) as usize;
                    spent.push(coins.swap_remove(at));
                }
                let number = chain.transactions as u32;
                let sum = if place == 0 { 5_000_000_000 } else { spent.iter().map(|coin| coin.value).sum() };
                let fee = if place == 0 { 0 } else { 1_000.min(sum) };
                let first = (sum - fee) / (2 + dice.below(8));
                let values = [first, sum - fee - first];
                let payment = chain.transactions % gives == gives / 2;
                let owners = [if payment { COLLECTOR } else { dice.below(OWNERS) }, dice.below(OWNERS)];
                let raw = transaction(&spent, values, owners, chain.blocks as u32);
                let txid = Txid(sha256d(&[&raw]));
                for (vout, value) in (0..).zip(values) {
                    made.push(Coin { outpoint: Outpoint { txid, vout }, maker: number, value });
                }
                let spends = spent.iter().map(|coin| (coin.maker, coin.outpoint.vout)).collect();
                chain.links.push((spends, values));
                if chain.withdrawals.len() < CLIENTS && dice.below((transactions / CLIENTS) as u64 / 2 + 1) == 0 {
                    chain.withdrawals.push(Outpoint { txid, vout: 1 });
                }
                if chain.transactions > transactions / 2
                    && chain.transactions.is_multiple_of(transactions / 2 / DEPOSITS + 1)
                {
                    chain.deposits.push(Outpoint { txid, vout: 0 });
                }
                bytes.push(raw);
                chain.transactions += 1;
            }
            let (hash, raw) = block(tip, 1_600_000_000 + 600 * chain.blocks as u32, &bytes);
            tip = hash;
            out.write_all(&Network::Regtest.magic()).expect("written");
            out.write_all(&(raw.len() as u32).to_le_bytes()).expect("written");
            out.write_all(&raw).expect("written");
            chain.bytes += raw.len() as u64;
            chain.blocks += 1;
            coins.extend(made);
        }
        out.flush().expect("written");
        chain
    }

    /// The first transactions, whole blocks of them, one line each, for the peer; how many blocks.
    fn write_part(&self, most: usize, file: &Path) -> usize {
        let mut out = std::io::BufWriter::new(std::fs::File::create(file).expect("a file"));
        let mut blocks = 0;
        for (number, (spends, values)) in self.links.iter().enumerate() {
            if spends.is_empty() {
                if number > most {
                    break;
                }
                blocks += 1;
            }
            let spends: Vec<String> = spends.iter().map(|(maker, vout)| format!("{maker}:{vout}")).collect();
            writeln!(out, "{} {} {}", spends.join(","), values[0], values[1]).expect("written");
        }
        out.flush().expect("written");
        blocks
    }
}

/// A key's hash that belongs to this number.
fn key_hash(owner: u64) -> [u8; 20] {
    let hash = Sha256::digest(owner.to_le_bytes());
    std::array::from_fn(|at| hash[at])
}

fn address(owner: u64) -> String {
    let script = [&[0x76, 0xa9, 20][..], &key_hash(owner), &[0x88, 0xac]].concat();
    Lock::of_script(&script).and_then(|lock| lock.to_address(Network::Regtest)).expect("an address")
}

fn transaction(spent: &[Coin], values: [u64; 2], owners: [u64; 2], height: u32) -> Vec<u8> {
    let mut out = 2u32.to_le_bytes().to_vec();
    out.push(spent.len().max(1) as u8);
    let none = [Coin { outpoint: Outpoint::NONE, maker: 0, value: 0 }];
    for coin in if spent.is_empty() { &none[..] } else { spent } {
        out.extend(coin.outpoint.txid.0);
        out.extend(coin.outpoint.vout.to_le_bytes());
        // As long as a signature and a key; a coinbase has its height.
        let script = if spent.is_empty() { height.to_le_bytes().to_vec() } else { vec![0; 107] };
        out.push(script.len() as u8);
        out.extend(script);
        out.extend(u32::MAX.to_le_bytes());
    }
    out.push(2);
    for (value, owner) in values.into_iter().zip(owners) {
        out.extend(value.to_le_bytes());
        out.extend([25, 0x76, 0xa9, 20]);
        out.extend(key_hash(owner));
        out.extend([0x88, 0xac]);
    }
    out.extend(0u32.to_le_bytes());
    out
}

/// Xorshift: enough for an invented chain.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound.max(1)
    }
}
