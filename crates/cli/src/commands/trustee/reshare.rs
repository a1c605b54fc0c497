//! `countersign trustee reshare`: one trustee's side of a refresh, an enrolment or a removal. Every call does what can be done with the
//! letters that are there, and may be repeated.

use super::{Unlock, source, warn_of_plain};
use crate::letters::{Letters, waits};
use crate::{edge, files};
use anyhow::{Context, Result, ensure};
use clap::Args;
use countersign_core::control::TrusteeMember;
use countersign_core::id::Digest;
use countersign_core::time::Timestamp;
use countersign_seal::identity::IdentityKey;
use countersign_seal::kind::{Index, Kind, Sealing};
use countersign_seal::life::reshare::Resharing;
use countersign_seal::ring::EpochConfirmation;
use countersign_trustee::Trustee;
use countersign_verify::founding::read_member;
use countersign_verify::state::InForce;
use std::path::PathBuf;

pub(super) const EXAMPLE: &str = "Examples:
  countersign trustee reshare my-trustee --log https://custodian.example/log --letters letters --session SESSION --dealers 1,2,4
  countersign trustee reshare my-trustee --log https://custodian.example/log --letters letters --session SESSION --dealers 1,2,4 \\
      --newcomer six.identity --accept IDENTITY-KEY

The owners agree on the arguments; `countersign ring` writes them. After each call bring the new letters to the others.";

#[derive(Args)]
pub(super) struct Reshare {
    /// The trustee's folder.
    folder: PathBuf,
    /// The custodian's journal: a folder, or an address.
    #[arg(long)]
    log: String,
    /// Where the letters of all trustees lie.
    #[arg(long, value_name = "FOLDER")]
    letters: PathBuf,
    #[command(flatten)]
    plan: Plan,
    /// Identity key of a newcomer, compared with its owner over a channel that is not the custodian's; one for each.
    #[arg(long, value_name = "KEY")]
    accept: Vec<Digest>,
    #[command(flatten)]
    unlock: Unlock,
}

/// What all trustees must give alike.
#[derive(Args)]
struct Plan {
    /// 32 random bytes, never used before.
    #[arg(long)]
    session: Digest,
    /// Numbers of those who deal their shares: as many as the threshold or more, who all stay.
    #[arg(long, value_delimiter = ',', required = true)]
    dealers: Vec<u16>,
    #[command(flatten)]
    holders: Holders,
}

/// Who holds the shares afterwards.
#[derive(Args)]
pub(crate) struct Holders {
    /// Signed identity of a newcomer, as `trustee init` wrote it, under the number that it will have; one for each.
    #[arg(long, value_name = "FILE")]
    pub(crate) newcomer: Vec<PathBuf>,
    /// How many trustees there are afterwards; the last ones leave. As many as now, and the newcomers, by default.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) holders: Option<u16>,
}

/// Longest identity with its signature line.
const LONGEST: usize = 4 * 1024;

impl Holders {
    /// The members of the next share epoch, in order.
    pub(crate) fn members(&self, state: &InForce) -> Result<Vec<TrusteeMember>> {
        let mut members = state.members().to_vec();
        for path in &self.newcomer {
            let text = files::read_text(path, LONGEST)?;
            let member = read_member(&text).with_context(|| path.display().to_string())?;
            match members.iter_mut().find(|known| known.index == member.index) {
                Some(known) => *known = member,
                None => members.push(member),
            }
        }
        members.sort_by_key(|member| member.index);
        members.truncate(usize::from(self.holders.unwrap_or(u16::MAX)));
        let gap = (1u16..).zip(&members).find(|(number, member)| member.index != *number);
        ensure!(gap.is_none(), "trustees are numbered without a gap: give the newcomers the next numbers");
        Ok(members)
    }
}

