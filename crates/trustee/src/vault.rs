//! Secrets at rest: files of mode 0600, encrypted with the operator's passphrase when there is one.
//!
//! An encrypted file is an ordinary age file (scrypt recipient), so `age --decrypt` opens it without this program.

use crate::error::{Result, TrusteeError};
use crate::files::{self, Existing};
use age::secrecy::SecretString;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Work factor of scrypt, 2^17: 128 MiB and some tenths of a second for every guess.
const WORK_FACTOR: u8 = 17;

/// A passphrase. Wiped when dropped; has no `Debug`.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes a passphrase.
    ///
    /// # Errors
    /// [`TrusteeError::Secrets`] for an empty one.
    pub fn new(text: String) -> Result<Self> {
        let text = Zeroizing::new(text);
        if text.is_empty() {
            return Err(TrusteeError::Secrets("an empty passphrase protects nothing".into()));
        }
        Ok(Self(text))
    }

    fn secret(&self) -> SecretString {
        SecretString::from(self.0.as_str().to_owned())
    }
}

/// How secrets lie on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtRest {
    /// Encrypted with a passphrase.
    Encrypted,
    /// Readable by whoever reads the disk or a backup: only file permissions protect them.
    Plain,
}

/// The folder with a trustee's secrets.
pub(crate) struct Vault {
    folder: PathBuf,
    passphrase: Option<Passphrase>,
}

impl Vault {
    pub(crate) fn new(folder: &Path, passphrase: Option<Passphrase>) -> Self {
        Self { folder: folder.join("secret"), passphrase }
    }

    pub(crate) fn at_rest(&self) -> AtRest {
        if self.passphrase.is_some() { AtRest::Encrypted } else { AtRest::Plain }
    }

    /// Where a secret lies in either form.
    fn path(&self, name: &str, at_rest: AtRest) -> PathBuf {
        match at_rest {
            AtRest::Encrypted => self.folder.join(format!("{name}.age")),
            AtRest::Plain => self.folder.join(name),
        }
    }

    /// A secret; `None` when there is none. A secret that lies there in the other form is an error: whoever opens with a
    /// passphrase must not be given a file that somebody put there without one.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let path = self.path(name, self.at_rest());
        let stored = files::read(&path).map_err(|error| TrusteeError::storage("read a secret", error))?;
        let Some(stored) = stored.map(Zeroizing::new) else {
            let (other, reason) = match self.at_rest() {
                AtRest::Encrypted => (AtRest::Plain, "is not encrypted: open it without a passphrase"),
                AtRest::Plain => (AtRest::Encrypted, "is encrypted: give the passphrase"),
            };
            let other = self.path(name, other);
            return match other.exists() {
                true => Err(TrusteeError::Secrets(format!("`{}` {reason}", other.display()))),
                false => Ok(None),
            };
        };
        match &self.passphrase {
            None => Ok(Some(stored)),
            Some(passphrase) => decrypt(&stored, passphrase)
                .map(Some)
                .map_err(|reason| TrusteeError::Secrets(format!("`{}`: {reason}", path.display()))),
        }
    }

    /// Keeps a secret.
    pub(crate) fn write(&self, name: &str, secret: &[u8], existing: Existing) -> Result<()> {
        let failed = |error: std::io::Error| TrusteeError::storage("keep a secret", error);
        files::folder(&self.folder).map_err(failed)?;
        let path = self.path(name, self.at_rest());
        let placed = match &self.passphrase {
            None => files::place(&path, secret, existing),
            Some(passphrase) => {
                let stored =
                    encrypt(secret, passphrase).map_err(|error| TrusteeError::storage("encrypt a secret", error))?;
                files::place(&path, &stored, existing)
            }
        };
        match placed {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(TrusteeError::Exists(path)),
            other => other.map_err(failed),
        }
    }

    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        files::remove(&self.path(name, self.at_rest())).map_err(|error| TrusteeError::storage("remove a secret", error))
    }

    /// The names of all secrets that lie there in this vault's form, sorted.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        let listed = files::names(&self.folder).map_err(|error| TrusteeError::storage("list the secrets", error))?;
        let own = listed.iter().filter_map(|name| match (self.at_rest(), name.strip_suffix(".age")) {
            (AtRest::Encrypted, name) => name.map(str::to_owned),
            (AtRest::Plain, None) => Some(name.clone()),
            (AtRest::Plain, Some(_)) => None,
        });
        Ok(own.collect())
    }

    /// Whether a secret lies there in any form.
    pub(crate) fn holds(&self, name: &str) -> Option<PathBuf> {
        [AtRest::Encrypted, AtRest::Plain].into_iter().map(|form| self.path(name, form)).find(|path| path.exists())
    }
}

fn encrypt(secret: &[u8], passphrase: &Passphrase) -> std::result::Result<Vec<u8>, String> {
    let mut recipient = age::scrypt::Recipient::new(passphrase.secret());
    recipient.set_work_factor(WORK_FACTOR);
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
        .map_err(|error| error.to_string())?;
    let mut out = Vec::new();
    let mut writer = encryptor.wrap_output(&mut out).map_err(|error| error.to_string())?;
    writer.write_all(secret).map_err(|error| error.to_string())?;
    writer.finish().map_err(|error| error.to_string())?;
    Ok(out)
}

fn decrypt(stored: &[u8], passphrase: &Passphrase) -> std::result::Result<Zeroizing<Vec<u8>>, String> {
    let decryptor = age::Decryptor::new(stored).map_err(|error| error.to_string())?;
    let mut identity = age::scrypt::Identity::new(passphrase.secret());
    identity.set_max_work_factor(WORK_FACTOR);
    let mut reader = decryptor
        .decrypt(std::iter::once(&identity as &dyn age::Identity))
        .map_err(|error| format!("the passphrase is wrong or the file damaged ({error})"))?;
    let mut secret = Zeroizing::new(Vec::with_capacity(stored.len()));
    reader.read_to_end(&mut secret).map_err(|error| error.to_string())?;
    Ok(secret)
}
