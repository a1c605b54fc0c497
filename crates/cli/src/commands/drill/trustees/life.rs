//! Repair, refresh, enrolment and destruction of shares, each trustee with its own folder.

use super::super::attempt::refuses;
use super::super::ground::Ground;
use crate::ceremony::{random, signer_of};
use crate::demo::attacker::{all_files, stolen_share};
use crate::demo::report::Report;
use crate::demo::story::Story;
use crate::edge;
use crate::installed;
use anyhow::{Context, Result, ensure};
use countersign_core::control::{Action, COOLING, RingRef, Role};
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_core::time::HOUR;
use countersign_desk::RingFiles;
use countersign_seal::identity::IdentityKey;
use countersign_seal::kind::{Kind, Sealing};
use countersign_seal::life::repair::Repair;
use countersign_seal::life::reshare::Resharing;
use countersign_seal::ring::{EpochConfirmation, ShareEpoch, VerifyingShares};
use countersign_seal::share::SealingShare;
use countersign_tlog::leaf::ControlSignature;
use countersign_trustee::{EpochFinished, Trustee};
use std::sync::Arc;

/// Messages by sender: to whom, and bytes.
type Sent = Vec<(u16, Vec<(u16, Vec<u8>)>)>;

/// What was sent to `index`, by sender.
fn inbox(sent: &Sent, index: u16) -> Vec<(u16, Vec<u8>)> {
    let to = |messages: &[(u16, Vec<u8>)]| messages.iter().find(|(to, _)| *to == index).map(|(_, bytes)| bytes.clone());
    sent.iter().filter_map(|(from, messages)| Some((*from, to(messages)?))).collect()
}

/// The shares in force, and the identities of their holders.
pub(super) fn in_force(story: &Story) -> Result<(VerifyingShares, Vec<IdentityKey>)> {
    let desk = &story.custody.desk;
    let ring = desk.custodian().ring.as_ref().context("no ring")?;
    let state = desk.control().at(desk.now());
    let identities =
        state.members().iter().map(|member| IdentityKey::from_digest(&member.identity).context("no identity key"));
    Ok((VerifyingShares::new(&ring.ring, &ring.shares)?, identities.collect::<Result<_>>()?))
}

pub(super) fn trustees(story: &Story) -> Vec<Arc<Trustee>> {
    story.custody.trustees.iter().map(|service| Arc::clone(&service.trustee)).collect()
}

/// Every trustee reads the journal to its end.
pub(super) async fn read_journal(story: &Story) -> Result<()> {
    for service in &story.custody.trustees {
        service.trustee.tail(service.source.as_ref(), story.custody.desk.now()).await?;
    }
    Ok(())
}

pub(super) async fn repair(ground: &mut Ground, report: &mut Report) -> Result<()> {
    const LOST: u16 = 2;
    let (verifying, identities) = in_force(ground.story()?)?;
    let folder = ground.story()?.place().trustee(LOST);
    ground.close().await?;
    let mut lost = Vec::new();
    for file in all_files(&folder.join("secret"))? {
        let bytes = std::fs::read(&file)?;
        if SealingShare::decode(&bytes).is_ok_and(|share| share.check(&verifying).is_ok()) {
            std::fs::remove_file(&file)?;
            lost.push((file, bytes));
        }
    }
    let [(file, whole)] = lost.as_slice() else { anyhow::bail!("{} files were a share", lost.len()) };
    ground.open().await?;
    let said = ground.ask_honestly(report).await?;
    let failed: Vec<u16> = said.iter().filter(|said| said.reply.is_none()).map(|said| said.trustee).collect();
    report.set("without_its_share", failed.clone());
    report.expect("only the trustee without its share does not answer", failed == [LOST]);

    let story = ground.story()?;
    let ring = &story.custody.desk.custodian().ring.as_ref().context("no ring")?.ring;
    let mut rng = edge::rng()?;
    let plan = Repair::<Sealing>::new(ring, &verifying, Digest(random(&mut rng)), LOST, &[1, 3, 5], &identities)?;
    let all = trustees(story);
    let one = |index: u16| all.iter().find(|trustee| trustee.index() == index).context("no such trustee");
    let request = one(LOST)?.repair_request(&plan, &mut rng)?;
    let mut broadcasts = Vec::new();
    for index in [1, 3, 5] {
        broadcasts.push(one(index)?.repair_start(&plan, &[], story.custody.desk.now(), &mut rng).await?);
    }
    let mut sent = Sent::new();
    for index in [1, 3, 5] {
        sent.push((index, one(index)?.repair_proceed(&plan, &request, &broadcasts, &mut rng)?));
    }
    let mut sums = Vec::new();
    for index in [1, 3, 5] {
        sums.push((index, one(index)?.repair_add(&plan, &inbox(&sent, index), &mut rng)?));
    }
    one(LOST)?.repair_finish(&plan, &broadcasts, &sums)?;
    report.expect("the repaired share is the lost one, bit for bit", std::fs::read(file)? == *whole);
    ground.honest_order(5, report).await
}

