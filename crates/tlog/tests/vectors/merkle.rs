use countersign_tlog::merkle::{
    Frontier, consistency_proof, inclusion_proof, root_at, verify_consistency, verify_inclusion,
};
use countersign_tlog::{Hash, leaf_hash};
use serde_json::json;

use super::{Cases, hex};
use crate::kit;

fn texts(proof: &[Hash]) -> Vec<String> {
    proof.iter().map(ToString::to_string).collect()
}

fn flipped(proof: &[Hash], at: usize) -> Vec<Hash> {
    let mut proof = proof.to_vec();
    proof[at].0[31] ^= 1;
    proof
}

fn swapped(proof: &[Hash]) -> Vec<Hash> {
    let mut proof = proof.to_vec();
    proof.swap(0, 1);
    proof
}

#[test]
fn merkle() {
    let mut cases = Cases::new("leaf n is the text `leaf n`; hashes in base64");
    let mut add = |name: String, ok: bool, leaf: Hash, index: u64, size: u64, root: Hash, proof: &[Hash]| {
        let found = verify_inclusion(leaf, index, size, root, proof);
        let given = json!({"kind": "inclusion", "leaf_hash": leaf.to_string(), "index": index, "size": size,
            "root": root.to_string(), "proof": texts(proof)});
        cases.add(name, ok, &found, given);
    };
    let stranger = leaf_hash(b"x");
    for (index, size) in [(0, 1), (0, 2), (4, 5), (6, 7), (3, 8), (130, 257)] {
        let mut tree = kit::tree(size);
        let (leaf, root) = (leaf_hash(&kit::leaf(index)), root_at(size, &mut tree).unwrap());
        let proof = inclusion_proof(index, size, &mut tree).unwrap();
        let of = format!("leaf {index} of {size}");
        add(of.clone(), true, leaf, index, size, root, &proof);
        add(format!("{of}: index out of the tree"), false, leaf, size, size, root, &proof);
        add(format!("{of}: another root"), false, leaf, index, size, stranger, &proof);
        add(format!("{of}: a hash too many"), false, leaf, index, size, root, &[proof.clone(), vec![leaf]].concat());
        add(format!("{of}: another leaf"), false, stranger, index, size, root, &proof);
        if size > 1 {
            let last = proof.len() - 1;
            add(format!("{of}: a hash too few"), false, leaf, index, size, root, &proof[1..]);
            add(format!("{of}: a bit of the first hash"), false, leaf, index, size, root, &flipped(&proof, 0));
            add(format!("{of}: a bit of the last hash"), false, leaf, index, size, root, &flipped(&proof, last));
            add(format!("{of}: the sibling's index"), false, leaf, index ^ 1, size, root, &proof);
        }
        if size > 5 {
            add(format!("{of}: two hashes swapped"), false, leaf, index, size, root, &swapped(&proof));
        }
    }
    add("a tree without leaves".to_owned(), false, stranger, 0, 0, stranger, &[]);
    add("64 hashes".to_owned(), false, stranger, 0, (1 << 53) - 1, stranger, &[stranger; 64]);

    let mut add = |name: String, ok: bool, old: (u64, Hash), new: (u64, Hash), proof: &[Hash]| {
        let found = verify_consistency(old.0, old.1, new.0, new.1, proof);
        let given = json!({"kind": "consistency", "old_size": old.0, "old_root": old.1.to_string(), "new_size": new.0,
            "new_root": new.1.to_string(), "proof": texts(proof)});
        cases.add(name, ok, &found, given);
    };
    for (old, new) in [(0, 5), (1, 2), (3, 7), (4, 8), (6, 8), (8, 8), (200, 300)] {
        let mut tree = kit::tree(new);
        let at = |size: u64| (size, root_at(size, &mut kit::tree(size)).unwrap());
        let proof = consistency_proof(old, new, &mut tree).unwrap();
        let of = format!("{old} to {new}");
        add(of.clone(), true, at(old), at(new), &proof);
        add(format!("{of}: a hash too many"), false, at(old), at(new), &[proof.clone(), vec![stranger]].concat());
        if old == new {
            add(format!("{of}: another root"), false, (old, stranger), at(new), &proof);
        }
        if old != 0 && old != new {
            add(format!("{of}: another old root"), false, (old, stranger), at(new), &proof);
            add(format!("{of}: another new root"), false, at(old), (new, stranger), &proof);
            add(format!("{of}: no proof"), false, at(old), at(new), &[]);
            add(format!("{of}: backwards"), false, at(new), at(old), &proof);
            add(format!("{of}: a bit of the first hash"), false, at(old), at(new), &flipped(&proof, 0));
            add(format!("{of}: from one leaf less"), false, (old - 1, at(old).1), at(new), &proof);
        }
        if proof.len() > 2 {
            add(format!("{of}: a hash too few"), false, at(old), at(new), &proof[..proof.len() - 1]);
            add(format!("{of}: two hashes swapped"), false, at(old), at(new), &swapped(&proof));
        }
    }
    cases.keep("merkle.json");
}

#[test]
fn frontiers() {
    let mut cases = Cases::new("`hex` is what a follower keeps of a tree with this root; leaf n is the text `leaf n`");
    let mut add = |name: String, ok: bool, bytes: &[u8]| {
        let found = Frontier::from_bytes(bytes);
        let (size, root) = found.as_ref().map_or((None, None), |found| (Some(found.size()), Some(found.root())));
        let given = json!({"hex": hex(bytes), "size": size, "root": root.map(|root| root.to_string())});
        cases.add(name, ok, &found, given);
    };
    for size in [0, 1, 7, 256] {
        let mut frontier = Frontier::new();
        (0..size).for_each(|index| frontier.push(leaf_hash(&kit::leaf(index))).unwrap());
        let bytes = frontier.to_bytes();
        add(format!("{size} leaves"), true, &bytes);
        add(format!("{size} leaves: a hash too many"), false, &[bytes.as_slice(), &[0; 32]].concat());
        add(format!("{size} leaves: a byte too many"), false, &[bytes.as_slice(), &[0]].concat());
        add(format!("{size} leaves: a byte too few"), false, &bytes[..bytes.len() - 1]);
    }
    add("nothing".to_owned(), false, &[]);
    add("size above 2^63 - 1".to_owned(), false, &[&[0x80, 0, 0, 0, 0, 0, 0, 0], [0; 32].as_slice()].concat());
    cases.keep("frontier.json");
}
