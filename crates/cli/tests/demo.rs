//! The whole story in one command, and its evidence derived again from the folder - whole, and with every artefact damaged in turn.

mod folder;
mod program;

use program::{Ran, countersign};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::TempDir;

const STEPS: [&str; 8] =
    ["genesis", "register", "lawful_order", "fiu", "origin_case", "forged_emergency", "adversary_drill", "totals"];

struct Played {
    _place: TempDir,
    folder: PathBuf,
    ran: Ran,
}

/// The demo, played once for all tests of this file.
fn played() -> &'static Played {
    static PLAYED: OnceLock<Played> = OnceLock::new();
    PLAYED.get_or_init(|| {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("demo");
        let ran = countersign(&folder, &["demo", "--once", "--json", "--clients", "150"]);
        Played { _place: place, folder, ran }
    })
}

fn objects(ran: &Ran) -> Vec<Value> {
    ran.out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("`{line}` is not JSON: {error}")))
        .collect()
}

fn step<'a>(objects: &'a [Value], name: &str) -> &'a Value {
    objects.iter().find(|object| object["name"] == name).unwrap_or_else(|| panic!("no step `{name}`"))
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn verify(folder: &Path) -> Ran {
    countersign(folder, &["verify", "demo", folder.to_str().unwrap()])
}

#[test]
fn every_step_observes_what_it_expects() {
    let ran = &played().ran;
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(ran.err, "");
    let objects = objects(ran);
    let names: Vec<&str> = objects.iter().filter_map(|object| object["name"].as_str()).collect();
    assert_eq!(names, [STEPS.as_slice(), &["summary"]].concat());
    for object in &objects {
        assert_eq!(object["ok"], true, "{object}");
        assert!(object.get("not_observed").is_none() && object.get("error").is_none(), "{object}");
    }
}

#[test]
fn the_summary_has_the_promised_fields() {
    let objects = objects(&played().ran);
    let summary = step(&objects, "summary");
    for number in ["partials_refused", "leaves", "people_asked", "cells_granted"] {
        assert!(summary[number].as_u64().is_some_and(|number| number > 0), "{number} in {summary}");
    }
    assert_eq!(summary["bundle_verified_offline"], true);
    let age = &summary["package_opened_by_age"];
    assert!(*age == true || *age == "not installed", "{age}");
    assert!(!texts(&summary["refusal_codes"]).is_empty());
}

#[test]
fn a_lawful_order_is_narrowed_and_answered() {
    let objects = objects(&played().ran);
    let lawful = step(&objects, "lawful_order");
    let figures =
        ["people_asked", "cells_asked", "people_granted", "cells_granted", "trustees_answered", "people_opened"];
    let figures = figures.map(|name| lawful[name].as_u64().unwrap());
    assert_eq!(figures, [2, 24, 1, 2, 3, 1]);
    assert_eq!(lawful["outcome"], "narrow");
    assert!(texts(&lawful["missing_after_one_approval"]).contains(&"QUORUM_NOT_MET"));
    assert!(lawful["intent_leaf"].as_u64() > lawful["order_leaf"].as_u64(), "the intent is public before the effect");
    let fiu = step(&objects, "fiu");
    assert!(fiu["notice"].as_str().unwrap().starts_with("delayed until "), "{fiu}");
    assert_eq!(fiu["openings_in_the_log"], 0);
}

