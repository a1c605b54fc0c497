//! Restrictions from a plan to the exchange core and off again, over real HTTP.

mod core;

use self::core::{Core, Mood};
use crate::by_hand::{Hand, word_after};
use crate::program::{Ran, command};
use countersign_core::restriction::NoticeOutcome;
use countersign_testkit::require::workspace_root;
use std::fs;

const RULE: &str = "eu.5b.2/v1";

/// 210 clients: two of three are restricted by the law of 2022-04-21, of every 35th a fact is missing.
fn clients() -> String {
    let mut text = String::from("account,nationality,residence,permit,activity,crypto,as_of\n");
    for number in 0..210 {
        let (permit, crypto) = match number {
            _ if number % 35 == 34 => ("", "20000"),
            _ if number % 3 == 2 => ("none", "10000.00"),
            _ => ("none", "10000.01"),
        };
        text += &format!("A-{number:03},RU,XR,{permit},wallet,{crypto},2022-04-20\n");
    }
    text
}

struct Desk {
    hand: Hand,
    core: Core,
    law: String,
    clients: String,
}

impl Desk {
    fn new() -> Self {
        let (hand, core) = (Hand::founded(), Core::start());
        let law = workspace_root().join("packs/restrict/eu-833-2014-art5b.yaml").display().to_string();
        let clients = hand.file("population.csv", clients());
        let said = hand.good(&["restrict", "webhook", "--url", &core.url]);
        core.trust(said.split_once("signed by ").unwrap().1.trim());
        Self { hand, core, law, clients }
    }

    fn restrict(&self, arguments: &[&str]) -> Ran {
        self.hand.run(&[&["restrict"], arguments].concat())
    }

    fn good(&self, arguments: &[&str]) -> String {
        self.hand.good(&[&["restrict"], arguments].concat())
    }

    fn by(&self, person: &str) -> Vec<String> {
        let key = self.hand.inside(&format!("people/{person}/signing.key"));
        ["--as", person, "--key", &key].map(str::to_owned).to_vec()
    }

    fn as_person(&self, person: &str, arguments: &[&str]) -> Ran {
        let by = self.by(person);
        let by: Vec<&str> = by.iter().map(String::as_str).collect();
        self.restrict(&[arguments, &by].concat())
    }

    fn plan_arguments(&self) -> Vec<&str> {
        let valued = ["--price-source", "our book", "--priced-at", "2022-04-20T22:00:00Z"];
        let plan = ["plan", "--pack", &self.law, "--date", "2022-04-21", "--population", &self.clients];
        [&plan[..], &valued, &["--why", "Regulation (EU) 2022/576"]].concat()
    }

    /// Writes the plan; gives its digest.
    fn plan(&self) -> String {
        let ran = self.as_person("lena-ohm", &[&self.plan_arguments()[..], &["--although-unverified"]].concat());
        assert_eq!(ran.code, Some(0), "{ran}");
        word_after(&ran.out, "digest to compare: ")
    }

    fn approve(&self, plan: &str, person: &str) -> Ran {
        self.as_person(person, &["approve", plan, "--pack", &self.law, "--population", &self.clients])
    }
}

fn refused(ran: &Ran, part: &str) {
    assert!(ran.code == Some(1) && ran.err.contains(part) && ran.err.lines().count() == 1, "`{part}`: {ran}");
}

