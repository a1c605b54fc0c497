//! Wallets as entities of FollowTheMoney (schema `CryptoWallet`), one JSON object a line, as OpenSanctions publishes its lists.
//!
//! Only the address is kept. Who holds the wallet, and everything else an entity says about people, is read past; whether it reveals opinion,
//! religion or charity is asked of all of it.

use super::{BadAddress, LabelError, Pack, Role, Tag, words};
use crate::address::Lock;
use crate::network::Network;
use serde::Deserialize;
use std::collections::BTreeMap;

const SCHEMA: &str = "CryptoWallet";
const MAX_LINE: usize = 1024 * 1024;

#[derive(Deserialize)]
struct Entity {
    schema: String,
    #[serde(default)]
    properties: BTreeMap<String, Vec<String>>,
}

impl Entity {
    fn values(&self, name: &str) -> &[String] {
        self.properties.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Reads the wallets among these entities, whose addresses this issuer calls by this label.
///
/// # Errors
/// [`LabelError`] with the line: no entity, a wallet without an address, an address that is said to be of bitcoin and is none, no wallets at
/// all.
pub fn read_wallets(
    text: &str,
    network: Network,
    issuer: &str,
    label: &str,
    role: Role,
    bad: BadAddress,
) -> Result<Pack, LabelError> {
    let mut pack = Pack { title: label.to_owned(), ..Pack::default() };
    for (line, entity) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        if entity.len() > MAX_LINE {
            return Err(LabelError::new(line, format!("an entity has more than {MAX_LINE} bytes")));
        }
        let entity: Entity = serde_json::from_str(entity)
            .map_err(|error| LabelError::new(line, format!("is no entity of FollowTheMoney: {error}")))?;
        if entity.schema != SCHEMA {
            continue;
        }
        let addresses = entity.values("publicKey");
        if addresses.is_empty() {
            return Err(LabelError::new(line, "a wallet has no `publicKey`"));
        }
        let texts = entity.properties.iter().filter(|(name, _)| *name != "publicKey").flat_map(|(_, texts)| texts);
        let tag = Tag {
            issuer: issuer.to_owned(),
            label: label.to_owned(),
            category: String::new(),
            abuse: String::new(),
            role,
            special: words::special(texts.map(String::as_str).chain([label])),
        };
        let currencies = entity.values("currency");
        let is_bitcoin = currencies.iter().any(|name| ["BTC", "XBT", "BITCOIN"].contains(&&*name.to_uppercase()));
        for address in addresses {
            // An entity need not say which chain; then the address decides.
            let other = if currencies.is_empty() { Lock::parse(address, network).is_err() } else { !is_bitcoin };
            if other {
                pack.other_currencies += 1;
            } else {
                pack.push(line, address, (network, bad), tag.clone())?;
            }
        }
    }
    if pack.tags.is_empty() && pack.other_currencies == 0 && pack.left_out.is_empty() {
        return Err(LabelError::new(1, "there is no wallet among the entities"));
    }
    Ok(pack)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

    fn read(text: &str, bad: BadAddress) -> Result<Pack, LabelError> {
        read_wallets(text, Network::Main, "I", "L", Role::Owner, bad)
    }

    #[test]
    fn wallets_are_taken_and_people_are_not() {
        let text = format!(
            "{}\n\n{}\n{}\n{}\n{}\n",
            r#"{"id":"p","schema":"Person","properties":{"name":["Anna Invented"],"email":["anna@example.org"]}}"#,
            format_args!(
                r#"{{"id":"w","schema":"CryptoWallet","properties":{{"publicKey":["{ADDRESS}"],"currency":["XBT"],"holder":["p"]}},"datasets":["xr"]}}"#
            ),
            r#"{"id":"e","schema":"CryptoWallet","properties":{"publicKey":["0x7F367cC41522cE07553e823bf3be79A889DEbe1B"],"currency":["ETH"]}}"#,
            r#"{"id":"n","schema":"CryptoWallet","properties":{"publicKey":["TNVaKW"]}}"#,
            r#"{"id":"c","schema":"CryptoWallet","properties":{"publicKey":["3P14159f73E4gFr7JterCCQh9QjiTjiZrG"],"summary":["a charity's wallet"]}}"#,
        );
        let pack = read(&text, BadAddress::Refuse).unwrap();
        assert_eq!((pack.tags.len(), pack.other_currencies), (2, 2));
        assert_eq!(pack.tags[0].0, Lock::parse(ADDRESS, Network::Main).unwrap());
        assert_eq!(pack.tags.iter().map(|(_, tag)| tag.is_special()).collect::<Vec<_>>(), [false, true]);
        assert!(!format!("{pack:?}").contains("anna"));
    }

    #[test]
    fn what_is_no_wallet_is_refused_with_its_line() {
        let wallet = |inside: &str| format!("{{\"schema\":\"CryptoWallet\",\"properties\":{{{inside}}}}}");
        for (text, line, said) in [
            (String::new(), 1, "there is no wallet"),
            ("{\"schema\":\"Person\"}".into(), 1, "there is no wallet"),
            ("\n[]".into(), 2, "is no entity"),
            ("{\"schema\":1}".into(), 1, "is no entity"),
            (wallet(""), 1, "a wallet has no `publicKey`"),
            (wallet("\"publicKey\":\"x\""), 1, "is no entity"),
            (wallet("\"publicKey\":[\"x\"],\"currency\":[\"BTC\"]"), 1, "`x` is not an address of this network"),
            (format!("{{\"schema\":\"{}\"}}", "x".repeat(MAX_LINE)), 1, "more than 1048576 bytes"),
        ] {
            let error = read(&text, BadAddress::Refuse).unwrap_err();
            assert!(error.line == line && error.reason.contains(said), "{said}: {error}");
        }
        let left = read(&wallet("\"publicKey\":[\"x\"],\"currency\":[\"BTC\"]"), BadAddress::LeaveOut).unwrap();
        assert_eq!((left.tags.len(), left.left_out.len()), (0, 1));
    }
}
