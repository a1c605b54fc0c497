//! Changes of the control state by hand: additions that cool, removals that act, clients erased and held, a state left.

use crate::by_hand::{Hand, word_after};
use crate::folder;
use crate::program::{Ran, command, countersign};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// RFC 8032, section 7.1, test 1: anybody's key, nobody's secret.
const SECRET: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const PUBLIC: &str = "ed25519 d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

impl Hand {
    fn key(&self, person: &str) -> String {
        self.inside(&format!("people/{person}/signing.key"))
    }

    /// A person's signature under a draft.
    fn sign_change(&self, draft: &str, person: &str) -> String {
        self.good(&["change", "sign", draft, "--as", person, "--key", &self.key(person)])
    }

    fn remove(&self, person: &str, by: &str) -> Ran {
        self.run(&["change", "remove-person", person, "--as", by, "--key", &self.key(by)])
    }

    /// What a trustee of this folder says to a change, and the signature's file.
    fn acknowledge(&self, trustee: u16, change: &str, digest: &str) -> (Ran, String) {
        let (folder, log) = (self.inside(&format!("trustees/{trustee}")), self.inside("custodian/log"));
        let out = self.place.path().join(format!("ack-{trustee}.json")).to_str().unwrap().to_owned();
        let arguments = ["trustee", "acknowledge", &folder, change, "--log", &log, "--digest", digest, "--out", &out];
        (countersign(&self.dir, &arguments), out)
    }

    /// From a draft to its leaf, signed by two approvers and three trustees.
    pub(crate) fn carry(&self, draft: &str, change: &str) -> String {
        self.sign_change(draft, "anna-berg");
        self.sign_change(draft, "bruno-lind");
        for trustee in 1..=3 {
            let (ran, signature) = self.acknowledge(trustee, change, draft);
            assert_eq!(ran.code, Some(0), "{ran}");
            self.good(&["change", "acknowledge", draft, &signature]);
        }
        self.good(&["change", "publish", draft])
    }

    fn propose_dora(&self) -> (String, String) {
        let person = ["change", "propose", "add-person", "dora-held", "--role", "approver", "--state", "XD"];
        let said = self.good(&[&person[..], &["--public-key", PUBLIC]].concat());
        assert!(said.contains("`dora-held` enters the roster as approver, in XD"), "{said}");
        (word_after(&said, "digest to compare: "), word_after(&said, "exact bytes in "))
    }
}

#[test]
fn an_addition_cools_and_a_removal_acts_at_once() {
    let hand = Hand::founded();
    let (draft, change) = hand.propose_dora();
    let early = hand.run(&["change", "publish", &draft]);
    assert!(early.code == Some(1) && early.err.contains("signed by 0 of 2 approvers and 0 of 3 trustees"), "{early}");
    let first = hand.sign_change(&draft[..10], "anna-berg");
    assert!(first.contains("signed by 1 of 2 approvers and 0 of 3 trustees"), "{first}");
    let officer = hand.run(&["change", "sign", &draft, "--as", "anna-berg", "--key", &hand.key("bruno-lind")]);
    assert!(officer.code == Some(1) && officer.err.contains("signature of `person:anna-berg` is wrong"), "{officer}");

    // The trustee shows it first, and signs only by the digest that its owner has read.
    let (folder, log) = (hand.inside("trustees/4"), hand.inside("custodian/log"));
    let shown = hand.good(&["trustee", "acknowledge", &folder, &change, "--log", &log]);
    assert!(shown.contains("enters the roster") && shown.contains("nothing is signed"), "{shown}");
    assert_eq!(word_after(&shown, "digest to compare: "), draft);
    let (other, _) = hand.acknowledge(4, &change, &"0".repeat(64));
    assert!(other.code == Some(1) && other.err.contains("another change was read"), "{other}");
    let published = hand.carry(&draft, &change);
    assert!(published.contains("public in leaf ") && published.contains("cooling until 20"), "{published}");
    let shown = hand.good(&["change", "show"]);
    assert!(!shown.contains("dora-held in XD"), "not in force: {shown}");
    let cooling = shown.split_once("cooling: ").unwrap().1;
    assert!(cooling.contains("cooling until 20") && cooling.contains("dora-held"), "{shown}");
    assert!(!fs::exists(Path::new(&change)).unwrap(), "the draft is gone");

    // What is cooling signs no order; what is removed does not either, from this moment on.
    let case = hand.proposed();
    let dora = hand.file("dora.key", format!("countersign-secret ed25519 {SECRET}\n"));
    let refused = hand.run(&["order", "approve", &case, "--as", "dora-held", "--key", &dora]);
    assert!(refused.code == Some(1) && refused.err.contains("`dora-held` is not in force"), "{refused}");
    hand.sign(&case, "bruno-lind");
    let removed = hand.remove("bruno-lind", "anna-berg");
    assert_eq!(removed.code, Some(0), "{removed}");
    assert!(removed.out.contains("`bruno-lind` leaves the roster") && removed.out.contains("; in force"), "{removed}");
    assert!(hand.sign(&case, "anna-berg").contains("still missing"), "the removed approver's signature counts no more");
    assert!(hand.sign(&case, "clara-voss").contains("the quorum is complete"));
    let order = word_after(&hand.good(&["order", "show", &case]), "order ");
    let again = hand.remove("bruno-lind", "anna-berg");
    assert!(again.code == Some(1) && again.err.contains("no person in force or cooling"), "{again}");
    let listed = hand.good(&["change", "list"]);
    assert!(listed.contains("signed by person:anna-berg, person:bruno-lind, trustee:1"), "{listed}");
    assert_eq!(listed.matches("\nleaf ").count() + usize::from(listed.starts_with("leaf ")), 2, "{listed}");

    // The trustees have folded both; the removed approver's signature is not handed to them.
    hand.good(&["order", "release", &case, "--as", "lena-ohm"]);
    let verified = hand.good(&["verify", "evidence", &hand.inside(&format!("custodian/evidence/{order}"))]);
    assert!(verified.contains("signed by anna-berg, clara-voss"), "{verified}");
}

