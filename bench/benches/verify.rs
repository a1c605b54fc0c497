//! A trustee's fourteen checks and the check of a whole evidence folder, each beside the bare Ed25519 verifications that it
//! contains, in the same run on one core.
//!
//! Ceiling of the design: `verify_request` on a small order 2 ms, goal 1 ms.

use criterion::Criterion;
use ed25519_dalek::Signer;
use std::hint::black_box;
use std::time::{Duration, Instant};
use world::{COURT, Case, Given, World, authority_secret, seed, signing_key};

#[expect(dead_code, unused_imports, reason = "the world of the crate's tests has more than the bench needs")]
#[path = "../../crates/verify/tests/world/mod.rs"]
mod world;

use countersign_verify::evidence::{open_package, verify_evidence};
use countersign_verify::request::verify_request;

/// Desk; log and two witnesses under each of two proofs; two approvals.
const OF_A_REQUEST: u32 = 1 + 2 * 3 + 2;
/// Genesis (five people, five trustees); log and two witnesses under two proofs; receipts; approvals; confirmations.
const OF_EVIDENCE: u32 = 10 + 2 * 3 + 3 + 2 + 5;

fn main() {
    let mut criterion = Criterion::default()
        .configure_from_args()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    let (world, case, given) = released(&[1]);
    let (many_world, many, _) = released(&(1..=5).collect::<Vec<u8>>());

    let verification = verification(&mut criterion);
    let small = request(&mut criterion, "verify_request, 1 record", &world, &case);
    let five = request(&mut criterion, "verify_request, 5 records", &many_world, &many);
    let with_facts = world.evidence(&case, &given);
    let evidence = measured(&mut criterion, "verify_evidence with facts", || {
        assert!(verify_evidence(black_box(&with_facts), None).is_ok());
    });
    let package = world.package(&case, &given);
    let key = authority_secret(COURT);
    let opening = measured(&mut criterion, "open_package, 1 record, 2 classes", || {
        assert!(open_package(black_box(&package), &key, None, &seed("weights")).is_ok());
    });
    criterion.final_summary();

    println!("\none core; one Ed25519 verify_strict of this run: {:.1} us", micros(verification));
    let row = |name: &str, time: Duration, signatures: u32, ceiling: &str| {
        let raw = verification * signatures;
        println!(
            "{name:<38} {:>9.1} us  {signatures:>2} signatures alone {:>8.1} us  ratio {:.2}  {ceiling}",
            micros(time),
            micros(raw),
            time.as_secs_f64() / raw.as_secs_f64(),
        );
    };
    row("verify_request, 1 record", small, OF_A_REQUEST, "(ceiling 2000 us, goal 1000 us)");
    row("verify_request, 5 records", five, OF_A_REQUEST, "");
    row("verify_evidence with facts", evidence, OF_EVIDENCE, "(parses and validates the policy bundle)");
    row("open_package, 1 record, 2 classes", opening, OF_EVIDENCE + 3, "(without facts)");
}

fn released(clients: &[u8]) -> (World, Case, Vec<Given>) {
    let mut world = World::new();
    let draft = world.draft_for(clients);
    let case = world.publish(draft);
    let given = (1..=3).map(|trustee| world.give(&case, trustee)).collect();
    (world, case, given)
}

fn request(criterion: &mut Criterion, name: &str, world: &World, case: &Case) -> Duration {
    let bytes = world.sign(case.request(1, world.now));
    let view = world.view(1);
    measured(criterion, name, || {
        assert!(verify_request(black_box(&view), world.now, seed("weights"), black_box(&bytes)).is_ok());
    })
}

fn verification(criterion: &mut Criterion) -> Duration {
    let key = signing_key("desk");
    let message =
        countersign_core::approval::signed_line("countersign/bench/v1", &countersign_core::id::Digest([7; 32]));
    let (signature, public) = (key.sign(&message), key.verifying_key());
    measured(criterion, "raw Ed25519 verify_strict", || {
        assert!(public.verify_strict(black_box(&message), black_box(&signature)).is_ok());
    })
}

/// Criterion's statistics for the record, and the median of plain timings for the table.
fn measured(criterion: &mut Criterion, name: &str, mut work: impl FnMut()) -> Duration {
    criterion.bench_function(name, |bencher| bencher.iter(&mut work));
    let mut times: Vec<Duration> = (0..101)
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

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
