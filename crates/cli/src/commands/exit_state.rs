//! `countersign exit-state`.

use super::change::remove;
use crate::custody::Custody;
use crate::signer::Signer;
use anyhow::{Context, Result, ensure};
use clap::Args;
use countersign_core::country::Country;
use countersign_core::id::PersonId;
use countersign_desk::exit::{ExitPlan, Extent, OpenCase, Tie};
use countersign_store::Register as _;
use std::path::{Path, PathBuf};

pub(crate) const EXAMPLE: &str = "Examples:
  countersign exit-state XR --plan
  countersign exit-state XR --suspend-authorities --as anna-berg --key people/anna-berg/signing.key

Interrupted at any moment, the same command finishes what is left.";

#[derive(Args)]
pub(crate) struct ExitState {
    /// The state.
    state: Country,
    /// Only show what would be done and what has to follow.
    #[arg(long)]
    plan: bool,
    /// Remove people whom the state can compel too, not only those who live there.
    #[arg(long)]
    reach: bool,
    /// Answer the state's authorities no more.
    #[arg(long)]
    suspend_authorities: bool,
    /// Go on even if fewer approvers remain than a change needs, so that nobody can be added any more.
    #[arg(long)]
    leave_too_few: bool,
    /// Who signs the removals: an approver or counsel who stays.
    #[arg(long = "as", value_name = "PERSON", required_unless_present = "plan")]
    by: Option<PersonId>,
    /// A key file of countersign, or an OpenSSH private key (`ssh-keygen -Y sign` is used).
    #[arg(long, required_unless_present = "plan")]
    key: Option<PathBuf>,
}

impl ExitState {
    pub(crate) async fn run(self, dir: &Path) -> Result<()> {
        let custody = Custody::open(dir).await?;
        let done = self.carry_out(&custody).await;
        custody.close().await?;
        done
    }

    async fn carry_out(&self, custody: &Custody) -> Result<()> {
        let extent = Extent { reach: self.reach, authorities: self.suspend_authorities };
        let plan = custody.desk.plan_exit(self.state, extent);
        let cases = custody.desk.open_cases_in(self.state).await?;
        say_at_once(&plan);
        if !self.plan {
            self.remove_all(custody, &plan).await?;
        }
        say_after(&plan, &cases, custody.store.counts().await?.clients);
        Ok(())
    }

    async fn remove_all(&self, custody: &Custody, plan: &ExitPlan) -> Result<()> {
        let by = self.by.as_ref().context("name who signs with --as")?;
        let key = self.key.as_ref().context("name the key of who signs with --key")?;
        ensure!(
            !plan.leavers.iter().any(|leaver| leaver.id == *by),
            "`{by}` is one of those who go: somebody who stays must sign"
        );
        ensure!(
            !plan.leaves_too_few() || self.leave_too_few || plan.leavers.is_empty(),
            "{} approvers would remain and a change needs {}: add approvers elsewhere before, or say --leave-too-few",
            plan.approvers,
            plan.approvers_needed
        );
        let signer = Signer::load(key)?;
        for action in plan.actions() {
            let (words, published) = remove(custody, action, by, &signer).await?;
            println!("leaf {}: {}", published.index, words.first().map_or("", String::as_str));
        }
        Ok(())
    }
}

/// What goes with one signature each.
fn say_at_once(plan: &ExitPlan) {
    println!("leaving {}", plan.state);
    for leaver in &plan.leavers {
        let tie = if leaver.tie == Tie::Lives { "lives there" } else { "can be compelled there" };
        let stage = if leaver.in_force { "" } else { ", is cooling" };
        println!("remove {}: {tie}{stage}", leaver.id);
    }
    plan.suspended.iter().for_each(|authority| println!("suspend {authority}"));
    if plan.actions().is_empty() {
        println!("nothing is left to remove");
    }
    plan.reached.iter().for_each(|id| println!("stays, though {} can compel: {id} (--reach removes)", plan.state));
    plan.answered.iter().for_each(|id| println!("goes on being answered: {id} (--suspend-authorities)"));
    println!("approvers that remain: {}; a change needs {}", plan.approvers, plan.approvers_needed);
    if plan.leaves_too_few() {
        println!("warning: too few approvers remain to add anybody ever again");
    }
}

/// What no signature of one person does.
fn say_after(plan: &ExitPlan, cases: &[OpenCase], clients: u64) {
    let state = plan.state;
    println!("what has to follow:");
    for member in &plan.trustees {
        println!("trustee {} ({}) holds a share under the law of {state}", member.index, member.name);
    }
    if let (false, Some((threshold, n))) = (plan.trustees.is_empty(), plan.threshold) {
        let there = plan.trustees.len();
        println!("a share that is out there cannot be removed by a leaf: give it up by a refresh without its holder,");
        println!(
            "and after a hostile departure rotate the keys: a leaver and {} old shares open old data",
            threshold - 1
        );
        if there >= usize::from(threshold) {
            println!("warning: {there} trustees there are enough to open everything: rotate now");
        }
        if n - there < usize::from(threshold) {
            println!(
                "warning: without them {} of the {threshold} trustees needed remain: enrol others before",
                n - there
            );
        }
    }
    for open in cases {
        println!("open case {} with {}: {}", &open.case.to_hex()[..8], open.authority, open.stage);
    }
    if plan.seat {
        println!("warning: the custodian's own seat is in {state}: a seat does not move by a control leaf");
    }
    println!("data: {clients} clients are sealed; the register does not tell in clear which of them live in {state}");
    println!("  no copy of custodian.db, sigma.db or their backups stays on machines or with providers in {state}");
    println!("  packages in custodian/outbox for its authorities are handed over or deleted; their evidence stays");
    println!("  clients who leave with the state: `client hold` what a court may ask for, `client erase` the others");
    println!("  witnesses run from {state} leave the witness policy: `change propose witness-policy`");
}
