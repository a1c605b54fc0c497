//! The road by hand: from founding a custodian to a closed case, one command after another, as the README tells it.

#[cfg(feature = "s3")]
mod bucket;
mod by_hand;
mod control;
mod counsel;
mod deposits;
mod folder;
mod inbound;
mod index;
mod lists;
mod people;
mod program;
mod reading;
mod requests;
mod restricting;
mod ring;
mod second_review;
mod served;
mod services;
mod shares;
mod upkeep;

use by_hand::{CLIENTS, Hand, MAPS, word_after};
use countersign_testkit::require;
use serde_json::Value;
use std::fs;
use std::process::Command;

#[test]
fn a_custodian_is_founded_and_clients_are_imported() {
    let hand = Hand::empty();
    let said = hand.good(&["init", "--name", "Mill Exchange", "--seat", "XA"]);
    assert_eq!(word_after(&said, "genesis ").len(), 64);
    assert!(said.contains("made by the trustees without a dealer"), "{said}");
    assert_eq!(hand.run(&["init"]).code, Some(1), "a folder is founded once");

    let clients = hand.file("clients.csv", CLIENTS);
    let unknown = hand.run(&["client", "import", &clients]);
    assert_eq!(unknown.code, Some(1), "{unknown}");
    for part in ["clients.csv", "column `LAST_NAME` is unknown", "--map LAST_NAME=primaryIdentifier"] {
        assert!(unknown.err.contains(part), "{unknown}");
    }
    assert!(hand.good(&["client", "count"]).starts_with("0 clients, 0 records"));
    let import = [&["client", "import", &clients], MAPS.as_slice()].concat();
    let enrolled = ["name_birth: 2", "email: 2", "phone: 0", "document: 0"]
        .map(|values| format!("lookup_{values} values in the index, 0 left out\n"));
    assert_eq!(hand.good(&import), format!("2 stored, 0 left out\n{}", enrolled.concat()));
    assert!(hand.good(&import).contains("was imported at"), "the same file is imported once");
    assert!(hand.good(&["client", "count"]).starts_with("2 clients, 2 records, 8 sealed entries"));
}

