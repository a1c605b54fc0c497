"""docs/formats/signed-note.md, checkpoint.md and cosignature.md: signed text of logs and witnesses."""

import re

from .edwards import ed25519_key, ed25519_verifies
from .encoding import base64_bytes, sha256
from .refusal import need

LOG, WITNESS = 0x01, 0x04
EMPTY_ROOT = sha256(b"")
# White_Space of Unicode, which is neither Python's `str.isspace` nor `\s`.
WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"


# ------------------------------------------------------------------------------------------------ signed-note.md


def read_vkey(text, reason="malformed"):
    """signed-note.md, "Keys as text": name, type, public key and key id."""
    fields = text.split("+", 2)
    need(len(fields) == 3, reason, "not name, id and key")
    name, key_id, key = fields
    need(is_key_name(name) and len(name.encode()) <= 255, reason, "key name")
    data = base64_bytes(key, reason)
    need(len(data) == 33 and data[0] in (LOG, WITNESS), reason, "type or length of the key")
    ed25519_key(data[1:], reason)
    need(re.fullmatch("[0-9a-f]{8}", key_id) and bytes.fromhex(key_id) == sha256(name.encode() + b"\n" + data)[:4], reason, "key id")
    return {"name": name, "id": bytes.fromhex(key_id), "type": data[0], "public": data[1:]}


def is_key_name(name):
    return name != "" and not re.search(f"[+\x00-\x1f{WHITE_SPACE}]", name)


def read_note(data):
    """signed-note.md, "Bytes": the text and the signature lines as (name, key id, signature)."""
    need(len(data) <= 131_072, "malformed", "too large")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        need(False, "malformed", "not UTF-8")
    need(not re.search("[\x00-\x09\x0b-\x1f]", text), "malformed", "control characters")
    at = text.rfind("\n\n")
    need(at >= 0 and text.endswith("\n"), "malformed", "no blank line or no final line feed")
    return text[:at + 1], read_lines(text[at + 2:])


def read_lines(text):
    """Signature lines, each ended by a line feed, as (name, key id, signature)."""
    need(text.endswith("\n"), "malformed", "no final line feed")
    lines, signatures = text.split("\n")[:-1], []
    need(1 <= len(lines) <= 100, "malformed", "number of signature lines")
    for line in lines:
        words = line.split(" ")
        need(len(words) == 3 and words[0] == "\u2014" and is_key_name(words[1]), "malformed", "signature line")
        value = base64_bytes(words[2])
        need(len(value) >= 5, "malformed", "signature without content")
        signatures.append((words[1], value[:4], value[4:]))
    return signatures


def check_note(body, signatures, keys):
    """signed-note.md, "Verifying with a set of known keys": (key, time) of every right line; time is None for logs."""
    found = []
    for name, key_id, value in signatures:
        for key in keys:
            if (name, key_id) == (key["name"], key["id"]):
                found.append((key, _check_line(body, key, value)))
    return found


def _check_line(body, key, value):
    if key["type"] == LOG:
        need(ed25519_verifies(key["public"], body.encode(), value, strict=False), "signature", f"of {key['name']}")
        return None
    return _check_cosignature(body, key, value)


# ------------------------------------------------------------------------------------------------ cosignature.md


def _check_cosignature(body, key, value):
    need(len(value) == 72, "signature", "length of a cosignature")
    time = int.from_bytes(value[:8], "big")
    need(1 <= time < 2**63, "signature", "time of a cosignature")
    message = f"cosignature/v1\ntime {time}\n{body}".encode()
    need(ed25519_verifies(key["public"], message, value[8:], strict=False), "signature", f"of {key['name']}")
    return time


# ------------------------------------------------------------------------------------------------ checkpoint.md


def decimal(text, reason="malformed"):
    need(re.fullmatch("0|[1-9][0-9]{0,18}", text) and int(text) < 2**63, reason, "not a decimal number")
    return int(text)


def hash_line(text, reason="malformed"):
    data = base64_bytes(text, reason)
    need(len(data) == 32, reason, "not a hash")
    return data


def read_checkpoint(data, empty_root_checked=True):
    """checkpoint.md: origin, size, root, and the note it stands in. A witness says by another status that an empty tree has another root."""
    body, signatures = read_note(data)
    lines = body.split("\n")
    need(len(lines) == 4, "malformed", "not exactly origin, size and root")
    size, root = decimal(lines[1]), hash_line(lines[2])
    need(is_key_name(lines[0]), "malformed", "the origin is no key name")
    need(size or root == EMPTY_ROOT or not empty_root_checked, "malformed", "empty tree with another root")
    return {"origin": lines[0], "size": size, "root": root, "body": body, "signatures": signatures}


def check_log_signature(checkpoint, keys):
    """The log signs under its origin, with type 0x01; a wrong line of a known key refuses all of it."""
    logs = [key for key in keys if key["type"] == LOG and key["name"] == checkpoint["origin"]]
    need(logs, "log", "no key of this origin")
    need(check_note(checkpoint["body"], checkpoint["signatures"], logs), "log", "not signed by the log")


