//! The laws of ARCHITECTURE.md, tested: who may depend on whom, what the trusted crates never do, how files are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use countersign_testkit::require::{program, workspace_root};

/// Crate and the crates of this workspace it may depend on; the same table stands in ARCHITECTURE.md.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("tlog", &[]),
    ("seal", &["core"]),
    ("approve", &["core"]),
    ("policy", &["core", "approve"]),
    ("verify", &["core", "tlog", "seal", "approve", "policy"]),
    ("store", &["core", "tlog"]),
    ("log", &["core", "tlog", "store"]),
    ("monitor", &["core", "tlog", "verify", "log"]),
    ("trace", &["core"]),
    ("screen", &["core"]),
    ("trustee", &["core", "seal", "verify", "tlog", "policy"]),
    ("worker", &["core", "seal", "verify"]),
    ("deadlines", &["core"]),
    ("intake", &["core", "approve"]),
    ("letters", &["core"]),
    ("prove", &["core", "policy", "review"]),
    ("desk", &["core", "tlog", "seal", "approve", "policy", "verify", "store", "log", "deadlines", "intake", "trace"]),
    ("web", &["core", "tlog", "log", "intake", "desk"]),
    ("open", &["core", "seal", "verify"]),
    ("restrict", &["core"]),
    ("review", &["core", "approve", "policy"]),
    (
        "cli",
        &[
            "core",
            "tlog",
            "seal",
            "approve",
            "policy",
            "verify",
            "store",
            "log",
            "monitor",
            "trustee",
            "worker",
            "deadlines",
            "intake",
            "letters",
            "desk",
            "web",
            "restrict",
            "review",
            "open",
            "trace",
            "screen",
            "testkit",
        ],
    ),
    ("testkit", &["core"]),
    (
        "bench",
        &["core", "tlog", "seal", "approve", "policy", "verify", "store", "log", "trustee", "desk", "web", "testkit"],
    ),
];

/// The crates that must stay small enough to be read by whoever relies on them.
const TRUSTED: &[&str] = &["core", "tlog", "seal", "approve", "policy", "verify"];

/// The crates that must stay without runtime, server and database: the trusted ones, and the program of authorities.
const SMALL: &[&str] = &["core", "tlog", "seal", "approve", "policy", "verify", "open"];

/// What they must not reach through any of its dependencies.
const UNREACHABLE: &[&str] = &["tokio", "sqlx", "axum", "reqwest", "hyper", "async-std", "rusqlite"];

/// What a trusted crate must not write outside its tests: clock, randomness, input, output, threads, async.
const FORBIDDEN_CALLS: &[&str] = &[
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "async fn",
    "async move",
    ".await",
    "getrandom",
    "thread_rng",
    "OsRng",
    "SysRng",
    "println!",
];

/// The denials that a trusted crate states at its top.
const DENIED: &[&str] =
    &["clippy::unwrap_used", "clippy::expect_used", "clippy::indexing_slicing", "clippy::panic", "clippy::unreachable"];

const MOST_LINES: usize = 600;

/// The attacks that sealing must withstand, as the design lists them; docs/formats/seal.md says where each is attempted.
const MUST_FAIL: [&str; 20] = [
    "relabelled capsule",
    "capsule plus delta",
    "shared or predictable batch weights",
    "re-seal with a failed generator under another ring",
    "stripped dealer flag",
    "class key without proof of possession",
    "swapped encrypted replies",
    "rogue recipient key",
    "constant mask over one order",
    "OPRF under a sealing key",
    "mixed share epochs",
    "identity and non-canonical points",
    "weak Fiat-Shamir",
    "wrong ring",
    "wrong class",
    "tampered entry",
    "erased sigma",
    "replayed order with another manifest",
    "t-1 shares",
    "a lying trustee, who must be named",
];

/// Pages of docs/formats that describe nothing a vector could hold, and why.
const PAGES_WITHOUT_VECTORS: &[(&str, &str)] = &[
    ("README.md", "says what all formats share"),
    ("request-entry.md", "forms typed by the custodian's own officers; nobody outside reads them or their bytes"),
];

#[test]
fn no_crate_depends_on_one_that_the_table_does_not_allow() {
    assert_eq!(forbidden_edges(&workspace_edges(&metadata())), Vec::<String>::new());
}

