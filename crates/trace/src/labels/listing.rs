//! A list as a standing order pins it: by name, issuers and addresses, so that another list is another digest.

use super::Labels;
use crate::address::Lock;
use crate::network::Network;
use countersign_core::digest;
use countersign_core::exposure::Listing;
use std::collections::BTreeSet;

const LISTED: &str = "countersign/listed/v1";

impl Labels {
    /// The list of this name as it is now. Addresses whose label reveals opinion, religion or charity do not count: one state's listing must
    /// not open a dragnet.
    pub fn listing(&self, name: &str, network: Network) -> Option<Listing> {
        let all = self.lists.get(name)?;
        let addresses: BTreeSet<String> = self.counting(name).filter_map(|lock| lock.to_address(network)).collect();
        let issuers: Vec<String> = self.list_issuers.get(name).into_iter().flatten().cloned().collect();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let number = (issuers.len() as u64).to_le_bytes();
        let mut parts: Vec<&[u8]> = vec![network.as_str().as_bytes(), name.as_bytes(), &number];
        parts.extend(issuers.iter().chain(&addresses).map(String::as_bytes));
        Some(Listing {
            name: name.to_owned(),
            digest: digest::parts(LISTED, &parts),
            addresses: count(addresses.len()),
            left_out: count(all.len() - addresses.len()),
            issuers,
        })
    }

    /// The addresses of a list that count.
    pub(crate) fn counting(&self, name: &str) -> impl Iterator<Item = &Lock> {
        self.lists.get(name).into_iter().flatten().filter(|lock| self.special(lock).is_none())
    }
}
