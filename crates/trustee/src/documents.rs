//! Public documents kept beside the secrets, each under its digest: what is in force is decided by the fold, never here.

use crate::error::{Result, TrusteeError};
use crate::files::{self, Existing};
use crate::trustee::Trustee;
use countersign_core::directory::Directory;
use countersign_core::id::Digest;
use countersign_core::json::{Document, Exact};
use countersign_policy::Bundle;
use countersign_seal::ring::{Confirmation, EpochConfirmation, Ring, ShareEpoch};
use std::path::{Path, PathBuf};

/// What a trustee is given before it begins to follow a journal. Its operator compares the genesis digest with the one
/// that everybody signed; everything else is checked against the fold whenever it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Digest of genesis, pinned for ever.
    pub genesis: Digest,
    /// Policy bundle document (`policy-bundle.json`).
    pub policy: Vec<u8>,
    /// Authority directory document.
    pub directory: String,
    /// The sealing ring.
    pub ring: RingDocuments,
    /// The index ring, if genesis names one.
    pub index: Option<RingDocuments>,
}

/// The public documents of one ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingDocuments {
    /// Ring document.
    pub ring: String,
    /// Confirmation documents of all trustees.
    pub confirmations: Vec<String>,
    /// Share epoch document: the verifying shares.
    pub shares: String,
}

impl Trustee {
    /// Pins genesis and keeps the documents. The same call may be repeated.
    ///
    /// # Errors
    /// [`TrusteeError::Document`] for a document that is not well formed, or when another genesis is pinned.
    pub fn install(&self, installed: &Installed) -> Result<()> {
        self.documents.check_pin(&installed.genesis)?;
        self.add_policy(&installed.policy)?;
        self.add_directory(&installed.directory)?;
        for ring in std::iter::once(&installed.ring).chain(&installed.index) {
            self.add_ring(&ring.ring, &ring.confirmations)?;
            self.add_shares(&ring.shares)?;
        }
        self.documents.pin(&installed.genesis)
    }

    /// Keeps another policy bundle, for when a control leaf puts it in force.
    ///
    /// # Errors
    /// [`TrusteeError::Document`].
    pub fn add_policy(&self, document: &[u8]) -> Result<Digest> {
        let bundle = Bundle::from_document(document).map_err(|error| TrusteeError::document("policy bundle", error))?;
        self.documents.write(POLICY, &bundle.digest().to_hex(), document)?;
        Ok(bundle.digest())
    }

    /// Keeps another authority directory.
    ///
    /// # Errors
    /// [`TrusteeError::Document`].
    pub fn add_directory(&self, text: &str) -> Result<Digest> {
        let directory = parse::<Directory>(text)?;
        self.documents.write(DIRECTORY, &directory.digest().to_hex(), directory.bytes())?;
        Ok(directory.digest())
    }

    /// Keeps another ring with the confirmations of all its trustees.
    ///
    /// # Errors
    /// [`TrusteeError::Document`].
    pub fn add_ring(&self, ring: &str, confirmations: &[String]) -> Result<Digest> {
        let ring = parse::<Ring>(ring)?;
        let id = ring.value().id();
        for text in confirmations {
            self.add_confirmation(text)?;
        }
        self.documents.write(RING, &id.to_hex(), ring.bytes())?;
        Ok(id)
    }

    /// Keeps the verifying shares of another share epoch.
    ///
    /// # Errors
    /// [`TrusteeError::Document`].
    pub fn add_shares(&self, text: &str) -> Result<Digest> {
        let shares = parse::<ShareEpoch>(text)?;
        self.documents.write(SHARES, &shares.digest().to_hex(), shares.bytes())?;
        Ok(shares.digest())
    }
}

/// What a document installed by itself was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// What it is, for people.
    pub what: &'static str,
    /// The digest under which control leaves name it; of a confirmation that of its ring.
    pub digest: Digest,
}

impl Trustee {
    /// Keeps one public document, whichever it is, so that a change may put it in force: a policy bundle, a directory, a ring,
    /// a confirmation of one, a share epoch.
    ///
    /// # Errors
    /// [`TrusteeError::Document`] when it is none of them.
    pub fn add_document(&self, bytes: &[u8]) -> Result<Kept> {
        let text = std::str::from_utf8(bytes).map_err(|error| TrusteeError::document("document", error))?;
        let kept = |what, digest| Ok(Kept { what, digest });
        // A document names its own format in its first member; a policy bundle is read by its own parser.
        let names = |version: &str| text.starts_with(&format!("{{\"v\":\"{version}\""));
        if names(Directory::DOMAIN) {
            kept(Directory::WHAT, self.add_directory(text)?)
        } else if names(Ring::DOMAIN) {
            kept(Ring::WHAT, self.add_ring(text, &[])?)
        } else if names(Confirmation::DOMAIN) {
            kept(Confirmation::WHAT, self.add_confirmation(text)?)
        } else if names(ShareEpoch::DOMAIN) {
            kept(ShareEpoch::WHAT, self.add_shares(text)?)
        } else {
            kept("policy bundle", self.add_policy(bytes)?)
        }
    }

    fn add_confirmation(&self, text: &str) -> Result<Digest> {
        let confirmation = parse::<Confirmation>(text)?;
        let ring = confirmation.value().ring;
        let name = format!("{ring}-{}", confirmation.value().trustee);
        self.documents.write(CONFIRMATION, &name, confirmation.bytes())?;
        Ok(ring)
    }
}

