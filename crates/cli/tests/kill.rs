//! The demo is killed with SIGKILL at several moments and started again: it goes on, and what it claims still holds.

mod by_hand;
mod folder;
mod program;

use by_hand::{Hand, word_after};
use program::{Ran, command, countersign};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

const ARGUMENTS: [&str; 5] = ["demo", "--once", "--json", "--clients", "100"];

/// Starts the demo, waits until it has told `steps` steps and for some milliseconds more, and kills it. Returns whether it was at
/// work then.
fn killed(folder: &Path, steps: usize, millis: u64) -> bool {
    let mut child = command(folder, &ARGUMENTS).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // Held until the end: a closed pipe would end the demo by itself.
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let told = lines.by_ref().take(steps).count();
    thread::sleep(Duration::from_millis(millis));
    // `Child::kill` sends SIGKILL: nothing in the process can react.
    let at_work = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    at_work && told == steps
}

fn ends_well(ran: &Ran) {
    assert_eq!(ran.code, Some(0), "{ran}");
    let last: Value = serde_json::from_str(ran.out.lines().last().unwrap()).unwrap();
    assert_eq!((last["name"].as_str(), last["ok"].as_bool()), (Some("summary"), Some(true)), "{ran}");
    assert_eq!(ran.out.lines().count(), 9, "{ran}");
}

/// The disclosed value of a field, for every leaf of this kind that the auditor can read.
fn disclosed(folder: &Path, kind: &str, field: &str) -> Vec<String> {
    let bytes = fs::read(folder.join("auditor/disclosures.json")).unwrap();
    let held: BTreeMap<u64, Vec<String>> = serde_json::from_slice(&bytes).unwrap();
    let mut values = Vec::new();
    for texts in held.values() {
        let fields: BTreeMap<String, Value> = texts.iter().map(|text| name_and_value(text)).collect();
        if fields["kind"] == kind {
            values.push(fields[field].as_str().unwrap().to_owned());
        }
    }
    values
}

/// A disclosure is the base64url of `[salt, name, value]`, as docs/formats describes it.
fn name_and_value(disclosure: &str) -> (String, Value) {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let parts: Vec<Value> = serde_json::from_slice(&Base64UrlUnpadded::decode_vec(disclosure).unwrap()).unwrap();
    let [_salt, name, value] = parts.as_slice() else { panic!("not three parts: {disclosure}") };
    (name.as_str().unwrap().to_owned(), value.clone())
}

fn once_each(mut values: Vec<String>, what: &str) {
    let all = values.len();
    values.sort();
    values.dedup();
    assert_eq!(values.len(), all, "{what} was logged twice");
    assert!(all > 0, "no {what}");
}

/// Kills the demo once in each of these moments - steps told, milliseconds into the next -, then lets it end and looks at everything.
fn survives(moments: &[(usize, u64)]) {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("demo");
    let at_work = moments.iter().filter(|(steps, millis)| killed(&folder, *steps, *millis)).count();
    // A very fast machine may end a step before its moment, but not most of them.
    assert!(at_work * 2 > moments.len(), "only {at_work} of {} kills came while the demo was at work", moments.len());
    let ran = countersign(&folder, &ARGUMENTS);
    ends_well(&ran);
    let verified = countersign(&folder, &["verify", "demo", folder.to_str().unwrap()]);
    ends_well(&verified);
    let checked = countersign(&folder, &["log", "fsck"]);
    assert!(checked.code == Some(0) && checked.out.ends_with("sound\n"), "{checked}");
    // One order, one intent, one outcome: never a second one for the same decision.
    once_each(disclosed(&folder, "order", "order"), "an order");
    once_each(disclosed(&folder, "decision", "document"), "a decision");
    once_each(disclosed(&folder, "intent", "subject"), "an intent");
    once_each(disclosed(&folder, "release", "order"), "a release");
    let intents = disclosed(&folder, "intent", "subject");
    for released in disclosed(&folder, "release", "order") {
        assert!(intents.contains(&released), "{released} was released without a public intent");
    }
}

#[test]
fn killed_during_the_ceremony_and_the_import() {
    survives(&[(0, 50), (0, 300), (0, 800), (1, 0), (1, 60), (1, 200), (1, 350)]);
}

