//! `countersign restrict plan`, `reverse`, `approve`: whom a plan is about, computed by its author and again by who approves it.

use super::plans::{ITEMS, PlanFolder, keep_signature};
use super::{Given, open, pack};
use crate::custody::Custody;
use crate::signer::Signer;
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use countersign_core::approval::{Approval, SignerRole, Verdict};
use countersign_core::id::{Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::restriction::{
    Act, Computed, Effect, Items, PackRef, Plan, PlanAct, Planned, PlannedV1, Record, Valued,
};
use countersign_core::time::Date;
use countersign_desk::Desk;
use countersign_restrict::demo;
use countersign_restrict::evaluate::{InForce, Outcome, Verdict as Said};
use countersign_restrict::explain::explain;
use countersign_restrict::population::{Client, Read};
use countersign_restrict::prices::Valuation;
use countersign_restrict::simulate::check_valuation;
use countersign_store::Restrictions as _;
use sha2::{Digest as _, Sha256};
use std::io::{BufWriter, Read as _, Write};
use std::path::PathBuf;

/// Longest reason that a line of a plan keeps, in bytes, and how many.
const MAX_WORDS: usize = 1_000;
const MOST_WORDS: usize = 32;
/// Most rows that are printed of each sort.
const MOST_SHOWN: usize = 20;
/// Records read at once.
const PAGE: u32 = 500;

/// Who signs.
#[derive(Args)]
pub(super) struct By {
    /// Who signs.
    #[arg(long = "as", value_name = "PERSON")]
    pub(super) by: PersonId,
    /// A key file of countersign, or an OpenSSH private key (`ssh-keygen -Y sign` is used).
    #[arg(long)]
    pub(super) key: PathBuf,
}

#[derive(Args)]
pub(super) struct Draft {
    #[command(flatten)]
    given: Given,
    /// Why, in one line; it stands in every record.
    #[arg(long)]
    why: String,
    #[command(flatten)]
    by: By,
    /// Leave out exactly so many rows that cannot be used, once somebody has looked at them.
    #[arg(long, value_name = "ROWS", default_value_t = 0)]
    leave_out: u64,
    /// Go on although nobody compared a rule with the official journal.
    #[arg(long)]
    although_unverified: bool,
}

#[derive(Args)]
pub(super) struct Reverse {
    /// Take off what this plan put on: the beginning of its digest.
    #[arg(long, value_name = "PLAN", required_unless_present = "account")]
    plan: Option<String>,
    /// Take off what stands on this account; repeat for several.
    #[arg(long, conflicts_with = "plan")]
    account: Vec<String>,
    /// Only restrictions by this version of a rule.
    #[arg(long)]
    rule: Option<String>,
    /// Why, in one line; it stands in every record.
    #[arg(long)]
    why: String,
    #[command(flatten)]
    by: By,
}

#[derive(Args)]
pub(super) struct Approve {
    /// The plan: the beginning of its digest.
    plan: String,
    /// The pack, as the one who approves has it; for a plan that applies.
    #[arg(long)]
    pack: Option<PathBuf>,
    /// The population, as the one who approves has it; for a plan that applies.
    #[arg(long, value_name = "FILE")]
    population: Option<PathBuf>,
    /// CSV `asset,price`, for a population with quantities instead of values.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Refuse instead.
    #[arg(long)]
    refuse: bool,
    #[command(flatten)]
    by: By,
}

/// What a pass over a population came to.
#[derive(Default)]
struct Sums {
    clients: u64,
    asks: u64,
    bad: Vec<String>,
    bad_count: u64,
    contradictions: Vec<String>,
    contradiction_count: u64,
}

/// Writes lines and knows their number and digest.
struct Lines<W: Write> {
    out: W,
    hash: Sha256,
    count: u64,
}

impl<W: Write> Lines<W> {
    fn to(out: W) -> Self {
        Self { out, hash: Sha256::new(), count: 0 }
    }

    fn push(&mut self, line: Planned) -> Result<()> {
        let line = Exact::write(line)?;
        for part in [line.bytes(), b"\n"] {
            self.hash.update(part);
            self.out.write_all(part)?;
        }
        self.count += 1;
        Ok(())
    }

    fn finish(mut self) -> Result<(Items, W)> {
        self.out.flush()?;
        Ok((Items { count: self.count, digest: Digest(self.hash.finalize().into()) }, self.out))
    }
}

impl Draft {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        let signer = Signer::load(&self.by.key)?;
        let pack = pack(&self.given.pack)?;
        let valuation = self.given.valuation()?;
        let rules = InForce::on(&pack, self.given.date)?;
        check_valuation(&rules, valuation.as_ref()).map_err(|error| self.given.hint(error.into()))?;
        let unverified: Vec<&str> = rules
            .versions()
            .iter()
            .filter(|version| version.verified_against_official_journal.is_none())
            .map(|version| version.id.as_str())
            .collect();
        ensure!(
            unverified.is_empty() || self.although_unverified,
            "nobody compared {} with the official journal: have counsel do so, or say `--although-unverified`",
            unverified.join(", ")
        );
        let mut folder = PlanFolder::begin(&custody.place)?;
        let mut lines = Lines::to(BufWriter::new(folder.items()?));
        let sums = compute(&rules, &self.given, &mut lines)?;
        let (items, _) = lines.finish()?;
        say_sums(&sums, items.count);
        ensure!(
            sums.bad_count == self.leave_out,
            "{} rows cannot be used and are judged by nobody: mend them, or say `--leave-out {}` once somebody has looked",
            sums.bad_count,
            sums.bad_count
        );
        ensure!(items.count > 0, "no rule restricts anybody: there is nothing to plan");
        let computed = Computed {
            pack: PackRef { name: pack.document().name.clone(), digest: pack.digest() },
            day: self.given.date,
            population: population_digest(&self.given)?,
            valuation: valuation.as_ref().map(valued),
        };
        let plan = custody.desk.draft_plan(Some(computed), self.why, items, &self.by.by)?;
        keep(&custody.desk, folder, &plan, &signer, &self.by.by)
    }
}

