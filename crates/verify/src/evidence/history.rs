//! The control leaves of the folder: each proved to stand in the journal, folded as far as each trustee had read.

use super::files::{Fault, Files, file, under};
use crate::request::SKEW;
use crate::request::publicity::witnessed;
use crate::state::{ControlState, InForce};
use crate::wire::Receipt;
use countersign_core::check_in::CheckIn;
use countersign_core::id::Digest;
use countersign_core::time::Timestamp;
use countersign_core::totals::DailyTotals;
use countersign_tlog::Hash;
use countersign_tlog::leaf::ControlLeaf;
use countersign_tlog::policy::{Policy, TimeWindow};
use countersign_tlog::proof::{Included, LogProof};
use std::collections::BTreeMap;

const CONTROL: &str = "control";

const GENESIS: &str = "control/0000000000.leaf";

/// How many of the last control leaves a trustee may have seen late.
const MOST_LATE: usize = 4;

/// Index and bytes of a control leaf, and where its proof stood.
type Shown = (u64, Vec<u8>, Included);

/// Genesis and the later control leaves, with the witnessed time of each.
pub(super) struct History {
    genesis: ControlState,
    later: Vec<(u64, ControlLeaf, Timestamp)>,
}

impl History {
    /// Reads `control/`: every leaf at the index of its name, under the witness policy in force at its time.
    pub(super) fn read(files: &Files, pinned: Option<&Digest>) -> Result<Self, Fault> {
        Self::read_all(files, pinned).map(|(history, _)| history)
    }

    /// As [`read`](Self::read), with every leaf and its proof.
    fn read_all(files: &Files, pinned: Option<&Digest>) -> Result<(Self, Vec<Shown>), Fault> {
        let leaf = file(files, GENESIS)?;
        let parsed = ControlLeaf::parse(leaf).map_err(|error| Fault::new(GENESIS, error))?;
        let genesis = ControlState::begin(&parsed, pinned).map_err(|error| Fault::new(GENESIS, error))?;
        let mut shown = vec![(0, leaf.to_vec(), prove_in(CONTROL, files, GENESIS, leaf, &genesis)?)];
        let mut state = genesis.clone();
        let mut later = Vec::new();
        for (path, leaf) in under(files, "control").filter(|(path, _)| path.ends_with(".leaf") && *path != GENESIS) {
            let parsed = ControlLeaf::parse(leaf).map_err(|error| Fault::new(path, error))?;
            let included = prove_in(CONTROL, files, path, leaf, &state)?;
            let time = witnessed(&included);
            shown.push((included.index, leaf.to_vec(), included.clone()));
            // Totals and check-ins change nothing that could be in force.
            if !DailyTotals::is_claimed_by(parsed.body()) && !CheckIn::is_claimed_by(parsed.body()) {
                state.fold(included.index, &parsed, time);
                later.push((included.index, parsed, time));
            }
        }
        Ok((Self { genesis, later }, shown))
    }

    /// The state at genesis.
    pub(super) fn genesis(&self) -> &ControlState {
        &self.genesis
    }

    /// What a trustee had in force that had folded `size` leaves, when its first sight of the last leaves was later than
    /// the proofs of the folder show: a trustee that was away counts the seven days from its return. `None` unless one
    /// such state has this digest.
    fn late(&self, size: u64, at: Timestamp, digest: &Digest) -> Option<InForce> {
        let read = self.later.iter().filter(|(index, ..)| *index < size);
        let starts: Vec<u64> = read.clone().rev().take(MOST_LATE).map(|(index, ..)| *index).collect();
        starts.into_iter().find_map(|start| {
            let mut state = self.genesis.clone();
            for (index, leaf, time) in read.clone() {
                state.fold(*index, leaf, if *index < start { *time } else { at.max(*time) });
            }
            Some(state.at(at)).filter(|state| state.digest() == *digest)
        })
    }

    /// The states of those who gave receipts.
    pub(super) fn states(&self) -> States<'_> {
        States { history: self, folded: BTreeMap::new() }
    }

    /// What all control leaves of the folder put in force at `now`.
    pub(super) fn in_force(&self, now: Timestamp) -> InForce {
        self.state().at(now)
    }

    /// The state after all control leaves of the folder.
    pub(super) fn state(&self) -> ControlState {
        self.up_to(u64::MAX)
    }

    /// The state after the first `size` leaves of the journal.
    fn up_to(&self, size: u64) -> ControlState {
        let mut state = self.genesis.clone();
        for (index, leaf, time) in self.later.iter().filter(|(index, ..)| *index < size) {
            state.fold(*index, leaf, *time);
        }
        state
    }
}

