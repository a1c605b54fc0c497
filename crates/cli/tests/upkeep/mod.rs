//! What `serve` does beside answering: dummies keep coming, and nothing is opened before its day.

use crate::by_hand::Hand;
use crate::served::Served;
use serde_json::Value;
use std::fs;
use std::time::Duration;

/// Writes a member of the custodian's configuration.
fn configure(hand: &Hand, name: &str, value: Value) {
    let path = hand.dir.join("custodian/config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    config[name] = value;
    fs::write(&path, serde_json::to_vec(&config).unwrap()).unwrap();
}

/// Serves until the log holds so many leaves, then dies.
fn serve_until(hand: &Hand, leaves: u64) {
    let server = Served::start(&hand.dir, &["serve", "--listen", "127.0.0.1:0"]);
    for _ in 0..600 {
        let (_, checkpoint) = server.get("/log/checkpoint");
        let size: u64 = checkpoint.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0);
        if size >= leaves {
            return server.kill();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("no {leaves} leaves within a minute");
}

#[test]
fn dummies_come_while_it_serves_and_a_kill_leaves_the_log_sound() {
    let hand = Hand::founded();
    configure(&hand, "cover", serde_json::json!({"sealed_per_tick": 1000}));
    serve_until(&hand, 4);
    serve_until(&hand, 9);
    assert!(hand.good(&["log", "fsck"]).contains("sound"));
    let log = hand.inside("custodian/log");
    let totals: Value = serde_json::from_str(&hand.good(&["verify", "log", &log])).unwrap();
    // Leaf 0, and the day's totals when their hour has come and the kills left time for them.
    assert_eq!(totals["outside"]["leaves"]["control"], 1 + totals["published"].as_array().unwrap().len());
    assert!(totals["published"].as_array().unwrap().len() <= 1, "{totals}");
    assert!(totals["outside"]["leaves"]["sealed"].as_u64().unwrap() >= 7, "{totals}");
    assert_eq!(totals["faults"], serde_json::json!([]));
}

#[test]
fn a_floor_of_none_makes_no_dummies_and_totals_are_published_once_a_day() {
    let hand = Hand::founded();
    configure(&hand, "cover", serde_json::json!({"sealed_per_tick": 0}));
    // An hour that has come whenever this runs.
    configure(&hand, "openings", serde_json::json!({"hour": 0}));
    serve_until(&hand, 2);
    let server = Served::start(&hand.dir, &["serve", "--listen", "127.0.0.1:0"]);
    let (_, page) = server.get("/");
    assert!(page.contains("Number 1, of ") && page.contains("over the first 1 leaves of the log"), "{page}");
    std::thread::sleep(Duration::from_secs(3));
    server.kill();
    assert!(hand.good(&["log", "show"]).contains("2 control leaves, 0 sealed, 0 openings"));
}

#[test]
fn a_request_of_today_is_not_opened_today() {
    let hand = Hand::founded();
    assert_eq!(hand.good(&["log", "open-due"]), "nothing is due to be opened\n");
    hand.filed();
    assert_eq!(hand.good(&["log", "open-due"]), "nothing is due to be opened\n");
    assert!(hand.good(&["log", "show"]).contains("0 openings"));
}
