//! The rules: what one transaction does to parts of its inputs, and, asked backwards, which parts of its inputs a part of its outputs is.

use super::amount::Amount;
pub(super) use super::queue::{Fifo, Lifo};

/// A rule, forwards: inputs to outputs.
pub(super) trait Forward {
    /// The part of one output that is followed.
    type Load: Default;
    /// What the inputs of the transaction at hand are to it, in memory that is used again for every transaction.
    type Room: Default;

    /// Whether more can come out than went in: then the rule draws in money that was not followed before.
    const DRAWS: bool = false;

    /// All of an output.
    fn whole(value: u64) -> Self::Load;
    /// How much that is.
    fn amount(load: &Self::Load) -> Amount;
    /// Takes the next input of the transaction at hand: what of it is followed (`None`: nothing), and its value.
    fn spend(room: &mut Self::Room, load: Option<Self::Load>, value: u64);
    /// Pays the outputs of the transaction at hand, one load each into the empty list; how much becomes the fee. The room is empty then.
    fn pay(room: &mut Self::Room, outputs: impl Iterator<Item = u64>, loads: &mut Vec<Self::Load>) -> Amount;
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
    type Room = u64;

    const DRAWS: bool = true;

    fn whole(value: u64) -> u64 {
        value
    }

    fn amount(load: &u64) -> Amount {
        Amount::of_satoshi(*load)
    }

    fn spend(spent: &mut u64, _: Option<u64>, value: u64) {
        *spent = spent.saturating_add(value);
    }

    fn pay(spent: &mut u64, outputs: impl Iterator<Item = u64>, loads: &mut Vec<u64>) -> Amount {
        loads.extend(outputs);
        Amount::of_satoshi(std::mem::take(spent).saturating_sub(sum(loads.iter().copied())))
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

/// The inputs of one transaction: how much of them is followed, and how much they are.
#[derive(Default)]
pub(super) struct Mix {
    followed: Amount,
    whole: u64,
}

impl Forward for Haircut {
    type Load = Amount;
    type Room = Mix;

    fn whole(value: u64) -> Amount {
        Amount::of_satoshi(value)
    }

    fn amount(load: &Amount) -> Amount {
        *load
    }

    fn spend(mix: &mut Mix, load: Option<Amount>, value: u64) {
        if let Some(load) = load {
            mix.followed += load;
        }
        mix.whole = mix.whole.saturating_add(value);
    }

    fn pay(mix: &mut Mix, outputs: impl Iterator<Item = u64>, loads: &mut Vec<Amount>) -> Amount {
        let Mix { followed, whole } = std::mem::take(mix);
        followed.divide(outputs, whole, loads)
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

/// One transaction under a rule: what its outputs are, and the fee.
#[cfg(test)]
pub(super) fn paid<R: Forward>(
    inputs: impl IntoIterator<Item = (Option<R::Load>, u64)>,
    outputs: &[u64],
) -> (Vec<R::Load>, Amount) {
    let (mut room, mut loads) = (R::Room::default(), Vec::new());
    inputs.into_iter().for_each(|(load, value)| R::spend(&mut room, load, value));
    let fee = R::pay(&mut room, outputs.iter().copied(), &mut loads);
    (loads, fee)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixes_by_hand() {
        // 4 followed, 6 not; paid out as 5, 3, and a fee of 2.
        let (loads, fee) = paid::<Haircut>([(Some(Amount::of_satoshi(4)), 4), (None, 6)], &[5, 3]);
        assert_eq!(loads.iter().map(|a| a.satoshi()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(fee.units(), (8 << 24) / 10 + 1);
        let (loads, fee) = paid::<Poison>([(Some(4), 4), (None, 6)], &[5, 3]);
        assert_eq!((loads, fee.satoshi()), (vec![5, 3], 2));
    }
}
