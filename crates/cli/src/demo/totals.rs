//! Step 8: the day's totals, countersigned by t trustees; what the log holds, recomputed from its tiles by the offline verifier.

use super::report::Report;
use super::story::Story;
use crate::files;
use anyhow::{Context, Result, bail};
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_desk::totals::TotalsSaid;
use countersign_log::FolderTiles;
use countersign_log::TileStore;
use countersign_store::Cases;
use countersign_store::journal::Place as LeafPlace;
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::leaf::{ControlLeaf, Leaf, LeafKind};
use countersign_tlog::tile::{TilePath, TileReader};
use countersign_verify::totals::{Held, Totals, recompute_totals};
use serde_json::Value;
use std::path::Path;

/// Reads tiles of a log's folder.
struct Tiles(FolderTiles);

impl TileReader for Tiles {
    type Error = std::io::Error;

    fn read(&mut self, path: &TilePath) -> Result<Vec<u8>, std::io::Error> {
        self.0
            .read(path)?
            .ok_or_else(|| std::io::Error::new(std::io::ErrorKind::NotFound, format!("{path} is missing")))
    }
}

/// Recomputes a log from its folder.
pub(crate) fn of_log(folder: &Path, pinned: Option<&Digest>, held: &Held) -> Result<Totals> {
    let checkpoint = files::read(&folder.join("checkpoint"), 1024 * 1024)?;
    let signed =
        SignedCheckpoint::parse(&checkpoint).with_context(|| format!("{}", folder.join("checkpoint").display()))?;
    let mut tiles = Tiles(FolderTiles::new(folder));
    recompute_totals(&signed, None, pinned, &mut tiles, held).with_context(|| format!("{}", folder.display()))
}

/// What an auditor is given: the disclosures of every sealed leaf, by index.
async fn disclosures(story: &Story) -> Result<Held> {
    let mut held = Held::new();
    for disclosed in story.custody.store.all_disclosures().await? {
        if disclosed.list.is_empty() {
            continue;
        }
        match story.custody.log.log().place(&disclosed.key).await? {
            Some(LeafPlace::Accepted(index) | LeafPlace::Durable(index)) => {
                held.insert(index, disclosed.list);
            }
            None => bail!("a leaf with disclosures is not in the journal"),
        }
    }
    Ok(held)
}

/// Where the auditor's disclosures lie.
pub(crate) fn auditor_file(root: &Path) -> std::path::PathBuf {
    root.join("auditor/disclosures.json")
}

/// Openings in the journal so far.
pub(crate) async fn count_openings(story: &Story) -> Result<usize> {
    let leaves = story.custody.log.leaves(0).await?;
    Ok(leaves.iter().filter(|(_, bytes)| Leaf::parse(bytes).is_ok_and(|leaf| leaf.kind() == LeafKind::Opening)).count())
}

pub(crate) async fn step(story: &mut Story, report: &mut Report) -> Result<()> {
    story.custody.log.log().flush().await?;
    forge(story, report).await?;
    publish(story, report).await?;
    let held = disclosures(story).await?;
    files::write_secret(&auditor_file(story.place().root()), &serde_json::to_vec(&held)?)?;
    let genesis = story.custody.desk.custodian().genesis.digest();
    let totals = of_log(&story.place().log(), Some(&genesis), &held)?;
    describe(&totals, report);
    let outsider = of_log(&story.place().log(), Some(&genesis), &Held::new())?;
    report.set("outsider_sees_kinds", outsider.inside.kinds.len());
    report.set("outsider_knows_nothing_of", outsider.inside.undisclosed);
    report.expect("an outsider cannot tell one sealed leaf from another", outsider.inside.kinds.is_empty());
    let sizes: std::collections::BTreeSet<usize> =
        story.custody.log.leaves(0).await?.iter().map(|(_, bytes)| bytes.len()).collect();
    report.set("leaf_sizes", sizes.iter().copied().collect::<Vec<_>>());
    report.expect("leaves have two sizes only", sizes.len() <= 2);
    Ok(())
}