#[test]
fn a_letter_becomes_a_proven_release() {
    let hand = Hand::founded();
    let case = hand.proposed();
    assert!(hand.good(&["case", "list"]).contains(&case));
    let shown = hand.good(&["order", "show", &case]);
    let (order, digest) = (word_after(&shown, "order "), word_after(&shown, "digest to sign: "));
    assert!(shown.contains("1 people, 1 records, classes name, address"), "{shown}");

    let first = hand.sign(&case, "anna-berg");
    assert!(first.contains(&digest) && first.contains("still missing") && first.contains("QUORUM_NOT_MET"), "{first}");
    let early = hand.run(&["order", "release", &case, "--as", "lena-ohm"]);
    assert_eq!(early.code, Some(1), "one approval is not enough: {early}");
    assert!(hand.sign(&case, "bruno-lind").contains("the quorum is complete"));

    let released = hand.good(&["order", "release", &case, "--as", "lena-ohm"]);
    assert_eq!(released.matches(": answered").count(), 3, "{released}");
    let package = hand.inside(&format!("custodian/outbox/{order}.age"));
    assert_eq!(word_after(&released, "package "), package);
    let evidence = hand.inside(&format!("custodian/evidence/{order}"));

    let opened = hand.place.path().join("opened");
    let keys = hand.inside("authority/xa-district-court");
    let open = ["open", &package, "--keys", &keys, "--out", opened.to_str().unwrap()];
    assert!(hand.good(&open).contains("1 people, 2 cells opened"));
    let people: Value = serde_json::from_slice(&fs::read(opened.join("data/clients.json")).unwrap()).unwrap();
    let people: Vec<&Value> = people.as_object().unwrap().values().collect();
    assert_eq!(people.len(), 1);
    assert_eq!((&people[0]["primaryIdentifier"], &people[0]["streetName"]), (&"Orlando".into(), &"Mill Lane".into()));
    assert!(people[0].get("dateOfBirth").is_none(), "allowed, but not necessary");
    assert_eq!(hand.run(&open).code, Some(1), "a folder that exists is not written over");

    let before = folder::files(evidence.as_ref());
    let shown = hand.good(&["log", "leaf", "0"]);
    let body = serde_json::from_str::<Value>(&shown).map(|leaf| leaf["body"].clone());
    assert!(body.is_ok(), "leaf 0 is JSON: {shown}");
    let verified = hand.good(&["verify", "evidence", &evidence]);
    assert!(verified.contains(&order) && verified.contains("signed by anna-berg, bruno-lind"), "{verified}");
    assert!(verified.contains("the policy, run again, allows it"), "{verified}");
    let genesis = verified.lines().find_map(|line| line.strip_prefix("genesis ")).unwrap()[..64].to_owned();
    hand.good(&["verify", "evidence", &evidence, "--genesis", &genesis]);
    let other = hand.run(&["verify", "evidence", &evidence, "--genesis", &"0".repeat(64)]);
    assert_eq!(other.code, Some(1), "another genesis is pinned: {other}");
    assert!(folder::files(evidence.as_ref()) == before);

    assert!(hand.good(&["case", "notify", &case, "--as", "lena-ohm"]).starts_with("notice due "));
    second_review::close(&hand, &case);
    assert!(hand.good(&["case", "show", &case]).contains(": CLOSED"));
    let away = hand.place.path().join("case-12");
    hand.good(&["case", "export", &case, "--out", away.to_str().unwrap()]);
    let replayed = hand.good(&["case", "replay", away.to_str().unwrap(), "--genesis", &genesis]);
    for part in
        ["release_started", "3 receipts of trustees", "state by events and leaves: CLOSED", "the desk says the same"]
    {
        assert!(replayed.contains(part), "{part} in {replayed}");
    }
    let log = hand.good(&["log", "show"]);
    assert!(log.starts_with("mill-exchange.example/journal\n") && log.contains("1 control leaves"), "{log}");
    let size: u64 = log.lines().nth(1).unwrap().parse().unwrap();
    let proof = hand.good(&["log", "proof", "0"]);
    assert!(proof.starts_with("c2sp.org/tlog-proof@v1\n"), "{proof}");
    let folder = hand.inside("custodian/log");
    let totals: Value = serde_json::from_str(&hand.good(&["verify", "log", &folder, "--genesis", &genesis])).unwrap();
    assert_eq!(totals["outside"]["size"], size);
    assert_eq!(totals["inside"]["undisclosed"], size - 1, "an outsider sees control leaves only");
}

/// Ten minutes of staff time: from the letter on the desk to the closed case. What was entered once is not entered again; two
/// approvers sign for themselves.
#[test]
fn an_ordinary_request_needs_at_most_twelve_commands() {
    let hand = Hand::founded();
    let (letter, entry) = (hand.file("letter.pdf", "%PDF-1.4 a letter"), hand.file("entry.json", by_hand::ENTRY));
    let said = hand.good(&["request", "file", &letter, "--meta", &entry, "--as", "lena-ohm"]);
    let case = word_after(&said, "case ");
    let keys = ["anna-berg", "bruno-lind"].map(|person| hand.inside(&format!("people/{person}/signing.key")));
    let left_out = "account A-000002 has no link to the facts";
    let commands: [&[&str]; 8] = [
        &[
            "case",
            "sender",
            &case,
            "--confirmed",
            "directory",
            "--confirmed",
            "call_back",
            "--note",
            "spoke to the registry",
        ],
        &["case", "find", &case, "D06=yes", "D09=yes", "D11=yes", "D14=none", "D21=50", "--source", "checklist"],
        &[
            "case",
            "scope",
            &case,
            "--subject",
            "A-000001",
            "--necessary",
            "name",
            "--allowed",
            "name",
            "--left-out",
            left_out,
        ],
        &["case", "propose", &case],
        &["order", "approve", &case, "--key", &keys[0], "--as", "anna-berg"],
        &["order", "approve", &case, "--key", &keys[1], "--as", "bruno-lind"],
        &["order", "release", &case],
        &["case", "notify", &case],
    ];
    // Filing, closing, and before that perhaps a second review.
    let used = commands.len() + 3;
    assert!(used <= 12, "{used} commands");
    for command in commands {
        let officer: &[&str] = if command.contains(&"--as") { &[] } else { &["--as", "lena-ohm"] };
        hand.good(&[command, officer].concat());
    }
    second_review::close(&hand, &case);
    assert!(hand.good(&["case", "show", &case]).contains(": CLOSED"));
}