#[test]
fn the_edge_check_notices_an_added_edge() {
    let mut edges = workspace_edges(&metadata());
    let sound = forbidden_edges(&edges).len();
    edges.insert(("seal".into(), "desk".into()));
    edges.insert(("trustee".into(), "store".into()));
    edges.insert(("newcomer".into(), "core".into()));
    assert_eq!(forbidden_edges(&edges).len(), sound + 3);
    assert_eq!(
        forbidden_edges(&BTreeSet::from([("core".into(), "tlog".into())])),
        ["`core` may not depend on `tlog`: see the table in ARCHITECTURE.md"]
    );
    assert!(forbidden_edges(&BTreeSet::from([("seal".into(), "core".into())])).is_empty());
}

#[test]
fn the_table_has_no_circle_and_is_the_one_in_architecture_md() {
    for (name, allowed) in MAY_DEPEND_ON {
        assert!(!reach(name, &table()).contains(*name), "`{name}` reaches itself");
        for other in *allowed {
            assert!(MAY_DEPEND_ON.iter().any(|(row, _)| row == other), "`{other}` has no row");
        }
    }
    let page = read(&workspace_root().join("ARCHITECTURE.md"));
    let rows: BTreeMap<String, BTreeSet<String>> = page.lines().filter_map(table_row).collect();
    let ours: BTreeMap<String, BTreeSet<String>> = MAY_DEPEND_ON
        .iter()
        .map(|(name, allowed)| ((*name).to_owned(), allowed.iter().map(|other| (*other).to_owned()).collect()))
        .collect();
    assert_eq!(rows, ours, "ARCHITECTURE.md (left) and this test (right) differ");
    for name in TRUSTED {
        assert!(page.contains(&format!("| `{name}` **trusted** |")), "ARCHITECTURE.md does not mark `{name}` trusted");
    }
}

#[test]
fn trusted_crates_and_the_program_of_authorities_reach_no_runtime_no_server_and_no_database() {
    let lock = lock_graph(&read(&workspace_root().join("Cargo.lock")));
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let Some(name) = short(&package.name).filter(|name| SMALL.contains(name)) else { continue };
        for dependency in package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal) {
            let mut reached = reach(&dependency.name, &lock);
            reached.insert(dependency.name.clone());
            let bad: Vec<&&str> = UNREACHABLE.iter().filter(|banned| reached.contains(**banned)).collect();
            // Members are checked on their own: the lock file does not tell their test dependencies apart.
            assert!(
                short(&dependency.name).is_none_or(|member| SMALL.contains(&member)),
                "`{name}` uses a large crate"
            );
            assert!(
                short(&dependency.name).is_some() || bad.is_empty(),
                "`{name}` reaches {bad:?} by `{}`",
                dependency.name
            );
        }
    }
}

#[test]
fn the_reach_check_follows_the_lock_file() {
    let lock = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\n \"b 2.0.0\",\n \"c\",\n]\n\n\
                [[package]]\nname = \"b\"\nversion = \"2.0.0\"\ndependencies = [\n \"tokio\",\n]\n\n[[package]]\nname = \"c\"\n";
    assert_eq!(reach("a", &lock_graph(lock)), ["b", "c", "tokio"].map(String::from).into());
    assert!(reach("c", &lock_graph(lock)).is_empty());
}

