//! Following the custodian's journal: verify, fold, keep - or refuse and stay.

use crate::database::NewLeaves;
use crate::error::{Result, TrusteeError};
use crate::memory::{Folded, Memory};
use crate::report::Incident;
use crate::source::LogSource;
use crate::tiles::Tiles;
use crate::trustee::Trustee;
use countersign_core::id::Digest;
use countersign_core::time::Timestamp;
use countersign_tlog::Hash;
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::follow::{Follower, Step};
use countersign_tlog::leaf::{ControlLeaf, Leaf};
use countersign_tlog::note::MAX_NOTE_BYTES;
use countersign_tlog::policy::Policy;
use countersign_verify::evidence::{ControlTimes, Files};
use countersign_verify::request::SKEW;
use countersign_verify::state::{ControlState, JournalView, REMEMBERED_SIZES};
use countersign_verify::trustee_log::IncidentKind;
use std::collections::{BTreeMap, BTreeSet};

/// Leaves verified, folded and kept in one transaction.
const LEAVES_AT_ONCE: u64 = 1_024;

/// What one look at the journal gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailReport {
    /// Leaves folded now.
    pub size: u64,
    /// Leaves that were new.
    pub new_leaves: u64,
    /// Control leaves among them.
    pub control_leaves: u64,
    /// Receipts of this trustee that were seen in them.
    pub receipts_seen: u64,
    /// When the witness quorum had cosigned the checkpoint.
    pub witnessed: Timestamp,
}

impl Trustee {
    /// Reads the journal to its end. Every leaf is proved to belong to a checkpoint that the witnesses of the policy in
    /// force have cosigned and that extends everything folded before; the fold begins at the pinned leaf 0.
    ///
    /// What was verified is kept step by step, so an interrupted call has done part of the work and nothing wrong.
    ///
    /// # Errors
    /// [`TrusteeError::JournalUnavailable`] when the source does not answer; [`TrusteeError::JournalRefused`] for a fork,
    /// an older checkpoint, too few witnesses, another genesis; [`TrusteeError::NotReady`] before [`install`](Self::install).
    pub async fn tail(&self, source: &dyn LogSource, now: Timestamp) -> Result<TailReport> {
        let mut slot = self.memory.lock().await;
        let mut memory = self.load(slot.take()).await?;
        let result = self.tail_with(&mut memory, source, None, now).await;
        // After a failed write nobody knows what was kept: then the memory is read again.
        if !result.as_ref().is_err_and(TrusteeError::leaves_doubt) {
            *slot = Some(memory);
        }
        result
    }

    /// Begins to follow a journal: pins its genesis, for ever, once leaf 0 is shown to be the one with this digest, and reads it.
    ///
    /// # Errors
    /// As [`tail`](Self::tail); [`TrusteeError::Document`] when another genesis is pinned. Nothing is pinned then.
    pub async fn follow(&self, genesis: &Digest, source: &dyn LogSource, now: Timestamp) -> Result<TailReport> {
        self.documents.check_pin(genesis)?;
        let signed = checkpoint(source).await?;
        begin(&Tiles::new(source).first(signed.checkpoint().size).await?, genesis)?;
        self.documents.pin(genesis)?;
        self.tail(source, now).await
    }

    /// As [`follow`](Self::follow), for a journal in which changes were made before: `history` are the control leaves with
    /// their first proofs, as an evidence folder holds them. Each leaf counts from the time at which its proof shows that the
    /// witnesses had seen it; without that it would count from this first look, and a change signed by somebody whom an earlier
    /// change had added would be rejected here alone.
    ///
    /// Nothing is folded before every proof was shown to belong to the very journal that is read.
    ///
    /// # Errors
    /// As [`follow`](Self::follow); [`TrusteeError::JournalRefused`] when a proof does not hold, is of another journal or of a
    /// time to come, or when this trustee has read the journal before without them.
    pub async fn follow_since(
        &self,
        genesis: &Digest,
        history: &Files,
        source: &dyn LogSource,
        now: Timestamp,
    ) -> Result<TailReport> {
        self.documents.check_pin(genesis)?;
        let times = ControlTimes::read(history, genesis)
            .map_err(|fault| TrusteeError::JournalRefused(format!("the proofs of its control leaves: {fault}")))?;
        self.documents.pin(genesis)?;
        let mut slot = self.memory.lock().await;
        let mut memory = self.load(slot.take()).await?;
        let result = self.tail_with(&mut memory, source, Some(&times), now).await;
        if !result.as_ref().is_err_and(TrusteeError::leaves_doubt) {
            *slot = Some(memory);
        }
        result
    }

