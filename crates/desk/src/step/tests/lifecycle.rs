//! The states of `core` beside the table of the design and the page for people.

use countersign_core::case::{Event, Stage};
use countersign_core::id::{AuthorityId, Digest};
use countersign_core::time::Timestamp;
use countersign_testkit::require::{data, workspace_root};
use std::collections::{BTreeMap, BTreeSet};

/// Every event that a case of one order can meet.
fn alphabet() -> Vec<Event> {
    let (document, order) = (Digest([1; 32]), Digest([2; 32]));
    let authority = AuthorityId::parse("xa-court").unwrap();
    let until = Timestamp::MAX;
    vec![
        Event::Contact { document, authority: authority.clone() },
        Event::Request { document, authority },
        Event::Acknowledged { document },
        Event::Authenticated { document },
        Event::Fake { document },
        Event::Found { document },
        Event::AskedMore { document },
        Event::Completed { document },
        Event::Proposed { order },
        Event::Signed { order, approval: document },
        Event::Approved { order },
        Event::Logged { order, index: 1 },
        Event::Returned { order, document },
        Event::Held { order, document, until },
        Event::ReleaseStarted { order, intent: 2 },
        Event::Delivered { order, package: document },
        Event::Delayed { document, until },
        Event::Notified { document },
        Event::Refused { document },
        Event::Challenged { document },
        Event::ChallengeDecided { document },
        Event::Protested { order, document },
        Event::Preserved { document, until },
        Event::PreservationEnded { document },
        Event::Withdrawn { document },
        Event::Expired { document },
        Event::Locked { document },
        Event::Confirmed { document },
        Event::Objected { document },
        Event::Closed,
    ]
}

/// From which stage each event leads to which.
fn transitions() -> BTreeSet<(&'static str, &'static str, &'static str)> {
    let alphabet = alphabet();
    let mut open: Vec<Stage> = alphabet.iter().filter_map(|event| Stage::open(event).ok()).collect();
    let (mut seen, mut found) = (BTreeSet::new(), BTreeSet::new());
    while let Some(stage) = open.pop() {
        if !seen.insert(format!("{stage:?}")) {
            continue;
        }
        for event in &alphabet {
            if let Ok(next) = stage.clone().after(event) {
                found.insert((stage.name(), event.name(), next.name()));
                open.push(next);
            }
        }
    }
    found
}

/// States of the table that are another state here, or part of one.
const ALSO: &[(&str, &str)] = &[
    ("TRIAGED", "REVIEW"),
    ("SCOPED", "REVIEW"),
    ("PROPOSED_REFUSAL", "REVIEW"),
    ("RETURNED", "REVIEW"),
    ("COUNTERSIGNED", "APPROVED"),
    ("ACKED", "DELIVERED"),
    ("DELAYED", "DELIVERED"),
    ("CLOSED_NO_REQUEST", "CLOSED"),
    ("REVEALED", "CLOSED"),
    ("DURESS_LOCKED", "LOCKED"),
];

/// Transitions of the table that are not taken here. After a court has decided, an order is proposed and signed anew, because what it
/// was decided on has changed; a penalty procedure after a refusal is a request of its own.
const NOT_TAKEN: &[(&str, &str)] = &[
    ("CHALLENGED", "HOLD"),
    ("CHALLENGED", "RELEASING"),
    ("REFUSED", "ENFORCEMENT"),
    ("ENFORCEMENT", "REFUSED"),
    ("ENFORCEMENT", "RELEASING"),
];

#[test]
fn every_transition_of_the_designs_table_is_taken_or_named() {
    let Some(data) = data() else { return };
    let table = std::fs::read_to_string(data.join("desk/lifecycle.tsv")).unwrap();
    let here = |name: &str| {
        let mapped = ALSO.iter().find(|(theirs, _)| *theirs == name).map_or(name, |(_, ours)| ours);
        mapped.to_owned()
    };
    let taken: BTreeSet<(String, String)> =
        transitions().into_iter().map(|(from, _, to)| (from.to_owned(), to.to_owned())).collect();
    let (mut rows, mut unused) = (0, NOT_TAKEN.iter().collect::<BTreeSet<_>>());
    for line in table.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let (from, next) = (cells[0], cells[cells.len() - 1]);
        rows += 1;
        if from == "PRESERVED" {
            // It runs beside: no stage ends with it.
            assert!(transitions().contains(&("REVIEW", "preserved", "REVIEW")));
            continue;
        }
        for to in next.split('|').filter(|to| *to != "-" && *to != "human board only") {
            if to == "PRESERVED (parallel)" {
                continue;
            }
            if let Some(named) = NOT_TAKEN.iter().find(|named| **named == (from, to)) {
                unused.remove(named);
                continue;
            }
            let step = (here(from), here(to));
            assert!(step.0 == step.1 || taken.contains(&step), "{from} -> {to}: {step:?} is not taken");
        }
    }
    assert!(rows >= 20, "{rows} rows");
    assert!(unused.is_empty(), "named without need: {unused:?}");
}

#[test]
fn the_page_of_states_says_where_each_leads() {
    let page = std::fs::read_to_string(workspace_root().join("docs/operations/cases.md")).unwrap();
    let mut leads: BTreeMap<&str, BTreeSet<&str>> = Stage::NAMES.iter().map(|name| (*name, BTreeSet::new())).collect();
    for (from, _, to) in transitions() {
        if from != to {
            leads.get_mut(from).unwrap().insert(to);
        }
    }
    let mut told = BTreeSet::new();
    for line in page.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let Some((name, leads)) = leads.get_key_value(cells[0]) else { continue };
        let last: BTreeSet<&str> = cells[cells.len() - 1].split(", ").filter(|name| *name != "-").collect();
        assert_eq!(&last, leads, "{name}");
        assert!(told.insert(*name), "{name} stands twice");
    }
    assert_eq!(told, Stage::NAMES.iter().copied().collect(), "a row for each state");
    for event in alphabet() {
        assert!(page.contains(&format!("`{}`", event.name())), "the page does not name the event {}", event.name());
    }
}
