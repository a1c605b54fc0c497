use crate::kit::{log_key, witness_policy};
use countersign_monitor::{At, Config, Watch, WatchName};
use std::path::Path;

const GOOD: &str = r#"{"v":"countersign/monitor/v1","logs":[
    {"name":"xa","at":"https://log.custodian.example/log","policy":"xa.policy","max_age_seconds":600,
     "genesis":"0707070707070707070707070707070707070707070707070707070707070707",
     "floor":{"sealed_per_tick":2,"from":"2026-11-20T00:00:00Z"},"most_leaves":1000,"looked_at":[17,3]},
    {"name":"xb-2.mirror","at":"mirror/xb","policy":"xa.policy"}]}"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("xa.policy"), witness_policy()).unwrap();
    folder
}

#[test]
fn a_configuration_is_read_with_its_defaults() {
    let folder = folder();
    let path = folder.path().join("monitor.json");
    std::fs::write(&path, GOOD).unwrap();
    let [first, second]: [Watch; 2] = Config::load(&path).unwrap().logs.try_into().unwrap();
    assert_eq!(first.at, At::Url("https://log.custodian.example/log".into()));
    assert_eq!((first.max_age, first.most_leaves, first.looked_at.len()), (600, 1_000, 2));
    assert_eq!(first.floor.unwrap().sealed_per_tick, 2);
    assert_eq!(second.at, At::Folder(folder.path().join("mirror/xb")));
    assert_eq!((second.max_age, second.most_leaves), (3_600, 10_000_000));
    assert_eq!((second.floor, second.genesis), (None, None));
}

#[test]
fn bad_configurations_are_refused_with_what_is_wrong() {
    let folder = folder();
    let policy = witness_policy();
    let two = format!(
        "log {}\n{policy}",
        crate::kit::note_key("x.example", countersign_tlog::note::KeyKind::Ed25519).verifier()
    );
    std::fs::write(folder.path().join("two.policy"), two).unwrap();
    std::fs::write(folder.path().join("none.policy"), format!("log {}\nquorum none\n", log_key().verifier())).unwrap();
    std::fs::write(folder.path().join("weak.policy"), policy.replace("group all-w 2", "group all-w 1")).unwrap();
    std::fs::write(folder.path().join("long.policy"), vec![b'#'; 300_000]).unwrap();
    let table: Vec<(String, &str)> = vec![
        (String::new(), "EOF"),
        ("[]".into(), "invalid length 0"),
        (r#"["countersign/monitor/v1",[]]"#.into(), "a list stands where an object"),
        (GOOD.replace("/v1\"", "/v2\""), "`v` must be `countersign/monitor/v1`"),
        (r#"{"v":"countersign/monitor/v1","logs":[]}"#.into(), "`logs` must list 1 to 1000 logs"),
        (GOOD.replace("\"at\":\"mirror/xb\"", "\"url\":\"mirror/xb\""), "unknown field `url`"),
        (GOOD.replace("\"at\":\"mirror/xb\",", ""), "missing field `at`"),
        (GOOD.replace("\"at\":\"mirror/xb\"", "\"at\":\"x\",\"at\":\"y\""), "duplicate field `at`"),
        (
            GOOD.replace("{\"sealed_per_tick\":2,\"from\":\"2026-11-20T00:00:00Z\"}", "[2,\"2026-11-20T00:00:00Z\"]"),
            "a list stands",
        ),
        (GOOD.replace("\"sealed_per_tick\":2", "\"sealed_per_tick\":0"), "`sealed_per_tick` is 0"),
        (GOOD.replace("\"max_age_seconds\":600", "\"max_age_seconds\":0"), "greatest age is 0"),
        (GOOD.replace("\"max_age_seconds\":600", "\"max_age_seconds\":-1"), "invalid value"),
        (GOOD.replace("\"most_leaves\":1000", "\"most_leaves\":0"), "`most_leaves` is 0"),
        (GOOD.replace("\"0707", "\"07"), "64 lower-case hexadecimal digits"),
        (GOOD.replace("2026-11-20T", "2026-11-31T"), "2026-11-31"),
        (GOOD.replace("\"xb-2.mirror\"", "\"xa\""), "two logs are called `xa`"),
        (GOOD.replace("\"xb-2.mirror\"", "\"../xb\""), "`../xb` is not a name for a log"),
        (GOOD.replace("\"xb-2.mirror\"", "\".xb\""), "`.xb` is not a name"),
        (GOOD.replace("\"xb-2.mirror\"", "\"\""), "`` is not a name"),
        (GOOD.replace("\"xb-2.mirror\"", "\"XB\""), "`XB` is not a name"),
        (GOOD.replace("\"xb-2.mirror\"", &format!("\"{}\"", "x".repeat(65))), "is not a name"),
        (GOOD.replace("xa.policy\"}", "gone.policy\"}"), "cannot read"),
        (GOOD.replace("xa.policy\"}", "two.policy\"}"), "two.policy: must name exactly one log"),
        (GOOD.replace("xa.policy\"}", "none.policy\"}"), "none.policy: the quorum is none"),
        (GOOD.replace("xa.policy\"}", "weak.policy\"}"), "weak.policy: group `all-w` asks for 1 of 3"),
        (GOOD.replace("xa.policy\"}", "long.policy\"}"), "long.policy is longer than"),
        (format!("{GOOD} x"), "trailing characters"),
    ];
    for (text, part) in table {
        assert_ne!(text, GOOD);
        let error = Config::parse(text.as_bytes(), folder.path()).unwrap_err().to_string();
        assert!(error.contains(part) && error.lines().count() == 1, "`{part}` is not in: {error}");
    }
    let file = folder.path().join("huge.json");
    std::fs::File::create(&file).unwrap().set_len(1024 * 1024 + 1).unwrap();
    assert!(Config::load(&file).unwrap_err().to_string().contains("huge.json is longer than"));
    assert!(
        Config::load(Path::new("/nowhere/monitor.json")).unwrap_err().to_string().contains("/nowhere/monitor.json")
    );
    assert!(WatchName::parse("x/y").is_err());
}
