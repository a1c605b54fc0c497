use countersign_tlog::merkle::{
    Frontier, HashReader, NodeId, Tree, consistency_nodes, consistency_proof, inclusion_nodes, inclusion_proof,
    root_at, root_from_inclusion, verify_consistency, verify_inclusion,
};
use countersign_tlog::{Hash, empty_root, leaf_hash, node_hash};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use crate::kit;

/// Straight from the definition in RFC 6962 section 2.1.
fn root_by_definition(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash(Sha256::digest([]).into()),
        [one] => *one,
        many => {
            let (left, right) = many.split_at(many.len().next_power_of_two() / 2);
            node_hash(&root_by_definition(left), &root_by_definition(right))
        }
    }
}

const LARGEST: u64 = 1_100;

/// Which sizes are compared, each with all its indices. All up to 1,100 take half a minute without optimisation: that many with
/// `COUNTERSIGN_TREE_SIZES=1100`, otherwise all up to 200 and those around which the tiles and the height of the tree change.
fn is_compared(size: u64) -> bool {
    let all = std::env::var("COUNTERSIGN_TREE_SIZES").map_or(200, |sizes| sizes.parse().expect("a number of leaves"));
    size <= all || size == LARGEST || [255, 0, 1].contains(&(size % 256))
}

struct TilesHashes(Vec<tlog_tiles::Hash>);

impl tlog_tiles::HashReader for TilesHashes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[*index as usize]).collect())
    }
}

fn same_as_tiles(ours: &[Hash], theirs: &[tlog_tiles::Hash]) -> bool {
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| ours.0 == theirs.0)
}

fn same_as_bytes(ours: &[Hash], theirs: &[u8]) -> bool {
    ours.len() * 32 == theirs.len() && ours.iter().zip(theirs.chunks_exact(32)).all(|(ours, theirs)| ours.0 == *theirs)
}

/// One tree in four implementations, grown leaf by leaf.
struct Grown {
    ours: Tree,
    frontier: Frontier,
    tiles: TilesHashes,
    ct: MemoryBackedTree<Sha256, Vec<u8>>,
    leaves: Vec<Hash>,
    roots: Vec<Hash>,
}

impl Grown {
    fn new() -> Self {
        let grown = Self {
            ours: Tree::new(),
            frontier: Frontier::new(),
            tiles: TilesHashes(Vec::new()),
            ct: MemoryBackedTree::new(),
            leaves: Vec::new(),
            roots: vec![empty_root()],
        };
        assert_eq!((grown.frontier.root(), root_at(0, &mut &grown.ours).unwrap()), (empty_root(), empty_root()));
        assert_eq!(grown.ct.root().as_bytes().as_slice(), empty_root().0);
        grown
    }

    /// Adds a leaf everywhere; the roots agree.
    fn push(&mut self, leaf: Vec<u8>) -> (u64, Hash) {
        let hash = self.frontier.push_leaf(&leaf).unwrap();
        self.ours.push(hash);
        self.leaves.push(hash);
        let size = self.frontier.size();
        let stored = tlog_tiles::stored_hashes(size - 1, &leaf, &self.tiles).unwrap();
        self.tiles.0.extend(stored);
        self.ct.push(leaf);
        let root = root_at(size, &mut self.ours).unwrap();
        self.roots.push(root);
        assert_eq!(self.frontier.root(), root);
        assert_eq!(tlog_tiles::tree_hash(size, &self.tiles).unwrap().0, root.0);
        assert_eq!(self.ct.root().as_bytes().as_slice(), root.0);
        (size, root)
    }
}

#[test]
fn inclusion_of_every_index_agrees_with_two_other_implementations() {
    let mut tree = Grown::new();
    for leaf in 0..LARGEST {
        let (size, root) = tree.push(kit::leaf(leaf));
        if !is_compared(size) {
            continue;
        }
        for (index, leaf) in (0..size).zip(&tree.leaves) {
            let proof = inclusion_proof(index, size, &mut tree.ours).unwrap();
            let theirs = tlog_tiles::prove_record(size, index, &tree.tiles).unwrap();
            assert!(same_as_tiles(&proof, &theirs), "leaf {index} of {size}");
            let theirs = tree.ct.prove_inclusion(index as usize);
            assert!(same_as_bytes(&proof, theirs.as_bytes()), "leaf {index} of {size}");
            verify_inclusion(*leaf, index, size, root, &proof).unwrap();
        }
    }
}

#[test]
fn consistency_with_every_older_size_agrees_with_two_other_implementations() {
    let mut tree = Grown::new();
    for leaf in 0..LARGEST {
        let (size, root) = tree.push(kit::leaf(leaf));
        if !is_compared(size) {
            continue;
        }
        for (old, old_root) in (0..=size).zip(&tree.roots) {
            let proof = consistency_proof(old, size, &mut tree.ours).unwrap();
            verify_consistency(old, *old_root, size, root, &proof).unwrap();
            // The others know no proof from the empty tree, ct-merkle none between equal sizes.
            if old == 0 {
                assert!(proof.is_empty());
                continue;
            }
            let theirs = tlog_tiles::prove_tree(size, old, &tree.tiles).unwrap();
            assert!(same_as_tiles(&proof, &theirs), "{old} to {size}");
            if old < size {
                let theirs = tree.ct.prove_consistency((size - old) as usize);
                assert!(same_as_bytes(&proof, theirs.as_bytes()), "{old} to {size}");
            }
        }
    }
}

