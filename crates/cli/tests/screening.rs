//! Sanctions lists and clients by the commands: what is kept, what is refused, and the alerts.

mod program;
mod served;

use program::{Ran, command, countersign};
use served::Served;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

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

/// An invented person in the form of FollowTheMoney.
const FTM: &str = concat!(
    r#"{"id":"Q1","schema":"Person","properties":{"name":["Arun Belso"],"birthDate":["1961"]}}"#,
    "\n",
    r#"{"id":"S1","schema":"Sanction","properties":{"entity":["Q1"],"authority":["Port Office of X"]}}"#,
    "\n"
);

#[test]
fn lists_of_every_form_are_kept_side_by_side() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("exchange");
    let ftm = file(place.path(), "entities.ftm.json", FTM);
    let uk = file(
        place.path(),
        "ConList.csv",
        "Last Updated,01/12/2025\nName 6,Name 1,Group Type,Alias Type,Regime,Listed On,Group ID,DOB\n\
         ORLANDO,Vera,Individual,Primary name,Russia,15/03/2022,7,28/06/1960\n",
    );
    let ofac = file(
        place.path(),
        "SDN_ADVANCED.XML",
        "<?xml version=\"1.0\"?><Sanctions><ReferenceValueSets>\
         <PartyTypeValues><PartyType ID=\"1\">Individual</PartyType></PartyTypeValues>\
         <PartySubTypeValues><PartySubType ID=\"4\" PartyTypeID=\"1\">Unknown</PartySubType></PartySubTypeValues>\
         <SanctionsTypeValues><SanctionsType ID=\"1\">Program</SanctionsType></SanctionsTypeValues></ReferenceValueSets>\
         <DistinctParties><DistinctParty FixedRef=\"36\"><Profile ID=\"36\" PartySubTypeID=\"4\"><Identity ID=\"1\" Primary=\"true\">\
         <Alias Primary=\"true\"><DocumentedName><DocumentedNamePart><NamePartValue>Ilya Zemlinov</NamePartValue></DocumentedNamePart>\
         </DocumentedName></Alias></Identity></Profile></DistinctParty></DistinctParties>\
         <SanctionsEntries><SanctionsEntry ProfileID=\"36\"><SanctionsMeasure SanctionsTypeID=\"1\"><Comment>SDGT</Comment>\
         </SanctionsMeasure></SanctionsEntry></SanctionsEntries></Sanctions>",
    );
    good(&dir, &["lists", "update", "ftm", &ftm, "--name", "ports"]);
    good(&dir, &["lists", "update", "uk", &uk]);
    good(&dir, &["lists", "update", "ofac", &ofac]);
    for (name, id, listing) in [
        ("Arun Belso", "ports-Q1", "other_port_office_of_x"),
        ("Vera Orlando", "uk-7", "gb_fcdo GB-RUS"),
        ("Ilja Zemlinow", "ofac-36", "us_ofac US-TERR"),
    ] {
        let shown = good(&dir, &["screen", "explain", name, "--most", "1"]);
        assert!(shown.contains(id) && shown.contains(listing), "{shown}");
    }
    let ran = run(&dir, &["lists", "update", "ftm", &ftm, "--name", "un"]);
    assert!(ran.code == Some(1) && ran.err.contains("say another --name"), "{ran}");
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
        let after = good(&dir, &["lists", "show"]);
        assert!(after.starts_with(&before), "the list before stays in effect: {after}");
        let held: Vec<&str> = after.lines().filter(|line| line.contains("HELD BACK")).collect();
        assert!(held.last().is_some_and(|line| line.contains(reason)), "{after}");
    }
    assert_eq!(good(&dir, &["lists", "show"]).matches("HELD BACK").count(), 3);
    good(&dir, &["lists", "update", "un", &small, "--accept-removals", "2"]);
    let diff = good(&dir, &["lists", "diff", "un"]);
    assert!(diff.contains("0 added, 0 changed, 2 removed") && diff.contains("- un-1 ARUN BELSO"), "{diff}");
}

