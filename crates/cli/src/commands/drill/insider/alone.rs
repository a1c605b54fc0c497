//! The agent alone: he has the desk's commands and his own keys.

use super::{Came, ada, ben, draft, handle, names, read};
use crate::commands::drill::attempt::refuses;
use crate::commands::read::reader_of;
use crate::demo::operator::signature;
use crate::demo::report::Report;
use crate::demo::story::Story;
use anyhow::Result;
use countersign_core::approval::SignerRole;
use countersign_core::id::CaseId;
use countersign_core::reading::Reason;
use countersign_desk::reading::{About, HONEY, NewReading};

pub(super) async fn picks(story: &Story, report: &mut Report) -> Result<()> {
    let (desk, ada) = (&story.custody.desk, ada()?);
    let client = handle(story, 5).await?;
    let case = desk.open_ticket(vec![client], Reason::Payment, &ada).await?;
    let asked = draft(story, &ada, About::Ticket(case), &[]).await;
    refuses(report, "desk", "a_case_of_his_own_making", asked, "NOT_ASSIGNED");
    refuses(report, "desk", "takes_his_own_case", desk.take_ticket(&ada).await, "no case is waiting");
    let asked = draft(story, &ada, About::Ticket(CaseId([7; 16])), &[]).await;
    refuses(report, "desk", "a_case_that_is_not_there", asked, "NOT_ASSIGNED");
    // The colleague gets the case that he has opened; it is closed, so that nothing of it is left.
    let taken = desk.take_ticket(&ben()?).await?;
    report.expect("the queue gives his case to a colleague", taken.case == case);
    let asked = draft(story, &ada, About::Ticket(case), &[]).await;
    refuses(report, "desk", "the_colleagues_case", asked, "NOT_ASSIGNED");
    Ok(desk.close_ticket(&case, &ben()?).await?)
}

pub(super) async fn borrows(story: &Story, report: &mut Report) -> Result<()> {
    let (desk, ada, ben) = (&story.custody.desk, ada()?, ben()?);
    let case = desk.open_ticket(vec![handle(story, 6).await?], Reason::Payment, &story.cast.officer).await?;
    desk.take_ticket(&ben).await?;
    let own = reader_of(&story.custody, &ada)?.public()?;
    let new = NewReading { agent: ben.clone(), key: own, about: About::Ticket(case), classes: names() };
    refuses(
        report,
        "desk",
        "his_key_under_her_name",
        desk.draft_reading(new).await.map(|_| ()),
        "is not the reader's key",
    );
    // Drafted as she would, to her key, and signed by him.
    let id = draft(story, &ben, About::Ticket(case), &[]).await?;
    let drafted = desk.drafted_reading(&id).await?;
    let his = signature(story, &drafted.order, &ada, SignerRole::Agent)?;
    let forged = his.text().replace(ada.as_str(), ben.as_str());
    refuses(
        report,
        "desk",
        "his_signature_under_her_name",
        desk.sign_reading(&id, forged.as_bytes()).await,
        "not in the roster",
    );
    desk.sign_reading(&id, his.bytes()).await?;
    match read(story, &id, &ben).await? {
        Came::Refused(refusals) => {
            report.expect("trustees miss her signature", refusals.iter().all(|one| one.contains("SIGNERS_MISSING")));
            super::note(report, &refusals);
        }
        Came::Read(_) | Came::Waits => report.expect("trustees miss her signature", false),
    }
    Ok(desk.close_ticket(&case, &ben).await?)
}

pub(super) async fn honey(story: &Story, report: &mut Report) -> Result<()> {
    let (desk, ada) = (&story.custody.desk, ada()?);
    let planted = handle(story, 7).await?;
    desk.plant_honey(&planted).await?;
    report.expect("nobody is alarmed before", desk.alarms().await?.is_empty());
    let case = desk.open_ticket(vec![planted], Reason::Complaint, &story.cast.officer).await?;
    desk.take_ticket(&ada).await?;
    let id = draft(story, &ada, About::Ticket(case), &[(&ada, SignerRole::Agent)]).await?;
    let came = read(story, &id, &ada).await?;
    report.expect("the answer is like any other", matches!(came, Came::Read(texts) if texts.len() == 1));
    report.set("alarms", desk.alarms().await?.len());
    report.expect("one alarm is raised", desk.alarms().await?.len() == 1);
    report.set("code", HONEY);
    Ok(desk.close_ticket(&case, &ada).await?)
}
