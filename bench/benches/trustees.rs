//! The largest order, 10,000 records of one class, answered by 3 of 5 trustees: each a process of its own, asked at once over HTTP on the
//! loopback, with all fourteen checks, journal and own log. Beside it the bare multiplications that it contains, in the same run.
//!
//! Goal of the design: 2 s on two cores.

use countersign_core::time::Timestamp;
use countersign_testkit::clock::FixedClock;
use countersign_trustee::{FolderSource, HttpTrustee, Service, Trustee, router};
use curve25519_dalek::RistrettoPoint;
use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT;
use curve25519_dalek::scalar::Scalar;
use std::hint::black_box;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use world::{Case, World, code, read, seed};

#[expect(dead_code, reason = "the world of the crate's tests has more than the bench needs")]
#[path = "../../crates/trustee/tests/world/mod.rs"]
mod world;

/// Marks a process that is one trustee.
const MARK: &str = "--trustee";
const RECORDS: u64 = 10_000;
const ASKED: [u16; 3] = [1, 2, 3];
const ROUNDS: u8 = 3;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut arguments = std::env::args().skip_while(|argument| argument != MARK).skip(1);
    match (arguments.next(), arguments.next(), arguments.next()) {
        (Some(folder), Some(log), Some(now)) => runtime.block_on(serve(Path::new(&folder), Path::new(&log), &now)),
        _ => runtime.block_on(measure()),
    }
}

/// One trustee; says its address in its first line.
async fn serve(folder: &Path, log: &Path, now: &str) {
    let fresh = std::sync::atomic::AtomicU32::new(0);
    let service = Service {
        trustee: Arc::new(Trustee::open(folder).expect("a trustee")),
        source: Arc::new(FolderSource(log.to_owned())),
        clock: Arc::new(FixedClock(Timestamp::parse(now).expect("a time"))),
        seeds: Arc::new(move || seed(&format!("{}", fresh.fetch_add(1, std::sync::atomic::Ordering::Relaxed)))),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    axum::serve(listener, router(service)).await.expect("a server");
}

struct Running {
    child: Child,
    trustee: HttpTrustee,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(folder: PathBuf, log: &Path, now: Timestamp, index: u16, client: &reqwest::Client) -> Running {
    let program = std::env::current_exe().expect("this program's path");
    let mut command = Command::new(program);
    command.arg(MARK).arg(folder).arg(log).arg(now.to_string()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("a process");
    let mut address = String::new();
    BufReader::new(child.stdout.as_mut().expect("its output")).read_line(&mut address).expect("its address");
    let trustee = HttpTrustee::new(index, &format!("http://{}", address.trim_end()), client.clone());
    Running { child, trustee }
}

async fn measure() {
    let mut world = World::new();
    println!("sealing {RECORDS} records for each of {ROUNDS} orders");
    let cases: Vec<Case> = (1..=ROUNDS).map(|order| world.large_case(order, RECORDS)).collect();
    let cases: Vec<Case> = cases.iter().map(|case| world.refresh(case)).collect();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let running: Vec<Running> =
        ASKED.iter().map(|index| start(world.path(*index), &world.log.folder, world.now, *index, &client)).collect();

    let variable = variable_base();
    let (mut best, mut signing) = (Duration::MAX, Duration::MAX);
    for (round, case) in cases.iter().enumerate() {
        let begun = now();
        let requests: Vec<Vec<u8>> = ASKED.iter().map(|index| case.request(*index, world.now)).collect();
        let signed = begun.elapsed();
        let bytes = requests[0].len();
        let begun = now();
        let asked = running.iter().zip(requests).map(|(one, request)| {
            let trustee = one.trustee.clone();
            tokio::spawn(async move { trustee.ask(&request).await })
        });
        let asked: Vec<_> = asked.collect();
        let mut answers = Vec::new();
        for one in asked {
            answers.push(one.await.expect("a task").expect("an answer"));
        }
        let taken = begun.elapsed();
        for answer in &answers {
            assert_eq!(code(answer), None);
            assert_eq!(u64::from(read(answer).1.records), RECORDS);
        }
        println!("order {}: 3 answers in {:.2} s, requests of {bytes} bytes", round + 1, taken.as_secs_f64());
        (best, signing) = (best.min(taken), signing.min(signed));
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let alone = 3.0 * RECORDS as f64 / variable / cores.min(3) as f64;
    println!("\n{cores} cores; raw variable-base multiplications of this run, one core: {variable:.0}/s");
    println!(
        "10,000 records x 1 class, 3 of 5 trustees over HTTP   {:>6.2} s  (goal 2.00 s on two cores)",
        best.as_secs_f64()
    );
    println!(
        "  the multiplications alone on these cores              {alone:>6.2} s  ratio {:.2}",
        alone / best.as_secs_f64()
    );
    println!("  the desk writes and signs three requests              {:>6.2} s  beside", signing.as_secs_f64());
}

/// Variable-base multiplications a second, one core.
fn variable_base() -> f64 {
    let scalar = Scalar::from_bytes_mod_order([0x5a; 32]);
    let points: Vec<RistrettoPoint> =
        (1_u64..=1_000).map(|x| RISTRETTO_BASEPOINT_POINT * Scalar::from(x * x + 7)).collect();
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let begun = now();
        for point in &points {
            black_box(black_box(point) * black_box(&scalar));
        }
        best = best.min(begun.elapsed());
    }
    points.len() as f64 / best.as_secs_f64()
}

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine")]
    Instant::now()
}
