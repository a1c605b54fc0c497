use crate::kit::{DAY, ENOUGH, Journal, MINUTE, Silent, Watcher, codes, floor, genesis, line, log_key, person};
use countersign_core::control::{Action, Role};
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_monitor::{Code, DETAILS_FILE, REPORT_FILE, Seen, TOTALS_FILE, Watched};
use countersign_verify::monitor_report::Severity;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn a_sound_log_is_recomputed_and_the_report_is_signed() {
    let mut journal = Journal::founded();
    journal.dummies(299);
    let watcher = Watcher::of(&journal);
    for grown in [0, 1, 300, 0] {
        journal.dummies(grown);
        let signed = journal.publish();
        let seen = watcher.look(&journal).await;
        assert_eq!(codes(&seen), []);
        assert!(seen.is_well());
        let report = watcher.report();
        assert_eq!(Some(&report), seen.report.as_ref());
        let verified = report.checkpoint.unwrap();
        assert_eq!((verified.size, verified.root), (journal.size(), signed.checkpoint().root));
        assert_eq!(verified.witnessed, report.time);
        let read = |name: &str| fs::read(watcher.own().join(name)).unwrap();
        report.check_totals(&read(TOTALS_FILE)).unwrap();
        report.check_details(&read(DETAILS_FILE)).unwrap();
        let totals = String::from_utf8(read(TOTALS_FILE)).unwrap();
        let begins = format!("{{\"origin\":\"{}\",\"size\":{},", log_key().verifier().name(), journal.size());
        assert!(totals.starts_with(&begins), "{}", &totals[..100]);
        assert!(totals.contains("\"leaves\":{\"sealed\":"), "{totals}");
    }
    let history = fs::read_dir(watcher.own().join("history")).unwrap().count();
    assert_eq!(history, 1, "four looks that found the same");
}

#[tokio::test]
async fn full_tiles_are_fetched_once() {
    let mut journal = Journal::founded();
    journal.dummies(600);
    journal.publish();
    let watcher = Watcher::of(&journal);
    watcher.look(&journal).await;
    for path in journal.shelf.paths() {
        if path.starts_with("tile/") && !path.contains(".p/") {
            journal.shelf.take(&path);
        }
    }
    assert_eq!(codes(&watcher.look(&journal).await), []);
}

#[tokio::test]
async fn a_partial_tile_that_was_removed_is_read_from_the_full_one() {
    let mut journal = Journal::founded();
    journal.dummies(299);
    let early = journal.publish();
    journal.dummies(300);
    let (first, second) = (Watcher::of(&journal), Watcher::of(&journal));
    first.look(&journal).await;
    for path in ["tile/0/001.p/44", "tile/entries/001.p/44"] {
        journal.shelf.take(path);
    }
    let seen = second.look(&journal).await;
    assert_eq!((codes(&seen), seen.report.unwrap().checkpoint.unwrap().size), (vec![], early.checkpoint().size));
    assert_eq!(first.report().totals, second.report().totals);
    journal.shelf.take("tile/entries/001");
    let third = Watcher::of(&journal);
    assert_eq!(codes(&third.look(&journal).await), [Code::Tiles]);
}

#[tokio::test]
async fn two_monitors_of_one_checkpoint_come_to_the_same_totals() {
    let mut journal = Journal::founded();
    journal.dummies(20);
    journal.publish();
    let (first, second) = (Watcher::of(&journal), Watcher::of(&journal));
    first.look(&journal).await;
    journal.clock.turn(MINUTE);
    second.look(&journal).await;
    assert_eq!(first.report().totals, second.report().totals);
    assert_ne!(first.report().time, second.report().time);
}

#[tokio::test]
async fn genesis_is_the_pinned_one() {
    let journal = Journal::founded();
    let watcher = Watcher::of(&journal);
    let mut watch = watcher.watch("xa");
    watch.genesis = Some(Exact::write(genesis()).unwrap().digest());
    assert_eq!(codes(&watcher.look_with(watch.clone(), Arc::new(journal.shelf.clone())).await), []);
    watch.genesis = Some(Digest([9; 32]));
    let seen = watcher.look_with(watch, Arc::new(journal.shelf.clone())).await;
    assert_eq!(codes(&seen), [Code::Genesis]);
    assert!(watcher.report().totals.is_none(), "nothing is recomputed for another custodian's journal");
}

