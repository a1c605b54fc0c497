//! The road with the log in a bucket.

use crate::by_hand::{CLIENTS, Hand, MAPS, word_after};
use crate::program::countersign;
use crate::served::Served;
use crate::{folder, program};
use countersign_testkit::moto::Moto;
use std::fs;

const SECRET: &str = "aSecretOfNobodyThatMustNotBeShown";

/// A place with credentials, and the arguments that name a bucket of its own; `None` after saying that the test is skipped.
fn rented(bucket: &str) -> Option<(Hand, Vec<String>)> {
    let moto = Moto::shared()?;
    moto.make_bucket(bucket);
    let hand = Hand::empty();
    hand.file("credentials", format!("[default]\naws_access_key_id = AKIA\naws_secret_access_key = {SECRET}\n"));
    let tiles = format!("s3://{bucket}/of/mill");
    Some((hand, vec!["--tiles".to_owned(), tiles, "--s3-endpoint".to_owned(), moto.address().to_owned()]))
}

fn init(hand: &Hand, bucket: &[String]) -> program::Ran {
    let mut arguments = vec!["init", "--name", "Mill Exchange"];
    arguments.extend(bucket.iter().map(String::as_str));
    hand.run(&arguments)
}

#[test]
fn a_release_is_proven_from_a_bucket() {
    let Some((hand, bucket)) = rented("mill-road") else { return };
    let said = init(&hand, &bucket);
    assert_eq!(said.code, Some(0), "{said}");
    let clients = hand.file("clients.csv", CLIENTS);
    hand.good(&[&["client", "import", &clients], MAPS.as_slice()].concat());
    let case = hand.proposed();
    hand.sign(&case, "anna-berg");
    assert!(hand.sign(&case, "bruno-lind").contains("the quorum is complete"));
    // Trustees in this process read the journal where it is.
    let released = hand.good(&["order", "release", &case, "--as", "lena-ohm"]);
    assert_eq!(released.matches(": answered").count(), 3, "{released}");
    let evidence =
        hand.inside(&format!("custodian/evidence/{}", word_after(&hand.good(&["order", "show", &case]), "order ")));
    assert!(hand.good(&["verify", "evidence", &evidence]).contains("the policy, run again, allows it"));
    assert!(!hand.dir.join("custodian/log").exists(), "nothing of the log is in the folder");

    let shown = hand.good(&["log", "show"]);
    let size = shown.lines().nth(1).unwrap();
    let checked = hand.good(&["log", "fsck"]);
    assert!(checked.starts_with(&format!("{size} leaves, ")) && checked.ends_with("ok: sound\n"), "{checked}");
    for (command, path) in [(&["serve"][..], "/log/checkpoint"), (&["log", "serve"], "/checkpoint")] {
        let served = Served::start(&hand.dir, &[command, &["--listen", "127.0.0.1:0"]].concat());
        let (status, body) = served.get(path);
        assert!(status == 200 && body.starts_with("mill-exchange.example/journal\n"), "{status} {body}");
    }
    let config = fs::read_to_string(hand.dir.join("custodian/config.json")).unwrap();
    assert!(config.contains("\"s3\"") && !config.contains(SECRET) && !config.contains("AKIA"), "{config}");
}

#[test]
fn an_old_copy_and_a_second_log_are_refused() {
    let Some((hand, bucket)) = rented("mill-copy") else { return };
    let said = init(&hand, &bucket);
    assert_eq!(said.code, Some(0), "{said}");
    hand.good(&["case", "list"]);
    let (place, old) = folder::copy(&hand.dir);
    fs::copy(hand.place.path().join("credentials"), place.path().join("credentials")).unwrap();
    hand.filed();
    let refused = countersign(&old, &["case", "list"]);
    assert!(refused.code == Some(1) && refused.err.contains("old copy"), "{refused}");

    let second = Hand::empty();
    second.file("credentials", "[default]\naws_access_key_id = AKIA\naws_secret_access_key = other\n");
    let refused = init(&second, &bucket);
    assert_eq!((refused.code, refused.err.lines().count()), (Some(1), 1), "{refused}");
    assert!(refused.err.contains("s3://mill-copy/of/mill") && refused.err.contains("holds a log already"), "{refused}");
    assert!(!second.dir.exists(), "a founding that failed made a folder");
}

#[test]
fn a_bucket_that_cannot_be_used_is_named() {
    let Some((hand, bucket)) = rented("mill-bad") else { return };
    let at = |tiles: &str, endpoint: &str| ["--tiles", tiles, "--s3-endpoint", endpoint].map(str::to_owned);
    let address = bucket[3].as_str();
    for (arguments, parts) in [
        (at("s3://mill-nobody/x", address), vec!["bucket `mill-nobody`", "NoSuchBucket"]),
        (at("s3://mill-bad/a//b", address), vec!["prefix `a//b`"]),
        (at("s3://Mill/x", address), vec!["`Mill` is not the name of a bucket"]),
        (at("mill-bad/x", address), vec!["`mill-bad/x` is not s3://BUCKET/PREFIX"]),
        (at("s3://mill-bad/x", "http://s3.example"), vec!["http://s3.example", "https://"]),
        (at("s3://mill-bad/x", "http://127.0.0.1:9"), vec!["bucket `mill-bad`", "key `x/vkey`"]),
    ] {
        let refused = init(&hand, &arguments);
        assert_eq!((refused.code, refused.err.lines().count()), (Some(1), 1), "{refused}");
        for part in parts {
            assert!(refused.err.contains(part) && !refused.err.contains(SECRET), "`{part}` is missing: {refused}");
        }
        assert!(!hand.dir.exists(), "a founding that failed made a folder");
    }
    fs::remove_file(hand.place.path().join("credentials")).unwrap();
    let refused = init(&hand, &bucket);
    assert!(
        refused.code == Some(1) && refused.err.contains("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        "{refused}"
    );
}
