//! `countersign duty deposits`: what own deposits are exposed to, for the duty to honour sanctions.

use crate::custody::Custody;
use crate::files;
use crate::signer::Signer;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use countersign_core::approval::{SignerRole, Verdict as Signed};
use countersign_core::exposure::{DepositAnswer, ExposureOrder, Listing, ShareBand};
use countersign_core::id::{AuthorityId, OrderId, PersonId};
use countersign_desk::exposure::{ExposureEntry, ExposureFile};
use countersign_trace::wire::Outpoint;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Largest file of deposits.
const MAX_DEPOSITS: usize = 1024 * 1024;

#[derive(Subcommand)]
pub(super) enum Deposits {
    /// Propose a standing order over the lists and own addresses as they are now.
    Propose(Propose),
    /// Sign a standing order, or refuse to.
    Approve(super::Approve),
    /// Say what deposits are exposed to: bands and a verdict for each, and nothing of anybody else.
    Run(Run),
    /// All standing orders for own deposits, or one with what it pins and has used up.
    Show {
        /// Id of the standing order.
        duty: Option<OrderId>,
    },
}

#[derive(Args)]
pub(super) struct Propose {
    /// Who supervises the duty, by the directory.
    #[arg(long)]
    authority: AuthorityId,
    /// The law or decision that asks for it.
    #[arg(long)]
    basis: String,
    /// A list, by the name that `trace labels add --list` gave it; repeat for several.
    #[arg(long = "list", value_name = "NAME", required = true)]
    lists: Vec<String>,
    /// Payments asked back at most: 1 for who paid in.
    #[arg(long, default_value_t = 4, value_name = "N")]
    payments: u8,
    /// Percent from which on a deposit is above: any, 0.1, 1, 5, 10, 25, 50 or 100.
    #[arg(long, value_parser = threshold, value_name = "PERCENT")]
    threshold: ShareBand,
    /// Most deposits of one run.
    #[arg(long, value_name = "N")]
    per_run: u32,
    /// Most deposits of any 24 hours.
    #[arg(long, value_name = "N")]
    per_day: u32,
    /// Most deposits of all runs together.
    #[arg(long, value_name = "N")]
    total: u32,
    /// Hours that the last block of the graph may be old.
    #[arg(long, default_value_t = 6, value_name = "HOURS")]
    graph_hours: u16,
    /// For how many days.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=90))]
    days: u16,
    /// Legal author of the decision.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
}

#[derive(Args)]
pub(super) struct Run {
    /// Id of the standing order.
    duty: OrderId,
    /// The deposits, as `<transaction id>:<number>`.
    #[arg(required_unless_present = "from")]
    deposits: Vec<Outpoint>,
    /// The deposits, one per line.
    #[arg(long, value_name = "FILE", conflicts_with = "deposits")]
    from: Option<PathBuf>,
    /// Print one JSON object per deposit and nothing else.
    #[arg(long)]
    json: bool,
    /// Write what opens the leaf of the run to others, for `countersign verify query`.
    #[arg(long, value_name = "FILE")]
    opening: Option<PathBuf>,
}

impl Deposits {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        let desk = &custody.desk;
        match self {
            Self::Propose(propose) => propose.run(custody).await,
            Self::Approve(approve) => sign(custody, approve).await,
            Self::Run(run) => run.run(custody).await,
            Self::Show { duty: Some(duty) } => show(custody, &desk.exposure_order(&duty).await?).await,
            Self::Show { duty: None } => {
                for id in desk.exposure_orders().await? {
                    let file = desk.exposure_order(&id).await?;
                    let order = file.order.value();
                    let lists: Vec<&str> = order.lists.iter().map(|list| list.name.as_str()).collect();
                    println!("{id}  {}  until {}", lists.join(", "), order.expires);
                }
                Ok(())
            }
        }
    }
}

impl Propose {
    async fn run(self, custody: &Custody) -> Result<()> {
        let entry = ExposureEntry {
            authority: self.authority,
            basis: self.basis,
            lists: self.lists,
            payments: self.payments,
            threshold: self.threshold,
            run: self.per_run,
            day: self.per_day,
            total: self.total,
            graph_hours: self.graph_hours,
            days: self.days,
        };
        let file = custody.desk.propose_exposure(entry, &self.by).await?;
        show(custody, &file).await?;
        println!("next: countersign duty deposits approve {} --as PERSON --key KEY", file.order.value().id);
        Ok(())
    }
}

async fn sign(custody: &Custody, approve: super::Approve) -> Result<()> {
    let super::Approve { duty, by, key, refuse } = approve;
    let order = custody.desk.exposure_order(&duty).await?.order.digest();
    let verdict = if refuse { Signed::Refuse } else { Signed::Approve };
    let approval = Signer::load(&key)?.approve(&order, &by, SignerRole::Approver, verdict, custody.desk.now())?;
    let missing = custody.desk.approve_exposure(&duty, approval.bytes()).await?;
    println!("{by} signed {order}");
    match missing {
        None => println!("the quorum is complete; next: countersign duty deposits run {duty} --from FILE"),
        Some(missing) => println!("so far: {missing}"),
    }
    Ok(())
}

