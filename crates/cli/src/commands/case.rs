//! `countersign case`.

pub(crate) mod blast;
mod list;
mod replay;
mod review;
mod steps;

use crate::commands::client::find::one_lookup;
use crate::custody::Custody;
use crate::deadlines;
use crate::edge;
use crate::files;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use countersign_core::case::Stage;
use countersign_core::class::{Class, ClassSet};
use countersign_core::country::Country;
use countersign_core::facts::Factor;
use countersign_core::finding::{Finding, Question};
use countersign_core::id::PersonId;
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_desk::case_file::CaseFile;
use countersign_desk::clocks::{CaseClock, Standing, clocks_of};
use countersign_desk::documents::FactorTried;
use countersign_desk::findings::ScopeEntry;
use countersign_desk::propose::{Addressee, Proposed};
use countersign_desk::sender::Sender;
use countersign_intake::message::TaskKind;
use countersign_store::Cases;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub(crate) const EXAMPLE: &str = "Examples (CASE is the id or the beginning of it):
  countersign case list
  countersign case list --due --for lena-ohm
  countersign case export CASE --out case-12
  countersign case replay case-12 --genesis DIGEST
  countersign case show CASE
  countersign case letter CASE --key people/lena-ohm/case.agekey --out letter.pdf
  countersign case sender CASE --confirmed directory --confirmed call_back --note 'spoke to the registry' --as lena-ohm
  countersign case find CASE D06=yes D09=yes D14=none --source 'Code of Criminal Procedure, s. 12' --as lena-ohm
  countersign case scope CASE --subject A-000001 --necessary name,address --allowed name,address,birth \\
      --left-out 'account A-000002 has no link to the facts' --as lena-ohm
  countersign case blast CASE --address bc1q... --as lena-ohm --key people/lena-ohm/approval.key
  countersign case propose CASE --as lena-ohm
  countersign case refuse CASE --as lena-ohm
  countersign case ask CASE --why 'the offence is not named' --as lena-ohm
  countersign case preserve CASE --until 2027-02-01T00:00:00Z --why 'production order' --as lena-ohm
  countersign case challenge CASE --paper motion.pdf --why 'motion to quash' --as eva-stone
  countersign case withdraw CASE --paper withdrawal.pdf --why 'withdrawn by the court' --as lena-ohm
  countersign case list --review
  countersign case review CASE --confirmed --why 'read the letter, findings and scope' --as clara-voss";

