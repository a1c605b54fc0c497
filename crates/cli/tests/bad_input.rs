//! What strangers send: each bad input gets exactly one line that says what and where, a non-zero exit, and leaves nothing behind.

mod by_hand;
mod folder;
mod program;

use by_hand::{CLIENTS, ENTRY, Hand, MAPS, word_after};
use program::{Ran, command};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

/// The run failed with one line that contains all of this.
fn one_line(ran: &Ran, parts: &[&str]) {
    assert!(ran.code.is_some_and(|code| code == 1 || code == 2), "{ran}");
    assert_eq!(ran.err.lines().count(), 1, "{ran}");
    assert!(ran.err.starts_with("countersign: "), "{ran}");
    for part in parts {
        assert!(ran.err.contains(part), "`{part}` is missing: {ran}");
    }
}

#[test]
fn entries_of_the_officer() {
    let hand = Hand::founded();
    let letter = hand.file("letter.pdf", "%PDF-1.4 a letter");
    let replaced = |from: &str, to: &str| ENTRY.replace(from, to).into_bytes();
    let table: Vec<(&str, Vec<u8>, Vec<&str>)> = vec![
        ("empty", Vec::new(), vec!["line 1 column 0"]),
        ("truncated", ENTRY.as_bytes()[..60].to_vec(), vec!["line 1 column 60"]),
        ("oversized", vec![b' '; 4 * 1024 * 1024 + 1], vec!["4194304"]),
        ("latin-1", b"{\"authority\":\"xa-\xe9\"}".to_vec(), vec!["line 1"]),
        ("utf-16", b"\xff\xfe{\0}\0".to_vec(), vec!["line 1"]),
        ("unknown field", replaced("\"channel\"", "\"chanel\""), vec!["unknown field `chanel`", "line 2"]),
        (
            "duplicate key",
            replaced("\"channel\"", "\"reference\":\"2\",\"channel\""),
            vec!["duplicate field `reference`"],
        ),
        ("missing field", replaced(",\"channel\":\"letter\"", ""), vec!["missing field `channel`"]),
        ("trailing bytes", replaced("\"letter\"}", "\"letter\"} {}"), vec!["trailing characters"]),
        (
            "a list",
            br#"["xa-fiu","1","fiu_request",false,["A-000001"],0,null,[],["name"],"letter",null]"#.to_vec(),
            vec!["bad.json", "a list stands"],
        ),
        ("unknown instrument", replaced("court_order", "wish"), vec!["wish"]),
        ("unknown class", replaced("\"all\"", "\"everything\""), vec!["everything"]),
        ("no class", replaced("[\"all\"]", "[]"), vec!["bad.json", "`classes` is empty"]),
        ("unknown authority", replaced("xa-district-court", "xa-nobody"), vec!["there is no", "`xa-nobody`"]),
        ("hostile id", replaced("xa-district-court", "../../etc"), vec!["../../etc"]),
        ("no reference", replaced("12 Js 34/26", "  "), vec!["`reference` is empty"]),
        ("no target", replaced("[\"A-000001\",\"A-000002\"]", "[]"), vec!["exactly one way"]),
        (
            "two kinds of target",
            replaced("\"classes\"", "\"everyone_who_paid\":{\"chain\":\"bitcoin\",\"address\":\"x\"},\"classes\""),
            vec!["exactly one way"],
        ),
        (
            "duplicate key inside",
            replaced(
                "\"accounts\":[\"A-000001\",\"A-000002\"]",
                "\"everyone_who_paid\":{\"chain\":\"bitcoin\",\"chain\":\"x\",\"address\":\"x\"}",
            ),
            vec!["duplicate field `chain`"],
        ),
        (
            "from the future",
            replaced("\"channel\"", "\"received_at\":\"2999-01-01T00:00:00Z\",\"channel\""),
            vec!["2999"],
        ),
        (
            "a name in the entry",
            replaced(
                "\"accounts\":[\"A-000001\",\"A-000002\"]",
                "\"people\":[{\"primary\":\"Orlando\",\"secondary\":\"Vera\",\"born\":\"1980-02-03\"}]",
            ),
            vec!["unknown field `people`"],
        ),
    ];
    for (name, content, parts) in table {
        let entry = hand.file("bad.json", content);
        let ran = hand.run(&["request", "file", &letter, "--meta", &entry, "--as", "lena-ohm"]);
        println!("{name}: {ran}");
        one_line(&ran, &parts);
    }
    assert_eq!(hand.good(&["case", "list"]), "", "a request that was not accepted left a case behind");
    hand.filed();
}

