"""RFC 6962 trees over SHA-256 (docs/formats/tiles.md): roots and proofs."""

from .encoding import sha256
from .refusal import need


def leaf_hash(entry):
    return sha256(b"\0" + entry)


def node_hash(left, right):
    return sha256(b"\1" + left + right)


def root_of(hashes):
    """RFC 6962 section 2.1."""
    if not hashes:
        return sha256(b"")
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return node_hash(root_of(hashes[:split]), root_of(hashes[split:]))


def check_inclusion(index, size, leaf, proof, root):
    """RFC 9162 section 2.1.3.2, with exactly the number of hashes that index and size need."""
    need(index < size, "inclusion", "the index is not in the tree")
    fn, sn, value, rest = index, size - 1, leaf, list(proof)
    while sn:
        if fn & 1 or fn == sn:
            need(rest, "inclusion", "a hash too few")
            value = node_hash(rest.pop(0), value)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            need(rest, "inclusion", "a hash too few")
            value = node_hash(value, rest.pop(0))
        fn, sn = fn >> 1, sn >> 1
    need(not rest, "inclusion", "a hash too many")
    need(value == root, "inclusion", "another root")


def check_consistency(old, new, proof, old_root, new_root):
    """RFC 9162 section 2.1.4.2; the proof is empty from size 0 and between equal sizes (tiles.md)."""
    need(old <= new, "consistency", "backwards")
    if old == 0 or old == new:
        need(not proof, "consistency", "a proof where none is needed")
        need(old_root == (sha256(b"") if old == 0 else new_root), "consistency", "another root")
        return
    rest = list(proof) if old & (old - 1) else [old_root, *proof]
    need(rest, "consistency", "a hash too few")
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    first = second = rest.pop(0)
    while rest:
        need(sn, "consistency", "a hash too many")
        value = rest.pop(0)
        if fn & 1 or fn == sn:
            first, second = node_hash(value, first), node_hash(value, second)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = node_hash(second, value)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0, "consistency", "a hash too few")
    need(first == old_root, "consistency", "another old root")
    need(second == new_root, "consistency", "another new root")
