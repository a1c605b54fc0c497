//! `countersign client`.

pub(crate) mod find;
pub(crate) mod index;
mod screening;
mod view;

use crate::custody::Custody;
use crate::edge;
use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use countersign_core::id::{Digest, Handle, PersonId};
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use countersign_desk::documents::Retention;
use countersign_desk::register::{
    BadRows, COLUMNS, ClientImport, CsvOptions, Imported, MOST_REPORTED, Rejected, Stores, import_clients,
    import_payments, import_these_clients,
};
use countersign_store::{Payments, Register};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

pub(crate) const EXAMPLE: &str = "Examples:
  countersign client import clients.csv
  countersign client import clients.csv --screen
  countersign client import people.csv --map 'LAST_NAME=primaryIdentifier' --map 'ID=account' --ignore COMMENTS
  countersign client import-payments payments.csv
  countersign client index people.csv --map 'LAST_NAME=primaryIdentifier' --map 'ID=account' --ignore COMMENTS
  countersign client find --case CASE --attribute email --value-file value.txt --as lena-ohm --key people/lena-ohm/signing.key
  countersign client recheck CASE --opening shown-by-the-officer.json
  countersign client columns
  countersign client view A-000001 --reason payment --as ada-roth
  countersign client hold A-000001 --basis 'court order 12 Js 34/26' --until 2027-01-31T00:00:00Z --as lena-ohm
  countersign client erase A-000002 --basis 'GDPR art. 17(1)(b)' --as lena-ohm";

#[derive(Args)]
pub(crate) struct Client {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Seal the clients of a CSV file, whole or not at all, and bring them into the blind index.
    Import(ImportClients),
    /// Bring an imported file into the blind index, or go on with it; without a file, say what is missing.
    Index(index::Index),
    /// Look one value up for a case, through the trustees. Found or not, it is counted and logged.
    Find(find::Find),
    /// Recompute what was looked up for a case, as an approver does.
    Recheck(find::Recheck),
    /// Take in who paid which address, as keyed digests, to count people before anybody is named.
    ImportPayments(Import),
    /// List the columns that are known.
    Columns,
    /// How much the register holds.
    Count,
    /// Show an agent the masked view of a client: nothing is released, and it is counted and logged.
    View(view::View),
    /// Whether a client is erased or held.
    Show {
        /// The account number.
        account: String,
    },
    /// Erase a client for good: the secret without which no copy and no backup of the records opens is deleted.
    Erase(Act),
    /// Forbid erasing a client until a time.
    Hold {
        #[command(flatten)]
        act: Act,
        /// Until when.
        #[arg(long, value_name = "TIME")]
        until: Timestamp,
    },
    /// End a hold before its time.
    ReleaseHold {
        #[command(flatten)]
        act: Act,
        /// The beginning of the hold's digest, where several stand.
        #[arg(long, value_name = "DIGEST")]
        hold: Option<String>,
    },
}

/// What every act on a client's data needs.
#[derive(Args)]
struct Act {
    /// The account number.
    account: String,
    /// Legal basis, in words; it is kept with the act.
    #[arg(long)]
    basis: String,
    /// Who orders it.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
}

#[derive(Args)]
struct Import {
    /// The CSV file, UTF-8, with a header line.
    file: PathBuf,
    #[command(flatten)]
    csv: Csv,
    /// Import the good rows and report the bad ones, instead of importing nothing.
    #[arg(long)]
    skip_bad_rows: bool,
}

#[derive(Args)]
struct ImportClients {
    #[command(flatten)]
    import: Import,
    /// Compare every client with the lists first, and put the alerts into the queue; nobody is sealed whom that missed. Without LISTS the
    /// lists of this custodian. Done in any case where `screening` stands in the configuration.
    #[arg(long, value_name = "LISTS", num_args = 0..=1, require_equals = true)]
    screen: Option<Option<PathBuf>>,
}

/// How a file is to be read.
#[derive(Args)]
struct Csv {
    /// Read THEIRS as the known column OURS.
    #[arg(long, value_name = "THEIRS=OURS")]
    map: Vec<String>,
    /// Leave out a column.
    #[arg(long, value_name = "COLUMN")]
    ignore: Vec<String>,
    /// Character between fields.
    #[arg(long, default_value_t = ',')]
    delimiter: char,
}