#[test]
fn letters_and_delay_orders() {
    let hand = Hand::founded();
    let entry = hand.file("entry.json", ENTRY);
    let letter = hand.file("letter.pdf", "%PDF-1.4");
    let file = |letter: &str| hand.run(&["request", "file", letter, "--meta", &entry, "--as", "lena-ohm"]);
    one_line(&file(&hand.file("empty.pdf", "")), &["the letter is empty"]);
    one_line(&file(&hand.inside("no-such-letter.pdf")), &["cannot read", "no-such-letter.pdf"]);
    one_line(&file(hand.dir.to_str().unwrap()), &["cannot read"]);
    let oversized = hand.place.path().join("oversized.pdf");
    // A sparse file: its length counts, not its blocks.
    std::fs::File::create(&oversized).unwrap().set_len(64 * 1024 * 1024 + 1).unwrap();
    one_line(&file(oversized.to_str().unwrap()), &["oversized.pdf", "67108864"]);
    for (content, part) in [("", "delay order"), ("{}", "delay order"), ("\u{feff}{}", "delay order")] {
        let delay = hand.file("delay.signed", content);
        let ran = hand.run(&["request", "file", &letter, "--meta", &entry, "--delay", &delay, "--as", "lena-ohm"]);
        one_line(&ran, &[part]);
    }
    let delay = hand.file("delay.signed", b"\xff\xfe");
    let ran = hand.run(&["request", "file", &letter, "--meta", &entry, "--delay", &delay, "--as", "lena-ohm"]);
    one_line(&ran, &["delay.signed", "not UTF-8"]);
    let ran = hand.run(&["request", "file", &letter, "--meta", &entry, "--as", "Nobody Here"]);
    one_line(&ran, &["Nobody Here", "--as"]);
    assert_eq!(hand.good(&["case", "list"]), "");
}

