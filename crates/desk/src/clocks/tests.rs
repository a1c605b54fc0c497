use super::*;
use countersign_core::case::EventV1;
use countersign_core::id::{CaseId, Digest, PersonId};

const ZERO: Digest = Digest([0; 32]);

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn events(of: &[(&str, Event)]) -> Vec<Exact<EventRecord>> {
    let record = |(number, (at, event)): (usize, &(&str, Event))| {
        Exact::write(EventRecord {
            v: EventV1,
            case: CaseId([1; 16]),
            number: u32::try_from(number).unwrap(),
            previous: (number > 0).then_some(ZERO),
            at: time(at),
            by: PersonId::parse("lena-ohm").unwrap(),
            event: event.clone(),
        })
        .unwrap()
    };
    of.iter().enumerate().map(record).collect()
}

fn request() -> Event {
    Event::Request { document: ZERO, authority: "xa-fiu".parse().unwrap() }
}

/// Names, ends and standings of the clocks of a request received at 09:00 on Friday 20 November 2026 in XA.
fn standings(
    instrument: Instrument,
    urgent: bool,
    events: &[Exact<EventRecord>],
    now: &str,
) -> Vec<(String, String, Standing)> {
    let (clocks, calendar) = (Clocks::eea().unwrap(), Calendar::of("XA".parse().unwrap()).unwrap());
    let life = Life { events, approached: None, request: Some((instrument, urgent, time("2026-11-20T09:00:00Z"))) };
    let now = time(now);
    let found = life.clocks(&clocks, &calendar, now).unwrap();
    found.iter().map(|clock| (clock.clock.id.clone(), clock.due.at.to_string(), clock.standing(now))).collect()
}

fn row(id: &str, due: &str, standing: Standing) -> (String, String, Standing) {
    (id.into(), due.into(), standing)
}

#[test]
fn what_is_due_first_stands_first_and_what_happened_last() {
    let arrived = [("2026-11-20T09:05:00Z", request())];
    assert_eq!(
        standings(Instrument::FiuRequest, false, &events(&arrived), "2026-11-20T09:10:00Z"),
        [
            row("sender", "2026-11-20T13:00:00Z", Standing::Running),
            row("fiu", "2026-11-27T22:59:59Z", Standing::Running)
        ]
    );
    let mut later = arrived.to_vec();
    later.push(("2026-11-20T12:00:00Z", Event::Authenticated { document: ZERO }));
    assert_eq!(
        standings(Instrument::FiuRequest, false, &events(&later), "2026-11-27T10:00:00Z"),
        [
            row("review", "2026-11-22T12:00:00Z", Standing::Over),
            row("fiu", "2026-11-27T22:59:59Z", Standing::Near),
            row("sender", "2026-11-20T13:00:00Z", Standing::Kept),
        ]
    );
    later.push(("2026-11-28T10:00:00Z", Event::Refused { document: ZERO }));
    let last = standings(Instrument::FiuRequest, false, &events(&later), "2026-12-01T10:00:00Z");
    assert_eq!(last[2], row("fiu", "2026-11-27T22:59:59Z", Standing::Missed));
}

#[test]
fn a_question_to_the_authority_stops_the_clocks_that_the_law_lets_stop() {
    let asked = [
        ("2026-11-20T09:05:00Z", request()),
        ("2026-11-20T10:00:00Z", Event::Authenticated { document: ZERO }),
        ("2026-11-21T10:00:00Z", Event::AskedMore { document: ZERO }),
    ];
    // Not answered yet: 22 to 24 November have stood still so far; the review stands still by the second.
    assert_eq!(
        standings(Instrument::Epoc, false, &events(&asked), "2026-11-25T10:00:00Z")[..2],
        [
            row("review", "2026-11-26T10:00:00Z", Standing::Running),
            row("epoc", "2026-12-03T22:59:59Z", Standing::Running)
        ]
    );
    // A financial intelligence unit's clock goes on.
    assert_eq!(
        standings(Instrument::FiuRequest, false, &events(&asked), "2026-11-25T10:00:00Z")[1],
        row("fiu", "2026-11-27T22:59:59Z", Standing::Running)
    );
    let mut answered = asked.to_vec();
    answered.push(("2026-11-23T10:00:00Z", Event::Completed { document: ZERO }));
    assert_eq!(
        standings(Instrument::Epoc, false, &events(&answered), "2026-11-25T10:00:00Z")[..2],
        [row("review", "2026-11-24T10:00:00Z", Standing::Over), row("epoc", "2026-12-01T22:59:59Z", Standing::Running)]
    );
}

#[test]
fn a_release_starts_the_clock_of_notice() {
    let (order, package) = (ZERO, ZERO);
    let given = [
        ("2026-11-20T09:05:00Z", request()),
        ("2026-11-20T10:00:00Z", Event::Authenticated { document: ZERO }),
        ("2026-11-20T11:00:00Z", Event::Proposed { order }),
        ("2026-11-20T15:00:00Z", Event::Delivered { order, package }),
    ];
    let found = standings(Instrument::CourtOrder, false, &events(&given), "2026-11-21T12:00:00Z");
    assert_eq!(found[0], row("notice", "2026-11-21T15:00:00Z", Standing::Near));
}

#[test]
fn an_approach_is_registered_within_a_day() {
    let (clocks, calendar) = (Clocks::eea().unwrap(), Calendar::of("XA".parse().unwrap()).unwrap());
    let contact = Event::Contact { document: ZERO, authority: "xr-fms".parse().unwrap() };
    let events = events(&[("2026-11-21T12:00:00Z", contact)]);
    let life = Life { events: &events, approached: Some(time("2026-11-20T09:00:00Z")), request: None };
    let now = time("2026-11-21T12:00:00Z");
    let found = life.clocks(&clocks, &calendar, now).unwrap();
    assert_eq!((found.len(), found[0].standing(now)), (1, Standing::Missed));
}
