"""docs/formats/inbound.md, "Signed requests": RFC 8941, RFC 9421 and RFC 9530 as far as they are used there."""

import hashlib
import re

from .edwards import ed25519_key, ed25519_verifies
from .encoding import base64_bytes
from .p256 import N, ecdsa_verifies, point
from .refusal import Refused, need

# ------------------------------------------------------------------------------------------------ RFC 8941, canonical spelling

KEY = r"[a-z*][a-z0-9_.*-]*"
BARE = r'"(?:[ !#-\[\]-~]|\\["\\])*"|:[A-Za-z0-9+/=]*:|\?0|-?[0-9]{1,15}|[A-Za-z*][A-Za-z0-9!#$%&\'*+.^_`|~:/-]*'
PARAMETER = rf";({KEY})(?:=({BARE}))?"


def dictionary(text):
    """The members in their order: key, exact text, items (None for a member that is no list), value, parameters."""
    need(text.isascii() and text.isprintable() and len(text) <= 8192, "field", "not printable ASCII")
    found, at = [], 0
    while True:
        match = re.compile(rf"({KEY})=").match(text, at)
        need(match, "field", f"no member at {at}")
        key, begin = match[1], match.end()
        at = begin
        if text.startswith("(", at):
            items, at = [], at + 1
            while not text.startswith(")", at):
                if items:
                    need(text.startswith(" ", at), "field", f"no blank at {at}")
                    at += 1
                value, at = _bare(text, at)
                parameters, at = _parameters(text, at)
                items.append((value, parameters))
            value, at = None, at + 1
        else:
            items = None
            value, at = _bare(text, at)
        parameters, at = _parameters(text, at)
        need(all(key != entry[0] for entry in found), "field", f"{key} stands twice")
        found.append((key, text[begin:at], items, value, parameters))
        if at == len(text):
            return found
        need(text.startswith(", ", at), "field", f"no comma at {at}")
        at += 2


def _bare(text, at):
    match = re.compile(BARE).match(text, at)
    need(match, "field", f"no value at {at}")
    raw = match[0]
    if raw[0] == '"':
        return re.sub(r'\\(["\\])', r"\1", raw[1:-1]), match.end()
    if raw[0] == ":":
        return base64_bytes(raw[1:-1], "field"), match.end()
    if raw[0] in "-0123456789":
        need(str(int(raw)) == raw, "field", "a number in another spelling")
        return int(raw), match.end()
    return (raw,), match.end()


def _parameters(text, at):
    found = {}
    while match := re.compile(PARAMETER).match(text, at):
        need(match[1] not in found, "field", f"{match[1]} stands twice")
        found[match[1]] = True if match[2] is None else _bare(text, match.start(2))[0]
        at = match.end()
    return found, at


# ------------------------------------------------------------------------------------------------ RFC 9421 and RFC 9530


def signature_base(member, component):
    _, text, items, _, _ = member
    need(items is not None, "signature-input", "no list")
    lines, seen = [], set()
    for name, parameters in items:
        need(isinstance(name, str) and not parameters and name not in seen, "signature-input", f"component {name}")
        seen.add(name)
        value = component(name)
        need(value is not None, "signature-input", f"no {name}")
        lines.append(f'"{name}": {value}\n')
    return ("".join(lines) + f'"@signature-params": {text}').encode()


def verifies(key, message, signature):
    need(len(signature) == 64, "signature", "not 64 bytes")
    form, _, public = key.partition(" ")
    if form == "ed25519":
        data = bytes.fromhex(public)
        ed25519_key(data)
        need(ed25519_verifies(data, message, signature), "signature", "wrong")
        return
    need(form == "es256", "signature", "a key for files")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    need(0 < r < N and 0 < s < N, "signature", "out of range")
    need(ecdsa_verifies(point(bytes.fromhex(public)), hashlib.sha256(message).digest(), r, s), "signature", "wrong")


def check_digest(field, content):
    for key, _, items, value, parameters in _at("content-digest", dictionary, field):
        need(key in ("sha-256", "sha-512") and items is None and not parameters, "content-digest", key)
        need(value == hashlib.new(key.replace("-", ""), content).digest(), "content-digest", "of another content")


def _at(place, function, *arguments):
    try:
        return function(*arguments)
    except Refused as refused:
        raise Refused(place, str(refused)) from refused


COMPONENTS = ["@method", "@target-uri", "content-type", "content-digest"]
QUERY_COMPONENTS = ["@method", "@target-uri"]
TAG, QUERY_TAG = "countersign/inbound/v1", "countersign/status-query/v1"
REFUSED = ("transfer-encoding", "content-encoding", "upgrade", "expect")
KEPT = {
    "message": ("host", "content-type", "content-digest", "content-length", "signature-input", "signature"),
    "query": ("host", "signature-input", "signature"),
}


