//! What a journal holds, recomputed from its tiles.
//!
//! [`Outside`] is what anybody can tell from the bytes of the log. [`Inside`] needs disclosures, as an auditor holds them
//! or as openings have published them. Faults name the leaf. Nothing here is believed before the root of everything read
//! equals that of the witnessed checkpoint.
//!
//! Daily totals that stand in the journal are compared with what the disclosures give. What a trustee does before it signs
//! them is here too: [`check_stretch`], [`check_claim`], [`check_proposal`].

mod daily;
mod inside;
mod proposal;
mod published;
mod said;
mod stretch;

pub use daily::{CountedOrder, Undisclosed, figures};
pub use inside::{ClosedOrders, Inside, Orders, Receipts, Refusals, Releases, Senders};
pub use proposal::{Known, TotalsCode, TotalsRefusal, check_claim, check_proposal};
pub use published::Published;
pub use stretch::{OpenedFields, Stretch, WrongLeaf, check_stretch};

use crate::request::publicity::time;
use crate::state::{ControlState, FoldError, PublishedTotals};
use countersign_core::id::Digest;
use countersign_core::time::Timestamp;
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::leaf::{ControlLeaf, Leaf};
use countersign_tlog::policy::{Policy, PolicyFailure, TimeWindow};
use countersign_tlog::tile::{TileError, TileReader, read_entries, recompute};
use countersign_tlog::{Hash, leaf_hash};
use inside::{Counting, Told};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Disclosures that an auditor holds, by index of the leaf: every field of it.
pub type Held = BTreeMap<u64, Vec<String>>;

/// Everything recomputed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// What anybody can tell.
    pub outside: Outside,
    /// What disclosures tell beside.
    pub inside: Inside,
    /// Daily totals that stand in the journal under the signatures of t trustees.
    pub published: Vec<Published>,
    /// What does not fit, by leaf.
    pub faults: Vec<LeafFault>,
}

/// What an outsider can tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outside {
    /// Origin of the journal.
    pub origin: String,
    /// Leaves.
    pub size: u64,
    /// Root, base64 as in the checkpoint.
    pub root: String,
    /// Witnesses that cosigned the checkpoint, by their names in the policy.
    pub witnesses: Vec<String>,
    /// A time by which their quorum had cosigned.
    pub witnessed: Timestamp,
    /// Digest of genesis.
    pub genesis: Digest,
    /// Leaves by clear kind.
    pub leaves: ClearKinds,
    /// Leaves by five-minute tick, as the custodian wrote it.
    pub ticks: BTreeMap<u64, ClearKinds>,
    /// Control leaves: public by nature.
    pub control: Vec<ControlEntry>,
    /// Digest of the control state that the leaves add up to at the witnessed time, for somebody who saw them only then.
    pub state: Digest,
}

/// Leaves by the kinds that show in the clear.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ClearKinds {
    /// Sealed leaves.
    pub sealed: u64,
    /// Control leaves.
    pub control: u64,
    /// Openings.
    pub opening: u64,
}

/// One control leaf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ControlEntry {
    /// Index of the leaf.
    pub index: u64,
    /// Tick as the custodian wrote it.
    pub tick: u64,
    /// The signed text.
    pub body: String,
    /// Who signed.
    pub signers: Vec<String>,
    /// Why it changed nothing; `null` when it was accepted.
    pub rejected: Option<String>,
}

/// A leaf that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, thiserror::Error)]
#[error("leaf {index}: {reason}")]
pub struct LeafFault {
    /// Index of the leaf.
    pub index: u64,
    /// What is wrong.
    pub reason: String,
}

impl LeafFault {
    fn new(index: u64, reason: impl std::fmt::Display) -> Self {
        Self { index, reason: reason.to_string() }
    }
}

