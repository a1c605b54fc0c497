use crate::custody::Custody;
use anyhow::{Context, Result};
use clap::Args;
use countersign_tlog::leaf::Leaf;
use std::path::Path;

#[derive(Args)]
pub(super) struct Show {}

impl Show {
    pub(super) async fn run(self, dir: &Path) -> Result<()> {
        let custody = Custody::open(dir).await?;
        let done = show(&custody).await;
        custody.close().await?;
        done
    }
}

async fn show(custody: &Custody) -> Result<()> {
    let published = custody.log.log().published().context("nothing is published yet")?;
    print!("{published}");
    let (mut control, mut sealed, mut opening) = (0, 0, 0);
    let count = |_, bytes: &[u8]| {
        match Leaf::parse(bytes)? {
            Leaf::Control(_) => control += 1,
            Leaf::Sealed(_) => sealed += 1,
            Leaf::Opening(_) => opening += 1,
        }
        Ok(())
    };
    custody.log.each_leaf(0, count).await?;
    println!("{control} control leaves, {sealed} sealed, {opening} openings");
    Ok(())
}