/// One person fewer than there are: every trustee is asked and must refuse.
async fn forge(story: &Story, report: &mut Report) -> Result<()> {
    let desk = &story.custody.desk;
    let honest = desk.next_totals(desk.now().date()).await?;
    let mut forged = honest.value().clone();
    let people = forged.figures.people.checked_sub(1).context("the story has no order")?;
    forged.figures.people = people;
    if let Some(quarter) = forged.figures.closed.iter_mut().find(|quarter| quarter.people > 0) {
        quarter.people -= 1;
    }
    let forged = Exact::write(forged)?;
    report.set("forged_totals_people", people);
    for trustee in desk.trustees() {
        match desk.ask_totals(trustee.as_ref(), &forged).await? {
            TotalsSaid::Refused(code, _) => {
                report.add("forged_totals_refused", 1);
                report.push("forged_totals", code.as_str());
                report.push("refusal_codes", code.as_str());
            }
            TotalsSaid::Signed(_) => report.expect("no trustee signs totals with one person fewer", false),
            TotalsSaid::Silent(reason) => bail!("trustee {}: {reason}", trustee.index()),
        }
    }
    let asked = desk.trustees().len() as u64;
    report
        .expect("every trustee refuses totals with one person fewer", report.number("forged_totals_refused") == asked);
    Ok(())
}

/// The day's totals, and what a fold makes of the same leaf with one signature fewer than t.
async fn publish(story: &Story, report: &mut Report) -> Result<()> {
    let desk = &story.custody.desk;
    let before = desk.control();
    let published = desk.publish_totals(desk.now().date()).await?;
    report.expect("t trustees countersigned the totals", published.signers.len() >= desk.threshold()?);
    let public = desk.journal().at(published.index).await.map_err(anyhow::Error::msg)?;
    let leaf = ControlLeaf::parse(public.leaf())?;
    let mut signatures = leaf.signatures().to_vec();
    signatures.truncate(desk.threshold()?.saturating_sub(1));
    let short = ControlLeaf::new(leaf.id(), leaf.tick(), leaf.body().to_owned(), signatures)?;
    let mut fold = before.clone();
    fold.fold(published.index, &short, desk.now());
    let reason = fold.rejected().last().filter(|rejected| rejected.index == published.index);
    report.set("totals_with_t_minus_1_signatures", reason.map_or("accepted", |rejected| rejected.reason.as_str()));
    report.expect("totals with t-1 signatures do not stand", reason.is_some() && fold.totals() == before.totals());
    Ok(())
}

/// What the totals say, for the report; the recheck compares it with what it recomputes.
pub(crate) fn describe(totals: &Totals, report: &mut Report) {
    report.set("leaves", totals.outside.size);
    report.set("root", totals.outside.root.as_str());
    report.set("witnesses", totals.outside.witnesses.clone());
    report.set("clear_kinds", serde_json::to_value(totals.outside.leaves).unwrap_or_default());
    report.set("true_kinds", serde_json::to_value(&totals.inside.kinds).unwrap_or_default());
    report.set("orders", serde_json::to_value(&totals.inside.orders.by_kind).unwrap_or_default());
    report.set("releases", serde_json::to_value(&totals.inside.releases).unwrap_or_default());
    report.set("senders", serde_json::to_value(totals.inside.senders).unwrap_or_default());
    report.set("receipts", serde_json::to_value(&totals.inside.receipts).unwrap_or_default());
    report.set("refusals", serde_json::to_value(&totals.inside.refusals).unwrap_or_default());
    let last = totals.published.last();
    report.set("daily_totals", last.map_or(Value::Null, |last| serde_json::to_value(last).unwrap_or_default()));
    report.expect("the daily totals were recomputed and hold", last.is_some_and(|last| last.recomputed));
    let faults: Vec<String> = totals.faults.iter().map(ToString::to_string).collect();
    report.expect("every disclosure fits its leaf", faults.is_empty());
    report.set("faults", faults);
    report.expect("every sealed leaf is explained by a disclosure", totals.inside.undisclosed == 0);
}
