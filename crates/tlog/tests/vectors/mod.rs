//! The vectors under `vectors/tlog`: made here from fixed keys, checked here, read by every other implementation. They pin the exact
//! bytes of every format. `COUNTERSIGN_WRITE_VECTORS=1` writes them again.

mod checkpoints;
mod control_signatures;
mod leaves;
mod merkle;
mod notes;
mod policies;
mod proofs;
mod tiles;
mod witnesses;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::PathBuf;

use countersign_tlog::note::SignatureLine;
use serde_json::{Map, Value, json};

/// Time of the first cosignature wherever times matter.
const T: u64 = 1_800_000_000;

/// The cases of one file. Every rule has a case of its own, and more cases must fail than must pass.
struct Cases {
    about: &'static str,
    cases: Vec<Value>,
}

impl Cases {
    fn new(about: &'static str) -> Self {
        Self { about, cases: Vec::new() }
    }

    /// Checks a case and keeps it with what an implementation is given; a case that must fail is kept with our error.
    fn add<T, E: Display>(&mut self, name: impl Display, ok: bool, found: &Result<T, E>, given: Value) {
        let error = found.as_ref().err().map(ToString::to_string);
        assert_eq!(error.is_none(), ok, "{name}: {error:?}");
        let mut case = Map::from_iter([("name".to_owned(), json!(name.to_string())), ("ok".to_owned(), json!(ok))]);
        case.extend(error.map(|error| ("error".to_owned(), json!(error))));
        case.extend(given.as_object().expect("an object").clone());
        self.cases.push(case.into());
    }

    /// Compares with the file, or writes it.
    fn keep(self, file: &str) {
        let Self { about, cases } = self;
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors/tlog").join(file);
        let bad = cases.iter().filter(|case| case["ok"] == false).count();
        assert!(bad * 2 > cases.len(), "{file}: only {bad} of {} cases are bad", cases.len());
        let names: BTreeSet<_> = cases.iter().map(|case| case["name"].as_str().unwrap()).collect();
        assert_eq!(names.len(), cases.len(), "{file}: a name stands twice");
        if std::env::var_os("COUNTERSIGN_WRITE_VECTORS").is_some() {
            let cases = cases.iter().map(Value::to_string).collect::<Vec<_>>().join(",\n");
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, format!("{{\"about\":{},\"cases\":[\n{cases}\n]}}\n", json!(about))).unwrap();
        }
        let kept = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let kept: Value = serde_json::from_slice(&kept).unwrap();
        assert_eq!(kept["about"], about, "{file}");
        let kept = kept["cases"].as_array().unwrap();
        for (kept, made) in kept.iter().zip(&cases) {
            assert_eq!(kept, made, "{file} differs from what the code makes");
        }
        assert_eq!(kept.len(), cases.len(), "{file} has another number of cases than the code makes");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The line with one bit of its signature changed.
fn changed(line: &SignatureLine, at: usize) -> SignatureLine {
    let mut line = line.clone();
    line.signature[at] ^= 1;
    line
}

/// The line with the order of the group added to S: the same signature to who does not look at the size of S.
fn malleated(line: &SignatureLine) -> SignatureLine {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut line = line.clone();
    let start = line.signature.len() - 32;
    let mut carry = 0;
    for (byte, add) in line.signature[start..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    line
}
