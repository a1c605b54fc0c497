"""The blind index: normal forms of values, and the OPRF under a shared key."""

import json
import re

from .. import oprf, seal
from ..canonical import seconds
from ..cases import Case, everywhere, reason, same
from ..control import begin
from ..documents import read_document
from ..edwards import BASE, encode_element, multiply, scalar
from ..encoding import hex_bytes
from ..lookup import check_lookup
from ..merkle import leaf_hash, root_of
from ..normal import normal_form
from ..refusal import need
from .files import load
from .sealed import _share_epoch

# ------------------------------------------------------------------------------------------------ normal forms

# The vectors name the program's own error texts; which of the reasons here belongs to which of them.
NORMAL_REASONS = {
    "is empty": "empty", "has a control character": "control", "is longer than 1024 bytes": "too long", "needs a birth date": "birth",
    "has no letter or digit": "no name", "has no `@`": "no at", "64 bytes before the `@`": "local length", "has a dot at": "dots",
    "only in quotation marks": "local characters", "no name of the DNS": "domain", "a domain of one label": "one label",
    "is longer than 254 bytes": "whole length", "does not begin with `+`": "country code", "has `(0)`": "trunk zero",
    "something other than `+`": "phone characters", "begins with 0": "zero country code", "7 to 15 digits": "phone length",
    "needs the issuing country": "country", "needs its type": "document type", "letters of Latin, Greek": "document characters",
    "a number of 1 to 64": "document length", "is no witness address": "witness address", "mixes upper and lower": "mixed case",
    "is no address of bitcoin": "no address", "40 hexadecimal digits": "ethereum digits", "(EIP-55)": "ethereum checksum",
}


def normal_forms(path):
    vectors = load(path)
    need(len(vectors["bad"]) > len(vectors["good"]), "vectors")
    for case in vectors["good"]:
        yield Case(case["name"], True, _same_form, case, flips=[everywhere("normal")])
    for case in vectors["bad"]:
        reasons = {ours for theirs, ours in NORMAL_REASONS.items() if theirs in case["error"]}
        need(len(reasons) == 1, "vector", f"{case['name']}: {case['error']}")
        expected = reasons.pop()
        yield Case(case["name"], False, _same_form, case, lambda refused, expected=expected: refused.reason == expected)


def _same_form(case):
    same(normal_form(case["attribute"], case["given"]), case.get("normal"), "normal form")


# ------------------------------------------------------------------------------------------------ evaluation

OPRF_REASONS = {
    "usable evaluations": "too few", " lied": "lied", "appears twice": "trustee", "no key of this ring": "no key",
    "the element is the identity": "identity", "only `index` may be used": "key type",
}


def evaluations(path):
    vectors = load(path)
    for vector in vectors["rfc9497"]:
        flips = [everywhere("values", 0, name, kind="hex") for name in ("blind", "blinded", "evaluated", "output")]
        flips += [everywhere(name, kind="hex") for name in ("public_key", "nonce", "proof") if name in vector]
        yield Case(f"RFC 9497 {vector['name']}", True, _published, vector, flips=flips)
    threshold = vectors["threshold"]
    steps = [everywhere("steps", 1, name, kind="hex") for name in ("salt", "commitment", "blinded", "combined", "name", "posting_key")]
    inputs = [everywhere("input", "blinded", 0, kind="hex"), everywhere("input", "evaluations", 2, "elements", 1, kind="hex")]
    inputs += [everywhere("input", "evaluations", 0, name, kind="hex") for name in ("challenge", "response")]
    yield Case("from values to tokens", True, _threshold, threshold, flips=steps + inputs + [everywhere("shares", 3, kind="hex")])
    for place, case in enumerate(vectors["enrolment"]):
        flips = [everywhere(name, kind="hex") for name in ("seed", "record", "blinded")]
        yield Case(f"blind of an enrolment {place}", True, _enrolled, case, flips=flips)
    for case in vectors["must_fail"]:
        reasons = {ours for theirs, ours in OPRF_REASONS.items() if theirs in case["error"]}
        need(len(reasons) == 1, "vector", f"{case['name']}: {case['error']}")
        named = re.findall(r"trustees (\[[^]]*\])", case["error"])

        def matches(refused, expected=reasons.pop(), named=named):
            return refused.reason == expected and all(text in str(refused) for text in named)

        yield Case(case["name"], False, _combined, case["input"], matches)


def _published(vector):
    """RFC 9497, A.1.1 and A.1.2: every value follows from the inputs before it."""
    mode, key = vector["mode"], scalar(hex_bytes(vector["secret_key"]))
    for value in vector["values"]:
        message, blind = hex_bytes(value["input"]), scalar(hex_bytes(value["blind"]))
        blinded = multiply(blind, oprf.hash_to_group(mode, message))
        evaluated = multiply(key, blinded)
        same(encode_element(blinded).hex(), value["blinded"], "blinded element")
        same(encode_element(evaluated).hex(), value["evaluated"], "evaluated element")
        same(oprf.finalize(message, blind, evaluated).hex(), value["output"], "output")
    if mode == oprf.VERIFIABLE:
        public = encode_element(multiply(key, BASE))
        same(public.hex(), vector["public_key"], "public key")
        lists = [[hex_bytes(value[name]) for value in vector["values"]] for name in ("blinded", "evaluated")]
        c, s = oprf.prove(mode, key, public, *lists, scalar(hex_bytes(vector["nonce"])))
        same((c.to_bytes(32, "little") + s.to_bytes(32, "little")).hex(), vector["proof"], "proof")
        need(oprf.proof_holds(mode, public, *lists, c, s), "proof")


