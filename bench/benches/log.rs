//! The running log beside a peer and beside the raw limits of the same run.
//!
//! Floors of the design: 40,000 durable leaves a second at batches of 1,000; exactly-once keys at most 15 % slower than without;
//! durable within 25 ms and public with its proof within 150 ms (99th percentile at 1,000 leaves a second); a proof verified in
//! 0.4 ms; a million leaves recomputed in 5 s and 300 MB. Every workload runs in a process of its own, several times; the figures
//! are medians. `cargo bench -p countersign-bench --bench log -- SECTION...` runs some sections only.

use countersign_bench::child::{self, Syncs, count_syncs, per, run};
use countersign_bench::log::{policy, signer, witness_key};
use countersign_bench::meter::{Usage, median, now, percentile};
use countersign_bench::workload::{folder, perform};
use countersign_tlog::checkpoint::Checkpoint;
use countersign_tlog::cosignature::cosign;
use countersign_tlog::leaf_hash;
use countersign_tlog::merkle::{Tree, inclusion_proof, root_at};
use countersign_tlog::policy::TimeWindow;
use countersign_tlog::proof::{LogProof, verify_proof};
use criterion::Criterion;
use ed25519_dalek::{Signer as _, Verifier as _};
use serde_json::{Value, json};
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;
use world::World;

#[expect(dead_code, unused_imports, reason = "the world of the crate's tests has more than the bench needs")]
#[path = "../../crates/verify/tests/world/mod.rs"]
mod world;

/// Measures and prints one part.
type Section = fn(&Size);

const SECTIONS: [(&str, Section); 5] =
    [("durable", durable), ("keys", keys), ("latency", latency), ("proof", proof), ("whole", whole)];

/// How much is measured; smaller for a quick look.
struct Size {
    /// Runs of each workload.
    runs: usize,
    /// Leaves of a large log.
    large: u64,
}

fn main() {
    if let Some((name, parameters)) = child::asked() {
        println!("{}", perform(&name, parameters));
        return;
    }
    let number = |name: &str, usual| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let size = Size {
        runs: number("COUNTERSIGN_BENCH_RUNS", 5) as usize,
        large: number("COUNTERSIGN_BENCH_LEAVES", 1_000_000),
    };
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for (name, section) in SECTIONS {
        if asked.is_empty() || asked.iter().any(|asked| asked == name) {
            section(&size);
        }
    }
}

/// A workload's runs.
struct Runs(Vec<Value>);

impl Runs {
    fn usage(&self, place: impl Fn(&Value) -> &Value, figure: impl Fn(Usage) -> f64) -> f64 {
        median(self.0.iter().map(|run| figure(Usage::from_json(&place(run)["usage"]).expect("usage"))).collect())
    }

    fn wall(&self) -> f64 {
        self.usage(|run| run, |usage| usage.wall)
    }

    fn processor(&self) -> f64 {
        self.usage(|run| run, |usage| usage.processor)
    }

    fn written(&self) -> f64 {
        self.usage(|run| run, |usage| usage.written)
    }

    fn figure(&self, name: &str) -> f64 {
        median(self.0.iter().filter_map(|run| run[name].as_f64()).collect())
    }
}

/// Runs workloads in turn, so that what disturbs one disturbs the others too.
fn in_turn<const N: usize>(runs: usize, works: [(&str, Value); N]) -> [Runs; N] {
    let mut all = [(); N].map(|()| Runs(Vec::new()));
    for _ in 0..runs {
        for ((name, parameters), runs) in works.iter().zip(&mut all) {
            runs.0.push(run(name, parameters));
        }
    }
    all
}

fn durable(size: &Size) {
    println!("\n## Durable leaves: accepted, sequenced, under a signed checkpoint (SQLite, synchronous=FULL)\n");
    for bytes in [300_u64, 1_024] {
        for batch in [256_u64, 1_000, 4_096] {
            let leaves = batch * (65_536 / batch).clamp(16, 128);
            let load = |beside: bool| json!({ "leaves": leaves, "batch": batch, "bytes": bytes, "beside": beside });
            let [ours, turns, naive, disk] = in_turn(
                size.runs,
                [("durable", load(true)), ("durable", load(false)), ("naive", load(false)), ("disk", load(false))],
            );
            assert_eq!(turns.0[0]["root"], naive.0[0]["root"], "the peer has another tree");
            println!("{bytes}-byte leaves, batches of {batch}, {leaves} leaves a run");
            let batches = (leaves / batch) as f64;
            let row = |name: &str, runs: &Runs, work: &str, beside: bool| {
                let rate = leaves as f64 / runs.wall();
                println!(
                    "  {name:<44} {rate:>8.0}/s  {:>5.1} us of processor a leaf  {:>7.0} kB written a batch  {}",
                    runs.processor() / leaves as f64 * 1e6,
                    runs.written() / batches / 1e3,
                    syncs_per_batch(work, leaves, batch, load(beside)),
                );
                rate
            };
            let ours = row("two accept, one sequences", &ours, "durable", true);
            row("accept, then sequence", &turns, "durable", false);
            let naive = row("peer: tlog_tiles, fsync per tile", &naive, "naive", false);
            let disk = row("disk: one write and fdatasync a batch", &disk, "disk", false);
            let floor =
                if batch == 1_000 { format!("; floor 40000/s: {}", reached(ours >= 40_000.0)) } else { String::new() };
            println!("  ratio to the peer {:.2}, to the disk {:.2}{floor}", ours / naive, ours / disk);
        }
    }
}

