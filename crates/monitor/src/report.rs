//! The signed report of one look, and the files beside it.

use crate::config::Watch;
use crate::look::Looked;
use crate::own::Own;
use countersign_core::digest::plain;
use countersign_core::time::Timestamp;
use countersign_tlog::note::{Note, SigningKey};
use countersign_verify::monitor_report::{MonitorReport, ReportedFinding};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// The signed note.
pub const REPORT_FILE: &str = "report.note";

/// The findings in words.
pub const DETAILS_FILE: &str = "details.json";

/// The recomputed outside totals.
pub const TOTALS_FILE: &str = "totals.json";

const HISTORY: &str = "history";

#[derive(Serialize)]
struct Details<'d> {
    v: &'static str,
    monitor: &'d str,
    log: &'d str,
    at: String,
    time: Timestamp,
    /// The checkpoint as it was served.
    checkpoint: Option<String>,
    findings: Vec<Detail<'d>>,
}

#[derive(Serialize)]
struct Detail<'d> {
    severity: &'d str,
    code: &'d str,
    leaf: Option<u64>,
    line: &'d str,
}

/// Signs what a look came to and writes it into the monitor's folder for the log. The note comes last: until then it speaks for the
/// files before, and says so by their digests.
pub(crate) fn write(
    own: &Own,
    watch: &Watch,
    looked: &Looked,
    key: &SigningKey,
    now: Timestamp,
) -> Result<MonitorReport, String> {
    let origin = watch.policy.logs().first().ok_or("the policy names no log")?.key.name();
    let details = Details {
        v: "countersign/monitor-details/v1",
        monitor: key.verifier().name().as_str(),
        log: origin.as_str(),
        at: watch.at.to_string(),
        time: now,
        checkpoint: looked.served.as_ref().map(ToString::to_string),
        findings: looked
            .findings
            .iter()
            .map(|finding| Detail {
                severity: finding.severity.as_str(),
                code: finding.code.as_str(),
                leaf: finding.leaf,
                line: &finding.line,
            })
            .collect(),
    };
    let details = serde_json::to_vec(&details).map_err(|error| error.to_string())?;
    let found: BTreeSet<ReportedFinding> = looked
        .findings
        .iter()
        .map(|finding| ReportedFinding { severity: finding.severity, code: finding.code.as_str().to_owned() })
        .collect();
    let report = MonitorReport {
        origin: origin.clone(),
        time: now,
        checkpoint: looked.verified,
        totals: looked.totals.as_deref().map(plain),
        details: plain(&details),
        findings: found.into_iter().collect(),
    };
    let note = report.sign(key).map_err(|error| error.to_string())?.to_string();
    if findings_before(own.folder()).as_ref() != Some(&report.findings) {
        own.put(&format!("{HISTORY}/{}.note", now.to_string().replace(':', "")), note.as_bytes())?;
    }
    own.put(DETAILS_FILE, &details)?;
    match &looked.totals {
        Some(totals) => own.put(TOTALS_FILE, totals)?,
        None => remove(&own.folder().join(TOTALS_FILE))?,
    }
    own.put(REPORT_FILE, note.as_bytes())?;
    Ok(report)
}

/// Findings of the report before; only their change decides whether a note is kept for good, so the signature does not matter.
fn findings_before(folder: &Path) -> Option<Vec<ReportedFinding>> {
    let note = Note::parse(&fs::read(folder.join(REPORT_FILE)).ok()?).ok()?;
    Some(MonitorReport::parse(note.text()).ok()?.findings)
}

fn remove(path: &Path) -> Result<(), String> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(format!("cannot remove {}: {error}", path.display())),
        _ => Ok(()),
    }
}
