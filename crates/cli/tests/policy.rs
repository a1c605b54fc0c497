//! `countersign policy`, from outside: packs decided, explained, compared.

mod program;

use countersign_testkit::require::workspace_root;
use program::{Ran, countersign};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        countersign(self.folder.path(), &[&["policy"], arguments].concat())
    }

    /// A copy of the shipped pack with one edit of one of its files.
    fn edited(&self, name: &str, file: &str, old: &str, new: &str) -> String {
        let copy = self.folder.path().join(name);
        copy_folder(&shipped(), &copy);
        let text = fs::read_to_string(copy.join(file)).unwrap();
        assert!(text.contains(old), "{file} has no `{old}`");
        fs::write(copy.join(file), text.replace(old, new)).unwrap();
        copy.display().to_string()
    }
}

fn shipped() -> PathBuf {
    workspace_root().join("packs/policy/eea-custodian")
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn the_shipped_pack_decides_its_corpus_as_written() {
    let desk = Desk::new();
    let ran = desk.run(&["golden", &shown(&shipped())]);
    assert_eq!(ran.code, Some(0), "{ran}");
    for part in ["passed          159\n", "false refusals  0\n", "wrong releases  0\n", "otherwise wrong 0\n"] {
        assert!(ran.out.contains(part), "{ran}");
    }
    let ran = desk.run(&["golden", &shown(&shipped()), "--json"]);
    let found: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (found["ok"].as_bool(), found["passed"].as_u64(), found["cases"].as_u64()),
        (Some(true), Some(159), Some(159))
    );
    assert!(found["answered"].as_u64().unwrap() * 2 >= 159, "{ran}");
}

#[test]
fn a_pack_that_refuses_too_much_or_releases_too_much_is_told_which() {
    let desk = Desk::new();
    let strict = desk.edited("strict", "pack.json", "\"absolute\": 1000", "\"absolute\": 60");
    let ran = desk.run(&["golden", &strict]);
    assert!(ran.code == Some(1) && ran.out.contains("FALSE REFUSAL  home-court-seventy-people: "), "{ran}");
    assert!(ran.out.contains("wrong releases  0\n"), "{ran}");
    let loose = desk.edited(
        "loose",
        "policies.cedar",
        "(context.approvals >= 2 && context.outside_line >= 1)",
        "(context.approvals >= 1)",
    );
    let policies = Path::new(&loose).join("policies.cedar");
    let text = fs::read_to_string(&policies).unwrap();
    fs::write(
        &policies,
        text.replace("context.approvals >= 2 && context.outside_line >= 1 &&", "context.approvals >= 1 &&"),
    )
    .unwrap();
    let ran = desk.run(&["golden", &loose, "--json"]);
    let found: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, found["ok"].as_bool()), (Some(1), Some(false)));
    let wrong: Vec<&str> =
        found["wrong_releases"].as_array().unwrap().iter().map(|wrong| wrong["name"].as_str().unwrap()).collect();
    assert!(wrong.contains(&"home-court-plain / one person twice"), "{ran}");
    assert_eq!(found["false_refusals"].as_array().unwrap().len(), 0, "{ran}");
}

#[test]
fn a_corpus_that_breaks_a_law_is_no_success() {
    let desk = Desk::new();
    let lesser = desk.edited("lesser", "golden/home.json", "[", "[");
    fs::remove_file(Path::new(&lesser).join("golden/home.json")).unwrap();
    let ran = desk.run(&["golden", &lesser]);
    assert!(ran.code == Some(1) && ran.out.contains("BROKEN LAW  118 cases are fewer than 150"), "{ran}");
}

#[test]
fn what_is_no_corpus_is_one_clear_error() {
    let desk = Desk::new();
    let bad = |pack: &str, part: &str| {
        let ran = desk.run(&["golden", pack]);
        assert!(ran.code == Some(1) && ran.out.is_empty() && ran.err.contains(part), "{part}: {ran}");
        assert_eq!(ran.err.lines().count(), 1, "{ran}");
    };
    bad("nowhere", "nowhere");
    bad(&desk.edited("story", "golden/bloc.json", "\"story\"", "\"tale\""), "unknown field `tale`");
    bad(&desk.edited("cut", "golden/bloc.json", "]\n", ""), "bloc.json");
    let none = desk.edited("none", "golden/bloc.json", "[", "[");
    fs::remove_dir_all(Path::new(&none).join("golden")).unwrap();
    bad(&none, "a pack's worked requests lie in its folder `golden`");
}
