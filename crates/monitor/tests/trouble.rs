use crate::kit::{DAY, Journal, MINUTE, Watcher, codes, line, log_key, note_key};
use countersign_monitor::{Code, Monitor, REPORT_FILE};
use countersign_tlog::checkpoint::Checkpoint;
use countersign_tlog::empty_root;
use countersign_tlog::note::KeyKind;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn what_is_served_instead_of_a_checkpoint() {
    let journal = Journal::founded();
    let watcher = Watcher::of(&journal);
    let good = journal.shelf.get("checkpoint");
    let text = String::from_utf8(good.clone()).unwrap();
    let stranger = note_key(crate::kit::ORIGIN, KeyKind::Ed25519);
    let other_log = note_key("journal.countersign.example/xb", KeyKind::Ed25519);
    let forged = {
        let impostor = countersign_tlog::note::SigningKey::from_seed(
            stranger.verifier().name().clone(),
            KeyKind::Ed25519,
            &[9; 32],
        );
        let head = Checkpoint { origin: stranger.verifier().name().clone(), size: 0, root: empty_root() };
        head.sign(&impostor.unwrap()).unwrap().to_string()
    };
    let foreign =
        Checkpoint { origin: other_log.verifier().name().clone(), size: 0, root: empty_root() }.sign(&other_log);
    let one_witness = journal.signed(&[journal.clock_now()]).to_string();
    let cases: [(&str, Vec<u8>, Code); 9] = [
        ("empty", Vec::new(), Code::Malformed),
        ("a page", b"<html>down for maintenance</html>".to_vec(), Code::Malformed),
        ("cut off", good[..good.len() / 2].to_vec(), Code::Malformed),
        ("too long", vec![b'x'; 200_000], Code::Unreachable),
        ("forged", forged.into_bytes(), Code::NotSigned),
        ("another log's", foreign.unwrap().to_string().into_bytes(), Code::NotSigned),
        ("text changed", text.replacen("\n1\n", "\n2\n", 1).into_bytes(), Code::NotSigned),
        ("one witness of two", one_witness.into_bytes(), Code::Quorum),
        ("a cosignature changed", text.trim_end().rsplit_once("\n— ").unwrap().0.as_bytes().to_vec(), Code::Malformed),
    ];
    for (name, bytes, code) in cases {
        journal.shelf.put("checkpoint", bytes);
        let seen = watcher.look(&journal).await;
        assert_eq!(codes(&seen), [code], "{name}: {:?}", seen.findings);
        assert!(watcher.report().checkpoint.is_none(), "{name}");
    }
    journal.shelf.take("checkpoint");
    assert_eq!(codes(&watcher.look(&journal).await), [Code::NoCheckpoint]);
    journal.shelf.put("checkpoint", good);
    assert_eq!(codes(&watcher.look(&journal).await), [], "none of it was taken for the log's history");
    assert_eq!(log_key().verifier().name().as_str(), crate::kit::ORIGIN);
}

#[tokio::test]
async fn old_and_future_quorums_are_found() {
    let journal = Journal::founded();
    let watcher = Watcher::of(&journal);
    journal.clock.turn(60 * MINUTE);
    assert_eq!(codes(&watcher.look(&journal).await), []);
    journal.clock.turn(1);
    let seen = watcher.look(&journal).await;
    assert_eq!(codes(&seen), [Code::Stale]);
    assert_eq!(line(&seen), "the quorum cosigned 3601 s ago, 3600 s are allowed");
    assert!(watcher.report().checkpoint.is_some(), "old, and verified");

    let now = journal.clock_now();
    journal.shelf.put("checkpoint", journal.signed(&[now, now + 120]).to_string());
    assert_eq!(codes(&watcher.look(&journal).await), []);
    journal.shelf.put("checkpoint", journal.signed(&[now, now + 121]).to_string());
    let seen = watcher.look(&journal).await;
    assert_eq!(codes(&seen), [Code::ClockAhead]);
    assert!(line(&seen).starts_with("witness `w2` cosigned 121 s ahead"), "{}", line(&seen));
}

#[tokio::test]
async fn a_monitor_whose_clock_went_back_says_so() {
    let journal = Journal::founded();
    let watcher = Watcher::of(&journal);
    watcher.look(&journal).await;
    journal.clock.turn(-30);
    let seen = watcher.look(&journal).await;
    assert_eq!(codes(&seen), [Code::ClockBehind]);
}

