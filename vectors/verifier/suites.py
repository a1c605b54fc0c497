"""One function per file of vectors: it reads the file's cases. SUITES names them all."""

import base64
import copy
import json
import os
import re

from . import approval, bundle, clients, control, leaf, merkle, note, seal, sums, tlog, wire
from .canonical import seconds
from .cases import Case, everywhere, reason, same
from .documents import manifest_root, read_document
from .edwards import encode_element, multiply
from .encoding import sha256
from .refusal import Refused, need

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def load(path):
    with open(os.path.join(ROOT, path), "rb") as file:
        return json.load(file)


def read_bytes(path):
    with open(os.path.join(ROOT, path), "rb") as file:
        return file.read()


# ------------------------------------------------------------------------------------------------ documents


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


def policy_bundle(path):
    """policy-bundle.md; edits of the built-in pack."""
    vectors = load(path)
    pack = os.path.join(os.path.dirname(ROOT), "packs", "policy", "eea-custodian")
    files = {name: read_bytes(os.path.join(pack, name)).decode() for name in bundle.FILES}

    def check(given):
        found = {name: text.encode() for name, text in given["files"].items()}
        bundle.check_bundle(found)
        same(bundle.digest(found).hex(), given["digest"], "digest")

    for case in vectors["vectors"]:
        edited = dict(files)
        for edit in case["edits"]:
            need(edit["old"] in edited[edit["file"]], "vector", f"{case['name']}: {edit['old']} is not in {edit['file']}")
            edited[edit["file"]] = edited[edit["file"]].replace(edit["old"], edit["new"])
        given = {"files": edited, "digest": vectors["digest"]}
        yield Case(case["name"], case["error"] is None, check, given, reason(case["error"]), [everywhere("files", name) for name in files])


# ------------------------------------------------------------------------------------------------ approvals


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


# ------------------------------------------------------------------------------------------------ the log


def _b64(text):
    return base64.b64decode(text, validate=True)


def _octets(given, name):
    """Text, or bytes that are no text."""
    return bytes.fromhex(given[f"{name}_hex"]) if f"{name}_hex" in given else given[name].encode()


def _text_end(signed):
    """Where the text of a note ends and the blank line begins."""
    return signed.rfind("\n\n")


def signed_notes(path):
    def check(given):
        if given["kind"] == "vkey":
            note.read_vkey(given["vkey"])
            return
        body, lines = note.read_note(_octets(given, "note"))
        need(note.check_note(body, lines, [note.read_vkey(key) for key in given["vkeys"]]), "signature", "of no known key")

    for case in load(path)["cases"]:
        need(case["kind"] in ("note", "vkey"), "vector", f"kind {case['kind']}")
        flips = [everywhere("vkey")] if case["kind"] == "vkey" else [(("note",), "text", 0, _text_end(case.get("note", "")) + 1)]
        yield Case(case["name"], case["ok"], check, case, flips=flips)


def checkpoints(path):
    def check(given):
        note.check_log_signature(note.read_checkpoint(given["checkpoint"].encode()), [note.read_vkey(given["log_vkey"])])

    for case in load(path)["cases"]:
        text = case["checkpoint"]
        flips = [(("checkpoint",), "text", 0, text.find("\n", _text_end(text) + 2)), everywhere("log_vkey")]
        yield Case(case["name"], case["ok"], check, case, flips=flips)


def cosignatures(path):
    def check(given):
        checkpoint, witness = note.read_checkpoint(given["checkpoint"].encode()), note.read_vkey(given["witness_vkey"])
        need(witness["type"] == note.WITNESS, "witness", "a log's key")
        found = note.check_note(checkpoint["body"], checkpoint["signatures"], [witness])
        need(found, "witness", "has not cosigned")
        same(max(time for _, time in found), given["timestamp"], "timestamp")

    for case in load(path)["cases"]:
        flips = [(("checkpoint",), "text", 0, _text_end(case["checkpoint"])), everywhere("witness_vkey")]
        yield Case(case["name"], case["ok"], check, case, flips=flips)


