//! `countersign read`.

mod present;
mod view;

pub(crate) use view::{Cell, open_for, reader_of};

use crate::commands::change::remove;
use crate::custody::Custody;
use crate::place::{READER_KEY, SIGNING_KEY};
use crate::signer::Signer;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use countersign_core::approval::{SignerRole, Verdict};
use countersign_core::class::{Class, ClassSet};
use countersign_core::control::Action;
use countersign_core::id::{CaseId, Handle, OrderId, PersonId};
use countersign_core::json::Exact;
use countersign_core::reading::Reason;
use countersign_core::time::Timestamp;
use countersign_desk::documents::Incident;
use countersign_desk::reading::{About, Asked, NewReading};
use countersign_store::Cases;
use std::path::{Path, PathBuf};

pub(crate) const EXAMPLE: &str = "Examples (ORDER is what `ask` prints):
  countersign read open --account A-000001 --reason payment --as lena-ohm
  countersign read take --as ada-roth
  countersign read ask CASE --classes name,email --as ada-roth
  countersign read approve ORDER --as ben-weiss           (a peer, beyond the budget)
  countersign read show ORDER --as ada-roth
  countersign read present --account A-000001 --classes name --as ada-roth
  countersign read consent ORDER answer.json --passkey KEY --at TIME
  countersign read break-glass --account A-000001 --classes name,phone --reason threat_to_life --as ada-roth
  countersign read veto ORDER --as anna-berg";

#[derive(Args)]
pub(crate) struct Read {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Open a case for the queue.
    Open {
        /// Whom it concerns, one to three accounts.
        #[arg(long, required = true)]
        account: Vec<String>,
        /// Why.
        #[arg(long)]
        reason: Reason,
        /// Who opens it; the queue never gives it to the same person.
        #[arg(long = "as", value_name = "PERSON")]
        by: PersonId,
    },
    /// The open cases.
    Queue,
    /// Have the queue assign a case.
    Take {
        /// The agent.
        #[arg(long = "as", value_name = "PERSON")]
        by: PersonId,
    },
    /// End a case.
    Close {
        /// The case.
        case: CaseId,
        /// The agent.
        #[arg(long = "as", value_name = "PERSON")]
        by: PersonId,
    },
    /// Ask for classes of an assigned case, signed by the agent.
    Ask {
        /// The case.
        case: CaseId,
        #[command(flatten)]
        agent: Agent,
    },
    /// Ask for classes of a client who is present: the client consents with the registered key.
    Present {
        /// The client's account.
        #[arg(long)]
        account: String,
        /// Why.
        #[arg(long, default_value = "client_asks")]
        reason: Reason,
        #[command(flatten)]
        agent: Agent,
    },
    /// Take in a client's consent.
    Consent {
        /// The order.
        order: OrderId,
        /// The consent's file, or what the client's browser returned.
        file: PathBuf,
        /// The client's passkey, for what a browser returned.
        #[arg(long, value_name = "KEY", requires = "at")]
        passkey: Option<String>,
        /// The time of the challenge, for what a browser returned.
        #[arg(long, value_name = "TIME", requires = "passkey")]
        at: Option<Timestamp>,
    },
    /// Ask where nobody can wait: a second person in another state approves, and anybody vetoes within ten minutes.
    BreakGlass {
        /// Whom it concerns, one to three accounts.
        #[arg(long, required = true)]
        account: Vec<String>,
        /// Why.
        #[arg(long)]
        reason: Reason,
        #[command(flatten)]
        agent: Agent,
    },
    /// Stand in for a reading as a peer or an approver, or refuse it.
    Approve {
        /// The order.
        order: OrderId,
        /// Who signs.
        #[arg(long = "as", value_name = "PERSON")]
        by: PersonId,
        /// A key file of countersign, or an OpenSSH private key; the person's own by default.
        #[arg(long)]
        key: Option<PathBuf>,
        /// In which role: peer or approver.
        #[arg(long, default_value = "peer")]
        role: SignerRole,
        /// Refuse instead of approving.
        #[arg(long)]
        refuse: bool,
    },
    /// Have a reading never answered, at once, as an approver or counsel.
    Veto {
        /// The order.
        order: OrderId,
        /// Who vetoes.
        #[arg(long = "as", value_name = "PERSON")]
        by: PersonId,
        /// A key file of countersign, or an OpenSSH private key; the person's own by default.
        #[arg(long)]
        key: Option<PathBuf>,
    },
    /// Make a reading public, ask the trustees, and show the answer on this terminal; no file is written.
    Show {
        /// The order.
        order: OrderId,
        /// The agent.
        #[arg(long = "as", value_name = "PERSON")]
        by: PersonId,
    },
    /// Digest of an agent's reader key, for the roster.
    Key {
        /// The agent.
        #[arg(long = "as", value_name = "PERSON")]
        by: PersonId,
    },
    /// Mark an invented client as a honey record: reading it raises an alarm that the agent does not see.
    Plant {
        /// The account.
        account: String,
    },
    /// Alarms of honey records.
    Alarms,
}

