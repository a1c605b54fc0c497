//! What a witness keeps of each log, so that it never forgets what it cosigned.
//!
//! `<hex SHA-256 of the origin>/checkpoint` is the checkpoint cosigned last, with the log's signature and the witness's own, as it is
//! served. `cosigned` beside it says that there has been one. `lock` in the folder is held by whoever reads in order to write.

use crate::durable::{Durable, found};
use crate::files::Files;
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::note::{MAX_NOTE_BYTES, VerifierKey};
use countersign_tlog::witness::{monitoring_path, verify_latest};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const LOCK: &str = "lock";
const COSIGNED: &str = "cosigned";

/// A checkpoint that the witness cosigned last for its log.
#[derive(Debug, Clone)]
pub(super) struct Cosigned {
    pub(super) signed: SignedCheckpoint,
    /// Time in the witness's cosignature, POSIX seconds.
    pub(super) time: u64,
    /// The file as it is.
    pub(super) bytes: Vec<u8>,
}

/// The folder of one witness.
pub(super) struct States<F> {
    folder: Durable<F>,
    // What this process knows to outlast a power cut. A file may have been put there by a write whose end was never confirmed.
    lasting: BTreeMap<PathBuf, Vec<u8>>,
}

impl<F: Files> States<F> {
    pub(super) fn new(files: F, folder: PathBuf) -> Self {
        Self { folder: Durable::new(files, folder), lasting: BTreeMap::new() }
    }

    /// Keeps other processes out until the lock is dropped.
    pub(super) fn lock(&self) -> Result<F::Lock, String> {
        let path = self.folder.root().join(LOCK);
        self.folder.lock(&path).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// What was cosigned last for the log with this origin; `None` if nothing ever was. `logs` are the keys trusted for it.
    ///
    /// What cannot be verified, or is gone, never counts as nothing: that would let a log start again.
    pub(super) fn read(
        &mut self,
        origin: &str,
        logs: &[&VerifierKey],
        witness: &VerifierKey,
    ) -> Result<Option<Cosigned>, String> {
        let path = self.path(origin);
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        let Some(bytes) = self.folder.read(&path, MAX_NOTE_BYTES).map_err(failed)? else {
            let marker = path.with_file_name(COSIGNED);
            return match self.folder.read(&marker, MAX_NOTE_BYTES).map_err(failed)? {
                None => Ok(None),
                Some(_) => Err(format!(
                    "{} is gone, and {} says that `{origin}` was cosigned: put the file back as it was last, or begin with a new key",
                    path.display(),
                    marker.display()
                )),
            };
        };
        let state =
            check(&bytes, logs, witness).map_err(|reason| format!("{} is damaged: {reason}", path.display()))?;
        if self.lasting.get(&path) != Some(&bytes) {
            self.folder.settle(&path).map_err(failed)?;
            self.lasting.insert(path, bytes);
        }
        Ok(Some(state))
    }

    /// Puts a cosigned checkpoint in the place of the one before; on success it outlasts a power cut.
    pub(super) fn write(&mut self, signed: &SignedCheckpoint) -> Result<(), String> {
        let origin = signed.checkpoint().origin.as_str();
        let path = self.path(origin);
        let failed = |error: io::Error| format!("{}: {error}", path.display());
        let bytes = signed.to_string().into_bytes();
        self.lasting.remove(&path);
        self.folder.replace(&path, &bytes).map_err(failed)?;
        let marker = path.with_file_name(COSIGNED);
        if self.folder.read(&marker, MAX_NOTE_BYTES).map_err(failed)?.is_none() {
            self.folder.replace(&marker, format!("{origin}\n").as_bytes()).map_err(failed)?;
        }
        self.lasting.insert(path, bytes);
        Ok(())
    }

    fn path(&self, origin: &str) -> PathBuf {
        self.folder.root().join(monitoring_path(origin))
    }
}

/// What a witness cosigned last for one log.
#[derive(Debug, Clone)]
pub struct Record {
    /// The log's checkpoint with the witness's cosignature. The log's own signature is not checked here.
    pub checkpoint: SignedCheckpoint,
    /// When it was cosigned, POSIX seconds.
    pub time: u64,
}

/// What the folder of a witness holds, by log; `Err` names a record that is damaged or gone. For people: nothing is decided by it.
///
/// # Errors
/// Those of the system.
pub fn records(folder: &Path, witness: &VerifierKey) -> io::Result<Vec<Result<Record, String>>> {
    let mut names: Vec<String> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<_>>()?;
    names.retain(|name| name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit()));
    names.sort();
    let mut records = Vec::new();
    for name in names {
        let path = folder.join(&name).join("checkpoint");
        let record = match found(fs::read(&path))? {
            Some(bytes) => record(&bytes, &name, witness).map_err(|reason| format!("is damaged: {reason}")),
            None if path.with_file_name(COSIGNED).exists() => Err("is gone".to_owned()),
            None => continue,
        };
        records.push(record.map_err(|reason| format!("{} {reason}", path.display())));
    }
    Ok(records)
}

fn record(bytes: &[u8], name: &str, witness: &VerifierKey) -> Result<Record, String> {
    let checkpoint = SignedCheckpoint::parse(bytes).map_err(|error| error.to_string())?;
    let origin = checkpoint.checkpoint().origin.as_str();
    if monitoring_path(origin).strip_suffix("/checkpoint") != Some(name) {
        return Err(format!("it is of `{origin}`, which belongs elsewhere"));
    }
    let time = cosigned_at(&checkpoint, witness)?;
    Ok(Record { checkpoint, time })
}

fn cosigned_at(signed: &SignedCheckpoint, witness: &VerifierKey) -> Result<u64, String> {
    let lines = signed.note().verify([witness]).map_err(|error| error.to_string())?;
    lines
        .iter()
        .filter_map(|line| line.timestamp)
        .max()
        .ok_or_else(|| "the witness's key does not sign times".to_owned())
}

fn check(bytes: &[u8], logs: &[&VerifierKey], witness: &VerifierKey) -> Result<Cosigned, String> {
    let mut reason = "no key of its log is known".to_owned();
    for log in logs {
        let signed = match verify_latest(bytes, log, witness) {
            Ok(signed) => signed,
            Err(error) => {
                reason = error.to_string();
                continue;
            }
        };
        let time = cosigned_at(&signed, witness)?;
        return Ok(Cosigned { signed, time, bytes: bytes.to_vec() });
    }
    Err(reason)
}
