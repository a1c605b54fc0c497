//! Steps 3 and 4: a lawful order is answered, and a financial intelligence unit with a short clock.

use super::programs;
use super::report::{Progress, Report};
use super::story::Story;
use crate::commands::order::keep;
use crate::commands::verify;
use crate::edge;
use crate::files;
use anyhow::{Context, Result, bail};
use countersign_core::approval::SignerRole;
use countersign_core::class::{Class, ClassSet};
use countersign_core::facts::Factor;
use countersign_core::finding::Question as Q;
use countersign_core::id::{AuthorityId, CaseId, Salt};
use countersign_core::order::salted_request_digest;
use countersign_core::time::DAY;
use countersign_desk::findings::ScopeEntry;
use countersign_desk::propose::Proposed;
use countersign_desk::release::Released;
use countersign_open::{open, write_bag};
use countersign_seal::normal::Normal;
use countersign_testkit::pdf;
use countersign_verify::evidence::SUMS;
use countersign_verify::wire::{DelayOrder, DelayV1, Signed};
use serde_json::json;
use std::path::PathBuf;

/// Step 3: two accounts asked, all classes; one person, name and address granted.
pub(crate) async fn court(story: &mut Story, progress: &mut Progress, report: &mut Report) -> Result<()> {
    let [wanted, stranger] = story.population.clients.as_slice().first_chunk::<2>().context("too few clients")?;
    let entry = json!({
        "authority": story.cast.court, "reference": "12 Js 34/26", "instrument": "court_order",
        "accounts": [wanted.account, stranger.account], "classes": ["all"], "channel": "letter"
    });
    let lines = [
        "District Court of Aldermark City, 12 Js 34/26",
        "In the proceedings for fraud the exchange is ordered to produce all data on the accounts",
        &format!("{} and {}.", wanted.account, stranger.account),
    ];
    let case = story.file("Order of the district court", &lines, &entry, None, None).await?;
    let call = "the registry confirms order 12 Js 34/26 and its date";
    story.check_sender(&case, &[(Factor::Directory, true, "entry found"), (Factor::CallBack, true, call)]).await?;
    story.find(&case, &ordinary()).await?;
    story.find(&case, &[(Q::Uninvolved, "50", "the second account has no link to the facts of the order")]).await?;
    let why = "the second account has no link to the facts";
    scope(story, &case, &[&wanted.account], &[Class::Name, Class::Address], why).await?;
    let decision = propose(story, &case).await?;
    report.set("people_asked", decision.people_asked);
    report.set("cells_asked", decision.cells_asked);
    report.set("people_granted", decision.people_granted);
    report.set("cells_granted", decision.cells_granted);
    report.set("outcome", decision.outcome.as_str());
    report.set("lane", decision.lane.as_str());
    report.expect(
        "the scope is narrowed to 1 person x 2 classes",
        (decision.people_granted, decision.cells_granted) == (1, 2),
    );
    let (first, missing) = story.sign(&case, &story.cast.anna, SignerRole::Approver).await?;
    report.set("missing_after_one_approval", missing);
    report.expect("one approval is not enough", !first);
    let (complete, _) = story.sign(&case, &story.cast.bruno, SignerRole::Approver).await?;
    report.expect("two approvals are enough", complete);
    let released = release(story, &case, report).await?;
    let opened = open_as(story, &story.cast.court, &case, &released, report)?;
    report.set("people_opened", opened.people);
    report.expect("the authority reads the right name", opened.json.contains(&wanted.primary_identifier));
    report.expect("and the right street", opened.json.contains(&escaped(&wanted.street_name)));
    report.expect("and nothing of the other account", !opened.json.contains(&stranger.email_address));
    report.expect("and no class that was not granted", !opened.json.contains(&wanted.email_address));
    checks_by_programs(story, &case, &released, &opened.bag, report).await?;
    let notice = story.custody.desk.notify(&case, &story.cast.officer).await?;
    report.set("notice", format!("{} {}", notice.value().form, notice.value().at));
    progress.cases.insert("lawful".into(), case.to_hex());
    Ok(())
}