#[test]
fn removals_stand_in_the_evidence_and_in_the_log() {
    let hand = Hand::founded();
    assert_eq!(hand.remove("clara-voss", "eva-stone").code, Some(0));
    let authority = ["change", "suspend-authority", "xr-monitoring-service", "--as", "anna-berg"];
    hand.good(&[&authority[..], &["--key", &hand.key("anna-berg")]].concat());
    let case = hand.proposed();
    hand.sign(&case, "anna-berg");
    hand.sign(&case, "bruno-lind");
    hand.good(&["order", "release", &case, "--as", "lena-ohm"]);
    let order = word_after(&hand.good(&["order", "show", &case]), "order ");
    let evidence = hand.inside(&format!("custodian/evidence/{order}"));
    let verified = hand.good(&["verify", "evidence", &evidence]);
    assert!(verified.contains("signed by anna-berg, bruno-lind"), "{verified}");
    let control = fs::read_dir(format!("{evidence}/control")).unwrap().count();
    assert_eq!(control, 6, "genesis and two removals, each with its proof");
    let shown = hand.good(&["change", "show"]);
    assert!(shown.contains("suspended: xr-monitoring-service") && !shown.contains("clara-voss in "), "{shown}");
    let log = hand.inside("custodian/log");
    let totals: Value = serde_json::from_str(&hand.good(&["verify", "log", &log])).unwrap();
    assert_eq!(totals["outside"]["leaves"]["control"], 3);
}

#[test]
fn documents_are_checked_and_installed_before_trustees_sign_their_digest() {
    let hand = Hand::founded();
    let path = hand.dir.join("custodian/documents/directory.json");
    let text = fs::read_to_string(&path).unwrap();
    let version = serde_json::from_str::<Value>(&text).unwrap()["version"].as_u64().unwrap();
    let next = text.replacen(&format!("\"version\":{version}"), &format!("\"version\":{}", version + 1), 1);
    let bad = hand.file("bad.json", format!("{next} "));
    assert_eq!(hand.run(&["change", "propose", "directory", &bad]).code, Some(1));
    let file = hand.file("directory.json", &next);
    let said = hand.good(&["change", "propose", "directory", &file]);
    let (draft, change) = (word_after(&said, "digest to compare: "), word_after(&said, "exact bytes in "));
    let (missing, _) = hand.acknowledge(1, &change, &draft);
    assert!(missing.code == Some(1) && missing.err.contains("is not installed here"), "{missing}");
    for trustee in 1..=3 {
        let folder = hand.inside(&format!("trustees/{trustee}"));
        let kept = hand.good(&["trustee", "install", &folder, &file]);
        assert!(kept.starts_with("authority directory "), "{kept}");
    }
    let junk = hand.run(&["trustee", "install", &hand.inside("trustees/1"), &bad]);
    assert_eq!(junk.code, Some(1), "{junk}");

    // A removal takes the number: the draft is written again, and signed again.
    hand.sign_change(&draft, "anna-berg");
    assert_eq!(hand.remove("roman-karel", "anna-berg").code, Some(0));
    let stale = hand.run(&["change", "sign", &draft, "--as", "bruno-lind", "--key", &hand.key("bruno-lind")]);
    assert!(stale.code == Some(1) && stale.err.contains("change number 1 where 2 is next"), "{stale}");
    assert!(hand.good(&["change", "list"]).contains("out of turn"));
    let said = hand.good(&["change", "again", &draft]);
    let (draft, change) = (word_after(&said, "digest to compare: "), word_after(&said, "exact bytes in "));
    assert!(hand.carry(&draft, &change).contains("cooling until 20"));
    assert!(hand.good(&["change", "list"]).starts_with("leaf "), "no draft is left");
}

