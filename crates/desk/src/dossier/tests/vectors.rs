//! `vectors/desk/case-folder.json` and `vectors/desk/second-review.json`: a folder each, and what somebody might change in it.

use super::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    genesis: Digest,
    files: BTreeMap<String, String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    changes: Vec<Change>,
    list: String,
    genesis: Option<Digest>,
    expect: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    Remove(String),
    Put(String, String),
    Move(String, String),
    Copy(String, String),
    Replace(String, String, String),
}

fn changed(files: &Files, case: &Case) -> Files {
    let mut files = files.clone();
    for change in &case.changes {
        match change {
            Change::Remove(path) => drop(files.remove(path).unwrap()),
            Change::Put(path, text) => drop(files.insert(path.clone(), text.clone().into_bytes())),
            Change::Move(from, to) => {
                let bytes = files.remove(from).unwrap();
                files.insert(to.clone(), bytes);
            }
            Change::Copy(from, to) => {
                let bytes = files[from].clone();
                files.insert(to.clone(), bytes);
            }
            Change::Replace(path, old, new) => {
                let text = String::from_utf8(files[path].clone()).unwrap();
                assert_eq!(text.matches(old.as_str()).count(), 1, "{}: {path}", case.name);
                files.insert(path.clone(), text.replace(old.as_str(), new).into_bytes());
            }
        }
    }
    if case.list == "new" { listed(files) } else { files }
}

#[test]
fn folders_hold_differ_or_are_at_fault_as_the_vectors_say() {
    check(include_str!("../../../../../vectors/desk/case-folder.json"));
}

#[test]
fn folders_of_drawn_cases_do_too() {
    check(include_str!("../../../../../vectors/desk/second-review.json"));
}

fn check(text: &str) {
    let vectors: Vectors = serde_json::from_str(text).unwrap();
    let files: Files = vectors.files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
    let bad = vectors.cases.iter().filter(|case| !["holds", "differs"].contains(&case.expect.as_str())).count();
    assert!(bad > vectors.cases.len() - bad);
    for case in &vectors.cases {
        let found = match replay(&changed(&files, case), Some(case.genesis.as_ref().unwrap_or(&vectors.genesis))) {
            Ok(replayed) => if replayed.differs().is_some() { "differs" } else { "holds" }.to_owned(),
            Err(fault) => fault.file,
        };
        assert_eq!(found, case.expect, "{}", case.name);
    }
}
