//! Step 7: everybody who could cheat tries.

use super::forgery::cancelling;
use super::operator::{all_refused, ask_all, attempt, made_up, manifest, publish, signature, write_order};
use super::report::{Progress, Report};
use super::story::{Story, copy_folder, note_refusals};
use crate::custody::Custody;
use crate::edge;
use crate::place::Place;
use crate::signer::Signer;
use anyhow::{Context, Result};
use countersign_core::approval::{SignerRole, Verdict};
use countersign_core::class::{Class, ClassSet};
use countersign_core::control::{Action, Change, ChangeV1, Person, Role};
use countersign_core::id::{Digest, PersonId};
use countersign_core::json::Exact;
use countersign_desk::case_file::{CaseFile, Proposal};
use countersign_desk::ports::Journal;
use countersign_desk::publish::PublicOrder;
use countersign_desk::release::{RequestParts, Said};
use countersign_seal::label::Label;
use countersign_store::{Cases, NewLeaf, Register};
use countersign_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use countersign_tlog::leaf::{ControlLeaf, ControlSignature, LeafId, tick_of};
use countersign_tlog::merkle::Frontier;
use countersign_tlog::note::SigningKey;
use countersign_tlog::proof::LogProof;
use countersign_tlog::witness::AddCheckpoint;
use countersign_verify::evidence::{SUMS, sums, verify_evidence};
use countersign_verify::manifest::{Manifest, ManifestEntry};
use countersign_verify::wire::HexBytes;
use std::sync::Arc;

pub(crate) async fn step(story: &mut Story, progress: &Progress, report: &mut Report) -> Result<()> {
    let lawful = lawful_case(story, progress).await?;
    puppet(story, &lawful, report).await?;
    weaker_policy(story, &lawful, report).await?;
    reused_id(story, &lawful, report).await?;
    relabelled(story, &lawful, report).await?;
    one_weight(story, &lawful, report).await?;
    private_log(story, &lawful, report).await?;
    old_snapshot(story, report).await?;
    below_threshold(story, &lawful, report).await
}

pub(crate) async fn lawful_case(story: &Story, progress: &Progress) -> Result<CaseFile> {
    let id = progress.cases.get("lawful").context("step 3 was not played")?;
    Ok(story.custody.desk.case(&story.custody.desk.find_case(id).await?).await?)
}

/// A lawful order about the same client again, which the attacks then bend.
pub(crate) async fn lawful_copy(
    story: &Story,
    lawful: &CaseFile,
    edit: impl FnOnce(&mut countersign_core::order::Order),
) -> Result<Proposal> {
    let proposal = lawful.proposal.as_ref().context("no order")?;
    let client = story.population.clients.first().context("no clients")?;
    let (records, subjects) = manifest(story, &[&client.account], &proposal.order.value().scope.classes).await?;
    // Its records stay sealed to the ring that it names, also when that one was rotated away.
    let ring = proposal.order.value().ring;
    let of_its_ring = |order: &mut countersign_core::order::Order| {
        order.ring = ring;
        edit(order);
    };
    write_order(story, proposal.facts.value().clone(), records, subjects, of_its_ring)
}

pub(crate) fn both(story: &Story, proposal: &Proposal) -> Result<Vec<Exact<countersign_core::approval::Approval>>> {
    Ok(vec![
        signature(story, &proposal.order, &story.cast.anna, SignerRole::Approver)?,
        signature(story, &proposal.order, &story.cast.bruno, SignerRole::Approver)?,
    ])
}

pub(crate) fn outcome(report: &mut Report, attack: &str, said: &[Said], code: &str) {
    report.set(attack, code);
    report.expect(&format!("{attack}: every trustee refuses with {code}"), all_refused(said, code));
}

/// A control leaf of the operator's own.
pub(crate) async fn control_leaf(story: &Story, action: Action, signers: &[(&str, &Signer)]) -> Result<()> {
    let desk = &story.custody.desk;
    let genesis = &desk.custodian().genesis;
    let change = Exact::write(Change {
        v: ChangeV1,
        custodian: genesis.value().custodian.id,
        genesis: genesis.digest(),
        number: desk.control().next_number(),
        effective: desk.now(),
        action,
    })?;
    let signatures = signers
        .iter()
        .map(|(by, signer)| Ok(ControlSignature { by: (*by).to_owned(), sig: signer.sign_control(change.text())? }));
    let mut rng = edge::rng()?;
    let tick = tick_of(u64::try_from(desk.now().unix())?);
    let leaf =
        ControlLeaf::new(LeafId::random(&mut rng), tick, change.text().to_owned(), signatures.collect::<Result<_>>()?)?;
    let key = edge::seed()?;
    let new = NewLeaf { key, kind: "control".into(), leaf: leaf.to_bytes()?, disclosures: Vec::new() };
    story.custody.store.append_leaves(Vec::new(), vec![new]).await?;
    story.custody.log.public(&key).await.map_err(anyhow::Error::msg)?;
    story.custody.refold().await
}

