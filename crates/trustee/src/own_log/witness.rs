//! Asking the witnesses of the own log: C2SP tlog-witness, `add-checkpoint`. The messages are the crate `tlog`'s.

use super::folder::LogFolder;
use crate::error::{Result, TrusteeError};
use crate::source::read_limited;
use countersign_core::time::Timestamp;
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::merkle::consistency_proof;
use countersign_tlog::note::{MAX_NOTE_BYTES, SignatureLine, VerifierKey};
use countersign_tlog::policy::{Policy, TimeWindow, Witness};
use countersign_tlog::tile::TileHashes;
use countersign_tlog::witness::{AddCheckpoint, monitoring_path, parse_conflict, parse_cosignature, verify_latest};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::task::JoinSet;

/// Age in seconds that a cosignature may have when it is published.
const FRESH: u64 = 600;

/// How often a witness is asked again from the size it says it is at.
const MOST_ATTEMPTS: usize = 3;

/// Who cosigns the own log; nobody by default.
#[derive(Default)]
pub struct LogWitnesses {
    policy: Option<(Policy, reqwest::Client)>,
    /// Size that each witness has cosigned last.
    cosigned: Mutex<BTreeMap<String, u64>>,
    /// Whether the witnesses were asked what they know, once for each process.
    compared: AtomicBool,
}

/// What a publication came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Publication {
    /// Entries that are public now.
    pub size: u64,
    /// Witnesses that cosigned them just now, by their names in the policy.
    pub witnesses: Vec<String>,
    /// Why others did not.
    pub missing: Vec<String>,
}

/// Why a checkpoint was not cosigned.
pub(super) enum Uncosigned {
    /// A witness shows another history than the one kept, signed by this log.
    Forked { witness: String, theirs: SignedCheckpoint },
    /// No quorum.
    Lacking(String),
}

enum Said {
    Cosigned(SignatureLine),
    At(u64),
    Knows(SignedCheckpoint),
    Nothing(String),
}

impl LogWitnesses {
    /// The witnesses and the quorum of a policy in the form of C2SP tlog-policy; every witness has its URL there. The client brings time
    /// limits and trust roots.
    ///
    /// # Errors
    /// [`TrusteeError::Document`] when the policy is not of this log, or a witness has no URL.
    pub fn new(policy: Policy, log: &VerifierKey, client: reqwest::Client) -> Result<Self> {
        let refuse = |reason: String| Err(TrusteeError::document("witness policy of the own log", reason));
        if !policy.logs().iter().any(|known| known.key == *log) {
            return refuse(format!("has no line `log {log}`"));
        }
        if let Some(mute) = policy.witnesses().iter().find(|witness| witness.url.is_none()) {
            return refuse(format!("the line of witness `{}` has no URL", mute.name));
        }
        Ok(Self { policy: Some((policy, client)), ..Self::default() })
    }

    /// Adds the cosignatures of the quorum; without a policy nothing is added.
    pub(super) async fn cosign(
        &self,
        folder: &LogFolder,
        log: &VerifierKey,
        head: SignedCheckpoint,
        now: Timestamp,
    ) -> std::result::Result<(SignedCheckpoint, Publication), Uncosigned> {
        let mut publication = Publication { size: head.checkpoint().size, ..Publication::default() };
        let Some((policy, client)) = &self.policy else { return Ok((head, publication)) };
        let mut running = JoinSet::new();
        for witness in policy.witnesses() {
            let known = self.cosigned.lock().unwrap_or_else(PoisonError::into_inner).get(&witness.name).copied();
            let (folder, client, head) = (folder.clone(), client.clone(), head.clone());
            let asked = Asked { folder, client, log: log.clone(), witness: witness.clone(), head };
            running.spawn(async move {
                let said = asked.ask(known.unwrap_or(0)).await;
                (asked.witness.name, said)
            });
        }
        let mut signed = head;
        while let Some(joined) = running.join_next().await {
            let Ok((name, said)) = joined else { continue };
            match said {
                Said::Cosigned(line) => match signed.add(line) {
                    Ok(()) => {
                        self.cosigned
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .insert(name.clone(), publication.size);
                        publication.witnesses.push(name);
                    }
                    Err(error) => publication.missing.push(format!("witness `{name}`: {error}")),
                },
                Said::Knows(theirs) => return Err(Uncosigned::Forked { witness: name, theirs }),
                Said::At(size) => publication.missing.push(format!("witness `{name}` keeps saying it is at {size}")),
                Said::Nothing(reason) => publication.missing.push(format!("witness `{name}`: {reason}")),
            }
        }
        let unix = u64::try_from(now.unix()).unwrap_or(0);
        match policy.check(&signed, TimeWindow::recent(unix, FRESH)) {
            Ok(_) => Ok((signed, publication)),
            Err(error) => Err(Uncosigned::Lacking(format!("{error}; {}", publication.missing.join("; ")))),
        }
    }

