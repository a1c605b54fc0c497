//! An address as it stands on a page that asks for money: plain, or as a payment URI (BIP-21).

use super::Lock;
use crate::network::Network;
use crate::wire::MAX_MONEY;
use countersign_core::id::InvalidId;

const SCHEME: &str = "bitcoin:";
/// Longest accepted URI.
const MAX_LEN: usize = 2_000;
const COIN: u64 = 100_000_000;

/// What a page asks for. What else a URI says (a name, a message) is not kept: it may name people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentRequest {
    /// Whom to pay.
    pub lock: Lock,
    /// How much, in satoshi.
    pub satoshi: Option<u64>,
}

impl PaymentRequest {
    /// Reads an address of this network or a URI with one.
    ///
    /// # Errors
    /// [`InvalidId`], also for two amounts, amounts that are none, and anything that must be understood (`req-`) and is not.
    pub fn parse(text: &str, network: Network) -> Result<Self, InvalidId> {
        let is_uri = text.get(..SCHEME.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME));
        let Some(rest) = text.get(SCHEME.len()..).filter(|_| is_uri) else {
            return Ok(Self { lock: Lock::parse(text, network)?, satoshi: None });
        };
        if text.len() > MAX_LEN {
            return Err(InvalidId::not("a payment URI of at most 2,000 bytes", text));
        }
        let (address, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let mut satoshi = None;
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if name == "amount" {
                let amount = amount(value).filter(|_| satoshi.is_none());
                satoshi = Some(amount.ok_or_else(|| InvalidId::not("a payment URI with one amount in bitcoin", text))?);
            } else if name.starts_with("req-") {
                return Err(InvalidId::not("a payment URI without requirements of its own", text));
            }
        }
        Ok(Self { lock: Lock::parse(address, network)?, satoshi })
    }
}

/// Bitcoin with at most eight places, in satoshi.
fn amount(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + part.len() == 0 || !digits(whole) || !digits(part) || part.len() > 8 || whole.len() > 8 {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: u64 = format!("{part:0<8}").parse().ok()?;
    Some(whole * COIN + part).filter(|satoshi| *satoshi <= MAX_MONEY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

    #[test]
    // The forms of the specification; its address has no valid checksum.
    fn uris_of_the_specification() {
        let lock = Lock::parse(ADDRESS, Network::Main).unwrap();
        for (text, satoshi) in [
            (ADDRESS.to_owned(), None),
            (format!("bitcoin:{ADDRESS}"), None),
            (format!("BITCOIN:{ADDRESS}?"), None),
            (format!("bitcoin:{ADDRESS}?label=Luke-Jr"), None),
            (format!("bitcoin:{ADDRESS}?amount=20.3&label=Luke-Jr"), Some(2_030_000_000)),
            (
                format!("bitcoin:{ADDRESS}?amount=50&label=Luke-Jr&message=Donation%20for%20project%20xyz"),
                Some(5_000_000_000),
            ),
            (format!("bitcoin:{ADDRESS}?somethingyoudontunderstand=50&amount=.00000001"), Some(1)),
            (format!("bitcoin:{ADDRESS}?amount=21000000."), Some(MAX_MONEY)),
        ] {
            assert_eq!(PaymentRequest::parse(&text, Network::Main), Ok(PaymentRequest { lock, satoshi }), "{text}");
        }
        for text in [
            "".to_owned(),
            "bitcoin:".to_owned(),
            format!("litecoin:{ADDRESS}"),
            format!("bitcoin://{ADDRESS}"),
            format!("bitcoin: {ADDRESS}"),
            format!("bitcoin:{ADDRESS}?req-somethingyoudontunderstand=50"),
            format!("bitcoin:{ADDRESS}?amount="),
            format!("bitcoin:{ADDRESS}?amount=."),
            format!("bitcoin:{ADDRESS}?amount=1,5"),
            format!("bitcoin:{ADDRESS}?amount=-1"),
            format!("bitcoin:{ADDRESS}?amount=1e3"),
            format!("bitcoin:{ADDRESS}?amount=0.123456789"),
            format!("bitcoin:{ADDRESS}?amount=21000000.00000001"),
            format!("bitcoin:{ADDRESS}?amount=99999999999999999999"),
            format!("bitcoin:{ADDRESS}?amount=1&amount=1"),
            format!("bitcoin:{ADDRESS}?label={}", "x".repeat(2_000)),
        ] {
            assert!(PaymentRequest::parse(&text, Network::Main).is_err(), "{text}");
        }
        assert!(PaymentRequest::parse(&format!("bitcoin:{ADDRESS}"), Network::Test).is_err());
    }
}