/// Step 4: one named client, delayed notice, nothing visible.
pub(crate) async fn fiu(story: &mut Story, progress: &mut Progress, report: &mut Report) -> Result<()> {
    let client = story.population.clients.get(2).context("too few clients")?;
    let entry = json!({
        "authority": story.cast.fiu, "reference": "FIU-2026-881", "instrument": "fiu_request",
        "others": 1,
        "classes": ["name", "address", "document_number"], "channel": "portal"
    });
    let name = format!("{} {}", client.secondary_identifier, client.primary_identifier);
    let letter = pdf::letter("Request of the FIU", &["FIU-2026-881", &name, "Answer within 24 hours."]);
    let delay = delay_order(story, &letter)?;
    let filed = story.file_raw("Request of the FIU", letter, &entry, Some(delay), None).await?;
    let case = &filed;
    story
        .check_sender(
            case,
            &[
                (Factor::Directory, true, "entry found"),
                (Factor::RegisteredKey, true, "delay order signed under the key of our directory"),
                (Factor::CallBack, true, "the duty officer confirms FIU-2026-881"),
            ],
        )
        .await?;
    let value = Normal::name_and_birth(&[&name], &client.date_of_birth)?;
    let found = story.look_up(case, value).await?;
    report.set("looked_up_by", found.said.iter().filter(|said| said.reply.is_some()).count());
    report.set("clients_found", found.clients.len());
    let account = story.custody.desk.handle_of(&story.custody.references, &client.account).await?;
    report.expect("the person is found by name and birth date", found.clients.as_slice() == account.as_slice());
    let stranger = Normal::name_and_birth(&["Nobody", "Ofthatname"], "1901-01-01")?;
    let stranger = story.look_up(case, stranger).await?;
    report.expect("a name that no client has is not found", stranger.clients.is_empty());
    story.find(case, &ordinary()).await?;
    story.find(case, &[(Q::Delay, "statute", "signed delay order under the home anti-money-laundering act")]).await?;
    let classes = [Class::Name, Class::Address, Class::DocumentNumber];
    scope(story, case, &[&client.account], &classes, "").await?;
    let decision = propose(story, case).await?;
    report.set("people_asked", decision.people_asked);
    report.set("cells_granted", decision.cells_granted);
    report.set("outcome", decision.outcome.as_str());
    report.set("lane", decision.lane.as_str());
    story.sign(case, &story.cast.officer, SignerRole::Author).await?;
    story.sign(case, &story.cast.anna, SignerRole::Approver).await?;
    let (complete, missing) = story.sign(case, &story.cast.bruno, SignerRole::Approver).await?;
    report.expect("legal author and two approvers, one out of reach, are the quorum", complete);
    report.set("missing", missing);
    let released = release(story, case, report).await?;
    let opened = open_as(story, &story.cast.fiu, case, &released, report)?;
    report.expect("the authority reads the right document number", opened.json.contains(&client.national_identifier));
    let notice = story.custody.desk.notify(case, &story.cast.officer).await?;
    report.set("notice", format!("{} until {}", notice.value().form, notice.value().at));
    report.expect("notice is delayed", notice.value().form.as_str() == "delayed");
    let openings = super::totals::count_openings(story).await?;
    report.set("openings_in_the_log", openings);
    report.expect("nothing was opened: the client sees nothing", openings == 0);
    progress.cases.insert("fiu".into(), case.to_hex());
    Ok(())
}

/// Answers that an ordinary lawful request needs, each with its source.
pub(crate) fn ordinary() -> Vec<(Q, &'static str, &'static str)> {
    vec![
        (Q::Competence, "yes", "Code of Criminal Procedure of XA, section 12"),
        (Q::FormallyValid, "yes", "checklist: signed, dated, addressed to us, complete"),
        (Q::Political, "none", "the offence is fraud; no red flag found"),
        (Q::Offence, "yes", "fraud, maximum penalty five years, facts stated"),
    ]
}

/// Sets the scope: these accounts, these classes.
pub(crate) async fn scope(
    story: &Story,
    case: &CaseId,
    accounts: &[&str],
    necessary: &[Class],
    left_out: &str,
) -> Result<()> {
    let mut subjects = Vec::new();
    for account in accounts {
        let handle = story.custody.desk.handle_of(&story.custody.references, account).await?;
        subjects.push(handle.with_context(|| format!("no client `{account}`"))?);
    }
    let entry = ScopeEntry {
        subjects,
        left_out: left_out.to_owned(),
        necessary: ClassSet::new(necessary.iter().copied()),
        allowed: Class::ALL.iter().copied().collect(),
        listed_by: Vec::new(),
    };
    Ok(story.custody.desk.set_scope(case, entry, &story.cast.officer).await?)
}

pub(crate) async fn propose(story: &Story, case: &CaseId) -> Result<countersign_desk::documents::Decision> {
    match story.custody.desk.propose(case, &story.cast.officer).await? {
        Proposed::Order(proposed) => Ok(proposed.decision.value().clone()),
        Proposed::NotAllowed(ruling) => {
            let reasons: Vec<String> = ruling.reasons.iter().map(ToString::to_string).collect();
            let missing: Vec<String> = ruling.missing.iter().map(ToString::to_string).collect();
            bail!("{}: {} (unanswered: {})", ruling.outcome, reasons.join(", "), missing.join(", "))
        }
    }
}

