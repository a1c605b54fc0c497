//! Step 6: a forged emergency from a hacked mailbox.

use super::report::Report;
use super::story::Story;
use anyhow::{Context, Result};
use countersign_core::facts::Factor;
use countersign_core::finding::Question as Q;
use countersign_desk::sender::Sender;
use serde_json::json;

pub(crate) async fn step(story: &mut Story, report: &mut Report) -> Result<()> {
    let client = story.population.clients.get(3).context("too few clients")?;
    let entry = json!({
        "authority": "xb-police", "reference": "URGENT 1", "instrument": "emergency", "emergency": true,
        "accounts": [client.account], "classes": ["name", "address", "phone"], "channel": "e-mail"
    });
    let lines =
        ["A life is in danger. Send name, address and phone at once.", "Do not call, write to this address only."];
    let case = story.file("Emergency by mail", &lines, &entry, None, None).await?;
    let claim = [(Q::ThreatToLife, "yes", "claimed in the mail"), (Q::Competence, "yes", "police of a bloc state")];
    story.find(&case, &claim).await?;
    let number = story.custody.desk.authority(&"xb-police".parse()?)?.call_back.clone().unwrap_or_default();
    report.set("called", number);
    let call = "the duty desk knows nothing of this and its mailbox was broken into";
    let tried = [(Factor::Directory, true, "the address stands in the directory"), (Factor::CallBack, false, call)];
    let sender = story.check_sender(&case, &tried).await?;
    report.expect("the call-back exposes the forgery", sender == Sender::Fake);
    let file = story.custody.desk.case(&case).await?;
    report.set("stage", file.stage.name());
    report.expect("the case is rejected as fake", file.stage.name() == "REJECTED_FAKE");
    let ruling = story.custody.desk.evaluate(&case).await?;
    report.set("outcome", ruling.outcome.as_str());
    for reason in &ruling.reasons {
        report.push("refusal_codes", reason.as_str());
    }
    report.expect("the policy says so too", ruling.outcome.as_str() == "reject_fake");
    report.expect(
        "nothing was proposed",
        story.custody.desk.propose(&case, &story.cast.officer).await.is_err() || !ruling.allowed,
    );
    story.custody.desk.close(&case, &story.cast.officer).await?;
    report.add("people_asked", 1);
    Ok(())
}