#[test]
fn files_of_clients_are_imported_whole_or_not_at_all() {
    let hand = Hand::empty();
    hand.good(&["init", "--no-index"]);
    let replaced = |from: &str, to: &str| CLIENTS.replace(from, to).into_bytes();
    let table: Vec<(&str, Vec<u8>, Vec<&str>)> = vec![
        ("empty", Vec::new(), vec!["bad.csv"]),
        ("header alone", CLIENTS.lines().next().unwrap().as_bytes().to_vec(), vec!["no rows"]),
        ("unknown column", replaced("emailAddress", "electronicPost"), vec!["`electronicPost` is unknown", "--map"]),
        ("column twice", replaced("streetName", "townName"), vec!["townName"]),
        (
            "bad date",
            replaced("1980-02-03", "1980-02-30"),
            vec!["bad.csv", "1 bad rows; line 2, `dateOfBirth`", "; mend them"],
        ),
        ("bad state", replaced(",XB,", ",ZZZ,"), vec!["line 3", "country"]),
        ("missing value", replaced("Quill", ""), vec!["line 3", "primaryIdentifier"]),
        ("account twice", replaced("A-000002", "A-000001"), vec!["line 3", "account", "line 2"]),
        ("short row", replaced(",tomas@post.example", ""), vec!["line 3"]),
        (
            "latin-1",
            CLIENTS.replace("Quill", "Qu\u{1}ll").bytes().map(|b| if b == 1 { 0xe9 } else { b }).collect(),
            vec!["line 3"],
        ),
        ("open quotation mark", replaced("Quill", "\"Quill"), vec!["bad.csv"]),
        ("NUL", replaced("Quill", "Qu\0ll"), vec!["line 3"]),
    ];
    for (name, content, parts) in table {
        let clients = hand.file("bad.csv", content);
        let ran = hand.run(&[&["client", "import", &clients], MAPS.as_slice()].concat());
        println!("{name}: {ran}");
        one_line(&ran, &parts);
        assert!(hand.good(&["client", "count"]).starts_with("0 clients, 0 records, 0 sealed"), "{name}");
    }
    let clients = hand.file("clients.csv", CLIENTS);
    one_line(&hand.run(&["client", "import", &clients, "--map", "ID"]), &["`ID` is not THEIRS=OURS"]);
    one_line(&hand.run(&["client", "import", &clients, "--map", "NO=account"]), &["NO"]);
    one_line(&hand.run(&["client", "import", &clients, "--delimiter", "ü"]), &["delimiter"]);
    let payments = hand.file("payments.csv", "nothing,known\n1,2\n");
    one_line(&hand.run(&["client", "import-payments", &payments]), &["`nothing` is unknown"]);
    assert_eq!(hand.good(&["client", "count"]), "0 clients, 0 records, 0 sealed entries\n0 payments\n");
    let repeated = [&["client", "import", &clients], MAPS.as_slice()].concat();
    assert_eq!(hand.good(&repeated), "2 stored, 0 left out\n", "what failed can be repeated");

    let more = CLIENTS.replace("A-000001", "A-000003").replace("1975-11-30", "never");
    let more = hand.file("more.csv", more);
    let skipping = [&["client", "import", &more, "--skip-bad-rows"], MAPS.as_slice()].concat();
    let said = hand.good(&skipping);
    assert!(said.starts_with("1 stored, 1 left out") && said.contains("line 3"), "{said}");
}

#[test]
fn records_of_contacts() {
    let hand = Hand::founded();
    let good = r#"{"authority":"xr-monitoring-service","approached":["roman-karel"],
        "met":{"said":"a meeting","source":"roman-karel","at":"2026-01-19T09:00:00Z"},
        "asked":null,"promised":null,"delivered":null}"#;
    let table: [(&str, String, &[&str]); 8] = [
        ("truncated", good[..80].to_owned(), &["contact.json is not a contact record", "line 2"]),
        ("a list", "[]".to_owned(), &["contact.json is not a contact record"]),
        ("unknown field", good.replace("\"asked\"", "\"wanted\""), &["unknown field `wanted`"]),
        ("duplicate key", good.replace("\"asked\"", "\"met\":null,\"asked\""), &["duplicate field `met`"]),
        ("unknown authority", good.replace("xr-monitoring-service", "xr-nobody"), &["contact.json", "`xr-nobody`"]),
        ("bad time", good.replace("09:00:00Z", "25:00:00Z"), &["contact.json", "line 2"]),
        ("from the future", good.replace("2026-01-19", "2999-01-19"), &["contact.json"]),
        (
            "no fact",
            good.replace(
                "\"met\":{\"said\":\"a meeting\",\"source\":\"roman-karel\",\"at\":\"2026-01-19T09:00:00Z\"}",
                "\"met\":null",
            ),
            &["contact.json"],
        ),
    ];
    for (name, content, parts) in table {
        let contact = hand.file("contact.json", content);
        let ran = hand.run(&["contact", "register", &contact, "--as", "lena-ohm"]);
        println!("{name}: {ran}");
        one_line(&ran, parts);
    }
    assert_eq!(hand.good(&["case", "list"]), "");
    let contact = hand.file("contact.json", good);
    let said = hand.good(&["contact", "register", &contact, "--as", "lena-ohm"]);
    assert!(said.contains("CONTACT") && said.contains("later than 24 hours"), "{said}");
}

