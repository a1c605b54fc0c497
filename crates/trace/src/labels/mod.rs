//! What others say about addresses: who says it, and in which role the address stands. A label is a claim of its issuer, never a fact.

mod list;
mod listing;
mod tagpack;
#[cfg(test)]
mod tests;
mod wallets;
mod words;
mod write;
mod yaml;

pub use list::read_list;
pub use tagpack::read_tagpack;
pub use wallets::read_wallets;
pub use write::{Written, write_tagpack};

use crate::address::Lock;
use crate::network::Network;
use std::collections::{BTreeMap, BTreeSet};

countersign_core::named_enum!(
    /// In which role an address stands to what its label names.
    Role, "a role (owner, donor, counterparty)" {
        /// It belongs to what is named.
        Owner = "owner",
        /// It gave to what is named.
        Donor = "donor",
        /// It dealt with what is named.
        Counterparty = "counterparty",
    }
);

/// Why a file of labels is refused. Nothing of it is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct LabelError {
    /// From 1.
    pub line: usize,
    /// What is wrong there and what to do.
    pub reason: String,
}

impl LabelError {
    pub(crate) fn new(line: usize, reason: impl Into<String>) -> Self {
        Self { line, reason: reason.into() }
    }
}

/// One claim about one lock.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    /// Who says so.
    pub issuer: String,
    /// What it is said to be.
    pub label: String,
    /// The issuer's category, such as `exchange`; may be empty.
    pub category: String,
    /// What it is said to be used for, such as `ransomware`; may be empty.
    pub abuse: String,
    /// The role that is claimed.
    pub role: Role,
    // INVARIANT: at least what the words of the tag and its pack say.
    special: bool,
}

impl Tag {
    /// Whether the label reveals opinion, religion or charity of whoever paid (GDPR article 9).
    pub fn is_special(&self) -> bool {
        self.special
    }

    /// Whether it is a service that takes in money of many and pays out money of many.
    pub fn is_service(&self) -> bool {
        self.role == Role::Owner && words::is_service(&self.category)
    }
}

/// What to do with an entry whose address is none of the network; official lists have such errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadAddress {
    /// Refuse the whole file.
    Refuse,
    /// Leave the entry out and name it.
    LeaveOut,
}

/// What one file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pack {
    /// Name of the list or pack.
    pub title: String,
    /// The claims.
    pub tags: Vec<(Lock, Tag)>,
    /// Claims about other currencies, left out.
    pub other_currencies: usize,
    /// Entries that were left out because their address is none of the network.
    pub left_out: Vec<LabelError>,
}

impl Pack {
    /// Takes in one claim.
    fn push(&mut self, line: usize, address: &str, on: (Network, BadAddress), tag: Tag) -> Result<(), LabelError> {
        match (Lock::parse(address, on.0), on.1) {
            (Ok(lock), _) => self.tags.push((lock, tag)),
            (Err(error), BadAddress::LeaveOut) => self.left_out.push(LabelError::new(line, error.to_string())),
            (Err(error), BadAddress::Refuse) => return Err(LabelError::new(line, error.to_string())),
        }
        Ok(())
    }
}

/// All labels that are in use.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    tags: BTreeMap<Lock, BTreeSet<Tag>>,
    lists: BTreeMap<String, BTreeSet<Lock>>,
    /// Who says that the addresses of a list are on it.
    list_issuers: BTreeMap<String, BTreeSet<String>>,
}

impl Labels {
    /// Takes in what a file says about addresses.
    pub fn add(&mut self, pack: &Pack) {
        for (lock, tag) in &pack.tags {
            self.tags.entry(*lock).or_default().insert(tag.clone());
        }
    }

    /// Takes in a file as a list to measure exposure against, under this name, beside what it says.
    pub fn add_list(&mut self, name: &str, pack: &Pack) {
        self.add(pack);
        let owners = || pack.tags.iter().filter(|(_, tag)| tag.role == Role::Owner);
        self.lists.entry(name.to_owned()).or_default().extend(owners().map(|(lock, _)| *lock));
        let issuers = owners().map(|(_, tag)| tag.issuer.clone());
        self.list_issuers.entry(name.to_owned()).or_default().extend(issuers);
    }

    /// The lists by name.
    pub fn lists(&self) -> impl Iterator<Item = (&str, &BTreeSet<Lock>)> {
        self.lists.iter().map(|(name, locks)| (name.as_str(), locks))
    }

    /// What is said about this lock.
    pub fn of(&self, lock: &Lock) -> impl Iterator<Item = &Tag> {
        self.tags.get(lock).into_iter().flatten()
    }

    /// Every claim.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Lock, &Tag)> {
        self.tags.iter().flat_map(|(lock, tags)| tags.iter().map(move |tag| (lock, tag)))
    }

    /// Every lock that something is said about.
    pub fn locks(&self) -> impl Iterator<Item = &Lock> {
        self.tags.keys()
    }

    /// How many claims each issuer makes.
    pub fn issuers(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for tag in self.tags.values().flatten() {
            *counts.entry(tag.issuer.as_str()).or_default() += 1;
        }
        counts
    }

    /// The first claim because of which this lock must not be where a query begins.
    pub fn special(&self, lock: &Lock) -> Option<&Tag> {
        self.of(lock).find(|tag| tag.is_special())
    }
}