#[tokio::test]
async fn a_record_that_is_damaged_or_lost_is_never_taken_for_none() {
    let mut journal = Journal::founded();
    journal.dummies(5);
    journal.publish();
    let watcher = Watcher::of(&journal);
    watcher.look(&journal).await;
    let record = watcher.own().join("record.json");
    let whole = fs::read(&record).unwrap();
    let note = fs::read(watcher.own().join(REPORT_FILE)).unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    for bad in [
        String::new(),
        text[..text.len() / 2].to_owned(),
        text.replacen("/v1", "/v2", 1),
        text.replacen("\\n6\\n", "\\n5\\n", 1),
        text.replacen("\"since\"", "\"sins\"", 1),
    ] {
        assert_ne!(bad, text);
        fs::write(&record, bad).unwrap();
        let seen = watcher.look(&journal).await;
        let trouble = seen.trouble.as_deref().unwrap();
        assert!(trouble.contains("record.json is damaged") && !seen.is_well(), "{trouble}");
        assert_eq!(fs::read(watcher.own().join(REPORT_FILE)).unwrap(), note, "nothing is signed in doubt");
    }
    fs::remove_file(&record).unwrap();
    assert_eq!(codes(&watcher.look(&journal).await), [Code::BeganAgain]);
    assert_eq!(codes(&watcher.look(&journal).await), [], "told once");
    fs::write(&record, whole).unwrap();
    assert_eq!(codes(&watcher.look(&journal).await), []);
}

#[tokio::test]
async fn what_is_left_of_an_interrupted_look_means_nothing() {
    let mut journal = Journal::founded();
    journal.dummies(300);
    journal.publish();
    let watcher = Watcher::of(&journal);
    watcher.look(&journal).await;
    let own = watcher.own();
    for name in ["record.json", "report.note", "details.json", "totals.json", "began"] {
        fs::write(own.join(format!("{name}.unfinished")), "half").unwrap();
    }
    fs::write(watcher.kept().join("tile/0/000.unfinished"), "half").unwrap();
    // Killed between the record and the report: the record is ahead.
    let (report, totals) = (fs::read(own.join(REPORT_FILE)).unwrap(), fs::read(own.join("totals.json")).unwrap());
    journal.dummies(10);
    journal.publish();
    watcher.look(&journal).await;
    fs::write(own.join(REPORT_FILE), report).unwrap();
    assert!(watcher.report().check_totals(&fs::read(own.join("totals.json")).unwrap()).is_err(), "the mixture shows");
    fs::write(own.join("totals.json"), totals).unwrap();
    assert_eq!(codes(&watcher.look(&journal).await), []);
    watcher.report().check_totals(&fs::read(own.join("totals.json")).unwrap()).unwrap();
}

#[tokio::test]
async fn a_log_that_claims_to_be_endless_is_not_read() {
    let mut journal = Journal::founded();
    journal.dummies(20);
    journal.publish();
    let watcher = Watcher::of(&journal);
    let mut watch = watcher.watch("xa");
    watch.most_leaves = 20;
    let seen = watcher.look_with(watch, Arc::new(journal.shelf.clone())).await;
    assert_eq!(codes(&seen), [Code::TooLarge]);
    assert!(watcher.report().checkpoint.is_some() && watcher.report().totals.is_none());
}

#[tokio::test]
async fn one_folder_is_one_monitors_and_its_key_signs_notes() {
    let journal = Journal::founded();
    let watcher = Watcher::of(&journal);
    let state = watcher.folder.path().join("state");
    let open = |key| {
        let clock: Arc<dyn countersign_core::time::Clock> = watcher.clock.clone();
        Monitor::open(key, &state, clock, Duration::from_secs(1)).map(|_| ()).map_err(|error| error.to_string())
    };
    let clock: Arc<dyn countersign_core::time::Clock> = watcher.clock.clone();
    let first = Monitor::open(Watcher::key(), &state, clock, Duration::from_secs(1)).unwrap();
    assert!(open(Watcher::key()).unwrap_err().contains("another monitor works on"));
    drop(first);
    open(Watcher::key()).unwrap();
    let cosigner = note_key("monitor.example/m1", KeyKind::CosignatureV1);
    assert!(open(cosigner).unwrap_err().contains("0x01"));
}

#[tokio::test]
async fn the_logs_own_key_signs_no_report_about_itself() {
    let journal = Journal::founded();
    journal.clock.turn(DAY);
    let watcher = Watcher::of(&journal);
    let clock: Arc<dyn countersign_core::time::Clock> = watcher.clock.clone();
    let state = watcher.folder.path().join("state");
    let monitor = Arc::new(Monitor::open(log_key(), &state, clock, Duration::from_secs(1)).unwrap());
    let log = countersign_monitor::Watched { watch: watcher.watch("xa"), source: Arc::new(journal.shelf.clone()) };
    let seen = monitor.look(&[log]).await.pop().unwrap();
    assert!(seen.trouble.unwrap().contains("reports on itself"));
    assert!(!watcher.own().join(REPORT_FILE).exists());
}
