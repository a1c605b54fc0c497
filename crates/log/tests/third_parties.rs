//! Programs that share no code with us verify a log that we wrote, and find every changed byte. Their sources are in
//! `third_parties/`; docs/verify-yourself.md tells outsiders how to run them.

use crate::kit::{Bench, ORIGIN, files, flip, key, leaf, policy, signer, witness_key};
use async_trait::async_trait;
use countersign_log::witness::{LocalWitness, Witness, WitnessError};
use countersign_log::{Log, LogParts};
use countersign_testkit::require::{self, GO_PATH};
use countersign_tlog::note::KeyKind;
use countersign_tlog::policy::TimeWindow;
use countersign_tlog::proof::LogProof;
use countersign_tlog::tile::tiles_of;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Sizes published one after the other: below, at and above the width of a tile, and one with three bundles.
const SIZES: [u64; 7] = [1, 3, 255, 256, 257, 511, 600];

/// A log, and beside it what it handed out while it grew.
struct Given {
    bench: Bench,
    /// Every checkpoint as it was published, oldest first.
    checkpoints: Vec<PathBuf>,
    /// Bodies of `add-checkpoint` as a witness got them.
    requests: Vec<PathBuf>,
    /// Receipts, each with the file of its leaf; the last one carries extra data.
    receipts: Vec<[PathBuf; 2]>,
}

/// Keeps what it is asked, as files.
struct Recording(LocalWitness, PathBuf, AtomicUsize);

#[async_trait]
impl Witness for Recording {
    fn name(&self) -> &str {
        self.0.name()
    }
    async fn add_checkpoint(&self, body: Vec<u8>) -> Result<(u16, Vec<u8>), WitnessError> {
        let number = self.2.fetch_add(1, Ordering::SeqCst);
        fs::write(self.1.join(format!("{number}.request")), &body).unwrap();
        self.0.add_checkpoint(body).await
    }
    async fn latest(&self, origin: &str) -> Result<Option<Vec<u8>>, WitnessError> {
        self.0.latest(origin).await
    }
}

impl Given {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let beside = bench.folder.path().join("given");
        fs::create_dir(&beside).unwrap();
        let mut witnesses = bench.witnesses();
        witnesses[0] = Arc::new(Recording(bench.witness(1), beside.clone(), AtomicUsize::new(0)));
        let log = Log::open(LogParts { witnesses, ..bench.parts() }).await.unwrap();
        let (mut checkpoints, mut receipts, mut from) = (Vec::new(), Vec::new(), 0);
        for size in SIZES {
            bench.publish(&log, from..size).await;
            let checkpoint = beside.join(format!("{size}.checkpoint"));
            fs::copy(bench.log_folder().join("checkpoint"), &checkpoint).unwrap();
            checkpoints.push(checkpoint);
            // The first and the last of the leaves that are new.
            for number in [from, size - 1] {
                receipts.push(receipt(&log, &beside, number).await);
            }
            from = size;
        }
        let [proof, leaf] = receipt(&log, &beside, 77).await;
        let with_extra = LogProof::parse(&fs::read(&proof).unwrap()).unwrap();
        let with_extra = LogProof { extra: Some(b"\0 not ours".to_vec()), ..with_extra };
        with_extra.verify(&fs::read(&leaf).unwrap(), &policy(), TimeWindow::ANY).unwrap();
        fs::write(&proof, with_extra.to_string()).unwrap();
        receipts.push([proof, leaf]);
        let mut requests: Vec<PathBuf> = fs::read_dir(&beside).unwrap().map(|entry| entry.unwrap().path()).collect();
        requests.retain(|path| path.extension().is_some_and(|ending| ending == "request"));
        assert_eq!((checkpoints.len(), requests.len()), (SIZES.len(), SIZES.len()));
        Self { bench, checkpoints, requests, receipts }
    }

    fn tiles(&self, start: &str) -> Vec<PathBuf> {
        let folder = self.bench.log_folder();
        let tiles = files(&folder).into_iter().filter(|name| name.starts_with(start));
        tiles.map(|name| folder.join(name)).collect()
    }
}

async fn receipt(log: &Log, beside: &Path, number: u64) -> [PathBuf; 2] {
    let public = log.public(&leaf(number).key).await.unwrap();
    let size = public.included().size;
    let paths = ["tlog-proof", "leaf"].map(|ending| beside.join(format!("{number}-of-{size}.{ending}")));
    fs::write(&paths[0], public.proof().to_string()).unwrap();
    fs::write(&paths[1], public.leaf()).unwrap();
    paths
}

fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/third_parties").join(name)
}

/// A program with arguments: it must accept, and end with 1 (not by a crash) once a byte is changed.
struct Verifier {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl Verifier {
    fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), arguments: Vec::new() }
    }

    fn with<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    fn run(&self) -> Output {
        Command::new(&self.program).args(&self.arguments).stdin(Stdio::null()).output().unwrap()
    }

    fn accepts(&self) -> String {
        let output = self.run();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{:?} {:?}: {said}", self.program, self.arguments);
        String::from_utf8(output.stdout).unwrap()
    }

    fn refuses(&self, what: &str) {
        let output = self.run();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{what}: {} {said}", String::from_utf8_lossy(&output.stdout));
        assert_eq!(said.trim_end().lines().count(), 1, "{what}: {said}");
    }

    /// Changes one byte of the file at each of these places in turn.
    fn refuses_changes(&self, file: &Path, places: impl IntoIterator<Item = usize>) {
        let sound = fs::read(file).unwrap();
        for at in places {
            flip(file, at);
            self.refuses(&format!("{} with byte {at} changed", file.display()));
            flip(file, at);
        }
        assert_eq!(fs::read(file).unwrap(), sound);
    }
}

/// Both ends of a file, its middle and some places between.
fn some_places(file: &Path) -> Vec<usize> {
    let length = fs::metadata(file).unwrap().len() as usize;
    let mut places = vec![0, length / 7, length / 3, length / 2, length * 5 / 6, length - 1];
    places.dedup();
    places
}

/// Up to the end of the log's own signature line: behind it stand lines of keys that the program does not know.
fn signed_by_the_log(file: &Path) -> std::ops::Range<usize> {
    let text = fs::read_to_string(file).unwrap();
    let line = text.find(&format!("— {} ", signer().verifier().name())).unwrap();
    0..line + text[line..].find('\n').unwrap()
}

/// Builds a program of ours with Debian's packages as they lie: nothing from the network, nothing from the settings of who runs this.
fn built(go: &Path, name: &str, folder: &Path) -> PathBuf {
    let binary = folder.join(name).with_extension("");
    let build = Command::new(go)
        .args(["build", "-o"])
        .args([&binary, &program(name)])
        .env("GOPATH", GO_PATH)
        .env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-cache"))
        .envs([("GO111MODULE", "off"), ("GOPROXY", "off"), ("GOENV", "off"), ("GOFLAGS", ""), ("CGO_ENABLED", "0")])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
    binary
}

#[test]
fn go_agrees_with_our_vectors_but_where_it_is_named() {
    let Some(go) = require::go_library("golang.org/x/mod") else { return };
    let folder = tempfile::tempdir().unwrap();
    let vectors = require::workspace_root().join("vectors/tlog");
    let said = Verifier::new(built(&go, "vectors.go", folder.path())).with([vectors]).accepts();
    assert!(said.starts_with("ok: ") && said.ends_with(" differ as named\n"), "{said}");
}

