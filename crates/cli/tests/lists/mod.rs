//! Lists beside a custodian: updates in its log, clients compared before they are sealed, confirmed matches as facts for restrictions.

use crate::by_hand::{CLIENTS, Hand, MAPS, word_after};
use crate::served::Served;
use serde_json::Value;
use std::fs;
use std::time::Duration;

/// An invented list in the form of the Security Council's.
fn list(people: &[&str]) -> String {
    let person = |(number, name): (usize, &&str)| {
        format!(
            "<INDIVIDUAL><DATAID>{number}</DATAID><FIRST_NAME>{name}</FIRST_NAME><UN_LIST_TYPE>Libya</UN_LIST_TYPE>\
             <LISTED_ON>2020-01-01</LISTED_ON><INDIVIDUAL_DATE_OF_BIRTH><DATE>1980-02-03</DATE></INDIVIDUAL_DATE_OF_BIRTH></INDIVIDUAL>\n"
        )
    };
    let people: String = people.iter().enumerate().map(person).collect();
    format!("<CONSOLIDATED_LIST><INDIVIDUALS>\n{people}</INDIVIDUALS></CONSOLIDATED_LIST>\n")
}

const PEOPLE: [&str; 3] = ["ILYA NIKOLAEVICH ZEMLINOV", "ARUN BELSO", "VERA ORLANDO"];

fn configure(hand: &Hand, name: &str, value: Value) {
    let path = hand.dir.join("custodian/config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    config[name] = value;
    fs::write(&path, serde_json::to_vec(&config).unwrap()).unwrap();
}

/// How many sealed leaves the log has; nobody serves, so none of them are dummies.
fn sealed(hand: &Hand) -> usize {
    let shown = hand.good(&["log", "show"]);
    word_after(&shown, "control leaves, ").parse().unwrap()
}

#[test]
fn every_update_is_a_leaf_and_one_held_back_an_incident() {
    let hand = Hand::founded();
    let before = sealed(&hand);
    let first = hand.file("un.xml", list(&PEOPLE));
    assert!(hand.good(&["lists", "update", "un", &first]).contains("logged: 1 updates, 0 held back"));
    assert!(hand.good(&["lists", "update", "un", &first]).contains("logged: 0 updates, 0 held back"));
    let cut = hand.file("cut.xml", &list(&PEOPLE).as_bytes()[..200]);
    let ran = hand.run(&["lists", "update", "un", &cut]);
    assert!(ran.code == Some(1) && ran.out.contains("logged: 0 updates, 1 held back"), "{ran}");
    // A kill after the list came into effect and before it was logged.
    let (custodian, aside) = (hand.dir.join("custodian"), hand.dir.join("elsewhere"));
    fs::rename(&custodian, &aside).unwrap();
    let more = hand.file("un2.xml", list(&[PEOPLE[0], PEOPLE[1], PEOPLE[2], "TOMAS QUILL"]));
    let ran = hand.run(&["lists", "update", "un", &more]);
    assert!(ran.code == Some(0) && ran.out.contains("this update is not logged"), "{ran}");
    fs::rename(&aside, &custodian).unwrap();
    assert!(hand.good(&["lists", "log"]).contains("logged: 1 updates, 0 held back"));
    assert!(hand.good(&["lists", "log"]).contains("logged: 0 updates, 0 held back"));
    assert_eq!(sealed(&hand), before + 3);
    assert!(hand.good(&["log", "fsck"]).contains("sound"));
}

#[test]
fn a_server_logs_what_is_updated_beside_it() {
    let hand = Hand::founded();
    // No dummies: what the log grows by is what is waited for.
    configure(&hand, "cover", serde_json::json!({"sealed_per_tick": 0}));
    hand.good(&["lists", "update", "un", &hand.file("un.xml", list(&PEOPLE[..2]))]);
    let server = Served::start(&hand.dir, &["serve", "--listen", "127.0.0.1:0"]);
    let ran = hand.run(&["lists", "update", "un", &hand.file("un2.xml", list(&PEOPLE))]);
    assert!(ran.code == Some(0) && ran.err.contains("another countersign works on"), "{ran}");
    server.kill();
    let size = |server: &Served| -> u64 {
        let (_, checkpoint) = server.get("/log/checkpoint");
        checkpoint.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0)
    };
    let before: u64 = word_after(&hand.good(&["log", "fsck"]), "").parse().unwrap();
    // The next server does at its start what this one would have done within a minute.
    let server = Served::start(&hand.dir, &["serve", "--listen", "127.0.0.1:0"]);
    let grown = (0..600).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        size(&server) > before
    });
    assert!(grown, "nothing is logged within a minute");
    server.kill();
    assert!(hand.good(&["lists", "log"]).contains("logged: 0 updates, 0 held back"));
}

const MORE: &str =
    "ID,LAST_NAME,secondaryIdentifier,dateOfBirth\nA-000003,Belso,Aroon,1980-02-03\nA-000004,Garrow,Ned,1991-01-05\n";

