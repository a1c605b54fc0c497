//! `checkpoint` and `vkey`: replaced only over the version that this process read.

use super::bucket::{Bucket, NotPut};
use super::tiles::ROUNDS;
use crate::open::VKEY_FILE;
use crate::tiles::{MAX_FILE_BYTES, reads_back_differently};
use object_store::{PutMode, UpdateVersion};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use tokio::sync::Mutex;

/// Puts of unknown fate that are remembered for one file. One that is older than so many others is not under way any more.
const MOST_UNSURE: usize = 32;

/// No version of anything.
const NO_VERSION: &str = "\"00000000000000000000000000000000\"";

/// What this process knows of the files beside the tiles.
pub(super) struct Files {
    bucket: Arc<Bucket>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    files: BTreeMap<String, File>,
    /// Whether the server was seen to check conditions.
    checks: bool,
}

/// One file. Its first reading says what is expected there; later readings do not, only own writes: or a second process could
/// write between them and lose nothing.
#[derive(Default)]
struct File {
    /// `None`: nothing is there.
    expected: Option<UpdateVersion>,
    /// What this process put over the expected version without learning whether it arrived.
    unsure: Vec<Vec<u8>>,
}

impl Files {
    pub(super) fn new(bucket: Arc<Bucket>) -> Self {
        Self { bucket, held: Mutex::default() }
    }

    pub(super) async fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let there = self.bucket.get(name, MAX_FILE_BYTES).await?;
        let (bytes, version) = there.map(|object| (object.bytes, object.version)).unzip();
        let mut held = self.held.lock().await;
        held.files.entry(name.to_owned()).or_insert_with(|| File { expected: version, unsure: Vec::new() });
        Ok(bytes)
    }

    pub(super) async fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut held = self.held.lock().await;
        if name != VKEY_FILE {
            self.demand(&mut held).await?;
        }
        // A file that was never read is expected not to be there.
        let file = held.files.entry(name.to_owned()).or_default();
        file.replace(&self.bucket, name, bytes).await?;
        self.demand(&mut held).await
    }

    /// Stops the log in front of a server that does not check conditions: it would let two processes overwrite each other.
    pub(super) async fn demand_conditions(&self) -> io::Result<()> {
        let mut held = self.held.lock().await;
        self.demand(&mut held).await
    }

    /// Asks the server to put `vkey` over itself under conditions that do not hold; it must refuse. Nothing changes if it does not.
    async fn demand(&self, held: &mut Held) -> io::Result<()> {
        if held.checks {
            return Ok(());
        }
        // Without one there is nothing to ask with, and no log yet.
        let Some(vkey) = self.bucket.get(VKEY_FILE, MAX_FILE_BYTES).await? else { return Ok(()) };
        let wrong = UpdateVersion { e_tag: Some(NO_VERSION.to_owned()), version: None };
        for (mode, condition) in [(PutMode::Create, "If-None-Match"), (PutMode::Update(wrong), "If-Match")] {
            match self.bucket.put(VKEY_FILE, &vkey.bytes, mode).await {
                Err(NotPut::Condition) => {}
                Err(NotPut::Unknown(error)) => return Err(error),
                Ok(()) => {
                    let text = format!(
                        "{}: the server does not check `{condition}`, so two processes could overwrite each other: use one that does",
                        self.bucket.call(VKEY_FILE)
                    );
                    return Err(io::Error::new(ErrorKind::InvalidData, text));
                }
            }
        }
        held.checks = true;
        Ok(())
    }
}

impl File {
    async fn replace(&mut self, bucket: &Bucket, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut last = None;
        for round in 0..ROUNDS {
            tokio::time::sleep(bucket.limits.pause * round).await;
            // Before it is sent: whatever ends this call early, what was sent is remembered.
            self.remember(bytes);
            let mode = self.expected.clone().map_or(PutMode::Create, PutMode::Update);
            let put = match bucket.put(name, bytes, mode).await {
                Ok(()) => true,
                Err(NotPut::Condition) => false,
                Err(NotPut::Unknown(error)) if error.kind() == ErrorKind::PermissionDenied => return Err(error),
                Err(NotPut::Unknown(error)) => {
                    last = Some(error);
                    continue;
                }
            };
            match bucket.get(name, MAX_FILE_BYTES).await? {
                Some(there) if there.bytes == bytes => {
                    self.adopt(there.version);
                    return Ok(());
                }
                _ if put => return Err(reads_back_differently(bucket.call(name))),
                // An earlier put of this process, reported as failed, has arrived. It was the last under the version expected then.
                Some(there) if self.unsure.contains(&there.bytes) => {
                    self.adopt(there.version);
                    last = Some(io::Error::other(format!("{}: earlier writes arrive late", bucket.call(name))));
                }
                // A server refuses this way too while another request for the same key is under way.
                there if there.as_ref().map(|there| &there.version) == self.expected.as_ref() => {
                    last = Some(io::Error::other(format!("{}: it is refused and has not changed", bucket.call(name))));
                }
                _ => {
                    let done = if self.expected.is_none() { "put it there" } else { "replaced or removed it" };
                    let text = format!("{}: another process has {done}", bucket.call(name));
                    return Err(io::Error::new(ErrorKind::AlreadyExists, text));
                }
            }
        }
        Err(last.unwrap_or_else(|| io::Error::other(bucket.call(name))))
    }

    fn remember(&mut self, bytes: &[u8]) {
        if !self.unsure.iter().any(|earlier| earlier == bytes) {
            if self.unsure.len() == MOST_UNSURE {
                self.unsure.remove(0);
            }
            self.unsure.push(bytes.to_vec());
        }
    }

    /// Puts over an earlier version cannot arrive any more.
    fn adopt(&mut self, version: UpdateVersion) {
        self.expected = Some(version);
        self.unsure.clear();
    }
}
