//! People who are in force and act alone, or are made to act.

use super::super::attempt::refuses;
use crate::demo::adversary::{lawful_copy, outcome};
use crate::demo::attacker::Thief;
use crate::demo::operator::{attempt, lies, manifest, signature, write_order};
use crate::demo::report::Report;
use crate::demo::story::Story;
use anyhow::{Context, Result};
use countersign_core::approval::{Approval, SignerRole};
use countersign_core::class::{Class, ClassSet};
use countersign_core::control::{Person, Role};
use countersign_core::country::Country;
use countersign_core::facts::Facts;
use countersign_core::finding::{Finding, Question};
use countersign_core::id::{AuthorityId, PersonId};
use countersign_core::json::Exact;
use countersign_core::order::{Instrument, Kind};
use countersign_desk::case_file::{CaseFile, Proposal};

pub(super) async fn manager_alone(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let head = &story.cast.regional_head;
    let proposal = lawful_copy(story, lawful, |_| {}).await?;
    let signed = [signature(story, &proposal.order, head, SignerRole::Approver)?];
    let said = attempt(story, &proposal, &signed, report).await?;
    outcome(report, "for_the_court", &said, "POLICY_DENIED");

    let proposal = for_authority(story, lawful, &story.cast.agency, |_| {}).await?;
    let signed = [signature(story, &proposal.order, head, SignerRole::Approver)?];
    let said = attempt(story, &proposal, &signed, report).await?;
    outcome(report, "for_his_agency_with_lies", &said, "POLICY_DENIED");

    let police = AuthorityId::parse("xb-police")?;
    let proposal = for_authority(story, lawful, &police, emergency).await?;
    let signed = [signature(story, &proposal.order, head, SignerRole::Approver)?];
    let said = attempt(story, &proposal, &signed, report).await?;
    outcome(report, "as_an_emergency", &said, "POLICY_DENIED");
    Ok(())
}

/// An order about the first client for another authority, whatever the facts have to say for it.
async fn for_authority(
    story: &Story,
    lawful: &CaseFile,
    authority: &AuthorityId,
    edit: impl FnOnce(&mut Facts),
) -> Result<Proposal> {
    let mut facts = lies(lawful.proposal.as_ref().context("no order")?.facts.value().clone());
    facts.authority = authority.clone();
    edit(&mut facts);
    let client = story.population.clients.first().context("no clients")?;
    let classes = ClassSet::new([Class::Name, Class::Address]);
    let (records, subjects) = manifest(story, &[&client.account], &classes).await?;
    write_order(story, facts, records, subjects, |order| {
        if order.kind == Kind::Emergency {
            order.expires = order.not_before.plus(Kind::Emergency.max_lifetime());
        }
    })
}

fn emergency(facts: &mut Facts) {
    facts.kind = Kind::Emergency;
    facts.instrument = Instrument::Emergency;
    for finding in &mut facts.findings {
        if finding.question() == Question::InstrumentForm
            && let Ok(form) = Finding::new(
                Question::InstrumentForm,
                Instrument::Emergency.as_str(),
                "he says so",
                finding.by().clone(),
                finding.at(),
            )
        {
            *finding = form;
        }
    }
}

pub(super) async fn coerced(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let (anna, bruno) = (&story.cast.anna, &story.cast.bruno);
    let proposal = lawful_copy(story, lawful, |_| {}).await?;
    let own = signature(story, &proposal.order, anna, SignerRole::Approver)?;
    let said = attempt(story, &proposal, std::slice::from_ref(&own), report).await?;
    outcome(report, "signs_alone", &said, "POLICY_DENIED");

    let again = signature(story, &proposal.order, anna, SignerRole::Counsel)?;
    let said = attempt(story, &proposal, &[own.clone(), again], report).await?;
    outcome(report, "signs_twice", &said, "APPROVAL_REPEATED");

    let borrowed = Exact::write(Approval { approver: bruno.clone(), ..own.value().clone() })?;
    let said = attempt(story, &proposal, &[own, borrowed], report).await?;
    outcome(report, "signs_for_a_colleague", &said, "APPROVAL_INVALID");
    Ok(())
}

/// Every state that an authority of the directory belongs to, with everybody it can compel.
pub(super) async fn one_state(story: &Story, lawful: &CaseFile, report: &mut Report) -> Result<()> {
    let desk = &story.custody.desk;
    let state_now = desk.control().at(desk.now());
    for (state, authority) in [("XA", "xa-district-court"), ("XB", "xb-prosecutor"), ("XR", "xr-monitoring-service")] {
        let state = Country::parse(state)?;
        let within: Vec<&Person> =
            state_now.people().values().filter(|person| person.reach.states.contains(&state)).collect();
        let proposal = for_authority(story, lawful, &AuthorityId::parse(authority)?, |_| {}).await?;
        let signed = within.iter().map(|person| signature(story, &proposal.order, &person.id, role(person)));
        let said = attempt(story, &proposal, &signed.collect::<Result<Vec<_>>>()?, report).await?;
        outcome(report, &format!("signed_by_all_of_{state}"), &said, "POLICY_DENIED");
        let names: Vec<&str> = within.iter().map(|person| PersonId::as_str(&person.id)).collect();
        report.set(&format!("within_reach_of_{state}"), names);
    }
    let victim = story.population.clients.first().context("no clients")?;
    let thief = Thief::of(story, &victim.account).await?;
    let opened = thief.open(&thief.replies(&[1, 2])?);
    refuses(report, "threshold", "database_and_t_minus_1_shares", opened, "2 usable replies for `name`, 3 are needed");
    Ok(())
}

/// The strongest role in which somebody signs.
fn role(person: &Person) -> SignerRole {
    if person.roles.contains(&Role::Approver) {
        SignerRole::Approver
    } else if person.roles.contains(&Role::Counsel) {
        SignerRole::Counsel
    } else if person.roles.contains(&Role::RightsExpert) {
        SignerRole::RightsExpert
    } else if person.roles.contains(&Role::Agent) {
        SignerRole::Agent
    } else {
        SignerRole::Author
    }
}
