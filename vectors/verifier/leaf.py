"""docs/formats/leaf.md: journal leaves and their disclosures (RFC 9901 section 4.2.1)."""

import json
import re

from .canonical import parse, string
from .encoding import base64url, base64url_bytes, sha256
from .refusal import Refused, need

SIZES = {"sealed": 1_024, "control": 16_384, "opening": 16_384}
LARGEST = 2**53 - 1


def read_leaf(data):
    """A leaf as its members; its bytes are exactly those that these members are written as."""
    need(len(data) in SIZES.values(), "malformed", "size")
    _, leaf = parse(data)
    need(isinstance(leaf, dict) and leaf.get("kind") in SIZES and len(data) == SIZES[leaf["kind"]], "malformed", "kind or size")
    need(_write_leaf(leaf).encode() == data, "malformed", "not canonical")
    return leaf


def _write_leaf(leaf):
    _exactly(leaf, "v", "kind", "id", "tick", *{"sealed": ["_sd"], "control": ["body", "sigs"], "opening": ["openings"]}[leaf["kind"]], "pad")
    need(leaf["v"] == 1 and leaf["v"] is not True, "malformed", "v")
    need(isinstance(leaf["id"], str) and re.fullmatch("[0-9a-f]{32}", leaf["id"]), "malformed", "id")
    need(isinstance(leaf["pad"], str) and not leaf["pad"].strip("0"), "malformed", "pad")
    head = f'{{"v":1,"kind":"{leaf["kind"]}","id":"{leaf["id"]}","tick":{_whole(leaf["tick"])},'
    return head + {"sealed": _sealed, "control": _control, "opening": _opening}[leaf["kind"]](leaf) + f',"pad":"{leaf["pad"]}"}}'


def _exactly(value, *names):
    need(isinstance(value, dict) and set(value) == set(names), "malformed", f"members are not {', '.join(names)}")


def _whole(value):
    need(isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST, "malformed", "number")
    return str(value)


def _list(value):
    need(isinstance(value, list), "malformed", "not a list")
    return value


def _sealed(leaf):
    digests = _list(leaf["_sd"])
    need(len(digests) == 16 and all(isinstance(item, str) and len(item) == 43 for item in digests), "malformed", "not 16 digests")
    for item in digests:
        base64url_bytes(item)
    need(all(a < b for a, b in zip(digests, digests[1:])), "malformed", "digests are not ascending")
    return '"_sd":[' + ",".join(string(item) for item in digests) + "]"


def read_control_signature(data):
    """control.md, "One signature": as in a leaf, with a line feed."""
    need(len(data) <= 8_192, "malformed", "too long")
    _, sig = parse(data)
    need(f"{_signature(sig)}\n".encode() == data, "malformed", "not canonical")
    return sig


def _signature(sig):
    _exactly(sig, "by", "sig")
    return f'{{"by":{string(sig["by"])},"sig":{string(sig["sig"])}}}'


def _control(leaf):
    sigs = [_signature(sig) for sig in _list(leaf["sigs"])]
    return f'"body":{string(leaf["body"])},"sigs":[{",".join(sigs)}]'


def _opening(leaf):
    openings, last = [], -1
    need(_list(leaf["openings"]), "malformed", "no openings")
    for opening in leaf["openings"]:
        _exactly(opening, "index", "disclosures")
        index, disclosures = _whole(opening["index"]), _list(opening["disclosures"])
        need(int(index) > last and 1 <= len(disclosures) <= 16, "malformed", "openings out of order, or not 1 to 16 disclosures")
        last = int(index)
        for disclosure in disclosures:
            read_disclosure(disclosure)
        openings.append(f'{{"index":{index},"disclosures":[{",".join(string(item) for item in disclosures)}]}}')
    return f'"openings":[{",".join(openings)}]'


# ------------------------------------------------------------------------------------------------ disclosures


def read_disclosure(text):
    """leaf.md, "Disclosures": name and value."""
    need(isinstance(text, str) and len(text) <= 16_000, "malformed", "disclosure too long")
    data = base64url_bytes(text)
    _, value = parse(data)
    need(isinstance(value, list) and len(value) == 3, "malformed", "not salt, name and value")
    salt, name, content = value
    need(isinstance(salt, str) and len(base64url_bytes(salt)) == 16, "malformed", "salt")
    need(isinstance(name, str) and re.fullmatch("[a-z][a-z0-9_]{0,63}", name), "malformed", "name of a field")
    need(f'["{salt}","{name}",{write_value(content)}]'.encode() == data, "malformed", "disclosure in another spelling")
    return name, content


def write_value(value, depth=1):
    """Null, booleans, strings, whole numbers, arrays, objects sorted by the bytes of their names; at most 16 levels."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int):
        need(abs(value) <= LARGEST, "malformed", "number")
        return str(value)
    if isinstance(value, str):
        return string(value)
    need(isinstance(value, (list, dict)) and depth <= 16, "malformed", "a value of no type, or too many levels")
    if isinstance(value, list):
        return "[" + ",".join(write_value(item, depth + 1) for item in value) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-8", "surrogatepass"))
    return "{" + ",".join(f"{string(name)}:{write_value(value[name], depth + 1)}" for name in names) + "}"


def check_disclosures(leaf, disclosures):
    """The fields that the disclosures open; each belongs to this leaf and no name comes twice."""
    need(leaf["kind"] == "sealed" or not disclosures, "disclosure", "only sealed leaves are opened")
    fields = {}
    for text in disclosures:
        name, value = read_disclosure(text)
        need(base64url(sha256(text.encode())) in leaf["_sd"], "disclosure", f"{name} is not in this leaf")
        need(name not in fields, "disclosure", f"{name} twice")
        fields[name] = value
    return fields


def open_sealed(opening):
    """The bytes of the sealed leaf of an opening, and the fields that its disclosures open."""
    data = opening["leaf"].encode()
    try:
        leaf = read_leaf(data)
        need(leaf["kind"] == "sealed", "malformed")
    except Refused as error:
        raise Refused("leaf", str(error)) from error
    try:
        return data, check_disclosures(leaf, opening["disclosures"])
    except Refused as error:
        raise Refused("disclosure", str(error)) from error
