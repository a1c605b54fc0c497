//! What the custodian knows of itself: its wallets, its clients' deposits and withdrawals.
//!
//! Clients are numbers here, given out in the order of the file; neither names nor account numbers are kept.

use crate::address::Lock;
use crate::labels::LabelError;
use crate::network::Network;
use crate::wire::Outpoint;
use countersign_core::digest;
use countersign_core::exposure::OwnAddresses;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Longest accepted line: an output, a comma, an account.
const MAX_LINE: usize = 256;
const OWN: &str = "countersign/own-addresses/v1";

/// The custodian's own outputs and locks. Not for logs, so without `Debug`.
#[derive(Clone, Default)]
pub struct Own {
    wallets: HashSet<Lock>,
    deposits: HashSet<Outpoint>,
    withdrawals: HashMap<Outpoint, u32>,
}

impl Own {
    /// Takes in locks of the custodian's own wallets.
    pub fn add_wallets(&mut self, locks: impl IntoIterator<Item = Lock>) {
        self.wallets.extend(locks);
    }

    /// Takes in outputs that clients paid to the custodian.
    pub fn add_deposits(&mut self, outpoints: impl IntoIterator<Item = Outpoint>) {
        self.deposits.extend(outpoints);
    }

    /// Takes in outputs that the custodian paid for clients, from lines `outpoint,account` below the line `outpoint,account`.
    ///
    /// # Errors
    /// [`LabelError`] with the line; nothing is taken in then.
    pub fn add_withdrawals(&mut self, text: &str) -> Result<usize, LabelError> {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut read: HashMap<Outpoint, u32> = HashMap::new();
        let first = u32::try_from(self.clients()).unwrap_or(u32::MAX);
        let mut lines = (1..).zip(text.lines());
        if lines.next().is_none_or(|(_, line)| line.trim() != "outpoint,account") {
            return Err(LabelError::new(1, "the first line is not `outpoint,account`"));
        }
        for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            let parts = line.trim().split_once(',').filter(|_| line.len() <= MAX_LINE);
            let (outpoint, account) = parts.ok_or_else(|| LabelError::new(number, "is not `outpoint,account`"))?;
            if account.is_empty() || account.contains([',', '"']) {
                return Err(LabelError::new(number, "the account is empty or has a comma or a quotation mark"));
            }
            let outpoint: Outpoint = outpoint
                .parse()
                .map_err(|error: countersign_core::id::InvalidId| LabelError::new(number, error.to_string()))?;
            let next = first.saturating_add(u32::try_from(numbers.len()).unwrap_or(u32::MAX));
            let client = *numbers.entry(account).or_insert(next);
            if self.withdrawals.contains_key(&outpoint) || read.insert(outpoint, client).is_some() {
                return Err(LabelError::new(number, format!("`{outpoint}` stands here a second time")));
            }
        }
        let count = read.len();
        self.withdrawals.extend(read);
        Ok(count)
    }

    fn clients(&self) -> usize {
        self.withdrawals.values().max().map_or(0, |largest| *largest as usize + 1)
    }

    /// Locks of the custodian's wallets.
    pub fn wallets(&self) -> impl Iterator<Item = &Lock> {
        self.wallets.iter()
    }

    /// The own addresses as a standing order pins them.
    pub fn addresses(&self, network: Network) -> OwnAddresses {
        let all: BTreeSet<String> = self.wallets.iter().filter_map(|lock| lock.to_address(network)).collect();
        let mut parts: Vec<&[u8]> = vec![network.as_str().as_bytes()];
        parts.extend(all.iter().map(String::as_bytes));
        OwnAddresses { addresses: u32::try_from(all.len()).unwrap_or(u32::MAX), digest: digest::parts(OWN, &parts) }
    }

    /// Whether this lock is one of the custodian's wallets.
    pub(crate) fn is_wallet(&self, lock: &Lock) -> bool {
        self.wallets.contains(lock)
    }

    /// What clients paid in.
    pub fn deposits(&self) -> impl Iterator<Item = &Outpoint> {
        self.deposits.iter()
    }

    /// What was paid out for clients, with the clients' numbers.
    pub fn withdrawals(&self) -> impl Iterator<Item = (&Outpoint, u32)> {
        self.withdrawals.iter().map(|(outpoint, client)| (outpoint, *client))
    }

    /// Whether a client paid this in.
    pub fn is_deposit(&self, outpoint: &Outpoint) -> bool {
        self.deposits.contains(outpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn withdrawals_are_read_whole_or_not_at_all() {
        let id = "00".repeat(32);
        let mut own = Own::default();
        assert_eq!(own.add_withdrawals(&format!("outpoint,account\n{id}:0,a\n\n{id}:1,b\n{id}:2,a\n")), Ok(3));
        assert_eq!((own.clients(), own.withdrawals().count()), (2, 3));
        let head = "outpoint,account\n";
        for (text, line) in [
            (String::new(), 1),
            ("txid,account\n".into(), 1),
            (format!("{head}{id}:3,c\n{id}:3,d"), 3),
            (format!("{head}{id}:3,c\n{id}:0,d"), 3),
            (format!("{head}{id}:3"), 2),
            (format!("{head}{id}:3,"), 2),
            (format!("{head}{id}:03,c"), 2),
            (format!("{head}{id}:3,c,d"), 2),
            (format!("{head}{id}:3,{}", "x".repeat(300)), 2),
        ] {
            assert_eq!(own.add_withdrawals(&text).unwrap_err().line, line, "{text}");
        }
        assert_eq!(own.withdrawals().count(), 3);
    }
}
