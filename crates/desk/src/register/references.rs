//! Keyed tags: how the register knows an account number or a traced address again without keeping it. Names, e-mail addresses and the
//! like have none: clients are found by them through the blind index ([`crate::index`]).

use countersign_seal::view::ViewKey;
use countersign_store::Tag;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The key of references to account numbers and traced addresses. Wiped when dropped; has no `Debug`.
///
/// The key of masked views comes of it too, so whoever has it with the database and the sigmas sees the views.
///
/// Whoever steals this key together with the database can test guesses: account numbers are few. It is as secret as the account
/// numbers, which the custodian's other systems know, and no more than that.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct ReferenceKey([u8; 64]);

impl ReferenceKey {
    /// Takes 32 random bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        // HMAC pads a short key with zeros to its block.
        let mut block = [0; 64];
        block.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
        Self(block)
    }

    /// HMAC-SHA-256(key, "account" || account): the reference of a client. White space around the account number does not count.
    pub fn account(&self, account: &str) -> Tag {
        self.tag(&[b"account", account.trim().as_bytes()])
    }

    /// HMAC-SHA-256(key, "address" || u64 LE length of the chain's name || chain || address): a traced address.
    ///
    /// Bech32 addresses are one address in upper and in lower case.
    pub fn address(&self, chain: &str, address: &str) -> Tag {
        let address = one_spelling(address);
        self.tag(&[b"address", &(chain.len() as u64).to_le_bytes(), chain.as_bytes(), address.as_bytes()])
    }

    /// The key of masked views: HMAC-SHA-256(key, "masked views").
    pub(crate) fn views(&self) -> ViewKey {
        ViewKey::from_bytes(self.tag(&[b"masked views"]))
    }

    fn tag(&self, parts: &[&[u8]]) -> Tag {
        let mut mac = Hmac::<Sha256>::new(&self.0.into());
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }
}

/// The one spelling of an address under which it is counted: bech32 addresses are the same in upper and in lower case.
pub(crate) fn one_spelling(address: &str) -> String {
    let address = address.trim();
    let lower = address.to_ascii_lowercase();
    let bech32 = ["bc1", "tb1", "bcrt1"].iter().any(|prefix| lower.starts_with(prefix));
    if bech32 { lower } else { address.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ReferenceKey {
        ReferenceKey::from_bytes(&[1; 32])
    }

    #[test]
    fn spellings_of_one_thing_are_one_thing_and_other_things_are_not() {
        assert_eq!(key().account(" A1 "), key().account("A1"));
        assert_ne!(key().account("a1"), key().account("A1"));
        assert_ne!(key().account("A1"), ReferenceKey::from_bytes(&[2; 32]).account("A1"));
        assert_eq!(key().address("bitcoin", "TB1QEXAMPLE"), key().address("bitcoin", "tb1qexample"));
        assert_ne!(key().address("bitcoin", "1Abc"), key().address("bitcoin", "1abc"));
        assert_ne!(key().address("bitcoin", "x"), key().address("bitcoi", "nx"));
    }
}
