//! `countersign duty`.

mod deposits;

use crate::commands::order::keep;
use crate::custody::Custody;
use crate::files;
use crate::signer::Signer;
use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use countersign_core::approval::{SignerRole, Verdict};
use countersign_core::class::Class;
use countersign_core::digest;
use countersign_core::duty::{Cap, Output, Purpose};
use countersign_core::id::{AuthorityId, Handle, OrderId, PersonId};
use countersign_core::time::Timestamp;
use countersign_desk::duty::{DutyEntry, RunFile, StandingFile};
use countersign_desk::reseal::ByRing;
use countersign_open::MAX_PACKAGE;
use countersign_worker::List;
use deposits::Deposits;
use std::path::{Path, PathBuf};

pub(crate) const EXAMPLE: &str = "Examples (DUTY is the id of the standing order):
  countersign duty propose --authority xa-fiu --purpose screening --basis 'Sanctions Act, section 12' --worker worker-one \\
      --list list.tsv --classes name,birth --run-people 5000 --total 1000000 --days 90 --as lena-ohm
  countersign duty approve DUTY --as anna-berg --key people/anna-berg/signing.key
  countersign duty run DUTY --accounts accounts.txt --out job
  countersign worker bind worker job --out binding.signed
  countersign duty release DUTY --run 1 --binding binding.signed
  countersign worker run worker RUN.job.tar --list list.tsv --out hits.age

  after a rotation of the keys:
  countersign duty propose --authority xa-fiu --purpose reseal --basis 'rotation of 2026-11-20' --worker worker-one --anew \\
      --run-people 500 --run-records 5000 --total 1000000 --days 90 --as lena-ohm
  countersign duty run DUTY --out job          (then bind, release, worker run as above, again and again)
  countersign duty take DUTY --run 1 RUN.resealed.tar

  what own deposits are exposed to:
  countersign duty deposits propose --authority xa-supervisor --basis 'Sanctions Act, section 12' --list OFAC --threshold 1 \
      --per-run 500 --per-day 5000 --total 100000 --days 30 --as lena-ohm
  countersign duty deposits approve DUTY --as anna-berg --key people/anna-berg/signing.key
  countersign duty deposits run DUTY --from deposits.txt

  countersign change hold-order DUTY --as anna-berg --key people/anna-berg/signing.key";

#[derive(Args)]
pub(crate) struct Duty {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Propose a standing order: what is done regularly, by which program, for whom, how much.
    Propose(Propose),
    /// Sign a standing order, or refuse to.
    Approve(Approve),
    /// Begin the next run: its order goes to the journal, and a folder for the worker is written.
    Run(Run),
    /// Take back the records that the worker sealed anew in a run: each is old or new, never neither.
    Take(Take),
    /// Ask the trustees for a run, and write the archive for the worker.
    Release(Release),
    /// What own deposits are exposed to, for the duty to honour sanctions.
    Deposits {
        #[command(subcommand)]
        command: Deposits,
    },
    /// All standing orders, or one with what is signed and run.
    Show {
        /// Id of the standing order.
        duty: Option<OrderId>,
    },
}

#[derive(Args)]
struct Propose {
    /// Who receives the output, by the directory.
    #[arg(long)]
    authority: AuthorityId,
    /// screening, tax_report, statutory_report, travel_rule, kyc_refresh, mail_out or reseal.
    #[arg(long)]
    purpose: Purpose,
    /// The law or decision that asks for it.
    #[arg(long)]
    basis: String,
    /// The worker in force that runs it.
    #[arg(long)]
    worker: PersonId,
    /// What leaves the worker: a field of every client; repeat for several.
    #[arg(long, value_name = "NAME", required_unless_present_any = ["list", "anew"], conflicts_with_all = ["list", "anew"])]
    field: Vec<String>,
    /// What leaves the worker: who stands on this list, and nothing of anybody else.
    #[arg(long, value_name = "FILE", conflicts_with = "anew")]
    list: Option<PathBuf>,
    /// What leaves the worker: the records of the ring before, sealed anew to the ring in force, and nothing in the clear.
    #[arg(long)]
    anew: bool,
    /// Classes that a run may open; with `--anew` all of them.
    #[arg(long, required_unless_present = "anew", conflicts_with = "anew", value_delimiter = ',')]
    classes: Vec<Class>,
    /// Most people of one run.
    #[arg(long)]
    run_people: u32,
    /// Most records of one run; as many as people by default.
    #[arg(long)]
    run_records: Option<u32>,
    /// Most people of all runs together.
    #[arg(long)]
    total: u32,
    /// For how many days.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=90))]
    days: u16,
    /// Legal author of the decision.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
}