#[test]
fn every_attack_is_refused_with_its_code() {
    let objects = objects(&played().ran);
    let register = step(&objects, "register");
    assert_eq!(register["opened_with_t_minus_1"], false);
    assert_eq!(register["control_with_t_shares"], true);
    assert_eq!(register["values_found"], 0);
    let origin = texts(&step(&objects, "origin_case")["refusal_codes"]);
    for code in [
        "NO_LEGAL_INSTRUMENT",
        "DRAGNET",
        "POLITICAL_OR_RIGHTS_RED_FLAG",
        "LISTED_BY_REQUESTER_ALONE",
        "APPROVER_WITHIN_REACH",
        "CONFLICT_OF_LAWS",
        "POLICY_DENIED",
    ] {
        assert!(origin.contains(&code), "{code} in {origin:?}");
    }
    assert!(step(&objects, "origin_case")["slice_stopped_by"].is_array());
    let radius = &step(&objects, "origin_case")["blast_radius"];
    let hops: Vec<u64> = radius["clients"].as_array().unwrap().iter().map(|of| of["hops"].as_u64().unwrap()).collect();
    assert_eq!((hops, radius["shape_of_a_list_of_donors"].as_bool()), (vec![1, 2], Some(true)), "{radius}");
    // 28 of 150 clients are donors, some through wallets of their own, and the economy has givers of its own.
    assert_eq!(radius["clients"][0]["most"], "25 to 49", "{radius}");
    let forged = step(&objects, "forged_emergency");
    assert_eq!(forged["stage"], "REJECTED_FAKE");
    assert!(texts(&forged["refusal_codes"]).contains(&"CALL_BACK_FAILED"));
    let drill = step(&objects, "adversary_drill");
    for (attack, code) in [
        ("puppet_approver", "APPROVER_NOT_IN_FORCE"),
        ("weaker_policy", "POLICY_NOT_IN_FORCE"),
        ("replayed_order", "ORDER_ID_REUSED"),
        ("relabelled_capsule", "HEADER_INVALID"),
        ("one_weight_for_two_equations", "HEADER_INVALID"),
        ("private_log", "NOT_PUBLIC"),
    ] {
        assert_eq!(drill[attack], code, "{attack}");
        assert!(texts(&drill["refusal_codes"]).contains(&code), "{code}");
    }
    assert_eq!(drill["witness_status_for_fork"], 409);
    assert!(drill["restored_snapshot"].as_str().unwrap().contains("the store is an old copy"));
    assert!(drill["t_minus_1_trustees"].as_str().unwrap().contains("the threshold is 3"));
}

#[test]
fn daily_totals_are_countersigned_and_forged_ones_refused() {
    let objects = objects(&played().ran);
    let step = step(&objects, "totals");
    let daily = &step["daily_totals"];
    assert_eq!((daily["totals"]["number"].as_u64(), daily["recomputed"].as_bool()), (Some(1), Some(true)), "{step}");
    assert_eq!(daily["signers"].as_array().unwrap().len(), 3);
    assert_eq!(daily["totals"]["figures"]["kept_closed"], serde_json::json!([]));
    let people = daily["totals"]["figures"]["people"].as_u64().unwrap();
    assert_eq!(step["forged_totals_people"].as_u64(), Some(people - 1));
    assert_eq!(
        (step["forged_totals_refused"].as_u64(), texts(&step["forged_totals"])),
        (Some(5), vec!["FIGURES_DIFFER"])
    );
    assert_eq!(step["totals_with_t_minus_1_signatures"], "totals signed by 2 of 3 trustees");
}

#[test]
fn a_finished_demo_played_again_changes_nothing() {
    let (_place, folder) = folder::copy(&played().folder);
    let before = folder::files(&folder);
    let again = countersign(&folder, &["demo", "--once", "--json", "--clients", "150"]);
    assert_eq!(again.code, Some(0), "{again}");
    assert_eq!(again.out, played().ran.out);
    assert!(folder::files(&folder) == before, "a file of the finished demo was changed");
}

#[test]
fn the_evidence_is_derived_again_from_the_folder() {
    let (_place, folder) = folder::copy(&played().folder);
    let before = folder::files(&folder);
    let ran = verify(&folder);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(ran.out, played().ran.out);
    assert!(folder::files(&folder) == before, "verifying changed a file");
}

/// Damages one file in place, expects that `verify demo` fails, and mends it.
fn damage(folder: &Path, file: &Path, named: bool, edit: impl FnOnce(&mut Vec<u8>)) {
    let path = folder.join(file);
    let whole = fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    edit(&mut damaged);
    assert_ne!(damaged, whole, "{}", file.display());
    fs::write(&path, &damaged).unwrap();
    let ran = verify(folder);
    fs::write(&path, &whole).unwrap();
    assert_eq!(ran.code, Some(1), "{} was damaged and nobody noticed\n{ran}", file.display());
    let said = if ran.out.is_empty() {
        ran.err.clone()
    } else {
        let objects = objects(&ran);
        assert_eq!(objects.last().unwrap()["ok"], false, "{ran}");
        objects.iter().filter_map(|object| object["error"].as_str()).collect::<Vec<_>>().join("\n")
    };
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(!named || said.contains(name), "{} was damaged, the errors are: {said}", file.display());
}