async fn release(story: &Story, case: &CaseId, report: &mut Report) -> Result<Released> {
    let desk = &story.custody.desk;
    let released = desk.release(case, &story.place().outbox(), &keep(story.place()), &story.cast.officer).await?;
    let order = desk.case(case).await?.proposal.context("no order")?.order;
    let folder = story.place().evidence().join(order.value().id.to_hex());
    let genesis = desk.custodian().genesis.digest();
    let evidence = verify::evidence(&folder, Some(&genesis))?;
    report.set("order", order.digest().to_hex());
    report.set("order_leaf", released.index);
    report.set("intent_leaf", released.intent);
    report.set("package", released.digest.to_hex());
    report.set("trustees_answered", evidence.receipts.len());
    for said in released.said.iter().filter(|said| said.reply.is_none()) {
        report.push("trustees_failed", &format!("trustee {}: {}", said.trustee, said.summary));
    }
    report.set("bundle_verified_offline", evidence.policy_rerun);
    report.expect("exactly the threshold of trustees answered", evidence.receipts.len() == 3);
    report.expect("the evidence holds offline, policy included", evidence.policy_rerun);
    report.expect("the intent was public before", released.intent > released.index);
    Ok(released)
}

struct OpenedBy {
    people: usize,
    json: String,
    bag: PathBuf,
}

fn open_as(
    story: &Story,
    authority: &AuthorityId,
    case: &CaseId,
    released: &Released,
    report: &mut Report,
) -> Result<OpenedBy> {
    let own = story.place().authority(authority);
    let genesis = story.custody.desk.custodian().genesis.digest();
    let opened = open(&released.package, &own, Some(&genesis), &edge::seed()?)?;
    report.expect("no trustee's reply was wrong", opened.opening.liars.is_empty());
    let bag = own.join(format!("opened-{case}"));
    if bag.exists() {
        std::fs::remove_dir_all(&bag)?;
    }
    let people = write_bag(&opened, &bag)?;
    let json = files::read_text(&bag.join("data/clients.json"), 1 << 30)?;
    Ok(OpenedBy { people, json, bag })
}

/// Programs of others check what was written; where they are not installed the report says so.
async fn checks_by_programs(
    story: &Story,
    case: &CaseId,
    released: &Released,
    bag: &std::path::Path,
    report: &mut Report,
) -> Result<()> {
    let age = programs::age_opens(&released.package, &story.place().authority(&story.cast.court))?;
    report.set("package_opened_by_age", age.clone());
    report.expect("the age program opens the package", age != false);
    let evidence = story.custody.desk.case(case).await?.proposal.context("no order")?.order.value().id;
    for folder in [story.place().evidence().join(evidence.to_hex()), bag.to_owned()] {
        let sums = programs::sums_hold(&folder, SUMS)?;
        report.set("sums_checked_by_sha512sum", sums.clone());
        report.expect("sha512sum accepts the list of digests", sums != false);
    }
    let file = story.custody.desk.case(case).await?;
    let approval = file.approvals.iter().find(|approval| approval.value().key.starts_with("ssh-ed25519"));
    let approval = approval.context("nobody signed with an SSH key")?.value();
    let ssh = programs::ssh_signature_holds(approval, &story.place().person(&approval.approver))?;
    report.set("approval_checked_by_ssh_keygen", ssh.clone());
    report.expect("ssh-keygen accepts the approval", ssh != false);
    Ok(())
}

/// The FIU signs a delay order over its own letter, under a salt of its own.
fn delay_order(story: &Story, letter: &[u8]) -> Result<String> {
    let key = files::read(&story.place().authority(&story.cast.fiu).join(crate::place::AUTHORITY_KEY), 64)?;
    let key: [u8; 32] = key.as_slice().try_into().context("the authority's key is damaged")?;
    let salt = Salt(crate::ceremony::random(&mut crate::edge::rng()?));
    let at = story.custody.desk.now();
    let order = DelayOrder {
        v: DelayV1,
        authority: story.cast.fiu.clone(),
        request: salted_request_digest(&salt, letter),
        salt,
        basis: "Anti-Money-Laundering Act of XA, section 47".into(),
        at,
        until: at.plus(180 * DAY),
    };
    Ok(Signed::sign(order, &ed25519_dalek::SigningKey::from_bytes(&key))?.text().to_owned())
}

/// A text as JSON writes it inside quotes.
fn escaped(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default().trim_matches('"').to_owned()
}
