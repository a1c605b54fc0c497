//! From durable to public: tiles, then witnesses, then the checkpoint everybody reads.

use crate::open::{CHECKPOINT_FILE, Publishing, blocking, compare_with_tree, tile_error};
use crate::witness::Witness;
use crate::{Log, LogError, Result};
use countersign_store::journal::MOST_LEAVES;
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::merkle::consistency_proof;
use countersign_tlog::note::{SignatureLine, VerifierKey};
use countersign_tlog::policy::{TimeWindow, Witnessed};
use countersign_tlog::witness::{AddCheckpoint, parse_conflict, parse_cosignature, verify_latest};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Age in seconds that a cosignature may have when it is published.
const FRESH: u64 = 600;

/// A published checkpoint.
#[derive(Debug, Clone)]
pub struct Published {
    /// With the cosignatures that were there when it was published.
    pub checkpoint: SignedCheckpoint,
    /// Who cosigned, and when.
    pub witnessed: Witnessed,
}

/// How often a witness is asked again from the size it says it is at.
const MOST_ATTEMPTS: usize = 3;

/// What came of asking one witness.
enum Answer {
    Cosigned(SignatureLine),
    Refused(String),
    /// The witness is at another size, at most the head's: a proof from there will do.
    At(u64),
    /// The checkpoint of this log that the witness shows instead, verified.
    Knows(SignedCheckpoint),
}

/// One witness with what it takes to check its answers.
#[derive(Clone)]
struct Asked {
    witness: Arc<dyn Witness>,
    key: VerifierKey,
    log: VerifierKey,
    limit: Duration,
}

impl Log {
    /// Publishes the signed head: writes its tiles, gathers cosignatures until the policy's quorum is there, replaces
    /// `checkpoint`. Does nothing and returns `None` when the head is published and its cosignatures are fresh.
    ///
    /// # Errors
    /// [`LogError::NoQuorum`] and [`LogError::Unavailable`] may pass; [`LogError::Stopped`] when tiles differ or a witness shows a
    /// checkpoint of this log that the store does not know.
    pub async fn publish(&self) -> Result<Option<Published>> {
        let result = self.publish_head().await;
        self.note(result)
    }

    async fn publish_head(&self) -> Result<Option<Published>> {
        let mut now = self.publishing.lock().await;
        self.going()?;
        let head = self.sequencing.lock().await.checkpoint.clone();
        let size = head.checkpoint().size;
        let done = self.published().is_some_and(|published| published.checkpoint() == head.checkpoint());
        if done && self.now().saturating_sub(now.published_at) < self.pace.recosign_after {
            return Ok(None);
        }
        self.write_tiles(&mut now, size).await?;
        let (checkpoint, witnessed) = self.gather(&mut now, head).await?;
        let bytes = checkpoint.to_string().into_bytes();
        blocking(&self.tiles, move |tiles| tiles.replace_file(CHECKPOINT_FILE, &bytes).map_err(tile_error)).await?;
        now.published_at = self.now();
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = Some(checkpoint.clone());
        drop(now);
        self.progress.send_modify(|progress| progress.public = size);
        Ok(Some(Published { checkpoint, witnessed }))
    }

