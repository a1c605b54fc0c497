//! `countersign order`.

use crate::commands::client::find::told;
use crate::custody::Custody;
use crate::files;
use crate::place::Place;
use crate::signer::Signer;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use countersign_core::approval::{APPROVAL_NAMESPACE, SignerRole, Verdict, approval_digest, approval_message};
use countersign_core::id::{OrderId, PersonId};
use countersign_core::json::Exact;
use countersign_core::lookup::Lookup;
use countersign_core::time::Timestamp;
use countersign_desk::case_file::CaseFile;
use countersign_store::BlindIndex as _;
use countersign_verify::evidence::Files;
use std::path::{Path, PathBuf};

pub(crate) const EXAMPLE: &str = "Examples (CASE is the id or the beginning of it):
  countersign order show CASE
  countersign order approve CASE --as bruno-lind --key people/bruno-lind/signing.key
  countersign order approve CASE --as anna-berg --key ~/.ssh/id_ed25519
  countersign order release CASE --as lena-ohm
  countersign order deliver CASE --file answer.zip --as lena-ohm      (ladder level L0)";

#[derive(Args)]
pub(crate) struct Order {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The order of a case: the digest that everybody signs, and what it opens.
    Show {
        /// The case.
        case: String,
    },
    /// Sign the order's digest, or refuse to.
    Approve(Approve),
    /// Make an order for a worker public, and write the folder with which the worker binds itself.
    Job {
        /// The case.
        case: String,
        /// Folder to write; must not exist.
        #[arg(long)]
        out: PathBuf,
        /// Who asks the worker.
        #[arg(long = "as", value_name = "PERSON")]
        by: PersonId,
    },
    /// Make the order public, ask the trustees, write the package.
    Release {
        /// The case.
        case: String,
        /// Of an order for a worker: what the worker signed.
        #[arg(long, value_name = "FILE")]
        binding: Option<PathBuf>,
        /// Who releases.
        #[arg(long = "as", value_name = "PERSON")]
        by: PersonId,
    },
    /// At ladder level L0: note what was handed over outside.
    Deliver {
        /// The case.
        case: String,
        /// The file that was handed over; only its digest is kept.
        #[arg(long)]
        file: PathBuf,
        /// Who handed it over.
        #[arg(long = "as", value_name = "PERSON")]
        by: PersonId,
    },
}

#[derive(Args)]
struct Approve {
    /// The case.
    case: String,
    /// Who signs.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
    /// A key file of countersign, or an OpenSSH private key (`ssh-keygen -Y sign` is used).
    #[arg(long)]
    key: PathBuf,
    /// In which role: approver, author, counsel, rights_expert.
    #[arg(long, default_value = "approver")]
    role: SignerRole,
    /// Refuse instead of approving.
    #[arg(long)]
    refuse: bool,
}

impl Order {
    pub(crate) async fn run(self, dir: &Path) -> Result<()> {
        Custody::during(dir, async |custody| self.command.run(custody).await).await
    }
}

impl Command {
    async fn run(self, custody: &Custody) -> Result<()> {
        let desk = &custody.desk;
        match self {
            Command::Show { case } => {
                let file = desk.case(&desk.find_case(&case).await?).await?;
                show(&file, &looked_up(custody, &file).await?, desk.now())
            }
            Command::Approve(approve) => approve.run(custody).await,
            Command::Job { case, out, by } => {
                let files = desk.worker_job(&desk.find_case(&case).await?, &by).await?;
                files::write_folder(&out, &files)?;
                println!("job {}", out.display());
                println!("next, at the worker: countersign worker bind FOLDER {} --out FILE", out.display());
                Ok(())
            }
            Command::Release { case, binding, by } => {
                let case = desk.find_case(&case).await?;
                let (outbox, keep) = (custody.place.outbox(), keep(&custody.place));
                let binding = binding.map(|file| files::read_text(&file, 16 * 1024)).transpose()?;
                let released = match &binding {
                    Some(binding) => desk.release_to_worker(&case, binding, &outbox, &keep, &by).await?,
                    None => desk.release(&case, &outbox, &keep, &by).await?,
                };
                let file = desk.case(&case).await?;
                let order = file.proposal.as_ref().context("the case has no order")?.order.value().id;
                let evidence = custody.place.evidence().join(order.to_hex());
                for said in &released.said {
                    println!("trustee {}: {}", said.trustee, said.summary);
                }
                println!("package {} (sha256 {})", released.package.display(), released.digest);
                println!("evidence {}", evidence.display());
                println!("next: hand the package over, then countersign case notify {}", &case.to_hex()[..8]);
                Ok(())
            }
            Command::Deliver { case, file, by } => {
                let case = desk.find_case(&case).await?;
                let bytes = files::read(&file, 4 * 1024 * 1024 * 1024)?;
                let digest = desk.deliver_outside(&case, &bytes, &by).await?;
                println!("delivery noted: sha256 {digest}");
                Ok(())
            }
        }
    }
}

