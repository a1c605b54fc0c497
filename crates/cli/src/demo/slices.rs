//! Step 5, second part: the same list in slices of five, under a cover that looks ordinary.

use super::lawful::{ordinary, propose, scope};
use super::report::Report;
use super::story::{Story, note_refusals};
use crate::commands::order::keep;
use anyhow::{Context, Result, bail};
use countersign_core::approval::SignerRole;
use countersign_core::class::Class;
use countersign_core::facts::Factor;
use countersign_core::id::CaseId;
use countersign_desk::DeskError;
use countersign_desk::release::Said;
use serde_json::json;

/// How many slices are tried at most.
const TRIES: usize = 4;

/// Home police ask for five named donors at a time, each under its own reference, approvers are deceived. The traced address stands
/// in every letter, so it is counted: cumulative caps stop what no single order shows.
pub(crate) async fn step(story: &mut Story, report: &mut Report) -> Result<()> {
    let donors: Vec<String> = story.population.donors().into_iter().map(str::to_owned).collect();
    let mut answered = 0;
    for (number, slice) in donors.chunks(5).take(TRIES).enumerate() {
        let accounts: Vec<&str> = slice.iter().map(String::as_str).collect();
        let case = file(story, number, &accounts).await?;
        let proposed = propose(story, &case).await;
        let desk = &story.custody.desk;
        if let Err(error) = proposed {
            report.push("slice_stopped_by", "desk");
            report.set("slice_refused_at_desk", format!("{error:#}"));
            break;
        }
        for (person, role) in [
            (&story.cast.officer, SignerRole::Author),
            (&story.cast.anna, SignerRole::Approver),
            (&story.cast.bruno, SignerRole::Approver),
        ] {
            story.sign(&case, person, role).await?;
        }
        report.add("people_asked", accounts.len() as u64);
        match desk.release(&case, &story.place().outbox(), &keep(story.place()), &story.cast.officer).await {
            Ok(released) => {
                answered += 1;
                report.set("slices_answered", answered);
                let order = desk.case(&case).await?.proposal.context("no order")?;
                report.add("cells_granted", order.decision.value().cells_granted);
                note_refusals(report, &released.said);
                desk.notify(&case, &story.cast.officer).await?;
            }
            Err(DeskError::Trustees { answered: partials, needed, refusals }) => {
                report.push("slice_stopped_by", "trustees");
                report.set("slice_stopped_at", number + 1);
                report.set("slice_partials_given", partials);
                let codes = codes_of(story, &case).await?;
                note_refusals(report, &codes);
                report.expect("too few trustees answered the slice", partials < needed);
                report.expect("because of the address's cap", refusals.iter().any(|text| text.contains("CAP_ADDRESS")));
                break;
            }
            Err(error) => bail!(error),
        }
    }
    let stopped = report.evidence.contains_key("slice_stopped_by");
    report.expect("cumulative caps stop the slices", stopped && answered <= 2);
    Ok(())
}

async fn file(story: &Story, number: usize, accounts: &[&str]) -> Result<CaseId> {
    let entry = json!({
        "authority": "xa-police", "reference": format!("P-{}", 700 + number), "instrument": "warrant",
        "accounts": accounts, "classes": ["name", "address"], "channel": "letter",
        "traced": [{"chain": "bitcoin", "address": story.population.donation_address}]
    });
    let name = format!("Warrant of the police {}", number + 1);
    let list = accounts.join(", ");
    let lines =
        ["Federal Police of Aldermark", "fraud; payments to", &story.population.donation_address, "accounts", &list];
    let case = story.file(&name, &lines, &entry, None, None).await?;
    let call = "the station confirms the warrant";
    story.check_sender(&case, &[(Factor::Directory, true, "entry found"), (Factor::CallBack, true, call)]).await?;
    story.find(&case, &ordinary()).await?;
    scope(story, &case, accounts, &[Class::Name, Class::Address], "").await?;
    Ok(case)
}

/// The receipts that the trustees gave for a case's order, as the store kept them.
async fn codes_of(story: &Story, case: &CaseId) -> Result<Vec<Said>> {
    use countersign_store::Orders;
    use countersign_verify::wire::{Receipt, Signed};
    let order = story.custody.desk.case(case).await?.proposal.context("no order")?.order.digest();
    let state = story.custody.desk.control().at(story.custody.desk.now());
    let mut said = Vec::new();
    for kept in story.custody.store.receipts_of(&order).await? {
        let key = |receipt: &Receipt| Some(state.trustee(receipt.trustee)?.identity);
        let receipt = Signed::<Receipt>::open_by(&kept.bytes, key)?.document().clone();
        let trustee = receipt.value().trustee;
        let summary = String::new();
        said.push(Said { trustee, receipt: Some(receipt), receipt_text: String::new(), reply: None, summary });
    }
    Ok(said)
}
