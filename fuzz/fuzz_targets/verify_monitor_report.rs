#![no_main]
//! A monitor's report: whatever parses is written back the same, and only a signed note is believed.

use countersign_tlog::note::VerifierKey;
use countersign_verify::monitor_report::MonitorReport;
use libfuzzer_sys::fuzz_target;

/// The key of vectors/verify/monitor-report.json.
const MONITOR: &str = "monitor.example/m1+d45db627+Ae1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR";

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(report) = MonitorReport::parse(text)
    {
        assert_eq!(report.to_string(), text);
    }
    let Ok(monitor) = VerifierKey::parse(MONITOR) else { return };
    if let Ok(report) = MonitorReport::open(data, &monitor) {
        assert!(data.starts_with(report.to_string().as_bytes()));
    }
});
