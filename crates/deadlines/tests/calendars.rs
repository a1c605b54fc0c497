//! The built-in calendars.

use countersign_core::country::{Bloc, Country};
use countersign_deadlines::{Calendar, CalendarError};
use jiff::civil::Date;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

#[test]
fn every_state_of_the_european_economic_area_has_one() {
    let missing: Vec<Country> =
        Country::all().filter(|state| state.in_eea()).filter(|state| Calendar::of(*state).is_err()).collect();
    assert_eq!(missing, Vec::new());
    for code in Calendar::states() {
        let calendar = Calendar::of(code.parse().unwrap()).unwrap();
        assert_eq!(calendar.state().as_str(), code);
        assert!(!calendar.source().is_empty());
    }
    let unknown: Country = "XQ".parse().unwrap();
    assert_eq!(Calendar::of(unknown).unwrap_err(), CalendarError::Unknown(unknown));
    assert_ne!(unknown.bloc(), Bloc::Eea);
}

#[test]
fn a_holiday_is_named_and_the_weekend_rests() {
    let austria = Calendar::of("AT".parse().unwrap()).unwrap();
    assert_eq!(austria.holiday(day("2026-10-26")).unwrap(), Some("National Day"));
    assert!(!austria.is_working_day(day("2026-10-26")).unwrap());
    assert!(!austria.is_working_day(day("2026-11-21")).unwrap());
    assert!(austria.is_working_day(day("2026-11-20")).unwrap());
}

#[test]
fn american_holidays_on_a_weekend_are_kept_on_the_nearest_weekday() {
    let states = Calendar::of("US".parse().unwrap()).unwrap();
    for (kept, name) in [
        ("2026-07-03", Some("Independence Day")),
        ("2026-07-04", None),
        ("2027-07-05", Some("Independence Day")),
        ("2027-12-31", Some("New Year's Day")),
        ("2028-01-01", None),
        ("2026-11-26", Some("Thanksgiving Day")),
        ("2026-01-19", Some("Birthday of Martin Luther King, Jr.")),
        ("2026-05-25", Some("Memorial Day")),
    ] {
        assert_eq!(states.holiday(day(kept)).unwrap(), name, "{kept}");
    }
}

#[test]
fn a_year_that_nobody_has_looked_at_is_refused() {
    let austria = Calendar::of("AT".parse().unwrap()).unwrap();
    let (from, to) = austria.years();
    for year in [from - 1, to + 1] {
        let refused = austria.is_working_day(Date::new(year, 6, 15).unwrap()).unwrap_err();
        assert!(matches!(refused, CalendarError::NotCovered { .. }), "{refused}");
    }
}