/// Writes the evidence of an order as a folder; one that an interrupted release left holds as well and stays.
pub(crate) fn keep(place: &Place) -> impl Fn(&OrderId, &Files) -> Result<(), String> + Sync {
    let evidence = place.evidence();
    move |order, files| {
        let folder = evidence.join(order.to_hex());
        if folder.exists() {
            return Ok(());
        }
        files::write_folder(&folder, files).map_err(|error| format!("{error:#}"))
    }
}

impl Approve {
    async fn run(self, custody: &Custody) -> Result<()> {
        let desk = &custody.desk;
        let case = desk.find_case(&self.case).await?;
        let file = desk.case(&case).await?;
        let order = file.proposal.as_ref().context("the case has no proposed order")?.order.digest();
        let signer = Signer::load(&self.key)?;
        let verdict = if self.refuse { Verdict::Refuse } else { Verdict::Approve };
        let approval = signer.approve(&order, &self.by, self.role, verdict, desk.now())?;
        let state = desk.add_approval(&case, approval.bytes()).await?;
        println!("{} signed {order}", self.by);
        if state.complete {
            println!("the quorum is complete; next: countersign order release {}", self.case);
        } else {
            println!("still missing: {}", state.missing.join(", "));
        }
        Ok(())
    }
}

/// How clients of the case were found who were not named by account.
async fn looked_up(custody: &Custody, file: &CaseFile) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    let subjects = file.scoping.as_ref().map(|scoping| scoping.value().subjects.as_slice()).unwrap_or_default();
    for kept in custody.store.lookups_of(&file.id).await? {
        let lookup = Exact::<Lookup>::parse(&kept.document)?;
        let in_scope = kept.found.iter().flatten().filter(|client| subjects.contains(client)).count();
        lines.push(format!("{}, {in_scope} of them in the scope", told(custody, &kept, &lookup).await?));
    }
    if !lines.is_empty() {
        lines.push("what was looked up: ask the case officer, and see for yourself with `client recheck`".to_owned());
    }
    Ok(lines)
}

fn show(file: &CaseFile, looked_up: &[String], now: Timestamp) -> Result<()> {
    let Some(proposal) = &file.proposal else { bail!("the case has no proposed order") };
    let order = proposal.order.value();
    println!("order {} ({})", order.id, order.kind);
    println!("digest to sign: {}", proposal.order.digest());
    println!(
        "for {}: {} people, {} records, classes {}",
        order.authority, order.scope.subjects, order.scope.records, order.scope.classes
    );
    looked_up.iter().for_each(|line| println!("{line}"));
    println!("valid from {} until {}", order.not_before, order.expires);
    match (order.delay, order.notice_due) {
        (Some(delay), _) => println!("notice delayed by {delay}"),
        (None, Some(due)) => println!("notice due at {due}"),
        (None, None) => println!("no notice is owed"),
    }
    for approval in &file.approvals {
        let approval = approval.value();
        println!("signed: {} as {}: {} at {}", approval.approver, approval.role, approval.verdict, approval.at);
    }
    println!("exact bytes:\n{}", proposal.order.text());
    let a = approval_digest(
        &proposal.order.digest(),
        &PersonId::parse("your-id")?,
        SignerRole::Approver,
        Verdict::Approve,
        now,
    );
    let message = String::from_utf8_lossy(&approval_message(&a)).trim_end().to_owned();
    println!("an approver `your-id` signing now in the namespace {APPROVAL_NAMESPACE} would sign the line:\n{message}");
    Ok(())
}
