"""Sealed records: labels, headers, rings, share epochs, replies, opening."""

import re

from .. import ceremony, seal
from ..cases import Case, everywhere, same
from ..edwards import encode_element, multiply
from ..refusal import need
from .files import load


def _ring(given):
    ring = seal.read_ring(given["ring"].encode())
    seal.confirm_ring(
        ring, [text.encode() for text in given["confirmations"]], [bytes.fromhex(text) for text in given["identities"]], given["key_type"],
        given["allow_dealer"])
    return ring


def _share_epoch(given):
    ring = _ring(given)
    return ring, seal.read_share_epoch(given["share_epoch"].encode(), ring)


def _capsule(given):
    header, label = seal.read_header(bytes.fromhex(given["header"])), seal.read_label(bytes.fromhex(given["label"]))
    need(seal.header_holds(header, label["bytes"], bytes.fromhex(given["ring_id"])), "proof", "first at position 0")


def _batch(given):
    headers = [seal.read_header(bytes.fromhex(capsule["header"])) for capsule in given["capsules"]]
    labels = [seal.read_label(bytes.fromhex(capsule["label"]))["bytes"] for capsule in given["capsules"]]
    bad = seal.check_headers(headers, labels, bytes.fromhex(given["ring_id"]), bytes.fromhex(given["seed"]))
    need(not bad, "proof", f"first at position {bad[:1]}")


def _reply(given):
    context = seal.reply_context(bytes.fromhex(given["order"]), bytes.fromhex(given["ring_id"]), given["trustee"], given["share_epoch"])
    envelope, seed = bytes.fromhex(given["envelope"]), bytes.fromhex(given["recipient_seed"])
    seal.read_reply(seal.open_envelope(envelope, context, bytes.fromhex(given["identity"]), seed))


def _open(given):
    ring, epoch = _share_epoch(given)
    records = []
    for item in given["records"]:
        record = seal.read_record(bytes.fromhex(item["record"]))
        need(record["ring_id"] == ring["id"], "another ring")
        need(seal.header_holds(record["header"], record["label"]["bytes"], ring["id"]), "proof", "first at position 0")
        sigmas = {seal.CLASSES[name]: bytes.fromhex(text) for name, text in item["sigmas"].items()}
        records.append((record, [seal.CLASSES[name] for name in item["classes"]], sigmas))
    replies = {item["trustee"]: seal.read_reply(bytes.fromhex(item["reply"])) for item in given["replies"]}
    opened, liars = seal.open_records(ring, epoch, bytes.fromhex(given["order"]), records, replies)
    if "contents" in given:
        same([{seal.CLASS_NAMES[c]: text.hex() for c, text in record.items()} for record in opened], [given["contents"]], "contents")
    # The record opens all the same; what must not happen is that nobody is named.
    need(not liars, "lied", f"trustees {sorted(liars)}")


OPERATIONS = {
    "element": lambda given: seal.element_not_identity(bytes.fromhex(given["bytes"])),
    "label": lambda given: seal.read_label(bytes.fromhex(given["bytes"])),
    "header": lambda given: seal.read_header(bytes.fromhex(given["bytes"])),
    "record": lambda given: seal.read_record(bytes.fromhex(given["bytes"])),
    "index-share": lambda given: seal.read_stored_share(bytes.fromhex(given["bytes"]), "index"),
    "sealing-share": lambda given: seal.read_stored_share(bytes.fromhex(given["bytes"]), "sealing"),
    "capsule": _capsule, "batch": _batch, "ring": _ring, "share-epoch": _share_epoch, "reply": _reply, "open": _open,
}
OPERATION_FLIPS = {
    "capsule": [everywhere(name, kind="hex") for name in ("header", "label", "ring_id")],
    "record": [everywhere("bytes", kind="hex")],
    "ring": [everywhere("ring"), everywhere("confirmations", 2), everywhere("identities", 1, kind="hex")],
    "share-epoch": [everywhere("share_epoch")],
    "reply": [everywhere(name, kind="hex") for name in ("envelope", "identity", "order", "ring_id", "recipient_seed")],
    "open": [
        everywhere("order", kind="hex"), everywhere("records", 0, "record", kind="hex"), everywhere("records", 0, "sigmas", "name", kind="hex"),
        everywhere("replies", 1, "reply", kind="hex"),
    ],
}
# The vectors name the program's own error texts; which of the reasons here belongs to which of them.
SEAL_REASONS = {
    "the element is the identity": "identity", "are not a canonical ristretto255 element": "encoding", "behind the end": "length",
    "classes are not 1 or more": "classes", "is neither 0 nor a month": "period", "is not a canonical scalar": "scalar",
    "of the headers fails": "proof", "a dealer knew the keys": "dealer", "is for another ring or its signature is wrong": "confirmation",
    "has not confirmed this ring": "unconfirmed", "does not belong to the ring's key type": "key type", "may be used": "key type",
    "the share epoch belongs to ring": "another ring", "do not interpolate": "interpolation", "do not have the body digest": "body digest",
    "does not have a padded length": "padding", "the sender's signature does not cover": "signature", "are needed": "too few", " lied": "lied",
    "secret was erased": "erased", "the key does not match the sealed commitment": "commitment", "the sealed content does not open": "content",
}


