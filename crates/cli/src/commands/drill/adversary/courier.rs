//! Whoever carries a package, and a trustee that lies: the recipient's own tool refuses.

use super::super::attempt::refuses;
use crate::demo::adversary::{both, lawful_copy};
use crate::demo::attacker::{all_files, stolen_share};
use crate::demo::operator::{attempt, publish};
use crate::demo::report::Report;
use crate::demo::story::Story;
use crate::edge;
use anyhow::{Context, Result};
use countersign_core::id::Digest;
use countersign_desk::case_file::{CaseFile, Proposal};
use countersign_desk::release::RequestParts;
use countersign_open::{open_files, recipient_key, unpack};
use countersign_seal::header::check_batch;
use countersign_seal::identity::Identity;
use countersign_seal::partial::{Ask, ReplyContext, answer};
use countersign_seal::record::SealedRecord;
use countersign_seal::reply;
use countersign_seal::ring::VerifyingShares;
use countersign_seal::transport::TransportSecret;
use countersign_verify::evidence::{Files, SUMS, sums};
use std::path::Path;

/// The package of the lawful order, as the court received it.
struct Delivered {
    files: Files,
    key: TransportSecret,
}

impl Delivered {
    fn to_court(story: &Story, lawful: &CaseFile) -> Result<Self> {
        let order = proposal(lawful)?.order.value().id;
        let keys = story.place().authority(&story.cast.court);
        let files = unpack(&story.place().outbox().join(format!("{order}.age")), &keys)?;
        Ok(Self { files, key: recipient_key(&keys)? })
    }

    /// Opens the files as they are now, with digests written anew.
    fn open(&self, story: &Story) -> Result<Vec<u16>> {
        let mut files = self.files.clone();
        let mut evidence: Files = under(&files, "evidence/");
        evidence.remove(SUMS);
        files.insert(format!("evidence/{SUMS}"), sums(&evidence).into_bytes());
        files.remove(SUMS);
        let list = sums(&files);
        files.insert(SUMS.into(), list.into_bytes());
        let genesis = story.custody.desk.custodian().genesis.digest();
        Ok(open_files(files, &self.key, Some(&genesis), &edge::seed()?)?.opening.liars)
    }

    fn replies(&self) -> Vec<String> {
        self.files.keys().filter(|path| path.starts_with("replies/")).cloned().collect()
    }
}

fn under(files: &Files, folder: &str) -> Files {
    let inside = files.iter().filter_map(|(path, bytes)| Some((path.strip_prefix(folder)?.to_owned(), bytes.clone())));
    inside.collect()
}

fn proposal(lawful: &CaseFile) -> Result<&Proposal> {
    lawful.proposal.as_ref().context("no order")
}

pub(super) async fn swaps(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let mut package = Delivered::to_court(story, lawful)?;
    report.expect("the package opens as it was delivered", package.open(story).is_ok_and(|liars| liars.is_empty()));
    let paths = package.replies();
    let [first, second, ..] = paths.as_slice() else { anyhow::bail!("a package with fewer than two replies") };
    let (own, others) = (package.files.get(first).cloned(), package.files.get(second).cloned());
    let (own, others) = own.zip(others).context("no replies")?;
    package.files.insert(first.clone(), others.clone());
    package.files.insert(second.clone(), own.clone());
    refuses(
        report,
        "recipient",
        "two_replies_exchanged",
        package.open(story),
        "signature does not cover these bytes in this context",
    );
    package.files.insert(second.clone(), others);

    let another = lawful_copy(story, lawful, |_| {}).await?;
    let said = attempt(story, &another, &both(story, &another)?, report).await?;
    let trustee: u16 = first.trim_start_matches("replies/").trim_end_matches(".bin").parse()?;
    let reply = said.into_iter().find(|said| said.trustee == trustee).and_then(|said| said.reply);
    package.files.insert(first.clone(), reply.context("the trustee did not answer the other order")?);
    refuses(
        report,
        "recipient",
        "reply_of_another_order",
        package.open(story),
        "signature does not cover these bytes in this context",
    );
    package.files.insert(first.clone(), own);
    report.expect("put right, the package opens again", package.open(story).is_ok());
    Ok(())
}

pub(super) async fn reads(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let mut package = Delivered::to_court(story, lawful)?;
    package.key = TransportSecret::from_seed(edge::seed()?);
    refuses(report, "recipient", "opened_with_a_rogue_key", package.open(story), "for another recipient's key");
    // Without the tool that says so: the reply itself.
    let desk = &story.custody.desk;
    let path = package.replies().into_iter().next().context("no replies")?;
    let trustee: u16 = path.trim_start_matches("replies/").trim_end_matches(".bin").parse()?;
    let bytes = package.files.get(&path).context("no reply")?;
    let ring = desk.custodian().ring.as_ref().context("no ring")?;
    let context = ReplyContext {
        order: proposal(lawful)?.order.digest(),
        ring: ring.ring.id(),
        trustee,
        share_epoch: ring.shares.value().epoch,
    };
    let state = desk.control().at(desk.now());
    let member = state.trustee(trustee).context("no such trustee")?.identity;
    let identity = countersign_seal::identity::IdentityKey::from_digest(&member).context("no identity key")?;
    let opened = reply::open(bytes, &context, &package.key, &identity);
    refuses(report, "encryption", "reply_read_with_a_rogue_key", opened.map(drop), "reply of trustee");
    Ok(())
}

