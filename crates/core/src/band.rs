//! Numbers of people, in bands: what may be said before anybody is named.

use crate::id::InvalidId;
use std::fmt;

/// Where bands begin. Below the first, nothing is told apart: not one from four, and not none from one.
const STARTS: [u64; 14] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000];

/// How many people, no more exactly than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Band(u8);

impl Band {
    /// The band of a number.
    pub fn of(count: usize) -> Self {
        let count = count as u64;
        Self(STARTS.iter().filter(|start| **start <= count).count() as u8)
    }

    /// The least number in the band, and the largest.
    pub fn bounds(self) -> (u64, Option<u64>) {
        let place = usize::from(self.0);
        let low = place.checked_sub(1).and_then(|below| STARTS.get(below)).copied().unwrap_or(0);
        (low, STARTS.get(place).map(|next| next - 1))
    }

    /// The largest number in the band; where the last band has none, the larger of its least and `everybody`.
    pub fn at_most(self, everybody: u64) -> u64 {
        let (low, high) = self.bounds();
        high.unwrap_or_else(|| low.max(everybody))
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bounds() {
            (0, _) => f.write_str("fewer than 5"),
            (low, Some(high)) => write!(f, "{low} to {high}"),
            (low, None) => write!(f, "{low} or more"),
        }
    }
}

impl std::str::FromStr for Band {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let all = (0..=STARTS.len() as u8).map(Self);
        let found = all.into_iter().find(|band| band.to_string() == text);
        found.ok_or_else(|| InvalidId::not("a band of numbers like `5 to 9`", text))
    }
}

text_serde!(Band);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_cannot_be_told_apart() {
        for count in 0..5 {
            assert_eq!(Band::of(count).to_string(), "fewer than 5");
        }
        for (count, text) in
            [(5, "5 to 9"), (9, "5 to 9"), (10, "10 to 24"), (99_999, "50000 to 99999"), (1 << 40, "100000 or more")]
        {
            assert_eq!(Band::of(count).to_string(), text);
            assert_eq!(text.parse(), Ok(Band::of(count)));
        }
        assert!("7 to 9".parse::<Band>().is_err());
        assert_eq!((Band::of(0).at_most(1), Band::of(12).at_most(1)), (4, 24));
        assert_eq!((Band::of(200_000).at_most(7), Band::of(200_000).at_most(1_000_000)), (100_000, 1_000_000));
    }
}
