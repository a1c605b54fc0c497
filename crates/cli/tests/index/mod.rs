//! Clients found through real trustees: import, lookup, approval, release; what the store shows a thief; trustees that are away, and kills.

use crate::by_hand::{CLIENTS, Hand, MAPS, word_after};
use crate::program::{Ran, command};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256, Sha512};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

/// A letter that names a person by an e-mail address.
const ENTRY: &str = r#"{"authority":"xa-district-court","reference":"12 Js 34/26","instrument":"court_order",
    "others":1,"classes":["name","address"],"channel":"letter"}"#;

/// Founded with an index ring, two clients enrolled.
fn indexed() -> Hand {
    static FOUNDED: OnceLock<Hand> = OnceLock::new();
    let first = FOUNDED.get_or_init(|| {
        let hand = Hand::empty();
        assert!(hand.good(&["init", "--name", "Mill Exchange"]).contains("index ring "));
        let said = import(&hand, CLIENTS);
        assert!(said.err.is_empty(), "{said}");
        assert!(said.out.contains("lookup_name_birth: 2 values in the index, 0 left out"), "{said}");
        assert!(said.out.contains("lookup_email: 2 values in the index, 0 left out"), "{said}");
        assert!(said.out.contains("lookup_phone: 0 values in the index, 0 left out"), "{said}");
        hand
    });
    let (place, dir) = crate::folder::copy(&first.dir);
    Hand { place, dir }
}

fn import(hand: &Hand, file: &str) -> Ran {
    let clients = hand.file("clients.csv", file);
    let ran = hand.run(&[&["client", "import", &clients], MAPS.as_slice()].concat());
    assert_eq!(ran.code, Some(0), "{ran}");
    ran
}

/// Goes on with the enrolment of the file that [`import`] has written.
fn index(hand: &Hand) -> Ran {
    let clients = hand.place.path().join("clients.csv");
    hand.run(&[&["client", "index", clients.to_str().unwrap()], MAPS.as_slice()].concat())
}

/// A case whose sender is checked.
fn case(hand: &Hand) -> String {
    let (letter, entry) = (hand.file("letter.pdf", "%PDF-1.4 a letter"), hand.file("entry.json", ENTRY));
    let said = hand.good(&["request", "file", &letter, "--meta", &entry, "--as", "lena-ohm"]);
    assert!(said.contains("asked: 1 people"), "{said}");
    let case = word_after(&said, "case ");
    let sender =
        ["case", "sender", &case, "--confirmed", "directory", "--confirmed", "call_back", "--note", "confirmed"];
    hand.good(&[&sender[..], &["--as", "lena-ohm"]].concat());
    case
}

/// Looks a value up, given on standard input.
fn find(hand: &Hand, case: &str, attribute: &str, value: &str) -> Ran {
    let key = hand.inside("people/lena-ohm/signing.key");
    let arguments =
        ["client", "find", "--case", case, "--attribute", attribute, "--value", "-", "--as", "lena-ohm", "--key", &key];
    with_input(hand, &arguments, value)
}

fn with_input(hand: &Hand, arguments: &[&str], input: &str) -> Ran {
    let mut child = command(&hand.dir, arguments);
    child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().unwrap();
    // A command that refuses before it reads has closed the pipe.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Ran::from(child.wait_with_output().unwrap())
}

