//! The packs that ship and their golden corpora, from their folders.

use countersign_policy::{Bundle, Decision, File};
use countersign_review::{Corpus, Expected, judge};
use std::path::PathBuf;

/// The corpus of the built-in pack.
pub(crate) fn corpus() -> Corpus {
    corpus_of("eea-custodian")
}

/// Folder of a pack.
pub(crate) fn folder(pack: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/policy")).join(pack)
}

/// A pack that is not built in.
pub(crate) fn pack(name: &str) -> Bundle {
    let files = ["pack.json", "policies.cedar", "schema.cedarschema"]
        .map(|file| File { name: file.to_owned(), text: std::fs::read_to_string(folder(name).join(file)).unwrap() });
    Bundle::parse(files.into()).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn corpus_of(pack: &str) -> Corpus {
    let folder = folder(pack).join("golden");
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
