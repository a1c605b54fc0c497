"""docs/formats/tlog-policy.md, tlog-proof.md, witness.md and tiles.md: who is trusted, what shows inclusion, where a log lies."""

import re

from .encoding import Reader, base64_bytes, sha256
from .merkle import check_consistency, check_inclusion, leaf_hash, node_hash, root_of
from .note import EMPTY_ROOT, LOG, WITNESS, check_log_signature, check_note, decimal, hash_line, read_checkpoint, read_lines, read_vkey
from .refusal import Refused, need


# ------------------------------------------------------------------------------------------------ tlog-policy.md


def read_policy(data):
    """Logs, witnesses by name, groups by name as (k, members), and the quorum's name (None for `none`)."""
    need(len(data) <= 262_144, "malformed", "too large")
    need(not re.search(rb"[^\t\n\x20-\x7e\x80-\xff]", data) and (not data or data.endswith(b"\n")), "malformed", "octets or final line feed")
    policy = {"logs": [], "witnesses": {}, "groups": {}, "quorum": None}
    keys, members_so_far, quorums = set(), set(), 0
    for line in data.decode("latin-1").split("\n")[:-1]:
        words = [word for word in re.split("[ \t]+", line) if word]
        if not words or words[0].startswith("#"):
            continue
        kind, rest = words[0], words[1:]
        if kind == "log" and len(rest) in (1, 2):
            policy["logs"].append(_policy_key(rest[0], LOG, keys))
        elif kind == "witness" and len(rest) in (2, 3):
            _new_name(rest[0], policy)
            policy["witnesses"][rest[0]] = _policy_key(rest[1], WITNESS, keys)
        elif kind == "group" and len(rest) >= 3:
            _new_name(rest[0], policy)
            names = rest[2:]
            for name in names:
                need(name in policy["witnesses"] or name in policy["groups"], "malformed", f"name {name} unknown")
                need(name not in members_so_far, "malformed", f"{name} is a member twice")
                members_so_far.add(name)
            threshold = {"any": 1, "all": len(names)}.get(rest[1])
            threshold = decimal(rest[1]) if threshold is None else threshold
            need(1 <= threshold <= len(names), "malformed", "threshold")
            policy["groups"][rest[0]] = (threshold, names)
        elif kind == "quorum" and len(rest) == 1:
            quorums += 1
            need(rest[0] == "none" or rest[0] in policy["witnesses"] or rest[0] in policy["groups"], "malformed", "quorum unknown")
            policy["quorum"] = None if rest[0] == "none" else rest[0]
        else:
            need(False, "malformed", f"line of kind {kind}")
    need(quorums == 1, "malformed", "not exactly one quorum line")
    need(max(len(policy[part]) for part in ("logs", "witnesses", "groups")) <= 64, "malformed", "too many lines")
    return policy


def _policy_key(text, kind, keys):
    # Octets, not characters: the key's name is checked as UTF-8 where it is used.
    key = read_vkey(text.encode("latin-1").decode("utf-8", "replace"))
    need(key["type"] == kind, "malformed", "wrong type of key")
    need(key["public"] not in keys, "malformed", "a public key twice")
    keys.add(key["public"])
    return key


def _new_name(name, policy):
    need(name != "none" and name not in policy["witnesses"] and name not in policy["groups"], "malformed", f"name {name} taken")


def lint(policy):
    """tlog-policy.md, "Linter": refused when the quorum is none or two disjoint sets of witnesses satisfy it."""
    need(policy["quorum"] is not None, "linter", "the quorum is none")
    need(_is_meeting(policy, policy["quorum"]), "linter", "two disjoint sets of witnesses satisfy the quorum")


def _is_meeting(policy, name):
    if name in policy["witnesses"]:
        return True
    threshold, names = policy["groups"][name]
    return 2 * threshold > len(names) + sum(1 for member in names if not _is_meeting(policy, member))


def is_satisfied(policy, counted, name):
    """Whether the witnesses named in `counted` satisfy the quorum."""
    if name is None:
        return True
    if name in policy["witnesses"]:
        return name in counted
    threshold, names = policy["groups"][name]
    return sum(1 for member in names if is_satisfied(policy, counted, member)) >= threshold


