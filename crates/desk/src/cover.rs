//! Cover traffic: a floor of sealed leaves in every five-minute tick, whatever happens at the desk.
//!
//! For every tick as many moments are drawn in advance as the floor says. Each sealed leaf that the journal accepts in that tick takes
//! the next pending moment away; a moment that comes makes one dummy leaf. The last moment is always the end of the tick, so that a
//! single real leaf changes the count of no tick, whenever it comes. What an observer can still tell: `docs/operations/cover-and-openings.md`.
//!
//! Nothing is remembered beside the journal: what counts is how many sealed leaves of the tick it holds. A dummy is a sealed leaf like
//! any other there, so a crash between making one and noting it changes nothing, and a restart in the middle of a tick draws only what
//! is missing.

use crate::error::{DeskError, Result};
use crate::leaves::{leaf, tick};
use countersign_core::leaf::LeafKind;
use countersign_core::time::{Clock, MINUTE, Seconds, Timestamp};
use countersign_store::DeskStore;
use countersign_store::journal::{Entry, Journal};
use countersign_tlog::leaf::{Leaf, LeafKind as ClearKind, TICK_SECONDS};
use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, Rng};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Largest floor: more than three leaves a second is no cover but load.
pub const MOST_SEALED_PER_TICK: u32 = 1_000;

/// The last moment of a tick, in seconds from its beginning: what is begun then is accepted before the tick ends.
const CLOSING: Seconds = TICK_SECONDS as Seconds - 2;

/// How long after its end a tick is still filled up, when the store was busy.
const LATE: Seconds = MINUTE;

/// Wait after a failure.
const RETRY: Duration = Duration::from_secs(5);

/// The cover of one tick. A pure state machine: it is told the time and how many sealed leaves of its tick the journal holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverTraffic {
    tick: u64,
    floor: u32,
    // INVARIANT: ascending, inside the tick.
    pending: VecDeque<Timestamp>,
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing before this time.
    Wait(Timestamp),
    /// Make one dummy leaf, dated so. Until the journal holds it, it stays due.
    Dummy(Timestamp),
    /// This tick needs nothing more; the next one is begun then.
    Over(Timestamp),
}

impl CoverTraffic {
    /// Begins the cover of the tick in which `now` lies, of which the journal holds `accepted` sealed leaves: draws moments for what is
    /// missing from the floor.
    pub fn begin(now: Timestamp, floor: u32, accepted: u32, rng: &mut impl CryptoRng) -> Self {
        let tick = tick(now);
        let closing = beginning(tick).plus(CLOSING).max(now);
        let missing = floor.saturating_sub(accepted);
        // Both ends included.
        let width = u64::try_from(closing.since(now)).unwrap_or(0) + 1;
        let mut pending: Vec<Timestamp> = (1..missing)
            .map(|_| now.plus(Seconds::try_from(rng.next_u64() % width).unwrap_or(0)))
            .chain((missing > 0).then_some(closing))
            .collect();
        pending.sort_unstable();
        Self { tick, floor, pending: pending.into() }
    }

    /// The tick.
    pub fn tick(&self) -> u64 {
        self.tick
    }

    /// What is to be done now, given the sealed leaves of this tick that the journal holds, dummies among them.
    pub fn next(&mut self, now: Timestamp, accepted: u32) -> Step {
        let missing = usize::try_from(self.floor.saturating_sub(accepted)).unwrap_or(usize::MAX);
        while self.pending.len() > missing {
            self.pending.pop_front();
        }
        let end = beginning(self.tick).plus(TICK_SECONDS as Seconds);
        // A clock that was set back: this tick is not the present one.
        if tick(now) < self.tick || now >= end.plus(LATE) {
            return Step::Over(now);
        }
        match self.pending.front() {
            None => Step::Over(end.max(now)),
            Some(moment) if *moment <= now => Step::Dummy(*moment),
            Some(moment) => Step::Wait(*moment),
        }
    }
}

/// The first second of a tick.
fn beginning(tick: u64) -> Timestamp {
    let seconds = Seconds::try_from(tick.saturating_mul(TICK_SECONDS)).unwrap_or(Seconds::MAX);
    Timestamp::MIN.plus(seconds)
}

/// What the driver works with.
pub struct CoverParts {
    /// Takes the dummies.
    pub store: Arc<dyn DeskStore>,
    /// The journal that the store's leaves go to.
    pub journal: Arc<dyn Journal>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// A generator seeded from the operating system.
    pub rng: ChaCha20Rng,
    /// Sealed leaves per tick; 0 makes no cover.
    pub floor: u32,
}

/// Keeps the cover up for as long as it runs.
pub struct Cover {
    parts: CoverParts,
    traffic: Option<CoverTraffic>,
    counted: Counted,
}