/// The sealing ring in force.
pub(super) fn sealing(story: &Story) -> Result<&RingFiles> {
    story.custody.desk.custodian().ring.as_ref().context("no ring")
}

/// One resharing of a ring's shares in force to these holders, up to the messages.
pub(super) struct Exchange<K: Kind> {
    plan: Resharing<K>,
    sent: Sent,
}

pub(super) async fn exchange<K: Kind>(
    story: &Story,
    in_force: &RingFiles<K>,
    all: &[Arc<Trustee>],
    holders: Vec<IdentityKey>,
    accepted: &[IdentityKey],
) -> Result<Exchange<K>> {
    let verifying = VerifyingShares::new(&in_force.ring, &in_force.shares)?;
    let mut rng = edge::rng()?;
    let plan = Resharing::<K>::new(&in_force.ring, &verifying, Digest(random(&mut rng)), &[1, 2, 4], holders)?;
    let mut broadcasts = Vec::new();
    for trustee in all {
        broadcasts.push(trustee.reshare_start(&plan, accepted, story.custody.desk.now(), &mut rng).await?);
    }
    let mut sent = Sent::new();
    for trustee in all {
        sent.push((trustee.index(), trustee.reshare_proceed(&plan, &broadcasts, &mut rng)?));
    }
    Ok(Exchange { plan, sent })
}

/// Every holder ends the exchange; each confirms to each. Gives the outcome and the confirmations in order.
pub(super) fn finish<K: Kind>(
    exchange: &Exchange<K>,
    all: &[Arc<Trustee>],
) -> Result<(Exact<ShareEpoch>, Vec<EpochConfirmation>)> {
    let finished = all
        .iter()
        .map(|trustee| Ok(trustee.reshare_finish(&exchange.plan, &inbox(&exchange.sent, trustee.index()))?))
        .collect::<Result<Vec<EpochFinished>>>()?;
    let confirmations: Vec<EpochConfirmation> =
        finished.iter().map(|finished| finished.confirmation.value().clone()).collect();
    for trustee in all {
        trustee.reshare_confirmed(&exchange.plan, &confirmations)?;
    }
    let first = finished.first().context("nobody holds shares")?;
    ensure!(finished.iter().all(|one| one.shares == first.shares), "the holders have different outcomes");
    Ok((first.shares.clone(), confirmations))
}

pub(super) async fn lying_dealer(ground: &mut Ground, report: &mut Report) -> Result<()> {
    let story = ground.story()?;
    read_journal(story).await?;
    let (_, identities) = in_force(story)?;
    let all = trustees(story);
    let exchange = exchange(story, sealing(story)?, &all, identities, &[]).await?;
    let victim = all.last().context("no trustees")?;
    let mut received = inbox(&exchange.sent, victim.index());
    let (dealer, bytes) = received.first_mut().context("nothing was sent")?;
    let dealer = *dealer;
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    let finished = victim.reshare_finish(&exchange.plan, &received).map(drop);
    refuses(report, "trustee 5", "changed_share", finished, &format!("trustee {dealer}"));
    Ok(())
}

