//! Where values come from: a declared source, a declared time, and prices of assets.
//!
//! The texts of rules leave open when and by whose rate a threshold is measured. So whoever simulates must say it, and the report repeats it.

use std::collections::HashMap;
use std::io::{self, BufRead};

use countersign_core::time::Timestamp;

use crate::amount::{Amount, Price, Quantity};
use crate::pack::Currency;
use crate::population::lines::{Line, Lines, split};

/// By which prices, of which moment, the values of a population were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Valuation {
    /// The currency of all values.
    pub currency: Currency,
    /// Who says so, in words.
    pub source: String,
    /// The moment of the prices.
    pub at: Timestamp,
}

impl core::fmt::Display for Valuation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}, prices of {} at {}", self.currency, self.source, self.at)
    }
}

/// Prices of one unit of each asset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices(HashMap<String, Price>);

/// Most assets of a table.
const MAX_ASSETS: usize = 100_000;

/// Why a table of prices cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PricesError {
    /// The file cannot be read.
    #[error("the prices cannot be read")]
    Io(#[from] io::Error),
    /// A line is wrong.
    #[error("prices, line {line}: {reason}")]
    Bad {
        /// From 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
}

impl Prices {
    /// Reads CSV with the columns `asset,price`.
    ///
    /// # Errors
    /// [`PricesError`] for any line that is not an asset of 1 to 32 letters and digits, named once, with its price.
    pub fn read(reader: impl BufRead) -> Result<Self, PricesError> {
        let mut lines = Lines::of(reader);
        let mut prices = HashMap::new();
        let mut is_first = true;
        while let Some((line, read)) = lines.next()? {
            let mut fields = Vec::new();
            let bad = |reason: String| PricesError::Bad { line, reason };
            let Line::Text(text) = read else { return Err(bad("is too long or not UTF-8".into())) };
            split(text, &mut fields).map_err(|reason| bad(reason.into()))?;
            let [asset, price] = fields.as_slice() else {
                return Err(bad("must have two fields, `asset,price`".into()));
            };
            if is_first {
                is_first = false;
                if (asset.as_ref(), price.as_ref()) == ("asset", "price") {
                    continue;
                }
                return Err(bad("the first line must be `asset,price`".into()));
            }
            if !is_asset(asset) {
                return Err(bad("the asset must be 1 to 32 letters, digits, `-` or `.`".into()));
            }
            let price = Price::parse(price).map_err(|error| bad(format!("the price {error}")))?;
            if prices.insert(asset.clone().into_owned(), price).is_some() {
                return Err(bad(format!("`{asset}` stands there twice")));
            }
            if prices.len() > MAX_ASSETS {
                return Err(bad(format!("more than {MAX_ASSETS} assets")));
            }
        }
        if prices.is_empty() {
            Err(PricesError::Bad { line: 1, reason: "has no prices".into() })
        } else {
            Ok(Self(prices))
        }
    }

    /// The value of `BTC:0.25 ETH:1.5`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn value(&self, holdings: &str) -> Result<Amount, String> {
        let mut sum = Amount::ZERO;
        for holding in holdings.split(' ').filter(|part| !part.is_empty()) {
            let (asset, quantity) = holding.split_once(':').ok_or("must be written like `BTC:0.25 ETH:1.5`")?;
            let price = self
                .0
                .get(asset)
                .ok_or_else(|| format!("has no price for `{}`", asset.chars().take(32).collect::<String>()))?;
            let quantity = Quantity::parse(quantity).map_err(|error| format!("{error} (a quantity)"))?;
            let value = Amount::of(quantity, *price).and_then(|value| sum.plus(value));
            sum = value.map_err(|error| error.to_string())?;
        }
        Ok(sum)
    }
}

fn is_asset(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holdings_are_valued_exactly() {
        let prices = Prices::read("asset,price\nBTC,36215.5\r\nETH,\"2400.01\"\n".as_bytes()).unwrap();
        assert_eq!(prices.value("BTC:0.25 ETH:1").unwrap(), Amount::parse("11453.885").unwrap());
        assert_eq!(prices.value("").unwrap(), Amount::ZERO);
        for (holdings, why) in [
            ("BTC", "like"),
            ("XMR:1", "no price for `XMR`"),
            ("BTC:-1", "negative"),
            ("BTC:1e9", "number"),
            ("BTC:99999999999", "absurd"),
        ] {
            let error = prices.value(holdings).unwrap_err();
            assert!(error.contains(why), "{holdings}: {error}");
        }
    }

    #[test]
    fn tables_with_doubts_are_refused() {
        for (table, why) in [
            ("", "no prices"),
            ("asset,price\n", "no prices"),
            ("price,asset\n", "first line"),
            ("asset,price\nBTC\n", "two fields"),
            ("asset,price\nBTC,1\nBTC,1\n", "twice"),
            ("asset,price\nB C,1\n", "asset"),
            ("asset,price\nBTC,-1\n", "negative"),
            ("asset,price\nBTC,0.000000001\n", "decimals"),
            ("asset,price\nBTC,\"1\n", "quotation"),
        ] {
            let error = Prices::read(table.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(why), "{table:?}: {error}");
        }
    }
}