#[test]
fn nobody_is_sealed_whom_the_lists_have_not_seen() {
    let hand = Hand::founded();
    configure(&hand, "screening", serde_json::json!({"sources": ["un"], "max_age_days": 3}));
    let clients = hand.file("more.csv", MORE);
    let import = [&["client", "import", &clients], MAPS.as_slice()].concat();
    let ran = hand.run(&import);
    assert!(ran.code == Some(1) && ran.err.contains("the list `un` is not here"), "{ran}");
    hand.good(&["lists", "update", "un", &hand.file("un.xml", list(&PEOPLE))]);
    // The list was last looked at long ago.
    let folder = hand.dir.join("lists/un");
    let current = fs::read_to_string(folder.join("current")).unwrap();
    let version = folder.join(format!("{}.jsonl", current.trim()));
    let text = fs::read_to_string(&version).unwrap();
    let head: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    fs::write(&version, text.replacen(head["read_at"].as_str().unwrap(), "2020-01-01T00:00:00Z", 1)).unwrap();
    let ran = hand.run(&import);
    assert!(ran.code == Some(1) && ran.err.contains("more than 3 days ago"), "{ran}");
    assert!(hand.good(&["client", "count"]).starts_with("2 clients"));
    hand.good(&["lists", "update", "un", &hand.file("un.xml", list(&PEOPLE))]);
    // A name that says nothing would be sealed unseen.
    let unseen = hand.file("unseen.csv", MORE.replace("Garrow,Ned", "-,-"));
    let ran = hand.run(&[&["client", "import", &unseen], MAPS.as_slice()].concat());
    assert!(ran.code == Some(1) && ran.err.contains("lines 3") && !ran.err.contains("Belso"), "{ran}");
    // Alerts that cannot be kept.
    let journal = hand.dir.join("alerts/journal.jsonl");
    assert_eq!(fs::read(&journal).unwrap(), b"", "nobody was compared");
    fs::remove_file(&journal).unwrap();
    fs::create_dir(&journal).unwrap();
    assert_eq!(hand.run(&import).code, Some(1));
    fs::remove_dir(&journal).unwrap();
    assert!(hand.good(&["client", "count"]).starts_with("2 clients"));

    let said = hand.good(&import);
    assert!(said.contains("2 clients compared with un ") && said.contains("alerts about 1 of them"), "{said}");
    assert!(said.contains("1 new (0 because a side changed)"), "{said}");
    assert!(hand.good(&["client", "count"]).starts_with("4 clients"));
    let waiting = hand.good(&["alerts", "list"]);
    assert!(waiting.contains("A-000003") && waiting.contains("ARUN BELSO"), "{waiting}");
    let again = hand.good(&import);
    assert!(again.contains("0 new") && again.contains("was imported at"), "{again}");
}

#[test]
fn without_configuration_the_import_screens_when_asked() {
    let hand = Hand::founded();
    let clients = hand.file("more.csv", MORE);
    let elsewhere = format!("--screen={}", hand.inside("elsewhere"));
    let ran = hand.run(&[&["client", "import", &clients, &elsewhere], MAPS.as_slice()].concat());
    assert!(ran.code == Some(1) && ran.err.contains("there is no list yet"), "{ran}");
    hand.good(&["lists", "update", "un", &hand.file("un.xml", list(&PEOPLE))]);
    let said = hand.good(&[&["client", "import", "--screen", &clients], MAPS.as_slice()].concat());
    assert!(said.contains("alerts about 1 of them"), "{said}");
}

#[test]
fn confirmed_matches_become_the_fact_listed() {
    let hand = Hand::founded();
    assert!(CLIENTS.contains("Orlando,Vera,1980-02-03"));
    let export = "id,name,birth_date\nA-000001,Vera Orlando,1980-02-03\nA-000002,Tomas Quill,1975-11-30\nA-000003,Arun Belso,1980-02-03\nA-000004,,\n";
    let clients = hand.file("export.csv", export);
    hand.good(&["lists", "update", "un", &hand.file("un.xml", list(&PEOPLE))]);
    let (run, out) = (hand.inside("run.jsonl"), hand.inside("facts.csv"));
    let ran = hand.run(&["screen", "--clients", &clients, "--out", &run]);
    assert_eq!(ran.code, Some(0), "{ran}");
    let facts = ["alerts", "facts", "--clients", &clients, "--run", &run, "--out", &out];
    let ran = hand.run(&facts);
    assert!(ran.code == Some(1) && ran.err.contains("is not in the queue"), "{ran}");
    hand.good(&["alerts", "add", &run]);
    let said = hand.good(&facts);
    assert!(said.starts_with("0 clients confirmed, 1 with nothing, 2 unknown; 1 rows"), "{said}");
    let waiting = hand.good(&["alerts", "list"]);
    let number = waiting.lines().find(|line| line.contains("A-000001")).unwrap().split_whitespace().next().unwrap();
    hand.good(&["alerts", "propose", number, "confirmed", "--by", "Mara Quill", "--reason", "passport"]);
    assert!(hand.good(&facts).contains("2 unknown"), "one person alone confirms nothing");
    hand.good(&["alerts", "agree", number, "--by", "Olen Varga", "--reason", "passport"]);
    let said = hand.good(&facts);
    assert!(said.starts_with("1 clients confirmed, 1 with nothing, 1 unknown; 1 rows"), "{said}");
    let table = fs::read_to_string(&out).unwrap();
    let rows: Vec<&str> = table.lines().collect();
    assert!(rows[1].starts_with("\"A-000001\",natural,un@2020-01-01,"), "{table}");
    assert!(rows[2].starts_with("\"A-000002\",natural,none,"), "{table}");
    assert!(rows[3].starts_with("\"A-000003\",natural,,"), "{table}");
    let pack = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/restrict/asset-freeze.yaml");
    let explained =
        hand.good(&["restrict", "explain", "A-000001", "--pack", pack, "--date", "2026-11-20", "--population", &out]);
    assert!(explained.contains("un.freeze"), "{explained}");
    // About other clients, or other lists, it says nothing.
    let other = hand.file("export.csv", export.replace("Tomas", "Toma"));
    assert!(hand.run(&facts).err.contains("about other clients than"), "{other}");
    hand.file("export.csv", export);
    hand.good(&[
        "lists",
        "update",
        "un",
        &hand.file("un2.xml", list(&[PEOPLE[0], PEOPLE[1], PEOPLE[2], "NED GARROW"])),
    ]);
    assert!(hand.run(&facts).err.contains("about other lists than those in effect"));
}
