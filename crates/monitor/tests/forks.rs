use crate::kit::{Journal, MINUTE, Watcher, codes, line};
use countersign_monitor::Code;
use countersign_tlog::checkpoint::SignedCheckpoint;
use std::fs;
use std::path::Path;

fn evidence(watcher: &Watcher) -> Vec<String> {
    let folder = watcher.own().join("evidence");
    let mut names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn kept(watcher: &Watcher, pair: &str, name: &str) -> SignedCheckpoint {
    let path = watcher.own().join("evidence").join(pair).join(format!("{name}.checkpoint"));
    SignedCheckpoint::parse(&fs::read(path).unwrap()).unwrap()
}

#[tokio::test]
async fn two_roots_for_one_size_are_a_fork_and_both_are_kept() {
    let mut journal = Journal::founded();
    let mut other = journal.branched();
    journal.dummies(4);
    other.dummies(4);
    let (first, second) = (journal.publish(), other.publish());
    let watcher = Watcher::of(&journal);
    assert_eq!(codes(&watcher.look(&journal).await), []);
    for _ in 0..2 {
        let seen = watcher.look(&other).await;
        assert_eq!(codes(&seen), [Code::Fork]);
        assert!(line(&seen).contains("two roots for one size, 5"), "{}", line(&seen));
        let [pair] = &evidence(&watcher)[..] else { panic!("{:?}", evidence(&watcher)) };
        assert_eq!((kept(&watcher, pair, "verified"), kept(&watcher, pair, "served")), (first.clone(), second.clone()));
        assert_eq!(watcher.report().checkpoint, None);
    }
    // The record stays where it was: the fork is found again, and the true history goes on.
    journal.dummies(3);
    journal.publish();
    assert_eq!(codes(&watcher.look(&journal).await), []);
    // Whoever serves the other one does not serve what would show it.
    assert_eq!(codes(&watcher.look(&other).await), [Code::Inconsistent]);
}

#[tokio::test]
async fn a_larger_and_a_smaller_tree_that_differ_are_forks() {
    for (ours, theirs) in [(300, 700), (700, 300), (1, 257), (257, 1), (255, 256)] {
        let mut journal = Journal::founded();
        let mut other = journal.branched();
        journal.dummies(ours);
        other.dummies(theirs);
        journal.publish();
        let watcher = Watcher::of(&journal);
        assert_eq!(codes(&watcher.look(&journal).await), []);
        // Cosigned or not: the log's own signatures are enough.
        let cosigned = [other.clock_now(), other.clock_now()];
        for times in [&cosigned[..], &[]] {
            other.shelf.put("checkpoint", other.signed(times).to_string());
            // Smaller trees can only be compared while the larger one is still served.
            let served = if theirs < ours { journal.shelf.copied() } else { other.shelf.clone() };
            served.put("checkpoint", other.signed(times).to_string());
            let seen = watcher.look_with(watcher.watch("xa"), std::sync::Arc::new(served)).await;
            assert_eq!(codes(&seen), [Code::Fork], "{ours} {theirs}: {:?}", seen.findings);
        }
        assert_eq!(evidence(&watcher).len(), 1);
    }
}

#[tokio::test]
async fn an_older_checkpoint_is_no_fork_and_does_not_turn_the_record_back() {
    let mut journal = Journal::founded();
    journal.dummies(300);
    let old = journal.publish();
    let watcher = Watcher::of(&journal);
    watcher.look(&journal).await;
    journal.dummies(300);
    let new = journal.publish();
    assert_eq!(codes(&watcher.look(&journal).await), []);
    journal.shelf.put("checkpoint", old.to_string());
    let seen = watcher.look(&journal).await;
    assert_eq!(codes(&seen), [Code::RolledBack]);
    assert!(line(&seen).contains("size 301 is served, size 601 was verified before"), "{}", line(&seen));
    assert_eq!(evidence(&watcher), Vec::<String>::new());
    journal.shelf.put("checkpoint", new.to_string());
    assert_eq!(codes(&watcher.look(&journal).await), []);
}

#[tokio::test]
async fn a_log_that_withholds_what_would_show_its_fork_is_inconsistent() {
    let mut journal = Journal::founded();
    let mut other = journal.branched();
    journal.dummies(5);
    other.dummies(9);
    journal.publish();
    let served = other.publish();
    let watcher = Watcher::of(&journal);
    watcher.look(&journal).await;
    let withheld = other.shelf.copied();
    for path in withheld.paths().iter().filter(|path| path.starts_with("tile/")) {
        withheld.take(path);
    }
    let seen = watcher.look_with(watcher.watch("xa"), std::sync::Arc::new(withheld)).await;
    assert_eq!(codes(&seen), [Code::Inconsistent]);
    let [pair] = &evidence(&watcher)[..] else { panic!("{:?}", evidence(&watcher)) };
    assert_eq!(kept(&watcher, pair, "served"), served);
}

#[tokio::test]
async fn damage_is_never_called_a_fork() {
    let mut journal = Journal::founded();
    journal.dummies(600);
    journal.publish();
    let watcher = Watcher::of(&journal);
    watcher.look(&journal).await;
    journal.clock.turn(MINUTE);
    journal.dummies(600);
    journal.publish();
    for path in ["tile/0/001", "tile/0/004.p/177", "tile/1/000.p/4", "tile/entries/000", "tile/entries/004.p/177"] {
        let whole = journal.shelf.get(path);
        // What the monitor has kept from its first look would hide the damage of full tiles.
        let _ = fs::remove_dir_all(watcher.kept());
        for spoil in [|bytes: &mut Vec<u8>| bytes[40] ^= 1, |bytes: &mut Vec<u8>| bytes.truncate(100), Vec::clear] {
            let mut bad = whole.clone();
            spoil(&mut bad);
            journal.shelf.put(path, bad);
            let seen = watcher.look(&journal).await;
            let found = codes(&seen);
            assert!(found == [Code::Tiles] || found == [Code::Inconsistent], "{path}: {:?}", seen.findings);
            assert!(watcher.report().totals.is_none());
        }
        journal.shelf.take(path);
        let found = codes(&watcher.look(&journal).await);
        assert!(found == [Code::Tiles] || found == [Code::Inconsistent], "{path} missing: {found:?}");
        journal.shelf.put(path, whole);
        assert_eq!(codes(&watcher.look(&journal).await), [], "{path} is whole again");
        // Back to before, so that every tile is needed for the next step again.
        fs::remove_dir_all(watcher.own()).unwrap();
    }
}

#[tokio::test]
async fn damage_on_the_monitors_own_disk_speaks_against_nobody() {
    let mut journal = Journal::founded();
    journal.dummies(600);
    journal.publish();
    let watcher = Watcher::of(&journal);
    watcher.look(&journal).await;
    let mut spoilt = 0;
    let mut open = vec![watcher.kept()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                open.push(entry);
            } else {
                spoil(&entry, spoilt);
                spoilt += 1;
            }
        }
    }
    assert!(spoilt >= 4, "two full tiles and their bundles at least: {spoilt}");
    journal.dummies(10);
    journal.publish();
    assert_eq!(codes(&watcher.look(&journal).await), []);
    // What was damaged has been replaced: without the log's full tiles it still holds.
    for path in ["tile/0/000", "tile/0/001", "tile/entries/000", "tile/entries/001"] {
        journal.shelf.take(path);
    }
    assert_eq!(codes(&watcher.look(&journal).await), []);
}

fn spoil(path: &Path, how: usize) {
    let mut bytes = fs::read(path).unwrap();
    match how % 3 {
        0 => bytes[33] ^= 1,
        1 => bytes.truncate(bytes.len() / 2),
        _ => bytes.clear(),
    }
    fs::write(path, bytes).unwrap();
}
