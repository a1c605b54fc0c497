//! The custodian's operator: every key and file of the custodian, without the desk.

use super::super::ground::Ground;
use crate::demo::adversary::{both, control_leaf, fork, lawful_copy, log_key, outcome};
use crate::demo::operator::{ask_all, attempt, made_up, manifest, publish, write_order};
use crate::demo::report::Report;
use crate::demo::story::{Story, note_refusals};
use crate::files;
use anyhow::{Context, Result};
use async_trait::async_trait;
use countersign_core::class::{Class, ClassSet};
use countersign_core::control::Action;
use countersign_core::facts::address_digest;
use countersign_core::finding::{Finding, Question};
use countersign_core::time::MINUTE;
use countersign_desk::case_file::{CaseFile, Proposal};
use countersign_desk::ports::Trustee;
use countersign_desk::release::{RequestParts, Said};
use countersign_tlog::cosignature::cosign;
use countersign_tlog::note::SigningKey;
use countersign_tlog::proof::LogProof;
use countersign_verify::request::RECEIPT_PATIENCE;
use countersign_verify::wire::{ReleaseRequest, Signed};

pub(super) async fn fake_authority(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let directory = made_up("a directory in which the court has the operator's key");
    control_leaf(story, Action::SetDirectory(directory), &[]).await?;
    let rejected = story.custody.desk.control().rejected().last().map(|rejected| rejected.reason.clone());
    report.set("directory_leaf", rejected.unwrap_or_default());

    let proposal = lawful.proposal.as_ref().context("no order")?;
    let mut facts = proposal.facts.value().clone();
    facts.directory = directory;
    let client = story.population.clients.first().context("no clients")?;
    let (records, subjects) = manifest(story, &[&client.account], &proposal.order.value().scope.classes).await?;
    let named = write_order(story, facts, records, subjects, |_| {})?;
    let said = attempt(story, &named, &both(story, &named)?, report).await?;
    outcome(report, "own_directory", &said, "DIRECTORY_NOT_IN_FORCE");

    let own = lawful_copy(story, lawful, |order| order.recipient.key = made_up("the operator's own key")).await?;
    let said = attempt(story, &own, &both(story, &own)?, report).await?;
    outcome(report, "own_recipient_key", &said, "RECIPIENT_NOT_IN_FORCE");
    Ok(())
}

pub(super) async fn another_ring(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let proposal = lawful_copy(story, lawful, |_| {}).await?;
    let other = lawful_copy(story, lawful, |order| order.ring = made_up("a ring of the operator's own")).await?;
    // The desk makes no request under a ring that it does not know: the operator writes it into another one.
    let said = ask_instead(story, &proposal, &other, report, |request| {
        request.order = other.order.text().to_owned();
        request.manifest = other.manifest.text().to_owned();
        request.ring = other.order.value().ring;
    })
    .await?;
    outcome(report, "another_ring", &said, "WRONG_RING");
    let said = in_epoch(story, &proposal, 2, report).await?;
    outcome(report, "another_share_epoch", &said, "WRONG_SHARE_EPOCH");
    Ok(())
}

/// Asks every trustee to answer a fully signed order in a share epoch.
pub(in super::super) async fn in_epoch(
    story: &Story,
    proposal: &Proposal,
    epoch: u32,
    report: &mut Report,
) -> Result<Vec<Said>> {
    ask_instead(story, proposal, proposal, report, |request| request.share_epoch = epoch).await
}

/// Asks every trustee for a public and fully signed order with a request that the desk made for another one, edited.
async fn ask_instead(
    story: &Story,
    made_for: &Proposal,
    asked: &Proposal,
    report: &mut Report,
    edit: impl Fn(&mut ReleaseRequest),
) -> Result<Vec<Said>> {
    let public = publish(story, &asked.order).await?;
    let approvals = both(story, asked)?;
    let parts = RequestParts { proposal: made_for, approvals: &approvals, leaf: public.evidence(None)?, delay: None };
    let desk = &story.custody.desk;
    let mut said = Vec::new();
    for trustee in desk.trustees() {
        let mut request = desk.request_for(trustee.index(), &parts).await?.value().clone();
        edit(&mut request);
        let request = Signed::sign(request, &desk.custodian().desk_key)?;
        said.push(desk.ask(trustee.as_ref(), &asked.order.digest(), request.text().as_bytes()).await?);
    }
    note_refusals(report, &said);
    Ok(said)
}

pub(super) async fn hides_a_field(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let proposal = lawful_copy(story, lawful, |_| {}).await?;
    let approvals = both(story, &proposal)?;
    let public = publish(story, &proposal.order).await?;
    let shown = public.evidence(None)?;
    report.set("fields", shown.disclosures.len());
    for hidden in 0..shown.disclosures.len() {
        let mut leaf = shown.clone();
        leaf.disclosures.remove(hidden);
        let parts = RequestParts { proposal: &proposal, approvals: &approvals, leaf, delay: None };
        let said = ask_all(story, &parts, report).await?;
        outcome(report, "withheld_field", &said, "LEAF_DIFFERS");
    }
    let other = lawful_copy(story, lawful, |_| {}).await?;
    let leaf = publish(story, &other.order).await?.evidence(None)?;
    let parts = RequestParts { proposal: &proposal, approvals: &approvals, leaf, delay: None };
    let said = ask_all(story, &parts, report).await?;
    outcome(report, "another_orders_leaf", &said, "LEAF_DIFFERS");
    Ok(())
}