fn flip(bytes: &mut [u8]) {
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
}

#[test]
fn each_damaged_artefact_is_noticed() {
    let (_place, folder) = folder::copy(&played().folder);
    let relative = |path: &Path| path.strip_prefix(&folder).unwrap().to_owned();
    let mut artefacts: Vec<PathBuf> = vec![
        "custodian/documents/genesis.json".into(),
        "custodian/log/checkpoint".into(),
        "auditor/disclosures.json".into(),
    ];
    // The tiles under the checkpoint are those of its own size.
    let checkpoint = fs::read_to_string(folder.join("custodian/log/checkpoint")).unwrap();
    let size: u64 = checkpoint.lines().nth(1).unwrap().parse().unwrap();
    for kind in ["0", "entries"] {
        let tiles = folder.join("custodian/log/tile").join(kind);
        let last = tiles.join(format!("{:03}.p/{}", size / 256, size % 256));
        assert!(last.is_file(), "{}", last.display());
        artefacts.push(relative(&last));
        let full = tiles.join("000");
        artefacts.extend(full.is_file().then(|| relative(&full)));
    }
    for file in artefacts {
        damage(&folder, &file, false, |bytes| flip(bytes));
    }
    let packages: Vec<PathBuf> = fs::read_dir(folder.join("custodian/outbox"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let order = path.file_stem().unwrap();
            folder.join("custodian/evidence").join(order).is_dir()
        })
        .collect();
    assert!(packages.len() >= 2, "packages of the steps `lawful_order` and `fiu`");
    for package in packages {
        damage(&folder, &relative(&package), true, |bytes| flip(bytes));
    }
}

#[test]
fn each_damaged_kind_of_evidence_is_noticed_and_named() {
    let (_place, folder) = folder::copy(&played().folder);
    let evidence = folder.join("custodian/evidence");
    let mut seen = Vec::new();
    for (path, bytes) in folder::files(&evidence) {
        let inside: PathBuf = path.strip_prefix(&evidence).unwrap().components().skip(1).collect();
        // One of each kind: the sums of the others are checked by the next test.
        let kind =
            inside.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(inside.clone(), Path::to_owned);
        let kind = (kind, path.extension().map(ToOwned::to_owned));
        if bytes.is_empty() || seen.contains(&kind) {
            continue;
        }
        seen.push(kind);
        let named = inside != Path::new("manifest-sha512.txt");
        damage(&folder, path.strip_prefix(&folder).unwrap(), named, |bytes| flip(bytes));
    }
    assert!(seen.len() >= 12, "{seen:?}");
}

#[test]
fn one_byte_of_any_file_of_the_evidence_is_noticed_and_named() {
    let (_place, folder) = folder::copy(&played().folder);
    for entry in fs::read_dir(folder.join("custodian/evidence")).unwrap() {
        let evidence = entry.unwrap().path();
        let check = || countersign(&folder, &["verify", "evidence", evidence.to_str().unwrap()]);
        assert_eq!(check().code, Some(0));
        for (path, whole) in folder::files(&evidence) {
            let name = path.file_name().unwrap().to_str().unwrap();
            for position in [0, whole.len() / 2, whole.len() - 1] {
                let mut damaged = whole.clone();
                damaged[position] ^= 1;
                fs::write(&path, &damaged).unwrap();
                let ran = check();
                assert_eq!(ran.code, Some(1), "byte {position} of {}\n{ran}", path.display());
                // A damaged list names the file whose line it damaged, or itself.
                assert!(
                    name == "manifest-sha512.txt" || ran.err.contains(name),
                    "byte {position} of {}\n{ran}",
                    path.display()
                );
                assert_eq!(ran.err.lines().count(), 1, "{ran}");
            }
            fs::write(&path, &whole).unwrap();
        }
        let stranger = evidence.join("stranger.json");
        fs::write(&stranger, "{}").unwrap();
        assert_eq!(check().code, Some(1), "a file that no list names");
        fs::remove_file(&stranger).unwrap();
        fs::rename(evidence.join("order.json"), folder.join("order.json")).unwrap();
        let ran = check();
        assert!(ran.code == Some(1) && ran.err.contains("order.json"), "{ran}");
    }
}

