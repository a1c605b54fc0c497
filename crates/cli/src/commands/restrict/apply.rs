//! `countersign restrict apply`, `show`, `totals`.

use super::plans::PlanFolder;
use crate::custody::Custody;
use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use countersign_core::restriction::{Act, PlanAct, Planned, Record};
use countersign_desk::Desk;
use countersign_desk::restrictions::{Applied, Opened, PlanStage, SignedPlan, Totals};
use countersign_restrict::reconcile::HEADER;
use std::collections::BTreeMap;

/// Lines done in one transaction.
const BATCH: usize = 500;

#[derive(Args)]
pub(super) struct Apply {
    /// The plan: the beginning of its digest.
    plan: String,
    /// dry-run changes nothing; one-percent does every hundredth line; all does the rest, once the exchange core has taken the first.
    #[arg(long)]
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stage {
    /// Count what would be done.
    DryRun,
    /// Every hundredth line, the first among them.
    OnePercent,
    /// Every line.
    All,
}

impl Apply {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        let folder = PlanFolder::find(&custody.place, &self.plan)?;
        let plan = folder.plan()?;
        let (author, approver) = folder.signatures()?;
        let signed = custody.desk.signed_plan(plan.clone(), author, approver)?;
        folder.check_items(plan.value())?;
        let stage = match self.stage {
            Stage::DryRun => return dry_run(&custody.desk, &folder, &signed).await,
            Stage::OnePercent => PlanStage::OnePercent,
            Stage::All => PlanStage::All,
        };
        custody.desk.check_stage(&signed, stage).await?;
        let mut batch: Vec<Planned> = Vec::with_capacity(BATCH);
        let mut sum = Applied::default();
        folder
            .each(plan.value(), async |place, line| {
                if stage.takes(place) {
                    batch.push(line);
                }
                if batch.len() == BATCH {
                    add(&mut sum, custody.desk.do_lines(&signed, &batch).await?);
                    batch.clear();
                }
                Ok(())
            })
            .await?;
        add(&mut sum, custody.desk.do_lines(&signed, &batch).await?);
        custody.desk.finish_stage(&signed, stage).await?;
        let act = plan.value().act;
        println!("{} restrictions {}, {} had been before", sum.done, done(act), sum.before);
        let counts = custody.store_notices().await?;
        println!("{} notices wait for `countersign restrict deliver`, {} were given up", counts.waiting, counts.dead);
        Ok(())
    }
}

fn done(act: PlanAct) -> &'static str {
    match act {
        PlanAct::Apply => "applied",
        PlanAct::Reverse => "taken off",
    }
}

fn add(sum: &mut Applied, more: Applied) {
    sum.done += more.done;
    sum.before += more.before;
}

async fn dry_run(desk: &Desk, folder: &PlanFolder, signed: &SignedPlan) -> Result<()> {
    let plan = signed.plan().value();
    let mut by_rule: BTreeMap<(String, &str), (u64, u64, u64)> = BTreeMap::new();
    folder
        .each(plan, async |place, line| {
            let heads = desk.restrictions_on(&line.account).await?;
            let stands = heads.iter().any(|head| head.value().rule == line.rule && head.value().stands());
            let (first, all, before) = by_rule.entry((line.rule, line.effect.as_str())).or_default();
            if stands == (plan.act == PlanAct::Apply) {
                *before += 1;
            } else {
                *all += 1;
                *first += u64::from(PlanStage::OnePercent.takes(place));
            }
            Ok(())
        })
        .await?;
    for ((rule, effect), (first, all, before)) in by_rule {
        println!(
            "{rule} {effect}: {all} would be {}, {first} of them first; {before} have been before",
            done(plan.act)
        );
    }
    println!("nothing was changed");
    Ok(())
}

/// What stands on one account, as its client may see it: which rule, which facts, what evidence would change it.
pub(super) async fn show(desk: &Desk, account: &str) -> Result<()> {
    let heads = desk.restrictions_on(account).await?;
    ensure!(!heads.is_empty(), "`{account}` was never restricted");
    for head in heads {
        let head = head.value();
        let history = desk.restriction(account, &head.rule).await?;
        let begun = history.iter().rposition(|record| record.value().act == Act::Apply).unwrap_or(0);
        for record in history.iter().skip(begun).map(countersign_core::json::Exact::value) {
            println!("{}", in_words(record));
            record.reasons.iter().for_each(|reason| println!("  because       {reason}"));
            record.evidence.iter().for_each(|evidence| println!("  would change  {evidence}"));
        }
        println!();
    }
    Ok(())
}

fn in_words(record: &Record) -> String {
    let Record { rule, effect, at, why, act, .. } = record;
    match act {
        Act::Apply => format!("{rule}: {effect} since {at} ({why})"),
        Act::Appeal => {
            let due = record.due.map(|due| due.to_string()).unwrap_or_default();
            format!("appeal of {at}, to be decided until {due}: {why}")
        }
        Act::Uphold => format!("upheld on {at}: {why}"),
        Act::Reverse => format!("taken off on {at}: {why}"),
    }
}

/// Counts per version of a rule: from every leaf, or from those that are open, with nothing but the bytes of the log.
pub(super) async fn totals(custody: &Custody, opened: bool) -> Result<()> {
    if !opened {
        say_totals(&custody.desk.restriction_totals().await?);
        println!("every leaf says what its record says, and there are as many records");
        return Ok(());
    }
    let (mut openings, mut totals) = (Opened::default(), Totals::default());
    custody.log.each_leaf(0, |_, entry| openings.take(entry).map_err(anyhow::Error::msg)).await?;
    let count = |index, entry: &[u8]| {
        let counted = openings.count(index, entry, &mut totals).map(drop);
        counted.map_err(|reason| anyhow::anyhow!("leaf {index}: {reason}"))
    };
    custody.log.each_leaf(0, count).await?;
    say_totals(&totals);
    Ok(())
}

fn say_totals(totals: &Totals) {
    println!(
        "{:<24} {:>9} {:>9} {:>9} {:>9} {:>9}  pack",
        "rule", "applied", "appealed", "upheld", "reversed", "standing"
    );
    for ((rule, pack), of) in &totals.rules {
        let pack = &pack.to_hex()[..16];
        println!(
            "{rule:<24} {:>9} {:>9} {:>9} {:>9} {:>9}  {pack}",
            of.applied,
            of.appealed,
            of.upheld,
            of.reversed,
            of.standing()
        );
    }
    println!("counted from {} leaves", totals.leaves);
}

/// What stands, in the form of an export: what the exchange core is compared with.
pub(super) async fn standing(custody: &Custody) -> Result<()> {
    println!("{HEADER}");
    for (account, effect) in custody.standing().await? {
        println!("{},{effect}", field(&account));
    }
    Ok(())
}

/// A field of CSV (RFC 4180).
fn field(text: &str) -> String {
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::restriction::Effect;
    use countersign_restrict::reconcile::reconcile;

    #[test]
    fn what_is_printed_can_be_compared() {
        let standing = ["A-1", "a,b", "a\"b", "ä b"].map(|account| (account.to_owned(), Effect::Freeze));
        let rows = standing.iter().map(|(account, effect)| format!("{},{effect}\n", field(account)));
        let export: String = std::iter::once(format!("{HEADER}\n")).chain(rows).collect();
        assert!(reconcile(standing.into(), export.as_bytes()).unwrap().is_clean());
    }
}
