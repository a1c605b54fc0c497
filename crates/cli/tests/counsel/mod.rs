//! The workspace of counsel beside a custodian at work: neither sees the other.

use crate::by_hand::Hand;
use crate::folder::files;
use crate::served::Served;
use std::fs;

const SECRET: &str = "the order is voidable for want of an offence";

#[test]
fn what_counsel_thinks_is_in_nothing_that_the_custodian_keeps_or_gives_away() {
    let hand = Hand::founded();
    let case = hand.filed();
    let key = hand.place.path().join("counsel.agekey").to_str().unwrap().to_owned();
    let note = hand.file("note.txt", format!("Draft.\n{SECRET}\n"));
    let signing = hand.inside("people/eva-stone/signing.key");
    let write = ["counsel", "note", &case, "--text", &note, "--as", "eva-stone", "--key", &signing];

    let early = hand.run(&write);
    assert!(early.code == Some(1) && early.err.contains("countersign counsel key"), "{early}");
    let said = hand.good(&["counsel", "key", "--out", &key]);
    let recipient = said.lines().find(|line| line.starts_with("age1")).unwrap();
    fs::create_dir(hand.inside("counsel")).unwrap();
    fs::write(hand.inside("counsel/recipients.txt"), format!("{recipient}\n")).unwrap();
    assert_eq!(hand.run(&["counsel", "key", "--out", &key]).code, Some(1), "a key is never written over");

    // The custodian is at work meanwhile; nothing in its folder moves.
    let before = files(&hand.dir.join("custodian"));
    assert!(hand.good(&write).starts_with(&format!("note 1 about case {case} sealed to 1 keys")));
    assert!(hand.good(&write).starts_with("note 2"));
    assert_eq!(hand.good(&["counsel", "list"]), format!("{case} 2 notes\n"));
    let read = hand.good(&["counsel", "read", &case, "--key", &key]);
    assert!(read.matches(SECRET).count() == 2 && read.contains("note 2 by eva-stone at "), "{read}");
    assert!(files(&hand.dir.join("custodian")) == before, "a note changes nothing of the custodian's");
    let server = Served::start(&hand.dir, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(hand.good(&write).starts_with("note 3"), "the custodian's folder is not opened, so it may be in use");
    server.kill();

    for (path, bytes) in files(&hand.dir) {
        let clear = bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes());
        assert!(!clear, "{} has it in clear", path.display());
    }
    let officer = hand.inside("people/lena-ohm/case.agekey");
    let refused = hand.run(&["counsel", "read", &case, "--key", &officer]);
    assert!(refused.code == Some(1) && refused.err.contains("this key does not open it"), "{refused}");
    let other = format!("ed25519 {}", "0".repeat(64));
    let refused = hand.run(&["counsel", "read", &case, "--key", &key, "--author", &other]);
    assert!(refused.code == Some(1) && refused.err.contains("none of the keys that are accepted"), "{refused}");

    let out = hand.place.path().join("given-away");
    hand.good(&["case", "export", &case, "--out", out.to_str().unwrap()]);
    for (path, _) in files(&out) {
        let name = path.to_str().unwrap();
        assert!(!name.contains("counsel") && !name.ends_with(".age"), "{name}");
    }
    let shown = hand.good(&["case", "show", &case]);
    assert!(!shown.contains("counsel") && !shown.contains(SECRET), "{shown}");
}
