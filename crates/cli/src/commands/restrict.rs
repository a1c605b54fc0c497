//! `countersign restrict`: what a dated rule would do to whom; and restrictions that two people sign, apply, take off and decide about.

mod appeal;
mod apply;
mod deliver;
mod plan;
mod plans;
mod webhook;

use crate::custody::Custody;
use crate::files;
use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use countersign_core::time::{Date, Timestamp};
use countersign_restrict::demo;
use countersign_restrict::evaluate::{InForce, Outcome};
use countersign_restrict::explain::{explain, facts_shown};
use countersign_restrict::pack::lint::findings;
use countersign_restrict::pack::{Currency, Document, MAX_LEN, Pack, pack_digest};
use countersign_restrict::population::{Client, Read, csv, json_lines};
use countersign_restrict::prices::{Prices, Valuation};
use countersign_restrict::simulate::{Simulation, check_valuation};
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub(crate) const EXAMPLE: &str = "Examples:
  countersign restrict lint packs/restrict/*.yaml
  countersign restrict simulate --pack packs/restrict/eu-833-2014-art5b.yaml --date 2022-04-21 --population demo
  countersign restrict simulate --pack law.yaml --date 2022-10-07 --against law.yaml --against-date 2022-10-06 \\
      --population clients.csv --price-source 'our book, mid' --priced-at 2022-10-06T22:00:00Z --svg compared.svg
  countersign restrict explain A-000012 --pack packs/restrict/eu-833-2014-art5b.yaml --date 2022-04-21 --population demo

  countersign restrict webhook --url https://core.example/v1/restrictions
  countersign restrict plan --pack law.yaml --date 2022-04-21 --population clients.csv --price-source 'our book, mid' \\
      --priced-at 2022-04-20T22:00:00Z --why 'Regulation (EU) 2022/576' --as lena-ohm --key people/lena-ohm/signing.key
  countersign restrict approve PLAN --pack law.yaml --population clients.csv --as anna-berg --key people/anna-berg/signing.key
  countersign restrict apply PLAN --stage dry-run              (then one-percent, deliver, all, deliver)
  countersign restrict deliver
  countersign restrict reconcile export.csv
  countersign restrict appeal open A-000012 eu.5b.2/v1 --document permit.pdf --why 'holds a permit' --as lena-ohm
  countersign restrict appeal decide A-000012 eu.5b.2/v1 --reverse --why 'the permit is genuine' --as bruno-lind --key KEY
  countersign restrict reverse --plan PLAN --why 'the act was annulled' --as lena-ohm --key people/lena-ohm/signing.key
  countersign restrict totals";

#[derive(Args)]
pub(crate) struct Restrict {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Find overlapping versions, gaps, groups and exemptions that can never matter, and what is not verified.
    Lint {
        /// Packs (YAML).
        #[arg(required = true)]
        packs: Vec<PathBuf>,
    },
    /// Count whom a pack would restrict on a day, whom it spares, and how another pack differs.
    Simulate(Simulate),
    /// Say of one client which rule does what, by which facts, and what evidence would change it.
    Explain(Explain),
    /// Write whom a pack restricts on a day into a plan, and sign it as its author. Nothing is applied.
    Plan(plan::Draft),
    /// Write a plan that takes restrictions off, and sign it as its author.
    Reverse(plan::Reverse),
    /// Compute a plan again from your own pack and population, and sign it as the second person.
    Approve(plan::Approve),
    /// Do what a plan says, in stages, each line at most once.
    Apply(apply::Apply),
    /// What stands on an account and stood: which rule, which facts, what evidence would change it.
    Show {
        /// The account.
        account: String,
    },
    /// What stands on every restricted account, as CSV.
    Standing,
    /// Say where notices to the exchange core go, and print the key that signs them.
    Webhook(deliver::Webhook),
    /// Send the notices that are due.
    Deliver(deliver::Deliver),
    /// Notices that were given up.
    DeadLetters(deliver::DeadLetters),
    /// Compare what should stand with the exchange core's own export.
    Reconcile(deliver::Reconcile),
    /// Appeals of clients.
    #[command(subcommand)]
    Appeal(appeal::Appeal),
    /// Restrictions, appeals and reversals per version of a rule, counted from the leaves.
    Totals {
        /// Count only what openings have published, with nothing but the bytes of the log.
        #[arg(long)]
        opened: bool,
    },
}

#[derive(Args)]
struct Simulate {
    #[command(flatten)]
    given: Given,
    /// Another pack to compare with; for `--population demo` the sample notice of a firm.
    #[arg(long, value_name = "PACK")]
    against: Option<PathBuf>,
    /// Day for the other pack, when it is another one.
    #[arg(long, value_name = "DAY", requires = "against")]
    against_date: Option<Date>,
    /// Draw the result into this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

#[derive(Args)]
struct Explain {
    /// The client's account as the population names it.
    account: String,
    #[command(flatten)]
    given: Given,
}

#[derive(Args)]
struct Given {
    /// The pack (YAML).
    #[arg(long)]
    pack: PathBuf,
    /// The day whose rules apply.
    #[arg(long, value_name = "DAY")]
    date: Date,
    /// CSV, JSON lines (`.jsonl`), or `demo`: ten thousand invented clients.
    #[arg(long, value_name = "FILE")]
    population: PathBuf,
    /// CSV `asset,price`, for a population with quantities instead of values.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Whose prices the values were found by, in words.
    #[arg(long, value_name = "TEXT", requires = "priced_at")]
    price_source: Option<String>,
    /// The moment of the prices.
    #[arg(long, value_name = "TIME", requires = "price_source")]
    priced_at: Option<Timestamp>,
    /// Currency of all values.
    #[arg(long, value_name = "CODE", default_value = "EUR")]
    currency: String,
}

impl Restrict {
    pub(crate) async fn run(self, dir: &Path) -> Result<ExitCode> {
        match self.command {
            Command::Lint { packs } => lint(&packs),
            Command::Simulate(command) => command.run(),
            Command::Explain(command) => command.run(),
            with_custodian => Custody::during(dir, async |custody| with_custodian.run(custody).await).await,
        }
    }
}

impl Command {
    async fn run(self, custody: &Custody) -> Result<ExitCode> {
        match self {
            Command::Lint { .. } | Command::Simulate(_) | Command::Explain(_) => bail!("this needs no custodian"),
            Command::Plan(command) => command.run(custody).await?,
            Command::Reverse(command) => command.run(custody).await?,
            Command::Approve(command) => command.run(custody).await?,
            Command::Apply(command) => command.run(custody).await?,
            Command::Show { account } => apply::show(&custody.desk, &account).await?,
            Command::Standing => apply::standing(custody).await?,
            Command::Webhook(command) => command.run(custody)?,
            Command::Deliver(command) => return command.run(custody).await,
            Command::DeadLetters(command) => command.run(custody).await?,
            Command::Reconcile(command) => return command.run(custody).await,
            Command::Appeal(command) => command.run(custody).await?,
            Command::Totals { opened } => apply::totals(custody, opened).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn lint(packs: &[PathBuf]) -> Result<ExitCode> {
    let mut faulty = 0usize;
    for path in packs {
        let bytes = files::read(path, MAX_LEN)?;
        let document = Document::read(&bytes).with_context(|| path.display().to_string())?;
        let found = findings(&document);
        let faults = found.iter().filter(|finding| finding.is_fault()).count();
        faulty += usize::from(faults > 0);
        println!("{} {}", document.name, pack_digest(&bytes));
        for finding in &found {
            println!("  {} {finding}", if finding.is_fault() { "fault " } else { "remark" });
        }
        println!("  {} versions, {faults} faults, {} remarks", document.versions().count(), found.len() - faults);
    }
    ensure!(faulty == 0, "{faulty} of {} packs have faults and cannot be used", packs.len());
    Ok(ExitCode::SUCCESS)
}

impl Simulate {
    fn run(self) -> Result<ExitCode> {
        let pack = pack(&self.given.pack)?;
        let other = match &self.against {
            Some(path) => Some(self::pack(path)?),
            None if self.given.is_demo() => Some(Pack::parse(demo::NOTICE.as_bytes()).context("the sample notice")?),
            None => None,
        };
        let rules = InForce::on(&pack, self.given.date)?;
        let on = self.against_date.unwrap_or(self.given.date);
        let other = match &other {
            // The sample begins on the day of the notice: before it there is nothing to compare with.
            Some(other) if self.against.is_none() => InForce::on(other, on).ok(),
            Some(other) => Some(InForce::on(other, on)?),
            None => None,
        };
        let mut simulation =
            Simulation::new(rules, other, self.given.valuation()?).map_err(|error| self.given.hint(error.into()))?;
        self.given.read(|read| simulation.take(read))?;
        let report = simulation.report();
        print!("{report}");
        if let Some(path) = &self.svg {
            files::write(path, report.svg().as_bytes())?;
            println!("drawn into {}", path.display());
        }
        match report.bad_rows().count {
            0 => Ok(ExitCode::SUCCESS),
            bad => bail!("{bad} rows could not be used and were judged by nobody; they are listed above"),
        }
    }
}

impl Explain {
    fn run(self) -> Result<ExitCode> {
        let pack = pack(&self.given.pack)?;
        let rules = InForce::on(&pack, self.given.date)?;
        let valuation = self.given.valuation()?;
        check_valuation(&rules, valuation.as_ref()).map_err(|error| self.given.hint(error.into()))?;
        let mut out = Vec::new();
        let (mut bad, mut first_bad) = (0u64, None);
        self.given.read(|read| match read {
            Read::Client(client) if client.account == self.account => {
                write_client(&mut out, &rules, &client, &self.given.population);
            }
            Read::Client(_) => {}
            Read::Bad(row) => {
                bad += 1;
                first_bad.get_or_insert(row);
            }
        })?;
        if out.is_empty() {
            let hint =
                first_bad.map_or_else(String::new, |row| format!("; rows not usable: {bad}, the first on {row}"));
            bail!("`{}` is not in {}{hint}", self.account, self.given.population.display());
        }
        println!("pack     {} {}", pack.document().name, pack.digest());
        if let Some(valuation) = valuation {
            println!("values   {valuation}");
        }
        std::io::stdout().write_all(&out)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn write_client(out: &mut Vec<u8>, rules: &InForce<'_>, client: &Client<'_>, file: &Path) {
    let outcome: Outcome = rules.outcome(&client.facts);
    let as_of = client.as_of.map_or_else(|| "day not given".into(), |day| format!("as of {day}"));
    // Writing into memory cannot fail.
    let mut line = |text: String| drop(writeln!(out, "{text}"));
    line(format!("client   `{}` on {}: {}", client.account, rules.day(), outcome.decision.as_str()));
    line(format!("facts    {}, line {}, {as_of}", file.display(), client.line));
    line(format!("         {}", facts_shown(&client.facts).join("; ")));
    for explanation in explain(rules, &client.facts) {
        line(format!("\n{}", explanation.headline));
        for reason in explanation.reasons {
            line(format!("  because       {reason}"));
        }
        for evidence in explanation.would_change {
            line(format!("  would change  {evidence}"));
        }
    }
    if outcome.contradiction {
        line("\none rule freezes, another closes and returns: a person decides, and nothing is returned before".into());
    }
}

impl Given {
    fn is_demo(&self) -> bool {
        self.population == Path::new("demo")
    }

    fn valuation(&self) -> Result<Option<Valuation>> {
        let (Some(source), Some(at)) = (&self.price_source, self.priced_at) else {
            return Ok(if self.is_demo() { demo::valuation() } else { None });
        };
        ensure!(!self.is_demo(), "the demo brings its own values: leave out `--price-source` and `--priced-at`");
        ensure!(!source.trim().is_empty(), "`--price-source` is empty");
        let currency = Currency::parse(&self.currency);
        let currency =
            currency.with_context(|| format!("`{}` is no currency: write a code like `EUR`", self.currency))?;
        Ok(Some(Valuation { currency, source: source.trim().into(), at }))
    }

    /// Adds what to write.
    fn hint(&self, error: anyhow::Error) -> anyhow::Error {
        if self.price_source.is_none() { error.context("write `--price-source` and `--priced-at`") } else { error }
    }

    fn read(&self, each: impl FnMut(Read<'_>)) -> Result<()> {
        let prices = self
            .prices
            .as_ref()
            .map(|path| Prices::read(open(path)?).with_context(|| path.display().to_string()))
            .transpose()?;
        if self.is_demo() {
            return Ok(csv(demo::csv().as_bytes(), prices.as_ref(), each)?);
        }
        let reader = open(&self.population)?;
        let is_json = self.population.extension().is_some_and(|ending| ending == "jsonl" || ending == "ndjson");
        let read = if is_json { json_lines(reader, prices.as_ref(), each) } else { csv(reader, prices.as_ref(), each) };
        read.with_context(|| self.population.display().to_string())
    }
}

fn pack(path: &Path) -> Result<Pack> {
    let bytes = files::read(path, MAX_LEN)?;
    Pack::parse(&bytes).with_context(|| path.display().to_string())
}

fn open(path: &Path) -> Result<BufReader<File>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(BufReader::with_capacity(256 * 1024, file))
}
