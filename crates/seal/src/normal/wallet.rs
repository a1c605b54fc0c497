//! Wallet addresses: chain || the one spelling of the address. A wrong checksum is refused: it would be looked up in vain.

use super::{EMPTY, base58, bech32};
use sha3::{Digest as _, Keccak256};
use zeroize::Zeroizing;

countersign_core::named_enum!(
    /// A chain whose addresses have a normal form.
    Chain, "a chain" {
        /// Bitcoin.
        Bitcoin = "bitcoin",
        /// Bitcoin's test networks that share their addresses (testnet, signet).
        BitcoinTest = "bitcoin-test",
        /// Bitcoin's regression test network.
        BitcoinRegtest = "bitcoin-regtest",
        /// Ethereum, and every chain that has its addresses: one key is one address on all of them.
        Ethereum = "ethereum",
    }
);

const WITNESS: [(&str, Chain); 3] =
    [("bc", Chain::Bitcoin), ("tb", Chain::BitcoinTest), ("bcrt", Chain::BitcoinRegtest)];

pub(super) fn normal(address: &str) -> Result<Zeroizing<String>, &'static str> {
    let address = address.trim();
    if address.is_empty() {
        return Err(EMPTY);
    }
    let lower = Zeroizing::new(address.to_ascii_lowercase());
    if let Some(digits) = lower.strip_prefix("0x") {
        ethereum(address.get(2..).unwrap_or_default(), digits)?;
        return Ok(Zeroizing::new(format!("{}\n{}", Chain::Ethereum, lower.as_str())));
    }
    let witness =
        WITNESS.iter().find(|(prefix, _)| lower.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('1')));
    if let Some((prefix, chain)) = witness {
        let upper = address.bytes().any(|byte| byte.is_ascii_uppercase());
        if upper && address.bytes().any(|byte| byte.is_ascii_lowercase()) {
            return Err("mixes upper and lower case, which no witness address does");
        }
        if !bech32::is_witness_address(&lower, prefix) {
            return Err("is no witness address (BIP 173, BIP 350), or its checksum is wrong");
        }
        return Ok(Zeroizing::new(format!("{chain}\n{}", lower.as_str())));
    }
    match base58::version(address) {
        Some(0x00 | 0x05) => Ok(Zeroizing::new(format!("{}\n{address}", Chain::Bitcoin))),
        Some(0x6f | 0xc4) => Ok(Zeroizing::new(format!("{}\n{address}", Chain::BitcoinTest))),
        _ => Err("is no address of bitcoin or ethereum, or its checksum is wrong"),
    }
}

/// 40 hexadecimal digits; mixed case is a checksum (EIP-55) and must be right, one case alone is none.
fn ethereum(given: &str, lower: &str) -> Result<(), &'static str> {
    if lower.len() != 40 || !lower.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("does not have 40 hexadecimal digits behind `0x`");
    }
    if given == lower || given.bytes().all(|byte| !byte.is_ascii_lowercase()) {
        return Ok(());
    }
    let hash = Keccak256::digest(lower);
    let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let right = given
        .bytes()
        .zip(nibbles)
        .all(|(digit, nibble)| !digit.is_ascii_alphabetic() || digit.is_ascii_uppercase() == (nibble >= 8));
    if right { Ok(()) } else { Err("has upper and lower case that do not match its checksum (EIP-55)") }
}
