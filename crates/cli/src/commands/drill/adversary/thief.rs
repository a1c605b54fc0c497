//! Thieves: of shares, of backups, of everything.

use super::super::attempt::refuses;
use crate::demo::adversary::below_threshold as with_evidence;
use crate::demo::attacker::{Thief, all_files, steal, undisturbed};
use crate::demo::report::Report;
use crate::demo::story::Story;
use anyhow::{Context, Result};
use countersign_desk::case_file::CaseFile;
use countersign_store::Sigmas;

pub(super) async fn below_threshold(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    with_evidence(story, lawful, report).await?;
    let victim = story.population.clients.first().context("no clients")?;
    let theft = steal(story, &victim.account).await?;
    refuses(report, "threshold", "two_shares", theft.below, "2 usable replies for `name`, 3 are needed");
    refuses(report, "recipient", "two_shares_and_a_forged_reply", theft.forged, "unusable: trustees [3]");
    Ok(())
}

pub(super) async fn backups(story: &Story, report: &mut Report) -> Result<()> {
    const WORDS: &str = "the client's secret was erased: nobody can open this entry any more";
    let victim = story.population.clients.get(7).context("too few clients")?;
    let thief = Thief::of(story, &victim.account).await?.without_sigma();
    let shares = thief.replies(&[1, 2, 3])?;
    refuses(report, "sealing", "t_shares_and_a_backup_without_the_secret", thief.open(&shares), WORDS);

    let custody = &story.custody;
    let handle = custody.desk.handle_of(&custody.references, &victim.account).await?.context("no such client")?;
    let secret = *custody.sigmas.sigma(&handle).await?.context("no secret before the erasure")?;
    custody.desk.erase_client(&handle, "article 17 GDPR", &story.cast.officer).await?;
    let thief = Thief::of(story, &victim.account).await?;
    let opened = thief.open(&thief.replies(&[1, 2, 3])?);
    refuses(report, "sealing", "t_shares_after_the_erasure", opened, WORDS);
    let left = undisturbed(|| {
        let mut left = 0_usize;
        for file in all_files(&custody.place.custodian())? {
            left += usize::from(std::fs::read(&file)?.windows(secret.len()).any(|window| window == secret));
        }
        Ok(left)
    })?;
    report.set("files_that_still_hold_the_secret", left);
    report.expect("no file of the custodian holds the erased secret", left == 0);
    Ok(())
}

/// What no design prevents, made so that nobody can say it was hidden.
pub(super) async fn everything(story: &Story, report: &mut Report) -> Result<()> {
    let victim = story.population.clients.first().context("no clients")?;
    let thief = Thief::of(story, &victim.account).await?;
    let opened = thief.open(&thief.replies(&[1, 2, 3])?);
    let right = opened.as_ref().is_ok_and(|name| name.contains(&victim.primary_identifier));
    report.set("opened", right);
    report.set("trace_in_the_log", "none");
    report.expect("the custodian and t trustees together open everything", right);
    Ok(())
}
