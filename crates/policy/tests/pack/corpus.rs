//! The golden corpus of the built-in pack, from its folder.

use countersign_policy::{Bundle, Decision};
use countersign_review::{Corpus, Expected, judge};
use std::path::PathBuf;

pub(crate) fn corpus() -> Corpus {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/policy/eea-custodian/golden"));
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "json") && !path.ends_with("cast.json"))
        .collect();
    files.sort();
    let text = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
    let named: Vec<(String, String)> = files.iter().map(|path| (path.display().to_string(), text(path))).collect();
    Corpus::parse(&text(&folder.join("cast.json")), &named).unwrap_or_else(|error| panic!("{error}"))
}

/// Every decision of the corpus under `bundle`, with its name and expectation.
pub(crate) fn decisions(bundle: &Bundle, corpus: &Corpus) -> Vec<(String, Decision, Expected)> {
    let report = judge(bundle, corpus);
    report
        .decisions
        .into_iter()
        .map(|judged| (judged.name(), judged.decision.clone(), judged.expected.clone()))
        .collect()
}