fn parse<T: Document>(text: &str) -> Result<Exact<T>> {
    Exact::parse(text.as_bytes()).map_err(|error| TrusteeError::document(T::WHAT, error))
}

const GENESIS: &str = "genesis";
const POLICY: &str = "policy";
const DIRECTORY: &str = "directory";
const RING: &str = "ring";
const CONFIRMATION: &str = "confirmation";
const SHARES: &str = "shares";
const CONFIRMED: &str = "confirmed-shares";

/// The folder with the documents.
#[derive(Debug, Clone)]
pub(crate) struct Documents {
    folder: PathBuf,
}

impl Documents {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.join("documents") }
    }

    /// The digest of the genesis that this trustee follows.
    pub(crate) fn pinned(&self) -> Result<Option<Digest>> {
        let path = self.folder.join(GENESIS);
        let Some(bytes) =
            files::read(&path).map_err(|error| TrusteeError::storage("read the pinned genesis", error))?
        else {
            return Ok(None);
        };
        let digest = std::str::from_utf8(&bytes).ok().and_then(|text| Digest::parse(text.strip_suffix('\n')?).ok());
        digest.map(Some).ok_or_else(|| TrusteeError::damaged("the pinned genesis digest", "not 64 hexadecimal digits"))
    }

    pub(crate) fn check_pin(&self, genesis: &Digest) -> Result<()> {
        match self.pinned()? {
            Some(pinned) if pinned != *genesis => {
                Err(TrusteeError::document("genesis", format!("`{pinned}` is pinned here, not `{genesis}`")))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn pin(&self, genesis: &Digest) -> Result<()> {
        self.check_pin(genesis)?;
        let text = format!("{genesis}\n");
        files::place(&self.folder.join(GENESIS), text.as_bytes(), Existing::Replace)
            .map_err(|error| TrusteeError::storage("pin genesis", error))
    }

    fn write(&self, kind: &str, name: &str, bytes: &[u8]) -> Result<()> {
        let failed = |error| TrusteeError::storage("keep a document", error);
        files::folder(&self.folder).map_err(failed)?;
        files::place(&self.path(kind, name), bytes, Existing::Replace).map_err(failed)
    }

    fn read(&self, kind: &str, name: &str) -> Result<Option<Vec<u8>>> {
        files::read(&self.path(kind, name)).map_err(|error| TrusteeError::storage("read a document", error))
    }

    fn path(&self, kind: &str, name: &str) -> PathBuf {
        self.folder.join(format!("{kind}-{name}.json"))
    }

    pub(crate) fn policy(&self, digest: &Digest) -> Result<Option<Bundle>> {
        let Some(bytes) = self.read(POLICY, &digest.to_hex())? else { return Ok(None) };
        let bundle = Bundle::from_document(&bytes).map_err(|error| TrusteeError::damaged("a policy bundle", error))?;
        same(bundle.digest() == *digest, bundle, POLICY)
    }

    pub(crate) fn directory(&self, digest: &Digest) -> Result<Option<Exact<Directory>>> {
        let found = self.document::<Directory>(DIRECTORY, &digest.to_hex())?;
        found.map_or(Ok(None), |directory| same(directory.digest() == *digest, directory, DIRECTORY))
    }

    pub(crate) fn shares(&self, digest: &Digest) -> Result<Option<Exact<ShareEpoch>>> {
        let found = self.document::<ShareEpoch>(SHARES, &digest.to_hex())?;
        found.map_or(Ok(None), |shares| same(shares.digest() == *digest, shares, SHARES))
    }

    /// Keeps the confirmations of all holders of a share epoch, which the caller has checked.
    pub(crate) fn keep_confirmed(&self, shares: &Digest, confirmations: &[EpochConfirmation]) -> Result<()> {
        let text = serde_json::to_vec(confirmations)
            .map_err(|error| TrusteeError::storage("write the confirmations of a share epoch", error))?;
        self.write(CONFIRMED, &shares.to_hex(), &text)
    }

    /// Whether all holders of a share epoch have confirmed it.
    pub(crate) fn is_confirmed(&self, shares: &Digest) -> Result<bool> {
        Ok(self.read(CONFIRMED, &shares.to_hex())?.is_some())
    }

    pub(crate) fn ring(&self, id: &Digest) -> Result<Option<(Exact<Ring>, Vec<Confirmation>)>> {
        let Some(ring) = self.document::<Ring>(RING, &id.to_hex())? else { return Ok(None) };
        let mut confirmations = Vec::new();
        for index in 1..=ring.value().trustees() {
            let confirmation = self.document::<Confirmation>(CONFIRMATION, &format!("{id}-{index}"))?;
            confirmations.extend(confirmation.map(|confirmation| confirmation.value().clone()));
        }
        same(ring.value().id() == *id, (ring, confirmations), RING)
    }

    fn document<T: Document>(&self, kind: &str, name: &str) -> Result<Option<Exact<T>>> {
        let Some(bytes) = self.read(kind, name)? else { return Ok(None) };
        Exact::parse(&bytes).map(Some).map_err(|error| TrusteeError::damaged(T::WHAT, error))
    }
}

fn same<T>(same: bool, document: T, what: &str) -> Result<Option<T>> {
    if same { Ok(Some(document)) } else { Err(TrusteeError::damaged(what, "is not the document its name says")) }
}