#[test]
fn steps_out_of_order() {
    let hand = Hand::founded();
    let case = hand.filed();
    let officer = ["--as", "lena-ohm"];
    let run = |arguments: &[&str]| hand.run(&[arguments, &officer].concat());
    one_line(&run(&["case", "propose", &case]), &["D02"]);
    one_line(&run(&["case", "close", &case]), &["RECEIVED"]);
    one_line(&run(&["case", "notify", &case]), &[]);
    one_line(&run(&["order", "release", &case]), &[]);
    one_line(&hand.run(&["order", "show", &case]), &["no proposed order"]);
    one_line(&run(&["case", "find", &case, "D06", "perhaps", "--source", "x"]), &["perhaps", "yes, no"]);
    one_line(&run(&["case", "find", &case, "D99", "yes", "--source", "x"]), &["D99"]);
    one_line(&run(&["case", "find", &case, "D06", "yes", "--source", " "]), &["D06", "source"]);
    one_line(&run(&["case", "scope", &case, "--subject", "A-9", "--necessary", "name"]), &["`A-9`"]);
    one_line(&run(&["case", "scope", &case, "--subject", "A-000001", "--necessary", "shoes"]), &["shoes"]);
    let sender = ["case", "sender", &case, "--confirmed", "rumour", "--note", "x"];
    one_line(&run(&sender), &["rumour"]);
    one_line(&hand.run(&["case", "show", "ffffffff"]), &["ffffffff"]);
    one_line(&hand.run(&["case", "show", "../etc"]), &["../etc"]);
    one_line(&hand.run(&["log", "leaf", "100000"]), &["no leaf 100000"]);
    one_line(&hand.run(&["case", "frobnicate"]), &["frobnicate"]);
    assert!(hand.good(&["case", "show", &case]).contains(": RECEIVED"), "nothing moved");
}

#[test]
fn keys_that_are_none() {
    let hand = Hand::founded();
    let case = hand.proposed();
    let approve = |by: &str, key: &str| hand.run(&["order", "approve", &case, "--as", by, "--key", key]);
    one_line(&approve("anna-berg", &hand.file("noise.key", "noise")), &["noise.key", "neither a key file"]);
    one_line(&approve("anna-berg", &hand.file("short.key", "countersign-secret ed25519 00ff\n")), &["short.key"]);
    one_line(&approve("anna-berg", &hand.file("binary.key", b"\xff\xfe\0")), &["binary.key", "UTF-8"]);
    one_line(&approve("anna-berg", &hand.file("long.key", vec![b'x'; 100_000])), &["long.key", "65536"]);
    one_line(&approve("anna-berg", &hand.inside("no.key")), &["no.key"]);
    let bruno = hand.inside("people/bruno-lind/signing.key");
    one_line(&approve("anna-berg", &bruno), &["not in the roster of `anna-berg`"]);
    one_line(&approve("nobody-here", &bruno), &["nobody-here"]);
    hand.sign(&case, "bruno-lind");
    one_line(&approve("bruno-lind", &bruno), &["`bruno-lind` has signed already"]);
    assert!(hand.good(&["case", "show", &case]).contains("approvals: 1"));

    let other = Hand::empty();
    let noise = other.file("noise.key", "noise");
    one_line(&other.run(&["init", "--sign-with", &format!("anna-berg={noise}")]), &["noise.key"]);
    one_line(&other.run(&["init", "--sign-with", &format!("nobody={noise}")]), &["nobody here is called `nobody`"]);
    one_line(&other.run(&["init", "--threshold", "9"]), &[]);
    one_line(&other.run(&["init", "--seat", "Atlantis"]), &["Atlantis"]);
    assert!(!other.dir.exists(), "a founding that failed left a folder behind");
    other.good(&["init"]);
}

