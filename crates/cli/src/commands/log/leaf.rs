use anyhow::Result;
use clap::Args;
use std::path::Path;

#[derive(Args)]
pub(super) struct Leaf {
    /// Its index.
    index: u64,
}

impl Leaf {
    pub(super) async fn run(self, dir: &Path) -> Result<()> {
        println!("{}", String::from_utf8_lossy(super::public(dir, self.index).await?.leaf()));
        Ok(())
    }
}