#[test]
fn a_plan_of_two_people_reaches_the_exchange_core_and_an_appeal_takes_it_off() {
    let desk = Desk::new();
    refused(&desk.as_person("lena-ohm", &desk.plan_arguments()), "--although-unverified");
    let plan = desk.plan();
    refused(&desk.restrict(&["apply", &plan, "--stage", "one-percent"]), "nobody has signed the plan as approver");
    refused(&desk.approve(&plan, "lena-ohm"), "role");
    // Who approves has another population, or another pack.
    let other = desk.hand.file("other.csv", clients().replace("10000.01", "9999"));
    let with = |pack: &str, population: &str| {
        desk.as_person("anna-berg", &["approve", &plan, "--pack", pack, "--population", population])
    };
    refused(&with(&desk.law, &other), "is not the population of the plan");
    let text = fs::read_to_string(&desk.law).unwrap();
    let pack = desk.hand.file("other.yaml", format!("{text}\n# a comment\n"));
    refused(&with(&pack, &desk.clients), "is not the pack of the plan");
    refused(&desk.as_person("anna-berg", &["approve", &plan]), "--population");
    let ran = desk.approve(&plan, "anna-berg");
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(
        ran.out.contains("give the same 136 lines") && ran.out.contains("6 clients of whom facts are missing"),
        "{ran}"
    );

    refused(&desk.restrict(&["apply", &plan, "--stage", "all"]), "one percent first");
    let dry = desk.good(&["apply", &plan, "--stage", "dry-run"]);
    assert!(
        dry.contains("136 would be applied, 2 of them first; 0 have been before")
            && dry.contains("nothing was changed")
    );
    assert!(desk.good(&["apply", &plan, "--stage", "one-percent"]).contains("2 restrictions applied"));
    refused(&desk.restrict(&["apply", &plan, "--stage", "all"]), "has not taken 2 notices");
    // One attempt fails for now, one is refused for good.
    desk.core.will(&[Mood::Status(503), Mood::Status(404)]);
    let ran = desk.restrict(&["deliver"]);
    assert!(ran.code == Some(1) && ran.out.contains("status 503; again at") && ran.out.contains("given up"), "{ran}");
    refused(&desk.restrict(&["apply", &plan, "--stage", "all"]), "dead letters");
    let dead = desk.good(&["dead-letters"]);
    assert!(dead.contains("status 404") && dead.contains("1 dead letters"), "{dead}");
    desk.good(&["dead-letters", "--revive", dead.split_whitespace().next().unwrap()]);
    assert!(desk.good(&["deliver", "--now"]).contains("2 delivered, 0 failed; 0 wait, 0 were given up"));
    assert!(desk.good(&["apply", &plan, "--stage", "all"]).contains("134 restrictions applied, 2 had been before"));
    // Applied twice is one restriction; by another plan as well.
    assert!(desk.good(&["apply", &plan, "--stage", "all"]).contains("0 restrictions applied, 136 had been before"));
    assert!(desk.good(&["deliver"]).contains("134 delivered"));
    let again = desk.plan();
    assert_ne!(again, plan);
    assert_eq!(desk.approve(&again, "bruno-lind").code, Some(0));
    assert!(desk.good(&["apply", &again, "--stage", "one-percent"]).contains("0 restrictions applied, 2 had been"));

    let reconciled = |content: &str, more: &[&str]| {
        let export = desk.hand.file("export.csv", content);
        desk.restrict(&[&["reconcile", &export], more].concat())
    };
    assert_eq!(desk.core.state.lock().unwrap().accounts.len(), 136);
    let export = desk.core.export();
    let ran = reconciled(&export, &[]);
    assert!(ran.code == Some(0) && ran.out.contains("136 restricted accounts alike, 0 missing or different"), "{ran}");
    let mut wrong = export.replace("A-000,close_and_return", "A-000,freeze").replace("A-001,close_and_return\n", "");
    wrong += "B-1,deny_new\n";
    let ran = reconciled(&wrong, &["--resend"]);
    for part in ["different  `A-000`", "missing    `A-001`", "`B-1`: deny_new there", "2 accounts are told again"] {
        assert!(ran.code == Some(1) && ran.out.contains(part), "{part}: {ran}");
    }
    assert!(reconciled(&wrong, &["--resend"]).out.contains("0 accounts are told again"), "they are on their way");
    assert!(desk.good(&["deliver"]).contains("2 delivered"));
    assert_eq!(desk.good(&["standing"]), export);

    let shown = desk.good(&["show", "A-000"]);
    for part in
        ["close_and_return since", "10000.01 EUR is more than", "would change  evidence of: permit", "as of 2022-04-20"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let permit = desk.hand.file("permit.pdf", "%PDF-1.4 a permit");
    let opened =
        ["appeal", "open", "A-000", RULE, "--document", &permit, "--why", "holds a permit", "--as", "lena-ohm"];
    assert!(desk.good(&opened).contains("to be decided until"));
    refused(&desk.restrict(&opened), "an appeal is open");
    assert!(desk.good(&["appeal", "list"]).contains("`A-000`"));
    let decide =
        |person: &str| desk.as_person(person, &["appeal", "decide", "A-000", RULE, "--reverse", "--why", "genuine"]);
    refused(&decide("anna-berg"), "another person has to decide");
    assert_eq!(decide("clara-voss").code, Some(0));
    refused(&decide("clara-voss"), "is open");
    assert!(desk.good(&["deliver"]).contains("1 delivered"));
    assert_eq!(desk.core.state.lock().unwrap().accounts["A-000"], (3, None));

    let ran = desk.as_person("lena-ohm", &["reverse", "--plan", &plan, "--why", "the act was annulled"]);
    assert!(ran.code == Some(0) && ran.out.contains("135 restrictions are taken off"), "{ran}");
    let off = word_after(&ran.out, "digest to compare: ");
    assert_eq!(desk.as_person("anna-berg", &["approve", &off]).code, Some(0));
    assert!(desk.good(&["apply", &off, "--stage", "one-percent"]).contains("2 restrictions taken off"));
    desk.good(&["deliver"]);
    assert!(desk.good(&["apply", &off, "--stage", "all"]).contains("133 restrictions taken off, 2 had been before"));
    desk.good(&["deliver"]);
    let state = desk.core.state.lock().unwrap();
    assert!(state.accounts.values().all(|(_, effect)| effect.is_none()) && state.wrong.is_empty(), "{:?}", state.wrong);
    let totals = desk.good(&["totals"]);
    let row = totals.lines().find(|line| line.starts_with(RULE)).unwrap();
    let numbers: Vec<&str> = row.split_whitespace().skip(1).take(5).collect();
    assert_eq!(numbers, ["136", "1", "0", "136", "0"], "{totals}");
    assert!(totals.contains("counted from 273 leaves"), "{totals}");
    assert!(desk.good(&["totals", "--opened"]).contains("counted from 0 leaves"), "none is open before its time");
}

#[test]
fn killed_while_it_delivers_it_sends_the_same_notice_again() {
    let desk = Desk::new();
    let plan = desk.plan();
    assert_eq!(desk.approve(&plan, "anna-berg").code, Some(0));
    desk.good(&["apply", &plan, "--stage", "one-percent"]);
    desk.core.will(&[Mood::Hang]);
    let mut child = command(&desk.hand.dir, &["restrict", "deliver"]).spawn().unwrap();
    desk.core.hangs.recv().unwrap();
    // The exchange core has taken the notice; the desk has not heard of it.
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(desk.good(&["deliver"]).contains("2 delivered"));
    let state = desk.core.state.lock().unwrap();
    assert_eq!(state.came.len(), 3);
    assert_eq!(state.came[0], state.came[1], "the same notice");
    assert_eq!(state.outcomes[1..], [NoticeOutcome::Known, NoticeOutcome::Taken]);
    assert!(state.wrong.is_empty(), "{:?}", state.wrong);
}

#[test]
fn lines_that_were_changed_and_plans_that_were_refused_are_not_applied() {
    let desk = Desk::new();
    let plan = desk.plan();
    assert_eq!(desk.approve(&plan, "anna-berg").code, Some(0));
    let lines = desk.hand.inside(&format!("custodian/restrictions/{plan}/items.jsonl"));
    let text = fs::read_to_string(&lines).unwrap();
    fs::write(&lines, text.replacen("A-000", "A-002", 1)).unwrap();
    for stage in ["dry-run", "one-percent"] {
        refused(&desk.restrict(&["apply", &plan, "--stage", stage]), "has other lines than were signed");
    }
    fs::write(&lines, text).unwrap();
    let refusal = desk.as_person("bruno-lind", &["approve", &plan, "--refuse"]);
    assert!(refusal.code == Some(0) && refusal.out.contains("refuses"), "{refusal}");
    refused(&desk.restrict(&["apply", &plan, "--stage", "one-percent"]), "was refused");
    // A row that cannot be used stops a plan until somebody says how many are left out.
    let bad = desk.hand.file("bad.csv", clients() + "A-900,ZZ,,,,,\n");
    let with = |more: &[&str]| {
        let arguments = desk.plan_arguments();
        let arguments = arguments.into_iter().map(|part| if part == desk.clients { bad.as_str() } else { part });
        desk.as_person("lena-ohm", &[&arguments.collect::<Vec<_>>()[..], &["--although-unverified"], more].concat())
    };
    refused(&with(&[]), "1 rows cannot be used");
    refused(&with(&["--leave-out", "2"]), "1 rows cannot be used");
    assert_eq!(with(&["--leave-out", "1"]).code, Some(0));
    // Nobody is there: the run ends, everything waits.
    let hand = Hand::founded();
    refused(&hand.run(&["restrict", "deliver"]), "restrict webhook --url");
    refused(&hand.run(&["restrict", "webhook", "--url", "http://core.example/"]), "https");
}
