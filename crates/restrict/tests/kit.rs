//! What the tests share: days, the shipped packs, clients from columns.

use countersign_core::time::Date;
use countersign_restrict::client::Facts;
use countersign_restrict::pack::Pack;
use countersign_restrict::population::{BadRow, PopulationError, Read, csv};
use countersign_testkit::require::workspace_root;
use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;

pub(crate) const SHIPPED: [&str; 3] = ["eu-833-2014-art5b", "asset-freeze", "firm-notice-sample"];

pub(crate) fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

pub(crate) fn shipped_bytes(name: &str) -> Vec<u8> {
    fs::read(workspace_root().join(format!("packs/restrict/{name}.yaml"))).unwrap()
}

pub(crate) fn shipped(name: &str) -> Pack {
    static PACKS: LazyLock<BTreeMap<&str, Pack>> =
        LazyLock::new(|| SHIPPED.iter().map(|name| (*name, Pack::parse(&shipped_bytes(name)).unwrap())).collect());
    PACKS[name].clone()
}

/// A row of CSV from columns and values.
pub(crate) fn row(columns: &[(&str, &str)]) -> Result<Result<Facts, BadRow>, PopulationError> {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let values: Vec<String> = columns.iter().map(|(_, value)| format!("\"{}\"", value.replace('"', "\"\""))).collect();
    let text = format!("{}\n{}\n", names.join(","), values.join(","));
    let mut found = None;
    csv(text.as_bytes(), None, |read| {
        found = Some(match read {
            Read::Client(client) => Ok(client.facts),
            Read::Bad(bad) => Err(bad),
        });
    })?;
    Ok(found.unwrap())
}

/// A client from columns that must be good.
pub(crate) fn client(columns: &[(&str, &str)]) -> Facts {
    row(&[&[("account", "A-1")], columns].concat()).unwrap().unwrap()
}