#[test]
fn an_erased_client_is_gone_from_the_files_and_from_a_package_that_all_trustees_answered() {
    let hand = Hand::founded();
    let erase = |account: &str| hand.run(&["client", "erase", account, "--basis", "art. 17", "--as", "lena-ohm"]);
    let sigma = hand.dir.join("custodian/sigma.db");
    let backup = hand.place.path().join("custodian.db");
    fs::copy(hand.dir.join("custodian/custodian.db"), &backup).unwrap();
    let before = blobs(&sigma);
    assert_eq!(before.len(), 2, "one secret per client");
    let case = hand.proposed();
    hand.sign(&case, "anna-berg");
    hand.sign(&case, "bruno-lind");

    let hold = ["client", "hold", "A-000001", "--basis", "court order 7", "--until", "2999-01-01T00:00:00Z"];
    assert!(hand.good(&[&hold[..], &["--as", "lena-ohm"]].concat()).starts_with("held until 2999-01-01"));
    let held = erase("A-000001");
    assert!(held.code == Some(1) && held.err.contains("court order 7"), "{held}");
    hand.good(&["client", "release-hold", "A-000001", "--basis", "over", "--as", "lena-ohm"]);
    let unknown = erase("A-000009");
    assert!(unknown.code == Some(1) && unknown.err.contains("no client with the account `A-000009`"), "{unknown}");
    let erased = erase("A-000001");
    assert_eq!(erased.code, Some(0), "{erased}");
    let at = word_after(&erased.out, "erased at ");
    assert_eq!(word_after(&erase("A-000001").out, "erased at "), at, "erased twice is erased once");
    assert!(hand.good(&["client", "show", "A-000001"]).contains("erased at "));
    assert_eq!(hand.good(&["client", "show", "A-000002"]), "kept\n");
    let after = blobs(&sigma);
    assert_eq!(after.len(), 1);
    let gone: Vec<&Vec<u8>> = before.iter().filter(|one| !after.contains(one)).collect();
    let everywhere = folder::files(&hand.dir);
    for (path, bytes) in everywhere.iter().chain([&(backup.clone(), fs::read(&backup).unwrap())]) {
        assert!(!bytes.windows(32).any(|window| window == gone[0].as_slice()), "{}", path.display());
    }

    // The order stands, three trustees answer, and nobody opens anything.
    let released = hand.good(&["order", "release", &case, "--as", "lena-ohm"]);
    assert_eq!(released.matches(": answered").count(), 3, "{released}");
    let package = word_after(&released, "package ");
    let out = hand.place.path().join("opened");
    let keys = hand.inside("authority/xa-district-court");
    let opened = hand.run(&["open", &package, "--keys", &keys, "--out", out.to_str().unwrap()]);
    let told = format!("{}{}", opened.out, opened.err);
    assert!(told.contains("erased"), "{opened}");
    assert!(!folder_says(&out, "Orlando") && !folder_says(&out, "Mill Lane"));
}

/// The 32-byte values of `sigma.db`, read from its pages: what lies behind each handle.
fn blobs(path: &Path) -> Vec<Vec<u8>> {
    // A cell of the table: payload length 68, header of 3 bytes, two columns of type 12 + 2 * 32 = 76.
    let bytes = fs::read(path).unwrap();
    let cells = bytes.windows(4).enumerate().filter(|(_, window)| *window == [67, 3, 76, 76]);
    cells.map(|(at, _)| bytes[at + 4 + 32..at + 4 + 64].to_vec()).collect()
}

