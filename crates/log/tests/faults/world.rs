//! A log with its journal and three witnesses, all on one simulated machine.

use super::journal::{Care, DiskJournal};
use super::machine::{Fact, Machine};
use crate::kit::{ORIGIN, policy, signer, witness_key};
use async_trait::async_trait;
use countersign_log::files::Files;
use countersign_log::witness::{LocalWitness, Witness, WitnessError};
use countersign_log::{FolderTiles, Log, LogError, LogParts, Pace, TileStore};
use countersign_store::NewLeaf;
use countersign_store::journal::Journal;
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::witness::AddCheckpoint;
use std::sync::Arc;
use std::time::Duration;

/// The programs of one machine between two crashes.
pub(super) struct World {
    pub(super) machine: Machine,
    pub(super) journal: DiskJournal,
    pub(super) log: Arc<Log>,
}

impl World {
    /// Starts everything, as a service does that is started again after any end.
    pub(super) async fn start(machine: &Machine, care: Care) -> Result<Self, LogError> {
        Self::start_on(machine, machine.clone(), care).await
    }

    /// The same, with another way to the machine's files.
    pub(super) async fn start_on<F: Files>(machine: &Machine, files: F, care: Care) -> Result<Self, LogError> {
        let failed =
            |error: std::io::Error| LogError::Unavailable { doing: "open its journal", reason: error.to_string() };
        let journal = DiskJournal::open(machine, care).await.map_err(failed)?;
        Self::over(machine, files, journal).await
    }

    /// A second log over everything the first has open.
    pub(super) async fn beside(other: &Self) -> Result<Self, LogError> {
        Self::over(&other.machine, other.machine.clone(), other.journal.clone()).await
    }

    async fn over<F: Files>(machine: &Machine, files: F, journal: DiskJournal) -> Result<Self, LogError> {
        let tiles: Arc<dyn TileStore> = Arc::new(FolderTiles::on(files.clone(), "/log").writers(1));
        let clock = &machine.clock;
        if journal.head().await?.is_none() {
            Log::init(&journal, &*tiles, &signer()).await?;
        }
        let witnesses = (1..=3).map(|number| {
            let logs = vec![signer().verifier().clone()];
            let (name, folder) = (format!("w{number}"), format!("/witnesses/{number}"));
            let witness = LocalWitness::on(files.clone(), name, witness_key(number), logs, folder, clock.clone());
            Arc::new(Watched { witness, number, machine: machine.clone() }) as Arc<dyn Witness>
        });
        let long = Duration::from_secs(600);
        let log = Log::open(LogParts {
            journal: Arc::new(journal.clone()),
            tiles,
            witnesses: witnesses.collect(),
            signer: signer(),
            policy: policy(),
            clock: clock.clone(),
            pace: Pace { witness_timeout: long, grace: long, ..Pace::default() },
        })
        .await?;
        Ok(Self { machine: machine.clone(), journal, log })
    }

    pub(super) async fn accept(&self, leaves: &[NewLeaf]) -> Result<(), LogError> {
        Ok(self.journal.enqueue(leaves).await?)
    }

    pub(super) async fn publish(&self) -> Result<(), LogError> {
        if let Some(published) = self.log.publish().await? {
            self.machine.note(Fact::Public(published.checkpoint.checkpoint().size));
        }
        Ok(())
    }

    pub(super) async fn flush(&self) -> Result<(), LogError> {
        while self.log.sequence().await? > 0 {}
        self.publish().await
    }

    /// Lets cosignatures age, and has them renewed.
    pub(super) async fn recosign(&self) -> Result<(), LogError> {
        self.machine.clock.advance(1_200);
        self.publish().await
    }
}

/// A witness whose answers are written down.
struct Watched<F: Files> {
    witness: LocalWitness<F>,
    number: u8,
    machine: Machine,
}

impl<F: Files> Watched<F> {
    fn on(&self) -> Result<(), WitnessError> {
        let off = || WitnessError { witness: self.name().to_owned(), reason: "the machine is off".to_owned() };
        if self.machine.is_off() { Err(off()) } else { Ok(()) }
    }
}

#[async_trait]
impl<F: Files> Witness for Watched<F> {
    fn name(&self) -> &str {
        self.witness.name()
    }

    async fn add_checkpoint(&self, body: Vec<u8>) -> Result<(u16, Vec<u8>), WitnessError> {
        // Not on another thread: the order of calls must repeat.
        let answer = self.witness.answer(&body);
        self.on()?;
        if answer.status == 200 {
            let request = AddCheckpoint::parse(&body).unwrap();
            self.machine.note(Fact::Cosigned(self.number, request.checkpoint.checkpoint().clone()));
        }
        Ok((answer.status, answer.body.into_bytes()))
    }

    async fn latest(&self, origin: &str) -> Result<Option<Vec<u8>>, WitnessError> {
        assert_eq!(origin, ORIGIN);
        let stored = self.witness.stored(origin)?;
        self.on()?;
        if let Some(bytes) = &stored {
            let shown = SignedCheckpoint::parse(bytes).unwrap();
            self.machine.note(Fact::Cosigned(self.number, shown.checkpoint().clone()));
        }
        Ok(stored)
    }
}
