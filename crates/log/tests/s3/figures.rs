//! What a publication costs, printed; nothing is decided by it.
//!
//! `cargo test -p countersign-log --features s3,conformance --test runner figures -- --ignored --nocapture`

use super::proxy::Fault;
use super::{Rented, credentials};
use crate::kit::{Bench, Opens, leaves};
use axum::http::Method;
use countersign_log::{BucketTiles, S3Limits, S3Settings, TileStore};
use countersign_store::journal::MemoryJournal;
use std::sync::Arc;
use std::time::{Duration, Instant};

const ROUNDS: u32 = 20;

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "durations shown to people")]
    Instant::now()
}

fn opens(settings: S3Settings) -> Opens {
    let open = move || BucketTiles::connect(&settings, credentials(), S3Limits::default()).unwrap();
    Box::new(move || Arc::new(open()) as Arc<dyn TileStore>)
}

/// Mean time of a publication of so many leaves, after `before` leaves, and of opening the log then.
async fn measure(place: Option<Opens>, before: u64, each: u64) -> (Duration, Duration) {
    let bench = Bench::over(Arc::new(MemoryJournal::new()), place).await;
    let log = bench.open().await.unwrap();
    for from in (0..before).step_by(4_000) {
        bench.publish(&log, from..(from + 4_000).min(before)).await;
    }
    let mut total = Duration::ZERO;
    for round in 0..u64::from(ROUNDS) {
        let from = before + round * each;
        bench.journal.enqueue(&leaves(from..from + each)).await.unwrap();
        while log.sequence().await.unwrap() > 0 {}
        let start = now();
        log.publish().await.unwrap();
        total += start.elapsed();
    }
    drop(log);
    let start = now();
    bench.open().await.unwrap();
    (total / ROUNDS, start.elapsed())
}

#[tokio::test]
#[ignore = "prints figures"]
async fn a_publication() {
    for (before, each) in [(0, 1), (0, 256), (20_000, 1), (20_000, 1_000)] {
        println!("\n{each} leaves a publication, after {before}:");
        let (publish, open) = measure(None, before, each).await;
        println!("  folder                          publish {publish:>10.1?}   open {open:>10.1?}");
        let slow = Rented::here();
        for (name, rented, direct) in [
            ("service of this process", Some(Rented::here()), true),
            ("moto", Rented::in_moto(), true),
            ("service, 20 ms a request", Some(slow.clone()), false),
        ] {
            let Some(rented) = rented else { continue };
            let mut settings = rented.settings();
            if direct {
                settings.endpoint = rented.service.clone();
            }
            for method in [Method::GET, Method::PUT] {
                rented.proxy.plan(method, "", Fault::Slow(Duration::from_millis(20)), usize::MAX / 2);
            }
            let (publish, open) = measure(Some(opens(settings)), before, each).await;
            println!("  {name:<31} publish {publish:>10.1?}   open {open:>10.1?}");
        }
        println!("  requests of the last: {:?}", slow.proxy.counts());
    }
}

#[tokio::test]
#[ignore = "prints figures"]
async fn requests_of_a_publication() {
    for (before, each) in [(0, 1), (20_000, 1), (20_000, 1_000), (70_000, 1_000)] {
        let rented = Rented::here();
        let bench = Bench::over(Arc::new(MemoryJournal::new()), Some(opens(rented.settings()))).await;
        let log = bench.open().await.unwrap();
        for from in (0..before).step_by(4_000) {
            bench.publish(&log, from..(from + 4_000).min(before)).await;
        }
        // The first write of a process asks about conditions.
        bench.publish(&log, before..before + each).await;
        let counts = rented.proxy.counts();
        bench.publish(&log, before + each..before + 2 * each).await;
        let after = rented.proxy.counts();
        let of = |method: Method| after[&method] - counts[&method];
        println!("{each} leaves after {}: {} puts, {} gets", before + each, of(Method::PUT), of(Method::GET));
    }
}
