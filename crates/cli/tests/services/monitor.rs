use super::vkey;
use crate::by_hand::Hand;
use crate::program::Ran;
use crate::served::Served;
use crate::{folder, program};
use countersign_core::control::Genesis;
use countersign_core::json::Exact;
use countersign_tlog::Hash;
use countersign_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use countersign_tlog::cosignature::cosign;
use countersign_tlog::note::SigningKey;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A monitor beside a custodian.
struct Watcher<'h> {
    hand: &'h Hand,
    /// Its public key.
    monitor: String,
    genesis: String,
}

impl<'h> Watcher<'h> {
    fn of(hand: &'h Hand) -> Self {
        let genesis = fs::read(hand.dir.join("custodian/documents/genesis.json")).unwrap();
        let genesis = Exact::<Genesis>::parse(&genesis).unwrap();
        hand.file("mill.policy", &genesis.value().witness_policy);
        let key = hand.place.path().join("monitor.key");
        let made = hand.good(&["log", "monitor", "--key", key.to_str().unwrap(), "--init-key", "monitor.example/m1"]);
        Self { hand, monitor: made.trim_end().to_owned(), genesis: genesis.digest().to_hex() }
    }

    fn path(&self, name: &str) -> String {
        self.hand.place.path().join(name).to_str().unwrap().to_owned()
    }

    /// `log monitor` with key and state and these arguments.
    fn run(&self, arguments: &[&str]) -> Ran {
        let (key, state) = (self.path("monitor.key"), self.path("watched"));
        self.hand.run(&[&["log", "monitor", "--key", &key, "--state", &state], arguments].concat())
    }

    fn once(&self, at: &str) -> Ran {
        let policy = self.path("mill.policy");
        let genesis = self.genesis.clone();
        self.run(&["--once", "--log", "mill", "--at", at, "--policy", &policy, "--genesis", &genesis])
    }

    fn own(&self) -> PathBuf {
        self.hand.place.path().join("watched/mill")
    }

    fn verify(&self) -> Ran {
        self.hand.run(&["verify", "monitor-report", self.own().to_str().unwrap(), "--monitor", &self.monitor])
    }
}

fn log_of(hand: &Hand) -> String {
    hand.inside("custodian/log")
}

/// A checkpoint of the same size with another root, signed by all who should never do that.
fn forked(hand: &Hand) -> SignedCheckpoint {
    let key = |path: &str| SigningKey::parse(fs::read_to_string(hand.dir.join(path)).unwrap().trim_end()).unwrap();
    let served = fs::read(hand.dir.join("custodian/log/checkpoint")).unwrap();
    let true_one = SignedCheckpoint::parse(&served).unwrap();
    let head = Checkpoint { root: Hash([7; 32]), ..true_one.checkpoint().clone() };
    let mut signed = head.sign(&key("custodian/keys/log.key")).unwrap();
    let witness = key("witnesses/1/witness.key");
    let time = true_one.note().verify([witness.verifier()]).unwrap()[0].timestamp.unwrap();
    for number in [1, 2] {
        let line = cosign(&signed, &key(&format!("witnesses/{number}/witness.key")), time).unwrap();
        signed.add(line).unwrap();
    }
    signed
}

