//! The public lists themselves. They are not part of the repository: `COUNTERSIGN_SCREEN_DATA` names a folder with `eu/`, `un/`, `ofac/`,
//! `people/`, `pairs/`; without it each of these tests says in one line that it did not run.

use std::path::{Path, PathBuf};

use countersign_screen::entity::Entity;
use countersign_screen::quality::data::Data;
use countersign_screen::read::{Lost, Reading, eu::EuReader, ofac, un};

pub(crate) fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("COUNTERSIGN_SCREEN_DATA").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("SKIPPED: COUNTERSIGN_SCREEN_DATA does not name the folder of public lists");
    }
    folder
}

pub(crate) fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn eu(folder: &Path) -> Reading {
    let mut reader = EuReader::default();
    for part in ["consolidated", "amendments"] {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(folder.join("eu").join(part)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            reader.add(&file.file_name().unwrap().to_string_lossy(), &bytes(&file)).unwrap();
        }
    }
    reader.finish()
}

pub(crate) fn un(folder: &Path) -> Reading {
    un::read("UN_consolidated.xml", &bytes(&folder.join("un/UN_consolidated.xml"))).unwrap()
}

pub(crate) fn ofac(folder: &Path, prefix: &str) -> Reading {
    let file = |name: &str| bytes(&folder.join("ofac").join(name));
    let names = if prefix.is_empty() {
        ["sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv"]
    } else {
        ["cons_prim.csv", "cons_alt.csv", "cons_add.csv", ""]
    };
    let [primary, aliases, addresses] = [file(names[0]), file(names[1]), file(names[2])];
    let comments = if prefix.is_empty() { file(names[3]) } else { Vec::new() };
    ofac::read(ofac::OfacFiles {
        primary: (names[0], &primary),
        aliases: Some((names[1], &aliases)),
        addresses: Some((names[2], &addresses)),
        comments: Some((names[3], &comments)),
    })
    .unwrap()
}

pub(crate) fn all(folder: &Path) -> Vec<Entity> {
    Data::read(folder).unwrap().entities
}

fn show(name: &str, reading: &Reading) {
    let lost = |lost| reading.faults.iter().filter(|fault| fault.lost == lost).count();
    let names: usize = reading.entities.iter().map(|entity| entity.names.len()).sum();
    println!(
        "{name}: {} rows, {} entities, {names} names, {} rows rejected, {} values left out",
        reading.rows,
        reading.entities.len(),
        lost(Lost::Row),
        lost(Lost::Value)
    );
    for fault in &reading.faults {
        println!("  {fault}");
    }
}

#[test]
fn the_european_annexes_are_read() {
    let Some(folder) = folder() else { return };
    let reading = eu(&folder);
    show("EU", &reading);
    assert!(reading.rows > 8_000 && reading.entities.len() > 6_500);
    assert!(reading.faults.iter().filter(|fault| fault.lost == Lost::Row).count() < 40);
}

#[test]
fn the_list_of_the_security_council_is_read() {
    let Some(folder) = folder() else { return };
    let reading = un(&folder);
    show("UN", &reading);
    assert_eq!(reading.rows, 1_003);
    assert_eq!(reading.entities.len(), 1_003);
}

#[test]
fn the_lists_of_ofac_are_read() {
    let Some(folder) = folder() else { return };
    let reading = ofac(&folder, "");
    show("OFAC SDN", &reading);
    assert!(reading.entities.len() > 8_900);
    let cons = ofac(&folder, "cons_");
    show("OFAC consolidated", &cons);
    assert!(cons.entities.len() > 400);
}