/// Encrypts files as a package for the authority whose keys lie in this folder.
fn package(keys: &Path, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        // Written into the header itself: the builder would refuse such paths.
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(content.len() as u64);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        archive.append(&header, *content).unwrap();
    }
    let text = std::fs::read_to_string(keys.join("package.agekey")).unwrap();
    let identity: age::x25519::Identity = text.trim().parse().unwrap();
    age::encrypt(&identity.to_public(), &archive.into_inner().unwrap()).unwrap()
}

#[test]
fn packages_that_are_not_ours() {
    let hand = Hand::founded();
    let case = hand.proposed();
    hand.sign(&case, "anna-berg");
    hand.sign(&case, "bruno-lind");
    let said = hand.good(&["order", "release", &case, "--as", "lena-ohm"]);
    let whole = std::fs::read(word_after(&said, "package ")).unwrap();
    let court = hand.dir.join("authority/xa-district-court");
    let out = hand.place.path().join("opened");
    let open = |content: &[u8], keys: &Path| {
        let package = hand.file("received.age", content);
        hand.run(&["open", &package, "--keys", keys.to_str().unwrap(), "--out", out.to_str().unwrap()])
    };
    let tampered = |position: usize| {
        let mut bytes = whole.clone();
        bytes[position] ^= 1;
        bytes
    };
    for position in [0, 100, whole.len() / 2, whole.len() - 1] {
        one_line(&open(&tampered(position), &court), &["received.age"]);
    }
    one_line(&open(&whole[..whole.len() / 2], &court), &["received.age"]);
    one_line(&open(b"", &court), &["received.age"]);
    one_line(&open(&whole, &hand.dir.join("authority/xa-police")), &["received.age", "does not open this file"]);
    one_line(&open(&whole, hand.place.path()), &["package.agekey"]);
    for path in ["/etc/cron.d/x", "../../x", "evidence/../../x", "a//b", "a\\b"] {
        one_line(&open(&package(&court, &[(path, b"x")]), &court), &["not a plain relative path"]);
    }
    let twice: [(&str, &[u8]); 2] = [("evidence/order.json", b"{}"), ("evidence/order.json", b"[]")];
    one_line(&open(&package(&court, &twice), &court), &["`evidence/order.json` stands twice"]);
    one_line(&open(&package(&court, &[("evidence/order.json", b"{}")]), &court), &["received.age"]);
    one_line(&open(&package(&court, &[]), &court), &["received.age"]);
    let beside: Vec<_> = folder::files(hand.place.path())
        .into_iter()
        .filter(|(path, _)| !path.starts_with(&hand.dir))
        .map(|(path, _)| path.file_name().unwrap().to_owned())
        .collect();
    assert_eq!(beside, ["entry.json", "letter.pdf", "received.age"], "a package that does not hold wrote something");
    assert_eq!(open(&whole, &court).code, Some(0));
}

#[test]
fn folders_and_addresses_that_are_none() {
    let hand = Hand::empty();
    for command in [&["client", "count"][..], &["case", "list"], &["log", "show"], &["log", "fsck"], &["serve"]] {
        one_line(&hand.run(command), &["is not a folder of countersign", "countersign init"]);
    }
    for address in ["0.0.0.0:8743", "192.0.2.1:80", "[::]:8743"] {
        one_line(&hand.run(&["serve", "--listen", address]), &["not a loopback address", address]);
        one_line(&hand.run(&["demo", "--listen", address]), &["not a loopback address", address]);
    }
    one_line(&hand.run(&["serve", "--listen", "localhost"]), &["localhost"]);
    let other = hand.inside("other");
    one_line(&hand.run(&["log", "fsck", &other]), &[&other, "is not a folder of countersign"]);
    one_line(&hand.run(&["demo", "--clients", "1"]), &["--clients"]);
    let nowhere = hand.inside("nowhere");
    one_line(&hand.run(&["verify", "evidence", &nowhere]), &["nowhere"]);
    one_line(&hand.run(&["verify", "log", &nowhere]), &["nowhere"]);
    one_line(&hand.run(&["verify", "demo", &nowhere]), &["nowhere"]);
    one_line(&hand.run(&["trustee", "head", &nowhere, "--log", &nowhere]), &["nowhere"]);
    assert!(!hand.dir.exists(), "a command that failed made a folder");
    std::fs::create_dir(&hand.dir).unwrap();
    hand.file("exchange/precious.txt", "mine");
    one_line(&hand.run(&["init"]), &["is not empty"]);
    assert_eq!(folder::files(&hand.dir).len(), 1, "a stranger's folder was touched");
}