fn post(server: &Served, path: &str, body: &str) -> (u16, String) {
    let mut connection = TcpStream::connect(&server.address).unwrap();
    let length = body.len();
    write!(
        connection,
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[test]
fn a_client_of_yente_gets_its_answer_and_a_new_list_without_a_restart() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("exchange");
    let ran = run(&dir, &["screen", "serve", "--listen", "127.0.0.1:0"]);
    assert!(ran.code == Some(1) && ran.err.contains("there is no list yet"), "{ran}");
    good(&dir, &["lists", "update", "un", &file(place.path(), "un.xml", &list(&PEOPLE))]);
    let server = Served::start(&dir, &["screen", "serve", "--listen", "127.0.0.1:0"]);
    let query = |name: &str| {
        format!(
            r#"{{"queries":{{"q":{{"schema":"Person","properties":{{"name":["{name}"],"birthDate":["1960-08-11"]}}}}}}}}"#
        )
    };
    let results = |name: &str| {
        let (status, body) = post(&server, "/match/default?limit=3", &query(name));
        assert_eq!(status, 200, "{body}");
        let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
        answer["responses"]["q"]["results"].as_array().unwrap().clone()
    };
    let found = results("Ilja Zemlinow");
    assert_eq!((found[0]["id"].as_str(), found[0]["match"].as_bool()), (Some("un-0"), Some(true)));
    assert_eq!(results("Tomas Quill").len(), 0);
    let (status, body) = server.get("/search/un?q=orlando");
    assert!(status == 200 && body.contains("VERA ORLANDO"), "{body}");
    assert_eq!(server.get("/entities/un-1").0, 200);
    for (path, body, expected, code) in [
        ("/match/nowhere", query("Vera"), 404, "not-found"),
        ("/match/default", "{".to_owned(), 400, "invalid"),
        ("/match/default", "x".repeat(3 << 20), 413, "too-large"),
        ("/ivms101/default", "{}".to_owned(), 400, "invalid"),
        ("/nowhere", String::new(), 404, "no-such-page"),
        ("/search/default", String::new(), 405, "method"),
    ] {
        let (status, body) = post(&server, path, &body);
        let problem: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        assert_eq!((status, problem["code"].as_str()), (expected, Some(code)), "{path}: {body}");
    }
    let more = [PEOPLE[0], PEOPLE[1], PEOPLE[2], "TOMAS QUILL"];
    good(&dir, &["lists", "update", "un", &file(place.path(), "un2.xml", &list(&more))]);
    let taken_up = (0..300).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(200));
        !results("Tomas Quill").is_empty()
    });
    assert!(taken_up, "the new list is not taken up");
    server.kill();
}

#[test]
fn two_people_decide_and_the_decision_holds_until_a_side_changes() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("exchange");
    let clients = |birth: &str| {
        file(
            place.path(),
            "clients.csv",
            &format!("id,name,birth_date\nA-1,Ilja Zemlinow,{birth}\nA-2,Vera Orlando,1960-08-11\n"),
        )
    };
    let mut runs = 0;
    let mut screened = |clients: &str| {
        runs += 1;
        let out = place.path().join(format!("alerts{runs}.jsonl")).to_string_lossy().into_owned();
        good(&dir, &["screen", "--clients", clients, "--out", &out]);
        out
    };
    good(&dir, &["lists", "update", "un", &file(place.path(), "un.xml", &list(&PEOPLE))]);
    let out = screened(&clients("1960"));
    assert!(good(&dir, &["alerts", "add", &out]).starts_with("2 new"));
    assert!(good(&dir, &["alerts", "add", &out]).starts_with("0 new (0 because a side changed), 2 waiting"));
    let waiting = good(&dir, &["alerts", "list"]);
    assert!(
        waiting.contains("2 waiting here, 0 in the other queue"),
        "the Council's listings are recognised: {waiting}"
    );
    let number =
        waiting.lines().find(|line| line.contains("A-1")).unwrap().split_whitespace().next().unwrap().to_owned();
    let act =
        |words: &[&str], by: &str| run(&dir, &[&["alerts"], words, &["--by", by, "--reason", "papers seen"]].concat());
    let propose: &[&str] = &["propose", &number, "false-positive"];
    assert_eq!(act(propose, "Mara Quill").code, Some(0));
    let alone = act(&["agree", &number], "mara quill");
    assert!(alone.code == Some(1) && alone.err.contains("another person has to agree"), "{alone}");
    assert_eq!(act(&["agree", &number], "Olen Varga").code, Some(0));
    let shown = good(&dir, &["alerts", "show", &number]);
    assert!(shown.contains("Mara Quill: papers seen") && shown.contains("Olen Varga: papers seen"), "{shown}");
    assert!(good(&dir, &["alerts", "add", &screened(&clients("1960"))]).contains("1 suppressed"));
    let again = good(&dir, &["alerts", "add", &screened(&clients("1960-08-11"))]);
    assert!(again.starts_with("1 new (1 because a side changed)"), "{again}");
    let vendor =
        file(place.path(), "export.csv", "AlertId,Customer,ListId,Name\n77,A-9,Q9,Arun Belso\n78,,Q9,Arun Belso\n");
    let places = "reference=AlertId,client=Customer,entity=ListId,caption=Name";
    let brought = good(&dir, &["alerts", "import", "oldwatch", &vendor, "--places", places]);
    assert!(brought.contains("1 new") && brought.contains("export.csv line 3"), "{brought}");
    assert!(good(&dir, &["alerts", "list", "--people"]).contains("oldwatch:Q9"));
    assert!(good(&dir, &["alerts", "policy"]).contains("security-council"));
    let journal = dir.join("alerts/journal.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, text.replacen("papers seen", "papers sent", 1)).unwrap();
    let damaged = run(&dir, &["alerts", "list"]);
    assert!(damaged.code == Some(1) && damaged.err.contains("is damaged"), "{damaged}");
}

