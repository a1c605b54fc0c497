"""docs/formats/ceremony.md and ring.md: a ring from the log of its ceremony."""

import json

from . import tlog
from .approval import signed_line
from .documents import DOCUMENTS, read_document
from .edwards import ed25519_key, ed25519_verifies, element, encode_element, is_identity, multiply, scalar, total
from .encoding import D, F, GROUP_ORDER, base64_bytes, hex_bytes, le, sha256
from .note import read_vkey
from .refusal import Refused, need
from .seal import CLASSES, SUITE, read_ring

SIGNATURE = 64


def recompute(entries):
    """Text and id of the ring, and the digest of the share epoch, that follow from the leaves."""
    terms, digest = _terms(entries[0])
    parties = [_party(index, text) for index, text in enumerate(terms["trustees"], 1)]
    need(len({identity for identity, _ in parties}) == len(parties), "terms", "two trustees share an identity")
    _policy(terms)
    n, t = len(parties), terms["threshold"]
    classes = [CLASSES[name] for name in terms["classes"]]
    ceremony = D(
        "ceremony", SUITE, terms["ring"].encode(), le(1, 1), digest, le(t, 2), le(n, 2),
        *(part for c in classes for part in (le(c, 1), le(1, 4))),
        *(part for identity, transport in parties for part in (identity, D("transport-key", transport))))

    def read(index, data):
        return _broadcast(ceremony, parties[index - 1][0], index, t, len(classes), data)

    broadcasts = entries[1:]
    for data in broadcasts[n:]:
        authors = [index for index in range(1, n + 1) if _is_read(read, index, data)]
        need(not authors, "two_broadcasts", f"trustee {authors[:1]}")
    need(len(broadcasts) <= n, "log", "more leaves than the terms and the broadcasts")
    commitments = [read(index, data) for index, data in enumerate(broadcasts, 1)]
    need(len(broadcasts) == n, "log", "a broadcast is missing")
    transcript = D("ceremony-transcript", ceremony, *(data[:-SIGNATURE] for data in broadcasts))
    keys, shares = [], []
    for place, name in enumerate(terms["classes"]):
        # The sum of the trustees' polynomials, in the exponent.
        sums = [total(commitment[place][k] for commitment in commitments) for k in range(t)]
        at = [encode_element(total(multiply(pow(x, k, GROUP_ORDER), point) for k, point in enumerate(sums))).hex() for x in range(n + 1)]
        keys.append({"class": name, "epoch": 1, "t": t, "n": n, "key": at[0]})
        shares.append({"class": name, "shares": at[1:]})
    ring = _json({
        "v": "countersign/ring/v1", "suite": 1, "name": terms["ring"], "key_type": "sealing", "ceremony": digest.hex(), "transcript": transcript.hex(),
        "dealer": False, "keys": keys,
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