/// A puppet approver is added by the regional head and used at once.
pub(crate) async fn puppet(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let puppet = Signer::Plain(ed25519_dalek::SigningKey::from_bytes(&edge::seed()?));
    let head = crate::ceremony::signer_of(story.place(), &story.cast.regional_head)?;
    let id = PersonId::parse("paul-pup")?;
    let state = "XC".parse()?;
    let person = Person {
        id: id.clone(),
        roles: vec![Role::Approver],
        state,
        manages: Vec::new(),
        independent: true,
        reach: crate::ceremony::reach(&[state], story.custody.desk.now()),
        keys: vec![puppet.public()],
        reader: None,
    };
    control_leaf(story, Action::AddPerson(person), &[("person:roman-karel", &head)]).await?;
    let rejected = story.custody.desk.control().rejected().last().map(|rejected| rejected.reason.clone());
    report.set("puppet_leaf", rejected.unwrap_or_default());
    let proposal = lawful_copy(story, lawful, |_| {}).await?;
    let now = story.custody.desk.now();
    let signed = vec![
        signature(story, &proposal.order, &story.cast.bruno, SignerRole::Approver)?,
        puppet.approve(&proposal.order.digest(), &id, SignerRole::Approver, Verdict::Approve, now)?,
    ];
    let said = attempt(story, &proposal, &signed, report).await?;
    outcome(report, "puppet_approver", &said, "APPROVER_NOT_IN_FORCE");
    Ok(())
}

/// A weaker policy is written into the log and named by an order.
pub(crate) async fn weaker_policy(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let weaker = made_up("permit (principal, action, resource);");
    control_leaf(story, Action::SetPolicy(weaker), &[]).await?;
    let rejected = story.custody.desk.control().rejected().last().map(|rejected| rejected.reason.clone());
    report.set("policy_leaf", rejected.unwrap_or_default());
    let proposal = lawful_copy(story, lawful, |order| order.policy = weaker).await?;
    let said = attempt(story, &proposal, &both(story, &proposal)?, report).await?;
    outcome(report, "weaker_policy", &said, "POLICY_NOT_IN_FORCE");
    Ok(())
}

/// The id of an answered order is used for another one; the approvers were deceived into signing it.
pub(crate) async fn reused_id(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let answered = lawful.proposal.as_ref().context("no order")?.order.value().id;
    let proposal = lawful_copy(story, lawful, |order| order.id = answered).await?;
    let said = attempt(story, &proposal, &both(story, &proposal)?, report).await?;
    let codes = said.iter().filter_map(|said| said.receipt.as_ref()?.value().code.clone());
    let refused = codes.filter(|code| code == "ORDER_ID_REUSED").count();
    report.set("replayed_order", "ORDER_ID_REUSED");
    report.set("replayed_order_refused_by", refused);
    report.expect("every trustee that answered the first order refuses the second", refused >= 3);
    report.expect("fewer than t trustees are left", said.iter().filter(|said| said.reply.is_some()).count() < 3);
    Ok(())
}

/// Client B's capsule under client A's label.
pub(crate) async fn relabelled(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let (entry, header) = bent_entry(story, |label, b| Ok((label.clone(), b.header.to_vec()))).await?;
    let said = send_bent(story, lawful, entry, header, report).await?;
    outcome(report, "relabelled_capsule", &said, "HEADER_INVALID");
    Ok(())
}

/// The same with a forged proof that cancels under one weight for both equations.
pub(crate) async fn one_weight(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let ring = story.custody.desk.custodian().ring.as_ref().context("no ring")?.ring.id();
    let (entry, header) = bent_entry(story, |label, b| {
        let stolen = b.header.first_chunk::<32>().context("no capsule")?;
        let forged = cancelling(&ring, label, stolen)?;
        Ok((forged.label, forged.header.bytes().to_vec()))
    })
    .await?;
    let said = send_bent(story, lawful, entry, header, report).await?;
    outcome(report, "one_weight_for_two_equations", &said, "HEADER_INVALID");
    Ok(())
}

/// A manifest entry that shows A's label with B's capsule.
pub(crate) async fn bent_entry(
    story: &Story,
    bend: impl FnOnce(&Label, &countersign_store::SealedRecord) -> Result<(Label, Vec<u8>)>,
) -> Result<(ManifestEntry, Vec<u8>)> {
    let [a, b] = story.population.clients.as_slice().first_chunk::<2>().context("too few clients")?;
    let mut records = Vec::new();
    for client in [a, b] {
        let handle =
            story.custody.desk.handle_of(&story.custody.references, &client.account).await?.context("no client")?;
        records.push(story.custody.store.records_of(&handle).await?.pop().context("no record")?);
    }
    let [own, stolen] = records.as_slice() else { anyhow::bail!("two records are needed") };
    let (label, header) = bend(&Label::decode(&own.label)?, stolen)?;
    let u = Digest(*header.first_chunk::<32>().context("no capsule")?);
    let classes = ClassSet::new([Class::Name, Class::Address]);
    let record = label.record_id(u.as_bytes());
    Ok((ManifestEntry { record, label: HexBytes(label.encode()), u, classes }, header))
}

