//! The list through a desk: it follows the cases, the clocks, and who is away.

use super::*;
use crate::step::StepEntry;
use crate::step::tests::{Reviewed, lena};
use crate::world::person_id;
use countersign_core::case::step::Step;
use countersign_core::time::{DAY, HOUR};

fn counting() -> (Clocks, Calendar) {
    (Clocks::eea().unwrap(), Calendar::of("XA".parse().unwrap()).unwrap())
}

fn clocks_listed(found: &[CaseStanding]) -> Vec<(&str, Option<&str>)> {
    found.iter().map(|one| (one.stage.as_str(), one.due.as_ref().map(|due| due.clock.as_str()))).collect()
}

#[tokio::test]
async fn the_list_follows_the_cases() {
    let reviewed = Reviewed::new().await;
    let (clocks, calendar) = counting();
    let desk = reviewed.desk().await;
    let begun = desk.now();
    assert_eq!(desk.place_cases(&clocks, &calendar).await.unwrap(), 1);
    assert_eq!(desk.place_cases(&clocks, &calendar).await.unwrap(), 0, "nothing has moved");
    reviewed.world.pass(HOUR);
    let other = desk.file_request(reviewed.letter(&desk, "xb-police"), None, &person_id("eva-stone")).await.unwrap();
    assert_eq!(desk.place_cases(&clocks, &calendar).await.unwrap(), 1);
    let due = desk.cases_due(None, None, 10).await.unwrap();
    assert_eq!(clocks_listed(&due), [("RECEIVED", Some("sender")), ("RECEIVED", Some("sender"))]);
    assert_eq!(due[0].due.as_ref().unwrap().at, begun.plus(4 * HOUR));
    assert_eq!((due[1].case, due[1].holder.as_str()), (other, "eva-stone"));

    let desk = reviewed.confirm().await;
    desk.take_step(&other, Step::Lock, StepEntry { why: "silence".into(), ..StepEntry::default() }, &lena())
        .await
        .unwrap();
    assert_eq!(desk.place_cases(&clocks, &calendar).await.unwrap(), 2);
    let due = desk.cases_due(None, None, 10).await.unwrap();
    assert_eq!(clocks_listed(&due), [("REVIEW", Some("review"))], "a locked case is in nobody's list");
    let ask = StepEntry { why: "no offence named".into(), ..StepEntry::default() };
    desk.take_step(&reviewed.case, Step::Ask, ask, &lena()).await.unwrap();
    desk.place_cases(&clocks, &calendar).await.unwrap();
    let due = desk.cases_due(None, None, 10).await.unwrap();
    assert!(due[0].due.as_ref().unwrap().paused, "{due:?}");
}

#[tokio::test]
async fn another_set_of_clocks_places_every_case_again() {
    let reviewed = Reviewed::new().await;
    let (clocks, calendar) = counting();
    let desk = reviewed.desk().await;
    desk.place_cases(&clocks, &calendar).await.unwrap();
    let longer = serde_json::to_string(&serde_json::json!({
        "v": "countersign/clocks/v1", "name": "own", "version": "1",
        "clocks": [{"id": "sender", "title": "sender checked", "instruments": [], "urgent": false, "start": "received",
            "end": "sender_checked", "length": 9, "unit": "hours", "counting": "calendar", "stops": [], "warn_hours": 1,
            "lapse": "escalate", "source": "our own rule", "verified": false, "date": "2026-11-21"}]
    }));
    let longer = Clocks::parse(longer.unwrap().as_bytes()).unwrap();
    assert_eq!(desk.place_cases(&longer, &calendar).await.unwrap(), 1);
    let due = desk.cases_due(None, None, 10).await.unwrap();
    assert_eq!(due[0].due.as_ref().unwrap().at, desk.now().plus(9 * HOUR));
}

#[tokio::test]
async fn a_deputy_sees_the_cases_of_who_is_away() {
    let reviewed = Reviewed::new().await;
    let (clocks, calendar) = counting();
    let desk = reviewed.desk().await;
    desk.file_request(reviewed.letter(&desk, "xb-police"), None, &person_id("eva-stone")).await.unwrap();
    desk.place_cases(&clocks, &calendar).await.unwrap();
    let now = desk.now();
    let rota = format!(
        r#"{{"absences":[{{"person":"lena-ohm","deputy":"eva-stone","from":"{}","until":"{}"}},
            {{"person":"eva-stone","deputy":"anna-berg","from":"{now}","until":"{}"}}]}}"#,
        now.plus(-DAY),
        now.plus(DAY),
        now.plus(HOUR),
    );
    let rota = Rota::parse(rota.as_bytes()).unwrap();
    let people = |person: &str, at| rota.holders_for(&person_id(person), at);
    assert_eq!(people("eva-stone", now), [person_id("eva-stone"), lena()]);
    assert_eq!(people("anna-berg", now), [person_id("anna-berg"), person_id("eva-stone"), lena()]);
    assert_eq!(people("anna-berg", now.plus(HOUR)), [person_id("anna-berg")], "an absence ends");
    assert_eq!(people("lena-ohm", now), [lena()]);
    let both = people("anna-berg", now);
    let first = desk.cases_due(Some(&both), None, 1).await.unwrap();
    let second = desk.cases_due(Some(&both), Some(first[0].place()), 1).await.unwrap();
    assert_eq!([&first[0], &second[0]].map(|one| one.case), {
        let all = desk.cases_due(None, None, 10).await.unwrap();
        [all[0].case, all[1].case]
    });
    assert_eq!(desk.cases_due(Some(&both), Some(second[0].place()), 1).await.unwrap(), []);
    assert_eq!(desk.cases_due(Some(&[person_id("anna-berg")]), None, 10).await.unwrap(), []);
}

#[test]
fn a_rota_that_cannot_hold_is_refused() {
    let absence = |person: &str, from: &str, until: &str| {
        format!(r#"{{"absences":[{{"person":"{person}","deputy":"eva-stone","from":"{from}","until":"{until}"}}]}}"#)
    };
    let (early, late) = ("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z");
    for (text, expected) in [
        (absence("lena-ohm", late, early), "ends before it begins"),
        (absence("lena-ohm", early, early), "ends before it begins"),
        (absence("eva-stone", early, late), "stands in for nobody else"),
        (absence("Lena Ohm", early, late), "rota"),
        ("[]".into(), "rota"),
        (r#"{"absences":[],"more":1}"#.into(), "unknown field"),
        (" ".repeat(300_000), "bytes"),
    ] {
        let error = Rota::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(Rota::parse(br#"{"absences":[]}"#).unwrap(), Rota::default());
}
