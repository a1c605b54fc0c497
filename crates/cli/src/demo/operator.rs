//! A custodian's operator who tries it without the desk: he has every key and file of the custodian and writes his own orders.

use super::report::Report;
use super::story::{Story, note_refusals};
use crate::ceremony::{random, signer_of};
use crate::edge;
use anyhow::{Context, Result};
use countersign_core::approval::{Approval, SignerRole, Verdict};
use countersign_core::class::ClassSet;
use countersign_core::digest;
use countersign_core::facts::Facts;
use countersign_core::finding::{Finding, Question as Q};
use countersign_core::id::{Digest, Handle, OrderId, PersonId};
use countersign_core::json::Exact;
use countersign_core::order::{Instrument, InstrumentRef, Kind, Mode, Order, OrderV1, Recipient, Scope};
use countersign_core::time::DAY;
use countersign_desk::case_file::Proposal;
use countersign_desk::documents::{Decision, DecisionV1};
use countersign_desk::ports::Journal;
use countersign_desk::publish::PublicOrder;
use countersign_desk::release::{RequestParts, Said};
use countersign_store::{Cases, NewLeaf};
use countersign_tlog::leaf::{LeafId, seal_fields, tick_of};
use countersign_verify::manifest::Manifest;
use countersign_verify::order_leaf::order_leaf_fields;

/// An order of the operator's own making.
pub(crate) fn write_order(
    story: &Story,
    facts: Facts,
    manifest: Manifest,
    subjects: usize,
    edit: impl FnOnce(&mut Order),
) -> Result<Proposal> {
    let desk = &story.custody.desk;
    let custodian = desk.custodian();
    let now = desk.now();
    let authority = desk.authority(&facts.authority)?;
    let facts = Exact::write(facts)?;
    let manifest = Exact::write(manifest)?;
    let expires = now.plus(Kind::Disclosure.max_lifetime());
    let mut order = Order {
        v: OrderV1,
        id: OrderId(random(&mut edge::rng()?)),
        custodian: custodian.genesis.value().custodian.id,
        case: facts.value().case,
        kind: facts.value().kind,
        authority: facts.value().authority.clone(),
        instrument: InstrumentRef { form: facts.value().instrument, request: Digest(edge::seed()?) },
        policy: custodian.bundle.digest(),
        facts: facts.digest(),
        scope: Scope {
            manifest: manifest.value().root()?,
            subjects: u32::try_from(subjects)?,
            records: u32::try_from(manifest.value().entries.len())?,
            classes: manifest.value().classes(),
            from: None,
            to: None,
        },
        recipient: Recipient {
            mode: Mode::Authority,
            key: authority.recipient.as_ref().context("no key of the authority")?.xwing,
        },
        not_before: now,
        expires,
        latest_opening: expires.quarter_end(),
        delay: None,
        notice_due: Some(expires.plus(DAY)),
        ring: custodian.ring.as_ref().context("no ring")?.ring.id(),
    };
    edit(&mut order);
    let decision = Decision {
        v: DecisionV1,
        case: countersign_core::id::CaseId(random(&mut edge::rng()?)),
        outcome: "comply".into(),
        lane: String::new(),
        reasons: Vec::new(),
        kind: order.kind,
        people_asked: order.scope.subjects,
        cells_asked: 0,
        people_granted: order.scope.subjects,
        cells_granted: 0,
        facts: facts.digest(),
        policy: order.policy,
        at: now,
        by: story.cast.officer.clone(),
    };
    Ok(Proposal { order: Exact::write(order)?, facts, manifest, decision: Exact::write(decision)? })
}

/// The records of these accounts.
pub(crate) async fn manifest(story: &Story, accounts: &[&str], classes: &ClassSet) -> Result<(Manifest, usize)> {
    let mut handles: Vec<Handle> = Vec::new();
    for account in accounts {
        let handle = story.custody.desk.handle_of(&story.custody.references, account).await?;
        handles.push(handle.with_context(|| format!("no client `{account}`"))?);
    }
    Ok((story.custody.desk.manifest(&handles, classes).await?, handles.len()))
}

