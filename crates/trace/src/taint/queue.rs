//! FIFO and LIFO: inputs and outputs as two queues.

use super::amount::Amount;
use super::rules::{Backward, Forward, sum};

/// Inputs and outputs as two queues: what comes first (`BACK`: last) pays what comes first.
pub(super) struct Queue<const BACK: bool>;

pub(super) type Fifo = Queue<false>;
pub(super) type Lifo = Queue<true>;

/// Runs of satoshi that are not followed and that are, in turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Runs {
    // INVARIANT: lengths; those at odd places are followed; only the first may be zero, and then another one follows.
    lengths: Vec<u64>,
    followed: u64,
}

impl Runs {
    fn clear(&mut self) {
        self.lengths.clear();
        self.followed = 0;
    }

    fn push(&mut self, length: u64, followed: bool) {
        if length == 0 {
            return;
        }
        if followed {
            self.followed = self.followed.saturating_add(length);
        }
        // The next place belongs to the kind that the last one is not.
        let next_is_followed = self.lengths.len() % 2 == 1;
        match self.lengths.last_mut() {
            Some(last) if next_is_followed != followed => *last = last.saturating_add(length),
            None if followed => self.lengths.extend([0, length]),
            _ => self.lengths.push(length),
        }
    }
}

/// Runs being cut into outputs.
struct Cut<'c, O> {
    /// Values of the outputs after the one at hand.
    outputs: O,
    /// What still fits into the output at hand; none when all are full.
    left: Option<u64>,
    /// The output at hand, in memory that grew before.
    runs: &'c mut Runs,
    done: &'c mut Vec<Runs>,
    fee: u64,
}

impl<'c, O: Iterator<Item = u64>> Cut<'c, O> {
    fn new(mut outputs: O, done: &'c mut Vec<Runs>, runs: &'c mut Runs) -> Self {
        let left = outputs.next();
        Self { outputs, left, runs, done, fee: 0 }
    }

    fn feed(&mut self, mut length: u64, followed: bool) {
        while let Some(left) = self.left {
            if length < left {
                self.runs.push(length, followed);
                self.left = Some(left - length);
                return;
            }
            self.runs.push(left, followed);
            length -= left;
            self.finish();
        }
        if followed {
            self.fee = self.fee.saturating_add(length);
        }
    }

    fn finish(&mut self) {
        // What is held of an output for long takes no more memory than it needs.
        self.done.push(self.runs.clone());
        self.runs.clear();
        self.left = self.outputs.next();
    }

    /// What became the fee.
    fn end(mut self) -> u64 {
        while self.left.is_some() {
            self.finish();
        }
        self.fee
    }
}

/// The inputs of one transaction in order, and memory for the output at hand.
#[derive(Default)]
pub(super) struct Spent {
    inputs: Vec<(Option<Runs>, u64)>,
    runs: Runs,
}

impl<const BACK: bool> Forward for Queue<BACK> {
    type Load = Runs;
    type Room = Spent;

    fn whole(value: u64) -> Runs {
        let mut runs = Runs::default();
        runs.push(value, true);
        runs
    }

    fn amount(load: &Runs) -> Amount {
        Amount::of_satoshi(load.followed)
    }

    fn spend(spent: &mut Spent, load: Option<Runs>, value: u64) {
        spent.inputs.push((load, value));
    }

    fn pay(spent: &mut Spent, outputs: impl Iterator<Item = u64>, loads: &mut Vec<Runs>) -> Amount {
        let Spent { inputs, runs } = spent;
        let mut cut = Cut::new(outputs, loads, runs);
        let mut feed = |(load, value): &(Option<Runs>, u64)| {
            let Some(runs) = load else { return cut.feed(*value, false) };
            let runs = runs.lengths.iter().enumerate().map(|(at, length)| (*length, at % 2 == 1));
            if BACK {
                runs.rev().for_each(|(length, followed)| cut.feed(length, followed));
            } else {
                runs.for_each(|(length, followed)| cut.feed(length, followed));
            }
        };
        if BACK {
            inputs.iter().rev().for_each(&mut feed);
        } else {
            inputs.iter().for_each(&mut feed);
        }
        let fee = Amount::of_satoshi(cut.end());
        inputs.clear();
        fee
    }
}

/// Places inside an output, from the first satoshi taken on: sorted, apart from one another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    spans: Vec<(u64, u64)>,
    total: u64,
}

impl Places {
    fn push(&mut self, from: u64, to: u64) {
        self.total = self.total.saturating_add(to.saturating_sub(from));
        match self.spans.last_mut() {
            Some(last) if last.1 == from => last.1 = to,
            _ => self.spans.push((from, to)),
        }
    }
}

