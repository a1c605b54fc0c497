//! What holds for every period.

use countersign_core::time::{DAY, HOUR, Timestamp};
use countersign_deadlines::clock::{Clock, Counting, Unit};
use countersign_deadlines::{Calendar, ClockError, Clocks, Pause, PeriodError, due};
use proptest::prelude::*;

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn clock(length: u16, unit: Unit, counting: Counting) -> Clock {
    Clock { length, unit, counting, warn_hours: 1, ..Clocks::eea().unwrap().get("epoc").unwrap().clone() }
}

fn local_day(time: Timestamp, calendar: &Calendar) -> jiff::civil::Date {
    jiff::Timestamp::from_second(time.unix()).unwrap().to_zoned(calendar.zone().clone()).date()
}

#[test]
fn two_days_contain_two_working_days() {
    let calendar = Calendar::of("DE".parse().unwrap()).unwrap();
    let two = clock(2, Unit::CalendarDays, Counting::Eu1182);
    // From a Friday: Sunday, then Monday, and Tuesday is the second working day.
    assert_eq!(due(&two, &calendar, time("2026-11-20T10:00:00Z"), &[]).unwrap().at, time("2026-11-24T22:59:59Z"));
    assert_eq!(due(&two, &calendar, time("2026-11-19T10:00:00Z"), &[]).unwrap().at, time("2026-11-23T22:59:59Z"));
    let one = clock(1, Unit::CalendarDays, Counting::Eu1182);
    assert_eq!(due(&one, &calendar, time("2026-11-20T10:00:00Z"), &[]).unwrap().at, time("2026-11-23T22:59:59Z"));
}

#[test]
fn the_steps_say_why() {
    let calendar = Calendar::of("DE".parse().unwrap()).unwrap();
    let found =
        due(&clock(10, Unit::CalendarDays, Counting::Eu1182), &calendar, time("2026-12-15T12:00:00Z"), &[]).unwrap();
    assert_eq!(
        found.steps,
        [
            "starts 2026-12-15T12:00:00Z (2026-12-15 13:00:00 local)",
            "2026-12-25 is Christmas Day: a day later",
            "2026-12-26 is Second Day of Christmas: a day later",
            "2026-12-27 is a Sunday: a day later",
            "ends 2026-12-28T22:59:59Z (2026-12-28 23:59:59 local)",
        ]
    );
}

#[test]
fn pauses_have_to_be_in_order_and_apart() {
    let calendar = Calendar::of("XA".parse().unwrap()).unwrap();
    let hours = clock(8, Unit::Hours, Counting::Calendar);
    let start = time("2026-11-20T09:00:00Z");
    let pause = |from: i64, to: i64| Pause { from: start.plus(from), to: start.plus(to) };
    for bad in
        [vec![pause(-1, 5)], vec![pause(10, 5)], vec![pause(0, 10), pause(5, 20)], vec![pause(20, 30), pause(0, 10)]]
    {
        assert!(matches!(due(&hours, &calendar, start, &bad), Err(PeriodError::Pause { .. })), "{bad:?}");
    }
    assert!(due(&hours, &calendar, start, &[pause(0, 10), pause(10, 20)]).is_ok());
}

#[test]
fn a_period_beyond_the_calendar_is_refused() {
    let calendar = Calendar::of("XA".parse().unwrap()).unwrap();
    let days = clock(10, Unit::CalendarDays, Counting::Eu1182);
    assert!(matches!(due(&days, &calendar, time("2035-12-30T09:00:00Z"), &[]), Err(PeriodError::Calendar(_))));
    assert!(due(&days, &calendar, time("2035-12-01T09:00:00Z"), &[]).is_ok());
    let long = clock(u16::MAX, Unit::Months, Counting::Calendar);
    assert!(due(&long, &calendar, Timestamp::MAX, &[]).is_err());
}

/// A set of clocks in which one was edited.
fn edited(edit: impl FnOnce(&mut serde_json::Value)) -> Result<Clocks, ClockError> {
    let mut set: serde_json::Value = serde_json::from_str(include_str!("../../../packs/clocks/eea.json")).unwrap();
    edit(&mut set);
    Clocks::parse(set.to_string().as_bytes())
}

