//! The order in which blocks belong: by the parents that headers name, along the chain with the most work.

use crate::wire::{BlockHash, Header};
use std::collections::{HashMap, VecDeque};

/// Why headers give no chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Nothing to order.
    #[error("there are no blocks")]
    Empty,
    /// Every block names a parent among the others.
    #[error("no block is the first: every one of {0} names a parent among the others")]
    NoBeginning(usize),
}

/// Positions of the headers that form the chain with the most work, first block first.
///
/// A chain begins at a block whose parent is not among the headers. Repetitions and forks are left out; of two chains with equal work the
/// one whose tip stands first is taken, as a node keeps what it saw first.
///
/// # Errors
/// [`ChainError`] when there is no beginning.
pub fn canonical(headers: &[Header]) -> Result<Vec<usize>, ChainError> {
    let mut first_seen: HashMap<BlockHash, usize> = HashMap::with_capacity(headers.len());
    for (position, header) in headers.iter().enumerate() {
        first_seen.entry(header.hash).or_insert(position);
    }
    let unique =
        || headers.iter().enumerate().filter(|(position, header)| first_seen.get(&header.hash) == Some(position));
    let mut children: HashMap<BlockHash, Vec<usize>> = HashMap::new();
    let mut waiting: VecDeque<(usize, u128)> = VecDeque::new();
    for (position, header) in unique() {
        if first_seen.contains_key(&header.parent) {
            children.entry(header.parent).or_default().push(position);
        } else {
            waiting.push_back((position, 0));
        }
    }
    if headers.is_empty() {
        return Err(ChainError::Empty);
    }
    let mut best: Option<(u128, usize)> = None;
    while let Some((position, before)) = waiting.pop_front() {
        let Some(header) = headers.get(position) else { continue };
        let work = before.saturating_add(header.work().unwrap_or(0));
        if best.is_none_or(|(most, at)| work > most || (work == most && position < at)) {
            best = Some((work, position));
        }
        waiting.extend(children.get(&header.hash).into_iter().flatten().map(|child| (*child, work)));
    }
    let Some((_, mut at)) = best else { return Err(ChainError::NoBeginning(headers.len())) };
    let mut order = vec![at];
    // INVARIANT: `at` was reached from a beginning, so the way back ends there.
    while let Some(parent) = headers.get(at).and_then(|header| first_seen.get(&header.parent)) {
        at = *parent;
        order.push(at);
    }
    order.reverse();
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: u8, parent: u8) -> Header {
        // The easiest target there is; a hash whose last byte is small reaches it.
        let hash = |name: u8| {
            let mut bytes = [0; 32];
            bytes[0] = name;
            BlockHash(bytes)
        };
        Header { hash: hash(name), parent: hash(parent), merkle_root: [0; 32], time: 0, bits: 0x207f_ffff }
    }

    #[test]
    fn forks_and_repetitions_are_left_out() {
        // 1-2-3-4 with the fork 2-5, out of order and with 3 twice.
        let headers = [header(3, 2), header(5, 2), header(1, 0), header(4, 3), header(3, 2), header(2, 1)];
        assert_eq!(canonical(&headers), Ok(vec![2, 5, 0, 3]));
        // Equal work: first seen stays.
        assert_eq!(canonical(&[header(1, 0), header(3, 1), header(2, 1)]), Ok(vec![0, 1]));
    }

    #[test]
    fn circles_have_no_beginning() {
        assert_eq!(canonical(&[header(1, 2), header(2, 1)]), Err(ChainError::NoBeginning(2)));
        assert_eq!(canonical(&[header(1, 1)]), Err(ChainError::NoBeginning(1)));
        assert_eq!(canonical(&[]), Err(ChainError::Empty));
        // A circle beside a chain changes nothing.
        assert_eq!(canonical(&[header(1, 2), header(2, 1), header(9, 8)]), Ok(vec![2]));
    }

    #[test]
    fn more_work_wins_over_more_blocks() {
        let mut hard = header(9, 1);
        hard.bits = 0x1f7f_ffff;
        assert_eq!(canonical(&[header(1, 0), header(2, 1), header(3, 2), hard]), Ok(vec![0, 3]));
    }
}