#[test]
fn a_stranger_watches_a_log_over_http() {
    let hand = Hand::founded();
    hand.filed();
    let watcher = Watcher::of(&hand);
    let log = Served::start(&hand.dir, &["log", "serve", "--listen", "127.0.0.1:0"]);
    let url = format!("http://{}", log.address);
    let first = watcher.once(&url);
    assert_eq!((first.code, first.err.as_str()), (Some(0), ""), "{first}");
    assert!(first.out.contains(" mill: ") && first.out.trim_end().ends_with(", all well"), "{first}");
    hand.good(&["case", "list"]);
    assert_eq!(watcher.once(&format!("{url}/")).code, Some(0));

    let held = watcher.verify();
    assert_eq!(held.code, Some(0), "{held}");
    for part in ["details.json is the one", "totals.json is the one", "holds: monitor.example/m1 of ", " leaves, root "]
    {
        assert!(held.out.contains(part), "`{part}`: {held}");
    }
    let totals = watcher.own().join("totals.json");
    let whole = fs::read(&totals).unwrap();
    let genesis = format!("\"genesis\":\"{}\"", watcher.genesis);
    assert!(String::from_utf8_lossy(&whole).contains(&genesis));
    fs::write(&totals, &whole[1..]).unwrap();
    let changed = watcher.verify();
    assert!(changed.code == Some(1) && changed.err.contains("totals.json does not hold"), "{changed}");
    fs::remove_file(&totals).unwrap();
    assert!(watcher.verify().out.contains("totals.json is not here"));
    let stranger = hand.run(&["verify", "monitor-report", watcher.own().to_str().unwrap(), "--monitor", &vkey(&hand)]);
    assert!(stranger.code == Some(1) && stranger.err.contains("report.note does not hold"), "{stranger}");

    log.kill();
    let down = watcher.once(&url);
    assert_eq!(down.code, Some(1), "{down}");
    assert!(down.out.contains(" mill: warning unreachable: "), "{down}");
    assert!(watcher.verify().out.contains("finding warning unreachable"));
}

#[test]
fn a_fork_ends_with_1_and_leaves_both_checkpoints() {
    let hand = Hand::founded();
    let watcher = Watcher::of(&hand);
    assert_eq!(watcher.once(&log_of(&hand)).code, Some(0));
    let (_copy, copy) = folder::copy(Path::new(&log_of(&hand)));
    fs::write(copy.join("checkpoint"), forked(&hand).to_string()).unwrap();
    for _ in 0..2 {
        let found = watcher.once(copy.to_str().unwrap());
        assert!(
            found.code == Some(1) && found.out.contains(" mill: alarm fork: the log has signed two histories"),
            "{found}"
        );
    }
    let pairs: Vec<PathBuf> =
        fs::read_dir(watcher.own().join("evidence")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [pair] = &pairs[..] else { panic!("{pairs:?}") };
    assert_eq!(fs::read_to_string(pair.join("served.checkpoint")).unwrap(), forked(&hand).to_string());
    assert_eq!(watcher.once(&log_of(&hand)).code, Some(0), "the true log is still the true one");
}

#[test]
fn many_logs_from_a_file_and_the_trouble_of_one() {
    let hand = Hand::founded();
    let watcher = Watcher::of(&hand);
    let config = format!(
        r#"{{"v":"countersign/monitor/v1","logs":[
            {{"name":"down","at":"http://127.0.0.1:1","policy":"mill.policy"}},
            {{"name":"mill","at":"{}","policy":"mill.policy","genesis":"{}"}},
            {{"name":"empty","at":"nowhere","policy":"mill.policy","max_age_seconds":60}}]}}"#,
        log_of(&hand),
        watcher.genesis
    );
    let config = hand.file("monitor.json", config);
    let found = watcher.run(&["--once", "--config", &config]);
    assert_eq!(found.code, Some(1), "{found}");
    for part in [" down: warning unreachable: ", " mill: ", ", all well\n", " empty: warning no-checkpoint: "] {
        assert!(found.out.contains(part), "`{part}`: {found}");
    }
    fs::write(watcher.own().join("record.json"), "{}").unwrap();
    let failed = watcher.run(&["--once", "--config", &config]);
    assert_eq!((failed.code, failed.err.lines().count()), (Some(2), 1), "{failed}");
    assert!(failed.err.contains("record.json is damaged"), "{failed}");
    assert!(failed.out.contains(" down: warning unreachable: "), "{failed}");
}