impl Reshare {
    pub(super) async fn run(self) -> Result<()> {
        let trustee = self.unlock.open(&self.folder)?;
        warn_of_plain(&trustee, &self.folder);
        let now = edge::clock().now();
        trustee.tail(source(&self.log)?.as_ref(), now).await?;
        let state = trustee.in_force(now).await?;
        let members = self.plan.holders.members(&state)?;
        let holders = members.iter().map(|member| {
            IdentityKey::from_digest(&member.identity)
                .with_context(|| format!("the identity key of trustee {} is unusable", member.index))
        });
        let holders = holders.collect::<Result<Vec<_>>>()?;
        for (member, holder) in members.iter().zip(&holders) {
            let known = state.trustee(member.index).is_some_and(|known| known.identity == member.identity);
            let accepted = self.accept.contains(&Digest(*holder.bytes()));
            ensure!(
                known || accepted,
                "trustee {} ({}) is new: compare its identity key {} with its owner, then say --accept {}",
                member.index,
                member.name,
                member.identity,
                member.identity
            );
        }
        let accepted: Vec<IdentityKey> = self.accept.iter().filter_map(IdentityKey::from_digest).collect();
        let party = Party { trustee: &trustee, now, accepted: &accepted, letters: &self };
        let mut waiting = party.step::<Sealing>(holders.clone()).await?;
        if state.index_ring().is_some() {
            waiting = waiting.or(party.step::<Index>(holders).await?);
        }
        match waiting {
            Some(text) => println!("{text}"),
            None => println!(
                "every holder has confirmed its shares; the custodian proposes the change: `countersign change propose trustees`"
            ),
        }
        Ok(())
    }
}

struct Party<'p> {
    trustee: &'p Trustee,
    now: Timestamp,
    accepted: &'p [IdentityKey],
    letters: &'p Reshare,
}

impl Party<'_> {
    /// Does what can be done for one ring; says what is missing.
    async fn step<K: Kind>(&self, holders: Vec<IdentityKey>) -> Result<Option<String>> {
        let (trustee, own) = (self.trustee, self.trustee.index());
        let count = u16::try_from(holders.len())?;
        let everybody: Vec<u16> = (1..=count).collect();
        let plan = &self.letters.plan;
        let (ring, shares) = trustee.shares_in_force::<K>(self.now).await?;
        let resharing = Resharing::<K>::new(&ring, &shares, plan.session, &plan.dealers, holders)?;
        let letters = Letters::new(&self.letters.letters, &resharing.digest());
        let mut rng = edge::rng()?;
        let broadcast = trustee.reshare_start(&resharing, self.accepted, self.now, &mut rng).await?;
        letters.put(&format!("round1-{own}"), &broadcast)?;
        let broadcasts = match letters.of(&everybody, |author| format!("round1-{author}"))? {
            Ok(broadcasts) => broadcasts,
            Err(missing) => return Ok(Some(waits("the broadcast", &missing))),
        };
        for (to, bytes) in trustee.reshare_proceed(&resharing, &broadcasts, &mut rng)? {
            letters.put(&format!("round2-{own}-{to}"), &bytes)?;
        }
        let dealers: Vec<u16> = plan.dealers.iter().copied().filter(|dealer| *dealer != own).collect();
        let dealt = match letters.of(&dealers, |author| format!("round2-{author}-{own}"))? {
            Ok(dealt) => dealers.iter().copied().zip(dealt).collect::<Vec<_>>(),
            Err(missing) => return Ok(Some(waits("the share", &missing))),
        };
        let finished = trustee.reshare_finish(&resharing, &dealt)?;
        letters.put("shares.json", finished.shares.bytes())?;
        letters.put(&format!("confirmation-{own}.json"), finished.confirmation.bytes())?;
        let all: Vec<EpochConfirmation> = match letters.confirmations::<EpochConfirmation>(&everybody)? {
            Ok(all) => all.iter().map(|confirmation| confirmation.value().clone()).collect(),
            Err(missing) => return Ok(Some(waits("the confirmation", &missing))),
        };
        trustee.reshare_confirmed(&resharing, &all)?;
        println!("ring {}: share epoch {} in {}", ring.id(), finished.shares.value().epoch, letters.folder().display());
        Ok(None)
    }
}