def quorum_times(policy, checkpoint, min_time, max_time):
    """Latest time in the window of each witness that cosigned; a wrong line of a listed witness refuses all of it."""
    found = check_note(checkpoint["body"], checkpoint["signatures"], policy["witnesses"].values())
    names = {key["public"]: name for name, key in policy["witnesses"].items()}
    times = {}
    for key, time in found:
        if min_time <= time <= max_time:
            times[names[key["public"]]] = max(time, times.get(names[key["public"]], 0))
    return times


# ------------------------------------------------------------------------------------------------ tlog-proof.md


def read_proof(data):
    """Index, hashes and the checkpoint's bytes."""
    head, separator, checkpoint = data.partition(b"\n\n")
    need(separator, "malformed", "no blank line")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        need(False, "malformed", "not ASCII")
    need(lines.pop(0) == "c2sp.org/tlog-proof@v1", "malformed", "first line")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = base64_bytes(lines.pop(0)[6:])
        need(len(extra) <= 65_536, "malformed", "too much extra data")
    need(lines and lines[0].startswith("index "), "malformed", "no index")
    index = decimal(lines.pop(0)[6:])
    need(len(lines) <= 63, "malformed", "too many hashes")
    return {"extra": extra, "index": index, "hashes": [hash_line(line) for line in lines], "checkpoint": read_checkpoint(checkpoint)}


def check_proof(leaf, proof, policy, min_time, max_time):
    """tlog-proof.md, "Verifying": the steps in the order of the page. Returns the latest time of each counted witness."""
    checkpoint = proof["checkpoint"]
    check_inclusion(proof["index"], checkpoint["size"], leaf_hash(leaf), proof["hashes"], checkpoint["root"])
    check_log_signature(checkpoint, policy["logs"])
    times = quorum_times(policy, checkpoint, min_time, max_time)
    need(is_satisfied(policy, times, policy["quorum"]), "quorum", f"{len(times)} witnesses counted")
    return times


def quorum_reached(policy, times):
    """The time by which there was a quorum: the earliest time at which the witnesses that had signed by then satisfy it."""
    for time in sorted(times.values()):
        if is_satisfied(policy, {name for name, at in times.items() if at <= time}, policy["quorum"]):
            return time
    raise Refused("quorum")


# ------------------------------------------------------------------------------------------------ witness.md


def answer_add_checkpoint(request, log_key, latest):
    """witness.md: the status, and the body of a 409, in the order of the table. `latest` was cosigned last, None if nothing was."""
    if len(request) > 133_939:
        return 413, None
    try:
        old, proof, checkpoint = _read_add_checkpoint(request)
    except Refused:
        return 400, None
    if checkpoint["origin"] != log_key["name"]:
        return 404, None
    try:
        check_log_signature(checkpoint, [log_key])
    except Refused:
        return 403, None
    if old > checkpoint["size"]:
        return 400, None
    known = read_checkpoint(latest) if latest else {"size": 0, "root": EMPTY_ROOT}
    if old != known["size"]:
        return 409, f"{known['size']}\n"
    try:
        need(checkpoint["size"] or checkpoint["root"] == EMPTY_ROOT, "consistency", "empty tree with another root")
        check_consistency(old, checkpoint["size"], proof, known["root"], checkpoint["root"])
    except Refused:
        return 422, None
    return 200, None


def _read_add_checkpoint(request):
    head, separator, checkpoint = request.partition(b"\n\n")
    need(separator and re.fullmatch(rb"[\x20-\x7e\n]*", head), "malformed", "no blank line")
    lines = head.decode("ascii").split("\n")
    need(lines[0].startswith("old ") and len(lines) <= 64, "malformed", "no old size, or too many hashes")
    return decimal(lines[0][4:]), [hash_line(line) for line in lines[1:]], read_checkpoint(checkpoint, False)


def kept_of(request, log_key):
    """witness.md: the checkpoint with the log's lines and without those of unknown keys, before the witness adds its own."""
    _, _, checkpoint = _read_add_checkpoint(request)
    lines = request.decode().rpartition("\n\n")[2].splitlines(keepends=True)
    own = [line for (name, key_id, _), line in zip(checkpoint["signatures"], lines) if (name, key_id) == (log_key["name"], log_key["id"])]
    return f"{checkpoint['body']}\n{''.join(own)}".encode()


