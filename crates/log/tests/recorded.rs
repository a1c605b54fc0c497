//! Crash images of a real program: what `strace` saw of a log with its SQLite file, tiles and witnesses is done again on the simulated
//! disk up to some call, the power goes, and what is left is put into real files, where the real program starts again.
//!
//! Not seen by this: memory maps (SQLite uses one for `-shm`, which is made anew at every start and gets random bytes here), and how
//! blocks of one file lie beside those of another on a real disk.

use crate::faults::fate::{Seen, fates};
use crate::kit::policy;
use countersign_log::{FolderSource, LogReader, ReadError};
use countersign_testkit::disk::{Disk, Event, strace};
use countersign_testkit::random::{below, named};
use countersign_testkit::require;
use countersign_tlog::follow::Follower;
use countersign_tlog::policy::TimeWindow;
use rand_chacha::rand_core::Rng as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Images of all recordings together; `COUNTERSIGN_FAULTS_IMAGES` asks for another number.
const IMAGES: usize = if cfg!(feature = "faults") { 300 } else { 24 };

/// Across the edges of tiles.
const STEPS: &str = "1,253,1,1,1,4";

/// What is recorded: a whole life, and lives that begin after an earlier program was killed, or had an error, in some call. Calls are
/// counted in each thread.
fn recordings() -> Vec<Option<String>> {
    let killed_in_sync = (2..=26).map(|number| format!("fsync:signal=SIGKILL:when={number}"));
    let killed_in_rename = (3..=40).step_by(6).map(|number| format!("rename:signal=SIGKILL:when={number}"));
    let killed_in_write = (10..=140).step_by(26).map(|number| format!("pwrite64:signal=SIGKILL:when={number}"));
    let failed_sync = (3..=24).step_by(3).map(|number| format!("fsync:error=EIO:when={number}"));
    let mut faults: Vec<Option<String>> =
        killed_in_sync.chain(killed_in_rename).chain(killed_in_write).chain(failed_sync).map(Some).collect();
    if !cfg!(feature = "faults") {
        faults = faults.into_iter().step_by(9).collect();
    }
    faults.insert(0, None);
    faults
}

/// The program, built if it is not.
fn workload() -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline", "-p", "countersign-log", "--example", "workload"])
        .current_dir(require::workspace_root())
        .status();
    assert!(built.unwrap().success(), "the workload cannot be built");
    // deps/runner-..., beside examples/.
    std::env::current_exe().unwrap().parent().unwrap().with_file_name("examples").join("workload")
}

struct Recorder {
    strace: PathBuf,
    workload: PathBuf,
    place: TempDir,
}

impl Recorder {
    fn folder(&self) -> PathBuf {
        // As the kernel names it.
        self.place.path().canonicalize().unwrap().join("log")
    }

    /// Runs the program once on the same folder and adds what it did to `disk` and `events`.
    fn record(&self, inject: Option<&str>, steps: &str, disk: &mut Disk, events: &mut Vec<Event<String>>) {
        let (folder, trace) = (self.folder(), self.place.path().join("trace"));
        let told = self.place.path().join("told");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&told, notes(events)).unwrap();
        let mut command = Command::new(&self.strace);
        command.args(strace::OPTIONS);
        if let Some(fault) = inject {
            command.args(["-e", &format!("inject={fault}")]);
        }
        command.arg("-o").arg(&trace).arg(&self.workload).arg(&folder).arg(&told).args(["--steps", steps]);
        let output = command.output().unwrap();
        let text = std::fs::read_to_string(&trace).unwrap();
        assert!(output.status.success() || inject.is_some(), "{output:?}");
        let read =
            strace::parse(&text, &folder, |path| path.to_string_lossy().ends_with("-shm"), disk.calls()).unwrap();
        for event in &read.events {
            if let Event::Call(call) = event {
                disk.apply(call).unwrap_or_else(|error| panic!("{call:?}: {error}"));
            }
        }
        events.extend(read.events);
        // A killed program may or may not have finished what it was doing.
        let in_flight: Vec<&Event<String>> = read.in_flight.iter().collect();
        let happened = (0..1_u32 << in_flight.len()).find_map(|which| {
            let chosen =
                (0..).zip(&in_flight).filter(|(bit, _)| which >> bit & 1 == 1).map(|(_, event)| (*event).clone());
            let (chosen, mut disk) = (chosen.collect::<Vec<_>>(), disk.clone());
            for event in &chosen {
                if let Event::Call(call) = event {
                    disk.apply(call).ok()?;
                }
            }
            same(&disk, &folder).is_ok().then_some((disk, chosen))
        });
        let Some((after, chosen)) = happened else {
            panic!("the disk of the model is not the folder: {}", same(disk, &folder).unwrap_err());
        };
        *disk = after;
        events.extend(chosen);
    }
}

fn notes(events: &[Event<String>]) -> String {
    let lines = events.iter().filter_map(|event| match event {
        Event::Note(line) => Some(format!("{line}\n")),
        Event::Call(_) => None,
    });
    lines.collect()
}

