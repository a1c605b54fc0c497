//! The rules: what one transaction does to parts of its inputs, and, asked backwards, which parts of its inputs a part of its outputs is.

use super::amount::Amount;

/// A rule, forwards: inputs to outputs.
pub(super) trait Forward {
    /// The part of one output that is followed.
    type Load: Clone;

    /// All of an output.
    fn whole(value: u64) -> Self::Load;
    /// How much that is.
    fn amount(load: &Self::Load) -> Amount;
    /// Inputs with their values (`None`: nothing of it is followed) to outputs; the last load is the fee's.
    fn apply(inputs: &[(Option<Self::Load>, u64)], outputs: &[u64]) -> (Vec<Self::Load>, Self::Load);
}

/// A rule, backwards: outputs to inputs.
pub(super) trait Backward {
    /// The part of one output that is asked about.
    type Ask: Clone;

    /// All of an output.
    fn whole(value: u64) -> Self::Ask;
    /// How much that is.
    fn amount(ask: &Self::Ask) -> Amount;
    /// Outputs with what is asked of them, in order, to inputs.
    fn apply(inputs: &[u64], outputs: &[(Option<Self::Ask>, u64)]) -> Vec<Self::Ask>;
}

/// Any part makes the whole.
pub(super) struct Poison;

impl Forward for Poison {
    type Load = u64;

    fn whole(value: u64) -> u64 {
        value
    }

    fn amount(load: &u64) -> Amount {
        Amount::of_satoshi(*load)
    }

    fn apply(inputs: &[(Option<u64>, u64)], outputs: &[u64]) -> (Vec<u64>, u64) {
        (outputs.to_vec(), sum(inputs.iter().map(|input| input.1)).saturating_sub(sum(outputs.iter().copied())))
    }
}

impl Backward for Poison {
    type Ask = u64;

    fn whole(value: u64) -> u64 {
        value
    }

    fn amount(ask: &u64) -> Amount {
        Amount::of_satoshi(*ask)
    }

    fn apply(inputs: &[u64], _: &[(Option<u64>, u64)]) -> Vec<u64> {
        inputs.to_vec()
    }
}

/// Every output has the mix of all inputs.
pub(super) struct Haircut;

impl Forward for Haircut {
    type Load = Amount;

    fn whole(value: u64) -> Amount {
        Amount::of_satoshi(value)
    }

    fn amount(load: &Amount) -> Amount {
        *load
    }

    fn apply(inputs: &[(Option<Amount>, u64)], outputs: &[u64]) -> (Vec<Amount>, Amount) {
        let followed: Amount = inputs.iter().filter_map(|input| input.0).sum();
        followed.divide(outputs.iter().copied(), sum(inputs.iter().map(|input| input.1)))
    }
}

impl Backward for Haircut {
    type Ask = Amount;

    fn whole(value: u64) -> Amount {
        Amount::of_satoshi(value)
    }

    fn amount(ask: &Amount) -> Amount {
        *ask
    }

    fn apply(inputs: &[u64], outputs: &[(Option<Amount>, u64)]) -> Vec<Amount> {
        let asked: Amount = outputs.iter().filter_map(|output| output.0).sum();
        // INVARIANT: the inputs are the whole, so nothing is left over.
        asked.divide(inputs.iter().copied(), sum(inputs.iter().copied())).0
    }
}

/// Runs of satoshi: how many, and whether they are followed. Neighbours differ.
type Runs = Vec<(u64, bool)>;

/// Inputs and outputs as two queues: what comes first (`BACK`: last) pays what comes first.
pub(super) struct Queue<const BACK: bool>;

pub(super) type Fifo = Queue<false>;
pub(super) type Lifo = Queue<true>;

impl<const BACK: bool> Forward for Queue<BACK> {
    type Load = Runs;

    fn whole(value: u64) -> Runs {
        vec![(value, true)]
    }

    fn amount(load: &Runs) -> Amount {
        Amount::of_satoshi(sum(load.iter().filter(|run| run.1).map(|run| run.0)))
    }

    fn apply(inputs: &[(Option<Runs>, u64)], outputs: &[u64]) -> (Vec<Runs>, Runs) {
        let mut stream: Runs = Vec::new();
        for (load, value) in inputs {
            match load {
                Some(runs) => runs.iter().for_each(|run| push_run(&mut stream, *run)),
                None => push_run(&mut stream, (*value, false)),
            }
        }
        // What is taken next stands at the end.
        if !BACK {
            stream.reverse();
        }
        let paid = outputs.iter().map(|value| take(&mut stream, *value)).collect();
        stream.reverse();
        (paid, stream)
    }
}