/// The agent who asks.
#[derive(Args)]
struct Agent {
    /// Classes to read.
    #[arg(long, required = true, value_delimiter = ',')]
    classes: Vec<Class>,
    /// The agent.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
    /// A key file of countersign, or an OpenSSH private key; the agent's own by default.
    #[arg(long)]
    key: Option<PathBuf>,
}

impl Read {
    pub(crate) async fn run(self, dir: &Path) -> Result<()> {
        Custody::during(dir, async |custody| self.command.run(custody).await).await
    }
}

impl Command {
    async fn run(self, custody: &Custody) -> Result<()> {
        let desk = &custody.desk;
        match self {
            Command::Open { account, reason, by } => {
                let case = desk.open_ticket(clients(custody, &account).await?, reason, &by).await?;
                println!("case {case} waits in the queue");
            }
            Command::Queue => {
                for ticket in desk.tickets().await? {
                    let agent = ticket.agent.map_or_else(|| "waiting".to_owned(), |agent| format!("with {agent}"));
                    let (case, clients) = (ticket.case, ticket.subjects.len());
                    println!(
                        "case {case}: {clients} clients, {}, opened {} by {}, {agent}",
                        ticket.reason, ticket.opened, ticket.by
                    );
                }
            }
            Command::Take { by } => {
                let ticket = desk.take_ticket(&by).await?;
                println!("case {} of {} clients is yours: {}", ticket.case, ticket.subjects.len(), ticket.reason);
            }
            Command::Close { case, by } => {
                desk.close_ticket(&case, &by).await?;
                println!("case {case} is closed");
            }
            Command::Ask { case, agent } => agent.ask(custody, About::Ticket(case)).await?,
            Command::Present { account, reason, agent } => {
                let client = client(custody, &account).await?;
                agent.ask(custody, About::Present(client, reason)).await?;
            }
            Command::BreakGlass { account, reason, agent } => {
                let clients = clients(custody, &account).await?;
                agent.ask(custody, About::BreakGlass(clients, reason)).await?;
            }
            Command::Consent { order, file, passkey, at } => {
                let drafted = desk.drafted_reading(&order).await?;
                let consent = present::consent(&drafted.order.digest(), &file, passkey.zip(at))?;
                desk.sign_reading(&order, &consent).await?;
                println!("the client consents to order {order}");
            }
            Command::Approve { order, by, key, role, refuse } => {
                let verdict = if refuse { Verdict::Refuse } else { Verdict::Approve };
                sign(custody, &order, &by, key, role, verdict).await?;
            }
            Command::Veto { order, by, key } => {
                let signer = signer(custody, &by, key)?;
                let (words, published) = remove(custody, Action::HoldOrder(order), &by, &signer).await?;
                words.iter().for_each(|line| println!("{line}"));
                println!("public in leaf {}; in force", published.index);
            }
            Command::Show { order, by } => show(custody, &order, &by).await?,
            Command::Key { by } => println!("{}", reader_of(custody, &by)?.public()?.digest()),
            Command::Plant { account } => desk.plant_honey(&client(custody, &account).await?).await?,
            Command::Alarms => {
                for digest in desk.alarms().await? {
                    let stored = custody.store.document(&digest).await?.context("an alarm without its document")?;
                    let incident = Exact::<Incident>::parse(&stored.bytes)?;
                    println!("{}: {}: {}", incident.value().at, incident.value().code, incident.value().detail);
                }
            }
        }
        Ok(())
    }
}

