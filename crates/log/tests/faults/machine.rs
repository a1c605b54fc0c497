//! A machine with a simulated disk: every call of the file system is counted, can fail, and can be its last.

use crate::kit::NOW;
use countersign_core::time::Timestamp;
use countersign_log::files::{Files, Listed};
use countersign_store::NewLeaf;
use countersign_testkit::clock::StepClock;
use countersign_testkit::disk::{Call, Disk, Event};
use countersign_tlog::checkpoint::Checkpoint;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

/// What was told to somebody, and must stay true whatever happens to the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fact {
    /// A leaf was accepted, at this index.
    Accepted(u64, NewLeaf),
    /// So many leaves are durable.
    Durable(u64),
    /// So many leaves are public.
    Public(u64),
    /// The log's key has signed this checkpoint.
    Signed(Checkpoint),
    /// The witness has shown its cosignature of this checkpoint.
    Cosigned(u8, Checkpoint),
}

/// How one call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The power goes, or the program is killed: neither this call nor any later one happens.
    Off,
    /// The call fails with this error, after it did so much.
    Fails(ErrorKind, Done),
}

/// How much of a failing call happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    Nothing,
    Half,
    All,
}

/// Clones are the same machine.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    state: Arc<Mutex<State>>,
    pub(super) clock: Arc<StepClock>,
}

#[derive(Debug, Default)]
struct State {
    disk: Disk,
    events: Vec<Event<Fact>>,
    calls: usize,
    faults: BTreeMap<usize, Fault>,
    full: bool,
    off: bool,
}

impl Machine {
    /// A machine with this disk, so many seconds after the first one.
    pub(super) fn new(disk: Disk, later: i64) -> Self {
        let state = Arc::new(Mutex::new(State { disk, ..State::default() }));
        let now = Timestamp::from_unix(NOW as i64 + later).unwrap();
        Self { state, clock: Arc::new(StepClock::new(now, 0)) }
    }

    /// From now on, the call that comes after so many others goes wrong.
    pub(super) fn plan(&self, after: usize, fault: Fault) {
        let mut state = self.state();
        let at = state.calls + after;
        state.faults.insert(at, fault);
    }

    /// Forgets all planned faults that have not come true.
    pub(super) fn calm(&self) {
        self.state().faults.clear();
    }

    /// While the disk is full, nothing is written and nothing is made.
    pub(super) fn fill(&self, full: bool) {
        self.state().full = full;
    }

    pub(super) fn is_off(&self) -> bool {
        self.state().off
    }

    pub(super) fn note(&self, fact: Fact) {
        let mut state = self.state();
        if !state.off {
            state.events.push(Event::Note(fact));
        }
    }

    pub(super) fn disk(&self) -> Disk {
        self.state().disk.clone()
    }

    /// Calls and facts since the machine was made.
    pub(super) fn events(&self) -> Vec<Event<Fact>> {
        self.state().events.clone()
    }

    pub(super) fn facts(&self) -> Vec<Fact> {
        let facts = self.events().into_iter().filter_map(|event| match event {
            Event::Note(fact) => Some(fact),
            Event::Call(_) => None,
        });
        facts.collect()
    }

    pub(super) fn call(&self, call: Call) -> io::Result<()> {
        let mut state = self.state();
        if state.off {
            return Err(io::Error::other("the machine is off"));
        }
        state.calls += 1;
        let at = state.calls - 1;
        if state.full && matches!(call, Call::Create { .. } | Call::Write { .. } | Call::CreateFolder { .. }) {
            return Err(ErrorKind::StorageFull.into());
        }
        match state.faults.get(&at).copied() {
            None => state.apply(call),
            Some(Fault::Off) => {
                state.off = true;
                Err(io::Error::other("the machine is off"))
            }
            Some(Fault::Fails(kind, done)) => {
                match (call, done) {
                    (call, Done::All) => state.apply(call)?,
                    (Call::Write { path, at, bytes }, Done::Half) => {
                        let bytes = bytes[..bytes.len() / 2].to_vec();
                        state.apply(Call::Write { path, at, bytes })?;
                    }
                    (Call::Sync { path, .. }, _) => state.apply(Call::FailedSync { path })?,
                    _ => {}
                }
                Err(io::Error::new(kind, "a fault that was planned"))
            }
        }
    }

    pub(super) fn sync_all_of(&self, path: &Path) -> io::Result<()> {
        self.call(Call::Sync { path: path.to_owned(), before: usize::MAX })
    }

    fn look<T>(&self, look: impl FnOnce(&Disk) -> io::Result<T>) -> io::Result<T> {
        let state = self.state();
        if state.off { Err(io::Error::other("the machine is off")) } else { look(&state.disk) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self::new(Disk::new(), 0)
    }
}

impl State {
    fn apply(&mut self, call: Call) -> io::Result<()> {
        self.disk.apply(&call)?;
        self.events.push(Event::Call(call));
        Ok(())
    }
}

/// A file open for writing: its path, and where the next bytes go.
pub(super) struct Open(PathBuf, usize);

impl Files for Machine {
    type File = Open;
    type Lock = ();

    fn read(&self, path: &Path, most: usize) -> io::Result<Vec<u8>> {
        self.look(|disk| {
            let bytes = disk.read(path)?;
            Ok(bytes[..bytes.len().min(most.saturating_add(1))].to_vec())
        })
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        let entries = self.look(|disk| disk.list(folder))?;
        Ok(entries.into_iter().map(|entry| Listed { name: entry.name, is_folder: entry.is_folder }).collect())
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.look(|disk| Ok(disk.is_folder(path))).unwrap_or(false)
    }

    fn create(&self, path: &Path) -> io::Result<Open> {
        self.call(Call::Create { path: path.to_owned(), truncate: true })?;
        Ok(Open(path.to_owned(), 0))
    }

    fn write(&self, file: &mut Open, bytes: &[u8]) -> io::Result<()> {
        self.call(Call::Write { path: file.0.clone(), at: file.1, bytes: bytes.to_vec() })?;
        file.1 += bytes.len();
        Ok(())
    }

    fn sync(&self, file: &mut Open) -> io::Result<()> {
        self.sync_all_of(&file.0)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(Call::Rename { from: from.to_owned(), to: to.to_owned() })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.call(Call::Remove { path: path.to_owned() })
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.call(Call::CreateFolder { path: path.to_owned() })
    }

    fn sync_path(&self, path: &Path) -> io::Result<()> {
        self.sync_all_of(path)
    }

    /// There is one program at a time.
    fn lock(&self, path: &Path) -> io::Result<()> {
        if self.look(|disk| Ok(disk.read(path).is_ok()))? {
            return Ok(());
        }
        self.call(Call::Create { path: path.to_owned(), truncate: false })
    }
}
