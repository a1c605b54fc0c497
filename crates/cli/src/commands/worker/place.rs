//! A worker's folder: its identity, the genesis it has pinned, and a key for each order that it has bound itself to.

use crate::files;
use anyhow::{Context, Result, ensure};
use countersign_core::digest;
use countersign_core::encoding::{hex, unhex};
use countersign_core::id::Digest;
use countersign_core::json::{Document, Exact};
use countersign_core::worker::Worker;
use countersign_seal::transport::TransportSecret;
use ed25519_dalek::SigningKey;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// An open worker.
pub(super) struct WorkerPlace {
    folder: PathBuf,
    pub(super) worker: Exact<Worker>,
    pub(super) genesis: Digest,
}

const IDENTITY: &str = "identity.json";
const SIGNING_KEY: &str = "signing.key";
const GENESIS: &str = "genesis";

impl WorkerPlace {
    pub(super) fn create(folder: &Path, worker: Worker, key: &SigningKey, genesis: &Digest) -> Result<Self> {
        let identity = folder.join(IDENTITY);
        ensure!(!identity.exists(), "{} holds a worker already: name another folder", folder.display());
        let worker = Exact::write(worker)?;
        let seed = Zeroizing::new(hex(key.to_bytes().as_slice()));
        files::write_secret(&folder.join(SIGNING_KEY), seed.as_bytes())?;
        files::write(&folder.join(GENESIS), genesis.to_hex().as_bytes())?;
        // Last: a folder without it holds no worker.
        files::write(&identity, worker.bytes())?;
        Ok(Self { folder: folder.to_owned(), worker, genesis: *genesis })
    }

    pub(super) fn open(folder: &Path) -> Result<Self> {
        let identity = files::read(&folder.join(IDENTITY), Worker::MAX_LEN)
            .with_context(|| format!("no worker was made in {}", folder.display()))?;
        let worker = Exact::<Worker>::parse(&identity)?;
        let genesis = Digest::parse(files::read_text(&folder.join(GENESIS), 100)?.trim_end())?;
        Ok(Self { folder: folder.to_owned(), worker, genesis })
    }

    pub(super) fn identity_file(&self) -> PathBuf {
        self.folder.join(IDENTITY)
    }

    pub(super) fn signing_key(&self) -> Result<SigningKey> {
        Ok(SigningKey::from_bytes(&*read_seed(&self.folder.join(SIGNING_KEY))?))
    }

    /// The binding that was signed for an order, if one was.
    pub(super) fn binding(&self, order: &Digest) -> Result<Option<String>> {
        let path = self.of_order(order, "binding");
        if path.exists() { files::read_text(&path, 16 * 1024).map(Some) } else { Ok(None) }
    }

    /// Keeps the key before the binding: a binding without its key would waste the order.
    pub(super) fn keep(&self, order: &Digest, secret: &TransportSecret, binding: &str) -> Result<()> {
        let seed = Zeroizing::new(hex(secret.expose().as_slice()));
        files::write_secret(&self.of_order(order, "key"), seed.as_bytes())?;
        files::write(&self.of_order(order, "binding"), binding.as_bytes())
    }

    /// The key made for an order.
    pub(super) fn secret(&self, order: &Digest) -> Result<TransportSecret> {
        let path = self.of_order(order, "key");
        ensure!(
            path.exists(),
            "this worker has no key for order `{order}`: it never bound itself, or has done its work"
        );
        Ok(TransportSecret::from_seed(*read_seed(&path)?))
    }

    /// Overwrites and removes the key made for an order. What the disk keeps of it besides is not in this program's hands.
    pub(super) fn forget(&self, order: &Digest) -> Result<()> {
        let path = self.of_order(order, "key");
        let wipe = || -> std::io::Result<()> {
            let length = fs::metadata(&path)?.len();
            let mut file = fs::OpenOptions::new().write(true).open(&path)?;
            file.write_all(&vec![b'0'; usize::try_from(length).unwrap_or(0)])?;
            file.sync_all()?;
            fs::remove_file(&path)?;
            fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
        };
        wipe().with_context(|| format!("cannot forget {}", path.display()))
    }

    fn of_order(&self, order: &Digest, ending: &str) -> PathBuf {
        self.folder.join("orders").join(format!("{order}.{ending}"))
    }
}

fn read_seed(path: &Path) -> Result<Zeroizing<[u8; 32]>> {
    let text = files::read_secret(path, 100)?;
    let seed = unhex(text.trim_end()).with_context(|| format!("{} is not a key", path.display()))?;
    Ok(Zeroizing::new(seed))
}

/// SHA-256 of the program that runs.
pub(super) fn program() -> Result<Digest> {
    let path = std::env::current_exe().context("cannot tell which program this is")?;
    Ok(digest::plain(&files::read(&path, 1024 * 1024 * 1024)?))
}