def read_cosignatures(answer, body, witness):
    """witness.md, "Reading the answer", 200: of the witness's lines the one with the latest time, as (name, key id, signature)."""
    need(len(answer) <= 131_072, "malformed", "too large")
    lines = read_lines(_utf8(answer))
    need(check_note(body, lines, [witness]), "signature", "no line of this witness")
    own = [line for line in lines if line[:2] == (witness["name"], witness["id"])]
    return max(own, key=lambda line: line[2][:8])


def read_conflict(answer):
    """witness.md, "Reading the answer", 409: a size, up to 2^64 - 1."""
    match = re.fullmatch("(0|[1-9][0-9]{0,19})\n", _utf8(answer))
    need(match and int(match[1]) < 2**64, "malformed", "not a size")
    return int(match[1])


def check_latest(answer, log, witness):
    """witness.md, the checkpoint that a witness serves: signed by the log and cosigned by the witness."""
    checkpoint = read_checkpoint(answer)
    check_log_signature(checkpoint, [log])
    need(check_note(checkpoint["body"], checkpoint["signatures"], [witness]), "signature", "not cosigned")


def monitoring_path(origin):
    return f"{sha256(origin.encode()).hex()}/checkpoint"


def _utf8(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        need(False, "malformed", "not UTF-8")


# ------------------------------------------------------------------------------------------------ tiles.md


def read_path(path):
    """Level (None for entries), number and width of a tile. Every path has one spelling."""
    match = re.fullmatch(r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", path, re.ASCII)
    need(match, "malformed", "not a path of a tile")
    level, groups, width = match.groups()
    need(not groups.startswith("x000/"), "malformed", "a superfluous group")
    need(width is None or int(width) <= 255, "malformed", "width")
    number = int(groups.replace("x", "").replace("/", ""))
    need(number < 2**64, "malformed", "number")
    return None if level == "entries" else int(level), number, int(width or 256)


def write_path(level, number, width):
    digits = f"{number:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at:at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    return f"tile/{'entries' if level is None else level}/{path}" + (f".p/{width}" if width < 256 else "")


def growth(old, new):
    """tiles.md, "Growing": the paths that a log writes, entry bundles first, then level by level."""
    paths, level = [], 0
    while (old >> 8 * level) != (new >> 8 * level):
        below, above = old >> 8 * level, new >> 8 * level
        tiles = [(number, 256) for number in range(below // 256, above // 256)]
        tiles += [(above // 256, above % 256)] if above % 256 else []
        for name in ([None, 0] if level == 0 else [level]):
            paths += [write_path(name, number, width) for number, width in tiles]
        level += 1
    return paths


def read_bundle(data, width):
    """tiles.md: exactly `width` entries, each behind its length as u16 big-endian."""
    reader, entries = Reader(data, "bundle"), []
    for _ in range(width):
        entries.append(reader.take(int.from_bytes(reader.take(2), "big")))
    reader.end()
    return entries


def read_hash_tile(data, width):
    """tiles.md: exactly `width` hashes."""
    need(len(data) == 32 * width, "malformed", "length of a hash tile")
    return [data[at:at + 32] for at in range(0, len(data), 32)]


def files_of(entries, sizes):
    """tiles.md, "Growing": every file of a log that published these sizes, by its path."""
    files, before = {}, 0
    for size in sizes:
        for path in growth(before, size):
            level, number, width = read_path(path)
            if level is None:
                chosen = entries[256 * number:256 * number + width]
                files[path] = b"".join(len(entry).to_bytes(2, "big") + entry for entry in chosen)
            else:
                below, first = 256**level, 256 * number
                hashes = [leaf_hash(entry) for entry in entries[first * below:(first + width) * below]]
                files[path] = b"".join(root_of(hashes[at:at + below]) for at in range(0, len(hashes), below))
        before = size
    return files


def read_frontier(data):
    """tiles.md, "Frontier": size and root."""
    need(len(data) >= 8, "malformed", "no size")
    size = int.from_bytes(data[:8], "big")
    need(size < 2**63 and len(data) == 8 + 32 * size.bit_count(), "malformed", "size, or number of hashes")
    hashes = read_hash_tile(data[8:], size.bit_count())
    root = hashes.pop() if hashes else EMPTY_ROOT
    while hashes:
        root = node_hash(hashes.pop(), root)
    return size, root
