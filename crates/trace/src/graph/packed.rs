//! Forty-bit numbers in five bytes each: ids of outputs outgrow 32 bits within the chain's next years, and 64 would cost half as much again.

use std::ops::Range;

/// A list of numbers below 2^40.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Packed {
    bytes: Vec<u8>,
}

const WIDTH: usize = 5;

impl Packed {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() / WIDTH
    }

    /// Appends a number; one that does not fit is refused.
    pub(crate) fn push(&mut self, value: u64) -> bool {
        let bytes = value.to_le_bytes();
        let (low, high) = bytes.split_at(WIDTH);
        let fits = high.iter().all(|byte| *byte == 0);
        if fits {
            self.bytes.extend_from_slice(low);
        }
        fits
    }

    pub(crate) fn get(&self, index: usize) -> Option<u64> {
        let start = index.checked_mul(WIDTH)?;
        let [a, b, c, d, e] = self.bytes.get(start..start.checked_add(WIDTH)?)? else { return None };
        Some(u64::from_le_bytes([*a, *b, *c, *d, *e, 0, 0, 0]))
    }

    /// The numbers at these places, as far as there are any.
    pub(crate) fn within(&self, places: Range<u64>) -> impl Iterator<Item = u64> + use<'_> {
        let byte = |place: u64| usize::try_from(place).ok()?.checked_mul(WIDTH);
        let bytes = byte(places.start).zip(byte(places.end)).and_then(|(start, end)| self.bytes.get(start..end));
        let (numbers, _) = bytes.unwrap_or_default().as_chunks::<WIDTH>();
        numbers.iter().map(|[a, b, c, d, e]| u64::from_le_bytes([*a, *b, *c, *d, *e, 0, 0, 0]))
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len.saturating_mul(WIDTH));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let mut packed = Packed::default();
        let largest = (1 << 40) - 1;
        assert!(packed.push(0) && packed.push(largest) && packed.push(258));
        assert!(!packed.push(largest + 1));
        assert_eq!((packed.len(), packed.get(1), packed.get(2), packed.get(3)), (3, Some(largest), Some(258), None));
        assert_eq!(packed.within(1..3).collect::<Vec<_>>(), [largest, 258]);
        assert_eq!((packed.within(3..3).count(), packed.within(2..4).count()), (0, 0));
        packed.truncate(1);
        assert_eq!((packed.len(), packed.get(1)), (1, None));
    }
}
