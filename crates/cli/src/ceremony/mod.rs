//! Founding a custodian: keys of every party, the key ring by distributed key generation, leaf 0 signed by all.
//!
//! The steps are the same whether the trustees are processes of their own on machines of their own or, for a trial, in this process:
//! [`mod@prepare`] makes everything that the custodian makes alone and the terms of the ceremony, the trustees attend at the meeting place
//! ([`Hall`]), [`mod@finish`] has the people sign genesis and appends leaf 0.

mod directory;
mod finish;
mod hall;
mod log;
mod people;
mod prepare;
mod recompute;
mod remote;
mod serve;
mod trial;

pub(crate) use directory::{SampleAuthority, sample_authorities};
pub(crate) use finish::{Founded, finish, genesis_signers};
pub(crate) use hall::Hall;
pub(crate) use people::{SamplePerson, sample_people};
pub(crate) use prepare::{TrusteeTerms, WitnessAt, prepare, write_terms};
pub(crate) use recompute::ring_of_log;
pub(crate) use remote::RemotePlace;
pub(crate) use serve::{log_is_public, router, tend, told};
pub(crate) use trial::found;

use crate::config::TilesAt;
use crate::place::{AGE_KEY, AUTHORITY_KEY, Place, RECIPIENT_KEY, SIGNING_KEY};
use crate::signer::Signer;
use anyhow::{Context, Result, bail};
use countersign_core::class::Class;
use countersign_core::control::Reach;
use countersign_core::country::Country;
use countersign_core::id::PersonId;
use countersign_core::time::Timestamp;
use countersign_seal::kind::Attribute;
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The firm and its people, as a new custodian is made from them.
pub(crate) struct Founding {
    /// Name of the firm.
    pub(crate) name: String,
    /// State of its seat.
    pub(crate) seat: Country,
    /// Origin of the journal; made from the name without one.
    pub(crate) origin: Option<String>,
    /// The people, each with what signs for them.
    pub(crate) people: Vec<SamplePerson>,
    /// The authority directory, and the authorities whose keys are made here (samples).
    pub(crate) authorities: Vec<SampleAuthority>,
    /// Threshold.
    pub(crate) threshold: u16,
    /// Classes to make keys for.
    pub(crate) classes: Vec<Class>,
    /// Attributes of the blind index to make keys for; none: no index ring.
    pub(crate) attributes: Vec<Attribute>,
    /// Whether this is a demo.
    pub(crate) demo: bool,
    /// Where the log's tiles will be, if not in the folder.
    pub(crate) tiles: Option<TilesAt>,
    /// Witnesses on machines of their owners; without any, three are made in the folder.
    pub(crate) witnesses: Vec<WitnessAt>,
}

/// Makes a folder whole or not at all: `build` works beside it, and what it made is renamed at the end.
pub(crate) async fn build<T>(root: &Path, build: impl AsyncFnOnce(&Place) -> Result<T>) -> Result<T> {
    if root.join("custodian").exists() {
        bail!("{} holds a custodian already: name another folder", root.display());
    }
    if root.exists() && root.read_dir()?.next().is_some() {
        bail!("{} is not empty: name a folder that is, or does not exist", root.display());
    }
    let building = building_folder(root)?;
    if building.exists() {
        std::fs::remove_dir_all(&building).with_context(|| format!("cannot remove {}", building.display()))?;
    }
    let built = build(&Place::new(&building)).await?;
    if root.exists() {
        std::fs::remove_dir(root)?;
    }
    std::fs::rename(&building, root).with_context(|| format!("cannot make {}", root.display()))?;
    Ok(built)
}

fn building_folder(root: &Path) -> Result<PathBuf> {
    let name = root.file_name().with_context(|| format!("{} has no name", root.display()))?;
    let mut name = name.to_owned();
    name.push(".building");
    Ok(root.with_file_name(name))
}

/// An age identity as a line of its file.
pub(crate) fn secret_line(identity: &age::x25519::Identity) -> Zeroizing<String> {
    use age::secrecy::ExposeSecret;
    Zeroizing::new(format!("{}\n", identity.to_string().expose_secret()))
}

pub(crate) fn random<const N: usize>(rng: &mut ChaCha20Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// A reachability statement made now.
pub(crate) fn reach(states: &[Country], at: Timestamp) -> Reach {
    let mut states = states.to_vec();
    states.sort_unstable();
    states.dedup();
    Reach { states, at }
}

/// The names of an authority's key files, for messages.
pub(crate) const AUTHORITY_FILES: [&str; 3] = [AUTHORITY_KEY, RECIPIENT_KEY, AGE_KEY];

/// What signs for a person whose key file lies in the folder.
pub(crate) fn signer_of(place: &Place, person: &PersonId) -> Result<Signer> {
    Signer::load(&place.person(person).join(SIGNING_KEY))
}