fn folder_says(folder: &Path, text: &str) -> bool {
    folder.exists()
        && folder::files(folder).iter().any(|(_, bytes)| bytes.windows(text.len()).any(|w| w == text.as_bytes()))
}

/// Killed after some time, again and again: at the end one client is erased once, and at no time does a command say of a secret
/// that is there that it is gone.
#[test]
fn an_erasure_killed_at_any_moment_is_finished_later() {
    let hand = Hand::founded();
    let erase = ["client", "erase", "A-000002", "--basis", "art. 17", "--as", "lena-ohm"];
    let sigma = hand.dir.join("custodian/sigma.db");
    for step in 0..12_u64 {
        let mut child = command(&hand.dir, &erase).stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(step * 25 + 20));
        // Fails when it has ended by itself.
        let _ = child.kill();
        if child.wait().unwrap().success() {
            break;
        }
    }
    let shown = hand.good(&["client", "show", "A-000002"]);
    let secrets = blobs(&sigma).len();
    assert_eq!(shown.contains("erased at "), secrets == 1, "{shown}");
    hand.good(&erase);
    assert!(hand.good(&["client", "show", "A-000002"]).contains("erased at "));
    assert_eq!(hand.good(&["client", "show", "A-000001"]), "kept\n");
    assert!(hand.good(&["log", "fsck"]).ends_with("ok: sound\n"));
}

#[test]
fn a_state_is_left_at_once_and_a_second_time_nothing_is_left() {
    let hand = Hand::founded();
    let plan = hand.good(&["exit-state", "XR", "--plan"]);
    for part in
        ["remove roman-karel: lives there", "goes on being answered: xr-monitoring-service", "what has to follow"]
    {
        assert!(plan.contains(part), "{part} in {plan}");
    }
    assert!(hand.good(&["change", "show"]).contains("roman-karel in XR"), "a plan changes nothing");
    let key = hand.key("roman-karel");
    let own = hand.run(&["exit-state", "XR", "--as", "roman-karel", "--key", &key]);
    assert!(own.code == Some(1) && own.err.contains("somebody who stays must sign"), "{own}");
    let unsigned = hand.run(&["exit-state", "XR"]);
    assert_eq!(unsigned.code, Some(2), "{unsigned}");

    // Killed somewhere in the middle, and run again.
    let key = hand.key("anna-berg");
    let leave = ["exit-state", "XR", "--suspend-authorities", "--as", "anna-berg", "--key", &key];
    let mut child = command(&hand.dir, &leave).stdout(std::process::Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let _ = child.kill();
    child.wait().unwrap();
    hand.good(&leave);
    let shown = hand.good(&["change", "show"]);
    assert!(shown.contains("suspended: xr-monitoring-service") && !shown.contains("roman-karel"), "{shown}");
    let done = hand.good(&leave);
    assert!(done.contains("nothing is left to remove") && !done.contains("\nleaf "), "{done}");
    assert_eq!(hand.good(&["change", "list"]).lines().filter(|line| line.starts_with("leaf ")).count(), 2);

    let plan = hand.good(&["exit-state", "XB", "--plan", "--reach"]);
    for part in ["remove bruno-lind", "remove eva-stone", "trustee 1 (trustee-xb-1) holds a share", "rotate the keys"] {
        assert!(plan.contains(part), "{part} in {plan}");
    }
    // Of three approvers two remain; without the next one only one would.
    hand.good(&["exit-state", "XB", "--as", "anna-berg", "--key", &key]);
    let few = hand.run(&["exit-state", "XC", "--as", "anna-berg", "--key", &key]);
    assert!(few.code == Some(1) && few.err.contains("--leave-too-few"), "{few}");
    hand.good(&["exit-state", "XC", "--leave-too-few", "--as", "anna-berg", "--key", &key]);
}

#[test]
fn availability_is_a_table_for_every_threshold() {
    let hand = Hand::empty();
    let five = ["xb=0.9", "xc=0.9", "xd=0.9", "xe=0.9", "xf=0.9"].map(|one| ["--trustee", one]).concat();
    let said = hand.good(&[&["trustee", "availability"][..], &five].concat());
    assert_eq!(said.lines().count(), 7, "{said}");
    assert_eq!(said.lines().nth(4).unwrap().split_whitespace().collect::<Vec<_>>(), ["3", "8.560e-3", "8.560e-3"]);
    let bad = hand.run(&["trustee", "availability", "--trustee", "xb=0.9+host"]);
    assert!(bad.code == Some(1) && bad.err.contains("--outage host=CHANCE"), "{bad}");
}
