#![no_main]
//! Lists, client files and names of foreign bytes: every row becomes an entity, a query or a named fault, and nothing panics.
use countersign_core::time::Timestamp;
use countersign_screen::clients::Clients;
use countersign_screen::entity::Kind;
use countersign_screen::index::Index;
use countersign_screen::read::{eu::EuReader, ftm, ofac, ofac_advanced, uk, un};
use countersign_screen::screen::Query;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((form, bytes)) = data.split_first() else { return };
    match form % 8 {
        0 => drop(un::read("un.xml", bytes)),
        1 => {
            let mut reader = EuReader::default();
            if reader.add("eu.csv", bytes).is_ok() {
                let _ = Index::new(reader.finish().entities);
            }
        }
        2 => drop(ofac::read(ofac::OfacFiles { primary: ("sdn.csv", bytes), aliases: Some(("alt.csv", bytes)), ..Default::default() })),
        3 => drop(ofac_advanced::read("sdn_advanced.xml", bytes)),
        4 => drop(uk::read("uk.csv", bytes)),
        5 => drop(ftm::read("ftm", "entities.ftm.json", bytes, Timestamp::MIN.date())),
        6 => {
            let mut clients = Clients::json("clients.jsonl", bytes);
            while let Ok(Some(row)) = clients.next_row() {
                assert!(row.query.is_some() || !row.faults.is_empty());
            }
        }
        _ => {
            let Ok(text) = std::str::from_utf8(bytes) else { return };
            let index = Index::new(Vec::new());
            let _ = index.screen(&Query::by_name("fuzz", Kind::Person, text), 0.0);
        }
    }
});
