//! Watches many custodians' logs from outside, with nothing but what everybody can read.
//!
//! The way of one look at one log: the checkpoint is fetched and compared with the one verified last ([`Code::Fork`] keeps both as
//! evidence), its quorum and age are checked, everything is recomputed from the tiles, and what was found is signed by the monitor's own
//! key (`docs/formats/monitor-report.md`). A log that is down, slow or hostile costs its own look and no other's.
//!
//! Not in scope: HTTP clients (a [`LogSource`](countersign_log::LogSource) is an argument), mail and paging, serving the reports.

mod clear;
mod config;
mod consistency;
mod control;
mod evidence;
mod finding;
mod look;
mod openings;
mod overdue;
mod own;
mod record;
mod report;
mod ticks;
mod tiles;
mod watch;

pub use config::{At, Config, ConfigError, Floor, Watch, WatchName};
pub use finding::{Code, Finding};
pub use report::{DETAILS_FILE, REPORT_FILE, TOTALS_FILE};
pub use watch::{Monitor, MonitorError, Seen, Watched};
