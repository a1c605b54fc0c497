//! What a meeting place holds, by name.

use std::fmt;
use std::str::FromStr;

/// One message of a founding ceremony.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// The terms; the custodian's.
    Terms,
    /// The broadcast of a trustee.
    Round1(u16),
    /// Another broadcast that the same trustee signed: proof that it cheats, or that its folder was restored from an old copy.
    Second(u16),
    /// What one trustee sends another, encrypted.
    Round2 {
        /// Its author.
        sender: u16,
        /// Who can open it.
        recipient: u16,
    },
    /// A trustee's word that its ceremony ended with this ring.
    Confirmation(u16),
    /// The policy bundle that genesis names; the custodian's.
    Policy,
    /// The directory of authorities that genesis names; the custodian's.
    Directory,
    /// Genesis to sign; the custodian's.
    Genesis,
    /// A trustee's signature under genesis.
    Signature(u16),
    /// Leaf 0 of the journal, with all signatures; the custodian's.
    Leaf,
    /// A trustee's word that it does not go on.
    Complaint(u16),
}

/// A name that no item has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no such message in a founding ceremony")]
pub struct NoItem;

impl Item {
    /// The trustee that makes it; `None` for what the custodian brings, and for evidence.
    pub fn author(self) -> Option<u16> {
        match self {
            Self::Round1(index) | Self::Confirmation(index) | Self::Signature(index) | Self::Complaint(index) => {
                Some(index)
            }
            Self::Round2 { sender, .. } => Some(sender),
            Self::Terms | Self::Second(_) | Self::Policy | Self::Directory | Self::Genesis | Self::Leaf => None,
        }
    }

    /// Most bytes that it may have.
    pub fn most(self) -> usize {
        match self {
            Self::Policy => 8 * 1024 * 1024,
            Self::Directory => 16 * 1024 * 1024,
            Self::Terms | Self::Round1(_) | Self::Second(_) | Self::Round2 { .. } | Self::Genesis | Self::Leaf => {
                65_535
            }
            Self::Confirmation(_) | Self::Signature(_) | Self::Complaint(_) => 4 * 1024,
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Terms => f.write_str("terms"),
            Self::Round1(index) => write!(f, "round1/{index}"),
            Self::Second(index) => write!(f, "second/{index}"),
            Self::Round2 { sender, recipient } => write!(f, "round2/{sender}/{recipient}"),
            Self::Confirmation(index) => write!(f, "confirmation/{index}"),
            Self::Policy => f.write_str("policy"),
            Self::Directory => f.write_str("directory"),
            Self::Genesis => f.write_str("genesis"),
            Self::Signature(index) => write!(f, "signature/{index}"),
            Self::Leaf => f.write_str("leaf"),
            Self::Complaint(index) => write!(f, "complaint/{index}"),
        }
    }
}

impl FromStr for Item {
    type Err = NoItem;

    fn from_str(text: &str) -> Result<Self, NoItem> {
        let number = |text: &str| {
            let index: u16 = text.parse().map_err(|_| NoItem)?;
            // One spelling each: the name is also that of a file.
            if index > 0 && index.to_string() == text { Ok(index) } else { Err(NoItem) }
        };
        let parts: Vec<&str> = text.split('/').collect();
        Ok(match parts.as_slice() {
            ["terms"] => Self::Terms,
            ["round1", index] => Self::Round1(number(index)?),
            ["second", index] => Self::Second(number(index)?),
            ["round2", sender, recipient] => Self::Round2 { sender: number(sender)?, recipient: number(recipient)? },
            ["confirmation", index] => Self::Confirmation(number(index)?),
            ["policy"] => Self::Policy,
            ["directory"] => Self::Directory,
            ["genesis"] => Self::Genesis,
            ["signature", index] => Self::Signature(number(index)?),
            ["leaf"] => Self::Leaf,
            ["complaint", index] => Self::Complaint(number(index)?),
            _ => return Err(NoItem),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_has_one_name() {
        let items = [
            Item::Terms,
            Item::Round1(1),
            Item::Second(65535),
            Item::Round2 { sender: 2, recipient: 10 },
            Item::Confirmation(3),
            Item::Policy,
            Item::Directory,
            Item::Genesis,
            Item::Signature(4),
            Item::Leaf,
            Item::Complaint(5),
        ];
        for item in items {
            assert_eq!(item.to_string().parse(), Ok(item));
        }
        for bad in [
            "",
            "round1",
            "round1/",
            "round1/0",
            "round1/01",
            "round1/+1",
            "round1/65536",
            "round1/1/2",
            "round2/1",
            "/terms",
            "terms/",
            "../terms",
            "round2/1/2/3",
            "Leaf",
        ] {
            assert_eq!(bad.parse::<Item>(), Err(NoItem), "{bad}");
        }
    }
}
