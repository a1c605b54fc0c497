//! The life of shares between processes: every trustee is a program of its own that reads and leaves letters.

use crate::by_hand::{Hand, word_after};
use crate::program::{Ran, command};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

const DONE: &str = "every holder has confirmed its shares";

struct Exchange<'h> {
    hand: &'h Hand,
    letters: String,
    /// What the custodian's command says that every owner says.
    arguments: Vec<String>,
}

impl<'h> Exchange<'h> {
    /// The custodian's command writes what the owners say.
    fn planned(hand: &'h Hand, name: &str, plan: &[&str]) -> (Self, String) {
        let said = hand.good(&[&["ring"], plan].concat());
        let line = said.lines().find(|line| line.contains("--session")).unwrap_or_else(|| panic!("{said}"));
        let arguments = line[line.find("--session").unwrap()..].split_whitespace().map(str::to_owned).collect();
        let letters = hand.place.path().join(name).to_str().unwrap().to_owned();
        (Self { hand, letters, arguments }, said)
    }

    fn folder(&self, trustee: u16) -> String {
        match trustee {
            6 => self.hand.place.path().join("six").to_str().unwrap().to_owned(),
            _ => self.hand.inside(&format!("trustees/{trustee}")),
        }
    }

    fn arguments(&self, what: &str, trustee: u16, more: &[&str]) -> Vec<String> {
        let log = self.hand.inside("custodian/log");
        let folder = self.folder(trustee);
        let first = ["trustee", what, &folder, "--log", &log, "--letters", &self.letters].map(str::to_owned);
        let more = more.iter().map(|one| (*one).to_owned());
        first.into_iter().chain(self.arguments.iter().cloned()).chain(more).collect()
    }

    fn says(&self, what: &str, trustee: u16, more: &[&str]) -> Ran {
        let arguments = self.arguments(what, trustee, more);
        self.hand.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// All say it in turn until each was told this.
    fn through(&self, what: &str, trustees: &[u16], more: &[&str], end: &str) {
        for _ in 0..5 {
            let said: Vec<Ran> = trustees.iter().map(|trustee| self.says(what, *trustee, more)).collect();
            said.iter().for_each(|ran| assert_eq!(ran.code, Some(0), "{ran}"));
            if said.iter().all(|ran| ran.out.contains(end)) {
                return;
            }
        }
        panic!("`{what}` came to no end");
    }

    /// Letters of this name, one for each ring.
    fn letter(&self, name: &str) -> PathBuf {
        let mut folders = fs::read_dir(&self.letters).unwrap().map(|entry| entry.unwrap().path());
        folders.find_map(|folder| Some(folder.join(name)).filter(|path| path.exists())).unwrap()
    }
}

fn share_files(folder: &Path) -> Vec<PathBuf> {
    let names = fs::read_dir(folder.join("secret")).unwrap().map(|entry| entry.unwrap().path());
    let mut shares: Vec<PathBuf> =
        names.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("share-")).collect();
    shares.sort();
    shares
}

