//! Quorums of people on duty, and the worst moment to ask.

use super::*;
use crate::world::{person, person_id, start, state};
use countersign_core::control::REACH_VALID;
use countersign_core::order::Kind;
use countersign_core::time::HOUR;
use countersign_policy::Bundle;

fn roster() -> Vec<Person> {
    let mut head = person("roman-karel", Role::Approver, "XC", &[]);
    head.manages = vec![state("XA"), state("XG")];
    vec![
        person("anna-berg", Role::Approver, "XA", &[]),
        person("bruno-lind", Role::Approver, "XB", &["XG"]),
        person("clara-voss", Role::Approver, "XC", &[]),
        person("dora-held", Role::Approver, "XD", &[]),
        Person { independent: true, ..person("eva-stone", Role::Counsel, "XB", &[]) },
        Person { independent: true, ..person("iris-mond", Role::RightsExpert, "XD", &[]) },
        person("lena-ohm", Role::Officer, "XA", &[]),
        head,
    ]
}

fn met(lane: &str, kind: Kind, requester: &str, there: &[&str], now: Timestamp) -> bool {
    let (people, author) = (roster(), person_id("lena-ohm"));
    let quorum = Bundle::builtin_eea_custodian().unwrap().requirement(lane, kind).unwrap();
    let needed = Needed {
        quorum,
        requester: state(requester),
        author: &author,
        people: people.iter().collect(),
        trustees: None,
    };
    let there: Vec<PersonId> = there.iter().map(|name| person_id(name)).collect();
    needed.met_by(&there.iter().collect::<Vec<_>>(), now)
}

#[test]
fn quorums_are_those_of_the_table() {
    let cases: [(&str, Kind, &str, &[&str], bool); 20] = [
        ("court", Kind::Disclosure, "XA", &["anna-berg", "bruno-lind"], true),
        ("court", Kind::Disclosure, "XA", &["anna-berg"], false),
        ("court", Kind::Disclosure, "XA", &["anna-berg", "roman-karel"], false),
        ("home", Kind::Disclosure, "XA", &["anna-berg", "bruno-lind", "lena-ohm"], true),
        ("home", Kind::Disclosure, "XA", &["anna-berg", "bruno-lind"], false),
        ("home", Kind::Disclosure, "XA", &["anna-berg", "lena-ohm", "eva-stone"], false),
        ("bloc", Kind::Disclosure, "XB", &["anna-berg", "bruno-lind"], true),
        ("bloc", Kind::Disclosure, "XB", &["bruno-lind", "eva-stone"], false),
        ("weak", Kind::Disclosure, "XG", &["anna-berg", "clara-voss", "dora-held", "iris-mond"], true),
        ("weak", Kind::Disclosure, "XG", &["anna-berg", "bruno-lind", "clara-voss", "iris-mond"], false),
        ("weak", Kind::Disclosure, "XG", &["anna-berg", "clara-voss", "dora-held", "bruno-lind"], false),
        ("weak", Kind::Answer, "XG", &["anna-berg", "clara-voss"], true),
        ("compelled", Kind::Compelled, "XA", &["anna-berg", "bruno-lind", "clara-voss", "lena-ohm", "eva-stone"], true),
        ("compelled", Kind::Compelled, "XA", &["anna-berg", "bruno-lind", "clara-voss", "lena-ohm"], false),
        ("compelled", Kind::Compelled, "XA", &["anna-berg", "bruno-lind", "clara-voss", "eva-stone"], false),
        ("emergency", Kind::Emergency, "XA", &["anna-berg", "bruno-lind"], true),
        ("emergency", Kind::Emergency, "XA", &["anna-berg", "nobody-here"], false),
        ("emergency", Kind::Emergency, "XG", &["anna-berg", "clara-voss"], true),
        ("emergency", Kind::Emergency, "XG", &["anna-berg", "bruno-lind"], false),
        ("court", Kind::Disclosure, "XA", &[], false),
    ];
    for (lane, kind, requester, there, expected) in cases {
        assert_eq!(met(lane, kind, requester, there, start()), expected, "{lane} for {requester}: {there:?}");
    }
    // When the statements of reach have run out, nobody is known to be out of reach.
    let late = start().plus(REACH_VALID + 1);
    assert!(!met("bloc", Kind::Disclosure, "XB", &["anna-berg", "clara-voss"], late));
}

#[test]
fn the_longest_way_goes_through_the_worst_moment() {
    let (people, author) = (roster(), person_id("lena-ohm"));
    let names = ["trustee-1", "trustee-2", "trustee-3"].map(person_id);
    let quorum = Bundle::builtin_eea_custodian().unwrap().requirement("court", Kind::Disclosure).unwrap();
    let needed = Needed {
        quorum,
        requester: state("XA"),
        author: &author,
        people: people.iter().collect(),
        trustees: Some((names.iter().collect(), 2)),
    };
    let at = |hour: i64| start().plus(hour * HOUR);
    let span = |name: &str, from: i64, until: i64| Span { from: at(from), until: at(until), person: person_id(name) };
    // Anna and Bruno by day; one trustee always, one in the evening, one never while somebody looks.
    let mut spans = Vec::new();
    for day in 0..10 {
        let day = 24 * day;
        spans.extend([span("anna-berg", day, day + 8), span("bruno-lind", day + 2, day + 10)]);
        spans.extend([span("trustee-1", day + 9, day + 12), span("trustee-2", day + 23, day + 24)]);
    }
    spans.sort_unstable();
    let longest = needed.longest(&spans, at(24), at(72));
    // Asked when Anna leaves: she is there again after 16 hours, the trustee nine hours later.
    assert_eq!((longest.quorum, longest.wait()), (Some(longest.start.plus(16 * HOUR)), Some(25 * HOUR)));
    let longest = needed.longest(&spans[..2], at(0), at(72));
    assert_eq!((longest.quorum, longest.wait()), (None, None));
    let without_trustees = Needed { trustees: None, ..needed };
    assert_eq!(without_trustees.longest(&spans, at(24), at(72)).wait(), Some(16 * HOUR));
}
