//! One decision of the built-in pack on built entities, beside building and report, and beside one bare question to Cedar.
//!
//! Ceiling of the design: 50 us for one decision on built entities. Everything here runs on one core.

use countersign_policy::{Bundle, Prepared, Reader};
use countersign_review::Corpus;
use criterion::Criterion;
use std::hint::black_box;
use std::time::{Duration, Instant};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../packs/policy/eea-custodian/golden");

fn main() {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    let bundle = Bundle::builtin_eea_custodian().expect("the built-in pack parses");
    let corpus = corpus();
    println!(
        "{:<28} {:>8} {:>9} {:>9} {:>8} {:>9} {:>7} {:>6}",
        "us", "building", "decision", "to report", "proposal", "floor", "ratio", "asked"
    );
    for name in ["home-court-plain", "fiu-one-client", "third-mla-fraud", "abduction", "ruritania-everybody-who-paid"] {
        let case = corpus.case(name).expect("a case of the corpus");
        let context = &case.releases.first().expect("an attempt to release").context;
        let built = || Prepared::new(&bundle, &case.facts, &case.authority, case.seat).expect("a sound case");
        let prepared = built();
        // The floor: one policy that asks one thing, on a question that is built.
        let lone = Reader::new(&bundle).condition("release", "context.included").expect("a condition");
        let question = prepared.question("release", Some(context)).expect("a question");
        let building = measured(&mut criterion, &format!("{name}: entities built and checked"), || {
            black_box(built());
        });
        let decision = measured(&mut criterion, &format!("{name}: release decided"), || {
            black_box(prepared.permitted(black_box(Some(context)))).expect("no policy errs");
        });
        let reported = measured(&mut criterion, &format!("{name}: release decided, with its report"), || {
            black_box(prepared.decide(black_box(Some(context))));
        });
        let proposal = measured(&mut criterion, &format!("{name}: proposal decided"), || {
            black_box(prepared.permitted(black_box(None))).expect("no policy errs");
        });
        let floor = measured(&mut criterion, &format!("{name}: one policy asked"), || {
            black_box(prepared.applies(&lone, &question)).expect("no policy errs");
        });
        let asked = prepared.asked(Some(context)).expect("no policy errs");
        let us = |time: Duration| time.as_secs_f64() * 1e6;
        println!(
            "{name:<28} {:>8.1} {:>9.1} {:>9.1} {:>8.1} {:>9.2} {:>7.1} {asked:>3} of {}   (ceiling of a decision 50 us)",
            us(building),
            us(decision),
            us(reported.saturating_sub(decision)),
            us(proposal),
            us(floor),
            decision.as_secs_f64() / floor.as_secs_f64(),
            bundle.rules().len(),
        );
    }
    criterion.final_summary();
}

fn corpus() -> Corpus {
    let mut paths: Vec<_> = std::fs::read_dir(GOLDEN)
        .expect("the corpus lies in the repository")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| !path.ends_with("cast.json"))
        .collect();
    paths.sort();
    let text = |path: &std::path::Path| std::fs::read_to_string(path).expect("a text");
    let files: Vec<(String, String)> = paths.iter().map(|path| (path.display().to_string(), text(path))).collect();
    Corpus::parse(&text(&std::path::Path::new(GOLDEN).join("cast.json")), &files).expect("a corpus")
}

/// Criterion's statistics for the record, and the median of plain timings for the table.
fn measured(criterion: &mut Criterion, name: &str, mut work: impl FnMut()) -> Duration {
    criterion.bench_function(name, |bencher| bencher.iter(&mut work));
    let mut times: Vec<Duration> = (0..501)
        .map(|_| {
            #[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine")]
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}
