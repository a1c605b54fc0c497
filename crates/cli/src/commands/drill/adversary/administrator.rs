//! The administrator of the database: everything that the custodian stores, nothing that anybody else holds.

use super::super::attempt::refuses;
use crate::demo::adversary::{bent_entry, both, lawful_copy, outcome, relabelled, reused_id, send_bent};
use crate::demo::attacker::Thief;
use crate::demo::operator::{attempt, manifest};
use crate::demo::register;
use crate::demo::report::Report;
use crate::demo::story::Story;
use anyhow::{Context, Result};
use countersign_core::class::{Class, ClassSet};
use countersign_core::json::Exact;
use countersign_desk::case_file::{CaseFile, Proposal};
use countersign_desk::register::opened_record;
use countersign_store::{Register, SealedRecord};

pub(super) async fn reads(story: &Story, report: &mut Report) -> Result<()> {
    register::search(story, report)?;
    let victim = story.population.clients.first().context("no clients")?;
    let thief = Thief::of(story, &victim.account).await?;
    let opened = thief.open(&[]);
    refuses(report, "sealing", "opened_with_what_the_custodian_has", opened, "0 usable replies for `name`");
    Ok(())
}

pub(super) async fn swaps_labels(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    relabelled(story, lawful, report).await?;
    let [a, b] = [stored(story, 0).await?, stored(story, 1).await?];
    // The id of A's own record, so that the manifest looks like one that was signed before.
    let (mut entry, header) = bent_entry(story, |label, b| Ok((label.clone(), b.header.to_vec()))).await?;
    entry.record = a.record;
    let said = send_bent(story, lawful, entry, header, report).await?;
    outcome(report, "another_records_id", &said, "LABEL_DIFFERS");
    let swapped = opened_record(&SealedRecord { label: a.label, ..b });
    refuses(report, "register", "swapped_in_the_store", swapped, "label");
    Ok(())
}

/// The sealed record of a client as the store holds it.
pub(super) async fn sealed_of(story: &Story, account: &str) -> Result<countersign_seal::record::SealedRecord> {
    let handle = story.custody.desk.handle_of(&story.custody.references, account).await?.context("no such client")?;
    let stored = story.custody.store.records_of(&handle).await?.pop().context("no record")?;
    Ok(opened_record(&stored)?)
}

async fn stored(story: &Story, client: usize) -> Result<SealedRecord> {
    let account = &story.population.clients.get(client).context("too few clients")?.account;
    let handle = story.custody.desk.handle_of(&story.custody.references, account).await?.context("no such client")?;
    story.custody.store.records_of(&handle).await?.pop().context("no record")
}

pub(super) async fn replays(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    reused_id(story, lawful, report).await?;
    let signed = lawful_copy(story, lawful, |_| {}).await?;
    let approvals = both(story, &signed)?;
    let said = attempt(story, &with_clients(story, signed, 1..2).await?, &approvals, report).await?;
    outcome(report, "another_manifest", &said, "MANIFEST_DIFFERS");
    Ok(())
}

pub(super) async fn adds_a_record(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let signed = lawful_copy(story, lawful, |_| {}).await?;
    let approvals = both(story, &signed)?;
    let more = with_clients(story, signed, 0..2).await?;
    let said = attempt(story, &more, &approvals, report).await?;
    outcome(report, "added_record", &said, "MANIFEST_DIFFERS");
    // The order says the new manifest's root, and still one person: its approvals are over other bytes then.
    let mut order = more.order.value().clone();
    order.scope.manifest = more.manifest.value().root()?;
    let rewritten = Proposal { order: Exact::write(order)?, ..more };
    let said = attempt(story, &rewritten, &approvals, report).await?;
    outcome(report, "added_record_and_root", &said, "SCOPE_DIFFERS");
    let mut order = rewritten.order.value().clone();
    (order.scope.subjects, order.scope.records) = (2, 2);
    let rewritten = Proposal { order: Exact::write(order)?, ..rewritten };
    let said = attempt(story, &rewritten, &approvals, report).await?;
    outcome(report, "added_record_root_and_counts", &said, "APPROVAL_INVALID");
    Ok(())
}

/// The proposal with a manifest of other clients.
async fn with_clients(story: &Story, signed: Proposal, clients: std::ops::Range<usize>) -> Result<Proposal> {
    let accounts = story.population.clients.get(clients).context("too few clients")?;
    let accounts: Vec<&str> = accounts.iter().map(|client| client.account.as_str()).collect();
    let classes = ClassSet::new([Class::Name, Class::Address]);
    let (records, _) = manifest(story, &accounts, &classes).await?;
    Ok(Proposal { manifest: Exact::write(records)?, ..signed })
}
