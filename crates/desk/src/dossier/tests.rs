//! Folders of cases: rebuilt as they were, and every tampering named.

use super::*;
use crate::documents::FactorTried;
use crate::intake::NewRequest;
use crate::step::tests::{Reviewed, because, lena, on_paper, until};
use countersign_core::case::step::Step;
use countersign_core::case::{EventV1, Stage};
use countersign_core::facts::Factor;
use countersign_core::finding::{Finding, Question};
use countersign_core::time::DAY;
use countersign_verify::evidence::check_sums;

mod vectors;

/// A case with a finding, a preservation and a challenge, as a folder.
async fn folder() -> (Reviewed, Files) {
    let reviewed = Reviewed::new().await;
    let desk = reviewed.confirm().await;
    let finding =
        Finding::new(Question::Competence, "yes", "Code of Criminal Procedure, s. 12", lena(), desk.now()).unwrap();
    desk.add_finding(&reviewed.case, &finding).await.unwrap();
    let end = desk.now().plus(60 * DAY);
    desk.take_step(&reviewed.case, Step::Preserve, until("production order", end), &lena()).await.unwrap();
    desk.take_step(&reviewed.case, Step::Challenge, on_paper("motion to quash"), &lena()).await.unwrap();
    let files = desk.export_case(&reviewed.case).await.unwrap();
    (reviewed, files)
}

/// The folder with another list of digests, as somebody writes it who has changed files.
fn listed(mut files: Files) -> Files {
    files.remove(SUMS);
    let list = sums(&files);
    files.insert(SUMS.to_owned(), list.into_bytes());
    files
}

fn replayed(files: &Files) -> Replayed {
    replay(files, None).unwrap_or_else(|fault| panic!("{fault}"))
}

fn fault(files: Files) -> String {
    match replay(&listed(files), None) {
        Err(fault) => fault.to_string(),
        Ok(_) => panic!("the folder holds"),
    }
}

fn find(files: &Files, part: &str) -> String {
    files.keys().find(|path| path.contains(part)).unwrap_or_else(|| panic!("no {part}")).clone()
}

#[tokio::test]
async fn a_case_is_rebuilt_as_the_desk_has_it() {
    let (reviewed, files) = folder().await;
    check_sums(&files).unwrap();
    let replayed = replayed(&files);
    let file = reviewed.desk().await.case(&reviewed.case).await.unwrap();
    assert_eq!(replayed.life, file.life());
    assert_eq!(replayed.differs(), None);
    let events: Vec<_> = replayed.timeline.iter().map(|moment| (moment.event, moment.stage)).collect();
    assert_eq!(
        events,
        [
            ("request", "RECEIVED"),
            ("authenticated", "REVIEW"),
            ("found", "REVIEW"),
            ("preserved", "REVIEW"),
            ("challenged", "CHALLENGED"),
        ]
    );
    assert!(replayed.timeline.iter().all(|moment| moment.leaf.is_some()));
    assert!(replay(&files, Some(&replayed.genesis)).is_ok());
    assert!(replay(&files, Some(&Digest([0; 32]))).is_err(), "another genesis is pinned");
}

/// The leaf says that a threat to life was claimed; a folder whose request claims none must not.
#[tokio::test]
async fn an_emergency_is_one_in_leaf_and_request() {
    for emergency in [true, false] {
        let reviewed = Reviewed::new().await;
        let desk = reviewed.desk().await;
        let letter = NewRequest { emergency, ..reviewed.letter(&desk, "xa-district-court") };
        let case = desk.file_request(letter, None, &lena()).await.unwrap();
        let tried = [(Factor::Directory, true), (Factor::CallBack, false)].map(|(factor, confirmed)| FactorTried {
            factor,
            confirmed,
            note: "the registry knows nothing".into(),
            at: desk.now(),
            person: None,
        });
        desk.check_sender(&case, tried.to_vec(), &lena()).await.unwrap();
        let files = desk.export_case(&case).await.unwrap();
        assert_eq!(replayed(&files).life.stage, Stage::RejectedFake);
        let word = if emergency { "\"emergency_fake\"" } else { "\"fake\"" };
        let disclosures = files.iter().filter(|(path, _)| path.ends_with(".disclosures.json"));
        let texts: Vec<String> = disclosures
            .flat_map(|(_, bytes)| serde_json::from_slice::<Vec<String>>(bytes).unwrap())
            .filter_map(|text| Disclosure::parse(&text).ok())
            .filter(|field| field.name() == "outcome")
            .map(|field| field.value().to_string())
            .collect();
        assert_eq!(texts, [word]);
    }
}

#[tokio::test]
async fn the_folder_holds_no_letter_and_no_paper() {
    let (_reviewed, files) = folder().await;
    for (path, bytes) in &files {
        assert!(!path.contains("sealed"), "{path}");
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("age-encryption.org") && !text.contains("We order the exchange"), "{path}");
    }
}