#[tokio::test]
async fn entries_that_are_no_leaves_are_alarms_until_somebody_has_looked() {
    let mut journal = Journal::founded();
    journal.dummies(3);
    let bad = journal.append(b"{\"v\":1,\"kind\":\"nothing\"}".to_vec());
    journal.publish();
    let watcher = Watcher::of(&journal);
    for _ in 0..2 {
        let seen = watcher.look(&journal).await;
        assert_eq!(codes(&seen), [Code::LeafFault], "it stays in the log, so it stays in the reports");
        assert_eq!((seen.findings[0].leaf, seen.is_well()), (Some(bad), false));
    }
    let mut watch = watcher.watch("xa");
    watch.looked_at.insert(bad);
    let seen = watcher.look_with(watch, Arc::new(journal.shelf.clone())).await;
    assert_eq!((codes(&seen), seen.is_well()), (vec![Code::LeafFault], true));
    assert_eq!(watcher.report().findings[0].severity, Severity::Notice);
    for _ in 0..30 {
        journal.append(b"rubbish".to_vec());
    }
    journal.publish();
    let seen = watcher.look(&journal).await;
    assert_eq!(seen.findings.len(), 21, "not more than can be read");
    assert_eq!((seen.findings[20].line.as_str(), seen.is_well()), ("and 11 more", false));
    let mut watch = watcher.watch("xa");
    watch.looked_at = (0..journal.size() - 1).collect();
    let seen = watcher.look_with(watch.clone(), Arc::new(journal.shelf.clone())).await;
    assert_eq!(
        (seen.findings[0].leaf, seen.is_well()),
        (Some(journal.size() - 1), false),
        "the one that nobody knows is first"
    );
    watch.looked_at.insert(journal.size() - 1);
    let seen = watcher.look_with(watch, Arc::new(journal.shelf.clone())).await;
    assert_eq!((seen.findings.len(), seen.is_well()), (21, true));
}

/// The journals of the following tests have no daily totals, which is another matter.
fn without_totals(seen: &Seen) -> Vec<Code> {
    codes(seen).into_iter().filter(|code| *code != Code::TotalsMissing).collect()
}

#[tokio::test]
async fn control_leaves_are_folded_by_the_times_at_which_they_were_seen() {
    let mut journal = Journal::founded();
    let watcher = Watcher::of(&journal);
    assert_eq!(without_totals(&watcher.look(&journal).await), []);

    // Somebody is added; the seven days count from when the monitor saw it.
    let added = journal.change(Action::AddPerson(person("egon-fink", &[Role::Approver], "XC")), &ENOUGH);
    journal.publish();
    let seen = watcher.look(&journal).await;
    assert_eq!((without_totals(&seen), seen.is_well()), (vec![Code::ControlChanged], true));
    assert!(line(&seen).contains("change 1: adds or replaces `egon-fink`; takes effect "), "{}", line(&seen));
    assert_eq!(seen.findings[0].leaf, Some(added));
    assert_eq!(without_totals(&watcher.look(&journal).await), [], "a change is told once");

    journal.clock.turn(8 * DAY);
    let with_egon = ["person:anna-berg", "person:egon-fink", "trustee:1", "trustee:2"];
    journal.change(Action::SetPolicy(Digest([8; 32])), &with_egon);
    journal.publish();
    assert_eq!(without_totals(&watcher.look(&journal).await), [Code::ControlChanged], "in force after seven days");

    // Who comes later has only the ticks, and comes to the same.
    let late = Watcher::of(&journal);
    assert_eq!(without_totals(&late.look(&journal).await), []);

    let again = journal.change(Action::SetPolicy(Digest([9; 32])), &["person:anna-berg", "trustee:1"]);
    journal.publish();
    for watcher in [&watcher, &late] {
        let seen = watcher.look(&journal).await;
        assert_eq!(without_totals(&seen), [Code::ControlRejected]);
        assert_eq!(seen.findings[0].leaf, Some(again));
        assert!(line(&seen).contains("1 of 2 approvers"), "{}", line(&seen));
    }
}

#[tokio::test]
async fn a_custodian_that_lies_about_ticks_does_not_shorten_the_seven_days() {
    let mut journal = Journal::founded();
    journal.clock.turn(30 * DAY);
    journal.publish();
    let watcher = Watcher::of(&journal);
    watcher.look(&journal).await;
    // The tick says that the addition is three weeks old.
    let now = journal.clock_now();
    journal.clock.turn(-21 * DAY);
    journal.change(Action::AddPerson(person("egon-fink", &[Role::Approver], "XC")), &ENOUGH);
    journal.clock.turn(21 * DAY);
    assert_eq!(journal.clock_now(), now);
    journal.publish();
    watcher.look(&journal).await;
    journal.change(
        Action::SetPolicy(Digest([8; 32])),
        &["person:anna-berg", "person:egon-fink", "trustee:1", "trustee:2"],
    );
    journal.publish();
    let seen = watcher.look(&journal).await;
    assert_eq!(without_totals(&seen), [Code::ControlRejected]);
    assert!(line(&seen).contains("`person:egon-fink` is not in force"), "{}", line(&seen));
}

