//! The rules: what one transaction does to parts of its inputs, and, asked backwards, which parts of its inputs a part of its outputs is.

use super::amount::Amount;
pub(super) use super::queue::{Fifo, Lifo};

/// A rule, forwards: inputs to outputs.
pub(super) trait Forward {
    /// The part of one output that is followed.
    type Load: Default;
    /// Memory that is used again for every transaction.
    type Room: Default;

    /// All of an output.
    fn whole(value: u64) -> Self::Load;
    /// How much that is.
    fn amount(load: &Self::Load) -> Amount;
    /// Inputs with their values (`None`: nothing of it is followed) to outputs, one load each into the empty list; how much becomes the fee.
    fn apply(
        inputs: &[(Option<Self::Load>, u64)],
        outputs: &[u64],
        loads: &mut Vec<Self::Load>,
        room: &mut Self::Room,
    ) -> Amount;
}

/// A rule, backwards: outputs to inputs.
pub(super) trait Backward {
    /// The part of one output that is asked about.
    type Ask: Default;
    /// Memory that is used again for every transaction.
    type Room: Default;

    /// All of an output.
    fn whole(value: u64) -> Self::Ask;
    /// How much that is.
    fn amount(ask: &Self::Ask) -> Amount;
    /// Outputs with what is asked of them, in order, to inputs, one ask each into the empty list.
    fn apply(inputs: &[u64], outputs: &[(Option<Self::Ask>, u64)], asks: &mut Vec<Self::Ask>, room: &mut Self::Room);
}

/// Any part makes the whole.
pub(super) struct Poison;

impl Forward for Poison {
    type Load = u64;
    type Room = ();

    fn whole(value: u64) -> u64 {
        value
    }

    fn amount(load: &u64) -> Amount {
        Amount::of_satoshi(*load)
    }

    fn apply(inputs: &[(Option<u64>, u64)], outputs: &[u64], loads: &mut Vec<u64>, (): &mut ()) -> Amount {
        loads.extend_from_slice(outputs);
        let (spent, paid) = (sum(inputs.iter().map(|input| input.1)), sum(outputs.iter().copied()));
        Amount::of_satoshi(spent.saturating_sub(paid))
    }
}

impl Backward for Poison {
    type Ask = u64;
    type Room = ();

    fn whole(value: u64) -> u64 {
        value
    }

    fn amount(ask: &u64) -> Amount {
        Amount::of_satoshi(*ask)
    }

    fn apply(inputs: &[u64], _: &[(Option<u64>, u64)], asks: &mut Vec<u64>, (): &mut ()) {
        asks.extend_from_slice(inputs);
    }
}

/// Every output has the mix of all inputs.
pub(super) struct Haircut;

impl Forward for Haircut {
    type Load = Amount;
    type Room = ();

    fn whole(value: u64) -> Amount {
        Amount::of_satoshi(value)
    }

    fn amount(load: &Amount) -> Amount {
        *load
    }

    fn apply(inputs: &[(Option<Amount>, u64)], outputs: &[u64], loads: &mut Vec<Amount>, (): &mut ()) -> Amount {
        let followed: Amount = inputs.iter().filter_map(|input| input.0).sum();
        followed.divide(outputs.iter().copied(), sum(inputs.iter().map(|input| input.1)), loads)
    }
}

impl Backward for Haircut {
    type Ask = Amount;
    type Room = ();

    fn whole(value: u64) -> Amount {
        Amount::of_satoshi(value)
    }

    fn amount(ask: &Amount) -> Amount {
        *ask
    }

    fn apply(inputs: &[u64], outputs: &[(Option<Amount>, u64)], asks: &mut Vec<Amount>, (): &mut ()) {
        let asked: Amount = outputs.iter().filter_map(|output| output.0).sum();
        // INVARIANT: the inputs are the whole, so nothing is left over.
        asked.divide(inputs.iter().copied(), sum(inputs.iter().copied()), asks);
    }
}

pub(super) fn sum(values: impl Iterator<Item = u64>) -> u64 {
    values.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixes_by_hand() {
        // 4 followed, 6 not; paid out as 5, 3, and a fee of 2.
        let mut paid = Vec::new();
        let fee =
            <Haircut as Forward>::apply(&[(Some(Amount::of_satoshi(4)), 4), (None, 6)], &[5, 3], &mut paid, &mut ());
        assert_eq!(paid.iter().map(|a| a.satoshi()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(fee.units(), (8 << 24) / 10 + 1);
        let mut paid = Vec::new();
        let fee = <Poison as Forward>::apply(&[(Some(4), 4), (None, 6)], &[5, 3], &mut paid, &mut ());
        assert_eq!((paid, fee.satoshi()), (vec![5, 3], 2));
    }
}
