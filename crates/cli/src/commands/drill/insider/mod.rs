//! `countersign drill insider`: a bribed agent of the support desk, alone and then with the help of whoever operates the
//! custodian. He really gets what the budget allows, and nothing else.

mod alone;
mod helped;

use super::attempt::{Attempt, Must, control, refused};
use super::ground::Ground;
use crate::commands::read::{open_for, reader_of};
use crate::demo::report::Report;
use crate::demo::story::Story;
use crate::demo::{genesis, register};
use anyhow::{Context, Result, bail};
use countersign_core::approval::SignerRole;
use countersign_core::class::{Class, ClassSet};
use countersign_core::id::{Handle, OrderId, PersonId};
use countersign_core::reading::Reason;
use countersign_desk::DeskError;
use countersign_desk::reading::{About, Asked, NewReading};

const AGENT: &str = "bribed agent";
const HELPED: &str = "bribed agent with the operator's help";

/// The attempts, in order. The first and the last are controls.
pub(super) static ATTEMPTS: [Attempt; 13] = [
    control(
        "honest_ground",
        "a custodian is founded, clients are sealed, the queue assigns a case, its agent reads a name",
    ),
    refused(
        "picks_a_client",
        AGENT,
        "asks for a named client whose case is not his, and opens one for himself",
        "the queue",
    ),
    refused(
        "borrows_a_name",
        AGENT,
        "asks in a colleague's name, to his own key and to hers",
        "the key of the roster; the colleague's signature",
    ),
    Attempt {
        name: "honey_record",
        adversary: AGENT,
        tries: "reads a case that holds an invented client",
        stopped_by: "nothing: the answer is like any other, and an alarm is raised that he does not see",
        must: Must::Happen,
    },
    refused(
        "client_who_is_not_there",
        HELPED,
        "claims that the client is present, with a consent of his own making and with none",
        "the client's key in the label of each record",
    ),
    refused(
        "invents_agents",
        HELPED,
        "adds an agent by a signature of one approver, and reads as the puppet at once",
        "additions need approvals, trustees' acknowledgements and seven days",
    ),
    refused(
        "names_another_reader",
        HELPED,
        "has the answer encrypted to a key of his own, and reads in a colleague's name with his signature",
        "the reader's key and the signing keys of the roster in force",
    ),
    refused(
        "breaks_the_glass",
        HELPED,
        "breaks the glass alone, with somebody of his own state, for bank data, and without waiting",
        "two people in two states, classes that the lane never opens, ten minutes in public",
    ),
    refused("is_vetoed", HELPED, "breaks the glass with a colleague abroad, and an approver objects", "the veto"),
    refused(
        "replays",
        HELPED,
        "uses the order of an answered reading for another client",
        "one digest for an order id, kept by each trustee",
    ),
    refused(
        "exceeds_the_budget",
        HELPED,
        "reads three clients of his choice after another until nobody answers",
        "the budget that each trustee counts",
    ),
    refused(
        "asks_for_more_with_a_peer",
        HELPED,
        "goes on with a colleague who stands in for him",
        "the peer's own limit",
    ),
    control("honest_reading_after_all", "a colleague's next case is answered"),
];

/// Makes one attempt.
pub(super) async fn play(attempt: &str, ground: &mut Ground, report: &mut Report) -> Result<()> {
    if attempt == "honest_ground" {
        ground.found().await?;
        let (story, _) = ground.parts()?;
        genesis::check(story, report).await?;
        register::import(story, report).await?;
        return honest(story, &ben()?, 0, report).await;
    }
    if attempt == "is_vetoed" {
        return helped::is_vetoed(ground, report).await;
    }
    let story = ground.story()?;
    match attempt {
        "picks_a_client" => alone::picks(story, report).await,
        "borrows_a_name" => alone::borrows(story, report).await,
        "honey_record" => alone::honey(story, report).await,
        "client_who_is_not_there" => helped::absent_client(story, report).await,
        "invents_agents" => helped::invents_agents(story, report).await,
        "names_another_reader" => helped::another_reader(story, report).await,
        "breaks_the_glass" => helped::breaks_the_glass(story, report).await,
        "replays" => helped::replays(story, report).await,
        "exceeds_the_budget" => helped::exceeds(story, report).await,
        "asks_for_more_with_a_peer" => helped::beyond(story, report).await,
        "honest_reading_after_all" => honest(story, &ben()?, 1, report).await,
        other => bail!("no attempt is called `{other}`"),
    }
}

