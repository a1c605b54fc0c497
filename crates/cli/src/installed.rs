//! Public documents of the custodian by digest: which of them is in force is decided by the fold, never by a file's name.

use crate::files;
use crate::place::Place;
use anyhow::{Context, Result, bail};
use countersign_core::directory::Directory;
use countersign_core::id::Digest;
use countersign_core::json::{Document, Exact};
use countersign_policy::Bundle;
use countersign_seal::kind::KeyType;
use countersign_seal::ring::{Confirmation, Ring, ShareEpoch};
use std::path::PathBuf;

/// Names of the files of the ring that was made at the founding, by what its keys are for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RingNames {
    pub(crate) ring: &'static str,
    pub(crate) shares: &'static str,
    confirmations: &'static str,
}

impl RingNames {
    pub(crate) fn of(kind: KeyType) -> Self {
        match kind {
            KeyType::Index => {
                Self { ring: "index-ring.json", shares: "index-shares.json", confirmations: "index-ring-confirmations" }
            }
            KeyType::Sealing | KeyType::Signing => {
                Self { ring: "ring.json", shares: "shares.json", confirmations: "ring-confirmations" }
            }
        }
    }

    pub(crate) fn confirmation(self, trustee: u16) -> String {
        format!("{}/{trustee:03}.json", self.confirmations)
    }
}

/// Largest policy bundle document in bytes.
const MAX_BUNDLE: usize = 8 * 1024 * 1024;

/// The policy bundle with this digest.
pub(crate) fn policy(place: &Place, digest: &Digest) -> Result<Bundle> {
    for path in [place.document("policy-bundle.json"), policy_path(place, digest)] {
        if !path.exists() {
            continue;
        }
        let bundle = files::read(&path, MAX_BUNDLE)?;
        let bundle = Bundle::from_document(&bundle).with_context(|| path.display().to_string())?;
        if bundle.digest() == *digest {
            return Ok(bundle);
        }
    }
    missing("policy bundle", digest, policy_path(place, digest))
}

/// The authority directory with this digest.
pub(crate) fn directory(place: &Place, digest: &Digest) -> Result<Exact<Directory>> {
    for path in [place.document("directory.json"), directory_path(place, digest)] {
        if !path.exists() {
            continue;
        }
        let directory = files::read(&path, Directory::MAX_LEN)?;
        let directory = Exact::<Directory>::parse(&directory).with_context(|| path.display().to_string())?;
        if directory.digest() == *digest {
            return Ok(directory);
        }
    }
    missing("authority directory", digest, directory_path(place, digest))
}

/// Keeps a policy bundle for when a change puts it in force.
pub(crate) fn keep_policy(place: &Place, document: &[u8]) -> Result<Digest> {
    let digest = Bundle::from_document(document)?.digest();
    files::write(&policy_path(place, &digest), document)?;
    Ok(digest)
}

/// Keeps an authority directory for when a change puts it in force.
pub(crate) fn keep_directory(place: &Place, document: &[u8]) -> Result<Digest> {
    let digest = Exact::<Directory>::parse(document)?.digest();
    files::write(&directory_path(place, &digest), document)?;
    Ok(digest)
}

/// The verifying shares with this digest.
pub(crate) fn shares(place: &Place, kind: KeyType, digest: &Digest) -> Result<Exact<ShareEpoch>> {
    for path in [place.document(RingNames::of(kind).shares), shares_path(place, digest)] {
        if !path.exists() {
            continue;
        }
        let shares = files::read(&path, ShareEpoch::MAX_LEN)?;
        let shares = Exact::<ShareEpoch>::parse(&shares).with_context(|| path.display().to_string())?;
        if shares.digest() == *digest {
            return Ok(shares);
        }
    }
    missing("verifying shares", digest, shares_path(place, digest))
}

/// Keeps verifying shares for when a change puts their epoch in force.
pub(crate) fn keep_shares(place: &Place, shares: &Exact<ShareEpoch>) -> Result<()> {
    files::write(&shares_path(place, &shares.digest()), shares.bytes())
}

/// A ring and the confirmations of trustees 1 to `trustees`: that of the founding, or one that was made later.
pub(crate) fn ring(
    place: &Place,
    kind: KeyType,
    id: &Digest,
    trustees: u16,
) -> Result<(Exact<Ring>, Vec<Exact<Confirmation>>)> {
    let names = RingNames::of(kind);
    let founding = (place.document(names.ring), place.document(names.confirmations));
    for (path, confirmations) in [founding, (ring_path(place, id).join("ring.json"), ring_path(place, id))] {
        if !path.exists() {
            continue;
        }
        let ring =
            Exact::<Ring>::parse(&files::read(&path, Ring::MAX_LEN)?).with_context(|| path.display().to_string())?;
        if ring.value().id() != *id {
            continue;
        }
        let mut confirmed = Vec::new();
        for index in 1..=trustees {
            let path = confirmations.join(format!("{index:03}.json"));
            let confirmation = files::read(&path, Confirmation::MAX_LEN)?;
            confirmed.push(Exact::parse(&confirmation).with_context(|| path.display().to_string())?);
        }
        return Ok((ring, confirmed));
    }
    missing("key ring", id, ring_path(place, id).join("ring.json"))
}

/// Keeps a ring and its confirmations in order for when a change puts it in force.
pub(crate) fn keep_ring(place: &Place, ring: &Exact<Ring>, confirmations: &[Exact<Confirmation>]) -> Result<()> {
    let folder = ring_path(place, &ring.value().id());
    for (index, confirmation) in (1u16..).zip(confirmations) {
        files::write(&folder.join(format!("{index:03}.json")), confirmation.bytes())?;
    }
    files::write(&folder.join("ring.json"), ring.bytes())
}

fn ring_path(place: &Place, id: &Digest) -> PathBuf {
    place.document(&format!("rings/{id}"))
}

fn shares_path(place: &Place, digest: &Digest) -> PathBuf {
    place.document(&format!("share-epochs/{digest}.json"))
}

fn policy_path(place: &Place, digest: &Digest) -> PathBuf {
    place.document(&format!("policies/{digest}.json"))
}

fn directory_path(place: &Place, digest: &Digest) -> PathBuf {
    place.document(&format!("directories/{digest}.json"))
}

fn missing<T>(what: &str, digest: &Digest, path: PathBuf) -> Result<T> {
    bail!("the {what} in force `{digest}` is missing: put it back as {}", path.display())
}
