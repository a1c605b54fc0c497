//! Compiles the tables of `data/` from the sources named in `data/NOTICE.md`:
//! `cargo run -p countersign-screen --example compile-data -- SOURCE crates/screen/data`

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use countersign_screen::class;
use countersign_screen::letters;
use countersign_screen::sound::phonetic;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(source), Some(target)) = (arguments.next(), arguments.next()) else {
        return Err("say the source folder and the target folder".into());
    };
    fs::write(
        target.join("name_classes.bin"),
        name_classes(&fs::read_to_string(source.join("names/person_names.txt"))?),
    )?;
    fs::write(target.join("org_forms.tsv"), org_forms(&fs::read_to_string(source.join("names/org_types.json"))?)?)?;
    fs::write(target.join("programmes.tsv"), programmes(&source.join("programmes"))?)?;
    fs::write(target.join("issuers.tsv"), issuers(&source.join("issuers"))?)?;
    Ok(())
}

/// Classes in which more than one sound stands; what sounds alike needs no class.
fn name_classes(text: &str) -> Vec<u8> {
    let mut rows: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    let mut number = 0;
    for line in text.lines() {
        let Some((forms, _)) = line.split_once(" => ") else { continue };
        let mut keys = BTreeSet::new();
        let mut sounds = BTreeSet::new();
        for form in forms.split(", ") {
            if let [word] = letters::words(form, false).as_slice()
                && word.text.len() > 1
            {
                sounds.insert(phonetic(&word.text, word.abjad));
                keys.insert(if word.abjad { format!("~{}", word.text) } else { word.text.clone() });
            }
        }
        if sounds.len() > 1 {
            for key in keys {
                rows.entry(key).or_default().push(number);
            }
            number += 1;
        }
    }
    let rows: Vec<_> = rows.into_iter().collect();
    let table = class::encode(&rows);
    eprintln!("name classes: {number} classes, {} words, {} bytes", rows.len(), table.len());
    table
}

fn org_forms(text: &str) -> Result<String, Box<dyn std::error::Error>> {
    let types: Vec<serde_json::Value> = serde_json::from_str(text)?;
    let mut forms: BTreeMap<String, String> = BTreeMap::new();
    for kind in &types {
        let text = |key: &str| kind.get(key).and_then(|value| value.as_str());
        let Some(form) = text("generic").or(text("compare")).or(text("display")) else { continue };
        let form = letters::plain_words(form).concat();
        let aliases = kind
            .get("aliases")
            .and_then(|value| value.as_array())
            .into_iter()
            .flatten()
            .filter_map(|value| value.as_str());
        for alias in aliases.chain(text("display")).chain(text("compare")) {
            let words = letters::plain_words(alias);
            // `S.A.` is read as one word in names, so both spellings stand here.
            let joined = if words.iter().all(|word| word.len() == 1) { words.concat() } else { words.join(" ") };
            for spelling in [words.join(" "), joined] {
                if spelling.len() > 1 && !form.is_empty() {
                    forms.entry(spelling).or_insert_with(|| form.clone());
                }
            }
        }
    }
    let head = "# Compiled by examples/compile-data.rs from rigour's org_types (MIT); see NOTICE.md.\n";
    Ok(forms.iter().fold(head.to_owned(), |out, (alias, form)| out + alias + "\t" + form + "\n"))
}

/// The few keys of these small YAML files that we use.
fn yaml(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut key = String::new();
    for line in text.lines() {
        let unquoted = |value: &str| value.trim().trim_matches(['\'', '"']).to_owned();
        if let Some(item) = line.trim_start().strip_prefix("- ") {
            found.entry(key.clone()).or_default().push(unquoted(item));
        } else if let Some(more) = line.strip_prefix("  ") {
            if let Some(last) = found.get_mut(&key).and_then(|values| values.last_mut()) {
                last.push(' ');
                last.push_str(&unquoted(more));
            }
        } else if let Some((name, value)) = line.split_once(':') {
            name.clone_into(&mut key);
            if !value.trim().is_empty() {
                found.entry(key.clone()).or_default().push(unquoted(value));
            }
        }
    }
    found
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, std::io::Error> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|end| end == "yml"));
    files.sort();
    Ok(files)
}

fn programmes(folder: &Path) -> Result<String, std::io::Error> {
    let mut out = "# key, issuer, title, spellings. Compiled by examples/compile-data.rs from OpenSanctions' programmes (MIT); see NOTICE.md.\n".to_owned();
    for file in files(folder)? {
        let found = yaml(&fs::read_to_string(file)?);
        let one = |key: &str| found.get(key).and_then(|values| values.first()).cloned().unwrap_or_default();
        let aliases = found.get("aliases").cloned().unwrap_or_default().join("|");
        out.push_str(&format!("{}\t{}\t{}\t{aliases}\n", one("key"), one("issuer"), one("title")));
    }
    Ok(out)
}

fn issuers(folder: &Path) -> Result<String, std::io::Error> {
    let mut out = "# key, territory, name. Compiled by examples/compile-data.rs from OpenSanctions' issuers (MIT); see NOTICE.md.\n".to_owned();
    for file in files(folder)? {
        let found = yaml(&fs::read_to_string(&file)?);
        let one = |key: &str| found.get(key).and_then(|values| values.first()).cloned().unwrap_or_default();
        let key = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let territory = Some(one("territory"))
            .filter(|territory| territory != "null" && !territory.is_empty())
            .unwrap_or_else(|| "zz".to_owned());
        out.push_str(&format!("{key}\t{territory}\t{}\n", one("name")));
    }
    Ok(out)
}