fn ada() -> Result<PersonId> {
    Ok(PersonId::parse("ada-roth")?)
}

fn ben() -> Result<PersonId> {
    Ok(PersonId::parse("ben-weiss")?)
}

fn names() -> ClassSet {
    ClassSet::new([Class::Name])
}

async fn handle(story: &Story, client: usize) -> Result<Handle> {
    let account = &story.population.clients.get(client).context("no such client")?.account;
    let handle = story.custody.desk.handle_of(&story.custody.references, account).await?;
    handle.context("no such client")
}

async fn handles(story: &Story, clients: &[usize]) -> Result<Vec<Handle>> {
    let mut all = Vec::new();
    for client in clients {
        all.push(handle(story, *client).await?);
    }
    Ok(all)
}

/// Drafts a reading through the desk and has these people sign it.
async fn draft(story: &Story, agent: &PersonId, about: About, signers: &[(&PersonId, SignerRole)]) -> Result<OrderId> {
    let desk = &story.custody.desk;
    let key = reader_of(&story.custody, agent)?.public()?;
    let new = NewReading { agent: agent.clone(), key, about, classes: names() };
    let drafted = desk.draft_reading(new).await?;
    let id = drafted.order.value().id;
    for (person, role) in signers {
        let signed = crate::demo::operator::signature(story, &drafted.order, person, *role)?;
        desk.sign_reading(&id, signed.bytes()).await?;
    }
    Ok(id)
}

/// What a reading came to: the names read, or the refusals of the trustees.
enum Came {
    Read(Vec<String>),
    Refused(Vec<String>),
    Waits,
}

async fn read(story: &Story, id: &OrderId, agent: &PersonId) -> Result<Came> {
    let answered = match story.custody.desk.ask_reading(id).await {
        Ok(Asked::Answered(answered)) => answered,
        Ok(Asked::Waiting { .. }) => return Ok(Came::Waits),
        Err(DeskError::Trustees { refusals, .. }) => return Ok(Came::Refused(refusals)),
        Err(error) => return Err(error.into()),
    };
    let cells = open_for(&story.custody, &reader_of(&story.custody, agent)?, &answered)?;
    let texts = cells.iter().map(|cell| String::from_utf8_lossy(&cell.content).into_owned());
    Ok(Came::Read(texts.collect()))
}

/// Puts the refusals of trustees into the report: the code is the last word of each.
fn note(report: &mut Report, refusals: &[String]) {
    for refusal in refusals {
        let mut words = refusal.split(": ");
        report.push("refused_by", words.next().unwrap_or_default());
        report.push("refusal_codes", words.next().unwrap_or_default());
        report.add("partials_refused", 1);
    }
}

/// The officer opens a case of one client, the queue assigns it, its agent reads the name.
async fn honest(story: &Story, agent: &PersonId, client: usize, report: &mut Report) -> Result<()> {
    let desk = &story.custody.desk;
    desk.open_ticket(vec![handle(story, client).await?], Reason::Payment, &story.cast.officer).await?;
    let ticket = desk.take_ticket(agent).await?;
    let id = draft(story, agent, About::Ticket(ticket.case), &[(agent, SignerRole::Agent)]).await?;
    let came = read(story, &id, agent).await?;
    desk.close_ticket(&ticket.case, agent).await?;
    let name = &story.population.clients.get(client).context("no such client")?.primary_identifier;
    let read = match came {
        Came::Read(texts) => texts.iter().any(|text| text.contains(name)),
        Came::Refused(refusals) => {
            refusals.iter().for_each(|refusal| report.push("failed", refusal));
            false
        }
        Came::Waits => false,
    };
    report.expect("the assigned agent reads the right name", read);
    Ok(())
}
