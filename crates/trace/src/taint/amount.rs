//! Amounts in fixed point, so that shares of satoshi add up exactly.

use std::fmt;
use std::ops::{AddAssign, SubAssign};

/// Bits behind the point. Products of an amount (below 2^75 units) and a value (below 2^51 satoshi) stay below 2^126.
const FRACTION_BITS: u32 = 24;

/// Satoshi in steps of 2^-24.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(u128);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Whole satoshi.
    pub fn of_satoshi(satoshi: u64) -> Self {
        Self(u128::from(satoshi) << FRACTION_BITS)
    }

    /// Whole satoshi, the rest cut off.
    pub fn satoshi(self) -> u64 {
        u64::try_from(self.0 >> FRACTION_BITS).unwrap_or(u64::MAX)
    }

    /// The number of steps.
    pub fn units(self) -> u128 {
        self.0
    }

    /// Divides among parts by their values, which sum to at most `whole`: into the list what each gets; what is left for the rest of `whole`.
    ///
    /// The boundaries between parts are rounded down, not the parts, so that parts and rest always sum to `self`.
    pub(crate) fn divide(self, parts: impl Iterator<Item = u64>, whole: u64, out: &mut Vec<Self>) -> Self {
        let (mut below, mut given) = (0u64, 0u128);
        for part in parts {
            below = below.saturating_add(part);
            let boundary = match whole {
                0 => 0,
                whole => match u64::try_from(self.0) {
                    // Nearly all there is: below 2^40 satoshi, and the product needs no check.
                    Ok(amount) => u128::from(amount) * u128::from(below.min(whole)) / u128::from(whole),
                    // INVARIANT: at most 2^75 * 2^51.
                    Err(_) => self.0.saturating_mul(u128::from(below.min(whole))) / u128::from(whole),
                },
            };
            out.push(Self(boundary - given));
            given = boundary;
        }
        Self(self.0 - given)
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

impl SubAssign for Amount {
    fn sub_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_sub(other.0);
    }
}

impl std::iter::Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |mut sum, amount| {
            sum += amount;
            sum
        })
    }
}

/// A share in millionths, rounded down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Share(u32);

impl Share {
    /// All of it.
    pub const WHOLE: Self = Self(1_000_000);

    /// `part` of `whole`; nothing of nothing is nothing.
    pub fn of(part: Amount, whole: Amount) -> Self {
        let millionths = part.0.saturating_mul(1_000_000).checked_div(whole.0).unwrap_or(0);
        Self(u32::try_from(millionths).unwrap_or(u32::MAX).min(Self::WHOLE.0))
    }

    /// The share in millionths.
    pub fn millionths(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:04} %", self.0 / 10_000, self.0 % 10_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::MAX_MONEY;
    use proptest::prelude::*;

    #[test]
    fn shares_are_written_in_percent() {
        let share = |part, whole| Share::of(Amount::of_satoshi(part), Amount::of_satoshi(whole)).to_string();
        assert_eq!(share(1, 3), "33.3333 %");
        assert_eq!(share(5, 5), "100.0000 %");
        assert_eq!(share(1, 20_000_001), "0.0000 %");
        assert_eq!(share(0, 0), "0.0000 %");
    }

    proptest! {
        #[test]
        fn parts_and_rest_sum_to_the_whole(values in prop::collection::vec(0..MAX_MONEY / 16, 1..16), rest in 0..MAX_MONEY / 16, part: u32) {
            let whole = values.iter().sum::<u64>() + rest;
            let amount = Amount(u128::from(part) * u128::from(whole) * (1 << FRACTION_BITS) / u128::from(u32::MAX));
            let mut parts = Vec::new();
            let left = amount.divide(values.iter().copied(), whole, &mut parts);
            prop_assert_eq!(parts.iter().copied().sum::<Amount>().0 + left.0, amount.0);
            for (part, value) in parts.iter().zip(&values) {
                prop_assert!(*part <= Amount::of_satoshi(*value));
                let exact = amount.0 * u128::from(*value) / u128::from(whole.max(1));
                prop_assert!(part.0.abs_diff(exact) <= 1);
            }
            prop_assert!(left <= Amount::of_satoshi(rest));
            let below = |count: usize| values.iter().take(count).map(|value| u128::from(*value)).sum::<u128>();
            for (at, part) in parts.iter().enumerate() {
                let boundary = |count: usize| amount.0 * below(count) / u128::from(whole.max(1));
                prop_assert_eq!(part.0, boundary(at + 1) - boundary(at));
            }
        }
    }
}
