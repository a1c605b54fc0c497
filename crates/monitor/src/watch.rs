//! Many logs, looked at side by side.

use crate::config::{Watch, WatchName};
use crate::finding::{Code, Finding};
use crate::look::look;
use crate::own::Own;
use crate::record::Record;
use crate::report;
use crate::tiles::Tiles;
use countersign_core::time::{Clock, Timestamp};
use countersign_log::LogSource;
use countersign_tlog::note::{KeyKind, SigningKey, VerifierKey};
use countersign_verify::monitor_report::{MonitorReport, Severity};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinError;

/// Looks at the same time: one log that takes all its time delays few others.
const AT_ONCE: usize = 32;

/// Folder of kept tiles; no log can have this name.
const KEPT: &str = ".kept";

/// A monitor with a key and a folder of its own.
pub struct Monitor {
    key: SigningKey,
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    patience: Duration,
    _alone: File,
}

/// One log and where its bytes come from. The source brings time limits.
#[derive(Clone)]
pub struct Watched {
    /// What is asked of the log.
    pub watch: Watch,
    /// Its bytes.
    pub source: Arc<dyn LogSource>,
}

/// What one look at one log came to.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Name of the log.
    pub name: WatchName,
    /// When.
    pub time: Timestamp,
    /// What was found, worst first.
    pub findings: Vec<Finding>,
    /// The signed report; `None` when the monitor could not keep one.
    pub report: Option<MonitorReport>,
    /// Why the monitor could not do its own work, in one line.
    pub trouble: Option<String>,
}

impl Seen {
    /// Whether nothing is wrong with the log: notices are nothing wrong.
    pub fn is_well(&self) -> bool {
        self.trouble.is_none() && self.findings.iter().all(|finding| finding.severity == Severity::Notice)
    }
}

/// A monitor cannot begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MonitorError(String);

impl Monitor {
    /// A monitor with this key (type 0x01) and folder. `patience` is how long one look at one log may take.
    ///
    /// # Errors
    /// [`MonitorError`] when the key is of another kind, or another monitor works on the folder.
    pub fn open(
        key: SigningKey,
        folder: &Path,
        clock: Arc<dyn Clock>,
        patience: Duration,
    ) -> Result<Self, MonitorError> {
        if key.verifier().kind() != KeyKind::Ed25519 {
            return Err(MonitorError("the key does not sign notes (signature type 0x01)".to_owned()));
        }
        let path = folder.join("lock");
        let failed = |error: std::io::Error| MonitorError(format!("{}: {error}", path.display()));
        fs::create_dir_all(folder).map_err(failed)?;
        let alone = File::options().write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match alone.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(MonitorError(format!("another monitor works on {}: stop it first", folder.display())));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        Ok(Self { key, folder: folder.to_owned(), clock, patience, _alone: alone })
    }

    /// The key under which its reports are checked.
    pub fn verifier(&self) -> &VerifierKey {
        self.key.verifier()
    }

    /// Looks at every log once. What happens to one of them does not touch the others.
    pub async fn look(self: &Arc<Self>, logs: &[Watched]) -> Vec<Seen> {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let looks: Vec<_> = logs
            .iter()
            .map(|log| (log.watch.name.clone(), tokio::spawn(Arc::clone(self).timed(log.clone(), Arc::clone(&places)))))
            .collect();
        let mut seen = Vec::new();
        for (name, look) in looks {
            seen.push(match look.await {
                Ok(Ok(one)) => one,
                Ok(Err(error)) | Err(error) => {
                    let trouble = Some(format!("the look at this log died: {error}"));
                    Seen { name, time: self.clock.now(), findings: Vec::new(), report: None, trouble }
                }
            });
        }
        seen
    }

    /// One look on a thread of its own. The thread cannot be ended from outside; it waits for nothing more once its time is over.
    async fn timed(self: Arc<Self>, log: Watched, places: Arc<Semaphore>) -> Result<Seen, JoinError> {
        // Nobody closes it.
        let _place = places.acquire().await;
        let ((stop, stopped), patience, runtime) = (watch::channel(false), self.patience, Handle::current());
        let mut look = tokio::task::spawn_blocking(move || self.one(log, runtime, stopped));
        tokio::select! {
            seen = &mut look => seen,
            () = tokio::time::sleep(patience) => {
                stop.send_replace(true);
                look.await
            }
        }
    }

    fn one(&self, log: Watched, runtime: Handle, stop: watch::Receiver<bool>) -> Seen {
        let now = self.clock.now();
        let name = log.watch.name.clone();
        match self.try_one(&log, runtime, stop, now) {
            Ok((findings, report)) => Seen { name, time: now, findings, report: Some(report), trouble: None },
            Err(trouble) => Seen { name, time: now, findings: Vec::new(), report: None, trouble: Some(trouble) },
        }
    }

    fn try_one(
        &self,
        Watched { watch, source }: &Watched,
        runtime: Handle,
        stop: watch::Receiver<bool>,
        now: Timestamp,
    ) -> Result<(Vec<Finding>, MonitorReport), String> {
        let own = Own::new(self.folder.join(watch.name.as_str()));
        // Beside the other folders, not in one of them: it is large, and nothing in it has to outlast anything.
        let kept = self.folder.join(KEPT).join(watch.name.as_str());
        let keys: Vec<VerifierKey> = watch.policy.logs().iter().map(|log| log.key.clone()).collect();
        let record = Record::load(own.folder(), &keys)?;
        let mut tiles = Tiles::new(Arc::clone(source), runtime, kept, stop);
        let mut looked = look(watch, &mut tiles, record.as_ref(), &own, now)?;
        if record.is_none() && Record::began(own.folder()) {
            looked.findings.push(Finding::new(
                Code::BeganAgain,
                "this monitor has verified the log before and has no record of it: nothing could be compared",
            ));
        }
        looked.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        // The record first: a report must not speak of a checkpoint that the monitor could forget.
        if let Some(record) = &looked.record {
            record.save(&own)?;
        }
        let report = report::write(&own, watch, &looked, &self.key, now)?;
        Ok((looked.findings, report))
    }
}
