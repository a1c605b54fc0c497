//! The programmes and issuers we know, compiled from OpenSanctions' table (MIT; see `data/NOTICE.md`) by `examples/compile-data.rs`.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::designation::Basis;

static PROGRAMMES: &str = include_str!("../data/programmes.tsv");
static ISSUERS: &str = include_str!("../data/issuers.tsv");

/// One programme.
#[derive(Clone, Copy, Debug)]
pub struct Programme {
    /// Its key, such as `EU-LBY`.
    pub key: &'static str,
    /// Key of its issuer.
    pub issuer: &'static str,
    /// What it is called.
    pub title: &'static str,
    aliases: &'static str,
}

/// Lists of one state about its own enemies or wanted persons.
const CRIMINAL: [&str; 6] = ["IN-UAPA", "PK-ATA1997", "TH-SEC-7", "VN-TERROR", "PH-AMLC", "CZ-TERR"];

/// Answers to other issuers' sanctions.
const COUNTER: [&str; 9] =
    ["CN-CML", "CN-UEL", "CN-ECL", "CN-ECWL", "CN-TAO-ACCOMP", "CN-TAO-DIEHARD", "RU-MFA", "IR-MFA-SANC", "IR-MFA"];

/// Programmes of the Union (and others) that also carry out a list of the Security Council.
pub(crate) const CARRIES_OUT_UN: [&str; 16] = [
    "EU-TAQA-EUAQ",
    "EU-AFG",
    "EU-PRK",
    "EU-LBY",
    "EU-COD",
    "EU-SDN",
    "EU-SSD",
    "EU-YEM",
    "EU-SOM",
    "EU-CAF",
    "EU-IRQ",
    "EU-GNB",
    "EU-HTI",
    "EU-MLI",
    "EU-IRN",
    "EU-HARIRI",
];

static ROWS: LazyLock<Vec<Programme>> = LazyLock::new(|| {
    PROGRAMMES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut cells = line.split('\t');
            Some(Programme { key: cells.next()?, issuer: cells.next()?, title: cells.next()?, aliases: cells.next()? })
        })
        .collect()
});

static TERRITORIES: LazyLock<HashMap<&'static str, (&'static str, &'static str)>> = LazyLock::new(|| {
    let cells = |line: &'static str| {
        let mut cells = line.split('\t');
        Some((cells.next()?, (cells.next()?, cells.next()?)))
    };
    ISSUERS.lines().filter(|line| !line.starts_with('#')).filter_map(cells).collect()
});

impl Programme {
    /// On what listings under it rest.
    pub fn basis(&self) -> Basis {
        match self.key {
            _ if self.issuer == "zz_unsc" => Basis::UnMandate,
            "INTERPOL-RN" => Basis::RedNotice,
            key if COUNTER.contains(&key) => Basis::Counter,
            key if CRIMINAL.contains(&key) => Basis::Criminal,
            _ => Basis::Autonomous,
        }
    }
}

/// The programme with this key, or the one of `issuer` that lists print as `code`.
pub fn find(code: &str, issuer: &str) -> Option<&'static Programme> {
    let code = code.trim();
    ROWS.iter().find(|row| row.key == code).or_else(|| {
        ROWS.iter()
            .find(|row| row.issuer == issuer && row.aliases.split('|').any(|alias| alias.eq_ignore_ascii_case(code)))
    })
}

/// Territory of an issuer, `zz` when the table does not know it or it stands above states.
pub fn territory_of(issuer: &str) -> &'static str {
    TERRITORIES.get(issuer).map_or("zz", |(territory, _)| *territory)
}

/// What an issuer is called, when the table knows it.
pub fn issuer_name(issuer: &str) -> Option<&'static str> {
    TERRITORIES.get(issuer).map(|(_, name)| *name)
}

/// Key of the issuer with this name, when the table knows it.
pub fn issuer_called(name: &str) -> Option<&'static str> {
    let name = name.trim();
    let found = TERRITORIES.iter().find(|(key, (_, known))| **key == name || known.eq_ignore_ascii_case(name));
    found.map(|(key, _)| *key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_programme_has_an_issuer_of_the_table() {
        assert!(ROWS.len() > 250);
        for row in ROWS.iter() {
            assert!(row.issuer.is_empty() || issuer_name(row.issuer).is_some(), "{}: `{}`", row.key, row.issuer);
        }
        for key in CARRIES_OUT_UN {
            assert!(find(key, "").is_some(), "{key}");
        }
    }

    #[test]
    fn codes_of_lists_are_found_among_their_issuers_programmes() {
        assert_eq!(find("SDGT", "us_ofac").map(|row| row.key), Some("US-TERR"));
        assert_eq!(find("IRAN-HR", "us_ofac").map(|row| row.key), Some("US-IRAN"));
        assert_eq!(find("SDGT", "eu_council").map(|row| row.key), None);
        assert_eq!((territory_of("eu_council"), territory_of("zz_unsc"), territory_of("nobody")), ("eu", "zz", "zz"));
    }
}