impl Reverse {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        let signer = Signer::load(&self.by.key)?;
        let mut folder = PlanFolder::begin(&custody.place)?;
        let mut lines = Lines::to(BufWriter::new(folder.items()?));
        let mut take = |record: &Record| -> Result<()> {
            if record.stands() && self.rule.as_ref().is_none_or(|rule| *rule == record.rule) {
                lines.push(line(&record.account, &record.rule, record.effect))?;
            }
            Ok(())
        };
        match &self.plan {
            Some(prefix) => {
                let plan = PlanFolder::find(&custody.place, prefix)?.plan()?.digest();
                each_of_plan(custody, &plan, &mut take).await?;
            }
            None => {
                for account in &self.account {
                    let heads = custody.desk.restrictions_on(account).await?;
                    ensure!(!heads.is_empty(), "`{account}` was never restricted");
                    heads.iter().try_for_each(|head| take(head.value()))?;
                }
            }
        }
        let (items, _) = lines.finish()?;
        ensure!(items.count > 0, "none of these restrictions stands");
        let plan = custody.desk.draft_plan(None, self.why, items, &self.by.by)?;
        keep(&custody.desk, folder, &plan, &signer, &self.by.by)
    }
}

/// What stands, and was put on by a plan.
async fn each_of_plan(custody: &Custody, plan: &Digest, take: &mut impl FnMut(&Record) -> Result<()>) -> Result<()> {
    let mut after: Option<(String, String)> = None;
    loop {
        let page = custody.store.restriction_heads(after.take(), PAGE).await?;
        let Some(last) = page.last().map(Exact::value) else { return Ok(()) };
        after = Some((last.account.clone(), last.rule.clone()));
        for head in page.iter().map(Exact::value).filter(|head| head.stands()) {
            let history = custody.desk.restriction(&head.account, &head.rule).await?;
            let applied = history.iter().rev().map(Exact::value).find(|record| record.act == Act::Apply);
            if applied.is_some_and(|applied| applied.plan == Some(*plan)) {
                take(head)?;
            }
        }
    }
}