def _enrolled(case):
    value = case["value"].encode()
    blind = oprf.enrolment_blind(hex_bytes(case["seed"]), seal.NUMBERS["index"][case["attribute"]], hex_bytes(case["record"]), value)
    same(encode_element(multiply(blind, oprf.hash_to_group(oprf.VERIFIABLE, value))).hex(), case["blinded"], "blinded element")


def _combined(given):
    ring, epoch = _share_epoch(given)
    listed = [
        {"trustee": item["trustee"], "elements": [hex_bytes(text) for text in item["elements"]],
         "challenge": hex_bytes(item["challenge"]), "response": hex_bytes(item["response"])}
        for item in given["evaluations"]
    ]
    return oprf.combine(ring, epoch, given["attribute"], [hex_bytes(text) for text in given["blinded"]], listed)


def _threshold(vector):
    given = vector["input"]
    combined = _combined(given)
    number = seal.NUMBERS["index"][given["attribute"]]
    for text in vector["shares"]:
        share = seal.read_stored_share(hex_bytes(text), "index")
        ring, epoch = _share_epoch(given)
        same((share["ring_id"], share["share_epoch"]), (ring["id"], epoch["number"]), "ring and epoch")
        for c, secret in share["scalars"].items():
            same(encode_element(multiply(secret, BASE)), encode_element(epoch["shares"][c][share["trustee"]]), "verifying share")
        theirs = next(item for item in given["evaluations"] if item["trustee"] == share["trustee"])
        for blinded, element in zip(given["blinded"], theirs["elements"]):
            same(encode_element(multiply(share["scalars"][number], seal.element(hex_bytes(blinded)))).hex(), element, "evaluated element")
    same(len(vector["steps"]), len(combined), "number of steps")
    for step, element, asked in zip(vector["steps"], combined, given["blinded"]):
        salt, value = hex_bytes(step["salt"]), step["value"].encode()
        blind = oprf.lookup_blind(salt, number, value)
        same(oprf.lookup_commitment(salt, number, value).hex(), step["commitment"], "commitment")
        same(encode_element(multiply(blind, oprf.hash_to_group(oprf.VERIFIABLE, value))).hex(), step["blinded"], "blinded element")
        same((step["blinded"], step["combined"]), (asked, encode_element(element).hex()), "element asked and combined")
        token = oprf.finalize(value, blind, element)
        same((token[:16].hex(), oprf.posting_key(token).hex()), (step["name"], step["posting_key"]), "name and key of the posting list")


# ------------------------------------------------------------------------------------------------ posting lists

POSTING_REASONS = {
    "its version or its length": "layout", "does not open under this token": "forged", "not in the one form": "content",
}


def posting_lists(path):
    vectors = load(path)
    for case in vectors["good"]:
        flips = [everywhere(name, kind="hex") for name in ("list", "key", "salt", "sealed")] + [everywhere("handles", 0, kind="hex")]
        yield Case(case["name"], True, _sealed_list, case, flips=flips)
    for case in vectors["bad"]:
        reasons = {ours for theirs, ours in POSTING_REASONS.items() if theirs in case["error"]}
        need(len(reasons) == 1, "vector", f"{case['name']}: {case['error']}")
        expected = reasons.pop()
        yield Case(case["name"], False, _opened_list, case, lambda refused, expected=expected: refused.reason == expected)


def _opened_list(case):
    return oprf.open_list(hex_bytes(case["list"]), hex_bytes(case["key"]), hex_bytes(case["sealed"]))


def _sealed_list(case):
    same([handle.hex() for handle in _opened_list(case)], case["handles"], "handles")
    handles = [hex_bytes(text) for text in case["handles"]]
    sealed = oprf.seal_list(hex_bytes(case["list"]), hex_bytes(case["key"]), handles, hex_bytes(case["salt"]))
    same(sealed.hex(), case["sealed"], "sealed list")


# ------------------------------------------------------------------------------------------------ lookups


def lookups(path):
    """lookup.md: documents, and requests to a trustee with the refusal of each."""
    vectors = load(path)
    for case in vectors["documents"]:
        good = case["expect"] == "ok"
        yield Case(case["name"], good, lambda given: read_document(given["format"], given["text"].encode()), case,
                   reason(case["expect"]), flips=[everywhere("text", kind="foreign")] if good else ())
    view = _trustee(vectors)
    for case in vectors["cases"]:
        good = case["code"] is None
        yield Case(case["name"], good, lambda given, view=view: check_lookup(_has_read(view, given["leaves"]), given["request"].encode()),
                   case, reason(case["code"]), flips=[everywhere("request")] if good else ())


def _trustee(vectors):
    body, sigs = (json.loads(vectors["genesis_leaf"])[member] for member in ("body", "sigs"))
    control = begin(body, sigs)
    identities = [bytes.fromhex(member["identity"]) for member in control["genesis"]["trustees"]["members"]]
    rings = {}
    for name, kind, confirmations in (("ring", "sealing", "confirmations"), ("index_ring", "index", "index_confirmations")):
        rings[kind] = seal.read_ring(vectors[name].encode())
        seal.confirm_ring(rings[kind], [text.encode() for text in vectors[confirmations]], identities, kind, False)
    return {
        "trustee": vectors["trustee"], "now": seconds(vectors["now"]), "control": control, "genesis_leaf": vectors["genesis_leaf"],
        "sealing": rings["sealing"], "index": rings["index"],
        "shares": seal.read_share_epoch(vectors["index_shares"].encode(), rings["index"]),
    }


def _has_read(view, leaves):
    """The trustee after these leaves: it knows the root at every size."""
    hashes = [leaf_hash(leaf.encode()) for leaf in [view["genesis_leaf"], *leaves]]
    return {**view, "roots": {size: root_of(hashes[:size]) for size in range(1, len(hashes) + 1)}}