impl Client {
    pub(crate) async fn run(self, dir: &Path) -> Result<()> {
        match self.command {
            Command::Columns => {
                for column in COLUMNS {
                    let required = if column.required { ", required" } else { "" };
                    println!("{:24} {}{required}", column.name, column.kept());
                }
                Ok(())
            }
            Command::Count => {
                let custody = Custody::open(dir).await?;
                let counts = custody.store.counts().await?;
                println!("{} clients, {} records, {} sealed entries", counts.clients, counts.records, counts.entries);
                println!("{} payments", custody.store.payments().await?);
                custody.close().await
            }
            Command::Show { account } => {
                let custody = Custody::open(dir).await?;
                let shown = show(&custody, &account).await;
                custody.close().await?;
                shown
            }
            Command::View(view) => Custody::during(dir, async |custody| view.run(custody).await).await,
            Command::Erase(act) => {
                let custody = Custody::open(dir).await?;
                let erased = erase(&custody, &act).await;
                custody.close().await?;
                erased
            }
            Command::Hold { act, until } => {
                let custody = Custody::open(dir).await?;
                let held = hold(&custody, &act, until).await;
                custody.close().await?;
                held
            }
            Command::ReleaseHold { act, hold } => {
                let custody = Custody::open(dir).await?;
                let released = release(&custody, &act, hold.as_deref()).await;
                custody.close().await?;
                released
            }
            Command::Import(import) => {
                let custody = Custody::open(dir).await?;
                let done = import.run(&custody).await;
                custody.close().await?;
                done
            }
            Command::Index(index) => {
                let custody = Custody::open(dir).await?;
                let done = index.run(&custody).await;
                custody.close().await?;
                done
            }
            Command::Find(find) => {
                let custody = Custody::open(dir).await?;
                let done = find.run(&custody).await;
                custody.close().await?;
                done
            }
            Command::Recheck(recheck) => {
                let custody = Custody::open(dir).await?;
                let done = recheck.run(&custody).await;
                custody.close().await?;
                done
            }
            Command::ImportPayments(import) => {
                let custody = Custody::open(dir).await?;
                let imported = payments(&custody, &import.file, &import.options()?).await;
                let done = report(&import.file, imported);
                custody.close().await?;
                done
            }
        }
    }
}

async fn client_of(custody: &Custody, account: &str) -> Result<Handle> {
    ensure!(
        custody.desk.custodian().ring.is_some(),
        "this custodian has no sealed register (ladder level L0): erase in the system that holds the data"
    );
    let handle = custody.desk.handle_of(&custody.references, account).await?;
    handle.with_context(|| format!("there is no client with the account `{account}`"))
}

async fn show(custody: &Custody, account: &str) -> Result<()> {
    let standing = custody.desk.retention_of(&client_of(custody, account).await?).await?;
    match (&standing.erasure, standing.erased) {
        (Some(erasure), true) => {
            let erasure = erasure.value();
            println!("erased at {} by order of {}: {}", erasure.at, erasure.by, erasure.basis);
        }
        (None, true) => println!("no secret is kept: the records cannot be opened"),
        (Some(erasure), false) => println!("an erasure ordered at {} is not finished", erasure.value().at),
        (None, false) => println!("kept"),
    }
    standing.holds.iter().for_each(say_hold);
    Ok(())
}

fn say_hold(hold: &Exact<Retention>) {
    let value = hold.value();
    let until = value.until.map(|until| until.to_string()).unwrap_or_default();
    println!("held until {until} by order of {} ({}): {}", value.by, &hold.digest().to_hex()[..16], value.basis);
}

async fn erase(custody: &Custody, act: &Act) -> Result<()> {
    let client = client_of(custody, &act.account).await?;
    let erased = custody.desk.erase_client(&client, &act.basis, &act.by).await?;
    println!("erased at {}: nobody opens this client's records any more, here or in a backup", erased.value().at);
    println!("backups of sigma.db that are older still hold the secret: delete them, or let them expire");
    Ok(())
}