    /// A checkpoint of this log, of more entries than are kept here, that a witness shows. Asked once; a witness that does not answer is
    /// not waited for, since its next cosignature will tell.
    pub(super) async fn ahead(&self, log: &VerifierKey, kept: u64) -> Option<(String, SignedCheckpoint)> {
        let (policy, client) = self.policy.as_ref()?;
        if self.compared.swap(true, Ordering::Relaxed) {
            return None;
        }
        let mut running = JoinSet::new();
        for witness in policy.witnesses() {
            let (witness, client, log) = (witness.clone(), client.clone(), log.clone());
            running.spawn(async move {
                let latest = latest(&client, &witness, &log).await;
                (witness.name, latest)
            });
        }
        while let Some(joined) = running.join_next().await {
            if let Ok((name, Ok(theirs))) = joined
                && theirs.checkpoint().size > kept
            {
                return Some((name, theirs));
            }
        }
        None
    }
}

/// The checkpoint that a witness shows of this log, with the signatures of both.
async fn latest(
    client: &reqwest::Client,
    witness: &Witness,
    log: &VerifierKey,
) -> std::result::Result<SignedCheckpoint, String> {
    let url = format!("{}/{}", prefix(witness), monitoring_path(log.name().as_str()));
    let response = client.get(url).send().await.map_err(|error| error.to_string())?;
    if response.status().as_u16() != 200 {
        return Err("shows no checkpoint".to_owned());
    }
    let bytes = read_limited(response, MAX_NOTE_BYTES).await?;
    verify_latest(&bytes, log, &witness.key).map_err(|error| format!("shows no valid checkpoint: {error}"))
}

fn prefix(witness: &Witness) -> &str {
    witness.url.as_deref().unwrap_or_default().trim_end_matches('/')
}

/// One witness with what it takes to ask it.
struct Asked {
    folder: LogFolder,
    client: reqwest::Client,
    log: VerifierKey,
    witness: Witness,
    head: SignedCheckpoint,
}

impl Asked {
    async fn ask(&self, from: u64) -> Said {
        let mut said = Said::At(from);
        for _ in 0..MOST_ATTEMPTS {
            let Said::At(size) = said else { break };
            said = match self.request(size) {
                Ok(request) => self.answer(&request).await.unwrap_or_else(Said::Nothing),
                Err(reason) => Said::Nothing(reason),
            };
        }
        said
    }

    fn request(&self, old: u64) -> std::result::Result<AddCheckpoint, String> {
        let size = self.head.checkpoint().size;
        let old_size = old.min(size);
        let mut hashes = TileHashes::new(size, &self.folder);
        let proof = consistency_proof(old_size, size, &mut hashes).map_err(|error| error.to_string())?;
        Ok(AddCheckpoint { old_size, proof, checkpoint: self.head.clone() })
    }

    async fn answer(&self, request: &AddCheckpoint) -> std::result::Result<Said, String> {
        let url = format!("{}/add-checkpoint", prefix(&self.witness));
        let sent = self.client.post(url).body(request.to_body()).send().await.map_err(|error| error.to_string())?;
        let status = sent.status().as_u16();
        let body = read_limited(sent, MAX_NOTE_BYTES).await?;
        match status {
            200 => parse_cosignature(&body, &self.head, &self.witness.key)
                .map(Said::Cosigned)
                .map_err(|error| error.to_string()),
            409 => match parse_conflict(&body).map_err(|error| error.to_string())? {
                size if size <= self.head.checkpoint().size => Ok(Said::At(size)),
                size => self.shown(&format!("says it is at {size}")).await,
            },
            422 => self.shown("says the log is forked").await,
            other => Err(format!("status {other}")),
        }
    }

    /// A claim that would stop the log counts only with a checkpoint that this log has signed: a lying witness stops nothing.
    async fn shown(&self, claim: &str) -> std::result::Result<Said, String> {
        let latest = latest(&self.client, &self.witness, &self.log).await;
        let latest = latest.map_err(|error| format!("{claim} and {error}"))?;
        // What is a beginning of this tree contradicts nothing.
        let theirs = latest.checkpoint();
        let size = self.head.checkpoint().size;
        let root = countersign_tlog::merkle::root_at(theirs.size, &mut TileHashes::new(size, &self.folder));
        match root {
            Ok(root) if theirs.size <= size && root == theirs.root => Err(format!("{claim}, and shows a beginning")),
            _ => Ok(Said::Knows(latest)),
        }
    }
}