    async fn tail_with(
        &self,
        memory: &mut Memory,
        source: &dyn LogSource,
        times: Option<&ControlTimes>,
        now: Timestamp,
    ) -> Result<TailReport> {
        let pinned = self.documents.pinned()?;
        let pinned = pinned.ok_or_else(|| TrusteeError::NotReady("no genesis is pinned".into()))?;
        let signed = checkpoint(source).await?;
        let mut tiles = Tiles::new(source);
        let begun = match &memory.folded {
            Some(folded) => folded.control.clone(),
            None => begin(&tiles.first(signed.checkpoint().size).await?, &pinned)?,
        };
        let expected = &begun.genesis().value().journal.origin;
        if signed.checkpoint().origin.as_str() != expected {
            let reason = format!("checkpoint of `{}`, genesis names `{expected}`", signed.checkpoint().origin);
            return Err(TrusteeError::JournalRefused(reason));
        }
        // Whoever is shown the changes before knows which witnesses are in force after them.
        let in_force = times.map_or_else(|| begun.at(now), |times| times.state(u64::MAX).at(now));
        let policy = Policy::parse(in_force.witness_policy().as_bytes())
            .map_err(|error| TrusteeError::JournalRefused(format!("witness policy in force: {error}")))?;
        if let Some(times) = times {
            check_times(times, memory, &mut tiles, &signed, &policy, now).await?;
        }
        let mut report =
            TailReport { size: 0, new_leaves: 0, control_leaves: 0, receipts_seen: 0, witnessed: Timestamp::MIN };
        loop {
            let follower = memory.folded.as_ref().map(|folded| folded.follower.clone()).unwrap_or_default();
            let step = match tiles.step(&follower, &signed, &policy, now, LEAVES_AT_ONCE).await {
                Ok(step) => step,
                Err(refused) => {
                    if let Some(reason) = refused.fork {
                        memory.database.report(&fork(&signed, reason, now)).await?;
                    }
                    return Err(refused.error);
                }
            };
            report.witnessed = witnessed(&step, now);
            keep(memory, &step, &pinned, times, now, &mut report).await?;
            if report.size >= step.checkpoint_size {
                return Ok(report);
            }
        }
    }
}

/// Whether what was shown of the control leaves is of the very journal that is about to be read, and was not left out when
/// its beginning was. The journal is walked to its end without keeping anything.
async fn check_times(
    times: &ControlTimes,
    memory: &Memory,
    tiles: &mut Tiles<'_>,
    signed: &SignedCheckpoint,
    policy: &Policy,
    now: Timestamp,
) -> Result<()> {
    let refuse = |reason: &str| Err(TrusteeError::JournalRefused(format!("the proofs of its control leaves {reason}")));
    if times.latest() > now.plus(SKEW) {
        return refuse("are of a time to come");
    }
    if let Some(folded) = &memory.folded {
        let shown = times.state(folded.follower.frontier().size());
        let waits = |control: &ControlState| control.waiting(now).cloned().collect::<Vec<_>>();
        let of = |control: &ControlState| (control.at(now), control.next_number(), waits(control));
        if of(&shown) != of(&folded.control) {
            return refuse("come too late: the journal was read before without them; begin with a new folder");
        }
    }
    let expected: BTreeMap<u64, Hash> = times.trees().collect();
    if expected.len() != times.trees().collect::<BTreeSet<_>>().len() {
        return refuse("show two trees of one size");
    }
    let mut follower = Follower::new();
    let mut found = 0;
    loop {
        let step = tiles.step(&follower, signed, policy, now, LEAVES_AT_ONCE).await.map_err(|refused| refused.error)?;
        let mut frontier = follower.frontier().clone();
        for bytes in &step.leaves {
            frontier.push_leaf(bytes).map_err(|error| TrusteeError::JournalRefused(error.to_string()))?;
            match expected.get(&frontier.size()) {
                Some(root) if *root == frontier.root() => found += 1,
                Some(_) => return refuse("are of another journal"),
                None => {}
            }
        }
        follower = step.next.clone();
        if follower.size() >= step.checkpoint_size {
            break;
        }
    }
    if found == expected.len() { Ok(()) } else { refuse("are of a larger journal than the one served") }
}