def merkle_proofs(path):
    def check(given):
        proof = [_b64(text) for text in given["proof"]]
        if given["kind"] == "inclusion":
            merkle.check_inclusion(given["index"], given["size"], _b64(given["leaf_hash"]), proof, _b64(given["root"]))
        else:
            merkle.check_consistency(given["old_size"], given["new_size"], proof, _b64(given["old_root"]), _b64(given["new_root"]))

    for case in load(path)["cases"]:
        need(case["kind"] in ("inclusion", "consistency"), "vector", f"kind {case['kind']}")
        # From size 0 every tree grows: the new root is not looked at.
        hashes = ["leaf_hash", "root"] if case["kind"] == "inclusion" else ["old_root", "new_root"] if case["old_size"] else ["old_root"]
        # Not the last two characters, of which one is padding and the other may have unused bits.
        flips = [((name,), "base64", 0, 42) for name in hashes] + [(("proof", at), "base64", 0, 42) for at in range(len(case["proof"]))]
        yield Case(case["name"], case["ok"], check, case, flips=flips)


def tiles(path):
    def check(given):
        if given["kind"] == "path":
            same(tlog.write_path(*tlog.read_path(given["path"])), given["path"], "path")
        elif given["kind"] == "bundle":
            tlog.read_bundle(bytes.fromhex(given["hex"]), tlog.read_path(given["path"])[2])
        elif given["kind"] == "hash-tile":
            tlog.read_hash_tile(bytes.fromhex(given["hex"]), tlog.read_path(given["path"])[2])
        elif given["kind"] == "log":
            entries = [f"leaf {number}".encode() for number in range(given["published"][-1])]
            same([merkle.root_of([merkle.leaf_hash(entry) for entry in entries[:size]]) for size in given["published"]],
                 [_b64(root) for root in given["roots"]], "roots")
            files = tlog.files_of(entries, given["published"])
            same({path: sha256(data).hex() for path, data in files.items()}, given["sha256"], "files")
        else:
            paths = tlog.growth(given["from"], given["to"])
            same([item for item in paths if ".p/" in item or not given["partial_only"]], given["paths"], "paths")

    for case in load(path)["cases"]:
        need(case["kind"] in ("path", "growth", "bundle", "hash-tile", "log"), "vector", f"kind {case['kind']}")
        flips = {
            "path": [(("path",), "foreign", 0, None)], "bundle": [(("hex",), "hex", 0, 4)],
            # Any 32 bytes may be a hash; only their number can be wrong.
            "hash-tile": [], "log": [(("sha256", path), "hex", 0, None) for path in case.get("sha256", {})],
            "growth": [everywhere("paths", at) for at in range(len(case.get("paths", [])))],
        }
        yield Case(case["name"], case["ok"], check, case, flips=flips[case["kind"]])


def tlog_policies(path):
    def check(given):
        policy = tlog.read_policy(_octets(given, "policy"))
        try:
            tlog.lint(policy)
            refused = False
        except Refused:
            refused = True
        same(refused, given["refused_by_linter"], "refused by the linter")

    for case in load(path)["cases"]:
        text = case.get("policy", "")
        begin = text.find("log.example")
        # The key of a log, without a URL behind it.
        flips = [(("policy",), "text", begin, begin + re.search("[ \t\n]|$", text[begin:]).start())] if begin >= 0 else []
        yield Case(case["name"], case["ok"], check, case, flips=flips)


def tlog_proofs(path):
    def check(given):
        proof, policy = tlog.read_proof(given["proof"].encode()), tlog.read_policy(given["policy"].encode())
        tlog.check_proof(given["leaf"].encode(), proof, policy, given["min_time"], given["max_time"])
        same(proof["index"], given["index"], "index")

    for case in load(path)["cases"]:
        # The line `extra` is authenticated by nothing.
        flips = [(("proof",), "text", case["proof"].find("index "), _text_end(case["proof"])), everywhere("leaf")]
        yield Case(case["name"], case["ok"], check, case, flips=flips)


def witnesses(path):
    def check(given):
        latest = given["latest"].encode() if given["latest"] else None
        answer = tlog.answer_add_checkpoint(given["request"].encode(), note.read_vkey(given["log_vkey"]), latest)
        same(answer, (given["status"], given["conflict_body"]), "answer")
        need(answer[0] == 200, "status", str(answer[0]))

    for case in load(path)["cases"]:
        same(case["ok"], case["status"] == 200, "vector")
        yield Case(case["name"], case["ok"], check, case, flips=[(("request",), "text", 0, _text_end(case["request"]))])


