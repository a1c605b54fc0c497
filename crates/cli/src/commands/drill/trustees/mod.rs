//! `countersign drill trustees`: trustees that are lost, stopped, renewed, and that lie.

mod enrol;
mod life;
pub(crate) mod rotate;

pub(super) use life::put_in_force;

use super::adversary::in_epoch;
use super::attempt::{Attempt, control, refused, refuses};
use super::ground::Ground;
use crate::config::{Config, PartyAt};
use crate::demo::adversary::{lawful_case, lawful_copy};
use crate::demo::attacker::Thief;
use crate::demo::lawful;
use crate::demo::report::Report;
use crate::files;
use anyhow::{Context, Result, bail};
use countersign_verify::trustee_log::Reason;

/// The attempts, in order.
pub(super) static ATTEMPTS: [Attempt; 15] = [
    control("honest_ground", "a custodian is founded, clients are sealed, a lawful order is answered and opened"),
    control("two_trustees_lost", "two of five trustees do not answer: the release goes on and says which failed"),
    refused(
        "three_trustees_lost",
        "fate, or whoever took three trustees away",
        "a release with two trustees left",
        "the threshold: data stay closed, and nobody can shorten that",
    ),
    control(
        "lost_share_repaired",
        "a trustee loses its share; three others give it back, and nobody sees it on the way",
    ),
    refused(
        "dealer_that_lies",
        "one trustee",
        "sends a changed share at a refresh",
        "commitments in the broadcast: the liar is named before anything is in force",
    ),
    control(
        "shares_refreshed",
        "new shares of the same keys are put in force by a change that has cooled for seven days",
    ),
    refused(
        "old_epoch",
        "a trustee that left, a thief of old backups",
        "asks for answers in the old share epoch, and adds old shares to a new one",
        "the share epoch in force is a fact of each trustee's fold; shares of two epochs do not fit together",
    ),
    refused(
        "destroyed_shares",
        "thief who comes after the refresh",
        "takes old shares from trustees' folders",
        "trustees destroy old shares once the new ones are in force",
    ),
    refused(
        "stranger_enrolled",
        "a stranger, and a trustee's operator who is not asked",
        "takes part in a resharing as a sixth trustee",
        "trustees deal to trustees in force, or to a newcomer whom their own operator has accepted by name",
    ),
    control(
        "newcomer_enrolled",
        "the same newcomer, accepted by every operator, is put in force by a change that has cooled",
    ),
    refused(
        "unconfirmed_keys",
        "the custodian, and one trustee that was left without a share",
        "puts new keys in force that one trustee has not confirmed",
        "the change carries every trustee's own signature over the ring, and every fold checks them all",
    ),
    control(
        "keys_rotated",
        "all trustees make new keys and confirm them; the change has cooled, and what was sealed before is still answered",
    ),
    refused(
        "coerced_trustee",
        "a state that compels one trustee to go on answering",
        "an order is asked of a trustee whose owner has paused it",
        "the owner's pause, which stops answers given before, too",
    ),
    refused(
        "removed_trustee",
        "a trustee that left on bad terms",
        "goes on answering",
        "a removal with one signature, in force at once: its answers count for nothing",
    ),
    control("honest_order_after_all", "the next lawful order is answered by every trustee in force"),
];

/// Makes one attempt.
pub(super) async fn play(attempt: &str, ground: &mut Ground, report: &mut Report) -> Result<()> {
    match attempt {
        "honest_ground" => ground.begin(report).await,
        "two_trustees_lost" => two_lost(ground, report).await,
        "three_trustees_lost" => three_lost(ground, report).await,
        "lost_share_repaired" => life::repair(ground, report).await,
        "dealer_that_lies" => life::lying_dealer(ground, report).await,
        "shares_refreshed" => life::refresh(ground, report).await,
        "old_epoch" => old_epoch(ground, report).await,
        "destroyed_shares" => life::destroy(ground, report).await,
        "stranger_enrolled" => enrol::stranger(ground, report).await,
        "newcomer_enrolled" => enrol::newcomer(ground, report).await,
        "unconfirmed_keys" => rotate::unconfirmed(ground, report).await,
        "keys_rotated" => rotate::rotated(ground, report).await,
        "coerced_trustee" => paused(ground, report).await,
        "removed_trustee" => enrol::removed(ground, report).await,
        "honest_order_after_all" => ground.honest_order(5, report).await,
        other => bail!("no attempt is called `{other}`"),
    }
}