#[test]
fn a_person_is_found_by_an_address_and_approvers_see_how() {
    let hand = indexed();
    let case = case(&hand);
    let found = find(&hand, &case, "email", "VERA@Post.example\n");
    assert!(found.code == Some(0) && found.err.is_empty() && found.out.contains("found 1"), "{found}");
    assert_eq!(found.out.matches(": answered").count(), 3, "{found}");
    let lookup = word_after(&found.out, "lookup ");
    let born = find(&hand, &case, "name_birth", "orlando vera\n1980-02-03\n");
    assert_eq!(word_after(&born.out, "  client "), word_after(&found.out, "  client "), "{born}");
    let nobody = find(&hand, &case, "email", "nobody@post.example");
    assert!(nobody.code == Some(0) && nobody.out.ends_with("not found\n"), "{nobody}");

    let officer = ["--as", "lena-ohm"];
    for (question, answer) in [("D06", "yes"), ("D09", "yes"), ("D11", "yes"), ("D14", "none"), ("D21", "50")] {
        hand.good(&[&["case", "find", &case, question, answer, "--source", "checklist"][..], &officer].concat());
    }
    let scope = ["--necessary", "name,address", "--allowed", "name,address"];
    let named = [&["case", "scope", &case, "--subject", "A-000002"][..], &scope, &officer].concat();
    let stranger = hand.run(&named);
    assert!(stranger.code == Some(1) && stranger.err.contains("does not ask about client"), "{stranger}");
    hand.good(&[&["case", "scope", &case, "--found", &lookup[..8]][..], &scope, &officer].concat());
    hand.good(&["case", "propose", &case, "--as", "lena-ohm"]);
    let late = find(&hand, &case, "email", "tomas@post.example");
    assert!(late.code == Some(1) && late.err.contains("before an order is proposed"), "{late}");
    let shown = hand.good(&["order", "show", &case]);
    let line = format!("lookup {} by lookup_email for lena-ohm at ", &lookup[..16]);
    assert!(shown.contains(&line) && shown.contains("): found 1, 1 of them in the scope"), "{shown}");
    assert!(shown.contains("): not found, 0 of them in the scope"), "{shown}");

    // The officer shows it, the approver recomputes it, and notices another value.
    let recheck = ["client", "recheck", &case, "--lookup", &lookup[..8]];
    let key = hand.inside("people/lena-ohm/case.agekey");
    let several = hand.run(&["client", "recheck", &case, "--key", &key]);
    assert!(several.code == Some(1) && several.err.contains("several such lookups"), "{several}");
    let told = hand.good(&[&recheck[..], &["--key", &key]].concat());
    let opening = told.lines().last().unwrap();
    assert!(told.contains("holds: ") && opening.contains("vera@post.example"), "{told}");
    let file = hand.file("shown.json", opening);
    assert!(hand.good(&[&recheck[..], &["--opening", &file]].concat()).contains("holds: "));
    let other = with_input(&hand, &[&recheck[..], &["--opening", "-"]].concat(), &opening.replace("vera@", "nora@"));
    assert!(other.code == Some(1) && other.err.contains("commits to another value"), "{other}");
    assert!(!other.err.contains("nora"), "{other}");

    hand.sign(&case, "anna-berg");
    hand.sign(&case, "bruno-lind");
    let released = hand.good(&["order", "release", &case, "--as", "lena-ohm"]);
    assert_eq!(released.matches(": answered").count(), 3, "{released}");
    assert!(hand.good(&["log", "fsck"]).ends_with("sound\n"));
}

/// How many leaves of each form there are.
fn leaves(hand: &Hand) -> String {
    let shown = hand.good(&["log", "show"]);
    shown.lines().find(|line| line.contains("sealed")).unwrap().to_owned()
}

#[test]
fn what_cannot_be_looked_up_is_refused_without_a_trace() {
    let hand = indexed();
    let case = case(&hand);
    let before = leaves(&hand);
    for (attribute, value, why) in [
        ("phone", "030 1234567", "does not begin with `+`"),
        ("email", "not an address", "has no `@`"),
        ("email", "", "0 lines were given"),
        ("name_birth", "Vera Orlando", "a line with the birth date"),
        ("document", "XA123456", "issuing state"),
    ] {
        let refused = find(&hand, &case, attribute, value);
        assert!(refused.code == Some(1) && refused.err.contains(why), "{attribute}: {refused}");
        assert!(value.is_empty() || !refused.err.contains(value), "the value is not repeated: {refused}");
    }
    let unknown = find(&hand, &case, "nickname", "vee");
    assert!(unknown.code == Some(2) && unknown.err.contains("none of name_birth, email"), "{unknown}");
    let key = hand.inside("people/lena-ohm/signing.key");
    let asked = ["client", "find", "--case", &case, "--attribute", "email", "--as", "lena-ohm", "--key", &key];
    let spoken = hand.run(&[&asked[..], &["--value", "vera@post.example"]].concat());
    assert!(spoken.code == Some(1) && spoken.err.contains("does not belong on the command line"), "{spoken}");
    assert_eq!(hand.run(&asked).code, Some(2), "a value is needed");
    let other = with_input(
        &hand,
        &[
            "client",
            "find",
            "--case",
            &case,
            "--attribute",
            "email",
            "--value",
            "-",
            "--as",
            "anna-berg",
            "--key",
            &key,
        ],
        "vera@post.example",
    );
    assert!(other.code == Some(1) && other.err.contains("may not sign in the role"), "{other}");
    assert_eq!(leaves(&hand), before, "nothing of it is in the log");

    let bare = Hand::founded();
    let filed = bare.file("others.json", ENTRY);
    let letter = bare.file("letter.pdf", "%PDF-1.4 a letter");
    let said = bare.good(&["request", "file", &letter, "--meta", &filed, "--as", "lena-ohm"]);
    let without = find(&bare, &word_after(&said, "case "), "email", "vera@post.example");
    assert!(without.code == Some(1) && without.err.contains("has no index ring"), "{without}");
    let index = bare.run(&["client", "index"]);
    assert!(index.code == Some(1) && index.err.contains("there is no index ring"), "{index}");
}