def _take_apart(data):
    head, gap, content = data.partition(b"\r\n\r\n")
    need(gap and len(head) < 32 * 1024 and all(32 <= byte < 127 or byte in b"\t\r\n" for byte in head), "head")
    first, *lines = head.decode().split("\r\n")
    match = re.fullmatch(r"([A-Z]+) (/[^# \t\r\n]*) HTTP/1\.1", first)
    need(match, "line 1")
    fields = {}
    for number, line in enumerate(lines, 2):
        parts = re.fullmatch(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([^\t\r\n]*?)[ \t]*", line)
        need(parts and parts[1].lower() not in fields and len(fields) < 64, f"line {number}")
        fields[parts[1].lower()] = parts[2]
    for name in REFUSED:
        need(name not in fields, name)
    return match[1], match[2], fields, content


def _signature(fields, components, tag):
    """The member and the signature, in the form that their purpose asks for."""
    for name in ("signature-input", "signature"):
        need(name in fields, name, "missing")
    inputs, signatures = (_at(name, dictionary, fields[name]) for name in ("signature-input", "signature"))
    need(len(inputs) == 1, "signature-input", "more than one")
    need(len(signatures) == 1, "signature", "more than one")
    need(inputs[0][0] == signatures[0][0], "signature-input", "labels")
    _, _, items, _, parameters = inputs[0]
    need(items is not None and items == [(name, {}) for name in components], "signature-input", "components")
    need(set(parameters) == {"created", "expires", "nonce", "keyid", "tag"}, "signature-input", "parameters")
    created, expires = parameters["created"], parameters["expires"]
    need(type(created) is int and type(expires) is int and 1 <= expires - created <= 300, "signature-input", "life")
    need(parameters["tag"] == tag and isinstance(parameters["keyid"], str), "signature-input", "tag or key")
    need(isinstance(parameters["nonce"], str) and re.fullmatch(r"[A-Za-z0-9_-]{16,64}", parameters["nonce"]), "signature-input", "nonce")
    signature = signatures[0][3]
    need(isinstance(signature, bytes) and len(signature) == 64 and not signatures[0][4], "signature", "not 64 bytes")
    return inputs[0], signature


def _holds(member, signature, method, target, fields, key, now):
    def component(name):
        if name == "@method":
            return method
        if name == "@target-uri":
            return f"https://{fields['host'].lower()}{target}" if "host" in fields else None
        return fields.get(name)

    base = signature_base(member, component)
    created, expires = member[4]["created"], member[4]["expires"]
    need(created <= now + 120 and now <= expires, "signature-input", "time")
    verifies(key, base, signature)


def check_request(data, key, now):
    """inbound.md, "Signed requests". The reason of a refusal is its place."""
    method, target, fields, content = _take_apart(data)
    need(fields.get("content-length") == str(len(content)), "content-length")
    member, signature = _signature(fields, COMPONENTS, TAG)
    need("content-digest" in fields, "content-digest", "missing")
    check_digest(fields["content-digest"], content)
    _holds(member, signature, method, target, fields, key, now)
    return content


def check_query(data, key, now):
    """requests-http.md, "Asking"."""
    method, target, fields, content = _take_apart(data)
    need(not content, "head", "content")
    length = fields.get("content-length", "0")
    need(re.fullmatch(r"0|[1-9][0-9]{0,7}", length) and int(length) <= 8 * 1024 * 1024, "content-length")
    member, signature = _signature(fields, QUERY_COMPONENTS, QUERY_TAG)
    _holds(member, signature, method, target, fields, key, now)


def kept_head(purpose, method, target, fields):
    """requests-http.md, "Filing": what is kept of a head, its fields given as pairs."""
    found = {}
    for name, value in fields:
        name = name.lower()
        need(name not in REFUSED, name)
        need(not (purpose == "query" and name == "content-length" and value != "0"), name, "a query with content")
        if name in KEPT[purpose]:
            need(all(32 <= ord(letter) < 127 for letter in value) and name not in found, name)
            found[name] = value.strip(" ")
    for name in KEPT[purpose]:
        need(name in found, name, "missing")
    lines = [f"{method} {target} HTTP/1.1"] + [f"{name}: {found[name]}" for name in KEPT[purpose]]
    head = "".join(line + "\r\n" for line in lines) + "\r\n"
    need(len(head) <= 32 * 1024, "head", "too long")
    return head