impl Cover {
    /// Cover over these parts.
    ///
    /// # Errors
    /// [`DeskError::Input`] for a floor above [`MOST_SEALED_PER_TICK`].
    pub fn new(parts: CoverParts) -> Result<Self> {
        if parts.floor > MOST_SEALED_PER_TICK {
            return Err(DeskError::Input(format!(
                "a floor of {} sealed leaves per tick is above {MOST_SEALED_PER_TICK}",
                parts.floor
            )));
        }
        Ok(Self { parts, traffic: None, counted: Counted::default() })
    }

    /// Does what is due and returns how long to wait before the next call.
    ///
    /// # Errors
    /// [`DeskError::Store`]; what was due stays due.
    pub async fn step(&mut self) -> Result<Duration> {
        let now = self.parts.clock.now();
        self.counted.read(self.parts.journal.as_ref(), tick(now)).await?;
        let traffic = match &mut self.traffic {
            Some(traffic) => traffic,
            none => {
                let accepted = self.counted.of(tick(now));
                none.insert(CoverTraffic::begin(now, self.parts.floor, accepted, &mut self.parts.rng))
            }
        };
        let (of, accepted) = (traffic.tick(), self.counted.of(traffic.tick()));
        match traffic.next(now, accepted) {
            Step::Wait(moment) => Ok(until(now, moment) + self.jitter()),
            Step::Over(moment) => {
                self.traffic = None;
                Ok(until(now, moment))
            }
            Step::Dummy(moment) => {
                let dummy = leaf(LeafKind::Dummy, moment, Vec::new(), &mut self.parts.rng)?;
                self.parts.store.append_leaves(Vec::new(), vec![dummy]).await?;
                self.counted.read(self.parts.journal.as_ref(), tick(now)).await?;
                if self.counted.of(of) <= accepted {
                    return Err(DeskError::internal("the journal does not show a dummy leaf that the store accepted"));
                }
                Ok(Duration::ZERO)
            }
        }
    }

    /// Keeps the cover up until `stop` turns true or its sender is gone. A failure goes to `report` and is tried again.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>, report: impl Fn(&DeskError)) {
        loop {
            let wait = match self.step().await {
                Ok(wait) => wait,
                Err(error) => {
                    report(&error);
                    RETRY
                }
            };
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Part of a second. The clock shows whole ones: without this every dummy would come at the same fraction of a second, and be known
    /// by it.
    fn jitter(&mut self) -> Duration {
        Duration::from_millis(self.parts.rng.next_u64() % 1_000)
    }
}

fn until(now: Timestamp, moment: Timestamp) -> Duration {
    Duration::from_secs(u64::try_from(moment.since(now)).unwrap_or(0))
}

/// Sealed leaves in the journal by tick, for the latest ticks.
#[derive(Default)]
struct Counted {
    /// Index of the first leaf not counted yet; none before the first reading.
    next: Option<u64>,
    /// The present tick at the last reading.
    present: u64,
    by_tick: BTreeMap<u64, u32>,
}

/// Leaves read at once.
const PAGE: u32 = 256;

/// Ticks before the present one that are still counted: a leaf is dated before it waits for its turn to be written.
const LATE_TICKS: u64 = 2;

impl Counted {
    fn of(&self, tick: u64) -> u32 {
        self.by_tick.get(&tick).copied().unwrap_or(0)
    }

    /// Counts what was accepted since the last reading.
    async fn read(&mut self, journal: &dyn Journal, present: u64) -> Result<()> {
        if present < self.present {
            // The clock was set back, perhaps into a tick that is full already: everything is counted anew.
            *self = Self::default();
        }
        self.present = present;
        let mut next = match self.next {
            Some(next) => next,
            None => first_of(journal, present.saturating_sub(LATE_TICKS)).await?,
        };
        loop {
            let entries = journal.entries(next, PAGE).await?;
            for entry in &entries {
                let leaf = parse(entry)?;
                if leaf.kind() == ClearKind::Sealed {
                    *self.by_tick.entry(leaf.tick()).or_default() += 1;
                }
                next = entry.index + 1;
            }
            self.next = Some(next);
            if entries.is_empty() {
                break;
            }
        }
        self.by_tick = self.by_tick.split_off(&present.saturating_sub(LATE_TICKS));
        Ok(())
    }
}

/// An index before which every leaf is older than `tick`, found from the end.
async fn first_of(journal: &dyn Journal, tick: u64) -> Result<u64> {
    let mut first = journal.head().await?.map_or(0, |head| head.size);
    while first > 0 {
        let from = first.saturating_sub(u64::from(PAGE));
        let page = journal.entries(from, PAGE).await?;
        first = from;
        let Some(oldest) = page.first() else { break };
        if parse(oldest)?.tick() < tick {
            break;
        }
    }
    Ok(first)
}

fn parse(entry: &Entry) -> Result<Leaf> {
    Leaf::parse(&entry.leaf)
        .map_err(|error| DeskError::internal(format!("leaf {} of the journal: {error}", entry.index)))
}

#[cfg(test)]
mod tests;
