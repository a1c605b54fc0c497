//! A journal on the simulated disk: a transactional store whose commits are torn, lost, or there although they failed.
//!
//! One file, one record per transaction, chained by digests; a record counts when it is whole and continues the chain. A failed commit
//! is written over by the next one, and may come back after a crash, as in SQLite's write-ahead log.

use super::machine::{Fact, Machine};
use async_trait::async_trait;
use countersign_core::digest;
use countersign_log::files::Files as _;
use countersign_store::journal::{Entry, Head, Journal, MemoryJournal, Place, conformance};
use countersign_store::{LeafKey, NewLeaf, Result, StoreError};
use countersign_testkit::disk::Call;
use countersign_tlog::checkpoint::SignedCheckpoint;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

const FOLDER: &str = "/journal";
const FILE: &str = "/journal/transactions";

/// What the store does before it shows and confirms things. Anything but all of it is a mistake that the oracle must notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Care {
    pub(super) syncs_commits: bool,
    pub(super) settles: bool,
    pub(super) checks_records: bool,
}

impl Care {
    pub(super) const ALL: Self = Self { syncs_commits: true, settles: true, checks_records: true };
}

/// Clones are the same journal.
#[derive(Clone)]
pub(super) struct DiskJournal {
    machine: Machine,
    care: Care,
    state: Arc<Mutex<State>>,
    /// After so many commits, one is reported as failed although it happened.
    lost_answer: Arc<AtomicI64>,
    /// After so many answers, the head cannot be read once.
    blind: Arc<AtomicI64>,
}

struct State {
    memory: MemoryJournal,
    records: Vec<Record>,
    end: usize,
    last: [u8; 32],
}

#[derive(Clone)]
enum Record {
    Create(Head),
    Advance(Head, Head),
    Enqueue(Vec<NewLeaf>),
}

