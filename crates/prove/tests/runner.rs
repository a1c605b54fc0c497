//! The program on the pack that ships, and on copies of it that were made weaker.

use countersign_testkit::require;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PACK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/policy/eea-custodian");

fn prove(arguments: &[&str], solver: Option<&str>) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign-prove"));
    command.args(arguments);
    if let Some(solver) = solver {
        command.env("CVC5", solver);
    }
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap())
}

/// A copy of the pack with an edit of its policies.
fn edited(folder: &Path, old: &str, new: &str) -> PathBuf {
    for name in ["schema.cedarschema", "policies.cedar", "invariants.json"] {
        std::fs::copy(Path::new(PACK).join(name), folder.join(name)).unwrap();
    }
    let policies = std::fs::read_to_string(folder.join("policies.cedar")).unwrap();
    assert!(policies.contains(old), "{old}");
    std::fs::write(folder.join("policies.cedar"), policies.replace(old, new)).unwrap();
    folder.to_owned()
}

#[test]
fn every_invariant_of_the_pack_is_proved_and_can_be_broken() {
    let Some(_) = require::program("cvc5") else { return };
    let (code, said) = prove(&[PACK], None);
    assert_eq!(code, Some(0), "{said}");
    let proved = said.lines().filter(|line| line.starts_with("proved ")).count();
    assert!(proved > 12 && said.contains("never-errs: none of the "), "{said}");
    assert_eq!(said.matches("weakened, it would allow: ").count(), proved - 1, "{said}");
}

#[test]
fn a_weakened_pack_is_refuted_with_a_request_that_breaks_it() {
    let Some(_) = require::program("cvc5") else { return };
    let folder = tempfile::tempdir().unwrap();
    let signed = "context.approvals >= 3 && context.author";
    let weak = edited(folder.path(), &format!("{signed} && context.counsel"), signed);
    let weak = weak.to_str().unwrap();
    let (code, said) = prove(&[weak, "--only", "compelled"], None);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("REFUTED  compelled-counsel") && said.contains("context.counsel = false"), "{said}");
    // The same edit, seen as a change of packs: wider one way, narrower the other.
    let (code, said) = prove(&[weak, "--against", PACK], None);
    assert!(code == Some(1) && said.contains("WIDENED  release") && said.contains("proved   propose"), "{said}");
    let (code, said) = prove(&[PACK, "--against", weak], None);
    assert_eq!(code, Some(0), "{said}");
}

/// A gate that errs is skipped by the engine: whatever it forbids would be allowed.
#[test]
fn a_policy_that_may_err_is_named() {
    let Some(_) = require::program("cvc5") else { return };
    let folder = tempfile::tempdir().unwrap();
    let over = "resource.asked_subjects > context.caps.court";
    let erring = edited(folder.path(), over, "resource.asked_subjects * 2 > context.caps.court");
    let (code, said) = prove(&[erring.to_str().unwrap()], None);
    assert!(code == Some(1) && said.contains("REFUTED  never-errs: these may err: n-cap-court"), "{said}");
}

/// The stricter pack, with more invariants, allows nothing that the pack it was made from does not.
#[test]
fn the_stricter_pack_keeps_its_invariants_and_widens_nothing() {
    let Some(_) = require::program("cvc5") else { return };
    let strict = Path::new(PACK).with_file_name("max-protection");
    let strict = strict.to_str().unwrap();
    let (code, said) = prove(&[strict], None);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("proved   intelligence-never") && said.contains("all proved: 34 invariants"), "{said}");
    // Comments of the schemas differ, declarations do not.
    let (code, said) = prove(&[strict, "--against", PACK], None);
    assert_eq!((code, said.matches("nothing is allowed that was not").count()), (Some(0), 5), "{said}");
    let (code, said) = prove(&[PACK, "--against", strict], None);
    assert!(code == Some(1) && said.contains("WIDENED  propose") && said.contains("WIDENED  release"), "{said}");
}

/// Of the mutants that no test notices, those called equal are proved so (here every twentieth, all of them by the command);
/// one that is not is told apart.
#[test]
fn mutants_called_equal_are_equal() {
    let Some(_) = require::program("cvc5") else { return };
    let folder = tempfile::tempdir().unwrap();
    let weak = edited(folder.path(), "// Policies", "// The policies");
    std::fs::copy(Path::new(PACK).join("pack.json"), weak.join("pack.json")).unwrap();
    let listed: serde_json::Value =
        serde_json::from_slice(&std::fs::read(Path::new(PACK).join("mutants.json")).unwrap()).unwrap();
    let mut sample: std::collections::BTreeSet<&str> =
        listed["equal"].as_array().unwrap().iter().step_by(20).map(|name| name.as_str().unwrap()).collect();
    // An authority of which nobody knows what it is, is in the weak lane, and what is there escalates anyway.
    sample.insert("f-authority-unknown: escalates");
    let list = serde_json::json!({"equal": sample, "survivors": []});
    std::fs::write(weak.join("mutants.json"), list.to_string()).unwrap();
    let (code, said) = prove(&[weak.to_str().unwrap(), "--mutants"], None);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("{} proved equal (0 of them not listed as such), 0 not", sample.len())), "{said}");
    let list = |equal: &str| format!("{{\"equal\": [{equal}], \"survivors\": []}}");
    std::fs::write(weak.join("mutants.json"), list("\"f-dragnet: the policy is lost\"")).unwrap();
    let (code, said) = prove(&[weak.to_str().unwrap(), "--mutants"], None);
    assert!(code == Some(1) && said.contains("NOT PROVED  f-dragnet: the policy is lost"), "{said}");
    std::fs::write(weak.join("mutants.json"), list("\"f-dragnet: no such\"")).unwrap();
    let (code, said) = prove(&[weak.to_str().unwrap(), "--mutants"], None);
    assert!(code == Some(3) && said.contains("the pack has no mutant `f-dragnet: no such`"), "{said}");
}

#[test]
fn without_a_solver_nothing_is_called_proved() {
    let (code, said) = prove(&[PACK], Some("/nonexistent/cvc5"));
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("install cvc5") && !said.contains("proved "), "{said}");
}

#[test]
fn a_pack_that_cannot_be_read_is_refused_before_anything_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = prove(&[folder.path().to_str().unwrap()], None);
    assert!(code == Some(3) && said.contains("schema.cedarschema"), "{said}");
    let (code, said) = prove(&[PACK, "--only", "no-such-name"], None);
    assert!(code == Some(3) && said.contains("no invariant has that in its name"), "{said}");
}
