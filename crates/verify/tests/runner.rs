//! All integration tests of the crate in one binary.

mod arbitrary;
mod changes;
mod daily;
mod duress;
mod duties;
mod evidence;
mod folding;
mod founding;
mod holders;
mod lookups;
mod model;
mod monitor_reports;
mod packages;
mod presence;
mod reach;
mod readings;
mod refusals;
mod replaced_workers;
mod resealed;
mod rotation;
mod samples;
mod totals;
mod trustee_logs;
mod vectors;
mod workers;
mod world;