impl DiskJournal {
    /// Opens the journal, and makes it where there is none.
    pub(super) async fn open(machine: &Machine, care: Care) -> io::Result<Self> {
        if !machine.is_folder(Path::new(FOLDER)) {
            machine.call(Call::CreateFolder { path: FOLDER.into() })?;
        }
        let bytes = match machine.read(Path::new(FILE), usize::MAX) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                machine.call(Call::Create { path: FILE.into(), truncate: false })?;
                Vec::new()
            }
            read => read?,
        };
        if care.settles {
            // A sync that failed for an earlier program is not made good by another one: the bytes are written again.
            machine.call(Call::Write { path: FILE.into(), at: 0, bytes: bytes.clone() })?;
            for path in [FILE, FOLDER, "/"] {
                machine.sync_all_of(Path::new(path))?;
            }
        }
        let mut state = State { memory: MemoryJournal::new(), records: Vec::new(), end: 0, last: [0; 32] };
        while let Some((record, length, last)) = Record::read(&bytes[state.end..], &state.last, care.checks_records) {
            if record.apply(&state.memory).await.is_err() {
                break;
            }
            state.records.push(record);
            (state.end, state.last) = (state.end + length, last);
        }
        let never = || Arc::new(AtomicI64::new(i64::MAX));
        Ok(Self {
            machine: machine.clone(),
            care,
            state: Arc::new(Mutex::new(state)),
            lost_answer: never(),
            blind: never(),
        })
    }

    /// The answer to a commit after so many others is lost; with `blind`, the next reading of the head fails too.
    pub(super) fn lose_answer(&self, after: i64, blind: bool) {
        self.lost_answer.store(after, Ordering::SeqCst);
        self.blind.store(if blind { i64::MIN } else { i64::MAX }, Ordering::SeqCst);
    }

    fn memory(&self) -> MemoryJournal {
        self.state.lock().unwrap().memory.clone()
    }

    async fn commit(&self, record: Record) -> Result<()> {
        let memory = self.memory();
        record.apply(&memory).await?;
        let (path, at, last, before) = {
            let state = self.state.lock().unwrap();
            (PathBuf::from(FILE), state.end, state.last, state.records.clone())
        };
        let (bytes, last) = record.write(&last);
        let length = bytes.len();
        let written = self.machine.call(Call::Write { path, at, bytes }).and_then(|()| match self.care.syncs_commits {
            true => self.machine.sync_all_of(Path::new(FILE)),
            false => Ok(()),
        });
        if let Err(error) = written {
            // It did not happen, as far as anybody sees now.
            let memory = MemoryJournal::new();
            for record in &before {
                record.apply(&memory).await?;
            }
            self.state.lock().unwrap().memory = memory;
            return Err(StoreError::Unavailable { doing: "commit", reason: error.to_string() });
        }
        {
            let mut state = self.state.lock().unwrap();
            state.records.push(record);
            (state.end, state.last) = (at + length, last);
        }
        if self.lost_answer.fetch_sub(1, Ordering::SeqCst) == 0 {
            if self.blind.load(Ordering::SeqCst) == i64::MIN {
                self.blind.store(0, Ordering::SeqCst);
            }
            return Err(StoreError::Unavailable { doing: "commit", reason: "the answer is lost".to_owned() });
        }
        Ok(())
    }

    fn on(&self) -> Result<()> {
        match self.machine.is_off() {
            true => Err(StoreError::Unavailable { doing: "read", reason: "the machine is off".to_owned() }),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl Journal for DiskJournal {
    async fn create(&self, head: Head) -> Result<()> {
        self.commit(Record::Create(head)).await
    }

    async fn head(&self) -> Result<Option<Head>> {
        self.on()?;
        if self.blind.fetch_sub(1, Ordering::SeqCst) == 0 {
            return Err(StoreError::Unavailable {
                doing: "read the head",
                reason: "the connection is gone".to_owned(),
            });
        }
        self.memory().head().await
    }

    async fn advance(&self, from: &Head, next: Head) -> Result<()> {
        let signed = SignedCheckpoint::parse(&next.checkpoint);
        if let Ok(signed) = &signed {
            self.machine.note(Fact::Signed(signed.checkpoint().clone()));
        }
        let size = next.size;
        self.commit(Record::Advance(from.clone(), next)).await?;
        if signed.is_ok() {
            self.machine.note(Fact::Durable(size));
        }
        Ok(())
    }

    async fn enqueue(&self, leaves: &[NewLeaf]) -> Result<()> {
        self.commit(Record::Enqueue(leaves.to_vec())).await?;
        for leaf in leaves {
            if let Some(Place::Accepted(index) | Place::Durable(index)) = self.memory().place(&leaf.key).await? {
                self.machine.note(Fact::Accepted(index, leaf.clone()));
            }
        }
        Ok(())
    }

    async fn entries(&self, from: u64, limit: u32) -> Result<Vec<Entry>> {
        self.on()?;
        self.memory().entries(from, limit).await
    }

    async fn place(&self, key: &LeafKey) -> Result<Option<Place>> {
        self.on()?;
        self.memory().place(key).await
    }
}

impl Record {
    async fn apply(&self, memory: &MemoryJournal) -> Result<()> {
        match self {
            Self::Create(head) => memory.create(head.clone()).await,
            Self::Advance(from, next) => memory.advance(from, next.clone()).await,
            Self::Enqueue(leaves) => memory.accept(leaves),
        }
    }

    /// Length, digest over the record before and the body, body.
    fn write(&self, last: &[u8; 32]) -> (Vec<u8>, [u8; 32]) {
        let mut body = Vec::new();
        match self {
            Self::Create(head) => {
                put(&mut body, b"c");
                put_head(&mut body, head);
            }
            Self::Advance(from, next) => {
                put(&mut body, b"a");
                put_head(&mut body, from);
                put_head(&mut body, next);
            }
            Self::Enqueue(leaves) => {
                put(&mut body, b"e");
                for leaf in leaves {
                    put(&mut body, &leaf.key);
                    put(&mut body, leaf.kind.as_bytes());
                    put(&mut body, &leaf.leaf);
                }
            }
        }
        let digest = digest::parts("record", &[last, &body]).0;
        let mut bytes = (body.len() as u32).to_be_bytes().to_vec();
        bytes.extend(digest);
        bytes.extend(body);
        (bytes, digest)
    }

    /// The record at the beginning of these bytes, its length there and its digest; `None` at the end of the chain.
    fn read(bytes: &[u8], last: &[u8; 32], checked: bool) -> Option<(Self, usize, [u8; 32])> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (digest, rest) = rest.split_first_chunk::<32>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let body = rest.get(..length).filter(|body| !body.is_empty())?;
        if checked && digest::parts("record", &[last, body]).0 != *digest {
            return None;
        }
        let mut fields = Fields(body);
        let record = match fields.next()? {
            b"c" => Self::Create(fields.head()?),
            b"a" => Self::Advance(fields.head()?, fields.head()?),
            b"e" => {
                let mut leaves = Vec::new();
                while let Some(key) = fields.next() {
                    let kind = String::from_utf8(fields.next()?.to_vec()).ok()?;
                    let leaf = fields.next()?.to_vec();
                    leaves.push(NewLeaf { key: key.try_into().ok()?, kind, leaf, disclosures: vec![] });
                }
                Self::Enqueue(leaves)
            }
            _ => return None,
        };
        Some((record, 36 + length, *digest))
    }
}

fn put(body: &mut Vec<u8>, field: &[u8]) {
    body.extend((field.len() as u32).to_be_bytes());
    body.extend(field);
}

fn put_head(body: &mut Vec<u8>, head: &Head) {
    put(body, head.origin.as_bytes());
    put(body, &head.size.to_be_bytes());
    put(body, &head.frontier);
    put(body, &head.checkpoint);
}

struct Fields<'b>(&'b [u8]);

impl<'b> Fields<'b> {
    fn next(&mut self) -> Option<&'b [u8]> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let (field, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        self.0 = rest;
        Some(field)
    }

    fn head(&mut self) -> Option<Head> {
        Some(Head {
            origin: String::from_utf8(self.next()?.to_vec()).ok()?,
            size: u64::from_be_bytes(self.next()?.try_into().ok()?),
            frontier: self.next()?.to_vec(),
            checkpoint: self.next()?.to_vec(),
        })
    }
}

#[tokio::test]
async fn it_passes_the_suite_of_journals() {
    conformance::check(&DiskJournal::open(&Machine::default(), Care::ALL).await.unwrap()).await;
}

#[tokio::test]
async fn it_is_the_same_after_it_was_opened_again() {
    let machine = Machine::default();
    let journal = DiskJournal::open(&machine, Care::ALL).await.unwrap();
    journal.enqueue(&[conformance::leaf(1), conformance::leaf(2)]).await.unwrap();
    let head = Head { origin: "o".to_owned(), size: 0, frontier: vec![1], checkpoint: vec![] };
    journal.create(head.clone()).await.unwrap();
    let next = Head { size: 2, ..head.clone() };
    journal.advance(&head, next.clone()).await.unwrap();
    let again = DiskJournal::open(&machine, Care::ALL).await.unwrap();
    assert_eq!(again.head().await.unwrap(), Some(next));
    assert_eq!(again.entries(0, 9).await.unwrap(), journal.entries(0, 9).await.unwrap());
}
