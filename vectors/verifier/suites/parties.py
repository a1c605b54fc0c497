"""Documents, approvals, control leaves, requests and lists of digests: what the parties write and send."""

import copy
import json
import os

from .. import approval, bundle, clients, control, leaf, merkle, presence, seal, sums, wire
from ..canonical import seconds
from ..cases import Case, everywhere, reason, same
from ..documents import manifest_root, read_document
from ..resealed import check_resealed
from ..refusal import Refused, need
from .files import load, read_bytes


def documents(path):
    """canonical-json.md and the page of each format."""
    def check(given):
        data = bytes.fromhex(given["hex"]) if "hex" in given else given["text"].encode()
        value, digest = read_document(given["format"], data)
        if "digest" in given:
            same(digest.hex(), given["digest"], "digest")
        if "root" in given:
            same(manifest_root(value).hex(), given["root"], "root")

    for case in load(path)["cases"]:
        good = case["expect"] == "ok"
        need(not good or case.get("digest"), "vector", f"{case['name']}: no digest")
        yield Case(f"{case['format']}: {case['name']}", good, check, case, reason(case["expect"]), [everywhere("text")])


def documents_of(kind):
    """Vectors of one kind of document: the digest, or null for those that must fail."""
    def suite(path):
        def check(given):
            same(read_document(kind, given["text"].encode())[1].hex(), given["digest"], "digest")

        for case in load(path)["vectors"]:
            yield Case(case["name"], case["digest"] is not None, check, case, flips=[everywhere("text")])

    return suite


def keys(path):
    for case in load(path)["vectors"]:
        # A changed digit may be another key, so a character that no key holds is put in.
        yield Case(case["name"], case["valid"], lambda given: approval.read_key(given["key"]), case, flips=[(("key",), "foreign", 0, None)])


def signatures(path):
    def check(given):
        approval.check_signature(approval.read_key(given["key"]), given["namespace"], given["message"].encode(), given["signature"])

    for case in load(path)["vectors"]:
        # Not the label of the line: a passkey signs the digest, which is bound to the label by its domain.
        flips = [everywhere("signature"), (("message",), "text", case["message"].find(" ") + 1, None)]
        yield Case(case["name"], case["valid"], check, case, reason(case["error"]), flips)


def armour(path):
    def check(given):
        same(approval.unarmour(given["armor"]), given["signature"], "signature")

    for case in load(path)["vectors"]:
        yield Case(case["name"], case["signature"] is not None, check, case, flips=[everywhere("armor")])


def signed_documents(path):
    vectors = load(path)

    def check(given):
        wire.open_signed("receipt", given["text"].encode(), bytes.fromhex(vectors["key"]))

    for case in vectors["cases"]:
        yield Case(case["name"], case["expect"] == "ok", check, case, reason(case["expect"]), [everywhere("text")])


def resealed(path):
    """resealed.md: what a worker gives back of a run."""
    known = load(path)

    def check(given):
        check_resealed(known, given["signed"].encode(), {key: bytes.fromhex(text) for key, text in given["files"].items()})

    for case in known["cases"]:
        good = case["expect"] == "ok"
        flips = [everywhere("signed"), everywhere("files", min(case["files"]), kind="hex")] if good else ()
        yield Case(case["name"], good, check, case, flips=flips)


def folding(path):
    """control.md, totals.md: state and totals after every control leaf of one journal, accepted or not."""
    vectors = load(path)

    def check_genesis(given):
        same(control.begin(given["body"], given["sigs"])["in_force"]["genesis"], given["digest"], "digest")

    def check_step(given):
        folded, witnessed, refused = copy.deepcopy(given["before"]), seconds(given["witnessed"]), None
        try:
            control.fold(folded, given["index"], given["body"], given["sigs"], witnessed)
        except Refused as error:
            refused = error
        same(folded["totals"] and folded["totals"]["number"], given["totals"], "number of the last totals")
        state = control.state_at(folded, witnessed)
        same(control.state_text(state), given["state_text"], "state")
        same(control.state_digest(state).hex(), given["state"], "digest of the state")
        if "silent" in given:
            same(presence.silent(folded, state, witnessed), given["silent"], "who is silent")
        if refused:
            raise refused

    genesis = vectors["genesis"]
    yield Case("genesis", True, check_genesis, genesis, flips=[everywhere("body"), everywhere("sigs", 0, "sig"), everywhere("sigs", 3, "by")])
    before = control.begin(genesis["body"], genesis["sigs"])
    for at, step in enumerate(vectors["steps"], 1):
        flips = [everywhere("body"), everywhere("sigs", 0, "sig"), everywhere("sigs", 0, "by")]
        yield Case(f"step {at}", step["accepted"], check_step, {**step, "index": at, "before": copy.deepcopy(before)}, flips=flips)
        try:
            control.fold(before, at, step["body"], step["sigs"], seconds(step["witnessed"]))
        except Refused:
            continue