/// The control leaves of a journal with the times at which witnesses had seen them, for somebody who begins to follow it
/// late: counted from a first look, a change that was signed by somebody whom an earlier one had added would be signed by
/// nobody in force.
pub struct ControlTimes {
    history: History,
    /// Index, bytes, and where the proof stood, of every leaf, genesis included.
    shown: Vec<Shown>,
}

impl ControlTimes {
    /// Reads `control/` of these files, as in an evidence folder. Times never fall from one leaf to the next: a proof made
    /// later than that of the following leaf was chosen, and would move a change behind one that it came before.
    ///
    /// # Errors
    /// [`Fault`] naming the first file that does not hold.
    pub fn read(files: &Files, pinned: &Digest) -> Result<Self, Fault> {
        let (history, shown) = History::read_all(files, Some(pinned))?;
        let mut last = Timestamp::MIN;
        for (index, _, included) in &shown {
            let time = witnessed(included);
            // Witnesses' clocks differ by less than this.
            if time.plus(SKEW) < last {
                let path = format!("control/{index:010}.tlog-proof");
                return Err(Fault::new(path, "is older than the proof of the control leaf before"));
            }
            last = last.max(time);
        }
        Ok(Self { history, shown })
    }

    /// When the leaf at this index was witnessed: `None` for one that was not shown.
    ///
    /// # Errors
    /// A reason when another leaf was shown at this index.
    pub fn of(&self, index: u64, leaf: &[u8]) -> Result<Option<Timestamp>, String> {
        match self.shown.iter().find(|(at, ..)| *at == index) {
            None => Ok(None),
            Some((_, bytes, included)) if bytes == leaf => Ok(Some(witnessed(included))),
            Some(_) => Err(format!("the control leaf shown for index {index} is another one")),
        }
    }

    /// Size and root of every tree in which a leaf was shown.
    pub fn trees(&self) -> impl Iterator<Item = (u64, Hash)> + '_ {
        self.shown.iter().map(|(_, _, included)| (included.size, included.root))
    }

    /// The time of the last proof.
    pub fn latest(&self) -> Timestamp {
        self.shown.last().map_or(Timestamp::MIN, |(_, _, included)| witnessed(included))
    }

    /// What somebody has folded who saw every leaf at its time, and has read so many leaves.
    pub fn state(&self, size: u64) -> ControlState {
        self.history.up_to(size)
    }
}

/// Control states by the size of the journal, folded once each.
pub(super) struct States<'h> {
    history: &'h History,
    folded: BTreeMap<u64, ControlState>,
}

impl States<'_> {
    /// What a trustee had in force when it gave this receipt; `None` when the journal does not show it.
    pub(super) fn of(&mut self, receipt: &Receipt) -> Option<InForce> {
        let (history, size) = (self.history, receipt.journal_size);
        let folded = self.folded.entry(size).or_insert_with(|| history.up_to(size));
        Some(folded.at(receipt.at))
            .filter(|state| state.digest() == receipt.state)
            .or_else(|| history.late(size, receipt.at, &receipt.state))
    }
}

/// Checks the proof of a leaf of `folder`, which is named by its index, under one of the policies that can be in force, whichever it is
/// at the proof's time.
pub(super) fn prove_in(
    folder: &str,
    files: &Files,
    path: &str,
    leaf: &[u8],
    state: &ControlState,
) -> Result<Included, Fault> {
    let proof = path.replace(".leaf", ".tlog-proof");
    let mut fault = None;
    for policy in state.witness_policies() {
        match prove(files, &proof, leaf, policy) {
            Ok(included) if state.at(witnessed(&included)).witness_policy() != policy => {
                fault = Some(Fault::new(&proof, "is cosigned under a witness policy that was not in force"));
            }
            Ok(included) if path != format!("{folder}/{:010}.leaf", included.index) => {
                return Err(Fault::new(path, format!("stands at index {} of the journal", included.index)));
            }
            Ok(included) => return Ok(included),
            Err(other) => fault = fault.or(Some(other)),
        }
    }
    Err(fault.unwrap_or_else(|| Fault::new(proof, "no witness policy is in force")))
}

/// Checks a `.tlog-proof` of the folder for these leaf bytes.
pub(super) fn prove(files: &Files, path: &str, leaf: &[u8], policy: &str) -> Result<Included, Fault> {
    let policy = Policy::parse(policy.as_bytes()).map_err(|error| Fault::new(GENESIS, error))?;
    let proof = LogProof::parse(file(files, path)?).map_err(|error| Fault::new(path, error))?;
    proof.verify(leaf, &policy, TimeWindow::ANY).map_err(|error| Fault::new(path, error))
}
