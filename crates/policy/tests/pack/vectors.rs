//! The shared vectors of `vectors/policy`.

use countersign_core::directory::Directory;
use countersign_core::facts::Facts;
use countersign_core::id::Digest;
use countersign_core::json::{Document, Exact};
use countersign_policy::{Bundle, BundleError};
use serde::Deserialize;

fn read<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let path = format!("{}/../../vectors/policy/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bundles {
    format: String,
    note: String,
    digest: Digest,
    vectors: Vec<Edited>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edited {
    name: String,
    error: Option<String>,
    edits: Vec<Edit>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    file: String,
    old: String,
    new: String,
}

#[test]
fn bundles() {
    let file: Bundles = read("bundle");
    assert!(file.format == "countersign/vectors/policy/bundle" && !file.note.is_empty());
    let built_in = Bundle::builtin_eea_custodian().unwrap();
    assert_eq!(built_in.digest(), file.digest, "the pack was changed: write its new digest into the vectors");
    for vector in file.vectors {
        let mut files = built_in.files().to_vec();
        for edit in &vector.edits {
            let text = &mut files.iter_mut().find(|file| file.name == edit.file).unwrap().text;
            assert!(text.contains(&edit.old), "{}: nothing to replace", vector.name);
            *text = text.replace(&edit.old, &edit.new);
        }
        let found = Bundle::parse(files).err().map(|error| match error {
            BundleError::Document(_) => "document",
            BundleError::Files(_) => "files",
            BundleError::Pack(_) => "pack",
            BundleError::Schema(_) => "schema",
            BundleError::Policies(_) => "policies",
            BundleError::Annotation { .. } => "annotation",
        });
        assert_eq!(found, vector.error.as_deref(), "{}", vector.name);
    }
}

#[test]
fn a_bundle_travels_as_one_document() {
    let bundle = Bundle::builtin_eea_custodian().unwrap();
    let text = bundle.to_document().unwrap();
    let again = Bundle::from_document(text.as_bytes()).unwrap();
    assert_eq!((again.digest(), again.files()), (bundle.digest(), bundle.files()));
    assert_eq!(again.to_document().unwrap(), text);
    assert!(text.starts_with(r#"{"v":"countersign/policy-bundle/v1","files":[{"name":"pack.json","text":""#));
    for damaged in [
        text.replacen("pack.json", "pack2.json", 1),
        text.replacen(",\"files\"", ", \"files\"", 1),
        text.replacen("policy-bundle/v1", "policy-bundle/v2", 1),
        text[..text.len() - 1].to_owned(),
        format!("{text}\n"),
        String::new(),
    ] {
        assert!(Bundle::from_document(damaged.as_bytes()).is_err());
    }
    let mut files = bundle.files().to_vec();
    files.reverse();
    assert_eq!(Bundle::parse(files.clone()).unwrap().digest(), bundle.digest(), "the order of the files is ours");
    files.push(files[0].clone());
    assert!(matches!(Bundle::parse(files), Err(BundleError::Files(_))));
    assert!(matches!(Bundle::parse(Vec::new()), Err(BundleError::Files(_))));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Documents {
    format: String,
    vectors: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    name: String,
    text: String,
    /// Digest of a document that parses; nothing for one that must not.
    digest: Option<Digest>,
}

fn documents<T: Document + std::fmt::Debug>(name: &str) {
    let file: Documents = read(name);
    assert_eq!(file.format, format!("countersign/vectors/policy/{name}"));
    for vector in file.vectors {
        let parsed = Exact::<T>::parse(vector.text.as_bytes());
        assert_eq!(parsed.as_ref().ok().map(Exact::digest), vector.digest, "{}: {parsed:?}", vector.name);
    }
}

#[test]
fn facts() {
    documents::<Facts>("facts");
}

#[test]
fn directories() {
    documents::<Directory>("directory");
}

/// The examples on the formats' pages are documents.
#[test]
fn examples_of_the_pages_parse() {
    let example =
        |page: &str, start: &str| page.lines().map(str::trim).find(|line| line.starts_with(start)).unwrap().to_owned();
    let facts = example(include_str!("../../../../docs/formats/facts.md"), r#"{"v":"countersign/facts/v1""#);
    Exact::<Facts>::parse(facts.as_bytes()).unwrap();
    let directory =
        example(include_str!("../../../../docs/formats/directory.md"), r#"{"v":"countersign/directory/v1""#);
    Exact::<Directory>::parse(directory.as_bytes()).unwrap();
}