def requests(path):
    """wire.md, "What a trustee checks". The vectors hold refusals up to the policy; what lies behind it is checked on the last of them."""
    vectors, folder = load(path), os.path.dirname(path)
    view = _view(vectors, folder)

    def check(given):
        wire.check_request(given["view"], given["text"].encode())

    for case in vectors["cases"]:
        given = {"view": view, "text": read_bytes(f"{folder}/{case['file']}").decode()}
        yield Case(case["file"], False, check, given, reason(case["code"]))
    held = {**view, "bundle": view["control"]["genesis"]["policy"]}
    whole = {"view": held, "text": read_bytes(f"{folder}/other-policy.signed").decode()}
    yield Case("other-policy.signed where the bundle is held", True, check, whole, flips=[everywhere("text")])

    def headers(given):
        desk_key = bytes.fromhex(view["control"]["genesis"]["desk_key"])
        wire.check_headers(view["ring"]["id"], wire.open_signed("request", given["text"].encode(), desk_key))

    yield Case("headers of other-policy.signed", True, headers, whole, flips=[everywhere("text")])


def readings(path):
    """reading.md, "What a trustee checks": one journal, one trustee, what it has counted before."""
    vectors = load(path)
    genesis = vectors["genesis"]
    folded = control.begin(genesis["body"], genesis["sigs"])
    for change in vectors["changes"]:
        control.fold(folded, change["index"], change["body"], change["sigs"], seconds(change["witnessed"]))
    hashes = [bytes.fromhex(item) for item in vectors["leaf_hashes"]]
    ring = seal.read_ring(vectors["ring"].encode())
    identities = [bytes.fromhex(member["identity"]) for member in folded["genesis"]["trustees"]["members"]]
    seal.confirm_ring(ring, [text.encode() for text in vectors["confirmations"]], identities, "sealing", False)
    files = {file["name"]: file["text"].encode() for file in json.loads(vectors["bundle"])["files"]}
    bundle.check_bundle(files)
    view = {
        "trustee": vectors["trustee"], "now": seconds(vectors["now"]), "control": folded, "ring": ring,
        "shares": seal.read_share_epoch(vectors["shares"].encode(), ring), "bundle": bundle.digest(files).hex(),
        "pack": json.loads(files["pack.json"]), "roots": {size: merkle.root_of(hashes[:size]) for size in range(len(hashes) + 1)},
    }

    def check(given):
        counted = {(item["by"], item["of"]): item["people"] for item in given["counted"]}
        wire.check_request({**view, "counted": counted}, given["text"].encode())

    for case in vectors["cases"]:
        good = case["expect"] == "ok"
        yield Case(case["name"], good, check, case, None if good else reason(case["expect"]), [everywhere("text")])


def _view(vectors, folder):
    """What the trustee knows by itself: the journal it read, ring, shares and directory."""
    leaves = [read_bytes(f"{folder}/{name}") for name in ("genesis.leaf", "leaf-1.leaf", "leaf-2.leaf")]
    genesis = leaf.read_leaf(leaves[0])
    folded = control.begin(genesis["body"], genesis["sigs"])
    hashes = [merkle.leaf_hash(item) for item in leaves]
    ring = seal.read_ring(read_bytes(f"{folder}/ring.json"))
    identities = [bytes.fromhex(member["identity"]) for member in folded["genesis"]["trustees"]["members"]]
    confirmations = [read_bytes(f"{folder}/ring-confirmations/{number:03}.json") for number in range(1, len(identities) + 1)]
    seal.confirm_ring(ring, confirmations, identities, "sealing", False)
    directory, digest = read_document("directory", read_bytes(f"{folder}/directory.json"))
    return {
        "trustee": vectors["trustee"], "now": seconds(vectors["now"]), "control": folded, "ring": ring,
        "shares": seal.read_share_epoch(read_bytes(f"{folder}/shares.json"), ring), "directory": directory, "directory_digest": digest.hex(),
        "bundle": None, "roots": {size: merkle.root_of(hashes[:size]) for size in range(len(hashes) + 1)},
    }


def digest_lists(path):
    """evidence.md, "The list of digests"."""
    def check(given):
        sums.check_sums({name: text.encode() for name, text in given["files"].items()})

    for case in load(path)["cases"]:
        flips = [everywhere("files", name) for name in case["files"]]
        yield Case(case["name"], case["fault"] is None, check, case, reason(case["fault"]), flips)


def clients_csv(path):
    """clients-csv.md: clients and references of good files, what is said of bad ones."""
    vectors = load(path)
    key = bytes.fromhex(vectors["key"])

    def check(given):
        same(clients.read_clients(bytes.fromhex(given["file_hex"]), given["options"], key), given["clients"], "clients")

    for case in vectors["references"]:
        flips = [everywhere("tag", kind="hex")]
        yield Case(f"reference: {case['kind']}", True, lambda given: same(clients.reference(key, given), given["tag"], "tag"), case, flips=flips)
    for case in vectors["good"]:
        # An ignored column may hold anything; the last byte is a line feed, and white space instead of it is trimmed.
        flips = [] if case["options"].get("ignore") else [(("file_hex",), "hex", 0, len(case["file_hex"]) - 2)]
        yield Case(case["name"], True, check, case, flips=flips)
    for case in vectors["bad"]:
        yield Case(case["name"], False, lambda given: clients.read_clients(bytes.fromhex(given["file_hex"]), given["options"], key), case,
                   lambda refused, error=case["error"]: clients.says(refused, error))
