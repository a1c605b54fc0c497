//! `countersign ring`, one file per subcommand: the founding ceremony between processes that trust one another in nothing, and what
//! the trustees are asked for when shares are dealt anew.

mod create;
mod finish;
mod join;
mod plan;
mod serve;
mod status;

use anyhow::Result;
use clap::{Args, Subcommand};
use std::path::Path;

pub(crate) const EXAMPLE: &str = "The custodian:
  countersign ring create --dir my-exchange --name 'My Exchange' --seat XA --threshold 3 \\
      --trustee one.identity --trustee two.identity --trustee three.identity --trustee four.identity --trustee five.identity
  countersign ring serve --dir my-exchange --listen 127.0.0.1:8745
  countersign ring status --dir my-exchange
  countersign ring finish --dir my-exchange --trustee-at 1=https://trustee-one.example

Each trustee, on a machine of its own:
  countersign ring join my-trustee --at https://ceremony.custodian.example --passphrase-file passphrase
  countersign ring join my-trustee --at https://ceremony.custodian.example --passphrase-file passphrase --sign DIGEST";

#[derive(Args)]
pub(crate) struct Ring {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Begin the founding ceremony: keys and documents of the custodian, the terms with the pinned identities of the trustees.
    Create(create::Create),
    /// Serve the meeting place on a loopback address: collects and hands out the trustees' signed messages.
    Serve(serve::Serve),
    /// Take part as a trustee: only outgoing connections; may be stopped and begun again at any time.
    Join(join::Join),
    /// Say how far the ceremony is, and on whom it waits; of a founded custodian its keys, who holds them, what is cooling, and how
    /// many records lie under which ring.
    Status(status::Status),
    /// New shares for the same trustees: what their owners say.
    Refresh(plan::Refresh),
    /// Shares for one more trustee: what the owners say.
    Enrol(plan::Enrol),
    /// New shares without one trustee: what the owners of the others say.
    Remove(plan::Remove),
    /// New keys, after a trustee left in conflict or shares may be in one hand: what the owners say.
    Rotate(plan::Rotate),
    /// A lost share: what its owner and the helpers say.
    Repair(plan::Repair),
    /// The people sign genesis, leaf 0 is appended: the custodian is founded.
    Finish(finish::Finish),
}

impl Ring {
    pub(crate) async fn run(self, dir: &Path) -> Result<()> {
        match self.command {
            Command::Create(command) => command.run(dir).await,
            Command::Serve(command) => command.run(dir).await,
            Command::Join(command) => command.run().await,
            Command::Status(command) => command.run(dir).await,
            Command::Refresh(command) => command.run(dir).await,
            Command::Enrol(command) => command.run(dir).await,
            Command::Remove(command) => command.run(dir).await,
            Command::Rotate(command) => command.run(dir).await,
            Command::Repair(command) => command.run(dir).await,
            Command::Finish(command) => command.run(dir).await,
        }
    }
}
