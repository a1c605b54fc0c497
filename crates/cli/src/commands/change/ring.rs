//! `countersign change propose ring`: the keys that the trustees have made, in a change that carries everybody's confirmation.

use crate::custody::Custody;
use crate::{files, installed};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use countersign_core::control::{Action, HeldShares, TrusteeMember};
use countersign_core::id::SignatureBytes;
use countersign_core::json::{Document, Exact};
use countersign_core::time::Timestamp;
use countersign_seal::identity::IdentityKey;
use countersign_seal::life::rotation::rotates;
use countersign_seal::ring::{Confirmation, Ring, ShareEpoch};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct NewRing {
    /// Where the letters of the trustees lie.
    #[arg(long, value_name = "FOLDER")]
    letters: PathBuf,
    /// Takes effect then, if that is later than after seven days.
    #[arg(long, value_name = "TIME")]
    effective: Option<Timestamp>,
}

impl NewRing {
    pub(super) fn action(self, custody: &Custody) -> Result<(Action, Option<Timestamp>)> {
        let letters = &self.letters;
        let before =
            custody.desk.custodian().ring.as_ref().context("no key ring is in force: there is nothing to rotate")?;
        let state = custody.desk.control().at(custody.desk.now());
        let entries = std::fs::read_dir(letters).with_context(|| format!("cannot read {}", letters.display()))?;
        let mut reasons = String::new();
        for entry in entries {
            let folder = entry?.path();
            if !folder.join("ring.json").exists() {
                continue;
            }
            match made(&folder, before.ring.document().value(), state.members()) {
                Ok((ring, shares, confirmations)) => {
                    installed::keep_ring(&custody.place, &ring, &confirmations)?;
                    installed::keep_shares(&custody.place, &shares)?;
                    let confirmed = confirmations.iter().map(|one| SignatureBytes(one.value().signature.0)).collect();
                    let (id, share_epoch, shares) = (ring.value().id(), shares.value().epoch, shares.digest());
                    return Ok((Action::RotateRing(HeldShares { id, share_epoch, shares, confirmed }), self.effective));
                }
                Err(error) => reasons += &format!("; {}: {error:#}", folder.display()),
            }
        }
        bail!("{} holds no new ring that all trustees have confirmed{reasons}", letters.display())
    }
}

type Made = (Exact<Ring>, Exact<ShareEpoch>, Vec<Exact<Confirmation>>);

/// A ring that follows the one before, its verifying shares, and every member's own confirmation.
fn made(folder: &Path, before: &Ring, members: &[TrusteeMember]) -> Result<Made> {
    let ring: Exact<Ring> = letter(folder, "ring.json")?;
    rotates(before, ring.value()).map_err(|reason| anyhow::anyhow!(reason))?;
    let shares: Exact<ShareEpoch> = letter(folder, "shares.json")?;
    let value = shares.value();
    ensure!(
        (value.ring, value.epoch, value.trustees()) == (ring.value().id(), 1, members.len()),
        "shares.json is not the first share epoch of the ring for these trustees"
    );
    let mut confirmations = Vec::new();
    for member in members {
        let index = member.index;
        let path = format!("confirmation-{index}.json");
        ensure!(folder.join(&path).exists(), "trustee {index} has not confirmed");
        let confirmation: Exact<Confirmation> = letter(folder, &path)?;
        let key = IdentityKey::from_digest(&member.identity).context("an identity key is unusable")?;
        confirmation.value().check(ring.value().id(), index, &key)?;
        confirmations.push(confirmation);
    }
    Ok((ring, shares, confirmations))
}

fn letter<T: Document>(folder: &Path, name: &str) -> Result<Exact<T>> {
    let path = folder.join(name);
    Exact::parse(&files::read(&path, T::MAX_LEN)?).with_context(|| path.display().to_string())
}
