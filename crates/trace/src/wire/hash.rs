//! Double SHA-256, and the two kinds of names made of it.

use countersign_core::encoding::{hex, unhex};
use countersign_core::id::InvalidId;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// SHA-256 of the SHA-256 of the parts one after the other.
pub fn sha256d(parts: &[&[u8]]) -> [u8; 32] {
    let mut inner = Sha256::new();
    for part in parts {
        inner.update(part);
    }
    Sha256::digest(inner.finalize()).into()
}

macro_rules! reversed_id {
    ($(#[$meta:meta])* $name:ident, $what:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut bytes = self.0;
                bytes.reverse();
                f.write_str(&hex(&bytes))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let mut bytes: [u8; 32] = unhex(text).ok_or_else(|| InvalidId::not($what, text))?;
                bytes.reverse();
                Ok(Self(bytes))
            }
        }

        countersign_core::text_serde!($name);
    };
}

reversed_id!(
    /// A transaction's id: double SHA-256 without witnesses, held as hashed and written in reverse, as everywhere in the field.
    Txid, "a transaction id (64 lower-case hexadecimal digits)"
);
reversed_id!(
    /// A block's id: double SHA-256 of its header, held as hashed and written in reverse.
    BlockHash, "a block hash (64 lower-case hexadecimal digits)"
);