pub(super) async fn refresh(ground: &mut Ground, report: &mut Report) -> Result<()> {
    let story = ground.story()?;
    read_journal(story).await?;
    let (_, identities) = in_force(story)?;
    let all = trustees(story);
    let (shares, _) = finish(&exchange(story, sealing(story)?, &all, identities, &[]).await?, &all)?;
    let old = story.custody.desk.custodian().ring.as_ref().context("no ring")?.shares.clone();
    installed::keep_shares(story.place(), &shares)?;
    let epoch = shares.value();
    let ring = RingRef { id: epoch.ring, share_epoch: epoch.epoch, shares: shares.digest() };
    let effective = put_in_force(story, Action::SetRing(ring), report).await?;
    report.set("effective", effective);
    let early = ground.ask_honestly(report).await?;
    report.expect(
        "until then the old shares answer",
        early.iter().all(|said| said.receipt.as_ref().is_some_and(|receipt| receipt.value().share_epoch == 1)),
    );
    ground.remember_first(old);
    ground.pass(COOLING + HOUR);
    // The desk takes the ring in force when it is opened.
    ground.close().await?;
    ground.open().await?;
    let said = ground.ask_honestly(report).await?;
    let answered = said.iter().filter(|said| said.reply.is_some());
    let epochs: Vec<u32> =
        answered.filter_map(|said| said.receipt.as_ref()).map(|receipt| receipt.value().share_epoch).collect();
    report.set("answered_in_epochs", epochs.clone());
    report.expect("every trustee answers with its new share", epochs == [2; 5]);
    Ok(())
}

/// A change of the control state: drafted, signed by approvers, read and signed by trustees, published.
pub(in super::super) async fn put_in_force(story: &Story, action: Action, report: &mut Report) -> Result<String> {
    let desk = &story.custody.desk;
    let change = desk.draft_change(action, None).await?;
    let mut signatures = Vec::new();
    for person in desk.control().at(desk.now()).people().values() {
        if person.roles.contains(&Role::Approver) && person.manages.is_empty() {
            let sig = signer_of(story.place(), &person.id)?.sign_control(change.text())?;
            signatures.push(ControlSignature { by: format!("person:{}", person.id), sig });
        }
    }
    for trustee in trustees(story) {
        let standing = desk.change_standing(&change, &signatures)?;
        if standing.trustees < standing.trustees_needed {
            signatures.push(trustee.acknowledge(change.bytes(), &change.digest(), desk.now()).await?);
        }
    }
    let standing = desk.change_standing(&change, &signatures)?;
    report.set("change_signed_by", format!("{} approvers, {} trustees", standing.approvers, standing.trustees));
    report.expect("the change is signed as needed", standing.is_complete());
    Ok(desk.publish_change(&change, &signatures).await?.effective.to_string())
}

pub(super) async fn destroy(ground: &mut Ground, report: &mut Report) -> Result<()> {
    let old = ground.first_epoch().cloned().context("the shares were not refreshed")?;
    let story = ground.story()?;
    let ring = story.custody.desk.custodian().ring.as_ref().context("no ring")?;
    let verifying = VerifyingShares::new(&ring.ring, &old)?;
    let mut gone = 0;
    for trustee in trustees(story) {
        let folder = story.place().trustee(trustee.index());
        ensure!(stolen_share(&folder, &verifying).is_ok(), "trustee {} held no old share", trustee.index());
        gone += trustee.forget_shares_before(2, story.custody.desk.now()).await?.files.len();
        let taken = stolen_share(&folder, &verifying).map(drop);
        refuses(
            report,
            "destruction",
            &format!("share_of_trustee_{}", trustee.index()),
            taken,
            "holds no share of epoch 1",
        );
    }
    report.set("files_destroyed", gone);
    ground.honest_order(5, report).await
}