def witness_answers(path):
    def check(given):
        log, witness, body = note.read_vkey(given["log_vkey"]), note.read_vkey(given["witness_vkey"]), given["body"].encode()
        if given["kind"] == "cosignatures":
            found = tlog.read_cosignatures(body, note.read_checkpoint(given["checkpoint"].encode())["body"], witness)
            same([found], note.read_lines(f"{given['cosigned']}\n"), "line")
        elif given["kind"] == "conflict":
            same(tlog.read_conflict(body), given["size"], "size")
        else:
            tlog.check_latest(body, log, witness)
            same(tlog.monitoring_path(log["name"]), given["path"], "path")

    for case in load(path)["cases"]:
        need(case["kind"] in ("cosignatures", "conflict", "latest"), "vector", f"kind {case['kind']}")
        # Of an answer with several lines only the witness's own counts.
        flips = {"cosignatures": [everywhere("body")] if case["body"].count("\n") == 1 else [], "conflict": [everywhere("body")],
                 "latest": [(("body",), "text", 0, _text_end(case["body"]))]}
        yield Case(case["name"], case["ok"], check, case, flips=flips[case["kind"]])


def frontiers(path):
    def check(given):
        size, root = tlog.read_frontier(bytes.fromhex(given["hex"]))
        same((size, root), (given["size"], _b64(given["root"])), "frontier")

    for case in load(path)["cases"]:
        yield Case(case["name"], case["ok"], check, case, flips=[everywhere("hex", kind="hex")])


def leaves(path):
    def check(given):
        fields = leaf.check_disclosures(leaf.read_leaf(given["leaf"].encode()), given["disclosures"])
        same(fields or None, given["fields"], "fields")

    for case in load(path)["cases"]:
        # Most of a leaf is random; only its form can be wrong by itself.
        flips = [(("leaf",), "foreign", 0, None)] + [everywhere("disclosures", at) for at in range(len(case["disclosures"]))]
        yield Case(case["name"], case["ok"], check, case, flips=flips)


# ------------------------------------------------------------------------------------------------ sealed records


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


# ------------------------------------------------------------------------------------------------ between the parties


def signed_documents(path):
    vectors = load(path)

    def check(given):
        wire.open_signed("receipt", given["text"].encode(), bytes.fromhex(vectors["key"]))

    for case in vectors["cases"]:
        yield Case(case["name"], case["expect"] == "ok", check, case, reason(case["expect"]), [everywhere("text")])


def folding(path):
    """control.md: the state after every control leaf of one journal, accepted or not."""
    vectors = load(path)

    def check_genesis(given):
        same(control.begin(given["body"], given["sigs"])["in_force"]["genesis"], given["digest"], "digest")

    def check_step(given):
        folded, witnessed, refused = copy.deepcopy(given["before"]), seconds(given["witnessed"]), None
        try:
            control.fold(folded, given["body"], given["sigs"], witnessed)
        except Refused as error:
            refused = error
        state = control.state_at(folded, witnessed)
        same(control.state_text(state), given["state_text"], "state")
        same(control.state_digest(state).hex(), given["state"], "digest of the state")
        if refused:
            raise refused

    genesis = vectors["genesis"]
    yield Case("genesis", True, check_genesis, genesis, flips=[everywhere("body"), everywhere("sigs", 0, "sig"), everywhere("sigs", 3, "by")])
    before = control.begin(genesis["body"], genesis["sigs"])
    for at, step in enumerate(vectors["steps"], 1):
        flips = [everywhere("body"), everywhere("sigs", 0, "sig"), everywhere("sigs", 0, "by")]
        yield Case(f"step {at}", step["accepted"], check_step, {**step, "before": copy.deepcopy(before)}, flips=flips)
        try:
            control.fold(before, step["body"], step["sigs"], seconds(step["witnessed"]))
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


SUITES = {
    "approve/armor.json": armour, "approve/keys.json": keys, "approve/signatures.json": signatures, "core/documents.json": documents,
    "desk/clients-csv.json": clients_csv, "policy/bundle.json": policy_bundle, "policy/directory.json": documents_of("directory"),
    "policy/facts.json": documents_of("facts"), "seal/must-fail.json": seal_must_fail, "seal/valid.json": seal_valid,
    "tlog/checkpoint.json": checkpoints, "tlog/cosignature.json": cosignatures, "tlog/frontier.json": frontiers, "tlog/leaf.json": leaves,
    "tlog/merkle.json": merkle_proofs,
    "tlog/signed-note.json": signed_notes, "tlog/tiles.json": tiles, "tlog/tlog-policy.json": tlog_policies, "tlog/tlog-proof.json": tlog_proofs,
    "tlog/witness.json": witnesses, "tlog/witness-answers.json": witness_answers, "verify/documents.json": documents, "verify/folding.json": folding, "verify/requests/index.json": requests,
    "verify/signed.json": signed_documents, "verify/sums.json": digest_lists,
}
