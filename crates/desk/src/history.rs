//! The control leaves of the journal with what became of each, by the times at which witnesses first saw them.

use crate::desk::Desk;
use crate::error::{DeskError, Result};
use countersign_core::control::Change;
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_tlog::leaf::{ControlLeaf, TICK_SECONDS};
use countersign_tlog::policy::{Policy, TimeWindow};
use countersign_tlog::proof::verify_proof;
use countersign_verify::state::{ControlState, in_words};

/// One control leaf after genesis.
#[derive(Debug, Clone)]
pub struct ControlEntry {
    /// Index of the leaf.
    pub index: u64,
    /// When the witnesses first saw it.
    pub seen: Timestamp,
    /// Who signed.
    pub signers: Vec<String>,
    /// What it said when it came, one fact per line; the parser's reason when it is no change.
    pub words: Vec<String>,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a control leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It acts since this time.
    Since(Timestamp),
    /// It is accepted, and acts from this time on.
    Cooling(Timestamp),
    /// A removal took it back before its time.
    Cancelled,
    /// It changed nothing, because of this.
    Rejected(String),
}

impl Desk {
    /// Every control leaf after genesis, the oldest first.
    ///
    /// # Errors
    /// [`DeskError::Journal`] when a leaf cannot be read.
    pub async fn control_history(&self) -> Result<Vec<ControlEntry>> {
        let now = self.now();
        let mut entries: Vec<ControlEntry> = Vec::new();
        let mut state: Option<ControlState> = None;
        for index in self.journal.control_leaves().await.map_err(DeskError::Journal)? {
            let (bytes, proof) = self.control_proof(index).await?;
            let leaf = ControlLeaf::parse(&bytes).map_err(DeskError::internal)?;
            let Some(control) = &mut state else {
                state = Some(ControlState::begin(&leaf, None).map_err(DeskError::internal)?);
                continue;
            };
            let seen = seen_at(control, &leaf, &bytes, &proof);
            let before = control.clone();
            control.fold(index, &leaf, seen);
            let change = Exact::<Change>::parse(leaf.body().as_bytes());
            let words = match &change {
                Ok(change) => in_words(change.value(), &before.at(seen)),
                Err(error) => vec![error.to_string()],
            };
            let rejected = control.rejected().last().filter(|rejected| rejected.index == index);
            let fate = match (rejected, &change) {
                (Some(rejected), _) => Fate::Rejected(rejected.reason.clone()),
                (None, Ok(change)) => match ControlState::effective(change.value(), seen) {
                    until if until > now => Fate::Cooling(until),
                    since => Fate::Since(since),
                },
                (None, Err(error)) => return Err(DeskError::internal(error)),
            };
            // What this leaf took back before its time.
            for entry in &mut entries {
                let waited = before.waiting(seen).any(|waiting| waiting.index == entry.index);
                if waited && !control.waiting(seen).any(|waiting| waiting.index == entry.index) {
                    entry.fate = Fate::Cancelled;
                }
            }
            let signers = leaf.signatures().iter().map(|signature| signature.by.clone()).collect();
            entries.push(ControlEntry { index, seen, signers, words, fate });
        }
        Ok(entries)
    }

    /// When the witnesses first saw a control leaf, by the proof that is kept of it; the first proof is kept by this call.
    pub(crate) async fn first_seen(&self, index: u64, leaf: &[u8]) -> Result<Timestamp> {
        let (bytes, proof) = self.control_proof(index).await?;
        if bytes != leaf {
            return Err(DeskError::internal(format!("leaf {index} of the journal is another one")));
        }
        let parsed = ControlLeaf::parse(leaf).map_err(DeskError::internal)?;
        Ok(seen_at(&self.control(), &parsed, leaf, &proof))
    }
}

/// The time of the witness quorum in a kept proof, under the policy in force before the leaf; the leaf's own tick where the proof
/// says nothing. Trustees and verifiers never go by the tick.
pub fn seen_at(state: &ControlState, leaf: &ControlLeaf, bytes: &[u8], proof: &[u8]) -> Timestamp {
    let seconds = i64::try_from(leaf.tick().saturating_mul(TICK_SECONDS)).ok();
    let tick = seconds.and_then(Timestamp::from_unix).unwrap_or(Timestamp::MAX);
    let policies = [state.at(tick), state.at(Timestamp::MIN)];
    let times = policies.iter().filter_map(|state| {
        let policy = Policy::parse(state.witness_policy().as_bytes()).ok()?;
        let included = verify_proof(bytes, proof, &policy, TimeWindow::ANY).ok()?;
        i64::try_from(included.witnessed.quorum_time).ok().filter(|time| *time > 0).and_then(Timestamp::from_unix)
    });
    times.into_iter().next().unwrap_or(tick)
}