/// Whether the model holds exactly what the folder holds: every call was understood.
fn same(disk: &Disk, folder: &Path) -> Result<(), String> {
    let mut there = crate::kit::files(folder);
    there.retain(|name| !name.ends_with("-shm"));
    let modelled: Vec<(PathBuf, &[u8])> =
        disk.all().into_iter().filter_map(|(path, bytes)| Some((path, bytes?))).collect();
    for (path, bytes) in &modelled {
        let name = path.strip_prefix("/").unwrap();
        if std::fs::read(folder.join(name)).ok().as_deref() != Some(bytes) {
            return Err(format!("{} differs", path.display()));
        }
    }
    if there.len() != modelled.len() {
        Err(format!("{} files, {} in the model", there.len(), modelled.len()))
    } else {
        Ok(())
    }
}

/// Puts a disk into real files, with what a crash may leave of shared memory.
fn put(disk: &Disk, folder: &Path, seed: &str) {
    std::fs::create_dir_all(folder).unwrap();
    for (path, bytes) in disk.all() {
        let path = folder.join(path.strip_prefix("/").unwrap());
        match bytes {
            None => std::fs::create_dir_all(&path).unwrap(),
            Some(bytes) => {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, bytes).unwrap();
            }
        }
    }
    let mut rng = named(seed);
    if below(&mut rng, 2) == 0 && folder.join("custodian.db").exists() {
        let mut bytes = vec![0; 32_768];
        rng.fill_bytes(&mut bytes);
        std::fs::write(folder.join("custodian.db-shm"), bytes).unwrap();
    }
}

/// What the folder serves before the program starts again.
async fn served(folder: &Path, told: &str) -> Result<(), String> {
    let public = told.lines().filter(|line| line.starts_with("public ")).count() as u64;
    let reader = LogReader::new(FolderSource(folder.join("log")), policy());
    match reader.step(&Follower::new(), TimeWindow::ANY, u64::MAX).await {
        Ok(step) if step.next.size() >= public => Ok(()),
        Err(ReadError::Empty) if public == 0 => Ok(()),
        Ok(step) => Err(format!("{} leaves are served, {public} were public", step.next.size())),
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test]
async fn crash_images_of_a_real_program_start_again() {
    let Some(strace) = require::program("strace") else { return };
    let workload = workload();
    let asked = std::env::var("COUNTERSIGN_FAULTS_IMAGES").ok();
    let images = asked.map_or(IMAGES, |images| images.parse().expect("a number of images"));
    let recordings = recordings();
    let mut all = 0;
    for inject in &recordings {
        let recorder =
            Recorder { strace: strace.clone(), workload: workload.clone(), place: tempfile::tempdir().unwrap() };
        let (mut disk, mut events) = (Disk::new(), Vec::new());
        recorder.record(inject.as_deref(), STEPS, &mut disk, &mut events);
        // After a fault, the power goes in the life of the next program.
        let from = if inject.is_some() { events.len() } else { 0 };
        if inject.is_some() {
            recorder.record(None, "1,2", &mut disk, &mut events);
        }
        let name = inject.as_deref().unwrap_or("a whole life");
        // The whole life gets a third of the images.
        let points = if inject.is_some() { images * 2 / 3 / (recordings.len() - 1) } else { images / 3 };
        let checked = power_goes(&workload, name, &events, from, points.max(2)).await;
        println!("{name}: {} calls and lines, {checked} images", events.len());
        all += checked;
    }
    println!("{all} crash images of {} recordings, each started again with everything acknowledged", recordings.len());
    assert!(all * 2 > images, "{all} images");
}

/// Lets the power go at so many points of a recording, and starts the program on what is left. Returns the number of different images.
async fn power_goes(workload: &Path, name: &str, events: &[Event<String>], from: usize, points: usize) -> usize {
    let (mut seen, mut checked) = (Seen::default(), 0);
    for point in 0..points {
        let seed = format!("{name} {point}");
        let mut rng = named(&seed);
        // Spread over the recording, and not always at the same calls.
        let stretch = (events.len() - from + 1) as u64;
        let at = from + ((point as u64 * stretch + below(&mut rng, stretch)) / points as u64) as usize;
        let mut disk = Disk::new();
        for event in &events[..at] {
            if let Event::Call(call) = event {
                disk.apply(call).unwrap();
            }
        }
        let told = notes(&events[..at]);
        let few = fates(&disk, 4, &seed);
        let crashed = &few[below(&mut rng, few.len() as u64) as usize];
        if !seen.is_new(crashed, at) {
            continue;
        }
        let place = tempfile::tempdir().unwrap();
        let (folder, before) = (place.path().join("image"), place.path().join("told"));
        put(crashed, &folder, &seed);
        std::fs::write(&before, &told).unwrap();
        let broken = |reason: String| panic!("{name}, power lost before event {at}, point {point}: {reason}");
        served(&folder, &told).await.unwrap_or_else(broken);
        let started = Command::new(workload).arg(&folder).arg(&before).args(["--steps", "2"]).output().unwrap();
        if !started.status.success() {
            broken(format!("{started:?}"));
        }
        checked += 1;
    }
    checked
}
