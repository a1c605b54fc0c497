//! `countersign restrict`, from outside: what it prints, and one line for everything it cannot use.

mod program;

use countersign_testkit::require::workspace_root;
use program::{Ran, countersign};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

fn pack(name: &str) -> String {
    workspace_root().join(format!("packs/restrict/{name}.yaml")).display().to_string()
}

struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        countersign(self.folder.path(), &[&["restrict"], arguments].concat())
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path: PathBuf = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }
}

fn fails(ran: &Ran, parts: &[&str]) {
    assert!(
        matches!(ran.code, Some(1 | 2)) && ran.err.lines().count() == 1 && ran.err.starts_with("countersign: "),
        "{ran}"
    );
    for part in parts {
        assert!(ran.err.contains(part), "`{part}` is missing: {ran}");
    }
}

/// The number behind a label.
fn number(ran: &Ran, label: &str) -> u64 {
    let line =
        ran.out.lines().find(|line| line.trim_start().starts_with(label)).unwrap_or_else(|| panic!("{label}: {ran}"));
    line.trim_start()[label.len()..].split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn the_demo_prints_hits_spared_and_the_difference_to_the_notice() {
    let desk = Desk::new();
    let svg = desk.folder.path().join("out.svg").display().to_string();
    let law = pack("eu-833-2014-art5b");
    let arguments = ["simulate", "--pack", &law, "--date", "2022-04-21", "--population", "demo", "--svg", &svg];
    let ran = desk.run(&arguments);
    assert_eq!(ran.code, Some(0), "{ran}");
    let (restricted, blanket) = (number(&ran, "restricted"), number(&ran, "a blanket rule would hit"));
    assert!(0 < restricted && restricted < blanket && number(&ran, "spared by the exact rule") > 0, "{ran}");
    assert!(number(&ran, "only by eu-833-2014-art5b") > 0 && number(&ran, "only by firm-notice-sample") > 0, "{ran}");
    for part in ["notice versus law", "NOT verified against the official journal", "nothing was applied"] {
        assert!(ran.out.contains(part), "{part}: {ran}");
    }
    assert!(fs::read_to_string(&svg).unwrap().starts_with("<svg"));
    assert_eq!(desk.run(&arguments).out, ran.out, "the same input gives the same report");
}

#[test]
fn a_client_is_told_which_rule_which_facts_and_what_would_change_it() {
    let desk = Desk::new();
    let clients = desk.file(
        "clients.csv",
        "account,nationality,residence,permit,activity,crypto,as_of\nA-1,RU,XR,none,wallet,10000.01,2022-04-20\nA-2,XQQ,,,,,\n",
    );
    let law = pack("eu-833-2014-art5b");
    let run = |account: &str| {
        let valued = ["--price-source", "our book", "--priced-at", "2022-04-20T22:00:00Z"];
        let asked = ["explain", account, "--pack", &law, "--date", "2022-04-21", "--population", &clients];
        desk.run(&[&asked[..], &valued].concat())
    };
    let ran = run("A-1");
    assert_eq!(ran.code, Some(0), "{ran}");
    for part in [
        "client   `A-1` on 2022-04-21: close_and_return",
        "line 2, as of 2022-04-20",
        "eu.5b.2/v1 (from 2022-04-09 to 2022-10-06): close_and_return",
        "because       10000.01 EUR is more than 10000.00 EUR of crypto",
        "would change  evidence of: permit in {eu, eea_efta, CH}",
        "values   EUR, prices of our book at 2022-04-20T22:00:00Z",
    ] {
        assert!(ran.out.contains(part), "{part}: {ran}");
    }
    fails(&run("A-3"), &["`A-3` is not in", "rows not usable: 1", "line 3, `nationality`"]);
}

#[test]
fn packs_with_faults_are_refused_by_every_command() {
    let desk = Desk::new();
    let text = fs::read_to_string(pack("eu-833-2014-art5b")).unwrap();
    let shipped = desk.run(&["lint", &pack("eu-833-2014-art5b"), &pack("asset-freeze"), &pack("firm-notice-sample")]);
    assert_eq!(shipped.code, Some(0), "{shipped}");
    assert!(shipped.out.contains("0 faults") && shipped.out.contains("remark"), "{shipped}");
    let overlapping = desk.file("overlap.yaml", &text.replace("valid_to: 2022-10-06", "valid_to: 2022-10-07"));
    let ran = desk.run(&["lint", &overlapping]);
    fails(&ran, &["1 of 1 packs have faults"]);
    assert!(ran.out.contains("fault  eu.5b.2/v2: is in force together with `eu.5b.2/v1` on 2022-10-07"), "{ran}");
    let ran = desk.run(&["simulate", "--pack", &overlapping, "--date", "2022-04-21", "--population", "demo"]);
    fails(&ran, &["overlap.yaml", "1 fault found by the lint", "2022-10-07"]);
    let broken = desk.file("broken.yaml", &text.replace("effect: deny_new", "effect: seize"));
    fails(&desk.run(&["lint", &broken]), &["broken.yaml", "line ", "`seize`", "`freeze`"]);
}

#[test]
fn what_cannot_be_used_is_one_line() {
    let desk = Desk::new();
    let law = pack("eu-833-2014-art5b");
    let simulate = |population: &str, date: &str, more: &[&str]| {
        desk.run(&[&["simulate", "--pack", &law, "--date", date, "--population", population], more].concat())
    };
    let valued = ["--price-source", "our book", "--priced-at", "2022-04-20T22:00:00Z"];
    let bad = desk.file("bad.csv", "account,nationality,crypto\nA-1,RUS,1\nA-2,XR,-1\nA-3,XR,1\n");
    let ran = simulate(&bad, "2022-04-21", &valued);
    fails(&ran, &["2 rows could not be used"]);
    assert!(
        ran.out.contains("line 2, `nationality`: `RUS` is not a country")
            && ran.out.contains("line 3, `crypto`: is negative"),
        "{ran}"
    );
    fails(&simulate(&bad, "2022-04-21", &[]), &["write `--price-source` and `--priced-at`", "eu.5b.1/v1.1"]);
    fails(&simulate(&bad, "2022-04-21", &[&valued[..], &["--currency", "USD"]].concat()), &["EUR", "USD"]);
    fails(&simulate(&bad, "2019-01-01", &valued), &["no version of `eu-833-2014-art5b` is in force on 2019-01-01"]);
    fails(&simulate("demo", "2022-02-30", &[]), &["2022-02-30"]);
    fails(&simulate("demo", "2022-04-21", &valued), &["the demo brings its own values"]);
    fails(&simulate("demo", "2022-04-21", &["--against", &law]), &["the same on the same day"]);
    fails(&simulate("nowhere.csv", "2022-04-21", &valued), &["cannot read nowhere.csv"]);
    let unknown = desk.file("unknown.csv", "account,colour\nA-1,red\n");
    fails(&simulate(&unknown, "2022-04-21", &valued), &["unknown.csv", "`colour`, which is unknown"]);
    let prices = desk.file("prices.csv", "asset,price\nBTC,-1\n");
    let holdings = desk.file("holdings.csv", "account,holdings\nA-1,BTC:1\n");
    fails(&simulate(&holdings, "2022-04-21", &valued), &["holdings.csv", "table of prices"]);
    fails(
        &simulate(&holdings, "2022-04-21", &[&valued[..], &["--prices", &prices]].concat()),
        &["prices.csv", "line 2", "negative"],
    );
}

#[test]
fn confirmed_matches_alone_are_a_population_of_the_freezes() {
    let desk = Desk::new();
    let listed = "account,listed,as_of\nA-1,eu@2022-03-15,2025-11-30\nA-2,none,2025-11-30\nA-3,,2025-11-30\nA-4,un@2026-01-01,2025-11-30\n";
    let listed = desk.file("listed.csv", listed);
    let freezes = pack("asset-freeze");
    let ran = desk.run(&["simulate", "--pack", &freezes, "--date", "2025-12-01", "--population", &listed]);
    assert_eq!(ran.code, Some(0), "{ran}");
    let counts = ["restricted", "free", "ask", "freeze"].map(|label| number(&ran, label));
    assert_eq!(counts, [1, 2, 1, 1], "a listing of a later day freezes nobody before it: {ran}");
}
