//! What the processes of `child` do: each workload takes its parameters and answers with figures.

mod durable;
mod keys;
mod latency;
mod whole;

pub use keys::Index;

use serde::de::DeserializeOwned;
use serde_json::Value;
use std::future::Future;
use std::path::PathBuf;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Does one workload.
///
/// # Panics
/// When it fails: a figure of a failed run is none.
pub fn perform(name: &str, parameters: Value) -> Value {
    match name {
        "durable" => running(durable::durable(read(parameters))),
        "naive" => durable::naive(read(parameters)),
        "disk" => durable::disk(read(parameters)),
        "fill table" => running(keys::fill(read(parameters))),
        "index" => running(keys::index(read(parameters))),
        "with keys" => running(keys::measure(read(parameters))),
        "latency" => running(latency::latency(read(parameters))),
        "fill log" => running(whole::fill(read(parameters))),
        "open log" => running(whole::open(read(parameters))),
        "recompute" => whole::recompute(read(parameters)),
        "read" => whole::read(read(parameters)),
        other => panic!("no workload `{other}`"),
    }
}

fn read<T: DeserializeOwned>(parameters: Value) -> T {
    serde_json::from_value(parameters).expect("parameters of this workload")
}

fn running<T>(work: impl Future<Output = T>) -> T {
    Runtime::new().expect("a runtime").block_on(work)
}

/// A folder that is gone afterwards, on the disk that is measured: `COUNTERSIGN_BENCH_DIR`, or where temporary files are.
///
/// # Panics
/// When it cannot be made.
pub fn folder() -> TempDir {
    let place = std::env::var_os("COUNTERSIGN_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    tempfile::Builder::new().prefix("countersign-bench").tempdir_in(place).expect("a folder")
}
