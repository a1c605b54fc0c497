//! Step 5, first part: the origin case.

use super::chain::{self, Truth};
use super::operator::{all_refused, attempt, lies, manifest, signature, write_order};
use super::report::Report;
use super::story::Story;
use crate::ceremony::signer_of;
use crate::commands::case::blast::{addresses, signed};
use anyhow::{Context, Result};
use countersign_core::approval::SignerRole;
use countersign_core::band::Band;
use countersign_core::class::{Class, ClassSet};
use countersign_core::country::Country;
use countersign_core::facts::Factor;
use countersign_core::finding::Question as Q;
use countersign_core::id::{CaseId, PersonId, Salt};
use countersign_core::json::Exact;
use countersign_core::order::{Instrument, Kind};
use countersign_core::query::Query;
use countersign_core::time::HOUR;
use countersign_desk::DeskError;
use countersign_desk::blast::Question;
use countersign_desk::documents::{Contact, ContactV1, Fact};
use countersign_desk::findings::ScopeEntry;
use countersign_verify::query::check_query;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// What the agency calls its letter.
const REFERENCE: &str = "without number";

/// What the report calls the answer.
pub(crate) const BLAST_RADIUS: &str = "blast_radius";

/// Reasons that the refusal must give.
const REASONS: [&str; 6] = [
    "NO_LEGAL_INSTRUMENT",
    "DRAGNET",
    "POLITICAL_OR_RIGHTS_RED_FLAG",
    "LISTED_BY_REQUESTER_ALONE",
    "APPROVER_WITHIN_REACH",
    "CONFLICT_OF_LAWS",
];

pub(crate) async fn step(story: &mut Story, report: &mut Report) -> Result<()> {
    let case = contact(story, report).await?;
    let truth = chain::generate(story)?;
    count(story, &truth, report).await?;
    letter(story, &case).await?;
    let donors: Vec<&str> = story.population.donors();
    let file = story.custody.desk.case(&case).await?;
    let asked = file.intake.as_ref().context("no request")?.value().people_asked;
    report.set("people_exposed", asked);
    report.add("people_asked", u64::from(asked));
    report.expect(
        "the number of people exposed is known before anybody is named",
        asked as usize >= truth.direct && asked > 0,
    );

    // The regional head signs alone, over an order that the operator wrote for him.
    let desk = &story.custody.desk;
    let facts = desk.facts(&file, Kind::Disclosure, &story.cast.officer, Salt([7; 16]))?;
    let exposed = facts.findings.iter().find(|finding| finding.question() == Q::Exposed);
    report.expect(
        "the policy reads it as a fact with its source",
        exposed.is_some_and(|fact| {
            fact.value() == asked.to_string() && fact.source().starts_with("chain: tracing order ")
        }),
    );
    let classes = ClassSet::new([Class::Name, Class::Address]);
    let (records, subjects) = manifest(story, &donors, &classes).await?;
    let honest = write_order(story, facts.clone(), records.clone(), subjects, |_| {})?;
    let alone = vec![signature(story, &honest.order, &story.cast.regional_head, SignerRole::Approver)?];
    let more = desk.ruling_at_release(&honest, &alone)?;
    let more: Vec<String> = more.reasons.iter().map(ToString::to_string).collect();
    let refusal = desk.refuse(&case, &more, &story.cast.officer).await?;
    for reason in &refusal.value().reasons {
        report.push("refusal_codes", reason);
    }
    report.set("letter_bytes", refusal.value().letter.len());
    for reason in REASONS {
        report
            .expect(&format!("the refusal names {reason}"), refusal.value().reasons.iter().any(|code| code == reason));
    }

    // The operator tries anyway: first with the truth, then with lies in the facts.
    let said = attempt(story, &honest, &alone, report).await?;
    report.expect("every trustee refuses the order that the regional head signed", all_refused(&said, "POLICY_DENIED"));
    let lied =
        write_order(story, lies(facts), records, subjects, |order| order.instrument.form = Instrument::CourtOrder)?;
    let signed = vec![signature(story, &lied.order, &story.cast.regional_head, SignerRole::Approver)?];
    let said = attempt(story, &lied, &signed, report).await?;
    report.expect("and the one with lies in its facts", all_refused(&said, "POLICY_DENIED"));
    report.set("trustee_refusals_logged", said.len() * 2);
    desk.close(&case, &story.cast.officer).await?;
    Ok(())
}

/// An informal meeting, registered within a day: met, asked, promised, delivered are four facts.
async fn contact(story: &Story, report: &mut Report) -> Result<CaseId> {
    let now = story.custody.desk.now();
    let fact = |said: &str, hours: i64| {
        Some(Fact { said: said.into(), source: "roman-karel, asked by counsel".into(), at: now.plus(-hours * HOUR) })
    };
    let contact = Contact {
        v: ContactV1,
        authority: story.cast.agency.clone(),
        state: Country::parse("XR")?,
        approached: vec![story.cast.regional_head.clone()],
        met: fact("a meeting in the agency's office", 20),
        asked: fact("names and addresses of everyone who donated to a jailed politician's organisation", 20),
        promised: fact("he would see what can be done", 20),
        delivered: None,
        at: now,
        by: story.cast.officer.clone(),
    };
    let (case, in_time) = story.custody.desk.register_contact(contact, &story.cast.officer).await?;
    report.set("contact_registered_in_time", in_time);
    report.set("contact_facts", vec!["met", "asked", "promised"]);
    report.expect("the contact is registered within 24 hours", in_time);
    Ok(case)
}

