use crate::custody::Custody;
use anyhow::Result;
use clap::Args;
use countersign_verify::state::PublishedTotals;
use std::path::Path;

#[derive(Args)]
pub(super) struct Totals {}

impl Totals {
    pub(super) async fn run(self, dir: &Path) -> Result<()> {
        let custody = Custody::open(dir).await?;
        let published = custody.desk.publish_totals(custody.desk.now().date()).await;
        custody.close().await?;
        show(&published?);
        Ok(())
    }
}

fn show(published: &PublishedTotals) {
    let totals = published.totals.value();
    let figures = &totals.figures;
    let (number, day, size, index) = (totals.number, totals.day, totals.size, published.index);
    println!("totals number {number} of {day} (UTC), over the first {size} leaves, in leaf {index}");
    println!("{} orders, {} people, {} cells", figures.orders, figures.people, figures.cells);
    for closed in &figures.closed {
        println!("still closed, opening by {}: {} orders, {} people", closed.until, closed.orders, closed.people);
    }
    for kept in &figures.kept_closed {
        println!("kept closed by {}: {} orders, {} people", kept.law, kept.orders, kept.people);
    }
    let signers: Vec<String> = published.signers.iter().map(ToString::to_string).collect();
    println!("countersigned by trustees {}", signers.join(", "));
}