#[derive(Args)]
struct Approve {
    /// Id of the standing order.
    duty: OrderId,
    /// Who signs.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
    /// A key file of countersign, or an OpenSSH private key (`ssh-keygen -Y sign` is used).
    #[arg(long)]
    key: PathBuf,
    /// Refuse instead of approving.
    #[arg(long)]
    refuse: bool,
}

#[derive(Args)]
struct Run {
    /// Id of the standing order.
    duty: OrderId,
    /// Account numbers, one per line; a duty that seals records anew finds its clients itself.
    #[arg(long)]
    accounts: Option<PathBuf>,
    /// Start of the window of monthly records.
    #[arg(long, requires = "to", value_name = "TIME")]
    from: Option<Timestamp>,
    /// End of the window, excluded.
    #[arg(long, requires = "from", value_name = "TIME")]
    to: Option<Timestamp>,
    /// Folder to write; must not exist.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Args)]
struct Release {
    /// Id of the standing order.
    duty: OrderId,
    /// Number of the run.
    #[arg(long)]
    run: u32,
    /// What the worker signed.
    #[arg(long)]
    binding: PathBuf,
}

#[derive(Args)]
struct Take {
    /// Id of the standing order.
    duty: OrderId,
    /// Number of the run.
    #[arg(long)]
    run: u32,
    /// The file that the worker wrote.
    file: PathBuf,
}

impl Duty {
    pub(crate) async fn run(self, dir: &Path) -> Result<()> {
        Custody::during(dir, async |custody| self.command.run(custody).await).await
    }
}

impl Command {
    async fn run(self, custody: &Custody) -> Result<()> {
        let desk = &custody.desk;
        match self {
            Command::Propose(entry) => entry.run(custody).await,
            Command::Approve(approve) => approve.run(custody).await,
            Command::Run(run) => run.run(custody).await,
            Command::Release(release) => release.run(custody).await,
            Command::Take(take) => take.run(custody).await,
            Command::Deposits { command } => command.run(custody).await,
            Command::Show { duty: Some(duty) } => {
                show(&desk.duty(&duty).await?);
                Ok(())
            }
            Command::Show { duty: None } => {
                for id in desk.duties().await? {
                    let file = desk.duty(&id).await?;
                    let (duty, order) = (file.duty.value(), file.order.value());
                    println!("{id}  {}  {}  until {}", duty.purpose, duty.authority, order.expires);
                }
                Ok(())
            }
        }
    }
}

impl Propose {
    async fn run(self, custody: &Custody) -> Result<()> {
        let mut classes = self.classes;
        let output = match &self.list {
            None if self.anew => {
                let ring = custody.desk.custodian().ring.as_ref().context("no key ring is in force")?;
                ensure!(
                    custody.desk.custodian().former.is_some(),
                    "no ring before the one in force is read: there is nothing to seal anew"
                );
                classes = ring.ring.keys().collect();
                Output::Sealed { ring: ring.ring.id() }
            }
            Some(file) => {
                let bytes = files::read(file, List::MAX_BYTES)?;
                let list = digest::plain(&bytes);
                List::read(&bytes, &list).with_context(|| file.display().to_string())?;
                Output::Hits { list }
            }
            None => {
                let mut fields = self.field;
                fields.sort();
                fields.dedup();
                Output::Fields(fields)
            }
        };
        let entry = DutyEntry {
            authority: self.authority,
            purpose: self.purpose,
            basis: self.basis,
            worker: self.worker,
            output,
            classes: classes.into_iter().collect(),
            run: Cap { subjects: self.run_people, records: self.run_records.unwrap_or(self.run_people) },
            total: self.total,
            days: self.days,
        };
        let file = custody.desk.propose_duty(entry, &self.by).await?;
        show(&file);
        println!("next: countersign duty approve {} --as PERSON --key KEY", file.order.value().id);
        Ok(())
    }
}

impl Approve {
    async fn run(self, custody: &Custody) -> Result<()> {
        let order = custody.desk.duty(&self.duty).await?.order.digest();
        let verdict = if self.refuse { Verdict::Refuse } else { Verdict::Approve };
        let signer = Signer::load(&self.key)?;
        let approval = signer.approve(&order, &self.by, SignerRole::Approver, verdict, custody.desk.now())?;
        let missing = custody.desk.approve_duty(&self.duty, approval.bytes()).await?;
        println!("{} signed {order}", self.by);
        match missing {
            None => {
                println!("the quorum is complete; next: countersign duty run {} --accounts FILE --out JOB", self.duty)
            }
            Some(missing) => println!("so far: {missing}"),
        }
        Ok(())
    }
}

impl Run {
    async fn run(self, custody: &Custody) -> Result<()> {
        if self.out.exists() {
            bail!("{} exists already: name a folder that does not", self.out.display());
        }
        let (number, run) = match &self.accounts {
            Some(accounts) => self.over(custody, accounts).await?,
            None => match custody.desk.begin_resealing(&self.duty).await? {
                Some(begun) => begun,
                None => {
                    println!("nothing is left to seal anew; next: countersign change propose close-ring");
                    return Ok(());
                }
            },
        };
        let job = custody.desk.run_job(&self.duty, number).await?;
        files::write_folder(&self.out, &job)?;
        let scope = &run.order.value().scope;
        println!("run {number}: {} people, {} records, order {}", scope.subjects, scope.records, run.order.digest());
        println!("job {}", self.out.display());
        println!("next, at the worker: countersign worker bind FOLDER {} --out FILE", self.out.display());
        Ok(())
    }

