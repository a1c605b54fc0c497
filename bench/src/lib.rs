//! What the benches share: meters, workloads in processes of their own, raw limits, and a peer that does the same work.

pub mod child;
pub mod log;
pub mod meter;
pub mod peer;
pub mod workload;
