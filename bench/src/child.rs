//! Workloads in processes of their own: nothing left of the one before them, a peak of memory of their own, and a process that
//! `strace` can count the syncs of.

use serde_json::Value;
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Marks the process that does one workload.
const MARK: &str = "--workload";

/// Calls that make bytes last.
const SYNCS: &str = "fsync,fdatasync,sync_file_range";

/// The workload that this process was started for, with its parameters.
///
/// # Panics
/// When the parameters are not JSON: only [`run`] starts such processes.
pub fn asked() -> Option<(String, Value)> {
    let mut arguments = env::args().skip_while(|argument| argument != MARK).skip(1);
    let (name, parameters) = (arguments.next()?, arguments.next()?);
    Some((name, serde_json::from_str(&parameters).expect("parameters in JSON")))
}

/// Runs a workload of this program; its answer is the last line that it prints.
///
/// # Panics
/// When it fails.
pub fn run(name: &str, parameters: &Value) -> Value {
    answer(name, command(None, name, parameters))
}

/// Syncs by the kind of file: `journal`, `write-ahead log`, `tile`, `folder`, ...
pub type Syncs = BTreeMap<String, u64>;

/// Runs a workload under `strace` and counts its syncs; `None` when `strace` is not installed.
///
/// # Panics
/// When the workload fails.
pub fn count_syncs(name: &str, parameters: &Value) -> Option<Syncs> {
    let installed = Command::new("strace").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !installed.is_ok_and(|status| status.success()) {
        return None;
    }
    let trace = tempfile::NamedTempFile::new().expect("a file for the trace");
    answer(name, command(Some(trace.path()), name, parameters));
    Some(syncs(&fs::read_to_string(trace.path()).expect("a trace")))
}

/// What `more` has beyond `less`, per unit.
pub fn per(more: &Syncs, less: &Syncs, units: f64) -> BTreeMap<String, f64> {
    more.iter()
        .map(|(kind, count)| (kind.clone(), count.saturating_sub(less.get(kind).copied().unwrap_or(0)) as f64 / units))
        .collect()
}

fn command(trace: Option<&Path>, name: &str, parameters: &Value) -> Command {
    let program = env::current_exe().expect("this program's path");
    let mut command = match trace {
        None => Command::new(program),
        Some(trace) => {
            let mut command = Command::new("strace");
            command
                .args(["-f", "--seccomp-bpf", "-y", "-qq", "-e"])
                .arg(format!("trace={SYNCS}"))
                .arg("-o")
                .arg(trace)
                .arg(program);
            command
        }
    };
    command.args([MARK, name]).arg(parameters.to_string());
    command
}

fn answer(name: &str, mut command: Command) -> Value {
    let output = command.stderr(Stdio::inherit()).output().expect("a process for the workload");
    assert!(output.status.success(), "workload `{name}` failed");
    let text = String::from_utf8(output.stdout).expect("text");
    serde_json::from_str(text.lines().last().unwrap_or_default()).expect("an answer in JSON")
}

/// Counts calls by what they were called on. A call that was interrupted by another thread's stands on two lines, of which only the
/// first names it.
fn syncs(trace: &str) -> Syncs {
    let mut syncs = Syncs::new();
    for line in trace.lines() {
        let Some((call, rest)) = line.split_once('(') else { continue };
        if SYNCS.split(',').any(|sync| call.ends_with(sync)) {
            let path = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(path, _)| path);
            *syncs.entry(kind(path).to_owned()).or_default() += 1;
        }
    }
    syncs
}

fn kind(path: &str) -> &'static str {
    let path = path.trim_end_matches(".unfinished");
    let name = path.rsplit('/').next().unwrap_or_default();
    match name {
        _ if name.ends_with("-wal") => "write-ahead log",
        _ if name.ends_with(".db") => "database",
        "checkpoint" => "checkpoint",
        _ if (path.contains("/entries/") || path.contains("/data/")) && name.parse::<u16>().is_ok() => "bundle",
        _ if path.contains("/tile/") && name.parse::<u16>().is_ok() => "tile",
        "raw" => "file",
        _ => "folder",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syncs_are_counted_by_kind_of_file() {
        let trace = "\
            7 fdatasync(9</tmp/a/journal.db-wal>) = 0\n\
            7 fdatasync(9</tmp/a/journal.db-wal> <unfinished ...>\n\
            8 fsync(11</tmp/a/log/tile/0/x001/234.p/7.unfinished>) = 0\n\
            7 <... fdatasync resumed>) = 0\n\
            8 fsync(11</tmp/a/log/tile/0>) = 0\n";
        let expected = [("write-ahead log", 2), ("tile", 1), ("folder", 1)];
        assert_eq!(syncs(trace), expected.map(|(kind, count)| (kind.to_owned(), count)).into());
    }
}
