use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use countersign_trustee::{AtRest, Passphrase, Trustee};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Longest passphrase in bytes.
const LONGEST: u64 = 1024;

/// How the owner opens a trustee's secrets. There is no environment variable for it: other programs of the same user can read those.
#[derive(Args)]
pub(crate) struct Unlock {
    /// File with the passphrase, for its owner's eyes only; `/dev/stdin` or `/dev/fd/3` for one that never lies on a disk.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Unlock {
    /// Opens the trustee in `folder`.
    pub(crate) fn open(&self, folder: &Path) -> Result<Trustee> {
        let passphrase = self.passphrase()?;
        self.open_with(folder, passphrase.as_deref())
    }

    /// As [`open`](Self::open), with a passphrase that was read before: a pipe gives it once.
    pub(super) fn open_with(&self, folder: &Path, passphrase: Option<&String>) -> Result<Trustee> {
        let trustee = match passphrase {
            Some(text) => Trustee::open_encrypted(folder, Passphrase::new(text.clone())?),
            None => Trustee::open(folder),
        };
        trustee.with_context(|| match &self.passphrase_file {
            Some(path) => format!("the trustee in {} does not open with {}", folder.display(), path.display()),
            None => format!("the trustee in {} does not open without --passphrase-file", folder.display()),
        })
    }

    /// The passphrase, if one is given: one line, without its end.
    pub(super) fn passphrase(&self) -> Result<Option<Zeroizing<String>>> {
        let Some(path) = &self.passphrase_file else { return Ok(None) };
        let mut text = read(path).with_context(|| format!("cannot take the passphrase from {}", path.display()))?;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let length = line.strip_suffix('\r').unwrap_or(line).len();
        text.truncate(length);
        ensure!(!text.contains(['\n', '\r']), "{} holds more than one line", path.display());
        ensure!(!text.is_empty(), "{} is empty: an empty passphrase protects nothing", path.display());
        Ok(Some(text))
    }
}

/// Says so when a trustee's secrets lie in plain.
pub(crate) fn warn_of_plain(trustee: &Trustee, folder: &Path) {
    if trustee.at_rest() == AtRest::Plain {
        let (index, folder) = (trustee.index(), folder.display());
        eprintln!("countersign: warning: the secrets of trustee {index} lie unencrypted in {folder}");
    }
}

fn read(path: &Path) -> Result<Zeroizing<String>> {
    let file = File::open(path)?;
    let about = file.metadata()?;
    if about.is_file() && about.permissions().mode() & 0o077 != 0 {
        bail!(
            "it can be read by others: say `chmod 600` to it, or choose another passphrase if others may have read it"
        );
    }
    // Reserved at once: a buffer that grows leaves copies of the passphrase behind.
    let mut text = Zeroizing::new(String::with_capacity(LONGEST as usize + 1));
    file.take(LONGEST + 1).read_to_string(&mut text)?;
    ensure!(text.len() as u64 <= LONGEST, "it holds more than {LONGEST} bytes");
    Ok(text)
}
