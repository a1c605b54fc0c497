"""The log: notes, checkpoints, proofs, tiles, policies, witnesses and leaves."""

import base64
import re

from .. import leaf, merkle, monitor, note, tlog
from ..cases import Case, everywhere, same
from ..encoding import sha256
from ..refusal import Refused, need
from .files import load


def _b64(text):
    return base64.b64decode(text, validate=True)


def _bytes_of(given, name):
    """Text, or bytes that are not UTF-8 in hexadecimal."""
    return bytes.fromhex(given[f"{name}_hex"]) if f"{name}_hex" in given else given[name].encode()


def _text_end(signed):
    """Where the text of a note ends and the blank line begins."""
    return signed.rfind("\n\n")


def signed_notes(path):
    def check(given):
        if given["kind"] == "vkey":
            note.read_vkey(given["vkey"])
            return
        body, lines = note.read_note(_bytes_of(given, "note"))
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
    checks = {"path": _check_path, "growth": _check_growth, "log": _check_log, "hash-tile": _check_hash_tile, "bundle": _check_bundle}
    for case in load(path)["cases"]:
        need(case["kind"] in checks, "vector", f"kind {case['kind']}")
        flips = {
            "path": [(("path",), "foreign", 0, None)], "bundle": [(("hex",), "hex", 0, 4)], "hash-tile": [],
            "growth": [everywhere("paths", at) for at in range(len(case.get("paths", [])))],
            "log": [everywhere("sha256", name, kind="hex") for name in case.get("sha256", {})] + [(("roots", 0), "base64", 0, 42)],
        }
        yield Case(case["name"], case["ok"], checks[case["kind"]], case, flips=flips[case["kind"]])


def _check_path(given):
    same(tlog.write_path(*tlog.read_path(given["path"])), given["path"], "path")


def _check_growth(given):
    paths = tlog.growth(given["from"], given["to"])
    same([item for item in paths if ".p/" in item or not given["partial_only"]], given["paths"], "paths")


def _check_log(given):
    """A log of the texts `leaf n` that published these sizes: every file by its SHA-256, the root at every size."""
    entries = [f"leaf {number}".encode() for number in range(max(given["published"]))]
    files = tlog.files_of(entries, given["published"])
    same({name: sha256(data).hex() for name, data in files.items()}, given["sha256"], "files")
    roots = [merkle.root_of([merkle.leaf_hash(entry) for entry in entries[:size]]) for size in given["published"]]
    same(roots, [_b64(text) for text in given["roots"]], "roots")


def _check_hash_tile(given):
    level, _, width = tlog.read_path(given["path"])
    need(level is not None, "malformed", "the path of a bundle")
    tlog.read_hash_tile(bytes.fromhex(given["hex"]), width)


def _check_bundle(given):
    level, _, width = tlog.read_path(given["path"])
    need(level is None, "malformed", "the path of a hash tile")
    tlog.read_bundle(bytes.fromhex(given["hex"]), width)


def frontiers(path):
    """tiles.md, "Frontier": what is read gives the root of the leaves `leaf 0`, `leaf 1`, ..."""
    def check(given):
        size, root = tlog.read_frontier(bytes.fromhex(given["hex"]))
        same((size, root), (given["size"], _b64(given["root"]) if given["root"] else None), "size and root")
        same(merkle.root_of([merkle.leaf_hash(f"leaf {number}".encode()) for number in range(size)]), root, "root of the leaves")

    for case in load(path)["cases"]:
        yield Case(case["name"], case["ok"], check, case, flips=[everywhere("hex", kind="hex")])


def witness_answers(path):
    """witness.md, "Reading the answer"."""
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
        # Of several lines only the witness's own are looked at; of a checkpoint the text is signed by both.
        begin = max(case["body"].find(case.get("cosigned") or ""), 0)
        flips = [everywhere("body")] if case["kind"] == "conflict" else [(("body",), "text", begin, case["body"].find("\n", begin))]
        yield Case(case["name"], case["ok"], check, case, flips=flips)


def tlog_policies(path):
    def check(given):
        policy = tlog.read_policy(_bytes_of(given, "policy"))
        try:
            tlog.lint(policy)
            refused = False
        except Refused:
            refused = True
        same(refused, given["refused_by_linter"], "refused by the linter")

    for case in load(path)["cases"]:
        text = case.get("policy", "")
        begin = text.find("log.example")
        # From the key's name to its last character; a URL may be another.
        yield Case(case["name"], case["ok"], check, case, flips=[(("policy",), "text", begin, begin + len(re.match(r"\S*", text[begin:])[0]))])


def tlog_proofs(path):
    def check(given):
        proof, policy = tlog.read_proof(given["proof"].encode()), tlog.read_policy(given["policy"].encode())
        tlog.check_proof(given["leaf"].encode(), proof, policy, given["min_time"], given["max_time"])
        same(proof["index"], given["index"], "index")
        same(proof["extra"], given["extra"].encode() if given["extra"] is not None else None, "extra")

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
        # What is kept is the checkpoint with the lines of the log's key; the witness's own line is added when it signs.
        same(tlog.kept_of(given["request"].encode(), note.read_vkey(given["log_vkey"])), given["kept"].encode(), "kept")

    for case in load(path)["cases"]:
        same(case["ok"], case["status"] == 200, "vector")
        yield Case(case["name"], case["ok"], check, case, flips=[(("request",), "text", 0, _text_end(case["request"]))])


def leaves(path):
    def check(given):
        fields = leaf.check_disclosures(leaf.read_leaf(given["leaf"].encode()), given["disclosures"])
        same(fields or None, given["fields"], "fields")

    for case in load(path)["cases"]:
        # Most of a leaf is random; only its form can be wrong by itself.
        flips = [(("leaf",), "foreign", 0, None)] + [everywhere("disclosures", at) for at in range(len(case["disclosures"]))]
        yield Case(case["name"], case["ok"], check, case, flips=flips)


def control_signatures(path):
    for case in load(path)["cases"]:
        # What is signed is checked with the leaf; by itself only the form can be wrong.
        check = lambda given: leaf.read_control_signature(given["text"].encode())  # noqa: E731
        yield Case(case["name"], case["ok"], check, case, flips=[(("text",), "text", 0, 7)])


def monitor_reports(path):
    vectors = load(path)

    def check(given):
        report = monitor.read_report(given["note"].encode(), note.read_vkey(vectors["vkey"]))
        for member in ("details", "totals"):
            if member in given:
                monitor.check_file(report, member, given[member].encode())

    for case in vectors["cases"]:
        flips = [(("note",), "text", 0, _text_end(case["note"]) + 1), everywhere("details"), everywhere("totals")]
        yield Case(case["name"], case["ok"], check, case, flips=flips)
