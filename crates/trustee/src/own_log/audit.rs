//! The trustee's answers, its own log and the custodian's journal as it is served now, compared.

use crate::database::{Database, KeptEntry};
use crate::error::{Result, TrusteeError};
use crate::source::LogSource;
use crate::tiles::Tiles;
use crate::trustee::Trustee;
use countersign_core::time::Timestamp;
use countersign_tlog::Hash;
use countersign_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use countersign_tlog::follow::Follower;
use countersign_tlog::leaf::Leaf;
use countersign_tlog::merkle::Frontier;
use countersign_verify::trustee_log::{Audited, Entry, GivenAnswer, audit, check_hours};
use countersign_verify::wire::{Answer, Receipt, Signed};
use std::collections::BTreeSet;

/// Leaves of the journal read at once.
const LEAVES_AT_ONCE: u64 = 1_024;

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAudit {
    /// What was compared, and what does not fit.
    pub compared: Audited,
    /// Leaves of the journal that were read again.
    pub journal_size: u64,
    /// Entries of the own log that are published.
    pub published: u64,
    /// What is wrong with the own log itself.
    pub faults: Vec<String>,
}

/// One entry of the own log with what opens it: whoever is shown leaf, disclosures and a proof of inclusion needs nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnEntry {
    /// Its index.
    pub index: u64,
    /// The 1,024 bytes that are public.
    pub leaf: Vec<u8>,
    /// Every field.
    pub disclosures: Vec<String>,
    /// What they say.
    pub entry: Entry,
}

impl OwnAudit {
    /// Whether everything fits.
    pub fn is_sound(&self) -> bool {
        self.compared.mismatches.is_empty() && self.faults.is_empty()
    }
}

impl Trustee {
    /// Some entries of the own log from this index on, public or not; none at the end.
    ///
    /// # Errors
    /// [`TrusteeError`] when they cannot be read.
    pub async fn own_entries(&self, from: u64) -> Result<Vec<OwnEntry>> {
        let database = self.with_memory(|memory| memory.database.clone()).await?;
        let opened = |kept: KeptEntry| {
            let entry = kept.open()?;
            Ok(OwnEntry { index: kept.index, leaf: kept.leaf, disclosures: kept.disclosures, entry })
        };
        database.own_entries(from).await?.into_iter().map(opened).collect()
    }

    /// Opens every entry of the own log, compares them with the answers kept and the receipts in the journal, which is read again from
    /// leaf 0 to where it is folded. Call [`tail`](Self::tail) before.
    ///
    /// # Errors
    /// [`TrusteeError`] when something cannot be read. What does not fit is no error.
    pub async fn audit(&self, source: &dyn LogSource, now: Timestamp) -> Result<OwnAudit> {
        let (database, journal) = self
            .with_memory(|memory| {
                let journal =
                    memory.folded.as_ref().and_then(|folded| Some((folded.journal.size(), folded.journal.root()?)));
                (memory.database.clone(), journal)
            })
            .await?;
        let (size, root) = journal.ok_or_else(|| TrusteeError::NotReady("the journal was not read yet".into()))?;

        let logged = disclosure_digests(source, size, root).await?;
        let published = self.log.published()?;
        let own = read_own(&database, published.as_ref().map(SignedCheckpoint::checkpoint)).await?;
        let answers = self.answers_given(database.answers_to_audit().await?)?;
        let opened = own.entries.iter().map(|(index, entry)| (*index, entry));
        let compared = audit(&answers, opened, &logged, now);
        let published = published.map_or(0, |signed| signed.checkpoint().size);
        Ok(OwnAudit { compared, journal_size: size, published, faults: own.faults })
    }

    fn answers_given(&self, kept: Vec<(String, Timestamp, Vec<u8>)>) -> Result<Vec<GivenAnswer>> {
        let identity = self.public().identity;
        let damaged = |error: &dyn std::fmt::Display| TrusteeError::damaged("an answer of the journal", error);
        let given = |(disclosure, given, answer): (String, Timestamp, Vec<u8>)| {
            let answer = Signed::<Answer>::open(&answer, &identity).map_err(|error| damaged(&error))?;
            let receipt = Signed::<Receipt>::open(answer.value().receipt.as_bytes(), &identity);
            let receipt = receipt.map_err(|error| damaged(&error))?.document().digest();
            Ok(GivenAnswer { receipt, disclosure, given })
        };
        kept.into_iter().map(given).collect()
    }
}

/// Every disclosure digest of the sealed leaves of a journal that was folded before.
async fn disclosure_digests(source: &dyn LogSource, size: u64, root: Hash) -> Result<BTreeSet<String>> {
    let mut digests = BTreeSet::new();
    let (mut tiles, mut follower) = (Tiles::new(source), Follower::new());
    while follower.size() < size {
        let read = tiles.catch_up(&follower, size, root, LEAVES_AT_ONCE).await?;
        for leaf in &read.leaves {
            if let Ok(Leaf::Sealed(leaf)) = Leaf::parse(leaf) {
                digests.extend(leaf.digests().iter().cloned());
            }
        }
        follower = read.next;
    }
    Ok(digests)
}

/// The own log as it is kept.
#[derive(Default)]
struct Own {
    entries: Vec<(u64, Entry)>,
    faults: Vec<String>,
}

/// Reads every entry, and compares them with the checkpoint that is public.
async fn read_own(database: &Database, head: Option<&Checkpoint>) -> Result<Own> {
    let (mut own, mut ticks, mut tree) = (Own::default(), Vec::new(), Frontier::new());
    loop {
        let kept = database.own_entries(tree.size()).await?;
        if kept.is_empty() {
            break;
        }
        for entry in kept {
            if entry.index != tree.size() {
                own.faults.push(format!("entry {} is missing", tree.size()));
                return Ok(own);
            }
            if let Ok(Leaf::Sealed(leaf)) = Leaf::parse(&entry.leaf)
                && head.is_some_and(|head| entry.index < head.size)
            {
                ticks.push(leaf.tick());
            }
            tree.push_leaf(&entry.leaf).map_err(|error| TrusteeError::damaged("the own log", error))?;
            if head.is_some_and(|head| head.size == tree.size() && head.root != tree.root()) {
                own.faults.push("the entries kept are not those that are published".to_owned());
            }
            match entry.open() {
                Ok(opened) => own.entries.push((entry.index, opened)),
                Err(error) => own.faults.push(format!("entry {}: {error}", entry.index)),
            }
        }
    }
    if let Some(head) = head.filter(|head| head.size > tree.size()) {
        own.faults.push(format!("{} entries are published and {} kept", head.size, tree.size()));
    }
    if let Err(error) = check_hours(ticks) {
        own.faults.push(error.to_string());
    }
    Ok(own)
}
