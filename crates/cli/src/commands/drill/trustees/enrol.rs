//! A sixth trustee: refused as a stranger, then accepted by name and put in force.

use super::super::attempt::refuses;
use super::super::ground::Ground;
use super::life::{exchange, finish, in_force, put_in_force, read_journal, sealing, trustees};
use crate::config::{Config, PartyAt};
use crate::demo::attacker::Thief;
use crate::demo::report::Report;
use crate::demo::story::Story;
use crate::edge;
use crate::files;
use crate::installed;
use anyhow::{Context, Result};
use countersign_core::control::{Action, COOLING, HeldShares, SetTrustees, TrusteeMember};
use countersign_core::country::Country;
use countersign_core::id::{PersonId, SignatureBytes};
use countersign_core::json::Exact;
use countersign_core::time::HOUR;
use countersign_desk::RingFiles;
use countersign_seal::kind::Kind;
use countersign_seal::ring::{EpochConfirmation, ShareEpoch};
use countersign_trustee::{Installed, PublicIdentity, RingDocuments, Trustee};
use std::sync::Arc;

const NEWCOMER: u16 = 6;

/// A sixth trustee that nobody has accepted by name.
pub(super) async fn stranger(ground: &mut Ground, report: &mut Report) -> Result<()> {
    let story = ground.story()?;
    read_journal(story).await?;
    let (_, mut identities) = in_force(story)?;
    let public = Trustee::create(&story.place().trustee(NEWCOMER), NEWCOMER, &mut edge::rng()?)?;
    identities.push(public.identity_key()?);
    let dealt = exchange(story, sealing(story)?, &trustees(story), identities, &[]).await.map(drop);
    refuses(report, "trustee 1", "stranger_without_a_name", dealt, "accept it by name or refuse");
    Ok(())
}

/// Accepted by every operator, it gets a share; a change that has cooled puts it in force.
pub(super) async fn newcomer(ground: &mut Ground, report: &mut Report) -> Result<()> {
    let story = ground.story()?;
    let (_, mut identities) = in_force(story)?;
    let trustee = Arc::new(Trustee::open(&story.place().trustee(NEWCOMER))?);
    let newcomer = trustee.public().identity_key()?;
    identities.push(newcomer);
    trustee.install(&documents(story)?)?;
    let mut all = trustees(story);
    all.push(Arc::clone(&trustee));
    let index = story.custody.desk.custodian().index.as_ref().context("no index ring")?;
    let dealt = exchange(story, sealing(story)?, &all, identities.clone(), &[newcomer]).await?;
    let (shares, confirmations) = finish(&dealt, &all)?;
    let (index_shares, index_confirmations) =
        finish(&exchange(story, index, &all, identities, &[newcomer]).await?, &all)?;
    installed::keep_shares(story.place(), &shares)?;
    installed::keep_shares(story.place(), &index_shares)?;
    let victim = story.population.clients.first().context("no clients")?;
    let thief = Thief::of(story, &victim.account).await?.in_epoch(&shares);
    let opened = thief.open(&thief.replies(&[2, 5, NEWCOMER])?);
    report.expect(
        "with two others the newcomer's share opens what was sealed before it came",
        opened.is_ok_and(|name| name.contains(&victim.primary_identifier)),
    );

    let desk = &story.custody.desk;
    let mut members = desk.control().at(desk.now()).members().to_vec();
    members.push(member(trustee.public())?);
    let ring = held(&shares, &confirmations);
    let index_ring = Some(held(&index_shares, &index_confirmations));
    put_in_force(story, Action::SetTrustees(SetTrustees { members, ring, index_ring }), report).await?;
    // It counts the days of every change from its own first reading of the journal, so it must read from the beginning.
    let source = &story.custody.trustees.first().context("no trustees")?.source;
    trustee.tail(source.as_ref(), desk.now()).await?;
    let before = ground.ask_honestly(report).await?;
    report.expect("until then five trustees answer", before.iter().filter(|said| said.reply.is_some()).count() == 5);
    let place = story.place().clone();
    ground.pass(COOLING + HOUR);
    ground.close().await?;
    let mut config = Config::load(&place)?;
    config.trustees.push(PartyAt { number: NEWCOMER, at: "local".into() });
    files::write(&place.config(), &serde_json::to_vec_pretty(&config)?)?;
    ground.open().await?;
    let said = ground.ask_honestly(report).await?;
    let answered: Vec<u16> = said.iter().filter(|said| said.reply.is_some()).map(|said| said.trustee).collect();
    report.set("answered", answered.clone());
    report.expect("then six trustees answer", answered == [1, 2, 3, 4, 5, NEWCOMER]);
    Ok(())
}

fn member(public: &PublicIdentity) -> Result<TrusteeMember> {
    Ok(TrusteeMember {
        index: public.index,
        name: PersonId::parse("trustee-xa-6")?,
        state: Country::parse("XA")?,
        identity: public.identity,
        transport: public.transport.digest(),
        obliged_entity: true,
    })
}

/// What a newcomer is handed: the documents in force.
fn documents(story: &Story) -> Result<Installed> {
    let custodian = story.custody.desk.custodian();
    let ring = custodian.ring.as_ref().context("no ring")?;
    let index = custodian.index.as_ref().context("no index ring")?;
    Ok(Installed {
        genesis: custodian.genesis.digest(),
        policy: custodian.bundle.to_document()?.into_bytes(),
        directory: custodian.directory.text().to_owned(),
        ring: public(ring),
        index: Some(public(index)),
    })
}

/// Shares as a change names them, with the word of all their holders.
fn held(shares: &Exact<ShareEpoch>, confirmations: &[EpochConfirmation]) -> HeldShares {
    let confirmed = confirmations.iter().map(|confirmation| SignatureBytes(confirmation.signature.0)).collect();
    let epoch = shares.value();
    HeldShares { id: epoch.ring, share_epoch: epoch.epoch, shares: shares.digest(), confirmed }
}

fn public<K: Kind>(ring: &RingFiles<K>) -> RingDocuments {
    RingDocuments {
        ring: ring.ring.document().text().to_owned(),
        confirmations: ring.confirmations.clone(),
        shares: ring.shares.text().to_owned(),
    }
}

/// A trustee that leaves on bad terms: one signature, at once.
pub(super) async fn removed(ground: &mut Ground, report: &mut Report) -> Result<()> {
    const LEAVER: u16 = 4;
    let story = ground.story()?;
    let desk = &story.custody.desk;
    let identity = desk.control().at(desk.now()).trustee(LEAVER).context("no such trustee")?.identity;
    put_in_force(story, Action::RemoveTrustee(identity), report).await?;
    let said = ground.ask_honestly(report).await?;
    let refused = said.iter().find(|said| said.trustee == LEAVER).map(|said| said.summary.clone());
    let answered = said.iter().filter(|said| said.reply.is_some()).count();
    report.set("others_answered", answered);
    report.expect("the others answer", answered == said.len() - 1);
    refuses(report, "desk", "answer_of_the_removed_trustee", Err::<(), _>(refused.unwrap_or_default()), "in force");
    Ok(())
}
