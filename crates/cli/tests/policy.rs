//! `countersign policy`, from outside: packs decided, explained, compared.

mod program;

use countersign_testkit::require::workspace_root;
use program::{Ran, command, countersign};
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
    for part in ["passed          223\n", "false refusals  0\n", "wrong releases  0\n", "otherwise wrong 0\n"] {
        assert!(ran.out.contains(part), "{ran}");
    }
    let ran = desk.run(&["golden", &shown(&shipped()), "--json"]);
    let found: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        (found["ok"].as_bool(), found["passed"].as_u64(), found["cases"].as_u64()),
        (Some(true), Some(223), Some(223))
    );
    assert!(found["answered"].as_u64().unwrap() * 2 >= 223, "{ran}");
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
    for file in ["golden/home.json", "golden/bloc.json"] {
        fs::remove_file(Path::new(&lesser).join(file)).unwrap();
    }
    let ran = desk.run(&["golden", &lesser]);
    assert!(ran.code == Some(1) && ran.out.contains("BROKEN LAW  142 cases are fewer than 150"), "{ran}");
}

#[test]
fn what_is_no_corpus_is_one_clear_error() {
    let desk = Desk::new();
    let bad = |pack: &str, part: &str| {
        let ran = desk.run(&["golden", pack]);
        assert!(ran.code == Some(1) && ran.out.is_empty() && ran.err.contains(part), "{part}: {ran}");
        assert_eq!(ran.err.lines().count(), 1, "{ran}");
    };
    bad("nowhere", "there is no pack at nowhere: name a pack's folder");
    bad(&desk.edited("story", "golden/bloc.json", "\"story\"", "\"tale\""), "unknown field `tale`");
    bad(&desk.edited("cut", "golden/bloc.json", "]\n", ""), "bloc.json");
    let none = desk.edited("none", "golden/bloc.json", "[", "[");
    fs::remove_dir_all(Path::new(&none).join("golden")).unwrap();
    bad(&none, "a pack's worked requests lie in its folder `golden`");
}

impl Desk {
    /// Runs it where there is no solver.
    fn run_without_solver(&self, arguments: &[&str]) -> Ran {
        let mut command = command(self.folder.path(), &[&["policy"], arguments].concat());
        Ran::from(command.env("PATH", "/nonexistent").env("CVC5", "/nonexistent/cvc5").output().unwrap())
    }
}