#[test]
fn a_queue_that_was_killed_opens_with_whole_alerts_and_takes_the_others_again() {
    const ALERTS: usize = 20_000;
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("exchange");
    let rows: String = (0..ALERTS).map(|number| format!("{number},A-{number},Q{number},Arun Belso\n")).collect();
    let vendor = file(place.path(), "export.csv", &format!("AlertId,Customer,ListId,Name\n{rows}"));
    let places = "reference=AlertId,client=Customer,entity=ListId,caption=Name";
    let import = ["alerts", "import", "oldwatch", &vendor, "--places", places];
    let journal = dir.join("alerts/journal.jsonl");
    for millis in [20, 200, 500, 900, 1_300] {
        let mut child = command(&dir, &import).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(millis));
        // SIGKILL: nothing in the process can react.
        child.kill().unwrap();
        child.wait().unwrap();
        if journal.exists() {
            let lines = fs::read(&journal).unwrap().iter().filter(|byte| **byte == b'\n').count();
            let waiting = good(&dir, &["alerts", "list", "--people", "--most", "1"]);
            assert!(waiting.contains(&format!("{lines} waiting here")), "{waiting}");
        }
    }
    // What a kill left of a line, for certain this time.
    let mut whole = fs::read(&journal).unwrap_or_default();
    whole.extend_from_slice(b"{\"at\":\"2026-11-20T1");
    fs::create_dir_all(journal.parent().unwrap()).unwrap();
    fs::write(&journal, whole).unwrap();
    good(&dir, &import);
    assert!(good(&dir, &["alerts", "list", "--people", "--most", "1"]).contains(&format!("{ALERTS} waiting here")));
}

#[test]
fn what_an_update_changed_is_compared_with_all_clients() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("exchange");
    let clients =
        file(place.path(), "clients.csv", "id,name\nA-1,Ilja Zemlinow\nA-2,Tomas Quill\nA-3,Sera Montalban\nA-4,\n");
    let out = place.path().join("new.jsonl").to_string_lossy().into_owned();
    let delta = ["screen", "delta", "--source", "un", "--clients", &clients, "--out", &out];
    good(&dir, &["lists", "update", "un", &file(place.path(), "un.xml", &list(&PEOPLE))]);
    assert!(run(&dir, &delta).err.contains("has one version only"));
    let more = [PEOPLE[0], PEOPLE[1], PEOPLE[2], "TOMAS QUILL"];
    good(&dir, &["lists", "update", "un", &file(place.path(), "un2.xml", &list(&more))]);
    let ran = run(&dir, &delta);
    assert!(
        ran.code == Some(0) && ran.out.contains("(1 rows rejected) against 1 added or changed entities: 1 alerts"),
        "{ran}"
    );
    let text = fs::read_to_string(&out).unwrap();
    assert!(text.contains("A-2") && !text.contains("A-1"), "who was listed before is not asked about again: {text}");
    assert!(good(&dir, &["alerts", "add", &out]).starts_with("1 new"));
    assert!(run(&dir, &delta).err.contains("exists"));
}

#[test]
fn the_index_is_compared_with_every_pair() {
    let place = tempfile::tempdir().unwrap();
    let ran = good(place.path(), &["screen", "bench", "--differential", "100000"]);
    assert!(ran.contains("100000 pairs") && ran.contains(" 0 lost by the index, 0 compared differently"), "{ran}");
}