async fn hold(custody: &Custody, act: &Act, until: Timestamp) -> Result<()> {
    let client = client_of(custody, &act.account).await?;
    say_hold(&custody.desk.hold_client(&client, &act.basis, until, &act.by).await?);
    Ok(())
}

async fn release(custody: &Custody, act: &Act, hold: Option<&str>) -> Result<()> {
    let client = client_of(custody, &act.account).await?;
    custody.desk.release_hold(&client, hold, &act.basis, &act.by).await?;
    println!("the hold is over");
    Ok(())
}

impl ImportClients {
    async fn run(&self, custody: &Custody) -> Result<()> {
        let (file, options) = (&self.import.file, self.import.options()?);
        let screened = screening::before_sealing(custody, file, &options, self.screen.as_ref())?;
        report(file, seal(custody, file, &options, screened.as_ref()).await)?;
        index::after_import(custody, file, &options).await
    }
}

impl Import {
    fn options(&self) -> Result<CsvOptions> {
        let bad_rows = if self.skip_bad_rows { BadRows::Skip } else { BadRows::Refuse };
        Ok(CsvOptions { bad_rows, ..self.csv.options()? })
    }
}

impl Csv {
    fn options(&self) -> Result<CsvOptions> {
        let map = self.map.iter().map(|pair| {
            let (theirs, ours) =
                pair.split_once('=').with_context(|| format!("`{pair}` is not THEIRS=OURS, for example ID=account"))?;
            Ok((theirs.to_owned(), ours.to_owned()))
        });
        Ok(CsvOptions {
            map: map.collect::<Result<_>>()?,
            ignore: self.ignore.clone(),
            delimiter: u8::try_from(self.delimiter).context("the delimiter is not one ASCII character")?,
            bad_rows: BadRows::Refuse,
        })
    }
}

/// Seals the clients of a file.
pub(crate) async fn clients(custody: &Custody, file: &Path, options: &CsvOptions) -> Result<Imported> {
    seal(custody, file, options, None).await
}

/// Seals the clients of a file, of `these` bytes and no others.
async fn seal(custody: &Custody, file: &Path, options: &CsvOptions, these: Option<&Digest>) -> Result<Imported> {
    let custodian = custody.desk.custodian();
    let ring = custodian.ring.as_ref().context(
        "this custodian has no sealed register (ladder level L0): found one with `countersign init --level l3`",
    )?;
    let import = ClientImport {
        options,
        ring: &ring.ring,
        custodian: custodian.genesis.value().custodian.id,
        references: &custody.references,
        local_seed: &edge::seed()?,
        now: custody.desk.now(),
    };
    let stores = Stores { register: custody.store.as_ref(), sigmas: custody.sigmas.as_ref() };
    let (file, rng) = (open(file)?, &mut edge::rng()?);
    Ok(match these {
        Some(these) => import_these_clients(file, these, &import, stores, rng).await?,
        None => import_clients(file, &import, stores, rng).await?,
    })
}

/// Takes in the payments of a file.
pub(crate) async fn payments(custody: &Custody, file: &Path, options: &CsvOptions) -> Result<Imported> {
    let now = custody.desk.now();
    Ok(import_payments(open(file)?, options, &custody.references, custody.store.as_ref(), now).await?)
}

fn open(path: &Path) -> Result<BufReader<File>> {
    Ok(BufReader::new(File::open(path).with_context(|| format!("cannot read {}", path.display()))?))
}

fn report(file: &Path, imported: Result<Imported>) -> Result<()> {
    match imported {
        Err(error) => bail!("{}: {error:#}", file.display()),
        Ok(Imported::Before(summary)) => {
            println!("{} was imported at {}: nothing was done", file.display(), summary.at);
            Ok(())
        }
        Ok(Imported::Now(summary, rejected)) => {
            println!("{} stored, {} left out", summary.stored, summary.skipped);
            print_rejected(&rejected);
            Ok(())
        }
    }
}

fn print_rejected(rejected: &Rejected) {
    for bad in &rejected.first {
        println!("  {bad}");
    }
    if rejected.count > MOST_REPORTED as u64 {
        println!("  and {} more", rejected.count - MOST_REPORTED as u64);
    }
}
