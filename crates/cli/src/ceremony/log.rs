//! The log of the ceremony: the terms and the broadcasts of round 1, public under the witnesses of genesis before anybody acts on them.

use super::prepare::CEREMONY_KEY;
use crate::config::Config;
use crate::files;
use crate::parties::{GRACE, witnesses};
use crate::place::Place;
use anyhow::{Context, Result, ensure};
use countersign_core::time::Clock;
use countersign_log::{FolderTiles, Log, LogParts, Pace, TileStore};
use countersign_store::NewLeaf;
use countersign_store::journal::{Journal as _, SqliteJournal};
use countersign_store::sqlite::SqliteStore;
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::note::{MAX_NOTE_BYTES, SigningKey};
use countersign_tlog::policy::TimeWindow;
use countersign_verify::founding::Founding;
use std::sync::Arc;

/// Writes these leaves and has them cosigned. May be repeated: the log has these leaves and no others, ever.
pub(super) async fn publish(
    place: &Place,
    config: &Config,
    founding: &Founding,
    leaves: Vec<Vec<u8>>,
    clock: &Arc<dyn Clock>,
) -> Result<()> {
    let signer = SigningKey::parse(files::read_text(&place.key(CEREMONY_KEY), 1024)?.trim_end())?;
    let tiles: Arc<dyn TileStore> = Arc::new(FolderTiles::new(place.ceremony_log()));
    let database = place.ceremony().join("log.db");
    SqliteStore::open(&database).await?.close().await;
    let journal = Arc::new(SqliteJournal::open(&database).await?);
    if journal.head().await?.is_none() {
        Log::init(&*journal, &*tiles, &signer).await?;
    }
    let mut numbered = Vec::new();
    for (index, leaf) in (0u64..).zip(leaves) {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&index.to_le_bytes());
        numbered.push(NewLeaf { key, kind: "ceremony".into(), leaf, disclosures: Vec::new() });
    }
    let expected = numbered.len();
    journal.enqueue(&numbered).await?;
    let there = journal.entries(0, u32::MAX).await?.len();
    ensure!(there == expected, "the log of the ceremony holds {there} leaves instead of {expected}");
    let log = Log::open(LogParts {
        witnesses: witnesses(place, config, signer.verifier(), clock)?,
        journal: Arc::clone(&journal) as _,
        tiles,
        signer,
        policy: founding.policy().clone(),
        clock: Arc::clone(clock),
        pace: Pace { grace: GRACE, ..Pace::default() },
    })
    .await?;
    let published = log.flush().await;
    journal.close().await;
    Ok(published?)
}

/// Whether the log of the ceremony is there, whole, and cosigned by the quorum.
pub(crate) fn is_public(place: &Place, founding: &Founding, clock: &dyn Clock) -> Result<bool> {
    let path = place.ceremony_log().join("checkpoint");
    if !path.exists() {
        return Ok(false);
    }
    let signed = SignedCheckpoint::parse(&files::read(&path, MAX_NOTE_BYTES)?)
        .with_context(|| format!("{} is damaged", path.display()))?;
    let now = u64::try_from(clock.now().unix()).unwrap_or(0);
    founding.policy().check(&signed, TimeWindow::until(now)).with_context(|| path.display().to_string())?;
    Ok(signed.checkpoint().size == founding.leaves())
}
