//! New keys, each trustee with its own folder.

use super::super::attempt::refuses;
use super::super::ground::Ground;
use super::life::{inbox, put_in_force, read_journal, trustees};
use crate::ceremony::random;
use crate::demo::report::Report;
use crate::demo::story::Story;
use crate::edge;
use crate::installed;
use anyhow::{Context, Result, ensure};
use countersign_core::control::{Action, COOLING, HeldShares};
use countersign_core::id::{Digest, SignatureBytes};
use countersign_core::time::HOUR;
use countersign_trustee::Finished;

/// A rotation through all its steps: the trustees hold their shares of the new keys and have confirmed them, the custodian keeps the
/// documents, and nothing is in force.
pub(crate) async fn make_keys(story: &Story) -> Result<HeldShares> {
    read_journal(story).await?;
    let (all, now) = (trustees(story), story.custody.desk.now());
    let state = story.custody.desk.control().at(now);
    let mut identities = Vec::new();
    for member in state.members() {
        let trustee = all.iter().find(|trustee| trustee.index() == member.index).context("no such trustee")?;
        let said = trustee.introduce(member.name.clone(), member.state, member.obliged_entity)?;
        identities.push(said.text().to_owned());
    }
    let mut rng = edge::rng()?;
    let session = Digest(random(&mut rng));
    let first = all.first().context("no trustees")?;
    let ceremony = first.rotation(&session, &identities, now).await?;
    let mut broadcasts = Vec::new();
    for trustee in &all {
        broadcasts.push(trustee.dkg_start(&ceremony, &mut rng)?);
    }
    let mut sent = Vec::new();
    for trustee in &all {
        sent.push((trustee.index(), trustee.dkg_proceed(&ceremony, &broadcasts, &mut rng)?));
    }
    let finished = all
        .iter()
        .map(|trustee| Ok(trustee.dkg_finish(&ceremony, &inbox(&sent, trustee.index()))?))
        .collect::<Result<Vec<Finished>>>()?;
    let confirmations: Vec<_> = finished.iter().map(|one| one.confirmation.clone()).collect();
    for (trustee, finished) in all.iter().zip(&finished) {
        trustee.rotation_confirmed(finished, &confirmations, now).await?;
    }
    let made = finished.first().context("nobody made keys")?;
    ensure!(finished.iter().all(|one| one.ring == made.ring), "the trustees made different rings");
    installed::keep_ring(story.place(), &made.ring, &confirmations)?;
    installed::keep_shares(story.place(), &made.shares)?;
    let confirmed = confirmations.iter().map(|one| SignatureBytes(one.value().signature.0)).collect();
    Ok(HeldShares { id: made.ring.value().id(), share_epoch: 1, shares: made.shares.digest(), confirmed })
}

/// Keys that not everybody has confirmed.
pub(super) async fn unconfirmed(ground: &mut Ground, report: &mut Report) -> Result<()> {
    let story = ground.story()?;
    let mut new = make_keys(story).await?;
    if let Some(last) = new.confirmed.last_mut() {
        last.0[0] ^= 1;
    }
    let drafted = story.custody.desk.draft_change(Action::RotateRing(new), None).await.map(drop);
    refuses(report, "desk", "keys_that_one_trustee_did_not_confirm", drafted, "has not confirmed");
    Ok(())
}

/// New keys come into force; what was sealed before is still answered.
pub(super) async fn rotated(ground: &mut Ground, report: &mut Report) -> Result<()> {
    let story = ground.story()?;
    let new = make_keys(story).await?;
    let (id, old) = (new.id, story.custody.desk.control().at(story.custody.desk.now()).ring().map(|ring| ring.id));
    put_in_force(story, Action::RotateRing(new), report).await?;
    read_journal(story).await?;
    ground.pass(COOLING + HOUR);
    ground.close().await?;
    ground.open().await?;
    let desk = &ground.story()?.custody.desk;
    let state = desk.control().at(desk.now());
    report.expect("the new keys are in force", state.ring().map(|ring| ring.id) == Some(id));
    report.expect("the ring before is still read", state.former_ring().map(|ring| ring.id) == old);
    let left = desk.sealed_by_ring().await?.left;
    report.set("clients_to_seal_anew", left);
    report.expect("every client is still to be sealed anew", left > 0);
    let said = ground.ask_honestly(report).await?;
    let answered = said.iter().filter(|said| said.reply.is_some()).count();
    report.expect("what was sealed before is answered by every trustee", answered == said.len());
    Ok(())
}