impl Approve {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        let signer = Signer::load(&self.by.key)?;
        let folder = PlanFolder::find(&custody.place, &self.plan)?;
        let plan = folder.plan()?;
        folder.check_items(plan.value())?;
        if self.refuse {
            let at = custody.desk.now();
            let refusal = signer.approve(&plan.digest(), &self.by.by, SignerRole::Approver, Verdict::Refuse, at)?;
            folder.refuse(&refusal)?;
            println!("{} refuses {}; it cannot be applied any more", self.by.by, plan.digest());
            return Ok(());
        }
        if let Some(computed) = &plan.value().computed {
            let sums = self.compute_again(computed, plan.value())?;
            say_sums(&sums, plan.value().items.count);
            println!("the same pack, day and population give the same {} lines", plan.value().items.count);
        }
        show(&plan);
        println!("every line in {}", folder.path(ITEMS).display());
        let at = custody.desk.now();
        let approval = signer.approve(&plan.digest(), &self.by.by, SignerRole::Approver, Verdict::Approve, at)?;
        custody.desk.check_plan_signature(&plan, &approval)?;
        keep_signature(&folder, SignerRole::Approver, &approval)?;
        println!("{} signed {} as approver", self.by.by, plan.digest());
        println!("next: countersign restrict apply {} --stage dry-run", &plan.digest().to_hex()[..8]);
        Ok(())
    }

    fn compute_again(&self, computed: &Computed, plan: &Plan) -> Result<Sums> {
        let missing = "computes the plan again: name your own copies with `--pack` and `--population`";
        let (Some(path), Some(population)) = (&self.pack, &self.population) else { bail!("who approves {missing}") };
        let pack = pack(path)?;
        ensure!(
            pack.digest() == computed.pack.digest,
            "{} is not the pack of the plan: its digest is {}, the plan's {}",
            path.display(),
            pack.digest(),
            computed.pack.digest
        );
        let given = Given::again(path.clone(), computed.day, population.clone(), self.prices.clone());
        let found = population_digest(&given)?;
        ensure!(
            found == computed.population,
            "{} is not the population of the plan: its digest is {found}, the plan's {}",
            population.display(),
            computed.population
        );
        let mut lines = Lines::to(std::io::sink());
        let sums = compute(&InForce::on(&pack, computed.day)?, &given, &mut lines)?;
        let (items, _) = lines.finish()?;
        ensure!(
            items == plan.items,
            "the plan is not what its pack, day and population give: {} lines there, {} here",
            plan.items.count,
            items.count
        );
        Ok(sums)
    }
}

/// Every restriction of every client that is established. Who must be asked first, and whom two rules contradict about, has no line.
fn compute(rules: &InForce<'_>, given: &Given, lines: &mut Lines<impl Write>) -> Result<Sums> {
    let mut sums = Sums::default();
    let mut failed = Ok(());
    given.read(|read| {
        if failed.is_ok() {
            failed = match read {
                Read::Client(client) => one(rules, &client, lines, &mut sums),
                Read::Bad(bad) => {
                    note(&mut sums.bad, &mut sums.bad_count, bad.to_string());
                    Ok(())
                }
            };
        }
    })?;
    failed.map(|()| sums)
}

fn one(rules: &InForce<'_>, client: &Client<'_>, lines: &mut Lines<impl Write>, sums: &mut Sums) -> Result<()> {
    sums.clients += 1;
    let outcome: Outcome = rules.outcome(&client.facts);
    sums.asks += u64::from(!outcome.missing.is_empty());
    if outcome.contradiction {
        let what = format!("line {}, `{}`: one rule freezes, another closes and returns", client.line, client.account);
        note(&mut sums.contradictions, &mut sums.contradiction_count, what);
        return Ok(());
    }
    if !outcome.decision.is_restricted() {
        return Ok(());
    }
    for (judgement, explained) in rules.judge(&client.facts).zip(explain(rules, &client.facts)) {
        let Said::Restrict(effect) = judgement.verdict else { continue };
        let mut reasons = explained.reasons;
        reasons.extend(client.as_of.map(|day| format!("facts as of {day}")));
        lines.push(Planned {
            reasons: short(reasons),
            evidence: short(explained.would_change),
            ..line(client.account, &judgement.version.id, effect)
        })?;
    }
    Ok(())
}