def seal_must_fail(path):
    """seal.md, ring.md, label.md: operations that must fail, with the party or position that the error names."""
    for case in load(path)["cases"]:
        reasons = {ours for theirs, ours in SEAL_REASONS.items() if theirs in case["error"]}
        need(len(reasons) == 1 and case["operation"] in OPERATIONS, "vector", f"{case['name']}: {case['error']}")
        named = re.findall(r"position (\d+)|trustee (\d+) lied|wrong: trustee (\d+)|trustees (\[.*?\])", case["error"])
        named = [text for found in named for text in found if text]

        def matches(refused, expected=reasons.pop(), named=named):
            return refused.reason == expected and all(text in str(refused) for text in named)

        yield Case(case["name"], False, OPERATIONS[case["operation"]], case["input"], matches)


def seal_valid(path):
    """One record sealed from all its secrets, answered by five trustees and opened."""
    vectors = load(path)
    for operation, given in vectors["operations"].items():
        if operation == "open":
            given = {**given, "contents": vectors["sealing"]["contents"]}
        yield Case(operation, True, OPERATIONS[operation], given, flips=OPERATION_FLIPS[operation])
    yield Case("second generator", True, lambda given: same(encode_element(seal.GBAR).hex(), given["point"], "point"),
               {"point": vectors["second_generator"]}, flips=[everywhere("point", kind="hex")])
    ring = vectors["operations"]["share-epoch"]
    yield Case("ring id", True, lambda given: same(_ring(ring)["id"].hex(), given["id"], "ring id"), {"id": vectors["ring_id"]},
               flips=[everywhere("id", kind="hex")])
    yield Case("share epoch digest", True, lambda given: same(_share_epoch(ring)[1]["digest"].hex(), given["digest"], "digest"),
               {"digest": vectors["share_epoch_digest"]}, flips=[everywhere("digest", kind="hex")])
    yield Case("sealing", True, _check_sealing, {**vectors["sealing"], "ring": vectors["operations"]["ring"]["ring"]},
               flips=[everywhere(name, kind="hex") for name in ("fresh", "local", "sigma", "record", "header", "label")])
    for text in vectors["shares"]:
        yield Case("share", True, _check_share, {"share": text, "open": vectors["operations"]["open"]}, flips=[everywhere("share", kind="hex")])


def _check_sealing(given):
    """seal.md, "Sealing": the same secrets give the same bytes."""
    ring = seal.read_ring(given["ring"].encode())
    contents = {seal.CLASSES[name]: bytes.fromhex(text) for name, text in given["contents"].items()}
    label = bytes.fromhex(given["label"])
    record = seal.seal_record(
        ring, ring["id"], label[:-32], contents, bytes.fromhex(given["sigma"]), bytes.fromhex(given["fresh"]), bytes.fromhex(given["local"]))
    same(record.hex(), given["record"], "record")
    same(record[35 + len(label):195 + len(label)].hex(), given["header"], "header")
    same(seal.read_record(record)["label"]["bytes"], label, "label")


def _check_share(given):
    """ring.md, "Stored share": the scalars are those behind the verifying shares and the elements of the reply."""
    share = seal.read_stored_share(bytes.fromhex(given["share"]), "sealing")
    ring, epoch = _share_epoch(given["open"])
    same((share["ring_id"], share["share_epoch"], set(share["scalars"])), (ring["id"], epoch["number"], set(ring["points"])), "ring, epoch, classes")
    record = seal.read_record(bytes.fromhex(given["open"]["records"][0]["record"]))
    reply = next((item["reply"] for item in given["open"]["replies"] if item["trustee"] == share["trustee"]), None)
    need(reply is not None, "trustee", str(share["trustee"]))
    for c, secret in share["scalars"].items():
        same(encode_element(multiply(secret, seal.G)), encode_element(epoch["shares"][c][share["trustee"]]), "verifying share")
    for c, (zs, _, _) in seal.read_reply(bytes.fromhex(reply)).items():
        same([encode_element(multiply(share["scalars"][c], record["header"]["u"]))], zs, "element of the reply")


def ceremonies(path):
    """ceremony.md: ring and share epoch from the leaves of a ceremony's log."""
    def check(given):
        rings = ceremony.recompute([bytes.fromhex(entry) for entry in given["entries"]])
        told = [given] + ([given["index"]] if "index" in given else [])
        same(rings, [(one["ring"], one["ring_id"], one["shares"]) for one in told], "rings and shares")

    for case in load(path)["cases"]:
        def matches(refused, case=case):
            return refused.reason == case["expect"] and (case["names"] is None or str(case["names"]) in str(refused))

        flips = [everywhere("entries", at, kind="hex") for at in range(len(case["entries"]))] + [everywhere("ring_id", kind="hex")]
        if "index" in case:
            flips += [everywhere("index", "ring_id", kind="hex"), everywhere("index", "shares", kind="hex")]
        yield Case(case["name"], case["expect"] == "ok", check, case, matches, flips)
