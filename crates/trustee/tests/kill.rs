//! A trustee that is killed with SIGKILL at one of its calls of the system never answers twice differently, and publishes one log.

use crate::world::*;
use countersign_core::time::{HOUR, Timestamp};
use countersign_testkit::require;
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::tile::{TilePath, TileReader, recompute};
use countersign_trustee::{Answered, FolderSource, LogWitnesses, Trustee};
use countersign_verify::trustee_log::{Entry, EntryKind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The calls at which the program dies: everything that changes the disk or leaves the process.
const CALLS: &str =
    "pwrite64,write,fsync,fdatasync,ftruncate,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat";
/// What the program says when an answer leaves it.
const SAID: &str = "the answer is ";

/// The program that is killed: this test binary, at work on one folder.
#[tokio::test]
#[ignore = "runs as a child of the tests in this file"]
async fn child() {
    let Ok(task) = std::env::var("TRUSTEE_TASK") else { return };
    let path = |name: &str| PathBuf::from(std::env::var_os(name).unwrap());
    let trustee = Trustee::open(&path("TRUSTEE_FOLDER")).unwrap();
    let now = Timestamp::parse(&std::env::var("TRUSTEE_NOW").unwrap()).unwrap();
    let source = FolderSource(path("TRUSTEE_LOG"));
    if task == "publish" {
        trustee.publish_log(&LogWitnesses::default(), now).await.unwrap();
        return;
    }
    trustee.tail(&source, now).await.unwrap();
    let request = std::fs::read(path("TRUSTEE_REQUEST")).unwrap();
    let fresh = seed(&std::env::var("TRUSTEE_SEED").unwrap());
    let Answered::Answer(answer) = trustee.answer(&request, now, fresh).await.unwrap() else {
        panic!("not recognised")
    };
    // In one write, as a socket would take it.
    println!("{SAID}{}", String::from_utf8(answer).unwrap().replace('\n', " "));
}

struct Killing {
    strace: PathBuf,
    folder: PathBuf,
    log: PathBuf,
    request: PathBuf,
    now: Timestamp,
}

struct Ran {
    killed: bool,
    answer: Option<String>,
}

impl Killing {
    /// Runs the child; it dies at its `at`-th call of a kind, if it comes so far.
    fn run(&self, task: &str, seed: &str, at: Option<u32>) -> Ran {
        let program = std::env::current_exe().unwrap();
        let mut command = match at {
            Some(at) => {
                let mut command = Command::new(&self.strace);
                command.args(["-f", "-qq", "-o", "/dev/null", "-e"]).arg(format!("trace={CALLS}"));
                command.arg("-e").arg(format!("inject={CALLS}:signal=KILL:when={at}")).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.args(["--exact", "kill::child", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env("TRUSTEE_TASK", task).env("TRUSTEE_SEED", seed).env("TRUSTEE_NOW", self.now.to_string());
        command.env("TRUSTEE_FOLDER", &self.folder).env("TRUSTEE_LOG", &self.log);
        let output = command.env("TRUSTEE_REQUEST", &self.request).stderr(Stdio::null()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let answer = said.split_once(SAID).and_then(|(_, rest)| Some(rest.split_once('\n')?.0.to_owned()));
        Ran { killed: !output.status.success(), answer }
    }
}

/// The first calls one by one, later ones with growing steps.
fn moments() -> impl Iterator<Item = u32> {
    (0..).map(|step: u32| if step < 16 { step + 1 } else { 16 + (step - 15) * 4 })
}

async fn is_answered_once(folder: &Path, now: Timestamp) {
    let trustee = Trustee::open(folder).unwrap();
    assert_eq!(trustee.receipts().await.unwrap().len(), 1);
    assert!(trustee.counters().await.unwrap().iter().all(|one| one.people == 1));
    let entries = trustee.own_entries(0).await.unwrap();
    let answers: Vec<&Entry> =
        entries.iter().map(|entry| &entry.entry).filter(|entry| entry.kind() == EntryKind::Answer).collect();
    assert_eq!((answers.len(), trustee.head(now).await.unwrap().awaited), (1, 1));
}

#[tokio::test]
async fn a_trustee_killed_at_any_call_answers_once() {
    let Some(strace) = require::program("strace") else { return };
    let mut world = World::new();
    let case = world.case(1, 1);
    let request = world.path(1).with_file_name("request");
    std::fs::write(&request, case.request(1, world.now)).unwrap();
    let (mut killed, mut answered_before_death) = (0, 0);
    for at in moments() {
        let place = tempfile::tempdir().unwrap();
        copy(&world.path(1), place.path());
        let killing = Killing {
            strace: strace.clone(),
            folder: place.path().to_owned(),
            log: world.log.folder.clone(),
            request: request.clone(),
            now: world.now,
        };
        let first = killing.run("answer", "first", Some(at));
        let second = killing.run("answer", "second", None);
        assert!(!second.killed, "the trustee does not start any more after call {at}");
        let second = second.answer.unwrap();
        if let Some(first) = &first.answer {
            assert_eq!(*first, second, "two answers left the trustee that was killed at call {at}");
        }
        assert_eq!(killing.run("answer", "third", None).answer, Some(second), "after call {at}");
        is_answered_once(place.path(), world.now).await;
        if !first.killed {
            break;
        }
        killed += 1;
        answered_before_death += u32::from(first.answer.is_some());
    }
    assert!(killed >= 10, "killed only {killed} times, {answered_before_death} after its answer");
}

struct Published(PathBuf);

impl TileReader for &Published {
    type Error = String;

    fn read(&mut self, path: &TilePath) -> Result<Vec<u8>, String> {
        std::fs::read(self.0.join(path.to_string())).map_err(|error| error.to_string())
    }
}

impl Published {
    /// The checkpoint, after everything under it has been recomputed.
    fn whole(&self) -> Option<SignedCheckpoint> {
        let signed = SignedCheckpoint::parse(&std::fs::read(self.0.join("checkpoint")).ok()?).unwrap();
        let head = signed.checkpoint();
        let tree = recompute(head.size, &mut &*self, |_, _| ()).unwrap();
        assert_eq!((tree.size(), tree.root()), (head.size, head.root));
        Some(signed)
    }
}

#[tokio::test]
async fn a_trustee_killed_while_it_publishes_shows_one_log() {
    let Some(strace) = require::program("strace") else { return };
    let mut world = World::new();
    let case = world.case(1, 1);
    let trustee = world.open(1);
    world.ask(&trustee, &case).await;
    world.pass(HOUR);
    trustee.publish_log(&LogWitnesses::default(), world.now).await.unwrap();
    drop(trustee);
    world.pass(HOUR);
    let mut killed = 0;
    for at in moments() {
        let place = tempfile::tempdir().unwrap();
        copy(&world.path(1), place.path());
        let published = Published(place.path().join("log"));
        assert_eq!(published.whole().unwrap().checkpoint().size, 8);
        let (log, request) = (world.log.folder.clone(), PathBuf::new());
        let killing = Killing { strace: strace.clone(), folder: place.path().to_owned(), log, request, now: world.now };
        let first = killing.run("publish", "", Some(at));
        // Whatever stands there is whole.
        let seen = published.whole().unwrap();
        assert!(!killing.run("publish", "", None).killed, "does not publish any more after call {at}");
        let after = published.whole().unwrap();
        assert_eq!(after.checkpoint().size, 16);
        assert!(seen.checkpoint().size == 8 || seen == after, "two checkpoints of one size after call {at}");
        if !first.killed {
            break;
        }
        killed += 1;
    }
    assert!(killed >= 10, "killed only {killed} times");
}