    async fn over(&self, custody: &Custody, accounts: &Path) -> Result<(u32, RunFile)> {
        let mut subjects: Vec<Handle> = Vec::new();
        for account in files::read_text(accounts, 64 * 1024 * 1024)?.lines().filter(|line| !line.is_empty()) {
            let handle = custody.desk.handle_of(&custody.references, account).await?;
            subjects.push(handle.with_context(|| format!("no client `{account}` is in the register"))?);
        }
        subjects.sort_unstable();
        subjects.dedup();
        Ok(custody.desk.begin_run(&self.duty, &subjects, self.from.zip(self.to)).await?)
    }
}

impl Release {
    async fn run(self, custody: &Custody) -> Result<()> {
        let binding = files::read_text(&self.binding, 16 * 1024)?;
        let (outbox, keep) = (custody.place.outbox(), keep(&custody.place));
        let released = custody.desk.release_run(&self.duty, self.run, &binding, &outbox, &keep).await?;
        for said in &released.said {
            println!("trustee {}: {}", said.trustee, said.summary);
        }
        println!("package {} (sha256 {})", released.package.display(), released.digest);
        println!("next, at the worker: countersign worker run FOLDER {} --out FILE", released.package.display());
        Ok(())
    }
}

impl Take {
    async fn run(self, custody: &Custody) -> Result<()> {
        let archive = files::read(&self.file, MAX_PACKAGE)?;
        let archive = files::untar(&archive, MAX_PACKAGE).with_context(|| self.file.display().to_string())?;
        let taken = custody.desk.take_resealed(&self.duty, self.run, &archive).await?;
        match taken.before {
            true => println!("the {} records of run {} were taken before", taken.records, self.run),
            false => println!("{} records of run {} are sealed anew", taken.records, self.run),
        }
        let ByRing { left, erased, .. } = custody.desk.sealed_by_ring().await?;
        println!("{left} clients are left under the ring before, beside {erased} that are erased");
        if left == 0 {
            println!("next: countersign change propose close-ring");
        }
        Ok(())
    }
}

fn show(file: &StandingFile) {
    let (order, duty) = (file.order.value(), file.duty.value());
    println!("standing order {}: {} for {}", order.id, duty.purpose, duty.authority);
    println!("because of: {}", duty.basis);
    println!("digest to sign: {}", file.order.digest());
    println!("worker {}, program sha256 {}", order.recipient.key, duty.code);
    match &duty.output {
        Output::Fields(fields) => println!("leaves the worker: {} of every client", fields.join(", ")),
        Output::Sealed { ring } => println!("leaves the worker: every record, sealed anew to ring {ring}"),
        Output::Hits { list } => println!("leaves the worker: who stands on the list with sha256 {list}"),
    }
    println!("opens {}; {} people a run, {} in all", duty.classes, duty.run.subjects, duty.total);
    println!("valid from {} until {}", order.not_before, order.expires);
    for approval in &file.approvals {
        let approval = approval.value();
        println!("signed: {} as {}: {} at {}", approval.approver, approval.role, approval.verdict, approval.at);
    }
    match (&file.leaf, &file.last) {
        (None, _) => println!("not public: more people have to sign"),
        (Some(_), None) => println!("public; no run yet"),
        (Some(_), Some((number, run))) => println!("public; last run {number}, order {run}"),
    }
    println!("exact bytes:\n{}\n{}", file.order.text(), file.duty.text());
}
