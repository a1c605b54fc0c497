//! The officer's structured entry beside a letter: accounts become handles, a selector becomes a number of people. People whom the letter
//! names otherwise are counted here, and looked up in the case ([`crate::index`]).
//!
//! File: `docs/formats/request-entry.md`.

use crate::desk::Desk;
use crate::documents::Targets;
use crate::error::{DeskError, Result};
use crate::intake::NewRequest;
use crate::register::{ReferenceKey, one_spelling};
use countersign_core::class::{Class, ClassSet};
use countersign_core::facts::address_digest;
use countersign_core::id::{AuthorityId, Digest, Handle};
use countersign_core::order::Instrument;
use countersign_core::time::Timestamp;
use serde::Deserialize;

/// Largest entry file in bytes.
pub const MAX_ENTRY: usize = 4 * 1024 * 1024;

/// One structured entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Who asks, by the directory.
    pub authority: AuthorityId,
    /// The authority's own reference.
    pub reference: String,
    /// Legal form.
    pub instrument: Instrument,
    /// Whether a threat to life is claimed.
    #[serde(default)]
    pub emergency: bool,
    /// Accounts asked about.
    #[serde(default)]
    pub accounts: Vec<String>,
    /// How many people are asked about by something else than an account: a name, an e-mail address. Each is looked up in the case.
    #[serde(default)]
    pub others: u32,
    /// "Everyone who paid this address".
    #[serde(default)]
    pub everyone_who_paid: Option<ChainAddress>,
    /// Addresses that the letter traces, besides.
    #[serde(default)]
    pub traced: Vec<ChainAddress>,
    /// Classes asked for; `["all"]` for every class.
    pub classes: Vec<String>,
    /// How it arrived: letter, e-mail, portal.
    pub channel: String,
    /// When it arrived; now, if left out.
    #[serde(default)]
    pub received_at: Option<Timestamp>,
}

/// An address on a chain.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainAddress {
    /// The chain, for example `bitcoin`.
    pub chain: String,
    /// The address.
    pub address: String,
}

impl ChainAddress {
    /// The digest under which the address is counted. Two spellings of one address must not be two counters.
    pub(crate) fn digest(&self) -> Result<Digest> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.chain.is_empty() || !self.chain.chars().all(plain) {
            return Err(DeskError::Input(format!(
                "the chain `{}` is not written in lower case, like `bitcoin`",
                self.chain.chars().take(40).collect::<String>()
            )));
        }
        Ok(address_digest(&self.chain, &one_spelling(&self.address)))
    }
}

impl Entry {
    /// Reads an entry file.
    ///
    /// # Errors
    /// [`DeskError::Input`] naming line and column.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_ENTRY {
            return Err(DeskError::Input(format!("the entry has {} bytes, the limit is {MAX_ENTRY}", bytes.len())));
        }
        let entry: Self =
            serde_json::from_slice(bytes).map_err(|error| DeskError::Input(format!("the entry: {error}")))?;
        only_objects(bytes)?;
        let named = !entry.accounts.is_empty() || entry.others > 0;
        if named == entry.everyone_who_paid.is_some() {
            return Err(DeskError::Input(
                "the entry must name targets in exactly one way: `accounts` and `others`, or `everyone_who_paid`"
                    .into(),
            ));
        }
        Ok(entry)
    }

    /// Every address that the letter names.
    pub fn addresses(&self) -> Vec<ChainAddress> {
        self.everyone_who_paid.iter().chain(&self.traced).cloned().collect()
    }

    fn classes(&self) -> Result<ClassSet> {
        if let [all] = self.classes.as_slice()
            && all == "all"
        {
            return Ok(Class::ALL.iter().copied().collect());
        }
        self.classes.iter().map(|name| Class::parse(name).map_err(DeskError::from)).collect()
    }
}

/// The addresses as facts and counters name them, sorted.
pub(crate) fn digests(addresses: &[ChainAddress]) -> Result<Vec<Digest>> {
    let mut digests = addresses.iter().map(ChainAddress::digest).collect::<Result<Vec<_>>>()?;
    digests.sort_unstable();
    digests.dedup();
    Ok(digests)
}

/// Refuses lists where objects belong: the parser would take their items for members in the order of the table.
fn only_objects(bytes: &[u8]) -> Result<()> {
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(DeskError::internal)?;
    let items = ["traced"].into_iter().filter_map(|name| value.get(name)?.as_array()).flatten();
    let single = value.get("everyone_who_paid").filter(|paid| !paid.is_null());
    if value.is_object() && items.chain(single).all(serde_json::Value::is_object) {
        return Ok(());
    }
    Err(DeskError::Input("the entry: a list stands where an object with named members belongs".into()))
}

impl Desk {
    /// Turns an entry into a request: accounts into handles, the selector into the number of people it would expose.
    ///
    /// # Errors
    /// [`DeskError::Input`] when the number of people cannot be computed: unknown is never zero.
    pub async fn resolve(
        &self,
        entry: Entry,
        references: &ReferenceKey,
        raw: Vec<u8>,
        delay: Option<String>,
    ) -> Result<NewRequest> {
        let classes = entry.classes()?;
        let (mut found, mut not_found) = (Vec::new(), entry.others);
        for account in &entry.accounts {
            match self.handle_of(references, account).await? {
                Some(handle) => found.push(handle),
                None => not_found = not_found.saturating_add(1),
            }
        }
        found.sort_unstable();
        found.dedup();
        let found_here = u32::try_from(found.len()).map_err(DeskError::internal)?;
        let named = found_here.saturating_add(not_found);
        let (targets, people_asked) = match &entry.everyone_who_paid {
            None => (Targets::Named, named),
            Some(paid) => {
                let exposed = if self.blast.has_chain() {
                    self.exposed_by_matter(&entry.authority, &entry.reference, &digests(&entry.addresses())?).await?
                } else {
                    self.blast.exposed(&paid.chain, &paid.address).await.map_err(DeskError::Input)?
                };
                (Targets::Selector, u32::try_from(exposed).map_err(DeskError::internal)?)
            }
        };
        let addresses = digests(&entry.addresses())?;
        Ok(NewRequest {
            authority: entry.authority,
            reference: entry.reference,
            instrument: entry.instrument,
            emergency: entry.emergency,
            targets,
            people_asked,
            found,
            not_found,
            addresses,
            classes,
            channel: entry.channel,
            received_at: entry.received_at.unwrap_or_else(|| self.now()),
            delay,
            raw,
        })
    }

    /// The client of an account. Without a register (ladder level L0) every account has a handle: its keyed tag.
    ///
    /// # Errors
    /// [`DeskError::Store`].
    pub async fn handle_of(&self, references: &ReferenceKey, account: &str) -> Result<Option<Handle>> {
        let tag = references.account(account);
        if self.custodian.ring.is_none() {
            return Ok(Some(Handle(tag)));
        }
        Ok(self.store.handle_of(&tag).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traced(chain: &str, address: &str) -> Result<Digest> {
        ChainAddress { chain: chain.into(), address: address.into() }.digest()
    }

    #[test]
    fn one_address_is_one_counter_however_it_is_spelled() {
        let digest = traced("bitcoin", "tb1qexample").unwrap();
        assert_eq!(traced("bitcoin", " TB1QEXAMPLE ").unwrap(), digest);
        assert_ne!(traced("bitcoin", "mExample").unwrap(), traced("bitcoin", "mexample").unwrap());
        for chain in ["Bitcoin", "", "bit coin"] {
            assert!(traced(chain, "tb1qexample").is_err(), "{chain}");
        }
    }
}