impl Agent {
    async fn ask(self, custody: &Custody, about: About) -> Result<()> {
        let key = reader_of(custody, &self.by)?.public()?;
        let present = matches!(about, About::Present(..));
        let classes: ClassSet = self.classes.iter().copied().collect();
        let new = NewReading { agent: self.by.clone(), key, about, classes };
        let drafted = custody.desk.draft_reading(new).await?;
        let (id, digest) = (drafted.order.value().id, drafted.order.digest());
        sign(custody, &id, &self.by, self.key, SignerRole::Agent, Verdict::Approve).await?;
        if present {
            present::say_challenge(&digest, &id, custody.desk.now());
        } else {
            println!("next: countersign read show {id} --as {}", self.by);
        }
        Ok(())
    }
}

async fn sign(
    custody: &Custody,
    order: &OrderId,
    by: &PersonId,
    key: Option<PathBuf>,
    role: SignerRole,
    verdict: Verdict,
) -> Result<()> {
    let drafted = custody.desk.drafted_reading(order).await?;
    let scope = &drafted.order.value().scope;
    let reading = drafted.reading.value();
    println!("order {order}: {} clients, classes {}", scope.subjects, scope.classes);
    println!("read by {} by the lane {}: {}", reading.agent, reading.lane, reading.reason);
    let digest = drafted.order.digest();
    let approval = signer(custody, by, key)?.approve(&digest, by, role, verdict, custody.desk.now())?;
    custody.desk.sign_reading(order, approval.bytes()).await?;
    println!("{by} signed {digest} as {role}: {verdict}");
    Ok(())
}

async fn show(custody: &Custody, order: &OrderId, by: &PersonId) -> Result<()> {
    let reader = reader_of(custody, by)?;
    let answered = match custody.desk.ask_reading(order).await? {
        Asked::Answered(answered) => answered,
        Asked::Waiting { index, until } => {
            println!("public in leaf {index}; trustees answer from {until} on unless somebody vetoes");
            println!("next: countersign read show {order} --as {by}, then");
            return Ok(());
        }
    };
    for Cell { handle, class, content } in open_for(custody, &reader, &answered)? {
        let fields: serde_json::Value =
            serde_json::from_slice(&content).context("an entry is not an object of fields")?;
        println!("client {} {class}: {fields}", &handle.to_hex()[..8]);
    }
    Ok(())
}

pub(crate) fn signer(custody: &Custody, by: &PersonId, key: Option<PathBuf>) -> Result<Signer> {
    Signer::load(&key.unwrap_or_else(|| custody.place.person(by).join(SIGNING_KEY)))
        .with_context(|| format!("no key of `{by}`: name one with --key"))
}

async fn client(custody: &Custody, account: &str) -> Result<Handle> {
    let handle = custody.desk.handle_of(&custody.references, account).await?;
    handle.with_context(|| format!("there is no client with the account `{account}`"))
}

async fn clients(custody: &Custody, accounts: &[String]) -> Result<Vec<Handle>> {
    let mut handles = Vec::new();
    for account in accounts {
        handles.push(client(custody, account).await?);
    }
    Ok(handles)
}

/// Where an agent's reader key lies in a folder of a trial.
fn reader_file(custody: &Custody, by: &PersonId) -> PathBuf {
    custody.place.person(by).join(READER_KEY)
}