/// An address at which nobody answers: port 9 of the loopback is the discard service, which nobody runs.
const NOBODY: &str = "http://127.0.0.1:9";

/// Plays with trustees that cannot be reached.
async fn without(ground: &mut Ground, lost: &[u16], play: impl AsyncFnOnce(&mut Ground) -> Result<()>) -> Result<()> {
    let place = ground.story()?.place().clone();
    ground.close().await?;
    let whole = files::read(&place.config(), 1024 * 1024)?;
    let mut config = Config::load(&place)?;
    for party in config.trustees.iter_mut().filter(|party| lost.contains(&party.number)) {
        *party = PartyAt { number: party.number, at: NOBODY.into() };
    }
    files::write(&place.config(), &serde_json::to_vec_pretty(&config)?)?;
    ground.open().await?;
    let played = play(ground).await;
    ground.close().await?;
    files::write(&place.config(), &whole)?;
    ground.open().await?;
    played
}

async fn two_lost(ground: &mut Ground, report: &mut Report) -> Result<()> {
    without(ground, &[1, 2], async |ground| {
        let (story, progress) = ground.parts()?;
        lawful::court(story, progress, report).await
    })
    .await?;
    let failed: Vec<&str> = report
        .evidence
        .get("trustees_failed")
        .and_then(|failed| failed.as_array())
        .into_iter()
        .flatten()
        .filter_map(|text| text.as_str())
        .collect();
    let named = ["trustee 1: ", "trustee 2: "];
    let named = failed.len() == 2 && failed.iter().zip(named).all(|(text, name)| text.starts_with(name));
    report.expect("the release names the two that failed", named);
    Ok(())
}

async fn three_lost(ground: &mut Ground, report: &mut Report) -> Result<()> {
    let mut released = Ok(());
    // What the step of the story reports goes nowhere: it must fail.
    let mut unsaid = report.clone();
    without(ground, &[1, 2, 3], async |ground| {
        let (story, progress) = ground.parts()?;
        let mut progress = progress.clone();
        released = lawful::court(story, &mut progress, &mut unsaid).await;
        Ok(())
    })
    .await?;
    let refused = released.map_err(|error| format!("{error:#}"));
    refuses(report, "desk", "release_with_two_trustees", refused, "2 of 3 trustees answered");
    Ok(())
}

async fn old_epoch(ground: &mut Ground, report: &mut Report) -> Result<()> {
    let old = ground.first_epoch().cloned().context("the shares were not refreshed")?;
    let story = ground.story()?;
    let lawful = lawful_case(story, &ground.progress).await?;
    let proposal = lawful_copy(story, &lawful, |_| {}).await?;
    let said = in_epoch(story, &proposal, 1, report).await?;
    crate::demo::adversary::outcome(report, "asked_in_the_old_epoch", &said, "WRONG_SHARE_EPOCH");
    let victim = story.population.clients.first().context("no clients")?;
    let stale = Thief::of(story, &victim.account).await?.in_epoch(&old);
    let fresh = Thief::of(story, &victim.account).await?;
    let mut mixed = stale.replies(&[1, 2])?;
    mixed.extend(fresh.replies(&[3])?);
    refuses(report, "threshold", "two_old_shares_and_a_new_one", fresh.open(&mixed), "unusable: trustees [1, 2]");
    let control = fresh.open(&fresh.replies(&[1, 2, 3])?);
    report.expect(
        "three new shares open what was sealed before the refresh",
        control.is_ok_and(|name| name.contains(&victim.primary_identifier)),
    );
    Ok(())
}

async fn paused(ground: &mut Ground, report: &mut Report) -> Result<()> {
    const COERCED: u16 = 4;
    let story = ground.story()?;
    let service = story.custody.trustees.iter().find(|service| service.trustee.index() == COERCED);
    let service = service.context("trustee 4 is not here")?;
    let now = story.custody.desk.now();
    service.trustee.pause(&Reason::parse("two officers stand in the office")?, now).await?;
    let said = ground.ask_honestly(report).await?;
    let code = said.iter().find(|said| said.trustee == COERCED).map(|said| said.summary.clone()).unwrap_or_default();
    let answered = said.iter().filter(|said| said.reply.is_some()).count();
    report.set("said_by_the_paused_trustee", code.clone());
    report.set("others_answered", answered);
    report.expect("the paused trustee refuses", code == "PAUSED");
    report.expect("the others answer", answered == said.len() - 1);
    service.trustee.resume(&Reason::parse("the officers have left")?, story.custody.desk.now()).await?;
    Ok(())
}