#[tokio::test]
async fn go_accepts_our_log_and_finds_every_changed_byte() {
    let Some(go) = require::go_library("golang.org/x/mod") else { return };
    let given = Given::new().await;
    let verify = built(&go, "verify.go", given.bench.folder.path());
    let log = given.bench.log_folder();
    let vkey = fs::read_to_string(log.join("vkey")).unwrap();
    let alone = || Verifier::new(&verify).with([log.as_os_str()]).with([vkey.trim_end()]);
    let whole = alone().with(&given.checkpoints).with(&given.requests).with(given.receipts.as_flattened());
    assert_eq!(whole.accepts(), "ok: 7 checkpoints, the newest of 600 leaves\n");

    let newest = log.join("checkpoint");
    alone().refuses_changes(&newest, signed_by_the_log(&newest).step_by(3));
    let first = &given.checkpoints[1];
    alone().with([first]).refuses_changes(first, signed_by_the_log(first).step_by(7));
    // Every tile, also the partial ones of sizes long gone: the checkpoints of those sizes are given.
    let all_sizes = alone().with(&given.checkpoints);
    let tiles = given.tiles("tile/");
    assert_eq!(tiles.len(), 8 + 8 + 2);
    for tile in &tiles {
        all_sizes.refuses_changes(tile, some_places(tile));
    }
    for [proof, leaf] in [&given.receipts[4], &given.receipts[13]] {
        let verifier = alone().with([proof, leaf]);
        verifier.accepts();
        verifier.refuses_changes(proof, signed_by_the_log(proof).step_by(11));
        verifier.refuses_changes(leaf, some_places(leaf));
    }
    let request = &given.requests.iter().find(|path| path.ends_with("5.request")).unwrap();
    alone().with(&given.checkpoints).with([request]).refuses_changes(request, signed_by_the_log(request).step_by(11));
    let stranger = key(ORIGIN, KeyKind::Ed25519, 9).verifier().to_string();
    Verifier::new(&verify).with([log.as_os_str()]).with([stranger]).refuses("another key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_copies_our_log_over_http() {
    let Some(python) = require::program("python3") else { return };
    let given = Given::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = countersign_log::serve::router(given.bench.tiles());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let copy = given.bench.folder.path().join("copy");
    let fetch = |url: String| Verifier::new(&python).with([program("fetch.py")]).with([url]).with([&copy]);
    let twice = tokio::task::block_in_place(|| [fetch(url.clone()).accepts(), fetch(url.clone()).accepts()]);
    assert_eq!(twice, ["ok: 600 leaves\n"; 2]);
    // The tiles of the newest size only: nobody asked for the older ones while they were the newest.
    let tiles: Vec<String> = tiles_of(600).iter().map(ToString::to_string).collect();
    let mut expected = [tiles, vec!["600.checkpoint".to_owned(), "checkpoint".to_owned()]].concat();
    expected.sort();
    assert_eq!(files(&copy), expected);
    for file in expected.iter().filter(|name| *name != "600.checkpoint") {
        assert_eq!(
            fs::read(copy.join(file)).unwrap(),
            fs::read(given.bench.log_folder().join(file)).unwrap(),
            "{file}"
        );
    }
    tokio::task::block_in_place(|| fetch(format!("{url}nothing/")).refuses("no log there"));
}

#[tokio::test]
async fn python_finds_our_root_and_every_changed_entry() {
    let Some(python) = require::python_module("pymerkle") else { return };
    let given = Given::new().await;
    let log = given.bench.log_folder();
    let verifier = || Verifier::new(&python).with([program("verify.py")]).with([&log]);
    assert!(verifier().accepts().starts_with("ok: 600 entries, root "));
    for checkpoint in [&given.checkpoints[0], &given.checkpoints[3]] {
        verifier().with([checkpoint]).accepts();
    }
    for bundle in ["000", "001", "002.p/88"] {
        let bundle = log.join("tile/entries").join(bundle);
        verifier().refuses_changes(&bundle, some_places(&bundle).into_iter().step_by(2));
    }
    let checkpoint = log.join("checkpoint");
    let text = fs::read_to_string(&checkpoint).unwrap();
    let size = text.find("600").unwrap();
    verifier().refuses_changes(&checkpoint, [size + 2, size + 10]);
}

#[tokio::test]
async fn node_accepts_our_receipts_and_finds_every_changed_byte() {
    let Some(node) = require::program("node") else { return };
    let given = Given::new().await;
    let vkeys: Vec<String> = [signer().verifier().to_string()]
        .into_iter()
        .chain((1..=3).map(|number| witness_key(number).verifier().to_string()))
        .collect();
    let verifier = |[proof, leaf]: &[PathBuf; 2], quorum: &str, vkeys: &[String]| {
        Verifier::new(&node).with([&program("verify.mjs"), leaf, proof]).with([quorum]).with(vkeys)
    };
    for receipt in &given.receipts {
        verifier(receipt, "2", &vkeys).accepts();
    }
    let receipt = &given.receipts[8];
    let said = verifier(receipt, "3", &vkeys).accepts();
    let witnesses = "witness.example/w1, witness.example/w2, witness.example/w3";
    assert_eq!(said, format!("ok: leaf 256 of 257 in log.example/xa, cosigned by {witnesses}\n"));

    // All three witnesses are demanded, so every byte counts.
    let strict = verifier(receipt, "3", &vkeys);
    let length = fs::metadata(&receipt[0]).unwrap().len() as usize;
    strict.refuses_changes(&receipt[0], (0..length).step_by(length / 60));
    strict.refuses_changes(&receipt[1], some_places(&receipt[1]));
    verifier(receipt, "4", &vkeys).refuses("a quorum of four among three");
    verifier(receipt, "3", &vkeys[..3]).refuses("a witness that is not known");
    verifier(receipt, "2", &vkeys[1..]).refuses("no key of the log");
    let [proof, _] = receipt;
    verifier(&[proof.clone(), given.receipts[0][1].clone()], "3", &vkeys).refuses("another leaf");
}
