use countersign_core::digest::plain;
use countersign_core::time::Timestamp;
use countersign_tlog::Hash;
use countersign_tlog::cosignature::cosign;
use countersign_tlog::note::{KeyKind, KeyName, SigningKey, VerifierKey};
use countersign_verify::monitor_report::{
    MAX_FINDINGS, MonitorReport, ReportError, Reported, ReportedFinding, Severity,
};
use proptest::prelude::*;
use serde::Deserialize;

fn key(name: &str, kind: KeyKind) -> SigningKey {
    SigningKey::from_seed(KeyName::new(name).unwrap(), kind, &[3; 32]).unwrap()
}

fn monitor() -> SigningKey {
    key("monitor.example/m1", KeyKind::Ed25519)
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn finding(severity: Severity, code: &str) -> ReportedFinding {
    ReportedFinding { severity, code: code.to_owned() }
}

fn report() -> MonitorReport {
    MonitorReport {
        origin: KeyName::new("log.custodian.example/journal").unwrap(),
        time: at("2026-11-20T13:00:00Z"),
        checkpoint: Some(Reported { size: 4_031, root: Hash([7; 32]), witnessed: at("2026-11-20T12:58:11Z") }),
        totals: Some(plain(b"{\"origin\":\"log.custodian.example/journal\"}")),
        details: plain(b"{\"v\":\"countersign/monitor-details/v1\"}"),
        findings: vec![
            finding(Severity::Notice, "control-changed"),
            finding(Severity::Warning, "stale"),
            finding(Severity::Alarm, "overdue"),
        ],
    }
}

#[derive(Deserialize)]
struct Vectors {
    vkey: String,
    cases: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    ok: bool,
    note: String,
    details: Option<String>,
    totals: Option<String>,
}

fn verify(vector: &Vector, monitor: &VerifierKey) -> Result<(), ReportError> {
    let report = MonitorReport::open(vector.note.as_bytes(), monitor)?;
    if let Some(details) = &vector.details {
        report.check_details(details.as_bytes())?;
    }
    match &vector.totals {
        Some(totals) => report.check_totals(totals.as_bytes()),
        None => Ok(()),
    }
}

#[test]
fn reports_hold_and_fail_as_the_vectors_say() {
    let vectors: Vectors = serde_json::from_str(include_str!("../../../vectors/verify/monitor-report.json")).unwrap();
    let monitor = VerifierKey::parse(&vectors.vkey).unwrap();
    for vector in &vectors.cases {
        let found = verify(vector, &monitor);
        assert_eq!(found.is_ok(), vector.ok, "{}: {found:?}", vector.name);
    }
    let good = vectors.cases.iter().filter(|vector| vector.ok).count();
    assert!(good > 2 && vectors.cases.len() > 3 * good, "{good} of {}", vectors.cases.len());
}

#[test]
fn the_bytes_of_a_report_are_those_of_its_snapshot() {
    let vectors: Vectors = serde_json::from_str(include_str!("../../../vectors/verify/monitor-report.json")).unwrap();
    assert_eq!(report().sign(&monitor()).unwrap().to_string(), vectors.cases[0].note);
}

#[test]
fn a_monitor_signs_nothing_that_it_would_not_read() {
    let mut unsorted = report();
    unsorted.findings.reverse();
    let mut without_tree = report();
    without_tree.checkpoint = None;
    let mut shouting = report();
    shouting.findings = vec![finding(Severity::Alarm, "FORK")];
    let mut endless = report();
    endless.findings =
        (0..=MAX_FINDINGS).map(|number| finding(Severity::Alarm, &"x".repeat(number % 40 + 1))).collect();
    endless.findings.sort();
    for bad in [unsorted, without_tree, shouting, endless] {
        assert!(matches!(bad.sign(&monitor()), Err(ReportError::Line { .. })), "{bad}");
    }
    let own = key("log.custodian.example/journal", KeyKind::Ed25519);
    assert!(matches!(report().sign(&own), Err(ReportError::OwnLog(_))));
    let witness = key("monitor.example/m1", KeyKind::CosignatureV1);
    assert!(matches!(report().sign(&witness), Err(ReportError::Note(_))));
}

#[test]
fn files_beside_the_report_are_the_ones_that_were_signed() {
    let report = MonitorReport::open(report().sign(&monitor()).unwrap().to_string().as_bytes(), monitor().verifier());
    let mut report = report.unwrap();
    report.check_details(b"{\"v\":\"countersign/monitor-details/v1\"}").unwrap();
    report.check_totals(b"{\"origin\":\"log.custodian.example/journal\"}").unwrap();
    assert!(matches!(report.check_details(b"{}"), Err(ReportError::OtherFile { what: "details", .. })));
    assert!(matches!(report.check_totals(b""), Err(ReportError::OtherFile { what: "totals", .. })));
    report.totals = None;
    let error = report.check_totals(b"").unwrap_err().to_string();
    assert!(error.ends_with("the report says none"), "{error}");
}

#[test]
fn a_checkpoint_and_a_report_are_never_each_other() {
    use countersign_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
    // The same key signs both here, which nobody should do.
    let signer = monitor();
    let head = Checkpoint { origin: signer.verifier().name().clone(), size: 5, root: Hash([1; 32]) };
    let mut checkpoint = head.sign(&signer).unwrap();
    assert!(MonitorReport::open(checkpoint.to_string().as_bytes(), signer.verifier()).is_err());
    let report = report().sign(&signer).unwrap().to_string();
    assert!(SignedCheckpoint::parse(report.as_bytes()).is_err());
    let witness = key("monitor.example/m1", KeyKind::CosignatureV1);
    checkpoint.add(cosign(&checkpoint, &witness, 7).unwrap()).unwrap();
    assert!(MonitorReport::open(checkpoint.to_string().as_bytes(), witness.verifier()).is_err());
}

fn any_finding() -> impl Strategy<Value = ReportedFinding> {
    let severity = prop_oneof![Just(Severity::Notice), Just(Severity::Warning), Just(Severity::Alarm)];
    (severity, "[a-z]([a-z-]{0,20}[a-z])?").prop_map(|(severity, code)| ReportedFinding { severity, code })
}

fn any_report() -> impl Strategy<Value = MonitorReport> {
    let time = (0_i64..32_503_680_000).prop_map(|unix| Timestamp::from_unix(unix).unwrap());
    let tree = (0_u64..1 << 63, any::<[u8; 32]>(), time.clone()).prop_map(|(size, root, witnessed)| Reported {
        size,
        root: Hash(root),
        witnessed,
    });
    let findings = proptest::collection::btree_set(any_finding(), 0..MAX_FINDINGS);
    (time, proptest::option::of(tree), any::<Option<[u8; 8]>>(), any::<[u8; 8]>(), findings).prop_map(
        |(time, checkpoint, totals, details, findings)| MonitorReport {
            origin: KeyName::new("log.example/x").unwrap(),
            time,
            totals: totals.filter(|_| checkpoint.is_some()).map(|bytes| plain(&bytes)),
            checkpoint,
            details: plain(&details),
            findings: findings.into_iter().collect(),
        },
    )
}

proptest! {
    #[test]
    fn what_is_signed_is_read_back(report in any_report()) {
        let note = report.sign(&monitor()).unwrap().to_string();
        prop_assert_eq!(MonitorReport::open(note.as_bytes(), monitor().verifier()).unwrap(), report);
    }

    #[test]
    fn whatever_is_read_has_one_spelling(report in any_report(), at in any::<prop::sample::Index>(), with in any::<u8>()) {
        let mut text = report.to_string().into_bytes();
        let at = at.index(text.len());
        text[at] = with;
        if let Ok(Ok(read)) = String::from_utf8(text.clone()).map(|text| MonitorReport::parse(&text)) {
            prop_assert_eq!(read.to_string().into_bytes(), text);
        }
    }

    #[test]
    fn a_changed_note_is_refused(report in any_report(), at in any::<prop::sample::Index>(), bit in 0_u32..8) {
        let mut note = report.sign(&monitor()).unwrap().to_string().into_bytes();
        let at = at.index(note.len());
        note[at] ^= 1_u8 << bit;
        prop_assert!(MonitorReport::open(&note, monitor().verifier()).is_err());
    }
}