/// The law leaves no choice and counsel disagrees: three approvers, counsel, and a challenge on file before anything leaves.
#[test]
fn what_is_compelled_is_given_under_protest_only() {
    let hand = Hand::founded();
    let officer = ["--as", "lena-ohm"];
    let step = |arguments: &[&str]| hand.good(&[arguments, &officer].concat());
    let letter = hand.file("letter.pdf", "%PDF-1.4 a letter");
    let entry = by_hand::ENTRY.replace(r#","A-000002""#, "").replace("all", "name");
    let entry = hand.file("entry.json", entry);
    let case = word_after(&step(&["request", "file", &letter, "--meta", &entry]), "case ");
    step(&["case", "sender", &case, "--confirmed", "directory", "--confirmed", "call_back", "--note", "confirmed"]);
    step(&[
        "case",
        "find",
        &case,
        "D06=yes",
        "D07=entity",
        "D09=yes",
        "D14=none",
        "D18=yes",
        "--source",
        "counsel's conclusion",
    ]);
    step(&["case", "scope", &case, "--subject", "A-000001", "--necessary", "name", "--allowed", "name"]);
    let refused = hand.run(&["case", "propose", &case, "--as", "lena-ohm"]);
    assert!(refused.code == Some(1) && refused.err.contains("CONFLICT_OF_LAWS"), "{refused}");
    let proposed = step(&["case", "propose", &case, "--under-protest"]);
    for part in ["outcome comply_under_protest in lane compelled", "3 approvers", "case protest"] {
        assert!(proposed.contains(part), "{part} in {proposed}");
    }
    for person in ["anna-berg", "bruno-lind", "clara-voss"] {
        assert!(hand.sign(&case, person).contains("QUORUM_NOT_MET"), "{person} is not enough");
    }
    let also = |person: &str, role: &str| {
        let key = hand.inside(&format!("people/{person}/signing.key"));
        hand.good(&["order", "approve", &case, "--as", person, "--role", role, "--key", &key])
    };
    assert!(also("lena-ohm", "author").contains("QUORUM_NOT_MET"), "without counsel it is not enough");
    let counsel = also("eva-stone", "counsel");
    assert!(counsel.contains("the quorum is complete"), "counsel's opinion is signed: {counsel}");
    let release = ["order", "release", &case, "--as", "lena-ohm"];
    let early = hand.run(&release);
    assert!(early.code == Some(1) && early.err.contains("after the challenge was filed"), "{early}");
    let shown = hand.good(&["case", "show", &case]);
    assert!(shown.contains(": LOGGED") && !shown.contains("release_started"), "nothing was announced: {shown}");
    let motion = hand.file("motion.pdf", "%PDF-1.4 we object");
    step(&["case", "protest", &case, "--paper", &motion, "--why", "appeal without suspensive effect"]);
    assert!(hand.good(&["case", "show", &case]).contains("given under protest"));
    assert_eq!(hand.good(&release).matches(": answered").count(), 3);
    let totals = hand.good(&["log", "totals"]);
    assert!(totals.contains("1 orders, 1 people, 1 cells"), "{totals}");
    let away = hand.place.path().join("away");
    hand.good(&["case", "export", &case, "--out", away.to_str().unwrap()]);
    let replayed = hand.good(&["case", "replay", away.to_str().unwrap()]);
    assert!(replayed.contains("protested") && replayed.contains("the desk says the same"), "{replayed}");
}

#[test]
fn cases_are_held_challenged_listed_and_replayed() {
    let hand = Hand::founded();
    let officer = ["--as", "lena-ohm"];
    let step = |arguments: &[&str]| hand.good(&[arguments, &officer].concat());
    let case = hand.filed();
    let listed = hand.good(&["case", "list", "--due"]);
    assert!(listed.contains(&case) && listed.contains("RECEIVED") && listed.contains("sender"), "{listed}");
    assert!(step(&["case", "acknowledge", &case, "--why", "receipt sent"]).contains(": AUTHENTICATING"));
    step(&["case", "sender", &case, "--confirmed", "directory", "--confirmed", "call_back", "--note", "confirmed"]);
    let past =
        hand.run(&["case", "preserve", &case, "--until", "2020-01-01T00:00:00Z", "--why", "order", "--as", "lena-ohm"]);
    assert!(past.code == Some(1) && past.err.contains("not later than `at`"), "{past}");
    step(&["case", "preserve", &case, "--until", "2099-01-01T00:00:00Z", "--why", "production order"]);
    assert!(hand.good(&["case", "show", &case]).contains("PRESERVED until 2099-01-01T00:00:00Z"));
    let held = hand.run(&["client", "erase", "A-000001", "--basis", "GDPR art. 17", "--as", "lena-ohm"]);
    assert!(held.code == Some(1) && held.err.contains("preserved for case"), "{held}");
    let early = hand.run(&["case", "expire", &case, "--why", "no answer", "--as", "lena-ohm"]);
    assert!(early.code == Some(1) && early.err.contains("no clock of this case has run out"), "{early}");
    let motion = hand.file("motion.pdf", "%PDF-1.4 we move to quash");
    assert!(
        step(&["case", "challenge", &case, "--paper", &motion, "--why", "motion to quash"]).contains(": CHALLENGED")
    );
    let missing = hand.run(&["case", "withdraw", &case, "--why", "withdrawn", "--as", "lena-ohm"]);
    assert_ne!(missing.code, Some(0), "no withdrawal without its paper: {missing}");

    let rota = r#"{"absences":[{"person":"lena-ohm","deputy":"anna-berg","from":"2020-01-01T00:00:00Z","until":"2099-01-01T00:00:00Z"}]}"#;
    for (person, sees) in [("lena-ohm", true), ("anna-berg", false)] {
        assert_eq!(hand.good(&["case", "list", "--due", "--for", person]).contains(&case), sees, "{person}");
    }
    fs::write(hand.dir.join("custodian/rota.json"), rota).unwrap();
    assert!(hand.good(&["case", "list", "--due", "--for", "anna-berg"]).contains(&case));
    fs::write(hand.dir.join("custodian/rota.json"), "{}").unwrap();
    let broken = hand.run(&["case", "list", "--due", "--for", "anna-berg"]);
    assert!(broken.code == Some(1) && broken.err.contains("rota.json"), "{broken}");
    let other = hand.filed();
    let first = hand.good(&["case", "list", "--due", "--limit", "1"]);
    let place = word_after(&first, "next: --after ");
    let second = hand.good(&["case", "list", "--due", "--limit", "1", "--after", &place]);
    assert!(
        first.contains(&other) && second.contains(&case),
        "the one whose sender must be checked first: {first}{second}"
    );

    let away = hand.place.path().join("away");
    let folder = away.to_str().unwrap();
    hand.good(&["case", "export", &case, "--out", folder]);
    let replayed = hand.good(&["case", "replay", folder]);
    assert!(replayed.contains("CHALLENGED") && replayed.contains("the desk says the same"), "{replayed}");
    let event = away.join("events/000001.json");
    let changed = fs::read_to_string(&event).unwrap().replace("lena-ohm", "anna-berg");
    fs::write(&event, changed).unwrap();
    let found = hand.run(&["case", "replay", folder]);
    assert!(found.code == Some(1) && found.err.contains("events/000001.json"), "{found}");
}

#[test]
fn the_letter_is_read_by_its_officer_only() {
    let hand = Hand::founded();
    let case = hand.filed();
    let out = hand.inside("letter-again.pdf");
    let wrong = hand.inside("authority/xa-police/package.agekey");
    assert_eq!(hand.run(&["case", "letter", &case, "--key", &wrong, "--out", &out]).code, Some(1));
    assert!(!std::path::Path::new(&out).exists());
    let key = hand.inside("people/lena-ohm/case.agekey");
    hand.good(&["case", "letter", &case[..8], "--key", &key, "--out", &out]);
    assert_eq!(fs::read(&out).unwrap(), fs::read(hand.place.path().join("letter.pdf")).unwrap());
}

#[test]
fn a_letter_of_some_megabytes_is_filed_and_refused() {
    let hand = Hand::founded();
    let letter = hand.file("long.pdf", vec![b'x'; 5 * 1024 * 1024]);
    let entry = hand.file(
        "agency.json",
        r#"{"authority":"xr-monitoring-service","reference":"1","instrument":"informal","accounts":["A-000001"],
            "classes":["name"],"channel":"letter"}"#,
    );
    let said = hand.good(&["request", "file", &letter, "--meta", &entry, "--as", "lena-ohm"]);
    assert!(said.contains("letter: 5242880 bytes"), "{said}");
    let case = word_after(&said, "case ");
    let sender = ["case", "sender", &case, "--confirmed", "directory", "--confirmed", "call_back", "--note", "yes"];
    hand.good(&[&sender[..], &["--as", "lena-ohm"]].concat());
    let proposed = hand.run(&["case", "propose", &case, "--as", "lena-ohm"]);
    assert_eq!(proposed.code, Some(1), "{proposed}");
    assert!(proposed.err.contains("NO_LEGAL_INSTRUMENT"), "{proposed}");
    hand.good(&["case", "refuse", &case, "--as", "lena-ohm"]);
    assert!(hand.good(&["case", "show", &case]).contains("REFUSED"));
}