#[test]
fn a_damaged_configuration_is_named() {
    let hand = Hand::founded();
    let config = hand.dir.join("custodian/config.json");
    let whole = std::fs::read_to_string(&config).unwrap();
    let tiles = |place: &str| whole.replacen("\"demo\"", &format!("\"tiles\": {place}, \"demo\""), 1);
    let bucket = r#"{"s3":{"endpoint":"https://s3.example","bucket":"log","prefix":"of/xa","region":"xa"}}"#;
    let buckets = if cfg!(feature = "s3") {
        vec!["no credentials", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"]
    } else {
        vec!["s3://log/of/xa at https://s3.example", "built without buckets", "--features s3"]
    };
    for (bad, parts) in [
        (whole[..whole.len() / 2].to_owned(), vec!["config.json is damaged", "line"]),
        (whole.replacen("\"v\": 1", "\"v\": 2", 1), vec!["version 2"]),
        (whole.replacen("\"demo\"", "\"v\": 1, \"demo\"", 1), vec!["duplicate field `v`"]),
        (whole.replacen("\"demo\"", "\"dome\"", 1), vec!["unknown field `dome`"]),
        (whole.replacen("\"local\"", "\"ftp://x\"", 1), vec!["ftp://x"]),
        (tiles(r#"{"s4":{}}"#), vec!["unknown variant `s4`"]),
        (tiles(r#"{"s3":{"bucket":"log"}}"#), vec!["missing field `endpoint`"]),
        (tiles(&bucket.replace("\"region\"", "\"secret\":\"x\",\"region\"")), vec!["unknown field `secret`"]),
        (tiles(bucket), buckets),
    ] {
        assert_ne!(bad, whole);
        std::fs::write(&config, bad).unwrap();
        one_line(&hand.run(&["case", "list"]), &parts);
    }
    std::fs::write(&config, whole).unwrap();
    hand.good(&["case", "list"]);
}

#[test]
fn a_folder_at_work_belongs_to_one_process() {
    let hand = Hand::founded();
    let mut serving = command(&hand.dir, &["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(serving.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("serving on http://127.0.0.1:"), "{first}");
    for command in
        [&["case", "list"][..], &["client", "count"], &["log", "fsck"], &["serve", "--listen", "127.0.0.1:0"]]
    {
        one_line(&hand.run(command), &["another countersign works on", "stop it first"]);
    }
    serving.kill().unwrap();
    serving.wait().unwrap();
    assert_eq!(hand.good(&["case", "list"]), "", "the lock goes with its process");
}

#[test]
fn witnesses_and_logs_that_are_none() {
    let hand = Hand::founded();
    let log = std::fs::read_to_string(hand.dir.join("custodian/log/vkey")).unwrap().trim_end().to_owned();
    let witness = hand.inside("witnesses/1");
    let key = std::fs::read_to_string(hand.dir.join("witnesses/1/witness.key")).unwrap();
    let shown = hand.good(&["witness", "show", &witness]);
    let own = shown.lines().next().unwrap();
    let serve = |arguments: &[&str]| {
        let all = [&["witness", "serve"], arguments, &["--listen", "127.0.0.1:0"]].concat();
        hand.run(&all)
    };
    let nowhere = hand.inside("nowhere");
    one_line(&serve(&[&nowhere, "--log", &log]), &["nowhere", "witness init"]);
    one_line(&serve(&[&witness]), &["no log to follow", "--log"]);
    one_line(&serve(&[&witness, "--log", "rubbish"]), &["--log", "`rubbish`"]);
    one_line(&serve(&[&witness, "--log", &log, "--log", &log]), &["given twice"]);
    one_line(&serve(&[&witness, "--log", own]), &["is not a log's", "0x01"]);
    one_line(&serve(&[&witness, "--log", &log.replacen("+", "+0", 1)]), &["--log"]);
    for (content, part) in [
        (format!("# logs\n\n{log}\nrubbish\n"), "logs.txt line 4"),
        (format!("{log}\n{log}\n"), "logs.txt line 2"),
        ("# none\n".to_owned(), "no log to follow"),
    ] {
        let file = hand.file("logs.txt", content);
        one_line(&serve(&[&witness, "--logs-from", &file]), &[part]);
    }
    let latin = hand.file("latin.txt", b"\xe9");
    one_line(&serve(&[&witness, "--logs-from", &latin]), &["latin.txt", "UTF-8"]);
    one_line(&hand.run(&["witness", "serve", &witness, "--log", &log, "--listen", "0.0.0.0:1"]), &["not a loopback"]);

    let key_file = hand.dir.join("witnesses/1/witness.key");
    let log_key = std::fs::read_to_string(hand.dir.join("custodian/keys/log.key")).unwrap();
    for (content, part) in
        [("", "is damaged"), ("noise", "is damaged"), (&log_key, "0x04"), (&key[..key.len() - 9], "is damaged")]
    {
        std::fs::write(&key_file, content).unwrap();
        let ran = hand.run(&["witness", "show", &witness]);
        one_line(&ran, &["witness.key", part]);
        assert!(!ran.err.contains(&key[key.len() - 20..key.len() - 10]), "a secret was printed: {ran}");
    }
    std::fs::write(&key_file, &key).unwrap();
    let record =
        folder::files(&hand.dir.join("witnesses/1")).into_iter().find(|(path, _)| path.ends_with("checkpoint"));
    let (record, whole) = record.unwrap();
    std::fs::write(&record, &whole[..whole.len() / 2]).unwrap();
    one_line(&serve(&[&witness, "--log", &log]), &["is damaged"]);
    one_line(&hand.run(&["witness", "show", &witness]), &["is damaged", "will not sign"]);
    std::fs::remove_file(&record).unwrap();
    one_line(&serve(&[&witness, "--log", &log]), &["is gone"]);
    one_line(&hand.run(&["witness", "show", &witness]), &["is gone"]);

    for (name, part) in [("", "is empty"), ("two words", "`two words`"), ("a+b", "`a+b`")] {
        let made = hand.inside("made");
        one_line(&hand.run(&["witness", "init", &made, "--name", name]), &[part]);
        assert!(!hand.dir.join("made").exists());
    }
    one_line(&hand.run(&["witness", "init", &hand.inside("custodian"), "--name", "w"]), &["is not empty"]);

    let log_serve = |folder: &str, listen: &str| hand.run(&["log", "serve", "--folder", folder, "--listen", listen]);
    one_line(&log_serve(&nowhere, "127.0.0.1:0"), &["nowhere", "holds no log"]);
    one_line(&log_serve(hand.dir.to_str().unwrap(), "127.0.0.1:0"), &["holds no log"]);
    one_line(&log_serve(&hand.inside("custodian/log"), "[::]:0"), &["not a loopback address"]);
}

#[test]
fn output_that_nobody_reads_ends_quietly_and_other_faults_are_one_line() {
    let columns = |output: Stdio| {
        command(Path::new("none"), &["client", "columns"]).stdout(output).stderr(Stdio::piped()).output().unwrap()
    };
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ended = columns(writer.into());
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(141), &b""[..]));
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let failed = columns(full.into());
    let said = String::from_utf8(failed.stderr).unwrap();
    assert_eq!((failed.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.starts_with("countersign: cannot write to standard output"), "{said}");
}
