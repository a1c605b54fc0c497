"""What shares go through after the ceremony: seal/share-life.json."""

import copy
import re

from .. import shares
from ..cases import Case, everywhere, same
from ..refusal import need
from .files import load
from .sealed import OPERATIONS as SEALED, SEAL_REASONS, _share_epoch


def _hex(texts):
    return [bytes.fromhex(text) for text in texts]


def _envelopes(items):
    return [(item["from"], bytes.fromhex(item["envelope"])) for item in items]


def _resharing(given):
    ring, epoch = _share_epoch(given)
    plan = shares.resharing(ring, epoch, bytes.fromhex(given["session"]), given["dealers"], _hex(given["holders"]))
    return plan, shares.read_resharing(plan, _hex(given["broadcasts"]))


def _reshare_outcome(given):
    plan, broadcasts = _resharing(given)
    text = shares.resharing_outcome(plan, broadcasts)
    shares.key_is_kept(plan, text)
    return {"digest": plan["digest"].hex(), "share_epoch": text}


def _reshare_finish(given):
    plan, broadcasts = _resharing(given)
    seed, kept = bytes.fromhex(given["exchange_seed"]), bytes.fromhex(given["kept"])
    text, share = shares.finish_resharing(plan, broadcasts, given["index"], seed, kept, _envelopes(given["messages"]))
    return {"share_epoch": text, "share": share.hex()}


def _repair(given):
    ring, epoch = _share_epoch(given)
    session, holders = bytes.fromhex(given["session"]), _hex(given["holders"])
    plan = shares.repair(ring, epoch, session, given["lost"], given["helpers"], holders)
    return plan, shares.read_repair(plan, bytes.fromhex(given["request"]), _hex(given["broadcasts"]))


def _repair_add(given):
    plan, heard = _repair(given)
    seed, kept = bytes.fromhex(given["exchange_seed"]), bytes.fromhex(given["kept"])
    shares.add_summands(plan, heard, given["index"], seed, kept, _envelopes(given["messages"]))
    return None


def _repair_finish(given):
    plan, heard = _repair(given)
    share = shares.finish_repair(plan, heard, bytes.fromhex(given["exchange_seed"]), _envelopes(given["sums"]))
    return {"share": share.hex()}


def _confirmed(given):
    ring, epoch = _share_epoch(given)
    shares.confirm_epoch(ring, epoch, [text.encode() for text in given["epoch_confirmations"]], _hex(given["holders"]))
    return {"digest": epoch["digest"].hex()}


OPERATIONS = {
    "reshare-outcome": _reshare_outcome, "reshare-finish": _reshare_finish, "repair-add": _repair_add, "repair-finish": _repair_finish,
    "confirmed-epoch": _confirmed, "share-epoch": SEALED["share-epoch"], "open": SEALED["open"],
}
FLIPS = {
    "reshare-outcome": [
        everywhere("session", kind="hex"), everywhere("holders", 1, kind="hex"), everywhere("broadcasts", 0, kind="hex"),
        everywhere("broadcasts", 2, kind="hex"), everywhere("share_epoch"), everywhere("gives", "share_epoch"),
    ],
    "reshare-finish": [
        everywhere("exchange_seed", kind="hex"), everywhere("kept", kind="hex"), everywhere("messages", 1, "envelope", kind="hex"),
        everywhere("gives", "share", kind="hex"),
    ],
    "repair-add": [everywhere("request", kind="hex"), everywhere("kept", kind="hex"), everywhere("messages", 0, "envelope", kind="hex")],
    "repair-finish": [
        everywhere("exchange_seed", kind="hex"), everywhere("broadcasts", 1, kind="hex"), everywhere("sums", 2, "envelope", kind="hex"),
        everywhere("gives", "share", kind="hex"),
    ],
    "confirmed-epoch": [everywhere("epoch_confirmations", 1), everywhere("holders", 2, kind="hex"), everywhere("share_epoch")],
}
# The program's texts and the reasons here; `{}` is the trustee named.
REASONS = {
    r"plan cannot be followed": "plan", r"message of trustee (\d+) is missing": "missing", r"that of trustee (\d+) is malformed": "malformed",
    r"that of trustee (\d+) is not signed": "broadcast signature", r"trustee (\d+) commits to an unusable element: the element": "identity of trustee {}",
    r"trustee (\d+) commits to an unusable element: 32 bytes": "encoding", r"trustee (\d+) does not commit to its own share": "foreign share",
    r"trustee (\d+) sent a value": "value of trustee {}", r"message of trustee (\d+): envelope: does not open": "content",
    r"has not confirmed this share epoch": "unconfirmed", r"is for another share epoch": "confirmation", r"has (\d+) shares of": "share epoch", r"held by different numbers": "share epoch",
}


def share_life(path):
    """ring.md: a refresh, an enrolment, a removal and a repair, and everything in them that must fail."""
    vectors = load(path)
    for case in vectors["valid"]:
        operation = OPERATIONS[case["operation"]]

        def check(given, operation=operation):
            same(operation(given), given["gives"], "gives")

        yield Case(case["name"], True, check, {**case["input"], "gives": case["gives"]}, flips=FLIPS[case["operation"]])
    for case in vectors["must_fail"]:
        expected = {ours.format(*found.groups()) for theirs, ours in REASONS.items() if (found := re.search(theirs, case["error"]))}
        expected |= {ours for theirs, ours in SEAL_REASONS.items() if not expected and theirs in case["error"]}
        need(len(expected) == 1 and case["operation"] in OPERATIONS, "vector", f"{case['name']}: {case['error']}")
        base = next((valid["input"] for valid in vectors["valid"] if valid["name"] == case["base"]), {})
        yield Case(case["name"], False, OPERATIONS[case["operation"]], _changed(base, case["change"]), _matches(expected.pop(), case["error"]))


def _changed(base, change):
    """The valid input with the members and elements of lists that the case replaces, named by JSON pointers."""
    changed = copy.deepcopy(base)
    for pointer, value in change.items():
        _, name, *place = pointer.split("/")
        if place:
            changed[name][int(place[0])] = value
        else:
            changed[name] = value
    return changed


def _matches(expected, error):
    named = re.findall(r"broadcast: that of trustee \d+|trustee \d+ does not commit|wrong: trustee \d+|trustee \d+ has not|by trustee \d+", error)
    named = [re.search(r"trustee \d+", text).group() for text in named] + re.findall(r"trustees (\[[^]]+\])", error)
    return lambda refused: refused.reason == expected and all(text in str(refused) for text in named)
