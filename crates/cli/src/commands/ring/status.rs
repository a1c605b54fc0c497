use crate::ceremony::{Hall, log_is_public, told};
use crate::edge;
use crate::place::Place;
use anyhow::{Result, bail};
use clap::Args;
use countersign_trustee::founding::Stage;
use std::path::Path;

#[derive(Args)]
pub(super) struct Status {}

impl Status {
    /// Reads what is on disk, so it may run beside the server.
    pub(super) fn run(self, dir: &Path) -> Result<()> {
        let place = Place::new(dir);
        let hall = Hall::open(&place)?;
        let public = log_is_public(&place, &hall, edge::clock().as_ref())?;
        let meeting = hall.meeting();
        let stage = meeting.stage();
        println!("terms {}", meeting.founding().terms().digest());
        println!("log of the ceremony: {}", if public { "public" } else { "not public yet" });
        if let Some(outcomes) = meeting.outcomes() {
            println!("key ring {}", outcomes.sealing.ring.value().id());
            if let Some(index) = &outcomes.index {
                println!("index ring {}", index.ring.value().id());
            }
        }
        if let Some(genesis) = meeting.genesis() {
            println!("genesis {}", genesis.digest());
        }
        let said = told(&meeting, stage.clone());
        if stage == Stage::Stopped {
            bail!("{said}");
        }
        println!("{said}");
        Ok(())
    }
}
