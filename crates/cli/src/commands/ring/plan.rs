//! `countersign ring refresh`, `enrol`, `remove`, `rotate`, `repair`: what the owners of the trustees agree on, as the commands that each says.

use crate::commands::trustee::Holders;
use crate::custody::Custody;
use crate::edge;
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use countersign_core::id::Digest;
use countersign_verify::state::InForce;
use rand_core::Rng as _;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct Refresh {
    /// Who deals: as many as the threshold or more; the first ones by default.
    #[arg(long, value_delimiter = ',')]
    dealers: Vec<u16>,
}

#[derive(Args)]
pub(super) struct Enrol {
    /// Signed identity of the newcomer, as `trustee init` wrote it, under the number that it will have.
    newcomer: PathBuf,
    /// Who deals: as many as the threshold or more; the first ones by default.
    #[arg(long, value_delimiter = ',')]
    dealers: Vec<u16>,
}

#[derive(Args)]
pub(super) struct Remove {
    /// Number of the trustee that leaves: the last one, or one whose number a newcomer takes.
    trustee: u16,
    /// Signed identity of a newcomer that takes the number.
    #[arg(long, value_name = "FILE")]
    newcomer: Option<PathBuf>,
    /// Who deals: as many as the threshold or more of those who stay; the first ones by default.
    #[arg(long, value_delimiter = ',')]
    dealers: Vec<u16>,
}

#[derive(Args)]
pub(super) struct Rotate {}

#[derive(Args)]
pub(super) struct Repair {
    /// Number of the trustee whose share is lost.
    trustee: u16,
    /// Who helps: as many as the threshold or more; the first ones by default.
    #[arg(long, value_delimiter = ',')]
    helpers: Vec<u16>,
}

impl Refresh {
    pub(super) async fn run(self, dir: &Path) -> Result<()> {
        reshare(dir, &self.dealers, &Holders { newcomer: Vec::new(), holders: None }, None).await
    }
}

impl Enrol {
    pub(super) async fn run(self, dir: &Path) -> Result<()> {
        reshare(dir, &self.dealers, &Holders { newcomer: vec![self.newcomer], holders: None }, None).await
    }
}

impl Remove {
    pub(super) async fn run(self, dir: &Path) -> Result<()> {
        let holders = match self.newcomer {
            Some(newcomer) => Holders { newcomer: vec![newcomer], holders: None },
            None => Holders { newcomer: Vec::new(), holders: Some(self.trustee.saturating_sub(1)) },
        };
        reshare(dir, &self.dealers, &holders, Some((self.trustee, holders.newcomer.is_empty()))).await
    }
}

impl Rotate {
    pub(super) async fn run(self, dir: &Path) -> Result<()> {
        let state = in_force(dir).await?;
        let ring = state.ring().context("no key ring is in force: there is nothing to rotate")?;
        if let Some(former) = state.former_ring() {
            bail!(
                "ring {} is still being read: seal its records anew and close it before the next rotation",
                former.id
            );
        }
        let removed = state.members().iter().find(|member| state.trustee(member.index).is_none());
        if let Some(member) = removed {
            bail!(
                "trustee {} was removed and would get a share of the new keys: deal the shares anew without it (`ring remove`), then rotate",
                member.index
            );
        }
        println!("ring {} gets new keys, held by these trustees:", ring.id);
        for member in state.members() {
            println!("trustee {}: {} in {}, identity key {}", member.index, member.name, member.state, member.identity);
        }
        println!("each of them says, until it is told that every trustee has confirmed:");
        println!(
            "  countersign trustee rotate FOLDER --log ADDRESS-OF-THE-JOURNAL --letters FOLDER-OF-LETTERS --session {}",
            session()?
        );
        println!("then: countersign change propose ring --letters FOLDER-OF-LETTERS");
        println!("once it is in force, records that were sealed before are still read, and are to be sealed anew");
        Ok(())
    }
}