#[tokio::test]
async fn another_witness_policy_in_force_is_told() {
    let mut journal = Journal::founded();
    let watcher = Watcher::of(&journal);
    let policy = crate::kit::witness_policy().replace("group all-w 2 w1 w2 w3", "group all-w 3 w1 w2 w3");
    journal.change(Action::SetWitnessPolicy(policy), &ENOUGH);
    journal.publish();
    assert_eq!(without_totals(&watcher.look(&journal).await), [], "seven days are not over");
    journal.clock.turn(8 * DAY);
    journal.publish();
    assert_eq!(without_totals(&watcher.look(&journal).await), [Code::PolicyDiffers]);
    let text = crate::kit::witness_policy().replace("group all-w 2 w1 w2 w3", "group three 3 w1 w2 w3\n# mine");
    let text = text.replace("quorum all-w", "quorum three");
    let mut watch = watcher.watch("xa");
    watch.policy = countersign_tlog::policy::Policy::parse(text.as_bytes()).unwrap();
    journal.shelf.put("checkpoint", journal.signed(&[journal.clock_now(); 3]).to_string());
    let seen = watcher.look_with(watch, Arc::new(journal.shelf.clone())).await;
    assert_eq!(without_totals(&seen), [], "names do not matter");
}

#[tokio::test]
async fn an_order_opened_after_its_quarter_is_found() {
    let mut journal = Journal::founded();
    let watcher = Watcher::of(&journal);
    // The journal begins on 2026-11-20.
    journal.opened_order("2026-12-31T00:00:00Z");
    let (order, opening) = journal.opened_order("2026-09-30T12:00:00Z");
    journal.publish();
    let seen = watcher.look(&journal).await;
    let late: Vec<_> = seen.findings.iter().filter(|finding| finding.code == Code::OpenedLate).collect();
    let [late] = late[..] else { panic!("{:?}", seen.findings) };
    assert_eq!(late.leaf, Some(order));
    assert!(late.line.contains(&format!("opened by leaf {opening} not before 2026-11-20")), "{}", late.line);
    assert!(late.line.ends_with("its quarter ended 2026-09-30T23:59:59Z"), "{}", late.line);
}

#[tokio::test]
async fn the_tick_of_a_late_opening_cannot_be_an_early_one() {
    let mut journal = Journal::founded();
    journal.clock.turn(60 * DAY);
    journal.publish();
    let watcher = Watcher::of(&journal);
    watcher.look(&journal).await;
    // Written on 2027-01-19 with a tick of the year before.
    journal.clock.turn(-60 * DAY);
    let (order, _) = journal.opened_order("2026-12-31T00:00:00Z");
    journal.clock.turn(60 * DAY);
    journal.publish();
    let seen = watcher.look(&journal).await;
    assert!(seen.findings.iter().any(|f| f.code == Code::OpenedLate && f.leaf == Some(order)), "{:?}", seen.findings);
}

#[tokio::test]
async fn gaps_below_the_promised_rate_are_found() {
    let mut journal = Journal::founded();
    for _ in 0..6 {
        journal.clock.turn(5 * MINUTE);
        journal.dummies(2);
    }
    journal.publish();
    let watcher = Watcher::of(&journal);
    let mut watch = watcher.watch("xa");
    watch.floor = Some(floor(2));
    let look = async |watch, journal: &Journal| watcher.look_with(watch, Arc::new(journal.shelf.clone())).await;
    assert_eq!(codes(&look(watch.clone(), &journal).await), []);
    watch.floor = Some(floor(3));
    let seen = look(watch, &journal).await;
    assert_eq!(codes(&seen), [Code::TickGap]);
    assert!(
        line(&seen).starts_with("4 five-minute ticks since 2026-11-20T00:00:00Z have fewer than 3"),
        "{}",
        line(&seen)
    );
}

const TRUSTEES: [&str; 2] = ["trustee:1", "trustee:3"];