/// A folder in the layout of the public data, small: one entity for each list, and people who are on none.
fn data(place: &Path) -> PathBuf {
    let folder = place.join("data");
    let put = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("un/UN_consolidated.xml", &list(&PEOPLE));
    // All columns of the annexes; a row has the first nine of an entity and nothing else.
    let header = "recordId,programKey,annex,measure,startDate,reason,schema,name,alias,weakAlias,previousName,country,nationality,\
                  jurisdiction,birthDate,birthPlace,position,passportNumber,gender,appearance,ethnicity,fatherName,motherName,\
                  incorporationDate,legalForm,sector,registrationNumber,taxNumber,idNumber,innCode,ogrnCode,kppCode,okpoCode,leiCode,\
                  swiftBic,ticker,imoNumber,mmsi,flag,address,phone,email,website,notes\n";
    let row = |act: &str, number: u8, name: &str| {
        format!("celex,{header}{act},{number},EU-LBY,II,Asset freeze,,,Person,{name},{}\n", ",".repeat(35))
    };
    put("eu/consolidated/32016R0044.csv", &row("32016R0044", 7, "Tomas QUILL"));
    put("eu/amendments/32016R0045.csv", &row("32016R0045", 8, "Mara QUILL"));
    put("ofac/sdn.csv", "36,\"BELSO LINES\",-0- ,\"CUBA\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n");
    put("ofac/alt.csv", "36,12,\"aka\",\"BELSO SHIPPING\",-0- \n");
    put("ofac/add.csv", "36,25,-0- ,\"Port X\",\"Cuba\",-0- \n");
    put("ofac/sdn_comments.csv", "");
    let person = |number: usize| format!("Olen{number} Varga{number},female,1972-11-{:02},France\n", 1 + number % 28);
    put(
        "people/negatives_us.csv",
        &("full_name,gender,date_of_birth,nationality\n".to_owned() + &(0..6_000).map(person).collect::<String>()),
    );
    put(
        "pairs/name_pairs.csv",
        "schema,name1,name2,is_match\nPerson,Ilya Zemlinov,Ilja Zemlinow,true\nPerson,Vera Orlando,Arun Belso,false\n",
    );
    folder
}

#[test]
fn figures_are_measured_on_a_folder_of_data() {
    let place = tempfile::tempdir().unwrap();
    let folder = data(place.path());
    let text = folder.to_string_lossy();
    let bench = |more: &[&str]| run(place.path(), &[&["screen", "bench", "--data", &*text], more].concat());
    let ran = bench(&["--quick"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    for line in [
        "un: 3 entities, 0 rows rejected",
        "eu: 2 entities, 0 rows rejected",
        "ofac: 1 entities, 0 rows rejected",
        "6 entities, ",
        "5000 clients on one core: ",
        " MB for 50,000 entities",
        "memory at most so far",
        "2 labelled pairs, ",
        "name, birth date, nationality; 5000 clean people",
        "name only; 5000 clean people",
        "| as listed | 3 | 100.0 % | 100.0 % | 100.0 % | 100.0 % | 100.0 % | 0 |",
    ] {
        assert!(ran.out.contains(line), "`{line}` is not in {ran}");
    }
    assert!(bench(&[]).out.contains("name only; 6000 clean people"));
    let peers = place.path().join("peers.jsonl");
    assert!(bench(&["--quick", "--peers", &peers.to_string_lossy()]).out.contains("written"));
    assert!(fs::read_to_string(&peers).unwrap().lines().count() > 5_000);
    fs::remove_dir_all(folder.join("eu/amendments")).unwrap();
    fs::remove_file(folder.join("pairs/name_pairs.csv")).unwrap();
    let ran = bench(&[]);
    assert!(ran.code == Some(1) && ran.err.contains("lacks eu/amendments/*.csv, pairs/name_pairs.csv;"), "{ran}");
    let both = ["--clean", "people.csv"];
    assert_eq!(bench(&both).code, Some(2), "one or the other");
}

#[test]
fn figures_are_measured_on_the_public_data() {
    let Some(data) = countersign_testkit::require::data() else { return };
    let place = tempfile::tempdir().unwrap();
    let ran = good(place.path(), &["screen", "bench", "--quick", "--data", &data.join("screen").to_string_lossy()]);
    assert!(ran.contains("18362 entities, 52288 names, 31029 words"), "{ran}");
    assert!(ran.contains("321 labelled pairs, ") && ran.contains("| Arabic name the list lacks | 683 |"), "{ran}");
}