fn push_run(runs: &mut Runs, (length, followed): (u64, bool)) {
    match runs.last_mut() {
        Some(last) if last.1 == followed => last.0 = last.0.saturating_add(length),
        _ if length > 0 => runs.push((length, followed)),
        _ => {}
    }
}

fn take(stream: &mut Runs, mut wanted: u64) -> Runs {
    let mut out = Vec::new();
    while wanted > 0 {
        let Some((length, followed)) = stream.pop() else { break };
        let taken = length.min(wanted);
        push_run(&mut out, (taken, followed));
        if length > taken {
            stream.push((length - taken, followed));
        }
        wanted -= taken;
    }
    out
}

/// Places inside an output, from the first satoshi taken on: sorted, apart from one another.
type Places = Vec<(u64, u64)>;

impl<const BACK: bool> Backward for Queue<BACK> {
    type Ask = Places;

    fn whole(value: u64) -> Places {
        vec![(0, value)]
    }

    fn amount(ask: &Places) -> Amount {
        Amount::of_satoshi(sum(ask.iter().map(|(from, to)| to.saturating_sub(*from))))
    }

    fn apply(inputs: &[u64], outputs: &[(Option<Places>, u64)]) -> Vec<Places> {
        let total = sum(inputs.iter().copied());
        let (mut start, mut asked) = (0u64, Places::new());
        for (places, value) in outputs {
            asked.extend(
                places.iter().flatten().map(|(from, to)| (start.saturating_add(*from), start.saturating_add(*to))),
            );
            start = start.saturating_add(*value);
        }
        if BACK {
            // The queue is served from its end: the first place taken is the last satoshi of the inputs.
            asked = asked
                .into_iter()
                .rev()
                .map(|(from, to)| (total.saturating_sub(to), total.saturating_sub(from)))
                .collect();
        }
        let mut start = 0u64;
        let mut left = asked.as_slice();
        let mut out = Vec::with_capacity(inputs.len());
        for value in inputs {
            let end = start.saturating_add(*value);
            let mut places = Places::new();
            while let Some(((from, to), rest)) = left.split_first() {
                let (low, high) = ((*from).max(start), (*to).min(end));
                if low < high {
                    push_place(&mut places, (low - start, high - start));
                }
                if *to > end {
                    break;
                }
                left = rest;
            }
            out.push(places);
            start = end;
        }
        out
    }
}

fn push_place(places: &mut Places, (from, to): (u64, u64)) {
    match places.last_mut() {
        Some(last) if last.1 == from => last.1 = to,
        _ => places.push((from, to)),
    }
}

fn sum(values: impl Iterator<Item = u64>) -> u64 {
    values.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_by_hand() {
        // 4 followed, 6 not; paid out as 5, 3, and a fee of 2.
        let inputs = [(Some(vec![(4, true)]), 4), (None, 6)];
        let (paid, fee) = <Fifo as Forward>::apply(&inputs, &[5, 3]);
        assert_eq!(paid, [vec![(4, true), (1, false)], vec![(3, false)]]);
        assert_eq!(fee, [(2, false)]);
        let (paid, fee) = <Lifo as Forward>::apply(&inputs, &[5, 3]);
        assert_eq!(paid, [vec![(5, false)], vec![(1, false), (2, true)]]);
        assert_eq!(fee, [(2, true)]);
        let (paid, fee) = <Haircut as Forward>::apply(&[(Some(Amount::of_satoshi(4)), 4), (None, 6)], &[5, 3]);
        assert_eq!(paid.iter().map(|a| a.satoshi()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(fee.units(), (8 << 24) / 10 + 1);
        assert_eq!(<Poison as Forward>::apply(&[(Some(4), 4), (None, 6)], &[5, 3]), (vec![5, 3], 2));
    }

    #[test]
    fn queues_backwards_by_hand() {
        // The second output (3) stands at 5..8 of the queue.
        let outputs = [(None, 5), (Some(vec![(0, 3)]), 3)];
        assert_eq!(<Fifo as Backward>::apply(&[4, 6], &outputs), [vec![], vec![(1, 4)]]);
        assert_eq!(<Lifo as Backward>::apply(&[4, 6], &outputs), [vec![(2, 4)], vec![(0, 1)]]);
        assert_eq!(
            <Fifo as Backward>::apply(&[1, 9], &[(Some(vec![(0, 2), (3, 4)]), 10)]),
            [vec![(0, 1)], vec![(0, 1), (2, 3)]]
        );
    }
}