#[test]
fn killed_while_lawful_orders_are_answered() {
    survives(&[(2, 20), (2, 200), (2, 400), (2, 700), (3, 50), (3, 300), (3, 600), (3, 800)]);
}

#[test]
fn killed_while_attacks_are_refused() {
    survives(&[(4, 100), (4, 500), (4, 900), (5, 10), (6, 150), (6, 500), (6, 800), (7, 0), (7, 30)]);
}

#[test]
fn killed_while_an_order_is_released_by_hand() {
    let hand = Hand::founded();
    let case = hand.proposed();
    hand.sign(&case, "anna-berg");
    hand.sign(&case, "bruno-lind");
    let release = ["order", "release", &case, "--as", "lena-ohm"];
    let mut killed = 0;
    let mut finished = false;
    for millis in [10, 40, 70, 100, 130, 160, 200, 240, 280, 320, 360, 400, 500] {
        let mut child = command(&hand.dir, &release).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(millis));
        match child.try_wait().unwrap() {
            Some(status) => {
                finished |= status.success();
                break;
            }
            None => killed += 1,
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(killed >= 2, "the release was over before it could be killed");
    // Whatever was noted as delivered lies there whole; whatever was not is released now.
    let delivered = hand.good(&["case", "show", &case]).contains(": DELIVERED");
    if !finished && !delivered {
        hand.good(&release);
    }
    let evidence = folder::files(&hand.dir.join("custodian/evidence"));
    let again = hand.run(&release);
    assert!(again.code == Some(1) && again.err.contains("DELIVERED"), "{again}");
    assert!(folder::files(&hand.dir.join("custodian/evidence")) == evidence);
    let order = word_after(&hand.good(&["order", "show", &case]), "order ");
    let (package, evidence) =
        (hand.inside(&format!("custodian/outbox/{order}.age")), format!("custodian/evidence/{order}"));
    hand.good(&["verify", "evidence", &hand.inside(&evidence)]);
    let (keys, out) = (hand.inside("authority/xa-district-court"), hand.inside("opened"));
    assert!(hand.good(&["open", &package, "--keys", &keys, "--out", &out]).contains("1 people, 2 cells"));
    assert!(hand.good(&["log", "fsck"]).ends_with("sound\n"));
    // request, verified, 5 findings, decision, 2 approvals, order, intent, 3 receipts, release: each once, after leaf 0.
    let size = hand.good(&["log", "show"]).lines().nth(1).unwrap().to_owned();
    let uninterrupted = Hand::founded();
    let case = uninterrupted.proposed();
    uninterrupted.sign(&case, "anna-berg");
    uninterrupted.sign(&case, "bruno-lind");
    uninterrupted.good(&["order", "release", &case, "--as", "lena-ohm"]);
    assert_eq!(uninterrupted.good(&["log", "show"]).lines().nth(1).unwrap(), size, "something was logged twice");
}

#[test]
fn killed_while_totals_are_published() {
    let hand = Hand::founded();
    let case = hand.proposed();
    hand.sign(&case, "anna-berg");
    hand.sign(&case, "bruno-lind");
    let mut killed = 0;
    for millis in [30, 60, 90, 110, 130, 150, 170, 190, 210, 230, 260, 300, 350] {
        let mut child =
            command(&hand.dir, &["log", "totals"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(millis));
        if child.try_wait().unwrap().is_some() {
            break;
        }
        killed += 1;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(killed >= 2, "the totals were published before they could be killed");
    let said = hand.good(&["log", "totals"]);
    assert!(said.contains("totals number 1 of ") && said.contains("1 orders, 1 people, 2 cells"), "{said}");
    let log = hand.inside("custodian/log");
    let totals: Value = serde_json::from_str(&hand.good(&["verify", "log", &log])).unwrap();
    assert_eq!((&totals["outside"]["leaves"]["control"], &totals["faults"]), (&Value::from(2), &serde_json::json!([])));
    assert_eq!(totals["published"].as_array().unwrap().len(), 1, "published twice");
    assert!(hand.good(&["log", "fsck"]).ends_with("sound\n"));
}