#[test]
fn a_killed_monitor_goes_on() {
    let hand = Hand::founded();
    let watcher = Watcher::of(&hand);
    let (key, state, policy) = (watcher.path("monitor.key"), watcher.path("watched"), watcher.path("mill.policy"));
    let log = log_of(&hand);
    let arguments = ["--log", "mill", "--at", &log, "--policy", &policy, "--every", "1"];
    for pause in [0, 5, 10, 20, 40, 80, 160, 320, 640, 1_300] {
        let all = [&["log", "monitor", "--key", &key, "--state", &state], &arguments[..]].concat();
        let mut running = program::command(&hand.dir, &all).stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        running.kill().unwrap();
        running.wait().unwrap();
        if pause % 3 == 0 {
            hand.good(&["case", "list"]);
        }
    }
    let after = watcher.once(&log);
    assert_eq!(after.code, Some(0), "{after}");
    assert_eq!(watcher.verify().code, Some(0));
}

#[test]
fn bad_arguments_end_with_2_and_one_line() {
    let hand = Hand::founded();
    let watcher = Watcher::of(&hand);
    let policy = watcher.path("mill.policy");
    let log = log_of(&hand);
    let bad = |ran: &Ran, parts: &[&str]| {
        assert_eq!((ran.code, ran.err.lines().count()), (Some(2), 1), "{ran}");
        assert!(ran.err.starts_with("countersign: "), "{ran}");
        for part in parts {
            assert!(ran.err.contains(part), "`{part}` is missing: {ran}");
        }
    };
    let one = |name: &str, policy: &str, more: &[&str]| {
        watcher.run(&[&["--once", "--log", name, "--at", &log, "--policy", policy], more].concat())
    };
    bad(&watcher.run(&[]), &["--config"]);
    bad(&watcher.run(&["--once", "--log", "mill"]), &["--at"]);
    bad(&watcher.run(&["--once", "--config", "x.json", "--log", "mill"]), &["--config"]);
    bad(&watcher.run(&["--once", "--config", &watcher.path("gone.json")]), &["gone.json"]);
    bad(&watcher.run(&["--once", "--config", &hand.file("bad.json", "{}")]), &["bad.json", "missing field `v`"]);
    bad(&one("../mill", &policy, &[]), &["`../mill` is not a name for a log"]);
    bad(&one("mill", &watcher.path("gone.policy"), &[]), &["gone.policy"]);
    bad(&one("mill", &hand.file("bad.policy", "quorum none\n"), &[]), &["bad.policy"]);
    bad(&one("mill", &policy, &["--genesis", "abc"]), &["--genesis", "64 lower-case"]);
    bad(&one("mill", &policy, &["--max-age", "0"]), &["greatest age is 0"]);
    bad(&one("mill", &policy, &["--floor", "2"]), &["--floor-from"]);
    bad(&one("mill", &policy, &["--patience", "0"]), &["--patience"]);
    bad(&one("mill", &policy, &["--every", "0"]), &["--every"]);

    let key = watcher.path("monitor.key");
    let whole = fs::read_to_string(&key).unwrap();
    let again = hand.run(&["log", "monitor", "--key", &key, "--init-key", "monitor.example/m2"]);
    bad(&again, &["monitor.key exists already"]);
    bad(&hand.run(&["log", "monitor", "--key", &watcher.path("new.key"), "--init-key", "two words"]), &["`two words`"]);
    assert!(!Path::new(&watcher.path("new.key")).exists());
    let witness = fs::read_to_string(hand.dir.join("witnesses/1/witness.key")).unwrap();
    for (content, part) in [("", "is damaged"), ("noise", "is damaged"), (&witness, "0x01")] {
        fs::write(&key, content).unwrap();
        bad(&one("mill", &policy, &[]), &[part]);
    }
    fs::remove_file(&key).unwrap();
    bad(&one("mill", &policy, &[]), &["monitor.key", "--init-key"]);
    hand.file("monitor.key", &whole);
    bad(&one("mill", &policy, &[]), &["can be read by others"]);
    assert!(!Path::new(&watcher.path("watched/mill")).exists(), "nothing was begun");

    let report = |folder: &str, monitor: &str| hand.run(&["verify", "monitor-report", folder, "--monitor", monitor]);
    for ran in
        [report(&log, &watcher.monitor), report(&watcher.path("gone"), &watcher.monitor), report(&log, "rubbish")]
    {
        assert!(ran.code == Some(1) && ran.err.lines().count() == 1, "{ran}");
    }
}
