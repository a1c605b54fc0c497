use crate::custody::Custody;
use crate::upkeep::say_opened;
use anyhow::Result;
use clap::Args;
use std::path::Path;

#[derive(Args)]
pub(super) struct OpenDue {}

impl OpenDue {
    pub(super) async fn run(self, dir: &Path) -> Result<()> {
        let custody = Custody::open(dir).await?;
        let opened = custody.desk.open_due(custody.config.openings.hour.seconds()).await;
        custody.close().await?;
        say_opened(&opened?);
        Ok(())
    }
}
