//! The program on a package of an earlier day: `sample/package.age` was released to an invented court, whose keys lie beside it.
//!
//! It must go on opening: a package is evidence, and evidence is opened years later.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Digest of the sample's genesis.
const GENESIS: &str = "9379b2382c5093458be67b15439f47f333b6a1a05146a16e7ae48e1abc51f0bc";

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sample").join(name)
}

fn open(package: &Path, keys: &Path, out: &Path, genesis: &str) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_countersign-open"));
    program.arg(package).arg("--keys").arg(keys).arg("--out").arg(out).args(["--genesis", genesis]).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// One line on standard error that names what does not hold, exit code 1, and nothing written.
fn refused(ran: &Output, out: &Path, words: &str) {
    let said = text(&ran.stderr);
    assert_eq!(ran.status.code(), Some(1), "{said}");
    assert!(said.starts_with("countersign-open: ") && said.lines().count() == 1 && said.contains(words), "{said}");
    assert!(ran.stdout.is_empty() && !out.exists());
}

#[test]
fn a_package_is_verified_opened_and_written_as_a_bag() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("opened");
    let ran = open(&sample("package.age"), &sample("keys"), &out, GENESIS);
    let said = text(&ran.stdout);
    assert_eq!(ran.status.code(), Some(0), "{}", text(&ran.stderr));
    assert!(said.contains("for xa-district-court: signed by anna-berg, bruno-lind"), "{said}");
    assert!(said.contains(&format!("genesis {GENESIS} as pinned")) && said.contains("1 people, 2 cells"), "{said}");
    let read = |path: PathBuf| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    assert_eq!(read(out.join("data/clients.json")), read(sample("clients.json")));
    for file in [
        "bagit.txt",
        "bag-info.txt",
        "manifest-sha512.txt",
        "tagmanifest-sha512.txt",
        "case.jsonld",
        "evidence/order.json",
    ] {
        assert!(out.join(file).is_file(), "{file}");
    }
    let again = open(&sample("package.age"), &sample("keys"), &out, GENESIS);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("exists already"));
}

#[test]
fn what_does_not_hold_is_named_and_nothing_is_written() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("opened");
    let other = format!("{}{}", &GENESIS[1..], '0');
    refused(&open(&sample("package.age"), &sample("keys"), &out, &other), &out, "genesis");
    refused(&open(&sample("none.age"), &sample("keys"), &out, GENESIS), &out, "none.age");

    let changed = place.path().join("changed.age");
    let mut bytes = fs::read(sample("package.age")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&changed, bytes).unwrap();
    refused(&open(&changed, &sample("keys"), &out, GENESIS), &out, "changed.age");

    // Another authority's keys: first neither fits, then only the X-Wing key does not.
    let keys = place.path().join("keys");
    fs::create_dir(&keys).unwrap();
    refused(&open(&sample("package.age"), &keys, &out, GENESIS), &out, "package.agekey");
    fs::copy(sample("keys/package.agekey"), keys.join("package.agekey")).unwrap();
    fs::write(keys.join("recipient.key"), "07".repeat(32)).unwrap();
    refused(&open(&sample("package.age"), &keys, &out, GENESIS), &out, "another recipient's key than yours");
}