pub(crate) async fn send_bent(
    story: &Story,
    lawful: &CaseFile,
    entry: ManifestEntry,
    header: Vec<u8>,
    report: &mut Report,
) -> Result<Vec<Said>> {
    let facts = lawful.proposal.as_ref().context("no order")?.facts.value().clone();
    let records = Manifest { v: Default::default(), entries: vec![entry] };
    let proposal = write_order(story, facts, records, 1, |_| {})?;
    let approvals = both(story, &proposal)?;
    let public = publish(story, &proposal.order).await?;
    let parts = RequestParts { proposal: &proposal, approvals: &approvals, leaf: public.evidence(None)?, delay: None };
    let desk = &story.custody.desk;
    let mut said = Vec::new();
    for index in 1..=5 {
        let request = desk.sign_request(index, &parts, vec![HexBytes(header.clone())])?;
        let trustee = story.port(index)?;
        said.push(desk.ask(trustee.as_ref(), &proposal.order.digest(), request.text().as_bytes()).await?);
    }
    note_refusals(report, &said);
    Ok(said)
}

/// The operator signs a private journal in which the order stands, and shows it to the trustees. No witness cosigns it.
pub(crate) async fn private_log(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let proposal = lawful_copy(story, lawful, |_| {}).await?;
    let public = publish(story, &proposal.order).await?;
    let key = log_key(story)?;
    let forged = fork(&public, &key)?;
    // A witness is asked to cosign the fork as the next checkpoint.
    let request = AddCheckpoint { old_size: 0, proof: Vec::new(), checkpoint: forged.clone() };
    let witness = crate::parties::local_witness(story.place(), 1, key.verifier(), story.custody.desk.clock())?;
    let (status, _) = witness.add_checkpoint(request.to_body().into_bytes()).await?;
    report.set("witness_status_for_fork", status);
    report.expect("a witness refuses the fork", status == 409 || status == 422);
    let mut shown = public.evidence(None)?;
    shown.proof = LogProof { extra: None, index: 0, hashes: Vec::new(), checkpoint: forged }.to_string();
    let approvals = both(story, &proposal)?;
    let parts = RequestParts { proposal: &proposal, approvals: &approvals, leaf: shown, delay: None };
    let said = ask_all(story, &parts, report).await?;
    outcome(report, "private_log", &said, "NOT_PUBLIC");
    Ok(())
}

/// The key that signs the log.
pub(crate) fn log_key(story: &Story) -> Result<SigningKey> {
    Ok(SigningKey::parse(crate::files::read_text(&story.place().key("log.key"), 1024)?.trim_end())?)
}

/// A log of one leaf, signed by the log.
pub(crate) fn fork(public: &PublicOrder, key: &SigningKey) -> Result<SignedCheckpoint> {
    let mut fork = Frontier::new();
    fork.push_leaf(public.leaf.leaf())?;
    let honest = public.leaf.proof().checkpoint.checkpoint();
    Ok(Checkpoint { origin: honest.origin.clone(), size: 1, root: fork.root() }.sign(key)?)
}

/// The custodian's folder is restored from an old backup: the log must not sign again what it signed differently.
pub(crate) async fn old_snapshot(story: &Story, report: &mut Report) -> Result<bool> {
    let root = story.place().root().join("attacker/snapshot");
    for party in ["witnesses", "trustees"] {
        copy_folder(&story.place().root().join(party), &root.join(party))?;
    }
    let refused = match Custody::open_at(Place::new(&root), Arc::clone(story.custody.desk.clock())).await {
        Ok(custody) => {
            custody.close().await?;
            String::new()
        }
        Err(error) => format!("{error:#}"),
    };
    // The copies of other parties' folders served this one attempt.
    for party in ["witnesses", "trustees"] {
        std::fs::remove_dir_all(root.join(party))?;
    }
    let stopped = refused.contains("the store is an old copy");
    report.expect("a restored snapshot refuses to sign", stopped);
    report.push("refusal_codes", "SNAPSHOT_BEHIND_WITNESSES");
    report.set("restored_snapshot", refused);
    Ok(stopped)
}

/// Two of five trustees answer a lawful order; that is not enough for anybody.
pub(crate) async fn below_threshold(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let order = lawful.proposal.as_ref().context("no order")?.order.value().id;
    let folder = story.place().evidence().join(order.to_hex());
    let mut files = crate::files::read_folder(&folder, 1 << 30)?;
    let dropped = files.keys().find(|path| path.starts_with("receipts/")).cloned().context("no receipts")?;
    files.remove(&dropped);
    let list = sums(&files);
    files.insert(SUMS.into(), list.into_bytes());
    let fault = verify_evidence(&files, None).err().map(|fault| fault.to_string()).unwrap_or_default();
    report.expect("evidence of t-1 trustees does not hold", fault.contains("the threshold is"));
    report.set("t_minus_1_trustees", fault);
    let victim = story.population.clients.first().context("no clients")?;
    let theft = super::attacker::steal(story, &victim.account).await?;
    report.expect("and t-1 shares open nothing", theft.below.is_err());
    report.push("refusal_codes", "BELOW_THRESHOLD");
    Ok(())
}