impl Repair {
    pub(super) async fn run(self, dir: &Path) -> Result<()> {
        let state = in_force(dir).await?;
        ensure!(state.trustee(self.trustee).is_some(), "trustee {} is not in force", self.trustee);
        let helpers = parties(&state, &self.helpers, |index| index != self.trustee)?;
        println!("trustee {} and the helpers say, until each is told that it is done:", self.trustee);
        println!(
            "  countersign trustee repair FOLDER --log ADDRESS-OF-THE-JOURNAL --letters FOLDER-OF-LETTERS --session {} --lost {} --helpers {helpers}",
            session()?,
            self.trustee
        );
        Ok(())
    }
}

/// Says what the owners say for new shares. `leaver`, and whether its number goes with it.
async fn reshare(dir: &Path, dealers: &[u16], holders: &Holders, leaver: Option<(u16, bool)>) -> Result<()> {
    let state = in_force(dir).await?;
    let members = holders.members(&state)?;
    if let Some((leaver, number_goes)) = leaver {
        ensure!(state.members().iter().any(|member| member.index == leaver), "there is no trustee {leaver}");
        ensure!(
            !number_goes || usize::from(leaver) == state.members().len(),
            "trustees are numbered without a gap: give --newcomer for number {leaver}, or let the last trustee leave"
        );
    }
    let stays = |index: u16| {
        let now = state.trustee(index).map(|member| member.identity);
        now.is_some() && members.iter().any(|member| member.index == index && Some(member.identity) == now)
    };
    let dealers = parties(&state, dealers, stays)?;
    let mut arguments = format!("--session {} --dealers {dealers}", session()?);
    for path in &holders.newcomer {
        arguments += &format!(" --newcomer {}", path.display());
    }
    if let Some(count) = holders.holders {
        arguments += &format!(" --holders {count}");
    }
    println!("{} trustees will hold shares:", members.len());
    for member in &members {
        let new = if stays(member.index) { "" } else { ", new: every owner compares its key and says --accept KEY" };
        println!(
            "trustee {}: {} in {}, identity key {}{new}",
            member.index, member.name, member.state, member.identity
        );
    }
    println!("each of them says, until it is told that every holder has confirmed:");
    println!(
        "  countersign trustee reshare FOLDER --log ADDRESS-OF-THE-JOURNAL --letters FOLDER-OF-LETTERS {arguments}"
    );
    println!(
        "then: countersign change propose trustees --letters FOLDER-OF-LETTERS, with the same --newcomer and --holders"
    );
    println!("once it is in force: countersign trustee forget FOLDER --log ADDRESS-OF-THE-JOURNAL");
    Ok(())
}

async fn in_force(dir: &Path) -> Result<InForce> {
    let custody = Custody::open(dir).await?;
    let state = custody.desk.control().at(custody.desk.now());
    custody.close().await?;
    Ok(state)
}

/// Those chosen, or the first who can; as many as the threshold at least.
fn parties(state: &InForce, chosen: &[u16], can: impl Fn(u16) -> bool) -> Result<String> {
    let (threshold, _) = state.trustees().context("this custodian has no trustees")?;
    let there = || state.members().iter().map(|member| member.index).filter(|index| state.trustee(*index).is_some());
    let mut list = chosen.to_vec();
    if list.is_empty() {
        list = there().filter(|index| can(*index)).take(usize::from(threshold)).collect();
    }
    list.sort_unstable();
    list.dedup();
    let wrong = list.iter().find(|index| !can(**index) || !there().any(|there| there == **index));
    ensure!(wrong.is_none(), "trustee {} has no share to give here", wrong.copied().unwrap_or_default());
    ensure!(list.len() >= usize::from(threshold), "{} trustees are too few: {threshold} are needed", list.len());
    Ok(list.iter().map(u16::to_string).collect::<Vec<_>>().join(","))
}

fn session() -> Result<Digest> {
    let mut bytes = [0; 32];
    edge::rng()?.fill_bytes(&mut bytes);
    Ok(Digest(bytes))
}