#[test]
fn a_decision_is_explained_down_to_its_sources() {
    let desk = Desk::new();
    let pack = shown(&shipped());
    let ran = desk.run(&["explain", &pack, "--case", "home-court-privilege"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    for part in [
        "proposal NOT permitted: challenge, goes to the board or counsel",
        "lane court: ",
        "f-bars: lowers to challenge, escalates, BARS_RAISED (D13): ",
        "[this decides the outcome]",
        "source: Regulation (EU) 2023/1543, article 12(1)(a) and (c), used by analogy [NOT compared with its source, 2026-11-20]",
        "less strict, or permitted, if\n  D13 were `none` (it is `raised`): permitted, comply\n",
    ] {
        assert!(ran.out.contains(part), "{part}: {ran}");
    }
    let ran = desk.run(&["explain", &pack, "--case", "home-court-plain", "--release", "one witness", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(found["decision"]["reasons"], serde_json::json!(["NOT_WITNESSED"]));
    assert_eq!(found["raised_by"][0]["allowed"], serde_json::json!(true), "{ran}");
    let origin = desk.run(&["explain", &pack, "--case", "ruritania-everybody-who-paid"]);
    assert!(origin.out.contains("no other answer to one or two questions makes it less strict"), "{origin}");
}

#[test]
fn what_cannot_be_explained_is_one_clear_error() {
    let desk = Desk::new();
    let pack = shown(&shipped());
    let vector = |file: &str| {
        let text = fs::read_to_string(workspace_root().join(format!("vectors/policy/{file}.json"))).unwrap();
        let vectors: serde_json::Value = serde_json::from_str(&text).unwrap();
        let good = vectors["vectors"].as_array().unwrap().iter().find(|vector| !vector["digest"].is_null()).unwrap();
        let path = desk.folder.path().join(format!("{file}.json"));
        fs::write(&path, good["text"].as_str().unwrap()).unwrap();
        shown(&path)
    };
    let (facts, directory) = (vector("facts"), vector("directory"));
    for (arguments, part) in [
        (vec!["--case", "nobody"], "no worked request `nobody`"),
        (vec!["--case", "home-court-plain", "--release", "x"], "has no attempt `x`; it has: two approvers; "),
        (vec!["--facts", &facts, "--directory", &directory, "--seat", "XA"], "that the facts name"),
        (vec!["--facts", &directory, "--directory", &directory, "--seat", "XA"], "directory.json"),
        (vec!["--facts", &facts], "--directory"),
        (vec![], "--case"),
    ] {
        let ran = desk.run(&[&["explain", &pack], arguments.as_slice()].concat());
        assert!(matches!(ran.code, Some(1 | 2)) && ran.out.is_empty() && ran.err.contains(part), "{part}: {ran}");
        assert_eq!(ran.err.lines().count(), 1, "{ran}");
    }
}

#[test]
fn a_change_of_packs_is_named_and_its_widening_found() {
    let desk = Desk::new();
    let old = shown(&shipped());
    let signed = "context.approvals >= 3 && context.author && context.counsel";
    let loose = desk.edited("loose", "policies.cedar", signed, "context.approvals >= 3 && context.author");
    let ran = desk.run_without_solver(&["diff", &old, &loose, "--cases", "50"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    for part in [
        "policies\n  changed  p-release-compelled\n    -   context.approvals >= 3 && context.author && context.counsel &&\n    +   context.approvals >= 3 && context.author &&\n",
        "court-without-choice / without counsel's opinion  WIDER",
        "WIDENS: the new pack allows what the old one does not",
    ] {
        assert!(ran.out.contains(part), "{part}: {ran}");
    }
    // The other way round it only narrows; without a solver that is no proof.
    let ran = desk.run_without_solver(&["diff", &loose, &old, "--cases", "50", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, found["widening"].as_str()), (Some(4), Some("tested not")), "{ran}");
    let same = desk.run_without_solver(&["diff", &old, &old, "--cases", "50"]);
    assert!(same.code == Some(4) && same.out.contains("worked requests: 0 of "), "{same}");
    assert!(same.out.contains("found nothing wider: tested, not proved (there is no "), "{same}");
}

#[test]
fn without_a_solver_invariants_are_tested_and_nothing_is_called_proved() {
    let desk = Desk::new();
    let prove = |pack: &str| desk.run_without_solver(&["prove", pack, "--cases", "1500", "--seed", "7"]);
    let ran = prove(&shown(&shipped()));
    assert_eq!(ran.code, Some(4), "{ran}");
    assert!(ran.err.contains("nothing is proved: ") && ran.err.contains("seed 7"), "{ran}");
    assert!(ran.out.contains("tested, not proved: 28 invariants on 1500 cases, "), "{ran}");
    assert!(!ran.out.contains("proved   ") && !ran.out.contains("REFUTED"), "{ran}");
    // Fewer cases than it takes to meet every invariant: those not met are named, and counted apart.
    let untried = ran.out.lines().filter(|line| line.starts_with("UNTRIED  ")).count();
    assert!(ran.out.contains(&format!("; {untried} invariants untried; ")), "{ran}");
    let weak = desk.edited(
        "weak",
        "policies.cedar",
        "context.approvals >= 2 && context.author && (context.out_of_reach",
        "context.approvals >= 2 && (context.out_of_reach",
    );
    let ran = prove(&weak);
    assert!(ran.code == Some(1) && ran.out.contains("REFUTED  home-author-and-distance: "), "{ran}");
}

#[test]
fn a_pack_is_made_from_another_by_its_edits_and_only_narrows() {
    let desk = Desk::new();
    let strict = workspace_root().join("packs/policy/max-protection");
    let copy = desk.folder.path().join("strict");
    copy_folder(&strict, &copy);
    fs::remove_file(copy.join("policies.cedar")).unwrap();
    let (base, made) = (shown(&shipped()), shown(&copy));
    let ran = desk.run(&["derive", &base, &made]);
    assert!(ran.code == Some(0) && ran.out.contains("max-protection 20"), "{ran}");
    for file in ["policies.cedar", "pack.json", "schema.cedarschema", "invariants.json"] {
        assert_eq!(fs::read(copy.join(file)).unwrap(), fs::read(strict.join(file)).unwrap(), "{file}");
    }
    let ran = desk.run(&["golden", &made]);
    assert!(ran.code == Some(0) && ran.out.contains("passed          48\n"), "{ran}");
    let ran = desk.run_without_solver(&["diff", &base, &made, "--cases", "50"]);
    assert!(ran.code == Some(4) && ran.out.contains("found nothing wider: tested, not proved"), "{ran}");
    assert!(ran.out.contains("  added    f-intelligence-never\n") && !ran.out.contains("WIDER"), "{ran}");
    // Of another pack, or with an edit that no longer fits, nothing is written.
    let before = fs::read(copy.join("policies.cedar")).unwrap();
    let ran = desk.run(&["derive", &made, &made]);
    assert!(ran.code == Some(1) && ran.err.contains("is about `eea-custodian`"), "{ran}");
    let edits = fs::read_to_string(copy.join("derivation.json")).unwrap();
    fs::write(copy.join("derivation.json"), edits.replacen("\"times\": 10", "\"times\": 9", 1)).unwrap();
    let ran = desk.run(&["derive", &base, &made]);
    assert!(ran.code == Some(1) && ran.err.contains("stands 10 times in policies.cedar, not 9"), "{ran}");
    assert_eq!(fs::read(copy.join("policies.cedar")).unwrap(), before);
}

/// The program beside a prover that answers with this exit code, on the pack and an equal copy of it.
#[cfg(unix)]
fn diff_beside_a_prover(code: u8, arguments: &[&str]) -> Ran {
    use std::os::unix::fs::PermissionsExt as _;
    let built = Path::new(env!("CARGO_BIN_EXE_countersign"));
    // Beside the real program may lie the real prover: this is a place of its own, on the same disk.
    let place = tempfile::tempdir_in(built.parent().unwrap()).unwrap();
    let own = place.path().join("countersign");
    fs::hard_link(built, &own).unwrap();
    let prover = place.path().join("countersign-prove");
    fs::write(&prover, format!("#!/bin/sh\necho asked \"$1\" \"$2\"\nexit {code}\n")).unwrap();
    fs::set_permissions(&prover, fs::Permissions::from_mode(0o755)).unwrap();
    let pack = shown(&shipped());
    let mut command = std::process::Command::new(own);
    Ran::from(command.args(["policy", "diff", &pack, &pack, "--cases", "20"]).args(arguments).output().unwrap())
}

#[cfg(unix)]
#[test]
fn a_change_of_packs_is_called_what_the_prover_found() {
    for (code, exit, word, sentence) in [
        (0, 0, "proved not", "does not widen: proved for every request there can be"),
        (1, 1, "proved", "WIDENS: the new pack allows what the old one does not"),
        (3, 4, "tested not", "tested, not proved (the prover gave up, exit code 3)"),
        (4, 4, "tested not", "tested, not proved (there is no solver; "),
    ] {
        let ran = diff_beside_a_prover(code, &[]);
        assert_eq!(ran.code, Some(exit), "{ran}");
        assert!(ran.out.contains("asked ") && ran.out.contains("--against") && ran.out.contains(sentence), "{ran}");
        let ran = diff_beside_a_prover(code, &["--json"]);
        let found: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!((ran.code, found["widening"].as_str()), (Some(exit), Some(word)), "{ran}");
    }
}

#[test]
fn a_name_without_a_folder_is_a_file_of_the_place_where_one_is() {
    let desk = Desk::new();
    let here = desk.folder.path();
    let ran =
        command(here, &["policy", "bundle", &shown(&shipped()), "--out", "bundle.json"]).current_dir(here).output();
    let ran = Ran::from(ran.unwrap());
    assert!(ran.code == Some(0) && here.join("bundle.json").is_file(), "{ran}");
}
