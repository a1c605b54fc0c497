use crate::ceremony::{Hall, finish, genesis_signers, signer_of};
use crate::commands::init::key_of;
use crate::config::PartyAt;
use crate::custody::lock;
use crate::edge;
use crate::place::Place;
use crate::signer::Signer;
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use countersign_core::id::PersonId;
use std::path::Path;

#[derive(Args)]
pub(super) struct Finish {
    /// A person's own SSH key instead of a generated one: `anna-berg=/path/to/key`, as given to `ring create`.
    #[arg(long, value_name = "PERSON=KEY")]
    sign_with: Vec<String>,
    /// Where the desk reaches a trustee: `1=https://trustee.example`. More can be written into custodian/config.json later.
    #[arg(long, value_name = "INDEX=URL")]
    trustee_at: Vec<String>,
}

impl Finish {
    pub(super) async fn run(self, dir: &Path) -> Result<()> {
        let place = Place::new(dir);
        ensure!(!place.config().exists(), "{} is founded already", dir.display());
        let hall = Hall::open(&place)?;
        let _alone = lock(&place)?;
        let n = hall.meeting().founding().trustees();
        let trustees = trustees(&self.trustee_at, n)?;
        let mut people: Vec<(PersonId, Signer)> = Vec::new();
        for assignment in &self.sign_with {
            let (person, key) = key_of(assignment)?;
            people.push((person, Signer::load(&key)?));
        }
        let named: Vec<PersonId> = match hall.meeting().genesis() {
            Some(genesis) => genesis_signers(genesis.value()).cloned().collect(),
            None => Vec::new(),
        };
        for person in named {
            if !people.iter().any(|(known, _)| *known == person) {
                let signer = signer_of(&place, &person)
                    .with_context(|| format!("nothing signs for `{person}`: give --sign-with {person}=KEY"))?;
                people.push((person, signer));
            }
        }
        let reached = trustees.len();
        let founded = finish(&place, Some(&hall), &people, trustees, edge::clock().now()).await?;
        println!("founded in {}", dir.display());
        println!("genesis {} signed by {} parties; pin this digest", founded.genesis, founded.signers);
        if let Some(ring) = founded.ring {
            println!("key ring {ring}, made by the trustees without a dealer");
        }
        if let Some(ring) = founded.index_ring {
            println!("index ring {ring}, made with it");
        }
        println!("leave `ring serve` running until every trustee has installed genesis");
        if reached < usize::from(n) {
            println!("write where the other trustees are into the list `trustees` of custodian/config.json");
        }
        println!("next: countersign --dir {} client import clients.csv", dir.display());
        Ok(())
    }
}

fn trustees(given: &[String], n: u16) -> Result<Vec<PartyAt>> {
    let mut all: Vec<PartyAt> = Vec::new();
    for text in given {
        let parts = text.split_once('=').and_then(|(index, url)| Some((index.parse::<u16>().ok()?, url)));
        let Some((number, url)) = parts.filter(|(_, url)| url.starts_with("http://") || url.starts_with("https://"))
        else {
            bail!("`{text}` is not INDEX=URL, for example 1=https://trustee.example");
        };
        ensure!((1..=n).contains(&number), "`{text}`: the trustees are 1 to {n}");
        ensure!(all.iter().all(|party| party.number != number), "`{text}`: trustee {number} is named twice");
        all.push(PartyAt { number, at: url.to_owned() });
    }
    all.sort_by_key(|party| party.number);
    Ok(all)
}
