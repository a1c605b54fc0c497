//! `countersign trustee repair`: the side of the trustee that lost its share, and that of a helper. Every call does what can be done with
//! the letters that are there, and may be repeated.

use super::{Unlock, source, warn_of_plain};
use crate::edge;
use crate::letters::{Letters, waits};
use anyhow::{Context, Result, ensure};
use clap::Args;
use countersign_core::id::Digest;
use countersign_core::time::Timestamp;
use countersign_seal::identity::IdentityKey;
use countersign_seal::kind::{Index, Kind, Sealing};
use countersign_seal::life::repair::Repair as Exchange;
use countersign_trustee::Trustee;
use std::path::PathBuf;

pub(super) const EXAMPLE: &str = "Examples:
  countersign trustee repair my-trustee --log https://custodian.example/log --letters letters --session SESSION --lost 3 --helpers 1,2,5

The same at the trustee that lost its share and at every helper; after each call bring the new letters to the others.";

#[derive(Args)]
pub(super) struct Repair {
    /// The trustee's folder.
    folder: PathBuf,
    /// The custodian's journal: a folder, or an address.
    #[arg(long)]
    log: String,
    /// Where the letters of all trustees lie.
    #[arg(long, value_name = "FOLDER")]
    letters: PathBuf,
    /// 32 random bytes, never used before.
    #[arg(long)]
    session: Digest,
    /// Number of the trustee whose share is lost.
    #[arg(long)]
    lost: u16,
    /// Numbers of the helpers: as many as the threshold or more.
    #[arg(long, value_delimiter = ',', required = true)]
    helpers: Vec<u16>,
    #[command(flatten)]
    unlock: Unlock,
}

impl Repair {
    pub(super) async fn run(self) -> Result<()> {
        let trustee = self.unlock.open(&self.folder)?;
        warn_of_plain(&trustee, &self.folder);
        let own = trustee.index();
        ensure!(own == self.lost || self.helpers.contains(&own), "trustee {own} has no part in this repair");
        let now = edge::clock().now();
        trustee.tail(source(&self.log)?.as_ref(), now).await?;
        let state = trustee.in_force(now).await?;
        let mut waiting = self.step::<Sealing>(&trustee, now).await?;
        if state.index_ring().is_some() {
            waiting = waiting.or(self.step::<Index>(&trustee, now).await?);
        }
        match waiting {
            Some(text) => println!("{text}"),
            None if own == self.lost => println!("the share of trustee {own} is here again"),
            None => println!("trustee {own} has done its part"),
        }
        Ok(())
    }

    async fn step<K: Kind>(&self, trustee: &Trustee, now: Timestamp) -> Result<Option<String>> {
        let state = trustee.in_force(now).await?;
        let identities = state.members().iter().map(|member| IdentityKey::from_digest(&member.identity));
        let identities = identities.collect::<Option<Vec<_>>>().context("an identity key in force is unusable")?;
        let (ring, shares) = trustee.shares_in_force::<K>(now).await?;
        let plan = Exchange::<K>::new(&ring, &shares, self.session, self.lost, &self.helpers, &identities)?;
        let letters = Letters::new(&self.letters, &plan.digest());
        if trustee.index() == self.lost {
            self.recover(trustee, &plan, &letters)
        } else {
            self.help(trustee, &plan, &letters, now).await
        }
    }

    fn recover<K: Kind>(&self, trustee: &Trustee, plan: &Exchange<K>, letters: &Letters) -> Result<Option<String>> {
        // One of two rings may be whole, and so is this one after it was repaired.
        if trustee.holds(plan.shares()) {
            return Ok(None);
        }
        letters.put("request", &trustee.repair_request(plan, &mut edge::rng()?)?)?;
        let broadcasts = match letters.of(&self.helpers, |helper| format!("round1-{helper}"))? {
            Ok(broadcasts) => broadcasts,
            Err(missing) => return Ok(Some(waits("the broadcast", &missing))),
        };
        let sums = match letters.of(&self.helpers, |helper| format!("sum-{helper}"))? {
            Ok(sums) => self.helpers.iter().copied().zip(sums).collect::<Vec<_>>(),
            Err(missing) => return Ok(Some(waits("the sum", &missing))),
        };
        trustee.repair_finish(plan, &broadcasts, &sums)?;
        Ok(None)
    }

    async fn help<K: Kind>(
        &self,
        trustee: &Trustee,
        plan: &Exchange<K>,
        letters: &Letters,
        now: Timestamp,
    ) -> Result<Option<String>> {
        let (own, mut rng) = (trustee.index(), edge::rng()?);
        // Only who has lost this ring's share asks for it.
        let Some(request) = letters.get("request")? else {
            return Ok(Some(waits("the request", &[self.lost])));
        };
        letters.put(&format!("round1-{own}"), &trustee.repair_start(plan, &[], now, &mut rng).await?)?;
        let broadcasts = match letters.of(&self.helpers, |helper| format!("round1-{helper}"))? {
            Ok(broadcasts) => broadcasts,
            Err(missing) => return Ok(Some(waits("the broadcast", &missing))),
        };
        for (to, bytes) in trustee.repair_proceed(plan, &request, &broadcasts, &mut rng)? {
            letters.put(&format!("round2-{own}-{to}"), &bytes)?;
        }
        let others: Vec<u16> = self.helpers.iter().copied().filter(|helper| *helper != own).collect();
        let summands = match letters.of(&others, |helper| format!("round2-{helper}-{own}"))? {
            Ok(summands) => others.iter().copied().zip(summands).collect::<Vec<_>>(),
            Err(missing) => return Ok(Some(waits("the summand", &missing))),
        };
        letters.put(&format!("sum-{own}"), &trustee.repair_add(plan, &summands, &mut rng)?)?;
        Ok(None)
    }
}
