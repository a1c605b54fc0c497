use super::state::{Cosigned, States};
use super::{Witness, WitnessError};
use crate::files::{Files, SystemFiles};
use async_trait::async_trait;
use countersign_core::time::Clock;
use countersign_tlog::cosignature::cosign;
use countersign_tlog::note::{SigningKey, VerifierKey};
use countersign_tlog::witness::{AddCheckpoint, Refusal, Response, cosignature_body, decide};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

/// A witness with a folder of its own. It answers only after what it cosigned is on disk, and signs nothing after any doubt: not when
/// its record of a log is damaged or gone, and not when its clock lies before a time that it has signed or seen.
///
/// Several processes may share the folder: each step from reading to writing holds a lock on it.
///
/// Clones are the same witness.
pub struct LocalWitness<F: Files = SystemFiles>(Arc<Inner<F>>);

struct Inner<F: Files> {
    name: String,
    key: SigningKey,
    logs: Vec<VerifierKey>,
    clock: Arc<dyn Clock>,
    // INVARIANT: held from reading the latest checkpoint until the next one is on disk.
    turn: Mutex<Turn<F>>,
}

struct Turn<F: Files> {
    states: States<F>,
    /// The latest time the clock has shown to this process.
    shown: u64,
}

const TEXT: &str = "text/plain; charset=utf-8";

impl LocalWitness {
    /// A witness of these logs. `name` is its name in the log's policy, `key` its cosignature key; `folder` keeps
    /// `<hex SHA-256 of the origin>/checkpoint` for each log.
    pub fn new(
        name: impl Into<String>,
        key: SigningKey,
        logs: Vec<VerifierKey>,
        folder: impl Into<PathBuf>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self::on(SystemFiles, name, key, logs, folder, clock)
    }
}

impl<F: Files> LocalWitness<F> {
    /// As [`LocalWitness::new`], with its folder on another file system.
    pub fn on(
        files: F,
        name: impl Into<String>,
        key: SigningKey,
        logs: Vec<VerifierKey>,
        folder: impl Into<PathBuf>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let turn = Mutex::new(Turn { states: States::new(files, folder.into()), shown: 0 });
        Self(Arc::new(Inner { name: name.into(), key, logs, clock, turn }))
    }

    /// Its public key.
    pub fn verifier(&self) -> &VerifierKey {
        self.0.key.verifier()
    }

    /// Answers a request; blocks until the answer's effect is on disk.
    pub fn answer(&self, body: &[u8]) -> Response {
        let failed = |body: &str| Response { status: 500, content_type: TEXT, body: format!("{body}\n") };
        match AddCheckpoint::parse(body).map_err(Failure::Refused).and_then(|request| self.0.cosign(&request)) {
            Ok(body) => Response { status: 200, content_type: TEXT, body },
            Err(Failure::Refused(refusal)) => refusal.response(),
            Err(Failure::Broken(reason)) => {
                tracing::error!(witness = self.0.name, reason, "witness does not sign: its state is in doubt");
                failed("state unavailable")
            }
            Err(Failure::Clock { now, before }) => {
                tracing::error!(witness = self.0.name, now, before, "witness does not sign: its clock runs backwards");
                failed("the witness's clock lies before an earlier time of its own")
            }
        }
    }

    /// The served checkpoint under `<hex SHA-256 of the origin>/checkpoint`; `None` if it never cosigned this log.
    ///
    /// # Errors
    /// [`WitnessError`] when the folder cannot be read or holds something else than this witness cosigned.
    pub fn stored(&self, origin: &str) -> Result<Option<Vec<u8>>, WitnessError> {
        let stored = self.0.turn().and_then(|mut turn| self.0.latest(&mut turn, origin));
        stored.map(|state| state.map(|state| state.bytes)).map_err(|reason| self.0.failed(reason))
    }

