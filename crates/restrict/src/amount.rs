//! Money as exact decimals: no floats, no rounding, comparisons to the last digit.

use core::fmt;

/// A sum of money, exact to 10^-26 of its currency: the product of a quantity with 18 decimals and a price with 8.
///
/// Never negative, and below [`Amount::LIMIT_WHOLE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
// INVARIANT: below LIMIT.
pub struct Amount(u128);

/// Units of an asset, with at most 18 decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(u128);

/// Price of one unit, with at most 8 decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(u128);

/// Why a text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAmount {
    /// Begins with a minus sign.
    #[error("is negative")]
    Negative,
    /// One client cannot hold so much.
    #[error("is absurd: {} or more", Amount::LIMIT_WHOLE)]
    Absurd,
    /// More decimals than the unit has.
    #[error("has more than {0} decimals")]
    TooFine(u32),
    /// Anything but digits with at most one point between them.
    #[error("is not a number like 10000.01 (digits, a point, no separators, no exponent)")]
    NotANumber,
}

const AMOUNT_DECIMALS: u32 = 26;
const QUANTITY_DECIMALS: u32 = 18;
const PRICE_DECIMALS: u32 = 8;
/// Longest text that is looked at.
const MAX_TEXT: usize = 60;
const ONE: u128 = 10u128.pow(AMOUNT_DECIMALS);
const LIMIT: u128 = Amount::LIMIT_WHOLE as u128 * ONE;

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// A hundred thousand million: what reaches it is an error of the export.
    pub const LIMIT_WHOLE: u64 = 100_000_000_000;

    /// Reads a number like `10000.01`, at most 18 decimals.
    ///
    /// # Errors
    /// [`BadAmount`].
    pub fn parse(text: &str) -> Result<Self, BadAmount> {
        let scaled = decimal(text, QUANTITY_DECIMALS)?;
        scaled
            .checked_mul(10u128.pow(AMOUNT_DECIMALS - QUANTITY_DECIMALS))
            .and_then(Self::within)
            .ok_or(BadAmount::Absurd)
    }

    /// So many whole units of the currency, when below the limit.
    #[must_use]
    pub fn whole(units: u64) -> Option<Self> {
        Self::within(u128::from(units) * ONE)
    }

    /// What so many units are worth, without rounding.
    ///
    /// # Errors
    /// [`BadAmount::Absurd`] from the limit on.
    pub fn of(quantity: Quantity, price: Price) -> Result<Self, BadAmount> {
        quantity.0.checked_mul(price.0).and_then(Self::within).ok_or(BadAmount::Absurd)
    }

    /// The sum.
    ///
    /// # Errors
    /// [`BadAmount::Absurd`] from the limit on.
    pub fn plus(self, other: Self) -> Result<Self, BadAmount> {
        self.0.checked_add(other.0).and_then(Self::within).ok_or(BadAmount::Absurd)
    }

    fn within(scaled: u128) -> Option<Self> {
        (scaled < LIMIT).then_some(Self(scaled))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = format!("{:026}", self.0 % ONE);
        let (cents, finer) = decimals.split_at_checked(2).unwrap_or((&decimals, ""));
        write!(f, "{}.{cents}{}", self.0 / ONE, finer.trim_end_matches('0'))
    }
}

impl Quantity {
    /// Reads a number like `0.25`.
    ///
    /// # Errors
    /// [`BadAmount`].
    pub fn parse(text: &str) -> Result<Self, BadAmount> {
        decimal(text, QUANTITY_DECIMALS).map(Self)
    }
}

impl Price {
    /// Reads a number like `36215.5`.
    ///
    /// # Errors
    /// [`BadAmount`].
    pub fn parse(text: &str) -> Result<Self, BadAmount> {
        decimal(text, PRICE_DECIMALS).map(Self)
    }
}