/// Why nothing can be said about a journal.
#[derive(Debug, thiserror::Error)]
pub enum TotalsError<E> {
    /// The checkpoint is not the log's or lacks a quorum.
    #[error(transparent)]
    Policy(#[from] PolicyFailure),
    /// A tile is missing or wrong.
    #[error(transparent)]
    Tile(#[from] TileError<E>),
    /// The journal does not begin with its genesis.
    #[error(transparent)]
    Genesis(#[from] FoldError),
    /// Leaf 0 is no control leaf, or the journal is empty.
    #[error("leaf 0 is not a genesis leaf")]
    NoGenesis,
    /// The witness policy cannot be read.
    #[error("witness policy of genesis: {0}")]
    WitnessPolicy(String),
    /// The tiles are not those of the checkpoint.
    #[error("the tiles have the root {found}, the checkpoint of size {size} has {expected}")]
    Root {
        /// Size of the checkpoint.
        size: u64,
        /// Root of the tiles.
        found: Hash,
        /// Root of the checkpoint.
        expected: Hash,
    },
    /// Entries changed between two readings.
    #[error("entry {0} is no longer the one that was read before")]
    Changed(u64),
}

/// Recomputes a journal: every tile and entry against `signed`, every control leaf into the state, every disclosure
/// against its leaf. `policy` is the witness policy that the verifier goes by; none means the one of genesis.
///
/// # Errors
/// [`TotalsError`]; what does not fit in single leaves is in [`Totals::faults`].
pub fn recompute_totals<R: TileReader>(
    signed: &SignedCheckpoint,
    policy: Option<&Policy>,
    pinned: Option<&Digest>,
    reader: &mut R,
    held: &Held,
) -> Result<Totals, TotalsError<R::Error>> {
    let head = signed.checkpoint();
    let genesis = genesis(head.size, reader)?;
    let mut control = ControlState::begin(&genesis, pinned)?;
    let of_genesis = Policy::parse(control.genesis().value().witness_policy.as_bytes())
        .map_err(|error| TotalsError::WitnessPolicy(error.to_string()))?;
    let witnessed = policy.unwrap_or(&of_genesis).check(signed, TimeWindow::ANY)?;
    let seen = time(witnessed.quorum_time);

    let mut reading = Reading::default();
    let frontier = recompute(head.size, reader, |index, entry| reading.entry(index, entry, &mut control, seen))?;
    let found = frontier.root();
    if found != head.root {
        return Err(TotalsError::Root { size: head.size, found, expected: head.root });
    }
    let Reading { hashes, clear, leaves, ticks, control: mut entries, totals, opened, mut faults } = reading;
    for rejected in control.rejected() {
        if let Some(entry) = entries.iter_mut().find(|entry| entry.index == rejected.index) {
            entry.rejected = Some(rejected.reason.clone());
        }
    }
    let counting = disclosed(head.size, reader, &hashes, held, &opened, leaves.sealed, &mut faults)?;
    let published = published::compare(&totals, &hashes, &clear, &counting, &mut faults);
    faults.sort();
    let outside = Outside {
        origin: head.origin.to_string(),
        size: head.size,
        root: head.root.to_string(),
        witnesses: witnessed.cosigners.into_iter().map(|cosigner| cosigner.name).collect(),
        witnessed: seen,
        genesis: control.genesis().digest(),
        leaves,
        ticks,
        control: entries,
        state: control.at(seen).digest(),
    };
    Ok(Totals { outside, inside: counting.done(), published, faults })
}

fn genesis<R: TileReader>(size: u64, reader: &mut R) -> Result<ControlLeaf, TotalsError<R::Error>> {
    let mut first = None;
    read_entries(0, 1, size, reader, |_, entry| first = ControlLeaf::parse(entry).ok())?;
    first.ok_or(TotalsError::NoGenesis)
}

/// Disclosures that openings have published, by index of the leaf, each with the index of its opening.
type Openings = BTreeMap<u64, Vec<(u64, String)>>;

/// What the first reading collects.
#[derive(Default)]
struct Reading {
    hashes: Vec<Hash>,
    /// Entries that are no sealed leaves, ascending.
    clear: Vec<u64>,
    leaves: ClearKinds,
    ticks: BTreeMap<u64, ClearKinds>,
    control: Vec<ControlEntry>,
    totals: Vec<PublishedTotals>,
    opened: Openings,
    faults: Vec<LeafFault>,
}

impl Reading {
    fn entry(&mut self, index: u64, entry: &[u8], control: &mut ControlState, seen: Timestamp) {
        self.hashes.push(leaf_hash(entry));
        let leaf = match Leaf::parse(entry) {
            Ok(leaf) => leaf,
            Err(error) => {
                self.clear.push(index);
                return self.faults.push(LeafFault::new(index, error));
            }
        };
        if !matches!(leaf, Leaf::Sealed(_)) {
            self.clear.push(index);
        }
        let tick = self.ticks.entry(leaf.tick()).or_default();
        let add = |count: fn(&mut ClearKinds) -> &mut u64, kinds: [&mut ClearKinds; 2]| {
            kinds.into_iter().for_each(|kinds| *count(kinds) += 1);
        };
        match &leaf {
            Leaf::Sealed(_) => add(|kinds| &mut kinds.sealed, [tick, &mut self.leaves]),
            Leaf::Control(leaf) => {
                add(|kinds| &mut kinds.control, [tick, &mut self.leaves]);
                if index > 0 {
                    control.fold(index, leaf, seen);
                }
                self.totals.extend(control.totals().filter(|totals| totals.index == index).cloned());
                self.control.push(ControlEntry {
                    index,
                    tick: leaf.tick(),
                    body: leaf.body().to_owned(),
                    signers: leaf.signatures().iter().map(|signature| signature.by.clone()).collect(),
                    rejected: None,
                });
            }
            Leaf::Opening(leaf) => {
                add(|kinds| &mut kinds.opening, [tick, &mut self.leaves]);
                for one in leaf.openings() {
                    if one.index >= index {
                        self.faults
                            .push(LeafFault::new(index, format!("opens leaf {}, not an earlier one", one.index)));
                        continue;
                    }
                    let texts = one.disclosures.iter().map(|disclosure| (index, disclosure.as_str().to_owned()));
                    self.opened.entry(one.index).or_default().extend(texts);
                }
            }
        }
    }
}

/// The second reading: only the leaves that anybody has disclosed.
fn disclosed<R: TileReader>(
    size: u64,
    reader: &mut R,
    hashes: &[Hash],
    held: &Held,
    opened: &Openings,
    sealed: u64,
    faults: &mut Vec<LeafFault>,
) -> Result<Counting, TotalsError<R::Error>> {
    let mut counting = Counting::new(sealed);
    let indices: BTreeSet<u64> = held.keys().chain(opened.keys()).copied().collect();
    for index in indices {
        let told = Told {
            held: held.get(&index).map(Vec::as_slice).unwrap_or_default(),
            opened: opened.get(&index).map(Vec::as_slice).unwrap_or_default(),
        };
        if index >= size {
            faults.push(LeafFault::new(index, format!("disclosures of a leaf beyond the journal's {size}")));
            continue;
        }
        let mut entry = Vec::new();
        read_entries(index, index + 1, size, reader, |_, bytes| entry = bytes.to_vec())?;
        // The reader is not trusted to give the same bytes twice.
        let known = usize::try_from(index).ok().and_then(|place| hashes.get(place));
        if known != Some(&leaf_hash(&entry)) {
            return Err(TotalsError::Changed(index));
        }
        if let Err(reason) = counting.leaf(index, &entry, &told) {
            faults.push(LeafFault { index, reason });
        }
    }
    Ok(counting)
}