#[tokio::test]
async fn what_the_desk_claims_is_compared() {
    let (_reviewed, mut files) = folder().await;
    let says: Exact<CaseFolder> = Exact::parse(&files["case.json"]).unwrap();
    let claim = CaseFolder { stage: "REVIEW".into(), preserved: false, ..says.value().clone() };
    files.insert("case.json".into(), Exact::write(claim).unwrap().bytes().to_vec());
    let difference = replayed(&listed(files)).differs().unwrap();
    assert!(difference.contains("the desk says REVIEW, the events and leaves say CHALLENGED"), "{difference}");
    assert!(difference.contains("preserved: false"), "{difference}");
}

#[tokio::test]
async fn an_event_that_is_left_out_put_in_or_exchanged_is_found() {
    let (_reviewed, files) = folder().await;
    // The last event left out: its leaf is there.
    let mut cut = files.clone();
    cut.remove("events/000004.json");
    assert!(fault(cut).contains("no event of the case brought it"));
    // One of the middle left out: the chain breaks.
    let mut cut = files.clone();
    cut.remove("events/000002.json");
    assert!(fault(cut).contains("does not follow"));
    // Its leaf as well.
    let mut cut = files.clone();
    cut.remove("events/000004.json");
    let last = find(&cut, "leaves/").replace("leaves/", "");
    let stems: Vec<String> =
        cut.keys().filter(|path| path.ends_with(".leaf") && path.starts_with("leaves/")).cloned().collect();
    let last = stems.last().unwrap_or(&last).trim_end_matches(".leaf").to_owned();
    for ending in ["leaf", "tlog-proof", "disclosures.json"] {
        cut.remove(&format!("{last}.{ending}")).unwrap();
    }
    let difference = replayed(&listed(cut)).differs().unwrap();
    assert!(difference.contains("the desk says CHALLENGED, the events and leaves say REVIEW"), "{difference}");
    // An event that never was.
    let mut more = files.clone();
    let before: Exact<EventRecord> = Exact::parse(&files["events/000004.json"]).unwrap();
    let forged = EventRecord {
        v: EventV1,
        case: before.value().case,
        number: 5,
        previous: Some(before.digest()),
        at: before.value().at,
        by: lena(),
        event: Event::ChallengeDecided { document: before.value().event.document().unwrap() },
    };
    more.insert("events/000005.json".into(), Exact::write(forged).unwrap().bytes().to_vec());
    assert!(fault(more).contains("no leaf of the folder backs it"));
    // Another person, another time, another document in the place of the right one.
    for change in ["by", "at", "event"] {
        let mut other = files.clone();
        let mut record = before.value().clone();
        match change {
            "by" => record.case = CaseId([9; 16]),
            "at" => record.at = record.at.plus(DAY),
            _ => record.event = Event::Withdrawn { document: record.event.document().unwrap() },
        }
        other.insert("events/000004.json".into(), Exact::write(record).unwrap().bytes().to_vec());
        let found = fault(other);
        let expected = match change {
            "by" => "not an event of this case",
            "at" => "it is stamped",
            _ => "its field `step` is not `withdraw`",
        };
        assert!(found.contains(expected), "{change}: {found}");
    }
}

#[tokio::test]
async fn every_file_that_is_missing_changed_or_strange_is_named() {
    let (_reviewed, files) = folder().await;
    for path in files.keys().filter(|path| path.as_str() != SUMS) {
        let mut missing = files.clone();
        missing.remove(path);
        let found = fault(missing);
        assert!(!found.is_empty(), "{path}");
        let mut changed = files.clone();
        // Near the beginning: further on lies the cosignature of a third witness, which two others do without.
        changed.get_mut(path).unwrap()[5] ^= 1;
        assert!(replay(&changed, None).is_err_and(|fault| fault.file == *path), "{path} under the old list");
        assert!(replay(&listed(changed), None).is_err(), "{path} under a new list");
    }
    for strange in
        ["notes.json", "documents/sealed_paper-00.json", "leaves/0000000009.tlog-proof", "events/000009.json"]
    {
        let mut more = files.clone();
        more.insert(strange.into(), b"{}".to_vec());
        assert!(fault(more).starts_with(strange), "{strange}");
    }
}

#[tokio::test]
async fn a_case_that_begins_with_a_contact_and_is_locked_is_rebuilt_too() {
    let reviewed = Reviewed::new().await;
    let desk = reviewed.confirm().await;
    desk.take_step(&reviewed.case, Step::Ask, because("no offence named"), &lena()).await.unwrap();
    desk.file_request(reviewed.letter(&desk, "xa-district-court"), Some(&reviewed.case), &lena()).await.unwrap();
    desk.take_step(&reviewed.case, Step::Lock, because("silence of the office"), &lena()).await.unwrap();
    let files = desk.export_case(&reviewed.case).await.unwrap();
    let replayed = replayed(&files);
    assert_eq!((replayed.life.stage.clone(), replayed.differs()), (Stage::Locked, None));
    let events: Vec<_> = replayed.timeline.iter().map(|moment| moment.event).collect();
    assert_eq!(events, ["request", "authenticated", "asked_more", "completed", "locked"]);
}
