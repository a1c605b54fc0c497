//! Step 2: the register, and a thief who gets the custodian's whole folder and t-1 shares.

use super::attacker;
use super::report::Report;
use super::story::Story;
use crate::commands::client::{self, index};
use crate::files;
use anyhow::{Context, Result};
use countersign_desk::register::{CsvOptions, Imported};
use countersign_store::{BlindIndex as _, Register};

pub(crate) async fn step(story: &mut Story, report: &mut Report) -> Result<()> {
    import(story, report).await?;
    search(story, report)?;
    theft(story, report).await?;
    story.snapshot().await
}

/// The population, sealed into the register.
pub(crate) async fn import(story: &Story, report: &mut Report) -> Result<()> {
    let input = story.place().input();
    let (clients, payments) = (input.join("clients.csv"), input.join("payments.csv"));
    files::write(&clients, &story.population.clients_csv())?;
    files::write(&payments, &story.population.payments_csv())?;
    let options = CsvOptions::default();
    let imported = client::clients(&story.custody, &clients, &options).await?;
    let paid = client::payments(&story.custody, &payments, &options).await?;
    report.set("rows_rejected", skipped(&imported) + skipped(&paid));
    let attributes = index::attributes(&story.custody)?;
    let enrolled = index::enrol(&story.custody, &clients, &options, &attributes).await?;
    let values: u64 = enrolled.iter().map(|one| one.values).sum();
    report.set("index_values", values);
    report.set("index_lists", story.custody.store.index_counts().await?.lists);
    report.expect("every client is in the index", values == story.population.clients.len() as u64);
    let counts = story.custody.store.counts().await?;
    report.set("clients", counts.clients);
    report.set("sealed_entries", counts.entries);
    report.expect("every client is in the register", counts.clients == story.population.clients.len() as u64);
    report.expect("no row was rejected", skipped(&imported) + skipped(&paid) == 0);
    Ok(())
}

/// Every byte that the custodian stores, searched for every value that it sealed.
pub(crate) fn search(story: &Story, report: &mut Report) -> Result<()> {
    let search = attacker::search(&story.place().custodian(), &story.population)?;
    report.set("files_searched", search.files);
    report.set("bytes_searched", search.bytes);
    report.set("values_searched", search.values);
    report.set("values_too_short_to_search", search.too_short);
    report.set("values_found", search.found.len());
    report.expect(
        "no sealed value stands anywhere in the custodian's folder",
        search.found.is_empty() && search.values > 0,
    );
    Ok(())
}

async fn theft(story: &Story, report: &mut Report) -> Result<()> {
    let victim = story.population.clients.first().context("no clients")?;
    let theft = attacker::steal(story, &victim.account).await?;
    report.set("shares_stolen", theft.shares);
    report.set("opened_with_t_minus_1", theft.below.is_ok());
    report.set("refused_below_threshold", theft.below.as_ref().err().cloned().unwrap_or_default());
    report.set("forged_third_reply", theft.forged.as_ref().err().cloned().unwrap_or_default());
    report.expect("t-1 shares open nothing", theft.below.is_err());
    report.expect(
        "a forged third reply is named",
        theft.forged.as_ref().is_err_and(|error| error.contains("trustees [3]")),
    );
    report.set("control_with_t_shares", theft.control.is_ok());
    let name = theft.control.map_err(anyhow::Error::msg)?;
    report.expect("t shares open the right name", name.contains(&victim.primary_identifier));
    Ok(())
}

fn skipped(imported: &Imported) -> u64 {
    match imported {
        Imported::Before(summary) | Imported::Now(summary, _) => summary.skipped,
    }
}
