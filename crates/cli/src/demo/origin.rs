//! Step 5, first part: the origin case.

use super::operator::{all_refused, attempt, lies, manifest, signature, write_order};
use super::report::Report;
use super::story::Story;
use anyhow::{Context, Result};
use countersign_core::approval::SignerRole;
use countersign_core::class::{Class, ClassSet};
use countersign_core::country::Country;
use countersign_core::facts::Factor;
use countersign_core::finding::Question as Q;
use countersign_core::id::{CaseId, Salt};
use countersign_core::order::{Instrument, Kind};
use countersign_core::time::HOUR;
use countersign_desk::documents::{Contact, ContactV1, Fact};
use countersign_desk::findings::ScopeEntry;
use serde_json::json;

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
    letter(story, &case).await?;
    let donors: Vec<&str> = story.population.donors();
    let file = story.custody.desk.case(&case).await?;
    let asked = file.intake.as_ref().context("no request")?.value().people_asked;
    report.set("people_exposed", asked);
    report.add("people_asked", u64::from(asked));
    report.expect(
        "the number of people exposed is known before anybody is named",
        asked as usize == donors.len() && asked > 0,
    );

    // The regional head signs alone, over an order that the operator wrote for him.
    let desk = &story.custody.desk;
    let facts = desk.facts(&file, Kind::Disclosure, &story.cast.officer, Salt([7; 16]))?;
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

/// Then a letter: everyone who paid this address.
async fn letter(story: &Story, case: &CaseId) -> Result<()> {
    let address = story.population.donation_address.as_str();
    let entry = json!({
        "authority": story.cast.agency, "reference": "without number", "instrument": "informal",
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
