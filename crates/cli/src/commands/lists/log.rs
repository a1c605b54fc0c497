//! Updates of lists into the custodian's log.
//!
//! The folder of lists is what counts, and the log follows it: whatever the folder holds and the log does not is logged, the oldest first,
//! by the update itself, by `countersign lists log`, and by a running `serve`. So a kill between the two loses nothing.

use crate::custody::{self, Custody};
use crate::place::Place;
use anyhow::{Context, Result, bail};
use countersign_core::id::Digest;
use countersign_core::list_update::{ListUpdate, ListUpdateV1};
use countersign_desk::Desk;
use countersign_desk::lists::HeldBack;
use countersign_screen::list::Head;
use countersign_screen::list::folder::{Incident, Lists};
use std::path::Path;

/// What was logged now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Logged {
    updates: usize,
    held_back: usize,
}

/// After an update. Without a custodian beside the lists nothing is logged, and that is said.
pub(super) async fn after_update(dir: &Path, lists: &Lists, updated: bool) -> Result<()> {
    let place = Place::new(dir);
    if !place.config().exists() {
        if updated {
            println!("{} has no custodian: this update is not logged", dir.display());
        }
        return Ok(());
    }
    if custody::is_taken(&place)? {
        eprintln!(
            "countersign: another countersign works on {}: if it is a `serve`, it logs this within a minute; else say `countersign lists log`",
            dir.display()
        );
        return Ok(());
    }
    run(dir, lists)
        .await
        .context("the lists are as said above, and that is not logged yet: say `countersign lists log`")
}

/// `countersign lists log`.
pub(super) async fn run(dir: &Path, lists: &Lists) -> Result<()> {
    let logged = Custody::during(dir, async |custody| pending(&custody.desk, lists).await).await?;
    println!("logged: {} updates, {} held back", logged.updates, logged.held_back);
    Ok(())
}

/// Logs what is not logged yet.
pub(crate) async fn pending(desk: &Desk, lists: &Lists) -> Result<Logged> {
    let mut logged = Logged::default();
    for source in lists.sources()? {
        let mut updates = Vec::new();
        let mut next = lists.current_head(&source)?;
        while let Some(head) = next {
            let update = record(&head)?;
            // INVARIANT: of one source the older update is logged first, so everything before a logged one is logged.
            if desk.is_list_update_logged(&update).await? {
                break;
            }
            next = head.before.as_ref().map(|before| lists.head(&source, before)).transpose()?;
            updates.push(update);
        }
        for update in updates.iter().rev() {
            logged.updates += usize::from(desk.log_list_update(update).await?);
        }
        for incident in lists.incidents(&source)? {
            if let Some(held) = held_back(&source, incident)? {
                logged.held_back += usize::from(desk.log_held_back(&held).await?);
            }
        }
    }
    Ok(logged)
}

fn record(head: &Head) -> Result<ListUpdate> {
    let count = |number: usize| u32::try_from(number).with_context(|| format!("a list with {number} entities"));
    Ok(ListUpdate {
        v: ListUpdateV1,
        source: head.source.clone(),
        list: digest(&head.digest)?,
        before: head.before.as_deref().map(digest).transpose()?,
        listed: count(head.delta.listed)?,
        added: count(head.delta.added)?,
        changed: count(head.delta.changed)?,
        removed: count(head.delta.removed)?,
        rows_rejected: count(head.faults.rows)?,
        values_left_out: count(head.faults.values)?,
        at: head.read_at,
    })
}

/// `None` where no list was in effect: nothing was held back then.
fn held_back(source: &str, incident: Incident) -> Result<Option<HeldBack>> {
    let Incident { at, digest: list, in_effect, reason } = incident;
    let Some(in_effect) = in_effect else { return Ok(None) };
    let (list, in_effect) = (digest(&list)?, digest(&in_effect)?);
    Ok(Some(HeldBack { source: source.to_owned(), list, in_effect, reason, at }))
}

fn digest(text: &str) -> Result<Digest> {
    match Digest::parse(text) {
        Ok(digest) => Ok(digest),
        Err(_) => bail!("the folder of lists names a version `{text}`, which is no digest: restore it from its copy"),
    }
}