#[tokio::test]
async fn totals_are_missed_and_become_stale() {
    let mut journal = Journal::founded();
    let watcher = Watcher::of(&journal);
    journal.clock.turn(36 * 60 * MINUTE);
    journal.publish();
    assert_eq!(codes(&watcher.look(&journal).await), []);
    journal.clock.turn(1);
    journal.publish();
    assert_eq!(codes(&watcher.look(&journal).await), [Code::TotalsMissing]);
    journal.totals(1, 0, &[], &TRUSTEES);
    journal.publish();
    assert_eq!(codes(&watcher.look(&journal).await), []);
    journal.clock.turn(37 * 60 * MINUTE);
    journal.publish();
    let seen = watcher.look(&journal).await;
    assert_eq!(codes(&seen), [Code::TotalsStale]);
    assert!(line(&seen).contains("number 1 of 2026-11-21, are 37 h old"), "{}", line(&seen));
    // One trustee is not enough: such a leaf changes nothing.
    journal.totals(2, 0, &[], &["trustee:1"]);
    journal.publish();
    assert_eq!(codes(&watcher.look(&journal).await), [Code::ControlRejected, Code::TotalsStale]);
}

#[tokio::test]
async fn a_quarter_that_has_passed_and_is_still_closed_is_overdue() {
    let mut journal = Journal::founded();
    let watcher = Watcher::of(&journal);
    let closed = [("2026-12-31T23:59:59Z", 2), ("2027-03-31T23:59:59Z", 5)];
    // Somebody from outside knows of no sealed leaf what it is, so the figures cannot be compared.
    journal.dummies(8);
    // 2026-12-31: the quarter's last day is not over.
    journal.clock.turn(41 * DAY);
    journal.totals(1, 7, &closed, &TRUSTEES);
    journal.publish();
    assert_eq!(codes(&watcher.look(&journal).await), []);
    journal.clock.turn(DAY);
    journal.totals(2, 7, &closed, &TRUSTEES);
    journal.publish();
    for _ in 0..2 {
        let seen = watcher.look(&journal).await;
        assert_eq!(codes(&seen), [Code::Overdue], "as long as it lasts");
        assert_eq!(
            line(&seen),
            "2 orders for 2 people had to be opened by 2026-12-31T23:59:59Z and are closed in the totals of 2027-01-01"
        );
    }
    journal.clock.turn(DAY);
    journal.totals(3, 5, &closed[1..], &TRUSTEES);
    journal.publish();
    assert_eq!(codes(&watcher.look(&journal).await), []);
}

#[tokio::test]
async fn totals_that_call_closed_orders_opened_are_contradicted() {
    let mut journal = Journal::founded();
    let watcher = Watcher::of(&journal);
    journal.dummies(8);
    journal.totals(1, 3, &[("2026-12-31T23:59:59Z", 2)], &TRUSTEES);
    journal.publish();
    let seen = watcher.look(&journal).await;
    assert_eq!(codes(&seen), [Code::TotalsContradicted]);
    assert_eq!(line(&seen), "totals 1 of 2026-11-20 count 1 orders as opened, the journal's openings show 0");
}

#[tokio::test]
async fn the_trouble_of_one_log_does_not_stop_the_others() {
    let journal = Journal::founded();
    let watcher = Watcher::of(&journal);
    let sound = |name: &str| Watched { watch: watcher.watch(name), source: Arc::new(journal.shelf.clone()) };
    let spoilt = Watched { watch: watcher.watch("spoilt"), source: Arc::new(journal.shelf.copied()) };
    fs::create_dir_all(watcher.folder.path().join("state/spoilt/record.json")).unwrap();
    let hanging = Watched { watch: watcher.watch("hanging"), source: Arc::new(Silent { refuses: false }) };
    let down = Watched { watch: watcher.watch("down"), source: Arc::new(Silent { refuses: true }) };
    let logs = vec![hanging, sound("first"), spoilt, down, sound("last")];
    let seen = watcher.look_at(logs, Duration::from_secs(3)).await;
    let found: Vec<(&str, Vec<Code>, bool)> = seen
        .iter()
        .map(|one| {
            let codes = one.findings.iter().map(|finding| finding.code).collect();
            (one.name.as_str(), codes, one.trouble.is_some())
        })
        .collect();
    assert_eq!(
        found,
        [
            ("hanging", vec![Code::Unreachable], false),
            ("first", vec![], false),
            ("spoilt", vec![], true),
            ("down", vec![Code::Unreachable], false),
            ("last", vec![], false),
        ]
    );
    assert!(seen[0].findings[0].line.contains("no more time"), "{:?}", seen[0].findings);
    for name in ["hanging", "down"] {
        assert!(
            watcher.folder.path().join("state").join(name).join(REPORT_FILE).exists(),
            "{name}: the silence is signed"
        );
    }
}