impl Run {
    async fn run(self, custody: &Custody) -> Result<()> {
        let mut deposits: BTreeSet<Outpoint> = self.deposits.into_iter().collect();
        if let Some(file) = &self.from {
            let text = files::read_text(file, MAX_DEPOSITS)?;
            for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
                let deposit = line.trim().parse::<Outpoint>();
                deposits.insert(deposit.with_context(|| format!("{}: line {number}", file.display()))?);
            }
        }
        let exposed = custody.desk.expose(&self.duty, &deposits).await?;
        let file = custody.desk.exposure_order(&self.duty).await?;
        let order = file.order.value();
        for (run, answer) in &exposed.answers {
            if self.json {
                let DepositAnswer { deposit, lists } = answer;
                println!("{}", json!({"deposit": deposit, "verdict": answer.verdict(), "run": run, "lists": lists}));
            } else {
                tell(order, *run, answer);
            }
        }
        if let Some(path) = &self.opening {
            let Some(run) = &exposed.run else {
                bail!("no leaf was made: every deposit was answered before; name one that was not")
            };
            files::write(path, custody.desk.exposure_opening(run).await?.bytes())?;
        }
        if !self.json {
            println!(
                "{} of {} deposits in 24 hours, {} of {} in all",
                file.today, order.day, file.answered, order.total
            );
        }
        Ok(())
    }
}

fn tell(order: &ExposureOrder, run: u32, answer: &DepositAnswer) {
    println!("deposit {}: {} (run {run})", answer.deposit, answer.verdict());
    for (list, of) in order.lists.iter().zip(&answer.lists) {
        let range = of.range().map(|(least, most)| match least == most {
            true => format!("{most}, by every rule that divides"),
            false => format!("{most} by one rule, {least} by another"),
        });
        let payments = of.payments.map(|payments| format!("; {payments} payments away at least"));
        println!(
            "  {} of {}: {}: {}{}",
            list.name,
            list.issuers.join(", "),
            of.verdict,
            range.unwrap_or_default(),
            payments.unwrap_or_default()
        );
    }
}

async fn show(custody: &Custody, file: &ExposureFile) -> Result<()> {
    let order = file.order.value();
    println!("standing order {}: own deposits, supervised by {}", order.id, order.authority);
    println!("because of: {}", order.basis);
    println!("digest to sign: {}", file.order.digest());
    // Whoever signs sees whether what is pinned is what is here: nobody can read a digest.
    let names: Vec<String> = order.lists.iter().map(|list| list.name.clone()).collect();
    let here = custody.desk.blast().pins(&names).await;
    for list in &order.lists {
        let Listing { name, issuers, addresses, left_out, digest } = list;
        let same = here.as_ref().is_ok_and(|here| here.lists.contains(list));
        println!(
            "list {name} of {}: {addresses} addresses, {left_out} left out (opinion, religion, charity), digest {digest}: {}",
            issuers.join(", "),
            is_here(same)
        );
    }
    let same = here.as_ref().is_ok_and(|here| here.own == order.own);
    println!("own addresses: {}, digest {}: {}", order.own.addresses, order.own.digest, is_here(same));
    println!("{} payments back; above from `{}` on", order.payments, order.threshold);
    println!("{} deposits a run, {} in 24 hours, {} in all", order.run, order.day, order.total);
    println!("last block at most {} hours old", order.graph_hours);
    println!("valid from {} until {}", order.not_before, order.expires);
    for approval in &file.approvals {
        let approval = approval.value();
        println!("signed: {} as {}: {} at {}", approval.approver, approval.role, approval.verdict, approval.at);
    }
    match &file.missing {
        Some(missing) => println!("no run yet: {missing}"),
        None => println!("{} runs, {} deposits, {} in the last 24 hours", file.runs, file.answered, file.today),
    }
    println!("exact bytes:\n{}", file.order.text());
    Ok(())
}

fn is_here(same: bool) -> &'static str {
    if same { "as it is here now" } else { "NOT as it is here now: nothing can be run" }
}

/// A threshold in percent, as people say it.
fn threshold(text: &str) -> Result<ShareBand, String> {
    match text {
        "any" => Ok(ShareBand::Trace),
        "0.1" => Ok(ShareBand::Thousandth),
        "1" => Ok(ShareBand::Hundredth),
        "5" => Ok(ShareBand::Twentieth),
        "10" => Ok(ShareBand::Tenth),
        "25" => Ok(ShareBand::Quarter),
        "50" => Ok(ShareBand::Half),
        "100" => Ok(ShareBand::Whole),
        _ => Err("is not any, 0.1, 1, 5, 10, 25, 50 or 100".into()),
    }
}