/// Everything under a folder.
fn all_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all_files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn the_folder_holds_no_value_in_clear_and_no_digest_of_one_under_any_key_in_it() {
    let hand = Hand::empty();
    hand.good(&["init", "--name", "Mill Exchange"]);
    let clients = "account,primaryIdentifier,secondaryIdentifier,dateOfBirth,emailAddress,phoneNumber,nationalIdentifier,\
        nationalIdentifierType,countryOfIssue\n\
        A-000001,Orlandovich,Verakatharina,1980-02-03,Vera@Post.example,+999 30 1234567,XA 123-456,CCPT,XA\n";
    let file = hand.file("clients.csv", clients);
    let said = hand.good(&["client", "import", &file]);
    assert_eq!(said.matches(": 1 values in the index").count(), 4, "{said}");
    let case = case(&hand);
    assert!(find(&hand, &case, "email", "vera@post.example").out.contains("found 1"));

    // As they stand in the file, and in every form in which they could have been hashed.
    let values = [
        "Orlandovich",
        "Verakatharina",
        "Vera@Post.example",
        "+999 30 1234567",
        "XA 123-456",
        "orlandovich",
        "verakatharina",
        "vera@post.example",
        "+999301234567",
        "XA123456",
        "XA\nCCPT\nXA123456",
        "orlandovich verakatharina",
        "orlandovich verakatharina\n1980-02-03",
        "orlandovich verakatharina1980-02-03",
        "Orlandovich Verakatharina",
        "Verakatharina Orlandovich",
    ];
    let mut files = Vec::new();
    all_files(&hand.dir.join("custodian"), &mut files);
    let keys: Vec<Vec<u8>> = files
        .iter()
        .filter(|path| path.parent().is_some_and(|folder| folder.ends_with("keys")))
        .map(|path| fs::read(path).unwrap())
        .collect();
    assert!(keys.iter().filter(|key| key.len() == 32).count() >= 3, "desk, matter and reference keys");
    let mut needles: Vec<Vec<u8>> = Vec::new();
    for value in values {
        needles.push(value.into());
        needles.push(Sha256::digest(value).to_vec());
        needles.push(Sha512::digest(value).to_vec());
        // The framings that this program ever used: alone, behind a label, behind label and length.
        let length = (value.len() as u64).to_le_bytes();
        let framed = |label: &str| [label.as_bytes(), value.as_bytes()].concat();
        let measured = |label: &str| [label.as_bytes(), &length, value.as_bytes()].concat();
        let mut messages = vec![value.as_bytes().to_vec(), [&length[..], value.as_bytes()].concat()];
        for label in ["name", "account", "address", "email", "phone", "document", "lookup_email", "lookup_phone"] {
            messages.extend([framed(label), measured(label)]);
        }
        for (key, message) in keys.iter().flat_map(|key| messages.iter().map(move |message| (key, message))) {
            let mut short = Hmac::<Sha256>::new_from_slice(key).unwrap();
            short.update(message);
            needles.push(short.finalize().into_bytes().to_vec());
            let mut long = Hmac::<Sha512>::new_from_slice(key).unwrap();
            long.update(message);
            needles.push(long.finalize().into_bytes()[..32].to_vec());
        }
    }
    let contents: Vec<(PathBuf, Vec<u8>)> =
        files.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    // What must be found is found: the search itself works.
    let reference = keys.iter().any(|key| {
        let mut tag = Hmac::<Sha256>::new_from_slice(key).unwrap();
        tag.update(b"accountA-000001");
        let tag = tag.finalize().into_bytes();
        contents.iter().any(|(_, bytes)| bytes.windows(32).any(|window| window == tag.as_slice()))
    });
    assert!(reference, "the reference of the account number is there");
    let starts: std::collections::HashMap<[u8; 6], Vec<&Vec<u8>>> =
        needles.iter().fold(std::collections::HashMap::new(), |mut all, needle| {
            all.entry(*needle.first_chunk().unwrap()).or_default().push(needle);
            all
        });
    for (path, bytes) in &contents {
        for at in 0..bytes.len().saturating_sub(5) {
            let Some(candidates) = starts.get(bytes[at..].first_chunk::<6>().unwrap()) else { continue };
            for needle in candidates {
                assert!(!bytes[at..].starts_with(needle), "{} at {at} holds {needle:?}", path.display());
            }
        }
    }
}

