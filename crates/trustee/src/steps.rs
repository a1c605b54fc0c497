//! What a party keeps of an exchange between its steps: every step may be repeated, gives the same messages again, and is
//! never taken for two different sets of broadcasts.

use crate::ceremony::Messages;
use crate::error::{Result, TrusteeError};
use crate::files::Existing;
use crate::parts;
use crate::vault::Vault;
use countersign_core::digest;
use countersign_core::id::Digest;
use zeroize::Zeroizing;

/// The first step: the broadcast, and the secret state for the second.
pub(crate) struct Started {
    pub(crate) broadcast: Vec<u8>,
    pub(crate) state: Zeroizing<Vec<u8>>,
}

impl Started {
    pub(crate) fn keep(&self, vault: &Vault, name: &str) -> Result<()> {
        vault.write(name, &parts::write(&[&self.broadcast, &self.state]), Existing::Refuse)
    }

    pub(crate) fn read(vault: &Vault, name: &str) -> Result<Option<Self>> {
        let Some(stored) = vault.read(name)? else { return Ok(None) };
        let read = parts::read(&stored);
        let Some([broadcast, state]) = read.as_deref() else { return Err(TrusteeError::damaged(name, "its layout")) };
        Ok(Some(Self { broadcast: broadcast.to_vec(), state: Zeroizing::new(state.to_vec()) }))
    }
}

/// What the second step gave and for which broadcasts, kept to give it again.
pub(crate) struct Sent {
    heard: Digest,
    pub(crate) broadcast: Vec<u8>,
    pub(crate) messages: Messages,
}

impl Sent {
    pub(crate) fn new(heard: &[Vec<u8>], broadcast: Vec<u8>, messages: Messages) -> Self {
        Self { heard: digest_of(heard), broadcast, messages }
    }

    /// The messages, when they were made for these broadcasts.
    pub(crate) fn again(self, heard: &[Vec<u8>]) -> Result<Messages> {
        if self.heard == digest_of(heard) {
            return Ok(self.messages);
        }
        Err(TrusteeError::CeremonyRepeated("round 2 was answered for other broadcasts before"))
    }

    /// Keeps it beside the secret state for the last step; an empty state when there is no further step.
    pub(crate) fn keep(&self, vault: &Vault, name: &str, state: &[u8], existing: Existing) -> Result<()> {
        let mut out: Vec<Vec<u8>> = vec![self.heard.0.to_vec(), self.broadcast.clone()];
        for (recipient, bytes) in &self.messages {
            out.push(recipient.to_le_bytes().to_vec());
            out.push(bytes.clone());
        }
        let mut parts: Vec<&[u8]> = vec![state];
        parts.extend(out.iter().map(Vec::as_slice));
        vault.write(name, &parts::write(&parts), existing)
    }

    /// Destroys the secret state and keeps the rest; again after a crash that came before.
    pub(crate) fn destroy_state(vault: &Vault, name: &str) -> Result<()> {
        match Self::read(vault, name)? {
            Some((sent, state)) if !state.is_empty() => sent.keep(vault, name, &[], Existing::Replace),
            _ => Ok(()),
        }
    }

    pub(crate) fn read(vault: &Vault, name: &str) -> Result<Option<(Self, Zeroizing<Vec<u8>>)>> {
        let Some(stored) = vault.read(name)? else { return Ok(None) };
        decode(&stored).map(Some).ok_or_else(|| TrusteeError::damaged(name, "its layout"))
    }
}

fn decode(stored: &[u8]) -> Option<(Sent, Zeroizing<Vec<u8>>)> {
    let read = parts::read(stored)?;
    let [state, heard, broadcast, messages @ ..] = read.as_slice() else { return None };
    let (messages, rest) = messages.as_chunks::<2>();
    let messages = messages
        .iter()
        .map(|[recipient, bytes]| Some((u16::from_le_bytes((*recipient).try_into().ok()?), bytes.to_vec())))
        .collect::<Option<_>>()?;
    let sent = Sent { heard: Digest((*heard).try_into().ok()?), broadcast: broadcast.to_vec(), messages };
    rest.is_empty().then(|| (sent, Zeroizing::new(state.to_vec())))
}

fn digest_of(broadcasts: &[Vec<u8>]) -> Digest {
    let parts: Vec<&[u8]> = broadcasts.iter().map(Vec::as_slice).collect();
    digest::parts("countersign/trustee/broadcasts/v1", &parts)
}