#[test]
fn what_is_no_set_of_clocks_is_refused() {
    assert!(edited(|_| {}).is_ok());
    for (why, broken) in [
        ("nothing lasts no time", edited(|set| set["clocks"][0]["length"] = 0.into())),
        ("a name stands once", edited(|set| set["clocks"][1]["id"] = set["clocks"][0]["id"].clone())),
        ("a name in capitals", edited(|set| set["clocks"][0]["id"] = "EPOC".into())),
        ("nothing is released at the end", edited(|set| set["clocks"][0]["lapse"] = "release".into())),
        ("an unknown member", edited(|set| set["clocks"][0]["then"] = "release".into())),
        ("nobody is told", edited(|set| set["clocks"][0]["warn_hours"] = 0.into())),
        ("no source", edited(|set| set["clocks"][0]["source"] = "".into())),
        ("another version", edited(|set| set["v"] = "countersign/clocks/v2".into())),
        ("a negative length", edited(|set| set["clocks"][0]["length"] = (-1).into())),
    ] {
        assert!(broken.is_err(), "{why}");
    }
}

fn any_calendar() -> impl Strategy<Value = Calendar> {
    let states: Vec<&str> = Calendar::states().collect();
    proptest::sample::select(states).prop_map(|state| Calendar::of(state.parse().unwrap()).unwrap())
}

fn any_start() -> impl Strategy<Value = Timestamp> {
    (1_704_067_200i64 + 40 * DAY..2_000_000_000).prop_map(|seconds| Timestamp::from_unix(seconds).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn working_days_are_exactly_as_many_as_the_clock_says(calendar in any_calendar(), start in any_start(), length in 1u16..30) {
        let end = due(&clock(length, Unit::WorkingDays, Counting::Eu1182), &calendar, start, &[]).unwrap().at;
        let (mut day, last) = (local_day(start, &calendar), local_day(end, &calendar));
        let mut working = 0;
        while day < last {
            day = day.tomorrow().unwrap();
            working += u16::from(calendar.is_working_day(day).unwrap());
        }
        prop_assert_eq!(working, length);
        prop_assert!(calendar.is_working_day(last).unwrap());
        // The last second of its day.
        prop_assert_eq!(local_day(end.plus(1), &calendar), last.tomorrow().unwrap());
    }

    #[test]
    fn a_later_start_never_ends_earlier(calendar in any_calendar(), start in any_start(), later in 0i64..20 * DAY, length in 1u16..40) {
        for unit in [Unit::Hours, Unit::CalendarDays, Unit::WorkingDays, Unit::Months] {
            for counting in [Counting::Eu1182, Counting::Calendar] {
                let clock = clock(length.min(12), unit, counting);
                let early = due(&clock, &calendar, start, &[]).unwrap().at;
                let late = due(&clock, &calendar, start.plus(later), &[]).unwrap().at;
                prop_assert!(early <= late, "{unit:?} {counting:?}");
                prop_assert!(early > start);
            }
        }
    }

    #[test]
    fn a_pause_never_shortens_and_never_gives_more_than_it_took(
        calendar in any_calendar(), start in any_start(), length in 1u16..20, from in 0i64..10 * DAY, long in 0i64..10 * DAY,
    ) {
        let pause = Pause { from: start.plus(from), to: start.plus(from + long) };
        for unit in [Unit::Hours, Unit::CalendarDays] {
            let clock = clock(length, unit, Counting::Calendar);
            let without = due(&clock, &calendar, start, &[]).unwrap().at;
            let with = due(&clock, &calendar, start, &[pause]).unwrap().at;
            prop_assert!(without <= with);
            // Summer time may begin or end in between.
            prop_assert!(with.since(without) <= long + HOUR, "{unit:?}: {} for {long}", with.since(without));
        }
    }

    #[test]
    fn a_person_is_told_before_the_end(calendar in any_calendar(), start in any_start()) {
        for clock in &Clocks::eea().unwrap().clocks {
            let found = due(clock, &calendar, start, &[]).unwrap();
            prop_assert!(start <= found.warn && found.warn < found.at || clock.unit == Unit::Minutes, "{}", clock.id);
        }
    }
}

#[test]
fn an_urgency_that_no_law_knows_takes_no_clock_away() {
    use countersign_core::order::Instrument;
    use countersign_deadlines::clock::Start;
    let clocks = Clocks::eea().unwrap();
    let started = |start, instrument, urgent| -> Vec<String> {
        clocks.started(start, Some(instrument), urgent).map(|clock| clock.id.clone()).collect()
    };
    assert_eq!(started(Start::Received, Instrument::Epoc, false), ["sender", "epoc"]);
    assert_eq!(started(Start::Received, Instrument::Epoc, true), ["sender-urgent", "epoc-urgent"]);
    assert_eq!(started(Start::Received, Instrument::S314a, true), ["sender-urgent", "s314a"]);
    assert_eq!(started(Start::Received, Instrument::CourtOrder, false), ["sender"]);
    assert_eq!(started(Start::Authenticated, Instrument::CourtOrder, true), ["review-urgent"]);
}