    /// The published checkpoint with its cosignatures, if any.
    pub fn published(&self) -> Option<SignedCheckpoint> {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn write_tiles(&self, now: &mut Publishing, size: u64) -> Result<()> {
        // The edges move only once the tiles are on disk, so that a failed write is written again.
        let mut edges = now.edges.clone();
        let mut tiles = Vec::new();
        while edges.size() < size {
            let limit = (size - edges.size()).min(u64::from(MOST_LEAVES)) as u32;
            let entries = self.journal.entries(edges.size(), limit).await?;
            if entries.is_empty() {
                return Err(LogError::stopped(format!("the store lost leaf {}", edges.size())));
            }
            // Only the size that is published needs its partial tiles.
            tiles.extend(edges.append(&entries)?.into_iter().filter(|(path, _)| !path.is_partial()));
        }
        if edges.size() == now.edges.size() {
            return Ok(());
        }
        tiles.extend(edges.partial());
        blocking(&self.tiles, move |store| store.write(&tiles).map_err(tile_error)).await?;
        now.edges = edges;
        Ok(())
    }

    /// Asks all witnesses at once and takes their cosignatures as they come.
    async fn gather(&self, now: &mut Publishing, head: SignedCheckpoint) -> Result<(SignedCheckpoint, Witnessed)> {
        let mut running = JoinSet::new();
        let ask = |running: &mut JoinSet<(Asked, Answer)>, asked: Asked, old: u64| -> Result<()> {
            let request = self.request(old, &head)?;
            running.spawn(async move { asked.ask(request).await });
            Ok(())
        };
        for witness in &self.witnesses {
            let Some(known) = self.policy.witnesses().iter().find(|known| known.name == witness.name()) else {
                continue;
            };
            let (witness, key, log) = (Arc::clone(witness), known.key.clone(), self.signer.verifier().clone());
            let asked = Asked { witness, key, log, limit: self.pace.witness_timeout };
            ask(&mut running, asked, now.cosigned.get(&known.name).copied().unwrap_or(0))?;
        }

        let size = head.checkpoint().size;
        let mut signed = head.clone();
        let (mut quorum, mut reasons, mut again) = (None, Vec::new(), Vec::<String>::new());
        if self.policy.is_quorum([]) {
            quorum = self.policy.check(&signed, TimeWindow::ANY).ok();
        }
        loop {
            // Once there is a quorum the others have a short time to come in.
            let next = match quorum {
                Some(_) => timeout(self.pace.grace, running.join_next()).await.unwrap_or(None),
                None => running.join_next().await,
            };
            let Some(joined) = next else { break };
            let Ok((asked, answer)) = joined else { continue };
            let name = asked.witness.name().to_owned();
            match answer {
                Answer::Cosigned(line) => {
                    if let Err(error) = signed.add(line) {
                        reasons.push(format!("witness `{name}`: {error}"));
                        continue;
                    }
                    now.cosigned.insert(name, size);
                    let window = TimeWindow::recent(self.now(), FRESH);
                    quorum = quorum.or_else(|| self.policy.check(&signed, window).ok());
                }
                Answer::At(other) => {
                    now.cosigned.insert(name.clone(), other);
                    if again.iter().filter(|before| **before == name).count() + 1 < MOST_ATTEMPTS {
                        again.push(name);
                        ask(&mut running, asked, other)?;
                    } else {
                        reasons.push(format!("witness `{name}` keeps changing its size"));
                    }
                }
                Answer::Knows(theirs) => {
                    let whose = format!("the latest checkpoint of witness `{name}`");
                    compare_with_tree(theirs.checkpoint(), &self.tree(), &whose)?;
                    reasons.push(format!("witness `{name}` refuses and shows size {}", theirs.checkpoint().size));
                }
                Answer::Refused(reason) => reasons.push(format!("witness `{name}`: {reason}")),
            }
        }
        let Some(witnessed) = quorum else {
            return Err(LogError::NoQuorum { size, reasons: reasons.join("; ") });
        };
        // Those that came in after the quorum count too, unless they are wrong.
        let witnessed = self.policy.check(&signed, TimeWindow::recent(self.now(), FRESH)).unwrap_or(witnessed);
        Ok((signed, witnessed))
    }

    fn request(&self, old: u64, head: &SignedCheckpoint) -> Result<AddCheckpoint> {
        let tree = self.tree();
        let size = head.checkpoint().size;
        let old_size = old.min(size);
        let proof = consistency_proof(old_size, size, &mut &*tree).map_err(LogError::stopped)?;
        Ok(AddCheckpoint { old_size, proof, checkpoint: head.clone() })
    }
}

impl Asked {
    async fn ask(self, request: AddCheckpoint) -> (Self, Answer) {
        let answer = match timeout(self.limit, self.answer(&request)).await {
            Ok(answer) => answer,
            Err(_) => Answer::Refused(format!("no answer within {} ms", self.limit.as_millis())),
        };
        (self, answer)
    }

    async fn answer(&self, request: &AddCheckpoint) -> Answer {
        let (status, body) = match self.witness.add_checkpoint(request.to_body().into_bytes()).await {
            Ok(answer) => answer,
            Err(error) => return Answer::Refused(error.reason),
        };
        match status {
            200 => match parse_cosignature(&body, &request.checkpoint, &self.key) {
                Ok(line) => Answer::Cosigned(line),
                Err(error) => Answer::Refused(error.to_string()),
            },
            409 => match parse_conflict(&body) {
                Ok(size) if size <= request.checkpoint.checkpoint().size => Answer::At(size),
                Ok(size) => self.shown(&format!("says it is at {size}")).await,
                Err(error) => Answer::Refused(error.to_string()),
            },
            422 => self.shown("says the log is forked").await,
            other => Answer::Refused(format!("status {other}")),
        }
    }

    /// A claim that would stop the log counts only with a checkpoint that this log has signed: a lying witness stops nothing.
    async fn shown(&self, claim: &str) -> Answer {
        match self.witness.latest(self.log.name().as_str()).await {
            Ok(Some(bytes)) => match verify_latest(&bytes, &self.log, &self.key) {
                Ok(signed) => Answer::Knows(signed),
                Err(error) => Answer::Refused(format!("{claim} and shows no valid checkpoint: {error}")),
            },
            Ok(None) => Answer::Refused(format!("{claim} and shows no checkpoint")),
            Err(error) => Answer::Refused(format!("{claim}; {}", error.reason)),
        }
    }
}