impl<const BACK: bool> Backward for Queue<BACK> {
    type Ask = Places;
    type Room = Vec<(u64, u64)>;

    fn whole(value: u64) -> Places {
        Places { spans: vec![(0, value)], total: value }
    }

    fn amount(ask: &Places) -> Amount {
        Amount::of_satoshi(ask.total)
    }

    fn apply(inputs: &[u64], outputs: &[(Option<Places>, u64)], asks: &mut Vec<Places>, asked: &mut Vec<(u64, u64)>) {
        let total = sum(inputs.iter().copied());
        let mut start = 0u64;
        asked.clear();
        for (places, value) in outputs {
            let spans = places.iter().flat_map(|places| &places.spans);
            asked.extend(spans.map(|(from, to)| (start.saturating_add(*from), start.saturating_add(*to))));
            start = start.saturating_add(*value);
        }
        if BACK {
            // The queue is served from its end: the first place taken is the last satoshi of the inputs.
            asked.reverse();
            for (from, to) in asked.iter_mut() {
                (*from, *to) = (total.saturating_sub(*to), total.saturating_sub(*from));
            }
        }
        let mut start = 0u64;
        let mut left = asked.as_slice();
        for value in inputs {
            let end = start.saturating_add(*value);
            let mut places = Places::default();
            while let Some(((from, to), rest)) = left.split_first() {
                let (low, high) = ((*from).max(start), (*to).min(end));
                if low < high {
                    places.push(low - start, high - start);
                }
                if *to > end {
                    break;
                }
                left = rest;
            }
            asks.push(places);
            start = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taint::rules::paid;

    fn runs(parts: &[(u64, bool)]) -> Runs {
        let mut runs = Runs::default();
        parts.iter().for_each(|(length, followed)| runs.push(*length, *followed));
        runs
    }

    fn places(spans: &[(u64, u64)]) -> Places {
        let mut places = Places::default();
        spans.iter().for_each(|(from, to)| places.push(*from, *to));
        places
    }

    #[test]
    fn runs_are_kept_in_turn() {
        let kept = runs(&[(4, true), (0, false), (1, true), (2, false), (3, false), (1, true)]);
        assert_eq!(kept, Runs { lengths: vec![0, 5, 5, 1], followed: 6 });
        assert_eq!(runs(&[(1, false), (0, true), (2, true)]), Runs { lengths: vec![1, 2], followed: 2 });
        assert_eq!(runs(&[(0, true)]), Runs::default());
    }

    #[test]
    fn queues_by_hand() {
        // 4 followed, 6 not; paid out as 5, 3, and a fee of 2.
        let inputs = [(Some(runs(&[(4, true)])), 4), (None, 6)];
        let (loads, fee) = paid::<Fifo>(inputs.clone(), &[5, 3]);
        assert_eq!(loads, [runs(&[(4, true), (1, false)]), runs(&[(3, false)])]);
        assert_eq!(fee, Amount::ZERO);
        let (loads, fee) = paid::<Lifo>(inputs, &[5, 3]);
        assert_eq!(loads, [runs(&[(5, false)]), runs(&[(1, false), (2, true)])]);
        assert_eq!(fee, Amount::of_satoshi(2));
        // An output of nothing, and more outputs than inputs, which no block has.
        let (loads, fee) = paid::<Fifo>([(Some(runs(&[(4, true)])), 4)], &[0, 3, 0, 5, 6]);
        assert_eq!(loads, [runs(&[]), runs(&[(3, true)]), runs(&[]), runs(&[(1, true)]), runs(&[])]);
        assert_eq!(fee, Amount::ZERO);
    }

    #[test]
    fn queues_backwards_by_hand() {
        // The second output (3) stands at 5..8 of the queue.
        let outputs = [(None, 5), (Some(places(&[(0, 3)])), 3)];
        let mut asked = Vec::new();
        <Fifo as Backward>::apply(&[4, 6], &outputs, &mut asked, &mut Vec::new());
        assert_eq!(asked, [places(&[]), places(&[(1, 4)])]);
        asked.clear();
        <Lifo as Backward>::apply(&[4, 6], &outputs, &mut asked, &mut Vec::new());
        assert_eq!(asked, [places(&[(2, 4)]), places(&[(0, 1)])]);
        asked.clear();
        <Fifo as Backward>::apply(&[1, 9], &[(Some(places(&[(0, 2), (3, 4)])), 10)], &mut asked, &mut Vec::new());
        assert_eq!(asked, [places(&[(0, 1)]), places(&[(0, 1), (2, 3)])]);
    }
}
