//! A log and its witnesses as programs of their own.

mod monitor;
mod trustees;

use crate::by_hand::Hand;
use crate::served::Served;
use crate::{folder, program};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Gives two of the three witnesses to owners of their own: their folders leave the custodian's.
fn moved_out(hand: &Hand) -> [PathBuf; 2] {
    [1, 2].map(|number| {
        let own = hand.place.path().join(format!("owner-{number}"));
        fs::rename(hand.dir.join(format!("witnesses/{number}")), &own).unwrap();
        own
    })
}

/// Writes where the witnesses 1 and 2 are into the custodian's configuration.
fn tell(hand: &Hand, witnesses: [&Served; 2]) {
    let path = hand.dir.join("custodian/config.json");
    let mut config: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for (place, witness) in witnesses.iter().enumerate() {
        config["witnesses"][place]["at"] = format!("http://{}", witness.address).into();
    }
    fs::write(&path, serde_json::to_vec(&config).unwrap()).unwrap();
}

fn vkey(hand: &Hand) -> String {
    fs::read_to_string(hand.dir.join("custodian/log/vkey")).unwrap().trim_end().to_owned()
}

fn serve(hand: &Hand, folder: &Path) -> Served {
    let arguments = ["witness", "serve", folder.to_str().unwrap(), "--log", &vkey(hand), "--listen", "127.0.0.1:0"];
    Served::start(hand.place.path(), &arguments)
}

#[test]
fn witnesses_of_other_owners_cosign_over_http() {
    let hand = Hand::founded();
    let owners = moved_out(&hand);
    let [first, second] = [serve(&hand, &owners[0]), serve(&hand, &owners[1])];
    tell(&hand, [&first, &second]);
    hand.filed();
    let shown = hand.good(&["log", "show"]);
    for name in ["witness-1.example", "witness-2.example", "witness-3.example"] {
        assert!(shown.contains(&format!("\n— {name} ")), "{shown}");
    }
    let origin = shown.lines().next().unwrap();
    let size = shown.lines().nth(1).unwrap();
    let kept = hand.good(&["witness", "show", owners[0].to_str().unwrap()]);
    assert!(kept.contains(&format!("{origin}: {size} leaves, root ")), "{kept}");
    let path = format!("/{}", countersign_tlog::witness::monitoring_path(origin));
    let (status, body) = first.get(&path);
    assert_eq!((status, body.lines().nth(1)), (200, Some(size)));

    // The folder belongs to one server.
    let again = hand.run(&["witness", "serve", owners[0].to_str().unwrap(), "--log", &vkey(&hand)]);
    assert_eq!(again.code, Some(1), "{again}");
    assert!(again.err.contains("another countersign serves the witness"), "{again}");

    // Without a quorum nothing is begun, and nothing is lost.
    first.kill();
    second.kill();
    let refused = hand.run(&["case", "list"]);
    assert!(refused.code == Some(1) && refused.err.lines().count() == 1, "{refused}");
    assert!(refused.err.contains("witness"), "{refused}");
    let [first, second] = [serve(&hand, &owners[0]), serve(&hand, &owners[1])];
    tell(&hand, [&first, &second]);
    assert_eq!(hand.good(&["case", "list"]).lines().count(), 1);
    assert!(hand.good(&["log", "fsck"]).ends_with("ok: sound\n"));
}

#[test]
fn a_witness_refuses_another_history_of_the_log() {
    let hand = Hand::founded();
    let owners = moved_out(&hand);
    let [first, second] = [serve(&hand, &owners[0]), serve(&hand, &owners[1])];
    tell(&hand, [&first, &second]);
    hand.good(&["case", "list"]);
    // The custodian comes back from an old copy, and goes on differently.
    let (_old, old) = folder::copy(&hand.dir);
    hand.filed();
    let refused = program::countersign(&old, &["case", "list"]);
    assert!(refused.code == Some(1) && refused.err.contains("the log stops"), "{refused}");
}

#[test]
fn the_log_is_served_beside_a_running_custodian() {
    let hand = Hand::founded();
    let custodian = Served::start(&hand.dir, &["serve", "--listen", "127.0.0.1:0"]);
    let log = Served::start(&hand.dir, &["log", "serve", "--listen", "127.0.0.1:0"]);
    let checkpoint = log.get("/checkpoint");
    assert_eq!(checkpoint, custodian.get("/log/checkpoint"));
    assert_eq!(checkpoint.0, 200);
    assert_eq!(log.get("/vkey"), (200, format!("{}\n", vkey(&hand))));
    let size: u64 = checkpoint.1.lines().nth(1).unwrap().parse().unwrap();
    assert_eq!(log.get(&format!("/tile/0/000.p/{size}")).0, 200);
    for (path, status) in [
        ("/tile/../../config.json", 400),
        ("/tile/%2e%2e/%2e%2e/config.json", 400),
        ("/tile/0/000.p/256", 400),
        ("/tile/0/001", 404),
        ("/../config.json", 404),
        ("/keys/log.key", 404),
    ] {
        assert_eq!(log.get(path).0, status, "{path}");
    }
    let copy = hand.place.path().join("copy");
    fs::rename(folder::copy(&hand.dir.join("custodian/log")).0.keep().join("log"), &copy).unwrap();
    let mirror =
        Served::start(&hand.dir, &["log", "serve", "--folder", copy.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert_eq!(mirror.get("/checkpoint"), checkpoint);
}

#[test]
fn a_witness_is_made_once_and_its_key_is_its_owners_alone() {
    let hand = Hand::empty();
    let own = hand.place.path().join("own");
    let folder = own.to_str().unwrap();
    let vkey = hand.good(&["witness", "init", folder, "--name", "witness.example/w1"]);
    assert!(vkey.starts_with("witness.example/w1+") && vkey.lines().count() == 1, "{vkey}");
    assert_eq!(hand.good(&["witness", "show", folder]), vkey);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let key = own.join("witness.key");
    assert_eq!((mode(&own), mode(&key)), (0o700, 0o600));
    let whole = fs::read(&key).unwrap();
    let again = hand.run(&["witness", "init", folder, "--name", "witness.example/w1"]);
    assert!(again.code == Some(1) && again.err.contains("holds a witness already"), "{again}");
    assert_eq!(fs::read(&key).unwrap(), whole);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let open = hand.run(&["witness", "show", folder]);
    assert!(open.code == Some(1) && open.err.contains("can be read by others"), "{open}");
}
