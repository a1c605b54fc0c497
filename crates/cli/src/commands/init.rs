//! `countersign init`.

use crate::ceremony::{Founding, WitnessAt, found, sample_authorities, sample_people};
use crate::config::{S3At, TilesAt};
use crate::edge;
use crate::signer::Signer;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use countersign_core::class::Class;
use countersign_core::country::Country;
use countersign_core::id::PersonId;
use countersign_seal::kind::{Attribute, Slot};
use std::path::{Path, PathBuf};

pub(crate) const EXAMPLE: &str = "Examples:
  countersign init --dir my-exchange --name 'My Exchange' --seat XA
  countersign init --dir ledger-only --level l0
  countersign init --dir my-exchange --tiles s3://my-exchange-log/journal --s3-region eu-west-1
  countersign init --dir my-exchange --sign-with anna-berg=$HOME/.ssh/id_ed25519";

/// How far the custodian climbs the ladder.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    /// Contacts, orders, approvals, leaves beside today's ticketing; no register, no trustees.
    L0,
    /// Sealed register, releases only through trustees.
    L3,
}

/// The firm, its people and its log: what `init` and `ring create` have in common.
#[derive(Args)]
pub(crate) struct Firm {
    /// Name of the firm.
    #[arg(long, default_value = "Example Custodian")]
    name: String,
    /// State of the firm's seat.
    #[arg(long, default_value = "XA")]
    seat: Country,
    /// Origin of the journal, an address without scheme that is yours; made from the name by default.
    #[arg(long)]
    origin: Option<String>,
    /// Trustees needed to open a record.
    #[arg(long, default_value_t = 3)]
    threshold: u16,
    /// Field classes to make keys for; all by default.
    #[arg(long, value_delimiter = ',')]
    classes: Vec<Class>,
    /// Attributes of the blind index to make keys for, such as `lookup_email`; all by default.
    #[arg(long, value_delimiter = ',')]
    attributes: Vec<Attribute>,
    /// Make no index ring: clients are found by their account number only.
    #[arg(long, conflicts_with = "attributes")]
    no_index: bool,
    /// A person's own SSH key instead of a generated one: `anna-berg=/path/to/key`; its `.pub` lies beside it.
    #[arg(long, value_name = "PERSON=KEY")]
    sign_with: Vec<String>,
    /// A witness on a machine of its owner, three or more; without any, three are made in the folder.
    #[arg(long, value_name = "VKEY@URL")]
    witness: Vec<WitnessAt>,
    /// Bucket for the log's tiles instead of the folder; credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or
    /// from the file that AWS_SHARED_CREDENTIALS_FILE names.
    #[arg(long, value_name = "s3://BUCKET/PREFIX")]
    tiles: Option<String>,
    /// Address of the bucket's service, if it is not Amazon's.
    #[arg(long, value_name = "URL", requires = "tiles")]
    s3_endpoint: Option<String>,
    /// Region of the bucket.
    #[arg(long, value_name = "REGION", requires = "tiles", default_value = "us-east-1")]
    s3_region: String,
}

impl Firm {
    /// What a custodian is founded from.
    pub(crate) fn founding(self) -> Result<Founding> {
        let bucket = self.tiles.map(|url| S3At::parse(&url, self.s3_endpoint, self.s3_region)).transpose()?;
        let mut people = sample_people(&mut edge::rng()?)?;
        for assignment in &self.sign_with {
            let (person, key) = key_of(assignment)?;
            let Some(entry) = people.iter_mut().find(|known| known.id == person) else {
                let known: Vec<String> = people.iter().map(|person| person.id.to_string()).collect();
                bail!("nobody here is called `{person}`; the people are {}", known.join(", "));
            };
            entry.signer = Signer::load(&key)?;
        }
        let mut classes = if self.classes.is_empty() { Class::ALL.to_vec() } else { self.classes };
        classes.sort_unstable();
        classes.dedup();
        let mut attributes = match (self.no_index, self.attributes.is_empty()) {
            (true, _) => Vec::new(),
            (false, true) => Attribute::ALL.to_vec(),
            (false, false) => self.attributes,
        };
        attributes.sort_unstable_by_key(|attribute| Slot::Attribute(*attribute).number());
        attributes.dedup();
        Ok(Founding {
            name: self.name,
            seat: self.seat,
            origin: self.origin,
            people,
            authorities: sample_authorities(),
            threshold: self.threshold,
            classes,
            attributes,
            demo: false,
            tiles: bucket.map(TilesAt::S3),
            witnesses: self.witness,
        })
    }
}

/// A person and the key file that signs for them, from `PERSON=KEY`.
pub(crate) fn key_of(assignment: &str) -> Result<(PersonId, PathBuf)> {
    let (person, path) = assignment.split_once('=').with_context(|| {
        format!("`{assignment}` is not PERSON=KEY, for example anna-berg=/home/anna/.ssh/id_ed25519")
    })?;
    Ok((PersonId::parse(person)?, PathBuf::from(path)))
}

#[derive(Args)]
pub(crate) struct Init {
    #[command(flatten)]
    firm: Firm,
    /// States of the trustees, one trustee each; for a trial, all in this folder (`ring create` is for trustees elsewhere).
    #[arg(long, value_delimiter = ',', default_value = "XB,XC,XD,XE,XF")]
    trustees: Vec<Country>,
    /// Ladder level.
    #[arg(long, value_enum, default_value = "l3")]
    level: Level,
}

impl Init {
    pub(crate) async fn run(self, dir: &Path) -> Result<()> {
        let trustees = if self.level == Level::L0 { Vec::new() } else { self.trustees };
        let founded = found(dir, self.firm.founding()?, &trustees, &edge::clock()).await?;
        println!("founded in {}", dir.display());
        println!("genesis {} signed by {} parties; pin this digest", founded.genesis, founded.signers);
        match founded.ring {
            Some(ring) => {
                println!("key ring {ring}, made by the trustees without a dealer");
                if let Some(index) = founded.index_ring {
                    println!("index ring {index}, made with it");
                }
                println!(
                    "warning: key shares lie unencrypted in {}/trustees: move each folder to its trustee",
                    dir.display()
                );
            }
            None => println!("ladder level L0: no register, no trustees; orders, approvals and leaves only"),
        }
        println!("next: countersign --dir {} client import clients.csv", dir.display());
        Ok(())
    }
}