/// Where an auditor finds what opens the leaf of the question.
pub(crate) fn question_file(root: &Path) -> PathBuf {
    root.join("auditor/question.json")
}

/// How many clients the letter would expose, counted in the chain under an order before the letter is filed: over two payments, so one
/// approver signs beside the officer. Nobody is named, and nobody can be: what comes out are bands.
async fn count(story: &Story, truth: &Truth, report: &mut Report) -> Result<()> {
    let (desk, officer, anna) = (&story.custody.desk, &story.cast.officer, &story.cast.anna);
    let addresses = addresses(std::slice::from_ref(&story.population.donation_address));
    let order = desk.prepare_trace(&desk.matter_of(&story.cast.agency, REFERENCE)?, &addresses, 2, officer)?;
    let sign = |person: &PersonId, role| signed(&order, &signer_of(story.place(), person)?, person, role, desk.now());
    let alone = vec![sign(officer, SignerRole::Author)?];
    let both = vec![sign(officer, SignerRole::Author)?, sign(anna, SignerRole::Approver)?];
    let question = Question { hops: 2, ..Question::default() };
    let refused = desk.ask_blast(&order, &alone, &addresses, &question, None).await;
    let refused = matches!(&refused, Err(DeskError::Refused { code: "HOPS_NOT_APPROVED", .. }));
    report.expect("two payments need an approver beside the officer", refused);
    let slice = Question { min_satoshi: 1_234, ..question.clone() };
    let slice = desk.ask_blast(&order, &both, &addresses, &slice, None).await;
    report.expect("a question that differs little from another is refused", matches!(slice, Err(DeskError::Input(_))));
    let query = desk.ask_blast(&order, &both, &addresses, &question, None).await?;
    let again = desk.ask_blast(&order, &both, &addresses, &question, None).await?;
    report.expect("the same question has the same answer", again == query);
    let opening = desk.query_opening(&query).await?;
    report.expect("its leaf says what was answered", check_query(opening.bytes()).is_ok());
    crate::files::write(&question_file(story.place().root()), opening.bytes())?;
    let value = query.value();
    let direct = Band::of(truth.direct);
    let counted =
        value.clients.iter().all(|of| of.by_hops.first() == Some(&direct) && of.by_hops.last() >= Some(&direct));
    report.expect(
        "the band holds as many clients as the chain's author knows to have given",
        counted && truth.all > truth.direct,
    );
    report.set(BLAST_RADIUS, described(&query));
    Ok(())
}

/// An answer as the report tells it.
pub(crate) fn described(query: &Exact<Query>) -> Value {
    let value = query.value();
    let hops = (1..).zip(value.least_by_hops().into_iter().zip(value.by_hops()));
    let hops: Vec<Value> =
        hops.map(|(hops, (least, most)): (u8, _)| json!({"hops": hops, "least": least, "most": most})).collect();
    let rules: Map<String, Value> = value.clients.iter().map(|of| (of.rule.to_string(), json!(of.by_hops))).collect();
    json!({
        "order": value.order, "question": query.digest(), "payments": value.payments, "clients": hops, "by_rule": rules,
        "from_sums_on": value.falls, "shape_of_a_list_of_donors": value.looks_like_donors,
    })
}

/// Then a letter: everyone who paid this address.
async fn letter(story: &Story, case: &CaseId) -> Result<()> {
    let address = story.population.donation_address.as_str();
    let entry = json!({
        "authority": story.cast.agency, "reference": REFERENCE, "instrument": "informal",
        "everyone_who_paid": {"chain": "bitcoin", "address": address},
        "classes": ["name", "address"], "channel": "letter"
    });
    let lines = ["Ruritanian Financial Monitoring Service", "Name everyone who paid this address:", address];
    story.file("Letter of the agency", &lines, &entry, None, Some(case)).await?;
    let confirmed = "the agency confirms that it wrote the letter";
    story.check_sender(case, &[(Factor::Directory, true, "entry found"), (Factor::CallBack, true, confirmed)]).await?;
    story
        .find(
            case,
            &[
                (Q::Targets, "dragnet", "the letter names nobody: whoever paid one address"),
                (Q::Political, "yes", "the organisation is the opposition's; its head is in prison for politics"),
                (Q::Competence, "no", "no statute cited"),
                (Q::FormallyValid, "no", "no case number, no signature of a judge"),
                (Q::ConflictOfLaws, "yes", "GDPR article 48: no agreement with XR"),
                (Q::Persecution, "risk", "reports of independent observers"),
                (Q::OnwardUse, "yes", "subordinate to the security service by decree"),
                (Q::Uninvolved, "100", "the people are donors; no offence of theirs is named"),
            ],
        )
        .await?;
    let entry = ScopeEntry {
        subjects: Vec::new(),
        left_out: "nobody is named".into(),
        necessary: ClassSet::default(),
        allowed: ClassSet::default(),
        listed_by: vec![Country::parse("XR")?],
    };
    Ok(story.custody.desk.set_scope(case, entry, &story.cast.officer).await?)
}
