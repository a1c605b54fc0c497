use anyhow::Result;
use clap::Args;
use std::path::Path;

#[derive(Args)]
pub(super) struct Proof {
    /// Its index.
    index: u64,
}

impl Proof {
    pub(super) async fn run(self, dir: &Path) -> Result<()> {
        print!("{}", super::public(dir, self.index).await?.proof());
        Ok(())
    }
}
