//! `countersign trustee rotate`: one trustee's side of making new keys. Every call does what can be done with the letters that are
//! there, and may be repeated.

use super::{Unlock, source, warn_of_plain};
use crate::edge;
use crate::letters::{Letters, waits};
use anyhow::{Context, Result};
use clap::Args;
use countersign_core::id::Digest;
use countersign_core::time::Timestamp;
use countersign_seal::ring::Confirmation;
use countersign_trustee::Trustee;
use std::path::PathBuf;

pub(super) const EXAMPLE: &str = "Example:
  countersign trustee rotate my-trustee --log https://custodian.example/log --letters letters --session SESSION

All trustees in force take part; `countersign ring rotate` writes the session. After each call bring the new letters to the others.";

#[derive(Args)]
pub(super) struct Rotate {
    /// The trustee's folder.
    folder: PathBuf,
    /// The custodian's journal: a folder, or an address.
    #[arg(long)]
    log: String,
    /// Where the letters of all trustees lie.
    #[arg(long, value_name = "FOLDER")]
    letters: PathBuf,
    /// 32 random bytes, never used before; the same for all.
    #[arg(long)]
    session: Digest,
    #[command(flatten)]
    unlock: Unlock,
}

impl Rotate {
    pub(super) async fn run(self) -> Result<()> {
        let trustee = self.unlock.open(&self.folder)?;
        warn_of_plain(&trustee, &self.folder);
        let now = edge::clock().now();
        trustee.tail(source(&self.log)?.as_ref(), now).await?;
        match self.step(&trustee, now).await? {
            Some(waits) => println!("{waits}"),
            None => println!(
                "every trustee has confirmed the new keys; the custodian proposes the change: `countersign change propose ring`"
            ),
        }
        Ok(())
    }

    /// Does what can be done; says what is missing.
    async fn step(&self, trustee: &Trustee, now: Timestamp) -> Result<Option<String>> {
        let own = trustee.index();
        let letters = Letters::new(&self.letters, &self.session);
        let state = trustee.in_force(now).await?;
        let everybody: Vec<u16> = state.members().iter().map(|member| member.index).collect();
        let member = state.trustee(own).context("this trustee is not in force")?;
        let introduced = trustee.introduce(member.name.clone(), member.state, member.obliged_entity)?;
        letters.put(&format!("identity-{own}"), introduced.text().as_bytes())?;
        let identities = match letters.of(&everybody, |author| format!("identity-{author}"))? {
            Ok(identities) => identities,
            Err(missing) => return Ok(Some(waits("the identity", &missing))),
        };
        let identities = everybody.iter().zip(identities).map(|(author, bytes)| {
            String::from_utf8(bytes).with_context(|| format!("the identity of trustee {author} is none"))
        });
        let ceremony = trustee.rotation(&self.session, &identities.collect::<Result<Vec<_>>>()?, now).await?;
        let mut rng = edge::rng()?;
        letters.put(&format!("round1-{own}"), &trustee.dkg_start(&ceremony, &mut rng)?)?;
        let broadcasts = match letters.of(&everybody, |author| format!("round1-{author}"))? {
            Ok(broadcasts) => broadcasts,
            Err(missing) => return Ok(Some(waits("the broadcast", &missing))),
        };
        for (to, bytes) in trustee.dkg_proceed(&ceremony, &broadcasts, &mut rng)? {
            letters.put(&format!("round2-{own}-{to}"), &bytes)?;
        }
        let others: Vec<u16> = everybody.iter().copied().filter(|author| *author != own).collect();
        let dealt = match letters.of(&others, |author| format!("round2-{author}-{own}"))? {
            Ok(dealt) => others.iter().copied().zip(dealt).collect::<Vec<_>>(),
            Err(missing) => return Ok(Some(waits("the share", &missing))),
        };
        let finished = trustee.dkg_finish(&ceremony, &dealt)?;
        letters.put("ring.json", finished.ring.bytes())?;
        letters.put("shares.json", finished.shares.bytes())?;
        letters.put(&format!("confirmation-{own}.json"), finished.confirmation.bytes())?;
        let all = match letters.confirmations::<Confirmation>(&everybody)? {
            Ok(all) => all,
            Err(missing) => return Ok(Some(waits("the confirmation", &missing))),
        };
        let ring = trustee.rotation_confirmed(&finished, &all, now).await?;
        println!("ring {ring} in {}", letters.folder().display());
        Ok(None)
    }
}