fn reached(yes: bool) -> &'static str {
    if yes { "reached" } else { "missed" }
}

/// Counted in a run of its own, less what the preparation takes.
fn syncs_per_batch(work: &str, leaves: u64, batch: u64, load: Value) -> String {
    let (mut less, mut more) = (load.clone(), load);
    (less["leaves"], more["leaves"]) = (0.into(), leaves.min(batch * 32).into());
    let batches = leaves.min(batch * 32) as f64 / batch as f64;
    let counted: Option<(Syncs, Syncs)> = count_syncs(work, &more).zip(count_syncs(work, &less));
    match counted {
        None => "strace not installed".to_owned(),
        Some((more, less)) => {
            let kinds = per(&more, &less, batches);
            let all: f64 = kinds.values().sum();
            let kinds: Vec<String> = kinds
                .iter()
                .filter(|(_, count)| **count >= 0.05)
                .map(|(kind, count)| format!("{kind} {count:.1}"))
                .collect();
            format!("{all:.1} syncs a batch ({})", kinds.join(", "))
        }
    }
}

fn keys(size: &Size) {
    let (rows, bytes, batch, leaves) = (size.large, 300, 1_000, 32_000);
    println!("\n## Exactly-once keys: {bytes}-byte leaves, batches of {batch}, {rows} rows in the table already\n");
    let place = folder();
    let at = |name: &str| place.path().join(name);
    let styles = [("seconds", 1_000), ("random", 0)];
    for (name, leaves_per_tick) in styles {
        let plain = at(&format!("{name}-plain"));
        fs::create_dir(&plain).expect("a folder");
        run(
            "fill table",
            &json!({ "folder": plain, "leaves": rows, "bytes": bytes, "leaves_per_tick": leaves_per_tick }),
        );
        let indexed = at(&format!("{name}-indexed"));
        copy(&plain, &indexed);
        run("index", &json!({ "folder": indexed }));
    }
    let work = |folder: &str, leaves_per_tick: u64| {
        let parameters = json!({
            "folder": at(folder), "leaves": leaves, "batch": batch, "bytes": bytes, "leaves_per_tick": leaves_per_tick
        });
        ("with keys", parameters)
    };
    let [plain, seconds, random] =
        in_turn(size.runs, [work("seconds-plain", 1_000), work("seconds-indexed", 1_000), work("random-indexed", 0)]);
    let row = |name: &str, runs: &Runs| {
        let rate = leaves as f64 / runs.wall();
        println!(
            "  {name:<52} {rate:>8.0}/s  {:>5.1} us of processor a leaf  {:>7.0} kB written a batch",
            runs.processor() / leaves as f64 * 1e6,
            runs.written() / (leaves as f64 / batch as f64) / 1e3,
        );
        runs.wall()
    };
    let without = row("the same sequencer, keys in no index", &plain);
    let timed = row("keys that begin with the second (1,000 a second)", &seconds);
    let random = row("random keys", &random);
    println!(
        "  with keys {:+.0} % time (floor +15 %: {}); random keys {:+.0} %",
        (timed / without - 1.0) * 100.0,
        reached(timed / without <= 1.15),
        (random / without - 1.0) * 100.0
    );
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder");
    for file in fs::read_dir(from).expect("files") {
        let file = file.expect("a file");
        if file.path().is_file() {
            fs::copy(file.path(), to.join(file.file_name())).expect("copied");
        }
    }
}