/// Folds a verified step, writes it, and only then makes it the memory.
async fn keep(
    memory: &mut Memory,
    step: &Step,
    pinned: &Digest,
    times: Option<&ControlTimes>,
    now: Timestamp,
    report: &mut TailReport,
) -> Result<()> {
    report.size = step.next.size();
    if step.leaves.is_empty() {
        return Ok(());
    }
    let witnessed = witnessed(step, now);
    let (mut control, mut journal, follower) = match &memory.folded {
        Some(folded) => (Some(folded.control.clone()), folded.journal.clone(), folded.follower.clone()),
        None => (None, JournalView::default(), Follower::new()),
    };
    let mut ledger = memory.ledger.clone();
    // On the way through a long journal only the last root of each stretch is kept: it is what a restart begins with.
    let oldest_root = step.checkpoint_size.saturating_sub(REMEMBERED_SIZES).min(step.next.size());
    let mut new = NewLeaves {
        frontier: step.next.frontier(),
        control: Vec::new(),
        roots: Vec::new(),
        oldest_root,
        seen: Vec::new(),
    };
    let mut frontier = follower.frontier().clone();
    for (index, bytes) in (step.first..).zip(&step.leaves) {
        frontier.push_leaf(bytes).map_err(|error| TrusteeError::JournalRefused(error.to_string()))?;
        let size = frontier.size();
        if size >= oldest_root {
            journal.grew(size, frontier.root());
            new.roots.push((size, frontier.root()));
        }
        // A leaf that is none changes nothing: anybody who writes the journal could stop every trustee with one otherwise.
        match Leaf::parse(bytes) {
            Ok(Leaf::Control(leaf)) => {
                let shown = times.map_or(Ok(None), |times| times.of(index, bytes));
                let seen = shown.map_err(TrusteeError::JournalRefused)?.unwrap_or(witnessed);
                new.control.push((index, bytes, seen));
                match &mut control {
                    None => control = Some(begin(&leaf, pinned)?),
                    Some(control) => control.fold(index, &leaf, seen),
                }
            }
            Ok(Leaf::Sealed(leaf)) => {
                let digests = leaf.digests().iter().filter(|digest| ledger.awaited.contains_key(*digest));
                new.seen.extend(digests.map(|digest| (digest.clone(), index)));
                ledger.saw(leaf.digests().iter().map(String::as_str));
            }
            Ok(Leaf::Opening(_)) | Err(_) => {}
        }
        if control.is_none() {
            return Err(TrusteeError::JournalRefused("leaf 0 is not a control leaf".into()));
        }
    }
    let Some(control) = control else { return Ok(()) };
    memory.generation = memory.database.follow(memory.generation, &new).await?;
    report.new_leaves += step.leaves.len() as u64;
    report.control_leaves += new.control.len() as u64;
    report.receipts_seen += new.seen.len() as u64;
    memory.ledger = ledger;
    memory.folded = Some(Folded { control, journal, follower: step.next.clone() });
    Ok(())
}

fn begin(leaf: &ControlLeaf, pinned: &Digest) -> Result<ControlState> {
    ControlState::begin(leaf, Some(pinned)).map_err(|error| TrusteeError::JournalRefused(error.to_string()))
}

/// The time from which a change cools: that of the witness quorum, or the trustee's own when nobody witnesses.
fn witnessed(step: &Step, now: Timestamp) -> Timestamp {
    let quorum = i64::try_from(step.witnessed.quorum_time).ok().filter(|time| *time > 0);
    quorum.and_then(Timestamp::from_unix).unwrap_or(now)
}

fn fork(signed: &SignedCheckpoint, reason: String, at: Timestamp) -> Incident {
    let checkpoint = signed.checkpoint();
    let subject = format!("{} {}", checkpoint.size, checkpoint.root);
    tracing::error!(subject, reason, "the journal served is not the one folded before");
    // The signed checkpoint is the evidence: with another one of the same log it proves who forked.
    Incident { kind: IncidentKind::JournalDiffers, subject, detail: format!("{reason}\n{signed}"), at }
}

async fn checkpoint(source: &dyn LogSource) -> Result<SignedCheckpoint> {
    let unavailable = |reason| TrusteeError::JournalUnavailable { path: "checkpoint".into(), reason };
    let bytes = source.get("checkpoint", MAX_NOTE_BYTES).await.map_err(unavailable)?;
    let bytes = bytes.ok_or_else(|| unavailable("nothing is published yet".into()))?;
    SignedCheckpoint::parse(&bytes).map_err(|error| TrusteeError::JournalRefused(error.to_string()))
}
