//! `countersign change propose trustees`: who holds the shares that the trustees have dealt, and those shares, in one change.

use crate::commands::trustee::Holders;
use crate::custody::Custody;
use crate::place::Place;
use crate::{files, installed};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use countersign_core::control::{Action, HeldShares, RingRef, SetTrustees, TrusteeMember};
use countersign_core::id::SignatureBytes;
use countersign_core::json::{Document, Exact};
use countersign_core::time::Timestamp;
use countersign_seal::identity::IdentityKey;
use countersign_seal::ring::{EpochConfirmation, ShareEpoch};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct Trustees {
    /// Where the letters of the trustees lie.
    #[arg(long, value_name = "FOLDER")]
    letters: PathBuf,
    #[command(flatten)]
    holders: Holders,
    /// Takes effect then, if that is later than after seven days.
    #[arg(long, value_name = "TIME")]
    effective: Option<Timestamp>,
}

impl Trustees {
    pub(super) fn action(self, custody: &Custody) -> Result<(Action, Option<Timestamp>)> {
        let state = custody.desk.control().at(custody.desk.now());
        let members = self.holders.members(&state)?;
        let held = |ring: &RingRef| self.held(&custody.place, ring, &members);
        let ring = held(state.ring().context("no key ring is in force")?)?;
        let index_ring = state.index_ring().map(held).transpose()?;
        Ok((Action::SetTrustees(SetTrustees { members, ring, index_ring }), self.effective))
    }

    /// A later share epoch of a ring that all these members have confirmed.
    fn held(&self, place: &Place, in_force: &RingRef, members: &[TrusteeMember]) -> Result<HeldShares> {
        let letters = &self.letters;
        let entries = std::fs::read_dir(letters).with_context(|| format!("cannot read {}", letters.display()))?;
        let mut reasons = String::new();
        for entry in entries {
            let folder = entry?.path();
            let path = folder.join("shares.json");
            if !path.exists() {
                continue;
            }
            let shares = Exact::<ShareEpoch>::parse(&files::read(&path, ShareEpoch::MAX_LEN)?)
                .with_context(|| path.display().to_string())?;
            let value = shares.value();
            if (value.ring, value.trustees()) != (in_force.id, members.len()) || value.epoch <= in_force.share_epoch {
                continue;
            }
            match confirmed(&folder, &shares, members) {
                Ok(confirmed) => {
                    installed::keep_shares(place, &shares)?;
                    let (id, share_epoch, shares) = (value.ring, value.epoch, shares.digest());
                    return Ok(HeldShares { id, share_epoch, shares, confirmed });
                }
                Err(error) => reasons += &format!("; {}: {error:#}", folder.display()),
            }
        }
        bail!("{} holds no share epoch of ring {} for these trustees{reasons}", letters.display(), in_force.id)
    }
}

/// Every member's own confirmation, checked.
fn confirmed(folder: &Path, shares: &Exact<ShareEpoch>, members: &[TrusteeMember]) -> Result<Vec<SignatureBytes>> {
    let confirmation = |member: &TrusteeMember| {
        let index = member.index;
        let path = folder.join(format!("confirmation-{index}.json"));
        ensure!(path.exists(), "trustee {index} has not confirmed");
        let confirmation = Exact::<EpochConfirmation>::parse(&files::read(&path, EpochConfirmation::MAX_LEN)?)
            .with_context(|| path.display().to_string())?;
        let value = confirmation.value();
        let named = (value.ring, value.epoch, value.shares, value.trustee);
        let same = named == (shares.value().ring, shares.value().epoch, shares.digest(), index);
        let key = IdentityKey::from_digest(&member.identity);
        ensure!(
            same && key.is_some_and(|key| value.is_signed_by(&key)),
            "the confirmation of trustee {index} is for something else, or not its own"
        );
        Ok(SignatureBytes(value.signature.0))
    };
    members.iter().map(confirmation).collect()
}
