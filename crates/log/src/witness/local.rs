use super::{Witness, WitnessError};
use crate::durable::replace;
use crate::folder::found;
use async_trait::async_trait;
use countersign_core::time::Clock;
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::cosignature::cosign;
use countersign_tlog::note::{SigningKey, VerifierKey};
use countersign_tlog::witness::{
    AddCheckpoint, Refusal, Response, cosignature_body, decide, monitoring_path, verify_latest,
};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// A witness with a folder of its own. It answers only after what it cosigned is on disk.
#[derive(Clone)]
pub struct LocalWitness(Arc<Inner>);

struct Inner {
    name: String,
    key: SigningKey,
    logs: Vec<VerifierKey>,
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    // INVARIANT: held from reading the latest checkpoint until the next one is on disk.
    turn: Mutex<()>,
}

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
        Self(Arc::new(Inner { name: name.into(), key, logs, folder: folder.into(), clock, turn: Mutex::new(()) }))
    }

    /// Its public key.
    pub fn verifier(&self) -> &VerifierKey {
        self.0.key.verifier()
    }

    /// Answers a request; blocks until the answer's effect is on disk.
    pub fn answer(&self, body: &[u8]) -> Response {
        match AddCheckpoint::parse(body).map_err(Failure::Refused).and_then(|request| self.0.cosign(&request)) {
            Ok(body) => Response { status: 200, content_type: "text/plain; charset=utf-8", body },
            Err(Failure::Refused(refusal)) => refusal.response(),
            Err(Failure::Broken(reason)) => {
                tracing::error!(witness = self.0.name, reason, "witness cannot keep its state");
                Response {
                    status: 500,
                    content_type: "text/plain; charset=utf-8",
                    body: "state unavailable\n".to_owned(),
                }
            }
        }
    }

    /// The served checkpoint under `<hex SHA-256 of the origin>/checkpoint`; `None` if it never cosigned this log.
    ///
    /// # Errors
    /// [`WitnessError`] when the folder cannot be read.
    pub fn stored(&self, origin: &str) -> Result<Option<Vec<u8>>, WitnessError> {
        found(fs::read(self.0.folder.join(monitoring_path(origin)))).map_err(|error| self.0.failed(error))
    }

    /// The logs it follows.
    pub fn logs(&self) -> &[VerifierKey] {
        &self.0.logs
    }
}

enum Failure {
    Refused(Refusal),
    Broken(String),
}

impl Inner {
    fn cosign(&self, request: &AddCheckpoint) -> Result<String, Failure> {
        let broken = |error: &dyn std::fmt::Display| Failure::Broken(error.to_string());
        let _turn = self.turn.lock().map_err(|_| Failure::Broken("an earlier request panicked".to_owned()))?;
        let origin = &request.checkpoint.checkpoint().origin;
        let path = self.folder.join(monitoring_path(origin.as_str()));
        let latest = match found(fs::read(&path)).map_err(|error| broken(&error))? {
            None => None,
            // A damaged state must not count as none: that would let a log start again.
            Some(bytes) => Some(self.check_state(&bytes).map_err(Failure::Broken)?),
        };
        let mut accepted = decide(request, &self.logs, |_| latest.as_ref()).map_err(Failure::Refused)?;
        let now = u64::try_from(self.clock.now().unix()).map_err(|error| broken(&error))?;
        let line = cosign(&accepted, &self.key, now).map_err(|error| broken(&error))?;
        accepted.add(line.clone()).map_err(|error| broken(&error))?;
        replace(&path, accepted.to_string().as_bytes()).map_err(|error| broken(&error))?;
        Ok(cosignature_body(&[line]))
    }

    fn check_state(&self, bytes: &[u8]) -> Result<SignedCheckpoint, String> {
        let mut reason = "no log of this witness".to_owned();
        for log in &self.logs {
            match verify_latest(bytes, log, self.key.verifier()) {
                Ok(state) => return Ok(state),
                Err(error) => reason = error.to_string(),
            }
        }
        Err(format!("the stored checkpoint is damaged: {reason}"))
    }

    fn failed(&self, error: impl ToString) -> WitnessError {
        WitnessError { witness: self.name.clone(), reason: error.to_string() }
    }
}

#[async_trait]
impl Witness for LocalWitness {
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
        self.stored(origin)
    }
}