/// An answer that was given before.
struct Given {
    trustee: u16,
    answer: Vec<u8>,
}

#[async_trait]
impl Trustee for Given {
    fn index(&self) -> u16 {
        self.trustee
    }

    async fn ask(&self, _request: &[u8]) -> Result<Vec<u8>, String> {
        Ok(self.answer.clone())
    }

    async fn lookup(&self, _request: &[u8]) -> Result<Vec<u8>, String> {
        Err("this is the answer to an order".into())
    }

    async fn totals(&self, _request: &[u8]) -> Result<Vec<u8>, String> {
        Err("this is the answer to an order".into())
    }
}

pub(super) async fn drops_receipts(ground: &Ground, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let story = ground.story()?;
    let desk = &story.custody.desk;
    let proposal = lawful_copy(story, lawful, |_| {}).await?;
    let approvals = both(story, &proposal)?;
    let public = publish(story, &proposal.order).await?;
    let parts = RequestParts { proposal: &proposal, approvals: &approvals, leaf: public.evidence(None)?, delay: None };
    let mut kept_back = Vec::new();
    for trustee in desk.trustees() {
        let request = desk.request_for(trustee.index(), &parts).await?;
        let answer = trustee.ask(request.text().as_bytes()).await.map_err(anyhow::Error::msg)?;
        kept_back.push(Given { trustee: trustee.index(), answer });
    }
    ground.pass(RECEIPT_PATIENCE + MINUTE);
    let next = lawful_copy(story, lawful, |_| {}).await?;
    let said = attempt(story, &next, &both(story, &next)?, report).await?;
    outcome(report, "receipts_kept_out_of_the_log", &said, "RECEIPTS_MISSING");
    // He gives in, and work goes on.
    let mut answered = 0;
    for given in &kept_back {
        answered += usize::from(desk.ask(given, &proposal.order.digest(), &[]).await?.reply.is_some());
    }
    report.set("answers_without_a_public_receipt", answered);
    report.expect("every trustee had answered the first order", answered == 5);
    let next = lawful_copy(story, lawful, |_| {}).await?;
    let said = attempt(story, &next, &both(story, &next)?, report).await?;
    let answered = said.iter().filter(|said| said.reply.is_some()).count();
    report.set("answered_once_they_are_public", answered);
    report.expect("with the receipts in the log every trustee answers again", answered == 5);
    Ok(())
}

/// Most slices that are tried.
const MOST_SLICES: usize = 200;

pub(super) async fn slices(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let address = address_digest("bitcoin", &story.population.donation_address);
    let classes = ClassSet::new([Class::Name, Class::Address]);
    let donors = story.population.donors();
    report.set("donors", donors.len());
    let mut exposed = 0;
    for (number, slice) in donors.chunks(5).enumerate().take(MOST_SLICES) {
        let mut facts = lawful.proposal.as_ref().context("no order")?.facts.value().clone();
        facts.addresses = vec![address];
        facts.matter = made_up(&format!("matter {number}"));
        facts.asked.subjects = u32::try_from(slice.len())?;
        for finding in &mut facts.findings {
            let value = match finding.question() {
                Question::Exposed => slice.len().to_string(),
                Question::Uninvolved => "0".to_owned(),
                _ => continue,
            };
            *finding = Finding::new(finding.question(), &value, "he says so", finding.by().clone(), finding.at())?;
        }
        let (records, subjects) = manifest(story, slice, &classes).await?;
        let proposal = write_order(story, facts, records, subjects, |_| {})?;
        let said = attempt(story, &proposal, &both(story, &proposal)?, report).await?;
        let answered = said.iter().filter(|said| said.reply.is_some()).count();
        report.add("slices_tried", 1);
        if answered < story.custody.desk.threshold()? {
            outcome(report, "slice_refused", &said, "CAP_ADDRESS");
            break;
        }
        exposed += slice.len();
    }
    report.set("people_exposed_before", exposed);
    report.expect("some slices were tried", report.number("slices_tried") > 1);
    report.expect("a slice was refused", report.evidence.contains_key("slice_refused"));
    report.expect("most donors stay sealed", exposed * 2 < donors.len());
    Ok(())
}

/// The keys of all witnesses are stolen too: the private log has every signature that it needs.
pub(super) async fn stolen_witnesses(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let proposal = lawful_copy(story, lawful, |_| {}).await?;
    let public = publish(story, &proposal.order).await?;
    let mut forged = fork(&public, &log_key(story)?)?;
    let now = u64::try_from(story.custody.desk.now().unix())?;
    for witness in &story.custody.config.witnesses {
        let key = story.place().witness(witness.number).join("witness.key");
        let key = SigningKey::parse(files::read_text(&key, 1024)?.trim_end())?;
        let line = cosign(&forged, &key, now)?;
        forged.add(line)?;
    }
    let mut shown = public.evidence(None)?;
    shown.proof = LogProof { extra: None, index: 0, hashes: Vec::new(), checkpoint: forged }.to_string();
    let approvals = both(story, &proposal)?;
    let parts = RequestParts { proposal: &proposal, approvals: &approvals, leaf: shown, delay: None };
    let said = ask_all(story, &parts, report).await?;
    outcome(report, "private_log_with_every_signature", &said, "CHECKPOINT_DIFFERS");
    Ok(())
}