fn line(account: &str, rule: &str, effect: Effect) -> Planned {
    Planned {
        v: PlannedV1,
        account: account.to_owned(),
        rule: rule.to_owned(),
        effect,
        reasons: Vec::new(),
        evidence: Vec::new(),
    }
}

/// What a line of a plan can hold of an explanation.
fn short(texts: Vec<String>) -> Vec<String> {
    let cut = |mut text: String| {
        let end = (0..=MAX_WORDS.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text
    };
    texts.into_iter().filter(|text| !text.trim().is_empty()).take(MOST_WORDS).map(cut).collect()
}

fn note(first: &mut Vec<String>, count: &mut u64, text: String) {
    *count += 1;
    if first.len() < MOST_SHOWN {
        first.push(text);
    }
}

fn say_sums(sums: &Sums, lines: u64) {
    let Sums { clients, asks, bad, bad_count, contradictions, contradiction_count } = sums;
    println!("{clients} clients judged, {lines} restrictions");
    println!("{asks} clients of whom facts are missing: nothing is applied on a guess, ask them");
    println!("{contradiction_count} clients about whom two rules contradict: a person decides, nothing is applied");
    contradictions.iter().for_each(|text| println!("  {text}"));
    println!("{bad_count} rows that cannot be used");
    bad.iter().for_each(|text| println!("  {text}"));
}

fn show(plan: &Exact<Plan>) {
    let value = plan.value();
    match (&value.computed, value.act) {
        (Some(Computed { pack, day, valuation, .. }), _) => {
            println!("{} restrictions by {} ({}) on {day}", value.items.count, pack.name, pack.digest);
            if let Some(Valued { currency, source, at }) = valuation {
                println!("values in {currency} by prices of {source} at {at}");
            }
        }
        (None, PlanAct::Apply | PlanAct::Reverse) => println!("{} restrictions are taken off", value.items.count),
    }
    println!("why: {}", value.why);
    println!("written by {} at {}", value.author, value.at);
}

fn keep(desk: &Desk, folder: PlanFolder, plan: &Exact<Plan>, signer: &Signer, by: &PersonId) -> Result<()> {
    let approval: Exact<Approval> =
        signer.approve(&plan.digest(), by, SignerRole::Author, Verdict::Approve, desk.now())?;
    desk.check_plan_signature(plan, &approval)?;
    let folder = folder.keep(plan)?;
    keep_signature(&folder, SignerRole::Author, &approval)?;
    show(plan);
    println!("digest to compare: {}", plan.digest());
    println!("every line in {}", folder.path(ITEMS).display());
    let again = if plan.value().computed.is_some() { " --pack PACK --population FILE" } else { "" };
    println!("next: countersign restrict approve {}{again} --as PERSON --key KEY", &plan.digest().to_hex()[..8]);
    Ok(())
}

fn valued(valuation: &Valuation) -> Valued {
    Valued { currency: valuation.currency.to_string(), source: valuation.source.clone(), at: valuation.at }
}

/// SHA-256 of the population's bytes.
fn population_digest(given: &Given) -> Result<Digest> {
    if given.is_demo() {
        return Ok(countersign_core::digest::plain(demo::csv().as_bytes()));
    }
    let mut file = open(&given.population)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut buffer).with_context(|| given.population.display().to_string())?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else { break };
        hash.update(part);
    }
    Ok(Digest(hash.finalize().into()))
}

impl Given {
    /// What a plan was computed from, once more.
    fn again(pack: PathBuf, date: Date, population: PathBuf, prices: Option<PathBuf>) -> Self {
        Self { pack, date, population, prices, price_source: None, priced_at: None, currency: String::new() }
    }
}