pub(super) async fn tampers(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let mut package = Delivered::to_court(story, lawful)?;
    let path = package.files.keys().find(|path| path.starts_with("sealed/") && path.ends_with(".bin"));
    let path = path.cloned().context("no sealed record")?;
    let honest = package.files.get(&path).cloned().context("no sealed record")?;
    let mut changed = honest.clone();
    if let Some(last) = changed.last_mut() {
        *last ^= 1;
    }
    package.files.insert(path.clone(), changed);
    refuses(report, "recipient", "changed_entry", package.open(story), "body digest");
    // Another client's whole record under this one's name.
    let other = story.population.clients.get(1).context("too few clients")?;
    let other = super::administrator::sealed_of(story, &other.account).await?;
    package.files.insert(path.clone(), other.encode());
    refuses(report, "recipient", "another_clients_record", package.open(story), "is not the record of the manifest");
    package.files.insert(path, honest);
    report.expect("put right, the package opens again", package.open(story).is_ok());
    Ok(())
}

pub(super) async fn lying_trustee(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let mut package = Delivered::to_court(story, lawful)?;
    let path = package.replies().into_iter().next().context("no replies")?;
    let liar: u16 = path.trim_start_matches("replies/").trim_end_matches(".bin").parse()?;
    package.files.insert(path, lie(story, lawful, &package, liar)?);
    let named = format!("unusable: trustees [{liar}]");
    refuses(report, "recipient", "a_lie_among_three_replies", package.open(story), &named);
    // A fourth trustee answers the same order: that is enough, and the liar is named all the same.
    let fourth = (1..=5).find(|index| !package.files.contains_key(&format!("replies/{index}.bin")));
    let fourth = fourth.context("every trustee is in the package")?;
    let public = publish(story, &proposal(lawful)?.order).await?;
    let leaf = public.evidence(None)?;
    let parts = RequestParts { proposal: proposal(lawful)?, approvals: &lawful.approvals, leaf, delay: None };
    let desk = &story.custody.desk;
    let request = desk.request_for(fourth, &parts).await?;
    let order = proposal(lawful)?.order.digest();
    let said = desk.ask(story.port(fourth)?.as_ref(), &order, request.text().as_bytes()).await?;
    let reply = said.reply.with_context(|| format!("trustee {fourth}: {}", said.summary))?;
    package.files.insert(format!("replies/{fourth}.bin"), reply);
    package.files.insert(format!("evidence/receipts/{fourth}.signed"), said.receipt_text.into_bytes());
    let liars = package.open(story)?;
    report.set("named_as_liars", liars.clone());
    report.expect("with a fourth reply the package opens and names the liar", liars == [liar]);
    Ok(())
}

/// A reply with a wrong partial decryption, properly signed and encrypted by the trustee itself.
fn lie(story: &Story, lawful: &CaseFile, package: &Delivered, liar: u16) -> Result<Vec<u8>> {
    let ring = story.custody.desk.custodian().ring.as_ref().context("no ring")?;
    let verifying = VerifyingShares::new(&ring.ring, &ring.shares)?;
    let folder = story.place().trustee(liar);
    let share = stolen_share(&folder, &verifying)?;
    let entries = &proposal(lawful)?.manifest.value().entries;
    let records = entries.iter().map(|entry| {
        let bytes = package.files.get(&format!("sealed/{}.bin", entry.record)).context("no sealed record")?;
        Ok(SealedRecord::decode(bytes)?)
    });
    let capsules = records.map(|record: Result<SealedRecord>| Ok(record?.capsule().clone()));
    let checked = check_batch(ring.ring.id(), capsules.collect::<Result<Vec<_>>>()?, &edge::seed()?)?;
    let asks: Vec<Ask<'_>> =
        checked.iter().zip(entries).map(|(capsule, entry)| Ask { capsule, classes: &entry.classes }).collect();
    let order = proposal(lawful)?.order.digest();
    let mut wrong = answer(&share, &verifying, &order, &asks, &edge::seed()?)?;
    let [first, second, ..] = wrong.classes.as_mut_slice() else { anyhow::bail!("an order for one class") };
    std::mem::swap(&mut first.z, &mut second.z);
    let context = ReplyContext { order, ring: ring.ring.id(), trustee: liar, share_epoch: verifying.epoch() };
    let state = story.custody.desk.control().at(story.custody.desk.now());
    let member = state.trustee(liar).context("no such trustee")?.identity;
    let identity = own_key(&folder, &member)?;
    Ok(reply::seal(&wrong, &context, &package.key.public()?, &identity, &mut edge::rng()?)?)
}

/// The trustee's own identity key, from its own folder.
fn own_key(folder: &Path, public: &Digest) -> Result<Identity> {
    for file in all_files(&folder.join("secret"))? {
        let bytes = std::fs::read(file)?;
        for window in bytes.windows(32).filter_map(|window| window.first_chunk::<32>()) {
            let identity = Identity::from_seed(window);
            if identity.public().bytes() == public.as_bytes() {
                return Ok(identity);
            }
        }
    }
    anyhow::bail!("{} holds no identity key", folder.display())
}