#[test]
fn roots_follow_the_definition() {
    let leaves: Vec<Hash> = (0..130).map(|index| leaf_hash(&kit::leaf(index))).collect();
    for size in 0..=130 {
        assert_eq!(root_at(size, &mut kit::tree(130)).unwrap(), root_by_definition(&leaves[..size as usize]));
    }
}

#[test]
fn known_roots() {
    // RFC 6962 trees over the entries of the certificate-transparency reference tests: "", 0x00, 0x10, 0x2021, ...
    let entries: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let mut frontier = Frontier::new();
    entries.iter().for_each(|entry| {
        frontier.push_leaf(entry).unwrap();
    });
    let hex: String = frontier.root().0.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
}

#[test]
fn the_nodes_named_beforehand_are_the_nodes_read() {
    struct Watch(Tree, Vec<NodeId>);
    impl HashReader for Watch {
        type Error = countersign_tlog::merkle::Missing;
        fn read(&mut self, node: NodeId) -> Result<Hash, Self::Error> {
            self.1.push(node);
            self.0.read(node)
        }
    }
    for (a, b) in [(0, 1), (3, 7), (6, 7), (100, 131), (64, 129)] {
        let mut watch = Watch(kit::tree(140), Vec::new());
        inclusion_proof(a, b, &mut watch).unwrap();
        let mut nodes = inclusion_nodes(a, b);
        nodes.sort();
        watch.1.sort();
        assert_eq!(nodes, watch.1);
        watch.1.clear();
        consistency_proof(a, b, &mut watch).unwrap();
        let mut nodes = consistency_nodes(a, b);
        nodes.sort();
        watch.1.sort();
        assert_eq!(nodes, watch.1);
    }
}

#[test]
fn frontier_bytes_round_trip_and_refuse_other_lengths() {
    for size in 0..70 {
        let mut frontier = Frontier::new();
        (0..size).for_each(|index| {
            frontier.push_leaf(&kit::leaf(index)).unwrap();
        });
        let bytes = frontier.to_bytes();
        assert_eq!(Frontier::from_bytes(&bytes).unwrap(), frontier);
        assert!(Frontier::from_bytes(&bytes[..bytes.len() - 1]).is_err());
        assert!(Frontier::from_bytes(&[bytes.as_slice(), &[0; 32]].concat()).is_err());
    }
    assert!(Frontier::from_bytes(&[255; 8 + 64 * 32]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_changed_inclusion_proof_fails(size in 1_u64..200, index in 0_u64..200, change in 0_usize..3, at in 0_usize..9, bit in 0_u8..8) {
        let index = index % size;
        let mut tree = kit::tree(size);
        let root = root_at(size, &mut tree).unwrap();
        let mut proof = inclusion_proof(index, size, &mut tree).unwrap();
        let leaf = leaf_hash(&kit::leaf(index));
        match change {
            0 if !proof.is_empty() => { let at = at % proof.len(); proof[at].0[0] ^= 1 << bit; }
            1 if !proof.is_empty() => { proof.pop(); }
            _ => proof.push(Hash([bit; 32])),
        }
        prop_assert!(verify_inclusion(leaf, index, size, root, &proof).is_err());
    }

    #[test]
    fn a_changed_consistency_proof_fails(old in 1_u64..150, more in 1_u64..150, change in 0_usize..3, at in 0_usize..9, bit in 0_u8..8) {
        let new = old + more;
        let mut tree = kit::tree(new);
        let (old_root, new_root) = (root_at(old, &mut tree).unwrap(), root_at(new, &mut tree).unwrap());
        let mut proof = consistency_proof(old, new, &mut tree).unwrap();
        match change {
            0 => { let at = at % proof.len(); proof[at].0[31] ^= 1 << bit; }
            1 => { proof.pop(); }
            _ => proof.push(Hash([bit; 32])),
        }
        prop_assert!(verify_consistency(old, old_root, new, new_root, &proof).is_err());
    }

    #[test]
    fn verifiers_do_not_panic(a in any::<u64>(), b in any::<u64>(), proof in proptest::collection::vec(any::<[u8; 32]>(), 0..70)) {
        let proof: Vec<Hash> = proof.into_iter().map(Hash).collect();
        let _ = root_from_inclusion(Hash([0; 32]), a, b, &proof);
        let _ = verify_consistency(a, Hash([1; 32]), b, Hash([2; 32]), &proof);
        let _ = (inclusion_nodes(a, b), consistency_nodes(a, b));
    }
}
