//! Signing as a person: with a key file of ours, or with the person's own SSH key through `ssh-keygen -Y sign`.

use crate::files;
use anyhow::{Context, Result, bail};
use base64ct::{Base64, Encoding};
use countersign_approve::{PublicKey, from_armor};
use countersign_core::approval::{
    APPROVAL_NAMESPACE, Approval, ApprovalV1, SignerRole, Verdict, approval_digest, approval_message,
};
use countersign_core::control::{CONTROL_NAMESPACE, control_message};
use countersign_core::encoding::{hex, unhex};
use countersign_core::id::{Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::time::Timestamp;
use ed25519_dalek::{Signer as _, SigningKey};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use zeroize::Zeroizing;

/// Whatever signs for a person.
pub(crate) enum Signer {
    /// Plain Ed25519, from a key file.
    Plain(SigningKey),
    /// An Ed25519 key that signs in SSHSIG form, from a key file.
    Ssh(SigningKey),
    /// The person's own SSH key; `ssh-keygen` signs.
    SshKeygen {
        /// The private key's file.
        private: PathBuf,
        /// The public key as in the roster.
        public: String,
    },
}

const PLAIN: &str = "countersign-secret ed25519 ";
const SSH: &str = "countersign-secret ssh-ed25519 ";

impl Signer {
    /// Reads a key file of ours, or takes an SSH private key for `ssh-keygen`.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let text = Zeroizing::new(files::read_text(path, 64 * 1024)?);
        let line = text.trim_end();
        let key = |digits: &str| {
            let seed: Zeroizing<[u8; 32]> =
                Zeroizing::new(unhex(digits).with_context(|| format!("{} is not a key file", path.display()))?);
            anyhow::Ok(SigningKey::from_bytes(&seed))
        };
        if let Some(digits) = line.strip_prefix(PLAIN) {
            return Ok(Self::Plain(key(digits)?));
        }
        if let Some(digits) = line.strip_prefix(SSH) {
            return Ok(Self::Ssh(key(digits)?));
        }
        if !line.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----") {
            bail!("{} is neither a key file of countersign nor an OpenSSH private key", path.display());
        }
        let mut public = path.as_os_str().to_owned();
        public.push(".pub");
        let public = files::read_text(Path::new(&public), 16 * 1024)
            .context("the public key must lie beside the private key, as ssh-keygen writes it")?;
        let mut words = public.split_whitespace();
        let (Some(kind), Some(key)) = (words.next(), words.next()) else { bail!("the public key is empty") };
        Ok(Self::SshKeygen { private: path.to_owned(), public: format!("{kind} {key}") })
    }

    /// The text of a key file.
    pub(crate) fn to_secret_text(&self) -> Result<Zeroizing<String>> {
        match self {
            Self::Plain(key) => Ok(Zeroizing::new(format!("{PLAIN}{}\n", hex(&key.to_bytes())))),
            Self::Ssh(key) => Ok(Zeroizing::new(format!("{SSH}{}\n", hex(&key.to_bytes())))),
            Self::SshKeygen { .. } => bail!("an SSH key stays in its own file"),
        }
    }

    /// The key in the spelling of rosters.
    pub(crate) fn public(&self) -> String {
        match self {
            Self::Plain(key) => format!("ed25519 {}", hex(key.verifying_key().as_bytes())),
            Self::Ssh(key) => format!("ssh-ed25519 {}", Base64::encode_string(&ssh_public(key))),
            Self::SshKeygen { public, .. } => public.clone(),
        }
    }

    /// An approval, or a refusal to approve.
    pub(crate) fn approve(
        &self,
        order: &Digest,
        person: &PersonId,
        role: SignerRole,
        verdict: Verdict,
        at: Timestamp,
    ) -> Result<Exact<Approval>> {
        let a = approval_digest(order, person, role, verdict, at);
        let signature = self.sign(APPROVAL_NAMESPACE, &approval_message(&a))?;
        let approval = Approval {
            v: ApprovalV1,
            order: *order,
            approver: person.clone(),
            role,
            verdict,
            at,
            key: self.public(),
            signature,
        };
        Ok(Exact::write(approval)?)
    }

    /// A signature under a control body.
    pub(crate) fn sign_control(&self, body: &str) -> Result<String> {
        self.sign(CONTROL_NAMESPACE, &control_message(body))
    }

    /// A signature under a line that people sign.
    pub(crate) fn sign(&self, namespace: &str, message: &[u8]) -> Result<String> {
        let signature = match self {
            Self::Plain(key) => Base64::encode_string(&key.sign(message).to_bytes()),
            Self::Ssh(key) => Base64::encode_string(&sshsig(key, namespace, message)),
            Self::SshKeygen { private, .. } => from_armor(&ssh_keygen(private, namespace, message)?)?,
        };
        // A signature that does not verify under the key's own spelling must not leave this program.
        let public = PublicKey::parse(&self.public())?;
        countersign_approve::verify_signature(&public, namespace, message, &signature)
            .context("the signature just made does not verify")?;
        Ok(signature)
    }
}

/// SSH wire string: length as u32 BE, then the bytes.
fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn ssh_public(key: &SigningKey) -> Vec<u8> {
    let mut blob = Vec::new();
    put(&mut blob, b"ssh-ed25519");
    put(&mut blob, key.verifying_key().as_bytes());
    blob
}

/// An SSHSIG blob (OpenSSH PROTOCOL.sshsig, version 1) with SHA-512.
fn sshsig(key: &SigningKey, namespace: &str, message: &[u8]) -> Vec<u8> {
    use sha2::{Digest as _, Sha512};
    let head = |out: &mut Vec<u8>| {
        put(out, namespace.as_bytes());
        put(out, b"");
        put(out, b"sha512");
    };
    let mut signed = b"SSHSIG".to_vec();
    head(&mut signed);
    put(&mut signed, &Sha512::digest(message));
    let mut signature = Vec::new();
    put(&mut signature, b"ssh-ed25519");
    put(&mut signature, &key.sign(&signed).to_bytes());
    let mut blob = b"SSHSIG".to_vec();
    blob.extend_from_slice(&1u32.to_be_bytes());
    put(&mut blob, &ssh_public(key));
    head(&mut blob);
    put(&mut blob, &signature);
    blob
}

/// The armor that `ssh-keygen -Y verify` reads, around a signature of ours.
pub(crate) fn armor(signature: &str) -> String {
    let mut text = String::from("-----BEGIN SSH SIGNATURE-----\n");
    for line in signature.as_bytes().chunks(70) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text + "-----END SSH SIGNATURE-----\n"
}

fn ssh_keygen(private: &Path, namespace: &str, message: &[u8]) -> Result<String> {
    let mut child = Command::new("ssh-keygen")
        .args(["-Y", "sign", "-n", namespace, "-f"])
        .arg(private)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .context("cannot start ssh-keygen: install OpenSSH, or sign with a key file")?;
    child.stdin.take().context("ssh-keygen takes no input")?.write_all(message)?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("ssh-keygen did not sign with {}", private.display());
    }
    String::from_utf8(output.stdout).context("ssh-keygen wrote something that is not text")
}
