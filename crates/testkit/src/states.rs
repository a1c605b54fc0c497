//! Names for the invented states.

use countersign_core::country::Country;

/// The name of an invented state as samples use it; for a real state, its own.
///
/// `XA` to `XF` count as members of the custodian's bloc, the others as third states.
#[must_use]
pub fn name(state: Country) -> &'static str {
    match state.as_str() {
        "XA" => "Aldermark",
        "XB" => "Brevinia",
        "XC" => "Corvany",
        "XD" => "Dorvaldia",
        "XE" => "Estmere",
        "XF" => "Farrowmark",
        "XG" => "Gelmoria",
        "XH" => "Halvernia",
        "XI" => "Iskarra",
        "XJ" => "Jorumia",
        "XL" => "Luravia",
        "XM" => "Meridova",
        "XN" => "Norrisk",
        "XO" => "Ostrevia",
        "XP" => "Pellandor",
        "XQ" => "Quorrenia",
        "XR" => "Ruritania",
        "XS" => "Sarvenia",
        "XT" => "Tolvanga",
        "XU" => "Umbrova",
        "XV" => "Velmark",
        "XW" => "Wendelmark",
        "XX" => "Xanthuria",
        "XY" => "Yllesia",
        "XZ" => "Zembrovia",
        _ => state.name(),
    }
}

/// The invented states in order of their codes.
pub fn all() -> impl Iterator<Item = Country> {
    Country::all().filter(Country::is_user_assigned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_invented_state_has_its_own_name() {
        let names: BTreeSet<&str> = all().map(name).collect();
        assert_eq!(names.len(), 25);
        assert!(all().all(|state| name(state).starts_with(&state.as_str()[1..])));
        assert_eq!(name(Country::parse("FI").unwrap()), "Finland");
    }
}
