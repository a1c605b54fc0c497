//! Merkle trees of blocks: the root, and branches from one transaction up to it.

use super::hash::{Txid, sha256d_pair};

/// Deepest tree that a block's largest possible number of transactions could have (4,000,000 bytes, 60 each: below 2^17).
pub const MAX_BRANCH: usize = 17;

/// The root over a block's ids, or `None` when the list is empty or ends in a repetition.
///
/// A level of odd length pairs its last hash with itself, so a list whose tail is repeated has the root of the list without the repetition
/// (CVE-2012-2459); such a list is refused wherever two equal hashes are paired.
pub fn merkle_root(txids: &[Txid]) -> Option<[u8; 32]> {
    root(txids.iter().map(|txid| txid.0).collect())
}

/// The same over hashes that are not needed any more.
pub(super) fn root(mut level: Vec<[u8; 32]>) -> Option<[u8; 32]> {
    while level.len() > 1 {
        climb(&mut level)?;
    }
    level.first().copied()
}

/// Replaces a level by the one above it.
fn climb(level: &mut Vec<[u8; 32]>) -> Option<()> {
    let above = level.len().div_ceil(2);
    for place in 0..above {
        // INVARIANT: place is at most twice itself, so what is overwritten was read.
        let left = *level.get(2 * place)?;
        let hash = match level.get(2 * place + 1) {
            Some(right) if *right == left => return None,
            Some(right) => sha256d_pair(&left, right),
            None => sha256d_pair(&left, &left),
        };
        *level.get_mut(place)? = hash;
    }
    level.truncate(above);
    Some(())
}

/// The way from one transaction of a block up to the root in its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The transaction's place in the block, from 0.
    pub position: u32,
    /// The other hash of each pair, from the bottom up.
    pub siblings: Vec<[u8; 32]>,
}

impl Branch {
    /// The branch of the transaction at `position`, or `None` when there is none.
    pub fn of(txids: &[Txid], position: usize) -> Option<Self> {
        txids.get(position)?;
        let mut level: Vec<[u8; 32]> = txids.iter().map(|txid| txid.0).collect();
        let mut siblings = Vec::new();
        let mut at = position;
        while level.len() > 1 {
            siblings.push(*level.get(at ^ 1).or_else(|| level.get(at))?);
            climb(&mut level)?;
            at >>= 1;
        }
        Some(Self { position: u32::try_from(position).ok()?, siblings })
    }

    /// The root that this branch leads to from this transaction, or `None` when the position cannot be that of a transaction with it.
    pub fn root(&self, txid: &Txid) -> Option<[u8; 32]> {
        if self.siblings.len() > MAX_BRANCH || u64::from(self.position) >> self.siblings.len() != 0 {
            return None;
        }
        let mut at = self.position;
        let mut hash = txid.0;
        for sibling in &self.siblings {
            // Only the last of a level of odd length is paired with itself, and then stands on the left: one transaction, one position.
            if *sibling == hash && at & 1 == 1 {
                return None;
            }
            hash = if at & 1 == 0 { sha256d_pair(&hash, sibling) } else { sha256d_pair(sibling, &hash) };
            at >>= 1;
        }
        Some(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::super::hash::sha256d;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_repeated_tail_is_refused() {
        let ids: Vec<Txid> = (1..=3u8).map(|n| Txid([n; 32])).collect();
        let repeated: Vec<Txid> = ids.iter().copied().chain([ids[2]]).collect();
        assert!(merkle_root(&ids).is_some());
        assert_eq!(merkle_root(&repeated), None);
        assert_eq!(merkle_root(&[]), None);
        assert_eq!(merkle_root(&ids[..1]), Some([1; 32]));
    }

    proptest! {
        #[test]
        fn every_branch_leads_to_the_root(count in 1usize..70, flip in any::<prop::sample::Index>()) {
            let ids: Vec<Txid> = (0..count).map(|n| Txid(sha256d(&[&n.to_le_bytes()]))).collect();
            let root = merkle_root(&ids);
            for (position, txid) in ids.iter().enumerate() {
                let branch = Branch::of(&ids, position).unwrap();
                prop_assert_eq!(branch.root(txid), root);
                if !branch.siblings.is_empty() {
                    let mut bad = branch.clone();
                    bad.siblings[flip.index(branch.siblings.len())][0] ^= 1;
                    prop_assert_ne!(bad.root(txid), root);
                }
                let beyond = Branch { position: branch.position + (1 << branch.siblings.len()), ..branch };
                prop_assert_eq!(beyond.root(txid), None);
            }
        }
    }
}