/// The number times 10^`decimals`.
fn decimal(text: &str, decimals: u32) -> Result<u128, BadAmount> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if digits.len() > MAX_TEXT || !is_number(whole) || !fraction.is_none_or(is_number) {
        return Err(BadAmount::NotANumber);
    }
    if negative {
        return Err(BadAmount::Negative);
    }
    let fraction = fraction.unwrap_or_default();
    let missing = usize::try_from(decimals).unwrap_or_default().checked_sub(fraction.len());
    let missing = missing.and_then(|count| u32::try_from(count).ok()).ok_or(BadAmount::TooFine(decimals))?;
    let digits = whole.bytes().chain(fraction.bytes());
    let read =
        digits.into_iter().try_fold(0u128, |sum, digit| sum.checked_mul(10)?.checked_add(u128::from(digit - b'0')));
    read.and_then(|sum| sum.checked_mul(10u128.pow(missing))).ok_or(BadAmount::Absurd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text).unwrap()
    }

    #[test]
    fn a_cent_decides() {
        assert!(amount("10000.01") > amount("10000"));
        assert_eq!(amount("10000.00"), Amount::whole(10_000).unwrap());
        assert!(amount("10000.000000000000000001") > amount("10000"));
        assert_eq!(amount("007.5").to_string(), "7.50");
        assert_eq!(amount("10000.000000000000000001").to_string(), "10000.000000000000000001");
        assert_eq!(amount("99999999999.99").to_string(), "99999999999.99");
    }

    #[test]
    fn what_is_no_amount_says_why() {
        for (text, why) in [
            ("-1", BadAmount::Negative),
            ("-0.00", BadAmount::Negative),
            ("100000000000", BadAmount::Absurd),
            ("9".repeat(60).as_str(), BadAmount::Absurd),
            ("9".repeat(61).as_str(), BadAmount::NotANumber),
            ("0.0000000000000000001", BadAmount::TooFine(18)),
            ("", BadAmount::NotANumber),
            (".", BadAmount::NotANumber),
            (".5", BadAmount::NotANumber),
            ("5.", BadAmount::NotANumber),
            ("+5", BadAmount::NotANumber),
            ("--5", BadAmount::NotANumber),
            ("1e5", BadAmount::NotANumber),
            ("1,000", BadAmount::NotANumber),
            ("1.000.0", BadAmount::NotANumber),
            ("NaN", BadAmount::NotANumber),
            ("٣", BadAmount::NotANumber),
        ] {
            assert_eq!(Amount::parse(text), Err(why), "{text}");
        }
        assert_eq!(Price::parse("1.000000001"), Err(BadAmount::TooFine(8)));
    }

    #[test]
    fn products_are_exact_and_bounded() {
        let value =
            |quantity: &str, price: &str| Amount::of(Quantity::parse(quantity).unwrap(), Price::parse(price).unwrap());
        assert_eq!(value("0.250000000000000001", "40000").unwrap().to_string(), "10000.00000000000004");
        assert_eq!(value("3", "0.33333333").unwrap().to_string(), "0.99999999");
        assert_eq!(value("100000", "1000000"), Err(BadAmount::Absurd));
        assert_eq!(value("99999999999999999999", "99999999999999999999"), Err(BadAmount::Absurd));
        assert_eq!(amount("99999999999").plus(amount("1")), Err(BadAmount::Absurd));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(cents in 0u64..10_000_000_000_000) {
            let text = format!("{}.{:02}", cents / 100, cents % 100);
            prop_assert_eq!(amount(&text).to_string(), text);
        }

        #[test]
        fn order_and_sum_are_those_of_whole_cents(left in 0u64..1_000_000_000, right in 0u64..1_000_000_000) {
            let written = |cents: u64| amount(&format!("{}.{:02}", cents / 100, cents % 100));
            prop_assert_eq!(written(left).cmp(&written(right)), left.cmp(&right));
            prop_assert_eq!(written(left).plus(written(right)), Ok(written(left + right)));
        }
    }
}
