//! Sanctions lists and clients by the commands: what is kept, what is refused, and the alerts.

mod program;

use program::{Ran, countersign};
use std::fs;
use std::path::{Path, PathBuf};

/// An invented list in the form of the Security Council's.
fn list(people: &[&str]) -> String {
    let person = |(number, name): (usize, &&str)| {
        format!(
            "<INDIVIDUAL><DATAID>{number}</DATAID><FIRST_NAME>{name}</FIRST_NAME><UN_LIST_TYPE>Libya</UN_LIST_TYPE>\
             <LISTED_ON>2020-01-01</LISTED_ON><INDIVIDUAL_DATE_OF_BIRTH><DATE>1960-08-11</DATE></INDIVIDUAL_DATE_OF_BIRTH></INDIVIDUAL>\n"
        )
    };
    let people: String = people.iter().enumerate().map(person).collect();
    format!("<CONSOLIDATED_LIST><INDIVIDUALS>\n{people}</INDIVIDUALS></CONSOLIDATED_LIST>\n")
}

const PEOPLE: [&str; 3] = ["ILYA NIKOLAEVICH ZEMLINOV", "ARUN BELSO", "VERA ORLANDO"];

fn run(dir: &Path, arguments: &[&str]) -> Ran {
    countersign(dir, arguments)
}

fn good(dir: &Path, arguments: &[&str]) -> String {
    let ran = run(dir, arguments);
    assert_eq!(ran.code, Some(0), "{arguments:?}: {ran}");
    ran.out
}

fn file(place: &Path, name: &str, text: &str) -> String {
    let path: PathBuf = place.join(name);
    fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}

#[test]
fn clients_are_screened_against_the_list_in_effect() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("exchange");
    let (one, clients) = (
        file(place.path(), "un.xml", &list(&PEOPLE)),
        file(
            place.path(),
            "clients.csv",
            "id,name,birth_date\nA-1,Илья Землинов,1960-08-11\nA-2,Tomas Quill,\nA-3,,\nA-4,Ilia Zemlinow,1991-02-03\n",
        ),
    );
    let out = place.path().join("alerts.jsonl").to_string_lossy().into_owned();
    let screen = ["screen", "--clients", &clients, "--out", &out];
    assert!(run(&dir, &screen).err.contains("there is no list yet"));
    assert!(good(&dir, &["lists", "update", "un", &one]).contains("3 listed; 3 added, 0 changed, 0 removed"));
    assert!(good(&dir, &["lists", "update", "un", &one]).contains("nothing changes"));
    let ran = run(&dir, &screen);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(ran.err.contains("clients.csv line 4: row rejected"), "{ran}");
    let alerts = fs::read_to_string(&out).unwrap();
    let alerts: Vec<serde_json::Value> = alerts.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(alerts[0]["format"], "countersign-alerts/1");
    assert_eq!(alerts[0]["lists"][0][0], "un");
    let found: Vec<_> = alerts[1..].iter().map(|alert| (alert["client"].as_str(), alert["entity"].as_str())).collect();
    assert_eq!(found, [(Some("A-1"), Some("un-0"))], "born thirty years later is somebody else");
    assert_eq!(alerts[1]["listings"][0]["programme"], "UN-SC1970");
    assert!(run(&dir, &screen).err.contains("exists"), "finished alerts are not overwritten");
    let shown = good(&dir, &["screen", "explain", "Ilia Zemlinow"]);
    assert!(shown.contains("un-0") && shown.contains("zz_unsc UN-SC1970"), "{shown}");
    assert!(good(&dir, &["lists", "show", "un-1"]).contains("ARUN BELSO"));
}

#[test]
fn a_bad_list_leaves_the_list_before_in_effect() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("exchange");
    let whole = list(&PEOPLE);
    good(&dir, &["lists", "update", "un", &file(place.path(), "un.xml", &whole)]);
    let before = good(&dir, &["lists", "show"]);
    let cut = file(place.path(), "cut.xml", &whole[..whole.len() / 2]);
    let other = file(place.path(), "other.xml", "<html></html>");
    let small = file(place.path(), "small.xml", &list(&PEOPLE[..1]));
    for (path, reason) in
        [(&cut, "nothing of it is used"), (&other, "is no consolidated list"), (&small, "--accept-removals 2")]
    {
        let ran = run(&dir, &["lists", "update", "un", path]);
        assert_eq!(ran.code, Some(1), "{ran}");
        assert!(ran.err.contains(reason) && ran.err.lines().count() == 1, "{ran}");
        assert_eq!(good(&dir, &["lists", "show"]), before);
    }
    good(&dir, &["lists", "update", "un", &small, "--accept-removals", "2"]);
    let diff = good(&dir, &["lists", "diff", "un"]);
    assert!(diff.contains("0 added, 0 changed, 2 removed") && diff.contains("- un-1 ARUN BELSO"), "{diff}");
}
