//! The table of dates worked out by hand, shared with verifiers in other languages.

use countersign_core::time::Timestamp;
use countersign_deadlines::{Calendar, Clocks, Pause, due};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Row {
    clock: String,
    calendar: String,
    start: Timestamp,
    pauses: Vec<PauseText>,
    due: Timestamp,
    why: String,
}

#[derive(Deserialize)]
struct PauseText {
    from: Timestamp,
    to: Timestamp,
}

#[derive(Deserialize)]
struct Bad {
    why: String,
    edit: serde_json::Map<String, Value>,
}

#[derive(Deserialize)]
struct Table {
    due: Vec<Row>,
    bad_calendars: Vec<Bad>,
}

fn table() -> Table {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/deadlines/dates.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn every_date_is_the_one_worked_out_by_hand() {
    let clocks = Clocks::eea().unwrap();
    let mut wrong = Vec::new();
    let rows = table().due;
    assert!(rows.len() >= 60);
    for row in rows {
        let calendar = Calendar::of(row.calendar.parse().unwrap()).unwrap();
        let pauses: Vec<Pause> = row.pauses.iter().map(|pause| Pause { from: pause.from, to: pause.to }).collect();
        let found = due(clocks.get(&row.clock).unwrap(), &calendar, row.start, &pauses).unwrap();
        if found.at != row.due {
            wrong.push(format!("{} {} {}: {}\n{}", row.clock, row.calendar, row.why, row.due, found.steps.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_is_no_calendar_is_refused() {
    let good: Value = serde_json::from_str(include_str!("../../../packs/calendars/XA.json")).unwrap();
    assert!(Calendar::parse(good.to_string().as_bytes()).is_ok());
    for bad in table().bad_calendars {
        let mut edited = good.clone();
        edited.as_object_mut().unwrap().extend(bad.edit);
        assert!(Calendar::parse(edited.to_string().as_bytes()).is_err(), "{}", bad.why);
    }
    assert!(Calendar::parse(&vec![b' '; Calendar::MAX_LEN + 1]).is_err());
    assert!(Calendar::parse(b"").is_err());
}
