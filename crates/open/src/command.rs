//! The command: its arguments, and what it says.

use crate::bag::write_bag;
use crate::package::open;
use anyhow::Result;
use clap::Args;
use countersign_core::id::Digest;
use std::path::PathBuf;

/// What stands below the help.
pub const EXAMPLE: &str = "Example:
  countersign open package.age --keys authority/xa-district-court --out opened --genesis DIGEST

  writes a BagIt folder: data/ (CSV and JSON), case.jsonld, evidence/, manifest-sha512.txt";

/// Arguments of `countersign open` and `countersign-open`.
#[derive(Args)]
pub struct Open {
    /// The package as it was received.
    package: PathBuf,
    /// Folder with the authority's `package.agekey` and `recipient.key`.
    #[arg(long)]
    keys: PathBuf,
    /// Folder to write; must not exist.
    #[arg(long)]
    out: PathBuf,
    /// Digest of genesis known from elsewhere; without it the report says on which genesis everything rests.
    #[arg(long)]
    genesis: Option<Digest>,
}

impl Open {
    /// Opens the package, writes the bag, and says on standard output what everything rests on.
    ///
    /// # Errors
    /// A text for people that names the first thing that does not hold; nothing is written then.
    pub fn run(self, seed: &[u8; 32]) -> Result<()> {
        let opened = open(&self.package, &self.keys, self.genesis.as_ref(), seed)?;
        let opening = &opened.opening;
        let order = opening.evidence.order.value();
        let people = write_bag(&opened, &self.out)?;
        println!("order {} for {}: signed by {}", order.id, order.authority, opening.evidence.signers.join(", "));
        println!(
            "leaf {} of the journal, {} trustees answered",
            opening.evidence.included.index,
            opening.evidence.receipts.len()
        );
        match self.genesis {
            Some(_) => println!("genesis {} as pinned", opening.evidence.genesis),
            None => println!("genesis {}: compare it with the one you know from elsewhere", opening.evidence.genesis),
        }
        for liar in &opening.liars {
            println!("warning: the reply of trustee {liar} was wrong; the others sufficed");
        }
        println!("{people} people, {} cells opened into {}", opening.cells.len(), self.out.display());
        Ok(())
    }
}
