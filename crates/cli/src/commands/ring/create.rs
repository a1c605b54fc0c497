use crate::ceremony::{TrusteeTerms, build, prepare, write_terms};
use crate::commands::init::Firm;
use crate::edge;
use crate::files;
use anyhow::{Context, Result, ensure};
use clap::Args;
use countersign_verify::founding::read_identity;
use std::path::{Path, PathBuf};

/// Longest identity with its signature line.
const LONGEST: usize = 4 * 1024;

#[derive(Args)]
pub(super) struct Create {
    #[command(flatten)]
    firm: Firm,
    /// Signed identity of a trustee, as `trustee init` wrote it; one for each index from 1 on.
    #[arg(long = "trustee", value_name = "FILE", required = true)]
    trustees: Vec<PathBuf>,
}

impl Create {
    pub(super) async fn run(self, dir: &Path) -> Result<()> {
        let identities = identities(&self.trustees)?;
        let founding = self.firm.founding()?;
        let now = edge::clock().now();
        let founded = build(dir, async |place| {
            let mut rng = edge::rng()?;
            prepare(place, &founding, now, &mut rng)?;
            let terms = TrusteeTerms {
                identities,
                threshold: founding.threshold,
                classes: founding.classes.clone(),
                attributes: founding.attributes.clone(),
            };
            write_terms(place, terms, &mut rng)
        })
        .await?;
        let terms = founded.terms();
        println!("terms {} in {}", terms.digest(), dir.display());
        for member in founded.members() {
            println!("trustee {}: {} in {}, identity key {}", member.index, member.name, member.state, member.identity);
        }
        println!("any {} of {} open a record", terms.value().threshold, founded.trustees());
        if let Some(index) = &terms.value().index {
            let attributes: Vec<String> = index.attributes.iter().map(ToString::to_string).collect();
            println!("as many look a client up, by {}", attributes.join(", "));
        }
        println!("compare every identity key with its owner over another channel than the one it came by");
        if !founding.witnesses.is_empty() {
            println!("before the trustees join, the witnesses must follow both logs:");
            println!("  {}", terms.value().log.vkey);
            println!("  {}", terms.value().journal.vkey);
        }
        println!("next: countersign --dir {} ring serve", dir.display());
        Ok(())
    }
}

/// The identities in the order of their indices, which must be 1 to n.
fn identities(files: &[PathBuf]) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for file in files {
        let text = files::read_text(file, LONGEST)?;
        let identity = read_identity(&text).with_context(|| {
            format!("{} is not the identity of a trustee: ask its owner for it again", file.display())
        })?;
        all.push((identity.value().index, file, text));
    }
    all.sort_by_key(|(index, ..)| *index);
    for (expected, (index, file, _)) in (1u16..).zip(&all) {
        ensure!(
            *index == expected,
            "{} was made for index {index}, where trustee {expected} is missing: indices are 1 to the number of trustees",
            file.display()
        );
    }
    Ok(all.into_iter().map(|(_, _, text)| text).collect())
}