#[test]
fn trusted_crates_take_clock_randomness_and_bytes_as_arguments() {
    let mut found = Vec::new();
    for name in TRUSTED {
        for file in product_sources(&workspace_root().join("crates").join(name).join("src")) {
            found.extend(forbidden_calls(&read(&file)).into_iter().map(|call| format!("{}: {call}", shown(&file))));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_call_scan_reads_code_and_not_comments_or_tests() {
    let source = "// SystemTime::now is banned\nfn f() {}\n#[cfg(test)]\nmod tests { fn g() { SystemTime::now(); } }\n";
    assert!(forbidden_calls(source).is_empty());
    assert_eq!(forbidden_calls("use std::fs;\nlet x = 1; // std::net\n"), ["line 1 has `std::fs`"]);
    assert_eq!(forbidden_calls("async fn f() {}\n"), ["line 1 has `async fn`"]);
    assert!(forbidden_calls("self.awaited.clear();\n").is_empty());
    assert_eq!(forbidden_calls("#[cfg(test)]\nmod tests;\nfn f() { y.await }\n"), ["line 3 has `.await`"]);
}

#[test]
fn trusted_crates_deny_panics_at_their_top() {
    for name in TRUSTED {
        let top = read(&workspace_root().join("crates").join(name).join("src/lib.rs"));
        for lint in DENIED {
            assert!(top.contains(lint), "`{name}` does not deny {lint}");
        }
    }
}

#[test]
fn no_file_is_longer_than_the_hard_stop() {
    let long: Vec<String> = all_files(workspace_root())
        .into_iter()
        .filter(|file| has_ending(file, &["rs", "css", "js", "html", "py", "sh"]) && !is_test(file))
        .map(|file| (before_tests(&read(&file)).count(), file))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .map(|(lines, file)| format!("{} has {lines} lines before its tests", shown(&file)))
        .collect();
    assert_eq!(long, Vec::<String>::new());
}

#[test]
fn no_room_is_named_for_having_no_purpose() {
    for file in all_files(workspace_root()) {
        let inside = file.strip_prefix(workspace_root()).unwrap_or(&file);
        for part in inside.components().filter_map(|part| Path::new(part.as_os_str()).file_stem()?.to_str()) {
            assert!(!["common", "util", "utils", "misc", "helpers"].contains(&part), "{}", shown(&file));
        }
    }
}

#[test]
fn every_format_page_is_in_the_book_and_names_its_vectors() {
    let root = workspace_root();
    let book = read(&root.join("docs/SUMMARY.md"));
    for page in all_files(&root.join("docs/formats")) {
        let name = page.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        assert!(book.contains(&format!("(formats/{name})")), "docs/SUMMARY.md does not list formats/{name}");
        let named = named_vectors(&read(&page));
        let excused = PAGES_WITHOUT_VECTORS.iter().any(|(page, _)| *page == name);
        assert!(named.is_empty() == excused, "formats/{name} must name a vectors/ path, or be excused with a reason");
        for path in named {
            assert!(root.join(&path).exists(), "formats/{name} names {path}, which does not exist");
        }
    }
}

/// The verifier in plain Python shares no code with this workspace: whatever it says otherwise, one of the two or the page is wrong.
#[test]
fn every_attack_that_sealing_must_withstand_has_a_vector_or_a_test_that_exists() {
    let root = workspace_root();
    let page = read(&root.join("docs/formats/seal.md"));
    let rows = must_fail_rows(&page);
    let items: Vec<&str> = rows.iter().map(|(item, _)| *item).collect();
    assert_eq!(items, MUST_FAIL, "docs/formats/seal.md (left) and this test (right) differ");
    let vectors: serde_json::Value = serde_json::from_str(&read(&root.join("vectors/seal/must-fail.json"))).unwrap();
    let mut vectors: BTreeSet<String> =
        vectors["cases"].as_array().unwrap().iter().map(|case| case["name"].as_str().unwrap().to_owned()).collect();
    let requests = read(&root.join("vectors/verify/requests/index.json"));
    let sources: String = all_files(&root.join("crates/seal/tests")).iter().map(|file| read(file)).collect();
    let drill: String = all_files(&root.join("crates/cli/src/commands/drill")).iter().map(|file| read(file)).collect();
    for (item, [named_vectors, tests, attempts]) in rows {
        assert!(!named_vectors.is_empty() || !tests.is_empty(), "nothing shows that `{item}` fails");
        for name in named_vectors {
            let found = if name.ends_with(".signed") {
                requests.contains(&format!("\"{name}\"")) && root.join("vectors/verify/requests").join(name).is_file()
            } else {
                vectors.remove(name)
            };
            assert!(found, "`{item}`: no vector `{name}`, or it is named twice");
        }
        for name in tests {
            assert!(sources.contains(&format!("#[test]\nfn {name}() {{")), "`{item}`: no test `{name}`");
        }
        for name in attempts {
            assert!(drill.contains(&format!("\"{name}\" => ")), "`{item}`: the drill does not attempt `{name}`");
        }
    }
}

#[test]
fn the_table_of_attacks_is_read_by_cells() {
    let page = "x\n## What must fail\n\n| must fail | vectors | tests | attempts |\n|---|---|---|---|\n| a b | `c`, `d` | - | `e` |\n\n## Next\n| f | `g` | - | - |\n";
    assert_eq!(must_fail_rows(page), [("a b", [vec!["c", "d"], vec![], vec!["e"]])]);
}

#[test]
fn a_verifier_written_from_the_format_pages_agrees_with_every_vector() {
    let Some(python) = program("python3") else { return };
    let verifier = workspace_root().join("vectors/verify.py");
    for arguments in [&[][..], &["--self-test"]] {
        let ran = Command::new(&python).arg(&verifier).args(arguments).output().expect("python3 can be started");
        let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success() && out.ends_with("all as they must be\n"), "{arguments:?}\n{out}{err}");
    }
}

#[test]
fn no_test_file_is_forgotten() {
    for runner in all_files(&workspace_root().join("crates")).iter().filter(|file| file.ends_with("tests/runner.rs")) {
        let declared = read(runner);
        for file in all_files(runner.parent().unwrap_or(runner)).iter().filter(|file| file.parent() == runner.parent())
        {
            let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let named = stem == "runner" || declared.contains(&format!("mod {stem};"));
            assert!(!has_ending(file, &["rs"]) || named, "{} does not declare {stem}", shown(runner));
        }
    }
}

#[test]
fn every_fuzz_target_is_listed() {
    let manifest = read(&workspace_root().join("fuzz/Cargo.toml"));
    for file in all_files(&workspace_root().join("fuzz/fuzz_targets")) {
        let entry =
            format!("path = \"fuzz_targets/{}\"", file.file_name().and_then(|name| name.to_str()).unwrap_or_default());
        assert!(manifest.contains(&entry), "fuzz/Cargo.toml has no [[bin]] with {entry}");
    }
}

#[test]
fn the_readme_starts_with_the_two_commands() {
    let readme = read(&workspace_root().join("README.md"));
    for command in ["cargo run --release -- demo", "cargo test"] {
        assert!(readme.contains(command), "README.md does not say `{command}`");
    }
}

#[test]
fn cargo_run_has_one_binary_to_run() {
    let metadata = metadata();
    let members = metadata.workspace_default_packages();
    let binaries: Vec<&str> =
        members.iter().flat_map(|p| &p.targets).filter(|t| t.is_bin()).map(|t| t.name.as_str()).collect();
    assert_eq!(binaries, ["countersign"]);
    assert!(members.iter().all(|package| package.name != "countersign-batch"), "`batch` is no default member");
}

/// An attack of the page's table, and the names in its three other cells.
type MustFailRow<'p> = (&'p str, [Vec<&'p str>; 3]);

fn must_fail_rows(page: &str) -> Vec<MustFailRow<'_>> {
    let section = page.split("## What must fail\n").nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")).skip(1);
    rows.map(|row| {
        let cells: Vec<&str> = row.split(" | ").collect();
        let [item, vectors, tests, attempts] = cells[..] else { panic!("`{row}` has not four cells") };
        (item, [vectors, tests, attempts].map(|cell| cell.split('`').skip(1).step_by(2).collect()))
    })
    .collect()
}

fn metadata() -> Metadata {
    // Without the resolve graph nothing is downloaded, so this works where the network does not.
    MetadataCommand::new()
        .manifest_path(workspace_root().join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .expect("cargo can read the workspace")
}

/// The dependencies between crates of this workspace that the product has, without those of tests.
fn workspace_edges(metadata: &Metadata) -> BTreeSet<(String, String)> {
    metadata
        .workspace_packages()
        .iter()
        .flat_map(|package| package.dependencies.iter().map(|dependency| (&package.name, dependency)))
        .filter(|(_, dependency)| dependency.kind != DependencyKind::Development)
        .filter_map(|(from, dependency)| Some((short(from)?.to_owned(), short(&dependency.name)?.to_owned())))
        .collect()
}

fn forbidden_edges(edges: &BTreeSet<(String, String)>) -> Vec<String> {
    let table = table();
    edges
        .iter()
        .filter_map(|(from, to)| match table.get(from) {
            None => Some(format!("`{from}` has no row: add it to ARCHITECTURE.md and to this test")),
            Some(allowed) if allowed.contains(to) => None,
            Some(_) => Some(format!("`{from}` may not depend on `{to}`: see the table in ARCHITECTURE.md")),
        })
        .collect()
}

fn table() -> BTreeMap<String, BTreeSet<String>> {
    MAY_DEPEND_ON
        .iter()
        .map(|(name, allowed)| ((*name).to_owned(), allowed.iter().map(|other| (*other).to_owned()).collect()))
        .collect()
}

/// A row of the page's table, ``| `name` ... | purpose | core tlog |``; a dash means none.
fn table_row(line: &str) -> Option<(String, BTreeSet<String>)> {
    let cells: Vec<&str> = line.strip_prefix("| `")?.strip_suffix(" |")?.split(" | ").collect();
    let [first, _purpose, allowed] = cells[..] else { return None };
    let name = first.split('`').next()?.to_owned();
    Some((name, allowed.split_whitespace().filter(|other| *other != "-").map(str::to_owned).collect()))
}

fn short(package: &str) -> Option<&str> {
    package.strip_prefix("countersign-")
}

/// Names to the names they depend on; versions are merged, which errs on the strict side.
fn lock_graph(lock: &str) -> BTreeMap<String, BTreeSet<String>> {
    lock.split("[[package]]")
        .filter_map(|entry| {
            let name = entry.lines().find_map(|line| line.strip_prefix("name = "))?.trim_matches('"');
            let listed = entry.lines().filter_map(|line| line.strip_prefix(" \"")?.split(['"', ' ']).next());
            Some((name.to_owned(), listed.map(str::to_owned).collect::<BTreeSet<String>>()))
        })
        .fold(BTreeMap::new(), |mut graph, (name, dependencies)| {
            graph.entry(name).or_insert_with(BTreeSet::new).extend(dependencies);
            graph
        })
}

fn reach(from: &str, graph: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(name) = next.pop() {
        for dependency in graph.get(name).into_iter().flatten() {
            if reached.insert(dependency.clone()) {
                next.push(dependency);
            }
        }
    }
    reached
}

fn forbidden_calls(source: &str) -> Vec<String> {
    before_tests(source)
        .enumerate()
        .flat_map(|(number, line)| {
            let code = line.split("//").next().unwrap_or_default();
            FORBIDDEN_CALLS
                .iter()
                .filter(move |call| calls(code, call))
                .map(move |call| format!("line {} has `{call}`", number + 1))
        })
        .collect()
}

/// Whether the text stands in the line as whole words: `.awaited` does not await.
fn calls(code: &str, call: &str) -> bool {
    let goes_on = |rest: &str| rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
    code.match_indices(call).any(|(at, _)| !goes_on(&code[at + call.len()..]))
}

/// The lines before the module of tests.
fn before_tests(source: &str) -> impl Iterator<Item = &str> {
    let lines: Vec<&str> = source.lines().collect();
    let starts_tests =
        |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].contains('{');
    let end = lines.windows(2).position(starts_tests).unwrap_or(lines.len());
    lines.into_iter().take(end)
}

/// The `vectors/...` paths that a page names.
fn named_vectors(page: &str) -> BTreeSet<String> {
    page.match_indices("vectors/")
        .map(|(at, _)| {
            let rest = &page[at..];
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "/._-".contains(c))).unwrap_or(rest.len());
            rest[..end].trim_end_matches(['.', '/']).to_owned()
        })
        .filter(|path| path != "vectors")
        .collect()
}

fn product_sources(folder: &Path) -> Vec<PathBuf> {
    all_files(folder).into_iter().filter(|file| has_ending(file, &["rs"]) && !is_test(file)).collect()
}

fn is_test(file: &Path) -> bool {
    let inside = file.strip_prefix(workspace_root()).unwrap_or(file);
    inside.components().any(|part| ["tests", "benches", "fuzz"].iter().any(|name| part.as_os_str() == *name))
        || file.file_stem().is_some_and(|stem| stem == "tests")
}

/// Every file below a folder, without build output, demo output, and what begins with a dot.
fn all_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("a folder can be read")) {
        let (path, name) = (entry.path(), entry.file_name());
        let skipped = ["target", "countersign-demo", "corpus", "artifacts"].iter().any(|other| name == *other);
        if name.to_string_lossy().starts_with('.') || skipped {
            continue;
        }
        if path.is_dir() {
            files.extend(all_files(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn has_ending(file: &Path, endings: &[&str]) -> bool {
    file.extension().and_then(|ending| ending.to_str()).is_some_and(|ending| endings.contains(&ending))
}

fn shown(file: &Path) -> String {
    file.strip_prefix(workspace_root()).unwrap_or(file).display().to_string()
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{} cannot be read: {error}", shown(file)))
}