/// A person's signature under an order.
pub(crate) fn signature(
    story: &Story,
    order: &Exact<Order>,
    person: &PersonId,
    role: SignerRole,
) -> Result<Exact<Approval>> {
    let signer = signer_of(story.place(), person)?;
    signer.approve(&order.digest(), person, role, Verdict::Approve, story.custody.desk.now())
}

/// Puts the order's leaf into the journal and waits until it is public: the operator obeys the log, because trustees look there.
pub(crate) async fn publish(story: &Story, order: &Exact<Order>) -> Result<PublicOrder> {
    let mut rng = edge::rng()?;
    let tick = tick_of(u64::try_from(story.custody.desk.now().unix())?);
    let (leaf, disclosures) = seal_fields(LeafId::random(&mut rng), tick, &order_leaf_fields(order), &mut rng)?;
    let texts: Vec<String> = disclosures.iter().map(|disclosure| disclosure.as_str().to_owned()).collect();
    let key: [u8; 32] = random(&mut rng);
    let new = NewLeaf { key, kind: "order".into(), leaf, disclosures: texts.clone() };
    story.custody.store.append_leaves(Vec::new(), vec![new]).await?;
    let leaf = story.custody.log.public(&key).await.map_err(anyhow::Error::msg)?;
    Ok(PublicOrder { leaf, disclosures: texts })
}

/// Publishes the order and asks every trustee. What they refuse is logged and noted.
pub(crate) async fn attempt(
    story: &Story,
    proposal: &Proposal,
    approvals: &[Exact<Approval>],
    report: &mut Report,
) -> Result<Vec<Said>> {
    let public = publish(story, &proposal.order).await?;
    let parts = RequestParts { proposal, approvals, leaf: public.evidence(None)?, delay: None };
    ask_all(story, &parts, report).await
}

/// Asks every trustee, without any intent: an operator who goes around the desk has no need of its licence.
pub(crate) async fn ask_all(story: &Story, parts: &RequestParts<'_>, report: &mut Report) -> Result<Vec<Said>> {
    let desk = &story.custody.desk;
    let mut said = Vec::new();
    for trustee in desk.trustees() {
        let request = desk.request_for(trustee.index(), parts).await?;
        said.push(desk.ask(trustee.as_ref(), &parts.proposal.order.digest(), request.text().as_bytes()).await?);
    }
    note_refusals(report, &said);
    Ok(said)
}

/// Whether every trustee refused, and each with this code.
pub(crate) fn all_refused(said: &[Said], code: &str) -> bool {
    let codes = said.iter().filter_map(|said| said.receipt.as_ref()?.value().code.clone());
    said.len() == 5 && codes.filter(|found| found == code).count() == 5
}

/// A digest that stands for a thing the operator made up.
pub(crate) fn made_up(what: &str) -> Digest {
    digest::plain(what.as_bytes())
}

/// The same facts with everything turned that an operator could turn.
pub(crate) fn lies(mut facts: Facts) -> Facts {
    facts.instrument = Instrument::CourtOrder;
    facts.listed_by.clear();
    facts.necessary = facts.asked.classes.clone();
    facts.allowed = facts.asked.classes.clone();
    let turned = [
        (Q::InstrumentForm, "court_order"),
        (Q::Form, "formal"),
        (Q::Targets, "named"),
        (Q::Political, "none"),
        (Q::Competence, "yes"),
        (Q::FormallyValid, "yes"),
        (Q::ConflictOfLaws, "no"),
        (Q::Persecution, "no"),
        (Q::OnwardUse, "no"),
        (Q::Uninvolved, "0"),
        (Q::ListedBy, "0"),
    ];
    for finding in &mut facts.findings {
        let lie = turned.iter().find(|(question, _)| *question == finding.question());
        if let Some((question, value)) = lie
            && let Ok(lied) = Finding::new(*question, value, "the operator says so", finding.by().clone(), finding.at())
        {
            *finding = lied;
        }
    }
    facts
}
