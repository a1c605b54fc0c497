//! Messages about two rings at once: a founding with an index makes both in the same rounds.
//!
//! Without an index ring a message is that of the sealing ring. With one it is the length of the sealing part (u32 LE), that part, and the
//! part of the index ring. Each part is signed for its own ceremony, and the key type is part of what is signed, so neither can stand in
//! the other's place.

use super::{Founding, FoundingError, Outcome, Outcomes};
use countersign_core::json::Exact;
use countersign_seal::dkg::{DkgError, Recorded};
use countersign_seal::kind::{Index, Kind, Sealing};

/// Something for the sealing ring, and for the index ring if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Both<T> {
    /// For the sealing ring.
    pub sealing: T,
    /// For the index ring.
    pub index: Option<T>,
}

/// One message out of its parts.
pub fn join(parts: Both<&[u8]>) -> Vec<u8> {
    let Some(index) = parts.index else { return parts.sealing.to_vec() };
    // No part comes near 4 GiB: messages of a ceremony have at most 65,535 bytes.
    let length = u32::try_from(parts.sealing.len()).unwrap_or(u32::MAX);
    [&length.to_le_bytes(), parts.sealing, index].concat()
}

/// The parts of a message; `None` when it has no room for the sealing part that it announces.
pub fn split(with_index: bool, bytes: &[u8]) -> Option<Both<&[u8]>> {
    if !with_index {
        return Some(Both { sealing: bytes, index: None });
    }
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sealing, index) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    Some(Both { sealing, index: Some(index) })
}

/// The broadcasts of all trustees, read: what messages of round 2 are checked against.
pub struct Records {
    sealing: Recorded<Sealing>,
    index: Option<Recorded<Index>>,
}

impl Records {
    pub(super) fn new(founding: &Founding, broadcasts: &[Vec<u8>]) -> Result<Self, FoundingError> {
        let mut parts = Both { sealing: Vec::new(), index: founding.index.as_ref().map(|_| Vec::new()) };
        for (index, bytes) in (1u16..).zip(broadcasts) {
            let both = founding.split(bytes).ok_or(DkgError::Malformed(index))?;
            parts.sealing.push(both.sealing.to_vec());
            if let Some((all, part)) = parts.index.as_mut().zip(both.index) {
                all.push(part.to_vec());
            }
        }
        let sealing = Recorded::new(&founding.ceremony, &parts.sealing)?;
        let index = founding.index.as_ref().zip(parts.index.as_ref());
        let index = index.map(|(ceremony, broadcasts)| Recorded::new(ceremony, broadcasts)).transpose()?;
        Ok(Self { sealing, index })
    }

    /// Rings and verifying shares.
    ///
    /// # Errors
    /// [`FoundingError::Document`].
    pub fn outcomes(&self) -> Result<Outcomes, FoundingError> {
        Ok(Outcomes { sealing: outcome(&self.sealing)?, index: self.index.as_ref().map(outcome).transpose()? })
    }

    /// Checks that `sender` signed both parts of this message of round 2 for `recipient`, over these very broadcasts.
    ///
    /// # Errors
    /// [`DkgError`], naming the sender.
    pub fn check_message(&self, sender: u16, recipient: u16, bytes: &[u8]) -> Result<(), DkgError> {
        let parts = split(self.index.is_some(), bytes).ok_or(DkgError::Malformed(sender))?;
        self.sealing.check_message(sender, recipient, parts.sealing)?;
        match self.index.as_ref().zip(parts.index) {
            Some((recorded, bytes)) => recorded.check_message(sender, recipient, bytes),
            None => Ok(()),
        }
    }
}

fn outcome<K: Kind>(recorded: &Recorded<K>) -> Result<Outcome, FoundingError> {
    Ok(Outcome { ring: Exact::write(recorded.ring().clone())?, shares: Exact::write(recorded.epoch().clone())? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back_and_a_message_without_room_is_none() {
        for (sealing, index) in [(&b"sealing"[..], &b"index"[..]), (b"", b""), (b"", b"x"), (b"x", b"")] {
            let both = Both { sealing, index: Some(index) };
            assert_eq!(split(true, &join(both)), Some(both));
            let alone = Both { sealing, index: None };
            assert_eq!(split(false, &join(alone)), Some(alone));
        }
        for bad in [&b""[..], b"\x01\0\0", b"\x01\0\0\0", b"\xff\xff\xff\xffabc"] {
            assert_eq!(split(true, bad), None);
        }
    }
}