fn latency(size: &Size) {
    println!("\n## Acknowledgements at 1,000 leaves a second, one at a time, 1,024 bytes each\n");
    let offer = |public: bool| json!({ "rate": 1_000, "seconds": 8, "bytes": 1_024, "public": public });
    let [durable, public] = in_turn(size.runs, [("latency", offer(false)), ("latency", offer(true))]);
    let row = |name: &str, runs: &Runs, floor: f64| {
        let at = |share: f64| {
            let times =
                |run: &Value| run["times"].as_array().expect("times").iter().filter_map(Value::as_f64).collect();
            median(runs.0.iter().map(|run| percentile(times(run), share) * 1e3).collect())
        };
        println!(
            "  {name:<44} p50 {:>6.1} ms  p99 {:>6.1} ms  (floor {floor} ms: {})  {:.2} processors busy",
            at(0.5),
            at(0.99),
            reached(at(0.99) <= floor),
            runs.processor() / runs.wall()
        );
    };
    row("durable, with the log's signature", &durable, 25.0);
    row("public, 3 loopback witnesses, with proof", &public, 150.0);
}

fn proof(size: &Size) {
    let tree: Tree = (0..size.large).map(|number| leaf_hash(&number.to_be_bytes())).collect();
    let index = size.large / 3;
    let (signer, mut hashes) = (signer(), &tree);
    let head = Checkpoint {
        origin: signer.verifier().name().clone(),
        size: size.large,
        root: root_at(size.large, &mut hashes).expect("a root"),
    };
    let mut checkpoint = head.sign(&signer).expect("signed");
    for number in 1..=3 {
        let line = cosign(&checkpoint, &witness_key(number), 1_800_000_000).expect("cosigned");
        checkpoint.add(line).expect("a line");
    }
    let hashes = inclusion_proof(index, size.large, &mut hashes).expect("a proof");
    let proof = LogProof { extra: None, index, hashes, checkpoint }.to_string().into_bytes();
    let (leaf, policy) = (index.to_be_bytes(), policy());

    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let message = vec![b'c'; 150];
    let (public, signature) = (key.verifying_key(), key.sign(&message));

    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    let whole = measured(&mut criterion, "verify a .tlog-proof", || {
        assert!(verify_proof(black_box(&leaf), black_box(&proof), &policy, TimeWindow::ANY).is_ok());
    });
    let raw = measured(&mut criterion, "raw: four Ed25519 verifications", || {
        for _ in 0..4 {
            assert!(public.verify(black_box(&message), black_box(&signature)).is_ok());
        }
    });
    println!("\n## Proof of a log of {} leaves, 3 Ed25519 witnesses\n", size.large);
    println!(
        "  verify a .tlog-proof of {} bytes: {:.3} ms (floor 0.4 ms: {}); 4 Ed25519 verifications alone {:.3} ms, ratio {:.2}",
        proof.len(),
        whole * 1e3,
        reached(whole <= 0.4e-3),
        raw * 1e3,
        whole / raw
    );
}

/// Criterion's statistics for the record, and the median of plain timings in seconds.
fn measured(criterion: &mut Criterion, name: &str, mut work: impl FnMut()) -> f64 {
    criterion.bench_function(name, |bencher| bencher.iter(&mut work));
    let times = (0..201).map(|_| {
        let start = now();
        work();
        start.elapsed().as_secs_f64()
    });
    median(times.collect())
}

fn whole(size: &Size) {
    println!("\n## A log of {} leaves of 1,024 bytes\n", size.large);
    let place = folder();
    let genesis = place.path().join("genesis");
    fs::write(&genesis, World::new().journal.leaves.first().expect("a genesis")).expect("written");
    let there = json!({ "folder": place.path() });
    run("fill log", &json!({ "folder": place.path(), "genesis": genesis, "leaves": size.large }));
    let [open, recompute, read] =
        in_turn(size.runs.min(3), [("open log", there.clone()), ("recompute", there.clone()), ("read", there)]);
    let leaves = size.large as f64;
    let row = |name: &str, runs: &Runs| {
        println!(
            "  {name:<52} {:>6.2} s  {:>6.2} s of processor  {:>5.0} MB at most  {:>5.0} bytes a leaf",
            runs.wall(),
            runs.processor(),
            runs.figure("memory") / 1e6,
            runs.figure("memory") / leaves,
        );
    };
    row("start: store replayed, every tile compared", &open);
    row("recompute: every tile and leaf, totals", &recompute);
    let of = |part: &'static str| read.usage(|run| &run[part], |usage| usage.wall);
    println!("  {:<52} {:>6.2} s", "raw: the files read", of("read"));
    println!("  {:<52} {:>6.2} s", "raw: the files read and hashed once", of("hashed"));
    println!(
        "  recompute is {:.2} of reading and hashing (floor 5 s, 300 MB: {})",
        recompute.wall() / of("hashed"),
        reached(recompute.wall() <= 5.0 && recompute.figure("memory") <= 300e6)
    );
}