    /// Checks the record of every log before anything is signed.
    ///
    /// # Errors
    /// [`WitnessError`] for a record that is damaged or gone, or of a time that the clock has not reached.
    pub fn check(&self) -> Result<(), WitnessError> {
        let check = || {
            let mut turn = self.0.turn()?;
            let now = self.0.now(&mut turn).map_err(|_| "the clock runs backwards".to_owned())?;
            for log in &self.0.logs {
                let state = self.0.latest(&mut turn, log.name().as_str())?;
                if let Some(time) = state.map(|state| state.time).filter(|time| *time > now) {
                    return Err(format!(
                        "`{}` was cosigned at {time}, the clock shows {now} (seconds since 1970): set the clock right",
                        log.name()
                    ));
                }
            }
            Ok(())
        };
        check().map_err(|reason| self.0.failed(reason))
    }

    /// The logs it follows.
    pub fn logs(&self) -> &[VerifierKey] {
        &self.0.logs
    }
}

enum Failure {
    Refused(Refusal),
    Broken(String),
    Clock { now: u64, before: u64 },
}

impl<F: Files> Clone for LocalWitness<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F: Files> Inner<F> {
    fn cosign(&self, request: &AddCheckpoint) -> Result<String, Failure> {
        let broken = |error: &dyn std::fmt::Display| Failure::Broken(error.to_string());
        let mut turn = self.turn().map_err(Failure::Broken)?;
        let _alone = turn.states.lock().map_err(Failure::Broken)?;
        let origin = &request.checkpoint.checkpoint().origin;
        let latest = self.latest(&mut turn, origin.as_str()).map_err(Failure::Broken)?;
        let mut accepted =
            decide(request, &self.logs, |_| latest.as_ref().map(|state| &state.signed)).map_err(Failure::Refused)?;
        let now = self.now(&mut turn)?;
        if let Some(before) = latest.map(|state| state.time).filter(|before| *before > now) {
            return Err(Failure::Clock { now, before });
        }
        let line = cosign(&accepted, &self.key, now).map_err(|error| broken(&error))?;
        accepted.add(line.clone()).map_err(|error| broken(&error))?;
        turn.states.write(&accepted).map_err(Failure::Broken)?;
        Ok(cosignature_body(&[line]))
    }

    fn turn(&self) -> Result<MutexGuard<'_, Turn<F>>, String> {
        self.turn.lock().map_err(|_| "an earlier request panicked".to_owned())
    }

    fn latest(&self, turn: &mut Turn<F>, origin: &str) -> Result<Option<Cosigned>, String> {
        let logs: Vec<&VerifierKey> = self.logs.iter().filter(|log| log.name().as_str() == origin).collect();
        if logs.is_empty() {
            return Ok(None);
        }
        turn.states.read(origin, &logs, self.key.verifier())
    }

    /// The time, which never runs backwards within one process.
    fn now(&self, turn: &mut Turn<F>) -> Result<u64, Failure> {
        let now = u64::try_from(self.clock.now().unix()).map_err(|error| Failure::Broken(error.to_string()))?;
        if now < turn.shown {
            return Err(Failure::Clock { now, before: turn.shown });
        }
        turn.shown = now;
        Ok(now)
    }

    fn failed(&self, error: impl ToString) -> WitnessError {
        WitnessError { witness: self.name.clone(), reason: error.to_string() }
    }
}

#[async_trait]
impl<F: Files> Witness for LocalWitness<F> {
    fn name(&self) -> &str {
        &self.0.name
    }

    async fn add_checkpoint(&self, body: Vec<u8>) -> Result<(u16, Vec<u8>), WitnessError> {
        let witness = self.clone();
        let answer =
            tokio::task::spawn_blocking(move || witness.answer(&body)).await.map_err(|error| self.0.failed(error))?;
        Ok((answer.status, answer.body.into_bytes()))
    }

    async fn latest(&self, origin: &str) -> Result<Option<Vec<u8>>, WitnessError> {
        let (witness, origin) = (self.clone(), origin.to_owned());
        tokio::task::spawn_blocking(move || witness.stored(&origin)).await.map_err(|error| self.0.failed(error))?
    }
}