#[test]
fn shares_are_renewed_a_liar_is_named_and_the_change_is_signed_by_those_who_hold_them() {
    let hand = Hand::founded();
    let (exchange, said) = Exchange::planned(&hand, "refresh", &["refresh", "--dealers", "1,2,4"]);
    assert!(said.contains("5 trustees will hold shares") && said.contains("--dealers 1,2,4"), "{said}");
    let first = exchange.says("reshare", 1, &[]);
    assert!(first.out.contains("waiting for the broadcast of trustee 2, 3, 4, 5"), "{first}");
    // Killed at any moment, a trustee goes on where it was.
    for wait in [0, 20, 60] {
        let arguments = exchange.arguments("reshare", 2, &[]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut child = command(&hand.dir, &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    for trustee in 2..=5 {
        assert_eq!(exchange.says("reshare", trustee, &[]).code, Some(0));
    }
    // A letter that was changed on its way names its author, and nothing is taken from it.
    for trustee in 1..=5 {
        assert_eq!(exchange.says("reshare", trustee, &[]).code, Some(0));
    }
    let letter = exchange.letter("round2-2-3");
    let good = fs::read(&letter).unwrap();
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    fs::write(&letter, &bad).unwrap();
    let refused = exchange.says("reshare", 3, &[]);
    assert!(refused.code == Some(1) && refused.err.contains("trustee 2"), "{refused}");
    fs::write(&letter, &good).unwrap();
    let early = hand.run(&["change", "propose", "trustees", "--letters", &exchange.letters]);
    assert!(early.code == Some(1) && early.err.contains("has not confirmed"), "{early}");
    exchange.through("reshare", &[1, 2, 3, 4, 5], &[], DONE);

    let said = hand.good(&["change", "propose", "trustees", "--letters", &exchange.letters]);
    assert!(said.contains("5 trustees hold the keys, now 5") && said.contains("share epoch 2"), "{said}");
    let (draft, change) = (word_after(&said, "digest to compare: "), word_after(&said, "exact bytes in "));
    let published = hand.carry(&draft, &change);
    assert!(published.contains("cooling until 20"), "{published}");
    // Until its day the old shares answer, and none of them is destroyed.
    let log = hand.inside("custodian/log");
    let kept = hand.run(&["trustee", "forget", &hand.inside("trustees/1"), "--log", &log]);
    assert!(kept.out.contains("nothing of an earlier share epoch"), "{kept}");
    let case = hand.proposed();
    hand.sign(&case, "anna-berg");
    hand.sign(&case, "bruno-lind");
    let released = hand.good(&["order", "release", &case, "--as", "lena-ohm"]);
    assert_eq!(released.matches(": answered").count(), 3, "{released}");
}

#[test]
fn a_lost_share_is_repaired_and_the_trustee_answers_again() {
    let hand = Hand::founded();
    let folder = PathBuf::from(hand.inside("trustees/3"));
    let shares = share_files(&folder);
    let kept: Vec<Vec<u8>> = shares.iter().map(|share| fs::read(share).unwrap()).collect();
    let (exchange, _) = Exchange::planned(&hand, "repair", &["repair", "3", "--helpers", "1,4,5"]);
    let stranger = exchange.says("repair", 2, &[]);
    assert!(stranger.code == Some(1) && stranger.err.contains("has no part in this repair"), "{stranger}");
    shares.iter().for_each(|share| fs::remove_file(share).unwrap());
    let helper = exchange.says("repair", 1, &[]);
    assert!(helper.out.contains("waiting for the request of trustee 3"), "{helper}");
    for _ in 0..4 {
        for trustee in [3, 1, 4, 5] {
            let ran = exchange.says("repair", trustee, &[]);
            assert_eq!(ran.code, Some(0), "{ran}");
        }
    }
    assert!(exchange.says("repair", 3, &[]).out.contains("is here again"));
    let found: Vec<Vec<u8>> = shares.iter().map(|share| fs::read(share).unwrap()).collect();
    assert!(found == kept, "the very share that was lost");
    let few = hand.run(&["ring", "repair", "3", "--helpers", "1,2"]);
    assert!(few.code == Some(1) && few.err.contains("2 trustees are too few"), "{few}");
}

#[test]
fn a_newcomer_is_dealt_shares_by_owners_who_have_compared_its_key() {
    let hand = Hand::founded();
    let six = hand.place.path().join("six").to_str().unwrap().to_owned();
    let made =
        hand.run(&["trustee", "init", &six, "--index", "6", "--name", "firm-six", "--state", "XB", "--no-passphrase"]);
    assert_eq!(made.code, Some(0), "{made}");
    let config: Value = serde_json::from_slice(&fs::read(hand.inside("custodian/config.json")).unwrap()).unwrap();
    let genesis = config["genesis"].as_str().unwrap();
    let (log, documents) = (hand.inside("custodian/log"), hand.inside("custodian/documents"));
    let follow = ["trustee", "follow", &six, "--log", &log, "--documents", &documents, "--genesis"];
    let wrong = hand.run(&[&follow[..], &[&"0".repeat(64)]].concat());
    assert!(wrong.code == Some(1) && wrong.err.contains("the genesis digest is"), "{wrong}");
    let followed = hand.run(&[&follow[..], &[genesis]].concat());
    assert!(followed.code == Some(0) && followed.out.contains("is pinned"), "{followed}");

    let identity = format!("{six}/identity");
    let (exchange, said) = Exchange::planned(&hand, "enrol", &["enrol", &identity]);
    let key = said.lines().find(|line| line.contains("firm-six")).unwrap();
    let key = word_after(key, "identity key ");
    let unknown = exchange.says("reshare", 1, &[]);
    assert!(unknown.code == Some(1) && unknown.err.contains("trustee 6 (firm-six) is new"), "{unknown}");
    exchange.through("reshare", &[1, 2, 3, 4, 5, 6], &["--accept", &key], DONE);
    let said = hand.good(&["change", "propose", "trustees", "--letters", &exchange.letters, "--newcomer", &identity]);
    assert!(said.contains("6 trustees hold the keys, now 5") && said.contains("trustee 6 `firm-six`"), "{said}");
    let (draft, change) = (word_after(&said, "digest to compare: "), word_after(&said, "exact bytes in "));
    assert!(hand.carry(&draft, &change).contains("cooling until 20"));

    // The last one leaves, or a newcomer takes the number.
    let gap = hand.run(&["ring", "remove", "2"]);
    assert!(gap.code == Some(1) && gap.err.contains("without a gap"), "{gap}");
    let last = hand.good(&["ring", "remove", "5"]);
    assert!(last.contains("4 trustees will hold shares") && last.contains("--holders 4"), "{last}");
}

#[test]
fn a_trustee_is_removed_at_once_and_as_many_as_answer_stay() {
    let hand = Hand::founded();
    let key = hand.inside("people/anna-berg/signing.key");
    let remove = |trustee: &str| hand.run(&["change", "remove-trustee", trustee, "--as", "anna-berg", "--key", &key]);
    let first = remove("2");
    assert!(
        first.code == Some(0) && first.out.contains("count for nothing") && first.out.contains("in force"),
        "{first}"
    );
    assert!(remove("2").err.contains("trustee 2 is not in force"));
    assert_eq!(remove("1").code, Some(0));
    let few = remove("3");
    assert!(few.code == Some(1) && few.err.contains("2 trustees would be left, 3 have to answer"), "{few}");
    let case = hand.proposed();
    hand.sign(&case, "anna-berg");
    hand.sign(&case, "bruno-lind");
    let released = hand.good(&["order", "release", &case, "--as", "lena-ohm"]);
    for trustee in [3, 4, 5] {
        assert!(released.contains(&format!("trustee {trustee}")), "{released}");
    }
    assert_eq!(released.matches(": answered").count(), 3, "{released}");
}

#[test]
fn new_keys_are_made_by_letters_and_proposed_with_everybodys_confirmation() {
    let hand = Hand::founded();
    let (exchange, said) = Exchange::planned(&hand, "rotation", &["rotate"]);
    assert!(said.contains("gets new keys") && said.contains("trustee 5"), "{said}");
    let first = exchange.says("rotate", 1, &[]);
    assert!(first.out.contains("waiting for the identity of trustee 2, 3, 4, 5"), "{first}");
    // Killed at any moment, a trustee goes on where it was.
    for trustee in 2..=5 {
        assert_eq!(exchange.says("rotate", trustee, &[]).code, Some(0));
    }
    for wait in [0, 20, 60] {
        let arguments = exchange.arguments("rotate", 2, &[]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut child = command(&hand.dir, &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    for _ in 0..2 {
        for trustee in 1..=5 {
            assert_eq!(exchange.says("rotate", trustee, &[]).code, Some(0));
        }
    }
    let letter = exchange.letter("round2-2-3");
    let good = fs::read(&letter).unwrap();
    let early = hand.run(&["change", "propose", "ring", "--letters", &exchange.letters]);
    assert!(early.code == Some(1), "{early}");
    exchange.through("rotate", &[1, 2, 3, 4, 5], &[], "every trustee has confirmed the new keys");
    // A letter changed afterwards is found by nobody and changes nothing; the outcome is kept.
    fs::write(&letter, &good[1..]).unwrap();
    assert!(exchange.says("rotate", 3, &[]).out.contains("every trustee has confirmed"));

    let said = hand.good(&["change", "propose", "ring", "--letters", &exchange.letters]);
    assert!(said.contains("all 5 trustees have confirmed") && said.contains("are still read"), "{said}");
    let (draft, change) = (word_after(&said, "digest to compare: "), word_after(&said, "exact bytes in "));
    let published = hand.carry(&draft, &change);
    assert!(published.contains("cooling until 20"), "{published}");
    let case = hand.proposed();
    hand.sign(&case, "anna-berg");
    hand.sign(&case, "bruno-lind");
    let released = hand.good(&["order", "release", &case, "--as", "lena-ohm"]);
    assert_eq!(released.matches(": answered").count(), 3, "{released}");
}

#[test]
fn a_newcomer_is_handed_the_proofs_of_the_changes_before_it() {
    let hand = Hand::founded();
    let key = hand.inside("people/anna-berg/signing.key");
    hand.good(&["change", "suspend-authority", "xr-monitoring-service", "--as", "anna-berg", "--key", &key]);
    let history = hand.place.path().join("history").to_str().unwrap().to_owned();
    let said = hand.good(&["change", "history", "--out", &history]);
    assert!(said.contains("2 control leaves"), "{said}");
    let six = hand.place.path().join("six").to_str().unwrap().to_owned();
    let init = ["trustee", "init", &six, "--index", "6", "--name", "firm-six", "--state", "XB", "--no-passphrase"];
    assert_eq!(hand.run(&init).code, Some(0));
    let config: Value = serde_json::from_slice(&fs::read(hand.inside("custodian/config.json")).unwrap()).unwrap();
    let genesis = config["genesis"].as_str().unwrap();
    let (log, documents) = (hand.inside("custodian/log"), hand.inside("custodian/documents"));
    let follow = [
        "trustee",
        "follow",
        &six,
        "--log",
        &log,
        "--documents",
        &documents,
        "--genesis",
        genesis,
        "--history",
        &history,
    ];
    let proof = PathBuf::from(&history).join("control/0000000000.tlog-proof");
    let good = fs::read(&proof).unwrap();
    fs::write(&proof, &good[..good.len() - 20]).unwrap();
    let damaged = hand.run(&follow);
    assert!(damaged.code == Some(1) && damaged.err.contains("control/0000000000.tlog-proof"), "{damaged}");
    fs::write(&proof, &good).unwrap();
    let followed = hand.run(&follow);
    assert!(followed.code == Some(0) && followed.out.contains("control state "), "{followed}");
}