#[test]
fn ladder_level_0_needs_no_register_and_no_trustees() {
    let hand = Hand::empty();
    let said = hand.good(&["init", "--level", "l0"]);
    assert!(said.contains("no register, no trustees"), "{said}");
    let clients = hand.file("clients.csv", CLIENTS);
    let import = hand.run(&[&["client", "import", &clients], MAPS.as_slice()].concat());
    assert!(import.code == Some(1) && import.err.contains("ladder level L0"), "{import}");
    let case = hand.proposed();
    hand.sign(&case, "anna-berg");
    hand.sign(&case, "bruno-lind");
    let release = hand.run(&["order", "release", &case, "--as", "lena-ohm"]);
    assert!(release.code == Some(1) && release.err.contains("ladder level L0"), "{release}");
    let answer = hand.file("answer.zip", "what was handed over");
    let said = hand.good(&["order", "deliver", &case, "--file", &answer, "--as", "lena-ohm"]);
    assert_eq!(word_after(&said, "sha256 ").len(), 64);
    hand.good(&["case", "notify", &case, "--as", "lena-ohm"]);
    hand.good(&["case", "close", &case, "--as", "lena-ohm"]);
    let log = hand.inside("custodian/log");
    let totals: Value = serde_json::from_str(&hand.good(&["verify", "log", &log])).unwrap();
    assert_eq!(totals["outside"]["leaves"]["control"], 1);
    let totals = hand.run(&["log", "totals"]);
    assert!(totals.code == Some(1) && totals.err.contains("ladder level L0"), "{totals}");
}

