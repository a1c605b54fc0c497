"""docs/formats/ceremony.md and ring.md: a ring from the log of its ceremony."""

import json

from . import tlog
from .approval import signed_line
from .canonical import ATTRIBUTES, CLASSES
from .documents import DOCUMENTS, read_document
from .edwards import ed25519_key, ed25519_verifies, element, encode_element, is_identity, multiply, scalar, total
from .encoding import D, F, GROUP_ORDER, base64_bytes, hex_bytes, le, sha256
from .note import read_vkey
from .refusal import Refused, need
from .seal import KEY_TYPES, SUITE, read_ring

SIGNATURE = 64


def recompute(entries):
    """For each ring of the terms, sealing first: its text and id, and the digest of its share epoch, that follow from the leaves."""
    terms, digest = _terms(entries[0])
    parties = [_party(index, text) for index, text in enumerate(terms["trustees"], 1)]
    need(len({identity for identity, _ in parties}) == len(parties), "terms", "two trustees share an identity")
    _policy(terms)
    n, t = len(parties), terms["threshold"]
    rings = [_Ring("sealing", terms["ring"], [(name, CLASSES[name]) for name in terms["classes"]], digest, t, parties)]
    if "index" in terms:
        index = terms["index"]
        rings.append(_Ring("index", index["ring"], [(name, ATTRIBUTES[name]) for name in index["attributes"]], digest, t, parties))

    def read(index, data):
        parts = _split(len(rings) == 2, index, data)
        return [ring.broadcast(parties[index - 1][0], index, part) for ring, part in zip(rings, parts, strict=True)]

    broadcasts = entries[1:]
    for data in broadcasts[n:]:
        authors = [index for index in range(1, n + 1) if _is_read(read, index, data)]
        need(not authors, "two_broadcasts", f"trustee {authors[:1]}")
    need(len(broadcasts) <= n, "log", "more leaves than the terms and the broadcasts")
    commitments = [read(index, data) for index, data in enumerate(broadcasts, 1)]
    need(len(broadcasts) == n, "log", "a broadcast is missing")
    parts = [_split(len(rings) == 2, index, data) for index, data in enumerate(broadcasts, 1)]
    return [
        ring.outcome([commitment[place] for commitment in commitments], [part[place] for part in parts])
        for place, ring in enumerate(rings)
    ]


def _split(with_index, index, data):
    """The parts of a message: the sealing ring's alone, or behind its length, before the index ring's."""
    if not with_index:
        return [data]
    length = int.from_bytes(data[:4], "little")
    need(len(data) >= 4 + length, "malformed", f"trustee {index}: no room for the sealing part")
    return [data[4:4 + length], data[4 + length:]]


class _Ring:
    """One ring of a founding: its ceremony, and what its broadcasts come to."""

    def __init__(self, kind, name, keys, digest, t, parties):
        self.kind, self.name, self.keys, self.digest, self.t, self.n = kind, name, keys, digest, t, len(parties)
        self.ceremony = D(
            "ceremony", SUITE, name.encode(), le(KEY_TYPES[kind], 1), digest, le(t, 2), le(self.n, 2),
            *(part for _, number in keys for part in (le(number, 1), le(1, 4))),
            *(part for identity, transport in parties for part in (identity, D("transport-key", transport))))

    def broadcast(self, identity, index, data):
        return _broadcast(self.ceremony, identity, index, self.t, len(self.keys), data)

    def outcome(self, commitments, broadcasts):
        t, n = self.t, self.n
        transcript = D("ceremony-transcript", self.ceremony, *(data[:-SIGNATURE] for data in broadcasts))
        keys, shares = [], []
        for place, (name, _) in enumerate(self.keys):
            # The sum of the trustees' polynomials, in the exponent.
            sums = [total(commitment[place][k] for commitment in commitments) for k in range(t)]
            at = [encode_element(total(multiply(pow(x, k, GROUP_ORDER), point) for k, point in enumerate(sums))).hex() for x in range(n + 1)]
            keys.append({"class": name, "epoch": 1, "t": t, "n": n, "key": at[0]})
            shares.append({"class": name, "shares": at[1:]})
        ring = _json({
            "v": "countersign/ring/v1", "suite": 1, "name": self.name, "key_type": self.kind, "ceremony": self.digest.hex(),
            "transcript": transcript.hex(), "dealer": False, "keys": keys,
        })
        ring_id = read_ring(ring)["id"]
        epoch = _json({"v": "countersign/share-epoch/v1", "ring": ring_id.hex(), "epoch": 1, "keys": shares})
        return ring.decode(), ring_id.hex(), sha256(b"countersign/share-epoch/v1" + epoch).hex()


def _json(value):
    return json.dumps(value, separators=(",", ":")).encode()


def _terms(data):
    try:
        return read_document("ceremony-terms", data)
    except Refused as error:
        raise Refused("document", str(error)) from error


def _party(index, text):
    """The identity key and the transport key of a trustee, out of its own signed word."""
    try:
        need(text[128:129] == "\n", "identity", "no signature")
        signature, document = hex_bytes(text[:128], SIGNATURE), text[129:].encode()
        value, digest = read_document("trustee-identity", document)
        identity = bytes.fromhex(value["identity"])
        ed25519_key(identity)
        domain = DOCUMENTS["trustee-identity"][3]
        need(ed25519_verifies(identity, signed_line(domain, digest), signature), "identity", "not signed by the key in it")
        need(value["index"] == index, "identity", "made for another index")
        return identity, base64_bytes(value["transport"])
    except Refused as error:
        raise Refused("identity", f"trustee {index}: {error}") from error


def _policy(terms):
    try:
        policy = tlog.read_policy(terms["witness_policy"].encode())
        tlog.lint(policy)
        key = read_vkey(terms["log"]["vkey"])
        need(policy["logs"] == [key] and key["name"] == terms["log"]["origin"], "terms", "another log")
    except Refused as error:
        raise Refused("terms", str(error)) from error


def _broadcast(ceremony, identity, index, t, classes, data):
    """The commitments of one trustee, per class t points. Its proofs of possession are for those who take part."""
    content, signature = data[:-SIGNATURE], data[-SIGNATURE:]
    need(len(data) >= SIGNATURE, "malformed", f"trustee {index}")
    need(ed25519_verifies(identity, F("ceremony-round1", content), signature), "signature", f"trustee {index}")
    try:
        need(len(content) == 34 + classes * (32 * t + 64), "malformed", "length")
        need(content[:32] == ceremony and content[32:34] == le(index, 2), "malformed", "another ceremony or index")
        commitments, at = [], 34
        for _ in range(classes):
            points = [element(content[at + 32 * k:at + 32 * k + 32]) for k in range(t)]
            need(not any(is_identity(point) for point in points), "malformed", "the identity")
            at += 32 * t
            need(not is_identity(element(content[at:at + 32])), "malformed", "the identity")
            scalar(content[at + 32:at + 64])
            at += 64
            commitments.append(points)
        return commitments
    except Refused as error:
        raise Refused("malformed", f"trustee {index}: {error}") from error


def _is_read(read, index, data):
    try:
        read(index, data)
        return True
    except Refused:
        return False
