//! Verdicts and simulations, beside a bare pass over the same bytes in the same run on one core.
//!
//! Ceilings of the design: one evaluation 5 us; 5 million clients from CSV in 10 s on two cores. Everything here runs on one.

use countersign_core::time::Date;
use countersign_restrict::demo;
use countersign_restrict::evaluate::InForce;
use countersign_restrict::pack::Pack;
use countersign_restrict::population::{Read, csv};
use countersign_restrict::simulate::Simulation;
use criterion::Criterion;
use std::hint::black_box;
use std::time::{Duration, Instant};

const LAW: &str = include_str!("../../packs/restrict/eu-833-2014-art5b.yaml");
const FREEZE: &str = include_str!("../../packs/restrict/asset-freeze.yaml");
/// A day on which three rules of the law and three freezes are in force.
const DAY: &str = "2025-12-01";

fn main() {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    let law = Pack::parse(LAW.as_bytes()).expect("the shipped pack has no faults");
    let freeze = Pack::parse(FREEZE.as_bytes()).expect("the shipped pack has no faults");
    let day = Date::parse(DAY).expect("a day");
    let rules = InForce::on(&law, day).expect("versions in force");
    let freezes = InForce::on(&freeze, day).expect("versions in force");
    let population = demo::csv();
    let mut clients = Vec::new();
    csv(population.as_bytes(), None, |read| {
        if let Read::Client(client) = read {
            clients.push(client.facts);
        }
    })
    .expect("the demo can be read");
    assert_eq!(clients.len() as u64, demo::CLIENTS);

    let pass = measured(&mut criterion, "lines of the demo counted", || {
        black_box(black_box(population.as_bytes()).iter().filter(|byte| **byte == b'\n').count());
    });
    let verdicts = measured(&mut criterion, "6 rules on 10,000 clients in memory", || {
        for facts in &clients {
            black_box((rules.outcome(black_box(facts)), freezes.outcome(facts)));
        }
    });
    let reading = measured(&mut criterion, "10,000 rows read from CSV", || {
        csv(population.as_bytes(), None, |read| drop(black_box(read))).expect("the demo can be read");
    });
    let simulated = measured(&mut criterion, "10,000 rows read, judged by 6 rules, compared and counted", || {
        let mut simulation =
            Simulation::new(rules.clone(), Some(freezes.clone()), demo::valuation()).expect("a simulation");
        csv(population.as_bytes(), None, |read| simulation.take(read)).expect("the demo can be read");
        black_box(simulation.report());
    });
    criterion.final_summary();

    let count = f64::from(u32::try_from(demo::CLIENTS).unwrap_or(u32::MAX));
    let row = |name: &str, time: Duration, ceiling: &str| {
        let each = time.as_secs_f64() / count;
        println!(
            "{name:<44} {:>8.3} us a client  {:>7.2} s for 5 million  ratio to the bare pass {:>7.1}  {ceiling}",
            each * 1e6,
            each * 5e6,
            time.as_secs_f64() / pass.as_secs_f64(),
        );
    };
    println!("\none core");
    row("bare pass over the bytes", pass, "");
    row("verdict of 6 rules", verdicts, "(ceiling 5 us)");
    row("rows read", reading, "");
    row("rows read, judged, compared, counted", simulated, "(ceiling 10 s on two cores)");
}

/// Criterion's statistics for the record, and the median of plain timings for the table.
fn measured(criterion: &mut Criterion, name: &str, mut work: impl FnMut()) -> Duration {
    criterion.bench_function(name, |bencher| bencher.iter(&mut work));
    let mut times: Vec<Duration> = (0..31)
        .map(|_| {
            #[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine")]
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