/// Says of these trustees that they are where nobody answers, and of all others that they are here.
fn unreachable(hand: &Hand, numbers: &[u64]) {
    let path = hand.dir.join("custodian/config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for trustee in config["trustees"].as_array_mut().unwrap() {
        let away = numbers.contains(&trustee["number"].as_u64().unwrap());
        trustee["at"] = if away { "http://127.0.0.1:9" } else { "local" }.into();
    }
    fs::write(&path, serde_json::to_vec(&config).unwrap()).unwrap();
}

#[test]
fn daily_totals_are_published_once_and_with_t_trustees() {
    let hand = Hand::founded();
    let size = |hand: &Hand| hand.good(&["log", "show"]).lines().nth(1).unwrap().to_owned();
    let case = hand.proposed();
    hand.sign(&case, "anna-berg");
    hand.sign(&case, "bruno-lind");
    let before = size(&hand);
    unreachable(&hand, &[1, 2, 5]);
    let few = hand.run(&["log", "totals"]);
    assert_eq!(few.code, Some(1), "{few}");
    assert!(few.err.contains("2 of 3 trustees answered") && few.err.contains("trustee 5: "), "{few}");
    assert_eq!(size(&hand), before, "nothing is published");
    // What two trustees have signed already is what the third signs too.
    unreachable(&hand, &[1, 5]);
    let said = hand.good(&["log", "totals"]);
    for part in
        ["totals number 1 of 20", "1 orders, 1 people, 2 cells", "still closed, opening by 20", "trustees 2, 3, 4"]
    {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(said.contains(&format!("over the first {before} leaves, in leaf {before}\n")), "{said}");
    let after = size(&hand);
    assert_eq!(hand.good(&["log", "totals"]), said, "one a day");
    assert_eq!(size(&hand), after);
    unreachable(&hand, &[]);

    let log = hand.inside("custodian/log");
    let totals: Value = serde_json::from_str(&hand.good(&["verify", "log", &log])).unwrap();
    let published = totals["published"].as_array().unwrap();
    assert_eq!((published.len(), &published[0]["totals"]["figures"]["people"]), (1, &Value::from(1)));
    assert_eq!(published[0]["recomputed"], false, "an outsider holds no disclosures");
    assert_eq!(totals["faults"], serde_json::json!([]));
    assert_eq!(totals["outside"]["control"][1]["rejected"], Value::Null);

    // Totals do not stand in the evidence of releases, which is no different for them.
    hand.good(&["order", "release", &case, "--as", "lena-ohm"]);
    let order = word_after(&hand.good(&["order", "show", &case]), "order ");
    let evidence = hand.inside(&format!("custodian/evidence/{order}"));
    let control = fs::read_dir(format!("{evidence}/control")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut control: Vec<_> = control.map(|name| name.into_string().unwrap()).collect();
    control.sort();
    assert_eq!(control, ["0000000000.leaf", "0000000000.tlog-proof"]);
    hand.good(&["verify", "evidence", &evidence]);
    hand.good(&["log", "fsck"]);
}

#[test]
fn an_approver_signs_with_an_ssh_key_of_their_own() {
    let Some(keygen) = require::program("ssh-keygen") else { return };
    let hand = Hand::empty();
    let key = hand.place.path().join("id_ed25519");
    let made = Command::new(keygen).args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status().unwrap();
    assert!(made.success());
    let key = key.to_str().unwrap();
    // ssh-keygen says on standard error that it signs.
    let founded = hand.run(&["init", "--sign-with", &format!("anna-berg={key}")]);
    assert_eq!(founded.code, Some(0), "{founded}");
    let clients = hand.file("clients.csv", CLIENTS);
    hand.good(&[&["client", "import", &clients], MAPS.as_slice()].concat());
    let case = hand.proposed();
    let signed = hand.run(&["order", "approve", &case, "--as", "anna-berg", "--key", key]);
    assert_eq!(signed.code, Some(0), "{signed}");
    assert!(hand.sign(&case, "bruno-lind").contains("the quorum is complete"));
    let order = word_after(&hand.good(&["order", "show", &case]), "order ");
    hand.good(&["order", "release", &case, "--as", "lena-ohm"]);
    let evidence = hand.inside(&format!("custodian/evidence/{order}"));
    assert!(hand.good(&["verify", "evidence", &evidence]).contains("signed by anna-berg, bruno-lind"));
}

#[test]
fn the_log_is_checked_and_missing_tiles_are_written_again() {
    let hand = Hand::founded();
    hand.filed();
    let sound = hand.good(&["log", "fsck"]);
    assert!(sound.ends_with("\nok: sound\n"), "{sound}");
    let elsewhere = tempfile::tempdir().unwrap();
    let named = program::countersign(elsewhere.path(), &["log", "fsck", hand.dir.to_str().unwrap()]);
    assert_eq!((named.code, named.out.as_str()), (Some(0), sound.as_str()), "{named}");
    let tiles = hand.dir.join("custodian/log/tile/0/000.p");
    let newest = fs::read_dir(&tiles).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let newest = tiles.join(newest.max_by_key(|name| name.parse::<u64>().unwrap()).unwrap());
    let whole = fs::read(&newest).unwrap();
    fs::remove_file(&newest).unwrap();
    assert!(hand.good(&["log", "fsck"]).contains("written again"));
    assert_eq!(fs::read(&newest).unwrap(), whole);
    let mut bent = whole;
    bent[0] ^= 1;
    fs::write(&newest, bent).unwrap();
    let found = hand.run(&["log", "fsck"]);
    assert!(found.code == Some(1) && found.err.contains("differs from the store"), "{found}");
    let rebuilt = hand.good(&["log", "fsck", "--rebuild"]);
    assert!(rebuilt.contains("\ndamaged, kept as damaged/tile-0-000.p-"), "{rebuilt}");
    assert!(rebuilt.contains("\nwritten again: tile/0/000.p/") && rebuilt.ends_with("\nok: sound\n"), "{rebuilt}");
    assert_eq!(hand.good(&["log", "fsck"]), sound);
}