#[derive(Args)]
pub(crate) struct Case {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Every case, the one that moved last first; with `--due` the open ones by deadline, with `--review` those drawn for a second review.
    List(list::List),
    /// Where a case stands, what was found, what is missing.
    Show {
        /// The case.
        case: String,
    },
    /// Write a case as a folder that can be given away: events, documents, leaves with disclosures and proofs; no letters, no notes.
    Export {
        /// The case.
        case: String,
        /// The folder to write; it must not exist yet.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Rebuild a case from its folder, offline: every event against its leaf and its document.
    Replay(replay::Replay),
    /// Decrypt the letter of a case with a case officer's key.
    Letter {
        /// The case.
        case: String,
        /// The officer's age identity.
        #[arg(long)]
        key: PathBuf,
        /// Where to write the letter.
        #[arg(long)]
        out: PathBuf,
    },
    /// Conclude the check of the sender: at least two factors, one out of band.
    Sender(SenderArgs),
    /// Answer questions of the decision table (D01 to D34).
    Find(Find),
    /// Set the scope that is necessary and allowed.
    Scope(Scope),
    /// Ask the policy, and propose the order it allows.
    Propose(Propose),
    /// How many clients the request would expose: asked of the chain, under an order that its officer signs.
    Blast(blast::Blast),
    /// Sign a tracing order as an approver; needs no custodian.
    BlastSign(blast::BlastSign),
    /// Refuse with the reasons of the policy.
    Refuse(By),
    /// Note what the persons concerned are told and when.
    Notify(By),
    #[command(flatten)]
    Step(steps::Steps),
    /// Record what the second review of a drawn case found; by somebody who had no part in the case.
    Review(review::Review),
    /// Close a case in which nothing is left to do.
    Close(By),
}

#[derive(Args)]
struct Propose {
    case: String,
    /// The law leaves no choice and counsel disagrees: three approvers, counsel's signature, and a challenge on file before the release.
    #[arg(long)]
    under_protest: bool,
    /// A worker in force that opens the package, keeps the window and encrypts to the authority.
    #[arg(long, value_name = "NAME")]
    worker: Option<PersonId>,
    /// Start of the window of monthly records; only a worker takes part of a month.
    #[arg(long, requires_all = ["worker", "to"], value_name = "TIME")]
    from: Option<Timestamp>,
    /// End of the window, excluded.
    #[arg(long, requires_all = ["worker", "from"], value_name = "TIME")]
    to: Option<Timestamp>,
    /// Who proposes.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
}

#[derive(Args)]
struct By {
    /// The case.
    case: String,
    /// Who acts.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
}

#[derive(Args)]
struct SenderArgs {
    /// The case.
    case: String,
    /// A factor that confirmed the sender: directory, call_back, registered_key, client_certificate, qualified_seal, second_officer.
    #[arg(long, value_name = "FACTOR")]
    confirmed: Vec<Factor>,
    /// A factor that contradicted the sender.
    #[arg(long, value_name = "FACTOR")]
    failed: Vec<Factor>,
    /// The officer who checked besides, for `second_officer`.
    #[arg(long, value_name = "PERSON")]
    second_officer: Option<PersonId>,
    /// What was said or seen.
    #[arg(long)]
    note: String,
    /// Who checked.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
}

#[derive(Args)]
struct Find {
    /// The case.
    case: String,
    /// Question and answer: `D06 yes`, or several answers from one source: `D06=yes D09=yes D14=none`.
    #[arg(required = true, value_name = "ANSWER")]
    answers: Vec<String>,
    /// Where the answers come from.
    #[arg(long)]
    source: String,
    /// Who answers.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
}

#[derive(Args)]
struct Scope {
    /// The case.
    case: String,
    /// An account that belongs to the facts; repeat for several.
    #[arg(long, value_name = "ACCOUNT")]
    subject: Vec<String>,
    /// A lookup of this case whose clients belong to the facts, by the beginning of its digest; repeat for several.
    #[arg(long, value_name = "LOOKUP")]
    found: Vec<String>,
    /// Why the others are left out.
    #[arg(long, default_value = "")]
    left_out: String,
    /// Classes necessary for the purpose.
    #[arg(long, value_delimiter = ',')]
    necessary: Vec<Class>,
    /// Classes the instrument allows.
    #[arg(long, value_delimiter = ',')]
    allowed: Vec<Class>,
    /// States that list the target as terrorist.
    #[arg(long, value_delimiter = ',')]
    listed_by: Vec<Country>,
    /// Who sets the scope.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
}

impl Case {
    pub(crate) async fn run(self, dir: &Path) -> Result<ExitCode> {
        match self.command {
            Command::Replay(replay) => return replay.run(),
            Command::BlastSign(sign) => {
                sign.run(edge::clock().now())?;
                return Ok(ExitCode::SUCCESS);
            }
            _ => {}
        }
        Custody::during(dir, async |custody| self.command.run(custody).await).await?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Command {
    async fn run(self, custody: &Custody) -> Result<()> {
        let desk = &custody.desk;
        match self {
            Command::List(list) => list.run(custody).await?,
            Command::Export { case, out } => {
                let case = desk.find_case(&case).await?;
                let files = desk.export_case(&case).await?;
                files::write_folder(&out, &files)?;
                println!("wrote {}: {} files", out.display(), files.len());
            }
            Command::Replay(_) | Command::BlastSign(_) => bail!("this needs no custodian"),
            Command::Blast(blast) => blast.run(custody).await?,
            Command::Show { case } => show(custody, &desk.case(&desk.find_case(&case).await?).await?).await?,
            Command::Letter { case, key, out } => {
                let file = desk.case(&desk.find_case(&case).await?).await?;
                let intake = file.intake.as_ref().context("the case has no letter")?;
                let sealed = custody.store.document(&intake.value().sealed_raw).await?;
                let sealed = sealed.context("the sealed letter is missing from the store")?;
                files::write_secret(&out, &countersign_open::decrypt(&key, &sealed.bytes)?)?;
                println!("wrote {}", out.display());
            }
            Command::Sender(entry) => entry.run(custody).await?,
            Command::Find(entry) => entry.run(custody).await?,
            Command::Scope(entry) => entry.run(custody).await?,
            Command::Propose(entry) => propose(custody, &entry).await?,
            Command::Refuse(by) => {
                let refusal = desk.refuse(&desk.find_case(&by.case).await?, &[], &by.by).await?;
                println!("{}", refusal.value().letter);
            }
            Command::Notify(by) => {
                let notice = desk.notify(&desk.find_case(&by.case).await?, &by.by).await?;
                println!("notice {} {}: {} people", notice.value().form, notice.value().at, notice.value().people);
            }
            Command::Step(step) => step.run(custody).await?,
            Command::Review(review) => review.run(custody).await?,
            Command::Close(by) => {
                desk.close(&desk.find_case(&by.case).await?, &by.by).await?;
                println!("closed");
            }
        }
        Ok(())
    }
}

impl Find {
    async fn run(self, custody: &Custody) -> Result<()> {
        let desk = &custody.desk;
        let case = desk.find_case(&self.case).await?;
        // All are read before the first is kept: a slip in the last must not leave half of them.
        let findings = answers(&self.answers)?
            .into_iter()
            .map(|(question, value)| Ok(Finding::new(question, value, &self.source, self.by.clone(), desk.now())?))
            .collect::<Result<Vec<_>>>()?;
        for finding in findings {
            desk.add_finding(&case, &finding).await?;
            println!("{} = {}", finding.question(), finding.value());
        }
        Ok(())
    }
}

/// `QUESTION ANSWER`, or `QUESTION=ANSWER` once or several times.
fn answers(given: &[String]) -> Result<Vec<(Question, &str)>> {
    if let [question, value] = given
        && !question.contains('=')
    {
        return Ok(vec![(Question::parse(question)?, value)]);
    }
    given
        .iter()
        .map(|pair| {
            let (question, value) =
                pair.split_once('=').with_context(|| format!("`{pair}` is no answer: write it as D06=yes"))?;
            Ok((Question::parse(question)?, value))
        })
        .collect()
}

impl SenderArgs {
    async fn run(self, custody: &Custody) -> Result<()> {
        let at = custody.desk.now();
        let tried = self.confirmed.iter().map(|factor| (*factor, true));
        let tried = tried.chain(self.failed.iter().map(|factor| (*factor, false)));
        let second = |factor| self.second_officer.clone().filter(|_| factor == Factor::SecondOfficer);
        let tried = tried.map(|(factor, confirmed)| FactorTried {
            factor,
            confirmed,
            note: self.note.clone(),
            at,
            person: second(factor),
        });
        let tried = tried.collect();
        let case = custody.desk.find_case(&self.case).await?;
        match custody.desk.check_sender(&case, tried, &self.by).await? {
            Sender::Confirmed => println!("sender confirmed: REVIEW"),
            Sender::Fake => println!("sender not confirmed: REJECTED_FAKE"),
        }
        Ok(())
    }
}

impl Scope {
    async fn run(self, custody: &Custody) -> Result<()> {
        let mut subjects = Vec::new();
        for account in &self.subject {
            let handle = custody.desk.handle_of(&custody.references, account).await?;
            subjects.push(handle.with_context(|| format!("there is no client with the account `{account}`"))?);
        }
        let case = custody.desk.find_case(&self.case).await?;
        for beginning in &self.found {
            let lookup = one_lookup(custody, &case, Some(beginning)).await?;
            subjects.extend(lookup.found.with_context(|| format!("lookup {} has no outcome", lookup.lookup))?);
        }
        let entry = ScopeEntry {
            subjects,
            left_out: self.left_out,
            necessary: ClassSet::new(self.necessary),
            allowed: ClassSet::new(self.allowed),
            listed_by: self.listed_by,
        };
        custody.desk.set_scope(&case, entry, &self.by).await?;
        println!("scope set");
        Ok(())
    }
}

async fn propose(custody: &Custody, entry: &Propose) -> Result<()> {
    let case = custody.desk.find_case(&entry.case).await?;
    let addressee = match &entry.worker {
        Some(name) => Addressee::Worker { name: name.clone(), window: entry.from.zip(entry.to) },
        None => Addressee::Authority,
    };
    let proposed = if entry.under_protest {
        custody.desk.propose_under_protest(&case, &entry.by, &addressee).await?
    } else {
        custody.desk.propose_for(&case, &entry.by, &addressee).await?
    };
    let file = custody.desk.case(&case).await?;
    if let Some(intake) = &file.intake {
        blast::show_blast(custody, &file, intake.value()).await?;
    }
    match proposed {
        Proposed::Order(proposed) => {
            let decision = proposed.decision.value();
            println!("outcome {} in lane {}", decision.outcome, decision.lane);
            println!(
                "asked {} people, {} cells; granted {} people, {} cells",
                decision.people_asked, decision.cells_asked, decision.people_granted, decision.cells_granted
            );
            if let Some(needed) = &proposed.ruling.requirement {
                println!("quorum: {} approvers, {} out of reach", needed.approvals, needed.out_of_reach);
                if entry.under_protest {
                    println!("under protest: put the filing on file with `case protest` before the release");
                }
            }
            println!("order {}", proposed.order.value().id);
            println!("digest to sign: {}", proposed.order.digest());
            println!("next: countersign order approve {} --as PERSON --key KEY", &case.to_hex()[..8]);
            Ok(())
        }
        Proposed::NotAllowed(ruling) => {
            let reasons: Vec<String> = ruling.reasons.iter().map(ToString::to_string).collect();
            let missing: Vec<String> = ruling.missing.iter().map(ToString::to_string).collect();
            let missing =
                if missing.is_empty() { String::new() } else { format!("; unanswered: {}", missing.join(", ")) };
            bail!("not proposed: {} because of {}{missing}", ruling.outcome, reasons.join(", "))
        }
    }
}

async fn show(custody: &Custody, file: &CaseFile) -> Result<()> {
    println!("case {}: {}", file.id, file.stage.name());
    let now = custody.desk.now();
    if let Some(preserved) = file.aside.preserved.filter(|_| file.life().is_preserved(now)) {
        println!("PRESERVED until {}", preserved.until);
    }
    if let Some(until) = file.aside.delayed {
        println!("nobody is told before {until}: a delay order is on file");
    }
    if file.proposal.as_ref().is_some_and(|proposal| file.life().is_protested(&proposal.order.digest())) {
        println!("a challenge is filed: given under protest");
    }
    if let Some(review) = file.second_review() {
        println!("{}", review::line(&review, now));
    }
    println!("from {}", asker(file));
    if let Some(contact) = &file.contact {
        let contact = contact.value();
        let facts = [
            ("met", &contact.met),
            ("asked", &contact.asked),
            ("promised", &contact.promised),
            ("delivered", &contact.delivered),
        ];
        for (name, fact) in facts {
            match fact {
                Some(fact) => println!("  {name}: {} ({}, {})", fact.said, fact.source, fact.at),
                None => println!("  {name}: nothing known"),
            }
        }
    }
    if let Some(intake) = &file.intake {
        let intake = intake.value();
        println!("instrument {}, received {} by {}", intake.instrument, intake.received_at, intake.channel);
        println!("asked: {} people, classes {}", intake.people_asked, intake.classes);
        show_came(custody, file).await?;
        blast::show_blast(custody, file, intake).await?;
    }
    for finding in file.findings.values() {
        println!(
            "  {} = {} ({}; {}, {})",
            finding.question(),
            finding.value(),
            finding.source(),
            finding.by(),
            finding.at()
        );
    }
    if let Some(scoping) = &file.scoping {
        let scoping = scoping.value();
        println!(
            "scope: {} people, necessary {}, allowed {}",
            scoping.subjects.len(),
            scoping.necessary,
            scoping.allowed
        );
    }
    if file.intake.is_some() && !matches!(file.stage, Stage::Closed | Stage::RejectedFake) {
        let ruling = custody.desk.evaluate(&file.id).await?;
        let reasons: Vec<String> = ruling.reasons.iter().map(ToString::to_string).collect();
        let missing: Vec<String> = ruling.missing.iter().map(ToString::to_string).collect();
        println!("policy: {}{}", ruling.outcome, list(" because of ", &reasons));
        println!("unanswered{}", list(": ", &missing));
    }
    for step in file.steps.iter().map(Exact::value) {
        let until = step.until.map(|until| format!(" until {until}")).unwrap_or_default();
        println!("  {}{until}: {} ({}, {})", step.step, step.why.trim().replace('\n', " / "), step.by, step.at);
    }
    if let Some(proposal) = &file.proposal {
        println!("order {} digest {}", proposal.order.value().id, proposal.order.digest());
        println!("approvals: {}", file.approvals.len());
    }
    show_clocks(custody, file);
    println!("events:");
    for event in &file.events {
        let event = event.value();
        println!("  {} {} {} {}", event.number, event.at, event.event.name(), event.by);
    }
    println!("next: {}", file.stage.next_step());
    Ok(())
}

/// What the message asks beside people and classes; a letter has an officer's entry instead.
async fn show_came(custody: &Custody, file: &CaseFile) -> Result<()> {
    let Some(came) = custody.desk.came(&file.id).await? else { return Ok(()) };
    if came.kind == TaskKind::Preservation {
        println!("asked: to keep the data, not to disclose them");
    }
    if let Some(window) = came.window {
        println!("asked: data from {} to {}", window.from, window.to);
    }
    if came.delay_asked {
        println!("asked: not to tell the persons concerned; that needs the authority's signed delay order");
    }
    Ok(())
}

/// A seat without a calendar must not hide the case.
fn show_clocks(custody: &Custody, file: &CaseFile) {
    let now = custody.desk.now();
    let clocks = match case_clocks(custody, file) {
        Ok(clocks) => clocks,
        Err(error) => return println!("due: cannot be counted: {error:#}"),
    };
    for clock in clocks {
        let stands = match clock.standing(now) {
            Standing::Running if clock.paused => "stands still: this end or later",
            Standing::Running => "runs",
            Standing::Near => "NEAR ITS END",
            Standing::Over => "OVER",
            Standing::Kept => "kept",
            Standing::Missed => "MISSED",
        };
        println!("due {} {}: {} ({})", clock.due.at, stands, clock.clock.title, clock.clock.source);
    }
}

fn case_clocks(custody: &Custody, file: &CaseFile) -> Result<Vec<CaseClock>> {
    let seat = custody.desk.custodian().genesis.value().custodian.seat;
    let (clocks, calendar) = deadlines::of_custodian(&custody.place, seat)?;
    Ok(clocks_of(file, &clocks, &calendar, custody.desk.now())?)
}

fn list(before: &str, items: &[String]) -> String {
    if items.is_empty() { ": nothing".into() } else { format!("{before}{}", items.join(", ")) }
}

fn asker(file: &CaseFile) -> String {
    let intake = file.intake.as_ref().map(|intake| intake.value().authority.to_string());
    intake.or_else(|| file.contact.as_ref().map(|contact| contact.value().authority.to_string())).unwrap_or_default()
}
