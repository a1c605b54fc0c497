//! The shared vectors of the clients' file (`vectors/desk/clients-csv.json`), and bytes nobody planned.

use super::clients::Client;
use super::columns::COLUMNS;
use super::rows::Rows;
use super::*;
use countersign_core::encoding::{hex, unhex};
use countersign_store::memory::MemoryStore;
use proptest::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Cursor;

#[derive(Deserialize)]
struct Vectors {
    key: String,
    references: Vec<Reference>,
    good: Vec<Good>,
    bad: Vec<Bad>,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Reference {
    Account { account: String, tag: String },
    Address { chain: String, address: String, tag: String },
}

#[derive(Deserialize)]
struct Good {
    name: String,
    file_hex: String,
    options: Options,
    clients: Vec<Expected>,
}

#[derive(Deserialize)]
struct Bad {
    name: String,
    file_hex: String,
    options: Options,
    error: String,
}

#[derive(Deserialize)]
struct Options {
    #[serde(default)]
    map: Vec<(String, String)>,
    #[serde(default)]
    ignore: Vec<String>,
    delimiter: Option<char>,
}

#[derive(Deserialize)]
struct Expected {
    account: String,
    reference: String,
    #[serde(default)]
    client_key: Option<String>,
    entries: BTreeMap<String, String>,
}

impl Options {
    fn read(self) -> CsvOptions {
        CsvOptions {
            map: self.map,
            ignore: self.ignore,
            delimiter: self.delimiter.map_or(b',', |delimiter| delimiter as u8),
            bad_rows: BadRows::Refuse,
        }
    }
}

fn vectors() -> (Vectors, ReferenceKey) {
    let vectors: Vectors = serde_json::from_str(include_str!("../../../../vectors/desk/clients-csv.json")).unwrap();
    let key = ReferenceKey::from_bytes(&unhex(&vectors.key).unwrap());
    (vectors, key)
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
}

/// What the import says before it stores anything.
async fn said(file: &[u8], options: &CsvOptions, key: &ReferenceKey) -> Result<u64, String> {
    match check_clients(Cursor::new(file), options, key, &MemoryStore::default()).await {
        Ok(checked) if checked.rejected.count == 0 => Ok(checked.rows),
        Ok(checked) => Err(ImportError::Rows(checked.rejected).to_string()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn references_are_those_of_the_vectors() {
    let (vectors, key) = vectors();
    for reference in vectors.references {
        let (found, tag) = match reference {
            Reference::Account { account, tag } => (key.account(&account), tag),
            Reference::Address { chain, address, tag } => (key.address(&chain, &address), tag),
        };
        assert_eq!(hex(&found), tag);
    }
}

#[tokio::test]
async fn good_files_give_the_entries_of_the_vectors() {
    let (vectors, key) = vectors();
    for good in vectors.good {
        let (file, options) = (bytes(&good.file_hex), good.options.read());
        assert_eq!(said(&file, &options, &key).await, Ok(good.clients.len() as u64), "{}", good.name);
        let mut rows = Rows::open(Cursor::new(&file), COLUMNS, &options).unwrap();
        for expected in good.clients {
            let row = rows.next().unwrap().unwrap().unwrap();
            assert_eq!(row.value("account"), expected.account, "{}", good.name);
            let client = Client::new(&row, &key);
            assert_eq!(hex(&client.reference), expected.reference, "{}", good.name);
            assert_eq!(client.client_key.map(|key| key.to_hex()), expected.client_key, "{}", good.name);
            let entries = client
                .contents
                .iter()
                .map(|(class, content)| (class.to_string(), String::from_utf8(content.to_vec()).unwrap()))
                .collect::<BTreeMap<_, _>>();
            assert_eq!(entries, expected.entries, "{}", good.name);
        }
    }
}

#[tokio::test]
async fn bad_files_are_refused_in_the_words_of_the_vectors() {
    let (vectors, key) = vectors();
    assert!(vectors.bad.len() > 2 * vectors.good.len());
    for bad in vectors.bad {
        let said = said(&bytes(&bad.file_hex), &bad.options.read(), &key).await;
        assert_eq!(said, Err(bad.error), "{}", bad.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever the file, reading it ends, and a file that is accepted gives entries that are JSON objects.
    #[test]
    fn any_bytes_are_read_or_refused(
        rows in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..12),
        plain in any::<bool>(),
    ) {
        let key = ReferenceKey::from_bytes(&[1; 32]);
        let mut file = b"account,primaryIdentifier,notes\n".to_vec();
        for row in rows {
            file.extend(row.iter().map(|byte| if plain { b"A1\",\n\r \\\xc3\xa9"[usize::from(*byte) % 10] } else { *byte }));
            file.push(b'\n');
        }
        let Ok(mut rows) = Rows::open(Cursor::new(&file), COLUMNS, &CsvOptions::default()) else { return Ok(()) };
        let mut last = 1;
        while let Some(next) = rows.next().unwrap() {
            match next {
                Ok(row) => {
                    prop_assert!(row.line >= last);
                    last = row.line;
                    for (_, content) in Client::new(&row, &key).contents {
                        prop_assert!(serde_json::from_slice::<BTreeMap<String, String>>(&content).is_ok());
                    }
                }
                Err(bad) => {
                    prop_assert!(bad.line >= last);
                    last = bad.line;
                }
            }
        }
        prop_assert_eq!(rows.digest(), countersign_core::digest::plain(&file));
    }
}
