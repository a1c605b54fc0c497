//! The meeting place of the founding ceremony: messages on disk, the state machine over them.

use super::prepare::TERMS;
use crate::files;
use crate::parties::Kept;
use crate::place::Place;
use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use countersign_core::json::{Document as _, Exact};
use countersign_log::{FolderTiles, TileStore, TilesSource};
use countersign_trustee::LogSource;
use countersign_trustee::founding::{Item, Meeting, MeetingPlace, NotTaken, Refused, Verdict};
use countersign_verify::founding::Founding;
use countersign_verify::wire::CeremonyTerms;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A meeting whose messages lie in `custodian/ceremony/messages`, one file each. A message is on disk before it counts.
pub(crate) struct Hall {
    place: Place,
    meeting: Mutex<Meeting>,
    log: Kept,
}

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Untaken {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("the message could not be kept: {0:#}")]
    Failed(anyhow::Error),
}

impl Hall {
    /// Opens the hall in a folder whose terms are written.
    pub(crate) fn open(place: &Place) -> Result<Self> {
        let path = place.ceremony().join(TERMS);
        if !path.exists() {
            bail!("{} holds no founding ceremony: begin one with `countersign ring create`", place.root().display());
        }
        let damaged = || format!("{} is damaged", path.display());
        let terms = Exact::parse(&files::read(&path, CeremonyTerms::MAX_LEN)?).with_context(damaged)?;
        let mut meeting = Meeting::new(Founding::new(terms).with_context(damaged)?);
        // In the order of their names each comes after those that it answers.
        for (item, path) in kept(place)? {
            let bytes = files::read(&path, item.most())?;
            meeting.keep(item, bytes).with_context(|| format!("{} is damaged", path.display()))?;
        }
        let tiles: Arc<dyn TileStore> = Arc::new(FolderTiles::new(place.ceremony_log()));
        Ok(Self { place: place.clone(), meeting: Mutex::new(meeting), log: Kept(TilesSource(tiles)) })
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The state machine.
    pub(crate) fn meeting(&self) -> MutexGuard<'_, Meeting> {
        self.meeting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a message: checked, then on disk, then known. Evidence against its author is kept, and the message refused.
    pub(crate) fn take(&self, item: Item, bytes: &[u8]) -> Result<(), Untaken> {
        let mut meeting = self.meeting();
        let Verdict::Keep(name) = meeting.check(item, bytes)? else { return Ok(()) };
        files::write(&file(&self.place, name), bytes).map_err(Untaken::Failed)?;
        meeting.keep(name, bytes.to_vec())?;
        if name == item { Ok(()) } else { Err(Refused::Taken(item).into()) }
    }

    /// Takes in what another process of the custodian has left: `ring finish` may run beside `ring serve`.
    pub(crate) fn look(&self, item: Item) -> Result<()> {
        let path = file(&self.place, item);
        let mut meeting = self.meeting();
        if meeting.get(item).is_none() && path.exists() {
            let bytes = files::read(&path, item.most())?;
            meeting.keep(item, bytes).with_context(|| format!("{} is damaged", path.display()))?;
        }
        Ok(())
    }
}

/// The file of a message.
fn file(place: &Place, item: Item) -> PathBuf {
    messages(place).join(item.to_string().replace('/', "-"))
}

fn messages(place: &Place) -> PathBuf {
    place.ceremony().join("messages")
}

fn kept(place: &Place) -> Result<BTreeMap<Item, PathBuf>> {
    let folder = messages(place);
    let mut all = BTreeMap::new();
    if !folder.exists() {
        return Ok(all);
    }
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { bail!("a file in {} has no readable name", folder.display()) };
        // Left by a crash, before it counted.
        if name.ends_with(".part") {
            continue;
        }
        let item = name.replace('-', "/").parse::<Item>();
        let item = item.with_context(|| format!("{} does not belong there", entry.path().display()))?;
        all.insert(item, entry.path());
    }
    Ok(all)
}

#[async_trait]
impl MeetingPlace for Hall {
    async fn items(&self) -> Result<BTreeSet<Item>, String> {
        Ok(self.meeting().items().collect())
    }

    async fn get(&self, item: Item) -> Result<Option<Vec<u8>>, String> {
        Ok(self.meeting().get(item).map(<[u8]>::to_vec))
    }

    async fn put(&self, item: Item, bytes: &[u8]) -> Result<(), NotTaken> {
        self.take(item, bytes).map_err(|untaken| match untaken {
            Untaken::Refused(refused) => NotTaken::Refused(refused.to_string()),
            Untaken::Failed(error) => NotTaken::Unavailable(format!("{error:#}")),
        })
    }

    fn log(&self) -> &dyn LogSource {
        &self.log
    }
}