/// Writes where trustees are into the custodian's configuration.
fn at(hand: &Hand, place: &str) {
    let path = hand.dir.join("custodian/config.json");
    let mut config: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for trustee in config["trustees"].as_array_mut().unwrap() {
        trustee["at"] = place.into();
    }
    fs::write(&path, serde_json::to_vec(&config).unwrap()).unwrap();
}

#[test]
fn an_import_without_trustees_is_kept_and_the_index_is_completed_later() {
    let hand = Hand::empty();
    hand.good(&["init", "--name", "Mill Exchange"]);
    at(&hand, "http://127.0.0.1:9");
    let away = import(&hand, CLIENTS);
    assert!(away.out.contains("2 stored, 0 left out"), "{away}");
    for part in ["the records are sealed, and the index is not complete", "0 of 3 trustees answered", "client index"] {
        assert!(away.err.contains(part), "{away}");
    }
    assert!(hand.good(&["client", "count"]).starts_with("2 clients, 2 records"));
    let missing = hand.good(&["client", "index"]);
    assert!(missing.contains("1 enrolments open") && missing.contains("2 records imported at"), "{missing}");
    at(&hand, "local");
    // Before it is complete, nobody is told that somebody is no client.
    let case = case(&hand);
    let early = find(&hand, &case, "email", "vera@post.example");
    assert!(early.out.ends_with("not found\n") && early.err.contains("may be a client all the same"), "{early}");
    // Another file does not fit, the imported one does, and the same import again is the same.
    let other = hand.file("other.csv", CLIENTS.replace("vera@", "nora@"));
    let other = hand.run(&[&["client", "index", &other], MAPS.as_slice()].concat());
    assert!(other.code == Some(1) && other.err.contains("was not imported"), "{other}");
    let done = index(&hand);
    assert!(done.code == Some(0) && done.out.contains("lookup_email: 2 values in the index, 0 left out"), "{done}");
    assert!(done.out.contains("0 enrolments open") && !done.out.contains("not wholly"), "{done}");
    let again = import(&hand, CLIENTS);
    assert!(again.out.contains("nothing was done") && again.out.contains("in the index (before)"), "{again}");
    let late = find(&hand, &case, "email", "vera@post.example");
    assert!(late.out.contains("found 1") && late.err.is_empty(), "{late}");
}

#[test]
fn killed_at_any_moment_the_next_run_completes_the_index() {
    let hand = Hand::empty();
    hand.good(&["init", "--name", "Mill Exchange", "--attributes", "lookup_email"]);
    let rows = (1..=1_500).map(|n| format!("B-{n:06},Row,Nr{n},1980-01-01,Lane,Ferrow,XA,row{n}@post.example\n"));
    let head = CLIENTS.lines().next().unwrap();
    let clients = hand.file("clients.csv", format!("{head}\n{}", rows.collect::<String>()));
    let arguments = [&["client", "import", &clients], MAPS.as_slice()].concat();
    let mut at_work = 0;
    for millis in [30, 150, 300, 500, 700, 900, 1_200, 1_600, 2_000] {
        let mut child = command(&hand.dir, &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(millis));
        at_work += usize::from(child.try_wait().unwrap().is_none());
        // SIGKILL.
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(at_work > 3, "only {at_work} kills came while it was at work");
    let ran = hand.run(&arguments);
    assert!(ran.code == Some(0) && ran.err.is_empty(), "{ran}");
    assert!(ran.out.contains("lookup_email: 1500 values in the index"), "{ran}");
    let said = hand.good(&["client", "index"]);
    assert!(said.starts_with("1500 values in 1500 lists, 0 enrolments open"), "{said}");
    let case = case(&hand);
    for number in [1, 1_000, 1_001, 1_500] {
        assert!(find(&hand, &case, "email", &format!("row{number}@post.example")).out.contains("found 1"));
    }
    assert!(hand.good(&["log", "fsck"]).ends_with("sound\n"));
    assert!(hand.good(&["client", "count"]).starts_with("1500 clients, 1500 records"));
}