#[test]
fn figures_of_the_report_are_derived_not_believed() {
    let (_place, folder) = folder::copy(&played().folder);
    let edits: [(usize, &str, Value); 17] = [
        (0, "genesis", Value::from("00".repeat(32))),
        (0, "ring", Value::from("00".repeat(32))),
        (0, "threshold", Value::from(2)),
        (2, "order", Value::from("00".repeat(32))),
        (2, "order_leaf", Value::from(1)),
        (2, "cells_granted", Value::from(1)),
        (2, "package", Value::from("00".repeat(32))),
        (3, "trustees_answered", Value::from(5)),
        (4, "partials_refused", Value::from(1_000)),
        (4, "blast_radius", Value::Null),
        (6, "puppet_approver", Value::from("NEVER_SAID")),
        (7, "leaves", Value::from(1)),
        (7, "root", Value::from("AAAA")),
        (7, "faults", Value::from(vec!["one"])),
        (7, "daily_totals", Value::Null),
        (7, "ok", Value::from(false)),
        (5, "name", Value::from("forged")),
    ];
    for (step, name, value) in edits {
        damage(&folder, Path::new("demo.json"), false, |bytes| {
            let mut report: Value = serde_json::from_slice(bytes).unwrap();
            report["steps"][step][name] = value;
            *bytes = serde_json::to_vec_pretty(&report).unwrap();
        });
    }
    damage(&folder, Path::new("demo.json"), false, |bytes| {
        let mut report: Value = serde_json::from_slice(bytes).unwrap();
        report["steps"].as_array_mut().unwrap().remove(6);
        *bytes = serde_json::to_vec_pretty(&report).unwrap();
    });
    damage(&folder, Path::new("demo.json"), true, |bytes| bytes.truncate(100));
}

#[test]
fn the_case_page_shows_the_blast_radius_and_anybody_can_open_its_leaf() {
    let (_place, folder) = folder::copy(&played().folder);
    let list = countersign(&folder, &["case", "list"]);
    let origin = list.out.lines().find(|line| line.contains("xr-monitoring-service")).unwrap();
    let case = origin.split_whitespace().next().unwrap();
    let shown = countersign(&folder, &["case", "show", case]);
    for text in ["would expose (question ", "clients over 1 payment: 25 to 49", "the shape of a list of donors"] {
        assert!(shown.out.contains(text), "{text} in {shown}");
    }
    let entry = fs::read(folder.join("input/letter-of-the-agency.json")).unwrap();
    let entry: Value = serde_json::from_slice(&entry).unwrap();
    let address = entry["everyone_who_paid"]["address"].as_str().unwrap();
    let (key, order) = (folder.join("people/lena-ohm/signing.key"), folder.join("order.json"));
    let (approval, opening) = (folder.join("approval.json"), folder.join("opening.json"));
    let [key, order, approval, opening] = [&key, &order, &approval, &opening].map(|path| path.to_str().unwrap());
    let officer = ["--address", address, "--hops", "2", "--as", "lena-ohm", "--key", key];
    let blast = |more: &[&str]| countersign(&folder, &[&["case", "blast", case], &officer[..], more].concat());
    let alone = blast(&[]);
    assert!(alone.code != Some(0) && alone.err.contains("HOPS_NOT_APPROVED"), "{alone}");
    assert_eq!(blast(&["--prepare", order]).code, Some(0));
    let anna = folder.join("people/anna-berg/signing.key");
    let sign = ["case", "blast-sign", order, "--out", approval, "--as", "anna-berg", "--key", anna.to_str().unwrap()];
    assert_eq!(countersign(&folder, &sign).code, Some(0));
    let asked = blast(&["--order", order, "--approval", approval, "--opening", opening]);
    assert!(asked.code == Some(0) && asked.out.contains("clients over 2 payments"), "{asked}");
    let opened = countersign(&folder, &["verify", "query", opening]);
    assert!(opened.code == Some(0) && opened.out.contains("holds: question "), "{opened}");
    let mut bytes = fs::read(opening).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(opening, bytes).unwrap();
    assert_eq!(countersign(&folder, &["verify", "query", opening]).code, Some(1));
}
